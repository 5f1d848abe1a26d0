//! Grants as messages: for the contract, the journal and the rows that keep them.

use runtime::refusal::Failure;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{Date, DocumentNumber, Institution, Money, PowerCode};

use super::state::{
    Change, Correction, End, Evaluation, Exercise, Finding, Grant, GrantId, GrantState, Holder, Mode, Recorded,
    Resumed, Scope, Suspension, Transition,
};
use crate::fields::{day_to_wire, instant_to_wire};
use crate::register::directive::form;
use crate::register::document::state::Publication;
use crate::register::kept::{count, day, kept, one, some, some_day, text, to_count};

/// How a message writes the town as the holder. No county body has this name, since theirs are Chinese.
const TOWN: &str = "town";

/// A version of a grant as the contract shows it, with its state on a day.
pub(crate) fn recorded(recorded: &Recorded, state: GrantState) -> pb::Grant {
    pb::Grant {
        state: state_to_wire(state).into(),
        revision: recorded.revision,
        record_time: Some(instant_to_wire(recorded.recorded)),
        ..grant(&recorded.grant)
    }
}

/// A grant as a message, without what only a version has.
pub(crate) fn grant(grant: &Grant) -> pb::Grant {
    let number = |number: Option<&DocumentNumber>| number.map(ToString::to_string).unwrap_or_default();
    let end = grant.end.as_ref();
    let transition = end.map(|end| transition(end.transition));
    pb::Grant {
        name: grant.id.name(),
        power_code: grant.power.to_string(),
        holder: holder(grant.exercise.holder()).to_owned(),
        handler: grant.handler.code().to_owned(),
        mode: mode_to_wire(grant.exercise.mode()).into(),
        exercise_name: exercise_to_wire(&grant.exercise).into(),
        document_number: grant.document.to_string(),
        clause: grant.clause.clone(),
        batch: grant.batch.map(to_count).unwrap_or_default(),
        from: Some(day_to_wire(grant.from)),
        to: end.map(|end| day_to_wire(end.on)),
        withdraw_document_number: number(end.and_then(|end| end.document.as_ref())),
        publish_date: grant.publication.as_ref().map(|publication| day_to_wire(publication.date)),
        publish_place: grant.publication.as_ref().map(|publication| publication.place.clone()).unwrap_or_default(),
        basis_document_number: number(grant.basis.as_ref()),
        scope_area: grant.scope.area.clone(),
        scope_amount_cap_fen: grant.scope.amount_cap.map(Money::fen),
        scope_target: grant.scope.target.clone(),
        supervisor: grant.supervisor.code().to_owned(),
        next_evaluation: grant.next_evaluation.map(day_to_wire),
        suspensions: grant.suspensions.iter().map(suspension).collect(),
        transition: transition.map(|(code, _)| code.to_owned()).unwrap_or_default(),
        transition_until: transition.and_then(|(_, until)| until).map(day_to_wire),
        corrects: grant.correction.as_ref().map(|correction| correction.corrects.name()).unwrap_or_default(),
        correction_reason: grant.correction.as_ref().map(|correction| correction.reason.clone()).unwrap_or_default(),
        evaluation: grant.evaluation.as_ref().map(evaluation),
        state: pb::GrantState::Unspecified.into(),
        revision: 0,
        record_time: None,
    }
}

