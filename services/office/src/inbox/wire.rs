//! Papers in inboxes, between the contract and the state.
//!
//! - [`requests`]: the requests about the work on a paper.
//! - [`work`]: what was done about a paper.
//! - [`events`]: what the journal says of it.

pub(crate) mod events;
pub(crate) mod requests;
pub(crate) mod work;

use runtime::journal::Record;
use runtime::numbers::{Series, Taken};
use runtime::refusal::{Denial, Failure, Violation};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::values::v1 as values;
use vocabulary::{DocumentNumber, Institution, Sm3Digest, Timestamp, document_number, time};

use super::decide::{Command, Event, Step};
use super::event::What;
use super::rules::Rules;
use super::state::{
    Arrival, Attachment, Finding, FindingCode, Paper, PaperName, Purpose, Remedy, Resolution, Screening, Signature,
    Stage, Summary, Weight,
};
use super::timing;
use super::work::Phase;
use crate::fields::{Fields, instant_to_wire, no_name};

/// How long a note or a reason may be, in characters.
const WORDS_MAX: usize = 2_000;

/// How many resolutions a request may carry; a paper has few findings.
const RESOLUTIONS_MAX: usize = 32;

// === requests ===

/// Reads the name of a paper in an inbox.
pub(crate) fn name(name: &str) -> Result<PaperName, Denial> {
    PaperName::parse(name).ok_or_else(|| no_name("name", "inboxes/{institution}/papers/{department}-{message id}"))
}

/// Reads the name of an inbox.
pub(crate) fn inbox(parent: &str) -> Result<Institution, Denial> {
    let code = parent.strip_prefix("inboxes/").and_then(|code| Institution::parse(code).ok());
    let inbox = code.filter(|institution| parent == format!("inboxes/{institution}"));
    inbox.ok_or_else(|| no_name("parent", "inboxes/{institution}"))
}

pub(crate) fn sign_for(request: pb::SignForPaperRequest) -> Result<Command, Denial> {
    Ok(Command { name: name(&request.name)?, etag: request.etag, step: Step::SignFor })
}

pub(crate) fn register(request: pb::RegisterPaperRequest) -> Result<Command, Denial> {
    let name = name(&request.name)?;
    let mut fields = Fields::new();
    let supersedes = match request.supersedes.as_str() {
        "" => Some(None),
        old => fields.need("supersedes", PaperName::parse(old), "must be the name of a paper in an inbox").map(Some),
    };
    let step = supersedes.map(|supersedes| Step::Register { supersedes });
    fields.finish(step.map(|step| Command { name, etag: request.etag, step }))
}

pub(crate) fn check(request: pb::CheckPaperRequest) -> Result<Command, Denial> {
    let name = name(&request.name)?;
    let mut fields = Fields::new();
    let resolutions = read_resolutions(&mut fields, request.resolutions);
    fields.finish(Some(Command { name, etag: request.etag, step: Step::Check { resolutions } }))
}

pub(crate) fn send_back(request: pb::ReturnPaperRequest) -> Result<Command, Denial> {
    let name = name(&request.name)?;
    let mut fields = Fields::new();
    let code = is_code(&request.code).then_some(request.code);
    let code = fields.need("code", code, "must be the code of a rule, such as RE-DEPT-DIRECTIVE");
    let reason = fields.text("reason", request.reason, WORDS_MAX);
    let step = code.zip(reason).map(|(code, reason)| Step::Return { code, reason });
    fields.finish(step.map(|step| Command { name, etag: request.etag, step }))
}

/// Two letters for the chapter of the rules, and words in capitals: `RE-DEPT-DIRECTIVE`.
fn is_code(code: &str) -> bool {
    let capital = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit();
    let mut words = code.split('-');
    let chapter = words.next().is_some_and(|chapter| chapter.len() == 2 && chapter.bytes().all(capital));
    let words: Vec<_> = words.collect();
    chapter
        && code.len() <= 64
        && !words.is_empty()
        && words.iter().all(|word| !word.is_empty() && word.bytes().all(capital))
}

fn read_resolutions(fields: &mut Fields, resolutions: Vec<pb::Resolution>) -> Vec<Resolution> {
    if resolutions.len() > RESOLUTIONS_MAX {
        fields.fault("resolutions", "", format_args!("has more than {RESOLUTIONS_MAX} entries"));
        return Vec::new();
    }
    let mut read: Vec<Resolution> = Vec::with_capacity(resolutions.len());
    for (index, resolution) in resolutions.into_iter().enumerate() {
        let at = |field| format!("resolutions[{index}].{field}");
        let code = FindingCode::parse(&resolution.code);
        if resolution.code.is_empty() {
            fields.fault(at("code"), "", "must be the code of a finding");
        } else if read.iter().any(|earlier| earlier.code == code) {
            fields.fault(at("code"), "", "is resolved twice");
        }
        fields.words(&at("note"), &resolution.note, WORDS_MAX);
        if let Some(remedy) = remedy(fields, &at, &resolution) {
            read.push(Resolution { code, remedy, note: resolution.note });
        }
    }
    read
}

