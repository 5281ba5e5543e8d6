//! Pictures: what to draw where.
//!
//! A [`Request`] says which picture in which box of cells and how; a [`Picture`] is the finished answer, ready to be put into a frame.
//! Everything between the two happens off the loop. Memory only.

pub mod cache;
pub mod cells;
pub mod encode;
pub mod iterm2;
pub mod kitty;
pub mod look;
pub mod overlay;
pub mod palette;
pub mod policy;
pub mod resize;
pub mod sixel;
pub mod tones;

use std::sync::Arc;

use ratatui::{
    buffer::{Buffer, CellDiffOption},
    layout::Rect,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use uuid::Uuid;

use crate::api::submission::PictureKind;
use cells::CellPicture;
use look::Look;
use policy::Drawing;
use tones::Tones;

/// Which making of a picture.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Making {
    /// As the server holds it; of a finished picture the rendition, so that an older one never stands for a newer.
    Kept(Option<Uuid>),
    /// A fix that is tried here, by its ticket.
    Tried(u64),
    /// What that fix changes of this rendition.
    Difference { ticket: u64, rendition: Uuid },
}

/// Where a picture is asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
pub enum Origin {
    /// Where this desk has its photos from: the server, or a bundle.
    #[default]
    Desk,
    /// The server, whatever this desk works on: what stands there now.
    Server,
}

/// Which picture, in which box, drawn how. Two equal requests have the same answer.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Serialize, Deserialize)]
pub struct Request {
    pub submission: Uuid,
    pub kind: PictureKind,
    pub making: Making,
    #[serde(default)]
    pub origin: Origin,
    /// The box in cells: columns, rows.
    pub cells: (u16, u16),
    pub drawing: Drawing,
    #[serde(default)]
    pub look: Look,
}

/// A picture resized and encoded for one box.
#[derive(Clone)]
pub struct Picture {
    /// Columns and rows it covers: the largest of its shape that fits the box.
    pub size: (u16, u16),
    /// Of the picture's bytes: names it in a record without showing it.
    pub hash: u64,
    /// How bright the shown part is.
    pub tones: Tones,
    body: Arc<Body>,
}

/// What stands for a picture on the screen.
enum Body {
    Cells(CellPicture),
    /// Sent once under its name, placed by the text.
    Named {
        name: kitty::Name,
        transmission: String,
    },
    /// Painted over cells that the text leaves alone.
    Painted(String),
    /// Stands for a picture in a replayed record.
    Hash,
}

impl Picture {
    /// A picture made of cells.
    #[must_use]
    pub fn cells(picture: CellPicture, hash: u64, tones: Tones) -> Picture {
        Picture { size: picture.size(), hash, tones, body: Arc::new(Body::Cells(picture)) }
    }

    /// A picture that is sent once and placed by name.
    #[must_use]
    pub fn named(name: kitty::Name, transmission: String, size: (u16, u16), hash: u64, tones: Tones) -> Picture {
        Picture { size, hash, tones, body: Arc::new(Body::Named { name, transmission }) }
    }

    /// A picture that is painted where the cursor is.
    #[must_use]
    pub fn painted(sequence: String, size: (u16, u16), hash: u64, tones: Tones) -> Picture {
        Picture { size, hash, tones, body: Arc::new(Body::Painted(sequence)) }
    }

    /// The stand-in of a picture that is known by its hash only.
    #[must_use]
    pub fn stand_in(size: (u16, u16), hash: u64) -> Picture {
        Picture { size, hash, tones: Tones::default(), body: Arc::new(Body::Hash) }
    }

    /// The picture's name in the terminal and what has to be sent before it is placed.
    #[must_use]
    pub fn transmission(&self) -> Option<(kitty::Name, &str)> {
        match &*self.body {
            Body::Named { name, transmission } => Some((*name, transmission)),
            _ => None,
        }
    }

    /// What paints the picture at the cursor, for the protocols that do.
    #[must_use]
    pub fn painting(&self) -> Option<&str> {
        match &*self.body {
            Body::Painted(sequence) => Some(sequence),
            _ => None,
        }
    }

    /// Draws the picture centred in `area`; returns the cells it covers, or `None` where it does not fit.
    pub fn draw(&self, area: Rect, buffer: &mut Buffer) -> Option<Rect> {
        let (width, height) = self.size;
        let area = area.intersection(buffer.area);
        if width == 0 || height == 0 || width > area.width || height > area.height {
            return None;
        }
        let spot = Rect { x: area.x + (area.width - width) / 2, y: area.y + (area.height - height) / 2, width, height };
        match &*self.body {
            Body::Cells(cells) => cells.draw(spot, buffer),
            Body::Named { name, .. } => kitty::place(*name, spot, buffer),
            Body::Painted(_) => {
                for position in spot.positions() {
                    if let Some(cell) = buffer.cell_mut(position) {
                        cell.reset();
                        cell.set_diff_option(CellDiffOption::Skip);
                    }
                }
            }
            Body::Hash => {
                let name = format!("{:016x}", self.hash);
                for y in spot.top()..spot.bottom() {
                    buffer.set_stringn(spot.x, y, &name, usize::from(width), ratatui::style::Style::new());
                }
            }
        }
        Some(spot)
    }
}

impl std::fmt::Debug for Picture {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "Picture({}×{} #{:016x})", self.size.0, self.size.1, self.hash)
    }
}

impl Serialize for Picture {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        (self.size, format!("{:016x}", self.hash), self.tones).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Picture {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Picture, D::Error> {
        let (size, hash, tones) = <((u16, u16), String, Tones)>::deserialize(deserializer)?;
        let hash = u64::from_str_radix(&hash, 16).map_err(D::Error::custom)?;
        Ok(Picture { tones, ..Picture::stand_in(size, hash) })
    }
}

/// A picture as it was painted into a frame.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Painted {
    pub request: Request,
    pub area: Rect,
}

/// Makes the cells of pictures that left the screen be written again.
///
/// A graphics protocol paints outside the buffer: where a picture was and none is now, a blank cell looks unchanged to the buffer and
/// a ghost would stay.
pub fn sweep(before: &[Painted], now: &[Painted], buffer: &mut Buffer) {
    for old in before.iter().filter(|old| !now.contains(old)) {
        for position in old.area.intersection(buffer.area).positions() {
            if now.iter().any(|new| new.area.contains(position)) {
                continue;
            }
            if let Some(cell) = buffer.cell_mut(position) {
                cell.set_diff_option(CellDiffOption::AlwaysUpdate);
            }
        }
    }
}
