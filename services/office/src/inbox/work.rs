//! What is done about a paper after its first check (承办、传阅、催办、答复), and until when it is due.
//!
//! How far it is, is its [`Phase`]; what was done to get there is kept beside it. Whatever was reported more than once is kept in
//! its last form, and in the journal in every form.

use std::collections::BTreeMap;

use vocabulary::{Date, Deadline, Institution, Timestamp};

use super::state::{Paper, PaperName, Stage};

/// Something that was done by a person.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Deed {
    /// For whom the person acted.
    pub by: By,
    /// The person; empty where no person did it.
    pub person: String,
    /// When.
    pub at: Timestamp,
    /// The words to it.
    pub words: String,
}

/// For whom somebody acts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum By {
    /// For an institution.
    Institution(Institution),
    /// For the leaders of the town.
    Leaders,
    /// The town's service itself.
    Service,
}

impl By {
    /// The institution, where it is one.
    #[must_use]
    pub const fn institution(self) -> Option<Institution> {
        match self {
            Self::Institution(institution) => Some(institution),
            Self::Leaders | Self::Service => None,
        }
    }
}

/// How far the work on a checked paper is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// It is assigned to nobody, or no longer.
    #[default]
    Checked,
    /// It is assigned.
    Assigned,
    /// The lead accepted it.
    Accepted,
    /// The lead is at work, and said so.
    InProgress,
    /// It became guidance for the front.
    GuidanceIssued,
    /// The result is reported.
    Reported,
    /// The result is accepted (办结).
    Completed,
    /// The sender has an answer (答复).
    Replied,
    /// It is archived (归档).
    Archived,
}

impl Phase {
    /// Every phase.
    pub const ALL: [Self; 9] = [
        Self::Checked,
        Self::Assigned,
        Self::Accepted,
        Self::InProgress,
        Self::GuidanceIssued,
        Self::Reported,
        Self::Completed,
        Self::Replied,
        Self::Archived,
    ];

    /// The phase as stored and shown.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Checked => "CHECKED",
            Self::Assigned => "ASSIGNED",
            Self::Accepted => "ACCEPTED",
            Self::InProgress => "IN_PROGRESS",
            Self::GuidanceIssued => "GUIDANCE_ISSUED",
            Self::Reported => "REPORTED",
            Self::Completed => "COMPLETED",
            Self::Replied => "REPLIED",
            Self::Archived => "ARCHIVED",
        }
    }

    /// Reads a stored phase.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|phase| phase.as_str() == text)
    }

    /// Whether the paper is being handled: accepted, and no result reported yet.
    #[must_use]
    pub const fn handling(self) -> bool {
        matches!(self, Self::Accepted | Self::InProgress | Self::GuidanceIssued)
    }
}

/// The work on a checked paper.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Work {
    /// How far it is.
    pub phase: Phase,
    /// What a leader instructed (批示).
    pub instruction: Option<Instruction>,
    /// To whom it is assigned.
    pub assignment: Option<Assignment>,
    /// The assignments that were refused.
    pub refusals: Vec<Deed>,
    /// How the lead accepted it.
    pub acceptance: Option<Deed>,
    /// The last report of progress.
    pub progress: Option<Progress>,
    /// How often progress was reported.
    pub progress_count: i32,
    /// The parts that co-handlers have done.
    pub parts: Vec<Deed>,
    /// The readers who have read it.
    pub reads: Vec<Deed>,
    /// The guidance that it became.
    pub guidance: Option<String>,
    /// The result that was reported last.
    pub report: Option<Deed>,
    /// The check that accepted the result, and whether it had been reported in time.
    pub completion: Option<(Deed, Punctuality)>,
    /// The answer.
    pub reply: Option<Reply>,
    /// How it was archived.
    pub archive: Option<Deed>,
    /// The extension that was asked for.
    pub extension: Option<Extension>,
}

