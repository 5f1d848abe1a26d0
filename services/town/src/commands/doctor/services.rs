//! What answers where, and what it says of itself.

use std::time::Duration;

use runtime::config::Settings;
use runtime::diagnosis::{DiagnosisSettings, Finding, checks, database};
use runtime::log::VerifierKey;
use serde_json::{Value, json};
use tonic::{Code, Status};
use townlink_proto::townlink::diagnosis::v1 as pb;
use townlink_proto::townlink::diagnosis::v1::diagnosis_service_client::DiagnosisServiceClient;
use townlink_proto::townlink::journal::v1::GetCheckpointRequest;
use vocabulary::Timestamp;

use super::Report;
use crate::cli::Context;
use crate::compose::{self, ConfigFile};
use crate::connection::{Connection, READY_FILE, Ready, ReadyService, ready_file};
use crate::names::read_instant;
use crate::output::instant;

/// Who asks where nobody is named: what an operator may see changes nothing.
const OPERATOR: &str = "operator/sysadmin";

/// How long one service may take: it looks at its neighbours itself, and waits for its log.
const PATIENCE: Duration = Duration::from_secs(30);

const START: &str = "请启动该服务(`townlink up` 或者 `townlink serve`)，并核对地址和网络。";

/// As whom the services are asked.
pub(super) fn asking(context: &Context) -> &str {
    context.identity.as_deref().filter(|identity| identity.starts_with("operator/")).unwrap_or(OPERATOR)
}

/// Asks every service, and holds them against each other. Gives the town, where there is one to be asked.
pub(super) async fn look(
    file: &ConfigFile,
    settings: Option<&Settings>,
    context: &Context,
    bounds: &DiagnosisSettings,
    report: &mut Report,
) -> Option<Ready> {
    let ready = match town(file, settings, context) {
        Ok(ready) => ready,
        Err(finding) => {
            report.add([finding]);
            return None;
        }
    };
    if let Some(settings) = settings.filter(|settings| settings.cell.as_str() != ready.cell) {
        let fault = format!("{READY_FILE} is that of the cell {}, the settings say {}", ready.cell, settings.cell);
        report.add([Finding::fault(
            "this machine",
            "DR-CELL",
            fault,
            "请核对数据目录与配置中的 cell，是否属于同一个镇。",
        )]);
    }
    let connection = Connection { ready, identity: asking(context).to_owned() };
    let asked = connection.ready.services.iter().map(|service| one(&connection, service, bounds));
    let answers = futures::future::join_all(asked).await;
    let (told, found): (Vec<_>, Vec<_>) = answers.into_iter().unzip();
    report.add(found.into_iter().flatten());
    let told: Vec<_> = told.into_iter().flatten().collect();
    report.add(among(&told, bounds));
    report.services.extend(told.iter().map(shown));
    Some(connection.ready)
}

/// Where the services are: as the town said when it started, or as the settings say.
fn town(file: &ConfigFile, settings: Option<&Settings>, context: &Context) -> Result<Ready, Finding> {
    let away = |fault: String| Finding::fault("town", "DR-PEER-AWAY", fault, START);
    match ready_file(&context.data_dir) {
        Ok(Some(ready)) => return Ok(ready),
        Ok(None) => {}
        Err(problem) => {
            let remedy = "请重新启动本镇，启动时重写该文件。";
            return Err(Finding::fault("this machine", "DR-READY", told(&problem), remedy));
        }
    }
    let nobody = || away(format!("no town serves in {}", context.data_dir.display()));
    settings.ok_or_else(nobody)?;
    let ready = compose::configured_by(file, &context.data_dir).map_err(|problem| away(told(&problem)))?;
    if ready.services.is_empty() { Err(nobody()) } else { Ok(ready) }
}

/// A problem in one line.
fn told(problem: &crate::problem::Problem) -> String {
    problem.to_json()["error"]["fault"].as_str().unwrap_or("unknown").to_owned()
}

/// A service that answered, with the time of this machine when it did.
struct Told {
    diagnosis: pb::Diagnosis,
    here: Timestamp,
    name: String,
}

/// Asks one service.
async fn one(
    connection: &Connection,
    service: &ReadyService,
    bounds: &DiagnosisSettings,
) -> (Option<Told>, Vec<Finding>) {
    let name = service.name.as_str();
    let remote = match connection.remote(name) {
        Ok(remote) => remote,
        Err(problem) => {
            let remedy = "请用 `townlink pki list` 核对身份证书；没有操作员证书的，用 --as operator/… 指明。";
            return (
                None,
                vec![Finding::fault(connection.identity.as_str(), "DR-CERT-UNUSABLE", told(&problem), remedy)],
            );
        }
    };
    if let Err(trouble) = remote.probe().await {
        return (None, vec![checks::unreached(name, &trouble)]);
    }
    let mut found = Vec::new();
    let mut client = DiagnosisServiceClient::new(remote.channel());
    let before = Timestamp::now();
    let answer = tokio::time::timeout(PATIENCE, client.diagnose(pb::DiagnoseRequest {})).await;
    let told = match answer {
        Ok(Ok(answer)) => {
            let diagnosis = answer.into_inner();
            // The service tells the time at which it was asked.
            found.extend(of_answer(name, &diagnosis, connection, before, bounds));
            Some(Told { diagnosis, here: before, name: name.to_owned() })
        }
        Ok(Err(status)) => {
            found.push(of_status(name, &status, connection));
            None
        }
        Err(_) => {
            let fault = format!("it does not answer within {} seconds", PATIENCE.as_secs());
            found.push(Finding::fault(name, "DR-PEER-AWAY", fault, START));
            None
        }
    };
    found.extend(of_checkpoint(connection, service).await);
    (told, found)
}

