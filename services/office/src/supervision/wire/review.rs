//! How the review of a case is kept and shown.

use runtime::db::Connection;
use runtime::journal::Record as Entry;
use runtime::refusal::Denial;
use townlink_proto::townlink::office::v1 as pb;
use uuid::Uuid;
use vocabulary::{Institution, Timestamp};

use super::line::{line, read_line};
use crate::oversight::facts::Facts;
use crate::oversight::record::{Change, Columns, Party, Resource, Viewer, id, name};
use crate::oversight::refusal::Refusal;
use crate::oversight::store::holder;
use crate::oversight::wire::{deed, read_deed};
use crate::supervision::decide::review::{Beside, Step, decide};
use crate::supervision::state::{CaseReview, Finding, Quarter, scope};
use crate::supervision::store::review_key;

impl Resource for CaseReview {
    type Shown = pb::CaseReview;
    type Step = Step;
    type Beside = Beside;

    const TYPE: &'static str = "CASE_REVIEW";
    const COLLECTION: &'static str = "caseReviews";
    const KIND: &'static str = "office.townlink/CaseReview";

    fn id(&self) -> Uuid {
        self.id
    }

    async fn beside(sql: &mut Connection, _: Uuid, step: &Step, facts: &Facts) -> Result<Beside, Denial> {
        let key = review_key(&facts.party, &step.service, &step.case_name);
        Ok(holder::<Self>(sql, &key).await?)
    }

    fn decide(
        _: Option<&Self>,
        beside: &Beside,
        id: Uuid,
        step: &Step,
        facts: &Facts,
    ) -> Result<Option<(Self, Change)>, Refusal> {
        decide(beside, id, step, facts)
    }

    fn makes(_: &Step) -> bool {
        true
    }

    fn columns(&self) -> Columns {
        Columns {
            unique_key: Some(review_key(self.institution.code(), &self.service, &self.case.name)),
            scope: Some(scope(self.quarter, &self.case.field, &self.service)),
            subject: Some(self.case.name.clone()),
            institution: self.institution.code().to_owned(),
            stage: "REVIEWED",
            open: false,
            escalated: false,
            opened: self.reviewed.at,
            next: None,
            missing_year: None,
            untold: false,
        }
    }

    fn parties(&self) -> Vec<Party> {
        vec![Party::looks_on(self.institution.code())]
    }

    fn content(&self) -> pb::CaseReview {
        let finding = |it: &Finding| pb::ReviewFinding { fact: it.fact.clone(), rule: it.rule.clone() };
        pb::CaseReview {
            name: name::<Self>(self.id),
            service: self.service.clone(),
            case_line: Some(line(&self.case)),
            quarter: self.quarter.to_string(),
            institution: self.institution.code().to_owned(),
            findings: self.findings.iter().map(finding).collect(),
            reviewed: Some(deed(&self.reviewed)),
            etag: String::new(),
        }
    }

    fn read(kept: pb::CaseReview) -> Option<Self> {
        let finding = |it: pb::ReviewFinding| Finding { fact: it.fact, rule: it.rule };
        Some(Self {
            id: id::<Self>(&kept.name)?,
            service: kept.service,
            case: read_line(kept.case_line?)?,
            quarter: Quarter::parse(&kept.quarter)?,
            institution: Institution::parse(&kept.institution).ok()?,
            findings: kept.findings.into_iter().map(finding).collect(),
            reviewed: read_deed(kept.reviewed?)?,
        })
    }

    fn shown(&self, _: &Viewer, _: Timestamp, etag: String) -> pb::CaseReview {
        pb::CaseReview { etag, ..self.content() }
    }

    fn entry(&self, change: Change) -> Entry {
        let event = pb::CaseReviewRecorded { review: Some(self.content()), change: change.as_str().to_owned() };
        Entry::of(&event, name::<Self>(self.id))
    }
}
