//! From blueprints to a running process, and its end.

use std::collections::HashMap;
use std::net::SocketAddr;
use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use metrics_exporter_prometheus::PrometheusHandle;
use tokio::signal::unix::{SignalKind, signal};
use tokio_util::sync::CancellationToken;
use tonic_health::server::HealthReporter;
use townlink_proto::DESCRIPTOR_SET;
use townlink_proto::townlink::clock::v1::clock_service_server::ClockServiceServer;
use townlink_proto::townlink::diagnosis::v1::diagnosis_service_server::DiagnosisServiceServer;
use townlink_proto::townlink::journal::v1::journal_service_server::JournalServiceServer;

use super::listener::Doors;
use super::storage::{self, Storage};
use super::{Address, Begin, Blueprint, Inner, Runtime, Service, Signers, StartError, operations};
use crate::access::{RuleError, Rules};
use crate::caller::token::{Minter, Origin, Verifier};
use crate::caller::{Peer, ServiceName};
use crate::clock::{ClockRpc, TownClock};
use crate::config::{Environment, Loaded, ServiceKeys, Settings};
use crate::db::Migrations;
use crate::diagnosis::service::DiagnosisRpc;
use crate::directory::trouble::Own;
use crate::directory::{Directory, Place, Remote};
use crate::execute::Writer;
use crate::in_process::{self, PipeAcceptor, PipeConnector};
use crate::journal::service::Journal;
use crate::layers::{Denials, Parts, Stack};
use crate::network::Listener;
use crate::people::CachedPeople;
use crate::pki;
use crate::refusal::Failure;
use crate::sequencer::{Pace, Sequencer};
use crate::signing::{PublicKey, soft_signer};
use crate::tasks::Tasks;
use crate::telemetry::Spans;

/// What a start does about the schema of the databases.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Schema {
    /// Brings it up to date: one process on one machine.
    Migrate,
    /// Leaves it alone, and refuses to start where it does not fit: `townlink migrate` runs before.
    Keep,
}

/// Brings the databases of services up to date, without starting them.
///
/// # Errors
/// [`StartError`] for the first database that cannot be.
pub async fn migrate(settings: &Settings, blueprints: &[Blueprint]) -> Result<(), StartError> {
    for blueprint in blueprints {
        let keys = settings.keys(blueprint.name)?;
        let storage = storage::open(blueprint.name, &keys).await?;
        let migrated = storage::fit(blueprint.name, &keys, &storage.db, &blueprint.migrations, Schema::Migrate).await;
        storage.db.close().await;
        migrated?;
    }
    Ok(())
}

/// Starts services in this process. They serve when this returns.
///
/// # Errors
/// [`StartError`] for the first thing that is wrong; nothing runs then.
pub async fn start(loaded: Loaded, blueprints: &[Blueprint], schema: Schema) -> Result<Running, StartError> {
    let recorder = operations::recorder()?;
    let rules = Arc::new(Rules::read(DESCRIPTOR_SET)?);
    let loaded = Arc::new(loaded);
    let settings = &loaded.settings;
    let mut acceptors = HashMap::new();
    let mut connectors = HashMap::new();
    for blueprint in blueprints {
        let (connector, acceptor) = in_process::door();
        connectors.insert(blueprint.name, connector);
        acceptors.insert(blueprint.name, acceptor);
    }
    let verifier = Arc::new(Verifier::new(settings.cell.clone(), origins(settings)?));
    let process = Tasks::new();
    let mut running =
        Running { services: Vec::new(), operations: None, process, drain_max: settings.limits.drain_max() };
    for blueprint in blueprints {
        let acceptor = acceptors.remove(&blueprint.name);
        let acceptor =
            acceptor.ok_or_else(|| Failure::internal(format!("{} is to be started twice", blueprint.name)))?;
        let parts = Process { loaded: &loaded, rules: &rules, verifier: &verifier, connectors: &connectors };
        match parts.start(blueprint, acceptor, schema).await {
            Ok(served) => running.services.push(served),
            Err(error) => {
                running.drain().await;
                return Err(error);
            }
        }
    }
    match operations(settings, recorder, &running.process).await {
        Ok(address) => running.operations = address,
        Err(error) => {
            running.drain().await;
            return Err(error);
        }
    }
    for served in &mut running.services {
        let begin = served.begin.get_mut().unwrap_or_else(PoisonError::into_inner);
        for begin in std::mem::take(begin) {
            begin(&served.tasks);
        }
        served.health.set_service_status("", tonic_health::ServingStatus::Serving).await;
        tracing::info!(service = %served.name, address = %served.address, "serving");
    }
    Ok(running)
}

