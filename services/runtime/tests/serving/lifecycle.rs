//! From start to end: channels between services, drain, operations.

use std::path::Path;
use std::sync::{Arc, Mutex, OnceLock};
use std::time::Duration;

use runtime::access::{Access, Rules};
use runtime::caller::{Caller, PersonId, Principal, ServiceName};
use runtime::config::{Loaded, Sources};
use runtime::db::{Db, Migrations, Options};
use runtime::pki;
use runtime::serve::{Blueprint, Runtime, Schema, Service, StartError, start};
use runtime::testing::town::VALIDITY;
use runtime::testing::{TestTown, fresh_request_id};
use tokio::task::JoinSet;
use tonic::Code;
use townlink_proto::townlink::clock::v1 as clock;
use townlink_proto::townlink::clock::v1::clock_service_client::ClockServiceClient;
use townlink_proto::townlink::journal::v1::WatchEntriesRequest;
use townlink_proto::townlink::journal::v1::journal_service_client::JournalServiceClient;
use townlink_proto::townlink::receiver::v1::ApplyRequest;
use townlink_proto::townlink::receiver::v1::receiver_service_client::ReceiverServiceClient;

use super::example::SERVICE;

const LEDGER: ServiceName = SERVICE.name;

/// A second service, which only lends its runtime to the test.
const OFFICE: Blueprint = Blueprint {
    name: ServiceName("office"),
    migrations: Migrations { files: &[] },
    assemble: |runtime| {
        lent().lock().expect("no panic").push(runtime.clone());
        Box::pin(std::future::ready(Ok(Service::new(&runtime))))
    },
};

fn lent() -> Arc<Mutex<Vec<Runtime>>> {
    static LENT: OnceLock<Arc<Mutex<Vec<Runtime>>>> = OnceLock::new();
    Arc::clone(LENT.get_or_init(Arc::default))
}

/// The office of the town in this folder: tests run side by side.
fn office_in(folder: &Path) -> Runtime {
    let lent = lent();
    let lent = lent.lock().expect("no panic");
    lent.iter().rfind(|runtime| runtime.settings().data_dir == folder).cloned().expect("the office was assembled")
}

fn office(town: &TestTown) -> Runtime {
    office_in(town.folder())
}

/// A caller whom the office let in.
fn let_in(principal: &str, person: Option<&str>) -> Access {
    let rules = Rules::read(townlink_proto::DESCRIPTOR_SET).expect("the contracts have rules");
    let method = rules.of("/townlink.clock.v1.ClockService/GetClock").expect("the clock");
    let principal = Principal::parse(principal).expect("a principal");
    let person = person.map(|id| PersonId::parse(id).expect("an id"));
    Access::for_test((**method).clone(), Caller { principal, person, origin: OFFICE.name }, None)
}

fn apply(kind: &str) -> ApplyRequest {
    ApplyRequest {
        request_id: fresh_request_id().to_string(),
        directive_type: kind.to_owned(),
        ..ApplyRequest::default()
    }
}

#[tokio::test]
async fn services_of_a_process_call_each_other_over_pipes() {
    let town = TestTown::start(&[SERVICE, OFFICE]).await;
    let channel = office(&town).directory().channel(LEDGER).expect("in the directory");
    let mut receiver = ReceiverServiceClient::new(channel);
    let request = apply("GRANT_POWERS");
    let first = receiver.apply(request.clone()).await.expect("the office is named").into_inner();
    assert_eq!(receiver.apply(request.clone()).await.expect("again").into_inner(), first);
    // Over the network the same principal gets the same answer.
    let mut remote = ReceiverServiceClient::new(town.client(LEDGER, "service/office"));
    assert_eq!(remote.apply(request).await.expect("over TLS").into_inner(), first);
    assert!(office(&town).directory().channel(ServiceName("finance")).is_err());
}

#[tokio::test]
async fn who_acts_goes_along_with_a_call() {
    let town = TestTown::start_with(&[SERVICE, OFFICE], "services.office.speaks_for = [\"OFFICE\"]").await;
    let office = office(&town);
    let to = |access: &Access| office.directory().channel_for(LEDGER, access).expect("in the directory");
    let officer = let_in("institution/OFFICE", Some("li"));
    let applied = ReceiverServiceClient::new(to(&officer)).apply(apply("GRANT_POWERS")).await;
    assert_eq!(applied.expect("the office applies for its officer").into_inner().applied, 1);
    // The answer is kept for the officer's principal, not for the service that passed the call on.
    let journal = runtime::testing::journal_entries(&ledger_db(&town).await).await;
    let payload = journal[0].entry.payload.clone().expect("a payload");
    assert_eq!((payload.principal.as_str(), payload.person.as_str()), ("institution/OFFICE", "li"));

    for (principal, person, code) in [
        ("county/housing", None, Code::PermissionDenied),
        ("institution/FINANCE", Some("li"), Code::PermissionDenied),
        ("institution/OFFICE", Some("wang"), Code::PermissionDenied),
        ("institution/FINANCE", None, Code::Unauthenticated),
        ("leaders", None, Code::Unauthenticated),
    ] {
        let access = let_in(principal, person);
        let refused = ReceiverServiceClient::new(to(&access)).apply(apply("GRANT_POWERS")).await;
        assert_eq!(refused.expect_err("not admitted").code(), code, "{principal} {person:?}");
    }
    let own = Principal::parse("institution/OFFICE").expect("a principal");
    let as_office = office.directory().channel_as(LEDGER, &own).expect("in the directory");
    ReceiverServiceClient::new(as_office).apply(apply("GRANT_POWERS")).await.expect("the office speaks for itself");
}

