//! The parts that `serve` and `demo` run with: the engine and a gateway. Thin adapters; nothing is decided here.

mod darkroom;
mod messages;

use std::{path::Path, sync::Arc};

use super::{serve::ServeError, state::Parts};

/// The parts of a house whose notices go to the file or webhook that the environment names, or else to a file in the data folder.
///
/// # Errors
/// When the engine's weights do not load or the gateway's settings make no sense.
pub fn parts(data: &Path) -> Result<Parts, ServeError> {
    Ok(Parts { darkroom: Arc::new(darkroom::EngineDarkroom::new()?), messages: messages::from_environment(data)? })
}
