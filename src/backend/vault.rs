//! The vault: seals personal data (AES-256-GCM) and makes the keyed hashes (HMAC-SHA-256) by which sealed data is found again.
//!
//! One master key in a file of its own; every use has a key derived from it. A sealed value names its key in the first byte, so that a
//! second key can be brought in while the first still opens what it sealed. The associated data says where a value belongs: one that was
//! moved to another row does not open.

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    digest, hmac, rand,
};

/// The only key so far. A rotation adds the next number.
const KEY_ID: u8 = 1;
const KEY_BYTES: usize = 32;

/// Why the vault cannot do what it is asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("the master key cannot be read or made: {0}")]
    KeyFile(#[from] io::Error),
    #[error("the master key file is readable by others: its mode must be 0600")]
    KeyFileOpen,
    #[error("the master key file does not hold {KEY_BYTES} bytes")]
    KeyLength,
    #[error("the database was made with another master key")]
    OtherKey,
    #[error("a sealed value does not open: it was changed, moved or sealed with another key")]
    Sealed,
    #[error("the cryptographic provider failed")]
    Provider,
}

/// The keys, in memory only.
pub struct Vault {
    sealing: RandomizedNonceKey,
    lookup: hmac::Key,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// Derives the keys of every use from the master key.
    ///
    /// # Errors
    /// [`VaultError::Provider`] if the provider fails.
    pub fn from_key(master: &[u8; KEY_BYTES]) -> Result<Vault, VaultError> {
        let master = hmac::Key::new(hmac::HMAC_SHA256, master);
        let derive = |label: &[u8]| hmac::sign(&master, label);
        let sealing = RandomizedNonceKey::new(&AES_256_GCM, derive(b"zhaoshen seal 1").as_ref()).map_err(|_| VaultError::Provider)?;
        let lookup = hmac::Key::new(hmac::HMAC_SHA256, derive(b"zhaoshen lookup 1").as_ref());
        Ok(Vault { sealing, lookup })
    }

    /// Opens the vault with the key in `file`, which is made, mode 0600, where there is none yet.
    ///
    /// # Errors
    /// When the file cannot be read or made, is open to others, or is no key.
    pub fn open(file: &Path) -> Result<Vault, VaultError> {
        match fs::File::open(file) {
            Ok(key) => {
                refuse_open_modes(&key)?;
                let mut bytes = Vec::with_capacity(KEY_BYTES + 1);
                key.take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes)?;
                let master: [u8; KEY_BYTES] = bytes.try_into().map_err(|_| VaultError::KeyLength)?;
                Vault::from_key(&master)
            }
            Err(error) if error.kind() == io::ErrorKind::NotFound => {
                let master = random::<KEY_BYTES>()?;
                write_key(file, &master)?;
                Vault::from_key(&master)
            }
            Err(error) => Err(error.into()),
        }
    }

    /// Seals `plain` for the place that `place` names: key number, nonce, ciphertext, tag.
    ///
    /// # Errors
    /// [`VaultError::Provider`] if the provider fails.
    pub fn seal(&self, place: &[&[u8]], plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut body = plain.to_vec();
        let nonce = self.sealing.seal_in_place_append_tag(Aad::from(associated(place)), &mut body).map_err(|_| VaultError::Provider)?;
        let mut sealed = Vec::with_capacity(1 + NONCE_LEN + body.len());
        sealed.push(KEY_ID);
        sealed.extend_from_slice(nonce.as_ref());
        sealed.extend_from_slice(&body);
        Ok(sealed)
    }

    /// Opens what was sealed for the same place.
    ///
    /// # Errors
    /// [`VaultError::Sealed`] for anything else.
    pub fn open_sealed(&self, place: &[&[u8]], sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (&[KEY_ID], rest) = sealed.split_first_chunk::<1>().ok_or(VaultError::Sealed)? else { return Err(VaultError::Sealed) };
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or(VaultError::Sealed)?;
        let mut body = body.to_vec();
        let plain = self
            .sealing
            .open_in_place(Nonce::assume_unique_for_key(*nonce), Aad::from(associated(place)), &mut body)
            .map_err(|_| VaultError::Sealed)?
            .len();
        body.truncate(plain);
        Ok(body)
    }

    /// The keyed hash of `parts`, for finding sealed values and naming blobs.
    #[must_use]
    pub fn hash(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        let mut context = hmac::Context::with_key(&self.lookup);
        for part in std::iter::once(&purpose.as_bytes()).chain(parts) {
            // Lengths keep ("a", "bc") and ("ab", "c") apart.
            context.update(&(part.len() as u64).to_be_bytes());
            context.update(part);
        }
        context.sign().as_ref().try_into().expect("HMAC-SHA-256 has 32 bytes")
    }
}

