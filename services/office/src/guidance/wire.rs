//! Guidance, between the contract and the state.

use runtime::journal::Record;
use runtime::numbers::{Series, Taken};
use runtime::refusal::{Denial, Failure, Violation};
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{FieldCode, Institution, RequestId, Side, Timestamp, time};

use super::decide::{Change, Command, Event, Objecting, Step};
use super::state::{
    End, Ground, Guidance, GuidanceId, Issue, Objection, ObjectionId, Outcome, Settlement, Stage, Terms, Validity,
};
use crate::coordination::duty;
use crate::coordination::duty::wire::{at, damaged, maybe_at, party};
use crate::coordination::settings::number;
use crate::coordination::state::{Done, FRONTS};
use crate::coordination::wire::{NAME_MAX, TEXT_MAX, TITLE_MAX, WORDS_MAX, lines};
use crate::fields::{Fields, day_to_wire, instant_to_wire, no_name};

/// How many fields guidance may have; there are sixteen, and a town may add some.
const FIELDS_MAX: usize = 64;

/// How many points an objection may dispute.
const POINTS_MAX: usize = 20;

/// How long a disputed point may be, in characters.
const POINT_MAX: usize = 500;

// === requests ===

/// Reads the name of guidance.
pub(crate) fn name(name: &str) -> Result<GuidanceId, Denial> {
    GuidanceId::parse(name).ok_or_else(|| no_name("name", "guidances/{id}"))
}

fn objection_name(name: &str) -> Result<ObjectionId, Denial> {
    ObjectionId::parse(name).ok_or_else(|| no_name("name", "guidances/{id}/objections/{id}"))
}

pub(crate) fn step(name: &str, etag: String, step: Step) -> Result<Command, Denial> {
    Ok(Command { id: self::name(name)?, etag, step })
}

pub(crate) fn draft(id: RequestId, request: pb::DraftGuidanceRequest) -> Result<Command, Denial> {
    let wanted = request.guidance.unwrap_or_default();
    let mut fields = Fields::new();
    let title = fields.text("guidance.title", wanted.title, TITLE_MAX);
    let text = lines(&mut fields, "guidance.text", wanted.text, TEXT_MAX);
    let basis = lines(&mut fields, "guidance.basis", wanted.basis, WORDS_MAX);
    let codes = codes(&mut fields, &wanted.fields);
    let fronts = fronts(&mut fields, &wanted.fronts);
    let (from, to) = (fields.day("guidance.from", wanted.from.as_ref()), fields.day("guidance.to", wanted.to.as_ref()));
    if from.zip(to).is_some_and(|(from, to)| to < from) {
        fields.fault("guidance.to", "CO-VALIDITY", "must not be before the first day");
    }
    fields.words("guidance.source_paper", &wanted.source_paper, NAME_MAX);
    let source_paper = Some(wanted.source_paper).filter(|paper| !paper.is_empty());
    let supersedes = GuidanceId::parse(&wanted.supersedes);
    if supersedes.is_none() && !wanted.supersedes.is_empty() {
        fields.fault("guidance.supersedes", "", "must be a name of the form guidances/{id}");
    }
    let terms = title.zip(text).zip(basis).zip(from.zip(to)).map(|(((title, text), basis), (from, to))| {
        Box::new(Terms { title, text, basis, fields: codes, from, to, fronts, source_paper, supersedes })
    });
    let id = GuidanceId(id.uuid());
    fields.finish(terms.map(|terms| Command { id, etag: String::new(), step: Step::Draft(terms) }))
}

fn codes(fields: &mut Fields, codes: &[String]) -> Vec<FieldCode> {
    if codes.len() > FIELDS_MAX {
        fields.fault("guidance.fields", "", format_args!("has more than {FIELDS_MAX} entries"));
        return Vec::new();
    }
    let mut read: Vec<FieldCode> = Vec::new();
    for (index, code) in codes.iter().enumerate() {
        let code = fields.read(&format!("guidance.fields[{index}]"), "AU-ENUM", FieldCode::parse(code));
        read.extend(code);
    }
    read.sort_unstable();
    read.dedup();
    read
}

