//! The gateway between the county and the town (relay-and-sharing.md §8): the keys of senders, the relay of papers, signed
//! receipts, and the delivery of what was accepted into the town's inboxes.
//!
//! The crate exports its [`BLUEPRINT`] for whoever starts a process, [`settings`] for whoever shows them, and [`envelope`], the one
//! reader and writer of payloads, for whoever sends papers; [`county`] is what a department may run to take the town's papers.

pub mod county;
pub mod key;
mod people;
pub mod refusal;
pub mod relay;
mod rows;
pub mod settings;

use std::collections::HashMap;
use std::sync::Arc;
use std::time::Duration;

use futures::FutureExt as _;
use futures::future::BoxFuture;
use prost::Name as _;
use runtime::caller::{Principal, ServiceName};
use runtime::config::{ConfigError, Environment};
use runtime::db::Migrations;
use runtime::directory::Remote;
use runtime::journal::service::Grants;
use runtime::refusal::Failure;
use runtime::serve::{Blueprint, Runtime, Service, StartError};
use runtime::signing::SoftVerifier;
use runtime::subscription::{OwnFeed, PeerFeed, Subscription};
use townlink_proto::townlink::gateway::v1::DispatchReceipt;
use townlink_proto::townlink::gateway::v1::dispatch_service_server::DispatchServiceServer;
use townlink_proto::townlink::gateway::v1::key_service_server::KeyServiceServer;
use townlink_proto::townlink::gateway::v1::paper_service_server::PaperServiceServer;
use vocabulary::DepartmentCode;

use key::senders::Senders;
use key::{KeyRpc, LiveRegistry};
use relay::content::spool::{Limits, Spool};
use relay::content::store::Store;
use relay::content::{Content, sweep};
use relay::delivery::numbering::Numbering;
use relay::dispatch::push::{County, Push};
use relay::dispatch::rpc::DispatchRpc;
use relay::dispatch::sending::sending;
use relay::dispatcher::{Board, Deliveries, Dispatcher, Hold, Holding};
use relay::following::notices::Notices;
use relay::lanes::Lanes;
use relay::paper::PaperRpc;
use relay::paper::check::Desk;
use relay::reactions::reactions;
use relay::receipts::Receipts;
use settings::{CountyReceiver, Settings, SettingsError};

pub use relay::envelope;

/// The gateway.
pub const NAME: ServiceName = ServiceName("gateway");

/// The office, which holds the inboxes and the roster.
const OFFICE: ServiceName = ServiceName("office");

/// The migrations of the gateway's database.
pub const MIGRATIONS: Migrations = runtime::migrations!["0001_keys", "0002_papers", "0003_relay"];

/// What a process needs to start the gateway.
pub const BLUEPRINT: Blueprint =
    Blueprint { name: NAME, migrations: MIGRATIONS, assemble: |runtime| assemble(&runtime) };

/// Makes the gateway.
///
/// # Errors
/// [`StartError`] where a setting or a key is wrong, or a folder cannot be used.
pub fn assemble(runtime: &Runtime) -> BoxFuture<'static, Result<Service, StartError>> {
    let runtime = runtime.clone();
    async move { assembled(&runtime).await }.boxed()
}

