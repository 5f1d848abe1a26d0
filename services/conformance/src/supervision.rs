//! What supervisors may see of cases, and what they may not change (relay-and-sharing.md §8.8, balanced visibility).
//!
//! A service that holds cases runs [`supervision`] against its own server, with cases that it has put there before.

use runtime::db::Db;
use runtime::testing::journal_entries;
use tonic::transport::Channel;
use townlink_proto::townlink::casework::v1 as pb;
use townlink_proto::townlink::casework::v1::case_file_service_client::CaseFileServiceClient;
use vocabulary::mask;

use crate::clause::{Broken, Clause};

/// The cases that a service was given before the suite, all of one field and supervised by the institution of the supervisor.
#[derive(Clone, Debug)]
pub struct SeedCases {
    /// The field.
    pub field: String,
    /// The code of the supervising institution.
    pub supervisor: String,
    /// The days in which the closed ones were closed: the first, and the first after the last.
    pub days: (townlink_proto::google::r#type::Date, townlink_proto::google::r#type::Date),
    /// The names of the closed cases, in ascending order. At least two.
    pub closed: Vec<String>,
    /// The names of the open ones, in ascending order. At least one.
    pub open: Vec<String>,
    /// The parties of the first closed case, unmasked. At least one is a person.
    pub parties: Vec<pb::Party>,
}

/// Who calls: channels with the certificates of those named.
#[derive(Clone, Debug)]
pub struct Callers {
    /// A person with the role SUPERVISOR at the supervising institution.
    pub supervisor: Channel,
    /// A person with the role SUPERVISOR at another back institution.
    pub stranger: Channel,
    /// A person of a front institution.
    pub front: Channel,
    /// The service `office`.
    pub office: Channel,
}

/// The clauses of the suite, in their order.
pub const CLAUSES: [&str; 9] = [
    "closed cases are listed whole",
    "open cases show a status line",
    "the file of an open case is closed",
    "personal details are masked",
    "personal details are shown for a need that is journalled",
    "cases are shown to their supervisor alone",
    "the front does not supervise",
    "an instrument is noted once",
    "an instrument changes no case",
];

/// Runs every clause against a service; `db` is its database, whose journal is looked at.
///
/// # Errors
/// The first clause that is broken.
pub async fn supervision(callers: &Callers, seed: &SeedCases, db: &Db) -> Result<(), Broken> {
    closed_cases(callers, seed).await?;
    open_cases(callers, seed).await?;
    open_files(callers, seed).await?;
    masked(callers, seed, db).await?;
    shown_for_a_need(callers, seed, db).await?;
    strangers(callers, seed).await?;
    front(callers, seed).await?;
    noted(callers, seed).await
}

type Client = CaseFileServiceClient<Channel>;

fn client(channel: &Channel) -> Client {
    CaseFileServiceClient::new(channel.clone())
}

fn closed_request(seed: &SeedCases, page_size: i32, page_token: String) -> pb::ListClosedCasesRequest {
    pb::ListClosedCasesRequest {
        field: seed.field.clone(),
        supervisor: seed.supervisor.clone(),
        from: Some(seed.days.0),
        to: Some(seed.days.1),
        page_size,
        page_token,
    }
}

fn open_request(seed: &SeedCases) -> pb::ListOpenCasesRequest {
    let (field, supervisor) = (seed.field.clone(), seed.supervisor.clone());
    pb::ListOpenCasesRequest { field, supervisor, page_size: 0, page_token: String::new() }
}

fn names(cases: &[pb::CaseLine]) -> Vec<String> {
    cases.iter().map(|case| case.name.clone()).collect()
}

/// What a draw is made from must be complete, and nothing else.
async fn closed_cases(callers: &Callers, seed: &SeedCases) -> Result<(), Broken> {
    let clause = Clause(CLAUSES[0]);
    let mut supervisor = client(&callers.supervisor);
    let page = clause.answered(supervisor.list_closed_cases(closed_request(seed, 0, String::new())).await)?;
    clause.same(&names(&page.cases), &seed.closed)?;
    let fits = |case: &pb::CaseLine| {
        case.state() == pb::CaseState::Closed
            && case.close_date.is_some()
            && case.field == seed.field
            && case.supervisor == seed.supervisor
            && !case.handled_by.is_empty()
    };
    clause.holds(page.cases.iter().all(fits), || "a line is not that of a closed case of the field".to_owned())?;
    let (mut paged, mut token) = (Vec::new(), String::new());
    loop {
        let page = clause.answered(supervisor.list_closed_cases(closed_request(seed, 1, token)).await)?;
        clause.holds(page.cases.len() <= 1, || "a page has more cases than were asked for".to_owned())?;
        paged.extend(names(&page.cases));
        token = page.next_page_token;
        if token.is_empty() || paged.len() > seed.closed.len() {
            break;
        }
    }
    clause.same(&paged, &seed.closed)?;
    let none = pb::ListClosedCasesRequest { to: Some(seed.days.0), ..closed_request(seed, 0, String::new()) };
    let page = clause.answered(supervisor.list_closed_cases(none).await)?;
    clause.same(&names(&page.cases), &Vec::new())
}

async fn open_cases(callers: &Callers, seed: &SeedCases) -> Result<(), Broken> {
    let clause = Clause(CLAUSES[1]);
    let mut supervisor = client(&callers.supervisor);
    let page = clause.answered(supervisor.list_open_cases(open_request(seed)).await)?;
    clause.same(&names(&page.cases), &seed.open)?;
    let is_open = |case: &pb::CaseLine| case.state() == pb::CaseState::Open && case.close_date.is_none();
    clause.holds(page.cases.iter().all(is_open), || "a case is listed as open and is not".to_owned())?;
    let wanted = page.cases.first().cloned().unwrap_or_default();
    let request = pb::GetCaseLineRequest { name: wanted.name.clone() };
    clause.same(&clause.answered(supervisor.get_case_line(request).await)?, &wanted)
}

async fn open_files(callers: &Callers, seed: &SeedCases) -> Result<(), Broken> {
    let clause = Clause(CLAUSES[2]);
    for (name, needed) in seed.open.iter().flat_map(|name| [(name, ""), (name, "核对当事人")]) {
        let request = pb::GetCaseFileRequest { name: name.clone(), needed: needed.to_owned() };
        clause.refused(client(&callers.supervisor).get_case_file(request).await, "SU_CASE")?;
    }
    Ok(())
}

fn first(seed: &SeedCases, needed: &str) -> pb::GetCaseFileRequest {
    pb::GetCaseFileRequest { name: seed.closed.first().cloned().unwrap_or_default(), needed: needed.to_owned() }
}

/// How a party is shown where nobody says for what its details are needed.
#[must_use]
pub fn masked_party(party: &pb::Party) -> pb::Party {
    match party.r#type() {
        pb::PartyType::Organisation => party.clone(),
        pb::PartyType::Person | pb::PartyType::Unspecified => pb::Party {
            r#type: party.r#type,
            name: mask::name(&party.name),
            identifier: mask::identity_number(&party.identifier),
            telephone: mask::telephone(&party.telephone),
            address: mask::address(&party.address),
        },
    }
}

