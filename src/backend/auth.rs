//! Passwords, tokens and invitations.
//!
//! Passwords are kept as argon2id, tokens and codes as SHA-256 of 256 random bits: nothing in the store opens a door.

use std::{sync::LazyLock, time::Duration};

use argon2::{Argon2, PasswordHasher, PasswordVerifier, password_hash::phc::PasswordHash};
use base64::{Engine, engine::general_purpose::URL_SAFE_NO_PAD};
use jiff::Timestamp;
use uuid::Uuid;

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
    let session = NewSession { id: Uuid::new_v4(), token_hash, client: String::new(), opened_at: now, expires_at: now + SESSION };
    Ok((token, session))
}

/// An invitation made now, and its code.
///
/// # Errors
/// When the system has no randomness.
pub fn new_invitation(now: Timestamp) -> Result<(String, NewInvitation), VaultError> {
    let (code, code_hash) = new_secret()?;
    Ok((code, NewInvitation { code_hash, made_at: now, expires_at: now + INVITATION }))
}

#[cfg(test)]
mod tests {
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
    fn secrets_differ_and_are_found_by_their_hash() {
        let (first, hash) = new_secret().unwrap();
        assert_ne!(first, new_secret().unwrap().0);
        assert_eq!(hash_of(&first), hash);
        assert_eq!(first.len(), 43);
    }
}
