//! Taking photos along: reserve them, download what the desk shows of each, seal it into one file.
//!
//! The file has its name only when it is whole: until then it is `.NAME.taking` beside it, which the next try begins anew. The intention is
//! written down before the server is asked, and keeps its id through every try: what was reserved once is not reserved twice.

use std::{
    fs::{self, File, OpenOptions},
    io,
    path::{Path, PathBuf},
    time::Duration,
};

use futures_util::{StreamExt as _, stream};
use jiff::Timestamp;
use uuid::Uuid;

use super::{
    Index, KINDS, Photo, SHORTEST_PASSPHRASE, code, is_signed,
    register::{Device, Record, Register, sync_folder},
    sealed::{Hardness, SealError, Secrets, Writer, random},
};
use crate::{
    api::{
        bundle::{BundleItem, NewBundle, SignedBundle},
        people::User,
        problem::{self, Problem},
        progress::UnitProgress,
        submission::{PictureKind, Submission},
    },
    client::http::{Http, asked_to_wait, is_passing},
};

/// Photos downloaded at once.
const AT_ONCE: usize = 4;
/// How often a download is tried, and the first pause between two tries.
const TRIES: u32 = 4;
const PAUSE: Duration = Duration::from_millis(500);

/// What is to be taken along, and where to.
#[derive(Debug, Clone)]
pub struct Wanted {
    pub season: String,
    pub unit: String,
    pub count: u16,
    pub file: PathBuf,
    pub hardness: Hardness,
}

/// What was taken.
#[derive(Debug, Clone)]
pub struct Taken {
    pub signed: SignedBundle,
    /// In the file.
    pub photos: usize,
    /// Reserved, but changed or gone before they were downloaded.
    pub left_out: usize,
}

/// Takes photos along. `told` hears how many photos of how many are here.
///
/// # Errors
/// The server's problem, or why the file is not written: nothing half is left then, and the same again goes on with the same photos.
pub async fn take(
    http: &Http,
    register: &Register,
    wanted: &Wanted,
    passphrase: &str,
    now: Timestamp,
    mut told: impl FnMut(usize, usize),
) -> Result<Taken, Problem> {
    if passphrase.chars().count() < SHORTEST_PASSPHRASE {
        return Err(Problem::new(0, code::PASSPHRASE_SHORT, "the passphrase is short").with("shortest", SHORTEST_PASSPHRASE));
    }
    let file = std::path::absolute(&wanted.file).map_err(|error| unwritten(&error))?;
    if file.symlink_metadata().is_ok() {
        return Err(Problem::new(0, code::FILE_EXISTS, "the file exists already"));
    }
    let unfinished = Unfinished::open(&file)?;
    let user = http.me().await?;
    let season = http.seasons().await?.into_iter().find(|season| season.code == wanted.season);
    let season = season.ok_or_else(|| Problem::new(404, problem::code::SEASON_UNKNOWN, "no such season"))?;
    let unit = unit(http, wanted).await?;
    let device = register.device().map_err(|error| unwritten(&error))?;
    let (mut record, signed) = reserve(http, register, &device, wanted, (&file, &user), now).await?;

    let secrets = Secrets { passphrase, device: &device.key, own: &record.key };
    let mut writer = Writer::begin(unfinished.file()?, record.id, device.id, wanted.hardness, secrets).map_err(unsealed)?;
    let items = &signed.statement.items;
    let mut photos = Vec::with_capacity(items.len());
    let portraits = signed.statement.portraits;
    let mut downloads = stream::iter(items).map(|item| download(http, item, portraits)).buffered(AT_ONCE);
    while let Some(download) = downloads.next().await {
        if let Some((detail, pictures)) = download? {
            let bytes = serde_json::to_vec(&detail).map_err(|error| unwritten(&error.into()))?;
            let mut photo = Photo { submission: detail.summary.id, detail: writer.frame(&bytes).map_err(unsealed)?, pictures: vec![] };
            for (kind, bytes) in pictures {
                photo.pictures.push((kind, writer.frame(&bytes).map_err(unsealed)?));
            }
            photos.push(photo);
        }
        told(photos.len(), items.len());
    }
    drop(downloads);
    let (photos_here, left_out) = (photos.len(), items.len() - photos.len());
    let index = Index { server: http.address().to_owned(), user, season, unit, signed: signed.clone(), photos };
    writer.finish(&serde_json::to_vec(&index).map_err(|error| unwritten(&error.into()))?).map_err(unsealed)?;
    unfinished.give_name(&file)?;
    record.complete = true;
    register.keep(&record).map_err(|error| unwritten(&error))?;
    Ok(Taken { signed, photos: photos_here, left_out })
}