/// Whether something was done in time.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Punctuality {
    /// In time, or there was no due.
    OnTime,
    /// Too late.
    Late,
}

/// What a leader wrote on a paper (批示).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Instruction {
    /// The leader.
    pub leader: String,
    /// The words.
    pub text: String,
    /// Who put it on record.
    pub person: String,
    /// When.
    pub at: Timestamp,
}

/// What is to be done about a paper (办理类别).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ActionClass {
    /// To be read (阅知).
    Read,
    /// To be read and handled (阅办).
    Handle,
    /// To be handled as a leader instructs (批办).
    Instructed,
    /// To be passed on and handled (转办).
    Forward,
}

impl ActionClass {
    /// Reads the word of a paper.
    #[must_use]
    pub fn parse(word: &str) -> Option<Self> {
        match word {
            "阅知" => Some(Self::Read),
            "阅办" => Some(Self::Handle),
            "批办" => Some(Self::Instructed),
            "转办" => Some(Self::Forward),
            _ => None,
        }
    }
}

/// To whom a paper is assigned.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// What is to be done.
    pub class: ActionClass,
    /// The institution that leads (主办); none where it is only to be read.
    pub lead: Option<Institution>,
    /// Those that help (协办).
    pub co_handlers: Vec<Institution>,
    /// Those that read it (传阅).
    pub readers: Vec<Institution>,
    /// The persons whom a bureau names in its own inbox.
    pub persons: Vec<String>,
    /// Whether the sender waits for an answer.
    pub answer: Answer,
    /// Who assigned it.
    pub person: String,
    /// When.
    pub at: Timestamp,
    /// Who decided.
    pub decided: DecidedBy,
}

/// Whether the sender waits for an answer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Answer {
    /// He does.
    Wanted,
    /// He does not.
    NotWanted,
}

/// Who decided an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DecidedBy {
    /// Those who work the inbox.
    Inbox,
    /// The leaders, after two refusals.
    Leaders,
}

/// What an institution has to do with an assigned paper.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Part {
    /// It leads.
    Lead,
    /// It helps.
    CoHandler,
    /// It reads.
    Reader,
}

impl Part {
    /// The part as stored.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Lead => "LEAD",
            Self::CoHandler => "CO_HANDLER",
            Self::Reader => "READER",
        }
    }
}

impl Assignment {
    /// Every institution that has a part.
    pub fn parts(&self) -> impl Iterator<Item = (Institution, Part)> + '_ {
        let lead = self.lead.iter().map(|it| (*it, Part::Lead));
        let helping = self.co_handlers.iter().map(|it| (*it, Part::CoHandler));
        lead.chain(helping).chain(self.readers.iter().map(|it| (*it, Part::Reader)))
    }
}

impl Work {
    /// The part that an institution has.
    #[must_use]
    pub fn part_of(&self, institution: Institution) -> Option<Part> {
        self.assignment.as_ref()?.parts().find(|(it, _)| *it == institution).map(|(_, part)| part)
    }

    /// The institutions that have a part and have not done it.
    #[must_use]
    pub fn missing(&self, part: Part) -> Vec<Institution> {
        let done = |institution: Institution| {
            let deeds = if part == Part::CoHandler { &self.parts } else { &self.reads };
            deeds.iter().any(|deed| deed.by.institution() == Some(institution))
        };
        let parts = self.assignment.iter().flat_map(Assignment::parts);
        parts.filter(|(it, of)| *of == part && !done(*it)).map(|(it, _)| it).collect()
    }

    /// Whether the sender waits for an answer that was not sent.
    #[must_use]
    pub fn answer_missing(&self) -> bool {
        let wanted = self.assignment.as_ref().is_some_and(|it| it.answer == Answer::Wanted);
        wanted && self.reply.is_none()
    }
}

/// How far the handling is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Progress {
    /// In per cent.
    pub percent: i32,
    /// In words.
    pub words: String,
    /// What shows it.
    pub evidence: Vec<String>,
    /// Who said so, and when.
    pub deed: Deed,
}

