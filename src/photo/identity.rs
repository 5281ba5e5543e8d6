//! What a result depends on beside its source: who wants to know whether a photo must be done again asks here.

use sha2::{Digest, Sha256};

use super::standard::Standard;
use super::weights;

/// Raised with every change of the engine's code by which some photo may end otherwise: other pixels, another verdict, another measure. Within
/// one version nothing else tells results of the older code from those of the newer, and a batch would leave the older ones as they are.
pub(super) const ENGINE_REVISION: u32 = 1;

/// SHA-256, in hexadecimal, of the engine's version and revision, its weights and every number of the standard.
#[must_use]
pub fn identity(standard: &Standard) -> String {
    let numbers = serde_json::to_vec(standard).expect("a standard is plain data");
    hex(Sha256::new()
        .chain_update(env!("CARGO_PKG_VERSION"))
        .chain_update([0])
        .chain_update(ENGINE_REVISION.to_le_bytes())
        .chain_update(weights::SUMS)
        .chain_update(numbers)
        .finalize())
}

/// SHA-256 of a file's bytes, in hexadecimal.
#[must_use]
pub fn content_hash(bytes: &[u8]) -> String {
    hex(Sha256::digest(bytes))
}

fn hex(hash: impl AsRef<[u8]>) -> String {
    hash.as_ref().iter().map(|byte| format!("{byte:02x}")).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_number_is_another_standard() {
        let blue = Standard::default();
        let mut other = blue.clone();
        other.file.max_bytes += 1;
        assert_eq!(identity(&blue), identity(&blue.clone()));
        assert_ne!(identity(&blue), identity(&other));
        assert_eq!(content_hash(b"abc"), "ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad");
    }
}
