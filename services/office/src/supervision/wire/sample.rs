//! How a sample is kept and shown.

use runtime::db::Connection;
use runtime::journal::Record as Entry;
use runtime::refusal::Denial;
use townlink_proto::townlink::office::v1 as pb;
use uuid::Uuid;
use vocabulary::{FieldCode, Institution, SampleSize, Sm3Digest, Timestamp};

use crate::oversight::facts::Facts;
use crate::oversight::record::{Change, Columns, Party, Resource, Viewer, id, name};
use crate::oversight::refusal::Refusal;
use crate::oversight::store::holder;
use crate::oversight::wire::{count, deed, read_deed};
use crate::supervision::decide::sample::{Beside, Step, decide};
use crate::supervision::state::{DrawnSample, Quarter, Sample, scope};

impl Resource for Sample {
    type Shown = pb::Sample;
    type Step = Step;
    type Beside = Beside;

    const TYPE: &'static str = "SAMPLE";
    const COLLECTION: &'static str = "samples";
    const KIND: &'static str = "office.townlink/Sample";

    fn id(&self) -> Uuid {
        self.id
    }

    async fn beside(sql: &mut Connection, _: Uuid, step: &Step, _: &Facts) -> Result<Beside, Denial> {
        match step {
            Step::Plan { quarter, field, service } => Ok(holder::<Self>(sql, &scope(*quarter, field, service)).await?),
            Step::Draw => Ok(None),
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
        matches!(step, Step::Plan { .. })
    }

    fn columns(&self) -> Columns {
        let scope = scope(self.quarter, &self.field, &self.service);
        Columns {
            unique_key: Some(scope.clone()),
            scope: Some(scope),
            subject: None,
            institution: self.institution.code().to_owned(),
            stage: if self.draw.is_some() { "DRAWN" } else { "PLANNED" },
            open: self.draw.is_none(),
            escalated: false,
            opened: self.planned.at,
            next: None,
            missing_year: None,
            untold: false,
        }
    }

    fn parties(&self) -> Vec<Party> {
        let owes = self.draw.is_none();
        vec![Party { party: self.institution.code().to_owned(), owes, overdue: None }]
    }

    fn content(&self) -> pb::Sample {
        pb::Sample {
            name: name::<Self>(self.id),
            quarter: self.quarter.to_string(),
            field: self.field.to_string(),
            service: self.service.clone(),
            institution: self.institution.code().to_owned(),
            seed: self.seed.clone(),
            planned: Some(deed(&self.planned)),
            draw: self.draw.as_ref().map(draw),
            etag: String::new(),
        }
    }

    fn read(kept: pb::Sample) -> Option<Self> {
        Some(Self {
            id: id::<Self>(&kept.name)?,
            quarter: Quarter::parse(&kept.quarter)?,
            field: FieldCode::parse(&kept.field).ok()?,
            service: kept.service,
            institution: Institution::parse(&kept.institution).ok()?,
            seed: kept.seed,
            planned: read_deed(kept.planned?)?,
            draw: match kept.draw {
                Some(draw) => Some(read_draw(draw)?),
                None => None,
            },
        })
    }

    fn shown(&self, _: &Viewer, _: Timestamp, etag: String) -> pb::Sample {
        pb::Sample { etag, ..self.content() }
    }

    fn entry(&self, change: Change) -> Entry {
        let event = pb::SampleRecorded { sample: Some(self.content()), change: change.as_str().to_owned() };
        Entry::of(&event, name::<Self>(self.id))
    }
}

fn draw(draw: &DrawnSample) -> pb::SampleDraw {
    pb::SampleDraw {
        listed: count(draw.listed),
        list_digest: bytes::Bytes::copy_from_slice(draw.list_digest.as_bytes()),
        cases: draw.cases.clone(),
        drawn: Some(deed(&draw.drawn)),
        per_mille: draw.size.per_mille.into(),
        least: i32::try_from(draw.size.least).unwrap_or(i32::MAX),
    }
}

fn read_draw(draw: pb::SampleDraw) -> Option<DrawnSample> {
    Some(DrawnSample {
        listed: usize::try_from(draw.listed).ok()?,
        list_digest: Sm3Digest::try_from(&*draw.list_digest).ok()?,
        cases: draw.cases,
        size: SampleSize { per_mille: u16::try_from(draw.per_mille).ok()?, least: u32::try_from(draw.least).ok()? },
        drawn: read_deed(draw.drawn?)?,
    })
}
