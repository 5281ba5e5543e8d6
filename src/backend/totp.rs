//! One-time codes: the secret that a phone keeps, the codes it makes of it (RFC 6238: SHA-1, six digits, 30 seconds), and the recovery codes
//! for whoever has lost the phone. Pure but for the randomness; what is kept and what was used already is the store's.

use jiff::Timestamp;
use totp_rs::{Builder, Totp};

use super::vault::{self, VaultError};

/// Seconds that a code is shown.
const STEP: u64 = 30;
/// Steps by which a phone's clock may be wrong.
const SKEW: u16 = 1;
/// Bytes of a secret, as many as SHA-1 has.
const SECRET: usize = 20;
/// Recovery codes that are handed out.
pub const RECOVERY_CODES: usize = 10;
/// Characters of a recovery code: 50 bits.
const RECOVERY_LENGTH: usize = 10;
/// Without those that are taken for others.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Under which name a phone lists its codes.
const ISSUER: &str = "zhaoshen";

/// A code as somebody typed it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Typed {
    /// Six digits from a phone.
    Shown(String),
    /// A recovery code, as it is hashed.
    Recovery(String),
}

/// A secret that nobody can guess.
///
/// # Errors
/// When the system has no randomness.
pub fn new_secret() -> Result<Vec<u8>, VaultError> {
    vault::random::<SECRET>().map(Vec::from)
}

/// Recovery codes as people write them down.
///
/// # Errors
/// When the system has no randomness.
pub fn new_recovery_codes() -> Result<Vec<String>, VaultError> {
    let code = |_| {
        let code: String = vault::random::<RECOVERY_LENGTH>()?.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
        Ok(format!("{}-{}", &code[..RECOVERY_LENGTH / 2], &code[RECOVERY_LENGTH / 2..]))
    };
    (0..RECOVERY_CODES).map(code).collect()
}

/// The secret for typing into a phone.
#[must_use]
pub fn base32(secret: &[u8]) -> String {
    totp(secret, "").secret().to_base32()
}

/// The secret for a phone's camera.
///
/// # Errors
/// When the name cannot be part of an address.
pub fn uri(secret: &[u8], name: &str) -> Result<String, VaultError> {
    // A colon would end the issuer's part.
    totp(secret, &name.replace(':', " ")).to_url().map_err(|_| VaultError::Provider)
}

/// The step of which the digits are the code, if it is now, just over or about to begin.
#[must_use]
pub fn step_of(secret: &[u8], digits: &str, now: Timestamp) -> Option<i64> {
    let step = totp(secret, "").check(digits, u64::try_from(now.as_second()).ok()?)?;
    i64::try_from(step).ok()
}

/// The digits that a phone with this secret shows.
#[cfg(test)]
pub fn digits_at(secret: &[u8], at: Timestamp) -> String {
    totp(secret, "").generate(u64::try_from(at.as_second()).unwrap_or(0)).to_string()
}

/// Reads what somebody typed: spaces, hyphens, case and full-width digits do not matter. `None` for what is no code of either kind.
#[must_use]
pub fn read(typed: &str) -> Option<Typed> {
    // Longer than any code with its spaces.
    if typed.len() > 64 {
        return None;
    }
    let characters: String = typed
        .chars()
        .filter(|c| !c.is_whitespace() && *c != '-')
        .map(|c| match c {
            '０'..='９' => char::from_u32(u32::from(c) - u32::from('０') + u32::from('0')).unwrap_or(c),
            _ => c.to_ascii_lowercase(),
        })
        .collect();
    if characters.len() == 6 && characters.bytes().all(|byte| byte.is_ascii_digit()) {
        return Some(Typed::Shown(characters));
    }
    let code = characters.replace('o', "0").replace(['i', 'l'], "1");
    (code.len() == RECOVERY_LENGTH && code.bytes().all(|byte| ALPHABET.contains(&byte))).then_some(Typed::Recovery(code))
}

fn totp(secret: &[u8], name: &str) -> Totp {
    Builder::new()
        .with_secret(totp_rs::Secret::from(secret.to_vec()))
        .with_step_duration(STEP)
        .with_skew(SKEW)
        .with_issuer(Some(ISSUER))
        .with_account_name(name)
        .build_noncompliant()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn at(second: i64) -> Timestamp {
        Timestamp::from_second(second).unwrap()
    }

    #[test]
    fn the_codes_are_those_of_the_standard() {
        // RFC 6238, appendix B, the last six of its eight digits.
        let secret = b"12345678901234567890";
        for (second, digits) in [(59, "287082"), (1_111_111_109, "081804"), (1_234_567_890, "005924"), (20_000_000_000, "353130")] {
            assert_eq!(digits_at(secret, at(second)), digits);
            assert_eq!(step_of(secret, digits, at(second)), Some(second / 30));
        }
    }

    #[test]
    fn a_clock_may_be_wrong_by_one_step_and_no_more() {
        let secret = new_secret().unwrap();
        let digits = digits_at(&secret, at(3000));
        for (now, step) in [(2939, None), (2970, Some(100)), (3029, Some(100)), (3059, Some(100)), (3060, None)] {
            assert_eq!(step_of(&secret, &digits, at(now)), step, "{now}");
        }
    }

    #[test]
    fn what_is_typed_is_read_with_patience() {
        assert_eq!(read(" 123 456\n"), Some(Typed::Shown("123456".into())));
        assert_eq!(read("１２３４５６"), Some(Typed::Shown("123456".into())));
        assert_eq!(read("ABCDE-FGHJK"), Some(Typed::Recovery("abcdefghjk".into())));
        assert_eq!(read("abcdeOOilL"), Some(Typed::Recovery("abcde00111".into())));
        for wrong in ["", "12345", "1234567", "abcde-fghj", "abcde-fghju", "一二三四五六"] {
            assert_eq!(read(wrong), None, "{wrong}");
        }
    }

    #[test]
    fn recovery_codes_differ_and_are_read_back() {
        let codes = new_recovery_codes().unwrap();
        let distinct: std::collections::BTreeSet<&String> = codes.iter().collect();
        assert_eq!((codes.len(), distinct.len()), (RECOVERY_CODES, RECOVERY_CODES));
        for code in &codes {
            assert_eq!(read(code), Some(Typed::Recovery(code.replace('-', ""))));
        }
    }

    #[test]
    fn the_address_names_the_person_and_holds_the_secret() {
        let secret = b"12345678901234567890";
        let uri = uri(secret, "李:老师").unwrap();
        assert!(uri.starts_with("otpauth://totp/zhaoshen:") && uri.contains(&base32(secret)), "{uri}");
        assert_eq!(base32(secret), "GEZDGNBVGY3TQOJQGEZDGNBVGY3TQOJQ");
    }
}
