//! The national code of one body's exercise of one item (实施编码, GB/T 39554.1-2020).
//!
//! 31 characters: the body's credit code (18), the level of exercise (1) and the basic code (12); a business item
//! (业务办理项) has two digits more. The code is optional in the register and never its key (authority.md §2.6). The basic code
//! is region (2), kind (2), main item (5) and sub-item (3); only the kind is used, the rest has no agreed meaning.

use crate::credit_code::{CreditCode, CreditCodeError};
use crate::power_kind::PowerKind;
use crate::text::{is_digits, normalise_code, text_value};

/// An implementation code, or the code of a business item under it.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct ImplementationCode(String);

text_value!(ImplementationCode, ImplementationCodeError);

/// A text that is no implementation code, or not one of the power it stands beside.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum ImplementationCodeError {
    /// It has neither 31 nor 33 characters.
    #[error("an implementation code has 31 characters, that of a business item 33")]
    Length,
    /// The first 18 characters are no credit code.
    #[error("the first 18 characters: {0}")]
    CreditCode(CreditCodeError),
    /// The level of exercise is not 1 to 7.
    #[error("the level of exercise, character 19, is 1 to 7")]
    Level,
    /// The characters after the level are not all digits.
    #[error("the characters after the 19th are digits")]
    Digits,
    /// Its kind is not the kind of the power.
    #[error("the kind, characters 22 and 23, is not that of the power, {power}")]
    Kind {
        /// The kind of the power.
        power: PowerKind,
    },
}

impl ImplementationCodeError {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "AU-ENUM"
    }
}

/// At which level a power is exercised (行使层级, GB/T 39046-2020 annex A.2).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ExerciseLevel {
    /// 1 国家级.
    National,
    /// 2 省级.
    Province,
    /// 3 市级.
    City,
    /// 4 县级, also a county body's item at a town window.
    County,
    /// 5 镇(乡、街道)级, also a devolved power in the town's own name.
    Town,
    /// 6 村(社区)级.
    Village,
    /// 7 分级.
    Graded,
}

impl ExerciseLevel {
    /// All levels, by digit.
    pub const ALL: [Self; 7] =
        [Self::National, Self::Province, Self::City, Self::County, Self::Town, Self::Village, Self::Graded];

    /// The digit of the level.
    #[must_use]
    pub const fn digit(self) -> char {
        match self {
            Self::National => '1',
            Self::Province => '2',
            Self::City => '3',
            Self::County => '4',
            Self::Town => '5',
            Self::Village => '6',
            Self::Graded => '7',
        }
    }

    /// The level of a digit, if it is 1 to 7.
    #[must_use]
    pub fn from_digit(digit: char) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.digit() == digit)
    }
}

const CREDIT_CODE_END: usize = 18;
const LEVEL_END: usize = 19;
const BASIC_END: usize = 31;
const BUSINESS_ITEM_END: usize = 33;

impl ImplementationCode {
    /// Reads a code after normalising it.
    ///
    /// # Errors
    /// [`ImplementationCodeError`], the first of length, credit code, level, digits.
    pub fn parse(input: &str) -> Result<Self, ImplementationCodeError> {
        let code = normalise_code(input);
        if ![BASIC_END, BUSINESS_ITEM_END].contains(&code.chars().count()) {
            return Err(ImplementationCodeError::Length);
        }
        let mut rest = code.chars();
        let body: String = rest.by_ref().take(CREDIT_CODE_END).collect();
        CreditCode::parse(&body).map_err(ImplementationCodeError::CreditCode)?;
        rest.next().and_then(ExerciseLevel::from_digit).ok_or(ImplementationCodeError::Level)?;
        if !is_digits(rest.as_str()) {
            return Err(ImplementationCodeError::Digits);
        }
        Ok(Self(code))
    }

    /// The credit code of the body that exercises the power.
    #[must_use]
    pub fn credit_code(&self) -> CreditCode {
        CreditCode::parse(&self.0[..CREDIT_CODE_END]).expect("checked when the code was read")
    }

