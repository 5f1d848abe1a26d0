//! A grant as one of its versions records it.
//!
//! Where a grant stands on a day (in force, suspended, ended) is derived from its dates and never stored.

use std::fmt;
use std::sync::Arc;

use vocabulary::{Date, DocumentNumber, Institution, Money, PowerCode, PowerKind, Timestamp};

pub(crate) use vocabulary::Transition;

use crate::register::document::state::Publication;

/// From this day on a town's penalty power needs a published decision of the province, and a published grant
/// (行政处罚法 art. 24 as revised on 2021-01-22).
pub(crate) const PENALTY_LAW_REVISED: Date = Date::constant(2021, 7, 15);

/// The id of a grant: its serial in the register, shown as `G-000001`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) struct GrantId(pub i64);

impl GrantId {
    /// Reads a resource name, `grants/G-000001`, in its one spelling.
    pub fn parse_name(name: &str) -> Option<Self> {
        let id = name.strip_prefix("grants/G-")?.parse().ok().filter(|serial| *serial > 0).map(Self)?;
        (id.name() == name).then_some(id)
    }

    /// The resource name.
    pub fn name(self) -> String {
        format!("grants/{self}")
    }
}

impl fmt::Display for GrantId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "G-{:06}", self.0)
    }
}

/// How a power was handed down (下放方式).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Mode {
    /// 清理确认: a power set by law, regulation or rule.
    Confirmed,
    /// 交办: a power that is not.
    Assigned,
}

/// In whose name a power is exercised, and so who holds it.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Exercise {
    /// The town government holds it in its own name.
    Own(Mode),
    /// The town government holds it in the name of the county department that entrusts it.
    Entrusted(Mode),
    /// A county body acts itself at a window of the town (派驻); the town hosts it and holds nothing.
    Stationed {
        /// The county body.
        body: String,
    },
}

impl Exercise {
    /// How the power was handed down; a stationed body's item was not.
    pub const fn mode(&self) -> Option<Mode> {
        match self {
            Self::Own(mode) | Self::Entrusted(mode) => Some(*mode),
            Self::Stationed { .. } => None,
        }
    }

    /// Who holds the power.
    pub fn holder(&self) -> Holder<'_> {
        match self {
            Self::Own(_) | Self::Entrusted(_) => Holder::Town,
            Self::Stationed { body } => Holder::County(body),
        }
    }
}

/// Who holds a power.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Holder<'a> {
    /// The town government.
    Town,
    /// A county body.
    County(&'a str),
}

/// What a grant covers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Scope {
    /// The area; empty: the whole town.
    pub area: String,
    /// The most it covers; none: no cap.
    pub amount_cap: Option<Money>,
    /// The class of targets; empty: everyone.
    pub target: String,
}

/// How a grant ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct End {
    /// The first day on which it is no longer in force.
    pub on: Date,
    /// The document that ends it; none where the granting document itself sets the end.
    pub document: Option<DocumentNumber>,
    /// What becomes of open work.
    pub transition: Transition,
}

/// Days on which a grant is suspended, half-open.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Suspension {
    /// The first day.
    pub from: Date,
    /// The document that suspends it.
    pub document: DocumentNumber,
    /// Its end, if it has one.
    pub resumed: Option<Resumed>,
}

/// How a suspension ends.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Resumed {
    /// The first day on which the grant is no longer suspended.
    pub on: Date,
    /// The document that resumes it.
    pub document: DocumentNumber,
}

impl Suspension {
    /// Whether the grant is suspended by it on a day.
    pub fn covers(&self, day: Date) -> bool {
        self.from <= day && self.resumed.as_ref().is_none_or(|resumed| day < resumed.on)
    }
}

/// The grant that another one corrects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Correction {
    /// The grant that was wrong.
    pub corrects: GrantId,
    /// Why.
    pub reason: String,
}

/// What an evaluation found. It changes no authority by itself: that takes a document of its own (authority.md §2.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Finding {
    /// The town keeps the power.
    Keep,
    /// The power should be suspended.
    Suspend,
    /// The power should be taken back.
    Withdraw,
}

/// An evaluation of how a power is exercised (行政处罚法 art. 24 para. 3).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Evaluation {
    /// The evaluation document.
    pub document: DocumentNumber,
    /// Its date.
    pub on: Date,
    /// What it found.
    pub finding: Finding,
    /// What it says, in short.
    pub note: String,
}

