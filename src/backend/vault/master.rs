//! The master key: 32 bytes from a file or the environment that seal nothing but other keys. It may touch its own file, nothing else.
//!
//! What it wraps says for what and for whom it is; a wrapped key that was moved to another school's row does not open.

use std::{
    fs,
    io::{self, Read, Write},
    path::{Path, PathBuf},
};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    hmac,
};

use super::{KEY_BYTES, KeyPurpose, VaultError, framed, from_hexadecimal, random};

/// Which master key wrapped something, without saying anything about it.
pub type Fingerprint = [u8; 8];

/// The master key, in memory only.
pub struct MasterKey {
    root: hmac::Key,
    wrapping: RandomizedNonceKey,
}

impl std::fmt::Debug for MasterKey {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MasterKey")
    }
}

impl MasterKey {
    /// The key of these bytes.
    ///
    /// # Errors
    /// [`VaultError::Provider`] if the provider fails.
    pub fn from_bytes(bytes: &[u8; KEY_BYTES]) -> Result<MasterKey, VaultError> {
        let root = hmac::Key::new(hmac::HMAC_SHA256, bytes);
        let wrapping = hmac::sign(&root, b"zhaoshen wrap 1");
        let wrapping = RandomizedNonceKey::new(&AES_256_GCM, wrapping.as_ref()).map_err(|_| VaultError::Provider)?;
        Ok(MasterKey { root, wrapping })
    }

    /// The key of 64 hexadecimal digits, as an environment variable holds it.
    ///
    /// # Errors
    /// [`VaultError::KeyLength`] for anything else; what was given is not repeated.
    pub fn from_hexadecimal(digits: &str) -> Result<MasterKey, VaultError> {
        let bytes = from_hexadecimal(digits.trim()).ok_or(VaultError::KeyLength)?;
        MasterKey::from_bytes(&bytes.try_into().map_err(|_| VaultError::KeyLength)?)
    }

    /// The key in `file`, which is made, mode 0600, where there is none yet.
    ///
    /// # Errors
    /// When the file cannot be read or made, is open to others, or is no key.
    pub fn open(file: &Path) -> Result<MasterKey, VaultError> {
        match MasterKey::read(file) {
            Err(VaultError::KeyFile(error)) if error.kind() == io::ErrorKind::NotFound => {
                let bytes = random::<KEY_BYTES>()?;
                write_key(file, &bytes)?;
                MasterKey::from_bytes(&bytes)
            }
            read => read,
        }
    }

    /// The key in `file`, which is there.
    ///
    /// # Errors
    /// When the file cannot be read, is open to others, or is no key.
    pub fn read(file: &Path) -> Result<MasterKey, VaultError> {
        let key = fs::File::open(file)?;
        refuse_open_modes(&key)?;
        let mut bytes = Vec::with_capacity(KEY_BYTES + 1);
        key.take(KEY_BYTES as u64 + 1).read_to_end(&mut bytes)?;
        MasterKey::from_bytes(&bytes.try_into().map_err(|_| VaultError::KeyLength)?)
    }

    /// Which key this is.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        *self.derived(b"zhaoshen fingerprint 1").first_chunk().expect("HMAC-SHA-256 has 32 bytes")
    }

    /// Wraps a key for its number, school and purpose.
    pub(super) fn wrap(&self, number: u32, school: &str, purpose: KeyPurpose, plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let mut body = plain.to_vec();
        let place = Aad::from(place(number, school, purpose));
        let nonce = self.wrapping.seal_in_place_append_tag(place, &mut body).map_err(|_| VaultError::Provider)?;
        Ok([nonce.as_ref().as_slice(), &body].concat())
    }

    /// Opens a wrapped key.
    pub(super) fn unwrap(&self, number: u32, school: &str, purpose: KeyPurpose, wrapped: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (nonce, body) = wrapped.split_first_chunk::<NONCE_LEN>().ok_or(VaultError::OtherKey)?;
        let mut body = body.to_vec();
        let place = Aad::from(place(number, school, purpose));
        let nonce = Nonce::assume_unique_for_key(*nonce);
        let plain = self.wrapping.open_in_place(nonce, place, &mut body).map_err(|_| VaultError::OtherKey)?.len();
        body.truncate(plain);
        Ok(body)
    }

    /// The keys of houses that are older than wrapped keys came from here.
    pub(super) fn derived(&self, label: &[u8]) -> [u8; KEY_BYTES] {
        hmac::sign(&self.root, label).as_ref().try_into().expect("HMAC-SHA-256 has 32 bytes")
    }
}

fn place(number: u32, school: &str, purpose: KeyPurpose) -> Vec<u8> {
    framed(b"data key", &[&number.to_be_bytes(), school.as_bytes(), purpose.code().as_bytes()])
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

    #[test]
    fn a_wrapped_key_opens_for_its_school_and_its_master_only() {
        let master = MasterKey::from_bytes(&[7; 32]).unwrap();
        let wrapped = master.wrap(4, "school", KeyPurpose::Seal, &[1; 32]).unwrap();
        assert_eq!(master.unwrap(4, "school", KeyPurpose::Seal, &wrapped).unwrap(), [1; 32]);
        for (number, school, purpose) in
            [(5, "school", KeyPurpose::Seal), (4, "other", KeyPurpose::Seal), (4, "school", KeyPurpose::Lookup)]
        {
            assert!(matches!(master.unwrap(number, school, purpose, &wrapped), Err(VaultError::OtherKey)));
        }
        let other = MasterKey::from_bytes(&[8; 32]).unwrap();
        assert!(matches!(other.unwrap(4, "school", KeyPurpose::Seal, &wrapped), Err(VaultError::OtherKey)));
        assert_ne!(master.fingerprint(), other.fingerprint());
    }

    #[test]
    fn a_key_is_read_from_digits() {
        let digits = "07".repeat(32);
        assert_eq!(
            MasterKey::from_hexadecimal(&format!(" {digits}\n")).unwrap().fingerprint(),
            MasterKey::from_bytes(&[7; 32]).unwrap().fingerprint()
        );
        for wrong in ["", "07", &digits[..63], &"0g".repeat(32), &"07".repeat(33), &"键".repeat(32)] {
            assert!(matches!(MasterKey::from_hexadecimal(wrong), Err(VaultError::KeyLength)), "{wrong}");
        }
    }

    #[cfg(unix)]
    #[test]
    fn the_key_is_made_once_and_kept_from_others() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("master.key");
        assert!(MasterKey::read(&file).is_err() && !file.exists(), "reading makes none");
        let made = MasterKey::open(&file).unwrap().fingerprint();
        assert_eq!(MasterKey::open(&file).unwrap().fingerprint(), made);
        assert_eq!(fs::metadata(&file).unwrap().permissions().mode() & 0o777, 0o600);
        fs::set_permissions(&file, fs::Permissions::from_mode(0o644)).unwrap();
        assert!(matches!(MasterKey::open(&file), Err(VaultError::KeyFileOpen)));
    }
}