    /// The level of exercise.
    #[must_use]
    pub fn level(&self) -> ExerciseLevel {
        let digit = self.0[CREDIT_CODE_END..LEVEL_END].chars().next();
        digit.and_then(ExerciseLevel::from_digit).expect("checked when the code was read")
    }

    /// The basic code of the item, 12 digits.
    #[must_use]
    pub fn basic_code(&self) -> &str {
        &self.0[LEVEL_END..BASIC_END]
    }

    /// The two digits of the kind: characters 22 and 23, which are 3 and 4 of the basic code.
    #[must_use]
    pub fn kind_digits(&self) -> &str {
        &self.basic_code()[2..4]
    }

    /// The two digits of the business item, if the code is that of one.
    #[must_use]
    pub fn business_item(&self) -> Option<&str> {
        Some(&self.0[BASIC_END..]).filter(|digits| !digits.is_empty())
    }

    /// Checks that the code is of the kind of the power beside which it stands.
    ///
    /// # Errors
    /// [`ImplementationCodeError::Kind`] when it is not.
    pub fn check_kind(&self, power: PowerKind) -> Result<(), ImplementationCodeError> {
        if self.kind_digits() == power.code() { Ok(()) } else { Err(ImplementationCodeError::Kind { power }) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::credit_code::tests::credit_codes;
    use proptest::prelude::*;

    const EXAMPLE: &str = "11320583014099996R5000117003001";

    #[test]
    fn the_example_of_the_specification_is_taken_apart() {
        let code = ImplementationCode::parse(EXAMPLE).expect("the example");
        assert_eq!(code.to_string(), EXAMPLE);
        assert_eq!(code.credit_code().as_str(), "11320583014099996R");
        assert_eq!(code.level(), ExerciseLevel::Town);
        assert_eq!(code.basic_code(), "000117003001");
        assert_eq!(code.kind_digits(), "01");
        assert_eq!(code.business_item(), None);
        assert_eq!(code.check_kind(PowerKind::Licence), Ok(()));
        assert_eq!(
            code.check_kind(PowerKind::Penalty),
            Err(ImplementationCodeError::Kind { power: PowerKind::Penalty })
        );
    }

    #[test]
    fn a_business_item_has_two_digits_more() {
        let code = ImplementationCode::parse(&format!("{EXAMPLE}01")).expect("the example");
        assert_eq!(code.business_item(), Some("01"));
        assert_eq!(code.check_kind(PowerKind::Licence), Ok(()));
    }

    #[test]
    fn wrong_codes_are_refused() {
        let cases = [
            (EXAMPLE[..30].to_owned(), ImplementationCodeError::Length),
            (format!("{EXAMPLE}0"), ImplementationCodeError::Length),
            (EXAMPLE.replacen("R5", "R0", 1), ImplementationCodeError::Level),
            (EXAMPLE.replacen("R5", "R8", 1), ImplementationCodeError::Level),
            (EXAMPLE.replacen("R5", "A5", 1), ImplementationCodeError::CreditCode(CreditCodeError::Check)),
            (EXAMPLE.replace("117003", "11700A"), ImplementationCodeError::Digits),
            (EXAMPLE.replace("117003", "11700政"), ImplementationCodeError::Digits),
        ];
        for (text, expected) in cases {
            assert_eq!(ImplementationCode::parse(&text), Err(expected), "{text}");
            assert_eq!(expected.code(), "AU-ENUM");
        }
    }

    proptest! {
        #[test]
        fn every_code_reads_back(body in credit_codes(), rest in "[1-7][0-9]{12}([0-9]{2})?") {
            let text = format!("{body}{rest}");
            let code = ImplementationCode::parse(&text).expect("an implementation code");
            prop_assert_eq!(code.to_string(), text);
            prop_assert_eq!(code.credit_code().to_string(), body);
            prop_assert_eq!(code.level().digit(), rest.chars().next().expect("a level"));
        }

        #[test]
        fn no_text_makes_the_reader_panic(input in any::<String>(), near in "11320583014099996R[0-9５政A-Z]{13}") {
            for text in [&input, &near] {
                if let Ok(code) = ImplementationCode::parse(text) {
                    let _ = (code.credit_code(), code.level(), code.kind_digits().len(), code.business_item());
                }
            }
        }
    }
}
