//! The number of a resident (公民身份号码, GB 11643-1999).
//!
//! Eighteen characters: the division of first registration (6), the day of birth (8), a serial whose last digit is odd for men
//! (3), and a check. The permits of residents of Hong Kong, Macao and Taiwan follow the same rule. Other papers, such as
//! passports, are of other forms: never ask this number of everybody.
//!
//! It is personal: it is stored encrypted, looked up by a keyed digest, and shown masked. So neither `Display` nor `Debug`
//! gives it away; [`CitizenNumber::reveal`] does, and says so.

use std::fmt;

use crate::text::{is_digits, normalise_code};
use crate::time::{Date, parse_basic};

/// A number whose check holds and whose day of birth exists.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct CitizenNumber(String);

/// A text that is no citizen number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum CitizenNumberError {
    /// It has not 18 characters. The old numbers of 15 are not accepted.
    #[error("a citizen number has 18 characters")]
    Length,
    /// It is not 17 digits and a digit or X, or the check does not fit the others.
    #[error("the check character does not fit the others")]
    Check,
    /// The day of birth does not exist, lies before 1900 or after today.
    #[error("the day of birth must exist, from 1900-01-01 to today")]
    Date,
}

impl CitizenNumberError {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Length => "ID-CN-LEN",
            Self::Check => "ID-CN-CHECK",
            Self::Date => "ID-CN-DATE",
        }
    }
}

/// What the serial says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Sex {
    /// An odd serial.
    Male,
    /// An even serial.
    Female,
}

const LENGTH: usize = 18;
const WEIGHTS: [u32; LENGTH - 1] = [7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2];

/// The check character by the sum modulo 11.
const CHECKS: [char; 11] = ['1', '0', 'X', '9', '8', '7', '6', '5', '4', '3', '2'];

const FIRST_BIRTH: Date = Date::constant(1900, 1, 1);

impl CitizenNumber {
    /// Reads a number after normalising it; `today` is the last possible day of birth.
    ///
    /// # Errors
    /// [`CitizenNumberError`], the first of length, check, date.
    pub fn parse(input: &str, today: Date) -> Result<Self, CitizenNumberError> {
        let number = normalise_code(input);
        if number.chars().count() != LENGTH {
            return Err(CitizenNumberError::Length);
        }
        let body: String = number.chars().take(LENGTH - 1).collect();
        if check_character(&body) != number.chars().last() {
            return Err(CitizenNumberError::Check);
        }
        match birth_in(&number) {
            Some(birth) if (FIRST_BIRTH..=today).contains(&birth) => Ok(Self(number)),
            _ => Err(CitizenNumberError::Date),
        }
    }

    /// The whole number, for encrypting and digesting it; never for a log or a screen.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.0
    }

    /// The division of first registration, which need not exist today.
    #[must_use]
    pub fn division(&self) -> &str {
        &self.0[..6]
    }

    /// The day of birth.
    #[must_use]
    pub fn birth(&self) -> Date {
        birth_in(&self.0).expect("checked when the number was read")
    }

    /// The sex, as the serial tells it.
    #[must_use]
    pub fn sex(&self) -> Sex {
        if self.0[..17].ends_with(['1', '3', '5', '7', '9']) { Sex::Male } else { Sex::Female }
    }
}

/// The check character of seventeen digits; none when there are not seventeen.
#[must_use]
pub fn check_character(body: &str) -> Option<char> {
    if body.len() != WEIGHTS.len() || !is_digits(body) {
        return None;
    }
    let digits = body.chars().filter_map(|c| c.to_digit(10));
    let sum: u32 = digits.zip(WEIGHTS).map(|(digit, weight)| digit * weight).sum();
    CHECKS.into_iter().nth(usize::try_from(sum % 11).ok()?)
}

fn birth_in(number: &str) -> Option<Date> {
    parse_basic(number.get(6..14)?).ok()
}

/// Shows the number masked, `320583********001X`.
impl fmt::Display for CitizenNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}********{}", self.division(), &self.0[14..])
    }
}

impl fmt::Debug for CitizenNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "CitizenNumber({self})")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    const TODAY: Date = date(2026, 3, 2);

    #[test]
    fn the_table_of_the_specification_holds() {
        let male = CitizenNumber::parse("32058319000101001x", TODAY).expect("a number");
        assert_eq!((male.sex(), male.birth(), male.division()), (Sex::Male, date(1900, 1, 1), "320583"));
        let female = CitizenNumber::parse("320583190001010028", TODAY).expect("a number");
        assert_eq!(female.sex(), Sex::Female);
        assert!(CitizenNumber::parse("11010519491231002X", TODAY).is_ok());
        for body in ["1101051949123100", "110105194912310020", "1101051949123100X"] {
            assert_eq!(check_character(body), None, "{body}");
        }
        let refused = [
            ("440524188001010014", CitizenNumberError::Date, "ID-CN-DATE"),
            ("320583190002290017", CitizenNumberError::Date, "ID-CN-DATE"),
            ("320583190001010011", CitizenNumberError::Check, "ID-CN-CHECK"),
            ("320583000101001", CitizenNumberError::Length, "ID-CN-LEN"),
            ("3205831900010100政X", CitizenNumberError::Check, "ID-CN-CHECK"),
        ];
        for (text, error, code) in refused {
            assert_eq!(CitizenNumber::parse(text, TODAY), Err(error), "{text}");
            assert_eq!(error.code(), code);
        }
    }

    #[test]
    fn nobody_is_born_after_today() {
        let number = "11010519491231002X";
        assert!(CitizenNumber::parse(number, date(1949, 12, 31)).is_ok());
        assert_eq!(CitizenNumber::parse(number, date(1949, 12, 30)), Err(CitizenNumberError::Date));
    }

    #[test]
    fn the_number_is_shown_masked() {
        let number = CitizenNumber::parse("32058319000101001X", TODAY).expect("a number");
        assert_eq!(number.to_string(), "320583********001X");
        assert_eq!(format!("{number:?}"), "CitizenNumber(320583********001X)");
        assert_eq!(number.reveal(), "32058319000101001X");
    }

    fn numbers() -> impl Strategy<Value = String> {
        ("[0-9]{6}", 1900i16..2026, 1u8..=12, 1u8..=28, 0u16..1000).prop_map(|(division, year, month, day, serial)| {
            let body = format!("{division}{year}{month:02}{day:02}{serial:03}");
            let check = check_character(&body).expect("seventeen digits");
            format!("{body}{check}")
        })
    }

    proptest! {
        #[test]
        fn every_changed_character_is_noticed(number in numbers(), place in 0usize..18, new in "[0-9X]") {
            let mut changed = number.clone();
            changed.replace_range(place..=place, &new);
            let expected = if changed == number { Ok(CitizenNumber(number)) } else { Err(CitizenNumberError::Check) };
            prop_assert_eq!(CitizenNumber::parse(&changed, TODAY), expected);
        }

        #[test]
        fn no_text_makes_the_reader_panic(input in any::<String>(), near in "[0-9X政]{18}") {
            for text in [&input, &near] {
                if let Ok(number) = CitizenNumber::parse(text, TODAY) {
                    let _ = (number.birth(), number.sex(), number.to_string());
                }
                let _ = check_character(text);
            }
        }
    }
}
