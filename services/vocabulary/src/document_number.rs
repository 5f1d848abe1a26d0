//! The number on an official paper (发文字号, GB/T 9704-2012, 7.2.5).
//!
//! An ordinary number is 代字, the year in six-cornered brackets, a serial and 号: `昆政发〔2026〕5号`. An order has 令 and either
//! a running serial (`国务院令第809号`) or a year and serial. Papers arrive with wrong brackets or a padded serial; those can be
//! repaired on the way in, never on the way out, and both texts are kept (identifiers.md §9.6).

use std::fmt;
use std::str::FromStr;

use crate::text::{is_digits, normalise};

/// A document number in its one correct spelling.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DocumentNumber {
    word: String,
    year: Option<u16>,
    serial: u32,
}

/// A text that is no document number.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum DocumentNumberError {
    /// It is not made of 代字, 〔year〕, serial and 号, nor of 令, 第, serial and 号.
    #[error("a document number is written as 昆政发〔2026〕5号, an order as 国务院令第809号")]
    Form,
    /// The 代字 is not 1 to 20 Chinese characters.
    #[error("the word before the year must be 1 to 20 Chinese characters")]
    Word,
    /// The year is not four digits, 1949 to 2099.
    #[error("the year must have four digits, 1949 to 2099")]
    Year,
    /// The serial is not 1 to 99999, without leading zeros.
    #[error("the serial must be 1 to 99999 without leading zeros")]
    Serial,
}

impl DocumentNumberError {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        REPAIR_FLAG
    }
}

/// The flag of a number that was repaired.
pub const REPAIR_FLAG: &str = "ID-DOCNO";

/// Which of the two grammars a number follows.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Grammar {
    /// The number of an ordinary paper.
    Ordinary,
    /// The number of an order (令).
    Order,
}

/// A number as it came and as it should have been, both to be recorded.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Repaired {
    /// The text on the paper.
    pub as_received: String,
    /// The number it means.
    pub number: DocumentNumber,
}

const ORDER: char = '令';
const WORD_LENGTH_MAX: usize = 20;
const SERIAL_MAX: u32 = 99_999;

/// Brackets seen on papers in place of 〔 and 〕.
const WRONG_BRACKETS: [(char, char); 6] =
    [('[', ']'), ('(', ')'), ('（', '）'), ('【', '】'), ('［', '］'), ('〖', '〗')];

impl DocumentNumber {
    /// Composes the number of an ordinary paper, for issuing it.
    ///
    /// # Errors
    /// [`DocumentNumberError`], the first of word, year, serial.
    pub fn new(word: &str, year: u16, serial: u32) -> Result<Self, DocumentNumberError> {
        Self::of(word, Some(year), serial)
    }

    /// Reads a number in its correct spelling. Spaces and full-width digits are normalised, nothing else is.
    ///
    /// # Errors
    /// [`DocumentNumberError`], telling which part is wrong.
    pub fn parse(input: &str) -> Result<Self, DocumentNumberError> {
        let text = normalise(input);
        let body = text.strip_suffix('号').ok_or(DocumentNumberError::Form)?;
        if let Some((word, rest)) = body.split_once('〔') {
            let (year, serial) = rest.split_once('〕').ok_or(DocumentNumberError::Form)?;
            let year =
                year.parse().ok().filter(|_| year.len() == 4 && is_digits(year)).ok_or(DocumentNumberError::Year)?;
            return Self::of(word, Some(year), serial_from(serial)?);
        }
        let (word, serial) = body.rsplit_once('第').ok_or(DocumentNumberError::Form)?;
        if !word.ends_with(ORDER) {
            return Err(DocumentNumberError::Form);
        }
        Self::of(word, None, serial_from(serial)?)
    }

    fn of(word: &str, year: Option<u16>, serial: u32) -> Result<Self, DocumentNumberError> {
        // The 令 of an order stands outside the 1 to 20 characters; 令 alone is the word of an ordinary paper.
        let counted = match word.strip_suffix(ORDER) {
            Some(issuer) if year.is_none() || !issuer.is_empty() => issuer,
            _ => word,
        };
        if !(1..=WORD_LENGTH_MAX).contains(&counted.chars().count()) || !counted.chars().all(is_han) {
            return Err(DocumentNumberError::Word);
        }
        if year.is_some_and(|year| !(1949..=2099).contains(&year)) {
            return Err(DocumentNumberError::Year);
        }
        if !(1..=SERIAL_MAX).contains(&serial) {
            return Err(DocumentNumberError::Serial);
        }
        Ok(Self { word: word.to_owned(), year, serial })
    }

