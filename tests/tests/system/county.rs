//! County clients with nothing of ours: Python with grpcio and Node with grpc-js learn the contracts by reflection over mutual TLS,
//! issue a paper, watch what becomes of it, pull what the town sends and acknowledge it.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde_json::Value;
use tests::ledger;
use tests::program::told;
use tests::setup::{GOVERNMENT, TOWN_GOVERNMENT};
use tests::town::Town;
use tests::wait::{PATIENCE, until};

/// Names a Python with what `tests/stranger/requirements.txt` lists.
const PYTHON_VARIABLE: &str = "TOWNLINK_TEST_PYTHON";

/// Names the folder with the packages that `tests/run` installs for Node.
const NODE_VARIABLE: &str = "TOWNLINK_TEST_NODE_MODULES";

/// The day on which the town's clock starts.
const TODAY: &str = "2026-03-02";

#[expect(clippy::disallowed_methods, reason = "tests are told of their tools by the environment only")]
fn tool(variable: &str) -> String {
    std::env::var(variable).unwrap_or_else(|_| panic!("{variable} is not set: `tests/run` installs what it names"))
}

/// A client of the county.
struct Client {
    program: String,
    script: &'static str,
    modules: Option<String>,
    key: &'static str,
    algorithm: &'static str,
    number: &'static str,
}

impl Client {
    fn python() -> Self {
        let (program, modules) = (tool(PYTHON_VARIABLE), None);
        Self {
            program,
            script: "county/county.py",
            modules,
            key: "python",
            algorithm: "sm2",
            number: "昆政发〔2026〕7号",
        }
    }

    fn node() -> Self {
        let (program, modules) = ("node".to_owned(), Some(tool(NODE_VARIABLE)));
        Self {
            program,
            script: "county/county.cjs",
            modules,
            key: "node",
            algorithm: "ed25519",
            number: "昆政发〔2026〕8号",
        }
    }

    fn run(&self, town: &Town, arguments: &[&str]) -> Value {
        let pki = town.data_dir().join("pki");
        let file = |name: &str| pki.join(name).display().to_string();
        let mut command = Command::new(&self.program);
        command.arg(Path::new(env!("CARGO_MANIFEST_DIR")).join(self.script));
        command.args(["--address", town.clients.address("gateway"), "--authority", &file("authority.pem")]);
        command.args(["--identity", &file("county/government.pem"), "--key", &file("county/government.key")]);
        command.args(arguments);
        if let Some(modules) = &self.modules {
            command.env("NODE_PATH", modules);
        }
        let output = command.output().unwrap_or_else(|error| panic!("{}: {error}; install it", self.program));
        assert!(output.status.success(), "{} {}: {}", self.script, arguments.join(" "), told(&output));
        serde_json::from_slice(&output.stdout).unwrap_or_else(|error| panic!("{error}: {}", told(&output)))
    }

