//! The contracts of the reference.

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use runtime::access::{Access, admit_read};
use runtime::caller::Principal;
use runtime::journal::{Author, Event, Record};
use runtime::page::Page;
use runtime::refusal::{Denial, Failure, Refusal, Violation};
use runtime::serve::Runtime;
use tonic::{Request, Response, Status};
use townlink_proto::google::r#type::Date;
use townlink_proto::townlink::casework::v1 as pb;
use townlink_proto::townlink::casework::v1::case_file_service_server::CaseFileService;
use townlink_proto::townlink::casework::v1::opinion_taker_service_server::OpinionTakerService;
use townlink_proto::townlink::errors::v1::ErrorReason;
use vocabulary::mask;

use super::cases::files;
use super::{ANSWERS_LOST, AWAY, Flaw};
use crate::supervision::masked_party;

/// The server of the reference. Cheap to clone.
#[derive(Clone)]
pub(super) struct Server {
    runtime: Runtime,
    flaw: Flaw,
    held: Arc<Mutex<Held>>,
}

/// What it holds.
struct Held {
    files: BTreeMap<String, pb::CaseFile>,
    /// The instruments about each case.
    noted: BTreeMap<String, Vec<String>>,
    /// The opinions of each joint review, by their names.
    opinions: BTreeMap<String, BTreeMap<String, pb::Opinion>>,
    /// How often an opinion came.
    came: usize,
}

/// An entry of the reference's journal.
struct Entry(Record);

impl Event for Entry {
    fn record(&self) -> Record {
        self.0.clone()
    }
}

impl Server {
    pub(super) fn new(runtime: Runtime, flaw: Flaw) -> Self {
        let named = |file: pb::CaseFile| (line(&file).name, file);
        let files = files().into_iter().map(named).collect();
        let held = Held { files, noted: BTreeMap::new(), opinions: BTreeMap::new(), came: 0 };
        Self { runtime, flaw, held: Arc::new(Mutex::new(held)) }
    }

    fn held(&self) -> MutexGuard<'_, Held> {
        self.held.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Fails where a test has it away, before something is taken or after that.
    fn at_home(&self, taken: bool) -> Result<(), Failure> {
        let words = std::fs::read_to_string(self.runtime.settings().data_dir.join(AWAY));
        match words {
            Ok(words) if taken || words != ANSWERS_LOST => {
                Err(Failure::unavailable("the reference", "a test has it away"))
            }
            Ok(_) | Err(_) => Ok(()),
        }
    }

    /// A case is shown to the institution that supervises it, and to the leaders.
    async fn may_see(&self, access: &Access, supervisor: &str) -> Result<(), Denial> {
        let own = access.institution().is_some_and(|institution| institution.code() == supervisor);
        if own || *access.principal() == Principal::TownLeaders || self.flaw == Flaw::ShowsToAll {
            return Ok(());
        }
        let refusal = Refusal::new(
            ErrorReason::OvAccess,
            format!("the case is shown to {supervisor}, which supervises it"),
            "该案件由其他机构监督；请由主管机构查看。",
        );
        Err(self.runtime.deny(access, refusal).await)
    }

    async fn file(&self, access: &Access, name: &str) -> Result<pb::CaseFile, Denial> {
        let found = self.held().files.get(name).cloned();
        let file = found.ok_or_else(|| Denial::NotFound { kind: "casework.townlink/Case", name: name.to_owned() })?;
        self.may_see(access, &line(&file).supervisor).await?;
        Ok(file)
    }

    /// The entry is about no resource: the reference keeps no versions whose times would rise.
    async fn journal(&self, record: Record, author: Author) -> Result<(), Denial> {
        let writer = self.runtime.writer();
        let entry = writer.prepare(&Entry(record), &author)?;
        let appended = writer.run(entry, |entry, tx| {
            tx.append(entry.clone());
            Box::pin(async { Ok(()) })
        });
        Ok(appended.await?)
    }

