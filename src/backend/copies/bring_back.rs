//! Brings a copy back into an empty folder: looked through before, looked through after, and told plainly what is wrong.

use std::{
    fs::{self, File},
    path::Path,
};

use futures_util::{StreamExt as _, TryStreamExt as _, stream};

use super::{
    AT_ONCE, CopyError, DATABASE, Fault, KEY, PICTURES, What,
    files::{self, Sum},
    manifest::{LIST, List, Listed, Manifest, path_of},
};
use crate::backend::{
    blobs::{BlobError, SealedBlobs},
    folder::{self, make_private},
    store::{
        database::newest_version,
        file::{self, HouseFile},
    },
    whereabouts::Whereabouts,
};

/// What the lock of a data folder is called.
const LOCK: &str = "lock";
/// Under this name the database comes in; it gets its own when everything else is right.
const UNFINISHED: &str = "zhaoshen.db.restoring";
/// More faults than these say nothing new.
const MOST_FAULTS: usize = 100;
const PAGE: usize = 1000;

/// A copy that was brought back.
#[derive(Debug)]
pub struct BroughtBack {
    pub manifest: Manifest,
    /// Whether the master key is where the house looks for it; it is then the right one.
    pub key_is_there: bool,
}

/// Brings a copy back. The folder may hold the master key and nothing else.
///
/// # Errors
/// When the copy is damaged or newer than this program, the folder or the storage of pictures is not empty, the key there is another one, or
/// something cannot be written. Unless everything was right there is no database in the folder, so that nothing is served from it.
pub async fn bring_back(copy: &Path, whereabouts: &Whereabouts) -> Result<BroughtBack, CopyError> {
    let manifest = Manifest::read(copy)?;
    if manifest.tables > newest_version() {
        return Err(CopyError::Newer);
    }
    let data = &whereabouts.data;
    if !files::is_empty_but_for(data, &[KEY, LOCK]).map_err(files::about(data))? {
        return Err(CopyError::NotEmpty(data.clone()));
    }
    let faults = look_through(copy, &manifest, &SealedBlobs::in_folder(copy.join(PICTURES))).await?;
    if !faults.is_empty() {
        return Err(CopyError::Damaged(faults));
    }
    let key_is_there = key_fits(copy, whereabouts).await?;

    make_private(data).map_err(files::about(data))?;
    let lock = File::options().create(true).truncate(false).write(true).open(data.join(LOCK)).map_err(files::about(data))?;
    folder::take(&lock).await.map_err(|_| CopyError::Locked)?;
    let storage = match &whereabouts.blobs {
        Some(address) => SealedBlobs::at(address)?,
        None => {
            make_private(&data.join(PICTURES)).map_err(files::about(data))?;
            SealedBlobs::in_folder(data.join(PICTURES))
        }
    };
    if !storage.is_empty().await? {
        return Err(CopyError::NotEmpty(data.join(PICTURES)));
    }
    bring_pictures(copy, &storage).await?;
    let (from, unfinished) = (copy.join(DATABASE), data.join(UNFINISHED));
    files::on_a_thread(&unfinished, move |unfinished| {
        std::io::copy(&mut File::open(from)?, &mut files::create(&unfinished)?)?;
        files::keep(&unfinished)
    })
    .await?;

    let mut faults = vec![];
    let database = files::on_a_thread(&unfinished, |unfinished| Sum::of_file(&unfinished)).await?;
    if database != manifest.database {
        faults.push(Fault { path: DATABASE.into(), what: What::Changed });
    }
    look_at_pictures(copy, &storage, &mut faults).await?;
    if !faults.is_empty() {
        return Err(CopyError::NotAsCopied(faults));
    }
    file::end_sessions(&unfinished).await?;
    let data = data.clone();
    files::on_a_thread(&unfinished, move |unfinished| {
        files::keep(&unfinished)?;
        fs::rename(&unfinished, data.join(DATABASE))?;
        files::sync_folder(&data)
    })
    .await?;
    Ok(BroughtBack { manifest, key_is_there })
}