async fn operations(
    settings: &Settings,
    recorder: PrometheusHandle,
    tasks: &Tasks,
) -> Result<Option<SocketAddr>, StartError> {
    match settings.operations()? {
        Some(address) => operations::serve(address, recorder, tasks).await.map(Some),
        None => Ok(None),
    }
}

/// What the services of a process share.
struct Process<'a> {
    loaded: &'a Arc<Loaded>,
    rules: &'a Arc<Rules>,
    verifier: &'a Arc<Verifier>,
    connectors: &'a HashMap<ServiceName, PipeConnector>,
}

impl Process<'_> {
    async fn start(&self, blueprint: &Blueprint, acceptor: PipeAcceptor, schema: Schema) -> Result<Served, StartError> {
        let settings = &self.loaded.settings;
        let name = blueprint.name;
        let keys = settings.keys(name)?;
        let tls = pki::server_config(settings.authority()?, &keys.identity)?;
        let storage = storage::open(name, &keys).await?;
        let db = storage.db.clone();
        storage::fit(name, &keys, &db, &blueprint.migrations, schema).await?;
        let signers = Signers { ed25519: signer(&keys.keys.log_ed25519)?, sm2: signer(&keys.keys.log_sm2)? };
        let origin = origin(name, &keys)?;
        storage::bind(name, &db, &origin, &signers).await?;
        let clock = TownClock::open(settings.clock_mode()?, &db).await?;
        let tasks = Tasks::new();
        let spans = Spans::open(name, &settings.cell, &settings.telemetry)?;
        let runtime = Runtime(Arc::new(Inner {
            name,
            loaded: Arc::clone(self.loaded),
            denials: Arc::new(Denials::new(settings.limits.denials_per_minute, name)),
            writer: Writer::new(db, clock, name),
            directory: self.directory(name, &keys, &tasks, &spans)?,
            tasks: tasks.clone(),
            signers,
        }));
        let service = (blueprint.assemble)(runtime.clone()).await?;
        let stopping = CancellationToken::new();
        let (health, stack, begin) =
            self.stack(&runtime, service, (origin, blueprint.migrations), (stopping.clone(), spans.clone())).await?;
        let refused = |cause| StartError::Listen {
            key: format!("services.{name}.listen"),
            address: keys.listen.to_string(),
            cause,
        };
        let listener = Listener::bind(keys.listen).await.map_err(refused)?;
        let address = listener.local_addr().map_err(refused)?;
        let doors = Arc::new(Doors::new(name, settings.cell.clone(), Arc::new(stack), &settings.limits));
        doors.open_network(listener, tls);
        doors.open_pipes(acceptor);
        let tls_name = settings.service(name)?.tls_name.clone().unwrap_or_default();
        let begin = Mutex::new(begin);
        Ok(Served { name, address, tls_name, doors, health, tasks, stopping, storage, spans, begin })
    }

    /// The channels of a service: pipes to its neighbours, the network to all others that have an address.
    fn directory(
        &self,
        own: ServiceName,
        keys: &ServiceKeys,
        tasks: &Tasks,
        spans: &Spans,
    ) -> Result<Directory, StartError> {
        let settings = &self.loaded.settings;
        let tls = pki::client_config(settings.authority()?, &keys.identity)?;
        let mut places = HashMap::new();
        for (name, other) in &settings.services {
            let Some(name) = ServiceName::parse(name) else { continue };
            if let Some(door) = self.connectors.get(&name) {
                places.insert(name, Place::Here(door.clone()));
            } else if let Some(address) = &other.address {
                let host = address.rsplit_once(':').map_or(address.as_str(), |(host, _)| host);
                let tls_name = other.tls_name.as_deref().unwrap_or(host);
                let shown = Own { authority: settings.authority()?.clone(), identity: keys.identity.clone() };
                let remote = Remote::with_tls(address, tls_name, Arc::clone(&tls), shown);
                let remote = remote.map_err(|cause| StartError::Remote { service: name, cause })?;
                let remote = remote.needing(settings.cell.clone(), Peer::Service(name));
                places.insert(name, Place::There(Box::new(remote)));
            }
        }
        let minter = Minter::new(settings.cell.clone(), own, signer(&keys.keys.caller)?);
        Ok(Directory::new(own, places, minter, tasks.clone(), spans.clone()))
    }

    /// The service's own contracts and those that every service serves, behind the layers.
    async fn stack(
        &self,
        runtime: &Runtime,
        mut service: Service,
        (origin, migrations): (crate::log::Origin, Migrations),
        (stopping, spans): (CancellationToken, Spans),
    ) -> Result<(HealthReporter, Stack, Begin), StartError> {
        let settings = &self.loaded.settings;
        let signers = vec![Arc::clone(&runtime.signers().ed25519), Arc::clone(&runtime.signers().sm2)];
        let sequencer = Sequencer::new(runtime.db().clone(), origin, signers, Pace::default());
        let journal = Journal::new(runtime.db().clone(), sequencer.tree(), std::mem::take(&mut service.grants));
        let development = settings.environment == Environment::Development;
        let clock = ClockRpc::new(runtime.clock().clone(), development);
        let diagnosis = DiagnosisRpc::new(runtime.clone(), migrations, std::mem::take(&mut service.checks));
        let service = service
            .serve(JournalServiceServer::new(journal))
            .serve(ClockServiceServer::new(clock))
            .serve(DiagnosisServiceServer::new(diagnosis));
        let writer = runtime.writer().clone();
        let mut service = service.background(move |tasks| {
            sequencer.start(tasks);
            tasks.keep("learn which requests were answered", move || {
                let writer = writer.clone();
                async move { writer.learn().await }
            });
        });
        for name in &service.served {
            if !self.rules.methods().any(|rule| rule.path[1..].split('/').next() == Some(*name)) {
                let fault = "is served, but has no rules in the contracts".to_owned();
                return Err(RuleError { method: (*name).to_owned(), fault }.into());
            }
        }
        let (health, health_server) = tonic_health::server::health_reporter();
        health.set_service_status("", tonic_health::ServingStatus::NotServing).await;
        service.routes.add_service(health_server);
        reflect(&mut service)?;
        let stack = Stack::new(Parts {
            service: service.name,
            rules: Arc::clone(self.rules),
            router: service.routes.routes().prepare().into_axum_router(),
            served: service.served,
            verifier: Arc::clone(self.verifier),
            people: CachedPeople::new(service.people),
            named: service.named,
            writer: runtime.writer().clone(),
            denials: Arc::clone(&runtime.0.denials),
            limits: settings.limits.clone(),
            stopping,
            spans,
        });
        Ok((health, stack, service.begin))
    }
}