    /// The lines that fit, in the order of their names, one page of them.
    fn page(
        &self,
        (size, token, list): (i32, &str, &str),
        fits: impl Fn(&pb::CaseLine) -> bool,
    ) -> Result<(Vec<pb::CaseLine>, String), Denial> {
        let page = Page::parse(size, token, list).map_err(|violation: Violation| Denial::from(violation))?;
        let after = page.after().unwrap_or_default().to_owned();
        let held = self.held();
        let lines = held.files.values().map(line).filter(|line| fits(line) && line.name > after);
        let fetched = usize::try_from(page.fetch()).unwrap_or(usize::MAX);
        let (lines, next) = page.close(lines.take(fetched).collect(), |line: &pb::CaseLine| line.name.clone());
        let next = if self.flaw == Flaw::LosesPages { String::new() } else { next };
        Ok((lines, next))
    }
}

fn line(file: &pb::CaseFile) -> pb::CaseLine {
    file.line.clone().unwrap_or_default()
}

fn key(day: Option<&Date>) -> (i32, i32, i32) {
    day.map(|day| (day.year, day.month, day.day)).unwrap_or_default()
}

#[tonic::async_trait]
impl CaseFileService for Server {
    async fn list_closed_cases(
        &self,
        mut request: Request<pb::ListClosedCasesRequest>,
    ) -> Result<Response<pb::ListClosedCasesResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        self.may_see(&reading.access, &request.supervisor).await?;
        let (from, to) = (key(request.from.as_ref()), key(request.to.as_ref()));
        let list = format!("closed {} {} {from:?} {to:?}", request.field, request.supervisor);
        let fits = |line: &pb::CaseLine| {
            let closed = key(line.close_date.as_ref());
            let open = line.state() == pb::CaseState::Open && self.flaw == Flaw::ListsOpen;
            line.field == request.field
                && line.supervisor == request.supervisor
                && (open || line.state() == pb::CaseState::Closed && from <= closed && closed < to)
        };
        let (cases, next_page_token) = self.page((request.page_size, &request.page_token, &list), fits)?;
        Ok(Response::new(pb::ListClosedCasesResponse { cases, next_page_token }))
    }

    async fn list_open_cases(
        &self,
        mut request: Request<pb::ListOpenCasesRequest>,
    ) -> Result<Response<pb::ListOpenCasesResponse>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        self.may_see(&reading.access, &request.supervisor).await?;
        let list = format!("open {} {}", request.field, request.supervisor);
        let all = self.flaw == Flaw::ShowsClosedAsOpen;
        let fits = |line: &pb::CaseLine| {
            line.field == request.field
                && line.supervisor == request.supervisor
                && (all || line.state() == pb::CaseState::Open)
        };
        let (cases, next_page_token) = self.page((request.page_size, &request.page_token, &list), fits)?;
        Ok(Response::new(pb::ListOpenCasesResponse { cases, next_page_token }))
    }

    async fn get_case_line(
        &self,
        mut request: Request<pb::GetCaseLineRequest>,
    ) -> Result<Response<pb::CaseLine>, Status> {
        let reading = admit_read(&mut request)?;
        let file = self.file(&reading.access, &request.into_inner().name).await?;
        Ok(Response::new(line(&file)))
    }

    async fn get_case_file(
        &self,
        mut request: Request<pb::GetCaseFileRequest>,
    ) -> Result<Response<pb::CaseFile>, Status> {
        let reading = admit_read(&mut request)?;
        let request = request.into_inner();
        let file = self.file(&reading.access, &request.name).await?;
        if line(&file).state() == pb::CaseState::Open && self.flaw != Flaw::ShowsOpenFile {
            let refusal = Refusal::new(
                ErrorReason::SuCase,
                format!("{} is open, and only its status line is shown", request.name),
                "在办案件只能查看办理状态；请在办结后再调阅案卷。",
            );
            return Err(self.runtime.deny(&reading.access, refusal).await.into());
        }
        if request.needed.trim().is_empty() {
            let parties = file.parties.iter().map(|party| self.masked(party)).collect();
            return Ok(Response::new(pb::CaseFile { parties, masked: true, ..file }));
        }
        // The reading is on record before it is answered.
        if self.flaw != Flaw::ReadsSilently {
            let event = pb::PersonalDetailsShown { case_name: request.name, needed: request.needed };
            let author = Author::of_caller(reading.access.caller());
            self.journal(Record::of(&event, ""), author).await?;
        }
        Ok(Response::new(file))
    }

    async fn take_supervision_opinion(
        &self,
        mut request: Request<pb::TakeSupervisionOpinionRequest>,
    ) -> Result<Response<pb::TakeSupervisionOpinionResponse>, Status> {
        admit_read(&mut request)?;
        let request = request.into_inner();
        self.at_home(false)?;
        let (fresh, noted) = self.note(&request)?;
        if fresh {
            let event = pb::SupervisionOpinionNoted { opinion: Some(request) };
            let author = self.runtime.writer().as_service();
            self.journal(Record::of(&event, ""), author).await?;
        }
        self.at_home(true)?;
        Ok(Response::new(pb::TakeSupervisionOpinionResponse { noted }))
    }
}

