//! The words that backend and client share: types and problems. Knows `domain` only.
//!
//! Everything is JSON under `/v1`; times are RFC 3339 in UTC; lists are keyset-paged. An error is a [`problem::Problem`].
//! Personal data in these types is masked, and named so; unmasked it is in [`person`] alone, for the person, or with a reason that is written down.

pub mod batch;
pub mod bundle;
pub mod columns;
pub mod correction;
pub mod delivery;
pub mod headers;
pub mod health;
pub mod live;
pub mod people;
pub mod person;
pub mod problem;
pub mod progress;
pub mod reopening;
pub mod reviewing;
pub mod rework;
pub mod roster;
pub mod submission;
