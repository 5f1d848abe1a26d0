//! The work on a paper, between the contract, the column `work` and the state.

use std::collections::BTreeMap;

use prost::Message as _;
use runtime::refusal::Failure;
use townlink_proto::google::r#type::Date as WireDate;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{Date, Deadline, Institution, Timestamp};

use super::super::state::{Paper, PaperName, Stage};
use super::super::timing::{Act, Actors, Light};
use super::super::work::{
    ActionClass, Alarm, Answer, Assignment, By, DecidedBy, Decision, Deed, Dossier, Due, DueSource, Extension,
    Instruction, Phase, Progress, Punctuality, Recall, Reply, Supervision, Urge, Work,
};
use crate::fields::{day_to_wire, instant, instant_to_wire};

/// Everything about a paper beside its arrival and its way to the first check.
pub(crate) fn work_to_wire(paper: &Paper) -> pb::PaperWork {
    let dossier = &paper.dossier;
    let mut shown = paper.work().map(of_work).unwrap_or_default();
    shown.due = dossier.due.as_ref().map(due_to_wire);
    shown.alarms = dossier.alarms.iter().map(|(alarm, at)| alarm_to_wire(*alarm, *at)).collect();
    shown.supervision = dossier.supervision.as_ref().map(supervision_to_wire);
    shown.supersedes = name(dossier.supersedes.as_ref());
    shown.superseded_by = name(dossier.superseded_by.as_ref());
    shown.transferred_from = name(dossier.transferred_from.as_ref());
    shown.urge_count = dossier.urge_count;
    shown.last_urge = dossier.last_urge.as_ref().map(urge_to_wire);
    match &paper.stage {
        Stage::Merged { into, deed, .. } => {
            shown.merged_into = into.to_string();
            shown.closing = Some(deed_to_wire(deed));
        }
        Stage::Transferred { to, deed, .. } => {
            shown.transferred_to = to.to_string();
            shown.closing = Some(deed_to_wire(deed));
        }
        Stage::Recalled { recall } => shown.recall = Some(recall_to_wire(recall)),
        Stage::Arrived
        | Stage::SignedFor { .. }
        | Stage::Registered { .. }
        | Stage::Worked { .. }
        | Stage::Returned { .. } => {}
    }
    shown
}

/// The column `work`; none where there is nothing to keep.
pub(crate) fn work_column(paper: &Paper) -> Option<Vec<u8>> {
    let encoded = work_to_wire(paper).encode_to_vec();
    (!encoded.is_empty()).then_some(encoded)
}

fn of_work(work: &Work) -> pb::PaperWork {
    pb::PaperWork {
        instruction: work.instruction.as_ref().map(instruction_to_wire),
        assignment: work.assignment.as_ref().map(assignment_to_wire),
        refusals: work.refusals.iter().map(deed_to_wire).collect(),
        acceptance: work.acceptance.as_ref().map(deed_to_wire),
        progress: work.progress.as_ref().map(progress_to_wire),
        progress_count: work.progress_count,
        parts: work.parts.iter().map(deed_to_wire).collect(),
        reads: work.reads.iter().map(deed_to_wire).collect(),
        guidance: work.guidance.clone().unwrap_or_default(),
        report: work.report.as_ref().map(deed_to_wire),
        completion: work.completion.as_ref().map(|(deed, _)| deed_to_wire(deed)),
        on_time: work.completion.as_ref().is_some_and(|(_, punctuality)| *punctuality == Punctuality::OnTime),
        reply: work.reply.as_ref().map(reply_to_wire),
        archive: work.archive.as_ref().map(deed_to_wire),
        extension: work.extension.as_ref().map(extension_to_wire),
        ..pb::PaperWork::default()
    }
}

fn name(name: Option<&PaperName>) -> String {
    name.map(ToString::to_string).unwrap_or_default()
}

