//! Where a user's own state lies: the outbox and bundles.

use std::path::PathBuf;

use crate::api::problem::Problem;

/// The folder for what must outlive a session: `ZHAOSHEN_STATE_DIR`, else the platform's.
///
/// # Errors
/// `no_state_folder` for a user without a home.
pub fn folder() -> Result<PathBuf, Problem> {
    let platforms = || {
        let folders = directories::ProjectDirs::from("", "", "zhaoshen")?;
        Some(folders.state_dir().unwrap_or_else(|| folders.data_local_dir()).to_owned())
    };
    let named = std::env::var_os("ZHAOSHEN_STATE_DIR").filter(|folder| !folder.is_empty()).map(PathBuf::from);
    named.or_else(platforms).ok_or_else(|| Problem::new(0, "no_state_folder", "the user has no home"))
}
