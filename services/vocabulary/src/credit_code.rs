//! The unified social credit code of an organisation (统一社会信用代码, GB 32100-2015).
//!
//! Eighteen characters: the registering authority, the class of body, the division of registration (6), the body identifier
//! with its own check (9, GB 11714), and the check of the whole. The last check must hold. The inner one is a warning only,
//! since some codes were issued with a deviating one (identifiers.md §9.2).

use crate::text::{normalise_code, text_value};

/// A credit code whose check character holds.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CreditCode(String);

text_value!(CreditCode, CreditCodeError);

/// A text that is no credit code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CreditCodeError {
    /// It has not 18 characters; an old registration number has 15.
    #[error("a credit code has 18 characters")]
    Length,
    /// A character is not one of the 31 (0–9, A–Z without I, O, S, V and Z).
    #[error("character {position} is not used in credit codes")]
    Character {
        /// Its place, from 1.
        position: usize,
    },
    /// The check character is not the one that the others give.
    #[error("the check character does not fit the others")]
    Check,
}

impl CreditCodeError {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Length => "ID-USCC-LEN",
            Self::Character { .. } | Self::Check => "ID-USCC",
        }
    }
}

/// The code of the warning when [`CreditCode::organisation_check_ok`] says no.
pub const ORGANISATION_WARNING: &str = "ID-USCC-ORG";

const LENGTH: usize = 18;

/// The characters in use; the value of a character is its place.
const ALPHABET: &[u8; 31] = b"0123456789ABCDEFGHJKLMNPQRTUWXY";

/// 3^(i−1) mod 31.
const WEIGHTS: [usize; LENGTH - 1] = [1, 3, 9, 27, 19, 26, 16, 17, 20, 29, 25, 13, 8, 24, 10, 30, 28];

/// GB 11714, for the first eight characters of the body identifier.
const ORGANISATION_WEIGHTS: [u32; 8] = [3, 7, 9, 10, 5, 8, 4, 2];

impl CreditCode {
    /// Reads a code after normalising it, so lower case, full width and spaces are fine.
    ///
    /// # Errors
    /// [`CreditCodeError`], the first of length, characters, check.
    pub fn parse(input: &str) -> Result<Self, CreditCodeError> {
        let code = normalise_code(input);
        if code.chars().count() != LENGTH {
            return Err(CreditCodeError::Length);
        }
        if let Some(index) = code.chars().position(|c| value(c).is_none()) {
            return Err(CreditCodeError::Character { position: index + 1 });
        }
        let (body, check) = code.split_at(LENGTH - 1);
        if check_character(body) != check.chars().next() {
            return Err(CreditCodeError::Check);
        }
        Ok(Self(code))
    }

    /// Who registered the body and what it is: `11` an organ, `12` a public institution, `91` an enterprise, and so on.
    #[must_use]
    pub fn authority_and_class(&self) -> &str {
        &self.0[..2]
    }

    /// The division of registration, as it was at that time.
    #[must_use]
    pub fn division(&self) -> &str {
        &self.0[2..8]
    }

    /// The body identifier (组织机构代码), nine characters.
    #[must_use]
    pub fn organisation(&self) -> &str {
        &self.0[8..17]
    }

    /// Tells whether the body identifier's own check (position 17) holds. If not, warn with [`ORGANISATION_WARNING`].
    #[must_use]
    pub fn organisation_check_ok(&self) -> bool {
        let (body, check) = self.organisation().split_at(ORGANISATION_WEIGHTS.len());
        let digits = body.chars().filter_map(|c| c.to_digit(36));
        let sum: u32 = digits.zip(ORGANISATION_WEIGHTS).map(|(digit, weight)| digit * weight).sum();
        let expected = match 11 - sum % 11 {
            10 => Some('X'),
            11 => Some('0'),
            digit => char::from_digit(digit, 10),
        };
        check.chars().next() == expected
    }
}

/// The check character of seventeen others; none when there are not seventeen or one is not in use.
#[must_use]
pub fn check_character(body: &str) -> Option<char> {
    let values = body.chars().map(value).collect::<Option<Vec<_>>>()?;
    if values.len() != WEIGHTS.len() {
        return None;
    }
    let sum: usize = values.iter().zip(WEIGHTS).map(|(value, weight)| value * weight).sum();
    Some(char::from(ALPHABET[(31 - sum % 31) % 31]))
}

