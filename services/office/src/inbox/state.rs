//! A paper in an inbox and its stages. Each stage carries what was done to reach it, so that no paper can be checked before it
//! was registered, or returned without a code.

use std::fmt;

use bytes::Bytes;
use vocabulary::{
    Date, DepartmentCode, DocumentNumber, Institution, MessageId, Sm3Digest, Timestamp, document_number, text,
};

use super::work::{Deed, Dossier, Recall, Work};

/// The name of a paper in an inbox: `inboxes/{institution}/papers/{department}-{message id}`.
///
/// A message id is unique with its sender only, so both stand in the name.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct PaperName {
    /// Whose inbox it is in.
    pub inbox: Institution,
    /// The department that sent it.
    pub sender: DepartmentCode,
    /// The message id.
    pub message: MessageId,
}

impl PaperName {
    /// Reads a name in its one spelling.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (inbox, paper) = name.strip_prefix("inboxes/")?.split_once("/papers/")?;
        let (sender, message) = paper.split_at_checked(paper.len().checked_sub(UUID_LENGTH)?)?;
        let parsed = Self {
            inbox: Institution::parse(inbox).ok()?,
            sender: DepartmentCode::parse(sender.strip_suffix('-')?).ok()?,
            message: MessageId::parse(message).ok()?,
        };
        (parsed.to_string() == name).then_some(parsed)
    }

    /// The paper's name at the gateway: `senders/{department}/papers/{message id}`.
    #[must_use]
    pub fn at_gateway(&self) -> String {
        format!("senders/{}/papers/{}", self.sender, self.message)
    }
}

const UUID_LENGTH: usize = 36;

impl fmt::Display for PaperName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "inboxes/{}/papers/{}-{}", self.inbox, self.sender, self.message)
    }
}

/// Why an inbox has a paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Purpose {
    /// The institution is the addressee and handles it.
    Action,
    /// It has a copy, so that it knows.
    Information,
}

/// What is on the face of a paper, read from its payload by the gateway. The payload prevails.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Summary {
    /// The document type (公文种类).
    pub doc_type: String,
    /// The document number as it came.
    pub document_number: String,
    /// The title.
    pub title: String,
    /// The issuer (发文机关).
    pub issuer: String,
    /// The urgency (紧急程度).
    pub urgency: String,
    /// The main addressees (主送机关).
    pub main_to: Vec<String>,
    /// The addressees of copies (抄送机关).
    pub copy_to: Vec<String>,
    /// The date of the paper, as written.
    pub issue_date: String,
    /// The date by which it asks to be handled, as written.
    pub due: String,
    /// The class of action (阅知, 阅办, 批办, 转办).
    pub action_class: String,
    /// The type of its directive; empty where it has none.
    pub directive_type: String,
    /// The number of the document that it refers to.
    pub ref_document_number: String,
}

impl Summary {
    /// The document number in the form by which two papers of one issuer are told to be the same document: repaired where that
    /// takes no guessing, and otherwise as it came. Empty where the paper has none.
    #[must_use]
    pub fn document_key(&self) -> String {
        let as_came = &self.document_number;
        match DocumentNumber::parse(as_came) {
            Ok(number) => number.to_string(),
            Err(_) => {
                document_number::repair(as_came).map_or_else(|| text::normalise(as_came), |it| it.number.to_string())
            }
        }
    }

    /// The date of the paper, where it can be read.
    #[must_use]
    pub fn date(&self) -> Option<Date> {
        vocabulary::time::parse_date(&self.issue_date).ok()
    }
}

/// The rule of address that a paper breaks, or what else the gateway found about it.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FindingCode {
    /// `OV-CLASSIFIED`: something looks like a secrecy mark.
    Classified,
    /// `RE-HELD`: content could not be screened for secrecy marks.
    Held,
    /// `RE-NOT-AGREED`: a matter of several departments is not agreed among them.
    NotAgreed,
    /// `RE-INTERNAL-UNIT`: an internal unit of a department writes outside.
    InternalUnit,
    /// `RE-DEPT-DIRECTIVE`: a department directs the town government.
    DeptDirective,
    /// `ID-DOCNO`: the document number is malformed.
    DocumentNumber,
    /// A finding that this version does not know. It blocks like the others and cannot be resolved.
    Other(String),
}

impl FindingCode {
    /// Reads a code.
    #[must_use]
    pub fn parse(code: &str) -> Self {
        match code {
            "OV-CLASSIFIED" => Self::Classified,
            "RE-HELD" => Self::Held,
            "RE-NOT-AGREED" => Self::NotAgreed,
            "RE-INTERNAL-UNIT" => Self::InternalUnit,
            "RE-DEPT-DIRECTIVE" => Self::DeptDirective,
            "ID-DOCNO" => Self::DocumentNumber,
            other => Self::Other(other.to_owned()),
        }
    }

