//! Layers, unknown keys, origins, and what production asks for.

use serde::Deserialize;

use super::*;
use crate::clock::ClockMode;

const SERVICES: [ServiceName; 2] = [ServiceName("office"), ServiceName("service-center")];

/// Settings from a file's text and variables of the environment.
fn read(file: &str, environment: &[(&str, &str)]) -> Result<Loaded, ConfigError> {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("townlink.toml");
    std::fs::write(&path, file).expect("written");
    let environment = environment.iter().map(|(key, value)| ((*key).to_owned(), (*value).to_owned())).collect();
    Loaded::read(&Sources { services: SERVICES.to_vec(), defaults: String::new(), file: Some(path), environment })
}

fn fault(file: &str, environment: &[(&str, &str)]) -> String {
    read(file, environment).expect_err("these settings are wrong").to_string()
}

#[test]
fn a_later_layer_wins() {
    let file = "town_name = \"甲镇\"\n[limits]\ncalls_max = 7\nstreams_max = 8\n[services.office]\nlisten = \"127.0.0.1:7001\"";
    let environment = [
        ("TOWNLINK__LIMITS__CALLS_MAX", "9"),
        ("TOWNLINK__SERVICES__SERVICE_CENTER__LISTEN", "127.0.0.1:7002"),
        ("TOWNLINK__SERVICES__OFFICE__SPEAKS_FOR", "[\"OFFICE\", \"SOCIAL\"]"),
        ("PATH", "/bin"),
    ];
    let settings = read(file, &environment).expect("settings").settings;
    assert_eq!((settings.limits.calls_max, settings.limits.streams_max), (9, 8));
    assert_eq!(settings.limits.message_bytes_max, 4 * 1024 * 1024);
    assert_eq!(settings.town_name, "甲镇");
    assert_eq!(settings.services["office"].listen, "127.0.0.1:7001".parse().ok());
    assert_eq!(settings.services["service-center"].listen, "127.0.0.1:7002".parse().ok());
    assert_eq!(settings.services["office"].speaks_for, ["OFFICE", "SOCIAL"]);
}

#[test]
fn an_unknown_key_names_the_nearest_known_one() {
    for (file, key, nearest) in [
        ("data-dir = \"x\"", "data-dir", "data_dir"),
        ("[limts]\ncalls_max = 1", "limts", "limits"),
        ("[limits]\ncall_max = 1", "limits.call_max", "limits.calls_max"),
        ("[services.offic]\nlisten = \"127.0.0.1:1\"", "services.offic", "services.office"),
        ("[services.office]\nlisen = \"127.0.0.1:1\"", "services.office.lisen", "services.office.listen"),
        ("[offices]\nx = 1", "offices", "office"),
    ] {
        let fault = fault(file, &[]);
        assert!(fault.starts_with(&format!("{key} is no setting; did you mean {nearest}?")), "{fault}");
        assert!(fault.contains("townlink.toml"), "{fault}");
    }
    let fault = fault("", &[("TOWNLINK__CLOCK__MOOD", "manual")]);
    assert_eq!(fault, "clock.mood is no setting; did you mean clock.mode?; it is set in TOWNLINK__CLOCK__MOOD");
}

#[test]
fn a_value_of_the_wrong_type_names_its_key() {
    for (file, environment, part) in [
        ("[limits]\ncalls_max = \"many\"", vec![], "calls_max"),
        ("", vec![("TOWNLINK__LIMITS__CALLS_MAX", "many")], "calls_max"),
        ("cell = \"张浦\"", vec![], "a cell is"),
        ("[services.office]\nlisten = \"here\"", vec![], "listen"),
        ("environment = \"test\"", vec![], "environment"),
        ("town_name = ", vec![], "townlink.toml"),
    ] {
        let fault = fault(file, &environment);
        assert!(fault.contains(part), "{fault}");
    }
}

