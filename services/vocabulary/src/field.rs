//! The codes of enforcement fields.
//!
//! Which fields exist and who supervises them is a table of the register (`data/fields.csv`); here is only their form.

use crate::text::{normalise_code, text_value};

/// The code of an enforcement field (执法领域), such as `URBAN`: 2 to 32 of `A`–`Z`, `0`–`9` and `_`, beginning with a letter.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct FieldCode(String);

text_value!(FieldCode, FieldCodeError);

/// A text that is no field code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a field code is 2 to 32 of A-Z, 0-9 and _, beginning with a letter")]
pub struct FieldCodeError;

impl FieldCodeError {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "AU-ENUM"
    }
}

impl FieldCode {
    /// Reads a code after normalising it.
    ///
    /// # Errors
    /// [`FieldCodeError`] when it has another form.
    pub fn parse(input: &str) -> Result<Self, FieldCodeError> {
        let code = normalise_code(input);
        let known = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'_';
        let begins = code.starts_with(|first: char| first.is_ascii_uppercase());
        if (2..=32).contains(&code.len()) && begins && code.bytes().all(known) {
            Ok(Self(code))
        } else {
            Err(FieldCodeError)
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_sixteen_fields_are_taken() {
        let fields = [
            "URBAN",
            "HOUSING",
            "TRANSPORT",
            "ENVIRONMENT",
            "LAND",
            "WATER",
            "AGRICULTURE",
            "FORESTRY",
            "SAFETY",
            "FIRE",
            "MARKET",
            "EDUCATION",
            "HEALTH",
            "CULTURE",
            "CIVIL",
            "LABOUR",
        ];
        for field in fields {
            assert_eq!(FieldCode::parse(&field.to_lowercase()).map(|code| code.to_string()), Ok(field.to_owned()));
        }
    }

    #[test]
    fn other_texts_are_refused() {
        let long = "A".repeat(33);
        for other in ["", "A", "城市管理", "1URBAN", "URBAN-1", "_URBAN", long.as_str()] {
            assert_eq!(FieldCode::parse(other), Err(FieldCodeError), "{other}");
        }
        assert_eq!(FieldCodeError.code(), "AU-ENUM");
    }

    proptest! {
        #[test]
        fn every_code_reads_back(code in "[A-Z][A-Z0-9_]{1,31}", input in any::<String>()) {
            prop_assert_eq!(FieldCode::parse(&code).map(|parsed| parsed.to_string()), Ok(code));
            let _ = FieldCode::parse(&input);
        }
    }
}
