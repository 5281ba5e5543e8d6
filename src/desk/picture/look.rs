//! How a picture is looked at: which part of it, with which lines drawn into it. Pure data: part of a request, so that equal looks have
//! equal answers.
//!
//! Everything is in ten-thousandths of the picture's sides: a look fits every size of the same picture.

use serde::{Deserialize, Serialize};

/// The whole side of a picture.
pub const WHOLE: i32 = 10_000;

/// How a picture is looked at; the default is the whole picture as it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Look {
    /// The part that is shown; `None` for the whole.
    pub window: Option<Window>,
    /// The standard's lines, drawn into the picture.
    pub guides: Option<Guides>,
    /// What is too bright or too dark to show anything is marked.
    pub clipping: bool,
    /// A smaller picture that is here sooner, on a slow line. Nobody decides on it.
    pub draft: bool,
}

/// A part of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Window {
    pub x: i32,
    pub y: i32,
    pub width: i32,
    pub height: i32,
}

impl Window {
    /// A window of this size around a point, moved so that it lies within the picture.
    #[must_use]
    pub fn around((x, y): (i32, i32), width: i32, height: i32) -> Window {
        let (width, height) = (width.clamp(1, WHOLE), height.clamp(1, WHOLE));
        Window { x: (x - width / 2).clamp(0, WHOLE - width), y: (y - height / 2).clamp(0, WHOLE - height), width, height }
    }

    /// Its middle.
    #[must_use]
    pub fn middle(self) -> (i32, i32) {
        (self.x + self.width / 2, self.y + self.height / 2)
    }

    /// The pixels of a picture of these sides: left, top, width, height; at least one pixel.
    #[must_use]
    pub fn pixels(self, width: u32, height: u32) -> (u32, u32, u32, u32) {
        let part = |at: i32, side: u32| {
            let at = i64::from(at.clamp(0, WHOLE)) * i64::from(side) / i64::from(WHOLE);
            u32::try_from(at).unwrap_or(0)
        };
        let (left, top) = (part(self.x, width).min(width.saturating_sub(1)), part(self.y, height).min(height.saturating_sub(1)));
        let (right, bottom) = (part(self.x.saturating_add(self.width), width), part(self.y.saturating_add(self.height), height));
        (left, top, right.saturating_sub(left).max(1).min(width.max(1)), bottom.saturating_sub(top).max(1).min(height.max(1)))
    }
}

/// A measured line with the band in which the standard wants it.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Band {
    pub at: i32,
    pub least: Option<i32>,
    pub most: Option<i32>,
}

/// The standard's lines.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(default)]
pub struct Guides {
    /// Horizontal.
    pub hair_top: Option<Band>,
    /// Horizontal.
    pub eye_line: Option<Band>,
    /// Vertical: the middle of the eyes.
    pub centre: Option<Band>,
    /// Vertical: the cheeks.
    pub cheeks: Option<(i32, i32)>,
}

impl Guides {
    /// The same lines in a picture that shows the first one's pixel (x, y) at `(x × across.0 + across.1, y × down.0 + down.1)`, all in
    /// ten-thousandths: how the lines of the finished photo lie in its source.
    #[must_use]
    pub fn moved(self, across: (f64, f64), down: (f64, f64)) -> Guides {
        let map = |at: i32, (scale, shift): (f64, f64)| (f64::from(at) * scale + shift).round() as i32;
        let band =
            |band: Band, by| Band { at: map(band.at, by), least: band.least.map(|at| map(at, by)), most: band.most.map(|at| map(at, by)) };
        Guides {
            hair_top: self.hair_top.map(|line| band(line, down)),
            eye_line: self.eye_line.map(|line| band(line, down)),
            centre: self.centre.map(|line| band(line, across)),
            cheeks: self.cheeks.map(|(left, right)| (map(left, across), map(right, across))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_window_never_leaves_the_picture() {
        for middle in [(0, 0), (5000, 5000), (10_000, 10_000), (-4, 99_999)] {
            let window = Window::around(middle, 3000, 2000);
            assert!(window.x >= 0 && window.y >= 0 && window.x + window.width <= WHOLE && window.y + window.height <= WHOLE, "{window:?}");
        }
        assert_eq!(Window::around((5000, 5000), 2500, 2500).pixels(480, 640), (180, 240, 120, 160));
        assert_eq!(Window::around((0, 0), 1, 1).pixels(3, 3), (0, 0, 1, 1));
        assert_eq!(Window::around((10_000, 10_000), 1, 1).pixels(1, 1), (0, 0, 1, 1));
    }

    #[test]
    fn lines_move_with_the_picture() {
        let guides =
            Guides { eye_line: Some(Band { at: 4000, least: Some(3000), most: None }), cheeks: Some((2000, 8000)), ..Guides::default() };
        let moved = guides.moved((0.5, 100.0), (2.0, -10.0));
        assert_eq!(moved.eye_line, Some(Band { at: 7990, least: Some(5990), most: None }));
        assert_eq!((moved.cheeks, moved.hair_top), (Some((1100, 4100)), None));
    }
}
