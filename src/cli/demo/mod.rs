//! What the demo shows: a season of students who do not exist.
//!
//! Pure and without features; what fills a backend with it stands above.

pub mod alteration;
pub mod cohort;
#[cfg(all(feature = "desk", feature = "server"))]
pub mod command;
pub mod fill;
pub mod specimens;
mod students;
