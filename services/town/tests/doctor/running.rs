//! Faults that show between what runs and who asks.

use std::path::Path;
use std::process::Output;

use prost_types::Timestamp;
use runtime::pki::{Authority, Validity};
use tonic::transport::{Identity, Server, ServerTlsConfig};
use tonic::{Request, Response, Status};
use townlink_proto::townlink::diagnosis::v1 as pb;
use townlink_proto::townlink::diagnosis::v1::diagnosis_service_server::{DiagnosisService, DiagnosisServiceServer};
use vocabulary::Date;

use super::{SETTINGS, doctor, locked, sql};
use crate::unreached::{Town, cell, replace, stranger};
use crate::{stderr, townlink};

const HOLDS: Validity = Validity { from: Date::constant(2012, 1, 1), to: Date::constant(2062, 1, 1) };

fn done(folder: &Path, arguments: &[&str]) -> Output {
    let output = townlink(folder, arguments);
    assert!(output.status.success(), "{arguments:?} {}", stderr(&output));
    output
}

#[test]
fn addresses_cells_and_certificates() {
    let town = Town::up(&SETTINGS);
    let at = town.folder.path();
    doctor(at, &[]).is_healthy();
    let text = done(at, &["doctor", "--today", "2026-03-02"]);
    assert!(crate::stdout(&text).contains("nothing is wrong; office and gateway answered"), "{text:?}");
    let before = std::fs::read(town.data().join("ready.json")).expect("there");
    let again = || std::fs::write(town.data().join("ready.json"), &before).expect("written");

    town.rewrite(|ready| ready["services"][1]["address"] = "127.0.0.1:9".into());
    doctor(at, &[]).names("gateway", "DR-PEER-AWAY", "127.0.0.1:9");
    let port = stranger(b"HTTP/1.1 400 Bad Request\r\n\r\n");
    town.rewrite(|ready| ready["services"][1]["address"] = format!("127.0.0.1:{port}").into());
    doctor(at, &[]).names("gateway", "DR-PORT", "no service of a town");
    town.rewrite(|ready| ready["services"][1]["address"] = ready["services"][0]["address"].clone());
    doctor(at, &[]).names("gateway", "DR-CERT-IDENTITY", "service/office, not of");
    again();
    town.rewrite(|ready| ready["services"][1]["tlsName"] = "gateway.town".into());
    doctor(at, &[]).names("gateway", "DR-CERT-NAME", "gateway.town");
    again();
    town.rewrite(|ready| ready["cell"] = "bacheng.kunshan".into());
    let said = doctor(at, &[]);
    said.names("gateway", "DR-CERT-CELL", "spiffe://zhangpu.kunshan/service/gateway");
    said.names("this machine", "DR-CELL", "bacheng.kunshan");
    again();
    // The keys of another log are published.
    town.rewrite(|ready| {
        let (office, gateway) = (ready["services"][0]["logKeys"].to_string(), ready["services"][1]["logKeys"].clone());
        ready["services"][1]["logKeys"] = serde_json::from_str(&office).expect("keys");
        ready["services"][0]["logKeys"] = gateway;
    });
    doctor(at, &[]).names("office", "DR-LOG-SIGNATURE", "published keys");
    again();

    let foreign = Authority::create(&at.join("foreign"), &cell(), HOLDS).expect("made");
    replace(&town.data(), "operator/sysadmin", &foreign, &cell(), &[], HOLDS);
    let said = doctor(at, &[]);
    said.names("operator/sysadmin", "DR-CERT-AUTHORITY", "is of an authority that is not trusted");
    said.names("office", "DR-CERT-AUTHORITY", "operator/sysadmin.pem");
}

#[test]
fn a_lock_and_a_sequencer_that_stands_still() {
    let town = Town::up(&SETTINGS);
    let (at, file) = (town.folder.path(), town.data().join("gateway.db"));
    locked(&file, || doctor(at, &[]).names("gateway", "DR-DB-LOCKED", "gateway.db"));
    doctor(at, &[]).is_healthy();
    sql(&file, "create trigger stop_insert before insert on log_checkpoint begin select raise(abort, 'stopped'); end");
    sql(&file, "create trigger stop_update before update on log_checkpoint begin select raise(abort, 'stopped'); end");
    register(at, "county-government", &["--from", "2026-03-02"]);
    doctor(at, &[]).names("gateway", "DR-SEQUENCER", "stands still");
}