/// Reads a grant that this program wrote.
pub(crate) fn read(message: pb::Grant) -> Result<Grant, Failure> {
    let publication = day(message.publish_date.as_ref())?;
    let corrects = GrantId::parse_name(&message.corrects);
    Ok(Grant {
        id: kept(GrantId::parse_name(&message.name), "the name of a grant")?,
        power: one(PowerCode::parse(&message.power_code))?,
        exercise: read_exercise(&message)?,
        handler: one(Institution::parse(&message.handler))?,
        supervisor: one(Institution::parse(&message.supervisor))?,
        document: one(DocumentNumber::parse(&message.document_number))?,
        clause: message.clause.clone(),
        batch: Some(count(message.batch)?).filter(|batch| *batch > 0),
        from: some_day(message.from.as_ref())?,
        end: read_end(&message)?,
        publication: publication.map(|date| Publication { date, place: message.publish_place.clone() }),
        basis: some(&message.basis_document_number, DocumentNumber::parse)?,
        scope: Scope {
            area: message.scope_area.clone(),
            amount_cap: message.scope_amount_cap_fen.map(Money::from_fen),
            target: message.scope_target.clone(),
        },
        next_evaluation: day(message.next_evaluation.as_ref())?,
        evaluation: message.evaluation.as_ref().map(read_evaluation).transpose()?,
        suspensions: message.suspensions.iter().map(read_suspension).collect::<Result<_, _>>()?,
        correction: corrects.map(|corrects| Correction { corrects, reason: message.correction_reason.clone() }),
    })
}

/// An evaluation as a message.
pub(crate) fn evaluation(evaluation: &Evaluation) -> pb::Evaluation {
    pb::Evaluation {
        document_number: evaluation.document.to_string(),
        evaluate_date: Some(day_to_wire(evaluation.on)),
        result: finding_to_wire(evaluation.finding).into(),
        note: evaluation.note.clone(),
    }
}

fn read_evaluation(message: &pb::Evaluation) -> Result<Evaluation, Failure> {
    Ok(Evaluation {
        document: one(DocumentNumber::parse(&message.document_number))?,
        on: some_day(message.evaluate_date.as_ref())?,
        finding: kept(read_finding(message.result()), "what an evaluation found")?,
        note: message.note.clone(),
    })
}

const fn finding_to_wire(finding: Finding) -> pb::EvaluationResult {
    match finding {
        Finding::Keep => pb::EvaluationResult::Keep,
        Finding::Suspend => pb::EvaluationResult::Suspend,
        Finding::Withdraw => pb::EvaluationResult::Withdraw,
    }
}

/// Reads what an evaluation found; none where it is not given.
pub(crate) const fn read_finding(result: pb::EvaluationResult) -> Option<Finding> {
    match result {
        pb::EvaluationResult::Keep => Some(Finding::Keep),
        pb::EvaluationResult::Suspend => Some(Finding::Suspend),
        pb::EvaluationResult::Withdraw => Some(Finding::Withdraw),
        pb::EvaluationResult::Unspecified => None,
    }
}

/// Who holds a power, as a message writes it.
pub(crate) const fn holder(holder: Holder<'_>) -> &str {
    match holder {
        Holder::Town => TOWN,
        Holder::County(body) => body,
    }
}

fn read_exercise(message: &pb::Grant) -> Result<Exercise, Failure> {
    let mode = match message.mode() {
        pb::GrantMode::Confirmed => Ok(Mode::Confirmed),
        pb::GrantMode::Assigned => Ok(Mode::Assigned),
        pb::GrantMode::Unspecified => Err(Failure::internal("a grant has no mode")),
    };
    match message.exercise_name() {
        pb::ExerciseName::Own => mode.map(Exercise::Own),
        pb::ExerciseName::Entrusted => mode.map(Exercise::Entrusted),
        pb::ExerciseName::Stationed => {
            Ok(Exercise::Stationed { body: kept(text(message.holder.clone()), "the holder of a stationed item")? })
        }
        pb::ExerciseName::Unspecified => Err(Failure::internal("a grant has no exercise name")),
    }
}

fn read_end(message: &pb::Grant) -> Result<Option<End>, Failure> {
    let Some(on) = day(message.to.as_ref())? else { return Ok(None) };
    let until = day(message.transition_until.as_ref())?;
    let transition = form::transition(&message.transition, until).map_err(Failure::internal)?;
    Ok(Some(End { on, document: some(&message.withdraw_document_number, DocumentNumber::parse)?, transition }))
}

