//! The vault: seals personal data (AES-256-GCM), makes the keyed hashes (HMAC-SHA-256) by which sealed data is found again, and signs
//! (Ed25519) what must be shown not to have been changed.
//!
//! ```text
//! master key     a file or the environment; wraps keys and does nothing else
//!  └ data keys    rows of the store, wrapped: one for finding, one for signing, and for each school one after the other for sealing
//! ```
//!
//! A sealed value names its key, so that a school's next key can be brought in while the one before still opens what it sealed. The associated
//! data says where a value belongs: one that was moved to another row does not open. Without the rows of a school's keys nothing that was sealed
//! for that school opens again, in no copy of it either.

use std::{
    collections::HashMap,
    io,
    sync::{Arc, PoisonError, RwLock},
};

use aws_lc_rs::{
    aead::{AES_256_GCM, Aad, NONCE_LEN, Nonce, RandomizedNonceKey},
    digest, hmac, rand,
    signature::{Ed25519KeyPair, KeyPair as _},
};

mod master;

pub use master::{Fingerprint, MasterKey};

const KEY_BYTES: usize = 32;
/// The first byte of a value sealed with the key that was derived from the master key, before keys were wrapped.
const DERIVED: u8 = 1;
/// The first byte of a value whose key's number follows.
const NUMBERED: u8 = 2;
/// The number under which the derived key is kept.
pub const DERIVED_NUMBER: u32 = 1;

/// Why the vault cannot do what it is asked.
#[derive(Debug, thiserror::Error)]
pub enum VaultError {
    #[error("the master key cannot be read or made: {0}")]
    KeyFile(#[from] io::Error),
    #[error("the master key file is readable by others: its mode must be 0600")]
    KeyFileOpen,
    #[error("the master key does not have {KEY_BYTES} bytes")]
    KeyLength,
    #[error("the database was made with another master key")]
    OtherKey,
    #[error("a sealed value does not open: it was changed, moved or sealed with another key")]
    Sealed,
    /// May pass: another process brought the key in a moment ago.
    #[error("a value is sealed with key {0}, which is not known here")]
    UnknownKey(u32),
    #[error("the school has no key yet")]
    NoKey,
    #[error("the cryptographic provider failed")]
    Provider,
}

/// What a data key is for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum KeyPurpose {
    /// Sealing, for one school.
    Seal,
    /// Keyed hashes, for the whole house.
    Lookup,
    /// Signing, for the whole house.
    Sign,
}

impl KeyPurpose {
    /// The stable code, in the store.
    #[must_use]
    pub fn code(self) -> &'static str {
        match self {
            KeyPurpose::Seal => "seal",
            KeyPurpose::Lookup => "lookup",
            KeyPurpose::Sign => "sign",
        }
    }

    /// Reads a code.
    #[must_use]
    pub fn from_code(code: &str) -> Option<KeyPurpose> {
        [KeyPurpose::Seal, KeyPurpose::Lookup, KeyPurpose::Sign].into_iter().find(|purpose| purpose.code() == code)
    }
}

/// A data key as the store keeps it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WrappedKey {
    pub number: u32,
    /// Empty for the keys of the whole house.
    pub school: String,
    pub purpose: KeyPurpose,
    pub wrapped: Vec<u8>,
    /// The master key it is wrapped with.
    pub under: Fingerprint,
}

/// Keys that are open, by what they do.
#[derive(Default)]
struct Ring {
    lookup: Option<hmac::Key>,
    signing: Option<Arc<Ed25519KeyPair>>,
    sealing: HashMap<u32, Arc<RandomizedNonceKey>>,
    /// The key that seals now, of each school.
    current: HashMap<String, u32>,
}

/// The keys, in memory only.
pub struct Vault {
    master: MasterKey,
    ring: RwLock<Ring>,
}

impl std::fmt::Debug for Vault {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Vault")
    }
}

impl Vault {
    /// A vault without data keys; whoever keeps them brings them in with [`Vault::add`].
    #[must_use]
    pub fn new(master: MasterKey) -> Vault {
        Vault { master, ring: RwLock::default() }
    }

