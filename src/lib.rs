//! 照审 (zhaoshen): every graduate's certificate photo, right.
//!
//! The house, from the roof down. An arrow points down only; `tests/` reads the `use crate::` lines and says no to any other.
//!
//! ```text
//! cli                  one file a command; the only room that knows all others
//!  ├ desk              the review desk (feature `desk`)
//!  ├ client            HTTP, cache, outbox: everything that talks to a backend
//!  └ backend           the capture backend (feature `server`)
//! photo                the standardization engine: bytes in, bytes and measurements out
//! api                  the words that backend and client share
//! domain               rules without any IO
//! language             the texts of the interface, in Chinese and English
//! ```

#![forbid(unsafe_code)]

rust_i18n::i18n!("locales");

pub mod api;
#[cfg(feature = "server")]
pub mod backend;
pub mod cli;
pub mod client;
#[cfg(feature = "desk")]
pub mod desk;
pub mod domain;
pub mod language;
pub mod photo;