/// The fronts that are guided: both, where none is named.
fn fronts(fields: &mut Fields, codes: &[String]) -> Vec<Institution> {
    let mut read = Vec::new();
    for (index, code) in codes.iter().take(FRONTS.len()).enumerate() {
        let field = format!("guidance.fronts[{index}]");
        let front = Institution::parse(code).ok().filter(|front| front.side() == Side::Front);
        read.extend(fields.need(&field, front, "must be SERVICE or ENFORCEMENT"));
    }
    if codes.len() > FRONTS.len() {
        fields.fault("guidance.fronts", "", "names a front institution twice");
    }
    read.sort_unstable();
    read.dedup();
    if codes.is_empty() { FRONTS.to_vec() } else { read }
}

pub(crate) fn withdraw(request: pb::WithdrawGuidanceRequest) -> Result<Command, Denial> {
    let id = name(&request.name)?;
    let mut fields = Fields::new();
    let reason = lines(&mut fields, "reason", request.reason, WORDS_MAX);
    fields.finish(reason.map(|reason| Command { id, etag: request.etag, step: Step::Withdraw { reason } }))
}

pub(crate) fn object(id: RequestId, request: pb::ObjectToGuidanceRequest) -> Result<Command, Denial> {
    let guidance = name(&request.name)?;
    let mut fields = Fields::new();
    let ground = match request.ground() {
        pb::ObjectionGround::Unspecified => {
            fields.fault("ground", "", "must say on what ground it is objected");
            None
        }
        pb::ObjectionGround::Content => Some(Ground::Content),
        pb::ObjectionGround::Unlawful => Some(Ground::Unlawful),
        pb::ObjectionGround::GrantConflict => {
            let grant = fields.text("grant", request.grant, NAME_MAX);
            let grant = grant.filter(|grant| grant.starts_with("grants/"));
            let grant = fields.need("grant", grant, "must be a name of the form grants/{id}");
            grant.map(|grant| Ground::GrantConflict { grant })
        }
    };
    let reasons = lines(&mut fields, "reasons", request.reasons, WORDS_MAX);
    let points = points(&mut fields, request.points);
    let id = ObjectionId { guidance, id: id.uuid() };
    let objecting = ground.zip(reasons).map(|(ground, reasons)| Objecting { id, ground, reasons, points });
    fields.finish(objecting.map(|it| Command { id: guidance, etag: request.etag, step: Step::Object(it) }))
}

fn points(fields: &mut Fields, points: Vec<String>) -> Vec<String> {
    if points.is_empty() || points.len() > POINTS_MAX {
        fields.fault("points", "", format_args!("must have 1 to {POINTS_MAX} entries"));
        return Vec::new();
    }
    let read = points.into_iter().enumerate();
    read.filter_map(|(index, point)| fields.text(&format!("points[{index}]"), point, POINT_MAX)).collect()
}

pub(crate) fn forward(request: pb::ForwardObjectionRequest) -> Result<Command, Denial> {
    let objection = objection_name(&request.name)?;
    Ok(Command { id: objection.guidance, etag: request.etag, step: Step::Forward(objection) })
}

pub(crate) fn answer(request: pb::AnswerObjectionRequest) -> Result<Command, Denial> {
    let objection = objection_name(&request.name)?;
    let mut fields = Fields::new();
    let text = lines(&mut fields, "answer", request.answer, WORDS_MAX);
    let step = text.map(|text| Step::Answer { objection, text });
    fields.finish(step.map(|step| Command { id: objection.guidance, etag: request.etag, step }))
}

pub(crate) fn settle(request: pb::SettleObjectionRequest) -> Result<Command, Denial> {
    let objection = objection_name(&request.name)?;
    let mut fields = Fields::new();
    let outcome = fields.need("outcome", outcome(request.outcome()), "must say how it ends");
    let text = lines(&mut fields, "settlement", request.settlement, WORDS_MAX);
    let step = outcome.zip(text).map(|(outcome, text)| Step::Settle { objection, outcome, text });
    fields.finish(step.map(|step| Command { id: objection.guidance, etag: request.etag, step }))
}

