//! Telephone numbers: mobile, landline, and the hotlines of the town (identifiers.md §9.10).

use std::fmt;
use std::str::FromStr;

use crate::text::{is_digits, normalise};

/// The hotlines that stand where a telephone number is asked for: the government's, and the police.
pub const HOTLINES: [&str; 2] = ["12345", "110"];

/// A telephone number. Personal, so `Debug` shows it masked.
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PhoneNumber {
    /// Eleven digits, `13800000000`.
    Mobile(String),
    /// The area code, a hyphen, seven or eight digits, `0512-57440000`.
    Landline(String),
    /// One of [`HOTLINES`].
    Hotline(String),
}

/// A text that is no telephone number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a telephone number is a mobile number of 11 digits, a landline such as 0512-57440000, 12345 or 110")]
pub struct PhoneNumberError;

impl PhoneNumberError {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ID-PHONE"
    }
}

impl PhoneNumber {
    /// Reads a number after normalising it.
    ///
    /// # Errors
    /// [`PhoneNumberError`] for any other form.
    pub fn parse(input: &str) -> Result<Self, PhoneNumberError> {
        let number = normalise(input);
        if HOTLINES.contains(&number.as_str()) {
            return Ok(Self::Hotline(number));
        }
        let mobile = number.len() == 11 && number.starts_with('1') && matches!(number.as_bytes()[1], b'3'..=b'9');
        if mobile && is_digits(&number) {
            return Ok(Self::Mobile(number));
        }
        let landline = number.split_once('-').is_some_and(|(area, own)| {
            let digits = is_digits(area) && is_digits(own);
            digits && area.starts_with('0') && matches!(area.len(), 3 | 4) && matches!(own.len(), 7 | 8)
        });
        if landline { Ok(Self::Landline(number)) } else { Err(PhoneNumberError) }
    }

    /// The whole number, for calling it; never for a log.
    #[must_use]
    pub fn reveal(&self) -> &str {
        match self {
            Self::Mobile(number) | Self::Landline(number) | Self::Hotline(number) => number,
        }
    }
}

/// Shows the number masked, `138****0000`.
impl fmt::Display for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&crate::mask::phone(self))
    }
}

impl fmt::Debug for PhoneNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "PhoneNumber({self})")
    }
}

impl FromStr for PhoneNumber {
    type Err = PhoneNumberError;

    fn from_str(input: &str) -> Result<Self, Self::Err> {
        Self::parse(input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn the_three_forms_are_taken() {
        assert_eq!(PhoneNumber::parse(" 138 0000 0000"), Ok(PhoneNumber::Mobile("13800000000".to_owned())));
        assert_eq!(PhoneNumber::parse("１９900000000"), Ok(PhoneNumber::Mobile("19900000000".to_owned())));
        for landline in ["0512-57440000", "010-12345678", "025-1234567"] {
            assert_eq!(PhoneNumber::parse(landline), Ok(PhoneNumber::Landline(landline.to_owned())));
        }
        for hotline in HOTLINES {
            assert_eq!(PhoneNumber::parse(hotline), Ok(PhoneNumber::Hotline(hotline.to_owned())));
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for other in [
            "",
            "12800000000",
            "1380000000",
            "138000000000",
            "1380000000a",
            "051257440000",
            "512-57440000",
            "0512-574400",
            "0512-574400001",
            "05-57440000",
            "05123-57440000",
            "0512－57440000",
            "119",
            "+8613800000000",
            "一三八",
        ] {
            assert_eq!(PhoneNumber::parse(other), Err(PhoneNumberError), "{other}");
        }
        assert_eq!(PhoneNumberError.code(), "ID-PHONE");
    }

    #[test]
    fn a_number_is_shown_masked() {
        let number = PhoneNumber::parse("13812340000").expect("a number");
        assert_eq!((number.to_string().as_str(), number.reveal()), ("138****0000", "13812340000"));
        assert_eq!(format!("{number:?}"), "PhoneNumber(138****0000)");
    }

    proptest! {
        #[test]
        fn every_number_reads_back(mobile in "1[3-9][0-9]{9}", landline in "0[0-9]{2,3}-[0-9]{7,8}", input in any::<String>(), near in "[01][0-9政-]{9,12}") {
            for text in [&mobile, &landline] {
                prop_assert_eq!(PhoneNumber::parse(text).map(|number| number.reveal().to_owned()), Ok(text.clone()));
            }
            for text in [&input, &near] {
                let _ = PhoneNumber::parse(text).map(|number| number.to_string());
            }
        }
    }
}
