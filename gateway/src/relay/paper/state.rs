//! A paper of the relay. It is accepted whole or not at all, and nothing of it ever changes; only its deliveries go on.

use std::fmt;

use bytes::Bytes;
use vocabulary::{DepartmentCode, Institution, MessageId, RequestId, Sm3Digest, Timestamp};

use crate::relay::addressing::Purpose;
use crate::relay::envelope::Envelope;
use crate::relay::findings::Finding;

/// The name of a paper: `senders/{department}/papers/{message id}`. A message id is unique with its sender only.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PaperName {
    /// The department that sends it.
    pub sender: DepartmentCode,
    /// The message id.
    pub message: MessageId,
}

impl PaperName {
    /// Reads a name in its one spelling.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (sender, message) = name.strip_prefix("senders/")?.split_once("/papers/")?;
        let parsed = Self { sender: DepartmentCode::parse(sender).ok()?, message: MessageId::parse(message).ok()? };
        (parsed.to_string() == name).then_some(parsed)
    }
}

impl fmt::Display for PaperName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "senders/{}/papers/{}", self.sender, self.message)
    }
}

/// A signature over the payload bytes, as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignatureLine {
    /// The key.
    pub key_id: String,
    /// The algorithm, as the sender names it.
    pub algorithm: String,
    /// The signature itself.
    pub value: Bytes,
}

/// A paper that asks to be accepted.
#[derive(Clone, Debug)]
pub struct Incoming {
    /// The request id of the call.
    pub request_id: RequestId,
    /// The payload, exactly as it was signed.
    pub payload: Bytes,
    /// What the payload says.
    pub envelope: Envelope,
    /// The signatures, at least one.
    pub signatures: Vec<SignatureLine>,
    /// When the sender sent it, by his own clock; no part of the paper.
    pub send_time: Option<Timestamp>,
}

/// An attachment of an accepted paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The file name.
    pub name: String,
    /// The size in bytes.
    pub size_bytes: u64,
    /// The digest of the content.
    pub digest: Sm3Digest,
    /// Whether it could be looked through for marks of secrets.
    pub screening: Screening,
}

/// Whether a content could be looked through.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screening {
    /// It was.
    Screened,
    /// Nobody but a person can tell; OFFICE looks.
    Unscreened,
}

/// One inbox that an accepted paper goes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Destination {
    /// Whose inbox it is.
    pub recipient: Institution,
    /// Why it goes there.
    pub purpose: Purpose,
    /// Whether it waits for OFFICE.
    pub passage: Passage,
}

/// Whether a paper goes on at once.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Passage {
    /// At once.
    Free,
    /// When OFFICE has looked at it.
    Held,
}

/// What the examination of a paper that is accepted gave.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Examined {
    /// Where it goes, main addressees first.
    pub destinations: Vec<Destination>,
    /// What was found, in the order of the rules.
    pub findings: Vec<Finding>,
    /// Its attachments.
    pub attachments: Vec<Attachment>,
}
