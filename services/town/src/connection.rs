//! A client of a running town: reads `ready.json`, takes an identity, opens channels.

use std::path::{Path, PathBuf};
use std::time::Duration;

use runtime::caller::{Cell, Peer, ServiceName};
use runtime::directory::Remote;
use runtime::pki::IdentityFiles;
use serde::{Deserialize, Serialize};
use tonic::transport::Channel;
use tonic::{Response, Status};
use townlink_proto::townlink::clock::v1::clock_service_client::ClockServiceClient;
use townlink_proto::townlink::gateway::v1::dispatch_service_client::DispatchServiceClient as OutgoingServiceClient;
use townlink_proto::townlink::gateway::v1::key_service_client::KeyServiceClient;
use townlink_proto::townlink::gateway::v1::paper_service_client::PaperServiceClient;
use townlink_proto::townlink::journal::v1::journal_service_client::JournalServiceClient;
use townlink_proto::townlink::office::v1::coordination_service_client::CoordinationServiceClient;
use townlink_proto::townlink::office::v1::dispatch_service_client::DispatchServiceClient;
use townlink_proto::townlink::office::v1::document_service_client::DocumentServiceClient;
use townlink_proto::townlink::office::v1::evaluation_service_client::EvaluationServiceClient;
use townlink_proto::townlink::office::v1::grant_service_client::GrantServiceClient;
use townlink_proto::townlink::office::v1::guidance_service_client::GuidanceServiceClient;
use townlink_proto::townlink::office::v1::inbox_service_client::InboxServiceClient;
use townlink_proto::townlink::office::v1::opinion_service_client::OpinionServiceClient;
use townlink_proto::townlink::office::v1::power_service_client::PowerServiceClient;
use townlink_proto::townlink::office::v1::public_list_service_client::PublicListServiceClient;
use townlink_proto::townlink::office::v1::roster_service_client::RosterServiceClient;
use townlink_proto::townlink::office::v1::supervision_service_client::SupervisionServiceClient;
use vocabulary::RequestId;

use crate::cli::Context;
use crate::compose;
use crate::output::waiting;
use crate::problem::Problem;

/// The file that tells a client where the town is.
pub const READY_FILE: &str = "ready.json";

/// The largest answer that a client takes: a page of a thousand rows, or an entry bundle.
const ANSWER_BYTES_MAX: usize = 16 * 1024 * 1024;

/// How long one call may take; a confirmation of a thousand rows is the longest.
const CALL_LIMIT: Duration = Duration::from_secs(120);

/// How long a call may take before the person who waits is told.
const QUIET: Duration = Duration::from_secs(1);

/// Papers of the relay, as their sender sees them.
pub type Papers = PaperServiceClient<Channel>;
/// The town's own papers, as a department takes them.
pub type Outgoing = OutgoingServiceClient<Channel>;
/// Keys.
pub type Keys = KeyServiceClient<Channel>;
/// Inboxes.
pub type Inboxes = InboxServiceClient<Channel>;
/// Outgoing papers.
pub type Dispatches = DispatchServiceClient<Channel>;
/// Guidance.
pub type Guidances = GuidanceServiceClient<Channel>;
/// Matters between institutions.
pub type Matters = CoordinationServiceClient<Channel>;
/// Grant documents.
pub type Documents = DocumentServiceClient<Channel>;
/// Powers.
pub type Powers = PowerServiceClient<Channel>;
/// Grants and imports.
pub type Grants = GrantServiceClient<Channel>;
/// Evaluations.
pub type Evaluations = EvaluationServiceClient<Channel>;
/// The public list.
pub type PublicList = PublicListServiceClient<Channel>;
/// The roster.
pub type Roster = RosterServiceClient<Channel>;
/// Supervision of the front desk.
pub type Supervision = SupervisionServiceClient<Channel>;
/// Joint reviews.
pub type Opinions = OpinionServiceClient<Channel>;
/// The journal and log of one service.
pub type Journal = JournalServiceClient<Channel>;
/// The town clock of one service.
pub type Clock = ClockServiceClient<Channel>;

/// What `ready.json` says.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct Ready {
    /// The name of the cell, as certificates carry it.
    pub cell: String,
    /// The certificate of the cell's authority, PEM.
    pub authority: PathBuf,
    /// The folder of identities: `person/relay-clerk.pem` and `person/relay-clerk.key`, and so on.
    pub identities: PathBuf,
    /// The services.
    pub services: Vec<ReadyService>,
    /// The process that serves.
    pub process: u32,
}

/// Where one service is.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct ReadyService {
    /// The name of the service, such as `office`.
    pub name: String,
    /// Where it listens, such as `127.0.0.1:7001`.
    pub address: String,
    /// The name in its certificate.
    pub tls_name: String,
    /// The keys that sign its log, as verifier keys of C2SP signed notes.
    pub log_keys: Vec<String>,
}

