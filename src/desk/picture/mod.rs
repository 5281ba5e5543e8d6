//! Pictures: what to draw where.
//!
//! A [`Request`] says which picture in which box of cells and how; a [`Picture`] is the finished answer, ready to be put into a frame.
//! Everything between the two happens off the loop. Memory only.

pub mod cache;
pub mod cells;
pub mod encode;
pub mod policy;
pub mod resize;

use std::sync::Arc;

use ratatui::{
    buffer::Buffer,
    layout::{Rect, Size},
    widgets::Widget,
};
use serde::{Deserialize, Deserializer, Serialize, Serializer, de::Error as _};
use uuid::Uuid;

use crate::api::submission::PictureKind;
use cells::CellPicture;
use policy::Drawing;

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
    #[serde(default)]
    pub origin: Origin,
    /// The box in cells: columns, rows.
    pub cells: (u16, u16),
    pub drawing: Drawing,
}

/// A picture resized and encoded for one box.
#[derive(Clone)]
pub struct Picture {
    /// Columns and rows it covers: the largest of its shape that fits the box.
    pub size: (u16, u16),
    /// Of the picture's bytes: names it in a record without showing it.
    pub hash: u64,
    body: Arc<Body>,
}

enum Body {
    Cells(CellPicture),
    Graphics(Box<ratatui_image::protocol::Protocol>),
    /// Stands for a picture in a replayed record.
    Hash,
}

impl Picture {
    #[must_use]
    pub fn cells(picture: CellPicture, hash: u64) -> Picture {
        Picture { size: picture.size(), hash, body: Arc::new(Body::Cells(picture)) }
    }

    #[must_use]
    pub fn graphics(protocol: ratatui_image::protocol::Protocol, size: (u16, u16), hash: u64) -> Picture {
        Picture { size, hash, body: Arc::new(Body::Graphics(Box::new(protocol))) }
    }

    /// The stand-in of a picture that is known by its hash only.
    #[must_use]
    pub fn stand_in(size: (u16, u16), hash: u64) -> Picture {
        Picture { size, hash, body: Arc::new(Body::Hash) }
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
            Body::Graphics(protocol) => {
                let size = protocol.size();
                if size.width > spot.width || size.height > spot.height {
                    return None;
                }
                ratatui_image::Image::new(protocol).render(spot, buffer);
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
        (self.size, format!("{:016x}", self.hash)).serialize(serializer)
    }
}

impl<'de> Deserialize<'de> for Picture {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Picture, D::Error> {
        let (size, hash) = <((u16, u16), String)>::deserialize(deserializer)?;
        let hash = u64::from_str_radix(&hash, 16).map_err(D::Error::custom)?;
        Ok(Picture::stand_in(size, hash))
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
    use ratatui::buffer::CellDiffOption;
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

/// Columns and rows as ratatui's size.
#[must_use]
pub fn size_of((width, height): (u16, u16)) -> Size {
    Size::new(width, height)
}
