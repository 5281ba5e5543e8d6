//! Where things stand: pure arithmetic over cells, shared by `view`, which draws there, and by `update`, which orders pictures of that size.
//!
//! Two ways to lay a review out; the one with the larger pictures wins: checks in a column beside the pictures, or in a band below them.
//! A panel takes the place of the checks; where that is too small, pictures make room. Nothing ever covers a picture.

use ratatui::layout::Rect;

use super::{help, history, looks};
use crate::{
    api::submission::PictureKind,
    desk::{
        model::{Model, Panel, Part, Screen, View},
        picture::resize,
    },
    domain::lifecycle::attempt::Status,
};

/// Lines above the body (where one is, who it is) and below it (news, keys).
const ABOVE: u16 = 2;
const BELOW: u16 = 2;
/// Lines of the band of checks, its rule included: 26 checks in three columns.
const BAND: u16 = 11;
/// The narrowest column that can show a check.
const NARROWEST_COLUMN: u16 = 24;
/// The widest column that a check makes use of.
const WIDEST_COLUMN: u16 = 46;
/// The narrowest space in which a photo can be fixed.
const NARROWEST_FIX: u16 = 24;
/// The narrowest space in which reasons can be chosen.
const NARROWEST_SHEET: u16 = 40;
const GAP: u16 = 1;

/// A picture's place: the picture, and its name under it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Spot {
    pub kind: PictureKind,
    pub picture: Rect,
    pub name: Rect,
}

/// A review's places.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Places {
    pub header: Rect,
    pub student: Rect,
    pub pictures: Vec<Spot>,
    /// Facts beside the pictures, where checks are below them; else facts stand above the checks.
    pub facts: Option<Rect>,
    /// The checks, or the panel that has their place.
    pub checks: Rect,
    /// Whether the checks stand below the pictures.
    pub band: bool,
    pub news: Rect,
    pub keys: Rect,
}

/// The frame of every screen: header, body, news, keys.
#[must_use]
pub fn screen(area: Rect) -> (Rect, Rect, Rect, Rect) {
    let line = |y: u16| Rect { y, height: u16::from(y < area.bottom()), ..area };
    let below = area.bottom().saturating_sub(BELOW).max(area.y);
    let body = Rect { y: (area.y + 1).min(below), height: below.saturating_sub(area.y + 1), ..area };
    (line(area.y), body, line(below), line(below + 1))
}

/// The line on which the student's name stands in a review.
#[must_use]
pub fn student_line(model: &Model) -> Rect {
    let (_, body, ..) = screen(Rect::new(0, 0, model.size.0, model.size.1));
    Rect { height: body.height.min(ABOVE - 1), ..body }
}

/// Dots across a picture below which it is a preview: one for three pixels of the finished photo.
const PREVIEW: f64 = 160.0;

/// Whether what is judged is shown so small that the season wants the real picture to be opened before an approval.
#[must_use]
pub fn low_resolution(model: &Model) -> bool {
    if model.season.as_ref().is_some_and(|season| season.rules.preview_approval) {
        return false;
    }
    let Some(drawing) = model.drawing() else { return true };
    let largest =
        review_with(model, model.review.view, None).pictures.into_iter().filter(|spot| spot.kind != PictureKind::Portrait).map(|spot| {
            let (columns, rows) = resize::fit((480, 640), (spot.picture.width, spot.picture.height), drawing.cell);
            looks::dots((columns, rows), drawing).0
        });
    largest.fold(0.0, f64::max) < PREVIEW
}

/// The places of the review under the present panel.
#[must_use]
pub fn review(model: &Model, view: View) -> Places {
    review_with(model, view, model.panel.as_ref())
}

/// The places of the review with this panel.
#[must_use]
pub fn review_with(model: &Model, view: View, panel: Option<&Panel>) -> Places {
    let area = Rect::new(0, 0, model.size.0, model.size.1);
    let cell = model.drawing().map_or((9, 18), |drawing| drawing.cell);
    let reworked = model.current().is_some_and(|row| row.status != Status::MachineRefused);
    let refused = model.screen != Screen::Units && model.queue.part() == Part::Refused && !reworked;
    places(area, view, cell, refused, panel)
}

