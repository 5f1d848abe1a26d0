//! What may happen to guidance (relay-and-sharing.md §8.8; overview.md §1.4, §1.5).
//!
//! Nothing leads out of WITHDRAWN and SUPERSEDED. The rules of objections stand in [`super::objection`].

use vocabulary::{Institution, time};

use super::objection;
use super::state::{End, Ground, Guidance, GuidanceId, Issue, ObjectionId, Outcome, Settlement, Stage, Terms};
use crate::coordination::decide::{Facts, Source, no_instruction};
use crate::coordination::duty::{self, Duty, DutyKind};
use crate::coordination::refusal::{Refusal, SourceFault, named};
use crate::coordination::state::{Done, Signing};
use crate::roster::state::Post;

/// What is wanted of guidance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    /// Which.
    pub id: GuidanceId,
    /// The etag that was seen; empty: any.
    pub etag: String,
    /// The step.
    pub step: Step,
}

/// A step of guidance.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Draft it.
    Draft(Box<Terms>),
    /// Pass the legality review.
    Review,
    /// Issue it.
    Issue,
    /// Withdraw it, or drop the draft.
    Withdraw {
        /// Why.
        reason: String,
    },
    /// Sign for it.
    SignFor,
    /// Object to it.
    Object(Objecting),
    /// Forward an objection to the leaders.
    Forward(ObjectionId),
    /// Answer an objection.
    Answer {
        /// Which.
        objection: ObjectionId,
        /// The answer.
        text: String,
    },
    /// Settle an objection.
    Settle {
        /// Which.
        objection: ObjectionId,
        /// How.
        outcome: Outcome,
        /// What now holds, or why.
        text: String,
    },
    /// Let fall due what is due.
    FallDue,
}

/// What a front institution objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Objecting {
    /// The id that the objection gets.
    pub id: ObjectionId,
    /// The ground.
    pub ground: Ground,
    /// The reasons.
    pub reasons: String,
    /// The disputed points.
    pub points: Vec<String>,
}

/// What lies on the desk: the guidance, where it exists; that which it supersedes; the paper that it implements.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Desk {
    /// The guidance.
    pub guidance: Option<Guidance>,
    /// The earlier guidance, with its version.
    pub earlier: Option<Guidance>,
    /// The version of the earlier one, for its save.
    pub earlier_version: i64,
    /// The paper.
    pub source: Option<Source>,
}

/// Which step an event is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It was drafted.
    Drafted,
    /// It was reviewed.
    Reviewed,
    /// It was issued.
    Issued,
    /// A front institution signed for it.
    SignedFor,
    /// A front institution objected.
    Objected,
    /// An objection was forwarded.
    Forwarded,
    /// An objection was answered.
    Answered,
    /// An objection was settled.
    Settled,
    /// It was withdrawn.
    Withdrawn,
    /// It was superseded.
    Superseded,
    /// An alarm was raised, or a day derived.
    Alarmed,
}

/// Guidance as it stands after a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Which step.
    pub change: Change,
    /// The guidance.
    pub guidance: Guidance,
}

pub(super) const OFFICE: Post = Post::Institution(Institution::Office);

/// Says what happens to guidance, or why not.
pub(crate) fn decide(desk: &Desk, id: GuidanceId, step: &Step, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let one = |change| move |guidance| vec![Event { change, guidance }];
    let Some(guidance) = &desk.guidance else {
        let Step::Draft(terms) = step else { return Ok(Vec::new()) };
        return draft(desk, id, terms, facts).map(one(Change::Drafted));
    };
    match step {
        Step::Draft(_) => Ok(Vec::new()),
        Step::Review => review(guidance, facts).map(one(Change::Reviewed)),
        Step::Issue => issue(desk, guidance, facts),
        Step::Withdraw { reason } => withdraw(guidance, reason, facts).map(one(Change::Withdrawn)),
        Step::SignFor => sign_for(guidance, facts).map(one(Change::SignedFor)),
        Step::Object(objecting) => objection::object(guidance, objecting, facts).map(one(Change::Objected)),
        Step::Forward(which) => objection::forward(guidance, *which, facts).map(one(Change::Forwarded)),
        Step::Answer { objection, text } => {
            objection::answer(guidance, *objection, text, facts).map(one(Change::Answered))
        }
        Step::Settle { objection, outcome, text } => {
            objection::settle(guidance, *objection, *outcome, text, facts).map(one(Change::Settled))
        }
        Step::FallDue => Ok(fall_due(guidance, facts).map(one(Change::Alarmed)).unwrap_or_default()),
    }
}