const fn transition(transition: Transition) -> (&'static str, Option<Date>) {
    match transition {
        Transition::Transfer => ("TRANSFER", None),
        Transition::FinishByTown => ("FINISH_BY_TOWN", None),
        Transition::FinishUntil(until) => ("FINISH_UNTIL", Some(until)),
    }
}

fn suspension(suspension: &Suspension) -> pb::Suspension {
    let resumed = suspension.resumed.as_ref();
    pb::Suspension {
        from: Some(day_to_wire(suspension.from)),
        to: resumed.map(|resumed| day_to_wire(resumed.on)),
        document_number: suspension.document.to_string(),
        resume_document_number: resumed.map(|resumed| resumed.document.to_string()).unwrap_or_default(),
    }
}

fn read_suspension(message: &pb::Suspension) -> Result<Suspension, Failure> {
    let resumed = match day(message.to.as_ref())? {
        Some(on) => Some(Resumed { on, document: one(DocumentNumber::parse(&message.resume_document_number))? }),
        None => None,
    };
    Ok(Suspension {
        from: some_day(message.from.as_ref())?,
        document: one(DocumentNumber::parse(&message.document_number))?,
        resumed,
    })
}

/// The mode on the wire; a stationed body's item has none.
pub(crate) const fn mode_to_wire(mode: Option<Mode>) -> pb::GrantMode {
    match mode {
        Some(Mode::Confirmed) => pb::GrantMode::Confirmed,
        Some(Mode::Assigned) => pb::GrantMode::Assigned,
        None => pb::GrantMode::Unspecified,
    }
}

/// The exercise name on the wire.
pub(crate) const fn exercise_to_wire(exercise: &Exercise) -> pb::ExerciseName {
    match exercise {
        Exercise::Own(_) => pb::ExerciseName::Own,
        Exercise::Entrusted(_) => pb::ExerciseName::Entrusted,
        Exercise::Stationed { .. } => pb::ExerciseName::Stationed,
    }
}

const fn state_to_wire(state: GrantState) -> pb::GrantState {
    match state {
        GrantState::Issued => pb::GrantState::Issued,
        GrantState::Published => pb::GrantState::Published,
        GrantState::InForce => pb::GrantState::InForce,
        GrantState::Suspended => pb::GrantState::Suspended,
        GrantState::Withdrawn => pb::GrantState::Withdrawn,
        GrantState::Expired => pb::GrantState::Expired,
        GrantState::Superseded => pb::GrantState::Superseded,
    }
}

/// A change on the wire.
pub(crate) const fn change_to_wire(change: Change) -> pb::GrantChange {
    match change {
        Change::Granted => pb::GrantChange::Granted,
        Change::Withdrawn => pb::GrantChange::Withdrawn,
        Change::Suspended => pb::GrantChange::Suspended,
        Change::Resumed => pb::GrantChange::Resumed,
        Change::Published => pb::GrantChange::Published,
        Change::Superseded => pb::GrantChange::Superseded,
        Change::Corrected => pb::GrantChange::Corrected,
        Change::Evaluated => pb::GrantChange::Evaluated,
    }
}

/// Reads a change that this program wrote.
pub(crate) fn read_change(change: pb::GrantChange) -> Result<Change, Failure> {
    match change {
        pb::GrantChange::Granted => Ok(Change::Granted),
        pb::GrantChange::Withdrawn => Ok(Change::Withdrawn),
        pb::GrantChange::Suspended => Ok(Change::Suspended),
        pb::GrantChange::Resumed => Ok(Change::Resumed),
        pb::GrantChange::Published => Ok(Change::Published),
        pb::GrantChange::Superseded => Ok(Change::Superseded),
        pb::GrantChange::Corrected => Ok(Change::Corrected),
        pb::GrantChange::Evaluated => Ok(Change::Evaluated),
        pb::GrantChange::Unspecified => Err(Failure::internal("a version of a grant changes nothing")),
    }
}
