//! Duties and signings, between the contract and the state.

use runtime::refusal::Failure;
use runtime::refusal::fields::{Fields, day_to_wire, instant, instant_to_wire};
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{Deadline, Institution, Timestamp};

use super::{Duty, DutyKind, Limit};
use crate::coordination::state::Signing;
use crate::roster::state::Post;

/// The kinds with their values in the contract.
const KINDS: [(DutyKind, pb::DutyType); 10] = [
    (DutyKind::Review, pb::DutyType::Review),
    (DutyKind::Issue, pb::DutyType::Issue),
    (DutyKind::SignFor, pb::DutyType::SignFor),
    (DutyKind::ForwardObjection, pb::DutyType::ForwardObjection),
    (DutyKind::AnswerObjection, pb::DutyType::AnswerObjection),
    (DutyKind::SettleObjection, pb::DutyType::SettleObjection),
    (DutyKind::AnswerClue, pb::DutyType::AnswerClue),
    (DutyKind::AnswerConsultation, pb::DutyType::AnswerConsultation),
    (DutyKind::AnswerSupervision, pb::DutyType::AnswerSupervision),
    (DutyKind::CloseSupervision, pb::DutyType::CloseSupervision),
];

fn kind_to_wire(kind: DutyKind) -> pb::DutyType {
    KINDS.into_iter().find(|(of, _)| *of == kind).map_or(pb::DutyType::Unspecified, |(_, wire)| wire)
}

/// The kind as stored: the contract's word.
pub(crate) fn kind_name(kind: DutyKind) -> &'static str {
    let name = kind_to_wire(kind).as_str_name();
    name.strip_prefix("DUTY_TYPE_").unwrap_or(name)
}

/// A duty as the journal keeps it.
pub(crate) fn duty(duty: &Duty) -> pb::Duty {
    let (working_days, calendar_version) = match &duty.limit {
        Limit::Working { days, calendar, .. } => (i32::try_from(*days).unwrap_or(i32::MAX), calendar.clone()),
        Limit::None | Limit::Stated(_) => (0, String::new()),
    };
    pb::Duty {
        party: duty.party.code().to_owned(),
        r#type: kind_to_wire(duty.kind).into(),
        about: duty.about.clone(),
        since_time: Some(instant_to_wire(duty.since)),
        due_date: duty.last_day().map(day_to_wire),
        working_days,
        calendar_version,
        missing_year: duty.missing_year().map_or(0, i32::from),
        alarm_time: duty.alarmed.map(instant_to_wire),
        overdue: false,
    }
}

/// Duties as an answer shows them: with whether each is overdue.
pub(crate) fn show(duties: &mut [pb::Duty], state: &[Duty], now: Timestamp) {
    for (shown, duty) in duties.iter_mut().zip(state) {
        shown.overdue = duty.is_overdue(now);
    }
}

/// Reads a duty of a row.
pub(crate) fn read_duty(duty: pb::Duty) -> Result<Duty, Failure> {
    let kind = KINDS.into_iter().find(|(_, wire)| *wire == duty.r#type()).map(|(kind, _)| kind);
    let day = Fields::new().some_day("due_date", duty.due_date.as_ref()).flatten();
    let limit = match (u32::try_from(duty.working_days), day, i16::try_from(duty.missing_year)) {
        (Ok(0), None, Ok(0)) => Limit::None,
        (Ok(0), Some(day), Ok(0)) => Limit::Stated(day),
        (Ok(days), Some(day), Ok(0)) => {
            Limit::Working { days, deadline: Deadline::On(day), calendar: duty.calendar_version }
        }
        (Ok(days), None, Ok(year)) => {
            Limit::Working { days, deadline: Deadline::Undetermined { year }, calendar: duty.calendar_version }
        }
        _ => return Err(damaged("its limit")),
    };
    Ok(Duty {
        party: party(&duty.party)?,
        kind: kind.ok_or_else(|| damaged("its kind"))?,
        about: duty.about,
        since: at(duty.since_time.as_ref())?,
        limit,
        alarmed: maybe_at(duty.alarm_time.as_ref())?,
    })
}

/// A signing as the contract shows it.
pub(crate) fn signing(signing: &Signing) -> pb::Signing {
    pb::Signing {
        institution: signing.institution.code().to_owned(),
        person: signing.by.person.clone(),
        time: Some(instant_to_wire(signing.by.at)),
    }
}

/// Reads a signing of a row.
pub(crate) fn read_signing(signing: pb::Signing) -> Result<Signing, Failure> {
    let institution = Institution::parse(&signing.institution).map_err(Failure::internal)?;
    let by = crate::coordination::state::Done { person: signing.person, at: at(signing.time.as_ref())? };
    Ok(Signing { institution, by })
}

/// Reads the code of a party in a row.
pub(crate) fn party(code: &str) -> Result<Post, Failure> {
    Post::parse(code).ok_or_else(|| damaged("a party"))
}

/// Reads an instant of a row.
pub(crate) fn at(time: Option<&prost_types::Timestamp>) -> Result<Timestamp, Failure> {
    maybe_at(time)?.ok_or_else(|| damaged("an instant"))
}

/// Reads an instant of a row that may be absent.
pub(crate) fn maybe_at(time: Option<&prost_types::Timestamp>) -> Result<Option<Timestamp>, Failure> {
    time.map(|time| instant(time).ok_or_else(|| damaged("an instant"))).transpose()
}

/// A row that cannot be read.
pub(crate) fn damaged(what: &str) -> Failure {
    Failure::internal(format!("a row of the coordination cannot be read: {what}"))
}