async fn assembled(runtime: &Runtime) -> Result<Service, StartError> {
    let town = runtime.settings();
    let settings = runtime.section::<Settings>()?.below(&town.data_dir);
    if settings.dispatcher_hold && town.environment == Environment::Production {
        return Err(invalid(&SettingsError::Hold));
    }
    let rules = Arc::new(settings.rules(&town.town_name).map_err(|error| invalid(&error))?);
    if let Some(document) = settings.document().map_err(|error| invalid(&error))? {
        document.applies_on(runtime.clock().today()).map_err(|error| invalid(&error.into()))?;
        runtime::serve::rest_on(&document);
    }
    let hold = Hold::new(town.environment, &town.data_dir, settings.dispatcher_hold);
    let (writer, directory) = (runtime.writer().clone(), runtime.directory().clone());
    let receipts = Receipts::new(Arc::clone(&runtime.signers().sm2), runtime.log_origin(), runtime.clock());
    let receipts = receipts.map_err(Failure::internal)?;
    let endpoints = endpoints(runtime, &settings)?;
    let content = sweep::blocking(move || content(&settings)).await?;
    let live = LiveRegistry::default();
    live.replace(&key::store::registry(runtime.db().snapshot().await?.sql()).await?.into());

    let keys = KeyRpc::new(writer.clone(), Arc::clone(&rules), live.clone(), receipts.signer());
    let desk = Desk::new(writer.clone(), Arc::clone(&rules), content.clone(), receipts.clone(), Arc::new(SoftVerifier));
    let senders = Senders::new(live, runtime.clone());
    let papers = PaperRpc::new(desk, senders.clone(), runtime.clone());
    let dispatches = DispatchRpc::new(content.clone(), senders, runtime.clone());
    let (db, board) = (runtime.db().clone(), Board::default());
    let wait_max = town.diagnosis.delivery_wait_max_minutes;
    let lanes = Lanes::new(db.clone(), runtime.clock().clone(), board.clone(), hold.clone(), wait_max);
    let service = Service::new(runtime)
        .people(Arc::new(people::Roster::new(directory.clone())))
        .serve(KeyServiceServer::new(keys))
        .serve(PaperServiceServer::new(papers))
        .serve(DispatchServiceServer::new(dispatches))
        .grants(Grants::none().allow(Principal::Service(OFFICE), [DispatchReceipt::full_name()]))
        .check(lanes);

    let office = PeerFeed::new(directory.channel(OFFICE)?);
    let sent = PeerFeed::new(directory.channel(OFFICE)?);
    Ok(service.background(move |tasks| {
        sweep::start(&db, &content, tasks);
        let own = Holding::new(OwnFeed::new(db.clone()), hold.clone());
        Subscription::new(db.clone(), Numbering::new(writer.clone()), own).start(tasks);
        let (reaction, feed) = sending(writer.clone(), content, receipts.clone(), rules, sent);
        Subscription::new(db.clone(), reaction, feed).start(tasks);
        let (reaction, feed) = reactions(writer.clone(), receipts, office);
        Subscription::new(db, reaction, feed).start(tasks);
        let deliveries = Deliveries::new(writer.clone(), directory.clone(), hold.clone());
        let notices = Notices::new(writer.clone(), directory, hold.clone());
        let push = Push::new(writer.clone(), hold.clone(), endpoints);
        Dispatcher::new(writer, hold, board, deliveries, notices, push).start(tasks);
    }))
}

/// The endpoints of departments that want their papers pushed, reached with the gateway's own certificate.
fn endpoints(runtime: &Runtime, settings: &Settings) -> Result<HashMap<DepartmentCode, County>, StartError> {
    let town = runtime.settings();
    let mut endpoints = HashMap::new();
    for (department, receiver) in &settings.receivers {
        let wrong = |fault: String| invalid(&SettingsError::Receiver { department: department.clone(), fault });
        let code = DepartmentCode::parse(department).map_err(|error| wrong(error.to_string()))?;
        let CountyReceiver { address, tls_name } = receiver;
        let remote = Remote::new(address, tls_name, town.authority()?, &town.keys(NAME)?.identity);
        endpoints.insert(code, County::new(remote.map_err(|error| wrong(error.to_string()))?));
    }
    Ok(endpoints)
}

fn content(settings: &Settings) -> std::io::Result<Content> {
    let limits = Limits {
        uploads_max: settings.uploads_max,
        bytes_max: settings.uploads_bytes_max,
        sender_bytes_max: settings.uploads_sender_bytes_max,
        streams_max: settings.upload_streams_max,
        age_max: Duration::from_secs(settings.upload_age_max_minutes.saturating_mul(60)),
        idle_max: Duration::from_secs(settings.upload_idle_max_minutes.saturating_mul(60)),
    };
    let spool = Spool::open(&settings.spool_dir, limits).map_err(std::io::Error::other)?;
    Ok(Content { spool, store: Store::open(&settings.content_dir)? })
}

fn invalid(error: &SettingsError) -> StartError {
    ConfigError::Unreadable(error.to_string()).into()
}
