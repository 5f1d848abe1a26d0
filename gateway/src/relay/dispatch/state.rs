//! A dispatch to one department, as far as its receipts go.

use std::fmt;

use bytes::Bytes;
use vocabulary::{DepartmentCode, Timestamp};

/// The name of a dispatch to a department: `departments/{code}/dispatches/{number}`.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct DispatchName {
    /// The department.
    pub department: DepartmentCode,
    /// The number, from 1.
    pub number: i64,
}

impl DispatchName {
    /// Reads a name in its one spelling.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let (department, number) = name.strip_prefix("departments/")?.split_once("/dispatches/")?;
        let number = number.parse().ok().filter(|number| *number > 0)?;
        let parsed = Self { department: DepartmentCode::parse(department).ok()?, number };
        (parsed.to_string() == name).then_some(parsed)
    }
}

impl fmt::Display for DispatchName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "departments/{}/dispatches/{}", self.department, self.number)
    }
}

/// What a department acknowledges.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Kind {
    /// It has the paper.
    Received,
    /// A person signed for it (签收).
    SignedFor,
    /// It goes back (退回).
    Returned,
    /// What it asks for is done (办结).
    Completed,
}

impl Kind {
    /// All of them.
    pub const ALL: [Self; 4] = [Self::Received, Self::SignedFor, Self::Returned, Self::Completed];

    /// The word under which it is kept.
    #[must_use]
    pub const fn word(self) -> &'static str {
        match self {
            Self::Received => "RECEIVED",
            Self::SignedFor => "SIGNED_FOR",
            Self::Returned => "RETURNED",
            Self::Completed => "COMPLETED",
        }
    }

    /// Reads the word.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.word() == word)
    }
}

/// A receipt that counts.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledged {
    /// What it is for.
    pub kind: Kind,
    /// Why, for a return.
    pub reason: String,
}

/// A dispatch to a department.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Outgoing {
    /// Its name.
    pub name: DispatchName,
    /// Its name at the office.
    pub dispatch: String,
    /// The receipts so far, oldest first.
    pub acknowledged: Vec<Acknowledged>,
}

/// A receipt that a department gives.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Acknowledge {
    /// The dispatch.
    pub name: DispatchName,
    /// What it is for.
    pub kind: Kind,
    /// Why, for a return.
    pub reason: String,
    /// The department's own signed receipt, as it came.
    pub receipt: Bytes,
}

/// What the outside world knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Facts {
    /// The town time.
    pub now: Timestamp,
}

/// A receipt counts from now on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Event {
    /// The dispatch at the office.
    pub dispatch: String,
    /// The receipt.
    pub acknowledge: Acknowledge,
    /// When.
    pub at: Timestamp,
}