fn places(area: Rect, view: View, cell: (u16, u16), refused: bool, panel: Option<&Panel>) -> Places {
    let (header, body, news, keys) = screen(area);
    let student = Rect { height: body.height.min(ABOVE - 1), ..body };
    let body = Rect { y: body.y + student.height, height: body.height - student.height, ..body };
    let rest = |pictures, facts, checks, band| Places { header, student, pictures, facts, checks, band, news, keys };
    if matches!(
        panel,
        Some(Panel::Help { .. } | Panel::Conflicts { .. } | Panel::Palette(_) | Panel::Board(_) | Panel::Mine { .. } | Panel::Export(_))
    ) {
        return rest(vec![], None, body, false);
    }
    let shape = Shape { cell };
    let fix = panel == Some(&Panel::Fix);
    let sheet = fix || matches!(panel, Some(Panel::Sheet(_) | Panel::PassOn(_)));
    // What is fixed is the finished picture, whatever else was looked at.
    let (view, refused) = if fix { (View::Together, false) } else { (view, refused) };
    let side = Side::of(body, view, refused, shape);
    if let Some(band) = Band::of(body, view, refused, shape).filter(|band| band.picture.1 >= side.picture.1) {
        let pictures = row(band.kinds, band.picture, body, 2);
        let used = pictures.last().map_or(body.x, |spot| spot.picture.right() + 2);
        let facts = Rect { x: used, y: body.y, width: body.right().saturating_sub(used), height: band.picture.1 + 1 };
        let checks = Rect { y: facts.bottom(), height: body.bottom().saturating_sub(facts.bottom()), ..body };
        return rest(pictures, Some(facts), checks, true);
    }
    let mut pictures = row(side.kinds, side.picture, body, GAP);
    if sheet {
        let one = Side::of(body, View::Together, refused, shape).picture;
        let kind = match view {
            View::Zoom(kind) => kind,
            _ if refused => PictureKind::Preview,
            _ => PictureKind::Standard,
        };
        pictures = if body.width >= one.0 + GAP + if fix { NARROWEST_FIX } else { NARROWEST_SHEET } {
            row(vec![kind], one, body, GAP)
        } else {
            vec![]
        };
    }
    let used = pictures.last().map_or(body.x, |spot| spot.picture.right() + GAP);
    let checks = Rect { x: used, width: body.right().saturating_sub(used), ..body };
    rest(pictures, None, checks, false)
}

/// How wide and high a portrait is in cells of this many pixels.
#[derive(Clone, Copy)]
pub(super) struct Shape {
    pub cell: (u16, u16),
}

impl Shape {
    /// Columns of a portrait (3:4) of so many rows.
    pub fn columns(self, rows: u16) -> u16 {
        (u32::from(rows) * u32::from(self.cell.1) * 3 / (4 * u32::from(self.cell.0).max(1))).min(2000) as u16
    }

    /// Rows of a portrait of so many columns.
    fn rows(self, columns: u16) -> u16 {
        (u32::from(columns) * u32::from(self.cell.0) * 4).div_ceil(3 * u32::from(self.cell.1).max(1)).min(2000) as u16
    }

    /// The largest portrait within.
    fn within(self, columns: u16, rows: u16) -> (u16, u16) {
        let wide = self.columns(rows);
        if wide <= columns { (wide, rows) } else { (columns, self.rows(columns).min(rows)) }
    }
}

fn kinds(view: View, refused: bool, most: u16) -> Vec<PictureKind> {
    use PictureKind::{Portrait, Preview, Standard};
    let all: &[PictureKind] = match (view, refused) {
        (View::Zoom(kind), _) => return vec![kind],
        (View::Together, true) | (View::Faces, true) => &[Preview, Portrait],
        (View::Together, false) if most >= 3 => &[Preview, Standard, Portrait],
        (View::Together, false) if most == 2 => &[Preview, Standard],
        (View::Together, false) => &[Standard],
        (View::Faces, false) if most >= 2 => &[Standard, Portrait],
        (View::Faces, false) => &[Portrait],
    };
    all.iter().copied().take(usize::from(most)).collect()
}

/// Checks in a column beside the pictures.
struct Side {
    kinds: Vec<PictureKind>,
    picture: (u16, u16),
}

impl Side {
    fn of(body: Rect, view: View, refused: bool, shape: Shape) -> Side {
        let column = (body.width * 3 / 10).clamp(NARROWEST_COLUMN, WIDEST_COLUMN);
        let room = body.width.saturating_sub(column + GAP);
        let rows = body.height.saturating_sub(1);
        let most = match body.width {
            120.. => 3,
            64.. => 2,
            36.. if rows >= 4 => 1,
            _ => 0,
        };
        let kinds = if most == 0 { vec![] } else { kinds(view, refused, most) };
        let count = (kinds.len() as u16).max(1);
        let picture = shape.within(room.saturating_sub((count - 1) * GAP) / count, rows);
        Side { kinds, picture }
    }
}