async fn masked(callers: &Callers, seed: &SeedCases, db: &Db) -> Result<(), Broken> {
    let clause = Clause(CLAUSES[3]);
    let before = shown(db).await;
    let file = clause.answered(client(&callers.supervisor).get_case_file(first(seed, "")).await)?;
    let wanted: Vec<_> = seed.parties.iter().map(masked_party).collect();
    clause.same(&file.parties, &wanted)?;
    clause.holds(file.masked, || "the file does not say that it is masked".to_owned())?;
    let text = format!("{file:?}");
    let details = seed.parties.iter().filter(|party| party.r#type() == pb::PartyType::Person);
    let mut details = details.flat_map(|party| [&party.name, &party.identifier, &party.telephone, &party.address]);
    let told = details.find(|detail| !detail.is_empty() && text.contains(detail.as_str()));
    clause.holds(told.is_none(), || format!("the file tells {told:?} elsewhere"))?;
    clause.same(&shown(db).await, &before)
}

/// The readings with personal details that are journalled.
async fn shown(db: &Db) -> Vec<pb::PersonalDetailsShown> {
    let entries = journal_entries(db).await;
    entries.iter().filter_map(|entry| entry.event::<pb::PersonalDetailsShown>().ok().flatten()).collect()
}

async fn shown_for_a_need(callers: &Callers, seed: &SeedCases, db: &Db) -> Result<(), Broken> {
    let clause = Clause(CLAUSES[4]);
    let before = shown(db).await.len();
    let needed = "核对送达回证上的签名";
    let file = clause.answered(client(&callers.supervisor).get_case_file(first(seed, needed)).await)?;
    clause.same(&file.parties, &seed.parties)?;
    clause.holds(!file.masked, || "the file says that it is masked".to_owned())?;
    let journalled = shown(db).await;
    let wanted = pb::PersonalDetailsShown { case_name: first(seed, "").name, needed: needed.to_owned() };
    clause.same(&journalled.into_iter().skip(before).collect::<Vec<_>>(), &vec![wanted])
}

async fn strangers(callers: &Callers, seed: &SeedCases) -> Result<(), Broken> {
    let clause = Clause(CLAUSES[5]);
    let mut stranger = client(&callers.stranger);
    clause.refused(stranger.list_closed_cases(closed_request(seed, 0, String::new())).await, "OV_ACCESS")?;
    clause.refused(stranger.list_open_cases(open_request(seed)).await, "OV_ACCESS")?;
    clause.refused(stranger.get_case_file(first(seed, "")).await, "OV_ACCESS")?;
    let line = pb::GetCaseLineRequest { name: first(seed, "").name };
    clause.refused(stranger.get_case_line(line).await, "OV_ACCESS")
}

async fn front(callers: &Callers, seed: &SeedCases) -> Result<(), Broken> {
    let clause = Clause(CLAUSES[6]);
    let mut front = client(&callers.front);
    clause.refused(front.list_closed_cases(closed_request(seed, 0, String::new())).await, "OV_ACCESS")?;
    clause.refused(front.get_case_file(first(seed, "")).await, "OV_ACCESS")
}

fn instrument(case: &str, id: u8) -> pb::TakeSupervisionOpinionRequest {
    pb::TakeSupervisionOpinionRequest {
        opinion: format!("supervisionOpinions/00000000-0000-4000-8000-0000000000{id:02}"),
        case_name: case.to_owned(),
        number: format!("张建监督〔2026〕{id}号"),
        institution: "CONSTRUCTION".to_owned(),
        issue_time: Some(prost_types::Timestamp { seconds: 1_772_413_200, nanos: 0 }),
    }
}

async fn noted(callers: &Callers, seed: &SeedCases) -> Result<(), Broken> {
    let (once, unchanged) = (Clause(CLAUSES[7]), Clause(CLAUSES[8]));
    let case = first(seed, "").name;
    let (mut office, mut supervisor) = (client(&callers.office), client(&callers.supervisor));
    let before = unchanged.answered(supervisor.get_case_file(first(seed, "")).await)?;
    for (id, wanted) in [(1, 1), (1, 1), (2, 2), (1, 2)] {
        let answer = once.answered(office.take_supervision_opinion(instrument(&case, id)).await)?;
        once.same(&answer.noted, &wanted)?;
    }
    once.refused(supervisor.take_supervision_opinion(instrument(&case, 3)).await, "OV_ACCESS")?;
    let after = unchanged.answered(supervisor.get_case_file(first(seed, "")).await)?;
    unchanged.same(&after, &before)?;
    if let Some(open) = seed.open.first() {
        let line = || pb::GetCaseLineRequest { name: open.clone() };
        let before = unchanged.answered(supervisor.get_case_line(line()).await)?;
        once.answered(office.take_supervision_opinion(instrument(open, 4)).await)?;
        unchanged.same(&unchanged.answered(supervisor.get_case_line(line()).await)?, &before)?;
    }
    Ok(())
}
