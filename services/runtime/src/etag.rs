//! Etags: the version of a resource, as the caller sees it (AIP-154).

use crate::refusal::Denial;

/// The etag of a version.
#[must_use]
pub fn of(version: i64) -> String {
    format!("\"{version}\"")
}

/// Checks the etag that a caller sent against the version that is stored. An empty etag asks for no check.
///
/// # Errors
/// [`Denial::EtagMismatch`] where the resource has moved on, or the text is no etag of ours.
pub fn check(sent: &str, version: i64) -> Result<(), Denial> {
    if sent.is_empty() || sent == of(version) { Ok(()) } else { Err(Denial::EtagMismatch) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_etag_matches_its_version_only() {
        assert!(check("", 7).is_ok());
        assert!(check(&of(7), 7).is_ok());
        for other in ["\"8\"", "7", "W/\"7\"", "*"] {
            assert!(matches!(check(other, 7), Err(Denial::EtagMismatch)), "{other}");
        }
    }
}