async fn ledger_db(town: &TestTown) -> Db {
    let keys = town.loaded().settings.keys(LEDGER).expect("the settings of the ledger");
    Db::open(keys.database.expose(), Options::default()).await.expect("opens")
}

#[tokio::test]
async fn services_of_two_processes_call_each_other_over_the_network() {
    let folder = tempfile::tempdir().expect("a folder");
    let names = [LEDGER, OFFICE.name];
    let free = std::net::TcpListener::bind("127.0.0.1:0").and_then(|probe| probe.local_addr()).expect("a free port");
    let loaded = || {
        let environment = [
            ("TOWNLINK__DATA_DIR", folder.path().display().to_string()),
            ("TOWNLINK__SERVICES__LEDGER__LISTEN", free.to_string()),
            ("TOWNLINK__SERVICES__LEDGER__ADDRESS", free.to_string()),
        ];
        let environment = environment.map(|(key, value)| (key.to_owned(), value)).to_vec();
        Loaded::read(&Sources { services: names.to_vec(), environment, ..Sources::default() }).expect("settings")
    };
    let cell = loaded().settings.cell;
    pki::develop(&folder.path().join("pki"), &cell, &names, VALIDITY).expect("keys and certificates");
    let office = start(loaded(), &[OFFICE], Schema::Migrate).await.expect("the office runs");
    let directory = office_in(folder.path()).directory().clone();
    let mut receiver = ReceiverServiceClient::new(directory.channel(LEDGER).expect("in the directory"));
    assert_eq!(receiver.apply(apply("GRANT_POWERS")).await.expect_err("nobody is there").code(), Code::Unavailable);
    let mut ready = directory.ready(LEDGER).expect("in the directory");
    assert!(!*ready.borrow());

    for round in 1..=2 {
        let ledger = start(loaded(), &[SERVICE], Schema::Migrate).await.expect("the ledger runs");
        hear(&mut ready, true).await;
        let applied = receiver.apply(apply("GRANT_POWERS")).await.expect("connected again").into_inner();
        assert_eq!(applied.applied, round);
        let access = let_in("institution/OFFICE", Some("li"));
        let channel = directory.channel_for(LEDGER, &access).expect("in the directory");
        ClockServiceClient::new(channel).get_clock(clock::GetClockRequest {}).await.expect("the token is believed");
        assert!(ledger.drain().await);
        hear(&mut ready, false).await;
    }
    assert!(office.drain().await);
}

#[tokio::test]
async fn a_database_goes_with_its_log_keys_and_with_one_process() {
    let folder = tempfile::tempdir().expect("a folder");
    let loaded = || {
        let environment = vec![("TOWNLINK__DATA_DIR".to_owned(), folder.path().display().to_string())];
        let defaults = "services.ledger.listen = \"127.0.0.1:0\"\noperations.listen = \"off\"".to_owned();
        let sources = Sources { services: vec![LEDGER], environment, defaults, ..Sources::default() };
        Loaded::read(&sources).expect("settings")
    };
    let pki_dir = folder.path().join("pki");
    let cell = loaded().settings.cell;
    let develop = || pki::develop(&pki_dir, &cell, &[LEDGER], VALIDITY).expect("keys and certificates");
    develop();
    let running = start(loaded(), &[SERVICE], Schema::Migrate).await.expect("the ledger runs");
    let second = start(loaded(), &[SERVICE], Schema::Keep).await.err().expect("one process a file");
    assert!(matches!(second, StartError::InUse { service: LEDGER, .. }), "{second}");
    assert!(running.drain().await);

    let key = pki::ServiceKeyFiles::in_folder(&pki_dir, LEDGER).log_sm2;
    std::fs::remove_file(&key).expect("lost");
    develop();
    let other = start(loaded(), &[SERVICE], Schema::Migrate).await.err().expect("another key").to_string();
    assert!(other.contains("its SM2 log key is") && !other.contains("Ed25519"), "{other}");
}