/// What the service says of its contracts, in the version that is current and in the one that many clients still ask for.
fn reflect(service: &mut Service) -> Result<(), StartError> {
    let builder = || {
        let builder = tonic_reflection::server::Builder::configure()
            .register_encoded_file_descriptor_set(DESCRIPTOR_SET)
            .register_encoded_file_descriptor_set(tonic_health::pb::FILE_DESCRIPTOR_SET)
            .with_service_name("grpc.health.v1.Health");
        service.served.iter().fold(builder, |builder, name| builder.with_service_name(*name))
    };
    let (current, older) = (builder().build_v1(), builder().build_v1alpha());
    service.routes.add_service(current.map_err(Failure::internal)?);
    service.routes.add_service(older.map_err(Failure::internal)?);
    Ok(())
}

fn origin(service: ServiceName, keys: &ServiceKeys) -> Result<crate::log::Origin, StartError> {
    let origin = crate::log::Origin::new(&keys.log_origin);
    let wrong = |cause: crate::log::NoteError| {
        crate::config::ConfigError::invalid(format!("services.{service}.log_origin"), cause.to_string())
    };
    Ok(origin.map_err(wrong)?)
}

/// The keys that caller tokens of this cell may be signed with. A service without one mints none.
fn origins(settings: &Settings) -> Result<HashMap<ServiceName, Origin>, StartError> {
    let mut origins = HashMap::new();
    for (name, service) in &settings.services {
        let (Some(name), Some(file)) = (ServiceName::parse(name), &service.caller_public_key) else { continue };
        // In development a key is made when its service first starts; before that there is nobody to believe.
        if settings.environment == Environment::Development && !file.exists() {
            continue;
        }
        let key = PublicKey::from_pem(&text(file)?).map_err(|cause| unusable(file, cause))?;
        origins.insert(name, Origin { key, speaks_for: service.institutions(name)? });
    }
    Ok(origins)
}

