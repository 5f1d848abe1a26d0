//! Samples, reviews, supervision opinions and proposals to call somebody to account. Nothing of what was issued, answered or heard
//! ever changes; steps add to it.

use std::fmt;

use uuid::Uuid;
use vocabulary::{Date, FieldCode, Institution, SampleSize, Sm3Digest, Timestamp};

use crate::oversight::facts::Deed;
use crate::oversight::limit::Limit;
use crate::oversight::wire::year;

/// A quarter of a year, written `2026Q1`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Quarter {
    year: i16,
    number: i8,
}

impl Quarter {
    /// Reads a quarter in its one spelling.
    pub(crate) fn parse(text: &str) -> Option<Self> {
        let (year, number) = text.split_once('Q')?;
        let year = (year.len() == 4).then(|| year.parse().ok()).flatten()?;
        let parsed = Self { year, number: number.parse().ok()? };
        ((1..=4).contains(&parsed.number) && year >= 1 && parsed.to_string() == text).then_some(parsed)
    }

    /// The quarter of a day.
    pub(crate) fn of(day: Date) -> Self {
        Self { year: day.year(), number: (day.month() - 1) / 3 + 1 }
    }

    /// Its first day.
    pub(crate) fn first_day(self) -> Date {
        Date::new(self.year, self.number * 3 - 2, 1).unwrap_or(Date::MIN)
    }

    /// The first day after it.
    pub(crate) fn end(self) -> Date {
        let after = if self.number == 4 {
            Self { year: self.year.saturating_add(1), number: 1 }
        } else {
            Self { number: self.number + 1, ..self }
        };
        Date::new(after.year, after.number * 3 - 2, 1).unwrap_or(Date::MAX)
    }
}

impl fmt::Display for Quarter {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:04}Q{}", self.year, self.number)
    }
}

/// What is known of a case: its status line.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CaseLine {
    /// Its name: `cases/{number}`.
    pub name: String,
    /// The kind of case, in words.
    pub kind: String,
    /// What it is about, in general words.
    pub matter: String,
    /// Its field.
    pub field: FieldCode,
    /// The front institution that handles it.
    pub handler: Institution,
    /// The institution that supervises it.
    pub supervisor: Institution,
    /// The stage, in the words of its service.
    pub stage: String,
    /// When it was opened.
    pub opened: Date,
    /// The last day of its time limit.
    pub due: Option<Date>,
    /// When it was closed; none while it is open.
    pub closed: Option<Date>,
    /// Who handled it.
    pub handled_by: Vec<String>,
}

impl CaseLine {
    /// The number in its name.
    pub(crate) fn number(&self) -> &str {
        self.name.strip_prefix("cases/").unwrap_or(&self.name)
    }
}

/// What was drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct DrawnSample {
    /// How many cases were closed.
    pub listed: usize,
    /// The digest of their list.
    pub list_digest: Sm3Digest,
    /// The cases that were drawn, in the order of the draw.
    pub cases: Vec<String>,
    /// By which size.
    pub size: SampleSize,
    /// Who drew, and when.
    pub drawn: Deed,
}

/// A sample of closed cases.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sample {
    /// Its id.
    pub id: Uuid,
    /// The quarter.
    pub quarter: Quarter,
    /// The field.
    pub field: FieldCode,
    /// The service that holds the cases.
    pub service: String,
    /// Whose it is.
    pub institution: Institution,
    /// The seed of the draw.
    pub seed: String,
    /// Who planned it, and when.
    pub planned: Deed,
    /// The draw, once it was drawn.
    pub draw: Option<DrawnSample>,
}

/// Quarter, field and service, as samples and reviews are found by.
pub(crate) fn scope(quarter: Quarter, field: &FieldCode, service: &str) -> String {
    format!("{quarter}/{field}/{service}")
}

/// What a review found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Finding {
    /// The fact.
    pub fact: String,
    /// The rule that it offends.
    pub rule: String,
}

/// The review of a closed case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct CaseReview {
    /// Its id.
    pub id: Uuid,
    /// The service that holds the case.
    pub service: String,
    /// The case.
    pub case: CaseLine,
    /// The quarter in which it was closed.
    pub quarter: Quarter,
    /// Whose review it is.
    pub institution: Institution,
    /// What was found.
    pub findings: Vec<Finding>,
    /// Who reviewed it, and when.
    pub reviewed: Deed,
}

/// What a supervision opinion asks for (§8.8). There is nothing else to ask for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Request {
    /// Explain.
    Explain,
    /// Examine again.
    ReExamine,
    /// Put the procedure right.
    CorrectProcedure,
    /// Report.
    Report,
}

/// What became of an answer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Judgement {
    /// It was accepted.
    Accepted(Deed),
    /// It was rejected.
    Rejected {
        /// Why.
        reason: String,
        /// By whom, and when.
        by: Deed,
    },
}

/// An answer to a supervision opinion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Answer {
    /// The answer.
    pub text: String,
    /// Who gave it, and when.
    pub answered: Deed,
    /// Whether it came after the last day.
    pub late: bool,
    /// What became of it.
    pub judged: Option<Judgement>,
}