/// A client of a running town.
#[derive(Debug, Clone)]
pub struct Connection {
    /// What `ready.json` says.
    pub ready: Ready,
    /// Who acts.
    pub identity: String,
}

impl Connection {
    /// Opens the town of the command's data directory, as the identity that the command names or else as `otherwise`.
    pub fn open(context: &Context, otherwise: Option<&str>) -> Result<Self, Problem> {
        let named = context.identity.as_deref().or(otherwise);
        let identity = named.ok_or_else(|| {
            let remedy = "name who acts with --as or TOWNLINK_AS, such as --as person/relay-clerk; `townlink pki list` shows them";
            Problem::usage("nobody acts", remedy)
        })?;
        Self::to(&context.data_dir, identity)
    }

    /// Opens the town of a data directory as an identity.
    pub fn to(data_dir: &Path, identity: &str) -> Result<Self, Problem> {
        Ok(Self { ready: read_ready(data_dir)?, identity: identity.to_owned() })
    }

    /// The department of a `county/…` identity.
    pub fn department(&self) -> Result<&str, Problem> {
        self.identity.strip_prefix("county/").ok_or_else(|| {
            Problem::usage(format!("{} is no county department", self.identity), "act as one: --as county/government")
        })
    }

    /// A channel to a service. It connects with its first call.
    pub fn channel(&self, service: &str) -> Result<Channel, Problem> {
        Ok(self.remote(service)?.channel())
    }

    /// A service, reached as who acts. Only who proves to be it is believed.
    pub fn remote(&self, service: &str) -> Result<Remote, Problem> {
        let found = self.ready.services.iter().find(|known| known.name == service);
        let found = found.ok_or_else(|| {
            Problem::usage(format!("the town has no service {service}"), "`townlink up` starts all of them")
        })?;
        let identity = IdentityFiles::in_folder(&self.ready.identities, &self.identity);
        let authority = &self.ready.authority;
        let remote = Remote::new(&found.address, &found.tls_name, authority, &identity).map_err(|error| {
            let remedy = "`townlink pki list` shows the identities that there are; `townlink pki issue` makes one";
            Problem::usage(error, remedy)
        })?;
        let again = "start the town again; it writes the file anew";
        let cell =
            Cell::parse(&self.ready.cell).map_err(|error| Problem::usage(format!("ready.json: {error}"), again))?;
        let name =
            ServiceName::parse(service).ok_or_else(|| Problem::usage(format!("ready.json: {service}"), again))?;
        Ok(remote.needing(cell, Peer::Service(name)))
    }

    /// Papers of the relay.
    pub fn papers(&self) -> Result<Papers, Problem> {
        Ok(Papers::new(self.channel("gateway")?).max_decoding_message_size(ANSWER_BYTES_MAX))
    }

    /// The town's own papers.
    pub fn outgoing(&self) -> Result<Outgoing, Problem> {
        Ok(Outgoing::new(self.channel("gateway")?).max_decoding_message_size(ANSWER_BYTES_MAX))
    }

    /// Keys.
    pub fn keys(&self) -> Result<Keys, Problem> {
        Ok(Keys::new(self.channel("gateway")?).max_decoding_message_size(ANSWER_BYTES_MAX))
    }

    /// Inboxes.
    pub fn inbox(&self) -> Result<Inboxes, Problem> {
        Ok(Inboxes::new(self.channel("office")?).max_decoding_message_size(ANSWER_BYTES_MAX))
    }

    /// Outgoing papers.
    pub fn dispatches(&self) -> Result<Dispatches, Problem> {
        Ok(Dispatches::new(self.channel("office")?).max_decoding_message_size(ANSWER_BYTES_MAX))
    }

    /// Guidance.
    pub fn guidances(&self) -> Result<Guidances, Problem> {
        Ok(Guidances::new(self.channel("office")?).max_decoding_message_size(ANSWER_BYTES_MAX))
    }

    /// Matters between institutions.
    pub fn matters(&self) -> Result<Matters, Problem> {
        Ok(Matters::new(self.channel("office")?).max_decoding_message_size(ANSWER_BYTES_MAX))
    }

    /// Grant documents.
    pub fn documents(&self) -> Result<Documents, Problem> {
        Ok(Documents::new(self.channel("office")?).max_decoding_message_size(ANSWER_BYTES_MAX))
    }

    /// Powers.
    pub fn powers(&self) -> Result<Powers, Problem> {
        Ok(Powers::new(self.channel("office")?).max_decoding_message_size(ANSWER_BYTES_MAX))
    }

    /// Grants and imports.
    pub fn grants(&self) -> Result<Grants, Problem> {
        Ok(Grants::new(self.channel("office")?).max_decoding_message_size(ANSWER_BYTES_MAX))
    }

