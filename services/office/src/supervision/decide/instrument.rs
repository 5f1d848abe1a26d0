//! The supervision opinion (监督意见书; relay-and-sharing.md §8.8): facts, rule, and one of four requests. The front institution answers
//! within its days; the answer is accepted, or rejected once. It fixes no outcome and suspends nothing.

use uuid::Uuid;

use super::{acting, case, may_supervise, no_instruction, no_suspension, own};
use crate::oversight::facts::Facts;
use crate::oversight::limit::Limit;
use crate::oversight::record::{Change, name};
use crate::oversight::refusal::{EvidenceFault, Refusal};
use crate::supervision::state::{Answer, CaseLine, CaseReview, Judgement, OpinionStage, Request, SupervisionOpinion};

/// What may be done with a supervision opinion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Issue it.
    Issue(Issue),
    /// Answer it, in the name of the front institution.
    Answer {
        /// The answer.
        text: String,
    },
    /// Accept the answer.
    Accept,
    /// Reject the answer, once.
    Reject {
        /// Why.
        reason: String,
    },
    /// Close it.
    Close {
        /// How it was settled.
        note: String,
    },
    /// The clock: the answer is overdue, or its last day cannot be told, or can be told now.
    FallDue,
    /// The service that holds the case has noted it.
    Noted,
}

/// What a supervision opinion is to say.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Issue {
    /// The service that holds the case.
    pub service: String,
    /// The case.
    pub case_name: String,
    /// The review that it follows.
    pub review: Option<Uuid>,
    /// The facts.
    pub facts: String,
    /// The rule.
    pub rule: String,
    /// What it asks for.
    pub request: Request,
}

/// The review that it follows, where there is one.
pub(crate) type Beside = Option<CaseReview>;

/// Says what becomes of a supervision opinion.
///
/// # Errors
/// The first refusal that applies.
pub(crate) fn decide(
    opinion: Option<&SupervisionOpinion>,
    review: &Beside,
    id: Uuid,
    step: &Step,
    facts: &Facts,
) -> Result<Option<(SupervisionOpinion, Change)>, Refusal> {
    let Some(opinion) = opinion else {
        return match step {
            Step::Issue(issue) => Ok(Some((issued(id, issue, review.as_ref(), facts)?, Change::Issued))),
            Step::Answer { .. }
            | Step::Accept
            | Step::Reject { .. }
            | Step::Close { .. }
            | Step::FallDue
            | Step::Noted => Ok(None),
        };
    };
    let changed = |opinion, change| Ok(Some((opinion, change)));
    match step {
        Step::Issue(_) => Ok(None),
        Step::Answer { text } => changed(answered(opinion, text, facts)?, Change::Answered),
        Step::Accept => changed(accepted(opinion, facts)?, Change::Accepted),
        Step::Reject { reason } => changed(rejected(opinion, reason, facts)?, Change::Rejected),
        Step::Close { note } => changed(closed(opinion, note, facts)?, Change::Closed),
        Step::FallDue => Ok(fallen_due(opinion, facts).map(|opinion| (opinion, Change::FellDue))),
        Step::Noted if opinion.noted => Ok(None),
        Step::Noted => changed(SupervisionOpinion { noted: true, ..opinion.clone() }, Change::Noted),
    }
}

fn issued(id: Uuid, issue: &Issue, review: Option<&CaseReview>, facts: &Facts) -> Result<SupervisionOpinion, Refusal> {
    let (institution, case) = (acting(facts)?, case(facts)?);
    may_supervise(facts, case)?;
    follows(issue, review, facts)?;
    let open = case.closed.is_none().then(|| case.number());
    // An open case is named by the instrument itself, whether its text repeats the number or not.
    no_instruction(open.into_iter().chain([issue.facts.as_str()]))?;
    no_instruction([issue.facts.as_str(), issue.rule.as_str()])?;
    no_suspension([issue.facts.as_str(), issue.rule.as_str()])?;
    Ok(SupervisionOpinion {
        id,
        designation: facts.rules.designation(institution).unwrap_or_default().to_owned(),
        serial: 0,
        institution,
        service: issue.service.clone(),
        case: CaseLine::clone(case),
        review: issue.review,
        facts: issue.facts.clone(),
        rule: issue.rule.clone(),
        request: issue.request,
        issued: facts.deed(),
        limit: Limit::within(facts.now, facts.rules.answer_days, &facts.rules.calendar),
        alarmed: None,
        answers: Vec::new(),
        closed: None,
        noted: false,
    })
}

