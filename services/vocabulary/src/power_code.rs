//! The opaque keys of powers and service items.
//!
//! Catalogues in use carry old and local forms (`PP-URB-0001`, `511A0138000000-511602000000-000-115113010833722043-1-00`). A key
//! is never parsed, no kind, level or body is read out of it, and no check digit is asked of it (authority.md §2.6).

use crate::text::{normalise_code, text_value};

/// The key of a power in the register (权力事项编码).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PowerCode(String);

text_value!(PowerCode, CodeError);

impl PowerCode {
    /// Reads a key after normalising it.
    ///
    /// # Errors
    /// [`CodeError`] when it is not 3 to 64 of `A`–`Z`, `0`–`9` and `-`.
    pub fn parse(input: &str) -> Result<Self, CodeError> {
        opaque(input).map(Self)
    }
}

/// The key of a service item in the item list. Where an item rests on a power, both have the same text.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ItemCode(String);

text_value!(ItemCode, CodeError);

impl ItemCode {
    /// Reads a key after normalising it.
    ///
    /// # Errors
    /// [`CodeError`] when it is not 3 to 64 of `A`–`Z`, `0`–`9` and `-`.
    pub fn parse(input: &str) -> Result<Self, CodeError> {
        opaque(input).map(Self)
    }

    /// The key under which the power behind the item is registered.
    #[must_use]
    pub fn power(&self) -> PowerCode {
        PowerCode(self.0.clone())
    }
}

/// A text that is no power or item code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a power or item code is 3 to 64 of A-Z, 0-9 and -")]
pub struct CodeError;

impl CodeError {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "AU-ENUM"
    }
}

fn opaque(input: &str) -> Result<String, CodeError> {
    let code = normalise_code(input);
    let known = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || byte == b'-';
    if (3..=64).contains(&code.len()) && code.bytes().all(known) { Ok(code) } else { Err(CodeError) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_of_every_catalogue_are_taken() {
        let codes = [
            "PP-URB-0001",
            "ZP-02-0001",
            "511A0138000000-511602000000-000-115113010833722043-1-00",
            "1J-5100-00021-511602000000-000-11511301008778386B-1-00",
        ];
        for code in codes {
            assert_eq!(PowerCode::parse(code).map(|parsed| parsed.to_string()), Ok(code.to_owned()));
            assert_eq!(ItemCode::parse(code).map(|parsed| parsed.power()), PowerCode::parse(code));
        }
    }

    #[test]
    fn codes_are_normalised_before_they_are_checked() {
        assert_eq!(PowerCode::parse(" pp-urb-０００1 ").map(|code| code.to_string()).as_deref(), Ok("PP-URB-0001"));
    }

    #[test]
    fn other_texts_are_refused() {
        let long = "A".repeat(65);
        for other in ["", "AB", "PP_URB_0001", "PP－URB", "权力-01", "A B", long.as_str()] {
            assert_eq!(PowerCode::parse(other), Err(CodeError), "{other}");
        }
        assert_eq!(CodeError.code(), "AU-ENUM");
    }

    proptest! {
        #[test]
        fn every_code_reads_back(code in "[A-Z0-9-]{3,64}", input in any::<String>()) {
            prop_assert_eq!(PowerCode::parse(&code).map(|parsed| parsed.to_string()), Ok(code));
            let _ = (PowerCode::parse(&input), ItemCode::parse(&input));
        }
    }
}