fn remedy(fields: &mut Fields, at: &impl Fn(&'static str) -> String, resolution: &pb::Resolution) -> Option<Remedy> {
    match resolution.r#type() {
        pb::ResolutionType::Unspecified => {
            fields.fault(at("type"), "", "must say what was done about the finding");
            None
        }
        pb::ResolutionType::Cleared => Some(Remedy::Cleared),
        pb::ResolutionType::AsLetter => Some(Remedy::AsLetter),
        pb::ResolutionType::Repaired => {
            let number = DocumentNumber::parse(&resolution.repaired_document_number);
            let number = fields.read(&at("repaired_document_number"), document_number::REPAIR_FLAG, number);
            number.map(Remedy::Repaired)
        }
    }
}

// === answers ===

/// A paper as the contract shows it at an instant, without its payload. Without rules it has no light.
pub(crate) fn paper(paper: &Paper, etag: String, now: Timestamp, rules: Option<&Rules>) -> pb::InboxPaper {
    let mut shown = pb::InboxPaper { etag, stage: stage_to_wire(&paper.stage).into(), ..face_of(paper) };
    if let Some(signed) = paper.signed() {
        shown.signed_for_by.clone_from(&signed.person);
        shown.sign_for_time = Some(instant_to_wire(signed.at));
    }
    if let Some(registered) = paper.registered() {
        shown.serial = registered.serial;
        shown.register_time = Some(instant_to_wire(registered.at));
    }
    if let Some(checked) = paper.checked() {
        shown.resolutions = checked.resolutions.iter().map(resolution_to_wire).collect();
        shown.document = checked.document.clone().unwrap_or_default();
        shown.check_time = Some(instant_to_wire(checked.at));
    }
    if let Stage::Returned { returned, .. } = &paper.stage {
        shown.check_time = Some(instant_to_wire(returned.at));
        shown.return_code.clone_from(&returned.code);
        shown.return_reason.clone_from(&returned.reason);
    }
    let (actors, act) = work::next_to_wire(timing::next_act(paper));
    shown.next_actors = actors;
    shown.next_act = act.into();
    shown.overdue = timing::is_overdue(paper, now);
    shown.light = work::light_to_wire(rules.and_then(|rules| timing::light(paper, rules, now))).into();
    shown
}

/// What is on the face of a paper, and what was done about it: all that needs no clock.
fn face_of(paper: &Paper) -> pb::InboxPaper {
    let arrival = &paper.arrival;
    let work = work::work_to_wire(paper);
    pb::InboxPaper {
        name: paper.name.to_string(),
        paper: paper.name.at_gateway(),
        summary: Some(summary_to_wire(&arrival.summary)),
        number: arrival.number,
        copy: arrival.purpose == Purpose::Information,
        findings: arrival.findings.iter().map(finding_to_wire).collect(),
        attachments: arrival.attachments.iter().map(attachment_to_wire).collect(),
        arrive_time: Some(instant_to_wire(arrival.arrived)),
        accept_time: Some(instant_to_wire(arrival.accepted)),
        payload_digest: digest_to_wire(&arrival.payload_digest),
        work: (work != pb::PaperWork::default()).then_some(work),
        ..pb::InboxPaper::default()
    }
}

const fn stage_to_wire(stage: &Stage) -> pb::InboxStage {
    match stage {
        Stage::Arrived => pb::InboxStage::Arrived,
        Stage::SignedFor { .. } => pb::InboxStage::SignedFor,
        Stage::Registered { .. } => pb::InboxStage::Registered,
        Stage::Worked { work, .. } => match work.phase {
            Phase::Checked => pb::InboxStage::Checked,
            Phase::Assigned => pb::InboxStage::Assigned,
            Phase::Accepted => pb::InboxStage::Accepted,
            Phase::InProgress => pb::InboxStage::InProgress,
            Phase::GuidanceIssued => pb::InboxStage::GuidanceIssued,
            Phase::Reported => pb::InboxStage::Reported,
            Phase::Completed => pb::InboxStage::Completed,
            Phase::Replied => pb::InboxStage::Replied,
            Phase::Archived => pb::InboxStage::Archived,
        },
        Stage::Returned { .. } => pb::InboxStage::Returned,
        Stage::Merged { .. } => pb::InboxStage::Merged,
        Stage::Transferred { .. } => pb::InboxStage::Transferred,
        Stage::Recalled { .. } => pb::InboxStage::Recalled,
    }
}