/// Checks in a band below the pictures.
struct Band {
    kinds: Vec<PictureKind>,
    picture: (u16, u16),
}

impl Band {
    fn of(body: Rect, view: View, refused: bool, shape: Shape) -> Option<Band> {
        if body.width < 110 || body.height < BAND + 13 {
            return None;
        }
        let kinds = kinds(view, refused, 3);
        let count = kinds.len() as u16;
        let room = body.width - NARROWEST_COLUMN - 2 * count;
        Some(Band { picture: shape.within(room / count, body.height - BAND - 1), kinds })
    }
}

fn row(kinds: Vec<PictureKind>, (width, height): (u16, u16), body: Rect, gap: u16) -> Vec<Spot> {
    let spots = kinds.into_iter().enumerate().map(|(at, kind)| {
        let picture = Rect { x: body.x + at as u16 * (width + gap), y: body.y, width, height };
        Spot { kind, picture, name: Rect { y: picture.bottom(), height: 1, ..picture } }
    });
    spots.filter(|spot| spot.picture.right() <= body.right() && spot.name.bottom() <= body.bottom() && spot.picture.area() > 0).collect()
}

/// How many lines the open panel has, for scrolling.
#[must_use]
pub fn panel_length(model: &Model) -> usize {
    match &model.panel {
        Some(Panel::Help { .. }) => help::lines(model).len(),
        Some(Panel::Conflicts { .. }) => model.outbox.conflicts.len(),
        Some(Panel::Batch(batch)) => batch.lines.len(),
        Some(Panel::History { .. }) => {
            let detail = model.current().and_then(|row| model.details.get(&row.id)?.ready());
            let cells = usize::from(review(model, model.review.view).checks.width.saturating_sub(2));
            detail.map_or(0, |detail| history::lines(model, detail, cells).len())
        }
        _ => 0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::desk::entry::{Field, Purpose};
    use crate::desk::model::Sheet;

    fn at(width: u16, height: u16, view: View, panel: Option<&Panel>) -> Places {
        places(Rect::new(0, 0, width, height), view, (9, 18), false, panel)
    }

    #[test]
    fn two_pictures_at_80_three_at_120() {
        assert_eq!(at(80, 24, View::Together, None).pictures.len(), 2);
        let wide = at(120, 36, View::Together, None);
        assert_eq!((wide.pictures.len(), wide.band), (3, true));
        assert_eq!(at(40, 12, View::Together, None).pictures.len(), 1);
        assert_eq!(at(30, 8, View::Together, None).pictures.len(), 0);
    }

    #[test]
    fn opening_the_sheet_does_not_move_wide_pictures() {
        let sheet = Panel::Sheet(Sheet::default());
        assert_eq!(at(120, 36, View::Together, None).pictures, at(120, 36, View::Together, Some(&sheet)).pictures);
    }

    #[test]
    fn nothing_overlaps_at_any_size() {
        let sheet = Panel::Sheet(Sheet::default());
        let (help, fix) = (Panel::Help { scroll: 0, field: Field::new(Purpose::Command) }, Panel::Fix);
        let views = [View::Together, View::Faces, View::Zoom(PictureKind::Standard), View::Zoom(PictureKind::Preview)];
        for (width, height) in (0..220).step_by(7).flat_map(|w| (0..70).step_by(3).map(move |h| (w, h))) {
            for (view, panel) in views.into_iter().flat_map(|view| [None, Some(&sheet), Some(&help), Some(&fix)].map(|panel| (view, panel)))
            {
                let places = at(width, height, view, panel);
                let mut rects = vec![places.header, places.student, places.checks, places.news, places.keys];
                rects.extend(places.facts);
                rects.extend(places.pictures.iter().flat_map(|spot| [spot.picture, spot.name]));
                rects.retain(|rect| !rect.is_empty());
                for (index, one) in rects.iter().enumerate() {
                    assert!(one.right() <= width && one.bottom() <= height, "{one:?} leaves {width}×{height}");
                    for other in &rects[index + 1..] {
                        assert!(one.intersection(*other).is_empty(), "{one:?} meets {other:?} at {width}×{height} {view:?} {panel:?}");
                    }
                }
            }
        }
    }
}
