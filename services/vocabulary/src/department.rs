//! The codes of county departments.
//!
//! A code stands in SPIFFE ids and resource names, written by machines and compared byte by byte as an identity. It is therefore
//! not normalised: what differs from the one spelling is refused.

use crate::text::text_value;

/// The code of a county department, such as `human-resources`: lower-case words joined by `-`, 1 to 40 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DepartmentCode(String);

text_value!(DepartmentCode, DepartmentCodeError);

/// A text that is no department code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a department code is lower-case words joined by '-', 1 to 40 characters, beginning with a letter")]
pub struct DepartmentCodeError;

impl DepartmentCodeError {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "AU-ENUM"
    }
}

impl DepartmentCode {
    /// Reads a code in its one spelling.
    ///
    /// # Errors
    /// [`DepartmentCodeError`] for anything else.
    pub fn parse(input: &str) -> Result<Self, DepartmentCodeError> {
        let known = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit();
        let words = input.split('-').all(|word| !word.is_empty() && word.bytes().all(known));
        let begins = input.starts_with(|first: char| first.is_ascii_lowercase());
        if input.len() <= 40 && words && begins { Ok(Self(input.to_owned())) } else { Err(DepartmentCodeError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_departments_in_use_are_taken() {
        for code in ["human-resources", "government", "government-office", "city-management", "a", "fire2"] {
            assert_eq!(DepartmentCode::parse(code).map(|parsed| parsed.to_string()), Ok(code.to_owned()));
        }
    }

    #[test]
    fn other_spellings_are_refused() {
        let long = "a".repeat(41);
        for other in ["", "-", "a-", "-a", "a--b", "Human", "人社局", "a b", " a", "a_b", "2a", "../a", long.as_str()]
        {
            assert_eq!(DepartmentCode::parse(other), Err(DepartmentCodeError), "{other}");
        }
        assert_eq!(DepartmentCodeError.code(), "AU-ENUM");
    }

    proptest! {
        #[test]
        fn every_code_reads_back(code in "[a-z][a-z0-9]{0,8}(-[a-z0-9]{1,6}){0,4}", input in any::<String>()) {
            prop_assert_eq!(DepartmentCode::parse(&code).map(|parsed| parsed.to_string()), Ok(code));
            let _ = DepartmentCode::parse(&input);
        }
    }
}
