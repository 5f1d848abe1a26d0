//! Dispatches as messages of the contract, which are also the columns of their rows.

use bytes::Bytes;
use prost::Message as _;
use runtime::refusal::fields::instant;
use runtime::refusal::{Denial, Failure};
use townlink_proto::google::r#type as google;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::period::Deadline;
use vocabulary::{Date, Institution, Sm3Digest, Timestamp};

use crate::dispatch::content::{Content, File, Source};
use crate::dispatch::state::{
    Acknowledging, Awaited, Cosign, Dispatch, DispatchId, Mark, Number, Numbered, Progress, Recipient, Reply, Reviewed,
    Sealed, Sent, Signed, Stage, Urge, View,
};
use crate::fields::{day_to_wire, instant_to_wire};

/// What a dispatch says, whole.
pub(crate) fn content(content: &Content) -> pb::DispatchContent {
    let file = |file: &File| pb::DispatchFile { name: file.name.clone(), content: file.content.clone() };
    pb::DispatchContent { text: content.text.clone(), files: content.files.iter().map(file).collect(), ..face(content) }
}

/// What a dispatch says, without its text and files.
fn face(content: &Content) -> pb::DispatchContent {
    let source = |source: &Source| match source {
        Source::Inbox(name) => name.to_string(),
        Source::Dispatch(id) => id.to_string(),
    };
    let normative = content.normative.as_ref();
    pb::DispatchContent {
        issuer: content.issuer.as_str().to_owned(),
        doc_type: content.doc_type.as_str().to_owned(),
        title: content.title.clone(),
        text: String::new(),
        files: Vec::new(),
        main_to: content.main_to.clone(),
        copy_to: content.copy_to.clone(),
        urgency: content.urgency.clone(),
        due: content.due.map(day_to_wire),
        action_class: content.action_class.clone(),
        openness: content.openness.clone(),
        matters: content.matters.clone(),
        consent: content.consent.clone(),
        opinion: content.opinion.clone(),
        request_of: content.request_of.as_ref().map(source).unwrap_or_default(),
        ref_document_number: content.ref_document_number.clone(),
        answers: content.answers.as_ref().map(ToString::to_string).unwrap_or_default(),
        normative: normative.is_some(),
        fair_competition: normative.map(|it| it.fair_competition.clone()).unwrap_or_default(),
        publication_place: normative.map(|it| it.publication_place.clone()).unwrap_or_default(),
        major_matter: content.major_matter,
        case_number: content.case_number.clone(),
        no_request_confirmation: content.no_request_confirmation.clone(),
    }
}

fn file_info(file: &File) -> pb::DispatchFileInfo {
    pb::DispatchFileInfo {
        name: file.name.clone(),
        size_bytes: i64::try_from(file.content.len()).unwrap_or(i64::MAX),
        digest: Bytes::copy_from_slice(Sm3Digest::of(&file.content).as_bytes()),
    }
}

/// A dispatch as the contract shows it, without text and files: what the column `dispatch` keeps, and what steps answer.
pub(crate) fn dispatch(dispatch: &Dispatch, etag: String) -> pb::Dispatch {
    let mut shown = pb::Dispatch {
        name: dispatch.id.to_string(),
        institution: dispatch.institution.code().to_owned(),
        content: Some(face(&dispatch.content)),
        files: dispatch.content.files.iter().map(file_info).collect(),
        authors: dispatch.authors.clone(),
        draft_time: Some(instant_to_wire(dispatch.drafted)),
        cosigns: dispatch.cosigns.iter().map(cosign).collect(),
        number: dispatch.number().map(number),
        etag,
        ..pb::Dispatch::default()
    };
    shown.set_stage(stage(&dispatch.stage));
    if let Some(reviewed) = dispatch.stage.reviewed() {
        shown.review = Some(mark(&reviewed.review));
        shown.legality = reviewed.legality.as_ref().map(mark);
    }
    if let Some(signed) = dispatch.stage.signed() {
        shown.signature = Some(mark(&signed.signature));
        shown.issuer_name.clone_from(&signed.issuer_name);
        shown.issue_date = Some(day_to_wire(signed.issue_date));
    }
    if let Some(sealed) = dispatch.stage.sealed() {
        shown.seal = Some(mark(&sealed.by));
        shown.digest = Bytes::copy_from_slice(sealed.digest.as_bytes());
    }
    if let Some(sent) = dispatch.stage.sent() {
        show_sent(&mut shown, sent);
    }
    match &dispatch.stage {
        Stage::Closed(_, ending) | Stage::Void(_, ending) | Stage::Withdrawn(ending) => {
            shown.ending = Some(mark(ending));
        }
        Stage::Draft
        | Stage::Cosigned
        | Stage::Reviewed(_)
        | Stage::LegalReviewed(_)
        | Stage::Signed(_)
        | Stage::Numbered(_)
        | Stage::Sealed(_)
        | Stage::Sent(_)
        | Stage::Delivered(_)
        | Stage::Replied(_) => {}
    }
    shown
}

