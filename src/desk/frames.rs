//! From the model to the bytes of a frame, in an order in which no picture ever stands under another student's name, and to the knowledge that
//! it was seen.
//!
//! Where the student changes, the old name goes first, then picture and text change, and the new name comes last: on a line so slow that one
//! can watch, and in a terminal without synchronized output, a picture is without a name rather than under a wrong one. Behind a frame with
//! pictures stands a question that every terminal answers; its answer says that the frame is through, and how quick the line is.

use std::{
    collections::VecDeque,
    io,
    time::{Duration, Instant},
};

use ratatui::{
    Terminal,
    backend::{Backend, CrosstermBackend},
    buffer::{Buffer, Cell, CellDiffOption},
    layout::Rect,
};
use uuid::Uuid;

use crate::desk::{
    message::{Event, Speed},
    model::{Model, Screen, Slot},
    picture::{self, Painted, Picture},
    terminal::{
        guard,
        painter::{Painter, blank},
        writer::{Page, Writer},
    },
    view::{self, Drawn},
};

/// A terminal that knows synchronized output shows the frame at once; others pass over the marks.
const BEGIN: &[u8] = b"\x1b[?2026h";
const END: &[u8] = b"\x1b[?2026l";
/// Are you there? Answered by `ESC [ 0 n`.
const FENCE: &[u8] = b"\x1b[5n";
/// A terminal that has not answered for so long has lost the question.
const LOST: Duration = Duration::from_secs(15);
/// Fewer bytes than this say nothing about the line.
const TELLING: usize = 6_000;
/// Bytes a second below which a line is slow, and from which on it is quick again: a sixel picture takes half a second at the first.
const SLOW: f64 = 150_000.0;
const QUICK: f64 = 300_000.0;

/// What a frame shows once it is through.
#[derive(Debug, Clone, PartialEq, Eq)]
enum Through {
    Photo {
        submission: Uuid,
        draft: bool,
    },
    /// Tiles, each at the version it shows.
    Tiles(Vec<(Uuid, i64)>),
}

/// A question behind a frame.
#[derive(Debug)]
struct Fence {
    asked: Instant,
    bytes: usize,
    shows: Option<Through>,
}

/// The screen as it is written.
pub struct Frames {
    terminal: Terminal<CrosstermBackend<Page>>,
    page: Page,
    writer: Writer,
    painter: Painter,
    area: Rect,
    /// Whose name stands on the screen.
    named: Option<Uuid>,
    /// Which tiles stand where, and the line that names one of them.
    standing: Vec<(Uuid, Rect)>,
    below: Option<Rect>,
    /// Of the frame under way, where the terminal answers no questions.
    unasked: Option<Through>,
    fences: VecDeque<Fence>,
    /// The quickest answer so far: the way there and back.
    round_trip: Duration,
    /// Bytes a second, once something has told.
    rate: Option<f64>,
    speed: Speed,
}

impl Frames {
    /// Frames for the standard output.
    ///
    /// # Errors
    /// When there is no terminal or no thread.
    pub fn start() -> io::Result<Frames> {
        let page = Page::default();
        Ok(Frames {
            terminal: Terminal::new(CrosstermBackend::new(page.clone()))?,
            page,
            writer: Writer::start()?,
            painter: Painter::default(),
            area: Rect::default(),
            named: None,
            standing: Vec::new(),
            below: None,
            unasked: None,
            fences: VecDeque::new(),
            round_trip: Duration::MAX,
            rate: None,
            speed: Speed::default(),
        })
    }

    /// Whether a frame would only queue up behind another one.
    #[must_use]
    pub fn busy(&self) -> bool {
        self.writer.busy() || self.fences.iter().any(|fence| fence.asked.elapsed() < self.transit(fence.bytes))
    }

    /// Whether the writer still writes; what is behind it takes time by itself.
    #[must_use]
    pub fn writing(&self) -> bool {
        self.writer.busy()
    }

    /// How long until the line is free, as far as is known.
    #[must_use]
    pub fn wait(&self) -> Option<Duration> {
        self.fences.iter().filter_map(|fence| self.transit(fence.bytes).checked_sub(fence.asked.elapsed())).max()
    }

