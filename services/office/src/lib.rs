//! The office: institutions, the register of powers and grants, the inbox and the roster.
//!
//! It hosts what all eight institutions share. The caller's institution decides what he may do here, never the process that
//! he reaches. Grants and withdrawals come by paper: the gateway delivers it ([`delivery`]), a clerk works it ([`inbox`]), a
//! second person confirms the document that it became ([`register`]), and only then does a power change hands.
//!
//! - [`coordination`]: work information, clues, consultations, external supervision; who must act next.
//! - [`delivery`]: takes papers in, in order and once.
//! - [`dispatch`]: the papers that the town sends.
//! - [`guidance`]: guidance of the back office to the front desk, and objections.
//! - [`inbox`]: works papers from arrival to archive, and says what falls due.
//! - [`institution`]: the eight institutions and their names by date.
//! - [`register`]: powers, grants and the documents that they rest on.
//! - [`opinion`]: joint reviews.
//! - [`outcome`]: whether a text fixes the outcome of a case.
//! - [`oversight`]: what supervision and joint reviews have in common.
//! - [`roster`]: who may do what, until the personnel service owns it.
//! - [`refusal`]: why the office says no.
//! - [`settings`]: the section `[office]`.
//! - [`supervision`]: supervision of the front desk, and calling to account.
//! - [`fields`], [`rows`]: reading requests; statements for several rows.

mod coordination;
mod delivery;
mod dispatch;
mod fields;
mod guidance;
mod inbox;
mod institution;
mod opinion;
mod outcome;
mod oversight;
mod receiver;
mod refusal;
mod register;
mod roster;
mod rows;
mod settings;
mod supervision;

use std::sync::Arc;

use futures::future::BoxFuture;
use runtime::access::Act;
use runtime::caller::ServiceName;
use runtime::config::ConfigError;
use runtime::db::Migrations;
use runtime::serve::{Blueprint, Runtime, Service, StartError};
use runtime::subscription::{OwnFeed, Subscription};
use runtime::tasks::Tasks;
use runtime::timer;
use townlink_proto::townlink::office::v1::coordination_service_server::CoordinationServiceServer;
use townlink_proto::townlink::office::v1::delivery_service_server::DeliveryServiceServer;
use townlink_proto::townlink::office::v1::guidance_service_server::GuidanceServiceServer;
use townlink_proto::townlink::office::v1::inbox_service_server::InboxServiceServer;
use townlink_proto::townlink::office::v1::institution_service_server::InstitutionServiceServer;
use townlink_proto::townlink::office::v1::opinion_service_server::OpinionServiceServer;
use townlink_proto::townlink::office::v1::roster_service_server::RosterServiceServer;
use townlink_proto::townlink::office::v1::supervision_service_server::SupervisionServiceServer;

use coordination::rpc::CoordinationRpc;
use coordination::timer::Duties;
use delivery::queue::Queue;
use delivery::rpc::DeliveryRpc;
use dispatch::settings::DispatchRules;
use guidance::rpc::GuidanceRpc;
use guidance::sources::Sources;
use inbox::alarm::{self, Alarms};
use inbox::rpc::InboxRpc;
use institution::InstitutionRpc;
use opinion::rpc::OpinionRpc;
use oversight::courier::Courier;
use oversight::timer::Limits as OversightLimits;
use register::settings::Rules;
use roster::Roster;
use roster::rpc::RosterRpc;
use supervision::rpc::SupervisionRpc;

pub use coordination::settings::{CoordinationSettings, Limits};
pub use dispatch::settings::{AddresseeLine, DispatchSettings, NumberWord};
pub use inbox::settings::{CalendarLine, InboxSettings, LimitLine};
pub use oversight::settings::{DesignationLine, LimitSettings, OversightSettings, SampleSettings};
pub use register::settings::{DepartmentLine, FieldLine, RankedIssuer, RegisterSettings};
pub use settings::{NameEntry, OfficeSettings, RosterEntry, SettingsError, TownSettings};

/// The gateway, which delivers papers and follows what becomes of them.
const GATEWAY: ServiceName = ServiceName("gateway");

/// The service centre, which asks for opinions by itself too.
const SERVICE_CENTER: ServiceName = ServiceName(opinion::decide::SERVICE_CENTER);

/// Those who let persons into the cell, and so ask what they may do.
const ASKING: [ServiceName; 6] = [
    GATEWAY,
    SERVICE_CENTER,
    ServiceName("enforcement"),
    ServiceName("personnel"),
    ServiceName("finance"),
    ServiceName("economy"),
];

/// The migrations of the office's database.
pub const MIGRATIONS: Migrations = runtime::migrations![
    "0001_register",
    "0002_inbox",
    "0003_roster",
    "0004_inbox_work",
    "0005_dispatches",
    "0006_coordination",
    "0007_evaluations",
    "0008_oversight",
    "0009_acknowledgements",
];