/// The desk after an event.
pub(crate) fn apply(desk: Desk, event: &Event) -> Desk {
    let guidance = Some(event.guidance.clone());
    if desk.earlier.as_ref().is_some_and(|earlier| earlier.id == event.guidance.id) {
        Desk { earlier: guidance, ..desk }
    } else {
        Desk { guidance, ..desk }
    }
}

/// A draft names no case with an outcome, lies in its institution's fields, and rests on a paper that may be drawn on.
fn draft(desk: &Desk, id: GuidanceId, terms: &Terms, facts: &Facts) -> Result<Guidance, Refusal> {
    let party = facts.party.filter(|party| facts.rules.designation(*party).is_some());
    let party = party.ok_or_else(|| Refusal::Turn { of: "a back institution".to_owned() })?;
    no_instruction(&[&terms.title, &terms.text, &terms.basis])?;
    own_fields(party, terms, facts)?;
    source(desk, party, terms)?;
    supersedable(desk, party, terms)?;
    let (institution, drafted) = (party, facts.done());
    let duties = vec![Duty::open(party, DutyKind::Review, "", facts.now)];
    let (stage, signings, objections) = (Stage::Draft, Vec::new(), Vec::new());
    Ok(Guidance { id, institution, terms: terms.clone(), drafted, stage, signings, objections, duties })
}

/// A back institution guides in the fields that it supervises (overview.md §1.2, §1.4: D in its own field). The leaders guide in
/// all. OFFICE relays, so that the fields are those of whoever decided.
fn own_fields(party: Post, terms: &Terms, facts: &Facts) -> Result<(), Refusal> {
    let institution = match party {
        Post::Leaders | Post::Institution(Institution::Office) => return Ok(()),
        Post::Institution(institution) => institution,
    };
    let wrong = |field: String| Err(Refusal::Field { field, institution: institution.code().to_owned() });
    if terms.fields.is_empty() && facts.rules.has_fields(institution) {
        return wrong(String::new());
    }
    let foreign = terms.fields.iter().find(|field| facts.rules.supervisor(field) != Some(institution));
    foreign.map_or(Ok(()), |field| wrong(field.to_string()))
}

/// OFFICE decides no policy of its own, so that what it guides with is always a paper (overview.md §1.4: N, relays).
fn source(desk: &Desk, party: Post, terms: &Terms) -> Result<(), Refusal> {
    let Some(paper) = &terms.source_paper else {
        return if party == OFFICE { Err(Refusal::Relay) } else { Ok(()) };
    };
    let fault = |fault| Err(Refusal::Source { paper: paper.clone(), fault });
    let inbox = paper.strip_prefix("inboxes/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    match &desk.source {
        Some(source) if inbox == party.code() || inbox == OFFICE.code() => {
            if source.returned {
                fault(SourceFault::Returned)
            } else {
                Ok(())
            }
        }
        Some(_) | None => fault(SourceFault::Elsewhere),
    }
}

/// What takes the place of earlier guidance comes from the same party; the leaders may replace anybody's.
fn supersedable(desk: &Desk, party: Post, terms: &Terms) -> Result<(), Refusal> {
    let Some(earlier) = terms.supersedes else { return Ok(()) };
    let own = |guidance: &Guidance| party == Post::Leaders || guidance.institution == party;
    match &desk.earlier {
        Some(guidance) if own(guidance) && matches!(guidance.stage, Stage::Issued { .. }) => Ok(()),
        Some(_) | None => Err(Refusal::Supersedes { earlier: earlier.to_string() }),
    }
}

fn wrong_stage(guidance: &Guidance, wanted: &'static str) -> Refusal {
    Refusal::Stage { name: guidance.id.to_string(), stage: guidance.stage(), wanted }
}

/// A second person reviews the legality (§8.8: legality-reviewed; overview.md §1.6(6)): OFFICE's legal post, or the party's own.
fn review(guidance: &Guidance, facts: &Facts) -> Result<Guidance, Refusal> {
    let Stage::Draft = guidance.stage else { return Err(wrong_stage(guidance, "DRAFT")) };
    if facts.party != Some(OFFICE) {
        facts.turn_of(guidance.institution)?;
    }
    if facts.person == guidance.drafted.person {
        return Err(Refusal::FourEyes { person: facts.person.clone() });
    }
    let stage = Stage::Reviewed { reviewed: facts.done() };
    let duties = vec![Duty::open(guidance.institution, DutyKind::Issue, "", facts.now)];
    Ok(Guidance { stage, duties, ..guidance.clone() })
}

