//! What may happen to a matter between institutions (relay-and-sharing.md §8.8).
//!
//! Nothing here commands the front desk: information tells, a clue is ENFORCEMENT's to judge, a consultation is answered in general
//! terms. Nothing leads out of CLOSED.

use std::sync::Arc;

use vocabulary::institution::Side;
use vocabulary::{FieldCode, Institution, Timestamp, time};

use super::duty::{self, Duty, DutyKind};
use super::refusal::{Refusal, SourceFault, named};
use super::settings::Rules;
use super::state::{ClueAnswer, Done, InfoKind, Item, ItemId, Matter, Progress, Reply, Signing, Supervision};
use super::words;
use crate::outcome;
use crate::roster::state::Post;

/// What is wanted of a matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Command {
    /// Which.
    pub id: ItemId,
    /// The etag that was seen; empty: any.
    pub etag: String,
    /// The step.
    pub step: Step,
}

/// A step of a matter.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Step {
    /// Open it.
    Open(Opening),
    /// Sign for work information.
    SignFor,
    /// Answer a clue.
    AnswerClue(ClueAnswer),
    /// Answer a consultation.
    AnswerConsultation {
        /// The answer.
        text: String,
    },
    /// Record the town government's answer to external supervision.
    AnswerSupervision {
        /// The number of the document.
        document_number: String,
        /// What it says.
        text: String,
    },
    /// Close external supervision.
    Close,
    /// Let fall due what is due.
    FallDue,
}

/// What is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Opening {
    /// The title.
    pub title: String,
    /// The text.
    pub text: String,
    /// What.
    pub matter: Opened,
}

/// What kind of matter is opened.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Opened {
    /// Work information.
    WorkInfo {
        /// What it tells.
        kind: InfoKind,
        /// Whom.
        to: Vec<Institution>,
    },
    /// A clue.
    Clue,
    /// A consultation.
    Consultation {
        /// Who is asked.
        to: Institution,
        /// The field.
        field: Option<FieldCode>,
    },
    /// External supervision.
    Supervision {
        /// The paper in OFFICE's inbox.
        paper: String,
        /// The stated day.
        due: Option<vocabulary::Date>,
    },
}

/// A paper that is drawn on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Source {
    /// The number of its document, as it came.
    pub document_number: String,
    /// Its title.
    pub title: String,
    /// Whether it went back.
    pub returned: bool,
    /// Whether external supervision was opened from it.
    pub opened: bool,
}

/// What lies on the desk: the matter, where it exists, and the paper that it is opened from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Desk {
    /// The matter.
    pub item: Option<Item>,
    /// The paper.
    pub source: Option<Source>,
}

/// What the outside world knows.
#[derive(Clone, Debug)]
pub(crate) struct Facts {
    /// The town time.
    pub now: Timestamp,
    /// For whom the person acts; none for the service itself.
    pub party: Option<Post>,
    /// Who acts.
    pub person: String,
    /// The rules of the town.
    pub rules: Arc<Rules>,
}

impl Facts {
    /// What the person does now.
    pub(crate) fn done(&self) -> Done {
        Done { person: self.person.clone(), at: self.now }
    }

    /// It is this party's turn (overview.md §1.4).
    pub(crate) fn turn_of(&self, party: Post) -> Result<(), Refusal> {
        if self.party == Some(party) { Ok(()) } else { Err(Refusal::Turn { of: party.code().to_owned() }) }
    }
}

/// Which step an event is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Change {
    /// It was opened.
    Opened,
    /// An institution signed for it.
    SignedFor,
    /// It was answered.
    Answered,
    /// It was closed.
    Closed,
    /// An alarm was raised, or a day derived.
    Alarmed,
}

/// The matter as it stands after a step.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Event {
    /// Which step.
    pub change: Change,
    /// The matter.
    pub item: Item,
}

const OFFICE: Post = Post::Institution(Institution::Office);
const ENFORCEMENT: Post = Post::Institution(Institution::Enforcement);

/// Says what happens to a matter, or why not.
pub(crate) fn decide(desk: &Desk, id: ItemId, step: &Step, facts: &Facts) -> Result<Vec<Event>, Refusal> {
    let Some(item) = &desk.item else {
        let Step::Open(opening) = step else { return Ok(Vec::new()) };
        return open(desk.source.as_ref(), id, opening, facts).map(|item| vec![Event { change: Change::Opened, item }]);
    };
    let event = match step {
        Step::Open(_) => None,
        Step::SignFor => Some(sign_for(item, facts)?),
        Step::AnswerClue(answer) => Some(answer_clue(item, answer, facts)?),
        Step::AnswerConsultation { text } => Some(answer_consultation(item, text, facts)?),
        Step::AnswerSupervision { document_number, text } => {
            Some(answer_supervision(item, document_number, text, facts)?)
        }
        Step::Close => Some(close(item, facts)?),
        Step::FallDue => duty::fall_due(&item.duties, facts.now, &facts.rules.calendar)
            .map(|(duties, _)| Event { change: Change::Alarmed, item: Item { duties, ..item.clone() } }),
    };
    Ok(event.into_iter().collect())
}