/// The review that is named is the institution's own, of that case.
fn follows(issue: &Issue, review: Option<&CaseReview>, facts: &Facts) -> Result<(), Refusal> {
    let Some(named) = issue.review else { return Ok(()) };
    let fits = review.is_some_and(|review| {
        facts.institution == Some(review.institution)
            && review.service == issue.service
            && review.case.name == issue.case_name
    });
    if fits {
        return Ok(());
    }
    Err(Refusal::Evidence { fault: EvidenceFault::NotOwn, evidence: name::<CaseReview>(named) })
}

fn at_stage(opinion: &SupervisionOpinion, wanted: OpinionStage) -> Result<(), Refusal> {
    let stage = opinion.stage();
    if stage == wanted {
        return Ok(());
    }
    let name = name::<SupervisionOpinion>(opinion.id);
    Err(Refusal::Stage { name, stage: stage.as_str(), wanted: wanted.as_str() })
}

/// The front institution answers; a late answer is taken, and stays late.
fn answered(opinion: &SupervisionOpinion, text: &str, facts: &Facts) -> Result<SupervisionOpinion, Refusal> {
    own(facts, opinion.front())?;
    at_stage(opinion, OpinionStage::Issued)?;
    let late = opinion.limit.is_over(facts.now);
    let answer = Answer { text: text.to_owned(), answered: facts.deed(), late, judged: None };
    let mut after = opinion.clone();
    after.answers.push(answer);
    Ok(after)
}

fn judged(opinion: &SupervisionOpinion, judgement: Judgement) -> SupervisionOpinion {
    let mut after = opinion.clone();
    if let Some(answer) = after.answers.last_mut() {
        answer.judged = Some(judgement);
    }
    after
}

fn accepted(opinion: &SupervisionOpinion, facts: &Facts) -> Result<SupervisionOpinion, Refusal> {
    own(facts, opinion.institution)?;
    at_stage(opinion, OpinionStage::Answered)?;
    Ok(judged(opinion, Judgement::Accepted(facts.deed())))
}

/// An answer is rejected once; the days begin anew.
fn rejected(opinion: &SupervisionOpinion, reason: &str, facts: &Facts) -> Result<SupervisionOpinion, Refusal> {
    own(facts, opinion.institution)?;
    at_stage(opinion, OpinionStage::Answered)?;
    if opinion.was_rejected() {
        let name = name::<SupervisionOpinion>(opinion.id);
        return Err(Refusal::Stage { name, stage: "REJECTED_ONCE", wanted: OpinionStage::Answered.as_str() });
    }
    let open = opinion.case.closed.is_none().then(|| opinion.case.number());
    no_instruction(open.into_iter().chain([reason]))?;
    no_suspension([reason])?;
    let after = judged(opinion, Judgement::Rejected { reason: reason.to_owned(), by: facts.deed() });
    let limit = Limit::within(facts.now, facts.rules.answer_days, &facts.rules.calendar);
    Ok(SupervisionOpinion { limit, alarmed: None, ..after })
}

/// It is closed after an answer was accepted, or after the second answer.
fn closed(opinion: &SupervisionOpinion, note: &str, facts: &Facts) -> Result<SupervisionOpinion, Refusal> {
    own(facts, opinion.institution)?;
    if opinion.stage() != OpinionStage::Answered || !opinion.was_rejected() {
        at_stage(opinion, OpinionStage::Accepted)?;
    }
    no_instruction([note])?;
    Ok(SupervisionOpinion { closed: Some((note.to_owned(), facts.deed())), ..opinion.clone() })
}

/// The last day is derived where it can be now; the alarm is raised once it is over, or at once where it cannot be told.
fn fallen_due(opinion: &SupervisionOpinion, facts: &Facts) -> Option<SupervisionOpinion> {
    if opinion.stage() != OpinionStage::Issued {
        return None;
    }
    let mut after = opinion.clone();
    if let Some(derived) = after.limit.derived(&facts.rules.calendar) {
        // The alarm that the day could not be told has done its service.
        after = SupervisionOpinion { limit: derived, alarmed: None, ..after };
    }
    if after.next().is_some_and(|next| next <= facts.now) {
        after.alarmed = Some(facts.now);
    }
    (after != *opinion).then_some(after)
}
