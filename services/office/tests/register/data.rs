//! The real data: a catalogue made of `data/` as its README says, and grants of all that the town may hold.

use std::collections::{BTreeMap, HashMap};

use townlink_proto::townlink::office::v1 as pb;

use super::{Desk, date, grants, paper_of};

const PENALTIES: &str = include_str!("../../../../data/penalty-powers.csv");
const ITEMS: &str = include_str!("../../../../data/service-items.csv");
const BASES: &str = include_str!("../../../../data/item-bases.csv");
const STATUTES: &str = include_str!("../../../../data/statutes.csv");
const FIELDS: &str = include_str!("../../../../data/fields.csv");

type Row = HashMap<String, String>;

fn rows(file: &str) -> Vec<Row> {
    let mut reader = csv::Reader::from_reader(file.as_bytes());
    reader.deserialize().map(|row| row.expect("a row")).collect()
}

/// The level of each statute, by its title.
fn levels() -> HashMap<String, String> {
    rows(STATUTES).into_iter().map(|row| (row["title"].clone(), row["level"].clone())).collect()
}

/// `title article` entries as `title|level|article`; an entry without a title goes on with the one before it.
fn bases(text: &str, levels: &HashMap<String, String>) -> String {
    let mut title = String::new();
    let mut entries = Vec::new();
    for entry in text.split(';').map(str::trim).filter(|entry| !entry.is_empty()) {
        let article = match entry.split_once(' ') {
            Some((named, article)) => {
                named.clone_into(&mut title);
                article
            }
            None => entry,
        };
        let level = levels.get(&title).unwrap_or_else(|| panic!("{title} has no level"));
        entries.push(format!("{title}|{level}|{article}"));
    }
    entries.join(";")
}

/// A coercive power: its measures and basis, and the penalties that it serves.
struct Coercion {
    code: String,
    first: Row,
    served: Vec<String>,
}

/// The coercive powers by the text that names them, in the order of their first mention.
fn coercions(penalties: &[Row]) -> Vec<(String, Coercion)> {
    let mut found: Vec<(String, Coercion)> = Vec::new();
    for row in penalties {
        for entry in row["related_coercion"].split(';').map(str::trim) {
            if entry.is_empty() || entry.starts_with("先行登记保存") {
                continue;
            }
            match found.iter_mut().find(|(text, _)| text == entry) {
                Some((_, known)) => known.served.push(row["code"].clone()),
                None => {
                    let code = format!("PC-{:04}", found.len() + 1);
                    found.push((
                        entry.to_owned(),
                        Coercion { code, first: row.clone(), served: vec![row["code"].clone()] },
                    ));
                }
            }
        }
    }
    found
}

fn measures(text: &str) -> String {
    let names = text.split('、').map(|name| match name {
        _ if name.starts_with("查封") => "查封",
        _ if ["扣押", "扣留", "暂扣"].iter().any(|begin| name.starts_with(begin)) => "扣押",
        _ => "其他",
    });
    let mut names: Vec<_> = names.collect();
    names.dedup();
    names.join(";")
}

fn quoted(cells: &[&str]) -> String {
    cells.iter().map(|cell| format!("\"{}\"", cell.replace('"', "\"\""))).collect::<Vec<_>>().join(",")
}