    /// The master key under which new keys are wrapped.
    #[must_use]
    pub fn master(&self) -> &MasterKey {
        &self.master
    }

    /// Makes a data key, wrapped; it does nothing before it is added.
    ///
    /// # Errors
    /// [`VaultError::Provider`] if the provider fails.
    pub fn make_key(&self, number: u32, school: &str, purpose: KeyPurpose) -> Result<WrappedKey, VaultError> {
        self.wrap(number, school, purpose, &random::<KEY_BYTES>()?)
    }

    /// The keys of a house that was sealed before keys were wrapped, and knew no signing: what they sealed and hashed stays as it is.
    ///
    /// # Errors
    /// [`VaultError::Provider`] if the provider fails.
    pub fn derived_keys(&self, lookup_number: u32) -> Result<[WrappedKey; 2], VaultError> {
        let sealing = self.master.derived(b"zhaoshen seal 1");
        let lookup = self.master.derived(b"zhaoshen lookup 1");
        Ok([self.wrap(DERIVED_NUMBER, "", KeyPurpose::Seal, &sealing)?, self.wrap(lookup_number, "", KeyPurpose::Lookup, &lookup)?])
    }

    fn wrap(&self, number: u32, school: &str, purpose: KeyPurpose, plain: &[u8]) -> Result<WrappedKey, VaultError> {
        let wrapped = self.master.wrap(number, school, purpose, plain)?;
        Ok(WrappedKey { number, school: school.to_owned(), purpose, wrapped, under: self.master.fingerprint() })
    }

    /// The same key under another master key.
    ///
    /// # Errors
    /// [`VaultError::OtherKey`] if it is not wrapped with this one.
    pub fn rewrap(&self, key: &WrappedKey, next: &MasterKey) -> Result<WrappedKey, VaultError> {
        let plain = self.master.unwrap(key.number, &key.school, key.purpose, &key.wrapped)?;
        let wrapped = next.wrap(key.number, &key.school, key.purpose, &plain)?;
        Ok(WrappedKey { wrapped, under: next.fingerprint(), ..key.clone() })
    }

    /// Brings keys in. Those known stay: a key's number never means another key.
    ///
    /// # Errors
    /// [`VaultError::OtherKey`] when one that is not known yet is wrapped with another master key.
    pub fn add(&self, keys: &[WrappedKey]) -> Result<(), VaultError> {
        for key in keys {
            let open = |key: &WrappedKey| self.master.unwrap(key.number, &key.school, key.purpose, &key.wrapped);
            let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
            match key.purpose {
                KeyPurpose::Seal if !ring.sealing.contains_key(&key.number) => {
                    let sealing = RandomizedNonceKey::new(&AES_256_GCM, &open(key)?).map_err(|_| VaultError::Provider)?;
                    ring.sealing.insert(key.number, Arc::new(sealing));
                }
                KeyPurpose::Lookup if ring.lookup.is_none() => ring.lookup = Some(hmac::Key::new(hmac::HMAC_SHA256, &open(key)?)),
                KeyPurpose::Sign if ring.signing.is_none() => {
                    let pair = Ed25519KeyPair::from_seed_unchecked(&open(key)?).map_err(|_| VaultError::Provider)?;
                    ring.signing = Some(Arc::new(pair));
                }
                KeyPurpose::Seal | KeyPurpose::Lookup | KeyPurpose::Sign => {}
            }
        }
        Ok(())
    }

    /// From now on this key seals for the school.
    pub fn seal_with(&self, school: &str, number: u32) {
        self.ring.write().unwrap_or_else(PoisonError::into_inner).current.insert(school.to_owned(), number);
    }

    /// The key that seals for the school now.
    #[must_use]
    pub fn current(&self, school: &str) -> Option<u32> {
        self.read().current.get(school).copied()
    }

