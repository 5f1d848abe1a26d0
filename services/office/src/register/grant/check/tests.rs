//! Each check of a row of grants, in its order, and the bad rows of authority.md §2.7.

use std::sync::Arc;

use proptest::prelude::*;

use super::*;
use crate::register::catalogue::check::Listing;
use crate::register::catalogue::state::{Measure, Power};
use crate::register::document::state::DocumentType;
use crate::register::event::Event;
use crate::register::grant::state::{Exercise, Mode};
use crate::register::import::state::Content;
use crate::register::testing::{
    CONFIRMATION, GRANT, MEASURE, PENALTY, Told, Trial, day, expected, file, grant_row, number, power_row, with,
};

type Cells<'c> = Vec<(&'c str, &'c str)>;
type Changes = &'static [(&'static str, &'static str)];

fn trial() -> Trial {
    let mut trial = Trial::new();
    let nla = [("power_code", "P-11-N"), ("name", "非许可审批"), ("kind", "11"), ("origin_department", "市民政局")];
    let levy = [
        ("power_code", "P-04-F"),
        ("name", "征收"),
        ("kind", "04"),
        ("origin_department", "市水务局"),
        ("basis", "水法|法律|第四十八条"),
    ];
    let bare = with(&PENALTY, &[("power_code", "P-02-N"), ("basis", "")]);
    let assignable = with(&CONFIRMATION, &[("power_code", "P-07-S"), ("basis", "某法|法律|第一条")]);
    let nowhere = [("power_code", "P-20-Z"), ("name", "咨询"), ("kind", "20")];
    trial.list(&[
        power_row(&PENALTY),
        power_row(&CONFIRMATION),
        power_row(&MEASURE),
        power_row(&nla),
        power_row(&levy),
        power_row(&bare),
        power_row(&assignable),
        power_row(&nowhere),
    ]);
    trial.document("昆政发〔2012〕1号", "昆山市人民政府", "2012-03-01", "", DocumentType::Grant);
    trial.document("昆政发〔2013〕1号", "昆山市人民政府", "2013-01-01", "2013-01-10", DocumentType::Grant);
    trial.document("昆城发〔2012〕1号", "市城市管理局", "2012-03-01", "", DocumentType::Grant);
    trial.document("昆民发〔2012〕1号", "昆山市民政局", "2012-03-01", "", DocumentType::Grant);
    trial.document("昆企发〔2012〕1号", "某公司", "2012-03-01", "", DocumentType::Grant);
    trial.document("昆政发〔2024〕9号", "昆山市人民政府", "2024-06-20", "", DocumentType::Withdraw);
    trial.document("昆政办发〔2024〕2号", "昆山市人民政府办公室", "2024-06-20", "", DocumentType::Withdraw);
    trial
}

