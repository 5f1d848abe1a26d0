//! What may happen in a joint review (组团审批; service-centre.md §3.8). Nothing here reads a clock, a database or the network, and nothing
//! knows how the application ends: what is granted or refused is compared with the opinions and forgotten.

use std::collections::BTreeSet;

use uuid::Uuid;
use vocabulary::{DocumentNumber, Institution, Timestamp};

use super::state::{Against, Body, JointReview, Opinion, Says, Standing, Supplement, escalation};
use crate::outcome;
use crate::oversight::facts::{Deed, Facts};
use crate::oversight::limit::Limit;
use crate::oversight::record::{Change, name};
use crate::oversight::refusal::{BodyFault, HistoryFault, Refusal, SupplementFault, TacitFault};

/// What may be done in a joint review.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Ask for opinions.
    Request(Asked),
    /// Give the opinion of the caller's institution.
    Give(Given),
    /// Merge what is needed into one notice.
    Merge {
        /// The notice.
        notice: String,
    },
    /// Record that it came in.
    Receive,
    /// Close it.
    Close {
        /// How the application ends.
        ending: Ending,
        /// Why, and against which minutes.
        against: Against,
    },
    /// The clock: an institution is urged, its time is over, it is escalated, or a day cannot be told, or can be told now.
    FallDue,
    /// The asking service has taken opinions.
    Delivered {
        /// How many it has.
        count: usize,
    },
}

/// Who is asked what.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Asked {
    /// The number of the application.
    pub application: String,
    /// The code of the item.
    pub item: String,
    /// The name of the item.
    pub item_name: String,
    /// What is asked.
    pub question: String,
    /// The service that opinions are delivered to.
    pub service: String,
    /// The institutions.
    pub bodies: Vec<AskedBody>,
}

/// An institution to be asked.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct AskedBody {
    /// The institution.
    pub institution: Institution,
    /// How many working days it has; none for the town's default.
    pub days: Option<u32>,
    /// Whether the law makes its opinion a precondition.
    pub statutory: bool,
    /// The document by which its silence is agreement.
    pub tacit: Option<DocumentNumber>,
}

/// An opinion to be given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Given {
    /// What it says.
    pub says: Says,
    /// Conditions, legal basis, or what more is needed.
    pub text: String,
    /// The place of the opinion whose place it takes.
    pub supersedes: Option<usize>,
}

/// How the application ends.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ending {
    /// It is granted.
    Grant,
    /// It is refused.
    Refuse,
    /// It ends without a decision.
    Undecided,
}

/// What stands in the books beside a joint review.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Beside {
    /// The open joint review of the application, by its name.
    pub open: Option<String>,
    /// Which of the documents that are named are registered.
    pub registered: BTreeSet<String>,
}

/// Who gives opinions: the institutions with an O in the row of overview.md §1.4. OFFICE urges and gives none; SERVICE leads.
const BODIES: [Institution; 6] = [
    Institution::Enforcement,
    Institution::Personnel,
    Institution::Finance,
    Institution::Economy,
    Institution::Construction,
    Institution::Social,
];

/// The service that acts for SERVICE.
pub(crate) const SERVICE_CENTER: &str = "service-center";

/// SERVICE leads, by a person or by its service.
pub(crate) fn leads(facts: &Facts) -> Result<(), Refusal> {
    if facts.institution == Some(Institution::Service) || facts.party == SERVICE_CENTER {
        Ok(())
    } else {
        Err(Refusal::OtherParty { party: Institution::Service.code().to_owned() })
    }
}