const fn outcome(outcome: pb::ObjectionOutcome) -> Option<Outcome> {
    match outcome {
        pb::ObjectionOutcome::Unspecified => None,
        pb::ObjectionOutcome::Upheld => Some(Outcome::Upheld),
        pb::ObjectionOutcome::Amended => Some(Outcome::Amended),
        pb::ObjectionOutcome::Withdrawn => Some(Outcome::Withdrawn),
    }
}

/// The stored word of the stage that a list is asked for; empty for all.
pub(crate) fn stage_filter(stage: i32) -> Result<&'static str, Denial> {
    let stage = pb::GuidanceStage::try_from(stage);
    let stage = stage.map_err(|_| Violation::malformed("stage", "is no stage of guidance"))?;
    Ok(match stage {
        pb::GuidanceStage::Unspecified => "",
        pb::GuidanceStage::Draft => "DRAFT",
        pb::GuidanceStage::Reviewed => "REVIEWED",
        pb::GuidanceStage::Issued => "ISSUED",
        pb::GuidanceStage::Withdrawn => "WITHDRAWN",
        pb::GuidanceStage::Superseded => "SUPERSEDED",
    })
}

// === answers, entries and the column ===

/// Guidance as an answer shows it: with whether it is in force today, and who is overdue.
pub(crate) fn shown(guidance: &Guidance, now: Timestamp, etag: String) -> pb::Guidance {
    let mut shown = whole(guidance);
    duty::wire::show(&mut shown.duties, &guidance.duties, now);
    shown.set_validity(match guidance.validity(time::town_date(now)) {
        Validity::NotYet => pb::GuidanceValidity::NotYet,
        Validity::InForce => pb::GuidanceValidity::InForce,
        Validity::Expired => pb::GuidanceValidity::Expired,
        Validity::Ended => pb::GuidanceValidity::Ended,
    });
    pb::Guidance { etag, ..shown }
}

/// Guidance as the column `content` keeps it.
pub(crate) fn content(guidance: &Guidance) -> Vec<u8> {
    prost::Message::encode_to_vec(&whole(guidance))
}

impl runtime::journal::Event for Event {
    fn record(&self) -> Record {
        let change = match self.change {
            Change::Drafted => pb::GuidanceChange::Drafted,
            Change::Reviewed => pb::GuidanceChange::Reviewed,
            Change::Issued => pb::GuidanceChange::Issued,
            Change::SignedFor => pb::GuidanceChange::SignedFor,
            Change::Objected => pb::GuidanceChange::Objected,
            Change::Forwarded => pb::GuidanceChange::Forwarded,
            Change::Answered => pb::GuidanceChange::Answered,
            Change::Settled => pb::GuidanceChange::Settled,
            Change::Withdrawn => pb::GuidanceChange::Withdrawn,
            Change::Superseded => pb::GuidanceChange::Superseded,
            Change::Alarmed => pb::GuidanceChange::Alarmed,
        };
        let message = pb::GuidanceRecorded { guidance: Some(whole(&self.guidance)), change: change.into() };
        Record::of(&message, self.guidance.id.to_string())
    }

    /// Issued guidance takes the next number of its party and year.
    fn series(&self) -> Option<Series> {
        let issued = self.guidance.issued().filter(|_| self.change == Change::Issued)?;
        Some(Series { name: format!("guidances/{}", self.guidance.institution), year: issued.year() })
    }

    fn set_number(&mut self, taken: Taken) {
        if let Stage::Issued { issued, .. } = &mut self.guidance.stage {
            issued.serial = taken.number;
        }
    }
}

