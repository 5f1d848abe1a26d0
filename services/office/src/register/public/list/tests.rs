//! Which grants are on the public list (authority.md §2.8).

use vocabulary::time;

use super::*;
use crate::register::document::state::DocumentType;
use crate::register::testing::{CONFIRMATION, GRANT, Trial, day, grant_row, power_row, with, worked_example};

fn shown(trial: &Trial, on: &str, filter: Filter<'_>) -> Vec<(String, Option<Verdict>)> {
    let found = entries(&trial.register, &trial.rules, day(on), None, filter);
    found.map(|public| (public.power.code.to_string(), public.answer)).collect()
}

fn codes(trial: &Trial, on: &str, filter: Filter<'_>) -> Vec<String> {
    shown(trial, on, filter).into_iter().map(|(code, _)| code).collect()
}

#[test]
fn what_is_published_and_in_force_is_on_the_list() {
    let trial = worked_example();
    assert_eq!(codes(&trial, "2012-03-31", Filter::default()), ["P-07-B"], "not before its first day");
    assert_eq!(codes(&trial, "2012-04-01", Filter::default()), ["P-02-A", "P-07-B"]);
    assert_eq!(codes(&trial, "2024-06-30", Filter::default()), ["P-02-A", "P-07-B"]);
    assert_eq!(codes(&trial, "2024-07-01", Filter::default()), ["P-07-B"], "not on the day of its end");
    let history = Filter { ended: true, ..Filter::default() };
    assert_eq!(codes(&trial, "2024-07-01", history), ["P-02-A", "P-07-B"], "but in the view of history");
    assert_eq!(codes(&trial, "2012-03-31", history), ["P-07-B"]);
}

#[test]
fn the_list_tells_what_an_entry_is_worth() {
    let trial = worked_example();
    let of = |on: &str| shown(&trial, on, Filter::default())[0].1;
    assert_eq!(of("2021-07-14"), Some(Verdict::Yes));
    assert_eq!(of("2021-07-15"), Some(Verdict::BasisGap), "listed, and not usable without the province's decision");
}

#[test]
fn what_is_not_published_is_not_on_it() {
    let mut trial = worked_example();
    trial.list(&[power_row(&with(&CONFIRMATION, &[("power_code", "P-07-C")]))]);
    trial.document("昆政发〔2012〕5号", "昆山市人民政府", "2012-03-01", "", DocumentType::Grant);
    let row = with(
        &GRANT,
        &[
            ("power_code", "P-07-C"),
            ("mode", "ASSIGNED"),
            ("handler", "SERVICE"),
            ("supervisor", "SOCIAL"),
            ("doc_no", "昆政发〔2012〕5号"),
        ],
    );
    trial.grant(&[grant_row(&row)]);
    assert_eq!(trial.verdict(Institution::Service, "P-07-C", "2013-01-01"), Verdict::Yes);
    assert_eq!(codes(&trial, "2013-01-01", Filter::default()), ["P-02-A", "P-07-B"]);
}

#[test]
fn a_suspended_grant_is_off_the_list_and_comes_back() {
    let mut trial = worked_example();
    let adjust = trial.document("昆政发〔2013〕3号", "昆山市人民政府", "2013-03-01", "", DocumentType::Adjust);
    trial.obey(&adjust, r#"{"type":"ADJUST_POWERS","action":"SUSPEND","from":"2013-04-01","powers":["P-02-A"]}"#, "");
    let adjust = trial.document("昆政发〔2014〕3号", "昆山市人民政府", "2014-03-01", "", DocumentType::Adjust);
    trial.obey(&adjust, r#"{"type":"ADJUST_POWERS","action":"RESUME","from":"2014-04-01","powers":["P-02-A"]}"#, "");
    assert_eq!(codes(&trial, "2013-04-01", Filter::default()), ["P-07-B"]);
    assert_eq!(codes(&trial, "2014-04-01", Filter::default()), ["P-02-A", "P-07-B"]);
}

#[test]
fn a_stationed_item_is_shown_as_the_county_bodys() {
    let mut trial = worked_example();
    trial.list(&[power_row(&with(&CONFIRMATION, &[("power_code", "P-07-S")]))]);
    let row = with(
        &GRANT,
        &[
            ("power_code", "P-07-S"),
            ("mode", ""),
            ("exercise_name", "STATIONED"),
            ("handler", "SERVICE"),
            ("supervisor", "SOCIAL"),
        ],
    );
    trial.grant(&[grant_row(&row)]);
    assert_eq!(shown(&trial, "2013-01-01", Filter::default())[2], ("P-07-S".to_owned(), None));
    let counts = count(&trial.register, &trial.rules, day("2013-01-01"));
    assert_eq!(counts["07"], Count { town: 1, stationed: 1 });
    assert_eq!(counts["02"], Count { town: 1, stationed: 0 });
}

#[test]
fn entries_are_filtered_and_paged_by_power_and_grant() {
    let trial = worked_example();
    let urban = FieldCode::parse("URBAN").expect("a field");
    let on = "2013-01-01";
    assert_eq!(codes(&trial, on, Filter { kind: Some(PowerKind::Penalty), ..Filter::default() }), ["P-02-A"]);
    assert_eq!(codes(&trial, on, Filter { field: Some(&urban), ..Filter::default() }), ["P-02-A"]);
    assert_eq!(codes(&trial, on, Filter { handler: Some(Institution::Service), ..Filter::default() }), ["P-07-B"]);
    let after = |place| {
        let found = entries(&trial.register, &trial.rules, day(on), Some(place), Filter::default());
        found.map(|public| public.power.code.to_string()).collect::<Vec<_>>()
    };
    assert_eq!(after(("P-02-A", GrantId(0))), ["P-02-A", "P-07-B"]);
    assert_eq!(after(("P-02-A", GrantId(1))), ["P-07-B"]);
    assert_eq!(after(("P-99", GrantId(0))), Vec::<String>::new());
    assert_eq!(time::town_date(trial.now), day("2026-03-02"));
}