pub(super) fn deed_to_wire(deed: &Deed) -> pb::PaperDeed {
    let institution = match deed.by {
        By::Institution(institution) => institution.code(),
        By::Leaders => LEADERS,
        By::Service => "",
    };
    pb::PaperDeed {
        institution: institution.to_owned(),
        person: deed.person.clone(),
        time: Some(instant_to_wire(deed.at)),
        words: deed.words.clone(),
    }
}

/// How the leaders are called where others are called by the codes of their institutions.
const LEADERS: &str = "LEADERS";

pub(super) fn instruction_to_wire(instruction: &Instruction) -> pb::PaperInstruction {
    pb::PaperInstruction {
        leader: instruction.leader.clone(),
        text: instruction.text.clone(),
        person: instruction.person.clone(),
        time: Some(instant_to_wire(instruction.at)),
    }
}

pub(super) fn assignment_to_wire(assignment: &Assignment) -> pb::PaperAssignment {
    let codes = |institutions: &[Institution]| institutions.iter().map(|it| it.code().to_owned()).collect();
    let class = match assignment.class {
        ActionClass::Read => pb::PaperActionClass::Read,
        ActionClass::Handle => pb::PaperActionClass::Handle,
        ActionClass::Instructed => pb::PaperActionClass::Instructed,
        ActionClass::Forward => pb::PaperActionClass::Forward,
    };
    pb::PaperAssignment {
        action_class: class.into(),
        lead: assignment.lead.map(|it| it.code().to_owned()).unwrap_or_default(),
        co_handlers: codes(&assignment.co_handlers),
        readers: codes(&assignment.readers),
        persons: assignment.persons.clone(),
        answer: assignment.answer == Answer::Wanted,
        person: assignment.person.clone(),
        time: Some(instant_to_wire(assignment.at)),
        by_leaders: assignment.decided == DecidedBy::Leaders,
    }
}

pub(super) fn progress_to_wire(progress: &Progress) -> pb::PaperProgress {
    pb::PaperProgress {
        percent: progress.percent,
        words: progress.words.clone(),
        evidence: progress.evidence.clone(),
        deed: Some(deed_to_wire(&progress.deed)),
    }
}

fn reply_to_wire(reply: &Reply) -> pb::PaperReply {
    pb::PaperReply {
        document_number: reply.document_number.clone(),
        dispatch: reply.dispatch.clone(),
        time: Some(instant_to_wire(reply.at)),
    }
}

fn extension_to_wire(extension: &Extension) -> pb::PaperExtension {
    let decision = extension.decision.as_ref();
    pb::PaperExtension {
        due: Some(day_to_wire(extension.due)),
        request: Some(deed_to_wire(&extension.request)),
        decision: decision.map(|(deed, _)| deed_to_wire(deed)),
        granted: decision.is_some_and(|(_, decision)| *decision == Decision::Granted),
    }
}

fn deadline_to_wire(deadline: Deadline) -> (Option<WireDate>, i32) {
    match deadline {
        Deadline::On(day) => (Some(day_to_wire(day)), 0),
        Deadline::Undetermined { year } => (None, i32::from(year)),
    }
}

pub(crate) fn due_to_wire(due: &Due) -> pb::PaperDue {
    let (date, missing_year) = deadline_to_wire(due.last);
    let source = match due.source {
        DueSource::Sender => pb::PaperDueSource::Sender,
        DueSource::Urgency => pb::PaperDueSource::Urgency,
        DueSource::Assignment => pb::PaperDueSource::Assignment,
        DueSource::Extension => pb::PaperDueSource::Extension,
    };
    pb::PaperDue { date, missing_year, source: source.into(), time: Some(instant_to_wire(due.since)) }
}

pub(super) fn supervision_to_wire(order: &Supervision) -> pb::PaperSupervision {
    let (due, missing_year) = deadline_to_wire(order.due);
    pb::PaperSupervision {
        number: order.number,
        year: i32::from(order.year),
        matter: order.matter.clone(),
        responsible: order.responsible.code().to_owned(),
        due,
        missing_year,
        time: Some(instant_to_wire(order.at)),
    }
}

