//! Outgoing papers, between the contract and the state.
//!
//! - [`message`]: dispatches and their parts.
//! - `events`: what the journal says.

mod events;
pub(crate) mod message;

pub(crate) use events::void_number;

use runtime::refusal::{Denial, Violation};
use townlink_proto::google::r#type as google;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::text::is_plain;
use vocabulary::{DocumentNumber, Institution, RequestId};

use super::content::{ACTION_CLASSES, Content, DocType, File, Issuer, Normative, OPENNESS, Source, URGENCIES};
use super::decide::{Command, Step};
use super::state::{DispatchId, View};
use crate::fields::{Fields, no_name};
use crate::inbox::state::PaperName;

/// How long words and reasons may be, in characters.
const WORDS_MAX: usize = 2_000;
/// How long a title, a name or a matter may be, in characters.
const TITLE_MAX: usize = 200;
/// How long the text may be, in bytes.
const TEXT_MAX: usize = 64 * 1024;
/// How large the files may be together, in bytes.
const FILES_BYTES_MAX: usize = 1024 * 1024;
/// How many files, addressees or matters there may be.
const ENTRIES_MAX: usize = 50;

// === requests ===

/// Reads the name of a dispatch.
pub(crate) fn name(name: &str) -> Result<DispatchId, Denial> {
    DispatchId::parse(name).ok_or_else(|| no_name("name", "dispatches/{id}"))
}

/// A draft gets the id of its request.
pub(crate) fn draft(request: pb::DraftDispatchRequest, id: RequestId) -> Result<Command, Denial> {
    let content = content(request.content)?;
    Ok(Command { id: DispatchId(id.uuid()), etag: String::new(), step: Step::Draft(Box::new(content)) })
}

pub(crate) fn revise(request: pb::ReviseDispatchRequest) -> Result<Command, Denial> {
    let id = name(&request.name)?;
    Ok(Command { id, etag: request.etag, step: Step::Revise(Box::new(content(request.content)?)) })
}

pub(crate) fn request_cosign(request: pb::RequestCosignRequest) -> Result<Command, Denial> {
    let id = name(&request.name)?;
    let mut fields = Fields::new();
    let mut institutions: Vec<Institution> = Vec::new();
    if request.institutions.is_empty() || request.institutions.len() > Institution::ALL.len() {
        fields.fault("institutions", "", "must name one to eight institutions");
    }
    for (index, code) in request.institutions.iter().take(ENTRIES_MAX).enumerate() {
        let field = format!("institutions[{index}]");
        let read = fields.read(&field, "AU-ENUM", Institution::parse(code));
        match read {
            Some(institution) if institutions.contains(&institution) => fields.fault(field, "", "is named twice"),
            read => institutions.extend(read),
        }
    }
    let step = Step::RequestCosign(institutions);
    fields.finish(Some(Command { id, etag: request.etag, step }))
}

pub(crate) fn cosign(request: pb::CosignDispatchRequest) -> Result<Command, Denial> {
    let id = name(&request.name)?;
    let view = if request.agrees { View::Agrees } else { View::Disagrees };
    let words = if request.agrees { some_words(request.words) } else { words("words", request.words) };
    Ok(Command { id, etag: request.etag, step: Step::Cosign(view, words?) })
}

pub(crate) fn review(request: pb::ReviewDispatchRequest) -> Result<Command, Denial> {
    let id = name(&request.name)?;
    Ok(Command { id, etag: request.etag, step: Step::Review(some_words(request.words)?) })
}

pub(crate) fn review_legality(request: pb::ReviewLegalityRequest) -> Result<Command, Denial> {
    let id = name(&request.name)?;
    Ok(Command { id, etag: request.etag, step: Step::ReviewLegality(words("words", request.words)?) })
}

pub(crate) fn sign(request: pb::SignDispatchRequest) -> Result<Command, Denial> {
    let id = name(&request.name)?;
    Ok(Command { id, etag: request.etag, step: Step::Sign(some_words(request.words)?) })
}

pub(crate) fn number(request: pb::NumberDispatchRequest) -> Result<Command, Denial> {
    Ok(Command { id: name(&request.name)?, etag: request.etag, step: Step::Number })
}

pub(crate) fn void(request: pb::VoidNumberRequest) -> Result<Command, Denial> {
    let id = name(&request.name)?;
    Ok(Command { id, etag: request.etag, step: Step::Void(words("reason", request.reason)?) })
}

pub(crate) fn seal(request: pb::SealDispatchRequest) -> Result<Command, Denial> {
    Ok(Command { id: name(&request.name)?, etag: request.etag, step: Step::Seal })
}

pub(crate) fn send(request: pb::SendDispatchRequest) -> Result<Command, Denial> {
    Ok(Command { id: name(&request.name)?, etag: request.etag, step: Step::Send })
}

