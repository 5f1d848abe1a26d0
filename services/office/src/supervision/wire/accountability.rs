//! How a proposal to call somebody to account is kept and shown.

use runtime::db::Connection;
use runtime::journal::Record as Entry;
use runtime::refusal::Denial;
use townlink_proto::townlink::office::v1 as pb;
use uuid::Uuid;
use vocabulary::{Institution, Timestamp};

use crate::fields::day_to_wire;
use crate::oversight::facts::Facts;
use crate::oversight::record::{Change, Columns, Party, Resource, Viewer, id, name};
use crate::oversight::refusal::Refusal;
use crate::oversight::wire::{deed, read_day, read_deed, read_some_deed};
use crate::supervision::decide::accountability::{Instrument, Step, decide};
use crate::supervision::state::{Accountability, Addressee, Fault, Hearing};
use crate::supervision::store;

impl Resource for Accountability {
    type Shown = pb::Accountability;
    type Step = Step;
    type Beside = Vec<Instrument>;

    const TYPE: &'static str = "ACCOUNTABILITY";
    const COLLECTION: &'static str = "accountabilities";
    const KIND: &'static str = "office.townlink/Accountability";

    fn id(&self) -> Uuid {
        self.id
    }

    async fn beside(sql: &mut Connection, _: Uuid, step: &Step, _: &Facts) -> Result<Vec<Instrument>, Denial> {
        match step {
            Step::Propose(proposal) => Ok(store::instruments(sql, &proposal.evidence).await?),
            Step::Hear { .. } | Step::HandOver { .. } => Ok(Vec::new()),
        }
    }

    fn decide(
        record: Option<&Self>,
        beside: &Vec<Instrument>,
        id: Uuid,
        step: &Step,
        facts: &Facts,
    ) -> Result<Option<(Self, Change)>, Refusal> {
        decide(record, beside, id, step, facts)
    }

    fn makes(step: &Step) -> bool {
        matches!(step, Step::Propose(_))
    }

    fn columns(&self) -> Columns {
        Columns {
            unique_key: None,
            scope: None,
            subject: Some(self.person.clone()),
            institution: self.institution.code().to_owned(),
            stage: self.stage(),
            open: self.handed_over.is_none(),
            escalated: false,
            opened: self.proposed.at,
            next: None,
            missing_year: None,
            untold: false,
        }
    }

    /// Who proposes sees it; PERSONNEL sees what goes to it, once it is handed over.
    fn parties(&self) -> Vec<Party> {
        let owes = self.handed_over.is_none();
        let mut parties = vec![Party { party: self.institution.code().to_owned(), owes, overdue: None }];
        let personnel = Institution::Personnel;
        if self.addressee == Addressee::Personnel && !owes && self.institution != personnel {
            parties.push(Party::looks_on(personnel.code()));
        }
        parties
    }

    fn content(&self) -> pb::Accountability {
        let stage = match (&self.hearing, &self.handed_over) {
            (_, Some(_)) => pb::AccountabilityStage::HandedOver,
            (Some(_), None) => pb::AccountabilityStage::Heard,
            (None, None) => pb::AccountabilityStage::Proposed,
        };
        pb::Accountability {
            name: name::<Self>(self.id),
            institution: self.institution.code().to_owned(),
            person: self.person.clone(),
            front: self.front.code().to_owned(),
            addressee: addressee(self.addressee).into(),
            fault: fault(self.fault).into(),
            facts: self.facts.clone(),
            evidence: self.evidence.clone(),
            proposed: Some(deed(&self.proposed)),
            hearing: self.hearing.as_ref().map(hearing),
            document_number: self.handed_over.as_ref().map(|(document, _)| document.clone()).unwrap_or_default(),
            handed_over: self.handed_over.as_ref().map(|(_, by)| deed(by)),
            stage: stage.into(),
            etag: String::new(),
        }
    }

    fn read(kept: pb::Accountability) -> Option<Self> {
        let (addressee, fault) = (read_addressee(kept.addressee())?, read_fault(kept.fault())?);
        let handed_over = read_some_deed(kept.handed_over)?;
        Some(Self {
            id: id::<Self>(&kept.name)?,
            institution: Institution::parse(&kept.institution).ok()?,
            person: kept.person,
            front: Institution::parse(&kept.front).ok()?,
            addressee,
            fault,
            facts: kept.facts,
            evidence: kept.evidence,
            proposed: read_deed(kept.proposed?)?,
            hearing: match kept.hearing {
                Some(hearing) => Some(read_hearing(hearing)?),
                None => None,
            },
            handed_over: handed_over.map(|by| (kept.document_number, by)),
        })
    }

    fn shown(&self, _: &Viewer, _: Timestamp, etag: String) -> pb::Accountability {
        pb::Accountability { etag, ..self.content() }
    }

    fn entry(&self, change: Change) -> Entry {
        let event =
            pb::AccountabilityRecorded { accountability: Some(self.content()), change: change.as_str().to_owned() };
        Entry::of(&event, name::<Self>(self.id))
    }
}

const fn addressee(addressee: Addressee) -> pb::AccountabilityAddressee {
    match addressee {
        Addressee::Leaders => pb::AccountabilityAddressee::Leaders,
        Addressee::Personnel => pb::AccountabilityAddressee::Personnel,
        Addressee::Discipline => pb::AccountabilityAddressee::Discipline,
    }
}

/// Reads to whom a proposal goes.
pub(super) const fn read_addressee(addressee: pb::AccountabilityAddressee) -> Option<Addressee> {
    match addressee {
        pb::AccountabilityAddressee::Unspecified => None,
        pb::AccountabilityAddressee::Leaders => Some(Addressee::Leaders),
        pb::AccountabilityAddressee::Personnel => Some(Addressee::Personnel),
        pb::AccountabilityAddressee::Discipline => Some(Addressee::Discipline),
    }
}

const fn fault(fault: Fault) -> pb::FaultType {
    match fault {
        Fault::Persistent => pb::FaultType::Persistent,
        Fault::Serious => pb::FaultType::Serious,
    }
}

/// Reads what kind of fault it is.
pub(super) const fn read_fault(fault: pb::FaultType) -> Option<Fault> {
    match fault {
        pb::FaultType::Unspecified => None,
        pb::FaultType::Persistent => Some(Fault::Persistent),
        pb::FaultType::Serious => Some(Fault::Serious),
    }
}

fn hearing(hearing: &Hearing) -> pb::Hearing {
    pb::Hearing {
        statement: hearing.statement.clone().unwrap_or_default(),
        declined: hearing.statement.is_none(),
        date: Some(day_to_wire(hearing.date)),
        recorded: Some(deed(&hearing.recorded)),
    }
}

fn read_hearing(hearing: pb::Hearing) -> Option<Hearing> {
    Some(Hearing {
        statement: (!hearing.declined).then_some(hearing.statement),
        date: read_day(hearing.date.as_ref())?,
        recorded: read_deed(hearing.recorded?)?,
    })
}
