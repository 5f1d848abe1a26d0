//! A grant document and its stages.

use std::fmt;
use std::sync::Arc;

use bytes::Bytes;
use uuid::Uuid;
use vocabulary::{Date, DocumentNumber, Sm3Digest, Timestamp};

use crate::register::fault::Fault;

/// The id of a document: that of the request which registered it, or of the paper that brought it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct DocumentId(pub Uuid);

impl DocumentId {
    /// Reads a resource name, `documents/{id}`, in its one spelling.
    pub fn parse_name(name: &str) -> Option<Self> {
        let id = Uuid::try_parse(name.strip_prefix("documents/")?).ok().map(Self)?;
        (id.name() == name).then_some(id)
    }

    /// The resource name.
    pub fn name(self) -> String {
        format!("documents/{self}")
    }
}

impl fmt::Display for DocumentId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.hyphenated().fmt(f)
    }
}

/// What a document does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum DocumentType {
    /// Grants powers.
    Grant,
    /// Changes, suspends or resumes grants.
    Adjust,
    /// Withdraws powers.
    Withdraw,
    /// Brings the province's decision.
    Basis,
    /// Evaluates how powers are exercised.
    Evaluation,
    /// Carries a directive that another service owns.
    Other,
}

/// When and where a document was published (公布).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Publication {
    /// The day.
    pub date: Date,
    /// The place; empty where it is not recorded.
    pub place: String,
}

/// What the rules ask of a document: who issued it, when, and whether it is published.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issued {
    /// Its number (发文字号).
    pub number: DocumentNumber,
    /// Its issuer (发文机关).
    pub issuer: String,
    /// Its date (成文日期).
    pub date: Date,
    /// Its publication.
    pub publication: Option<Publication>,
    /// What it does.
    pub kind: DocumentType,
}

/// The directive of a document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Attached {
    /// The directive object, as compact JSON.
    pub object: Bytes,
    /// The annex, whose digest was verified.
    pub annex: Option<Annex>,
}

/// The annex of a directive: a CSV.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Annex {
    /// Its digest.
    pub digest: Sm3Digest,
    /// Its content.
    pub content: Bytes,
}

/// A grant document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Document {
    /// Its id.
    pub id: DocumentId,
    /// What the rules ask of it.
    pub issued: Arc<Issued>,
    /// Its title.
    pub title: String,
    /// When the town received it.
    pub received: Date,
    /// The digest of the signed payload, or of the file.
    pub digest: Sm3Digest,
    /// Its directive, where it has one.
    pub directive: Option<Attached>,
    /// The inbox paper that brought it; none where it was registered by hand.
    pub paper: Option<String>,
    /// The first pair of eyes: who registered it, or who checked its paper.
    pub registrar: String,
    /// How far it is.
    pub stage: Stage,
}

/// How far a document is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// It waits for a second person.
    Registered,
    /// It is confirmed, and what it says has taken effect.
    Confirmed {
        /// The second pair of eyes.
        confirmer: String,
        /// When.
        at: Timestamp,
        /// How many rows took effect.
        applied: u32,
    },
    /// It is refused for its faults; nothing took effect.
    Refused {
        /// Who would have confirmed it.
        confirmer: String,
        /// When.
        at: Timestamp,
        /// What is wrong.
        faults: Vec<Fault>,
    },
}

impl Stage {
    /// The stage as stored.
    pub const fn code(&self) -> &'static str {
        match self {
            Self::Registered => "REGISTERED",
            Self::Confirmed { .. } => "CONFIRMED",
            Self::Refused { .. } => "REFUSED",
        }
    }
}