fn whole(guidance: &Guidance) -> pb::Guidance {
    let Guidance { id, institution, terms, drafted, stage, signings, objections, duties } = guidance;
    let mut shown = pb::Guidance {
        name: id.to_string(),
        institution: institution.code().to_owned(),
        title: terms.title.clone(),
        text: terms.text.clone(),
        basis: terms.basis.clone(),
        fields: terms.fields.iter().map(ToString::to_string).collect(),
        from: Some(day_to_wire(terms.from)),
        to: Some(day_to_wire(terms.to)),
        fronts: terms.fronts.iter().map(|front| front.code().to_owned()).collect(),
        source_paper: terms.source_paper.clone().unwrap_or_default(),
        supersedes: terms.supersedes.map(|earlier| earlier.to_string()).unwrap_or_default(),
        stage: stage_to_wire(stage).into(),
        drafter: drafted.person.clone(),
        draft_time: Some(instant_to_wire(drafted.at)),
        signings: signings.iter().map(duty::wire::signing).collect(),
        objections: objections.iter().map(objection_to_wire).collect(),
        disputed_points: guidance.disputed_points(),
        duties: duties.iter().map(duty::wire::duty).collect(),
        ..pb::Guidance::default()
    };
    if let Some(reviewed) = guidance.reviewed() {
        (shown.reviewer, shown.review_time) = done(reviewed);
    }
    if let Some(issued) = guidance.issued() {
        (shown.issuer, shown.issue_time) = done(&issued.by);
        shown.number = number(&issued.designation, issued.year(), issued.serial);
        shown.serial = issued.serial;
    }
    if let Stage::Ended { end, by, .. } = stage {
        (shown.ender, shown.end_time) = done(by);
        match end {
            End::Withdrawn { reason } => shown.end_reason.clone_from(reason),
            End::Superseded { by } => shown.superseded_by = by.to_string(),
        }
    }
    shown
}

fn done(done: &Done) -> (String, Option<prost_types::Timestamp>) {
    (done.person.clone(), Some(instant_to_wire(done.at)))
}

const fn stage_to_wire(stage: &Stage) -> pb::GuidanceStage {
    match stage {
        Stage::Draft => pb::GuidanceStage::Draft,
        Stage::Reviewed { .. } => pb::GuidanceStage::Reviewed,
        Stage::Issued { .. } => pb::GuidanceStage::Issued,
        Stage::Ended { end: End::Withdrawn { .. }, .. } => pb::GuidanceStage::Withdrawn,
        Stage::Ended { end: End::Superseded { .. }, .. } => pb::GuidanceStage::Superseded,
    }
}

fn objection_to_wire(objection: &Objection) -> pb::Objection {
    let (ground, grant) = match &objection.ground {
        Ground::Content => (pb::ObjectionGround::Content, ""),
        Ground::Unlawful => (pb::ObjectionGround::Unlawful, ""),
        Ground::GrantConflict { grant } => (pb::ObjectionGround::GrantConflict, grant.as_str()),
    };
    let mut shown = pb::Objection {
        name: objection.id.to_string(),
        institution: objection.institution.code().to_owned(),
        ground: ground.into(),
        grant: grant.to_owned(),
        reasons: objection.reasons.clone(),
        points: objection.points.clone(),
        person: objection.by.person.clone(),
        time: Some(instant_to_wire(objection.by.at)),
        ..pb::Objection::default()
    };
    if let Some(forwarded) = &objection.forwarded {
        (shown.forwarder, shown.forward_time) = done(forwarded);
    }
    if let Some((answer, by)) = &objection.answer {
        shown.answer.clone_from(answer);
        (shown.answerer, shown.answer_time) = done(by);
    }
    if let Some(settled) = &objection.settled {
        shown.set_outcome(match settled.outcome {
            Outcome::Upheld => pb::ObjectionOutcome::Upheld,
            Outcome::Amended => pb::ObjectionOutcome::Amended,
            Outcome::Withdrawn => pb::ObjectionOutcome::Withdrawn,
        });
        shown.settlement.clone_from(&settled.text);
        (shown.settler, shown.settle_time) = done(&settled.by);
    }
    shown
}

/// Reads the column `content`.
pub(crate) fn read_content(bytes: &[u8]) -> Result<Guidance, Failure> {
    let guidance: pb::Guidance = prost::Message::decode(bytes).map_err(Failure::internal)?;
    let stage = read_stage(&guidance)?;
    let terms = read_terms(&guidance)?;
    Ok(Guidance {
        id: GuidanceId::parse(&guidance.name).ok_or_else(|| damaged("a name"))?,
        institution: party(&guidance.institution)?,
        terms,
        drafted: Done { person: guidance.drafter, at: at(guidance.draft_time.as_ref())? },
        stage,
        signings: guidance.signings.into_iter().map(duty::wire::read_signing).collect::<Result<_, _>>()?,
        objections: guidance.objections.into_iter().map(read_objection).collect::<Result<_, _>>()?,
        duties: guidance.duties.into_iter().map(duty::wire::read_duty).collect::<Result<_, _>>()?,
    })
}

