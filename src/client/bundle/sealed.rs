//! A sealed file: written in one pass, read at any place, opened only by a passphrase together with a device's key.
//!
//! ```text
//! magic, length, header (JSON: what the key is made with)
//! frame 0   a check: whether the key is the one
//! frame 1…  contents, each sealed for its own place in the order
//! index     sealed, tells where the frames are
//! trailer   where the index is; without it the file was never finished
//! ```
//!
//! AES-256-GCM under a key that no other file has: HKDF-SHA-256 of Argon2id(passphrase), the device's key and the file's own, salted with random
//! bytes. So the count of frames is a nonce that never comes twice. What is authenticated beside each frame is the whole header and what kind of
//! frame it is. Knows files and keys; knows no photo, no network, no clock.

use std::{
    fs::File,
    io::{self, BufReader, BufWriter, Read, Seek, SeekFrom, Write},
    path::Path,
    sync::{Mutex, PoisonError},
};

use argon2::{Algorithm, Argon2, Params, Version};
use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, LessSafeKey, Nonce, UnboundKey},
    digest, hkdf, rand,
};
use serde::{Deserialize, Serialize};
use uuid::Uuid;

const MAGIC: &[u8; 16] = b"zhaoshen bundle\n";
const END: &[u8; 8] = b"bundle.\n";
const CHECK: &[u8] = b"the key is the one";
/// No header is longer.
const LONGEST_HEADER: u32 = 4096;
/// No frame is longer: a picture with room.
const LONGEST_FRAME: u64 = 64 << 20;
/// What a file may ask of this machine to be opened, in KiB and passes.
const MOST_MEMORY: u32 = 1 << 20;
const MOST_PASSES: u32 = 16;

/// Why a sealed file is not read or written.
#[derive(Debug, thiserror::Error)]
pub enum SealError {
    #[error("the file cannot be read or written: {0}")]
    Io(#[from] io::Error),
    #[error("the file is no bundle, or one that was never finished")]
    NotOne,
    #[error("the file was sealed for another device")]
    OtherDevice,
    #[error("the passphrase is another")]
    Locked,
    #[error("the file is damaged")]
    Damaged,
    #[error("the provider of cryptography failed")]
    Provider,
}

/// How hard it is to try passphrases.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hardness {
    pub memory_kib: u32,
    pub passes: u32,
}

impl Default for Hardness {
    /// Some tenths of a second, and memory enough to be no pleasure for those who try many.
    fn default() -> Hardness {
        Hardness { memory_kib: 64 << 10, passes: 3 }
    }
}

/// What must come together: one of them alone opens nothing.
#[derive(Clone, Copy)]
pub struct Secrets<'a> {
    pub passphrase: &'a str,
    /// Never leaves the device.
    pub device: &'a [u8; 32],
    /// The file's own, kept on the device: whoever wipes it has wiped every copy of the file.
    pub own: &'a [u8; 32],
}

/// What is told without any key: nothing of persons or places.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Header {
    pub version: u8,
    pub id: Uuid,
    pub device: Uuid,
    pub hardness: Hardness,
    salt: [u8; 16],
    nonce: [u8; 32],
}

impl Header {
    fn key(&self, secrets: Secrets<'_>) -> Result<LessSafeKey, SealError> {
        let Hardness { memory_kib, passes } = self.hardness;
        if memory_kib > MOST_MEMORY || passes > MOST_PASSES {
            return Err(SealError::NotOne);
        }
        let parameters = Params::new(memory_kib, passes, 1, Some(32)).map_err(|_| SealError::NotOne)?;
        let mut known = [0; 96];
        known[..32].copy_from_slice(secrets.device);
        known[32..64].copy_from_slice(secrets.own);
        Argon2::new(Algorithm::Argon2id, Version::V0x13, parameters)
            .hash_password_into(secrets.passphrase.as_bytes(), &self.salt, &mut known[64..])
            .map_err(|_| SealError::Provider)?;
        let derived = hkdf::Salt::new(hkdf::HKDF_SHA256, &self.nonce).extract(&known);
        known.fill(0);
        let info = [b"zhaoshen bundle file 1".as_slice()];
        let key = derived.expand(&info, &AES_256_GCM).map_err(|_| SealError::Provider)?;
        Ok(LessSafeKey::new(UnboundKey::from(key)))
    }
}

