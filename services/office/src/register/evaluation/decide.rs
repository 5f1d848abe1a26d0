//! When an evaluation may be recorded, and when it is overdue (行政处罚法 art. 24 para. 3; authority.md §2.4).

use std::sync::Arc;

use vocabulary::{Date, DocumentNumber, Timestamp};

use super::state::{Due, Overdue};
use crate::register::document::state::DocumentType;
use crate::register::event::Event;
use crate::register::grant::state::{Change, Evaluation, Finding, Grant, GrantId};
use crate::register::refusal::Refusal;
use crate::register::settings::Rules;
use crate::register::state::Register;

/// An evaluation to be recorded.
#[derive(Clone, Debug)]
pub(crate) struct Wanted {
    /// The grant.
    pub grant: GrantId,
    /// The evaluation document.
    pub document: DocumentNumber,
    /// What it found.
    pub finding: Finding,
    /// What it says, in short.
    pub note: String,
    /// When the grant is to be evaluated next; none: the town's number of years later.
    pub next: Option<Date>,
}

/// Records an evaluation. It neither suspends nor withdraws: whatever it found, that takes a document of its own.
pub(crate) fn evaluate(grant: &Grant, wanted: &Wanted, register: &Register, rules: &Rules) -> Result<Event, Refusal> {
    let issued = register
        .confirmed_document(&wanted.document)
        .ok_or_else(|| Refusal::UnknownDocument { number: wanted.document.to_string() })?;
    let cannot = |fault| Refusal::NotEvaluated { grant: grant.id.name(), fault };
    if issued.kind != DocumentType::Evaluation {
        return Err(cannot("the document is no evaluation"));
    }
    if grant.next_evaluation.is_none() {
        return Err(cannot("grants of penalty powers are evaluated, and this is none"));
    }
    if !register.grants_of(&grant.power).any(|known| known.id == grant.id) {
        return Err(cannot("another grant corrects this one"));
    }
    if register.versions_of(grant.id).any(|version| evaluated_by(&version.grant, &wanted.document)) {
        return Err(Refusal::HistoryEdit { name: grant.id.name(), stage: "EVALUATED" });
    }
    let last = grant.evaluation.as_ref().map(|evaluation| evaluation.on);
    let first = last.unwrap_or(grant.from);
    let out_of_order = |known| Refusal::EvaluationDay { known, given: issued.date };
    if issued.date < first {
        return Err(out_of_order(first));
    }
    if let Some(end) = grant.end.as_ref().filter(|end| end.on <= issued.date) {
        return Err(out_of_order(end.on));
    }
    let next = wanted.next.unwrap_or_else(|| rules.next_evaluation(issued.date));
    if next <= issued.date {
        return Err(Refusal::EvaluationDay { known: issued.date, given: next });
    }
    let evaluation = Evaluation {
        document: wanted.document.clone(),
        on: issued.date,
        finding: wanted.finding,
        note: wanted.note.clone(),
    };
    let grant = Arc::new(Grant { evaluation: Some(evaluation), next_evaluation: Some(next), ..grant.clone() });
    Ok(Event::GrantRecorded { grant, change: Change::Evaluated, revision: register.head.revision + 1 })
}

fn evaluated_by(grant: &Grant, document: &DocumentNumber) -> bool {
    grant.evaluation.as_ref().is_some_and(|evaluation| evaluation.document == *document)
}

/// Tells that an evaluation is overdue, once for each day that passes without one.
pub(crate) fn overdue(due: &Due, grant: &Arc<Grant>, now: Timestamp) -> Option<Overdue> {
    let day = due.day.filter(|day| due.raised.is_none() && Due::overdue_at(*day) <= now)?;
    Some(Overdue { grant: Arc::clone(grant), day, at: now })
}

#[cfg(test)]
mod tests;
