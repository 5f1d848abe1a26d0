//! How a supervision opinion is kept and shown.

use runtime::db::Connection;
use runtime::journal::Record as Entry;
use runtime::numbers::{Series, Taken};
use runtime::refusal::Denial;
use townlink_proto::townlink::office::v1 as pb;
use uuid::Uuid;
use vocabulary::{Institution, Timestamp};

use super::line::{line, read_line};
use crate::fields::instant_to_wire;
use crate::oversight::facts::Facts;
use crate::oversight::record::{Change, Columns, Party, Resource, Viewer, id, name};
use crate::oversight::refusal::Refusal;
use crate::oversight::wire::{deed, limit, read_deed, read_limit, read_some_deed, read_some_instant, year};
use crate::supervision::decide::instrument::{Beside, Step, decide};
use crate::supervision::state::{Answer, CaseReview, Judgement, OpinionStage, Request, SupervisionOpinion};
use crate::supervision::store;

impl Resource for SupervisionOpinion {
    type Shown = pb::SupervisionOpinion;
    type Step = Step;
    type Beside = Beside;

    const TYPE: &'static str = "SUPERVISION_OPINION";
    const COLLECTION: &'static str = "supervisionOpinions";
    const KIND: &'static str = "office.townlink/SupervisionOpinion";

    fn id(&self) -> Uuid {
        self.id
    }

    async fn beside(sql: &mut Connection, _: Uuid, step: &Step, _: &Facts) -> Result<Beside, Denial> {
        match step {
            Step::Issue(issue) => store::review(sql, issue.review).await,
            Step::Answer { .. }
            | Step::Accept
            | Step::Reject { .. }
            | Step::Close { .. }
            | Step::FallDue
            | Step::Noted => Ok(None),
        }
    }

    fn decide(
        record: Option<&Self>,
        beside: &Beside,
        id: Uuid,
        step: &Step,
        facts: &Facts,
    ) -> Result<Option<(Self, Change)>, Refusal> {
        decide(record, beside, id, step, facts)
    }

    fn makes(step: &Step) -> bool {
        matches!(step, Step::Issue(_))
    }

    fn columns(&self) -> Columns {
        let due = self.stage() == OpinionStage::Issued;
        Columns {
            unique_key: None,
            scope: None,
            subject: Some(self.case.name.clone()),
            institution: self.institution.code().to_owned(),
            stage: self.stage().as_str(),
            open: self.closed.is_none(),
            escalated: false,
            opened: self.issued.at,
            next: self.next(),
            missing_year: self.limit.missing_year().filter(|_| due),
            untold: !self.noted,
        }
    }

    /// The front institution answers; its answer is judged, and the opinion closed, by the institution that issued it.
    fn parties(&self) -> Vec<Party> {
        let stage = self.stage();
        let front = Party {
            party: self.front().code().to_owned(),
            owes: stage == OpinionStage::Issued,
            overdue: if stage == OpinionStage::Issued { self.limit.over_at() } else { None },
        };
        let issuer = Party {
            party: self.institution.code().to_owned(),
            owes: matches!(stage, OpinionStage::Answered | OpinionStage::Accepted),
            overdue: None,
        };
        vec![front, issuer]
    }

    fn content(&self) -> pb::SupervisionOpinion {
        pb::SupervisionOpinion {
            name: name::<Self>(self.id),
            number: self.number(),
            serial: self.serial,
            institution: self.institution.code().to_owned(),
            front: self.front().code().to_owned(),
            service: self.service.clone(),
            case_line: Some(line(&self.case)),
            review: self.review.map(name::<CaseReview>).unwrap_or_default(),
            facts: self.facts.clone(),
            rule: self.rule.clone(),
            request: request(self.request).into(),
            issued: Some(deed(&self.issued)),
            stage: stage(self.stage()).into(),
            limit: Some(limit(&self.limit)),
            alarm_time: self.alarmed.map(instant_to_wire),
            answers: self.answers.iter().map(answer).collect(),
            close_note: self.closed.as_ref().map(|(note, _)| note.clone()).unwrap_or_default(),
            closed: self.closed.as_ref().map(|(_, by)| deed(by)),
            noted: self.noted,
            overdue: false,
            etag: String::new(),
        }
    }

