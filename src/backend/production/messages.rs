//! The way out for notices: the webhook that the environment names, else a file in the data folder.

use std::{
    path::{Path, PathBuf},
    sync::Arc,
};

use crate::backend::{
    gateways::{
        Messages,
        file::FileMessages,
        webhook::{PATIENCE, Secret, Webhook},
    },
    serve::ServeError,
};

/// The environment variables that choose a webhook.
const WEBHOOK: &str = "ZHAOSHEN_NOTICE_WEBHOOK";
const WEBHOOK_SECRET_FILE: &str = "ZHAOSHEN_NOTICE_WEBHOOK_SECRET_FILE";
/// The file of the `file` gateway, in the data folder.
const FILE: &str = "notices.jsonl";

/// The gateway that the environment names.
///
/// # Errors
/// When its settings make no sense, or the file cannot be written.
pub fn from_environment(data: &Path) -> Result<Arc<dyn Messages>, ServeError> {
    let wrong = |what: &str, error: String| ServeError::Parts(format!("{what}: {error}"));
    let Ok(address) = std::env::var(WEBHOOK) else {
        let file = FileMessages::open(&data.join(FILE)).map_err(|error| wrong(FILE, error.to_string()))?;
        return Ok(Arc::new(file));
    };
    let secret = std::env::var_os(WEBHOOK_SECRET_FILE).map(PathBuf::from);
    let secret = secret.ok_or_else(|| wrong(WEBHOOK_SECRET_FILE, "needed beside the webhook's address".to_owned()))?;
    let secret = Secret::read(&secret).map_err(|error| wrong(WEBHOOK_SECRET_FILE, error.to_string()))?;
    let webhook = Webhook::new(&address, secret, PATIENCE).map_err(|error| wrong(WEBHOOK, error.to_string()))?;
    Ok(Arc::new(webhook))
}
