//! Everything that talks to a backend: HTTP, the cache in memory, the outbox of decisions, bundles for work without a
//! network.
//!
//! Meets the backend only in `api`. Touches the network and, for the outbox and the saved session, the user's own folders.

mod access;
pub mod bundle;
mod bundles;
mod decisions;
pub mod http;
pub mod live;
pub mod outbox;
pub mod persons;
pub mod pin;
pub mod reviewing;
pub mod session;

pub use http::Http;
