//! What divisions were called, and when (identifiers.md §9.1). Codes change with time: a code is given up, given out again, or
//! keeps its digits under another name.
//!
//! This is reference data for showing a division. It refuses no code: a person's number keeps the division of his first
//! registration, which need not exist today.

use std::collections::BTreeMap;

use super::DivisionCode;
use crate::time::Date;

/// The name of a division from a day on, half-open.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DivisionRecord {
    /// The code.
    pub code: DivisionCode,
    /// The name.
    pub name: String,
    /// The first day; none: since before the records begin.
    pub from: Option<Date>,
    /// The first day on which it is no longer called so; none: open.
    pub to: Option<Date>,
}

impl DivisionRecord {
    /// Whether the division is called so on a day.
    #[must_use]
    pub fn covers(&self, day: Date) -> bool {
        self.from.is_none_or(|from| from <= day) && self.to.is_none_or(|to| day < to)
    }
}

/// The names of divisions by code and day.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Divisions(BTreeMap<DivisionCode, Vec<DivisionRecord>>);

/// Records that contradict each other.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum DivisionsError {
    /// A record has no name, or ends before it begins.
    #[error("the record of {code} has no name, or no day")]
    Record {
        /// The code.
        code: DivisionCode,
    },
    /// Two records name one code on one day.
    #[error("two records name {code} on the same day")]
    Overlap {
        /// The code.
        code: DivisionCode,
    },
}

impl DivisionsError {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ID-DIVISION"
    }
}

/// The town, what it lies in, and its neighbours that public data agrees on.
const BUILT_IN: [(&str, &str); 7] = [
    ("320000", "江苏省"),
    ("320500", "苏州市"),
    ("320583", "昆山市"),
    ("320583102", "周市镇"),
    ("320583103", "陆家镇"),
    ("320583104", "花桥镇"),
    ("320583106", "张浦镇"),
];

impl Divisions {
    /// Orders records by code and day.
    ///
    /// # Errors
    /// [`DivisionsError`] for a record without a name or a day, and for two that name one code on one day.
    pub fn new(records: impl IntoIterator<Item = DivisionRecord>) -> Result<Self, DivisionsError> {
        let mut by_code: BTreeMap<DivisionCode, Vec<DivisionRecord>> = BTreeMap::new();
        for record in records {
            let empty = record.from.zip(record.to).is_some_and(|(from, to)| to <= from);
            if record.name.trim().is_empty() || empty {
                return Err(DivisionsError::Record { code: record.code });
            }
            by_code.entry(record.code.clone()).or_default().push(record);
        }
        for (code, records) in &mut by_code {
            records.sort_by_key(|record| record.from);
            let overlap = |pair: &[DivisionRecord]| match (pair[0].to, pair[1].from) {
                (Some(to), Some(from)) => from < to,
                (None, _) | (Some(_), None) => true,
            };
            if records.windows(2).any(overlap) {
                return Err(DivisionsError::Overlap { code: code.clone() });
            }
        }
        Ok(Self(by_code))
    }

    /// The town, what it lies in, and its neighbours.
    #[must_use]
    pub fn built_in() -> Self {
        let record = |(code, name): (&str, &str)| {
            let code = DivisionCode::parse(code).ok()?;
            Some(DivisionRecord { code, name: name.to_owned(), from: None, to: None })
        };
        Self::new(BUILT_IN.into_iter().filter_map(record)).unwrap_or_default()
    }

    /// What a division was called on a day. Trailing zeros name nothing, so `320583106000` is `320583106`.
    #[must_use]
    pub fn name_on(&self, code: &DivisionCode, day: Date) -> Option<&str> {
        let own = self.0.get(code).or_else(|| {
            let same =
                |known: &&DivisionCode| known.level() == code.level() && known.significant() == code.significant();
            self.0.get(self.0.keys().find(same)?)
        });
        own?.iter().find(|record| record.covers(day)).map(|record| record.name.as_str())
    }

    /// The names from the province down to the division, `江苏省苏州市昆山市张浦镇`; what is not known is left out.
    #[must_use]
    pub fn full_name_on(&self, code: &DivisionCode, day: Date) -> String {
        let mut upper: Vec<&DivisionCode> = self.0.keys().filter(|known| known.contains(code)).collect();
        upper.sort_by_key(|known| known.level());
        let mut levels: Vec<_> =
            upper.iter().filter_map(|known| Some((known.level(), self.name_on(known, day)?))).collect();
        levels.dedup_by_key(|(level, _)| *level);
        levels.into_iter().map(|(_, name)| name).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;

    const TODAY: Date = date(2026, 3, 2);

    fn code(text: &str) -> DivisionCode {
        DivisionCode::parse(text).expect("a division code")
    }

    fn record(name: &str, from: Option<Date>, to: Option<Date>) -> DivisionRecord {
        DivisionRecord { code: code("320583"), name: name.to_owned(), from, to }
    }

    #[test]
    fn the_town_and_its_neighbours_are_known() {
        let known = Divisions::built_in();
        for (text, name) in BUILT_IN {
            assert_eq!(known.name_on(&code(text), TODAY), Some(name));
        }
        assert_eq!(known.name_on(&code("320583106000"), TODAY), Some("张浦镇"));
        assert_eq!(known.full_name_on(&code("320583106000"), TODAY), "江苏省苏州市昆山市张浦镇");
        assert_eq!(known.full_name_on(&code("320583106201"), TODAY), "江苏省苏州市昆山市张浦镇");
    }

    #[test]
    fn an_unknown_code_has_no_name_and_is_no_error() {
        assert_eq!(Divisions::built_in().name_on(&code("110105"), TODAY), None);
        assert_eq!(Divisions::built_in().full_name_on(&code("110105"), TODAY), "");
    }

    #[test]
    fn a_name_holds_from_its_first_day_to_before_its_last() {
        let change = date(1989, 9, 28);
        let known = Divisions::new([record("昆山市", Some(change), None), record("昆山县", None, Some(change))]);
        let known = known.expect("records that follow each other");
        assert_eq!(known.name_on(&code("320583"), date(1989, 9, 27)), Some("昆山县"));
        assert_eq!(known.name_on(&code("320583"), change), Some("昆山市"));
    }

    #[test]
    fn records_that_contradict_are_refused() {
        let (early, late) = (date(2000, 1, 1), date(2001, 1, 1));
        let overlaps = [
            [record("甲", None, None), record("乙", Some(late), None)],
            [record("甲", Some(early), Some(late)), record("乙", Some(early), None)],
            [record("甲", None, Some(late)), record("乙", None, Some(early))],
        ];
        for records in overlaps {
            assert_eq!(Divisions::new(records), Err(DivisionsError::Overlap { code: code("320583") }));
        }
        for broken in [record(" ", None, None), record("甲", Some(late), Some(late))] {
            let refused = Divisions::new([broken]).expect_err("no record");
            assert_eq!(refused, DivisionsError::Record { code: code("320583") });
            assert_eq!(refused.code(), "ID-DIVISION");
        }
    }
}
