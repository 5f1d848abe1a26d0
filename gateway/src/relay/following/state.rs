//! What is known of an accepted paper where its sender wants something of it.

use vocabulary::{DepartmentCode, Timestamp};

use crate::relay::paper::state::PaperName;

/// An accepted paper, as far as urging and recalling go.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Followed {
    /// Its name.
    pub name: PaperName,
    /// How often it was urged.
    pub urges: usize,
    /// Whether it was recalled.
    pub recalled: bool,
    /// Whether somebody signed for it.
    pub signed_for: bool,
}

/// What a sender wants.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Command {
    /// To urge it.
    Urge(Urge),
    /// To recall it.
    Recall(Recall),
}

/// An urge.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Urge {
    /// Its id.
    pub urge: String,
    /// What is said with it.
    pub note: String,
}

/// A recall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recall {
    /// Its id.
    pub recall: String,
    /// The document by which the issuer recalls; empty where none is named.
    pub document_number: String,
    /// Why.
    pub reason: String,
    /// The institutions from whose inboxes the office took it, by their codes.
    pub institutions: Vec<String>,
}

/// What the outside world knows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Facts {
    /// Who calls.
    pub caller: DepartmentCode,
    /// The town time of the call.
    pub now: Timestamp,
}

/// What happens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Event {
    /// It was urged.
    Urged {
        /// The paper.
        name: PaperName,
        /// The urge.
        urge: Urge,
        /// When.
        at: Timestamp,
    },
    /// It was recalled.
    Recalled {
        /// The paper.
        name: PaperName,
        /// The recall.
        recall: Recall,
        /// When.
        at: Timestamp,
    },
}