/// `N` bytes nobody can guess.
///
/// # Errors
/// [`VaultError::Provider`] if the system has no randomness.
pub fn random<const N: usize>() -> Result<[u8; N], VaultError> {
    let mut bytes = [0; N];
    rand::fill(&mut bytes).map_err(|_| VaultError::Provider)?;
    Ok(bytes)
}

/// SHA-256, for tokens that are random themselves and for comparing requests.
#[must_use]
pub fn sha256(parts: &[&[u8]]) -> [u8; 32] {
    let mut context = digest::Context::new(&digest::SHA256);
    for part in parts {
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    context.finish().as_ref().try_into().expect("SHA-256 has 32 bytes")
}

/// Lower-case hexadecimal.
#[must_use]
pub fn hexadecimal(bytes: &[u8]) -> String {
    use std::fmt::Write as _;
    bytes.iter().fold(String::with_capacity(bytes.len() * 2), |mut text, byte| {
        let _ = write!(text, "{byte:02x}");
        text
    })
}

fn associated(place: &[&[u8]]) -> Vec<u8> {
    let mut all = vec![KEY_ID];
    for part in place {
        all.extend_from_slice(&(part.len() as u64).to_be_bytes());
        all.extend_from_slice(part);
    }
    all
}

#[cfg(unix)]
fn refuse_open_modes(file: &fs::File) -> Result<(), VaultError> {
    use std::os::unix::fs::PermissionsExt;
    if file.metadata()?.permissions().mode() & 0o077 != 0 { Err(VaultError::KeyFileOpen) } else { Ok(()) }
}

#[cfg(not(unix))]
fn refuse_open_modes(_: &fs::File) -> Result<(), VaultError> {
    Ok(())
}

/// Written whole or not at all: a key that is half on disk would lose everything sealed with it.
fn write_key(file: &Path, master: &[u8]) -> Result<(), VaultError> {
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or_else(|| PathBuf::from("."), Path::to_path_buf);
    let mut temporary = tempfile::NamedTempFile::new_in(&folder)?;
    temporary.write_all(master)?;
    temporary.as_file().sync_all()?;
    temporary.persist_noclobber(file).map_err(|error| error.error)?;
    fs::File::open(folder)?.sync_all()?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> Vault {
        Vault::from_key(&[7; 32]).unwrap()
    }

    #[test]
    fn what_was_sealed_opens_in_its_own_place_only() {
        let sealed = vault().seal(&[b"students", b"name", b"1"], "张三".as_bytes()).unwrap();
        assert!(!sealed.windows(6).any(|window| window == "张三".as_bytes()));
        assert_eq!(vault().open_sealed(&[b"students", b"name", b"1"], &sealed).unwrap(), "张三".as_bytes());
        assert!(matches!(vault().open_sealed(&[b"students", b"name", b"2"], &sealed), Err(VaultError::Sealed)));
        assert!(matches!(Vault::from_key(&[8; 32]).unwrap().open_sealed(&[b"students", b"name", b"1"], &sealed), Err(VaultError::Sealed)));
    }

    #[test]
    fn one_changed_byte_does_not_open() {
        let sealed = vault().seal(&[b"x"], b"value").unwrap();
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(vault().open_sealed(&[b"x"], &changed).is_err());
        }
        assert!(vault().open_sealed(&[b"x"], &[]).is_err());
    }

    #[test]
    fn two_seals_differ_and_two_hashes_agree() {
        assert_ne!(vault().seal(&[], b"a").unwrap(), vault().seal(&[], b"a").unwrap());
        assert_eq!(vault().hash("id", &[b"a", b"bc"]), vault().hash("id", &[b"a", b"bc"]));
        assert_ne!(vault().hash("id", &[b"a", b"bc"]), vault().hash("id", &[b"ab", b"c"]));
        assert_ne!(vault().hash("id", &[b"a"]), vault().hash("photo", &[b"a"]));
    }

    #[cfg(unix)]
    #[test]
    fn the_key_is_made_once_and_kept_from_others() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("master.key");
        let sealed = Vault::open(&file).unwrap().seal(&[b"x"], b"v").unwrap();
        assert_eq!(Vault::open(&file).unwrap().open_sealed(&[b"x"], &sealed).unwrap(), b"v");
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(Vault::open(&file), Err(VaultError::KeyFileOpen)));
    }
}