    /// The word before the year (代字), with its 令 if it is an order.
    #[must_use]
    pub fn word(&self) -> &str {
        &self.word
    }

    /// The year; an order numbered through has none.
    #[must_use]
    pub const fn year(&self) -> Option<u16> {
        self.year
    }

    /// The serial, 1 to 99999: in its word and year, or in its word if there is no year.
    #[must_use]
    pub const fn serial(&self) -> u32 {
        self.serial
    }

    /// Which grammar the number follows.
    #[must_use]
    pub fn grammar(&self) -> Grammar {
        match self.word.strip_suffix(ORDER) {
            Some(issuer) if !issuer.is_empty() => Grammar::Order,
            _ => Grammar::Ordinary,
        }
    }
}

/// Repairs the number of an incoming paper: wrong brackets, leading zeros, and 第 before an ordinary serial.
///
/// None when the text is already correct, or when repairing it would be guessing, as with a year of two digits. A repaired
/// number is flagged [`REPAIR_FLAG`] wherever it is shown.
#[must_use]
pub fn repair(input: &str) -> Option<Repaired> {
    if DocumentNumber::parse(input).is_ok() {
        return None;
    }
    let text = normalise(input);
    let body = text.strip_suffix('号')?;
    let head = body.trim_end_matches(|c: char| c.is_ascii_digit());
    let serial = body[head.len()..].trim_start_matches('0');
    let head = with_right_brackets(head).unwrap_or_else(|| head.to_owned());
    let number = DocumentNumber::parse(&format!("{head}{serial}号")).ok()?;
    Some(Repaired { as_received: input.to_owned(), number })
}

/// Rewrites `word[year]` or `word[year]第` with the right brackets; none when the head has no year.
fn with_right_brackets(head: &str) -> Option<String> {
    let before_serial = head.strip_suffix('第').unwrap_or(head);
    let (open, close) =
        WRONG_BRACKETS.into_iter().chain([('〔', '〕')]).find(|(_, close)| before_serial.ends_with(*close))?;
    let (word, year) = before_serial.strip_suffix(close)?.rsplit_once(open)?;
    Some(format!("{word}〔{year}〕"))
}

fn serial_from(text: &str) -> Result<u32, DocumentNumberError> {
    let serial = text.parse().ok().filter(|_| is_digits(text) && !text.starts_with('0'));
    serial.ok_or(DocumentNumberError::Serial)
}

/// The range of the grammar: the unified ideographs of Unicode 1.1.
fn is_han(c: char) -> bool {
    ('\u{4e00}'..='\u{9fa5}').contains(&c)
}

impl fmt::Display for DocumentNumber {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self { word, year, serial } = self;
        match year {
            Some(year) => write!(f, "{word}〔{year}〕{serial}号"),
            None => write!(f, "{word}第{serial}号"),
        }
    }
}

impl FromStr for DocumentNumber {
    type Err = DocumentNumberError;