pub(crate) fn recall_to_wire(recall: &Recall) -> pb::PaperRecall {
    pb::PaperRecall {
        document_number: recall.document_number.clone(),
        reason: recall.reason.clone(),
        time: Some(instant_to_wire(recall.at)),
    }
}

pub(super) fn urge_to_wire(urge: &Urge) -> pb::PaperUrge {
    pb::PaperUrge { urge: urge.urge.clone(), note: urge.note.clone(), time: Some(instant_to_wire(urge.at)) }
}

pub(super) fn alarm_to_wire(alarm: Alarm, at: Timestamp) -> pb::RaisedAlarm {
    let alarm = match alarm {
        Alarm::SignFor => pb::InboxAlarm::SignFor,
        Alarm::Undetermined => pb::InboxAlarm::Undetermined,
        Alarm::Progress => pb::InboxAlarm::Progress,
        Alarm::Reminder => pb::InboxAlarm::Reminder,
        Alarm::Yellow => pb::InboxAlarm::Yellow,
        Alarm::Red => pb::InboxAlarm::Red,
        Alarm::Leaders => pb::InboxAlarm::Leaders,
        Alarm::Archive => pb::InboxAlarm::Archive,
    };
    pb::RaisedAlarm { alarm: alarm.into(), time: Some(instant_to_wire(at)) }
}

/// The light, as shown.
pub(super) const fn light_to_wire(light: Option<Light>) -> pb::InboxLight {
    match light {
        None => pb::InboxLight::Unspecified,
        Some(Light::Green) => pb::InboxLight::Green,
        Some(Light::Yellow) => pb::InboxLight::Yellow,
        Some(Light::Red) => pb::InboxLight::Red,
    }
}

/// Who must act next, and what, as shown.
pub(super) fn next_to_wire(next: Option<(Actors, Act)>) -> (Vec<String>, pb::InboxAct) {
    let Some((actors, act)) = next else { return (Vec::new(), pb::InboxAct::Unspecified) };
    let actors = match actors {
        Actors::Institutions(institutions) => institutions.iter().map(|it| it.code().to_owned()).collect(),
        Actors::Leaders => vec![LEADERS.to_owned()],
    };
    let act = match act {
        Act::SignFor => pb::InboxAct::SignFor,
        Act::Register => pb::InboxAct::Register,
        Act::Check => pb::InboxAct::Check,
        Act::Assign => pb::InboxAct::Assign,
        Act::DecideAssignment => pb::InboxAct::DecideAssignment,
        Act::Read => pb::InboxAct::Read,
        Act::Accept => pb::InboxAct::Accept,
        Act::Report => pb::InboxAct::Report,
        Act::Complete => pb::InboxAct::Complete,
        Act::Reply => pb::InboxAct::Reply,
        Act::Archive => pb::InboxAct::Archive,
    };
    (actors, act)
}

// === reading the column ===

/// What the column `work` keeps.
pub(crate) struct Kept {
    /// The work, with a phase of its own stage yet to be told.
    pub work: Work,
    /// What is kept beside the stage.
    pub dossier: Dossier,
    /// The paper that goes on, or that it became.
    pub goes_on: Option<PaperName>,
    /// How it was merged or transferred.
    pub closing: Option<Deed>,
    /// How it was recalled.
    pub recall: Option<Recall>,
}

/// Reads the column `work`. A damaged column is a failure of the machine.
pub(crate) fn read_work(bytes: &[u8]) -> Result<Kept, Failure> {
    let kept = pb::PaperWork::decode(bytes).map_err(Failure::internal)?;
    read(kept).ok_or_else(|| Failure::internal("the work on a paper cannot be read"))
}