/// What kind of frame is sealed.
#[derive(Clone, Copy)]
enum Kind {
    Frame,
    Index,
}

fn place(header: &[u8], kind: Kind) -> Aad<[u8; 33]> {
    let mut place = [kind as u8; 33];
    place[..32].copy_from_slice(digest::digest(&digest::SHA256, header).as_ref());
    Aad::from(place)
}

fn nonce(number: u64) -> Nonce {
    let mut nonce = [0; 12];
    nonce[4..].copy_from_slice(&number.to_be_bytes());
    Nonce::assume_unique_for_key(nonce)
}

/// Where a frame lies, and its length on disk.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
struct Spot(u64, u64);

/// A sealed file that is being written.
pub struct Writer {
    file: BufWriter<File>,
    key: LessSafeKey,
    header: Vec<u8>,
    at: u64,
    spots: Vec<Spot>,
}

impl Writer {
    /// Begins a sealed file in an empty one.
    ///
    /// # Errors
    /// When it cannot be written, or there is no randomness.
    pub fn begin(file: File, id: Uuid, device: Uuid, hardness: Hardness, secrets: Secrets<'_>) -> Result<Writer, SealError> {
        let header = Header { version: 1, id, device, hardness, salt: random()?, nonce: random()? };
        let key = header.key(secrets)?;
        let bytes = serde_json::to_vec(&header).map_err(io::Error::from)?;
        let mut writer = Writer { file: BufWriter::new(file), key, header: bytes, at: 0, spots: vec![] };
        let length = u32::try_from(writer.header.len()).map_err(|_| SealError::Provider)?.to_le_bytes();
        let start = [MAGIC.as_slice(), &length, &writer.header].concat();
        writer.put(&start)?;
        writer.frame(CHECK)?;
        Ok(writer)
    }

    fn put(&mut self, bytes: &[u8]) -> io::Result<()> {
        self.file.write_all(bytes)?;
        self.at += bytes.len() as u64;
        Ok(())
    }

    fn sealed(&self, plain: &[u8], kind: Kind) -> Result<Vec<u8>, SealError> {
        let mut body = plain.to_vec();
        self.key
            .seal_in_place_append_tag(nonce(self.spots.len() as u64), place(&self.header, kind), &mut body)
            .map_err(|_| SealError::Provider)?;
        Ok(body)
    }

    /// Writes one frame; returns its number.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn frame(&mut self, plain: &[u8]) -> Result<u64, SealError> {
        let body = self.sealed(plain, Kind::Frame)?;
        let spot = Spot(self.at, body.len() as u64);
        self.put(&body)?;
        self.spots.push(spot);
        Ok(self.spots.len() as u64 - 1)
    }

    /// Writes the index and the end; when this returns the file is whole and on disk.
    ///
    /// # Errors
    /// When the file cannot be written.
    pub fn finish(mut self, index: &[u8]) -> Result<(), SealError> {
        let spots = serde_json::to_vec(&self.spots).map_err(io::Error::from)?;
        let plain = [(spots.len() as u64).to_le_bytes().as_slice(), &spots, index].concat();
        let body = self.sealed(&plain, Kind::Index)?;
        let (at, number) = (self.at, self.spots.len() as u64);
        self.put(&body)?;
        let trailer = [at.to_le_bytes().as_slice(), &number.to_le_bytes(), END].concat();
        self.put(&trailer)?;
        self.file.flush()?;
        self.file.get_ref().sync_all()?;
        Ok(())
    }
}

/// A sealed file that was opened.
pub struct Reader {
    file: Mutex<File>,
    key: LessSafeKey,
    header: Vec<u8>,
    spots: Vec<Spot>,
    index: Vec<u8>,
}