/// A supervision opinion.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct SupervisionOpinion {
    /// Its id.
    pub id: Uuid,
    /// The designation of its number.
    pub designation: String,
    /// The serial of the year; 0 until it is taken.
    pub serial: i64,
    /// Whose it is.
    pub institution: Institution,
    /// The service that holds the case.
    pub service: String,
    /// The case; its handler is the front institution that answers.
    pub case: CaseLine,
    /// The review that it follows.
    pub review: Option<Uuid>,
    /// The facts.
    pub facts: String,
    /// The rule.
    pub rule: String,
    /// What it asks for.
    pub request: Request,
    /// Who issued it, and when.
    pub issued: Deed,
    /// By when the front institution answers, or had to.
    pub limit: Limit,
    /// When the alarm was raised.
    pub alarmed: Option<Timestamp>,
    /// The answers.
    pub answers: Vec<Answer>,
    /// How it was closed, and by whom.
    pub closed: Option<(String, Deed)>,
    /// Whether the service that holds the case has noted it.
    pub noted: bool,
}

/// How far a supervision opinion is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpinionStage {
    /// An answer is due.
    Issued,
    /// Answered.
    Answered,
    /// The answer was accepted.
    Accepted,
    /// Closed.
    Closed,
}

impl OpinionStage {
    /// The word of the column.
    pub(crate) const fn as_str(self) -> &'static str {
        match self {
            Self::Issued => "ISSUED",
            Self::Answered => "ANSWERED",
            Self::Accepted => "ACCEPTED",
            Self::Closed => "CLOSED",
        }
    }
}

impl SupervisionOpinion {
    /// The number: designation, year and serial.
    pub(crate) fn number(&self) -> String {
        format!("{}〔{}〕{}号", self.designation, year(self.issued.at), self.serial)
    }

    /// The front institution that answers.
    pub(crate) const fn front(&self) -> Institution {
        self.case.handler
    }

    /// How far it is.
    pub(crate) fn stage(&self) -> OpinionStage {
        if self.closed.is_some() {
            return OpinionStage::Closed;
        }
        match self.answers.last().map(|answer| &answer.judged) {
            None | Some(Some(Judgement::Rejected { .. })) => OpinionStage::Issued,
            Some(None) => OpinionStage::Answered,
            Some(Some(Judgement::Accepted(_))) => OpinionStage::Accepted,
        }
    }

    /// Whether an answer was rejected.
    pub(crate) fn was_rejected(&self) -> bool {
        self.answers.iter().any(|answer| matches!(answer.judged, Some(Judgement::Rejected { .. })))
    }

    /// Whether an answer is due and its last day is over.
    pub(crate) fn is_overdue(&self, now: Timestamp) -> bool {
        self.stage() == OpinionStage::Issued && self.limit.is_over(now)
    }

    /// When the alarm is to be raised: when the answer is overdue, or at once where its last day cannot be told.
    pub(crate) fn next(&self) -> Option<Timestamp> {
        match (self.stage(), self.alarmed, self.limit.missing_year()) {
            (OpinionStage::Issued, None, Some(_)) => Some(self.limit.since),
            (OpinionStage::Issued, None, None) => self.limit.over_at(),
            (OpinionStage::Issued, Some(_), _)
            | (OpinionStage::Answered | OpinionStage::Accepted | OpinionStage::Closed, ..) => None,
        }
    }
}

/// To whom a proposal goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Addressee {
    /// The leaders.
    Leaders,
    /// PERSONNEL.
    Personnel,
    /// The discipline body.
    Discipline,
}

/// What kind of fault it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Fault {
    /// Persistent.
    Persistent,
    /// Serious.
    Serious,
}

/// How a person was heard.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Hearing {
    /// What the person said; none where the person did not want to say anything.
    pub statement: Option<String>,
    /// The day.
    pub date: Date,
    /// Who recorded it, and when.
    pub recorded: Deed,
}

/// A proposal to call somebody to account. It decides nothing.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Accountability {
    /// Its id.
    pub id: Uuid,
    /// Who proposes.
    pub institution: Institution,
    /// The person concerned.
    pub person: String,
    /// The front institution of that person.
    pub front: Institution,
    /// To whom it goes.
    pub addressee: Addressee,
    /// What kind of fault it is.
    pub fault: Fault,
    /// The facts.
    pub facts: String,
    /// The evidence.
    pub evidence: Vec<String>,
    /// Who proposed it, and when.
    pub proposed: Deed,
    /// The hearing.
    pub hearing: Option<Hearing>,
    /// The document under which it was handed over, and by whom.
    pub handed_over: Option<(String, Deed)>,
}

impl Accountability {
    /// How far it is.
    pub(crate) const fn stage(&self) -> &'static str {
        match (&self.hearing, &self.handed_over) {
            (_, Some(_)) => "HANDED_OVER",
            (Some(_), None) => "HEARD",
            (None, None) => "PROPOSED",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn a_quarter_has_three_months() {
        let quarter = Quarter::parse("2025Q4").expect("a quarter");
        assert_eq!((quarter.first_day(), quarter.end()), (Date::constant(2025, 10, 1), Date::constant(2026, 1, 1)));
        assert_eq!(Quarter::of(Date::constant(2026, 3, 31)).to_string(), "2026Q1");
        for other in ["", "2026", "2026Q0", "2026Q5", "26Q1", "2026q1", "2026Q01", "+026Q1", "2026Q1 ", "0000Q1"] {
            assert_eq!(Quarter::parse(other), None, "{other}");
        }
    }

    proptest! {
        #[test]
        fn a_day_lies_in_its_quarter(days in 0..36_500_i32) {
            let day = Date::constant(1990, 1, 1).checked_add(jiff::Span::new().days(days)).expect("a day");
            let quarter = Quarter::of(day);
            prop_assert!(quarter.first_day() <= day && day < quarter.end());
            prop_assert_eq!(Quarter::parse(&quarter.to_string()), Some(quarter));
            prop_assert_eq!(Quarter::of(quarter.end()).first_day(), quarter.end());
        }
    }
}