    fn transit(&self, bytes: usize) -> Duration {
        self.rate.map_or(Duration::ZERO, |rate| Duration::from_secs_f64((bytes as f64 / rate.max(1.0)).min(2.0)))
    }

    /// Waits until what was handed over is written.
    pub async fn idle(&self) {
        self.writer.idle().await;
    }

    /// Writes bytes that are no frame; only when nothing is under way.
    pub fn write(&self, bytes: Vec<u8>) {
        self.writer.write(bytes);
    }

    /// Passes graphics through a tmux that lets them.
    pub fn wrap(&mut self, wrapped: bool) {
        self.painter.wrap(wrapped);
    }

    /// The screen is somebody else's now, or was: everything is to be drawn again, and the terminal is to forget our pictures.
    pub fn forget(&mut self, kitty: bool) {
        if kitty && !self.writer.busy() {
            self.writer.write(guard::FORGET_PICTURES.as_bytes().to_vec());
        }
        self.painter.forgotten();
        self.named = None;
        self.standing.clear();
        self.unasked = None;
        self.fences.clear();
    }

    /// Clears the screen at the next frame.
    pub fn clear(&mut self) {
        // The page is memory: nothing can fail.
        let _ = self.terminal.clear();
        self.painter.cleared();
    }

    /// Draws the model; `answers` says whether the terminal answers questions.
    ///
    /// # Errors
    /// When the terminal's size cannot be had.
    pub fn draw(&mut self, model: &Model, answers: bool) -> io::Result<()> {
        let named = (model.screen == Screen::Review).then(|| model.current().map(|row| row.id)).flatten();
        let hide = named != self.named && self.named.is_some();
        let name = view::layout::student_line(model);
        let (area, before) = (&mut self.area, &mut self.painter);
        let (standing, below) = (&self.standing, self.below);
        let mut gone: Vec<Rect> = Vec::new();
        let mut drawn = Drawn::default();
        let mut last: Vec<(u16, u16, Cell)> = Vec::new();
        self.terminal.draw(|frame| {
            if *area != frame.area() {
                // The whole screen is written anew.
                *area = frame.area();
                before.cleared();
            }
            drawn = view::draw(model, frame);
            picture::sweep(&before.before(), &drawn.pictures, frame.buffer_mut());
            gone = left(standing, below, &drawn, *area);
            write_again(&gone, frame.buffer_mut());
            if hide && named.is_some() {
                last = hold_back(frame.buffer_mut(), name);
            } else if hide {
                write_again(&[name.intersection(*area)], frame.buffer_mut());
            }
        })?;
        let find = |painted: &Painted| match model.pictures.get(&painted.request) {
            Some(Slot::Ready(picture)) => Some(picture),
            _ => None,
        };
        let text = self.page.take();
        let mut pictures = Vec::new();
        for picture in drawn.pictures.iter().filter_map(find) {
            pictures.extend(self.painter.send(picture));
        }
        let painting = self.painter.paint(&drawn.pictures, find);
        let deletions = self.painter.forget_others(ready(model));
        if !last.is_empty() {
            self.terminal.backend_mut().draw(last.iter().map(|(x, y, cell)| (*x, *y, cell)))?;
        }
        let name_bytes = self.page.take();
        let mut frame = Vec::new();
        if hide {
            frame.extend(format!("\x1b[{};1H\x1b[m\x1b[2K", name.y + 1).into_bytes());
        }
        // Before another student's picture can come to a place, the name that stood there is gone.
        for area in &gone {
            frame.extend(blank(*area).into_bytes());
        }
        let with_pictures = !pictures.is_empty() || !painting.is_empty();
        frame.extend(pictures);
        if !painting.is_empty() {
            // Text first leaves the cursor where input methods look for it.
            frame.extend(b"\x1b7");
            frame.extend(painting);
            frame.extend(b"\x1b8");
        }
        frame.extend(text);
        if !name_bytes.is_empty() {
            frame.extend(b"\x1b7");
            frame.extend(name_bytes);
            frame.extend(b"\x1b8");
        }
        frame.extend(deletions);
        self.named = named;
        let shows = shows(model, &drawn);
        (self.standing, self.below) = (drawn.standing, drawn.below);
        if frame.is_empty() && shows.is_none() {
            return Ok(());
        }
        let bytes = frame.len();
        let mut whole = BEGIN.to_vec();
        whole.extend(frame);
        whole.extend(END);
        let tells = shows.is_some() || with_pictures;
        if answers && tells {
            whole.extend(FENCE);
            self.fences.push_back(Fence { asked: Instant::now(), bytes, shows });
        } else if shows.is_some() {
            self.unasked = shows;
        }
        self.writer.write(whole);
        Ok(())
    }

