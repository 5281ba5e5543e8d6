//! Holds every picture in the storage against what the database says of it, a part of the names at a time: what is missing, what does not open
//! or is another content than its name was made of, and what nothing refers to.
//!
//! Reads beside whoever serves the house. Removes only what was left over long enough that nobody can still be at it.

use std::{collections::BTreeMap, time::Duration};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    blobs::{BlobError, BlobKind, Blobs, ListedBlob},
    store::{
        StoreError,
        keys::KeyKeeping,
        upkeep::{NamedPicture, Upkeep},
    },
    vault::VaultError,
};

/// A blob that nothing refers to may be about to be named as long as it is younger.
const LEFT_OVER: Duration = Duration::from_hours(24);
/// Clocks of storage and database may differ by this much.
const CLOCKS_DIFFER: Duration = Duration::from_hours(1);
const PAGE: u32 = 1000;
/// Pictures that are opened at once; each is in memory whole.
const AT_ONCE: usize = 4;

/// Something that is not as it should be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Finding {
    /// The database names it, the storage does not have it.
    Missing { name: String, attempt: Uuid, kind: BlobKind },
    /// It does not open, or is not the content that its name was made of.
    Damaged { name: String, attempt: Uuid, kind: BlobKind },
    /// Nothing refers to it.
    Orphan { name: String, bytes: u64, removed: bool },
}

/// What was looked at and found.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
pub struct Looked {
    /// Pictures that the database names.
    pub named: u64,
    /// Bytes of those that are as they should be.
    pub bytes: u64,
    pub missing: u64,
    pub damaged: u64,
    pub orphans: u64,
    /// Of the orphans, those that were removed.
    pub removed: u64,
    /// What nothing refers to yet, but may soon.
    pub young: u64,
}

/// Why nobody can say how the pictures are.
#[derive(Debug, thiserror::Error)]
pub enum UpkeepError {
    #[error(transparent)]
    Store(#[from] StoreError),
    #[error(transparent)]
    Blobs(#[from] BlobError),
}

impl Looked {
    /// Counts what was left over, and tells of it.
    fn left_over(&mut self, blob: ListedBlob, removed: bool) -> Finding {
        self.orphans += 1;
        self.removed += u64::from(removed);
        Finding::Orphan { name: blob.name, bytes: blob.bytes, removed }
    }
}

/// Looks at every picture; `found` is told of each that is not as it should be. Orphans are removed where that is asked for.
///
/// # Errors
/// When database or storage fail.
pub async fn look_at_all<S: Upkeep + KeyKeeping>(
    store: &S,
    blobs: &Blobs,
    now: Timestamp,
    remove_orphans: bool,
    found: &mut dyn FnMut(&Finding),
) -> Result<Looked, UpkeepError> {
    // Nobody writes a blob and has it named a day later but the machine, for a photo that waits that long for it.
    let waits_since = store.machine_waits_since().await?.map_or(now, |since| since - CLOCKS_DIFFER);
    let left_over = (now - LEFT_OVER).min(waits_since).as_microsecond();
    let mut looked = Looked::default();
    for part in 0..=u8::MAX {
        let mut unnamed: BTreeMap<String, ListedBlob> =
            blobs.sealed().list_part(part).await?.into_iter().map(|blob| (blob.name.clone(), blob)).collect();
        let below = part.checked_add(1).map_or_else(|| "g".to_owned(), |next| format!("{next:02x}"));
        let mut after = format!("{part:02x}");
        loop {
            let pictures = store.named_pictures(&after, &below, PAGE).await?;
            let Some(last) = pictures.last() else { break };
            after.clone_from(&last.name);
            looked.named += pictures.len() as u64;
            for picture in &pictures {
                unnamed.remove(&picture.name);
            }
            let looks = stream::iter(pictures).map(|picture| look_at(store, blobs, picture, now)).buffered(AT_ONCE);
            for (picture, seen) in looks.try_collect::<Vec<_>>().await? {
                let NamedPicture { name, attempt, kind, bytes, .. } = picture;
                let finding = match seen {
                    Seen::Whole => {
                        looked.bytes += bytes;
                        continue;
                    }
                    Seen::Gone => continue,
                    Seen::Missing => Finding::Missing { name, attempt, kind },
                    Seen::Damaged => Finding::Damaged { name, attempt, kind },
                };
                looked.missing += u64::from(matches!(finding, Finding::Missing { .. }));
                looked.damaged += u64::from(matches!(finding, Finding::Damaged { .. }));
                found(&finding);
            }
        }
        for blob in unnamed.into_values() {
            // Listed before the database was asked, so it may have been named since.
            if store.is_named(&blob.name).await? {
                continue;
            }
            if blob.written_at >= left_over {
                looked.young += 1;
                continue;
            }
            if remove_orphans {
                blobs.remove(&blob.name).await?;
            }
            found(&looked.left_over(blob, remove_orphans));
        }
        for blob in blobs.sealed().list_unfinished(part).await? {
            // Nobody writes for hours, however long the machine is behind.
            if blob.written_at >= (now - LEFT_OVER).as_microsecond() {
                looked.young += 1;
                continue;
            }
            if remove_orphans {
                blobs.sealed().remove_unfinished(part, &blob.name).await?;
            }
            found(&looked.left_over(blob, remove_orphans));
        }
    }
    Ok(looked)
}

/// What was seen of a picture.
enum Seen {
    Whole,
    Missing,
    Damaged,
    /// Removed in the meantime, by the database too.
    Gone,
}

async fn look_at<S: Upkeep + KeyKeeping>(
    store: &S,
    blobs: &Blobs,
    picture: NamedPicture,
    now: Timestamp,
) -> Result<(NamedPicture, Seen), UpkeepError> {
    let mut read = blobs.get(&picture.name).await;
    if matches!(read, Err(BlobError::Vault(VaultError::UnknownKey(_)))) {
        // Another process may have brought it in meanwhile.
        store.refresh_keys(now).await?;
        read = blobs.get(&picture.name).await;
    }
    let seen = match read {
        Ok(content) => {
            let is_itself = content.len() as u64 == picture.bytes && blobs.is_named(&picture.name, picture.attempt, picture.kind, &content);
            if is_itself { Seen::Whole } else { Seen::Damaged }
        }
        Err(BlobError::Missing) => Seen::Missing,
        // Where the number of its key is damaged, that key is unknown.
        Err(BlobError::Vault(VaultError::Sealed | VaultError::UnknownKey(_))) => Seen::Damaged,
        Err(error) => return Err(error.into()),
    };
    let gone = !matches!(seen, Seen::Whole) && !store.is_wanted(&picture.name).await?;
    Ok((picture, if gone { Seen::Gone } else { seen }))
}