/// Says what becomes of a joint review.
///
/// # Errors
/// The first refusal that applies.
pub(crate) fn decide(
    review: Option<&JointReview>,
    beside: &Beside,
    id: Uuid,
    step: &Step,
    facts: &Facts,
) -> Result<Option<(JointReview, Change)>, Refusal> {
    let Some(review) = review else {
        return match step {
            Step::Request(asked) => Ok(Some((requested(id, asked, beside, facts)?, Change::Requested))),
            Step::Give(_)
            | Step::Merge { .. }
            | Step::Receive
            | Step::Close { .. }
            | Step::FallDue
            | Step::Delivered { .. } => Ok(None),
        };
    };
    let changed = |review, change| Ok(Some((review, change)));
    match step {
        Step::Request(_) => Ok(None),
        Step::Give(wanted) => changed(given(review, wanted, facts)?, Change::Given),
        Step::Merge { notice } => changed(merged(review, notice, facts)?, Change::Merged),
        Step::Receive => changed(received(review, facts)?, Change::Received),
        Step::Close { ending, against } => changed(closed(review, *ending, against, facts)?, Change::Closed),
        Step::FallDue => Ok(fallen_due(review, facts).map(|review| (review, Change::FellDue))),
        Step::Delivered { count } if *count <= review.delivered => Ok(None),
        Step::Delivered { count } => {
            let delivered = (*count).min(review.opinions.len());
            changed(JointReview { delivered, ..review.clone() }, Change::Delivered)
        }
    }
}

fn requested(id: Uuid, asked: &Asked, beside: &Beside, facts: &Facts) -> Result<JointReview, Refusal> {
    leads(facts)?;
    let bodies = asked.bodies.iter().map(|body| body_of(body, beside, facts)).collect::<Result<_, _>>()?;
    if let Some(other) = &beside.open {
        return Err(Refusal::Open { application: asked.application.clone(), other: other.clone() });
    }
    let Asked { application, item, item_name, question, service, bodies: _ } = asked.clone();
    Ok(JointReview {
        id,
        application,
        item,
        item_name,
        question,
        service,
        requested: facts.deed(),
        bodies,
        opinions: Vec::new(),
        supplement: None,
        against: Against::default(),
        closed: None,
        delivered: 0,
    })
}

/// Each has the town's working days, or fewer where its item says so (§3.8(1)). Silence is agreement only by a registered document and
/// where no law asks for the opinion (§3.8(3)).
fn body_of(body: &AskedBody, beside: &Beside, facts: &Facts) -> Result<Body, Refusal> {
    let institution = body.institution;
    if !BODIES.contains(&institution) {
        let institution = institution.code().to_owned();
        return Err(Refusal::Body { institution, fault: BodyFault::NoBody });
    }
    if let Some(document) = &body.tacit {
        if body.statutory {
            return Err(Refusal::Tacit { institution, fault: TacitFault::Statutory });
        }
        if !beside.registered.contains(&document.to_string()) {
            return Err(Refusal::Tacit { institution, fault: TacitFault::NoDocument });
        }
    }
    let rules = &facts.rules;
    let days = body.days.map_or(rules.opinion_days, |days| days.min(rules.opinion_days));
    let days = (days, rules.need_more_days);
    Ok(Body::asked(institution, body.statutory, body.tacit.clone(), days, facts.now, &rules.calendar))
}

fn is_open(review: &JointReview) -> Result<(), Refusal> {
    match review.closed {
        None => Ok(()),
        Some(_) => Err(Refusal::History { name: name::<JointReview>(review.id), fault: HistoryFault::Closed }),
    }
}

/// The name of an opinion by its place.
pub(crate) fn opinion_name(review: Uuid, place: usize) -> String {
    format!("{}/opinions/{}", name::<JointReview>(review), place + 1)
}

/// An institution speaks for itself alone (§1.7: no one writes the opinion of another bureau).
fn given(review: &JointReview, wanted: &Given, facts: &Facts) -> Result<JointReview, Refusal> {
    let body = review.bodies.iter().find(|body| facts.institution == Some(body.institution));
    let Some(body) = body else {
        return Err(Refusal::Body { institution: facts.party.clone(), fault: BodyFault::NotAsked });
    };
    is_open(review)?;
    supersedes(review, body.institution, wanted.supersedes)?;
    if wanted.says == Says::NeedMore {
        may_need_more(review, body, facts.now)?;
    }
    decides_nothing(review, &wanted.text)?;
    let opinion = Opinion {
        institution: body.institution,
        says: wanted.says,
        text: wanted.text.clone(),
        given: facts.deed(),
        supersedes: wanted.supersedes,
    };
    let mut after = review.clone();
    after.opinions.push(opinion);
    Ok(after)
}

