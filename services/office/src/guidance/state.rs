//! Guidance and its stages, with signings and objections. Each stage carries what was done to reach it.

use std::fmt;

use uuid::Uuid;
use vocabulary::{Date, FieldCode, Institution, time};

use crate::coordination::duty::Duty;
use crate::coordination::state::{Done, Signing};
use crate::roster::state::Post;

/// The id of guidance: that of the request which drafted it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct GuidanceId(pub Uuid);

impl GuidanceId {
    /// Reads a name in its one spelling.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let id = Self(name.strip_prefix("guidances/")?.parse().ok()?);
        (id.to_string() == name).then_some(id)
    }
}

impl fmt::Display for GuidanceId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "guidances/{}", self.0)
    }
}

/// The name of an objection: `guidances/{id}/objections/{id}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct ObjectionId {
    /// The guidance.
    pub guidance: GuidanceId,
    /// The id of the request that objected.
    pub id: Uuid,
}

impl ObjectionId {
    /// Reads a name in its one spelling.
    pub(crate) fn parse(name: &str) -> Option<Self> {
        let (guidance, id) = name.split_once("/objections/")?;
        let parsed = Self { guidance: GuidanceId::parse(guidance)?, id: id.parse().ok()? };
        (parsed.to_string() == name).then_some(parsed)
    }
}

impl fmt::Display for ObjectionId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/objections/{}", self.guidance, self.id)
    }
}

/// What guidance says. Nothing of it ever changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Terms {
    /// The title.
    pub title: String,
    /// The text.
    pub text: String,
    /// The basis that it cites.
    pub basis: String,
    /// The fields; none for all matters of an institution without a field of its own.
    pub fields: Vec<FieldCode>,
    /// The first day of validity.
    pub from: Date,
    /// The last day of validity.
    pub to: Date,
    /// The front institutions that it guides.
    pub fronts: Vec<Institution>,
    /// The county's paper that it implements, for reading.
    pub source_paper: Option<String>,
    /// The earlier guidance that it takes the place of.
    pub supersedes: Option<GuidanceId>,
}

/// The number and the day of issue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issue {
    /// The designation of the institution's guidance (代字).
    pub designation: String,
    /// The serial of the year; 0 until it is taken.
    pub serial: i64,
    /// Who issued it, and when.
    pub by: Done,
}

impl Issue {
    /// The town year of the number.
    pub(crate) fn year(&self) -> i16 {
        time::town_date(self.by.at).year()
    }
}

/// How guidance ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum End {
    /// It was withdrawn, or a draft was dropped.
    Withdrawn {
        /// Why.
        reason: String,
    },
    /// Later guidance took its place.
    Superseded {
        /// Which.
        by: GuidanceId,
    },
}

/// How far guidance is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Stage {
    /// Drafted.
    Draft,
    /// Its legality was reviewed by a second person.
    Reviewed {
        /// By whom.
        reviewed: Done,
    },
    /// Issued.
    Issued {
        /// By whom it was reviewed.
        reviewed: Done,
        /// The issue.
        issued: Issue,
    },
    /// Ended.
    Ended {
        /// The review, where there was one.
        reviewed: Option<Done>,
        /// The issue, where there was one.
        issued: Option<Issue>,
        /// How.
        end: End,
        /// By whom, and when.
        by: Done,
    },
}

/// On what ground a front institution objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Ground {
    /// To what the guidance says: answered by the institution that guides.
    Content,
    /// That it is unlawful: to the leaders through OFFICE.
    Unlawful,
    /// That it conflicts with a grant: to the leaders through OFFICE.
    GrantConflict {
        /// The grant.
        grant: String,
    },
}

/// How an objection ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    /// The guidance stands.
    Upheld,
    /// It is amended in the disputed points.
    Amended,
    /// It is withdrawn.
    Withdrawn,
}

/// How an objection was settled.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settlement {
    /// How.
    pub outcome: Outcome,
    /// What now holds, or why.
    pub text: String,
    /// By whom, and when.
    pub by: Done,
}