fn read_terms(guidance: &pb::Guidance) -> Result<Terms, Failure> {
    let mut fields = Fields::new();
    let days = fields.day("from", guidance.from.as_ref()).zip(fields.day("to", guidance.to.as_ref()));
    let (from, to) = days.ok_or_else(|| damaged("a day"))?;
    let codes: Result<_, _> = guidance.fields.iter().map(|code| FieldCode::parse(code)).collect();
    let fronts: Result<_, _> = guidance.fronts.iter().map(|code| Institution::parse(code)).collect();
    Ok(Terms {
        title: guidance.title.clone(),
        text: guidance.text.clone(),
        basis: guidance.basis.clone(),
        fields: codes.map_err(Failure::internal)?,
        from,
        to,
        fronts: fronts.map_err(Failure::internal)?,
        source_paper: Some(guidance.source_paper.clone()).filter(|paper| !paper.is_empty()),
        supersedes: GuidanceId::parse(&guidance.supersedes),
    })
}

fn read_done(person: &str, time: Option<&prost_types::Timestamp>) -> Result<Option<Done>, Failure> {
    Ok(maybe_at(time)?.map(|at| Done { person: person.to_owned(), at }))
}

fn read_stage(guidance: &pb::Guidance) -> Result<Stage, Failure> {
    let reviewed = read_done(&guidance.reviewer, guidance.review_time.as_ref())?;
    let issued = read_done(&guidance.issuer, guidance.issue_time.as_ref())?.map(|by| {
        let designation = guidance.number.split('〔').next().unwrap_or_default().to_owned();
        Issue { designation, serial: guidance.serial, by }
    });
    let by = read_done(&guidance.ender, guidance.end_time.as_ref())?;
    match (guidance.stage(), reviewed, issued, by) {
        (pb::GuidanceStage::Draft, None, None, None) => Ok(Stage::Draft),
        (pb::GuidanceStage::Reviewed, Some(reviewed), None, None) => Ok(Stage::Reviewed { reviewed }),
        (pb::GuidanceStage::Issued, Some(reviewed), Some(issued), None) => Ok(Stage::Issued { reviewed, issued }),
        (pb::GuidanceStage::Withdrawn, reviewed, issued, Some(by)) => {
            Ok(Stage::Ended { reviewed, issued, end: End::Withdrawn { reason: guidance.end_reason.clone() }, by })
        }
        (pb::GuidanceStage::Superseded, reviewed, issued, Some(by)) => {
            let later = GuidanceId::parse(&guidance.superseded_by).ok_or_else(|| damaged("later guidance"))?;
            Ok(Stage::Ended { reviewed, issued, end: End::Superseded { by: later }, by })
        }
        _ => Err(damaged("a stage")),
    }
}

fn read_objection(objection: pb::Objection) -> Result<Objection, Failure> {
    let ground = match objection.ground() {
        pb::ObjectionGround::Unspecified => return Err(damaged("a ground")),
        pb::ObjectionGround::Content => Ground::Content,
        pb::ObjectionGround::Unlawful => Ground::Unlawful,
        pb::ObjectionGround::GrantConflict => Ground::GrantConflict { grant: objection.grant.clone() },
    };
    let settled = read_done(&objection.settler, objection.settle_time.as_ref())?;
    let settled = outcome(objection.outcome()).zip(settled).map(|(outcome, by)| Settlement {
        outcome,
        text: objection.settlement.clone(),
        by,
    });
    let answered = read_done(&objection.answerer, objection.answer_time.as_ref())?;
    Ok(Objection {
        id: ObjectionId::parse(&objection.name).ok_or_else(|| damaged("an objection"))?,
        institution: Institution::parse(&objection.institution).map_err(Failure::internal)?,
        ground,
        by: Done { person: objection.person, at: at(objection.time.as_ref())? },
        forwarded: read_done(&objection.forwarder, objection.forward_time.as_ref())?,
        answer: answered.map(|by| (objection.answer, by)),
        settled,
        reasons: objection.reasons,
        points: objection.points,
    })
}

#[cfg(test)]
mod tests;