    /// Sends a picture that will be wanted soon, while nothing else is under way; says whether it did.
    pub fn send_ahead(&mut self, model: &Model, answers: bool) -> bool {
        if self.busy() || !self.fences.is_empty() {
            return false;
        }
        for request in &model.wanted {
            let Some(Slot::Ready(picture)) = model.pictures.get(request) else { continue };
            let bytes = self.painter.send(picture);
            if !bytes.is_empty() {
                let length = bytes.len();
                let mut whole = bytes;
                if answers {
                    whole.extend(FENCE);
                    self.fences.push_back(Fence { asked: Instant::now(), bytes: length, shows: None });
                }
                self.writer.write(whole);
                return true;
            }
        }
        false
    }

    /// The terminal has answered the oldest question: what is seen now, and what the line is like if that has changed.
    pub fn answered(&mut self) -> Vec<Event> {
        let Some(fence) = self.fences.pop_front() else { return vec![] };
        let took = fence.asked.elapsed();
        self.round_trip = self.round_trip.min(took);
        let mut events: Vec<Event> = fence.shows.map(Through::event).into_iter().collect();
        if fence.bytes >= TELLING {
            let transit = took.saturating_sub(self.round_trip).max(Duration::from_millis(1));
            let rate = fence.bytes as f64 / transit.as_secs_f64();
            let rate = self.rate.map_or(rate, |before| before * 0.5 + rate * 0.5);
            self.rate = Some(rate);
            let speed = if rate < SLOW {
                Speed::Slow
            } else if rate > QUICK {
                Speed::Quick
            } else {
                self.speed
            };
            if std::mem::replace(&mut self.speed, speed) != speed {
                events.push(Event::Line(speed));
            }
        }
        events
    }

    /// What is seen without a question: where none is answered, as soon as it is written; where an answer was lost, after a long while.
    pub fn seen(&mut self) -> Vec<Event> {
        let mut events = Vec::new();
        if !self.writer.busy() {
            events.extend(self.unasked.take().map(Through::event));
        }
        while self.fences.front().is_some_and(|fence| fence.asked.elapsed() > LOST) {
            events.extend(self.fences.pop_front().and_then(|fence| fence.shows).map(Through::event));
        }
        events
    }
}

impl Through {
    fn event(self) -> Event {
        match self {
            Through::Photo { submission, draft: true } => Event::DraftShown(submission),
            Through::Photo { submission, draft: false } => Event::Shown(submission),
            Through::Tiles(tiles) => Event::TilesShown(tiles),
        }
    }
}

/// What this frame shows that the model does not know of yet.
fn shows(model: &Model, drawn: &Drawn) -> Option<Through> {
    let known = |submission: Uuid| model.review.shown.is_some_and(|(shown, _)| shown == submission);
    let drafted = |submission: Uuid| model.review.drafted == Some(submission);
    match (drawn.complete, drawn.draft) {
        (Some(submission), _) if !known(submission) => Some(Through::Photo { submission, draft: false }),
        (None, Some(submission)) if !drafted(submission) => Some(Through::Photo { submission, draft: true }),
        _ => {
            let seen = |(id, version): &(Uuid, i64)| model.grid.seen.get(id).is_some_and(|seen| seen.version == *version);
            let tiles: Vec<(Uuid, i64)> = drawn.tiles.iter().filter(|tile| !seen(tile)).copied().collect();
            (!tiles.is_empty()).then_some(Through::Tiles(tiles))
        }
    }
}

