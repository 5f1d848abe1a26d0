//! A stranger's check: given a receipt, its proof and two public keys, OpenSSL and a public log client say that both hold. Our
//! program exports the files and takes no part in the check.

use std::path::Path;
use std::process::{Command, Output};

use tests::act::Act;
use tests::paper::{Key, Paper};
use tests::program::told;
use tests::setup::{self, GOVERNMENT, TOWN_GOVERNMENT};
use tests::town::Town;
use townlink_proto::townlink::gateway::v1 as gateway;

/// Names a Python with what `tests/stranger/requirements.txt` lists.
const PYTHON_VARIABLE: &str = "TOWNLINK_TEST_PYTHON";

#[expect(clippy::disallowed_methods, reason = "tests are told of the interpreter by the environment only")]
fn python() -> String {
    std::env::var(PYTHON_VARIABLE).unwrap_or_else(|_| {
        panic!("{PYTHON_VARIABLE} is not set: make a Python with tests/stranger/requirements.txt, as tests/run does, and name it")
    })
}

fn check(folder: &Path) -> Output {
    let script = Path::new(env!("CARGO_MANIFEST_DIR")).join("stranger/check.py");
    let mut command = Command::new(python());
    command.arg(script).args(["receipt.json", "proof.json", "--receipt-key", "receipt-key.pem"]);
    command.args(["--log-key", "log-key.vkey", "--log-sm2-key", "log-sm2.pem"]);
    command.current_dir(folder).output().expect("the interpreter starts")
}

fn flip(file: &Path, at: usize) {
    let mut bytes = std::fs::read(file).expect("the file can be read");
    bytes[at] ^= 1;
    std::fs::write(file, bytes).expect("the file can be written");
}

crate::both_databases! {
    async fn a_stranger_checks_a_receipt_and_its_proof(backend: Backend) {
        let mut town = Town::up(backend).await;
        let key = Key::sm2("government-2026");
        setup::register_key(&town.clients, "county/government", &key, &[GOVERNMENT]).await;
        let mut receipts = Vec::new();
        for _ in 0..5 {
            let request = Paper::new("government", GOVERNMENT, TOWN_GOVERNMENT).sign(&key);
            let path = "/townlink.gateway.v1.PaperService/IssuePaper";
            let answer = Act::new(&town.clients, "county/government", path, &request).insist().await;
            receipts.push(answer.reply::<gateway::Receipt>());
        }
        let id = receipts[2].paper.rsplit('/').next().expect("a name ends with an id").to_owned();
        let key_id = setup::receipt_of(&receipts[2])["keyId"].as_str().expect("a receipt names its key").to_owned();

        let folder = town.scratch().join("stranger");
        std::fs::create_dir(&folder).expect("a folder");
        let file = |name: &str| folder.join(name).display().to_string();
        let _ = town.ask("county/government", &["relay", "receipt", &id, "-o", &file("receipt.json")]);
        let _ = town.ask("county/government", &["relay", "proof", &id, "-o", &file("proof.json")]);
        let _ = town.ask("county/government", &["key", "export", &key_id, "-o", &file("receipt-key.pem")]);
        let exported = town.scratch().join("exported");
        let _ = town.ask("auditor/county-audit", &["log", "export", &exported.display().to_string(), "--service", "gateway"]);
        let keys = exported.join("gateway/keys");
        std::fs::copy(keys.join("ed25519.vkey"), folder.join("log-key.vkey")).expect("the key of the log");
        std::fs::copy(keys.join("sm2.pem"), folder.join("log-sm2.pem")).expect("the other key of the log");
        town.stop();

        let checked = check(&folder);
        assert!(checked.status.success(), "{}", told(&checked));
        for name in ["receipt.json", "receipt.json.sig", "proof.json"] {
            let length = std::fs::metadata(folder.join(name)).expect("a file").len();
            let middle = usize::try_from(length).expect("a short file") / 2;
            flip(&folder.join(name), middle);
            let refused = check(&folder);
            assert!(!refused.status.success(), "{name} was changed: {}", told(&refused));
            flip(&folder.join(name), middle);
        }
        assert!(check(&folder).status.success(), "what is put back holds again");

        let verified = tests::program::run(["verify".as_ref(), exported.as_os_str()]);
        assert!(verified.status.success(), "{}", told(&verified));
        tests::ledger::check(&town.databases).await;
    }
}
