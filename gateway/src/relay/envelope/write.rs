//! Writes an envelope: the payload that a sender signs.

use serde::Serialize;
use serde_json::Value;
use serde_json::value::RawValue;

use super::scan::Scanner;
use super::{AttachmentRef, Directive, Envelope, parse};

/// The keys of the payload, in their order.
#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct Payload<'a> {
    v: u8,
    msg_id: String,
    doc_type: &'static str,
    doc_no: &'a str,
    title: &'a str,
    issuer: &'a str,
    signatory: Option<&'a str>,
    main_to: &'a [String],
    copy_to: &'a [String],
    urgency: Option<&'static str>,
    issue_date: String,
    due: Option<String>,
    action_class: Option<&'static str>,
    secrecy: &'static str,
    openness: Option<&'static str>,
    ref_doc_no: Option<&'a str>,
    attachments: Vec<Attachment<'a>>,
    alg: &'a str,
    key_id: &'a str,
    sender: &'a str,
    consent: Option<&'a str>,
    agreed_by: &'a [String],
    matters: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    directive: Option<&'a RawValue>,
}

#[derive(Serialize)]
struct Attachment<'a> {
    name: &'a str,
    size: u64,
    alg: &'static str,
    digest: String,
}

impl<'a> From<&'a AttachmentRef> for Attachment<'a> {
    fn from(attachment: &'a AttachmentRef) -> Self {
        Self {
            name: &attachment.name,
            size: attachment.size_bytes,
            alg: vocabulary::digest::ALGORITHM,
            digest: attachment.digest.to_string(),
        }
    }
}

pub(super) fn payload(envelope: &Envelope) -> Vec<u8> {
    let directive = envelope.directive.as_ref().map(|directive| {
        serde_json::from_str::<&RawValue>(&directive.json).expect("a directive is made from an object of JSON only")
    });
    let payload = Payload {
        v: 1,
        msg_id: envelope.message_id.to_string(),
        doc_type: envelope.doc_type.as_str(),
        doc_no: &envelope.document_number,
        title: &envelope.title,
        issuer: &envelope.issuer,
        signatory: envelope.signatory.as_deref(),
        main_to: &envelope.main_to,
        copy_to: &envelope.copy_to,
        urgency: envelope.urgency.map(|urgency| urgency.as_str()),
        issue_date: envelope.issue_date.to_string(),
        due: envelope.due.map(|due| due.to_string()),
        action_class: envelope.action_class.map(|class| class.as_str()),
        secrecy: "NONE",
        openness: envelope.openness.map(|openness| openness.as_str()),
        ref_doc_no: envelope.ref_document_number.as_deref(),
        attachments: envelope.attachments.iter().map(Attachment::from).collect(),
        alg: &envelope.algorithm,
        key_id: &envelope.key_id,
        sender: envelope.sender.as_str(),
        consent: envelope.consent.as_deref(),
        agreed_by: &envelope.agreed_by,
        matters: envelope.matters,
        directive,
    };
    serde_json::to_vec(&payload).expect("texts, numbers and lists always encode")
}

/// An object that is no directive.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error(
    "a directive is an object of plain texts with a text `type`; its `annex`, if any, is a text, its `basis.digest` an SM3 digest"
)]
pub struct DirectiveError;

pub(super) fn directive(object: &Value) -> Result<Directive, DirectiveError> {
    let Value::Object(members) = object else { return Err(DirectiveError) };
    let directive_type = members.get("type").cloned().ok_or(DirectiveError)?;
    let mut ordered = serde_json::Map::new();
    ordered.insert("type".to_owned(), directive_type);
    ordered.extend(members.iter().filter(|(key, _)| *key != "type").map(|(key, value)| (key.clone(), value.clone())));
    let json = Value::Object(ordered).to_string();
    // Whatever the reader would not take is not written.
    parse::read_directive(&mut Scanner::new(&json), &json).map_err(|_| DirectiveError)
}
