//! Certificates, disk, calendar, clocks.

use std::path::Path;

use jiff::SignedDuration;
use vocabulary::time::format_instant;
use vocabulary::{Date, Timestamp, WorkingCalendar};

use super::{DiagnosisSettings, Finding};
use crate::caller::{Cell, Peer, ServiceName};
use crate::config::{ServiceKeys, Settings};
use crate::directory::Trouble;
use crate::pki::certificate::{Use, inspect};
use crate::pki::{self, IdentityFiles, PkiError};

/// The month from which on the next year's calendar must be loaded: by then the State Council has published it.
const NEXT_YEAR_FROM: i8 = 11;

/// What to do where a file cannot be used.
const MEND_FILE: &str = "请核对文件是否存在、内容是否完整、运行账户能否读取；开发环境可用 `townlink pki` 补齐。";

/// Looks at the certificate of a service.
#[must_use]
pub fn service_certificate(name: ServiceName, keys: &ServiceKeys, settings: &Settings, now: Timestamp) -> Vec<Finding> {
    let Ok(authority) = settings.authority() else { return Vec::new() };
    // What does not go together keeps a service from starting.
    if let Err(cause) = pki::server_config(authority, &keys.identity) {
        return vec![unusable(name.as_str(), &cause)];
    }
    let tls_name = settings.services.get(name.as_str()).and_then(|service| service.tls_name.clone());
    let used = tls_name.as_deref().map_or(Use::Connect, Use::Serve);
    certificate(name.as_str(), &keys.identity, authority, &settings.cell, &Peer::Service(name), used, now, settings)
}

/// Looks at the certificate with which somebody connects.
#[must_use]
pub fn client_certificate(
    party: &str,
    identity: &IdentityFiles,
    authority: &Path,
    cell: &Cell,
    settings: &Settings,
    now: Timestamp,
) -> Vec<Finding> {
    if let Err(cause) = pki::client_config(authority, identity) {
        return vec![unusable(party, &cause)];
    }
    match Peer::parse(&format!("spiffe://{cell}/{party}"), cell) {
        Ok(peer) => certificate(party, identity, authority, cell, &peer, Use::Connect, now, settings),
        Err(cause) => vec![Finding::fault(party, "DR-CERT-IDENTITY", cause.to_string(), MEND_FILE)],
    }
}

#[expect(clippy::too_many_arguments, reason = "each is one of the things that a certificate is held against")]
fn certificate(
    party: &str,
    identity: &IdentityFiles,
    authority: &Path,
    cell: &Cell,
    peer: &Peer,
    used: Use<'_>,
    now: Timestamp,
    settings: &Settings,
) -> Vec<Finding> {
    let file = identity.certificate.display();
    let seen = match inspect(&identity.certificate, authority, cell, Some(peer), used, now) {
        Ok(seen) => seen,
        Err(cause) => return vec![unusable(party, &cause)],
    };
    if let Some(fault) = seen.fault {
        return vec![Finding::fault(party, fault.rule(), format!("the certificate {file} {fault}"), fault.remedy())];
    }
    let days = i64::from(settings.diagnosis.certificate_days_min);
    let soon = now.checked_add(SignedDuration::from_hours(24 * days)).unwrap_or(Timestamp::MAX);
    let ends = seen.until.filter(|until| *until < soon);
    let warned = ends.map(|until| {
        let fault = format!("the certificate {file} holds only until {}", format_instant(until));
        Finding::warning(party, "DR-CERT-SOON", fault, "请在到期之前由本镇的证书颁发机构换发证书。")
    });
    warned.into_iter().collect()
}

fn unusable(party: &str, cause: &PkiError) -> Finding {
    Finding::fault(party, "DR-CERT-UNUSABLE", cause.to_string(), MEND_FILE)
}

/// Why a service is not reached, as a finding.
#[must_use]
pub fn unreached(party: &str, trouble: &Trouble) -> Finding {
    Finding::fault(party, trouble.rule(), trouble.to_string(), trouble.remedy())
}

/// How much room is left where a folder is, in bytes.
///
/// # Errors
/// Those of the machine.
pub fn disk_free(folder: &Path) -> std::io::Result<u64> {
    let disk = rustix::fs::statvfs(folder)?;
    Ok(disk.f_bavail.saturating_mul(disk.f_frsize))
}

