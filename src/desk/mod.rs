//! The review desk: a terminal user interface. Never imports `backend`.
//!
//! ```text
//! run          the loop: signals, keys, finished work; at most one frame per 16 ms
//!  ├ frames    the order of a frame's bytes; what was seen, how quick the line is
//!  ├ effects   where the world is touched: HTTP, outbox, pictures; `away` answers from a bundle
//!  ├ workshop  the desk's own engine, for fixes
//!  ├ terminal  enter and leave, probe, input bytes, signals
//!  ├ record    the explicit log of messages
//!  └ views     the user's saved filters, in a file of theirs
//! update       pure: (model, message) → effects
//! view         pure: model → frame
//! picture      what to draw where: policy, resize, cells, cache
//! model message keymap theme text entry filter names palette
//! ```
//!
//! `model`, `message`, `update` and `view` know no clock, tty, socket or runtime: time and keys arrive in messages.

pub mod away;
pub mod effects;
pub mod entry;
pub mod filter;
#[cfg(test)]
pub mod fixtures;
pub mod frames;
pub mod habits;
pub mod keymap;
pub mod message;
pub mod model;
pub mod names;
pub mod palette;
pub mod picture;
pub mod record;
pub mod run;
pub mod terminal;
pub mod text;
pub mod theme;
pub mod update;
pub mod view;
pub mod views;
pub mod workshop;
