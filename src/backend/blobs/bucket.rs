//! Blobs in S3-compatible storage. A blob is written where none of its name is, as far as the storage honours that; where it does not, the
//! same plain content is sealed and written once more, which harms nobody.

use std::{env, fs, sync::Arc, time::Duration};

use futures_util::{StreamExt as _, TryStreamExt as _};
use object_store::{
    BackoffConfig, ClientOptions, Error, ObjectStore, ObjectStoreExt as _, PutMode, PutOptions, RetryConfig,
    aws::{AmazonS3Builder, S3ConditionalPut},
    path::Path,
};

use super::{BlobError, ListedBlob, address::BucketAddress, is_name};

/// The longest that one request may take, its repetitions not counted.
const REQUEST: Duration = Duration::from_secs(20);
/// The longest that a request is repeated.
const REPEATED: Duration = Duration::from_secs(15);

/// A bucket, or a part of one.
#[derive(Debug, Clone)]
pub struct Bucket {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
}

impl Bucket {
    /// Opens the bucket with the credentials of the environment (`AWS_ACCESS_KEY_ID`, `AWS_SECRET_ACCESS_KEY`, or files that the same names
    /// with `_FILE` name). Asks nothing of the storage yet.
    pub fn open(address: &BucketAddress) -> Result<Bucket, BlobError> {
        let plain = address.endpoint.as_ref().is_some_and(|endpoint| endpoint.starts_with("http://"));
        let mut builder = AmazonS3Builder::new()
            .with_bucket_name(&address.bucket)
            .with_region(&address.region)
            .with_conditional_put(S3ConditionalPut::ETagMatch)
            .with_access_key_id(secret("AWS_ACCESS_KEY_ID")?)
            .with_secret_access_key(secret("AWS_SECRET_ACCESS_KEY")?)
            .with_client_options(
                ClientOptions::new().with_timeout(REQUEST).with_connect_timeout(Duration::from_secs(3)).with_allow_http(plain),
            )
            .with_retry(RetryConfig { max_retries: 5, retry_timeout: REPEATED, backoff: BackoffConfig::default() });
        if let Some(endpoint) = &address.endpoint {
            builder = builder.with_endpoint(endpoint);
        }
        let store = builder.build().map_err(|error| BlobError::from(&error))?;
        Ok(Bucket { store: Arc::new(store), prefix: Path::from(address.prefix.as_str()) })
    }

    pub async fn put(&self, name: &str, sealed: Vec<u8>) -> Result<(), BlobError> {
        match self.create(name, sealed.clone()).await? {
            Created::Yes | Created::WasThere => Ok(()),
            Created::NotOffered => self.replace(name, sealed).await,
        }
    }

    /// Writes, whatever of the name is there.
    pub async fn replace(&self, name: &str, sealed: Vec<u8>) -> Result<(), BlobError> {
        self.store.put(&self.path(name), sealed.into()).await.map(|_| ()).map_err(|error| BlobError::from(&error))
    }

    /// Writes where nothing of the name is.
    pub async fn create(&self, name: &str, sealed: Vec<u8>) -> Result<Created, BlobError> {
        let options = PutOptions { mode: PutMode::Create, ..PutOptions::default() };
        match self.store.put_opts(&self.path(name), sealed.into(), options).await {
            Ok(_) => Ok(Created::Yes),
            Err(Error::AlreadyExists { .. } | Error::Precondition { .. }) => Ok(Created::WasThere),
            Err(Error::NotImplemented { .. } | Error::NotSupported { .. }) => Ok(Created::NotOffered),
            Err(error) => Err(BlobError::from(&error)),
        }
    }

    pub async fn get(&self, name: &str) -> Result<Vec<u8>, BlobError> {
        let found = self.store.get(&self.path(name)).await.map_err(|error| BlobError::from(&error))?;
        let bytes = found.bytes().await.map_err(|error| BlobError::from(&error))?;
        Ok(bytes.to_vec())
    }

    pub async fn remove(&self, name: &str) -> Result<(), BlobError> {
        match self.store.delete(&self.path(name)).await {
            Ok(()) | Err(Error::NotFound { .. }) => Ok(()),
            Err(error) => Err(BlobError::from(&error)),
        }
    }

    pub async fn list(&self) -> Result<Vec<ListedBlob>, BlobError> {
        self.list_below(&self.prefix).await
    }

    /// What lies in one of the folders below; nothing where there is none.
    pub async fn list_part(&self, folder_name: &str) -> Result<Vec<ListedBlob>, BlobError> {
        self.list_below(&self.below(folder_name)).await
    }

    async fn list_below(&self, place: &Path) -> Result<Vec<ListedBlob>, BlobError> {
        let listed = self.store.list(Some(place)).map_err(|error| BlobError::from(&error));
        listed
            .try_filter_map(|object| async move {
                let name = object.location.filename().unwrap_or_default().to_owned();
                Ok(is_name(&name).then(|| ListedBlob { name, bytes: object.size, written_at: object.last_modified.timestamp_micros() }))
            })
            .boxed()
            .try_collect()
            .await
    }

    /// Whether a listing has the name; looks at its neighbourhood only.
    pub async fn lists(&self, name: &str) -> Result<bool, BlobError> {
        let (folder, before) = (self.path(name), self.path(name).to_string());
        let folder = Path::from(folder.as_ref().rsplit_once('/').map_or("", |(folder, _)| folder));
        let mut listed = self.store.list_with_offset(Some(&folder), &Path::from(&before[..before.len() - 1]));
        while let Some(object) = listed.next().await {
            let object = object.map_err(|error| BlobError::from(&error))?;
            match object.location.filename().unwrap_or_default() {
                found if found == name => return Ok(true),
                // Listings are in order: it is not there any more.
                found if found > name => return Ok(false),
                _ => {}
            }
        }
        Ok(false)
    }

    fn path(&self, name: &str) -> Path {
        let folder = if is_name(name) { &name[..2] } else { "no" };
        self.below(&format!("{folder}/{name}"))
    }

    fn below(&self, path: &str) -> Path {
        [self.prefix.as_ref(), path].into_iter().filter(|part| !part.is_empty()).collect::<Vec<_>>().join("/").into()
    }
}

/// What came of writing where nothing is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Created {
    Yes,
    WasThere,
    /// The storage says that it cannot do this.
    NotOffered,
}

/// Addresses and answers of the storage stay out of the message: what they hold is not known.
impl From<&Error> for BlobError {
    fn from(error: &Error) -> BlobError {
        tracing::debug!(%error, "the storage of pictures answered");
        match error {
            Error::NotFound { .. } => BlobError::Missing,
            Error::PermissionDenied { .. } | Error::Unauthenticated { .. } => BlobError::Denied,
            Error::Generic { .. } => BlobError::Away,
            _ => BlobError::File("the storage of pictures does not do what it was asked".into()),
        }
    }
}

fn secret(name: &str) -> Result<String, BlobError> {
    if let Ok(value) = env::var(name) {
        return Ok(value);
    }
    let file = env::var_os(format!("{name}_FILE")).ok_or(BlobError::Denied)?;
    Ok(fs::read_to_string(file).map_err(|_| BlobError::Denied)?.trim().to_owned())
}
