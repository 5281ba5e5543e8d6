//! Pure: `draw(&Model, &mut Frame)`. Every screen has a header, a body, a line of news and a line of keys.

mod bars;
mod batch;
mod board;
mod checks;
pub mod conflicts;
mod facts;
mod finding;
mod fix;
pub mod grid;
pub mod help;
pub mod history;
pub mod layout;
pub mod looks;
mod mine;
mod palette;
mod pass_on;
mod pen;
mod queue;
mod review;
mod sheet;
pub mod tiles;
mod units;

#[cfg(test)]
pub mod tests;

use ratatui::{Frame, buffer::CellDiffOption, layout::Rect};
use uuid::Uuid;

use crate::desk::{
    model::{Board, Model, Panel, Screen},
    picture::Painted,
    text,
    update::machine_reasons,
};
use pen::Pen;

/// What a frame shows beyond its text.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Drawn {
    pub pictures: Vec<Painted>,
    /// The photo whose pictures are all here.
    pub complete: Option<Uuid>,
    /// The photo whose pictures are all here, some as drafts.
    pub draft: Option<Uuid>,
    /// Tiles that are whole: the photo, and the version that is shown.
    pub tiles: Vec<(Uuid, i64)>,
    /// Where tiles stand, picture and words, whether the picture is here or not.
    pub standing: Vec<(Uuid, Rect)>,
    /// The line below the tiles that names one of them.
    pub below: Option<Rect>,
}

/// Draws the desk.
pub fn draw(model: &Model, frame: &mut Frame) -> Drawn {
    let area = frame.area();
    let mut pen = Pen { buffer: frame.buffer_mut() };
    pen.fill(area, model.theme.base());
    let (header, body, news, keys) = layout::screen(area);
    let mut drawn = Drawn::default();
    let mut cursor = None;
    match (&model.panel, model.screen) {
        (Some(Panel::Help { scroll, field }), _) => cursor = help::draw(model, &mut pen, body, *scroll, field),
        (Some(Panel::Board(open)), _) => cursor = board::draw(model, &mut pen, body, open),
        (Some(Panel::Export(field)), _) => {
            board::draw(model, &mut pen, ratatui::layout::Rect { height: body.height.saturating_sub(1), ..body }, &Board::default());
            let line = ratatui::layout::Rect { y: body.bottom().saturating_sub(1), height: body.height.min(1), ..body };
            cursor = finding::field(model, &mut pen, line, &model.text("desk.board.file", &[]), field);
        }
        (Some(Panel::Mine { scroll }), _) => mine::draw(model, &mut pen, body, *scroll),
        (Some(Panel::Palette(palette)), _) => cursor = palette::draw(model, &mut pen, body, palette),
        (Some(Panel::Conflicts { scroll }), _) => drawn.pictures = conflicts::draw(model, &mut pen, area, *scroll),
        (Some(Panel::Batch(batch)), _) => batch::draw(model, &mut pen, body, batch),
        (Some(Panel::Sheet(open)), Screen::Grid) => {
            cursor = Some(sheet::draw(model, &mut pen, body, open, &machine_reasons(model), false));
        }
        (_, Screen::Units) => cursor = units::draw(model, &mut pen, body),
        (_, Screen::Queue) => cursor = queue::draw(model, &mut pen, body),
        (_, Screen::Grid) => (drawn, cursor) = grid::draw(model, &mut pen, body, area),
        (_, Screen::Review) => (drawn, cursor) = review::draw(model, &mut pen, area),
    }
    bars::header(model, &mut pen, header);
    bars::news(model, &mut pen, news);
    bars::keys(model, &mut pen, keys);
    if model.facts.wide_ambiguous {
        narrow(&mut pen, &drawn);
    }
    // Input methods open their window where the cursor is.
    let position = cursor.unwrap_or((news.x, news.y));
    if area.contains(position.into()) {
        frame.set_cursor_position(position);
    }
    drawn
}

/// Replaces what this terminal draws two cells wide.
fn narrow(pen: &mut Pen, drawn: &Drawn) {
    for position in pen.buffer.area.positions() {
        if drawn.pictures.iter().any(|painted| painted.area.contains(position)) {
            continue;
        }
        let cell = &mut pen.buffer[position];
        if cell.diff_option == CellDiffOption::None
            && let Some(symbol) = text::narrow(cell.symbol())
        {
            cell.set_symbol(symbol);
        }
    }
}
