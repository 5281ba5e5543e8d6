//! Where the tiles of the contact sheet stand, and which picture each of them shows: pure arithmetic shared by `view` and `update`.
//!
//! The sheet turns by whole pages: a step inside a page moves no picture, and a new page is a new sheet.

use std::ops::Range;

use ratatui::layout::Rect;

use super::layout::{self, Shape};
use crate::{
    api::submission::{PictureKind, SubmissionSummary},
    desk::{
        model::{Load, Model},
        picture::{Making, Origin, Request, look::Look},
    },
    domain::lifecycle::attempt::Status,
};

/// Columns that a tile's words need, whatever its picture has.
const NARROWEST: u16 = 12;
/// Lines of words under a picture: who, and how it stands.
pub const WORDS: u16 = 2;
/// Rows of a picture where there is little room, as usual, and where there is much.
const ROWS: [u16; 4] = [3, 6, 8, 16];
/// Where so many fit, they may be larger than usual.
const MANY: usize = 30;
/// Below this the line about the photo under the cursor is left out.
const ROOM_FOR_MORE: u16 = 10;

/// How a page of tiles is laid out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tiling {
    area: Rect,
    pub columns: usize,
    pub rows: usize,
    /// Columns and rows of a picture's box.
    pub picture: (u16, u16),
    /// The line on which the photo under the cursor is told at length.
    pub more: Option<Rect>,
}

/// One tile.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Tile {
    /// Its row in the list.
    pub index: usize,
    pub picture: Rect,
    /// Two lines.
    pub words: Rect,
}

impl Tile {
    /// Picture and words.
    #[must_use]
    pub fn whole(&self) -> Rect {
        Rect { height: self.picture.height + self.words.height, y: self.picture.y, ..self.words }
    }
}

impl Tiling {
    /// Tiles of a page; none where there is no room.
    #[must_use]
    pub fn page(&self) -> usize {
        self.columns * self.rows
    }

    fn of(body: Rect, shape: Shape) -> Tiling {
        let more = (body.height >= ROOM_FOR_MORE).then(|| Rect { y: body.bottom() - 1, height: 1, ..body });
        let area = Rect { height: body.height - u16::from(more.is_some()), ..body };
        let of = |rows: u16| {
            let picture = (shape.columns(rows).max(1), rows);
            let (columns, lines) = (area.width / (picture.0.max(NARROWEST) + 1), area.height / (rows + WORDS));
            Tiling { area, columns: usize::from(columns), rows: usize::from(lines), picture, more }
        };
        let [least, low, usual, most] = ROWS;
        let large = (usual + 1..=most).rev().map(of).find(|tiling| tiling.page() >= MANY);
        // Of equally many the larger.
        let fair = || (low..=usual).map(of).max_by_key(|tiling| (tiling.page(), tiling.picture.1)).filter(|tiling| tiling.page() > 0);
        let small = || (least..low).rev().map(of).find(|tiling| tiling.page() > 0);
        large.or_else(fair).or_else(small).unwrap_or_else(|| Tiling { columns: 0, rows: 0, ..of(least) })
    }

    /// The n-th place of the page, for the row `index`.
    fn place(&self, at: usize, index: usize) -> Tile {
        let (width, height) = (self.picture.0.max(NARROWEST), self.picture.1 + WORDS);
        let spare = self.area.width - (width + 1) * self.columns as u16;
        let x = self.area.x + spare / 2 + (at % self.columns) as u16 * (width + 1);
        let y = self.area.y + (at / self.columns) as u16 * height;
        let picture = Rect { x: x + (width - self.picture.0) / 2, y, width: self.picture.0, height: self.picture.1 };
        Tile { index, picture, words: Rect { x, y: picture.bottom(), width, height: WORDS } }
    }
}

/// How the present screen is laid out.
#[must_use]
pub fn tiling(model: &Model) -> Tiling {
    let (_, body, ..) = layout::screen(Rect::new(0, 0, model.size.0, model.size.1));
    let cell = model.drawing().map_or((9, 18), |drawing| drawing.cell);
    Tiling::of(body, Shape { cell })
}

/// The rows whose tiles are on the screen, and those of the next page.
#[must_use]
pub fn pages(model: &Model) -> (Range<usize>, Range<usize>) {
    let page = tiling(model).page();
    let list = model.queue.list();
    if page == 0 {
        return (0..0, 0..0);
    }
    let first = list.selected / page * page;
    let end = |at: usize| at.min(list.rows.len());
    (end(first)..end(first + page), end(first + page)..end(first + 2 * page))
}

/// The tiles of the present page.
#[must_use]
pub fn visible(model: &Model) -> Vec<Tile> {
    let tiling = tiling(model);
    pages(model).0.enumerate().map(|(at, index)| tiling.place(at, index)).collect()
}

/// What a tile shows of a photo: the picture that is judged, whole, and of it the rendition that stands; nothing before that is known, and where
/// pictures are off.
#[must_use]
pub fn request(model: &Model, row: &SubmissionSummary) -> Option<Request> {
    let kind = if row.status == Status::MachineRefused { PictureKind::Preview } else { PictureKind::Standard };
    let cells = tiling(model).picture;
    let detail = model.details.get(&row.id).and_then(Load::ready)?;
    let making = Making::Kept(detail.rendition.filter(|_| kind == PictureKind::Standard));
    Some(Request { submission: row.id, kind, making, origin: Origin::Desk, cells, drawing: model.drawing()?, look: Look::default() })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(width: u16, height: u16) -> Tiling {
        let (_, body, ..) = layout::screen(Rect::new(0, 0, width, height));
        Tiling::of(body, Shape { cell: (9, 18) })
    }

    #[test]
    fn large_terminals_have_more_and_larger_tiles() {
        let facts = |tiling: Tiling| (tiling.page(), tiling.picture);
        assert_eq!(facts(at(40, 12)), (3, (10, 7)));
        assert_eq!(facts(at(80, 24)), (12, (12, 8)));
        assert_eq!(facts(at(120, 36)), (36, (9, 6)));
        assert_eq!(facts(at(200, 60)), (30, (19, 13)));
        assert_eq!(at(12, 9).page() + at(80, 7).page(), 0);
    }

    #[test]
    fn nothing_overlaps_at_any_size() {
        for (width, height) in (0..260).step_by(3).flat_map(|w| (3..90).map(move |h| (w, h))) {
            let (header, body, news, keys) = layout::screen(Rect::new(0, 0, width, height));
            let tiling = Tiling::of(body, Shape { cell: (9, 18) });
            let tiles: Vec<Tile> = (0..tiling.page()).map(|at| tiling.place(at, at)).collect();
            let mut rects = vec![header, news, keys];
            rects.extend(tiling.more);
            rects.extend(tiles.iter().flat_map(|tile| [tile.picture, tile.words]));
            rects.retain(|rect| !rect.is_empty());
            for (index, one) in rects.iter().enumerate() {
                assert!(one.right() <= width && one.bottom() <= height, "{one:?} leaves {width}×{height}");
                for other in &rects[index + 1..] {
                    assert!(one.intersection(*other).is_empty(), "{one:?} meets {other:?} at {width}×{height}");
                }
            }
        }
    }
}