/// The stored word of the stage that a list is asked for; empty for all.
pub(crate) fn stage_filter(stage: i32) -> Result<&'static str, Denial> {
    match pb::InboxStage::try_from(stage) {
        Ok(pb::InboxStage::Unspecified) => Ok(""),
        // The stored word is the name without what all stages share.
        Ok(stage) => Ok(stage.as_str_name().trim_start_matches("INBOX_STAGE_")),
        Err(_) => Err(Violation::malformed("stage", "is no stage of a paper in an inbox").into()),
    }
}

// === events ===

impl runtime::journal::Event for Event {
    fn record(&self) -> Record {
        match self {
            Self::SignedFor { name, purpose, signed } => {
                let message = pb::PaperSignedFor {
                    inbox_paper: name.to_string(),
                    paper: name.at_gateway(),
                    institution: name.inbox.code().to_owned(),
                    person: signed.person.clone(),
                    time: Some(instant_to_wire(signed.at)),
                    copy: *purpose == Purpose::Information,
                };
                Record::of(&message, name.to_string())
            }
            Self::Registered { name, registered, supersedes } => {
                let message = pb::PaperRegistered {
                    inbox_paper: name.to_string(),
                    serial: registered.serial,
                    time: Some(instant_to_wire(registered.at)),
                    supersedes: supersedes.as_ref().map(ToString::to_string).unwrap_or_default(),
                };
                Record::of(&message, name.to_string())
            }
            Self::Checked { name, checked } => {
                let message = pb::PaperChecked {
                    inbox_paper: name.to_string(),
                    paper: name.at_gateway(),
                    institution: name.inbox.code().to_owned(),
                    resolutions: checked.resolutions.iter().map(resolution_to_wire).collect(),
                    time: Some(instant_to_wire(checked.at)),
                    document: checked.document.clone().unwrap_or_default(),
                };
                Record::of(&message, name.to_string())
            }
            Self::Returned { name, purpose, person, returned } => {
                let message = pb::PaperReturned {
                    inbox_paper: name.to_string(),
                    paper: name.at_gateway(),
                    institution: name.inbox.code().to_owned(),
                    person: person.clone(),
                    code: returned.code.clone(),
                    reason: returned.reason.clone(),
                    time: Some(instant_to_wire(returned.at)),
                    copy: *purpose == Purpose::Information,
                };
                Record::of(&message, name.to_string())
            }
            Self::Document(registered) => registered.record(),
            Self::Worked { name, what } => events::record(name, what),
        }
    }

    /// A paper takes the next serial of its inbox's book of the year; a supervision order the next of the town's (督办单).
    fn series(&self) -> Option<Series> {
        match self {
            Self::Registered { name, registered, .. } => {
                let year = time::town_date(registered.at).year();
                Some(Series { name: format!("inboxes/{}", name.inbox), year })
            }
            Self::Worked { what, .. } => {
                let What::Supervised { order } = &**what else { return None };
                Some(Series { name: SUPERVISION_SERIES.to_owned(), year: order.year })
            }
            Self::SignedFor { .. } | Self::Checked { .. } | Self::Returned { .. } | Self::Document(_) => None,
        }
    }

    fn set_number(&mut self, taken: Taken) {
        match self {
            Self::Registered { registered, .. } => registered.serial = taken.number,
            Self::Worked { what, .. } => {
                if let What::Supervised { order } = &mut **what {
                    order.number = taken.number;
                }
            }
            Self::SignedFor { .. } | Self::Checked { .. } | Self::Returned { .. } | Self::Document(_) => {}
        }
    }
}

/// The series of supervision orders.
const SUPERVISION_SERIES: &str = "supervision-orders";

// === columns ===

/// What is on the face of a paper and beside it, as the column `face` keeps it.
pub(crate) fn face(arrival: &Arrival) -> Vec<u8> {
    let paper = pb::InboxPaper {
        summary: Some(summary_to_wire(&arrival.summary)),
        findings: arrival.findings.iter().map(finding_to_wire).collect(),
        attachments: arrival.attachments.iter().map(attachment_to_wire).collect(),
        ..pb::InboxPaper::default()
    };
    let signatures = arrival.signatures.iter().map(signature_to_wire).collect();
    prost::Message::encode_to_vec(&pb::PaperArrived { paper: Some(paper), signatures, ..pb::PaperArrived::default() })
}

/// What the column `face` keeps.
pub(crate) struct Face {
    pub summary: Summary,
    pub findings: Vec<Finding>,
    pub attachments: Vec<Attachment>,
    pub signatures: Vec<Signature>,
}