    /// The code as people see it.
    #[must_use]
    pub fn as_str(&self) -> &str {
        match self {
            Self::Classified => "OV-CLASSIFIED",
            Self::Held => "RE-HELD",
            Self::NotAgreed => "RE-NOT-AGREED",
            Self::InternalUnit => "RE-INTERNAL-UNIT",
            Self::DeptDirective => "RE-DEPT-DIRECTIVE",
            Self::DocumentNumber => "ID-DOCNO",
            Self::Other(code) => code,
        }
    }
}

/// How much a finding weighs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Weight {
    /// It must be resolved before the paper can be checked.
    Blocking,
    /// It is a warning.
    Warning,
}

/// What the gateway found about a paper that it accepted all the same.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Finding {
    /// What was found.
    pub code: FindingCode,
    /// The rule it rests on.
    pub law: String,
    /// The finding in words, for the clerk.
    pub message: String,
    /// How much it weighs.
    pub weight: Weight,
}

/// What was done about a finding.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Remedy {
    /// Someone looked, and it is no obstacle.
    Cleared,
    /// The number was put right; both forms are kept.
    Repaired(DocumentNumber),
    /// The paper was taken as a letter (函); its directive has no effect.
    AsLetter,
}

/// How a finding was resolved.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Resolution {
    /// The finding.
    pub code: FindingCode,
    /// What was done about it.
    pub remedy: Remedy,
    /// Why, in words.
    pub note: String,
}

/// A signature over the payload, kept as it came.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signature {
    /// The key.
    pub key_id: String,
    /// The algorithm.
    pub algorithm: String,
    /// The signature itself.
    pub value: Bytes,
}

/// Whether the content of an attachment could be looked at for secrecy marks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Screening {
    /// It was looked at.
    Screened,
    /// Its type cannot be looked into by the gateway.
    Unscreened,
}

/// An attachment, as the payload names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Attachment {
    /// The file name.
    pub name: String,
    /// The size in bytes.
    pub size_bytes: i64,
    /// The digest of the content.
    pub digest: Sm3Digest,
    /// Whether it was screened.
    pub screening: Screening,
}

/// A paper as it arrived. Nothing of it ever changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Arrival {
    /// The inbox into which it was delivered: another one, where it was transferred.
    pub delivered_to: Institution,
    /// The number in the order of its sender and that inbox.
    pub number: i64,
    /// Why the inbox has it.
    pub purpose: Purpose,
    /// Its face.
    pub summary: Summary,
    /// What the gateway found.
    pub findings: Vec<Finding>,
    /// Its attachments.
    pub attachments: Vec<Attachment>,
    /// Its signatures.
    pub signatures: Vec<Signature>,
    /// The digest of the payload, as the gateway gave it.
    pub payload_digest: Sm3Digest,
    /// The payload, byte for byte as it was signed.
    pub payload: Bytes,
    /// When the gateway accepted it.
    pub accepted: Timestamp,
    /// When it arrived in the inbox.
    pub arrived: Timestamp,
}

/// Who signed for a paper, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SignedFor {
    /// The person.
    pub person: String,
    /// When.
    pub at: Timestamp,
}

/// The entry in the inbox's book.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Registration {
    /// The serial in the book of the year.
    pub serial: i64,
    /// When; its town year is the year of the book.
    pub at: Timestamp,
}

impl Registration {
    /// The year of the book.
    #[must_use]
    pub fn year(&self) -> i16 {
        vocabulary::time::town_date(self.at).year()
    }
}

/// The first check that was passed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Check {
    /// How findings were resolved.
    pub resolutions: Vec<Resolution>,
    /// The document that its directive became.
    pub document: Option<String>,
    /// When.
    pub at: Timestamp,
}

/// The way back to the sender.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Return {
    /// The code of the rule that the paper breaks.
    pub code: String,
    /// The reason, in words.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// How far a paper is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// It arrived.
    Arrived,
    /// A person signed for it (签收).
    SignedFor {
        /// Who, and when.
        signed: SignedFor,
    },
    /// It stands in the book (登记).
    Registered {
        /// Who signed for it.
        signed: SignedFor,
        /// Where it stands.
        registered: Registration,
    },
    /// It passed the first check (初审), and is worked since.
    Worked {
        /// Who signed for it.
        signed: SignedFor,
        /// Where it stands.
        registered: Registration,
        /// The check.
        checked: Check,
        /// What was done about it since, and how far it is.
        work: Box<Work>,
    },
    /// It went back (退回): the end. A paper whose directive turned out faulty had been checked before.
    Returned {
        /// Who signed for it.
        signed: SignedFor,
        /// Where it stands, where it had been registered.
        registered: Option<Registration>,
        /// The check, where it had passed one, and what was done about it since.
        checked: Option<(Check, Box<Work>)>,
        /// Why and when.
        returned: Return,
    },
    /// Another paper of the inbox goes on for it (并办): the end.
    Merged {
        /// Who signed for it.
        signed: SignedFor,
        /// Where it stands.
        registered: Registration,
        /// The check, where it had passed one, and what was done about it since.
        checked: Option<(Check, Box<Work>)>,
        /// The paper that goes on.
        into: PaperName,
        /// Who merged it, when and why.
        deed: Deed,
    },
    /// It goes on in another inbox (转办): the end here.
    Transferred {
        /// Who signed for it.
        signed: SignedFor,
        /// Where it stands.
        registered: Registration,
        /// The check, and what was done about it since.
        checked: (Check, Box<Work>),
        /// The paper that it became.
        to: PaperName,
        /// Who transferred it, when and why.
        deed: Deed,
    },
    /// The county took it back before anyone signed for it: the end.
    Recalled {
        /// By which document, why and when.
        recall: Recall,
    },
}

