//! Faults of settings and files, found while nothing runs.

use std::fs;
use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;

use runtime::caller::Cell;
use runtime::pki::{Authority, Validity};
use vocabulary::Date;

use super::{SETTINGS, answered, doctor, doctor_with, locked, sql};
use crate::unreached::{Town, cell, replace};

const HOLDS: Validity = Validity { from: Date::constant(2012, 1, 1), to: Date::constant(2062, 1, 1) };

/// A town that ran once.
fn rested() -> tempfile::TempDir {
    Town::up(&SETTINGS).end()
}

/// A town that ran until its office had signed a checkpoint.
fn logged() -> tempfile::TempDir {
    let town = Town::up(&SETTINGS);
    answered(&town.folder.path().join("townlink-data/office.db"), "select 1 from log_checkpoint");
    town.end()
}

#[test]
fn certificates() {
    let folder = rested();
    let data = folder.path().join("townlink-data");
    doctor(folder.path(), &["--offline"]).is_healthy();
    let own = Authority::open(&data.join("pki"), &cell()).expect("the authority");
    let foreign = Authority::create(&folder.path().join("foreign"), &cell(), HOLDS).expect("made");
    let bacheng = Cell::parse("bacheng.kunshan").expect("a cell");
    let elsewhere = Authority::open(&data.join("pki"), &bacheng).expect("the authority");
    let past = Validity { to: Date::constant(2020, 1, 1), ..HOLDS };
    let future = Validity { from: Date::constant(2060, 1, 1), ..HOLDS };
    let sown = |authority: &Authority, names: &[&str], validity, rule: &str, part: &str| {
        replace(&data, "service/office", authority, authority_cell(authority, &elsewhere, &bacheng), names, validity);
        doctor(folder.path(), &["--offline"]).names("office", rule, part);
    };
    sown(&own, &["localhost"], past, "DR-CERT-EXPIRED", "is expired since 2020-01-01");
    sown(&own, &["localhost"], future, "DR-CERT-NOT-YET-VALID", "from 2060-01-01");
    sown(&foreign, &["localhost"], HOLDS, "DR-CERT-AUTHORITY", "CN=zhangpu.kunshan development authority");
    sown(&elsewhere, &["localhost"], HOLDS, "DR-CERT-CELL", "spiffe://bacheng.kunshan/service/office");
    sown(&own, &["office.town"], HOLDS, "DR-CERT-NAME", "office.town");
    fs::copy(data.join("pki/gateway.pem"), data.join("pki/office.pem")).expect("copied");
    fs::copy(data.join("pki/gateway.key"), data.join("pki/office.key")).expect("copied");
    doctor(folder.path(), &["--offline"]).names("office", "DR-CERT-IDENTITY", "service/gateway, not of");
    fs::remove_file(data.join("pki/office.key")).expect("removed");
    doctor(folder.path(), &["--offline"]).names("office", "DR-CERT-UNUSABLE", "office.key");
}

fn authority_cell<'a>(authority: &Authority, elsewhere: &Authority, other: &'a Cell) -> &'a Cell {
    static OWN: std::sync::OnceLock<Cell> = std::sync::OnceLock::new();
    if std::ptr::eq(authority, elsewhere) { other } else { OWN.get_or_init(cell) }
}

#[test]
fn databases() {
    let folder = rested();
    let file = folder.path().join("townlink-data/office.db");
    let named = |rule: &str, part: &str| doctor(folder.path(), &["--offline"]).names("office", rule, part);
    let mode = |path: &Path, mode| fs::set_permissions(path, fs::Permissions::from_mode(mode)).expect("changed");

    locked(&file, || named("DR-DB-LOCKED", "locked by another process"));
    mode(&file, 0o400);
    named("DR-DB-READ-ONLY", "office.db");
    mode(&file, 0o600);
    let data = folder.path().join("townlink-data");
    mode(&data, 0o500);
    named("DR-DB-READ-ONLY", "the folder");
    mode(&data, 0o700);

    sql(&file, "insert into schema_migrations (owner, name, digest) values ('service', '9999_future', 'x')");
    named("DR-DB-NEWER", "9999_future");
    sql(&file, "delete from schema_migrations where name in ('9999_future', '0003_roster')");
    named("DR-DB-OLDER", "0003_roster");
    sql(&file, "insert into schema_migrations (owner, name, digest) values ('service', '0003_roster', 'edited')");
    named("DR-DB-SCHEMA", "was edited");

    sql(&file, "update log_identity set origin = 'bacheng.kunshan/office'");
    named("DR-LOG-IDENTITY", "bacheng.kunshan/office");

    fs::rename(&file, file.with_added_extension("away")).expect("moved");
    named("DR-DB-AWAY", "is not there");
    fs::write(&file, [0x55; 8192]).expect("written");
    named("DR-DB-DAMAGED", "office.db");
}

#[test]
fn a_log_that_other_keys_signed() {
    let folder = logged();
    let file = folder.path().join("townlink-data/office.db");
    // The checkpoint of another town: the same origin, other keys.
    let other = logged();
    let theirs = other.path().join("townlink-data/office.db");
    sql(
        &file,
        &format!(
            "attach '{}' as theirs; update log_checkpoint set note = (select note from theirs.log_checkpoint), tree_size = 1",
            theirs.display()
        ),
    );
    doctor(folder.path(), &["--offline"]).names("office", "DR-LOG-SIGNATURE", "published keys");
}

#[test]
fn disk_calendar_and_settings() {
    let folder = rested();
    let full = ("TOWNLINK__DIAGNOSIS__DISK_FREE_MIN_MIB", "99999999999");
    doctor_with(folder.path(), &["--offline"], &[full]).names(
        "this machine",
        "DR-DISK-FULL",
        "less than 99999999999 MiB",
    );
    let soon = ("TOWNLINK__DIAGNOSIS__CERTIFICATE_DAYS_MIN", "40000");
    doctor_with(folder.path(), &["--offline"], &[soon]).names("office", "DR-CERT-SOON", "holds only until");
    for (today, part) in [("2026-11-01", "2027"), ("2030-05-01", "2030")] {
        let said = doctor(folder.path(), &["--offline", "--today", today]);
        said.names("this machine", "DR-CALENDAR", part);
    }
    let settings = folder.path().join("townlink-data/townlink.toml");
    let text = fs::read_to_string(&settings).expect("settings");
    fs::write(&settings, format!("{text}\n[clok]\nmode = \"manual\"\n")).expect("written");
    doctor(folder.path(), &["--offline"]).names("this machine", "DR-CONFIG-KEY", "did you mean clock?");
    let named = settings.display().to_string();
    doctor(folder.path(), &["--offline", "--config", &named]).names("this machine", "DR-CONFIG-KEY", "clok");
    let empty = super::folder();
    doctor(empty.path(), &[]).names("this machine", "DR-CONFIG", "there is no town in");
}
