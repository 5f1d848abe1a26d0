//! The register on the command line: brought in by hand, looked at from every side, evaluated.

use std::path::Path;
use std::process::{Child, Command, Output, Stdio};
use std::time::{Duration, Instant};

use super::{folder, stderr, stdout};

const POWERS: &str = r#"[
{"power_code":"P-02-A","name":"对占道经营的处罚","kind":"02","field":"URBAN","origin_department":"市城市管理局",
 "basis":["江苏省城市市容和环境卫生管理条例|地方性法规|第十条"],"act":"占道经营","penalty_kinds":["警告","罚款"],"related":0}
]"#;

const GRANTS: &str = r#"[
{"power_code":"P-02-A","mode":"CONFIRMED","exercise_name":"OWN","handler":"ENFORCEMENT","doc_no":"昆政发〔2024〕1号",
 "clause":"1","batch":1,"from":"2024-04-01","published_date":"2024-03-10","published_place":"政府网站"}
]"#;

/// A town that ends with the test.
struct Town<'a> {
    folder: &'a Path,
    process: Child,
}

impl<'a> Town<'a> {
    fn up(folder: &'a Path) -> Self {
        let process = Command::new(env!("CARGO_BIN_EXE_townlink"))
            .args(["up", "--ports", "auto", "--clock", "manual", "--start", "2026-03-02T09:00:00+08:00"])
            .current_dir(folder)
            .env_remove("TOWNLINK_AS")
            .env_remove("TOWNLINK_DATA_DIR")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .expect("the program runs");
        let town = Self { folder, process };
        let begun = Instant::now();
        while !town.ask(&["roster", "list"]).status.success() {
            assert!(begun.elapsed() < Duration::from_secs(60), "the town does not serve");
            std::thread::sleep(Duration::from_millis(50));
        }
        town
    }

    fn ask(&self, words: &[&str]) -> Output {
        super::townlink(self.folder, words)
    }

    /// What a command prints that does not fail.
    fn told(&self, words: &[&str]) -> String {
        let output = self.ask(words);
        assert!(output.status.success(), "{words:?}: {}", stderr(&output));
        stdout(&output)
    }

    fn write(&self, file: &str, text: &str) {
        std::fs::write(self.folder.join(file), text).expect("a file");
    }

    fn document(&self, number: &str, kind: &str, date: &str) {
        self.write("scan.pdf", number);
        let register = [
            "--as",
            "person/registrar",
            "document",
            "register",
            "--number",
            number,
            "--title",
            "通知",
            "--issuer",
            "昆山市人民政府",
            "--date",
            date,
            "--type",
            kind,
            "--file",
            "scan.pdf",
        ];
        self.told(&register);
        self.told(&["--as", "person/confirmer", "document", "confirm", number]);
    }
}

impl Drop for Town<'_> {
    fn drop(&mut self) {
        let _ = self.process.kill();
        let _ = self.process.wait();
    }
}

#[test]
fn the_register_is_brought_in_looked_at_and_evaluated() {
    let folder = folder();
    let town = Town::up(folder.path());
    town.write("powers.json", POWERS);
    town.write("grants.json", GRANTS);
    town.told(&["--as", "person/registrar", "power", "import", "powers.json"]);
    town.told(&["--as", "person/confirmer", "grant", "confirm", "powers.json"]);
    town.document("昆政发〔2024〕1号", "GRANT", "2024-03-01");
    town.told(&["--as", "person/registrar", "grant", "import", "grants.json"]);
    town.told(&["--as", "person/confirmer", "grant", "confirm", "grants.json"]);

    let due = town.told(&["power", "evaluations", "--due-by", "2026-04-01"]);
    assert!(due.contains("2026-04-01") && due.contains("G-000001"), "{due}");
    town.document("昆政发〔2026〕7号", "EVALUATION", "2026-02-20");
    let evaluate = [
        "--as",
        "person/registrar",
        "grant",
        "evaluate",
        "G-000001",
        "--document",
        "昆政发〔2026〕7号",
        "--result",
        "keep",
    ];
    let evaluated = town.told(&evaluate);
    assert!(evaluated.contains("KEEP on 2026-02-20") && evaluated.contains("2028-02-20"), "{evaluated}");
    assert_eq!(town.ask(&evaluate).status.code(), Some(3), "one document evaluates a grant once");

    let history = town.told(&["power", "history", "P-02-A"]);
    for what in ["LISTED", "GRANTED", "EVALUATED", "昆政发〔2024〕1号"] {
        assert!(history.contains(what), "{what}: {history}");
    }
    let documents = town.told(&["power", "documents", "P-02-A"]);
    assert!(documents.contains("GRANTED G-000001") && documents.contains("EVALUATED G-000001"), "{documents}");
    let public = town.told(&["power", "public", "--kind", "02"]);
    assert!(public.contains("P-02-A") && public.contains("BASIS_GAP"), "{public}");
    let exported = town.told(&["power", "export", "--date", "2026-03-02", "--format", "csv", "-o", "list.csv"]);
    assert!(exported.contains("list.csv has 1 entries, SM3 "), "{exported}");
    let file = std::fs::read_to_string(folder.path().join("list.csv")).expect("the file");
    assert!(file.starts_with("事项编码,") && file.contains("P-02-A"), "{file}");
    let json = town.told(&["power", "export", "--format", "json"]);
    assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&json).expect("JSON").len(), 1);
}