fn of_answer(
    name: &str,
    diagnosis: &pb::Diagnosis,
    connection: &Connection,
    here: Timestamp,
    bounds: &DiagnosisSettings,
) -> Vec<Finding> {
    let mut found: Vec<_> = diagnosis.findings.iter().cloned().map(Finding::of_wire).collect();
    if diagnosis.service != name {
        let fault = format!("{} answers where {name} was called", diagnosis.service);
        found.push(Finding::fault(name, "DR-PORT", fault, "请核对 services.<服务>.address，每个服务有自己的地址。"));
    }
    if diagnosis.cell != connection.ready.cell {
        let fault = format!("it is of the cell {}, not of {}", diagnosis.cell, connection.ready.cell);
        found.push(Finding::fault(name, "DR-CELL", fault, "请核对地址与配置中的 cell，是否属于同一个镇。"));
    }
    let own = env!("CARGO_PKG_VERSION");
    if diagnosis.version != own {
        let fault = format!("its program is version {}, this one is {own}", diagnosis.version);
        found.push(Finding::warning(name, "DR-VERSION", fault, "请在各台机器上安装同一版本的 townlink。"));
    }
    if let Some(there) = diagnosis.machine_time.as_ref().and_then(read_instant) {
        found.extend(checks::clock_skew(name, there, ("this machine", here), bounds));
    }
    found
}

fn of_status(name: &str, status: &Status, connection: &Connection) -> Finding {
    let fault = format!("it does not tell: {}", status.message());
    match status.code() {
        Code::PermissionDenied | Code::Unauthenticated => Finding::fault(
            connection.identity.as_str(),
            "DR-ACCESS",
            fault,
            "请以操作员身份(operator/…)运行 doctor；身份证书须由本镇签发。",
        ),
        Code::Unimplemented => {
            Finding::fault(name, "DR-PORT", fault, "该地址上的程序不提供诊断：请核对地址，或者升级该服务。")
        }
        Code::Ok
        | Code::Cancelled
        | Code::Unknown
        | Code::InvalidArgument
        | Code::DeadlineExceeded
        | Code::NotFound
        | Code::AlreadyExists
        | Code::ResourceExhausted
        | Code::FailedPrecondition
        | Code::Aborted
        | Code::OutOfRange
        | Code::Internal
        | Code::Unavailable
        | Code::DataLoss => Finding::fault(name, "DR-PEER-AWAY", fault, START),
    }
}

/// Whether the newest checkpoint is signed by the keys that the town publishes.
async fn of_checkpoint(connection: &Connection, service: &ReadyService) -> Option<Finding> {
    let keys: Result<Vec<VerifierKey>, _> = service.log_keys.iter().map(|key| key.parse()).collect();
    let keys = match keys {
        Ok(keys) => keys,
        Err(error) => {
            let (fault, remedy) = (format!("{READY_FILE}: {error}"), "请重新启动本镇，启动时重写该文件。");
            return Some(Finding::fault(service.name.as_str(), "DR-LOG-KEY", fault, remedy));
        }
    };
    let mut journal = connection.journal(&service.name).ok()?;
    let note = tokio::time::timeout(PATIENCE, journal.get_checkpoint(GetCheckpointRequest {})).await.ok()?;
    database::checkpoint(&service.name, &note.ok()?.into_inner().note, &keys)
}

/// Holds the services against each other: their clocks.
fn among(told: &[Told], bounds: &DiagnosisSettings) -> Vec<Finding> {
    let mut found = Vec::new();
    for (one, other) in told.iter().zip(told.iter().skip(1)) {
        let machine = |it: &Told| it.diagnosis.machine_time.as_ref().and_then(read_instant);
        if let (Some(mine), Some(theirs)) = (machine(one), machine(other)) {
            // Each was asked at its own moment of this machine's time.
            let asked_later = other.here.duration_since(one.here);
            let theirs = theirs.checked_sub(asked_later).unwrap_or(theirs);
            found.extend(checks::clock_skew(&one.name, mine, (&other.name, theirs), bounds));
        }
        let town = |it: &Told| it.diagnosis.town_time.as_ref().and_then(read_instant);
        if let (Some(mine), Some(theirs)) = (town(one), town(other))
            && (one.diagnosis.manual_clock || other.diagnosis.manual_clock)
            && mine.duration_since(theirs).abs().unsigned_abs() > Duration::from_secs(bounds.clock_skew_max_seconds)
        {
            let fault = format!("the town's clock stands at {mine} here and at {theirs} at {}", other.name);
            let remedy = "请用 `townlink clock advance` 把各服务的镇时钟拨到同一时刻。";
            found.push(Finding::warning(one.name.as_str(), "DR-TOWN-CLOCK", fault, remedy));
        }
    }
    found
}

fn shown(told: &Told) -> Value {
    let it = &told.diagnosis;
    json!({
        "service": told.name, "version": it.version, "cell": it.cell, "schema": it.schema,
        "machineTime": instant(it.machine_time.as_ref()), "townTime": instant(it.town_time.as_ref()),
        "manualClock": it.manual_clock, "diskFreeBytes": it.disk_free_bytes,
    })
}