fn show_sent(shown: &mut pb::Dispatch, sent: &Sent) {
    shown.sending = Some(mark(&sent.by));
    shown.recipients = sent.recipients.iter().map(recipient).collect();
    shown.replies = sent.replies.iter().map(reply).collect();
    shown.urges = sent.urges.iter().map(urge).collect();
    if let Some(awaited) = &sent.awaited {
        shown.reply_due = awaited.due.date().map(day_to_wire);
        shown.reply_due_missing_year = missing_year(awaited.due);
        shown.reminders = awaited.reminders;
        shown.next_reminder_time = awaited.next.map(instant_to_wire);
    }
    if let Some(acknowledging) = &sent.acknowledging {
        shown.acknowledgement_due = acknowledging.due.date().map(day_to_wire);
        shown.acknowledgement_due_missing_year = missing_year(acknowledging.due);
        shown.acknowledgement_overdue_time = acknowledging.told.map(instant_to_wire);
    }
}

pub(crate) fn missing_year(due: Deadline) -> i32 {
    match due {
        Deadline::On(_) => 0,
        Deadline::Undetermined { year } => i32::from(year),
    }
}

const fn stage(stage: &Stage) -> pb::DispatchStage {
    match stage {
        Stage::Draft => pb::DispatchStage::Draft,
        Stage::Cosigned => pb::DispatchStage::Cosigned,
        Stage::Reviewed(_) => pb::DispatchStage::OfficeReviewed,
        Stage::LegalReviewed(_) => pb::DispatchStage::LegalReviewed,
        Stage::Signed(_) => pb::DispatchStage::Signed,
        Stage::Numbered(_) => pb::DispatchStage::Numbered,
        Stage::Sealed(_) => pb::DispatchStage::Sealed,
        Stage::Sent(_) => pb::DispatchStage::Sent,
        Stage::Delivered(_) => pb::DispatchStage::Delivered,
        Stage::Replied(_) => pb::DispatchStage::Replied,
        Stage::Closed(_, _) => pb::DispatchStage::Closed,
        Stage::Void(_, _) => pb::DispatchStage::Void,
        Stage::Withdrawn(_) => pb::DispatchStage::Withdrawn,
    }
}

pub(crate) fn mark(mark: &Mark) -> pb::DispatchMark {
    let time = Some(instant_to_wire(mark.at));
    pb::DispatchMark { person: mark.person.clone(), words: mark.words.clone(), time }
}

pub(crate) fn cosign(cosign: &Cosign) -> pb::Cosign {
    pb::Cosign {
        institution: cosign.institution.code().to_owned(),
        agrees: cosign.agrees(),
        mark: cosign.answer.as_ref().map(|(_, it)| mark(it)),
    }
}

pub(crate) fn number(number: &Number) -> pb::DispatchNumber {
    pb::DispatchNumber {
        document_number: number.to_string(),
        word: number.word.clone(),
        year: i32::from(number.year),
        serial: number.serial,
        mark: Some(mark(&number.by)),
    }
}

pub(crate) fn recipient(recipient: &Recipient) -> pb::DispatchDelivery {
    let mut shown = pb::DispatchDelivery {
        name: recipient.name.clone(),
        department: recipient.department.clone().unwrap_or_default(),
        copy: recipient.copy,
        reason: recipient.reason.clone(),
        time: recipient.at.map(instant_to_wire),
        receipt_digest: recipient.receipt_digest.clone(),
        person: recipient.person.clone(),
        ..pb::DispatchDelivery::default()
    };
    shown.set_state(match recipient.progress {
        Progress::Pending => pb::DispatchDeliveryState::Pending,
        Progress::Received => pb::DispatchDeliveryState::Received,
        Progress::SignedFor => pb::DispatchDeliveryState::SignedFor,
        Progress::Returned => pb::DispatchDeliveryState::Returned,
        Progress::Completed => pb::DispatchDeliveryState::Completed,
        Progress::ByHand => pb::DispatchDeliveryState::ByHand,
    });
    shown
}

pub(crate) fn reply(reply: &Reply) -> pb::DispatchReply {
    pb::DispatchReply {
        inbox_paper: reply.inbox_paper.clone(),
        document_number: reply.document_number.clone(),
        time: Some(instant_to_wire(reply.at)),
    }
}

