//! Objections to guidance (relay-and-sharing.md §8.8, GUIDANCE and OBJECTION).
//!
//! Two ways lead to the leaders. To the content of guidance a front institution objects once, in its days after signing, and the
//! institution that guides answers first. That guidance is unlawful or conflicts with a grant it may say at any time, through
//! OFFICE. Until the leaders settle it, the guidance is not applied to the disputed points.

use super::decide::{OFFICE, Objecting, ended, guided};
use super::state::{End, Ground, Guidance, Objection, ObjectionId, Outcome, Settlement, Stage};
use crate::coordination::decide::{Facts, no_instruction};
use crate::coordination::duty::{self, Duty, DutyKind};
use crate::coordination::refusal::Refusal;
use crate::roster::state::Post;

/// A front institution objects.
pub(super) fn object(guidance: &Guidance, objecting: &Objecting, facts: &Facts) -> Result<Guidance, Refusal> {
    let name = guidance.id.to_string();
    let Stage::Issued { .. } = guidance.stage else {
        return Err(Refusal::Stage { name, stage: guidance.stage(), wanted: "ISSUED" });
    };
    let institution = guided(guidance, facts)?;
    let limits = &facts.rules.limits;
    let content = objecting.ground == Ground::Content;
    let before = guidance.objections.iter().find(|earlier| {
        earlier.institution == institution
            && (earlier.ground == Ground::Content) == content
            && (content || earlier.settled.is_none())
    });
    if content {
        let signing = guidance.signing(institution);
        let signing = signing.ok_or(Refusal::Stage { name, stage: "UNSIGNED", wanted: "SIGNED_FOR" })?;
        if duty::is_over(signing.by.at, limits.object.into(), facts.now, &facts.rules.calendar) {
            return Err(Refusal::ObjectionLate { days: limits.object });
        }
    }
    if let Some(before) = before {
        return Err(Refusal::Objected { objection: before.id.to_string() });
    }
    let about = objecting.id.to_string();
    let (party, kind, days) = if content {
        (guidance.institution, DutyKind::AnswerObjection, limits.answer_objection)
    } else {
        (OFFICE, DutyKind::ForwardObjection, limits.forward_objection)
    };
    let mut after = guidance.clone();
    after.duties.push(Duty::open(party, kind, &about, facts.now).within(days.into(), &facts.rules.calendar));
    after.objections.push(Objection {
        id: objecting.id,
        institution,
        ground: objecting.ground.clone(),
        reasons: objecting.reasons.clone(),
        points: objecting.points.clone(),
        by: facts.done(),
        forwarded: None,
        answer: None,
        settled: None,
    });
    Ok(after)
}

/// OFFICE forwards to the leaders what was objected through it.
pub(super) fn forward(guidance: &Guidance, which: ObjectionId, facts: &Facts) -> Result<Guidance, Refusal> {
    let mut after = guidance.clone();
    let objection = open(&mut after, which)?;
    if objection.ground == Ground::Content || objection.forwarded.is_some() {
        return Err(wrong_stage(which, objection.stage(), "OPEN"));
    }
    facts.turn_of(OFFICE)?;
    objection.forwarded = Some(facts.done());
    next(&mut after, which, facts);
    Ok(after)
}

/// The institution that guides answers once. Late is better than never; the leaders may have settled it by then.
pub(super) fn answer(guidance: &Guidance, which: ObjectionId, text: &str, facts: &Facts) -> Result<Guidance, Refusal> {
    let mut after = guidance.clone();
    let objection = open(&mut after, which)?;
    if objection.ground != Ground::Content || objection.answer.is_some() {
        return Err(wrong_stage(which, objection.stage(), "OPEN"));
    }
    facts.turn_of(guidance.institution)?;
    no_instruction(&[text])?;
    objection.answer = Some((text.to_owned(), facts.done()));
    next(&mut after, which, facts);
    Ok(after)
}

/// The leaders settle: what went through OFFICE once it was forwarded, an objection to the content once it was answered or its
/// answer is overdue. Nobody settles a dispute about his own draft (overview.md §1.6(6)).
pub(super) fn settle(
    guidance: &Guidance,
    which: ObjectionId,
    outcome: Outcome,
    text: &str,
    facts: &Facts,
) -> Result<Guidance, Refusal> {
    let mut after = guidance.clone();
    let ripe = guidance.duties.iter().any(|duty| is_about(duty, DutyKind::SettleObjection, which));
    let objection = open(&mut after, which)?;
    if !ripe {
        let wanted = if objection.ground == Ground::Content { "ANSWERED" } else { "FORWARDED" };
        return Err(wrong_stage(which, objection.stage(), wanted));
    }
    facts.turn_of(Post::Leaders)?;
    if facts.person == guidance.drafted.person {
        return Err(Refusal::FourEyes { person: facts.person.clone() });
    }
    no_instruction(&[text])?;
    objection.settled = Some(Settlement { outcome, text: text.to_owned(), by: facts.done() });
    let about = which.to_string();
    after.duties.retain(|duty| duty.about != about);
    match outcome {
        Outcome::Upheld | Outcome::Amended => Ok(after),
        Outcome::Withdrawn => Ok(ended(&after, End::Withdrawn { reason: text.to_owned() }, &facts.done())),
    }
}

fn is_about(duty: &Duty, kind: DutyKind, which: ObjectionId) -> bool {
    duty.kind == kind && duty.about == which.to_string()
}

/// The objection, where it is not settled.
fn open(guidance: &mut Guidance, which: ObjectionId) -> Result<&mut Objection, Refusal> {
    let found = guidance.objections.iter_mut().find(|objection| objection.id == which);
    match found {
        Some(objection) if objection.settled.is_none() => Ok(objection),
        Some(_) => Err(wrong_stage(which, "SETTLED", "OPEN")),
        None => Err(wrong_stage(which, "UNKNOWN", "OPEN")),
    }
}

/// The leaders are next, once.
fn next(guidance: &mut Guidance, which: ObjectionId, facts: &Facts) {
    let about = which.to_string();
    guidance.duties.retain(|duty| duty.about != about || duty.kind == DutyKind::SettleObjection);
    if !guidance.duties.iter().any(|duty| is_about(duty, DutyKind::SettleObjection, which)) {
        guidance.duties.push(Duty::open(Post::Leaders, DutyKind::SettleObjection, &about, facts.now));
    }
}

fn wrong_stage(which: ObjectionId, stage: &'static str, wanted: &'static str) -> Refusal {
    Refusal::Stage { name: which.to_string(), stage, wanted }
}