/// Reads what a sealed file tells without any key.
///
/// # Errors
/// When it is none.
pub fn header(path: &Path) -> Result<Header, SealError> {
    let (header, _, _) = read_header(&mut BufReader::new(File::open(path)?))?;
    Ok(header)
}

fn read_header(file: &mut impl Read) -> Result<(Header, Vec<u8>, u64), SealError> {
    let mut start = [0; 20];
    file.read_exact(&mut start).map_err(short)?;
    let (magic, length) = start.split_at(MAGIC.len());
    let length = u32::from_le_bytes(length.try_into().map_err(|_| SealError::NotOne)?);
    if magic != MAGIC || length > LONGEST_HEADER {
        return Err(SealError::NotOne);
    }
    let mut bytes = vec![0; length as usize];
    file.read_exact(&mut bytes).map_err(short)?;
    let header: Header = serde_json::from_slice(&bytes).map_err(|_| SealError::NotOne)?;
    if header.version == 1 { Ok((header, bytes, 20 + u64::from(length))) } else { Err(SealError::NotOne) }
}

/// A file that ends too early is none; everything else is the system's to tell.
fn short(error: io::Error) -> SealError {
    if error.kind() == io::ErrorKind::UnexpectedEof { SealError::NotOne } else { SealError::Io(error) }
}

impl Reader {
    /// Opens a sealed file of this device.
    ///
    /// # Errors
    /// [`SealError`] says whether it is none, another device's, locked or damaged.
    pub fn open(path: &Path, device: Uuid, secrets: Secrets<'_>) -> Result<Reader, SealError> {
        let mut file = File::open(path)?;
        let (header, bytes, start) = read_header(&mut file)?;
        if header.device != device {
            return Err(SealError::OtherDevice);
        }
        let length = file.metadata()?.len();
        let mut trailer = [0; 24];
        file.seek(SeekFrom::Start(length.checked_sub(24).ok_or(SealError::NotOne)?))?;
        file.read_exact(&mut trailer).map_err(short)?;
        let number = |at: usize| u64::from_le_bytes(trailer[at..at + 8].try_into().unwrap_or_default());
        let (at, count) = (number(0), number(8));
        if &trailer[16..] != END || at < start || at > length - 24 {
            return Err(SealError::NotOne);
        }
        let check = Spot(start, (CHECK.len() + AES_256_GCM.tag_len()) as u64);
        let key = header.key(secrets)?;
        let mut reader = Reader { file: Mutex::new(file), key, header: bytes, spots: vec![check], index: vec![] };
        match reader.frame(0) {
            Ok(check) if check == CHECK => {}
            Err(SealError::Io(error)) => return Err(error.into()),
            _ => return Err(SealError::Locked),
        }
        let plain = reader.read(Spot(at, length - 24 - at), count, Kind::Index)?;
        let (size, rest) = plain.split_first_chunk::<8>().ok_or(SealError::Damaged)?;
        let size = usize::try_from(u64::from_le_bytes(*size)).map_err(|_| SealError::Damaged)?;
        let (spots, index) = rest.split_at_checked(size).ok_or(SealError::Damaged)?;
        reader.spots = serde_json::from_slice(spots).map_err(|_| SealError::Damaged)?;
        reader.index = index.to_vec();
        Ok(reader)
    }

    /// What was given to [`Writer::finish`].
    #[must_use]
    pub fn index(&self) -> &[u8] {
        &self.index
    }

    /// The contents of a frame.
    ///
    /// # Errors
    /// When there is none of the number, or it does not open.
    pub fn frame(&self, number: u64) -> Result<Vec<u8>, SealError> {
        let spot = usize::try_from(number).ok().and_then(|number| self.spots.get(number)).ok_or(SealError::Damaged)?;
        self.read(*spot, number, Kind::Frame)
    }

