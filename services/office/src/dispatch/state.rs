//! An outgoing paper and its stages. Each stage carries what was done to reach it, so that nothing can be numbered before it was
//! signed, or sent before it was sealed.

use std::fmt;

use uuid::Uuid;
use vocabulary::period::Deadline;
use vocabulary::{Date, DocumentNumber, Institution, Sm3Digest, Timestamp, time};

use super::content::Content;

/// The id of a dispatch: that of the request that drafted it. It is also the message id under which the paper travels.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DispatchId(pub Uuid);

impl DispatchId {
    /// Reads `dispatches/{id}` in its one spelling.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let id = Uuid::try_parse(name.strip_prefix("dispatches/")?).ok()?;
        let parsed = Self(id);
        (parsed.to_string() == name).then_some(parsed)
    }
}

impl fmt::Display for DispatchId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "dispatches/{}", self.0)
    }
}

/// Who did a step, when, and with which words.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// The person.
    pub person: String,
    /// The words.
    pub words: String,
    /// When.
    pub at: Timestamp,
}

/// Whether an institution agrees.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum View {
    /// It agrees.
    Agrees,
    /// It does not.
    Disagrees,
}

/// What an institution that was asked says (会签).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cosign {
    /// The institution.
    pub institution: Institution,
    /// Its answer; none until it comes.
    pub answer: Option<(View, Mark)>,
}

impl Cosign {
    /// Whether it agrees.
    #[must_use]
    pub fn agrees(&self) -> bool {
        matches!(&self.answer, Some((View::Agrees, _)))
    }
}

/// What was reviewed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reviewed {
    /// OFFICE's review (审核).
    pub review: Mark,
    /// The review of legality (合法性审核).
    pub legality: Option<Mark>,
}

/// What was signed (签发).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signed {
    /// The reviews before.
    pub reviewed: Reviewed,
    /// The signature.
    pub signature: Mark,
    /// The issuer, by its name on that day.
    pub issuer_name: String,
    /// The date of the paper (成文日期): the day of signing.
    pub issue_date: Date,
}

/// A document number with who gave it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Number {
    /// The word (代字).
    pub word: String,
    /// The year.
    pub year: i16,
    /// The serial; 0 until it is taken.
    pub serial: i64,
    /// Who numbered the paper, and when.
    pub by: Mark,
}

impl fmt::Display for Number {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}〔{}〕{}号", self.word, self.year, self.serial)
    }
}

/// What was numbered.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Numbered {
    /// The signature before.
    pub signed: Signed,
    /// The number.
    pub number: Number,
}

/// What was sealed (用印).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sealed {
    /// The number before.
    pub numbered: Numbered,
    /// The digest of the content.
    pub digest: Sm3Digest,
    /// Who sealed it.
    pub by: Mark,
}

/// How far a recipient is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Progress {
    /// On its way.
    Pending,
    /// Received.
    Received,
    /// Signed for.
    SignedFor,
    /// Handed over, with a receipt on paper.
    ByHand,
    /// Returned.
    Returned,
    /// Completed.
    Completed,
}

impl Progress {
    /// Whether the recipient has the paper.
    #[must_use]
    pub const fn has_it(self) -> bool {
        match self {
            Self::Received | Self::SignedFor | Self::ByHand | Self::Completed => true,
            Self::Pending | Self::Returned => false,
        }
    }

    /// Whether news of a recipient changes anything: receipts repeat, and overtake one another. An end stands.
    #[must_use]
    pub fn becomes(self, next: Self) -> bool {
        let ended = matches!(self, Self::Returned | Self::Completed);
        next > self && !ended
    }
}

/// Someone who gets a dispatch. Each has a state of its own: the silence of one delays no other.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recipient {
    /// By name.
    pub name: String,
    /// The county department that is reached electronically; none where the paper is handed over.
    pub department: Option<String>,
    /// Whether it gets a copy.
    pub copy: bool,
    /// How far it is.
    pub progress: Progress,
    /// Why it was returned, or what was said at the handing over.
    pub reason: String,
    /// When.
    pub at: Option<Timestamp>,
    /// The digest of the receipt.
    pub receipt_digest: String,
    /// Who recorded it by hand.
    pub person: String,
}

/// A paper that answers a dispatch.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The inbox paper, by name.
    pub inbox_paper: String,
    /// Its number, as it came.
    pub document_number: String,
    /// When it arrived.
    pub at: Timestamp,
}

/// How an answer was urged (催办).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Urge {
    /// How.
    pub how: String,
    /// Who, when, and what was said.
    pub by: Mark,
}

