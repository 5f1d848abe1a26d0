//! A matter between institutions. Each kind carries what has been done about it, so that nothing is answered twice.

use std::fmt;

use uuid::Uuid;
use vocabulary::{Date, FieldCode, Institution, Timestamp};

use super::duty::Duty;
use crate::roster::state::Post;

/// What a person did, and when.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Done {
    /// Who.
    pub person: String,
    /// When.
    pub at: Timestamp,
}

/// A person signed for something in the name of an institution (签收).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Signing {
    /// The institution.
    pub institution: Institution,
    /// Who, and when.
    pub by: Done,
}

/// The id of a matter: that of the request which opened it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ItemId(pub Uuid);

impl ItemId {
    /// Reads a name in its one spelling.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let id = Self(name.strip_prefix("coordinationItems/")?.parse().ok()?);
        (id.to_string() == name).then_some(id)
    }
}

impl fmt::Display for ItemId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "coordinationItems/{}", self.0)
    }
}

/// What work information tells.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum InfoKind {
    /// A fact.
    Fact,
    /// A forecast.
    Forecast,
    /// A change of law.
    LawChange,
    /// Statistics, in sums.
    Statistics,
    /// A hazard.
    Hazard,
}

/// What became of a clue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum ClueAnswer {
    /// It was filed as a case (立案).
    Filed {
        /// The number of the case.
        case: String,
    },
    /// It was not filed.
    NotFiled {
        /// Why.
        reason: String,
    },
}

/// What external supervision demands, and under which document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Supervision {
    /// The paper in OFFICE's inbox.
    pub paper: String,
    /// Its number, as it came.
    pub document_number: String,
    /// The day by which it is to be answered, as stated.
    pub due: Option<Date>,
}

/// The town government's answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Reply {
    /// The number of its document; empty for a consultation.
    pub document_number: String,
    /// What it says.
    pub text: String,
    /// Who gave or recorded it.
    pub by: Done,
}

/// How far external supervision is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Progress {
    /// To be answered.
    Open,
    /// Answered, and to be closed.
    Answered(Reply),
    /// Closed.
    Closed(Reply, Done),
}

/// What a matter is, with what has been done about it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Matter {
    /// Work information (工作信息).
    WorkInfo {
        /// What it tells.
        kind: InfoKind,
        /// Who signed for it.
        signings: Vec<Signing>,
    },
    /// A clue (线索).
    Clue {
        /// What became of it.
        answer: Option<(ClueAnswer, Done)>,
    },
    /// A consultation (会商).
    Consultation {
        /// The field.
        field: Option<FieldCode>,
        /// The answer, in general terms; published to both front institutions.
        answer: Option<Reply>,
    },
    /// External supervision (行政执法监督).
    Supervision {
        /// What it demands.
        demand: Supervision,
        /// How far it is.
        progress: Progress,
    },
}

/// A matter between institutions.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Item {
    /// Its id.
    pub id: ItemId,
    /// Who opened it.
    pub from: Post,
    /// Whom it goes to.
    pub to: Vec<Post>,
    /// The title.
    pub title: String,
    /// The text.
    pub text: String,
    /// Who opened it, and when.
    pub opened: Done,
    /// What it is.
    pub matter: Matter,
    /// Who must act next.
    pub duties: Vec<Duty>,
}

/// The two front institutions.
pub(crate) const FRONTS: [Institution; 2] = [Institution::Service, Institution::Enforcement];

impl Item {
    /// The type as stored: the contract's word.
    pub(crate) const fn type_name(&self) -> &'static str {
        match self.matter {
            Matter::WorkInfo { .. } => "WORK_INFO",
            Matter::Clue { .. } => "CLUE",
            Matter::Consultation { .. } => "CONSULTATION",
            Matter::Supervision { .. } => "EXTERNAL_SUPERVISION",
        }
    }

    /// How far it is.
    pub(crate) fn stage(&self) -> &'static str {
        let closed = match &self.matter {
            Matter::WorkInfo { signings, .. } => signings.len() == self.to.len(),
            Matter::Clue { answer } => answer.is_some(),
            Matter::Consultation { answer, .. } => answer.is_some(),
            Matter::Supervision { progress: Progress::Answered(_), .. } => return "ANSWERED",
            Matter::Supervision { progress, .. } => matches!(progress, Progress::Closed(..)),
        };
        if closed { "CLOSED" } else { "OPEN" }
    }

    /// To whom the answer is published (§8.8: a consultation, to both fronts).
    pub(crate) fn published_to(&self) -> &'static [Institution] {
        match &self.matter {
            Matter::Consultation { answer: Some(_), .. } => &FRONTS,
            Matter::Consultation { answer: None, .. }
            | Matter::WorkInfo { .. }
            | Matter::Clue { .. }
            | Matter::Supervision { .. } => &[],
        }
    }

    /// Who takes part, each once.
    pub(crate) fn parties(&self) -> Vec<Post> {
        let published = self.published_to().iter().map(|institution| Post::Institution(*institution));
        let mut parties: Vec<_> = std::iter::once(self.from).chain(self.to.iter().copied()).chain(published).collect();
        parties.sort_unstable();
        parties.dedup();
        parties
    }

    /// The paper of external supervision.
    pub(crate) fn paper(&self) -> Option<&str> {
        match &self.matter {
            Matter::Supervision { demand, .. } => Some(&demand.paper),
            Matter::WorkInfo { .. } | Matter::Clue { .. } | Matter::Consultation { .. } => None,
        }
    }
}