/// The catalogue, and the grants of all that the town may hold.
fn catalogue(document: &str, from: &str) -> (String, String) {
    let (penalties, levels) = (rows(PENALTIES), levels());
    let field_of: HashMap<_, _> =
        rows(FIELDS).into_iter().map(|row| (row["domain"].clone(), row["field"].clone())).collect();
    let mut powers = vec![super::POWERS.lines().next().expect("a header").to_owned()];
    let mut granted = Vec::new();
    let mut clause = 0;
    let mut grant = |code: &str, mode: &str, handler: &str, supervisor: &str| {
        clause += 1;
        granted.push(format!("{code},{mode},OWN,{handler},{supervisor},{document},{clause},1,{from},,,,,,,,,"));
    };
    for row in &penalties {
        let (basis, violated) = (bases(&row["penalty_basis"], &levels), bases(&row["violation_basis"], &levels));
        let cells = [
            &row["code"],
            "",
            &row["name"],
            "02",
            &field_of[&row["domain"]],
            &row["county_department"],
            &basis,
            &row["name"],
            &violated,
            &row["penalty_kinds"],
            &row["fine_min_yuan"],
            &row["fine_max_yuan"],
            &row["org_fine_min_yuan"],
            &row["org_fine_max_yuan"],
            &row["fine_rule"],
            "",
            "0",
            "",
        ];
        powers.push(quoted(&cells));
        grant(&row["code"], "CONFIRMED", "ENFORCEMENT", "");
    }
    for (text, coercion) in coercions(&penalties) {
        let (named, basis) = text.split_once('（').expect("a basis");
        let basis = bases(basis.trim_end_matches('）'), &levels);
        let first = &coercion.first;
        let served = coercion.served.join(";");
        let cells = [
            &coercion.code,
            "",
            named,
            "03",
            &field_of[&first["domain"]],
            &first["county_department"],
            &basis,
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            "",
            &measures(named),
            "1",
            &served,
        ];
        powers.push(quoted(&cells));
        grant(&coercion.code, "CONFIRMED", "ENFORCEMENT", "");
    }
    let kinds: BTreeMap<_, _> =
        [("行政许可", "01"), ("行政给付", "05"), ("行政确认", "07"), ("其他行政权力", "10"), ("公共服务", "20")].into();
    let by_code: HashMap<_, _> = rows(BASES).into_iter().map(|row| (row["code"].clone(), row)).collect();
    for row in rows(ITEMS) {
        let known = by_code.get(&row["code"]);
        let basis = known.map(|known| known["basis"].as_str()).unwrap_or_default();
        let mut cells =
            vec![row["code"].as_str(), "", &row["name"], kinds[row["kind"].as_str()], "", &row["department"], basis];
        cells.resize(18, "");
        powers.push(quoted(&cells));
        match known {
            Some(known) if known["holder"] == "TOWN" => {
                grant(&row["code"], "CONFIRMED", "SERVICE", &known["supervisor"])
            }
            Some(_) => {}
            None => grant(&row["code"], "ASSIGNED", "SERVICE", ""),
        }
    }
    (powers.join("\n"), grants(&granted))
}

runtime::both_databases! {
    async fn the_real_data_is_brought_in_whole(db: TestDb) {
        let mut desk = Desk::open(&db).await;
        let (powers, granted) = catalogue("昆政发〔2026〕1号", "2026-03-05");
        let listed = desk.list(&powers).await;
        assert_eq!(listed.applied, 664 + 40 + 305);
        desk.document(paper_of("昆政发〔2026〕1号", pb::DocumentType::Grant, "2026-03-01", "2026-03-02")).await;
        let granted = desk.grant(&granted).await;
        assert_eq!(granted.applied, 664 + 40 + 108 + 170);
        let counts = desk.powers.count_powers(pb::CountPowersRequest { date: Some(date("2026-03-05")), batch: 1 }).await;
        let counts = counts.expect("counts").into_inner().counts;
        let counts: Vec<_> = counts.iter().map(|count| (count.kind.as_str(), count.in_catalogue, count.held)).collect();
        let held = |kind: &str| counts.iter().find(|(known, ..)| *known == kind).map(|(_, _, held)| *held);
        assert_eq!((held("02"), held("03"), held("20")), (Some(664), Some(40), Some(170)));
        assert_eq!(["01", "05", "07", "10"].iter().filter_map(|kind| held(kind)).sum::<i32>(), 108);
        let in_catalogue: i32 = counts.iter().map(|(_, listed, _)| listed).sum();
        assert_eq!(in_catalogue, 1009);
        let answer = desk.ask("ENFORCEMENT", "PP-URB-0001", "2026-03-05").await;
        assert_eq!((answer.result(), answer.clause.as_str(), answer.supervisor.as_str()), (pb::HoldsResult::BasisGap, "1", "CONSTRUCTION"));
        desk.close().await;
    }
}