/// An objection of a front institution.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Objection {
    /// Its id.
    pub id: ObjectionId,
    /// Whose it is.
    pub institution: Institution,
    /// The ground.
    pub ground: Ground,
    /// The reasons.
    pub reasons: String,
    /// The disputed points.
    pub points: Vec<String>,
    /// Who objected, and when.
    pub by: Done,
    /// Who forwarded it to the leaders, and when.
    pub forwarded: Option<Done>,
    /// The answer of the institution that guides.
    pub answer: Option<(String, Done)>,
    /// The settlement.
    pub settled: Option<Settlement>,
}

impl Objection {
    /// How far it is.
    pub(crate) const fn stage(&self) -> &'static str {
        match (&self.settled, &self.answer, &self.forwarded) {
            (Some(_), _, _) => "SETTLED",
            (None, Some(_), _) => "ANSWERED",
            (None, None, Some(_)) => "FORWARDED",
            (None, None, None) => "OPEN",
        }
    }
}

/// Guidance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Guidance {
    /// Its id.
    pub id: GuidanceId,
    /// The party that guides.
    pub institution: Post,
    /// What it says.
    pub terms: Terms,
    /// Who drafted it, and when.
    pub drafted: Done,
    /// How far it is.
    pub stage: Stage,
    /// Who signed for it.
    pub signings: Vec<Signing>,
    /// The objections, in the order in which they came.
    pub objections: Vec<Objection>,
    /// Who must act next.
    pub duties: Vec<Duty>,
}

/// Whether guidance is in force on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Validity {
    /// It is not issued, or its first day has not come.
    NotYet,
    /// It is in force.
    InForce,
    /// Its last day is over.
    Expired,
    /// It was withdrawn or superseded.
    Ended,
}

impl Guidance {
    /// The stage as stored and shown.
    pub(crate) const fn stage(&self) -> &'static str {
        match &self.stage {
            Stage::Draft => "DRAFT",
            Stage::Reviewed { .. } => "REVIEWED",
            Stage::Issued { .. } => "ISSUED",
            Stage::Ended { end: End::Withdrawn { .. }, .. } => "WITHDRAWN",
            Stage::Ended { end: End::Superseded { .. }, .. } => "SUPERSEDED",
        }
    }

    /// The review.
    pub(crate) const fn reviewed(&self) -> Option<&Done> {
        match &self.stage {
            Stage::Draft => None,
            Stage::Reviewed { reviewed } | Stage::Issued { reviewed, .. } => Some(reviewed),
            Stage::Ended { reviewed, .. } => reviewed.as_ref(),
        }
    }

    /// The issue.
    pub(crate) const fn issued(&self) -> Option<&Issue> {
        match &self.stage {
            Stage::Draft | Stage::Reviewed { .. } => None,
            Stage::Issued { issued, .. } => Some(issued),
            Stage::Ended { issued, .. } => issued.as_ref(),
        }
    }

    /// The first and the last day on which it is or was in force; none before it is issued. It does not begin before it is issued,
    /// and on the day on which it ends it is in force no longer.
    pub(crate) fn in_force(&self) -> Option<(Date, Date)> {
        let from = self.terms.from.max(time::town_date(self.issued()?.by.at));
        let to = match &self.stage {
            Stage::Ended { by, .. } => self.terms.to.min(time::town_date(by.at).yesterday().unwrap_or(Date::MIN)),
            Stage::Draft | Stage::Reviewed { .. } | Stage::Issued { .. } => self.terms.to,
        };
        Some((from, to))
    }

    /// Whether it is in force on a day.
    pub(crate) fn validity(&self, day: Date) -> Validity {
        match (&self.stage, self.in_force()) {
            (_, Some((from, to))) if from <= day && day <= to => Validity::InForce,
            (Stage::Ended { .. }, _) => Validity::Ended,
            (_, Some((_, to))) if to < day => Validity::Expired,
            (_, Some(_) | None) => Validity::NotYet,
        }
    }

    /// The points to which it is not applied until an objection is settled, each once.
    pub(crate) fn disputed_points(&self) -> Vec<String> {
        let open = self.objections.iter().filter(|objection| objection.settled.is_none());
        let mut points: Vec<String> = Vec::new();
        for point in open.flat_map(|objection| &objection.points) {
            if !points.contains(point) {
                points.push(point.clone());
            }
        }
        points
    }

    /// The signing of a front institution.
    pub(crate) fn signing(&self, institution: Institution) -> Option<&Signing> {
        self.signings.iter().find(|signing| signing.institution == institution)
    }
}