async fn hear(ready: &mut tokio::sync::watch::Receiver<bool>, wanted: bool) {
    let heard = tokio::time::timeout(Duration::from_secs(20), ready.wait_for(|serving| *serving == wanted)).await;
    heard.expect("in time").expect("watched");
}

#[tokio::test]
async fn whoever_waits_for_a_service_hears_when_it_serves() {
    let town = TestTown::start(&[SERVICE, OFFICE]).await;
    let mut ready = office(&town).directory().ready(LEDGER).expect("in the directory");
    let heard = tokio::time::timeout(Duration::from_secs(10), ready.wait_for(|serving| *serving)).await;
    assert!(*heard.expect("in time").expect("watched"));
}

#[tokio::test]
async fn calls_at_hand_are_answered_before_the_process_ends() {
    let town = TestTown::start(&[SERVICE]).await;
    let channel = town.client(LEDGER, "service/office");
    let mut client = ReceiverServiceClient::new(channel.clone());
    client.apply(apply("GRANT_POWERS")).await.expect("connected");
    let mut at_hand = JoinSet::new();
    at_hand.spawn(async move { client.apply(apply("NAP")).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(town.stop().await, "everything ends within the bound");
    let answered = at_hand.join_next().await.expect("one call").expect("no panic");
    answered.expect("the call at hand is answered");
    let refused = ReceiverServiceClient::new(channel).apply(apply("GRANT_POWERS")).await.expect_err("nobody is there");
    assert_eq!(refused.code(), Code::Unavailable);
}

#[tokio::test]
async fn streams_end_when_the_process_does() {
    let town = TestTown::start(&[SERVICE]).await;
    let mut watcher = JournalServiceClient::new(town.client(LEDGER, "service/office"));
    let mut entries = watcher.watch_entries(WatchEntriesRequest::default()).await.expect("granted").into_inner();
    let mut watching = JoinSet::new();
    watching.spawn(async move {
        loop {
            if let Err(status) = entries.message().await {
                return status;
            }
        }
    });
    assert!(town.stop().await, "an open stream does not hold the process up");
    let ended = watching.join_next().await.expect("one watcher").expect("no panic");
    assert_eq!(ended.code(), Code::Unavailable, "{ended}");
}

#[tokio::test]
async fn a_drain_waits_no_longer_than_its_bound() {
    let town = TestTown::start_with(&[SERVICE], "limits.drain_max_ms = 200").await;
    let mut client = ReceiverServiceClient::new(town.client(LEDGER, "service/office"));
    client.apply(apply("GRANT_POWERS")).await.expect("connected");
    let mut at_hand = JoinSet::new();
    at_hand.spawn(async move { client.apply(apply("SLEEP")).await });
    tokio::time::sleep(Duration::from_millis(50)).await;
    assert!(!town.stop().await);
}

#[tokio::test]
async fn the_clock_is_moved_by_the_operator_only() {
    let town = TestTown::start(&[SERVICE]).await;
    let to = prost_types::Timestamp { seconds: 1_775_000_000, nanos: 0 };
    let advance = clock::AdvanceClockRequest { to: Some(to) };
    let mut clerk = ClockServiceClient::new(town.client(LEDGER, "person/li"));
    assert_eq!(clerk.advance_clock(advance).await.expect_err("no operator").code(), Code::PermissionDenied);
    let mut operator = ClockServiceClient::new(town.client(LEDGER, "operator/sysadmin"));
    let moved = operator.advance_clock(advance).await.expect("moved").into_inner();
    assert_eq!((moved.now, moved.manual), (Some(to), true));
}

#[tokio::test]
async fn metrics_and_liveness_are_served_apart() {
    let town = TestTown::start(&[SERVICE]).await;
    let mut client = ReceiverServiceClient::new(town.client(LEDGER, "service/office"));
    client.apply(apply("GRANT_POWERS")).await.expect("applied");
    let address = town.running().operations().expect("on by default");
    let metrics = get(address, "/metrics").await;
    let line =
        "townlink_calls_total{service=\"ledger\",method=\"townlink.receiver.v1.ReceiverService/Apply\",code=\"OK\"}";
    assert!(metrics.contains(line), "{metrics}");
    assert!(metrics.contains("townlink_call_seconds_bucket"), "{metrics}");
    assert!(get(address, "/livez").await.ends_with("ok\n"));
}

async fn get(address: std::net::SocketAddr, path: &str) -> String {
    use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
    let mut stream = tokio::net::TcpStream::connect(address).await.expect("it listens");
    let request = format!("GET {path} HTTP/1.1\r\nhost: localhost\r\nconnection: close\r\n\r\n");
    stream.write_all(request.as_bytes()).await.expect("written");
    let mut answer = String::new();
    stream.read_to_string(&mut answer).await.expect("read");
    answer
}
