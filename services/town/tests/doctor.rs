//! Each fault is sown, and must be named: the party, the rule, the remedy.

mod files;
mod running;
mod server;

use std::path::Path;
use std::process::Command;

use serde_json::Value;

use super::{folder, stderr, stdout};

/// The settings of every town here: time stands still, and the disk of this machine is none of the tests' business.
const SETTINGS: [(&str, &str); 4] = [
    ("TOWNLINK__CLOCK__MODE", "manual"),
    ("TOWNLINK__CLOCK__START", "2026-03-02T09:00:00+08:00"),
    ("TOWNLINK__DIAGNOSIS__DISK_FREE_MIN_MIB", "0"),
    ("TOWNLINK__DIAGNOSIS__SEQUENCER_LAG_MAX_SECONDS", "1"),
];

/// What the doctor says.
struct Said {
    code: Option<i32>,
    text: String,
    findings: Vec<Value>,
}

impl Said {
    /// The finding of a rule, with its party.
    fn of(&self, party: &str, rule: &str) -> Option<&Value> {
        self.findings.iter().find(|it| it["party"] == party && it["rule"] == rule)
    }

    /// Expects a finding of a rule with a party, with a remedy, and that it makes the doctor fail.
    fn names(&self, party: &str, rule: &str, part: &str) {
        let Some(found) = self.of(party, rule) else { panic!("{rule} of {party} is not named:\n{}", self.text) };
        let text = |key: &str| found[key].as_str().unwrap_or_default();
        assert!(text("fault").contains(part), "{rule} does not say {part}: {found}");
        assert!(text("remedy").ends_with('。'), "{found}");
        assert_eq!(self.code, Some(1), "{}", self.text);
    }

    /// Expects that nothing is wrong.
    fn is_healthy(&self) {
        assert!(self.code == Some(0) && self.findings.is_empty(), "{}", self.text);
    }
}

/// Asks the doctor, with settings on top.
fn doctor_with(folder: &Path, arguments: &[&str], settings: &[(&str, &str)]) -> Said {
    let mut command = Command::new(env!("CARGO_BIN_EXE_townlink"));
    command.current_dir(folder).env_remove("TOWNLINK_AS").env_remove("TOWNLINK_DATA_DIR").envs(SETTINGS);
    command.envs(settings.iter().copied());
    let today = if arguments.contains(&"--today") { &[][..] } else { &["--today", "2026-03-02"] };
    let output = command.args(["--json", "doctor"]).args(today).args(arguments).output().expect("it runs");
    let text = format!("{}{}", stdout(&output), stderr(&output));
    let told: Value = serde_json::from_str(&stdout(&output)).unwrap_or_else(|error| panic!("{error}: {text}"));
    let findings = told["findings"].as_array().expect("findings").clone();
    Said { code: output.status.code(), text, findings }
}

fn doctor(folder: &Path, arguments: &[&str]) -> Said {
    doctor_with(folder, arguments, &[])
}

/// Runs statements on a database file.
fn sql(file: &Path, statements: &str) {
    let threads = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    threads.block_on(async {
        use sqlx::Connection as _;
        sqlx::any::install_default_drivers();
        let address = format!("sqlite:{}?mode=rw", file.display());
        let mut connection = sqlx::AnyConnection::connect(&address).await.expect("connected");
        sqlx::raw_sql(sqlx::AssertSqlSafe(statements.to_owned())).execute(&mut connection).await.expect("executed");
        connection.close().await.expect("closed");
    });
}

/// Waits until a question to a database file has an answer.
fn answered(file: &Path, question: &'static str) {
    let threads = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    threads.block_on(async {
        use sqlx::Connection as _;
        sqlx::any::install_default_drivers();
        let address = format!("sqlite:{}?mode=rw", file.display());
        let mut connection = sqlx::AnyConnection::connect(&address).await.expect("connected");
        let begun = std::time::Instant::now();
        while sqlx::query(question).fetch_optional(&mut connection).await.expect("read").is_none() {
            assert!(begun.elapsed() < std::time::Duration::from_secs(30), "no answer: {question}");
            tokio::time::sleep(std::time::Duration::from_millis(20)).await;
        }
        connection.close().await.expect("closed");
    });
}

/// Holds a database file for writing while something is done.
fn locked<T>(file: &Path, done: impl FnOnce() -> T) -> T {
    let threads =
        tokio::runtime::Builder::new_multi_thread().worker_threads(1).enable_all().build().expect("a runtime");
    let connection = threads.block_on(async {
        use sqlx::Connection as _;
        sqlx::any::install_default_drivers();
        let address = format!("sqlite:{}?mode=rw", file.display());
        let mut connection = sqlx::AnyConnection::connect(&address).await.expect("connected");
        sqlx::raw_sql("begin immediate").execute(&mut connection).await.expect("locked");
        connection
    });
    let result = done();
    drop(connection);
    result
}
