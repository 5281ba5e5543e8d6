//! The capture backend: store, blobs, jobs, HTTP. Meets the client only in `api`.
//!
//! ```text
//! serve        opens the data folder, starts the jobs and the listener, stops them
//!  ├ router       one table of routes, who may use each, how large a body may be
//!  │  └ controllers   one file a resource
//!  ├ jobs         the machine's work, one file a job; the queue is a table in the store
//!  └ state        what both share
//!      ├ store        one trait of intentions and its engines
//!      ├ blobs vault  sealed pictures, sealed values
//!      └ auth clock   passwords and tokens; the time
//! copies upkeep  copies of a house, taken while it is served and brought back; every picture held against the database
//! ```

pub mod auth;
pub mod blobs;
pub mod chain;
pub mod clock;
pub mod controllers;
pub mod copies;
mod document;
pub mod entrance;
mod extract;
pub mod folder;
pub mod gateways;
pub mod health;
pub mod jobs;
mod metrics;
mod problems;
pub mod production;
mod request_id;
pub mod roster;
pub mod router;
pub mod serve;
pub mod sheet;
pub mod state;
pub mod store;
pub mod tls;
pub mod upkeep;
pub mod vault;
pub mod whereabouts;