/// A grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Grant {
    /// Its id.
    pub id: GrantId,
    /// The power.
    pub power: PowerCode,
    /// In whose name it is exercised.
    pub exercise: Exercise,
    /// The institution that handles it.
    pub handler: Institution,
    /// The back institution that supervises it.
    pub supervisor: Institution,
    /// The number of the granting document.
    pub document: DocumentNumber,
    /// The clause of its annex (序号).
    pub clause: String,
    /// The batch; none where it belongs to none.
    pub batch: Option<u32>,
    /// The first day.
    pub from: Date,
    /// Its end; none: open.
    pub end: Option<End>,
    /// The publication of the granting document.
    pub publication: Option<Publication>,
    /// The province's document that the granting row named. It clears nothing by itself: the basis is a fact of its own.
    pub basis: Option<DocumentNumber>,
    /// What it covers.
    pub scope: Scope,
    /// When it is to be evaluated next.
    pub next_evaluation: Option<Date>,
    /// The last evaluation.
    pub evaluation: Option<Evaluation>,
    /// The days on which it was suspended, in order, without overlap.
    pub suspensions: Vec<Suspension>,
    /// The grant that this one corrects, if it corrects one.
    pub correction: Option<Correction>,
}

impl Grant {
    /// Whether a day lies in its interval `[from, end)`.
    pub fn covers(&self, day: Date) -> bool {
        self.from <= day && self.end.as_ref().is_none_or(|end| day < end.on)
    }

    /// Whether two intervals `[from, end)` have a day in common.
    pub fn overlaps(&self, from: Date, end: Option<Date>) -> bool {
        overlap((self.from, self.end.as_ref().map(|end| end.on)), (from, end))
    }

    /// Whether it was withdrawn before it began: its interval has no day, and it was never in force.
    pub fn is_void(&self) -> bool {
        self.end.as_ref().is_some_and(|end| end.on <= self.from)
    }

    /// The suspension that covers a day.
    pub fn suspension_on(&self, day: Date) -> Option<&Suspension> {
        self.suspensions.iter().find(|suspension| suspension.covers(day))
    }

    /// Whether its document was published by a day.
    pub fn is_published_by(&self, day: Date) -> bool {
        self.publication.as_ref().is_some_and(|publication| publication.date <= day)
    }

    /// Whether an act on a day needs the grant to be published: penalties since the revised law, and entrusted licences
    /// (行政处罚法 art. 24; 行政许可法 art. 24 para. 1).
    pub fn must_be_published(&self, kind: PowerKind, day: Date) -> bool {
        match kind {
            PowerKind::Penalty => day >= PENALTY_LAW_REVISED,
            PowerKind::Licence => matches!(self.exercise, Exercise::Entrusted(_)),
            PowerKind::Coercion
            | PowerKind::Levy
            | PowerKind::Benefit
            | PowerKind::Inspection
            | PowerKind::Confirmation
            | PowerKind::Reward
            | PowerKind::Adjudication
            | PowerKind::Other
            | PowerKind::NonLicenceApproval
            | PowerKind::PublicService => false,
        }
    }
}

/// Whether two half-open intervals have a day in common; one without an end is open, and one that ends where it begins has no day.
pub(crate) fn overlap(one: (Date, Option<Date>), other: (Date, Option<Date>)) -> bool {
    let begins_before = |begin: Date, end: Option<Date>| end.is_none_or(|end| begin < end);
    [one, other].into_iter().all(|(begin, _)| begins_before(begin, one.1) && begins_before(begin, other.1))
}

/// What a version of a grant changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Change {
    /// It is new.
    Granted,
    /// It ends by a document.
    Withdrawn,
    /// It is suspended.
    Suspended,
    /// It is resumed.
    Resumed,
    /// Its publication was recorded.
    Published,
    /// It ends where a new grant of the same power begins.
    Superseded,
    /// It corrects another.
    Corrected,
    /// An evaluation was recorded.
    Evaluated,
}

/// A version of a grant.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Recorded {
    /// The grant, whole.
    pub grant: Arc<Grant>,
    /// What the version changes.
    pub change: Change,
    /// The revision of the register that recorded it.
    pub revision: i64,
    /// When it was recorded.
    pub recorded: Timestamp,
}

/// Where a grant stands on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum GrantState {
    /// Issued, and not published.
    Issued,
    /// Published; begins later.
    Published,
    /// In force.
    InForce,
    /// Suspended.
    Suspended,
    /// Ended by a document.
    Withdrawn,
    /// Ended on the day that the granting document set.
    Expired,
    /// Ended where a new grant of the same power begins.
    Superseded,
}

impl Grant {
    /// Where the grant stands on a day. `succeeded` tells whether another grant of the power to the same holder begins where
    /// this one ends.
    pub fn state_on(&self, kind: PowerKind, day: Date, succeeded: bool) -> GrantState {
        match &self.end {
            // What was withdrawn before it began is withdrawn on every day.
            Some(_) if self.is_void() => GrantState::Withdrawn,
            Some(end) if end.on <= day => match (succeeded, &end.document) {
                (true, _) => GrantState::Superseded,
                (false, Some(_)) => GrantState::Withdrawn,
                (false, None) => GrantState::Expired,
            },
            Some(_) | None => {
                let unpublished = !self.is_published_by(day);
                if unpublished && (day < self.from || self.must_be_published(kind, day)) {
                    GrantState::Issued
                } else if day < self.from {
                    GrantState::Published
                } else if self.suspension_on(day).is_some() {
                    GrantState::Suspended
                } else {
                    GrantState::InForce
                }
            }
        }
    }
}