fn faults(rows: &[Cells<'_>]) -> Vec<Told> {
    let rows: Vec<_> = rows.iter().map(|cells| grant_row(cells)).collect();
    trial().check_grants(&rows).err().unwrap_or_default()
}

fn changed(changes: &[(&str, &str)]) -> Vec<Told> {
    faults(&[with(&GRANT, changes)])
}

/// One fault of the only row.
fn one(column: &str, code: &str) -> Vec<Told> {
    expected([(2, column, code)])
}

#[test]
fn a_right_row_has_no_faults() {
    assert_eq!(changed(&[]), []);
    assert_eq!(
        changed(&[
            ("supervisor", ""),
            ("batch", "1"),
            ("published_date", "2012-03-20"),
            ("published_place", "政府网站")
        ]),
        []
    );
    assert_eq!(changed(&[("to", "2030-01-01")]), []);
}

#[test]
fn a_cell_that_does_not_read_as_it_is_stored_is_told_once() {
    let columns =
        ["mode", "exercise_name", "handler", "supervisor", "doc_no", "clause", "batch", "scope_area", "scope_target"];
    for column in columns.into_iter().chain(["from", "to", "next_evaluation"]) {
        assert_eq!(changed(&[(column, "甲\u{202e}乙")]), one(column, "AU-ENUM"), "{column}");
        assert_eq!(changed(&[(column, "甲\u{7f}")]), one(column, "AU-ENUM"), "{column}");
    }
    let published = [("published_date", "2012-03-20"), ("published_place", "政府\u{2066}网站")];
    assert_eq!(changed(&published), one("published_place", "AU-ENUM"));
    assert_eq!(changed(&[("clause", "一\n二")]), []);
}

/// The table of bad rows at the end of §2.7, but for the one of the catalogue.
#[test]
fn the_bad_rows_of_the_specification() {
    let open = || GRANT.to_vec();
    let right =
        with(&GRANT, &[("power_code", "P-07-B"), ("mode", "ASSIGNED"), ("handler", "SERVICE"), ("supervisor", "")]);
    assert_eq!(faults(&[right, with(&GRANT, &[("mode", "ASSIGNED")])]), expected([(3, "mode", "AU-ASSIGNED-KIND")]));
    assert_eq!(changed(&[("doc_no", "昆城发〔2012〕1号")]), one("doc_no", "AU-ISSUER"));
    assert_eq!(changed(&[("from", "2012-02-01")]), one("from", "AU-RETRO"));
    let nla: [(&str, &str); 4] =
        [("power_code", "P-11-N"), ("mode", "ASSIGNED"), ("handler", "SERVICE"), ("supervisor", "")];
    assert_eq!(changed(&nla), one("to", "AU-NLA-ABOLISHED"));
    let mut recorded = trial();
    recorded.grant(&[grant_row(&open())]);
    let later = grant_row(&with(&GRANT, &[("from", "2013-01-01")]));
    assert_eq!(recorded.check_grants(&[later]), Err(one("from", "AU-OVERLAP")));
    assert_eq!(changed(&[("supervisor", "SERVICE")]), one("supervisor", "OV-SELF-SUPERVISE"));
    assert_eq!(changed(&[("power_code", "P-02-X")]), one("power_code", "AU-UNKNOWN-POWER"));
    assert_eq!(changed(&[("doc_no", "昆政发〔2012〕99号")]), one("doc_no", "AU-UNKNOWN-DOC"));
    let filler = |from, to| {
        with(
            &GRANT,
            &[
                ("power_code", "P-07-B"),
                ("mode", "ASSIGNED"),
                ("handler", "SERVICE"),
                ("supervisor", ""),
                ("from", from),
                ("to", to),
            ],
        )
    };
    let years = ["2013-01-01", "2014-01-01", "2015-01-01", "2016-01-01", "2017-01-01", "2018-01-01", "2019-01-01"];
    let mut rows: Vec<_> = years.windows(2).map(|pair| filler(pair[0], pair[1])).collect();
    rows.insert(2, open());
    rows.push(open());
    assert_eq!(faults(&rows), expected([(9, "power_code", "AU-DUPLICATE")]));
    assert_eq!(changed(&[("handler", "SERVICE")]), one("handler", "AU-HANDLER"));
    assert_eq!(changed(&[("mode", "CONFIRM")]), one("mode", "AU-ENUM"));
    assert_eq!(changed(&[("power_code", "pp_urb_1")]), one("power_code", "AU-ENUM"));
    assert_eq!(changed(&[("from", "2012-02-30")]), one("from", "AU-DATE"));
}

#[test]
fn values_are_read_first() {
    let rows: [(Changes, &str); 12] = [
        (&[("exercise_name", "ALIEN")], "exercise_name"),
        (&[("exercise_name", "")], "exercise_name"),
        (&[("mode", "")], "mode"),
        (&[("handler", "MAYOR")], "handler"),
        (&[("handler", "")], "handler"),
        (&[("supervisor", "NOBODY")], "supervisor"),
        (&[("doc_no", "昆政发[2012]1号")], "doc_no"),
        (&[("batch", "0")], "batch"),
        (&[("batch", "first")], "batch"),
        (&[("withdraw_doc_no", "1号")], "withdraw_doc_no"),
        (&[("provincial_basis_doc_no", "1号")], "provincial_basis_doc_no"),
        (&[("scope_amount_cap_fen", "-1")], "scope_amount_cap_fen"),
    ];
    for (changes, column) in rows {
        assert_eq!(changed(changes), one(column, "AU-ENUM"), "{changes:?}");
    }
    assert_eq!(changed(&[("exercise_name", "STATIONED")]), one("mode", "AU-ENUM"));
}

#[test]
fn dates_are_read_second() {
    let rows: [(Changes, &str); 6] = [
        (&[("from", "")], "from"),
        (&[("from", "2012/04/01")], "from"),
        (&[("to", "2012-04-01")], "to"),
        (&[("published_date", "yesterday")], "published_date"),
        (&[("published_place", "政府网站")], "published_date"),
        (&[("next_evaluation", "2024-13-01")], "next_evaluation"),
    ];
    for (changes, column) in rows {
        assert_eq!(changed(changes), one(column, "AU-DATE"), "{changes:?}");
    }
    assert_eq!(
        changed(&[("mode", "X"), ("from", "x"), ("batch", "x")]),
        expected([(2, "mode", "AU-ENUM"), (2, "batch", "AU-ENUM"), (2, "from", "AU-DATE")])
    );
}

#[test]
fn documents_are_registered_confirmed_and_of_the_right_sort() {
    assert_eq!(changed(&[("doc_no", "昆政发〔2024〕9号")]), one("doc_no", "AU-UNKNOWN-DOC"));
    assert_eq!(
        changed(&[("to", "2025-01-01"), ("withdraw_doc_no", "昆政发〔2012〕1号")]),
        one("withdraw_doc_no", "AU-UNKNOWN-DOC")
    );
    assert_eq!(
        changed(&[("provincial_basis_doc_no", "苏政发〔2022〕3号")]),
        one("provincial_basis_doc_no", "AU-UNKNOWN-DOC")
    );
    let mut waiting = trial();
    let known = waiting.register.documents.get_mut(&number("昆政发〔2012〕1号")).expect("a document");
    known.certainty = crate::register::state::Certainty::Registered;
    assert_eq!(waiting.check_grants(&[grant_row(&GRANT)]), Err(one("doc_no", "AU-UNKNOWN-DOC")));
}

#[test]
fn a_department_entrusts_and_does_nothing_else() {
    let doc = ("doc_no", "昆城发〔2012〕1号");
    assert_eq!(changed(&[doc, ("exercise_name", "ENTRUSTED")]), []);
    assert_eq!(changed(&[doc, ("exercise_name", "STATIONED"), ("mode", "")]), one("doc_no", "AU-ISSUER"));
    assert_eq!(changed(&[("doc_no", "昆企发〔2012〕1号"), ("exercise_name", "ENTRUSTED")]), one("doc_no", "AU-ISSUER"));
    // What is not its own it may not entrust.
    assert_eq!(changed(&[("doc_no", "昆民发〔2012〕1号"), ("exercise_name", "ENTRUSTED")]), one("doc_no", "AU-ISSUER"));
    // The office of the government stands below the government, which granted.
    let lower = [("to", "2024-07-01"), ("withdraw_doc_no", "昆政办发〔2024〕2号")];
    assert_eq!(changed(&lower), one("withdraw_doc_no", "AU-ISSUER"));
    // Nor does a department withdraw, not even what it entrusted.
    let mut own = trial();
    own.document("昆城发〔2024〕3号", "市城市管理局", "2024-06-20", "", DocumentType::Withdraw);
    let entrusted =
        [doc, ("exercise_name", "ENTRUSTED"), ("to", "2024-07-01"), ("withdraw_doc_no", "昆城发〔2024〕3号")];
    let told = own.check_grants(&[grant_row(&with(&GRANT, &entrusted))]);
    assert_eq!(told, Err(one("withdraw_doc_no", "AU-ISSUER")));
}

#[test]
fn dates_fit_the_documents() {
    let published = ("doc_no", "昆政发〔2013〕1号");
    assert_eq!(changed(&[("published_date", "2012-02-01")]), one("published_date", "AU-DATE"));
    assert_eq!(
        changed(&[published, ("from", "2013-02-01"), ("published_date", "2013-01-11")]),
        one("published_date", "AU-DATE")
    );
    assert_eq!(changed(&[published, ("from", "2013-02-01"), ("published_date", "2013-01-10")]), []);
    assert_eq!(changed(&[published, ("from", "2013-01-09")]), one("from", "AU-RETRO"));
    assert_eq!(changed(&[("from", "2012-03-10"), ("published_date", "2012-03-20")]), one("from", "AU-RETRO"));
    // Only a penalty may not begin before its publication.
    let confirmation = [("power_code", "P-07-B"), ("mode", "ASSIGNED"), ("handler", "SERVICE"), ("supervisor", "")];
    assert_eq!(changed(&[&confirmation[..], &[published, ("from", "2013-01-01")]].concat()), []);
    let withdrawn = ("withdraw_doc_no", "昆政发〔2024〕9号");
    assert_eq!(changed(&[withdrawn]), one("to", "AU-ADHOC"));
    assert_eq!(changed(&[withdrawn, ("to", "2024-06-19")]), one("to", "AU-ADHOC"));
    assert_eq!(changed(&[withdrawn, ("to", "2024-06-20")]), []);
    // Two rows of one document cannot publish it on two days.
    let rows = [
        with(&GRANT, &[("published_date", "2012-03-10")]),
        with(&GRANT, &[("power_code", "P-02-N"), ("mode", "CONFIRMED"), ("published_date", "2012-03-11")]),
    ];
    assert_eq!(faults(&rows), expected([(3, "published_date", "AU-DATE"), (3, "mode", "AU-NO-BASIS")]));
}

#[test]
fn kind_and_mode_fit() {
    let service = [("handler", "SERVICE"), ("supervisor", "")];
    let rows: [(Changes, &str, &str); 5] = [
        (&[("power_code", "P-07-B")], "mode", "AU-NO-BASIS"),
        (&[("power_code", "P-07-S"), ("mode", "ASSIGNED")], "mode", "AU-MODE-MISMATCH"),
        (&[("power_code", "P-11-N"), ("mode", "ASSIGNED"), ("to", "2015-05-15")], "to", "AU-NLA-ABOLISHED"),
        (&[("power_code", "P-04-F"), ("mode", "ASSIGNED")], "mode", "AU-ASSIGNED-KIND"),
        (
            &[("power_code", "P-07-B"), ("mode", "ASSIGNED"), ("exercise_name", "OWN"), ("supervisor", "ENFORCEMENT")],
            "supervisor",
            "OV-SELF-SUPERVISE",
        ),
    ];
    for (changes, column, code) in rows {
        let told = faults(&[with(&with(&GRANT, &service), changes)]);
        assert_eq!(told.first(), Some(&(2, column.to_owned(), code.to_owned())), "{changes:?}");
    }
    let nla = [("power_code", "P-11-N"), ("mode", "ASSIGNED"), ("to", "2015-05-14")];
    assert_eq!(faults(&[with(&with(&GRANT, &service), &nla)]), []);
    let measure = with(&GRANT, &[("power_code", "P-03-C"), ("exercise_name", "ENTRUSTED")]);
    assert_eq!(faults(&[GRANT.to_vec(), measure]), expected([(3, "exercise_name", "AU-COERCE-ENTRUST")]));
    let stationed = [("power_code", "P-07-B"), ("mode", ""), ("exercise_name", "STATIONED")];
    assert_eq!(faults(&[with(&with(&GRANT, &service), &stationed)]), []);
    let nobody = [("power_code", "P-20-Z"), ("mode", ""), ("exercise_name", "STATIONED"), ("supervisor", "SOCIAL")];
    assert_eq!(faults(&[with(&with(&GRANT, &service), &nobody)]), one("exercise_name", "AU-ENUM"));
}

/// The catalogue refuses such a power; whatever came to stand in it is not granted all the same.
#[test]
fn liberty_and_deposits_without_a_law_are_never_granted() {
    let measure = with(&GRANT, &[("power_code", "P-03-C")]);
    for (kind, code) in [(Measure::Liberty, "AU-LIBERTY"), (Measure::Freezing, "AU-FREEZE")] {
        let mut trial = trial();
        let listed = trial.register.newest_power(&PowerCode::parse("P-03-C").expect("a code")).expect("a power");
        let power = Power { measures: vec![kind], ..listed.clone() };
        let listing = Arc::new(Listing { power, valid_from: None });
        trial.take(&[Event::PowerListed { listing, revision: trial.register.head.revision + 1 }]);
        let told = trial.check_grants(&[grant_row(&GRANT), grant_row(&measure)]);
        assert_eq!(told, Err(expected([(3, "power_code", code)])));
    }
}

#[test]
fn a_measure_is_granted_with_a_penalty() {
    let measure = |changes: &[(&'static str, &'static str)]| with(&with(&GRANT, &[("power_code", "P-03-C")]), changes);
    assert_eq!(faults(&[measure(&[])]), one("power_code", "AU-RELATED"));
    assert_eq!(faults(&[measure(&[]), GRANT.to_vec()]), []);
    let ended = with(&GRANT, &[("to", "2012-05-01")]);
    assert_eq!(faults(&[measure(&[("from", "2012-05-01")]), ended.clone()]), one("power_code", "AU-RELATED"));
    assert_eq!(faults(&[measure(&[("from", "2012-04-30")]), ended]), []);
    let mut recorded = trial();
    recorded.grant(&[grant_row(&GRANT)]);
    assert!(recorded.check_grants(&[grant_row(&measure(&[]))]).is_ok());
}

#[test]
fn half_open_intervals_touch_without_overlap() {
    let first = with(&GRANT, &[("to", "2013-01-01")]);
    let second = with(&GRANT, &[("from", "2013-01-01")]);
    assert_eq!(faults(&[first.clone(), second.clone()]), []);
    assert_eq!(faults(&[second, with(&first, &[("to", "2013-01-02")])]), expected([(3, "power_code", "AU-DUPLICATE")]));
}

#[test]
fn the_handler_fits_the_kind() {
    let levy = with(&GRANT, &[("power_code", "P-04-F")]);
    assert_eq!(faults(std::slice::from_ref(&levy)), one("handler", "AU-HANDLER"));
    let mut trial = trial();
    let paper = trial.document("昆政发〔2012〕7号", "昆山市人民政府", "2012-03-01", "2012-03-01", DocumentType::Grant);
    let annex = |cells: Cells<'_>| file(csv::COLUMNS, &[grant_row(&with(&cells, &[("doc_no", "昆政发〔2012〕7号")]))]);
    let context = Context {
        register: &trial.register,
        rules: &trial.rules,
        source: Source::Paper { document: &paper, purpose: Purpose::Grant },
    };
    assert!(check(annex(levy.clone()).as_bytes(), &context).outcome.is_ok(), "the document names the handler");
    let back = check(annex(with(&levy, &[("handler", "FINANCE")])).as_bytes(), &context);
    assert_eq!(back.outcome.map(|_| ()).map_err(|faults| faults[0].code.to_string()), Err("AU-HANDLER".to_owned()));
}

#[test]
fn a_supervisor_comes_from_the_line_where_none_is_named() {
    let mut trial = trial();
    let derived = trial.check_grants(&[grant_row(&with(&GRANT, &[("supervisor", "")]))]).expect("no faults");
    trial.take(&derived);
    assert_eq!(trial.register.all_grants().next().map(|grant| grant.supervisor.code()), Some("CONSTRUCTION"));
    let lineless =
        with(&GRANT, &[("power_code", "P-20-Z"), ("mode", "ASSIGNED"), ("handler", "SERVICE"), ("supervisor", "")]);
    assert_eq!(faults(&[lineless]), one("supervisor", "OV-SELF-SUPERVISE"));
}

#[test]
fn evaluation_is_due_every_two_years_and_not_before_2023() {
    let mut trial = trial();
    let rows = [
        with(&GRANT, &[]),
        with(&GRANT, &[("power_code", "P-07-B"), ("mode", "ASSIGNED"), ("handler", "SERVICE"), ("supervisor", "")]),
    ];
    trial.grant(&rows.map(|cells| grant_row(&cells)));
    let due: Vec<_> = trial.register.all_grants().map(|grant| grant.next_evaluation).collect();
    assert_eq!(due, [Some(day("2023-07-15")), None]);
    let mut later = super::tests::trial();
    later.grant(&[grant_row(&with(&GRANT, &[("from", "2024-02-29")]))]);
    assert_eq!(later.register.all_grants().next().and_then(|grant| grant.next_evaluation), Some(day("2026-02-28")));
    let mut stated = super::tests::trial();
    stated.grant(&[grant_row(&with(&GRANT, &[("next_evaluation", "2014-01-01")]))]);
    assert_eq!(stated.register.all_grants().next().and_then(|grant| grant.next_evaluation), Some(day("2014-01-01")));
}

#[test]
fn a_row_may_publish_its_document() {
    let mut trial = trial();
    let rows = [with(&GRANT, &[("published_date", "2012-03-20")]), with(&GRANT, &[("power_code", "P-03-C")])];
    trial.grant(&rows.map(|cells| grant_row(&cells)));
    let published: Vec<_> =
        trial.register.all_grants().map(|grant| grant.publication.as_ref().map(|it| it.date)).collect();
    assert_eq!(published, [Some(day("2012-03-20")), Some(day("2012-03-20"))]);
    let document = trial.register.confirmed_document(&number("昆政发〔2012〕1号")).expect("the document");
    assert_eq!(document.publication.as_ref().map(|publication| publication.date), Some(day("2012-03-20")));
}

#[test]
fn a_correction_is_a_new_grant_and_both_are_kept() {
    let mut trial = trial();
    trial.grant(&[grant_row(&GRANT)]);
    let content = Content::Corrections { reason: "序号登记有误".to_owned() };
    let corrected = file(csv::COLUMNS, &[grant_row(&with(&GRANT, &[("clause", "2"), ("from", "2012-05-01")]))]);
    let before = trial.register.head.revision;
    let events = trial.check(corrected.as_bytes(), &content).expect("no faults");
    trial.take(&events);
    let now: Vec<_> = trial.register.all_grants().map(|grant| (grant.id.0, grant.clause.clone(), grant.from)).collect();
    assert_eq!(now, [(2, "2".to_owned(), day("2012-05-01"))]);
    let entry = trial.register.entry("P-02-A").expect("the power");
    assert_eq!(entry.grants_at(before).map(|recorded| recorded.grant.id.0).collect::<Vec<_>>(), [1]);
    assert!(trial.register.grant(GrantId(1)).is_some());
    let other =
        file(csv::COLUMNS, &[grant_row(&with(&GRANT, &[("doc_no", "昆政发〔2013〕1号"), ("from", "2014-01-01")]))]);
    assert_eq!(trial.check(other.as_bytes(), &content), Err(one("power_code", "OV-NO-GRANT")));
}

#[test]
fn a_correction_neither_undoes_an_end_nor_moves_it_by_itself() {
    let withdrawn = [("to", "2024-07-01"), ("withdraw_doc_no", "昆政发〔2024〕9号")];
    type Row = (Changes, Changes, Option<(&'static str, &'static str)>);
    let rows: [Row; 8] = [
        (&[("to", "2024-07-01"), ("withdraw_doc_no", "昆政发〔2024〕9号")], &[], Some(("withdraw_doc_no", "AU-ADHOC"))),
        (
            &[("to", "2024-07-01"), ("withdraw_doc_no", "昆政发〔2024〕9号")],
            &[("to", "2024-07-01")],
            Some(("withdraw_doc_no", "AU-ADHOC")),
        ),
        (
            &[("to", "2024-07-01"), ("withdraw_doc_no", "昆政发〔2024〕9号")],
            &[("to", "2024-07-01"), ("withdraw_doc_no", "昆政发〔2024〕10号")],
            Some(("withdraw_doc_no", "AU-ADHOC")),
        ),
        (
            &[("to", "2024-07-01"), ("withdraw_doc_no", "昆政发〔2024〕9号")],
            &[("to", "2024-07-02"), ("withdraw_doc_no", "昆政发〔2024〕9号")],
            None,
        ),
        (&[], &[("to", "2024-07-01")], Some(("to", "AU-ADHOC"))),
        (&[("to", "2030-01-01")], &[], Some(("to", "AU-ADHOC"))),
        (&[("to", "2030-01-01")], &[("to", "2030-01-01")], None),
        (&[], &[("to", "2024-07-01"), ("withdraw_doc_no", "昆政发〔2024〕9号")], None),
    ];
    for (recorded, row, expected) in rows {
        let mut trial = trial();
        trial.document("昆政发〔2024〕10号", "昆山市人民政府", "2024-06-20", "", DocumentType::Withdraw);
        trial.grant(&[grant_row(&with(&GRANT, recorded))]);
        let content = Content::Corrections { reason: "序号登记有误".to_owned() };
        let file = file(csv::COLUMNS, &[grant_row(&with(&with(&GRANT, &[("clause", "2")]), row))]);
        let told = trial.check(file.as_bytes(), &content).err();
        assert_eq!(told, expected.map(|(column, code)| one(column, code)), "{recorded:?} {row:?}");
    }
    assert_eq!(changed(&withdrawn), []);
}

#[test]
fn an_import_that_publishes_a_document_publishes_its_earlier_grants() {
    let mut trial = trial();
    trial.grant(&[grant_row(&GRANT)]);
    let later = [("from", "2013-01-01"), ("to", "2014-01-01"), ("published_date", "2012-03-20")];
    let confirmation = [("power_code", "P-07-B"), ("mode", "ASSIGNED"), ("handler", "SERVICE"), ("supervisor", "")];
    trial.grant(&[grant_row(&with(&GRANT, &[&later[..], &confirmation[..]].concat()))]);
    let published: Vec<_> =
        trial.register.all_grants().map(|grant| grant.publication.as_ref().map(|it| it.date)).collect();
    assert_eq!(published, [Some(day("2012-03-20")), Some(day("2012-03-20"))]);
    let versions = trial.register.entry("P-02-A").map(|entry| entry.grants[0].versions.len());
    assert_eq!(versions, Some(2), "what was known before is kept");
}

#[test]
fn a_file_without_rows_is_refused() {
    let header = file(csv::COLUMNS, &[]);
    for content in [Content::Grants, Content::Corrections { reason: "登记有误".to_owned() }] {
        assert_eq!(trial().check(header.as_bytes(), &content), Err(expected([(1, "", "AU-ENUM")])));
    }
}

#[test]
fn the_paper_is_the_document_of_its_rows() {
    let mut trial = trial();
    let paper = trial.document("昆政发〔2014〕1号", "昆山市人民政府", "2014-01-01", "2014-01-05", DocumentType::Grant);
    let annex = |changes: &[(&'static str, &'static str)]| {
        file(
            csv::COLUMNS,
            &[grant_row(&with(&with(&GRANT, &[("doc_no", "昆政发〔2014〕1号"), ("from", "2014-02-01")]), changes))],
        )
    };
    let object =
        r#"{"type":"GRANT_POWERS","annex":"清单.csv","publishedDate":"2014-01-05","publishedPlace":"政府网站"}"#;
    let other = annex(&[("doc_no", "昆政发〔2012〕1号")]);
    assert_eq!(trial.direct(&paper, object, &other).map(|_| ()), Err(one("doc_no", "AU-UNKNOWN-DOC")));
    let unpublished = r#"{"type":"GRANT_POWERS","annex":"清单.csv"}"#;
    let stated = annex(&[("published_date", "2014-01-05")]);
    assert_eq!(trial.direct(&paper, unpublished, &stated).map(|_| ()), Err(one("published_date", "AU-DATE")));
    trial.obey(&paper, object, &annex(&[]));
    assert_eq!(
        trial.register.all_grants().map(|grant| grant.exercise.clone()).collect::<Vec<_>>(),
        [Exercise::Own(Mode::Confirmed)]
    );
    assert_eq!(trial.direct(&paper, object, "").map(|_| ()), Err(expected([(0, "annex", "RE-DIRECTIVE")])));
}

proptest! {
    #[test]
    fn no_bytes_make_the_check_panic(bytes in proptest::collection::vec(any::<u8>(), 0..300), cells in proptest::collection::vec("[0-9A-Z昆政发〔〕号;. -]{0,10}", 18)) {
        let trial = Trial::new();
        let context = Context { register: &trial.register, rules: &trial.rules, source: Source::Import };
        let row = format!("{}\n{}\n", csv::COLUMNS.join(","), cells.join(","));
        for file in [bytes.as_slice(), row.as_bytes()] {
            prop_assert!(check(file, &context).outcome.is_err() || Table::read(file, csv::COLUMNS).rows().is_empty());
        }
    }
}
