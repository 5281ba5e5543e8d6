//! Looking closer: zoom and pan, the places a reviewer looks at, guides, tones, blinking. Nothing here decides anything.

use uuid::Uuid;

use super::say;
use crate::{
    api::{problem::Problem, submission::PictureKind},
    desk::{
        keymap::Action,
        message::Effect,
        model::{Model, Part, Tone, View, Zoom},
        picture::look::WHOLE,
        view::looks::STANDARD,
    },
    domain::lifecycle::attempt::Status,
};

/// How far one key moves, in ten-thousandths of the picture's side.
const STEP: i32 = 800;
/// The corners of the background and the shoulders, as middles of what is looked at.
const CORNERS: [(i32, i32); 4] = [(1200, 900), (8800, 900), (8800, 6500), (1200, 6500)];

/// Steps that follow each other within this are a held key: slow keyboards repeat every 100 ms, and nobody judges a photo in less.
const HURRY: u64 = 160;
/// So long after the last of them pictures come again.
const REST: u64 = 120;

/// One step to another photo was taken: whoever runs is shown names only.
pub fn stepped(model: &mut Model) {
    let now = model.now.ms;
    if model.review.stepped_at.replace(now).is_some_and(|before| now - before < HURRY) {
        model.review.hurried_until = now + REST;
    }
}

/// Whether anything is looked at closer.
#[must_use]
pub fn zoomed(model: &Model) -> bool {
    model.review.zoom.is_some()
}

/// Carries a way of looking out; says whether the action was one.
pub fn act(model: &mut Model, action: Action) -> bool {
    match action {
        Action::Closer => closer(model),
        Action::Eyes => go(model, 0),
        Action::Hair => go(model, 1),
        Action::Background => go(model, 2),
        Action::PanLeft => pan(model, -STEP, 0),
        Action::PanRight => pan(model, STEP, 0),
        Action::PanUp => pan(model, 0, -STEP),
        Action::PanDown => pan(model, 0, STEP),
        Action::Guides => {
            model.review.guides = !model.review.guides;
            let words = if model.review.guides { "desk.news.guides" } else { "desk.news.no_guides" };
            say(model, Tone::Plain, words, vec![]);
        }
        Action::Tones => {
            model.review.tones = !model.review.tones;
            let words = if model.review.tones { "desk.news.tones" } else { "desk.news.no_tones" };
            say(model, Tone::Plain, words, vec![]);
        }
        Action::Blink => blink(model),
        _ => return false,
    }
    true
}

/// `o`: the picture that is judged, for another program to show.
pub fn open_real(model: &mut Model, effects: &mut Vec<Effect>) {
    let Some(row) = model.current() else { return };
    let kind = if row.status == Status::MachineRefused { PictureKind::Preview } else { PictureKind::Standard };
    effects.push(Effect::SavePicture { submission: row.id, version: row.version, kind });
}

/// The picture lies where it was put: whoever asked for it is taken at their word that they look.
pub fn saved(model: &mut Model, submission: Uuid, version: i64, place: Result<String, Problem>) {
    match place {
        Ok(place) => {
            model.review.opened.insert((submission, version));
            say(model, Tone::Plain, "desk.news.saved", vec![("place", place)]);
        }
        Err(problem) => {
            let why = model.problem_text(&problem);
            say(model, Tone::Problem, "desk.news.not_saved", vec![("why", why)]);
        }
    }
}

/// Back to the whole picture; says whether there was anything to leave.
pub fn whole(model: &mut Model) -> bool {
    model.review.spotlight = None;
    model.review.zoom.take().is_some()
}

/// Whole, twice as large, dot for dot, whole.
fn closer(model: &mut Model) {
    let middle = face(model).map_or((WHOLE / 2, WHOLE * 2 / 5), |face| face.eyes);
    model.review.spotlight = None;
    model.review.zoom = match model.review.zoom {
        None => Some(Zoom { middle, real: false }),
        Some(zoom) if !zoom.real => Some(Zoom { real: true, ..zoom }),
        Some(_) => None,
    };
}

/// Where the face is in the finished photo.
struct Face {
    eyes: (i32, i32),
    hair_top: (i32, i32),
    /// From the middle to the hair at the side.
    half: i32,
}

fn face(model: &Model) -> Option<Face> {
    let row = model.current()?;
    let report = model.details.get(&row.id)?.ready()?.report.as_ref()?;
    let geometry = report.geometry?;
    let whole = f64::from(WHOLE);
    let x = (geometry.centre_x / STANDARD.0 * whole) as i32;
    let y = |pixel: f64| (pixel / STANDARD.1 * whole) as i32;
    Some(Face {
        eyes: (x, y(geometry.eye_line)),
        hair_top: (x, y(geometry.hair_top)),
        half: (geometry.face_width * 0.6 / STANDARD.0 * whole) as i32,
    })
}

/// To a place, dot for dot; the same key again goes on to the next of its kind, and behind the last back to the whole.
fn go(model: &mut Model, kind: u8) {
    let face = face(model);
    let places: Vec<(i32, i32)> = match (kind, face) {
        (0, Some(face)) => vec![face.eyes],
        (0, None) => vec![(WHOLE / 2, WHOLE * 38 / 100)],
        (1, Some(Face { eyes, hair_top, half })) => {
            let side = (hair_top.1 + eyes.1) / 2;
            vec![hair_top, (eyes.0 - half, side), (eyes.0 + half, side)]
        }
        (1, None) => vec![(WHOLE / 2, WHOLE * 12 / 100)],
        _ => CORNERS.to_vec(),
    };
    let next = match model.review.spotlight {
        Some((known, at)) if known == kind => at + 1,
        _ => 0,
    };
    match places.get(next) {
        Some(middle) => {
            model.review.zoom = Some(Zoom { middle: *middle, real: true });
            model.review.spotlight = Some((kind, next));
        }
        None => drop(whole(model)),
    }
}

fn pan(model: &mut Model, x: i32, y: i32) {
    if let Some(zoom) = &mut model.review.zoom {
        zoom.middle = ((zoom.middle.0 + x).clamp(0, WHOLE), (zoom.middle.1 + y).clamp(0, WHOLE));
    }
}

/// The finished photo and the portrait in turn, in the same place; the source instead of the finished photo where there is none.
fn blink(model: &mut Model) {
    let finished = if model.queue.part() == Part::Refused { PictureKind::Preview } else { PictureKind::Standard };
    model.review.view = match model.review.view {
        View::Zoom(kind) if kind == finished => View::Zoom(PictureKind::Portrait),
        _ => View::Zoom(finished),
    };
}