fn value(c: char) -> Option<usize> {
    ALPHABET.iter().position(|known| char::from(*known) == c)
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn only_seventeen_characters_have_a_check_character() {
        for body in ["91350100M000100Y", "91350100M000100Y43", "91350100M000100YI"] {
            assert_eq!(check_character(body), None, "{body}");
        }
    }

    #[test]
    fn the_table_of_the_specification_holds() {
        let valid = [
            "91350100M000100Y43",
            "91320583MA0000007R",
            "91320583MA1XXXXX9M",
            "11320583014099996R",
            "12320583466900000C",
            "92320583MA1TE5T263",
            "52320583MJ5000017B",
        ];
        for code in valid {
            assert_eq!(CreditCode::parse(code).map(|parsed| parsed.to_string()), Ok(code.to_owned()));
        }
        assert_eq!(CreditCode::parse("91320583MA0000007A"), Err(CreditCodeError::Check));
        assert_eq!(CreditCode::parse("91320583MA000000O7"), Err(CreditCodeError::Character { position: 17 }));
        assert_eq!(
            CreditCode::parse("91320583MA000000 7r").map(|code| code.to_string()).as_deref(),
            Ok("91320583MA0000007R")
        );
        assert_eq!(CreditCode::parse("320583000012345"), Err(CreditCodeError::Length));
    }

    #[test]
    fn refusals_quote_their_codes() {
        assert_eq!(CreditCodeError::Length.code(), "ID-USCC-LEN");
        assert_eq!(CreditCodeError::Check.code(), "ID-USCC");
        assert_eq!(CreditCodeError::Character { position: 1 }.code(), "ID-USCC");
    }

    #[test]
    fn the_parts_are_where_the_standard_puts_them() {
        let code = CreditCode::parse("91350100M000100Y43").expect("the published example");
        assert_eq!(code.authority_and_class(), "91");
        assert_eq!(code.division(), "350100");
        assert_eq!(code.organisation(), "M000100Y4");
        assert!(code.organisation_check_ok());
    }

    #[test]
    fn a_deviating_inner_check_is_not_refused() {
        let body = "91350100M000100Y5";
        let check = check_character(body).expect("seventeen characters");
        let code = CreditCode::parse(&format!("{body}{check}")).expect("the outer check holds");
        assert!(!code.organisation_check_ok());
    }

    pub(crate) fn credit_codes() -> impl Strategy<Value = String> {
        "[0-9A-HJ-NPQRTUWXY]{17}".prop_map(|body| {
            let check = check_character(&body).expect("seventeen characters");
            format!("{body}{check}")
        })
    }

    proptest! {
        #[test]
        fn every_changed_character_is_noticed(code in credit_codes(), place in 0usize..18, new in "[0-9A-HJ-NPQRTUWXY]") {
            let mut changed = code.clone();
            changed.replace_range(place..=place, &new);
            let expected = if changed == code { Ok(CreditCode(code)) } else { Err(CreditCodeError::Check) };
            prop_assert_eq!(CreditCode::parse(&changed), expected);
        }

        #[test]
        fn every_neighbouring_swap_is_noticed(code in credit_codes(), place in 0usize..16) {
            let mut swapped = code.clone().into_bytes();
            swapped.swap(place, place + 1);
            let swapped = String::from_utf8(swapped).expect("ASCII");
            prop_assert_eq!(CreditCode::parse(&swapped).is_ok(), swapped == code);
        }

        #[test]
        fn every_code_reads_back(code in credit_codes()) {
            let parsed = CreditCode::parse(&code.to_lowercase()).expect("a credit code");
            prop_assert_eq!(parsed.as_str(), &code);
            prop_assert_eq!(parsed.to_string().parse(), Ok(parsed));
        }

        #[test]
        fn no_text_makes_the_reader_panic(input in any::<String>(), near in "[0-9A-Z政]{18}") {
            for text in [&input, &near] {
                if let Ok(code) = CreditCode::parse(text) {
                    let _ = (code.division().len(), code.organisation_check_ok());
                }
                let _ = check_character(text);
            }
        }
    }
}
