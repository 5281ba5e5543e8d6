//! Takes a copy, beside whoever serves the house.

use std::{
    collections::BTreeSet,
    fs,
    io::{self, Write as _},
    path::{Path, PathBuf},
};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};
use jiff::Timestamp;

use super::{
    AT_ONCE, CopyError, DATABASE, PICTURES,
    files::{self, Sum},
    manifest::{Absent, FORMAT, LIST, List, Listed, Manifest, Pictures, Why, path_of},
};
use crate::backend::{
    blobs::{BlobError, SealedBlobs},
    folder::make_private,
    store::file::HouseFile,
    whereabouts::Whereabouts,
};

/// Names of pictures that are asked for at once.
const PAGE: u32 = 1000;

/// Copies the house into a new folder. With the copy before, pictures that it has are shared with it (as files of two names) instead of read
/// again.
///
/// # Errors
/// When there is no house, the folder is not empty, the disk is full, or something cannot be read. What was written until then has no manifest.
pub async fn take(whereabouts: &Whereabouts, to: &Path, before: Option<&Path>, now: Timestamp) -> Result<Manifest, CopyError> {
    let served = whereabouts.data.join(DATABASE);
    if !served.is_file() {
        return Err(CopyError::NoHouse(whereabouts.data.clone()));
    }
    let mut before = match before {
        Some(before) => Some(Before::open(before).await?),
        None => None,
    };
    prepare(to, &whereabouts.data)?;
    let storage = match &whereabouts.blobs {
        Some(address) => SealedBlobs::at(address)?,
        None => SealedBlobs::in_folder(whereabouts.data.join(PICTURES)),
    };

    let mut live = HouseFile::open(&served).await?;
    let copied = to.join(DATABASE);
    live.copy_to(&copied).await?;
    let database = files::on_a_thread(&copied, |copied| {
        files::keep(&copied)?;
        Sum::of_file(&copied)
    })
    .await?;

    let mut house = HouseFile::open_finished(&copied).await?;
    let keys = house.sealing_keys().await?;
    // What is sealed with a key that the house has no more would open for nobody.
    before = before.filter(|before| before.keys.is_subset(&keys));
    let list = to.join(LIST);
    let mut list_file = io::BufWriter::new(files::create(&list).map_err(files::about(&list))?);
    let mut pictures = Pictures { number: 0, bytes: 0, shared: 0, list: Sum::of(b"") };
    let mut absent = vec![];
    let mut last = String::new();
    loop {
        let names = house.pictures_after(&last, PAGE).await?;
        let Some(newest) = names.last() else { break };
        last.clone_from(newest);
        let known = names.into_iter().map(|name| Ok((before.as_mut().map(|before| before.sum(&name)).transpose()?.flatten(), name)));
        let known = known.collect::<Result<Vec<_>, CopyError>>()?;
        let folder = before.as_ref().map(|before| before.copy.as_path());
        let copying = known.into_iter().map(|(sum, name)| copy(&storage, to, folder.zip(sum), name));
        let copied: Vec<(String, Option<Copied>)> = stream::iter(copying).buffered(AT_ONCE).try_collect().await?;
        for (name, copied) in copied {
            let Some(Copied { sum, shared }) = copied else {
                let why = if live.names_picture(&name).await? { Why::Missing } else { Why::Removed };
                absent.push(Absent { name, why });
                continue;
            };
            pictures.number += 1;
            pictures.bytes += sum.bytes;
            pictures.shared += u64::from(shared);
            let line = Listed { name, sha256: sum.sha256 }.line();
            list_file.write_all(line.as_bytes()).map_err(files::about(&list))?;
        }
    }
    // Pictures are sealed anew when keys change: some of those copied last may need a key that the copied database does not have.
    let changed = live.sealing_keys().await? != keys;
    live.close().await;
    if changed {
        return Err(CopyError::Keys);
    }
    list_file.into_inner().map_err(io::IntoInnerError::into_error).and_then(|file| file.sync_all()).map_err(files::about(&list))?;
    pictures.list = files::on_a_thread(&list, |list| Sum::of_file(&list)).await?;
    let (tables, counts) = (house.version(), house.counts().await?);
    house.close().await;
    let program = env!("CARGO_PKG_VERSION").to_owned();
    let manifest = Manifest { format: FORMAT, program, tables, made_at: now, database, pictures, counts, absent };
    let last = manifest.clone();
    files::on_a_thread(to, move |to| {
        sync_pictures(&to.join(PICTURES))?;
        last.write(&to)
    })
    .await?;
    Ok(manifest)
}