/// The desk after an event.
pub(crate) fn apply(desk: Desk, event: &Event) -> Desk {
    Desk { item: Some(event.item.clone()), ..desk }
}

/// No text about a case fixes its outcome (overview.md §1.5).
pub(crate) fn no_instruction(texts: &[&str]) -> Result<(), Refusal> {
    outcome::instruction(texts.iter().copied()).map_or(Ok(()), |found| Err(Refusal::CaseInstruction(found)))
}

fn open(source: Option<&Source>, id: ItemId, opening: &Opening, facts: &Facts) -> Result<Item, Refusal> {
    let Opening { title, text, matter } = opening;
    let institution = match facts.party {
        Some(Post::Institution(institution)) => institution,
        Some(Post::Leaders) | None => return Err(Refusal::Turn { of: "an institution".to_owned() }),
    };
    let (to, matter, duties) = match matter {
        Opened::WorkInfo { kind, to } => work_info(opening, *kind, to, institution, facts)?,
        Opened::Clue => clue(opening, institution, facts)?,
        Opened::Consultation { to, field } => consultation(opening, *to, field.as_ref(), institution, facts)?,
        Opened::Supervision { paper, due } => supervision(source, paper, *due, institution, facts)?,
    };
    let title = match (&matter, source) {
        (Matter::Supervision { .. }, Some(source)) => &source.title,
        _ => title,
    };
    let (title, text, opened) = (title.clone(), text.clone(), facts.done());
    Ok(Item { id, from: Post::Institution(institution), to, title, text, opened, matter, duties })
}

type Parts = (Vec<Post>, Matter, Vec<Duty>);

/// WORK_INFO: both ways, without the force of a command; statistics in sums; a hazard is signed for in its days (§8.8).
fn work_info(
    opening: &Opening,
    kind: InfoKind,
    to: &[Institution],
    from: Institution,
    facts: &Facts,
) -> Result<Parts, Refusal> {
    let texts = [opening.title.as_str(), opening.text.as_str()];
    if to.is_empty() || to.contains(&from) {
        let to = to.iter().map(|institution| institution.code()).collect::<Vec<_>>().join(", ");
        return Err(Refusal::Addressee { from: from.code().to_owned(), to });
    }
    no_instruction(&texts)?;
    if let Some(words) = texts.into_iter().find_map(words::commanding) {
        return Err(Refusal::DirectiveWords { words: words.to_owned() });
    }
    let today = time::town_date(facts.now);
    if kind == InfoKind::Statistics && texts.into_iter().any(|text| words::tells_of_one(text, today)) {
        return Err(Refusal::UnitData);
    }
    let duty = |institution: &Institution| {
        let duty = Duty::open(Post::Institution(*institution), DutyKind::SignFor, "", facts.now);
        let days = facts.rules.limits.sign_for_hazard.into();
        if kind == InfoKind::Hazard { duty.within(days, &facts.rules.calendar) } else { duty }
    };
    let parties = to.iter().map(|institution| Post::Institution(*institution)).collect();
    Ok((parties, Matter::WorkInfo { kind, signings: Vec::new() }, to.iter().map(duty).collect()))
}

/// CLUE: from any institution to ENFORCEMENT, which judges it by itself (§8.8).
fn clue(opening: &Opening, from: Institution, facts: &Facts) -> Result<Parts, Refusal> {
    if from == Institution::Enforcement {
        return Err(Refusal::Addressee { from: from.code().to_owned(), to: from.code().to_owned() });
    }
    no_instruction(&[&opening.title, &opening.text])?;
    let days = facts.rules.limits.answer_clue.into();
    let duty = Duty::open(ENFORCEMENT, DutyKind::AnswerClue, "", facts.now).within(days, &facts.rules.calendar);
    Ok((vec![ENFORCEMENT], Matter::Clue { answer: None }, vec![duty]))
}

/// CONSULT: a front institution asks a back one what its policy means, in general terms (§8.8).
fn consultation(
    opening: &Opening,
    to: Institution,
    field: Option<&FieldCode>,
    from: Institution,
    facts: &Facts,
) -> Result<Parts, Refusal> {
    if from.side() != Side::Front || to.side() != Side::Back {
        return Err(Refusal::Addressee { from: from.code().to_owned(), to: to.code().to_owned() });
    }
    if let Some(field) = field.filter(|field| facts.rules.supervisor(field) != Some(to)) {
        return Err(Refusal::Field { field: field.to_string(), institution: to.code().to_owned() });
    }
    no_instruction(&[&opening.title, &opening.text])?;
    let (party, days) = (Post::Institution(to), facts.rules.limits.answer_consultation.into());
    let duty = Duty::open(party, DutyKind::AnswerConsultation, "", facts.now).within(days, &facts.rules.calendar);
    Ok((vec![party], Matter::Consultation { field: field.cloned(), answer: None }, vec![duty]))
}