fn read(kept: pb::PaperWork) -> Option<Kept> {
    let alarms = kept.alarms.into_iter().map(read_alarm).collect::<Option<BTreeMap<_, _>>>()?;
    let goes_on = if kept.merged_into.is_empty() { kept.transferred_to } else { kept.merged_into };
    Some(Kept {
        dossier: Dossier {
            due: some(kept.due, read_due)?,
            alarms,
            supervision: some(kept.supervision, read_supervision)?,
            supersedes: read_name(&kept.supersedes)?,
            superseded_by: read_name(&kept.superseded_by)?,
            transferred_from: read_name(&kept.transferred_from)?,
            urge_count: kept.urge_count,
            last_urge: some(kept.last_urge, read_urge)?,
        },
        goes_on: read_name(&goes_on)?,
        closing: some(kept.closing, read_deed)?,
        recall: some(kept.recall, read_recall)?,
        work: Work {
            phase: Phase::Checked,
            instruction: some(kept.instruction, read_instruction)?,
            assignment: some(kept.assignment, read_assignment)?,
            refusals: all(kept.refusals, read_deed)?,
            acceptance: some(kept.acceptance, read_deed)?,
            progress: some(kept.progress, read_progress)?,
            progress_count: kept.progress_count,
            parts: all(kept.parts, read_deed)?,
            reads: all(kept.reads, read_deed)?,
            guidance: Some(kept.guidance).filter(|guidance| !guidance.is_empty()),
            report: some(kept.report, read_deed)?,
            completion: some(kept.completion, read_deed)?
                .map(|deed| (deed, if kept.on_time { Punctuality::OnTime } else { Punctuality::Late })),
            reply: some(kept.reply, read_reply)?,
            archive: some(kept.archive, read_deed)?,
            extension: some(kept.extension, read_extension)?,
        },
    })
}

/// What may be absent, but not damaged.
#[expect(clippy::option_option, reason = "what is damaged, and what is absent, are two things")]
fn some<M, T>(message: Option<M>, read: impl FnOnce(M) -> Option<T>) -> Option<Option<T>> {
    match message {
        None => Some(None),
        Some(message) => read(message).map(Some),
    }
}

fn all<M, T>(messages: Vec<M>, read: impl Fn(M) -> Option<T>) -> Option<Vec<T>> {
    messages.into_iter().map(read).collect()
}

fn at(time: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    time.and_then(instant)
}

fn day(day: WireDate) -> Option<Date> {
    Date::new(i16::try_from(day.year).ok()?, i8::try_from(day.month).ok()?, i8::try_from(day.day).ok()?).ok()
}

#[expect(clippy::option_option, reason = "what is damaged, and what is absent, are two things")]
fn read_name(name: &str) -> Option<Option<PaperName>> {
    if name.is_empty() { Some(None) } else { PaperName::parse(name).map(Some) }
}

fn read_deed(deed: pb::PaperDeed) -> Option<Deed> {
    let by = match deed.institution.as_str() {
        "" => By::Service,
        LEADERS => By::Leaders,
        code => By::Institution(Institution::parse(code).ok()?),
    };
    Some(Deed { by, person: deed.person, at: at(deed.time.as_ref())?, words: deed.words })
}

fn read_instruction(instruction: pb::PaperInstruction) -> Option<Instruction> {
    let at = at(instruction.time.as_ref())?;
    Some(Instruction { leader: instruction.leader, text: instruction.text, person: instruction.person, at })
}

/// The class of the contract; none where it is not given.
pub(super) const fn class(class: pb::PaperActionClass) -> Option<ActionClass> {
    match class {
        pb::PaperActionClass::Unspecified => None,
        pb::PaperActionClass::Read => Some(ActionClass::Read),
        pb::PaperActionClass::Handle => Some(ActionClass::Handle),
        pb::PaperActionClass::Instructed => Some(ActionClass::Instructed),
        pb::PaperActionClass::Forward => Some(ActionClass::Forward),
    }
}