    fn read(kept: pb::SupervisionOpinion) -> Option<Self> {
        let request = read_request(kept.request())?;
        let designation = kept.number.split_once('〔')?.0.to_owned();
        let closed = read_some_deed(kept.closed)?;
        Some(Self {
            id: id::<Self>(&kept.name)?,
            designation,
            serial: kept.serial,
            institution: Institution::parse(&kept.institution).ok()?,
            service: kept.service,
            case: read_line(kept.case_line?)?,
            review: if kept.review.is_empty() { None } else { Some(id::<CaseReview>(&kept.review)?) },
            facts: kept.facts,
            rule: kept.rule,
            request,
            issued: read_deed(kept.issued?)?,
            limit: read_limit(kept.limit?)?,
            alarmed: read_some_instant(kept.alarm_time.as_ref())?,
            answers: kept.answers.into_iter().map(read_answer).collect::<Option<_>>()?,
            closed: closed.map(|by| (kept.close_note, by)),
            noted: kept.noted,
        })
    }

    fn shown(&self, _: &Viewer, now: Timestamp, etag: String) -> pb::SupervisionOpinion {
        pb::SupervisionOpinion { overdue: self.is_overdue(now), etag, ..self.content() }
    }

    fn entry(&self, change: Change) -> Entry {
        let event =
            pb::SupervisionOpinionRecorded { opinion: Some(self.content()), change: change.as_str().to_owned() };
        Entry::of(&event, name::<Self>(self.id))
    }

    fn series(&self, change: Change) -> Option<Series> {
        let name = format!("supervision-opinions/{}", self.institution);
        (change == Change::Issued).then(|| Series { name, year: year(self.issued.at) })
    }

    fn set_number(&mut self, taken: Taken) {
        self.serial = taken.number;
    }
}

const fn stage(stage: OpinionStage) -> pb::SupervisionOpinionStage {
    match stage {
        OpinionStage::Issued => pb::SupervisionOpinionStage::Issued,
        OpinionStage::Answered => pb::SupervisionOpinionStage::Answered,
        OpinionStage::Accepted => pb::SupervisionOpinionStage::Accepted,
        OpinionStage::Closed => pb::SupervisionOpinionStage::Closed,
    }
}

const fn request(request: Request) -> pb::SupervisionRequestType {
    match request {
        Request::Explain => pb::SupervisionRequestType::Explain,
        Request::ReExamine => pb::SupervisionRequestType::ReExamine,
        Request::CorrectProcedure => pb::SupervisionRequestType::CorrectProcedure,
        Request::Report => pb::SupervisionRequestType::Report,
    }
}

/// Reads what is asked for.
pub(super) const fn read_request(request: pb::SupervisionRequestType) -> Option<Request> {
    match request {
        pb::SupervisionRequestType::Unspecified => None,
        pb::SupervisionRequestType::Explain => Some(Request::Explain),
        pb::SupervisionRequestType::ReExamine => Some(Request::ReExamine),
        pb::SupervisionRequestType::CorrectProcedure => Some(Request::CorrectProcedure),
        pb::SupervisionRequestType::Report => Some(Request::Report),
    }
}

fn answer(answer: &Answer) -> pb::SupervisionAnswer {
    let (accepted, reason, judged) = match &answer.judged {
        None => (false, String::new(), None),
        Some(Judgement::Accepted(by)) => (true, String::new(), Some(deed(by))),
        Some(Judgement::Rejected { reason, by }) => (false, reason.clone(), Some(deed(by))),
    };
    pb::SupervisionAnswer {
        text: answer.text.clone(),
        answered: Some(deed(&answer.answered)),
        late: answer.late,
        accepted,
        reject_reason: reason,
        judged,
    }
}

fn read_answer(answer: pb::SupervisionAnswer) -> Option<Answer> {
    let judged = match (read_some_deed(answer.judged)?, answer.accepted) {
        (None, _) => None,
        (Some(by), true) => Some(Judgement::Accepted(by)),
        (Some(by), false) => Some(Judgement::Rejected { reason: answer.reject_reason, by }),
    };
    Some(Answer { text: answer.text, answered: read_deed(answer.answered?)?, late: answer.late, judged })
}
