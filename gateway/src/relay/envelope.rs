//! The envelope of a paper: the exact JSON that a sender signs (relay-and-sharing.md §8.2).
//!
//! A payload has one order of keys, no white space between tokens, no key twice at any depth, and at most 256 KiB. Whatever
//! differs is `RE-FORMAT` with the byte at which it differs; whatever does not declare `"secrecy":"NONE"` is `OV-CLASSIFIED`.
//! The bytes are kept as they came. Nothing is written again from what was read, so nothing that was signed can be lost.
//!
//! [`Envelope::parse`] and [`Envelope::to_payload`] are the one reader and the one writer of payloads; `docs/envelope.md` tells
//! the same to whoever builds a sender. No error carries text of the payload: what is refused may be a secret.

mod lists;
mod parse;
mod scan;
mod write;

use vocabulary::{Date, DepartmentCode, MessageId, Sm3Digest};

pub use lists::{ActionClass, DocType, Openness, Urgency};
pub use write::DirectiveError;

/// No payload is longer; larger content is an attachment.
pub const PAYLOAD_BYTES_MAX: usize = 256 * 1024;

/// The longest title, in characters.
pub const TITLE_LENGTH_MAX: usize = 1_000;

/// The longest name of an organ, a person, a file or a document, in characters.
pub const NAME_LENGTH_MAX: usize = 200;

/// The most addressees, agreeing departments or attachments of one kind.
pub const LIST_LENGTH_MAX: usize = 100;

/// The most unknown keys that are kept and ignored.
pub const EXTRA_KEYS_MAX: usize = 32;

/// What a payload says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Envelope {
    /// `msgId`: the identity of the message, unique for its sender.
    pub message_id: MessageId,
    /// `docType`: one of the fifteen kinds of official paper (公文种类).
    pub doc_type: DocType,
    /// `docNo`: the document number (发文字号), as it came.
    pub document_number: String,
    /// `title`.
    pub title: String,
    /// `issuer`: the issuing organ (发文机关); several are joined by `、`.
    pub issuer: String,
    /// `signatory`: who signed it (签发人); required upwards only.
    pub signatory: Option<String>,
    /// `mainTo`: the main addressees (主送机关).
    pub main_to: Vec<String>,
    /// `copyTo`: the addressees of copies (抄送机关).
    pub copy_to: Vec<String>,
    /// `urgency`; none is an ordinary paper (平件).
    pub urgency: Option<Urgency>,
    /// `issueDate`: the date of the paper (成文日期).
    pub issue_date: Date,
    /// `due`: the day by which it asks to be handled.
    pub due: Option<Date>,
    /// `actionClass`: what is asked of the addressee.
    pub action_class: Option<ActionClass>,
    /// `openness`: whether the paper may be published.
    pub openness: Option<Openness>,
    /// `refDocNo`: the document number that it answers or refers to.
    pub ref_document_number: Option<String>,
    /// `attachments`.
    pub attachments: Vec<AttachmentRef>,
    /// `alg`: the algorithm of the signature by `keyId`, such as `SM2-SM3`.
    pub algorithm: String,
    /// `keyId`: the key that must have signed.
    pub key_id: String,
    /// `sender`: the department whose certificate brings it.
    pub sender: DepartmentCode,
    /// `consent`: the document by which the city government agreed (经市政府同意).
    pub consent: Option<String>,
    /// `agreedBy`: the departments that agreed on a matter of several (会签).
    pub agreed_by: Vec<String>,
    /// `matters`: how many matters it treats, at least 1.
    pub matters: u32,
    /// `directive`: what a machine carries out once a person confirmed it.
    pub directive: Option<Directive>,
}

/// An attachment, as the signed payload names it: `{"name":…,"size":…,"alg":"SM3","digest":…}`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct AttachmentRef {
    /// `name`: the file name.
    pub name: String,
    /// `size`, in bytes.
    pub size_bytes: u64,
    /// `digest`: SM3 of the content.
    pub digest: Sm3Digest,
}

/// The machine-readable part of a paper: a JSON object whose first key is `type`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// `type`, such as `GRANT_POWERS`.
    pub directive_type: String,
    /// `annex`: the attachment that holds its rows, by its digest (or its file name); none where it has no annex.
    pub annex: Option<String>,
    /// `basis.digest`: the attachment that is the document it registers, by its digest.
    pub basis: Option<Sm3Digest>,
    /// The whole object, as compact JSON.
    pub json: String,
}

/// Where and how a payload leaves the format.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("byte {offset}, at key {key}: {rule}")]
pub struct FormatFault {
    /// The byte, from 0.
    pub offset: usize,
    /// The known key at or after which it happens.
    pub key: &'static str,
    /// The rule.
    pub rule: &'static str,
}

/// Why a payload is no envelope.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EnvelopeFault {
    /// `RE-FORMAT`.
    #[error(transparent)]
    Format(#[from] FormatFault),
    /// `OV-CLASSIFIED`: the paper does not declare, by the literal `NONE`, that it holds no secret.
    #[error("the paper does not declare that it holds no secret")]
    NotDeclared {
        /// The digest of what stands in place of the literal; that of nothing where the declaration is absent.
        marking: Sm3Digest,
    },
}

impl Envelope {
    /// Reads a payload. Never panics, whatever the bytes.
    ///
    /// # Errors
    /// [`EnvelopeFault`], the first one in the order of the bytes.
    pub fn parse(payload: &[u8]) -> Result<Self, EnvelopeFault> {
        parse::parse(payload)
    }

    /// Writes the payload, in the one order of keys: what a sender signs.
    #[must_use]
    pub fn to_payload(&self) -> Vec<u8> {
        write::payload(self)
    }

    /// The single issuers, where several issue together.
    pub fn issuers(&self) -> impl Iterator<Item = &str> {
        self.issuer.split(['、', '，', ',', ';', '；']).map(str::trim).filter(|issuer| !issuer.is_empty())
    }
}

impl Directive {
    /// A directive from its object, whose key `type` is a text, and whose texts are plain.
    ///
    /// # Errors
    /// [`DirectiveError`] where the object could not stand in a payload.
    pub fn new(object: &serde_json::Value) -> Result<Self, DirectiveError> {
        write::directive(object)
    }
}

#[cfg(test)]
pub(crate) mod samples;
#[cfg(test)]
mod tests;
