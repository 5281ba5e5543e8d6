//! The standardization engine: bytes in, bytes and measurements out. No network, no async, no clock, no screen.
//!
//! ```text
//! engine        one photo from bytes to an outcome: look at the source, finish it, measure what is finished
//!  ├ decode       limits, orientation, colours        container, metadata, heic: files before and after
//!  │                                                  memory, upright: what that costs
//!  ├ face         boxes, mesh, how many count
//!  ├ geometry     where to cut
//!  ├ matte        person and wall
//!  ├ checks       numbers against the standard's limits
//!  ├ compose      the person before the background
//!  └ encode       a JPEG within the range of bytes
//! rework        the same photo finished as a person wants it, within the standard, and proved
//! proof         a finished photo against its source
//! compare       a photo against an ID portrait
//! id_card       a picture of an ID card: where it lies, its portrait, what is written (ocr), its faults
//! standard      every number, as data                 weights: the nets
//! ```

mod checks;
pub mod compare;
mod compose;
mod container;
mod decode;
mod encode;
mod engine;
mod error;
mod face;
mod finished;
mod geometry;
mod heic;
mod heic_bounds;
mod heic_clean;
mod id_card;
mod identity;
mod look;
mod matte;
mod memory;
mod metadata;
mod ocr;
mod projection;
mod proof;
mod raster;
mod rework;
mod standard;
#[cfg(test)]
mod tests;
mod upright;
mod weights;

pub use compare::{CompareError, FaceVector};
pub use decode::{MAX_BYTES, pixels};
pub use engine::{Engine, EngineError, Outcome, REFUSING, Stage, Step};
pub use error::PhotoError;
pub use id_card::{CardPlace, IdCardReading, preview};
pub use identity::{content_hash, identity};
#[doc(hidden)]
pub use matte::trial as matte_trial;
pub use memory::MAX_PIXELS;
pub use metadata::without_location;
pub use proof::{Edit, Finding, Measures, Proof, Verdict as ProofVerdict, VerifyError};
pub use rework::ReworkError;
pub use standard::{BackgroundRule, Checks, FileRule, Limits, PictureRule, Standard, StandardError};