/// Reads the column `face`.
pub(crate) fn read_face(bytes: &[u8]) -> Result<Face, Failure> {
    let arrived: pb::PaperArrived = prost::Message::decode(bytes).map_err(Failure::internal)?;
    let paper = arrived.paper.unwrap_or_default();
    let attachments: Option<Vec<_>> = paper.attachments.into_iter().map(attachment).collect();
    Ok(Face {
        summary: summary(paper.summary.unwrap_or_default()),
        findings: paper.findings.into_iter().map(finding).collect(),
        attachments: attachments.ok_or_else(|| Failure::internal("an attachment has no digest"))?,
        signatures: arrived.signatures.into_iter().map(signature).collect(),
    })
}

/// Resolutions, as the column `resolutions` keeps them.
pub(crate) fn resolutions(resolutions: &[Resolution]) -> Vec<u8> {
    let resolutions = resolutions.iter().map(resolution_to_wire).collect();
    prost::Message::encode_to_vec(&pb::PaperChecked { resolutions, ..pb::PaperChecked::default() })
}

/// Reads the column `resolutions`.
pub(crate) fn read_resolutions_column(bytes: &[u8]) -> Result<Vec<Resolution>, Failure> {
    let checked: pb::PaperChecked = prost::Message::decode(bytes).map_err(Failure::internal)?;
    let mut fields = Fields::new();
    let resolutions = read_resolutions(&mut fields, checked.resolutions);
    fields.finish(Some(resolutions)).map_err(|_| Failure::internal("a resolution cannot be read"))
}

// === parts ===

pub(crate) fn summary(summary: values::PaperSummary) -> Summary {
    Summary {
        doc_type: summary.doc_type,
        document_number: summary.document_number,
        title: summary.title,
        issuer: summary.issuer,
        urgency: summary.urgency,
        main_to: summary.main_to,
        copy_to: summary.copy_to,
        issue_date: summary.issue_date,
        due: summary.due,
        action_class: summary.action_class,
        directive_type: summary.directive_type,
        ref_document_number: summary.ref_document_number,
    }
}

pub(crate) fn summary_to_wire(summary: &Summary) -> values::PaperSummary {
    values::PaperSummary {
        doc_type: summary.doc_type.clone(),
        document_number: summary.document_number.clone(),
        title: summary.title.clone(),
        issuer: summary.issuer.clone(),
        urgency: summary.urgency.clone(),
        main_to: summary.main_to.clone(),
        copy_to: summary.copy_to.clone(),
        issue_date: summary.issue_date.clone(),
        due: summary.due.clone(),
        action_class: summary.action_class.clone(),
        directive_type: summary.directive_type.clone(),
        ref_document_number: summary.ref_document_number.clone(),
    }
}

pub(crate) fn finding(finding: values::Finding) -> Finding {
    Finding {
        code: FindingCode::parse(&finding.code),
        law: finding.law,
        message: finding.message,
        weight: if finding.blocking { Weight::Blocking } else { Weight::Warning },
    }
}

pub(crate) fn finding_to_wire(finding: &Finding) -> values::Finding {
    values::Finding {
        code: finding.code.as_str().to_owned(),
        law: finding.law.clone(),
        message: finding.message.clone(),
        blocking: finding.weight == Weight::Blocking,
    }
}

pub(crate) fn attachment(attachment: values::Attachment) -> Option<Attachment> {
    Some(Attachment {
        name: attachment.name,
        size_bytes: attachment.size_bytes,
        digest: Sm3Digest::try_from(&*attachment.digest).ok()?,
        screening: if attachment.screened { Screening::Screened } else { Screening::Unscreened },
    })
}

pub(crate) fn attachment_to_wire(attachment: &Attachment) -> values::Attachment {
    values::Attachment {
        name: attachment.name.clone(),
        size_bytes: attachment.size_bytes,
        digest: digest_to_wire(&attachment.digest),
        screened: attachment.screening == Screening::Screened,
    }
}

pub(crate) fn signature(signature: values::Signature) -> Signature {
    Signature { key_id: signature.key_id, algorithm: signature.algorithm, value: signature.value }
}

pub(crate) fn signature_to_wire(signature: &Signature) -> values::Signature {
    values::Signature {
        key_id: signature.key_id.clone(),
        algorithm: signature.algorithm.clone(),
        value: signature.value.clone(),
    }
}

pub(crate) fn digest_to_wire(digest: &Sm3Digest) -> bytes::Bytes {
    bytes::Bytes::copy_from_slice(digest.as_bytes())
}

fn resolution_to_wire(resolution: &Resolution) -> pb::Resolution {
    let (kind, number) = match &resolution.remedy {
        Remedy::Cleared => (pb::ResolutionType::Cleared, String::new()),
        Remedy::Repaired(number) => (pb::ResolutionType::Repaired, number.to_string()),
        Remedy::AsLetter => (pb::ResolutionType::AsLetter, String::new()),
    };
    pb::Resolution {
        code: resolution.code.as_str().to_owned(),
        r#type: kind.into(),
        repaired_document_number: number,
        note: resolution.note.clone(),
    }
}

#[cfg(test)]
mod tests;
