//! Everything that talks to a backend: HTTP, the cache in memory, the outbox of decisions.
//!
//! Meets the backend only in `api`. Touches the network and, for the outbox and the saved session, the user's own folders.

mod access;
mod decisions;
pub mod http;
pub mod live;
pub mod outbox;
pub mod pin;
pub mod reviewing;
pub mod session;

pub use http::Http;
