//! Urges, recalls and marks, between the contract and the state.

use runtime::journal::{self, Record};
use runtime::refusal::fields::{Fields, instant_to_wire};
use runtime::refusal::{Denial, Failure};
use townlink_proto::google::r#type::Date;
use townlink_proto::townlink::gateway::v1 as pb;
use vocabulary::{RequestId, Timestamp};

use super::state::{Event, Recall, Urge};
use super::store::{Mark, Notice};
use crate::relay::paper::state::PaperName;

/// The longest note and reason, in characters.
const WORDS_MAX: usize = 500;

/// The longest document number, in characters.
const NUMBER_MAX: usize = 200;

/// Reads the name of a paper, whoever's it is.
fn name(fields: &mut Fields, name: &str) -> Option<PaperName> {
    fields.need("name", PaperName::parse(name), "must be senders/{department}/papers/{message id}, in lower case")
}

/// Reads an urge.
pub(super) fn urge(request: pb::UrgePaperRequest, id: RequestId) -> Result<(PaperName, Urge), Denial> {
    let mut fields = Fields::new();
    let name = name(&mut fields, &request.name);
    fields.words("note", &request.note, WORDS_MAX);
    let urge = Urge { urge: id.to_string(), note: request.note };
    fields.finish(name.map(|name| (name, urge)))
}

/// Reads a recall. One without a document is refused by the law, not by its form.
pub(super) fn recall(request: pb::RecallPaperRequest, id: RequestId) -> Result<(PaperName, Recall), Denial> {
    let mut fields = Fields::new();
    let name = name(&mut fields, &request.name);
    fields.words("document_number", &request.document_number, NUMBER_MAX);
    let reason = fields.text("reason", request.reason, WORDS_MAX);
    let recall = (|| {
        let recall = Recall {
            recall: id.to_string(),
            document_number: request.document_number,
            reason: reason?,
            institutions: Vec::new(),
        };
        Some((name?, recall))
    })();
    fields.finish(recall)
}

impl journal::Event for Event {
    fn record(&self) -> Record {
        match self {
            Self::Urged { name, urge, at } => {
                let event = pb::PaperUrged {
                    paper: name.to_string(),
                    urge: urge.urge.clone(),
                    note: urge.note.clone(),
                    time: Some(instant_to_wire(*at)),
                };
                Record::of(&event, subject(name, &urge.urge))
            }
            Self::Recalled { name, recall, at } => {
                let event = pb::PaperRecalled {
                    paper: name.to_string(),
                    recall: recall.recall.clone(),
                    document_number: recall.document_number.clone(),
                    reason: recall.reason.clone(),
                    time: Some(instant_to_wire(*at)),
                    institutions: recall.institutions.clone(),
                };
                Record::of(&event, subject(name, &recall.recall))
            }
        }
    }
}

/// The name under which the journal keeps a notice.
fn subject(name: &PaperName, notice: &str) -> String {
    format!("{name}/notices/{notice}")
}

/// The office was told of a notice, or refused to hear of it.
pub(super) fn ended(name: &PaperName, notice: &str, refusal_code: &str, at: Timestamp) -> Record {
    let event = pb::NoticeEnded {
        paper: name.to_string(),
        notice: notice.to_owned(),
        refusal_code: refusal_code.to_owned(),
        time: Some(instant_to_wire(at)),
    };
    Record::of(&event, subject(name, notice))
}

/// How far a notice is.
pub(super) fn state(word: &str) -> Result<pb::NoticeState, Failure> {
    match word {
        "QUEUED" => Ok(pb::NoticeState::Queued),
        "TOLD" => Ok(pb::NoticeState::Told),
        "REFUSED" => Ok(pb::NoticeState::Refused),
        other => Err(Failure::internal(format!("a notice is {other}"))),
    }
}

/// An urge, as the sender sees it.
pub(super) fn shown_urge(notice: Notice) -> pb::Urge {
    pb::Urge {
        urge: notice.notice,
        note: notice.note,
        time: Some(instant_to_wire(notice.at)),
        state: notice.state.into(),
        refusal_code: notice.refusal_code,
    }
}

/// A recall, as the sender sees it.
pub(super) fn shown_recall(notice: Notice) -> pb::Recall {
    pb::Recall { document_number: notice.document_number, reason: notice.note, time: Some(instant_to_wire(notice.at)) }
}

/// A day as it is kept: `YYYY-MM-DD`; empty where none is given.
pub(crate) fn day_text(day: Option<&Date>) -> String {
    day.map_or_else(String::new, |day| format!("{:04}-{:02}-{:02}", day.year, day.month, day.day))
}

/// A day that was kept.
fn day(text: &str) -> Option<Date> {
    vocabulary::time::parse_date(text).ok().map(runtime::refusal::fields::day_to_wire)
}

/// An extension, as the sender sees it.
pub(super) fn shown_extension(mark: Mark) -> pb::Extension {
    pb::Extension { institution: mark.institution, due: day(&mark.due), time: Some(instant_to_wire(mark.at)) }
}

/// A reply, as the sender sees it.
pub(super) fn shown_reply(mark: Mark) -> pb::Reply {
    pb::Reply {
        institution: mark.institution,
        document_number: mark.document_number,
        dispatch: mark.dispatch,
        time: Some(instant_to_wire(mark.at)),
    }
}