    /// Issues a paper, sees it signed for, takes the town's next letter and acknowledges it.
    async fn works_with(&self, town: &Town, after: i64) {
        let _ = town.ask("county/government", &["key", "generate", self.key, "--algorithm", self.algorithm]);
        let owner = ["--owner", "county/government", "--issuer", GOVERNMENT, "--from", TODAY];
        let registered =
            [&["key", "register", self.key], owner.as_slice(), &["--document", "昆政办函〔2026〕1号"]].concat();
        let _ = town.ask("person/key-registrar", &registered);
        let _ = town.ask("person/key-confirmer", &["key", "confirm", self.key]);
        let key = town.data_dir().join("keys").join(format!("{}.key", self.key)).display().to_string();

        let addressed = ["--sender", "government", "--issuer", GOVERNMENT, "--to", TOWN_GOVERNMENT, "--date", TODAY];
        let named =
            ["--number", self.number, "--title", "关于报送情况的通知", "--key-id", self.key, "--signing-key", &key];
        let receipt = self.run(town, &[&["issue"], addressed.as_slice(), &named].concat());
        assert_eq!(receipt["type"], "RECEIPT_TYPE_RECEIVED");
        let first = self.run(town, &["watch", "--sender", "government", "--until", "RECEIVED"]);
        sign_for(town, self.number).await;
        let after_position = first["position"].to_string();
        let seen =
            self.run(town, &["watch", "--sender", "government", "--after", &after_position, "--until", "SIGNED_FOR"]);
        let events = seen["events"].as_array().expect("a list");
        // The JSON form of a 64-bit number is a text with Python, and a number with Node.
        let position =
            |event: &Value| event["position"].to_string().trim_matches('"').parse::<i64>().expect("a position");
        assert!(events.iter().all(|event| position(event) > position(&first)), "nothing twice: {seen}");

        let title = format!("答复{}", self.key);
        send(town, &title);
        let (number, town_key) = (after.to_string(), town_key(town));
        let pull = ["pull", "--department", "government", "--after", &number];
        // Node has no SM2; what the town signed is checked by OpenSSL, for Python.
        let verified = ["--town-key", &town_key];
        let letter = self.run(town, &[pull.as_slice(), if self.modules.is_none() { &verified } else { &[] }].concat());
        assert_eq!((&letter["payload"]["title"], letter["number"].as_i64()), (&Value::from(title), Some(after + 1)));
        let name = letter["name"].as_str().expect("a name").to_owned();
        for kind in ["RECEIVED", "SIGNED_FOR"] {
            let named = if self.modules.is_none() { vec![name.as_str()] } else { vec!["--name", &name] };
            self.run(town, &[&["acknowledge"], named.as_slice(), &["--type", kind]].concat());
        }
        delivered(town, &letter).await;
    }
}

async fn sign_for(town: &Town, number: &str) {
    until("the clerk signs for the paper", PATIENCE, async || {
        town.run("person/relay-clerk", &["inbox", "sign-for", number]).status.success().then_some(())
    })
    .await;
}

/// The town sends a report to the government.
fn send(town: &Town, title: &str) {
    let text: PathBuf = town.scratch().join("letter.txt");
    std::fs::write(&text, "现将有关情况报告如下。").expect("a file");
    let text = text.display().to_string();
    let draft = ["dispatch", "draft", "--type", "报告", "--title", title, "--text", &text, "--to", GOVERNMENT];
    let drafted = town.ask("person/relay-clerk", &draft);
    let id = drafted["name"].as_str().and_then(|name| name.rsplit('/').next()).expect("a name").to_owned();
    let _ = town.ask("person/relay-chief", &["dispatch", "review", &id, "--words", "同意"]);
    let _ = town.ask("person/mayor", &["dispatch", "sign", &id]);
    for step in ["number", "seal", "send"] {
        let _ = town.ask("person/relay-clerk", &["dispatch", step, &id]);
    }
}

/// The key that the town signs with, as a file.
fn town_key(town: &Town) -> String {
    let keys = town.ask("auditor/county-audit", &["key", "list"]);
    let keys = keys.as_array().or_else(|| keys["keys"].as_array()).expect("a list").clone();
    let own = keys.iter().find(|key| key["owner"] == "town").expect("the town has a key");
    let id = own["name"].as_str().and_then(|name| name.rsplit('/').next()).expect("a name");
    let file = town.scratch().join("town.pem").display().to_string();
    let _ = town.ask("county/government", &["key", "export", id, "-o", &file]);
    file
}

/// Waits until the office knows that the letter was taken.
async fn delivered(town: &Town, letter: &Value) {
    let number = letter["payload"]["docNo"].as_str().expect("a number").to_owned();
    until("the office knows of the receipt", PATIENCE, async || {
        let shown = town.ask("person/relay-clerk", &["dispatch", "show", &number]);
        (shown["stage"] == "DISPATCH_STAGE_DELIVERED").then_some(())
    })
    .await;
}

crate::both_databases! {
    async fn strangers_clients_issue_watch_pull_and_acknowledge(backend: Backend) {
        let mut town = Town::up(backend).await;
        Client::python().works_with(&town, 0).await;
        Client::node().works_with(&town, 1).await;
        town.stop();
        ledger::check(&town.databases).await;
    }
}