pub(crate) fn record_delivery(request: pb::RecordDeliveryRequest) -> Result<Command, Denial> {
    let id = name(&request.name)?;
    let mut fields = Fields::new();
    let recipient = fields.text("recipient", request.recipient, TITLE_MAX);
    let words = fields.text("words", request.words, WORDS_MAX);
    let step = recipient.zip(words).map(|(recipient, words)| Step::RecordDelivery { recipient, words });
    fields.finish(step.map(|step| Command { id, etag: request.etag, step }))
}

pub(crate) fn urge(request: pb::UrgeDispatchRequest) -> Result<Command, Denial> {
    let id = name(&request.name)?;
    let mut fields = Fields::new();
    let how = ["电话", "函", "当面"].contains(&request.how.as_str()).then_some(request.how);
    let how = fields.need("how", how, "must be 电话, 函 or 当面");
    let words = fields.text("words", request.words, WORDS_MAX);
    let step = how.zip(words).map(|(how, words)| Step::Urge { how, words });
    fields.finish(step.map(|step| Command { id, etag: request.etag, step }))
}

pub(crate) fn close(request: pb::CloseDispatchRequest) -> Result<Command, Denial> {
    let id = name(&request.name)?;
    Ok(Command { id, etag: request.etag, step: Step::Close(some_words(request.words)?) })
}

pub(crate) fn withdraw(request: pb::WithdrawDispatchRequest) -> Result<Command, Denial> {
    let id = name(&request.name)?;
    Ok(Command { id, etag: request.etag, step: Step::Withdraw(words("reason", request.reason)?) })
}

fn words(field: &str, words: String) -> Result<String, Denial> {
    let mut fields = Fields::new();
    let words = fields.text(field, words, WORDS_MAX);
    fields.finish(words)
}

fn some_words(words: String) -> Result<String, Denial> {
    let mut fields = Fields::new();
    fields.words("words", &words, WORDS_MAX);
    fields.finish(Some(words))
}

/// The stored word of the stage that a list is asked for; empty for all.
pub(crate) fn stage_filter(stage: i32) -> Result<&'static str, Denial> {
    let known = pb::DispatchStage::try_from(stage);
    let known = known.map_err(|_| Violation::malformed("stage", "is no stage of a dispatch"))?;
    if known == pb::DispatchStage::Unspecified {
        return Ok("");
    }
    Ok(known.as_str_name().trim_start_matches("DISPATCH_STAGE_"))
}

/// Reads the institution that a list is asked for.
pub(crate) fn institution_filter(code: &str) -> Result<Option<Institution>, Denial> {
    if code.is_empty() {
        return Ok(None);
    }
    let institution =
        Institution::parse(code).map_err(|error| Violation::malformed("institution", error.to_string()))?;
    Ok(Some(institution))
}

/// Reads a document number that is looked for.
pub(crate) fn number_key(number: &str) -> Result<String, Denial> {
    let number = DocumentNumber::parse(number).map_err(|error| Violation {
        field: "document_number".to_owned(),
        code: error.code(),
        message: error.to_string(),
    })?;
    Ok(number.to_string())
}

// === content ===

/// Reads what a dispatch says; every bad field is told at once.
pub(crate) fn content(content: Option<pb::DispatchContent>) -> Result<Content, Denial> {
    let Some(given) = content else { return Err(Violation::malformed("content", "must be given").into()) };
    let mut fields = Fields::new();
    let doc_type = DocType::parse(&given.doc_type);
    let doc_type =
        fields.read("content.doc_type", "RE-FORMAT", doc_type.ok_or("is none of the fifteen document types"));
    let issuer = fields.text("content.issuer", given.issuer, TITLE_MAX).map(|issuer| Issuer::parse(&issuer));
    let title = fields.text("content.title", given.title, TITLE_MAX);
    text(&mut fields, &given.text);
    let files = files(&mut fields, given.files);
    names(&mut fields, &given.main_to, &given.copy_to);
    matters(&mut fields, &given.matters);
    one_of(&mut fields, "content.urgency", &given.urgency, &URGENCIES);
    one_of(&mut fields, "content.action_class", &given.action_class, &ACTION_CLASSES);
    one_of(&mut fields, "content.openness", &given.openness, &OPENNESS);
    let due = due(&mut fields, given.due.as_ref());
    for (field, words) in [
        ("content.consent", &given.consent),
        ("content.opinion", &given.opinion),
        ("content.no_request_confirmation", &given.no_request_confirmation),
        ("content.fair_competition", &given.fair_competition),
        ("content.publication_place", &given.publication_place),
    ] {
        fields.words(field, words, WORDS_MAX);
    }
    fields.words("content.ref_document_number", &given.ref_document_number, TITLE_MAX);
    fields.words("content.case_number", &given.case_number, TITLE_MAX);
    let request_of = source(&mut fields, &given.request_of);
    let answers = paper(&mut fields, "content.answers", &given.answers);
    let normative = given
        .normative
        .then_some(Normative { fair_competition: given.fair_competition, publication_place: given.publication_place });
    let built = doc_type.zip(issuer).zip(title).map(|((doc_type, issuer), title)| Content {
        issuer,
        doc_type,
        title,
        text: given.text,
        files,
        main_to: given.main_to,
        copy_to: given.copy_to,
        urgency: given.urgency,
        due,
        action_class: given.action_class,
        openness: given.openness,
        matters: given.matters,
        consent: given.consent,
        opinion: given.opinion,
        request_of,
        ref_document_number: given.ref_document_number,
        answers,
        normative,
        major_matter: given.major_matter,
        case_number: given.case_number,
        no_request_confirmation: given.no_request_confirmation,
    });
    fields.finish(built)
}

