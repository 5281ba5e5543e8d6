//! A gateway as a courier: the webhook that the environment names, else a file in the data folder.

use std::path::{Path, PathBuf};

use async_trait::async_trait;

use crate::backend::{
    gateways::{
        GatewayError, Message, Messages,
        file::FileMessages,
        webhook::{PATIENCE, Secret, Webhook},
    },
    jobs::notify::{Courier, Parcel, Undelivered},
    serve::ServeError,
};

/// The environment variables that choose a webhook.
const WEBHOOK: &str = "ZHAOSHEN_NOTICE_WEBHOOK";
const WEBHOOK_SECRET_FILE: &str = "ZHAOSHEN_NOTICE_WEBHOOK_SECRET_FILE";
/// The file of the `file` gateway, in the data folder.
const FILE: &str = "notices.jsonl";

/// One way out.
pub struct Gateway(Box<dyn Messages>);

impl Gateway {
    /// The way that the environment names.
    ///
    /// # Errors
    /// When its settings make no sense, or the file cannot be written.
    pub fn from_environment(data: &Path) -> Result<Gateway, ServeError> {
        let wrong = |what: &str, error: String| ServeError::Parts(format!("{what}: {error}"));
        match std::env::var(WEBHOOK) {
            Ok(address) => {
                let secret = std::env::var_os(WEBHOOK_SECRET_FILE).map(PathBuf::from);
                let secret = secret.ok_or_else(|| wrong(WEBHOOK_SECRET_FILE, "needed beside the webhook's address".to_owned()))?;
                let secret = Secret::read(&secret).map_err(|error| wrong(WEBHOOK_SECRET_FILE, error.to_string()))?;
                let webhook = Webhook::new(&address, secret, PATIENCE).map_err(|error| wrong(WEBHOOK, error.to_string()))?;
                Ok(Gateway(Box::new(webhook)))
            }
            Err(_) => {
                let file = FileMessages::open(&data.join(FILE)).map_err(|error| wrong(FILE, error.to_string()))?;
                Ok(Gateway(Box::new(file)))
            }
        }
    }
}

#[async_trait]
impl Courier for Gateway {
    fn name(&self) -> &'static str {
        self.0.name()
    }

    async fn carry(&self, parcel: &Parcel) -> Result<String, Undelivered> {
        let message = Message::new(parcel.notice, Some(parcel.phone.clone()), parcel.kind, parcel.title.clone(), parcel.body.clone())
            .map_err(|_| Undelivered::Permanent { code: "message_too_long".to_owned() })?;
        match self.0.send(&message).await {
            Ok(receipt) => Ok(if receipt.repeated { "repeated".to_owned() } else { "taken".to_owned() }),
            Err(GatewayError::Passing { code }) => Err(Undelivered::Passing { code: code.to_owned() }),
            Err(GatewayError::Permanent { code }) => Err(Undelivered::Permanent { code: code.to_owned() }),
        }
    }
}
