//! Administrative division codes (行政区划代码): 6 digits (GB/T 2260), 9 for a town, 12 for a village (statistics).
//!
//! Codes change with time, and a person's number keeps the division of his first registration, so no code is refused for being
//! unknown. What a code was called, and when, is reference data: [`Divisions`] (identifiers.md §9.1).

use crate::text::{is_digits, normalise_code, text_value};

pub mod dated;

pub use dated::{DivisionRecord, Divisions, DivisionsError};

/// A division code of 6, 9 or 12 digits, kept as it was given.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DivisionCode(String);

text_value!(DivisionCode, DivisionCodeError);

/// A text that is no division code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a division code has 6, 9 or 12 digits")]
pub struct DivisionCodeError;

impl DivisionCodeError {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ID-DIVISION"
    }
}

/// How far down a division lies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum DivisionLevel {
    /// 省.
    Province,
    /// 市.
    City,
    /// 县.
    County,
    /// 镇, 乡 or 街道.
    Town,
    /// 村 or 社区.
    Village,
}

/// What the three digits of a town say it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TownKind {
    /// 街道, 001–099.
    Street,
    /// 镇, 100–199.
    Town,
    /// 乡, 200–399.
    Township,
    /// Anything else, such as a development zone.
    Special,
}

/// What the three digits of a village say it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum VillageKind {
    /// 居委会, 001–199.
    ResidentsCommittee,
    /// 村委会, 200–399.
    VillagersCommittee,
    /// Anything else.
    Special,
}

impl DivisionLevel {
    /// The level and how many digits it takes, from the deepest.
    const DEEPEST_FIRST: [(Self, usize); 4] =
        [(Self::Village, 12), (Self::Town, 9), (Self::County, 6), (Self::City, 4)];
}

impl DivisionCode {
    /// Reads a code after normalising it.
    ///
    /// # Errors
    /// [`DivisionCodeError`] when it has another form.
    pub fn parse(input: &str) -> Result<Self, DivisionCodeError> {
        let code = normalise_code(input);
        if [6, 9, 12].contains(&code.len()) && is_digits(&code) { Ok(Self(code)) } else { Err(DivisionCodeError) }
    }

    /// How far down the division lies: trailing zeros stand for parts that are not named.
    #[must_use]
    pub fn level(&self) -> DivisionLevel {
        let names = |width: usize| self.0.len() >= width && self.0[part_start(width)..width].contains(|c| c != '0');
        DivisionLevel::DEEPEST_FIRST
            .into_iter()
            .find(|(_, width)| names(*width))
            .map_or(DivisionLevel::Province, |(level, _)| level)
    }

    /// Tells whether another division is this one or lies within it, as `320583106` lies within `320500`.
    #[must_use]
    pub fn contains(&self, other: &Self) -> bool {
        other.0.starts_with(self.significant())
    }

    /// What kind of town it is or lies in; none above the towns.
    #[must_use]
    pub fn town_kind(&self) -> Option<TownKind> {
        Some(match self.part(9)? {
            1..=99 => TownKind::Street,
            100..=199 => TownKind::Town,
            200..=399 => TownKind::Township,
            _ => TownKind::Special,
        })
    }

    /// What kind of village it is; none above the villages.
    #[must_use]
    pub fn village_kind(&self) -> Option<VillageKind> {
        Some(match self.part(12)? {
            1..=199 => VillageKind::ResidentsCommittee,
            200..=399 => VillageKind::VillagersCommittee,
            _ => VillageKind::Special,
        })
    }

    /// The three digits that end at a width, where they name something.
    fn part(&self, width: usize) -> Option<u16> {
        self.0.get(part_start(width)..width)?.parse().ok().filter(|part| *part > 0)
    }

    /// The digits down to the division's own level.
    #[must_use]
    pub fn significant(&self) -> &str {
        let level = self.level();
        let own = DivisionLevel::DEEPEST_FIRST.into_iter().find(|(known, _)| *known == level);
        &self.0[..own.map_or(2, |(_, width)| width)]
    }
}

/// Where the part that ends at `width` digits begins: two digits each down to the county, three below it.
fn part_start(width: usize) -> usize {
    if width <= 6 { width - 2 } else { width - 3 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn code(text: &str) -> DivisionCode {
        DivisionCode::parse(text).expect("a division code")
    }

    #[test]
    fn levels_follow_the_digits_named() {
        let cases = [
            ("320000", DivisionLevel::Province),
            ("320500", DivisionLevel::City),
            ("320583", DivisionLevel::County),
            ("320583000", DivisionLevel::County),
            ("320583106", DivisionLevel::Town),
            ("320583106000", DivisionLevel::Town),
            ("320583106201", DivisionLevel::Village),
        ];
        for (text, level) in cases {
            assert_eq!(code(text).level(), level, "{text}");
            assert_eq!(code(text).to_string(), text);
        }
    }

    #[test]
    fn the_digits_of_towns_and_villages_tell_their_kind() {
        let cases = [
            ("320583001", Some(TownKind::Street), None),
            ("320583106", Some(TownKind::Town), None),
            ("320583200001", Some(TownKind::Township), Some(VillageKind::ResidentsCommittee)),
            ("320583106201", Some(TownKind::Town), Some(VillageKind::VillagersCommittee)),
            ("320583400500", Some(TownKind::Special), Some(VillageKind::Special)),
            ("320583106000", Some(TownKind::Town), None),
            ("320583000000", None, None),
            ("320583", None, None),
        ];
        for (text, town, village) in cases {
            assert_eq!((code(text).town_kind(), code(text).village_kind()), (town, village), "{text}");
        }
    }

    #[test]
    fn a_division_contains_those_below_it() {
        let chain = ["320000", "320500", "320583", "320583106000", "320583106201"];
        for (upper, higher) in chain.iter().enumerate() {
            for (lower, deeper) in chain.iter().enumerate() {
                assert_eq!(code(higher).contains(&code(deeper)), upper <= lower, "{higher} {deeper}");
            }
        }
        assert!(!code("320583106").contains(&code("320583102")));
    }

    #[test]
    fn other_texts_are_refused() {
        for other in ["", "32058", "3205831", "32058310600", "3205831060000", "32058A", "昆山"] {
            assert_eq!(DivisionCode::parse(other), Err(DivisionCodeError), "{other}");
        }
        assert_eq!(code(" ３２0583 ").as_str(), "320583");
        assert_eq!(DivisionCodeError.code(), "ID-DIVISION");
    }

    proptest! {
        #[test]
        fn every_code_reads_back_and_contains_itself(text in "[0-9]{6}([0-9]{3}([0-9]{3})?)?", input in any::<String>()) {
            let parsed = code(&text);
            prop_assert!(parsed.contains(&parsed));
            prop_assert_eq!(parsed.to_string().parse(), Ok(parsed));
            let _ = DivisionCode::parse(&input);
        }
    }
}
