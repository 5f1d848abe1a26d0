//! What settings and files tell, whether a service runs or not.

use std::path::Path;

use runtime::caller::ServiceName;
use runtime::config::{ServiceKeys, Settings};
use runtime::diagnosis::{Finding, checks, database};
use runtime::log::{Origin, VerifierKey};
use runtime::pki::{IdentityFiles, public_half};
use runtime::serve::Blueprint;
use runtime::signing::PublicKey;
use vocabulary::{Date, Timestamp, WorkingCalendar};

use super::{Report, services};
use crate::cli::Context;
use crate::compose::{self, ConfigFile, Wrong};
use crate::connection::READY_FILE;

/// Whom settings and identities belong to.
const HERE: &str = "this machine";

/// Looks at the settings, and at whatever they name on this machine. Gives the settings where they can be read.
pub(super) async fn look(
    file: &ConfigFile,
    context: &Context,
    now: Timestamp,
    today: Date,
    report: &mut Report,
) -> Option<Settings> {
    let data_dir = &context.data_dir;
    report.add(checks::calendar(HERE, WorkingCalendar::official(), today));
    // A client of a town elsewhere has neither, and its ready.json is asked for when services are.
    if !file.is_named() && !data_dir.join(compose::FILE).exists() && !data_dir.join(READY_FILE).exists() {
        let fault = format!("there is no town in {}", data_dir.display());
        report.add([Finding::fault(
            HERE,
            "DR-CONFIG",
            fault,
            "请用 --data-dir 指明数据目录，或者用 `townlink up` 建立一个镇。",
        )]);
        return None;
    }
    let settings = match compose::read(file, data_dir) {
        Ok(loaded) => loaded.settings,
        Err(wrong) => {
            report.add([of_settings(&wrong)]);
            return None;
        }
    };
    for blueprint in compose::BLUEPRINTS {
        look_at(&blueprint, &settings, now, report).await;
    }
    report.add(checks::disk(HERE, &settings.data_dir, &settings.diagnosis));
    report.add(of_identity(&settings, context, now));
    Some(settings)
}

fn of_settings(wrong: &Wrong) -> Finding {
    let rule = if wrong.is_unknown_key() { "DR-CONFIG-KEY" } else { "DR-CONFIG" };
    Finding::fault(HERE, rule, wrong.to_string(), "请改正配置后重试；`townlink config check` 列出每一项及其来源。")
}

/// Looks at what one service keeps on this machine. One that is configured elsewhere has no certificate here.
async fn look_at(blueprint: &Blueprint, settings: &Settings, now: Timestamp, report: &mut Report) {
    let name = blueprint.name;
    let is_here = settings.service(name).is_ok_and(|service| service.certificate.is_some());
    let Some(keys) = settings.keys(name).ok().filter(|_| is_here) else { return };
    report.add(checks::service_certificate(name, &keys, settings, now));
    let seen = runtime::db::inspect(keys.database.expose(), &blueprint.migrations).await;
    let log = match log_keys(&keys) {
        Ok(log) => log,
        Err(fault) => {
            report.add([Finding::fault(
                name.as_str(),
                "DR-LOG-KEY",
                fault,
                "请恢复日志公钥文件；开发环境可用 `townlink up` 补齐。",
            )]);
            Vec::new()
        }
    };
    report.add(database::findings(name, &keys, &seen, &log));
    let folder = keys.database.expose().strip_prefix("sqlite:").map(Path::new).and_then(Path::parent);
    if let Some(folder) = folder.filter(|folder| *folder != settings.data_dir && folder.exists()) {
        report.add(checks::disk(name.as_str(), folder, &settings.diagnosis));
    }
}

/// The keys that sign the log of a service, by their public halves.
fn log_keys(keys: &ServiceKeys) -> Result<Vec<VerifierKey>, String> {
    let origin = Origin::new(&keys.log_origin).map_err(|error| error.to_string())?;
    let read = |private: &Path| {
        let file = public_half(private);
        let pem = std::fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
        let key = PublicKey::from_pem(&pem).map_err(|error| format!("{}: {error}", file.display()))?;
        Ok(VerifierKey::new(origin.clone(), key))
    };
    [&keys.keys.log_ed25519, &keys.keys.log_sm2].into_iter().map(|private| read(private)).collect()
}

/// Looks at the certificate with which the services are asked, and at that of whoever acts.
fn of_identity(settings: &Settings, context: &Context, now: Timestamp) -> Vec<Finding> {
    let Ok(authority) = settings.authority() else { return Vec::new() };
    let asking = services::asking(context);
    let acting = context.identity.as_deref().filter(|identity| *identity != asking);
    let look = |identity: &str| {
        let files = IdentityFiles::in_folder(&settings.pki_dir(), identity);
        let is_named = context.identity.as_deref() == Some(identity);
        // Production keeps no identities of persons beside the services.
        if !is_named && !files.certificate.exists() {
            return Vec::new();
        }
        checks::client_certificate(identity, &files, authority, &settings.cell, settings, now)
    };
    [Some(asking), acting].into_iter().flatten().flat_map(look).collect()
}

/// The names of all services.
pub(super) fn is_service(name: &str) -> bool {
    ServiceName::parse(name).is_some()
}
