//! The two files that `data/` makes.

use std::collections::HashMap;

use super::{folder, stdout, townlink};

fn rows(csv: &str) -> Vec<HashMap<String, String>> {
    let mut reader = csv::Reader::from_reader(csv.as_bytes());
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

#[test]
fn the_catalogue_has_the_real_counts() {
    let output = townlink(folder().path(), &["power", "catalogue"]);
    assert!(output.status.success());
    let rows = rows(&stdout(&output));
    let count = |kinds: &[&str]| rows.iter().filter(|row| kinds.contains(&row["kind"].as_str())).count();
    assert_eq!((count(&["02"]), count(&["03"]), count(&["01", "05", "07", "10"]), count(&["20"])), (664, 40, 135, 170));
}

#[test]
fn the_annex_grants_what_the_town_may_hold() {
    let folder = folder();
    let command = [
        "grant",
        "catalogue",
        "--document",
        "昆政发〔2026〕5号",
        "--from",
        "2026-04-01",
        "--published",
        "2026-03-02",
        "--place",
        "昆山市人民政府网站",
        "-o",
        "annex/grants.csv",
    ];
    let output = townlink(folder.path(), &command);
    assert_eq!(stdout(&output), "annex/grants.csv has 982 rows\n");
    let text = std::fs::read_to_string(folder.path().join("annex/grants.csv")).expect("the file");
    let rows = rows(&text);
    assert_eq!(rows.iter().filter(|row| row["handler"] == "ENFORCEMENT").count(), 664 + 40);
    assert_eq!(rows.iter().filter(|row| row["mode"] == "ASSIGNED").count(), 170);
    assert_eq!(rows.iter().filter(|row| row["handler"] == "SERVICE" && row["mode"] == "CONFIRMED").count(), 108);
    assert!(rows.iter().all(|row| row["doc_no"] == "昆政发〔2026〕5号" && row["published_date"] == "2026-03-02"));
}

#[test]
fn a_malformed_document_number_is_told_at_once() {
    let output =
        townlink(folder().path(), &["grant", "catalogue", "--document", "昆政发[2026]5号", "--from", "2026-04-01"]);
    assert_eq!(output.status.code(), Some(2));
}
