//! What a storage really guarantees, found out at the start: products that speak S3 differ in what they keep.

use super::{BlobError, Blobs, Kept, bucket::Created};
use crate::backend::vault::{self, hexadecimal};

/// What the storage was seen to do. What it must do (give back what was written, forget what was removed) is no field: a storage that does
/// not is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
pub struct Guarantees {
    /// A second write of a name is refused, so that a blob cannot even be replaced by an equal one.
    pub immutable: bool,
    /// What was just written is in the next listing.
    pub listed_at_once: bool,
}

pub async fn probe(blobs: &Blobs) -> Result<Guarantees, BlobError> {
    let once = vault::random::<64>()?;
    let name = hexadecimal(&vault::sha256(&[b"probe", &once]));
    let seen = try_out(blobs, &name, &once).await;
    // Whatever was found, nothing stays behind.
    let removed = blobs.remove(&name).await;
    let seen = seen?;
    removed?;
    match blobs.get_sealed(&name).await {
        Err(BlobError::Missing) => Ok(seen),
        Ok(_) => Err(BlobError::Unfit("it still gives what was removed")),
        Err(error) => Err(error),
    }
}

async fn try_out(blobs: &Blobs, name: &str, once: &[u8]) -> Result<Guarantees, BlobError> {
    blobs.put_sealed(name, once.to_vec()).await?;
    match blobs.get_sealed(name).await {
        Ok(back) if back == once => {}
        Ok(_) => return Err(BlobError::Unfit("it gives back something else than was written")),
        Err(BlobError::Missing) => return Err(BlobError::Unfit("it does not give back what was just written")),
        Err(error) => return Err(error),
    }
    Ok(match &blobs.kept {
        // A file that is there is never written again, and a folder lists what it holds.
        Kept::InFolder(_) => Guarantees { immutable: true, listed_at_once: true },
        Kept::InBucket(bucket) => Guarantees {
            immutable: bucket.create(name, once.to_vec()).await? == Created::WasThere,
            listed_at_once: bucket.lists(name).await?,
        },
    })
}