/// Looks at the disk of a folder.
#[must_use]
pub fn disk(party: &str, folder: &Path, settings: &DiagnosisSettings) -> Option<Finding> {
    let (rule, at) = ("DR-DISK-FULL", folder.display());
    let free = match disk_free(folder) {
        Ok(free) => free / (1024 * 1024),
        Err(cause) => {
            let fault = format!("the folder {at} cannot be looked at: {cause}");
            return Some(Finding::fault(party, "DR-DISK-AWAY", fault, "请核对数据目录是否存在、磁盘是否已挂载。"));
        }
    };
    let least = settings.disk_free_min_mib;
    (free < least).then(|| {
        let fault = format!("the disk of {at} has {free} MiB left, less than {least} MiB");
        Finding::fault(party, rule, fault, "请清理磁盘或者扩容；界限由 diagnosis.disk_free_min_mib 设定。")
    })
}

/// Looks whether the calendar of this year is loaded and, late in the year, that of the next.
#[must_use]
pub fn calendar(party: &str, calendar: &WorkingCalendar, today: Date) -> Option<Finding> {
    let loaded = |year: i16| calendar.years().any(|known| known == year);
    let (rule, year) = ("DR-CALENDAR", today.year());
    let remedy = "请按国务院办公厅公布的节假日安排载入该年度工作日历；未载入的，跨入该年度的期限均不确定。";
    if !loaded(year) {
        return Some(Finding::fault(party, rule, format!("no working-day calendar is loaded for {year}"), remedy));
    }
    let next = year.saturating_add(1);
    (today.month() >= NEXT_YEAR_FROM && !loaded(next)).then(|| {
        let fault = format!("it is {today}, and no working-day calendar is loaded for {next}");
        Finding::warning(party, rule, fault, remedy)
    })
}

/// Looks whether two clocks agree.
#[must_use]
pub fn clock_skew(
    party: &str,
    theirs: Timestamp,
    other: (&str, Timestamp),
    settings: &DiagnosisSettings,
) -> Option<Finding> {
    let apart = theirs.duration_since(other.1).abs();
    let most = SignedDuration::from_secs(i64::try_from(settings.clock_skew_max_seconds).unwrap_or(i64::MAX));
    (apart > most).then(|| {
        let (way, seconds) = (if theirs > other.1 { "ahead of" } else { "behind" }, apart.as_secs());
        let fault = format!("its machine's clock is {seconds} seconds {way} that of {}", other.0);
        Finding::fault(party, "DR-CLOCK-SKEW", fault, "请在两台机器上启用时间同步(NTP)并核对系统时间。")
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rule(finding: Option<Finding>) -> Option<(String, super::super::Severity)> {
        finding.map(|finding| {
            assert!(finding.remedy.ends_with('。'), "{finding:?}");
            (finding.rule, finding.severity)
        })
    }

    #[test]
    fn a_missing_calendar_is_told_in_time() {
        use super::super::Severity::{Fault, Warning};
        let official = WorkingCalendar::official();
        for (today, told) in [
            (Date::constant(2026, 3, 2), None),
            (Date::constant(2026, 10, 31), None),
            (Date::constant(2026, 11, 1), Some(Warning)),
            (Date::constant(2027, 1, 1), Some(Fault)),
            (Date::constant(2025, 12, 31), None),
        ] {
            let expected = told.map(|severity| ("DR-CALENDAR".to_owned(), severity));
            assert_eq!(rule(calendar("office", official, today)), expected, "{today}");
        }
    }

    #[test]
    fn clocks_may_be_apart_by_five_minutes() {
        let settings = DiagnosisSettings::default();
        let here: Timestamp = "2026-03-02T01:00:00Z".parse().expect("an instant");
        for (seconds, told) in [(0, false), (300, false), (301, true), (-300, false), (-301, true)] {
            let there = here.checked_add(SignedDuration::from_secs(seconds)).expect("in range");
            let found = clock_skew("office", there, ("this machine", here), &settings);
            assert_eq!(rule(found).is_some(), told, "{seconds}");
        }
    }

    #[test]
    fn a_disk_is_held_against_its_bound() {
        let folder = tempfile::tempdir().expect("a folder");
        let bound = |disk_free_min_mib| DiagnosisSettings { disk_free_min_mib, ..DiagnosisSettings::default() };
        assert_eq!(rule(disk("office", folder.path(), &bound(0))), None);
        let full = rule(disk("office", folder.path(), &bound(u64::MAX))).map(|(rule, _)| rule);
        assert_eq!(full.as_deref(), Some("DR-DISK-FULL"));
        let away = rule(disk("office", &folder.path().join("gone"), &bound(0))).map(|(rule, _)| rule);
        assert_eq!(away.as_deref(), Some("DR-DISK-AWAY"));
    }
}