    /// Evaluations.
    pub fn evaluations(&self) -> Result<Evaluations, Problem> {
        Ok(Evaluations::new(self.channel("office")?).max_decoding_message_size(ANSWER_BYTES_MAX))
    }

    /// The public list.
    pub fn public_list(&self) -> Result<PublicList, Problem> {
        Ok(PublicList::new(self.channel("office")?).max_decoding_message_size(ANSWER_BYTES_MAX))
    }

    /// The roster.
    pub fn roster(&self) -> Result<Roster, Problem> {
        Ok(Roster::new(self.channel("office")?).max_decoding_message_size(ANSWER_BYTES_MAX))
    }

    /// Supervision of the front desk.
    pub fn supervision(&self) -> Result<Supervision, Problem> {
        Ok(Supervision::new(self.channel("office")?).max_decoding_message_size(ANSWER_BYTES_MAX))
    }

    /// Joint reviews.
    pub fn opinions(&self) -> Result<Opinions, Problem> {
        Ok(Opinions::new(self.channel("office")?).max_decoding_message_size(ANSWER_BYTES_MAX))
    }

    /// The journal and log of a service.
    pub fn journal(&self, service: &str) -> Result<Journal, Problem> {
        Ok(Journal::new(self.channel(service)?).max_decoding_message_size(ANSWER_BYTES_MAX))
    }

    /// The town clock of a service.
    pub fn clock(&self, service: &str) -> Result<Clock, Problem> {
        Ok(Clock::new(self.channel(service)?))
    }
}

/// Reads the `ready.json` of a data directory. Where the services run as processes of their own there is none, and the settings
/// tell where they are.
pub fn read_ready(data_dir: &Path) -> Result<Ready, Problem> {
    let file = data_dir.join(READY_FILE);
    if !file.exists() && data_dir.join(compose::FILE).exists() {
        let ready = compose::configured(data_dir)?;
        if !ready.services.is_empty() {
            return Ok(ready);
        }
    }
    let away = |fault: String| Problem::Unavailable { place: file.display().to_string(), fault, request: None };
    match std::fs::read(&file) {
        Ok(text) => read_text(&file, &text),
        Err(error) => Err(away(format!("no town serves here: {error}"))),
    }
}

/// The `ready.json` of a data directory, where there is one.
pub fn ready_file(data_dir: &Path) -> Result<Option<Ready>, Problem> {
    let file = data_dir.join(READY_FILE);
    match std::fs::read(&file) {
        Ok(text) => read_text(&file, &text).map(Some),
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
        Err(error) => Err(Problem::failed(file.display().to_string(), error)),
    }
}

fn read_text(file: &Path, text: &[u8]) -> Result<Ready, Problem> {
    serde_json::from_slice(text).map_err(|error| {
        Problem::usage(format!("{}: {error}", file.display()), "start the town again; it writes the file anew")
    })
}

/// The place of a call to the office, by the name of its request: `office, ReportResult`.
pub fn at_office(request: &str) -> String {
    format!("office, {}", request.trim_end_matches("Request"))
}

/// Calls, and gives back what was answered. `request` is the id of a call that changes something. A person who waits for long
/// is told for what.
pub async fn call<T>(
    place: &str,
    request: Option<RequestId>,
    answer: impl Future<Output = Result<Response<T>, Status>>,
) -> Result<T, Problem> {
    let told = async {
        tokio::time::sleep(QUIET).await;
        let _spinner = waiting(place);
        std::future::pending().await
    };
    let answered = async {
        tokio::select! {
            answer = answer => answer,
            never = told => never,
        }
    };
    match tokio::time::timeout(CALL_LIMIT, answered).await {
        Ok(Ok(answer)) => Ok(answer.into_inner()),
        Ok(Err(status)) => Err(Problem::of_status(place, &status, request)),
        Err(_) => {
            let fault = format!("no answer within {} seconds", CALL_LIMIT.as_secs());
            Err(Problem::Unavailable { place: place.to_owned(), fault, request })
        }
    }
}

/// The largest page that a list gives.
const PAGE_SIZE_MAX: usize = 1_000;

/// Reads pages until there are `limit` rows or no more. Gives back the rows, and the token of the next page.
pub async fn pages<T, F>(limit: usize, mut page: impl FnMut(i32, String) -> F) -> Result<(Vec<T>, String), Problem>
where
    F: Future<Output = Result<(Vec<T>, String), Problem>>,
{
    let mut rows = Vec::new();
    let mut token = String::new();
    loop {
        let wanted = (limit - rows.len()).clamp(1, PAGE_SIZE_MAX);
        let (more, next) = page(i32::try_from(wanted).unwrap_or(i32::MAX), token).await?;
        rows.extend(more);
        if next.is_empty() || rows.len() >= limit {
            return Ok((rows, next));
        }
        token = next;
    }
}
