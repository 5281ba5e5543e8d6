//! Names of the headers that carry the contracts of deciding.

/// The attempt's version that the caller saw, in quotes, as the `ETag` of the submission gave it. Missing: 428; stale: 412.
pub const IF_MATCH: &str = "if-match";
/// A UUIDv7 made by the caller for one intention. Same key, actor and body: the first answer again; another body: 422.
pub const IDEMPOTENCY_KEY: &str = "idempotency-key";
/// The token of the caller's claim. Advice, not law: it keeps two people from looking at one photo,
/// but whoever brings the version that stands may decide, also where somebody else holds the lease or has died with it.
pub const LEASE_TOKEN: &str = "lease-token";

/// The bundle that a review comes back from (`POST /v1/bundles`). The server then looks whether it still counts, by its own clock.
pub const BUNDLE: &str = "bundle";

/// The `ETag` of an attempt's version.
#[must_use]
pub fn version_tag(version: i64) -> String {
    format!("\"{version}\"")
}

/// Reads a version out of an `If-Match` or `ETag` value.
#[must_use]
pub fn read_version(tag: &str) -> Option<i64> {
    tag.trim().strip_prefix('"')?.strip_suffix('"')?.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_version_comes_back_from_its_tag() {
        assert_eq!(read_version(&version_tag(7)), Some(7));
        for wrong in ["7", "\"7", "W/\"7\"", "*", "\"\""] {
            assert_eq!(read_version(wrong), None);
        }
    }
}
