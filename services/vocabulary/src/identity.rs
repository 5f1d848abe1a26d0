//! The papers by which a person proves who he is. Not everyone has a citizen number: it is never asked of everybody
//! (identifiers.md §9.3).

use std::fmt;

use crate::citizen_number::{CitizenNumber, CitizenNumberError};
use crate::mask;
use crate::text::{is_plain, normalise_code};
use crate::time::Date;

/// The most characters of a paper of free form.
pub const FREE_NUMBER_MAX: usize = 50;

/// The kind of a paper.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum IdentityDocumentKind {
    /// 居民身份证, and the residence permits of Hong Kong, Macao and Taiwan, which follow the same rule.
    CitizenNumber,
    /// 外国人永久居留身份证 of 2023: eighteen digits beginning with 9, the same check.
    PermanentResidence,
    /// 护照.
    Passport,
    /// 港澳居民来往内地通行证 or 台湾居民来往大陆通行证.
    TravelPermit,
    /// 军官证 and the like.
    Military,
    /// 其他.
    Other,
}

impl IdentityDocumentKind {
    /// All kinds.
    pub const ALL: [Self; 6] = [
        Self::CitizenNumber,
        Self::PermanentResidence,
        Self::Passport,
        Self::TravelPermit,
        Self::Military,
        Self::Other,
    ];

    /// The kind as it is stored.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::CitizenNumber => "CITIZEN_NUMBER",
            Self::PermanentResidence => "PERMANENT_RESIDENCE",
            Self::Passport => "PASSPORT",
            Self::TravelPermit => "TRAVEL_PERMIT",
            Self::Military => "MILITARY",
            Self::Other => "OTHER",
        }
    }

    /// Reads a stored kind.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.code() == code)
    }
}

/// A paper with its number. Personal: it is shown masked, also by `Debug`.
#[derive(Clone, PartialEq, Eq, Hash)]
pub struct IdentityDocument {
    kind: IdentityDocumentKind,
    number: String,
}

/// A number that the paper cannot have.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum IdentityDocumentError {
    /// The rule of the citizen number is broken.
    #[error(transparent)]
    CitizenNumber(#[from] CitizenNumberError),
    /// A permanent residence card of this form begins with 9.
    #[error("the number of a permanent residence card has 18 digits and begins with 9")]
    PermanentResidence,
    /// The number of another paper is empty, too long, or holds a hidden character.
    #[error("the number of a paper has 1 to 50 characters, all of them seen")]
    Free,
}

impl IdentityDocumentError {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        match self {
            Self::CitizenNumber(error) => error.code(),
            Self::PermanentResidence | Self::Free => "ID-DOCUMENT",
        }
    }
}

impl IdentityDocument {
    /// Reads a number by the rule of its kind, after normalising it; `today` is the last possible day of birth.
    ///
    /// # Errors
    /// [`IdentityDocumentError`] where the kind has a rule that is broken.
    pub fn parse(kind: IdentityDocumentKind, input: &str, today: Date) -> Result<Self, IdentityDocumentError> {
        let number = match kind {
            IdentityDocumentKind::CitizenNumber => CitizenNumber::parse(input, today)?.reveal().to_owned(),
            IdentityDocumentKind::PermanentResidence => {
                let number = CitizenNumber::parse(input, today)?;
                if !number.reveal().starts_with('9') {
                    return Err(IdentityDocumentError::PermanentResidence);
                }
                number.reveal().to_owned()
            }
            IdentityDocumentKind::Passport
            | IdentityDocumentKind::TravelPermit
            | IdentityDocumentKind::Military
            | IdentityDocumentKind::Other => {
                let number = normalise_code(input);
                if !(1..=FREE_NUMBER_MAX).contains(&number.chars().count()) || !is_plain(&number) {
                    return Err(IdentityDocumentError::Free);
                }
                number
            }
        };
        Ok(Self { kind, number })
    }

    /// The kind.
    #[must_use]
    pub const fn kind(&self) -> IdentityDocumentKind {
        self.kind
    }

    /// The whole number, for encrypting and digesting it; never for a log or a screen.
    #[must_use]
    pub fn reveal(&self) -> &str {
        &self.number
    }
}

