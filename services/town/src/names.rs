//! Names of resources as people type them: whole, or abbreviated where that is unambiguous.

use vocabulary::time::{TOWN_OFFSET, parse_date};
use vocabulary::{Date, Timestamp};

use crate::problem::Problem;

/// How many candidates an ambiguous abbreviation is answered with.
const SHOWN_MAX: usize = 5;

/// How many characters of an id a table shows.
const SHORT_LENGTH: usize = 8;

/// The length of a UUID, by which every id here ends.
const ID_LENGTH: usize = 36;

/// The id that a name ends with.
fn id(name: &str) -> &str {
    let last = name.rsplit('/').next().unwrap_or(name);
    last.len().checked_sub(ID_LENGTH).and_then(|at| last.get(at..)).unwrap_or(last)
}

/// The beginning of a resource's id, as tables show it.
#[must_use]
pub fn abbreviate(name: &str) -> String {
    id(name).chars().take(SHORT_LENGTH).collect()
}

/// Finds the one name that `wanted` means: the whole name, its last part, or the beginning of its id.
pub fn find<'a>(wanted: &str, names: impl IntoIterator<Item = &'a str>) -> Result<String, Problem> {
    let meant =
        |name: &&str| *name == wanted || name.rsplit('/').next() == Some(wanted) || id(name).starts_with(wanted);
    let found: Vec<&str> = if wanted.is_empty() { Vec::new() } else { names.into_iter().filter(meant).collect() };
    match found.as_slice() {
        [one] => Ok((*one).to_owned()),
        [] => Err(Problem::usage(format!("nothing here is called {wanted}"), "list what there is, and name one of it")),
        several => {
            let shown: Vec<_> = several.iter().take(SHOWN_MAX).copied().collect();
            Err(Problem::usage(format!("{wanted} may mean {}", shown.join(" or ")), "type more of the id"))
        }
    }
}

/// Finds the one name that `wanted` means among things that also have a document number (发文字号).
pub fn find_numbered<'a>(
    wanted: &str,
    named: impl IntoIterator<Item = (&'a str, &'a str)> + Clone,
) -> Result<String, Problem> {
    let numbered: Vec<&str> =
        named.clone().into_iter().filter(|(_, number)| *number == wanted).map(|(name, _)| name).collect();
    match numbered.as_slice() {
        [one] => Ok((*one).to_owned()),
        [] => find(wanted, named.into_iter().map(|(name, _)| name)),
        [..] => Err(Problem::usage(format!("several here have the number {wanted}"), "name one by its id")),
    }
}

/// Reads a day as a contract carries it.
pub fn wire_day(date: Date) -> townlink_proto::google::r#type::Date {
    townlink_proto::google::r#type::Date {
        year: i32::from(date.year()),
        month: i32::from(date.month()),
        day: i32::from(date.day()),
    }
}

/// An instant as a contract carries it.
pub fn wire_instant(at: Timestamp) -> prost_types::Timestamp {
    prost_types::Timestamp { seconds: at.as_second(), nanos: at.subsec_nanosecond() }
}

/// An instant that a contract carried.
#[must_use]
pub fn read_instant(at: &prost_types::Timestamp) -> Option<Timestamp> {
    Timestamp::new(at.seconds, at.nanos).ok()
}

/// A day that a contract carried.
#[must_use]
pub fn read_day(day: &townlink_proto::google::r#type::Date) -> Option<Date> {
    Date::new(i16::try_from(day.year).ok()?, i8::try_from(day.month).ok()?, i8::try_from(day.day).ok()?).ok()
}

/// Reads an instant: `2026-03-02T09:00:00+08:00`, or a day or a time in the town, `2026-03-02` or `2026-03-02T09:00:00`.
pub fn parse_instant(text: &str) -> Result<Timestamp, String> {
    if let Ok(at) = text.parse::<Timestamp>() {
        return Ok(at);
    }
    if let Ok(day) = parse_date(text) {
        return Ok(vocabulary::time::start_of_day(day));
    }
    let local: jiff::civil::DateTime = text
        .parse()
        .map_err(|_| "an instant is 2026-03-02T09:00:00+08:00, 2026-03-02T09:00:00 or 2026-03-02".to_owned())?;
    TOWN_OFFSET.to_timestamp(local).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    const NAMES: [&str; 3] = [
        "inboxes/OFFICE/papers/government-f81d4fae-7dec-41d0-a765-00a0c91e6bf6",
        "inboxes/OFFICE/papers/government-f8aa4fae-7dec-41d0-a765-00a0c91e6bf6",
        "keys/government-2026",
    ];

    #[test]
    fn an_abbreviation_finds_the_one_name_that_it_means() {
        assert_eq!(find("f81d", NAMES).ok().as_deref(), Some(NAMES[0]));
        assert_eq!(find("f81d4fae-7dec-41d0-a765-00a0c91e6bf6", NAMES).ok().as_deref(), Some(NAMES[0]));
        assert_eq!(find(NAMES[1], NAMES).ok().as_deref(), Some(NAMES[1]));
        assert_eq!(find("government-2026", NAMES).ok().as_deref(), Some(NAMES[2]));
        assert_eq!(abbreviate(NAMES[0]), "f81d4fae");
        assert_eq!(abbreviate("keys/k"), "k");
    }

    #[test]
    fn a_document_number_finds_the_one_that_has_it() {
        let numbers = ["昆政发〔2026〕5号", "昆政发〔2026〕6号", "昆政发〔2026〕6号"];
        let named = || NAMES.into_iter().zip(numbers);
        assert_eq!(find_numbered("昆政发〔2026〕5号", named()).ok().as_deref(), Some(NAMES[0]));
        assert_eq!(find_numbered("f8aa", named()).ok().as_deref(), Some(NAMES[1]));
        assert!(find_numbered("昆政发〔2026〕6号", named()).is_err());
    }

    #[test]
    fn an_ambiguous_or_empty_abbreviation_is_refused() {
        for wanted in ["f8", "", "zzz"] {
            assert!(find(wanted, NAMES).is_err(), "{wanted}");
        }
    }

    #[test]
    fn an_instant_may_be_a_day_in_the_town() {
        let nine: Timestamp = "2026-03-02T01:00:00Z".parse().expect("an instant");
        for text in ["2026-03-02T09:00:00+08:00", "2026-03-02T09:00:00"] {
            assert_eq!(parse_instant(text), Ok(nine), "{text}");
        }
        assert_eq!(parse_instant("2026-03-03"), Ok("2026-03-02T16:00:00Z".parse().expect("an instant")));
        assert!(parse_instant("tomorrow").is_err());
    }
}
