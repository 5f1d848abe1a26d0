//! Deliveries, and how far each order of deliveries is.

use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use vocabulary::{DepartmentCode, Institution, MessageId, Sm3Digest, Timestamp};

use crate::inbox::state::{Attachment, Finding, PaperName, Purpose, Signature, Summary};

/// The way from one sender into one inbox. Each has an order of its own.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Way {
    /// Whose inbox.
    pub recipient: Institution,
    /// Whose papers.
    pub sender: DepartmentCode,
}

/// A delivery, as the gateway makes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Delivery {
    /// From whom to whom.
    pub way: Way,
    /// Its number on this way, from 1 without gaps.
    pub number: i64,
    /// The digest of the payload before it; none for the first.
    pub previous: Option<Sm3Digest>,
    /// The message id of the paper.
    pub message: MessageId,
    /// The digest of its payload, as the gateway gives it.
    pub digest: Sm3Digest,
    /// What it brings.
    pub content: Content,
}

/// What a delivery brings.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Content {
    /// A number whose paper goes no further: recalled, or found to be secret.
    Tombstone,
    /// A paper.
    Paper(Box<Enclosed>),
}

/// A paper on its way.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Enclosed {
    /// The payload, byte for byte as it was signed.
    pub payload: Bytes,
    /// The digest of those bytes.
    pub payload_digest: Sm3Digest,
    /// Why the inbox gets it.
    pub purpose: Purpose,
    /// Its face.
    pub summary: Summary,
    /// What the gateway found.
    pub findings: Vec<Finding>,
    /// Its attachments.
    pub attachments: Vec<Attachment>,
    /// Its signatures.
    pub signatures: Vec<Signature>,
    /// When the gateway accepted it.
    pub accepted: Timestamp,
}

/// How a delivery ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ending {
    /// The paper is in the inbox.
    Accepted(PaperName),
    /// The number is used up, without a paper.
    Tombstone,
    /// The paper was not taken in; the number is used up.
    Returned(ReturnCode),
}

/// Why a delivery is returned without a person's look.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ReturnCode {
    /// `RE-DIGEST`: the payload is not what its digest says.
    Digest,
    /// `RE-REPLAY`: the inbox has the paper under another number.
    Replay,
    /// `RE-ADDRESSEE`: there is no such inbox.
    Addressee,
}

impl ReturnCode {
    /// The code as people see it.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Digest => "RE-DIGEST",
            Self::Replay => "RE-REPLAY",
            Self::Addressee => "RE-ADDRESSEE",
        }
    }

    /// Reads a code.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        [Self::Digest, Self::Replay, Self::Addressee].into_iter().find(|known| known.as_str() == code)
    }
}

/// The last delivery of a way.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Head {
    /// Its number.
    pub number: i64,
    /// The digest of its payload.
    pub digest: Sm3Digest,
}

/// A delivery that ended before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Settled {
    /// The message id of its paper.
    pub message: MessageId,
    /// The digest of its payload.
    pub digest: Sm3Digest,
    /// How it ended.
    pub ending: Ending,
}

/// How far a way is: what one decision about its deliveries sees.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lane {
    /// Which way.
    pub way: Way,
    /// The last delivery; none before the first.
    pub head: Option<Head>,
    /// What the numbers that come again ended with.
    pub settled: BTreeMap<i64, Settled>,
    /// Of the papers that come, those that the inbox has.
    pub present: BTreeSet<MessageId>,
    /// Of the papers that come, those that the county has taken back.
    pub recalled: BTreeSet<MessageId>,
}

impl Lane {
    /// The number that comes next.
    #[must_use]
    pub fn next(&self) -> i64 {
        self.head.map_or(1, |head| head.number + 1)
    }
}