/// An opinion never changes; a revised one names the last one, whose place it takes (§3.8(2)).
fn supersedes(review: &JointReview, institution: Institution, named: Option<usize>) -> Result<(), Refusal> {
    let last = review.last(institution).map(|(place, _)| place);
    let named_name = |place| opinion_name(review.id, place);
    match (last, named) {
        (None, None) => Ok(()),
        (Some(last), Some(named)) if last == named => Ok(()),
        (Some(last), None) => Err(Refusal::History { name: named_name(last), fault: HistoryFault::Given }),
        (_, Some(named)) => Err(Refusal::History { name: named_name(named), fault: HistoryFault::NotLast }),
    }
}

/// Once, within two working days, and before the one notice (§3.8(2)).
fn may_need_more(review: &JointReview, body: &Body, now: Timestamp) -> Result<(), Refusal> {
    let fault = if review.needed_more(body.institution) {
        SupplementFault::Twice
    } else if review.supplement.is_some() {
        SupplementFault::Merged
    } else if body.need_more.is_over(now) {
        SupplementFault::Late
    } else {
        return Ok(());
    };
    Err(Refusal::Supplement { fault })
}

/// Bureaus never set the outcome (§3.8(4)). That a bureau agrees is its opinion; that the application be granted or refused is not. The
/// text belongs to the application, whether it repeats the number or not.
fn decides_nothing(review: &JointReview, text: &str) -> Result<(), Refusal> {
    let without_agreement = text.replace("同意", "");
    match outcome::instruction([review.application.as_str(), without_agreement.as_str()]) {
        None => Ok(()),
        Some(outcome::Instruction { case, outcome }) => Err(Refusal::Instruction { case, outcome }),
    }
}

/// There is one notice, and it waits for all who may still need more (许可法 art. 32(4): told once, with everything).
fn merged(review: &JointReview, notice: &str, facts: &Facts) -> Result<JointReview, Refusal> {
    leads(facts)?;
    is_open(review)?;
    let may_still = |body: &&Body| review.last(body.institution).is_none() && !body.need_more.is_over(facts.now);
    let fault = if review.supplement.is_some() {
        SupplementFault::Merged
    } else if !review.bodies.iter().any(|body| review.standing(body.institution) == Standing::Waiting) {
        SupplementFault::NotNeeded
    } else if review.bodies.iter().any(|body| may_still(&body)) {
        SupplementFault::Early
    } else {
        let supplement = Supplement { notice: notice.to_owned(), merged: facts.deed(), received: None };
        return Ok(JointReview { supplement: Some(supplement), ..review.clone() });
    };
    Err(Refusal::Supplement { fault })
}

/// When the supplement is in, the clocks of those who needed it begin anew.
fn received(review: &JointReview, facts: &Facts) -> Result<JointReview, Refusal> {
    leads(facts)?;
    is_open(review)?;
    let fault = match &review.supplement {
        None => SupplementFault::NotMerged,
        Some(Supplement { received: Some(_), .. }) => SupplementFault::Received,
        Some(supplement) => {
            let received = Supplement { received: Some(facts.deed()), ..supplement.clone() };
            let calendar = &facts.rules.calendar;
            let anew = |body: &Body| match review.standing(body.institution) {
                Standing::Waiting => body.with_limit(Limit::within(facts.now, body.limit.days, calendar), calendar),
                Standing::Asked | Standing::Given => body.clone(),
            };
            let bodies = review.bodies.iter().map(anew).collect();
            return Ok(JointReview { supplement: Some(received), bodies, ..review.clone() });
        }
    };
    Err(Refusal::Supplement { fault })
}

