//! A small service that holds cases, for tests: it keeps them in memory, shows them to supervisors, notes instruments and takes
//! opinions. It runs as `service-center`, and passes the suites of this crate. With a [`Flaw`] it breaks one clause, to show that the
//! suites notice.
//!
//! - `cases`: the cases that it begins with.
//! - `server`: its contracts.

mod cases;
mod server;

use std::sync::Arc;

use futures::future::BoxFuture;
use runtime::access::Act;
use runtime::caller::{PersonId, ServiceName};
use runtime::people::{People, Post, Standing};
use runtime::refusal::Failure;
use runtime::serve::{Blueprint, Runtime, Service, StartError};
use runtime::testing::NO_MIGRATIONS;
use townlink_proto::townlink::casework::v1::case_file_service_server::CaseFileServiceServer;
use townlink_proto::townlink::casework::v1::opinion_taker_service_server::OpinionTakerServiceServer;
use townlink_proto::townlink::office::v1 as office;
use townlink_proto::townlink::office::v1::roster_service_client::RosterServiceClient;
use vocabulary::{Date, Institution};

pub use cases::{APPLICATION, APPLICATION_CASE, seed};

/// The name under which the reference runs.
pub const NAME: ServiceName = ServiceName("service-center");

/// A file in the data directory. While it is there, the reference takes nothing that it is brought, as if it were away; for tests of
/// whoever brings it something.
pub const AWAY: &str = "service-center.away";

/// The content of that file with which the reference takes what it is brought, and its answer is lost.
pub const ANSWERS_LOST: &str = "answers lost";

/// The office, which notes and delivers.
const OFFICE: ServiceName = ServiceName("office");

/// How a service breaks a clause.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Flaw {
    /// It breaks none.
    None,
    /// Lists an open case among the closed ones.
    ListsOpen,
    /// Forgets what lies beyond the first page.
    LosesPages,
    /// Shows a stage of an open case that is none of its line.
    ShowsClosedAsOpen,
    /// Shows the file of an open case.
    ShowsOpenFile,
    /// Shows the name of a party.
    ShowsName,
    /// Shows the number of a party.
    ShowsNumber,
    /// Journals no reading of personal details.
    ReadsSilently,
    /// Shows cases to every supervisor.
    ShowsToAll,
    /// Counts an instrument twice.
    NotesTwice,
    /// Changes the stage of a case on an instrument.
    EditsOnNote,
    /// Counts an opinion twice.
    TakesTwice,
    /// Forgets the opinion whose place another takes.
    Forgets,
    /// Journals an opinion each time that it comes.
    JournalsTwice,
    /// Changes the stage of the application on an opinion.
    Decides,
}

/// Every flaw, and none.
const FLAWS: [Flaw; 15] = [
    Flaw::None,
    Flaw::ListsOpen,
    Flaw::LosesPages,
    Flaw::ShowsClosedAsOpen,
    Flaw::ShowsOpenFile,
    Flaw::ShowsName,
    Flaw::ShowsNumber,
    Flaw::ReadsSilently,
    Flaw::ShowsToAll,
    Flaw::NotesTwice,
    Flaw::EditsOnNote,
    Flaw::TakesTwice,
    Flaw::Forgets,
    Flaw::JournalsTwice,
    Flaw::Decides,
];

/// The reference.
pub const BLUEPRINT: Blueprint = flawed::<0>();

/// The reference with one flaw.
#[must_use]
pub fn broken(flaw: Flaw) -> Blueprint {
    match flaw {
        Flaw::None => flawed::<0>(),
        Flaw::ListsOpen => flawed::<1>(),
        Flaw::LosesPages => flawed::<2>(),
        Flaw::ShowsClosedAsOpen => flawed::<3>(),
        Flaw::ShowsOpenFile => flawed::<4>(),
        Flaw::ShowsName => flawed::<5>(),
        Flaw::ShowsNumber => flawed::<6>(),
        Flaw::ReadsSilently => flawed::<7>(),
        Flaw::ShowsToAll => flawed::<8>(),
        Flaw::NotesTwice => flawed::<9>(),
        Flaw::EditsOnNote => flawed::<10>(),
        Flaw::TakesTwice => flawed::<11>(),
        Flaw::Forgets => flawed::<12>(),
        Flaw::JournalsTwice => flawed::<13>(),
        Flaw::Decides => flawed::<14>(),
    }
}

const fn flawed<const FLAW: usize>() -> Blueprint {
    Blueprint { name: NAME, migrations: NO_MIGRATIONS, assemble: |runtime| Box::pin(assemble(runtime, FLAWS[FLAW])) }
}

async fn assemble(runtime: Runtime, flaw: Flaw) -> Result<Service, StartError> {
    let people: Arc<dyn People> = match runtime.directory().channel(OFFICE) {
        Ok(_) => Arc::new(AskOffice(runtime.clone())),
        Err(_) => Arc::new(OfTests),
    };
    let server = server::Server::new(runtime.clone(), flaw);
    let service = Service::new(&runtime)
        .serve(CaseFileServiceServer::new(server.clone()))
        .serve(OpinionTakerServiceServer::new(server))
        .people(people)
        .admit(OFFICE, Act::Deliver);
    Ok(service)
}

/// Asks the office what a person may do.
struct AskOffice(Runtime);

impl People for AskOffice {
    fn standing<'a>(&'a self, person: &'a PersonId, on: Date) -> BoxFuture<'a, Result<Option<Standing>, Failure>> {
        Box::pin(async move {
            let mut roster = RosterServiceClient::new(self.0.directory().channel(OFFICE)?);
            let date = Some(runtime::refusal::fields::day_to_wire(on));
            let request = office::GetStandingRequest { person: person.to_string(), date };
            let standing =
                roster.get_standing(request).await.map_err(|status| Failure::unavailable("the roster", status))?;
            let office::Standing { post, roles } = standing.into_inner();
            let post = match post.as_str() {
                "" => return Ok(None),
                "LEADERS" => Post::TownLeaders,
                code => Post::Institution(Institution::parse(code).map_err(Failure::internal)?),
            };
            Ok(Some(Standing { post, roles }))
        })
    }
}

/// The people of the tests in which there is no office.
struct OfTests;

impl People for OfTests {
    fn standing<'a>(&'a self, person: &'a PersonId, _: Date) -> BoxFuture<'a, Result<Option<Standing>, Failure>> {
        let at = |institution, role: &str| {
            Some(Standing { post: Post::Institution(institution), roles: vec![role.to_owned()] })
        };
        let standing = match person.as_str() {
            "supervisor" => at(Institution::Construction, "SUPERVISOR"),
            "stranger" => at(Institution::Social, "SUPERVISOR"),
            "front" => at(Institution::Service, "APPROVER"),
            _ => None,
        };
        Box::pin(std::future::ready(Ok(standing)))
    }
}
