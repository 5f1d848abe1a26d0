//! Questions and answers, between the contract and the register.

use runtime::refusal::Denial;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{Date, Institution, Money, PowerCode, Timestamp};

use super::{Answer, Verdict, Warning};
use crate::fields::{Fields, day_to_wire};
use crate::register::grant::wire::{exercise_to_wire, mode_to_wire};

/// How long a place or a class of targets may be.
const TEXT_MAX: usize = 500;

/// A question, read.
pub(crate) struct Asked {
    /// Who would act.
    pub institution: Institution,
    /// The power.
    pub power: PowerCode,
    /// The day of the act; none: today.
    pub day: Option<Date>,
    /// The place of the act.
    pub place: String,
    /// The amount in question.
    pub amount: Option<Money>,
    /// The class of the person or firm.
    pub target: String,
    /// The moment whose register answers; none: now.
    pub as_known_at: Option<Timestamp>,
}

/// Reads a question.
pub(crate) fn asked(request: pb::HoldsRequest) -> Result<Asked, Denial> {
    let mut fields = Fields::new();
    let institution = fields.read("institution", "AU-ENUM", Institution::parse(&request.institution));
    let power = fields.read("power_code", "AU-ENUM", PowerCode::parse(&request.power_code));
    let day = fields.some_day("date", request.date.as_ref());
    let amount = request.amount_fen.filter(|fen| *fen >= 0).map(Money::from_fen);
    if request.amount_fen.is_some() && amount.is_none() {
        fields.fault("amount_fen", "", "must not be negative");
    }
    for (field, text) in [("place", &request.place), ("target", &request.target)] {
        fields.words(field, text, TEXT_MAX);
    }
    let as_known_at = match &request.as_known_at {
        Some(at) => fields.instant("as_known_at", Some(at)),
        None => None,
    };
    let built = institution.zip(power).zip(day).map(|((institution, power), day)| Asked {
        institution,
        power,
        day,
        place: request.place,
        amount,
        target: request.target,
        as_known_at,
    });
    fields.finish(built)
}

/// An answer as the contract shows it.
pub(crate) fn answer(answer: &Answer<'_>, day: Date, revision: i64) -> pb::HoldsResponse {
    let mut shown =
        pb::HoldsResponse { result: verdict(answer.verdict).into(), revision, ..pb::HoldsResponse::default() };
    if let Some(grant) = answer.grant {
        let end = grant.end.as_ref();
        let suspended = grant.suspension_on(day).map(|suspension| &suspension.document);
        // What keeps the power from being used on the day is told first.
        let suspended = suspended.filter(|_| answer.verdict == Verdict::Suspended);
        let ended_by = suspended.or_else(|| end.and_then(|end| end.document.as_ref()));
        shown.grant = grant.id.name();
        shown.document_number = grant.document.to_string();
        shown.clause.clone_from(&grant.clause);
        shown.mode = mode_to_wire(grant.exercise.mode()).into();
        shown.exercise_name = exercise_to_wire(&grant.exercise).into();
        shown.from = Some(day_to_wire(grant.from));
        shown.to = end.map(|end| day_to_wire(end.on));
        grant.supervisor.code().clone_into(&mut shown.supervisor);
        shown.end_document_number = ended_by.map(ToString::to_string).unwrap_or_default();
    }
    shown.basis_document_number = answer.basis.map(|basis| basis.number.to_string()).unwrap_or_default();
    shown.warning = match answer.warning {
        Some(Warning::Unpublished) => "UNPUBLISHED".to_owned(),
        None => String::new(),
    };
    shown
}

/// A verdict on the wire.
pub(crate) const fn verdict(verdict: Verdict) -> pb::HoldsResult {
    match verdict {
        Verdict::WrongInstitution => pb::HoldsResult::WrongInstitution,
        Verdict::NoGrant => pb::HoldsResult::NoGrant,
        Verdict::NotYet => pb::HoldsResult::NotYet,
        Verdict::Ended => pb::HoldsResult::Ended,
        Verdict::Suspended => pb::HoldsResult::Suspended,
        Verdict::NotPublished => pb::HoldsResult::NotPublished,
        Verdict::BasisGap => pb::HoldsResult::BasisGap,
        Verdict::OutOfScope => pb::HoldsResult::OutOfScope,
        Verdict::Yes => pb::HoldsResult::Yes,
    }
}
