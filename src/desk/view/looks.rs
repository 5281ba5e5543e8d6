//! Which request each place of the review makes: the picture, its size, and how it is looked at. Shared by `view`, which draws the answer, and
//! by `update`, which orders it, so that the two can never differ. Pure.

use super::layout::Spot;
use crate::{
    api::submission::{PictureKind, Submission},
    desk::{
        message::Speed,
        model::{Model, Zoom},
        picture::{
            Making, Origin, Request,
            look::{Band, Guides, Look, WHOLE, Window},
            policy::{Drawing, Protocol},
        },
        theme::Depth,
    },
    domain::check::CheckId,
};

/// Sides of the finished photo in pixels; what is said in its pixels is meant in these (the national standard).
pub const STANDARD: (f64, f64) = (480.0, 640.0);

/// What a place shows of a photo: nothing where pictures are off, or there is none of this kind.
#[must_use]
pub fn request(model: &Model, detail: &Submission, spot: &Spot) -> Option<Request> {
    let drawing = model.drawing()?;
    let making = model.making(detail, spot.kind)?;
    let current = model.current().is_some_and(|row| row.id == detail.summary.id);
    // Another photo is looked at whole first, whatever is looked at here.
    let zoom = model.review.zoom.filter(|_| current);
    let cells = (spot.picture.width, spot.picture.height);
    let window = zoom.and_then(|zoom| window(zoom, spot.kind, detail, cells, drawing));
    // Lines of the old crop say nothing of a new one.
    let guides = (model.review.guides && matches!(making, Making::Kept(_))).then(|| guides(detail)).and_then(|guides| match spot.kind {
        PictureKind::Standard => Some(guides),
        PictureKind::Preview => source_map(detail).map(|(across, down)| guides.moved(across, down)),
        _ => None,
    });
    let look = Look { window, guides, clipping: model.review.tones, draft: false };
    Some(Request { submission: detail.summary.id, kind: spot.kind, making, origin: Origin::Desk, cells, drawing, look })
}

/// The draft that stands for a request until it is here, on a line that is slow enough to need one.
#[must_use]
pub fn draft(model: &Model, request: &Request) -> Option<Request> {
    if model.line == Speed::Quick {
        return None;
    }
    let drawing = match request.drawing.protocol {
        Protocol::Kitty | Protocol::Iterm2 => request.drawing,
        // A sixel cannot be sent smaller; cells can.
        Protocol::Sixel => Drawing { protocol: Protocol::Blocks, depth: Depth::Indexed, ..request.drawing },
        Protocol::Blocks | Protocol::Spaces => return None,
    };
    Some(Request { drawing, look: Look { draft: true, ..request.look }, ..*request })
}

/// Pixels of the picture that a box of cells can show.
#[must_use]
pub fn dots((columns, rows): (u16, u16), drawing: Drawing) -> (f64, f64) {
    let cell = match drawing.protocol {
        Protocol::Blocks => (2, 2),
        Protocol::Spaces => (1, 1),
        _ => drawing.cell,
    };
    (f64::from(columns) * f64::from(cell.0), f64::from(rows) * f64::from(cell.1))
}

/// The part of a picture that is looked at: told in the finished photo, and found again in its source. A portrait is cut alike, so the same
/// place of it is about the same part of a face.
fn window(zoom: Zoom, kind: PictureKind, detail: &Submission, cells: (u16, u16), drawing: Drawing) -> Option<Window> {
    let (width, height) = if zoom.real {
        let dots = dots(cells, drawing);
        let part = |dots: f64, side: f64| (dots / side * f64::from(WHOLE)).round().clamp(1.0, f64::from(WHOLE)) as i32;
        (part(dots.0, STANDARD.0), part(dots.1, STANDARD.1))
    } else {
        (WHOLE / 2, WHOLE / 2)
    };
    let window = Window::around(zoom.middle, width, height);
    if kind != PictureKind::Preview {
        return Some(window);
    }
    let (across, down) = source_map(detail)?;
    let map = |at: i32, (scale, shift): (f64, f64)| f64::from(at) * scale + shift;
    let (x, y) = window.middle();
    Some(Window::around(
        (map(x, across).round() as i32, map(y, down).round() as i32),
        (f64::from(window.width) * across.0).round() as i32,
        (f64::from(window.height) * down.0).round() as i32,
    ))
}