    /// Forgets a key; what is sealed with it does not open here any more.
    pub fn forget(&self, number: u32) {
        let mut ring = self.ring.write().unwrap_or_else(PoisonError::into_inner);
        ring.sealing.remove(&number);
        ring.current.retain(|_, current| *current != number);
    }

    /// Seals `plain` with the school's key for the place that `place` names: version, key number, nonce, ciphertext, tag.
    ///
    /// # Errors
    /// [`VaultError::NoKey`] for a school without a key, [`VaultError::Provider`] if the provider fails.
    pub fn seal(&self, school: &str, place: &[&[u8]], plain: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (number, key) = {
            let ring = self.read();
            let number = *ring.current.get(school).ok_or(VaultError::NoKey)?;
            (number, Arc::clone(ring.sealing.get(&number).ok_or(VaultError::NoKey)?))
        };
        let mut body = plain.to_vec();
        let header = [[NUMBERED].as_slice(), &number.to_be_bytes()].concat();
        let nonce = key.seal_in_place_append_tag(Aad::from(framed(&header, place)), &mut body).map_err(|_| VaultError::Provider)?;
        Ok([header.as_slice(), nonce.as_ref(), &body].concat())
    }

    /// Opens what was sealed for the same place.
    ///
    /// # Errors
    /// [`VaultError::UnknownKey`] when its key is not here, [`VaultError::Sealed`] for anything else that does not open.
    pub fn open_sealed(&self, place: &[&[u8]], sealed: &[u8]) -> Result<Vec<u8>, VaultError> {
        let (number, header) = header(sealed).ok_or(VaultError::Sealed)?;
        let key = self.read().sealing.get(&number).map(Arc::clone).ok_or(VaultError::UnknownKey(number))?;
        let (header, rest) = sealed.split_at(header);
        let (nonce, body) = rest.split_first_chunk::<NONCE_LEN>().ok_or(VaultError::Sealed)?;
        let mut body = body.to_vec();
        let place = Aad::from(framed(header, place));
        let plain = key.open_in_place(Nonce::assume_unique_for_key(*nonce), place, &mut body).map_err(|_| VaultError::Sealed)?.len();
        body.truncate(plain);
        Ok(body)
    }

    /// The keyed hash of `parts`, for finding sealed values and naming blobs.
    ///
    /// # Panics
    /// Before the house's keys were brought in, which whoever opens a store does first.
    #[must_use]
    pub fn hash(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        keyed_hash(self.read().lookup.as_ref().expect("a vault is filled before it is used"), purpose, parts)
    }

    /// The keyed hash that a house made before keys were wrapped.
    #[must_use]
    pub fn derived_hash(&self, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
        keyed_hash(&hmac::Key::new(hmac::HMAC_SHA256, &self.master.derived(b"zhaoshen lookup 1")), purpose, parts)
    }

    /// The house's signature of a message, Ed25519 (RFC 8032).
    ///
    /// # Errors
    /// [`VaultError::NoKey`] before the signing key was brought in.
    pub fn sign(&self, message: &[u8]) -> Result<Vec<u8>, VaultError> {
        let pair = self.read().signing.clone().ok_or(VaultError::NoKey)?;
        Ok(pair.sign(message).as_ref().to_vec())
    }

    /// The public key that the house's signatures are verified with.
    ///
    /// # Errors
    /// [`VaultError::NoKey`] before the signing key was brought in.
    pub fn public_key(&self) -> Result<Vec<u8>, VaultError> {
        let pair = self.read().signing.clone().ok_or(VaultError::NoKey)?;
        Ok(pair.public_key().as_ref().to_vec())
    }

    fn read(&self) -> std::sync::RwLockReadGuard<'_, Ring> {
        self.ring.read().unwrap_or_else(PoisonError::into_inner)
    }

    /// A vault with everything in it, for what needs no store.
    ///
    /// # Errors
    /// [`VaultError::Provider`] if the provider fails.
    #[doc(hidden)]
    pub fn filled(master: &[u8; KEY_BYTES], school: &str) -> Result<Vault, VaultError> {
        let vault = Vault::new(MasterKey::from_bytes(master)?);
        vault.add(&vault.derived_keys(2)?)?;
        vault.add(&[vault.make_key(3, "", KeyPurpose::Sign)?, vault.make_key(4, school, KeyPurpose::Seal)?])?;
        vault.seal_with(school, 4);
        Ok(vault)
    }
}

