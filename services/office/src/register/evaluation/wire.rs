//! Evaluations, between the contract and the state.

use runtime::refusal::Denial;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::DocumentNumber;

use super::decide::Wanted;
use super::state::Due;
use crate::fields::{Fields, day_to_wire, instant_to_wire};
use crate::register::grant::state::GrantId;
use crate::register::grant::wire::{evaluation, read_finding};
use crate::register::state::Register;

/// How long the short text of an evaluation may be.
const NOTE_MAX: usize = 500;

/// Reads an evaluation to be recorded.
pub(crate) fn wanted(request: pb::RecordEvaluationRequest) -> Result<Wanted, Denial> {
    let mut fields = Fields::new();
    let grant = fields.need("grant", GrantId::parse_name(&request.grant), "must be a name of the form grants/{id}");
    let document = fields.read("document_number", "ID-DOCNO", DocumentNumber::parse(&request.document_number));
    let finding = fields.need("result", read_finding(request.result()), "must be KEEP, SUSPEND or WITHDRAW");
    let next = fields.some_day("next_evaluation", request.next_evaluation.as_ref());
    let note = if request.note.is_empty() { Some(String::new()) } else { fields.text("note", request.note, NOTE_MAX) };
    let built = grant.zip(document).zip(finding).zip(next).zip(note);
    fields.finish(built.map(|((((grant, document), finding), next), note)| Wanted {
        grant,
        document,
        finding,
        note,
        next,
    }))
}

/// What is due, as the contract shows it.
pub(crate) fn due(due: &Due, register: &Register) -> pb::DueEvaluation {
    let grant = register.grant(due.grant).map(|recorded| recorded.grant.as_ref());
    let power = grant.and_then(|grant| register.newest_power(&grant.power));
    pb::DueEvaluation {
        grant: due.grant.name(),
        power_code: grant.map(|grant| grant.power.to_string()).unwrap_or_default(),
        title: power.map(|power| power.title.clone()).unwrap_or_default(),
        due_date: due.day.map(day_to_wire),
        handler: grant.map(|grant| grant.handler.code().to_owned()).unwrap_or_default(),
        supervisor: grant.map(|grant| grant.supervisor.code().to_owned()).unwrap_or_default(),
        last: grant.and_then(|grant| grant.evaluation.as_ref()).map(evaluation),
        overdue_time: due.raised.map(instant_to_wire),
    }
}
