//! A joint review: who is asked, what was said, and whose time is over.

use uuid::Uuid;
use vocabulary::{DocumentNumber, Institution, Timestamp, WorkingCalendar};

use crate::oversight::facts::Deed;
use crate::oversight::limit::Limit;

/// What an opinion says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Says {
    /// Agrees.
    Agree,
    /// Agrees with conditions.
    AgreeWithConditions,
    /// Disagrees, on a legal basis.
    Disagree,
    /// Needs more of the applicant.
    NeedMore,
    /// Is not concerned.
    NotConcerned,
    /// Was silent until its time was over.
    Tacit,
}

/// An opinion. It never changes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opinion {
    /// Whose it is.
    pub institution: Institution,
    /// What it says.
    pub says: Says,
    /// The conditions, the legal basis, or what more is needed.
    pub text: String,
    /// Who signed it, and when; for a tacit one the person is empty.
    pub given: Deed,
    /// The place of the opinion that it takes the place of.
    pub supersedes: Option<usize>,
}

/// An institution that is asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Body {
    /// The institution.
    pub institution: Institution,
    /// Whether the law makes its opinion a precondition of the decision.
    pub statutory: bool,
    /// The document by which its silence is agreement.
    pub tacit: Option<DocumentNumber>,
    /// By when.
    pub limit: Limit,
    /// Until when it may say that more is needed.
    pub need_more: Limit,
    /// When its silence goes to OFFICE and the leader in charge; none while its last day cannot be told.
    pub escalation: Option<Limit>,
    /// When it was urged.
    pub urged: Option<Timestamp>,
    /// When its time was over.
    pub overdue: Option<Timestamp>,
    /// When it was escalated.
    pub escalated: Option<Timestamp>,
    /// When it was found that a last day cannot be told.
    pub undetermined: Option<Timestamp>,
}

impl Body {
    /// An institution, asked at an instant.
    pub(crate) fn asked(
        institution: Institution,
        statutory: bool,
        tacit: Option<DocumentNumber>,
        (days, need_more_days): (u32, u32),
        now: Timestamp,
        calendar: &WorkingCalendar,
    ) -> Self {
        let limit = Limit::within(now, days, calendar);
        Self {
            institution,
            statutory,
            tacit,
            escalation: escalation(&limit, calendar),
            need_more: Limit::within(now, need_more_days, calendar),
            limit,
            urged: None,
            overdue: None,
            escalated: None,
            undetermined: None,
        }
    }

    /// The same institution with a new limit, as after a supplement.
    #[must_use]
    pub(crate) fn with_limit(&self, limit: Limit, calendar: &WorkingCalendar) -> Self {
        Self {
            escalation: escalation(&limit, calendar),
            limit,
            urged: None,
            overdue: None,
            escalated: None,
            undetermined: None,
            ..self.clone()
        }
    }

    /// Whether its silence is agreement when its time is over (§3.8(3)).
    pub(crate) const fn is_tacit(&self) -> bool {
        self.tacit.is_some() && !self.statutory
    }

    /// The year whose calendar is missing.
    pub(crate) fn missing_year(&self) -> Option<i16> {
        self.limit.missing_year().or_else(|| self.escalation.as_ref().and_then(Limit::missing_year))
    }

    /// What falls due next while the institution owes its opinion: that it is urged on its last day, that its time is over, that it is
    /// escalated, and that a day cannot be told.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        let urge = self.limit.last_day_begins().filter(|_| self.urged.is_none());
        let over = self.limit.over_at().filter(|_| self.overdue.is_none());
        let escalate = self.escalates_at().filter(|_| self.escalated.is_none());
        let told = self.missing_year().filter(|_| self.undetermined.is_none()).map(|_| self.limit.since);
        [urge, over, escalate, told].into_iter().flatten().min()
    }

    /// On the first working day after its last one (§3.8(3)), once that is over; never where silence is agreement.
    pub(crate) fn escalates_at(&self) -> Option<Timestamp> {
        let next_day = self.escalation.as_ref().and_then(Limit::last_day_begins).filter(|_| !self.is_tacit());
        next_day.map(|begins| self.limit.over_at().map_or(begins, |over| over.max(begins)))
    }
}

/// One working day after the last one.
pub(crate) fn escalation(limit: &Limit, calendar: &WorkingCalendar) -> Option<Limit> {
    limit.last_day_begins().map(|last| Limit::within(last, 1, calendar))
}

/// The one notice of what the applicant is to bring.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Supplement {
    /// The notice.
    pub notice: String,
    /// Who merged it, and when.
    pub merged: Deed,
    /// Who recorded that it came in, and when.
    pub received: Option<Deed>,
}

/// How far an institution is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// It owes its opinion.
    Asked,
    /// It waits for the supplement; its clock stands still.
    Waiting,
    /// It has given its opinion.
    Given,
}

/// How an application was granted against an opinion.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Against {
    /// Why.
    pub reasons: String,
    /// The minutes of the joint meeting, by number.
    pub minutes: String,
}

/// A joint review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct JointReview {
    /// Its id.
    pub id: Uuid,
    /// The number of the application.
    pub application: String,
    /// The code of the item.
    pub item: String,
    /// The name of the item.
    pub item_name: String,
    /// What is asked.
    pub question: String,
    /// The service that opinions are delivered to; empty where none is.
    pub service: String,
    /// Who asked, and when.
    pub requested: Deed,
    /// Who is asked.
    pub bodies: Vec<Body>,
    /// What was said, in order.
    pub opinions: Vec<Opinion>,
    /// What the applicant is to bring.
    pub supplement: Option<Supplement>,
    /// Why and against which minutes it was granted.
    pub against: Against,
    /// Who closed it, and when.
    pub closed: Option<Deed>,
    /// How many opinions the asking service has taken.
    pub delivered: usize,
}

impl JointReview {
    /// The last opinion of an institution, with its place.
    pub(crate) fn last(&self, institution: Institution) -> Option<(usize, &Opinion)> {
        self.opinions.iter().enumerate().rev().find(|(_, opinion)| opinion.institution == institution)
    }

    /// How far an institution is. Who needed more and has it owes an opinion again.
    pub(crate) fn standing(&self, institution: Institution) -> Standing {
        match self.last(institution) {
            None => Standing::Asked,
            Some((_, Opinion { says: Says::NeedMore, .. })) => {
                let received = self.supplement.as_ref().is_some_and(|supplement| supplement.received.is_some());
                if received { Standing::Asked } else { Standing::Waiting }
            }
            Some(_) => Standing::Given,
        }
    }

    /// Whether an institution has said once that it needs more.
    pub(crate) fn needed_more(&self, institution: Institution) -> bool {
        self.opinions.iter().any(|it| it.institution == institution && it.says == Says::NeedMore)
    }

    /// The institutions that owe their opinions.
    pub(crate) fn owing(&self) -> impl Iterator<Item = &Body> {
        let open = self.closed.is_none();
        self.bodies.iter().filter(move |body| open && self.standing(body.institution) == Standing::Asked)
    }

    /// What falls due next.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        self.owing().filter_map(Body::next).min()
    }

    /// The year whose calendar is missing.
    pub(crate) fn missing_year(&self) -> Option<i16> {
        self.owing().filter_map(Body::missing_year).min()
    }
}