/// By when an answer is expected, and how its absence is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Awaited {
    /// The last day.
    pub due: Deadline,
    /// How often its absence was told.
    pub reminders: i32,
    /// When it is told next; none while the calendar of a year is missing.
    pub next: Option<Timestamp>,
}

/// By when the departments that are reached electronically are to have acknowledged a paper, and whether it was told that one has not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Acknowledging {
    /// The last day.
    pub due: Deadline,
    /// When it was told: once.
    pub told: Option<Timestamp>,
}

impl Acknowledging {
    /// When it is told: at the end of the last day. None once it was, and while the calendar of a year is missing.
    #[must_use]
    pub fn next(&self) -> Option<Timestamp> {
        self.due.date().filter(|_| self.told.is_none()).map(time::end_of_day)
    }
}

/// What was sent, and what came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Sent {
    /// The seal before.
    pub sealed: Sealed,
    /// Who sent it.
    pub by: Mark,
    /// Who gets it.
    pub recipients: Vec<Recipient>,
    /// What came back.
    pub replies: Vec<Reply>,
    /// By when an answer is expected, where one is.
    pub awaited: Option<Awaited>,
    /// How the answer was urged.
    pub urges: Vec<Urge>,
    /// By when departments are to have acknowledged it, where it goes to one.
    pub acknowledging: Option<Acknowledging>,
}

impl Sent {
    /// Its number.
    #[must_use]
    pub fn number(&self) -> &Number {
        &self.sealed.numbered.number
    }

    /// Whether someone has neither taken it nor sent it back.
    #[must_use]
    pub fn someone_pending(&self) -> bool {
        self.recipients.iter().any(|recipient| recipient.progress == Progress::Pending)
    }

    /// The departments that are reached electronically and have not acknowledged it.
    pub fn silent(&self) -> impl Iterator<Item = &str> {
        let silent = self.recipients.iter().filter(|recipient| recipient.progress == Progress::Pending);
        silent.filter_map(|recipient| recipient.department.as_deref())
    }
}

/// How far a dispatch is (发文办理, relay-and-sharing.md §8.5).
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Stage {
    /// A draft (拟稿).
    Draft,
    /// All who were asked agree (会签).
    Cosigned,
    /// OFFICE reviewed it (审核).
    Reviewed(Box<Reviewed>),
    /// Its legality was reviewed (合法性审核).
    LegalReviewed(Box<Reviewed>),
    /// Signed (签发).
    Signed(Box<Signed>),
    /// Numbered (编号).
    Numbered(Box<Numbered>),
    /// Sealed (用印).
    Sealed(Box<Sealed>),
    /// Sent (发出).
    Sent(Box<Sent>),
    /// Delivered to all (送达).
    Delivered(Box<Sent>),
    /// Answered (答复).
    Replied(Box<Sent>),
    /// Closed (办结): an end.
    Closed(Box<Sent>, Mark),
    /// Its number was voided (作废): an end.
    Void(Box<Number>, Mark),
    /// Given up (撤销): an end.
    Withdrawn(Mark),
}

impl Stage {
    /// The stage as stored and shown.
    #[must_use]
    pub const fn as_str(&self) -> &'static str {
        match self {
            Self::Draft => "DRAFT",
            Self::Cosigned => "COSIGNED",
            Self::Reviewed(_) => "OFFICE_REVIEWED",
            Self::LegalReviewed(_) => "LEGAL_REVIEWED",
            Self::Signed(_) => "SIGNED",
            Self::Numbered(_) => "NUMBERED",
            Self::Sealed(_) => "SEALED",
            Self::Sent(_) => "SENT",
            Self::Delivered(_) => "DELIVERED",
            Self::Replied(_) => "REPLIED",
            Self::Closed(_, _) => "CLOSED",
            Self::Void(_, _) => "VOID",
            Self::Withdrawn(_) => "WITHDRAWN",
        }
    }

    /// Whether nothing more happens.
    #[must_use]
    pub const fn is_end(&self) -> bool {
        matches!(self, Self::Closed(_, _) | Self::Void(_, _) | Self::Withdrawn(_))
    }

    /// What was sent, from the sending on.
    #[must_use]
    pub fn sent(&self) -> Option<&Sent> {
        match self {
            Self::Sent(sent) | Self::Delivered(sent) | Self::Replied(sent) | Self::Closed(sent, _) => Some(sent),
            Self::Draft
            | Self::Cosigned
            | Self::Reviewed(_)
            | Self::LegalReviewed(_)
            | Self::Signed(_)
            | Self::Numbered(_)
            | Self::Sealed(_)
            | Self::Void(_, _)
            | Self::Withdrawn(_) => None,
        }
    }

    /// The seal, from the sealing on.
    #[must_use]
    pub fn sealed(&self) -> Option<&Sealed> {
        if let Self::Sealed(sealed) = self {
            return Some(sealed);
        }
        self.sent().map(|sent| &sent.sealed)
    }

    /// The number and the signature before it, from the numbering on.
    #[must_use]
    pub fn numbered(&self) -> Option<&Numbered> {
        if let Self::Numbered(numbered) = self {
            return Some(numbered);
        }
        self.sealed().map(|sealed| &sealed.numbered)
    }

    /// The signature, from the signing on.
    #[must_use]
    pub fn signed(&self) -> Option<&Signed> {
        if let Self::Signed(signed) = self {
            return Some(signed);
        }
        self.numbered().map(|numbered| &numbered.signed)
    }

    /// The reviews, from the first on.
    #[must_use]
    pub fn reviewed(&self) -> Option<&Reviewed> {
        if let Self::Reviewed(reviewed) | Self::LegalReviewed(reviewed) = self {
            return Some(reviewed);
        }
        self.signed().map(|signed| &signed.reviewed)
    }
}

