//! A picture of an ID card: the card in it, the portrait, what is written, what is wrong with the picture.
//!
//! ```text
//! locate     which way up, where the card      border: its sides
//! fields     name and number                   quality: fault words
//! portrait   the portrait, 26 : 32             layout: where things are on a card
//! ```
//! A card may be warped: it is measured and never published. Nothing read on it is logged.

mod border;
mod fields;
mod layout;
mod locate;
mod portrait;
mod quality;
#[cfg(test)]
mod tests;

pub use portrait::preview;

use image::RgbImage;

use self::fields::Fields;
use self::locate::{Place, Upright, Views};
use super::decode;
use super::engine::Engine;
use super::error::PhotoError;
use super::raster;
use crate::domain::id_card::{CardFault, CardFinding, CardMatch, CardRecord, Read, compare_name, compare_number};

/// A border this strong is a card's even where nothing on it can be read.
const UNMISTAKABLE: f64 = 0.6;
/// Longer side of a picture in which words are looked for that only a card has, in pixels.
const WORDS: u32 = 960;
/// The rotations in the order of how often people send them.
const TURNS: [u8; 4] = [0, 1, 3, 2];
/// Words of the emblem side, and of the portrait side.
const EMBLEM: [&str; 4] = ["签发机关", "有效期限", "中华人民共和国", "居民身份证"];
const PORTRAIT_SIDE: [&str; 3] = ["公民身份", "身份号码", "姓名"];

/// Where a card lies in its picture.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CardPlace {
    /// By how many quarters the picture must be turned clockwise to be read.
    pub quarter_turns: u8,
    /// Top left, top right, bottom right and bottom left of the card as it is read, in pixels of the source (x, y).
    pub corners: [(f64, f64); 4],
    /// Sides of the border that were seen, of four; 0 where the place follows from the face alone.
    pub sides: u8,
}

/// What a picture of an ID card shows. `Debug` tells how long the portrait is and not what it shows: it is a face.
#[derive(Clone, PartialEq)]
pub struct IdCardReading {
    /// 26 : 32, as JPEG; `None` only for the side without a portrait.
    pub portrait: Option<Vec<u8>>,
    /// `None` where the picture is a portrait and no card.
    pub card: Option<CardPlace>,
    pub name: Option<Read>,
    pub number: Option<Read>,
    /// One for each fault word; none where there is no card.
    pub findings: Vec<CardFinding>,
}

impl std::fmt::Debug for IdCardReading {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("IdCardReading")
            .field("portrait_bytes", &self.portrait.as_ref().map(Vec::len))
            .field("card", &self.card)
            .field("name", &self.name)
            .field("number", &self.number)
            .field("findings", &self.findings)
            .finish()
    }
}

impl Engine {
    /// Reads a picture of an ID card in any of four rotations and in perspective; a bare portrait comes back as one.
    ///
    /// # Errors
    /// Unreadable pictures; `NoSingleFace` when there is no face (and no emblem side), more than one, or a person who holds up a card.
    pub fn read_id_card(&self, picture: &[u8]) -> Result<IdCardReading, PhotoError> {
        let views = Views::of(&decode::decode(picture)?.pixels);
        let mut faces: Option<Result<Upright, usize>> = None;
        for quarter_turns in TURNS {
            let upright = match self.upright(&views, quarter_turns) {
                Ok(upright) => upright,
                Err(PhotoError::NoSingleFace { found: 0 }) => continue,
                Err(PhotoError::NoSingleFace { found }) => {
                    faces.get_or_insert(Err(found));
                    continue;
                }
                Err(error) => return Err(error),
            };
            if let Some((place, flat, fields)) = self.card(&upright)? {
                return self.reading(&upright, &place, &flat, fields);
            }
            // As it comes in is how a portrait without a card is meant, and one that fills the picture needs no further look.
            let portrait = quarter_turns == 0 && locate::is_portrait(&upright);
            faces.get_or_insert(Ok(upright));
            if portrait {
                break;
            }
        }
        match faces {
            None if self.says(views.working(), &EMBLEM, &TURNS)? => Ok(reversed()),
            None => Err(PhotoError::NoSingleFace { found: 0 }),
            Some(Err(found)) => Err(PhotoError::NoSingleFace { found }),
            // Words of a card, but not around this face: somebody holds his card into the picture, and this is not its portrait.
            Some(Ok(upright)) if self.says(&upright.pixels, &PORTRAIT_SIDE, &[0])? => Err(PhotoError::NoSingleFace { found: 2 }),
            Some(Ok(upright)) => Ok(IdCardReading {
                portrait: Some(portrait::cut(&upright.pixels, &upright.face)?),
                card: None,
                name: None,
                number: None,
                findings: Vec::new(),
            }),
        }
    }

    /// How a reading stands against the record: name, then number.
    #[must_use]
    pub fn against_record(&self, reading: &IdCardReading, record: &CardRecord) -> (CardMatch, CardMatch) {
        let name = compare_name(reading.name.as_ref(), record.name.as_deref(), |c| self.texts.knows(c));
        (name, compare_number(reading.number.as_ref(), record.number.as_deref()))
    }

    /// The card around the face, flat, and what is written on it; `None` where there is no card.
    fn card(&self, upright: &Upright) -> Result<Option<(Place, RgbImage, Fields)>, PhotoError> {
        for place in locate::places(upright) {
            let Some(flat) = locate::flatten(upright, &place.quad) else { continue };
            let fields = fields::read(&self.texts, &flat)?;
            if fields.is_card || place.border.is_some_and(|border| border.strength >= UNMISTAKABLE && border.sides == 4) {
                return Ok(Some((place, flat, fields)));
            }
        }
        Ok(None)
    }

    fn reading(&self, upright: &Upright, place: &Place, flat: &RgbImage, fields: Fields) -> Result<IdCardReading, PhotoError> {
        // Seen straight, the face is measured better than in perspective.
        let again = self.find_faces(flat)?;
        let portrait = match again.single() {
            Some(face) => portrait::cut(flat, face)?,
            None => portrait::cut(&upright.pixels, &upright.face)?,
        };
        let corners = place.quad.map(|p| upright.to_source(p)).map(|p| (p.x, p.y));
        Ok(IdCardReading {
            portrait: Some(portrait),
            card: Some(CardPlace { quarter_turns: upright.quarter_turns, corners, sides: place.border.map_or(0, |border| border.sides) }),
            name: fields.name,
            number: fields.number,
            findings: quality::judge(flat, &fields.lines, place, upright.pixels.dimensions()),
        })
    }

    /// Whether one of `words` is written in the picture, in any of these rotations.
    fn says(&self, picture: &RgbImage, words: &[&str], turns: &[u8]) -> Result<bool, PhotoError> {
        const MOST: usize = 24;
        let small = raster::fit(picture, WORDS, WORDS);
        for quarter_turns in turns {
            let turned = locate::turned(&small, *quarter_turns);
            for line in self.texts.lines(&turned, WORDS)?.iter().take(MOST) {
                let text = self.texts.text(&self.texts.steps(&turned, line)?).text();
                if words.iter().any(|word| text.contains(word)) {
                    return Ok(true);
                }
            }
        }
        Ok(false)
    }
}

/// The emblem side: nothing but that can be said about it.
fn reversed() -> IdCardReading {
    let finding = |fault| match fault {
        CardFault::ReversedSide => CardFinding::above(fault, 1.0, 0.5),
        other => CardFinding::unknown(other),
    };
    IdCardReading { portrait: None, card: None, name: None, number: None, findings: CardFault::ALL.into_iter().map(finding).collect() }
}