/// Issued guidance has a number and a day; each front institution signs for it in its days (§8.8). What it supersedes ends.
fn issue(desk: &Desk, guidance: &Guidance, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let Stage::Reviewed { reviewed } = &guidance.stage else { return Err(wrong_stage(guidance, "REVIEWED")) };
    facts.turn_of(guidance.institution)?;
    let (to, today) = (guidance.terms.to, time::town_date(facts.now));
    if to < today {
        return Err(Refusal::Validity { to, today });
    }
    supersedable(desk, guidance.institution, &guidance.terms)?;
    let designation = facts.rules.designation(guidance.institution).unwrap_or_default().to_owned();
    let issued = Issue { designation, serial: 0, by: facts.done() };
    let days = facts.rules.limits.sign_for_guidance.into();
    let sign_for = |front: &Institution| {
        Duty::open(Post::Institution(*front), DutyKind::SignFor, "", facts.now).within(days, &facts.rules.calendar)
    };
    let duties = guidance.terms.fronts.iter().map(sign_for).collect();
    let stage = Stage::Issued { reviewed: reviewed.clone(), issued };
    let after = Guidance { stage, duties, ..guidance.clone() };
    let mut events = vec![Event { change: Change::Issued, guidance: after }];
    if let Some(earlier) = &desk.earlier {
        let end = End::Superseded { by: guidance.id };
        events.push(Event { change: Change::Superseded, guidance: ended(earlier, end, &facts.done()) });
    }
    Ok(events)
}

/// The party that guides withdraws its guidance, and the leaders anybody's; a draft is dropped in the same way.
fn withdraw(guidance: &Guidance, reason: &str, facts: &Facts) -> Result<Guidance, Refusal> {
    if let Stage::Ended { .. } = guidance.stage {
        return Err(wrong_stage(guidance, "ISSUED"));
    }
    if facts.party != Some(Post::Leaders) {
        facts.turn_of(guidance.institution)?;
    }
    Ok(ended(guidance, End::Withdrawn { reason: reason.to_owned() }, &facts.done()))
}

/// Guidance after its end: nobody has to act about it any more, and with it its open objections are settled.
pub(super) fn ended(guidance: &Guidance, end: End, by: &Done) -> Guidance {
    let (outcome, text) = match &end {
        End::Withdrawn { reason } => (Outcome::Withdrawn, reason.clone()),
        End::Superseded { by } => (Outcome::Amended, by.to_string()),
    };
    let mut after = guidance.clone();
    for objection in after.objections.iter_mut().filter(|objection| objection.settled.is_none()) {
        objection.settled = Some(Settlement { outcome, text: text.clone(), by: by.clone() });
    }
    after.duties = Vec::new();
    after.stage = Stage::Ended {
        reviewed: guidance.reviewed().cloned(),
        issued: guidance.issued().cloned(),
        end,
        by: by.clone(),
    };
    after
}

/// A front institution that is guided signs once (§8.8). It may be late: the alarm has told of that.
fn sign_for(guidance: &Guidance, facts: &Facts) -> Result<Guidance, Refusal> {
    let Stage::Issued { .. } = guidance.stage else { return Err(wrong_stage(guidance, "ISSUED")) };
    let institution = guided(guidance, facts)?;
    if guidance.signing(institution).is_some() {
        return Err(Refusal::Stage { name: guidance.id.to_string(), stage: "SIGNED_FOR", wanted: "UNSIGNED" });
    }
    let mut after = guidance.clone();
    after.signings.push(Signing { institution, by: facts.done() });
    let signed = Post::Institution(institution);
    after.duties.retain(|duty| duty.party != signed || duty.kind != DutyKind::SignFor);
    Ok(after)
}

/// The front institution that acts, where the guidance is for it.
pub(super) fn guided(guidance: &Guidance, facts: &Facts) -> Result<Institution, Refusal> {
    let fronts = &guidance.terms.fronts;
    match facts.party {
        Some(Post::Institution(institution)) if fronts.contains(&institution) => Ok(institution),
        Some(Post::Institution(_) | Post::Leaders) | None => {
            let of = fronts.iter().map(|front| named(Some(Post::Institution(*front)))).collect::<Vec<_>>().join(", ");
            Err(Refusal::Turn { of })
        }
    }
}

/// What falls due raises its alarm. An objection that is not answered in its days goes to the leaders all the same (§8.8: leaders
/// settle).
fn fall_due(guidance: &Guidance, facts: &Facts) -> Option<Guidance> {
    let (mut duties, overdue) = duty::fall_due(&guidance.duties, facts.now, &facts.rules.calendar)?;
    for late in overdue.iter().filter(|duty| duty.kind == DutyKind::AnswerObjection) {
        duties.push(Duty::open(Post::Leaders, DutyKind::SettleObjection, &late.about, facts.now));
    }
    Some(Guidance { duties, ..guidance.clone() })
}

#[cfg(test)]
mod tests;