/// A text has lines; else it is as plain as every other.
fn text(fields: &mut Fields, text: &str) {
    if text.trim().is_empty() || text.len() > TEXT_MAX {
        fields.fault("content.text", "", "must be given, with at most 64 KiB");
    } else if !text.split('\n').all(is_plain) {
        fields.fault("content.text", "", "must not have hidden characters but line breaks");
    }
}

fn files(fields: &mut Fields, files: Vec<pb::DispatchFile>) -> Vec<File> {
    let bytes = files.iter().fold(0_usize, |sum, file| sum.saturating_add(file.content.len()));
    if files.len() > ENTRIES_MAX || bytes > FILES_BYTES_MAX {
        fields.fault("content.files", "", "must be at most 50 files, together at most 1 MiB");
        return Vec::new();
    }
    let mut read: Vec<File> = Vec::with_capacity(files.len());
    for (index, file) in files.into_iter().enumerate() {
        let field = format!("content.files[{index}].name");
        if read.iter().any(|earlier| earlier.name == file.name) || file.name == "正文.txt" {
            fields.fault(field, "", "is the name of another file of this paper");
        } else if file.name.contains(['/', '\\']) {
            fields.fault(field, "", "must be a name without folders");
        } else if let Some(name) = fields.text(&field, file.name, TITLE_MAX) {
            read.push(File { name, content: file.content });
        }
    }
    read
}

fn names(fields: &mut Fields, main_to: &[String], copy_to: &[String]) {
    let both = [("content.main_to", main_to), ("content.copy_to", copy_to)];
    for (list, names) in both {
        if names.len() > ENTRIES_MAX {
            fields.fault(list, "", "must have at most 50 names");
            return;
        }
    }
    let mut seen: Vec<&String> = Vec::new();
    for (list, names) in both {
        for (index, name) in names.iter().enumerate() {
            let field = format!("{list}[{index}]");
            if name.trim().is_empty() || name.trim() != name {
                fields.fault(field, "", "must be a name");
            } else if seen.contains(&name) {
                fields.fault(field, "", "is named twice");
            } else {
                fields.words(&field, name, TITLE_MAX);
                seen.push(name);
            }
        }
    }
}

fn matters(fields: &mut Fields, matters: &[String]) {
    if matters.len() > ENTRIES_MAX {
        fields.fault("content.matters", "", "must be at most 50");
        return;
    }
    for (index, matter) in matters.iter().enumerate() {
        let field = format!("content.matters[{index}]");
        if matter.trim().is_empty() {
            fields.fault(field, "", "must say what the matter is");
        } else {
            fields.words(&field, matter, TITLE_MAX);
        }
    }
}

fn one_of(fields: &mut Fields, field: &str, given: &str, known: &[&str]) {
    if !known.contains(&given) {
        fields.fault(field, "RE-FORMAT", format_args!("must be one of {}", known.join(", ")));
    }
}

fn due(fields: &mut Fields, due: Option<&google::Date>) -> Option<vocabulary::Date> {
    fields.some_day("content.due", due).flatten()
}

fn source(fields: &mut Fields, name: &str) -> Option<Source> {
    if name.is_empty() {
        return None;
    }
    let inbox = PaperName::parse(name).map(Source::Inbox);
    let source = inbox.or_else(|| DispatchId::parse(name).map(Source::Dispatch));
    fields.need("content.request_of", source, "must be the name of an inbox paper or of a dispatch")
}

fn paper(fields: &mut Fields, field: &str, name: &str) -> Option<PaperName> {
    if name.is_empty() {
        return None;
    }
    fields.need(field, PaperName::parse(name), "must be the name of an inbox paper")
}

#[cfg(test)]
mod tests;