/// The office, for a process to start.
pub const BLUEPRINT: Blueprint = Blueprint {
    name: ServiceName("office"),
    migrations: MIGRATIONS,
    assemble: |runtime| Box::pin(assemble(runtime)) as Assembling,
};

type Assembling = BoxFuture<'static, Result<Service, StartError>>;

/// Makes the office of its settings and its database.
///
/// # Errors
/// [`StartError`] where a setting cannot be, or the database is away.
pub async fn assemble(runtime: Runtime) -> Result<Service, StartError> {
    let settings: OfficeSettings = runtime.section()?;
    let writer = runtime.writer();
    if let Some(document) = settings.document().map_err(invalid)? {
        document.applies_on(runtime.clock().today()).map_err(|error| invalid(SettingsError::of_document(&error)))?;
        runtime::serve::rest_on(&document);
    }
    let names = Arc::new(settings.institution_names().map_err(invalid)?);
    let first = roster::first_assignments(&settings.roster, runtime.clock().today()).map_err(invalid)?;
    roster::take_over(writer, first).await?;
    let rules = Rules::new(&settings.register, names.town()).map_err(invalid)?;
    let due = Arc::new(settings.inbox.rules().map_err(invalid)?);
    let (fields, calendar) = (&settings.register.fields, &due.calendar);
    let coordination = coordination::settings::Rules::new(&settings.coordination, fields, calendar.clone());
    let coordination = Arc::new(coordination.map_err(invalid)?);
    let oversight = oversight::settings::Rules::new(&settings.oversight, fields, calendar.clone());
    let oversight = Arc::new(oversight.map_err(invalid)?);
    alarm::set_anew(writer, &due).await?;
    let falling_due = falling_due(&runtime, &due, Arc::clone(&coordination), Arc::clone(&oversight));
    let roster = Roster::new(runtime.db().clone());
    let queue = Queue::open(writer.clone(), Arc::clone(&due), runtime.tasks());

    let institutions = InstitutionRpc::new(Arc::clone(&names));
    let deliveries = DeliveryRpc::new(runtime.clone(), queue, Arc::clone(&due));
    let inboxes = InboxRpc::new(runtime.clone(), Arc::clone(&due));
    let people = RosterRpc::new(writer.clone(), roster.clone());
    let matters = CoordinationRpc::new(writer.clone(), Arc::clone(&coordination));
    let guidances = GuidanceRpc::new(writer.clone(), Arc::clone(&coordination));
    let service = Service::new(&runtime)
        .serve(InstitutionServiceServer::new(institutions))
        .serve(DeliveryServiceServer::new(deliveries))
        .serve(InboxServiceServer::new(inboxes))
        .serve(RosterServiceServer::new(people))
        .serve(CoordinationServiceServer::new(matters))
        .serve(GuidanceServiceServer::new(guidances))
        .serve(SupervisionServiceServer::new(SupervisionRpc::new(runtime.clone(), Arc::clone(&oversight))))
        .serve(OpinionServiceServer::new(OpinionRpc::new(runtime.clone(), oversight)))
        .background(falling_due)
        .people(Arc::new(roster))
        .grants(settings.journal_grants().map_err(invalid)?)
        .admit(GATEWAY, Act::Deliver)
        .admit(SERVICE_CENTER, Act::GiveOpinion);
    let service = register::serve(service, &runtime, rules, Arc::clone(&names)).await?;
    let outgoing = DispatchRules::new(&settings.dispatch, Arc::clone(&names)).map_err(invalid)?;
    let service = dispatch::serve(service, &runtime, outgoing, calendar.clone()).await?;
    let service = settings.journal_readers().fold(service, |service, reader| service.admit(reader, Act::ReadJournal));
    Ok(ASKING.into_iter().fold(service, |service, asking| service.admit(asking, Act::AskStanding)))
}

/// Raises the alarms of inboxes, coordination and oversight, and tells papers of their guidance and services of what concerns their
/// cases, while the office serves.
fn falling_due(
    runtime: &Runtime,
    due: &Arc<inbox::rules::Rules>,
    coordination: Arc<coordination::settings::Rules>,
    oversight: Arc<oversight::settings::Rules>,
) -> impl FnOnce(&Tasks) + Send + 'static {
    let (writer, directory, due) = (runtime.writer().clone(), runtime.directory().clone(), Arc::clone(due));
    move |tasks| {
        let db = writer.db().clone();
        Subscription::new(db.clone(), Sources::new(writer.clone()), OwnFeed::new(db)).start(tasks);
        Courier::new(writer.clone(), directory, Arc::clone(&oversight)).start(tasks);
        timer::start(Alarms::new(writer.clone(), due), &writer, tasks);
        timer::start(Duties::new(writer.clone(), coordination), &writer, tasks);
        timer::start(OversightLimits::new(writer.clone(), oversight), &writer, tasks);
    }
}

fn invalid(error: SettingsError) -> ConfigError {
    ConfigError::Invalid { key: error.key, fault: error.fault }
}
