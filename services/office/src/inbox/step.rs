//! The steps of a paper's life (收文办理; relay-and-sharing.md §8.4).

use vocabulary::{Date, Institution};

use super::state::{PaperName, Resolution};
use super::work::{ActionClass, Answer, Recall, Urge};

/// What is wanted of a paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    /// Which paper.
    pub name: PaperName,
    /// The etag that was seen; empty: any.
    pub etag: String,
    /// The step.
    pub step: Step,
}

/// A step of a paper's life (§8.4).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Sign for it (签收).
    SignFor,
    /// Enter it into the book (登记).
    Register {
        /// The paper that it replaces.
        supersedes: Option<PaperName>,
    },
    /// Pass the first check (初审).
    Check {
        /// How each finding is resolved.
        resolutions: Vec<Resolution>,
    },
    /// Send it back (退回).
    Return {
        /// The code of the rule that it breaks.
        code: String,
        /// The reason.
        reason: String,
    },
    /// Send it back because its directive, when a second person confirmed it, turned out faulty (DESIGN.md §6).
    ReturnForFaults {
        /// The code of the first fault.
        code: String,
        /// Every bad row.
        reason: String,
    },
    /// A leader instructs what to do (批示).
    Instruct {
        /// The words.
        text: String,
    },
    /// Assign it (分办).
    Assign(Wish),
    /// The leaders decide to whom it belongs, after two refusals.
    DecideAssignment(Wish),
    /// The lead refuses the assignment.
    RefuseAssignment {
        /// Why.
        reason: String,
    },
    /// The lead accepts it.
    Accept,
    /// The lead says how far it is.
    ReportProgress {
        /// In per cent.
        percent: i32,
        /// In words.
        words: String,
        /// What shows it.
        evidence: Vec<String>,
    },
    /// A co-handler has done its part.
    FinishPart {
        /// What was done.
        words: String,
    },
    /// A reader has read it.
    MarkRead,
    /// It became guidance for the front.
    Guide {
        /// The guidance.
        guidance: String,
    },
    /// The lead reports the result.
    Report {
        /// The result.
        result: String,
    },
    /// Accept the result (办结).
    Complete,
    /// Send the result back.
    SendBack {
        /// Why.
        reason: String,
    },
    /// The answer was sent (答复).
    Answered {
        /// The outgoing dispatch.
        dispatch: String,
        /// The number of the answering document.
        document_number: String,
    },
    /// Archive it (归档).
    Archive,
    /// Merge it into another one (并办).
    Merge {
        /// The one that goes on.
        into: PaperName,
        /// Why.
        reason: String,
    },
    /// Transfer it to another inbox (转办).
    Transfer {
        /// Whose inbox.
        to: Institution,
        /// Why.
        reason: String,
    },
    /// The lead asks for a later due.
    RequestExtension {
        /// The due.
        due: Date,
        /// Why.
        reason: String,
    },
    /// OFFICE grants it.
    GrantExtension {
        /// The words to it.
        words: String,
    },
    /// OFFICE refuses it.
    RefuseExtension {
        /// Why.
        reason: String,
    },
    /// The county takes it back.
    Recall(Recall),
    /// The county urges it.
    Urge(Urge),
    /// The clock gives its next alarm.
    Ring,
    /// A due that waits for a calendar is derived.
    Derive,
}

/// To whom a paper is to be assigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Wish {
    /// What is to be done.
    pub class: ActionClass,
    /// Who leads.
    pub lead: Option<Institution>,
    /// Who helps.
    pub co_handlers: Vec<Institution>,
    /// Who reads.
    pub readers: Vec<Institution>,
    /// The persons whom a bureau names.
    pub persons: Vec<String>,
    /// What a leader instructed: who, and the words.
    pub instruction: Option<(String, String)>,
    /// The last day.
    pub due: Option<Date>,
    /// Whether the sender waits for an answer.
    pub answer: Answer,
}

impl Step {
    /// The stage from which a step begins (§8.4), or the first of them.
    pub(crate) const fn begins_from(&self) -> &'static str {
        match self {
            Self::SignFor | Self::Recall(_) => "ARRIVED",
            Self::Register { .. } => "SIGNED_FOR",
            Self::Check { .. } | Self::Return { .. } => "REGISTERED",
            Self::ReturnForFaults { .. }
            | Self::Instruct { .. }
            | Self::Assign(_)
            | Self::DecideAssignment(_)
            | Self::Merge { .. }
            | Self::Transfer { .. }
            | Self::Urge(_)
            | Self::Ring
            | Self::Derive => "CHECKED",
            Self::RefuseAssignment { .. }
            | Self::Accept
            | Self::MarkRead
            | Self::RequestExtension { .. }
            | Self::GrantExtension { .. }
            | Self::RefuseExtension { .. } => "ASSIGNED",
            Self::ReportProgress { .. }
            | Self::FinishPart { .. }
            | Self::Guide { .. }
            | Self::Report { .. }
            | Self::Answered { .. } => "ACCEPTED",
            Self::Complete | Self::SendBack { .. } => "REPORTED",
            Self::Archive => "COMPLETED",
        }
    }
}