pub(crate) fn urge(urge: &Urge) -> pb::DispatchUrge {
    pb::DispatchUrge { how: urge.how.clone(), mark: Some(mark(&urge.by)) }
}

// === reading rows back ===

/// Reads the columns `dispatch` and `content`. What does not fit together is a damaged row.
pub(crate) fn read(dispatch: &[u8], content: &[u8]) -> Result<Dispatch, Failure> {
    let shown = pb::Dispatch::decode(dispatch).map_err(Failure::internal)?;
    let content = pb::DispatchContent::decode(content).map_err(Failure::internal)?;
    let content = super::content(Some(content)).map_err(Denial::unforeseen)?;
    let name = shown.name.clone();
    row(shown, content).ok_or_else(|| Failure::internal(format!("the columns of {name} do not fit together")))
}

fn row(shown: pb::Dispatch, content: Content) -> Option<Dispatch> {
    let (stage, held) = read_stage(&shown)?;
    Some(Dispatch {
        id: DispatchId::parse(&shown.name)?,
        institution: Institution::parse(&shown.institution).ok()?,
        content,
        authors: shown.authors,
        drafted: read_instant(shown.draft_time.as_ref())?,
        cosigns: shown.cosigns.into_iter().map(read_cosign).collect::<Option<_>>()?,
        held,
        stage,
    })
}

/// The stage with its data, and the number that a changed paper keeps.
fn read_stage(shown: &pb::Dispatch) -> Option<(Stage, Option<Number>)> {
    let held = || match &shown.number {
        Some(number) => read_number(number).map(Some),
        None => Some(None),
    };
    let ending = || shown.ending.as_ref().and_then(read_mark);
    Some(match shown.stage() {
        pb::DispatchStage::Unspecified => return None,
        pb::DispatchStage::Draft => (Stage::Draft, held()?),
        pb::DispatchStage::Cosigned => (Stage::Cosigned, held()?),
        pb::DispatchStage::OfficeReviewed => (Stage::Reviewed(Box::new(read_reviewed(shown)?)), held()?),
        pb::DispatchStage::LegalReviewed => (Stage::LegalReviewed(Box::new(read_reviewed(shown)?)), held()?),
        pb::DispatchStage::Signed => (Stage::Signed(Box::new(read_signed(shown)?)), held()?),
        pb::DispatchStage::Numbered => (Stage::Numbered(Box::new(read_numbered(shown)?)), None),
        pb::DispatchStage::Sealed => (Stage::Sealed(Box::new(read_sealed(shown)?)), None),
        pb::DispatchStage::Sent => (Stage::Sent(Box::new(read_sent(shown)?)), None),
        pb::DispatchStage::Delivered => (Stage::Delivered(Box::new(read_sent(shown)?)), None),
        pb::DispatchStage::Replied => (Stage::Replied(Box::new(read_sent(shown)?)), None),
        pb::DispatchStage::Closed => (Stage::Closed(Box::new(read_sent(shown)?), ending()?), None),
        pb::DispatchStage::Void => (Stage::Void(Box::new(read_number(shown.number.as_ref()?)?), ending()?), None),
        pb::DispatchStage::Withdrawn => (Stage::Withdrawn(ending()?), None),
    })
}

fn read_reviewed(shown: &pb::Dispatch) -> Option<Reviewed> {
    let legality = match &shown.legality {
        Some(mark) => Some(read_mark(mark)?),
        None => None,
    };
    Some(Reviewed { review: read_mark(shown.review.as_ref()?)?, legality })
}

fn read_signed(shown: &pb::Dispatch) -> Option<Signed> {
    Some(Signed {
        reviewed: read_reviewed(shown)?,
        signature: read_mark(shown.signature.as_ref()?)?,
        issuer_name: shown.issuer_name.clone(),
        issue_date: read_day(shown.issue_date.as_ref()?)?,
    })
}

fn read_numbered(shown: &pb::Dispatch) -> Option<Numbered> {
    Some(Numbered { signed: read_signed(shown)?, number: read_number(shown.number.as_ref()?)? })
}

fn read_sealed(shown: &pb::Dispatch) -> Option<Sealed> {
    Some(Sealed {
        numbered: read_numbered(shown)?,
        digest: Sm3Digest::try_from(&*shown.digest).ok()?,
        by: read_mark(shown.seal.as_ref()?)?,
    })
}

