//! The diagnosis as a contract: what each service looks at when an operator asks.

use std::sync::Arc;
use std::time::Duration;

use tonic::{Request, Response, Status};
use townlink_proto::townlink::diagnosis::v1 as pb;
use townlink_proto::townlink::diagnosis::v1::diagnosis_service_server::DiagnosisService;
use vocabulary::{Timestamp, WorkingCalendar};

use super::{Check, Finding, checks, database};
use crate::db::{self, Migrations};
use crate::journal::entry::to_proto;
use crate::log::{Origin, VerifierKey};
use crate::sequencer::stall::stalled;
use crate::serve::Runtime;

/// Serves the diagnosis of one service.
#[derive(Clone)]
pub struct DiagnosisRpc {
    runtime: Runtime,
    migrations: Migrations,
    checks: Arc<[Arc<dyn Check>]>,
}

impl DiagnosisRpc {
    /// The contract over a service, with what it looks at of its own.
    #[must_use]
    pub fn new(runtime: Runtime, migrations: Migrations, checks: Vec<Arc<dyn Check>>) -> Self {
        Self { runtime, migrations, checks: checks.into() }
    }

    /// What lies on this machine: files and disk.
    fn of_machine(&self, now: Timestamp) -> Vec<Finding> {
        let (name, settings) = (self.runtime.name(), self.runtime.settings());
        let mut found = Vec::new();
        if let Ok(keys) = settings.keys(name) {
            found.extend(checks::service_certificate(name, &keys, settings, now));
        }
        found.extend(checks::disk(name.as_str(), &settings.data_dir, &settings.diagnosis));
        let today = self.runtime.clock().today();
        found.extend(checks::calendar(name.as_str(), WorkingCalendar::official(), today));
        found
    }

    /// What the database says, and its schema.
    async fn of_database(&self) -> (Vec<Finding>, String) {
        let name = self.runtime.name();
        let Ok(keys) = self.runtime.settings().keys(name) else { return (Vec::new(), String::new()) };
        let seen = db::inspect(keys.database.expose(), &self.migrations).await;
        let signers = self.runtime.signers();
        let origin = Origin::new(&keys.log_origin).ok();
        let key = |signer: &Arc<dyn crate::signing::Signer>| {
            origin.clone().map(|origin| VerifierKey::new(origin, signer.public_key().clone()))
        };
        let log: Vec<_> = [&signers.ed25519, &signers.sm2].into_iter().filter_map(key).collect();
        (database::findings(name, &keys, &seen, &log), seen.schema)
    }

    /// Whether the log keeps up.
    async fn of_log(&self) -> Vec<Finding> {
        let (name, settings) = (self.runtime.name(), &self.runtime.settings().diagnosis);
        let seconds = settings.sequencer_lag_max_seconds;
        let (rule, remedy) =
            ("DR-SEQUENCER", "请查看服务日志中 sequencer 的错误，排除后重新启动该服务；此前的回执暂时取不到证明。");
        match stalled(self.runtime.db(), Duration::from_secs(seconds)).await {
            Ok(None) => Vec::new(),
            Ok(Some(stall)) => {
                let unpositioned = if stall.unpositioned { ", and entries wait for a position" } else { "" };
                let fault = format!(
                    "the sequencer stands still for {seconds} seconds: the log ends at {}, the journal at {}{unpositioned}",
                    stall.log, stall.journal
                );
                vec![Finding::fault(name.as_str(), rule, fault, remedy)]
            }
            Err(cause) => vec![unlooked(name.as_str(), &cause)],
        }
    }

    /// Which neighbours are not reached.
    async fn of_peers(&self) -> Vec<Finding> {
        let unreached = self.runtime.directory().unreached().await;
        unreached.iter().map(|(name, trouble)| checks::unreached(name.as_str(), trouble)).collect()
    }

    /// What the service adds.
    async fn of_service(&self) -> Vec<Finding> {
        let asked = futures::future::join_all(self.checks.iter().map(|check| check.findings())).await;
        let name = self.runtime.name();
        asked
            .into_iter()
            .flat_map(|found| found.unwrap_or_else(|cause| vec![unlooked(name.as_str(), &cause)]))
            .collect()
    }
}

/// That something could not be looked at.
fn unlooked(party: &str, cause: &(dyn std::error::Error + 'static)) -> Finding {
    let remedy = "请先处理数据库或者邻近服务的问题，再重新诊断。";
    Finding::fault(
        party,
        "DR-UNKNOWN",
        format!("a check could not be made: {}", crate::telemetry::chain(cause)),
        remedy,
    )
}

#[tonic::async_trait]
impl DiagnosisService for DiagnosisRpc {
    async fn diagnose(&self, _: Request<pb::DiagnoseRequest>) -> Result<Response<pb::Diagnosis>, Status> {
        let (runtime, now) = (&self.runtime, Timestamp::now());
        let ((database, schema), log, peers, own) =
            tokio::join!(self.of_database(), self.of_log(), self.of_peers(), self.of_service());
        let findings = [self.of_machine(now), database, log, peers, own].concat();
        let free = checks::disk_free(&runtime.settings().data_dir).unwrap_or_default();
        Ok(Response::new(pb::Diagnosis {
            service: runtime.name().to_string(),
            cell: runtime.settings().cell.to_string(),
            version: env!("CARGO_PKG_VERSION").to_owned(),
            machine_time: Some(to_proto(now)),
            town_time: Some(to_proto(runtime.clock().now())),
            manual_clock: runtime.clock().is_manual(),
            schema,
            disk_free_bytes: i64::try_from(free).unwrap_or(i64::MAX),
            findings: findings.into_iter().map(Finding::to_wire).collect(),
        }))
    }
}