/// EXTERNAL SUPERVISION: opened by OFFICE from a paper in its inbox, routed to the leaders and ENFORCEMENT, due as stated (§8.8;
/// 行政执法监督条例).
fn supervision(
    source: Option<&Source>,
    paper: &str,
    due: Option<vocabulary::Date>,
    from: Institution,
    facts: &Facts,
) -> Result<Parts, Refusal> {
    if from != Institution::Office {
        return Err(Refusal::Addressee { from: from.code().to_owned(), to: Post::Leaders.code().to_owned() });
    }
    let fault = |fault| Refusal::Source { paper: paper.to_owned(), fault };
    let source = source.ok_or_else(|| fault(SourceFault::Elsewhere))?;
    if source.returned {
        return Err(fault(SourceFault::Returned));
    }
    if source.opened {
        return Err(fault(SourceFault::Opened));
    }
    let to = vec![Post::Leaders, ENFORCEMENT];
    let duty = |party: &Post| Duty::open(*party, DutyKind::AnswerSupervision, "", facts.now).by(due);
    let duties = to.iter().map(duty).collect();
    let demand = Supervision { paper: paper.to_owned(), document_number: source.document_number.clone(), due };
    Ok((to, Matter::Supervision { demand, progress: Progress::Open }, duties))
}

fn wrong_stage(item: &Item, wanted: &'static str) -> Refusal {
    Refusal::Stage { name: item.id.to_string(), stage: item.stage(), wanted }
}

/// The institution that was told signs for work information, once.
fn sign_for(item: &Item, facts: &Facts) -> Result<Event, Refusal> {
    let Matter::WorkInfo { kind, signings } = &item.matter else { return Err(wrong_stage(item, "UNSIGNED")) };
    let receiver = facts.party.filter(|party| item.to.contains(party));
    let Some(Post::Institution(institution)) = receiver else {
        let of = item.to.iter().map(|party| party.code()).collect::<Vec<_>>().join(", ");
        return Err(Refusal::Turn { of });
    };
    if signings.iter().any(|signing| signing.institution == institution) {
        return Err(Refusal::Stage { name: item.id.to_string(), stage: "SIGNED_FOR", wanted: "UNSIGNED" });
    }
    let mut signings = signings.clone();
    signings.push(Signing { institution, by: facts.done() });
    let duties = item.duties.iter().filter(|duty| Some(duty.party) != receiver).cloned().collect();
    let item = Item { matter: Matter::WorkInfo { kind: *kind, signings }, duties, ..item.clone() };
    Ok(Event { change: Change::SignedFor, item })
}

/// ENFORCEMENT answers a clue once: filed as a case, or not filed for a reason (§8.8).
fn answer_clue(item: &Item, answer: &ClueAnswer, facts: &Facts) -> Result<Event, Refusal> {
    let Matter::Clue { answer: None } = &item.matter else { return Err(wrong_stage(item, "OPEN")) };
    facts.turn_of(ENFORCEMENT)?;
    let matter = Matter::Clue { answer: Some((answer.clone(), facts.done())) };
    Ok(Event { change: Change::Answered, item: Item { matter, duties: Vec::new(), ..item.clone() } })
}

/// The institution that was asked answers once, in general terms (§8.8).
fn answer_consultation(item: &Item, text: &str, facts: &Facts) -> Result<Event, Refusal> {
    let Matter::Consultation { field, answer: None } = &item.matter else { return Err(wrong_stage(item, "OPEN")) };
    if !facts.party.is_some_and(|party| item.to.contains(&party)) {
        return Err(Refusal::Turn { of: named(item.to.first().copied()) });
    }
    no_instruction(&[&item.title, text])?;
    let answer = Some(Reply { document_number: String::new(), text: text.to_owned(), by: facts.done() });
    let matter = Matter::Consultation { field: field.clone(), answer };
    Ok(Event { change: Change::Answered, item: Item { matter, duties: Vec::new(), ..item.clone() } })
}

/// The town government answers external supervision by a document; OFFICE records it, and closes the matter afterwards (§8.8).
fn answer_supervision(item: &Item, document_number: &str, text: &str, facts: &Facts) -> Result<Event, Refusal> {
    let Matter::Supervision { demand, progress: Progress::Open } = &item.matter else {
        return Err(wrong_stage(item, "OPEN"));
    };
    facts.turn_of(OFFICE)?;
    let reply = Reply { document_number: document_number.to_owned(), text: text.to_owned(), by: facts.done() };
    let matter = Matter::Supervision { demand: demand.clone(), progress: Progress::Answered(reply) };
    let duties = vec![Duty::open(OFFICE, DutyKind::CloseSupervision, "", facts.now)];
    Ok(Event { change: Change::Answered, item: Item { matter, duties, ..item.clone() } })
}

fn close(item: &Item, facts: &Facts) -> Result<Event, Refusal> {
    let Matter::Supervision { demand, progress: Progress::Answered(reply) } = &item.matter else {
        return Err(wrong_stage(item, "ANSWERED"));
    };
    facts.turn_of(OFFICE)?;
    let progress = Progress::Closed(reply.clone(), facts.done());
    let matter = Matter::Supervision { demand: demand.clone(), progress };
    Ok(Event { change: Change::Closed, item: Item { matter, duties: Vec::new(), ..item.clone() } })
}

#[cfg(test)]
mod tests;