/// The number of the key that sealed a value, as far as it is one.
#[must_use]
pub fn key_number(sealed: &[u8]) -> Option<u32> {
    header(sealed).map(|(number, _)| number)
}

/// The bytes with which everything sealed with a key begins, for looking for it.
#[must_use]
pub fn prefix_of(number: u32) -> Vec<u8> {
    if number == DERIVED_NUMBER { vec![DERIVED] } else { [[NUMBERED].as_slice(), &number.to_be_bytes()].concat() }
}

/// The key number of a sealed value and the length of what says so.
fn header(sealed: &[u8]) -> Option<(u32, usize)> {
    match sealed.split_first()? {
        (&DERIVED, _) => Some((DERIVED_NUMBER, 1)),
        (&NUMBERED, rest) => rest.first_chunk().map(|number| (u32::from_be_bytes(*number), 5)),
        _ => None,
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

/// The bytes of hexadecimal digits; `None` for anything else.
#[must_use]
pub fn from_hexadecimal(digits: &str) -> Option<Vec<u8>> {
    let value = |digit: &u8| char::from(*digit).to_digit(16).and_then(|value| u8::try_from(value).ok());
    let pairs = digits.as_bytes().chunks(2).map(|pair| match pair {
        [high, low] => Some(value(high)? << 4 | value(low)?),
        _ => None,
    });
    pairs.collect()
}

fn keyed_hash(key: &hmac::Key, purpose: &str, parts: &[&[u8]]) -> [u8; 32] {
    let mut context = hmac::Context::with_key(key);
    for part in std::iter::once(&purpose.as_bytes()).chain(parts) {
        // Lengths keep ("a", "bc") and ("ab", "c") apart.
        context.update(&(part.len() as u64).to_be_bytes());
        context.update(part);
    }
    context.sign().as_ref().try_into().expect("HMAC-SHA-256 has 32 bytes")
}

/// A header and parts whose lengths keep them apart.
fn framed(header: &[u8], parts: &[&[u8]]) -> Vec<u8> {
    let mut all = header.to_vec();
    for part in parts {
        all.extend_from_slice(&(part.len() as u64).to_be_bytes());
        all.extend_from_slice(part);
    }
    all
}

#[cfg(test)]
mod tests {
    use super::*;

    fn vault() -> Vault {
        Vault::filled(&[7; 32], "school").unwrap()
    }

    #[test]
    fn what_was_sealed_opens_in_its_own_place_only() {
        let vault = vault();
        let sealed = vault.seal("school", &[b"students", b"name", b"1"], "张三".as_bytes()).unwrap();
        assert!(!sealed.windows(6).any(|window| window == "张三".as_bytes()));
        assert_eq!(vault.open_sealed(&[b"students", b"name", b"1"], &sealed).unwrap(), "张三".as_bytes());
        assert!(matches!(vault.open_sealed(&[b"students", b"name", b"2"], &sealed), Err(VaultError::Sealed)));
        let other = Vault::filled(&[8; 32], "school").unwrap();
        assert!(matches!(other.open_sealed(&[b"students", b"name", b"1"], &sealed), Err(VaultError::Sealed)));
        assert!(matches!(vault.seal("other", &[b"x"], b"v"), Err(VaultError::NoKey)));
    }

    #[test]
    fn one_changed_byte_does_not_open() {
        let vault = vault();
        let sealed = vault.seal("school", &[b"x"], b"value").unwrap();
        for index in 0..sealed.len() {
            let mut changed = sealed.clone();
            changed[index] ^= 1;
            assert!(vault.open_sealed(&[b"x"], &changed).is_err());
        }
        assert!(vault.open_sealed(&[b"x"], &[]).is_err());
        assert!(vault.open_sealed(&[b"x"], &sealed[..4]).is_err());
    }

    #[test]
    fn two_seals_differ_and_two_hashes_agree() {
        let vault = vault();
        assert_ne!(vault.seal("school", &[], b"a").unwrap(), vault.seal("school", &[], b"a").unwrap());
        assert_eq!(vault.hash("id", &[b"a", b"bc"]), vault.hash("id", &[b"a", b"bc"]));
        assert_ne!(vault.hash("id", &[b"a", b"bc"]), vault.hash("id", &[b"ab", b"c"]));
        assert_ne!(vault.hash("id", &[b"a"]), vault.hash("photo", &[b"a"]));
    }

    #[test]
    fn a_schools_next_key_seals_while_the_one_before_still_opens() {
        let vault = vault();
        let before = vault.seal("school", &[b"x"], b"before").unwrap();
        vault.add(&[vault.make_key(5, "school", KeyPurpose::Seal).unwrap()]).unwrap();
        vault.seal_with("school", 5);
        let after = vault.seal("school", &[b"x"], b"after").unwrap();
        assert_eq!([key_number(&before), key_number(&after)], [Some(4), Some(5)]);
        assert!(after.starts_with(&prefix_of(5)));
        assert_eq!(vault.open_sealed(&[b"x"], &before).unwrap(), b"before");
        vault.forget(4);
        assert!(matches!(vault.open_sealed(&[b"x"], &before), Err(VaultError::UnknownKey(4))));
        assert_eq!(vault.open_sealed(&[b"x"], &after).unwrap(), b"after");
    }

    #[test]
    fn keys_open_under_the_next_master_key_and_under_no_other() {
        let (vault, next) = (vault(), [9; 32]);
        let sealed = vault.seal("school", &[b"x"], b"value").unwrap();
        let key = vault.make_key(6, "school", KeyPurpose::Seal).unwrap();
        vault.add(std::slice::from_ref(&key)).unwrap();
        vault.seal_with("school", 6);
        let sealed_six = vault.seal("school", &[b"x"], b"value").unwrap();
        let moved = vault.rewrap(&key, &MasterKey::from_bytes(&next).unwrap()).unwrap();
        assert!(matches!(vault.rewrap(&moved, &MasterKey::from_bytes(&next).unwrap()), Err(VaultError::OtherKey)));
        let after = Vault::new(MasterKey::from_bytes(&next).unwrap());
        assert!(matches!(after.add(&[key]), Err(VaultError::OtherKey)));
        after.add(&[moved]).unwrap();
        assert_eq!(after.open_sealed(&[b"x"], &sealed_six).unwrap(), b"value");
        assert!(matches!(after.open_sealed(&[b"x"], &sealed), Err(VaultError::UnknownKey(4))));
    }

    #[test]
    fn what_was_sealed_with_the_derived_key_still_opens() {
        let vault = vault();
        let key = RandomizedNonceKey::new(&AES_256_GCM, &vault.master.derived(b"zhaoshen seal 1")).unwrap();
        let mut body = b"old".to_vec();
        let nonce = key.seal_in_place_append_tag(Aad::from(framed(&[DERIVED], &[b"x"])), &mut body).unwrap();
        let sealed = [[DERIVED].as_slice(), nonce.as_ref(), &body].concat();
        assert_eq!(key_number(&sealed), Some(DERIVED_NUMBER));
        assert_eq!(vault.open_sealed(&[b"x"], &sealed).unwrap(), b"old");
    }

    #[test]
    fn a_signature_is_of_this_message() {
        use aws_lc_rs::signature::{ED25519, UnparsedPublicKey};
        let vault = vault();
        let signature = vault.sign(b"message").unwrap();
        let public = UnparsedPublicKey::new(&ED25519, vault.public_key().unwrap());
        assert!(public.verify(b"message", &signature).is_ok() && public.verify(b"massage", &signature).is_err());
    }
}