fn signer(file: &Path) -> Result<Arc<dyn crate::signing::Signer>, StartError> {
    soft_signer(&text(file)?).map_err(|cause| unusable(file, cause))
}

fn text(file: &Path) -> Result<zeroize::Zeroizing<String>, StartError> {
    let text = String::from_utf8(pki::files::read(file)?);
    let text =
        text.map_err(|_| pki::PkiError::Content { path: file.to_owned(), fault: "is no PEM text".to_owned() })?;
    Ok(zeroize::Zeroizing::new(text))
}

fn unusable(file: &Path, cause: crate::signing::SigningError) -> StartError {
    StartError::Key { file: file.display().to_string(), cause }
}

/// A service that is served.
struct Served {
    name: ServiceName,
    address: SocketAddr,
    tls_name: String,
    doors: Arc<Doors>,
    health: HealthReporter,
    tasks: Tasks,
    stopping: CancellationToken,
    storage: Storage,
    spans: Spans,
    /// Behind a lock only so that a process may be shared by threads.
    begin: Mutex<Begin>,
}

/// A process that serves.
pub struct Running {
    services: Vec<Served>,
    operations: Option<SocketAddr>,
    process: Tasks,
    drain_max: Duration,
}

impl Running {
    /// Where each service listens.
    #[must_use]
    pub fn addresses(&self) -> Vec<Address> {
        let address = |served: &Served| Address {
            service: served.name.to_string(),
            address: served.address,
            tls_name: served.tls_name.clone(),
        };
        self.services.iter().map(address).collect()
    }

    /// Where metrics and liveness are, unless switched off.
    #[must_use]
    pub fn operations(&self) -> Option<SocketAddr> {
        self.operations
    }

    /// Serves until the process is told to end (SIGTERM, or SIGINT from a keyboard), then drains. Answers whether everything
    /// ended within the bound.
    ///
    /// # Errors
    /// [`StartError`] where the machine does not let signals be heard.
    pub async fn until_signalled(self) -> Result<bool, StartError> {
        let hear = |kind| signal(kind).map_err(|cause| Failure::unavailable("the machine's signals", cause));
        let (mut terminate, mut interrupt) = (hear(SignalKind::terminate())?, hear(SignalKind::interrupt())?);
        tokio::select! {
            _ = terminate.recv() => {}
            _ = interrupt.recv() => {}
        }
        tracing::info!("ending: no new calls are taken");
        Ok(self.drain().await)
    }

    /// Ends: health says no, the network closes, calls at hand are answered, background tasks end, then pipes and databases
    /// close. What does not end within the bound is cut off; nothing that was acknowledged is lost by that.
    pub async fn drain(self) -> bool {
        let bound = self.drain_max;
        let ended = tokio::time::timeout(bound, async {
            for served in &self.services {
                served.health.set_service_status("", tonic_health::ServingStatus::NotServing).await;
                served.stopping.cancel();
            }
            futures::future::join_all(self.services.iter().map(|served| served.doors.close_network())).await;
            let tasks = self.services.iter().map(|served| &served.tasks).chain([&self.process]);
            let tasks_ended = futures::future::join_all(tasks.map(|tasks| tasks.stop(bound))).await;
            futures::future::join_all(self.services.iter().map(|served| served.doors.close_pipes())).await;
            futures::future::join_all(self.services.iter().map(|served| served.storage.db.close())).await;
            futures::future::join_all(self.services.iter().map(|served| served.spans.close())).await;
            tasks_ended.into_iter().all(|ended| ended)
        });
        let ended = ended.await.unwrap_or(false);
        if !ended {
            tracing::warn!("the process ends although calls or tasks were still at work after {bound:?}");
        }
        ended
    }
}
