//! What requests and records of supervision and joint reviews share on the wire.

use runtime::refusal::Denial;
use townlink_proto::townlink::office::v1 as pb;
use uuid::Uuid;
use vocabulary::{Deadline, FieldCode, Timestamp, time};

use super::facts::Deed;
use super::limit::Limit;
use super::record::{Command, Resource, id};
use crate::fields::{Fields, day_to_wire, instant, instant_to_wire, no_name};

/// How long a text may be, in characters.
pub(crate) const TEXT_MAX: usize = 4_000;

/// How long a name, a number or a title may be, in characters.
pub(crate) const NAME_MAX: usize = 200;

/// Reads the name of a record.
pub(crate) fn read_id<R: Resource>(name: &str) -> Result<Uuid, Denial> {
    id::<R>(name).ok_or_else(|| no_name("name", &format!("{}/{{id}}", R::COLLECTION)))
}

/// The command of a step on a record that there is.
pub(crate) fn step<R: Resource>(name: &str, etag: String, step: R::Step) -> Result<Command<R>, Denial> {
    Ok(Command { id: read_id::<R>(name)?, etag, step })
}

/// Reads the code of a field.
pub(crate) fn field(fields: &mut Fields, code: &str) -> Option<FieldCode> {
    fields.read("field", "AU-ENUM", FieldCode::parse(code))
}

/// Reads the name of a case.
pub(crate) fn case_name(fields: &mut Fields, name: String) -> Option<String> {
    let number = name.strip_prefix("cases/");
    let fits = number.is_some_and(|number| {
        (1..=64).contains(&number.len()) && number.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    });
    fields.need("case_name", fits.then_some(name), "must be a name of the form cases/{number}")
}

/// A deed, as kept and shown.
pub(crate) fn deed(deed: &Deed) -> pb::Deed {
    let Deed { party, person, at } = deed;
    pb::Deed { party: party.clone(), person: person.clone(), time: Some(instant_to_wire(*at)) }
}

/// Reads a deed that was kept.
pub(crate) fn read_deed(deed: pb::Deed) -> Option<Deed> {
    let at = read_instant(deed.time.as_ref())?;
    Some(Deed { party: deed.party, person: deed.person, at })
}

/// Reads a deed that may be absent; the outer none is a damaged one.
pub(crate) fn read_some_deed(deed: Option<pb::Deed>) -> Option<Option<Deed>> {
    deed.map_or(Some(None), |deed| read_deed(deed).map(Some))
}

/// Reads an instant that was kept.
pub(crate) fn read_instant(at: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    at.and_then(instant)
}

/// Reads an instant that may be absent; the outer none is a damaged one.
pub(crate) fn read_some_instant(at: Option<&prost_types::Timestamp>) -> Option<Option<Timestamp>> {
    at.map_or(Some(None), |at| instant(at).map(Some))
}

/// Reads a day that was kept.
pub(crate) fn read_day(day: Option<&townlink_proto::google::r#type::Date>) -> Option<vocabulary::Date> {
    let mut fields = Fields::new();
    fields.day("day", day)
}

/// Reads a day that may be absent; the outer none is a damaged one.
pub(crate) fn read_some_day(day: Option<&townlink_proto::google::r#type::Date>) -> Option<Option<vocabulary::Date>> {
    let mut fields = Fields::new();
    fields.some_day("day", day)
}

/// A limit, as kept and shown.
pub(crate) fn limit(limit: &Limit) -> pb::WorkingLimit {
    pb::WorkingLimit {
        since_time: Some(instant_to_wire(limit.since)),
        working_days: i32::try_from(limit.days).unwrap_or(i32::MAX),
        due_date: limit.last_day().map(day_to_wire),
        calendar_version: limit.calendar.clone(),
        missing_year: limit.missing_year().map(i32::from).unwrap_or_default(),
    }
}

/// Reads a limit that was kept.
pub(crate) fn read_limit(limit: pb::WorkingLimit) -> Option<Limit> {
    let deadline = match (read_some_day(limit.due_date.as_ref())?, limit.missing_year) {
        (Some(day), _) => Deadline::On(day),
        (None, year) => Deadline::Undetermined { year: i16::try_from(year).ok()? },
    };
    Some(Limit {
        since: read_instant(limit.since_time.as_ref())?,
        days: u32::try_from(limit.working_days).ok()?,
        deadline,
        calendar: limit.calendar_version,
    })
}

/// A count, as the wire carries it.
pub(crate) fn count(count: usize) -> i32 {
    i32::try_from(count).unwrap_or(i32::MAX)
}

/// The town year of an instant.
pub(crate) fn year(at: Timestamp) -> i16 {
    time::town_date(at).year()
}
