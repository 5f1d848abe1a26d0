//! The town's own numbers of cases (identifiers.md §9.4): `ZP20260302000001` for cases of the service centre and
//! `ZPCF202600001` for penalty cases.

use std::fmt;
use std::str::FromStr;

use crate::text::{is_digits, normalise_code};
use crate::time::{Date, format_basic, parse_basic};

/// A case: `ZP`, the day of filing, six digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct CaseNumber {
    day: Date,
    serial: u32,
}

/// A penalty case: `ZPCF`, the year, five digits.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PenaltyCaseNumber {
    year: i16,
    serial: u32,
}

/// A text, or a serial, that makes no case number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error(
    "a case number is ZP, a day and six digits, ZP20260302000001; a penalty case is ZPCF, a year and five, ZPCF202600001"
)]
pub struct CaseNumberError;

impl CaseNumberError {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ID-CASE"
    }
}

const PREFIX: &str = "ZP";
const PENALTY_PREFIX: &str = "ZPCF";

impl CaseNumber {
    /// The number of the day's case with a serial, 1 to 999999.
    ///
    /// # Errors
    /// [`CaseNumberError`] where the day has no such serial.
    pub fn new(day: Date, serial: u32) -> Result<Self, CaseNumberError> {
        let sound = (1..=999_999).contains(&serial) && (1..=9999).contains(&day.year());
        if sound { Ok(Self { day, serial }) } else { Err(CaseNumberError) }
    }

    /// Reads a number after normalising it.
    ///
    /// # Errors
    /// [`CaseNumberError`] for any other form, or a day that does not exist.
    pub fn parse(input: &str) -> Result<Self, CaseNumberError> {
        let number = normalise_code(input);
        let digits = number.strip_prefix(PREFIX).filter(|digits| digits.len() == 14 && is_digits(digits));
        let digits = digits.ok_or(CaseNumberError)?;
        let day = parse_basic(&digits[..8]).map_err(|_| CaseNumberError)?;
        Self::new(day, digits[8..].parse().map_err(|_| CaseNumberError)?)
    }

    /// The day of filing.
    #[must_use]
    pub const fn day(self) -> Date {
        self.day
    }

    /// The serial of the day.
    #[must_use]
    pub const fn serial(self) -> u32 {
        self.serial
    }
}

impl PenaltyCaseNumber {
    /// The number of the year's case with a serial, 1 to 99999.
    ///
    /// # Errors
    /// [`CaseNumberError`] where the year has no such serial.
    pub fn new(year: i16, serial: u32) -> Result<Self, CaseNumberError> {
        let sound = (1..=99_999).contains(&serial) && (1949..=2099).contains(&year);
        if sound { Ok(Self { year, serial }) } else { Err(CaseNumberError) }
    }

    /// Reads a number after normalising it.
    ///
    /// # Errors
    /// [`CaseNumberError`] for any other form.
    pub fn parse(input: &str) -> Result<Self, CaseNumberError> {
        let number = normalise_code(input);
        let digits = number.strip_prefix(PENALTY_PREFIX).filter(|digits| digits.len() == 9 && is_digits(digits));
        let digits = digits.ok_or(CaseNumberError)?;
        let (year, serial) = (digits[..4].parse(), digits[4..].parse());
        Self::new(year.map_err(|_| CaseNumberError)?, serial.map_err(|_| CaseNumberError)?)
    }

    /// The year.
    #[must_use]
    pub const fn year(self) -> i16 {
        self.year
    }

    /// The serial of the year.
    #[must_use]
    pub const fn serial(self) -> u32 {
        self.serial
    }
}

impl fmt::Display for CaseNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{PREFIX}{}{:06}", format_basic(self.day), self.serial))
    }
}

impl fmt::Display for PenaltyCaseNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(&format!("{PENALTY_PREFIX}{:04}{:05}", self.year, self.serial))
    }
}

impl FromStr for CaseNumber {
    type Err = CaseNumberError;

    fn from_str(input: &str) -> Result<Self, Self::Err> {
        Self::parse(input)
    }
}

impl FromStr for PenaltyCaseNumber {
    type Err = CaseNumberError;

    fn from_str(input: &str) -> Result<Self, Self::Err> {
        Self::parse(input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    #[test]
    fn the_two_forms_are_written_and_read() {
        let case = CaseNumber::new(date(2026, 3, 2), 17).expect("a number");
        assert_eq!(case.to_string(), "ZP20260302000017");
        assert_eq!(CaseNumber::parse(" zp２0260302 000017"), Ok(case));
        assert_eq!((case.day(), case.serial()), (date(2026, 3, 2), 17));
        let penalty = PenaltyCaseNumber::new(2026, 12).expect("a number");
        assert_eq!(penalty.to_string(), "ZPCF202600012");
        assert_eq!(PenaltyCaseNumber::parse("zpcf202600012"), Ok(penalty));
        assert_eq!((penalty.year(), penalty.serial()), (2026, 12));
    }

    #[test]
    fn other_texts_are_refused() {
        for other in
            ["", "ZP", "ZP20260230000001", "ZP2026030200001", "ZP20260302000000", "ZPCF202600012", "XP20260302000001"]
        {
            assert_eq!(CaseNumber::parse(other), Err(CaseNumberError), "{other}");
        }
        for other in ["", "ZPCF", "ZPCF202600000", "ZPCF20260012", "ZPCF194800001", "ZP20260302000001", "ZPCF2026000政"]
        {
            assert_eq!(PenaltyCaseNumber::parse(other), Err(CaseNumberError), "{other}");
        }
        assert_eq!(CaseNumber::new(date(2026, 3, 2), 1_000_000), Err(CaseNumberError));
        assert_eq!(PenaltyCaseNumber::new(2026, 100_000), Err(CaseNumberError));
        assert_eq!(CaseNumberError.code(), "ID-CASE");
    }

    proptest! {
        #[test]
        fn every_number_reads_back(day in "20[0-9]{2}(0[1-9]|1[0-2])(0[1-9]|1[0-9]|2[0-8])", serial in 1u32..=99_999, input in any::<String>(), near in "ZP(CF)?[0-9政]{8,15}") {
            let day = parse_basic(&day).expect("a day");
            let (case, penalty) = (CaseNumber::new(day, serial), PenaltyCaseNumber::new(day.year(), serial));
            prop_assert_eq!(case.expect("a number").to_string().parse(), case);
            prop_assert_eq!(penalty.expect("a number").to_string().parse(), penalty);
            for text in [&input, &near] {
                let _ = (CaseNumber::parse(text), PenaltyCaseNumber::parse(text));
            }
        }
    }
}
