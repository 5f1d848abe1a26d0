//! Work and ends of authority, between the contract and the state.

use bytes::Bytes;
use runtime::refusal::Denial;
use runtime::refusal::fields::{Fields, day_to_wire};
use townlink_proto::townlink::transition::v1 as pb;
use vocabulary::{AuthorityEnd, Date, DocumentNumber, PowerCode, Sm3Digest, Transition};

use super::decide::Standing;
use super::state::{Ended, Work};

/// How long a name or a clause may be.
const TEXT_MAX: usize = 200;

/// Reads the end of an authority.
pub(super) fn wanted(request: pb::EndAuthorityRequest) -> Result<Ended, Denial> {
    let mut fields = Fields::new();
    let grant = fields.text("grant", request.grant.clone(), TEXT_MAX);
    let power = fields.read("power_code", "AU-ENUM", PowerCode::parse(&request.power_code));
    let document = fields.read("document_number", "ID-DOCNO", DocumentNumber::parse(&request.document_number));
    fields.words("clause", &request.clause, TEXT_MAX);
    let on = fields.day("end_date", request.end_date.as_ref());
    let until = fields.some_day("transition_until", request.transition_until.as_ref());
    let transition = until.and_then(|until| {
        let transition = match (request.transition(), until) {
            (pb::TransitionClause::Unspecified | pb::TransitionClause::Transfer, None) => Some(Transition::Transfer),
            (pb::TransitionClause::FinishByTown, None) => Some(Transition::FinishByTown),
            (pb::TransitionClause::FinishUntil, Some(until)) => Some(Transition::FinishUntil(until)),
            (
                pb::TransitionClause::Unspecified | pb::TransitionClause::Transfer | pb::TransitionClause::FinishByTown,
                Some(_),
            )
            | (pb::TransitionClause::FinishUntil, None) => None,
        };
        fields.need("transition_until", transition, "must be given for FINISH_UNTIL, and only there")
    });
    let end = on
        .zip(transition)
        .and_then(|(on, transition)| fields.read("transition_until", "AU-DATE", AuthorityEnd::new(on, transition)));
    let clause = request.clause;
    let built = grant.zip(power).zip(document).zip(end);
    fields.finish(built.map(|(((grant, power), document), end)| Ended { grant, power, end, document, clause }))
}

/// Reads which work a list is of: the power, and the day before which it was filed.
pub(super) fn asked(request: &pb::ListOpenWorkRequest, today: Date) -> Result<(PowerCode, Date), Denial> {
    let mut fields = Fields::new();
    let power = fields.read("power_code", "AU-ENUM", PowerCode::parse(&request.power_code));
    let at = fields.some_day("at", request.at.as_ref()).map(|at| at.unwrap_or(today));
    fields.finish(power.zip(at))
}

/// Reads the name of work.
pub(super) fn name(name: String) -> Result<String, Denial> {
    let mut fields = Fields::new();
    let name = fields.text("name", name, TEXT_MAX);
    fields.finish(name)
}

/// Work, as the contract shows it.
pub(super) fn work(work: &Work, standing: Standing) -> pb::OpenWork {
    let (status, until) = match standing {
        Standing::Closed => (pb::WorkStatus::Unspecified, None),
        Standing::Open => (pb::WorkStatus::Open, None),
        Standing::AuthorityEnded => (pb::WorkStatus::AuthorityEnded, None),
        Standing::Finishing(until) => (pb::WorkStatus::Finishing, until),
        Standing::HandedOver => (pb::WorkStatus::HandedOver, None),
    };
    pb::OpenWork {
        name: work.name.clone(),
        kind: work.kind.clone(),
        power_code: work.power.to_string(),
        file_date: Some(day_to_wire(work.filed)),
        status: status.into(),
        holder: work.holder.code().to_owned(),
        finish_until: until.map(day_to_wire),
        file_digest: work.handed_over.map(bytes_of).unwrap_or_default(),
    }
}

/// The end of an authority, as the journal keeps it.
pub(super) fn ended(ended: &Ended) -> pb::AuthorityEnded {
    let (transition, until) = match ended.end.transition {
        Transition::Transfer => (pb::TransitionClause::Transfer, None),
        Transition::FinishByTown => (pb::TransitionClause::FinishByTown, None),
        Transition::FinishUntil(until) => (pb::TransitionClause::FinishUntil, Some(until)),
    };
    pb::AuthorityEnded {
        grant: ended.grant.clone(),
        power_code: ended.power.to_string(),
        end_date: Some(day_to_wire(ended.end.on)),
        transition: transition.into(),
        transition_until: until.map(day_to_wire),
        document_number: ended.document.to_string(),
        clause: ended.clause.clone(),
    }
}

/// A digest as bytes.
pub(super) fn bytes_of(digest: Sm3Digest) -> Bytes {
    Bytes::copy_from_slice(digest.as_bytes())
}