fn register(at: &Path, key: &str, dates: &[&str]) {
    done(at, &["key", "generate", key]);
    let who = ["--as", "person/key-registrar", "key", "register", key, "--owner", "county/government"];
    let what = ["--issuer", "昆山市人民政府", "--document", "昆政办函〔2026〕1号"];
    done(at, &[&who[..], &what, dates].concat());
}

#[test]
fn keys_that_sign_papers() {
    let town = Town::up(&SETTINGS);
    let at = town.folder.path();
    let asked = |key: &str, who: &str| {
        let file = format!("townlink-data/keys/{key}");
        doctor(at, &["--key", &file, "--as", who])
    };
    done(at, &["key", "generate", "stray"]);
    asked("stray.key", "county/government").names("county/government", "DR-KEY-UNREGISTERED", "stray.key");
    register(at, "good", &["--from", "2026-03-02"]);
    asked("good.pub", "county/government").names("county/government", "DR-KEY-UNREGISTERED", "not confirmed");
    done(at, &["--as", "person/key-confirmer", "key", "confirm", "good"]);
    asked("good.pub", "county/government").is_healthy();
    asked("good.pub", "county/housing").names("county/housing", "DR-KEY-OWNER", "county/government");
    register(at, "short", &["--from", "2026-03-02", "--to", "2026-03-10"]);
    done(at, &["--as", "person/key-confirmer", "key", "confirm", "short"]);
    asked("short.key", "county/government").is_healthy();
    done(at, &["--as", "operator/sysadmin", "clock", "advance", "2026-03-10"]);
    asked("short.key", "county/government").names("county/government", "DR-KEY-EXPIRED", "2026-03-10");
    let revoke = ["--as", "person/key-registrar", "key", "revoke", "good", "--reason", "私钥泄露"];
    done(at, &[&revoke[..], &["--document", "昆政办函〔2026〕9号"]].concat());
    asked("good.pub", "county/government").names("county/government", "DR-KEY-REVOKED", "私钥泄露");
    // Time that stands apart among the services is told too.
    done(at, &["--as", "operator/sysadmin", "clock", "advance", "+1h", "--service", "office"]);
    doctor(at, &[]).names("office", "DR-TOWN-CLOCK", "gateway");
}

/// A service whose machine's clock goes wrong.
struct Late;

#[tonic::async_trait]
impl DiagnosisService for Late {
    async fn diagnose(&self, _: Request<pb::DiagnoseRequest>) -> Result<Response<pb::Diagnosis>, Status> {
        let now = vocabulary::Timestamp::now().as_second();
        Ok(Response::new(pb::Diagnosis {
            service: "gateway".to_owned(),
            cell: "bacheng.kunshan".to_owned(),
            version: "9.9.9".to_owned(),
            machine_time: Some(Timestamp { seconds: now - 400, nanos: 0 }),
            ..pb::Diagnosis::default()
        }))
    }
}

#[test]
fn clocks_versions_and_what_a_service_says_of_itself() {
    let town = Town::up(&SETTINGS);
    let pem = |name: &str| std::fs::read(town.data().join("pki").join(name)).expect("there");
    let identity = Identity::from_pem(pem("gateway.pem"), pem("gateway.key"));
    let threads =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let port = std::net::TcpListener::bind("127.0.0.1:0").expect("a port").local_addr().expect("an address").port();
    let serving = Server::builder()
        .tls_config(ServerTlsConfig::new().identity(identity))
        .expect("an identity")
        .add_service(DiagnosisServiceServer::new(Late))
        .serve(format!("127.0.0.1:{port}").parse().expect("an address"));
    threads.spawn(serving);
    town.rewrite(|ready| ready["services"][1]["address"] = format!("127.0.0.1:{port}").into());
    while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
        std::thread::sleep(std::time::Duration::from_millis(10));
    }
    let said = doctor(town.folder.path(), &[]);
    said.names("gateway", "DR-CLOCK-SKEW", "seconds behind that of this machine");
    said.names("office", "DR-CLOCK-SKEW", "seconds ahead of that of gateway");
    said.names("gateway", "DR-VERSION", "9.9.9");
    said.names("gateway", "DR-CELL", "bacheng.kunshan");
}
