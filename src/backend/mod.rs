//! The capture backend: store, blobs, jobs, HTTP. Meets the client only in `api`.

pub mod gateways;
pub mod roster;