fn read_assignment(assignment: pb::PaperAssignment) -> Option<Assignment> {
    let codes = |codes: &[String]| codes.iter().map(|code| Institution::parse(code).ok()).collect::<Option<Vec<_>>>();
    let lead = match assignment.lead.as_str() {
        "" => None,
        code => Some(Institution::parse(code).ok()?),
    };
    Some(Assignment {
        class: class(assignment.action_class())?,
        lead,
        co_handlers: codes(&assignment.co_handlers)?,
        readers: codes(&assignment.readers)?,
        answer: if assignment.answer { Answer::Wanted } else { Answer::NotWanted },
        at: at(assignment.time.as_ref())?,
        decided: if assignment.by_leaders { DecidedBy::Leaders } else { DecidedBy::Inbox },
        persons: assignment.persons,
        person: assignment.person,
    })
}

fn read_progress(progress: pb::PaperProgress) -> Option<Progress> {
    let deed = read_deed(progress.deed?)?;
    Some(Progress { percent: progress.percent, words: progress.words, evidence: progress.evidence, deed })
}

fn read_reply(reply: pb::PaperReply) -> Option<Reply> {
    let at = at(reply.time.as_ref())?;
    Some(Reply { document_number: reply.document_number, dispatch: reply.dispatch, at })
}

fn read_extension(extension: pb::PaperExtension) -> Option<Extension> {
    let decision = if extension.granted { Decision::Granted } else { Decision::Refused };
    Some(Extension {
        due: day(extension.due?)?,
        request: read_deed(extension.request?)?,
        decision: some(extension.decision, read_deed)?.map(|deed| (deed, decision)),
    })
}

fn deadline(date: Option<WireDate>, missing_year: i32) -> Option<Deadline> {
    match date {
        Some(date) => day(date).map(Deadline::On),
        None => Some(Deadline::Undetermined { year: i16::try_from(missing_year).ok()? }),
    }
}

pub(crate) fn read_due(due: pb::PaperDue) -> Option<Due> {
    let source = match due.source() {
        pb::PaperDueSource::Unspecified => None,
        pb::PaperDueSource::Sender => Some(DueSource::Sender),
        pb::PaperDueSource::Urgency => Some(DueSource::Urgency),
        pb::PaperDueSource::Assignment => Some(DueSource::Assignment),
        pb::PaperDueSource::Extension => Some(DueSource::Extension),
    };
    Some(Due { last: deadline(due.date, due.missing_year)?, source: source?, since: at(due.time.as_ref())? })
}

fn read_supervision(order: pb::PaperSupervision) -> Option<Supervision> {
    Some(Supervision {
        number: order.number,
        year: i16::try_from(order.year).ok()?,
        responsible: Institution::parse(&order.responsible).ok()?,
        due: deadline(order.due, order.missing_year)?,
        at: at(order.time.as_ref())?,
        matter: order.matter,
    })
}

fn read_recall(recall: pb::PaperRecall) -> Option<Recall> {
    let at = at(recall.time.as_ref())?;
    Some(Recall { document_number: recall.document_number, reason: recall.reason, at })
}

fn read_urge(urge: pb::PaperUrge) -> Option<Urge> {
    let at = at(urge.time.as_ref())?;
    Some(Urge { urge: urge.urge, note: urge.note, at })
}

fn read_alarm(raised: pb::RaisedAlarm) -> Option<(Alarm, Timestamp)> {
    let alarm = match raised.alarm() {
        pb::InboxAlarm::Unspecified => None,
        pb::InboxAlarm::SignFor => Some(Alarm::SignFor),
        pb::InboxAlarm::Undetermined => Some(Alarm::Undetermined),
        pb::InboxAlarm::Progress => Some(Alarm::Progress),
        pb::InboxAlarm::Reminder => Some(Alarm::Reminder),
        pb::InboxAlarm::Yellow => Some(Alarm::Yellow),
        pb::InboxAlarm::Red => Some(Alarm::Red),
        pb::InboxAlarm::Leaders => Some(Alarm::Leaders),
        pb::InboxAlarm::Archive => Some(Alarm::Archive),
    };
    alarm.zip(at(raised.time.as_ref()))
}
