//! powersOf, countByKind and diff; the counts of the article on a synthetic fixture (authority.md §2.7).

use vocabulary::FieldCode;

use super::*;
use crate::register::document::state::DocumentType;
use crate::register::testing::{
    CONFIRMATION, GRANT, MEASURE, PENALTY, Trial, day, grant_row, power_row, with, worked_example,
};

/// 665 penalties with related measures and inspections, and 135 items of the kinds that the service centre handles: made to the
/// figures of the article, for tests only. The real data gives other numbers.
fn synthetic() -> Trial {
    let mut trial = Trial::new();
    let codes =
        |prefix: &str, count: u32| (1..=count).map(|serial| format!("{prefix}-{serial:04}")).collect::<Vec<_>>();
    let (penalties, measures, inspections) = (codes("ZP-02", 665), codes("ZP-03", 40), codes("ZP-06", 25));
    let mut powers: Vec<_> = penalties.iter().map(|code| power_row(&with(&PENALTY, &[("power_code", code)]))).collect();
    let served = ("related_to", "ZP-02-0001");
    powers.extend(measures.iter().map(|code| power_row(&with(&MEASURE, &[("power_code", code), served]))));
    let inspection = with(&MEASURE, &[("kind", "06"), ("measures", ""), served]);
    powers.extend(inspections.iter().map(|code| power_row(&with(&inspection, &[("power_code", code)]))));
    let kinds = [("01", 40), ("05", 5), ("07", 20), ("10", 25), ("11", 10), ("20", 35)];
    let mut items = Vec::new();
    for (kind, count) in kinds {
        let basis = if kind == "01" { "行政许可法|法律|第十二条" } else { "" };
        for code in codes(&format!("ZP-{kind}"), count) {
            let cells = with(&CONFIRMATION, &[("power_code", &code), ("kind", kind), ("basis", basis)]);
            powers.push(power_row(&cells));
            items.push((code, kind));
        }
    }
    trial.list(&powers);
    trial.document("昆政发〔2012〕1号", "昆山市人民政府", "2012-03-01", "2012-03-10", DocumentType::Grant);
    let enforced = [&penalties, &measures, &inspections].into_iter().flatten();
    let mut rows: Vec<_> =
        enforced.map(|code| grant_row(&with(&GRANT, &[("power_code", code), ("batch", "1")]))).collect();
    for (code, kind) in &items {
        let mode = if *kind == "01" { "CONFIRMED" } else { "ASSIGNED" };
        let to = if *kind == "11" { "2015-05-14" } else { "" };
        let cells = [
            ("power_code", code.as_str()),
            ("mode", mode),
            ("handler", "SERVICE"),
            ("supervisor", ""),
            ("batch", "1"),
            ("to", to),
        ];
        rows.push(grant_row(&with(&GRANT, &cells)));
    }
    trial.grant(&rows);
    trial
}

#[test]
fn the_counts_of_the_article_on_the_synthetic_fixture() {
    let trial = synthetic();
    let held = |on: &str, batch| {
        count(&trial.register, day(on), batch)
            .into_iter()
            .map(|(kind, count)| (kind, count.held))
            .collect::<BTreeMap<_, _>>()
    };
    let first = held("2013-01-01", Some(1));
    assert_eq!(first["02"], 665);
    let items: u32 = ["01", "05", "07", "10", "11", "20"].iter().map(|kind| first[kind]).sum();
    assert_eq!(items, 135);
    assert_eq!((first["03"], first["06"]), (40, 25));
    assert_eq!(held("2015-05-14", Some(1))["11"], 0);
    assert_eq!(held("2012-03-31", Some(1))["02"], 0);
    assert_eq!(held("2013-01-01", Some(2))["02"], 0);
    assert_eq!(count(&trial.register, day("2013-01-01"), None)["02"], Count { listed: 665, held: 665 });
}

#[test]
fn powers_are_listed_by_kind_field_and_holder() {
    let trial = worked_example();
    let list = |filter: PowerFilter<'_>, on: &str| {
        let found = powers(&trial.register, &trial.rules, day(on), None, filter);
        found.map(|listed| listed.power.code.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(list(PowerFilter::default(), "2013-01-01"), ["P-02-A", "P-07-B"]);
    assert_eq!(
        list(PowerFilter { kind: Some(PowerKind::Confirmation), ..PowerFilter::default() }, "2013-01-01"),
        ["P-07-B"]
    );
    let urban = FieldCode::parse("URBAN").expect("a field");
    assert_eq!(list(PowerFilter { field: Some(&urban), ..PowerFilter::default() }, "2013-01-01"), ["P-02-A"]);
    let held_by = |institution| PowerFilter { held_by: Some(institution), ..PowerFilter::default() };
    assert_eq!(list(held_by(Institution::Enforcement), "2013-01-01"), ["P-02-A"]);
    assert_eq!(list(held_by(Institution::Enforcement), "2022-01-01"), Vec::<String>::new());
    assert_eq!(list(held_by(Institution::Office), "2013-01-01"), Vec::<String>::new());
    let after: Vec<_> =
        powers(&trial.register, &trial.rules, day("2013-01-01"), Some("P-02-A"), PowerFilter::default()).collect();
    assert_eq!(after.len(), 1);
}

#[test]
fn two_days_differ_where_the_answer_does() {
    let trial = worked_example();
    let differ = |first: &str, second: &str| {
        let found = differences(&trial.register, &trial.rules, (day(first), day(second)), None);
        found.map(|found| (found.code.to_owned(), found.before, found.after.verdict)).collect::<Vec<_>>()
    };
    assert_eq!(differ("2013-01-01", "2014-01-01"), []);
    assert_eq!(differ("2013-01-01", "2024-07-01"), [("P-02-A".to_owned(), Verdict::Yes, Verdict::Ended)]);
    assert_eq!(differ("2012-03-31", "2012-04-01"), [("P-02-A".to_owned(), Verdict::NotYet, Verdict::Yes)]);
}