/// Makes the folder of the copy, which holds nothing yet and is not part of what is copied.
fn prepare(to: &Path, data: &Path) -> Result<(), CopyError> {
    if !files::is_empty_but_for(to, &[]).map_err(files::about(to))? {
        return Err(CopyError::NotEmpty(to.to_owned()));
    }
    let pictures = to.join(PICTURES);
    make_private(&pictures).map_err(files::about(to))?;
    let inside = fs::canonicalize(to).and_then(|to| Ok(to.starts_with(fs::canonicalize(data)?))).map_err(files::about(to))?;
    if inside {
        let _ = fs::remove_dir(&pictures).and_then(|()| fs::remove_dir(to));
        return Err(CopyError::Inside);
    }
    (0..=u8::MAX).try_for_each(|part| make_private(&pictures.join(format!("{part:02x}")))).map_err(files::about(to))
}

fn sync_pictures(pictures: &Path) -> io::Result<()> {
    for folder in fs::read_dir(pictures)? {
        files::sync_folder(&folder?.path())?;
    }
    files::sync_folder(pictures)
}

/// A picture that was copied.
struct Copied {
    sum: Sum,
    shared: bool,
}

/// Copies one picture; `None` where the storage has none of its name.
async fn copy(
    storage: &SealedBlobs,
    to: &Path,
    before: Option<(&Path, String)>,
    name: String,
) -> Result<(String, Option<Copied>), CopyError> {
    let path = to.join(path_of(&name));
    if let Some((before, sha256)) = before {
        let old = before.join(path_of(&name));
        // Where they are on two disks, or the file is gone, it is read from the storage again.
        let linked = files::on_a_thread(&path, move |path| fs::hard_link(&old, &path).and_then(|()| Ok(fs::metadata(&path)?.len()))).await;
        if let Ok(bytes) = linked {
            return Ok((name, Some(Copied { sum: Sum { bytes, sha256 }, shared: true })));
        }
    }
    let sealed = match storage.get(&name).await {
        Ok(sealed) => sealed,
        Err(BlobError::Missing) => return Ok((name, None)),
        Err(error) => return Err(error.into()),
    };
    let sum = files::on_a_thread(&path, move |path| {
        files::write(&path, &sealed)?;
        Ok(Sum::of(&sealed))
    })
    .await?;
    Ok((name, Some(Copied { sum, shared: false })))
}

/// The copy before, whose list is read along with the names, which have the same order.
struct Before {
    copy: PathBuf,
    list: List,
    next: Option<Listed>,
    keys: BTreeSet<i64>,
}

impl Before {
    async fn open(copy: &Path) -> Result<Before, CopyError> {
        Manifest::read(copy)?;
        let mut house = HouseFile::open_finished(&copy.join(DATABASE)).await?;
        let keys = house.sealing_keys().await?;
        house.close().await;
        let mut list = List::open(copy)?;
        let next = list.next()?;
        Ok(Before { copy: copy.to_owned(), list, next, keys })
    }

    /// What the copy before knows a picture by, if it has it.
    fn sum(&mut self, name: &str) -> Result<Option<String>, CopyError> {
        while self.next.as_ref().is_some_and(|next| next.name.as_str() < name) {
            self.next = self.list.next()?;
        }
        Ok(self.next.as_ref().filter(|next| next.name == name).map(|next| next.sha256.clone()))
    }
}