    fn read(&self, Spot(at, length): Spot, number: u64, kind: Kind) -> Result<Vec<u8>, SealError> {
        if length > LONGEST_FRAME {
            return Err(SealError::Damaged);
        }
        let mut body = vec![0; usize::try_from(length).map_err(|_| SealError::Damaged)?];
        {
            let mut file = self.file.lock().unwrap_or_else(PoisonError::into_inner);
            file.seek(SeekFrom::Start(at))?;
            file.read_exact(&mut body).map_err(short)?;
        }
        let plain = self.key.open_in_place(nonce(number), place(&self.header, kind), &mut body).map_err(|_| SealError::Damaged)?.len();
        body.truncate(plain);
        Ok(body)
    }
}

/// Bytes nobody can guess.
///
/// # Errors
/// When the system has no randomness.
pub fn random<const N: usize>() -> Result<[u8; N], SealError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| SealError::Provider)?;
    Ok(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EASY: Hardness = Hardness { memory_kib: 64, passes: 1 };
    const DEVICE: Uuid = Uuid::from_u128(7);

    fn secrets(passphrase: &'static str) -> Secrets<'static> {
        Secrets { passphrase, device: &[1; 32], own: &[2; 32] }
    }

    fn written(path: &Path) -> Vec<u8> {
        let mut writer = Writer::begin(File::create(path).unwrap(), Uuid::nil(), DEVICE, EASY, secrets("open sesame")).unwrap();
        assert_eq!((writer.frame("张三".as_bytes()).unwrap(), writer.frame(b"").unwrap()), (1, 2));
        writer.finish(b"index").unwrap();
        std::fs::read(path).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_with_both_and_with_neither_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bundle");
        let bytes = written(&path);
        assert!(!bytes.windows(6).any(|window| window == "张三".as_bytes()));
        let reader = Reader::open(&path, DEVICE, secrets("open sesame")).unwrap();
        assert_eq!((reader.index(), reader.frame(1).unwrap(), reader.frame(2).unwrap()), (b"index".as_slice(), "张三".into(), vec![]));
        assert!(matches!(reader.frame(3), Err(SealError::Damaged)));
        assert!(matches!(Reader::open(&path, DEVICE, secrets("open sesam")), Err(SealError::Locked)));
        for other in [Secrets { device: &[9; 32], ..secrets("open sesame") }, Secrets { own: &[9; 32], ..secrets("open sesame") }] {
            assert!(matches!(Reader::open(&path, DEVICE, other), Err(SealError::Locked)));
        }
        assert!(matches!(Reader::open(&path, Uuid::nil(), secrets("open sesame")), Err(SealError::OtherDevice)));
        assert_ne!(written(&folder.path().join("again")), bytes, "nothing is sealed twice alike");
    }

    #[test]
    fn a_changed_byte_anywhere_is_noticed() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bundle");
        let bytes = written(&path);
        for at in 0..bytes.len() {
            let mut changed = bytes.clone();
            changed[at] ^= 1;
            std::fs::write(&path, &changed).unwrap();
            let read = Reader::open(&path, DEVICE, secrets("open sesame")).and_then(|reader| Ok((reader.frame(1)?, reader.frame(2)?)));
            assert!(read.is_err(), "byte {at} of {}", bytes.len());
        }
    }

    #[test]
    fn a_file_that_was_cut_off_is_none_and_never_half_of_one() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("bundle");
        let bytes = written(&path);
        for length in 0..bytes.len() {
            std::fs::write(&path, &bytes[..length]).unwrap();
            let opened = Reader::open(&path, DEVICE, secrets("open sesame"));
            assert!(matches!(opened, Err(SealError::NotOne)), "{length} of {}", bytes.len());
        }
        let greedy = Header { hardness: Hardness { memory_kib: u32::MAX, passes: 1 }, ..header_of(&bytes) };
        assert!(matches!(greedy.key(secrets("x")), Err(SealError::NotOne)), "no file may ask for all memory");
    }

    fn header_of(bytes: &[u8]) -> Header {
        read_header(&mut &bytes[..]).unwrap().0
    }
}