/// The places that tiles have left, with the line that names one of them as soon as one has.
fn left(standing: &[(Uuid, Rect)], below: Option<Rect>, drawn: &Drawn, screen: Rect) -> Vec<Rect> {
    let mut gone: Vec<Rect> = standing.iter().filter(|tile| !drawn.standing.contains(tile)).map(|(_, area)| *area).collect();
    if !gone.is_empty() {
        gone.extend(below);
    }
    gone.into_iter().map(|area| area.intersection(screen)).filter(|area| !area.is_empty()).collect()
}

/// What is blanked on the screen behind the buffer's back is written again, whether it looks changed or not.
fn write_again(areas: &[Rect], buffer: &mut Buffer) {
    for position in areas.iter().flat_map(|area| area.positions()) {
        if let Some(cell) = buffer.cell_mut(position)
            && cell.diff_option == CellDiffOption::None
        {
            cell.set_diff_option(CellDiffOption::AlwaysUpdate);
        }
    }
}

fn ready(model: &Model) -> impl Iterator<Item = &Picture> {
    model.pictures.values().filter_map(|slot| match slot {
        Slot::Ready(picture) => Some(picture),
        _ => None,
    })
}

/// Keeps a line out of the frame's text; its cells are written after everything else.
fn hold_back(buffer: &mut Buffer, line: Rect) -> Vec<(u16, u16, Cell)> {
    let mut cells = Vec::new();
    for position in line.intersection(buffer.area).positions() {
        let Some(cell) = buffer.cell_mut(position) else { continue };
        let mut kept = cell.clone();
        kept.set_diff_option(CellDiffOption::None);
        cell.set_diff_option(CellDiffOption::Skip);
        cells.push((position.x, position.y, kept));
    }
    // The second half of a wide glyph is no cell of its own.
    let mut wide_until = 0;
    cells.retain(|(x, _, cell)| {
        let keep = *x >= wide_until;
        if keep {
            wide_until = x + u16::try_from(unicode_width::UnicodeWidthStr::width(cell.symbol())).unwrap_or(1).max(1);
        }
        keep
    });
    cells
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_line_that_is_held_back_is_written_whole_and_later() {
        let area = Rect::new(0, 0, 8, 2);
        let before = Buffer::empty(area);
        let mut now = Buffer::empty(area);
        now.set_string(0, 0, "欧阳* 7", ratatui::style::Style::new());
        now.set_string(0, 1, "text", ratatui::style::Style::new());
        let held = hold_back(&mut now, Rect::new(0, 0, 8, 1));
        let text: String = held.iter().map(|(.., cell)| cell.symbol()).collect();
        assert_eq!(text, "欧阳* 7 ");
        assert!(before.diff(&now).iter().all(|(_, y, _)| *y == 1), "the line is not among the frame's text");
    }

    #[test]
    fn a_place_that_another_student_takes_is_blanked_first() {
        let screen = Rect::new(0, 0, 40, 12);
        let (one, two) = (Rect::new(0, 1, 12, 8), Rect::new(13, 1, 12, 8));
        let names = Rect::new(0, 10, 40, 1);
        let [a, b, c] = [1, 2, 3].map(Uuid::from_u128);
        let before = [(a, one), (b, two)];
        let drawn = |standing: &[(Uuid, Rect)]| Drawn { standing: standing.to_vec(), ..Drawn::default() };
        assert!(left(&before, Some(names), &drawn(&before), screen).is_empty(), "a step inside a page blanks nothing");
        assert_eq!(left(&before, Some(names), &drawn(&[(a, one), (c, two)]), screen), [two, names]);
        assert_eq!(left(&before, Some(names), &drawn(&[]), Rect::new(0, 0, 20, 5)), [Rect::new(0, 1, 12, 4), Rect::new(13, 1, 7, 4)]);
        // What was blanked is written again though the buffer holds the same.
        let mut buffer = Buffer::empty(screen);
        let same = buffer.clone();
        write_again(&[two], &mut buffer);
        assert_eq!(same.diff(&buffer).len(), usize::from(two.width * two.height));
    }
}
