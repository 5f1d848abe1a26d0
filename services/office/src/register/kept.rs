//! Reading back what this program itself wrote, in rows and in the journal. What does not read back is a damaged row.

use runtime::refusal::Failure;
use townlink_proto::google::r#type as google;
use vocabulary::{Date, Sm3Digest};

use crate::fields::Fields;

/// A value that must read back.
pub(crate) fn kept<T>(value: Option<T>, what: &'static str) -> Result<T, Failure> {
    value.ok_or_else(|| Failure::internal(format!("{what} does not read back")))
}

/// A value that must read back, told by its error.
pub(crate) fn one<T, E: std::error::Error + Send + Sync + 'static>(value: Result<T, E>) -> Result<T, Failure> {
    value.map_err(Failure::internal)
}

/// A value that may be absent.
pub(crate) fn some<T, E>(text: &str, read: impl FnOnce(&str) -> Result<T, E>) -> Result<Option<T>, Failure>
where
    E: std::error::Error + Send + Sync + 'static,
{
    if text.is_empty() { Ok(None) } else { one(read(text)).map(Some) }
}

/// A text that is absent where it is empty.
pub(crate) fn text(text: String) -> Option<String> {
    Some(text).filter(|text| !text.is_empty())
}

/// A day that may be absent.
pub(crate) fn day(day: Option<&google::Date>) -> Result<Option<Date>, Failure> {
    kept(Fields::new().some_day("", day), "a day")
}

/// A day that must be there.
pub(crate) fn some_day(day_of: Option<&google::Date>) -> Result<Date, Failure> {
    kept(day(day_of)?, "a day")
}

/// A digest.
pub(crate) fn digest(bytes: &[u8]) -> Result<Sm3Digest, Failure> {
    one(Sm3Digest::try_from(bytes))
}

/// A count, which is never negative.
pub(crate) fn count(number: i32) -> Result<u32, Failure> {
    one(u32::try_from(number))
}

/// A count as contracts carry it.
pub(crate) fn to_count(number: u32) -> i32 {
    i32::try_from(number).unwrap_or(i32::MAX)
}