/// An outgoing paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Dispatch {
    /// Its id.
    pub id: DispatchId,
    /// The institution that drafted it.
    pub institution: Institution,
    /// What it says.
    pub content: Content,
    /// Who wrote it, in the order of writing.
    pub authors: Vec<String>,
    /// When it was drafted.
    pub drafted: Timestamp,
    /// Who was asked to agree.
    pub cosigns: Vec<Cosign>,
    /// A number that it got before it was changed: it stays with it, or is voided.
    pub held: Option<Number>,
    /// How far it is.
    pub stage: Stage,
}

impl Dispatch {
    /// The number that it has, in force or void.
    #[must_use]
    pub fn number(&self) -> Option<&Number> {
        if let Stage::Void(number, _) = &self.stage {
            return Some(number);
        }
        self.stage.numbered().map(|numbered| &numbered.number).or(self.held.as_ref())
    }

    /// What is known about an answer that is still expected.
    #[must_use]
    pub fn awaiting(&self) -> Option<&Awaited> {
        match &self.stage {
            Stage::Sent(sent) | Stage::Delivered(sent) => {
                let Sent { awaited, .. } = &**sent;
                awaited.as_ref()
            }
            Stage::Draft
            | Stage::Cosigned
            | Stage::Reviewed(_)
            | Stage::LegalReviewed(_)
            | Stage::Signed(_)
            | Stage::Numbered(_)
            | Stage::Sealed(_)
            | Stage::Replied(_)
            | Stage::Closed(_, _)
            | Stage::Void(_, _)
            | Stage::Withdrawn(_) => None,
        }
    }

    /// What was sent, while a department that has not acknowledged it is waited for; with by when it is to.
    #[must_use]
    pub fn unacknowledged(&self) -> Option<(&Sent, &Acknowledging)> {
        let sent = self.stage.sent().filter(|_| !self.stage.is_end())?;
        sent.silent().next()?;
        Some((sent, sent.acknowledging.as_ref()?))
    }

    /// Whether the answer, or a department's acknowledgement, was told to be overdue and is still missing.
    #[must_use]
    pub fn is_overdue(&self) -> bool {
        let answer = self.awaiting().is_some_and(|awaited| awaited.reminders > 0);
        answer || self.unacknowledged().is_some_and(|(_, acknowledging)| acknowledging.told.is_some())
    }

    /// The document that it refers to, in the form by which numbers are compared.
    #[must_use]
    pub fn ref_key(&self) -> String {
        DocumentNumber::parse(&self.content.ref_document_number).map(|number| number.to_string()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_reads_back_in_one_spelling() {
        let name = "dispatches/f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
        assert_eq!(DispatchId::parse(name).map(|id| id.to_string()).as_deref(), Some(name));
        for other in [
            "",
            "dispatches/",
            "dispatches/F81D4FAE-7dec-11d0-a765-00a0c91e6bf6",
            "dispatches/f81d4fae7dec11d0a76500a0c91e6bf6",
        ] {
            assert_eq!(DispatchId::parse(other), None, "{other}");
        }
    }

    #[test]
    fn receipts_only_lead_on() {
        use Progress::{ByHand, Completed, Pending, Received, Returned, SignedFor};
        for (from, to, expected) in [
            (Pending, Received, true),
            (Pending, SignedFor, true),
            (Received, Received, false),
            (SignedFor, Received, false),
            (SignedFor, Returned, true),
            (ByHand, Received, false),
            (ByHand, Completed, true),
            (Returned, Completed, false),
            (Completed, Returned, false),
        ] {
            assert_eq!(from.becomes(to), expected, "{from:?} to {to:?}");
        }
    }
}