/// An answer that was sent.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Reply {
    /// The number of the answering document.
    pub document_number: String,
    /// The outgoing dispatch.
    pub dispatch: String,
    /// When.
    pub at: Timestamp,
}

/// An extension that the lead asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Extension {
    /// The due that is asked for.
    pub due: Date,
    /// Who asked, when and why.
    pub request: Deed,
    /// Who decided, and what.
    pub decision: Option<(Deed, Decision)>,
}

/// What was decided about an extension.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Decision {
    /// It is granted.
    Granted,
    /// It is refused.
    Refused,
}

/// Until when a paper is to be handled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Due {
    /// The last day, in time until it ends at 24:00.
    pub last: Deadline,
    /// What it rests on.
    pub source: DueSource,
    /// Since when it stands.
    pub since: Timestamp,
}

/// What a due rests on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DueSource {
    /// The sender states it on the paper.
    Sender,
    /// The limit of the urgency.
    Urgency,
    /// The assignment.
    Assignment,
    /// An extension.
    Extension,
}

/// What the clock alarms about, in the order in which alarms of one instant are raised.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Alarm {
    /// The limit to sign for it is over (§8.2).
    SignFor,
    /// The due cannot be told for want of a calendar.
    Undetermined,
    /// A report of progress is missing.
    Progress,
    /// The due comes near (催办).
    Reminder,
    /// One working day is left.
    Yellow,
    /// The due is over (督办).
    Red,
    /// The due of the supervision order is over too.
    Leaders,
    /// It should have been archived.
    Archive,
}

impl Alarm {
    /// Whether a new due begins its count anew.
    #[must_use]
    pub const fn of_due(self) -> bool {
        matches!(self, Self::Undetermined | Self::Reminder | Self::Yellow | Self::Red | Self::Leaders)
    }
}

/// A supervision order (督办单).
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Supervision {
    /// Its number in the series of the year. Taken after the decision, in the same transaction.
    pub number: i64,
    /// The year of the series.
    pub year: i16,
    /// The matter.
    pub matter: String,
    /// Who must act.
    pub responsible: Institution,
    /// The new due.
    pub due: Deadline,
    /// When it was issued.
    pub at: Timestamp,
}

/// The county's recall.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Recall {
    /// The document by which it is recalled.
    pub document_number: String,
    /// Why.
    pub reason: String,
    /// When.
    pub at: Timestamp,
}

/// The county's urging.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Urge {
    /// Its id.
    pub urge: String,
    /// The words.
    pub note: String,
    /// When.
    pub at: Timestamp,
}

/// What is kept of a paper beside its stage: its due, its alarms, and its links to other papers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Dossier {
    /// Until when it is to be handled.
    pub due: Option<Due>,
    /// The alarms that were raised, each with its last instant.
    pub alarms: BTreeMap<Alarm, Timestamp>,
    /// The supervision order that was issued last.
    pub supervision: Option<Supervision>,
    /// The paper that this one replaces.
    pub supersedes: Option<PaperName>,
    /// The paper that replaces this one.
    pub superseded_by: Option<PaperName>,
    /// The paper that this one was before it was transferred.
    pub transferred_from: Option<PaperName>,
    /// How often the county urged it.
    pub urge_count: i32,
    /// The last urge.
    pub last_urge: Option<Urge>,
}

impl Paper {
    /// The work on it while it is this inbox's to work: checked, and neither sent back nor gone elsewhere.
    #[must_use]
    pub fn at_work(&self) -> Option<&Work> {
        if let Stage::Worked { work, .. } = &self.stage { Some(work) } else { None }
    }

    /// The work on it while somebody is to handle it.
    #[must_use]
    pub fn handled(&self) -> Option<&Work> {
        self.at_work().filter(|work| work.phase == Phase::Assigned || work.phase.handling())
    }
}
