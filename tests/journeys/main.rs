//! Journeys: the whole program as people and machines meet it, and the rules that the whole tree keeps.
//!
//! One binary, so that weights are loaded and servers started once a run. A journey is a module; what journeys share is in `support`.

mod access;
mod api;
mod away;
mod backup;
mod batch;
mod deciding;
mod demonstration;
mod described;
mod house;
mod in_tmux;
mod intake_client;
mod interrupted;
mod killed;
mod licences;
mod live;
mod offline;
mod opening;
mod papers;
mod privacy;
mod progress;
mod replicas;
mod rosters;
mod scope;
mod screens;
mod season;
mod silence;
#[cfg(feature = "otel")]
mod spans;
mod stopping;
mod storage;
mod support;
mod through;
mod tiles;
mod tls;
mod together;
mod upkeep;
mod walk;