/// How ten-thousandths of the finished photo become ten-thousandths of its source: scale and shift, across and down.
fn source_map(detail: &Submission) -> Option<((f64, f64), (f64, f64))> {
    let report = detail.report.as_ref()?;
    let transform = report.transform.filter(|transform| transform.scale > 0.0)?;
    let (width, height) = (f64::from(report.source.width), f64::from(report.source.height));
    if width <= 0.0 || height <= 0.0 {
        return None;
    }
    let whole = f64::from(WHOLE);
    Some((
        (STANDARD.0 / transform.scale / width, transform.x / width * whole),
        (STANDARD.1 / transform.scale / height, transform.y / height * whole),
    ))
}

/// The standard's lines in the finished photo, from what was measured and the limits it was held against.
fn guides(detail: &Submission) -> Guides {
    let Some(report) = &detail.report else { return Guides::default() };
    let check = |id: CheckId| report.checks.iter().find(|check| check.id == id);
    let down = |pixel: f64| (pixel / STANDARD.1 * f64::from(WHOLE)).round() as i32;
    let across = |pixel: f64| (pixel / STANDARD.0 * f64::from(WHOLE)).round() as i32;
    let line = |id: CheckId| {
        let check = check(id)?;
        Some(Band { at: down(check.value?), least: check.limit.min.map(down), most: check.limit.max.map(down) })
    };
    let geometry = report.geometry;
    let away = check(CheckId::Centre).and_then(|check| check.limit.max);
    let middle = STANDARD.0 / 2.0;
    Guides {
        hair_top: line(CheckId::HairTop),
        eye_line: line(CheckId::EyeLine),
        centre: geometry.map(|geometry| Band {
            at: across(geometry.centre_x),
            least: away.map(|away| across(middle - away)),
            most: away.map(|away| across(middle + away)),
        }),
        cheeks: geometry.map(|geometry| {
            let half = geometry.face_width / 2.0;
            (across(geometry.centre_x - half), across(geometry.centre_x + half))
        }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{
        desk::fixtures::{detail, row},
        domain::{
            lifecycle::attempt::Status,
            report::{Geometry, Transform},
        },
    };

    fn photo() -> Submission {
        let mut detail = detail(&row(0, Status::Pending));
        let report = detail.report.as_mut().unwrap();
        report.geometry = Some(Geometry { hair_top: 78.0, eye_line: 243.0, face_width: 240.0, centre_x: 240.0, roll_deg: 0.0 });
        // A crop of 240×320 source pixels at (300, 200), of 900×1200.
        report.transform = Some(Transform { x: 300.0, y: 200.0, scale: 2.0 });
        detail
    }

    #[test]
    fn lines_are_the_measured_ones_with_their_limits() {
        let guides = guides(&photo());
        let eyes = guides.eye_line.unwrap();
        assert_eq!((eyes.at, eyes.least, eyes.most), (3798, Some(3125), Some(4688)));
        assert_eq!(guides.cheeks, Some((2500, 7500)));
        assert_eq!(guides.centre, Some(Band { at: 5000, least: Some(4500), most: Some(5500) }));
    }

    #[test]
    fn the_same_place_is_found_again_in_the_source() {
        let drawing = Drawing { protocol: Protocol::Sixel, cell: (10, 20), depth: Depth::True };
        let zoom = Zoom { middle: (5000, 5000), real: true };
        let standard = window(zoom, PictureKind::Standard, &photo(), (12, 8), drawing).unwrap();
        // 120×160 dots of 480×640.
        assert_eq!((standard.width, standard.height, standard.middle()), (2500, 2500, (5000, 5000)));
        let preview = window(zoom, PictureKind::Preview, &photo(), (12, 8), drawing).unwrap();
        // The middle of the crop is source pixel (420, 360); 120 dots of the finished photo are 60 source pixels.
        assert_eq!(preview.middle(), (4667, 3000));
        assert_eq!((preview.width, preview.height), (667, 667));
    }

    #[test]
    fn a_photo_without_a_report_has_neither_lines_nor_a_part_in_its_source() {
        let bare = Submission { report: None, ..photo() };
        assert_eq!(guides(&bare), Guides::default());
        assert_eq!(source_map(&bare), None);
    }
}