impl Server {
    fn masked(&self, party: &pb::Party) -> pb::Party {
        let masked = masked_party(party);
        match self.flaw {
            Flaw::ShowsName => pb::Party { name: party.name.clone(), ..masked },
            Flaw::ShowsNumber => pb::Party { identifier: mask::name(&party.identifier), ..masked },
            Flaw::None
            | Flaw::ListsOpen
            | Flaw::LosesPages
            | Flaw::ShowsClosedAsOpen
            | Flaw::ShowsOpenFile
            | Flaw::ReadsSilently
            | Flaw::ShowsToAll
            | Flaw::NotesTwice
            | Flaw::EditsOnNote
            | Flaw::TakesTwice
            | Flaw::Forgets
            | Flaw::JournalsTwice
            | Flaw::Decides => masked,
        }
    }

    /// Notes an instrument beside its case. Tells whether it is new, and how many there are.
    fn note(&self, request: &pb::TakeSupervisionOpinionRequest) -> Result<(bool, i32), Denial> {
        let mut held = self.held();
        let Held { files, noted, .. } = &mut *held;
        let missing = || Denial::NotFound { kind: "casework.townlink/Case", name: request.case_name.clone() };
        let file = files.get_mut(&request.case_name).ok_or_else(missing)?;
        if let (Some(line), Flaw::EditsOnNote) = (&mut file.line, self.flaw) {
            "SUSPENDED".clone_into(&mut line.stage);
        }
        let beside = noted.entry(request.case_name.clone()).or_default();
        let fresh = self.flaw == Flaw::NotesTwice || !beside.contains(&request.opinion);
        if fresh {
            beside.push(request.opinion.clone());
        }
        Ok((fresh, i32::try_from(beside.len()).unwrap_or(i32::MAX)))
    }

    /// Takes opinions. Gives those that are new, and how many are known.
    fn take(&self, request: &pb::TakeOpinionsRequest) -> (Vec<pb::Opinion>, i32) {
        let mut held = self.held();
        let Held { files, opinions, came, .. } = &mut *held;
        *came += request.opinions.len();
        let case = files.get_mut(&format!("cases/{}", request.application));
        if let (Some(line), Flaw::Decides) = (case.and_then(|file| file.line.as_mut()), self.flaw) {
            "DECIDED_REFUSE".clone_into(&mut line.stage);
        }
        let known = opinions.entry(request.review.clone()).or_default();
        let mut fresh = Vec::new();
        for opinion in &request.opinions {
            if self.flaw == Flaw::JournalsTwice || !known.contains_key(&opinion.name) {
                fresh.push(opinion.clone());
            }
            if self.flaw == Flaw::Forgets {
                known.remove(&opinion.supersedes);
            }
            known.insert(opinion.name.clone(), opinion.clone());
        }
        let count = if self.flaw == Flaw::TakesTwice { *came } else { known.len() };
        (fresh, i32::try_from(count).unwrap_or(i32::MAX))
    }
}

#[tonic::async_trait]
impl OpinionTakerService for Server {
    async fn take_opinions(
        &self,
        mut request: Request<pb::TakeOpinionsRequest>,
    ) -> Result<Response<pb::TakeOpinionsResponse>, Status> {
        admit_read(&mut request)?;
        let request = request.into_inner();
        self.at_home(false)?;
        let (opinions, known) = self.take(&request);
        if !opinions.is_empty() {
            let pb::TakeOpinionsRequest { review, application, .. } = request;
            let event = pb::OpinionsTaken { review, application, opinions };
            let author = self.runtime.writer().as_service();
            self.journal(Record::of(&event, ""), author).await?;
        }
        self.at_home(true)?;
        Ok(Response::new(pb::TakeOpinionsResponse { known }))
    }
}