#[test]
fn what_must_hold_among_settings_is_checked() {
    for (file, told) in [
        ("[clock]\nmode = \"manual\"", "clock.start is missing"),
        ("[clock]\nstart = \"2026-03-02T09:00:00+08:00\"", "clock.start needs clock.mode"),
        ("[clock]\nmode = \"manual\"\nstart = \"yesterday\"", "clock.start is no instant"),
        (
            "environment = \"production\"\n[clock]\nmode = \"manual\"\nstart = \"2026-03-02T09:00:00+08:00\"",
            "clock.mode is manual",
        ),
        ("[limits]\ncalls_max = 0", "limits.calls_max must be at least 1"),
        ("[limits]\nmessage_bytes_max = 5000000", "limits.message_bytes_max must not be above 4194304"),
        ("[limits]\ndeadline_max_ms = 1", "limits.deadline_max_ms must not be below"),
        ("[operations]\nlisten = \"everywhere\"", "operations.listen is neither"),
        ("[services.office]\nspeaks_for = [\"TAX\"]", "services.office.speaks_for names TAX"),
    ] {
        let fault = fault(file, &[]);
        assert!(fault.starts_with(told), "{fault}");
    }
    let manual = read("[clock]\nmode = \"manual\"\nstart = \"2026-03-02T09:00:00+08:00\"", &[]).expect("settings");
    let start = "2026-03-02T01:00:00Z".parse().expect("an instant");
    assert_eq!(manual.settings.clock_mode().ok(), Some(ClockMode::Manual { start }));
}

#[test]
fn development_has_keys_and_production_names_them() {
    let office = SERVICES[0];
    let settings = read("data_dir = \"/data\"", &[]).expect("settings").settings;
    let keys = settings.keys(office).expect("development has defaults");
    assert_eq!(keys.identity.key, PathBuf::from("/data/pki/office.key"));
    assert_eq!(keys.database.expose(), "sqlite:/data/office.db");
    assert_eq!(keys.log_origin, "zhangpu.kunshan/office");
    let production = "environment = \"production\"\n[tls]\nauthority = \"/etc/ca.pem\"\n[services.office]\nlisten = \"0.0.0.0:7001\"\ndatabase = \"postgres://town@db/office\"\ncertificate = \"/etc/office.pem\"";
    let settings = read(production, &[]).expect("settings").settings;
    let fault = settings.keys(office).expect_err("no key").to_string();
    assert_eq!(
        fault,
        "services.office.key is not set, and has no default here; set it in the file or as TOWNLINK__SERVICES__OFFICE__KEY"
    );
    let fault = read("environment = \"production\"", &[]).expect("settings").settings.keys(office);
    assert!(fault.expect_err("no authority").to_string().starts_with("tls.authority is not set"));
}

#[test]
fn every_value_is_shown_with_its_origin_and_no_secret() {
    let file = "data_dir = \"/data\"\n[services.office]\ndatabase = \"postgres://town:hunter2@db/office\"";
    let loaded = read(file, &[("TOWNLINK__LIMITS__CALLS_MAX", "9")]).expect("settings");
    let shown = loaded.show();
    let find = |key: &str| shown.iter().find(|shown| shown.key == key).unwrap_or_else(|| panic!("{key} is not shown"));
    assert_eq!(find("limits.calls_max").origin, "TOWNLINK__LIMITS__CALLS_MAX");
    assert_eq!(find("limits.calls_max").value, "9");
    assert_eq!(find("limits.streams_max").origin, "default");
    assert_eq!(find("services.office.database").value, "postgres://town:***@db/office");
    assert!(find("services.office.database").origin.ends_with("townlink.toml"));
    assert_eq!(find("services.service-center.key").value, "/data/pki/service-center.key");
    assert!(!format!("{shown:?} {loaded:?}").contains("hunter2"));
}

#[derive(Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(default)]
struct Section {
    spool_max: u64,
    hold: bool,
}

#[test]
fn a_service_reads_its_own_section() {
    let loaded = read("[office]\nspool_max = 5", &[("TOWNLINK__OFFICE__HOLD", "true")]).expect("settings");
    assert_eq!(loaded.section::<Section>("office").ok(), Some(Section { spool_max: 5, hold: true }));
    assert_eq!(loaded.section::<Section>("service-center").ok(), Some(Section::default()));
    let shown = loaded.show_section::<Section>("office").expect("shown");
    assert_eq!(
        shown[1],
        Shown { key: "office.hold".to_owned(), value: "true".to_owned(), origin: "TOWNLINK__OFFICE__HOLD".to_owned() }
    );
    let wrong = read("[office]\nspool_mix = 5", &[]).expect("the runtime does not know sections");
    let fault = wrong.section::<Section>("office").expect_err("unknown").to_string();
    assert!(fault.starts_with("office.spool_mix is no setting; did you mean office.spool_max?"), "{fault}");
}
