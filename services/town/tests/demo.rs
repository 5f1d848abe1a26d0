//! The demonstration ends well, on both databases, and twice at once.

use std::process::{Command, Stdio};

/// Names the server on which tests make their databases; `tests/run` starts one.
const POSTGRES_VARIABLE: &str = "TOWNLINK_TEST_POSTGRES";

fn demo(options: &[&str]) -> std::process::Child {
    Command::new(env!("CARGO_BIN_EXE_townlink"))
        .args(["--json", "demo"])
        .args(options)
        .env_remove("TOWNLINK_AS")
        .env_remove("TOWNLINK_DATA_DIR")
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the program runs")
}

fn played(demo: std::process::Child) {
    let output = demo.wait_with_output().expect("it ends");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let told: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(told["chapters"].as_array().map(Vec::len), Some(19));
    assert!(told["checks"].as_u64().is_some_and(|checks| checks > 240), "{}", told["checks"]);
}

#[test]
fn two_demonstrations_at_once_end_well() {
    let both = [demo(&[]), demo(&[])];
    both.into_iter().for_each(played);
}

#[test]
#[expect(clippy::disallowed_methods, reason = "a test has no configuration; `tests/run` names the server")]
fn the_demonstration_ends_well_on_postgresql() {
    let server = std::env::var(POSTGRES_VARIABLE)
        .unwrap_or_else(|_| panic!("{POSTGRES_VARIABLE} is not set: start a PostgreSQL (`tests/run` does) and set it"));
    let server = server.rsplit_once('/').map_or(server.as_str(), |(server, _)| server);
    played(demo(&["--postgres", &format!("{server}/townlink_demo")]));
}