/// Asks the server, going on where an earlier try for the same file broke off.
async fn reserve(
    http: &Http,
    register: &Register,
    device: &Device,
    wanted: &Wanted,
    (file, user): (&Path, &User),
    now: Timestamp,
) -> Result<(Record, SignedBundle), Problem> {
    let known = register.all().map_err(|error| unwritten(&error))?.into_iter().find(|record| {
        let same =
            record.server == http.address() && record.user == user.id && record.season == wanted.season && record.unit == wanted.unit;
        same && record.file == file && !record.complete
    });
    let fresh = || -> Result<Record, Problem> {
        Ok(Record {
            id: Uuid::now_v7(),
            server: http.address().to_owned(),
            user: user.id,
            season: wanted.season.clone(),
            unit: wanted.unit.clone(),
            file: file.to_owned(),
            asked_at: now,
            key: random().map_err(unsealed)?,
            signed: None,
            complete: false,
        })
    };
    let resumed = known.is_some();
    let mut record = known.map_or_else(fresh, Ok)?;
    let mut tried_anew = !resumed;
    let signed = loop {
        register.keep(&record).map_err(|error| unwritten(&error))?;
        let asked =
            NewBundle { id: record.id, season: wanted.season.clone(), unit: wanted.unit.clone(), count: wanted.count, device: device.id };
        match http.take_bundle(&asked).await {
            Ok(signed) => break signed,
            // What broke off is over: begin anew.
            Err(over) if !tried_anew && matches!(over.code.as_str(), problem::code::BUNDLE_EXPIRED | problem::code::BUNDLE_ENDED) => {
                register.forget(record.id).map_err(|error| unwritten(&error))?;
                record = fresh()?;
                tried_anew = true;
            }
            // Nothing was reserved, so there is nothing to remember.
            Err(refusal) if !is_passing(&refusal) => {
                register.forget(record.id).map_err(|error| unwritten(&error))?;
                return Err(refusal);
            }
            Err(passing) => return Err(passing),
        }
    };
    let statement = &signed.statement;
    if !is_signed(&signed) || statement.id != record.id || statement.device != device.id || statement.reviewer != user.id {
        return Err(Problem::new(0, problem::code::BUNDLE_FORGED, "the bundle is not what was signed"));
    }
    record.signed = Some(signed.clone());
    register.keep(&record).map_err(|error| unwritten(&error))?;
    Ok((record, signed))
}

async fn unit(http: &Http, wanted: &Wanted) -> Result<UnitProgress, Problem> {
    let progress = http.progress(&wanted.season).await?;
    let found = progress.units.into_iter().find(|unit| unit.unit.as_deref() == Some(&wanted.unit));
    found.ok_or_else(|| Problem::new(404, problem::code::NOT_FOUND, "no such unit"))
}

/// A photo and its pictures; `None` where it changed or went meanwhile.
async fn download(http: &Http, item: &BundleItem, portraits: bool) -> Result<Option<(Submission, Vec<(PictureKind, Vec<u8>)>)>, Problem> {
    let gone = |problem: &Problem| problem.code == problem::code::NOT_FOUND;
    let mut detail = match patiently(async || http.submission(item.submission).await).await {
        Ok(detail) => detail,
        Err(problem) if gone(&problem) => return Ok(None),
        Err(problem) => return Err(problem),
    };
    if detail.summary.version != item.version || detail.rendition != item.rendition {
        return Ok(None);
    }
    detail.pictures.retain(|kind| KINDS.contains(kind) && (portraits || *kind != PictureKind::Portrait));
    let mut pictures = vec![];
    for kind in detail.pictures.clone() {
        match patiently(async || http.picture(item.submission, kind).await).await {
            Ok(bytes) => pictures.push((kind, bytes)),
            Err(problem) if gone(&problem) => detail.pictures.retain(|known| *known != kind),
            Err(problem) => return Err(problem),
        }
    }
    Ok(Some((detail, pictures)))
}

/// Tries again what may work the next time.
async fn patiently<T>(work: impl AsyncFn() -> Result<T, Problem>) -> Result<T, Problem> {
    let mut tried = 0;
    loop {
        tried += 1;
        match work().await {
            Err(problem) if is_passing(&problem) && tried < TRIES => {
                tokio::time::sleep(asked_to_wait(&problem).max(PAUSE * 2u32.pow(tried - 1))).await;
            }
            other => return other,
        }
    }
}

fn unwritten(error: &io::Error) -> Problem {
    Problem::new(0, code::UNWRITTEN, "the bundle cannot be written").with("why", error.kind())
}

fn unsealed(error: SealError) -> Problem {
    match error {
        SealError::Io(error) => unwritten(&error),
        other => other.into(),
    }
}

/// A file without its name. Two processes never write the same; one that was killed leaves it to the next.
struct Unfinished {
    path: PathBuf,
    file: Option<File>,
}

impl Unfinished {
    fn open(target: &Path) -> Result<Unfinished, Problem> {
        let name = target.file_name().ok_or_else(|| unwritten(&io::ErrorKind::InvalidInput.into()))?.to_string_lossy().into_owned();
        let path = target.with_file_name(format!(".{name}.taking"));
        let mut options = OpenOptions::new();
        options.write(true).create(true).truncate(false);
        #[cfg(unix)]
        std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
        let file = options.open(&path).map_err(|error| unwritten(&error))?;
        file.try_lock().map_err(|_| Problem::new(0, code::BUSY, "another process writes the same file"))?;
        file.set_len(0).map_err(|error| unwritten(&error))?;
        Ok(Unfinished { path, file: Some(file) })
    }

    fn file(&self) -> Result<File, Problem> {
        let file = self.file.as_ref().ok_or_else(|| unwritten(&io::ErrorKind::NotFound.into()))?;
        file.try_clone().map_err(|error| unwritten(&error))
    }

    /// Gives the file its name, over nobody's.
    fn give_name(mut self, target: &Path) -> Result<(), Problem> {
        let path = tempfile::TempPath::try_from_path(self.path.clone()).map_err(|error| unwritten(&error))?;
        match path.persist_noclobber(target) {
            Ok(()) => {}
            Err(error) if error.error.kind() == io::ErrorKind::AlreadyExists => {
                return Err(Problem::new(0, code::FILE_EXISTS, "the file exists already"));
            }
            Err(error) => return Err(unwritten(&error.error)),
        }
        self.file = None;
        let folder = target.parent().filter(|folder| !folder.as_os_str().is_empty()).unwrap_or(Path::new("."));
        sync_folder(folder).map_err(|error| unwritten(&error))
    }
}

impl Drop for Unfinished {
    fn drop(&mut self) {
        // Nothing half is left, least of all on a full disk.
        if self.file.take().is_some() {
            let _ = fs::remove_file(&self.path);
        }
    }
}