    fn from_str(input: &str) -> Result<Self, Self::Err> {
        Self::parse(input)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn an_ordinary_number_is_taken_apart() {
        let number = DocumentNumber::parse("张政罚决字〔2026〕12号").expect("a document number");
        assert_eq!((number.word(), number.year(), number.serial()), ("张政罚决字", Some(2026), 12));
        assert_eq!(number.grammar(), Grammar::Ordinary);
        assert_eq!(DocumentNumber::new("张政罚决字", 2026, 12), Ok(number));
        assert_eq!(
            DocumentNumber::parse(" 昆政发〔２０２６〕 5 号").map(|it| it.to_string()).as_deref(),
            Ok("昆政发〔2026〕5号")
        );
    }

    #[test]
    fn an_order_has_a_running_serial_or_a_year() {
        let order = DocumentNumber::parse("国务院令第809号").expect("an order");
        assert_eq!((order.word(), order.year(), order.serial()), ("国务院令", None, 809));
        assert_eq!(order.grammar(), Grammar::Order);
        assert_eq!(DocumentNumber::parse("国务院令〔2026〕5号").map(|it| it.grammar()), Ok(Grammar::Order));
    }

    #[test]
    fn wrong_numbers_are_refused_by_part() {
        let long = "政".repeat(21);
        let cases = [
            ("昆政发〔2026〕05号", DocumentNumberError::Serial),
            ("昆政发〔2026〕第5号", DocumentNumberError::Serial),
            ("昆政发〔2026〕0号", DocumentNumberError::Serial),
            ("昆政发〔2026〕100000号", DocumentNumberError::Serial),
            ("昆政发〔2026〕号", DocumentNumberError::Serial),
            ("昆政发〔2026〕+5号", DocumentNumberError::Serial),
            ("昆政发[2026]5号", DocumentNumberError::Form),
            ("昆政发〔26〕5号", DocumentNumberError::Year),
            ("昆政发〔1948〕5号", DocumentNumberError::Year),
            ("昆政发〔2100〕5号", DocumentNumberError::Year),
            ("昆政发〔+202〕5号", DocumentNumberError::Year),
            ("〔2026〕5号", DocumentNumberError::Word),
            ("KZF〔2026〕5号", DocumentNumberError::Word),
            ("令第5号", DocumentNumberError::Word),
            ("昆政发第5号", DocumentNumberError::Form),
            ("国务院令第05号", DocumentNumberError::Serial),
            ("昆政发〔2026〕5", DocumentNumberError::Form),
            ("", DocumentNumberError::Form),
        ];
        for (text, expected) in cases {
            assert_eq!(DocumentNumber::parse(text), Err(expected), "{text}");
            assert_eq!(expected.code(), "ID-DOCNO");
        }
        assert_eq!(DocumentNumber::new(&long, 2026, 1), Err(DocumentNumberError::Word));
        assert!(DocumentNumber::parse(&format!("{}令〔2026〕1号", "政".repeat(20))).is_ok());
        assert!(DocumentNumber::parse("令〔2026〕1号").is_ok_and(|number| number.grammar() == Grammar::Ordinary));
    }

    #[test]
    fn incoming_numbers_are_repaired_and_both_texts_kept() {
        let texts = [
            "昆政发[2026]5号",
            "昆政发(2026)5号",
            "昆政发（2026）5号",
            "昆政发【2026】5号",
            "昆政发［2026］5号",
            "昆政发〔2026〕05号",
            "昆政发〔2026〕第5号",
            "昆政发[2026]第005号",
            " 昆政发 （２０２６）５号",
        ];
        for text in texts {
            let repaired = repair(text).expect(text);
            assert_eq!(repaired.number.to_string(), "昆政发〔2026〕5号");
            assert_eq!(repaired.as_received, text);
        }
        assert_eq!(repair("国务院令第0809号").map(|it| it.number.to_string()).as_deref(), Some("国务院令第809号"));
    }

    #[test]
    fn what_would_be_guessing_is_not_repaired() {
        for text in [
            "昆政发〔2026〕5号",
            "昆政发〔26〕5号",
            "昆政发[2026)5号",
            "昆政发2026-5号",
            "昆政发[2026]0号",
            "昆政发[2026]5",
            "",
        ] {
            assert_eq!(repair(text), None, "{text}");
        }
    }

    proptest! {
        #[test]
        fn every_number_reads_back(word in "[\u{4e00}-\u{9fa5}]{1,19}令?", year in proptest::option::of(1949u16..=2099), serial in 1u32..=99_999) {
            let word = if year.is_none() && !word.ends_with('令') { format!("{word}令") } else { word };
            let text = match year {
                Some(year) => format!("{word}〔{year}〕{serial}号"),
                None => format!("{word}第{serial}号"),
            };
            if let Ok(number) = DocumentNumber::parse(&text) {
                prop_assert_eq!((number.word(), number.year(), number.serial()), (word.as_str(), year, serial));
                prop_assert_eq!(number.to_string(), text);
            } else {
                // Only 令 without an issuer is no order.
                prop_assert_eq!(word, "令");
            }
        }

        #[test]
        fn repair_finds_the_number_behind_the_wrong_brackets(
            word in "[\u{4e00}-\u{9fa5}]{1,20}", year in 1949u16..=2099, serial in 1u32..=99_999, which in 0usize..6, zeros in "0{0,3}", nth in "第?",
        ) {
            let (open, close) = WRONG_BRACKETS[which];
            let repaired = repair(&format!("{word}{open}{year}{close}{nth}{zeros}{serial}号")).map(|it| it.number);
            prop_assert_eq!(repaired, DocumentNumber::new(&word, year, serial).ok());
        }

        #[test]
        fn no_text_makes_the_readers_panic(input in any::<String>(), near in "[昆政令第号〔〕\\[\\]0-9]{0,14}号?") {
            for text in [&input, &near] {
                let read = DocumentNumber::parse(text);
                prop_assert!(read.is_err() || repair(text).is_none());
            }
        }
    }
}
