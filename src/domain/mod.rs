//! Rules of the field without any IO: states, reasons, ID numbers, roles, seasons, check results.
//!
//! Nothing here reads a clock, a file, a socket or a screen; what time it is comes in as an argument.
//! Everything above (engine, API, backend, desk) speaks in these types.

pub mod access;
pub mod adjustment;
pub mod agreement;
pub mod check;
pub mod comparison;
pub mod id_card;
pub mod lifecycle;
pub mod proof;
pub mod queueing;
pub mod reason;
pub mod report;
pub mod resident_id;
pub mod retention;
pub mod review;
pub mod season;