/// Shows the number masked: a citizen number by its first six and last four, another by its end.
impl fmt::Display for IdentityDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.kind {
            IdentityDocumentKind::CitizenNumber | IdentityDocumentKind::PermanentResidence => {
                write!(f, "{}********{}", &self.number[..6], &self.number[14..])
            }
            IdentityDocumentKind::Passport
            | IdentityDocumentKind::TravelPermit
            | IdentityDocumentKind::Military
            | IdentityDocumentKind::Other => f.write_str(&mask::end_of(&self.number)),
        }
    }
}

impl fmt::Debug for IdentityDocument {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "IdentityDocument({} {self})", self.kind.code())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::citizen_number::check_character;
    use jiff::civil::date;
    use proptest::prelude::*;

    const TODAY: Date = date(2026, 3, 2);

    fn read(kind: IdentityDocumentKind, number: &str) -> Result<IdentityDocument, IdentityDocumentError> {
        IdentityDocument::parse(kind, number, TODAY)
    }

    #[test]
    fn eighteen_digits_are_asked_of_citizens_only() {
        let citizen = read(IdentityDocumentKind::CitizenNumber, "32058319000101001x").expect("a number");
        assert_eq!(citizen.to_string(), "320583********001X");
        assert_eq!(citizen.reveal(), "32058319000101001X");
        let permits = ["81000019900101001", "82000019900101001", "83000019900101001"];
        for body in permits {
            let number = format!("{body}{}", check_character(body).expect("seventeen digits"));
            assert!(read(IdentityDocumentKind::CitizenNumber, &number).is_ok(), "{number}");
        }
        for (kind, number) in [
            (IdentityDocumentKind::Passport, "E12345678"),
            (IdentityDocumentKind::TravelPermit, "H1234567890"),
            (IdentityDocumentKind::Military, "南字第1234号"),
            (IdentityDocumentKind::Other, "1"),
        ] {
            assert_eq!(read(kind, number).expect("a number").reveal(), number);
        }
        assert_eq!(read(IdentityDocumentKind::Passport, "E12345678").expect("a number").to_string(), "****5678");
        assert_eq!(
            read(IdentityDocumentKind::Other, "1").map(|it| format!("{it:?}")).as_deref(),
            Ok("IdentityDocument(OTHER ****)")
        );
    }

    #[test]
    fn a_permanent_residence_card_begins_with_nine() {
        let body = "93205819900101001";
        let number = format!("{body}{}", check_character(body).expect("seventeen digits"));
        assert!(read(IdentityDocumentKind::PermanentResidence, &number).is_ok());
        assert_eq!(
            read(IdentityDocumentKind::PermanentResidence, "32058319000101001X"),
            Err(IdentityDocumentError::PermanentResidence)
        );
    }

    #[test]
    fn other_numbers_are_refused_with_their_code() {
        let refused = |kind, number: &str| read(kind, number).map_err(|error| error.code()).err();
        assert_eq!(refused(IdentityDocumentKind::CitizenNumber, "320583000101001"), Some("ID-CN-LEN"));
        assert_eq!(refused(IdentityDocumentKind::CitizenNumber, "320583190001010011"), Some("ID-CN-CHECK"));
        assert_eq!(refused(IdentityDocumentKind::Passport, " "), Some("ID-DOCUMENT"));
        assert_eq!(refused(IdentityDocumentKind::Passport, "E\u{202e}1"), Some("ID-DOCUMENT"));
        assert_eq!(refused(IdentityDocumentKind::Other, &"1".repeat(FREE_NUMBER_MAX + 1)), Some("ID-DOCUMENT"));
    }

    #[test]
    fn every_kind_reads_back() {
        for kind in IdentityDocumentKind::ALL {
            assert_eq!(IdentityDocumentKind::parse(kind.code()), Some(kind));
        }
        assert_eq!(IdentityDocumentKind::parse("LICENCE"), None);
    }

    proptest! {
        #[test]
        fn no_text_panics_and_no_number_is_shown_whole(input in any::<String>(), near in "[0-9X]{18}|9[0-9]{17}") {
            for kind in IdentityDocumentKind::ALL {
                for text in [&input, &near] {
                    if let Ok(read) = IdentityDocument::parse(kind, text, TODAY) {
                        prop_assert!(read.to_string().contains('*'));
                        prop_assert_eq!(IdentityDocument::parse(kind, read.reveal(), TODAY), Ok(read));
                    }
                }
            }
        }
    }
}
