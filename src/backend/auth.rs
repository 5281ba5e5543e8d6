//! Passwords, tokens and invitations; how often somebody may try.
//!
//! Passwords are kept as argon2id, tokens and codes as SHA-256 of 256 random bits: nothing in the store opens a door.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{LazyLock, Mutex, PoisonError},
    time::Duration,
};

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;

use super::{
    store::types::{Hash, NewInvitation, NewSession},
    vault::{self, VaultError},
};

/// How long a session lives.
pub const SESSION: Duration = Duration::from_hours(12);
/// How long an invitation lives.
pub const INVITATION: Duration = Duration::from_hours(72);
/// Characters a password needs at least.
pub const SHORTEST_PASSWORD: usize = 10;
/// Longer ones only cost time.
const LONGEST_PASSWORD: usize = 1024;

/// Why a password cannot be kept.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum PasswordError {
    #[error("a password has at least {SHORTEST_PASSWORD} characters")]
    Weak,
    #[error("the password could not be hashed")]
    Provider,
}

/// The argon2id hash of a new password. Takes tens of milliseconds of a core.
///
/// # Errors
/// [`PasswordError::Weak`] for one that is too short or absurdly long.
pub fn hash_password(password: &str) -> Result<String, PasswordError> {
    if password.chars().count() < SHORTEST_PASSWORD || password.len() > LONGEST_PASSWORD {
        return Err(PasswordError::Weak);
    }
    Argon2::default().hash_password(password.as_bytes()).map(|hash: PasswordHash| hash.to_string()).map_err(|_| PasswordError::Provider)
}

/// Whether the password is the one. Without a hash (an unknown name) it takes as long and says no.
#[must_use]
pub fn password_fits(password: &str, hash: Option<&str>) -> bool {
    static NOBODY: LazyLock<String> = LazyLock::new(|| hash_password("a password that nobody has").unwrap_or_default());
    let fits = |hash: &str| {
        password.len() <= LONGEST_PASSWORD
            && PasswordHash::new(hash).is_ok_and(|hash| Argon2::default().verify_password(password.as_bytes(), &hash).is_ok())
    };
    match hash {
        Some(hash) => fits(hash),
        None => {
            fits(&NOBODY);
            false
        }
    }
}

/// A secret to hand out once, and the hash of it to keep.
///
/// # Errors
/// When the system has no randomness.
pub fn new_secret() -> Result<(String, Hash), VaultError> {
    let secret = URL_SAFE_NO_PAD.encode(vault::random::<32>()?);
    let hash = hash_of(&secret);
    Ok((secret, hash))
}

/// The hash by which a token or code is known.
#[must_use]
pub fn hash_of(secret: &str) -> Hash {
    vault::sha256(&[secret.as_bytes()])
}

/// A session that starts now, and its token.
///
/// # Errors
/// When the system has no randomness.
pub fn new_session(now: Timestamp) -> Result<(String, NewSession), VaultError> {
    let (token, token_hash) = new_secret()?;
    Ok((token, NewSession { token_hash, opened_at: now, expires_at: now + SESSION }))
}

/// An invitation made now, and its code.
///
/// # Errors
/// When the system has no randomness.
pub fn new_invitation(now: Timestamp) -> Result<(String, NewInvitation), VaultError> {
    let (code, code_hash) = new_secret()?;
    Ok((code, NewInvitation { code_hash, made_at: now, expires_at: now + INVITATION }))
}

/// Counts failed tries per name and address, and per address alone, in memory.
#[derive(Debug, Default)]
pub struct Tries(Mutex<HashMap<(Option<String>, IpAddr), Window>>);

#[derive(Debug, Clone, Copy)]
struct Window {
    began: Timestamp,
    failures: u32,
}

impl Tries {
    const WINDOW: Duration = Duration::from_mins(15);
    const PER_NAME: u32 = 8;
    const PER_ADDRESS: u32 = 100;
    /// More windows than this are forgotten: memory is no victim of a guesser.
    const MOST: usize = 10_000;

    /// When the next try is allowed, if not now.
    pub fn blocked_until(&self, name: &str, address: IpAddr, now: Timestamp) -> Option<Timestamp> {
        let windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let blocked = |key: &(Option<String>, IpAddr), most: u32| {
            windows.get(key).filter(|window| window.failures >= most).map(|window| window.began + Self::WINDOW).filter(|end| *end > now)
        };
        blocked(&(Some(name.to_owned()), address), Self::PER_NAME).or_else(|| blocked(&(None, address), Self::PER_ADDRESS))
    }

    /// Remembers a failure.
    pub fn failed(&self, name: &str, address: IpAddr, now: Timestamp) {
        let mut windows = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        if windows.len() >= Self::MOST {
            windows.retain(|_, window| window.began + Self::WINDOW > now);
            if windows.len() >= Self::MOST {
                windows.clear();
            }
        }
        for key in [(Some(name.to_owned()), address), (None, address)] {
            let window = windows.entry(key).or_insert(Window { began: now, failures: 0 });
            if window.began + Self::WINDOW <= now {
                *window = Window { began: now, failures: 0 };
            }
            window.failures += 1;
        }
    }

    /// Forgets the failures of a name that got it right.
    pub fn succeeded(&self, name: &str, address: IpAddr) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).remove(&(Some(name.to_owned()), address));
    }
}

#[cfg(test)]
mod tests {
    use std::net::Ipv4Addr;

    use super::*;

    #[test]
    fn a_password_fits_its_own_hash_only() {
        let hash = hash_password("correct horse").unwrap();
        assert!(hash.starts_with("$argon2id$"));
        assert!(password_fits("correct horse", Some(&hash)));
        assert!(!password_fits("correct house", Some(&hash)));
        assert!(!password_fits("a password that nobody has", None));
    }

    #[test]
    fn a_short_password_is_refused_by_its_characters_not_its_bytes() {
        assert_eq!(hash_password("九个字的密码不够长"), Err(PasswordError::Weak));
        assert!(hash_password("十个字的密码足够长了吧").is_ok());
    }

    #[test]
    fn too_many_failures_close_the_door_for_a_while_and_for_that_name_only() {
        let (tries, here, now) = (Tries::default(), IpAddr::V4(Ipv4Addr::LOCALHOST), Timestamp::UNIX_EPOCH);
        for _ in 0..Tries::PER_NAME {
            assert_eq!(tries.blocked_until("li", here, now), None);
            tries.failed("li", here, now);
        }
        assert_eq!(tries.blocked_until("li", here, now), Some(now + Tries::WINDOW));
        assert_eq!(tries.blocked_until("wang", here, now), None);
        assert_eq!(tries.blocked_until("li", here, now + Tries::WINDOW), None);
    }

    #[test]
    fn secrets_differ_and_are_found_by_their_hash() {
        let (first, hash) = new_secret().unwrap();
        assert_ne!(first, new_secret().unwrap().0);
        assert_eq!(hash_of(&first), hash);
        assert_eq!(first.len(), 43);
    }
}
