//! The national codes of investment projects (项目代码, identifiers.md §9.5): `2026-320583-47-01-000001`, or since about 2021
//! `2601-320583-47-01-000001`.
//!
//! No meaning is read out of a code: which of the two forms the first part has cannot be told from it.

use crate::text::{is_digits, normalise_code, text_value};

/// How many digits each part has.
const PARTS: [usize; 5] = [4, 6, 2, 2, 6];

/// A project code, 24 characters.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ProjectCode(String);

text_value!(ProjectCode, ProjectCodeError);

/// A text that is no project code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a project code is written as 2601-320583-47-01-000001, digits only")]
pub struct ProjectCodeError;

impl ProjectCodeError {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ID-PROJECT"
    }
}

impl ProjectCode {
    /// Reads a code after normalising it.
    ///
    /// # Errors
    /// [`ProjectCodeError`] for any other form.
    pub fn parse(input: &str) -> Result<Self, ProjectCodeError> {
        let code = normalise_code(input);
        let fits = |(part, width): (&str, usize)| part.len() == width && is_digits(part);
        let whole = code.split('-').count() == PARTS.len() && code.split('-').zip(PARTS).all(fits);
        if whole { Ok(Self(code)) } else { Err(ProjectCodeError) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn both_published_forms_are_taken() {
        for code in ["2018-320583-47-03-512345", "2601-320583-89-01-000001"] {
            assert_eq!(ProjectCode::parse(code).map(|code| code.to_string()).as_deref(), Ok(code));
            assert_eq!(code.len(), 24);
        }
        let typed = ProjectCode::parse(" ２６01-320583- 89-01-000001");
        assert_eq!(typed.map(|code| code.to_string()).as_deref(), Ok("2601-320583-89-01-000001"));
    }

    #[test]
    fn other_texts_are_refused() {
        for other in [
            "",
            "2601-320583-89-01-00001",
            "260132058389010000001",
            "2601-320583-89-01-000001-1",
            "26A1-320583-89-01-000001",
            "2601－320583－89－01－000001",
            "2601-32058-389-01-000001",
            "----",
        ] {
            assert_eq!(ProjectCode::parse(other), Err(ProjectCodeError), "{other}");
        }
        assert_eq!(ProjectCodeError.code(), "ID-PROJECT");
    }

    proptest! {
        #[test]
        fn every_code_reads_back(code in "[0-9]{4}-[0-9]{6}-[0-9]{2}-[0-9]{2}-[0-9]{6}", input in any::<String>(), near in "[0-9政-]{20,26}") {
            prop_assert_eq!(ProjectCode::parse(&code).map(|parsed| parsed.to_string()), Ok(code));
            let _ = (ProjectCode::parse(&input), ProjectCode::parse(&near));
        }
    }
}