/// Holds a copy against its manifest, and its database against the list of its pictures.
async fn look_through(copy: &Path, manifest: &Manifest, pictures: &SealedBlobs) -> Result<Vec<Fault>, CopyError> {
    let mut faults = vec![];
    for (name, sum) in [(DATABASE, &manifest.database), (LIST, &manifest.pictures.list)] {
        let path = copy.join(name);
        if !path.is_file() {
            faults.push(Fault { path: name.into(), what: What::Missing });
        } else if files::on_a_thread(&path, |path| Sum::of_file(&path)).await? != *sum {
            faults.push(Fault { path: name.into(), what: What::Changed });
        }
    }
    // A list that cannot be trusted says nothing about the pictures.
    if !faults.is_empty() {
        return Ok(faults);
    }
    look_at_pictures(copy, pictures, &mut faults).await?;
    let mut house = HouseFile::open_finished(&copy.join(DATABASE)).await?;
    if house.fault().await?.is_some() || house.version() != manifest.tables {
        faults.push(Fault { path: DATABASE.into(), what: What::Broken });
    } else {
        find_unlisted(copy, manifest, &mut house, &mut faults).await?;
    }
    house.close().await;
    Ok(faults)
}

/// Reads every listed picture out of a storage.
async fn look_at_pictures(copy: &Path, storage: &SealedBlobs, faults: &mut Vec<Fault>) -> Result<(), CopyError> {
    let mut list = List::open(copy)?;
    while faults.len() < MOST_FAULTS {
        let page = list.page(PAGE)?;
        if page.is_empty() {
            break;
        }
        let looked: Vec<Option<Fault>> = stream::iter(page).map(|listed| look_at(storage, listed)).buffered(AT_ONCE).try_collect().await?;
        faults.extend(looked.into_iter().flatten());
    }
    Ok(())
}

async fn look_at(storage: &SealedBlobs, listed: Listed) -> Result<Option<Fault>, CopyError> {
    let what = match storage.get(&listed.name).await {
        Ok(sealed) if Sum::of(&sealed).sha256 == listed.sha256 => return Ok(None),
        Ok(_) => What::Changed,
        Err(BlobError::Missing) => What::Missing,
        Err(error) => return Err(error.into()),
    };
    Ok(Some(Fault { path: path_of(&listed.name), what }))
}

/// The names in the database and those in the list have the same order.
async fn find_unlisted(copy: &Path, manifest: &Manifest, house: &mut HouseFile, faults: &mut Vec<Fault>) -> Result<(), CopyError> {
    let mut list = List::open(copy)?;
    let mut listed = list.next()?;
    let mut last = String::new();
    while faults.len() < MOST_FAULTS {
        let names = house.pictures_after(&last, 1000).await?;
        let Some(newest) = names.last() else { break };
        last.clone_from(newest);
        for name in &names {
            while listed.as_ref().is_some_and(|listed| listed.name < *name) {
                listed = list.next()?;
            }
            let told = || manifest.absent.iter().any(|absent| absent.name == *name);
            if listed.as_ref().is_none_or(|listed| listed.name != *name) && !told() {
                faults.push(Fault { path: path_of(name), what: What::Unlisted });
            }
        }
    }
    Ok(())
}

async fn bring_pictures(copy: &Path, storage: &SealedBlobs) -> Result<(), CopyError> {
    let (mut list, from) = (List::open(copy)?, SealedBlobs::in_folder(copy.join(PICTURES)));
    loop {
        let page = list.page(PAGE)?;
        if page.is_empty() {
            return Ok(());
        }
        let bringing = stream::iter(page).map(|listed| bring(&from, storage, listed));
        bringing.buffer_unordered(AT_ONCE).try_collect::<Vec<()>>().await?;
    }
}

async fn bring(from: &SealedBlobs, to: &SealedBlobs, listed: Listed) -> Result<(), BlobError> {
    to.put(&listed.name, from.get(&listed.name).await?).await
}

/// Whether the master key is there. A wrong one is told before anything is written.
async fn key_fits(copy: &Path, whereabouts: &Whereabouts) -> Result<bool, CopyError> {
    let Some(master) = whereabouts.master_key().map_err(CopyError::Vault)? else { return Ok(false) };
    let mut house = HouseFile::open_finished(&copy.join(DATABASE)).await?;
    let fits = house.opens_with(master).await?;
    house.close().await;
    if fits { Ok(true) } else { Err(CopyError::OtherKey) }
}
