//! The terminal: enter and leave, the bytes it sends, what it can do, the signals about it.

pub mod guard;
pub mod input;
pub mod painter;
pub mod probe;
pub mod reader;
pub mod signals;
pub mod writer;