impl Stage {
    /// The stage as stored and shown.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Arrived => "ARRIVED",
            Self::SignedFor { .. } => "SIGNED_FOR",
            Self::Registered { .. } => "REGISTERED",
            Self::Worked { work, .. } => work.phase.as_str(),
            Self::Returned { .. } => "RETURNED",
            Self::Merged { .. } => "MERGED",
            Self::Transferred { .. } => "TRANSFERRED",
            Self::Recalled { .. } => "RECALLED",
        }
    }
}

/// A paper in an inbox.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Paper {
    /// Its name.
    pub name: PaperName,
    /// As it arrived.
    pub arrival: Arrival,
    /// How far it is.
    pub stage: Stage,
    /// Its due, its alarms, and its links to other papers.
    pub dossier: Dossier,
}

impl Paper {
    /// Who signed for it, and when.
    #[must_use]
    pub const fn signed(&self) -> Option<&SignedFor> {
        match &self.stage {
            Stage::Arrived | Stage::Recalled { .. } => None,
            Stage::SignedFor { signed }
            | Stage::Registered { signed, .. }
            | Stage::Worked { signed, .. }
            | Stage::Returned { signed, .. }
            | Stage::Merged { signed, .. }
            | Stage::Transferred { signed, .. } => Some(signed),
        }
    }

    /// Where it stands in the book.
    #[must_use]
    pub const fn registered(&self) -> Option<&Registration> {
        match &self.stage {
            Stage::Arrived | Stage::SignedFor { .. } | Stage::Recalled { .. } => None,
            Stage::Returned { registered, .. } => registered.as_ref(),
            Stage::Registered { registered, .. }
            | Stage::Worked { registered, .. }
            | Stage::Merged { registered, .. }
            | Stage::Transferred { registered, .. } => Some(registered),
        }
    }

    /// The check that it passed.
    #[must_use]
    pub fn checked(&self) -> Option<&Check> {
        match &self.stage {
            Stage::Worked { checked, .. } => Some(checked),
            Stage::Returned { checked, .. } | Stage::Merged { checked, .. } => checked.as_ref().map(|(check, _)| check),
            Stage::Transferred { checked, .. } => Some(&checked.0),
            Stage::Arrived | Stage::SignedFor { .. } | Stage::Registered { .. } | Stage::Recalled { .. } => None,
        }
    }

    /// What was done about it since.
    #[must_use]
    pub fn work(&self) -> Option<&Work> {
        match &self.stage {
            Stage::Worked { work, .. } => Some(work),
            Stage::Returned { checked, .. } | Stage::Merged { checked, .. } => {
                checked.as_ref().map(|(_, work)| &**work)
            }
            Stage::Transferred { checked, .. } => Some(&checked.1),
            Stage::Arrived | Stage::SignedFor { .. } | Stage::Registered { .. } | Stage::Recalled { .. } => None,
        }
    }

    /// Whether the inbox's book has its document number: once registered, until it goes back, goes elsewhere or is replaced.
    #[must_use]
    pub const fn stands(&self) -> bool {
        let stands = match &self.stage {
            Stage::Registered { .. } | Stage::Worked { .. } | Stage::Merged { .. } => true,
            Stage::Arrived
            | Stage::SignedFor { .. }
            | Stage::Returned { .. }
            | Stage::Transferred { .. }
            | Stage::Recalled { .. } => false,
        };
        stands && self.dossier.superseded_by.is_none()
    }

    /// Whether the paper, taken with these resolutions, gives a directive that is to become a document. A copy is for
    /// information, and a letter directs nobody.
    #[must_use]
    pub fn directs(&self, resolutions: &[Resolution]) -> bool {
        let letter = resolutions.iter().any(|resolution| resolution.remedy == Remedy::AsLetter);
        self.arrival.purpose == Purpose::Action && !self.arrival.summary.directive_type.is_empty() && !letter
    }
}

#[cfg(test)]
mod tests;