fn read_sent(shown: &pb::Dispatch) -> Option<Sent> {
    Some(Sent {
        sealed: read_sealed(shown)?,
        by: read_mark(shown.sending.as_ref()?)?,
        recipients: shown.recipients.iter().map(read_recipient).collect::<Option<_>>()?,
        replies: shown.replies.iter().map(read_reply).collect::<Option<_>>()?,
        awaited: read_awaited(shown)?,
        urges: shown.urges.iter().map(read_urge).collect::<Option<_>>()?,
        acknowledging: read_acknowledging(shown)?,
    })
}

fn read_awaited(shown: &pb::Dispatch) -> Option<Option<Awaited>> {
    let Some(due) = read_deadline(shown.reply_due.as_ref(), shown.reply_due_missing_year)? else { return Some(None) };
    let next = read_some_instant(shown.next_reminder_time.as_ref())?;
    Some(Some(Awaited { due, reminders: shown.reminders, next }))
}

fn read_acknowledging(shown: &pb::Dispatch) -> Option<Option<Acknowledging>> {
    let due = read_deadline(shown.acknowledgement_due.as_ref(), shown.acknowledgement_due_missing_year)?;
    let Some(due) = due else { return Some(None) };
    Some(Some(Acknowledging { due, told: read_some_instant(shown.acknowledgement_overdue_time.as_ref())? }))
}

/// A deadline, where there is one.
fn read_deadline(day: Option<&google::Date>, missing_year: i32) -> Option<Option<Deadline>> {
    Some(match (day, missing_year) {
        (None, 0) => None,
        (Some(day), 0) => Some(Deadline::On(read_day(day)?)),
        (_, year) => Some(Deadline::Undetermined { year: i16::try_from(year).ok()? }),
    })
}

/// An instant, where there is one.
fn read_some_instant(at: Option<&prost_types::Timestamp>) -> Option<Option<Timestamp>> {
    match at {
        Some(at) => Some(Some(read_instant(Some(at))?)),
        None => Some(None),
    }
}

fn read_mark(mark: &pb::DispatchMark) -> Option<Mark> {
    let at = read_instant(mark.time.as_ref())?;
    Some(Mark { person: mark.person.clone(), words: mark.words.clone(), at })
}

fn read_cosign(cosign: pb::Cosign) -> Option<Cosign> {
    let view = if cosign.agrees { View::Agrees } else { View::Disagrees };
    let answer = match &cosign.mark {
        Some(mark) => Some((view, read_mark(mark)?)),
        None => None,
    };
    Some(Cosign { institution: Institution::parse(&cosign.institution).ok()?, answer })
}

fn read_number(number: &pb::DispatchNumber) -> Option<Number> {
    Some(Number {
        word: number.word.clone(),
        year: i16::try_from(number.year).ok()?,
        serial: number.serial,
        by: read_mark(number.mark.as_ref()?)?,
    })
}

fn read_recipient(recipient: &pb::DispatchDelivery) -> Option<Recipient> {
    let progress = match recipient.state() {
        pb::DispatchDeliveryState::Unspecified => return None,
        pb::DispatchDeliveryState::Pending => Progress::Pending,
        pb::DispatchDeliveryState::Received => Progress::Received,
        pb::DispatchDeliveryState::SignedFor => Progress::SignedFor,
        pb::DispatchDeliveryState::Returned => Progress::Returned,
        pb::DispatchDeliveryState::Completed => Progress::Completed,
        pb::DispatchDeliveryState::ByHand => Progress::ByHand,
    };
    let at = read_some_instant(recipient.time.as_ref())?;
    Some(Recipient {
        name: recipient.name.clone(),
        department: (!recipient.department.is_empty()).then(|| recipient.department.clone()),
        copy: recipient.copy,
        progress,
        reason: recipient.reason.clone(),
        at,
        receipt_digest: recipient.receipt_digest.clone(),
        person: recipient.person.clone(),
    })
}

fn read_reply(reply: &pb::DispatchReply) -> Option<Reply> {
    Some(Reply {
        inbox_paper: reply.inbox_paper.clone(),
        document_number: reply.document_number.clone(),
        at: read_instant(reply.time.as_ref())?,
    })
}

fn read_urge(urge: &pb::DispatchUrge) -> Option<Urge> {
    Some(Urge { how: urge.how.clone(), by: read_mark(urge.mark.as_ref()?)? })
}

fn read_instant(at: Option<&prost_types::Timestamp>) -> Option<Timestamp> {
    at.and_then(instant)
}

fn read_day(day: &google::Date) -> Option<Date> {
    let (year, month, day) = (i16::try_from(day.year), i8::try_from(day.month), i8::try_from(day.day));
    Date::new(year.ok()?, month.ok()?, day.ok()?).ok()
}