/// A grant needs every opinion (§3.3, REVIEW→DECIDED_GRANT), and none that disagrees: one that the law asks for blocks, another needs
/// written reasons or the minutes of a joint meeting (§3.8(4)).
fn closed(review: &JointReview, ending: Ending, against: &Against, facts: &Facts) -> Result<JointReview, Refusal> {
    leads(facts)?;
    is_open(review)?;
    match ending {
        Ending::Grant => may_grant(review, against)?,
        Ending::Refuse | Ending::Undecided => {}
    }
    Ok(JointReview { closed: Some(facts.deed()), against: against.clone(), ..review.clone() })
}

fn may_grant(review: &JointReview, against: &Against) -> Result<(), Refusal> {
    let of = |wanted: &dyn Fn(&Body) -> bool| -> Vec<Institution> {
        review.bodies.iter().filter(|body| wanted(body)).map(|body| body.institution).collect()
    };
    let missing = of(&|body| review.standing(body.institution) != Standing::Given);
    if !missing.is_empty() {
        return Err(Refusal::Missing { institutions: missing });
    }
    let disagrees =
        |body: &Body| review.last(body.institution).is_some_and(|(_, opinion)| opinion.says == Says::Disagree);
    let vetoes = of(&|body| body.statutory && disagrees(body));
    if !vetoes.is_empty() {
        return Err(Refusal::Veto { institutions: vetoes, statutory: true });
    }
    let others = of(&disagrees);
    let grounded = !against.reasons.trim().is_empty() || !against.minutes.trim().is_empty();
    if !others.is_empty() && !grounded {
        return Err(Refusal::Veto { institutions: others, statutory: false });
    }
    Ok(())
}

/// On the last day the institution is urged; when that is over it is overdue, or its silence is agreement; on the next working day it is
/// escalated (§3.8(3), (5)).
fn fallen_due(review: &JointReview, facts: &Facts) -> Option<JointReview> {
    let mut after = review.clone();
    let owing: Vec<Institution> = review.owing().map(|body| body.institution).collect();
    for body in after.bodies.iter_mut().filter(|body| owing.contains(&body.institution)) {
        fall_due(body, facts);
    }
    let is_silent = |body: &&Body| owing.contains(&body.institution) && body.is_tacit() && body.overdue.is_some();
    let silent: Vec<_> = after.bodies.iter().filter(is_silent).map(|body| body.institution).collect();
    for institution in silent {
        let supersedes = after.last(institution).map(|(place, _)| place);
        let given = Deed { party: institution.code().to_owned(), person: String::new(), at: facts.now };
        after.opinions.push(Opinion { institution, says: Says::Tacit, text: String::new(), given, supersedes });
    }
    (after != *review).then_some(after)
}

fn fall_due(body: &mut Body, facts: &Facts) {
    let (now, calendar) = (facts.now, &facts.rules.calendar);
    if let Some(derived) = body.limit.derived(calendar) {
        *body = body.with_limit(derived, calendar);
    } else if body.escalation.as_ref().is_some_and(|limit| limit.derived(calendar).is_some()) {
        body.escalation = escalation(&body.limit, calendar);
        body.undetermined = None;
    }
    let due = |at: Option<Timestamp>| at.is_some_and(|at| at <= now);
    if body.missing_year().is_some() && body.undetermined.is_none() {
        body.undetermined = Some(now);
    }
    if due(body.limit.last_day_begins()) && body.urged.is_none() {
        body.urged = Some(now);
    }
    if due(body.limit.over_at()) && body.overdue.is_none() {
        body.overdue = Some(now);
    }
    if due(body.escalates_at()) && body.escalated.is_none() {
        body.escalated = Some(now);
    }
}

#[cfg(test)]
mod tests;
