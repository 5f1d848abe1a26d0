//! Every answer of authority.md §2.5, its worked example, and the precedence of answers.

use vocabulary::{Institution, Money, Timestamp};

use super::*;
use crate::register::document::state::DocumentType;
use crate::register::testing::{
    CONFIRMATION, GRANT, MEASURE, PENALTY, Trial, day, grant_row, number, power_row, with, worked_example,
};

use Institution::{Construction, Enforcement, Service};
use Verdict::*;

#[test]
fn the_worked_example_is_answered_as_written() {
    let trial = worked_example();
    let calls = [
        (Enforcement, "P-02-A", "2012-03-31", NotYet),
        (Enforcement, "P-02-A", "2012-04-01", Yes),
        (Enforcement, "P-02-A", "2021-07-14", Yes),
        (Enforcement, "P-02-A", "2021-07-15", BasisGap),
        (Enforcement, "P-02-A", "2024-06-30", BasisGap),
        (Enforcement, "P-02-A", "2024-07-01", Ended),
        (Service, "P-02-A", "2013-01-01", WrongInstitution),
        (Construction, "P-07-B", "2013-01-01", WrongInstitution),
        (Service, "P-07-B", "2026-01-01", Yes),
        (Service, "P-01-X", "2013-01-01", NoGrant),
    ];
    for (institution, power, on, expected) in calls {
        assert_eq!(trial.verdict(institution, power, on), expected, "{institution} {power} {on}");
    }
}

#[test]
fn an_answer_names_the_grant_document_and_clause() {
    let trial = worked_example();
    let answer = trial.answer(Enforcement, "P-02-A", "2024-07-01");
    let shown = wire::answer(&answer, day("2024-07-01"), 7);
    assert_eq!(shown.result(), townlink_proto::townlink::office::v1::HoldsResult::Ended);
    assert_eq!(
        (shown.grant.as_str(), shown.document_number.as_str(), shown.clause.as_str()),
        ("grants/G-000001", "昆政发〔2012〕1号", "1")
    );
    assert_eq!(
        (shown.end_document_number.as_str(), shown.supervisor.as_str(), shown.revision),
        ("昆政发〔2024〕9号", "CONSTRUCTION", 7)
    );
    let none = wire::answer(&trial.answer(Service, "P-01-X", "2024-07-01"), day("2024-07-01"), 7);
    assert_eq!((none.grant.as_str(), none.from), ("", None));
}

#[test]
fn a_suspended_answer_names_the_suspending_document() {
    let mut trial = worked_example();
    let paper = trial.document("昆政发〔2024〕5号", "昆山市人民政府", "2024-03-01", "", DocumentType::Adjust);
    let object = r#"{"type":"ADJUST_POWERS","action":"SUSPEND","from":"2024-04-01","powers":["P-02-A"]}"#;
    trial.obey(&paper, object, "");
    for (on, document) in
        [("2024-03-31", "昆政发〔2024〕9号"), ("2024-04-01", "昆政发〔2024〕5号"), ("2024-07-01", "昆政发〔2024〕9号")]
    {
        let shown = wire::answer(&trial.answer(Enforcement, "P-02-A", on), day(on), 7);
        assert_eq!(shown.end_document_number, document, "{on}");
    }
}

/// A penalty that is granted, published and has its basis, from 2022 on.
fn in_order() -> Trial {
    let mut trial = Trial::new();
    trial.list(&[power_row(&PENALTY), power_row(&CONFIRMATION), power_row(&MEASURE)]);
    let paper = trial.document("昆政发〔2022〕1号", "昆山市人民政府", "2022-01-20", "2022-02-01", DocumentType::Grant);
    trial.grant(&[grant_row(&with(&GRANT, &[("doc_no", "昆政发〔2022〕1号"), ("from", "2022-03-01")]))]);
    trial.obey(&paper, &basis("2022-02-10", r#"["URBAN"]"#, "张浦镇"), "");
    trial
}

fn basis(published: &str, fields: &str, towns: &str) -> String {
    format!(
        r#"{{"type":"REGISTER_BASIS","basis":{{"docNo":"苏政发〔2022〕3号","title":"决定","issuer":"江苏省人民政府","issueDate":"2022-01-05","publishedDate":"{published}","publishedPlace":"省政府网站","attachment":"决定.ofd","digest":"66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"}},"powers":[],"fields":{fields},"towns":"{towns}"}}"#
    )
}

#[test]
fn a_basis_clears_the_gap_from_its_publication_on_and_edits_no_grant() {
    let mut trial = in_order();
    assert_eq!(trial.verdict(Enforcement, "P-02-A", "2022-03-01"), Yes);
    let answer = trial.answer(Enforcement, "P-02-A", "2022-03-01");
    assert_eq!(answer.basis.map(|basis| basis.number.clone()), Some(number("苏政发〔2022〕3号")));
    assert_eq!(answer.grant.and_then(|grant| grant.basis.clone()), None);
    // The same decision again, published later than was thought: a new version, and the old one is still what was known.
    let before = trial.register.head.revision;
    let paper = trial.document("昆政发〔2022〕8号", "昆山市人民政府", "2022-04-01", "", DocumentType::Basis);
    trial.obey(&paper, &basis("2022-03-05", r#"["*"]"#, "全省经济发达镇"), "");
    assert_eq!(trial.verdict(Enforcement, "P-02-A", "2022-03-04"), BasisGap);
    assert_eq!(trial.verdict(Enforcement, "P-02-A", "2022-03-05"), Yes);
    let then = Question { revision: before, ..question(&trial, "2022-03-04") };
    assert_eq!(holds(&trial.register, &trial.rules, &then).verdict, Yes);
}

#[test]
fn a_basis_of_another_field_or_power_clears_nothing() {
    let mut trial = in_order();
    let paper = trial.document("昆政发〔2022〕8号", "昆山市人民政府", "2022-04-01", "", DocumentType::Basis);
    trial.obey(&paper, &basis("2022-02-10", r#"["HEALTH"]"#, "张浦镇"), "");
    assert_eq!(trial.verdict(Enforcement, "P-02-A", "2022-03-01"), BasisGap);
    let named = basis("2022-02-10", r#"["HEALTH"]"#, "张浦镇").replace(r#""powers":[]"#, r#""powers":["P-02-A"]"#);
    trial.obey(&paper, &named, "");
    assert_eq!(trial.verdict(Enforcement, "P-02-A", "2022-03-01"), Yes);
}

fn question<'q>(trial: &Trial, on: &str) -> Question<'q> {
    let revision = trial.register.head.revision;
    Question { institution: Enforcement, power: "P-02-A", day: day(on), place: "", amount: None, target: "", revision }
}

#[test]
fn publication_counts_from_the_revised_law_on() {
    let mut trial = Trial::new();
    trial.list(&[power_row(&PENALTY), power_row(&with(&PENALTY, &[("power_code", "P-02-Z")]))]);
    trial.document("昆政发〔2012〕1号", "昆山市人民政府", "2012-03-01", "", DocumentType::Grant);
    trial.grant(&[grant_row(&GRANT)]);
    let before = trial.answer(Enforcement, "P-02-A", "2021-07-14");
    assert_eq!((before.verdict, before.warning), (Yes, Some(Warning::Unpublished)));
    assert_eq!(trial.verdict(Enforcement, "P-02-A", "2021-07-15"), NotPublished);
}

#[test]
fn an_entrusted_licence_must_be_published_and_another_kind_only_warns() {
    let mut trial = Trial::new();
    let licence = [
        ("power_code", "P-01-L"),
        ("name", "许可"),
        ("kind", "01"),
        ("origin_department", "市民政局"),
        ("basis", "行政许可法|法律|第二十四条"),
    ];
    trial.list(&[power_row(&licence), power_row(&CONFIRMATION)]);
    trial.document("昆民发〔2012〕1号", "昆山市民政局", "2012-03-01", "", DocumentType::Grant);
    trial.document("昆政发〔2012〕2号", "昆山市人民政府", "2012-03-01", "", DocumentType::Grant);
    let entrusted = with(
        &GRANT,
        &[
            ("power_code", "P-01-L"),
            ("exercise_name", "ENTRUSTED"),
            ("handler", "SERVICE"),
            ("supervisor", ""),
            ("doc_no", "昆民发〔2012〕1号"),
        ],
    );
    let assigned = with(
        &GRANT,
        &[
            ("power_code", "P-07-B"),
            ("mode", "ASSIGNED"),
            ("handler", "SERVICE"),
            ("supervisor", ""),
            ("doc_no", "昆政发〔2012〕2号"),
        ],
    );
    trial.grant(&[grant_row(&entrusted), grant_row(&assigned)]);
    assert_eq!(trial.verdict(Service, "P-01-L", "2013-01-01"), NotPublished);
    let answer = trial.answer(Service, "P-07-B", "2026-01-01");
    assert_eq!((answer.verdict, answer.warning), (Yes, Some(Warning::Unpublished)));
    assert_eq!(answer.grant.map(|grant| grant.supervisor), Some(Institution::Social));
}

#[test]
fn a_suspension_is_half_open_and_outranks_publication_and_basis() {
    let mut trial = worked_example();
    let paper = trial.document("昆政发〔2020〕3号", "昆山市人民政府", "2020-01-01", "", DocumentType::Adjust);
    trial.obey(&paper, r#"{"type":"ADJUST_POWERS","action":"SUSPEND","from":"2021-07-20","powers":["P-02-A"]}"#, "");
    assert_eq!(trial.verdict(Enforcement, "P-02-A", "2021-07-19"), BasisGap);
    assert_eq!(trial.verdict(Enforcement, "P-02-A", "2021-07-20"), Suspended);
    let answer = wire::answer(&trial.answer(Enforcement, "P-02-A", "2021-07-20"), day("2021-07-20"), 1);
    assert_eq!(answer.end_document_number, "昆政发〔2020〕3号");
    trial.obey(&paper, r#"{"type":"ADJUST_POWERS","action":"RESUME","from":"2021-08-01","powers":["P-02-A"]}"#, "");
    assert_eq!(trial.verdict(Enforcement, "P-02-A", "2021-07-31"), Suspended);
    assert_eq!(trial.verdict(Enforcement, "P-02-A", "2021-08-01"), BasisGap);
    assert_eq!(trial.verdict(Service, "P-02-A", "2021-07-20"), WrongInstitution);
}

#[test]
fn what_is_said_must_lie_in_the_scope() {
    let mut trial = Trial::new();
    trial.list(&[power_row(&CONFIRMATION)]);
    trial.document("昆政发〔2012〕2号", "昆山市人民政府", "2012-03-01", "2012-03-01", DocumentType::Grant);
    let scoped = with(
        &GRANT,
        &[
            ("power_code", "P-07-B"),
            ("mode", "ASSIGNED"),
            ("handler", "SERVICE"),
            ("supervisor", ""),
            ("doc_no", "昆政发〔2012〕2号"),
            ("scope_area", "大市社区;南港社区"),
            ("scope_amount_cap_fen", "100000"),
            ("scope_target", "个人;个体工商户"),
        ],
    );
    trial.grant(&[grant_row(&scoped)]);
    let asked = |place: &str, amount: Option<i64>, target: &str| {
        let revision = trial.register.head.revision;
        let amount = amount.map(Money::from_fen);
        let question =
            Question { institution: Service, power: "P-07-B", day: day("2026-01-01"), place, amount, target, revision };
        holds(&trial.register, &trial.rules, &question).verdict
    };
    assert_eq!(asked("", None, ""), Yes);
    assert_eq!(asked("张浦镇大市社区1号", Some(100_000), "个人"), Yes);
    assert_eq!(asked("商鞅路1号", None, ""), OutOfScope);
    assert_eq!(asked("", Some(100_001), ""), OutOfScope);
    assert_eq!(asked("", None, "企业"), OutOfScope);
}

#[test]
fn a_stationed_item_is_hosted_and_not_held() {
    let mut trial = Trial::new();
    trial.list(&[power_row(&CONFIRMATION)]);
    trial.document("昆政发〔2012〕2号", "昆山市人民政府", "2012-03-01", "2012-03-01", DocumentType::Grant);
    let stationed = with(
        &GRANT,
        &[
            ("power_code", "P-07-B"),
            ("mode", ""),
            ("exercise_name", "STATIONED"),
            ("handler", "SERVICE"),
            ("supervisor", ""),
            ("doc_no", "昆政发〔2012〕2号"),
        ],
    );
    trial.grant(&[grant_row(&stationed)]);
    assert_eq!(trial.verdict(Service, "P-07-B", "2026-01-01"), WrongInstitution);
    let own = with(&stationed, &[("mode", "ASSIGNED"), ("exercise_name", "OWN"), ("from", "2020-01-01")]);
    trial.grant(&[grant_row(&own)]);
    assert_eq!(trial.verdict(Service, "P-07-B", "2020-01-01"), Yes);
    assert_eq!(trial.verdict(Service, "P-07-B", "2019-12-31"), WrongInstitution);
}

#[test]
fn the_next_grant_outranks_the_last_one() {
    let mut trial = worked_example();
    trial.document("昆政发〔2026〕1号", "昆山市人民政府", "2026-01-01", "2026-01-02", DocumentType::Grant);
    trial.grant(&[grant_row(&with(&GRANT, &[("doc_no", "昆政发〔2026〕1号"), ("from", "2026-06-01")]))]);
    assert_eq!(trial.verdict(Enforcement, "P-02-A", "2025-01-01"), NotYet);
    assert_eq!(trial.verdict(Enforcement, "P-02-A", "2026-06-01"), BasisGap);
}

#[test]
fn the_register_answers_as_it_was_known() {
    let mut trial = worked_example();
    let known = trial.now;
    trial.now = time_after(known, 3600);
    let paper = trial.document("昆政发〔2026〕6号", "昆山市人民政府", "2026-03-01", "", DocumentType::Withdraw);
    trial.obey(
        &paper,
        r#"{"type":"WITHDRAW_POWERS","to":"2026-04-01","powers":["P-07-B"],"transition":"TRANSFER","until":null}"#,
        "",
    );
    let at = |at: Timestamp| {
        let revision = trial.register.revision_at(at);
        let power = "P-07-B";
        let question = Question {
            institution: Service,
            power,
            day: day("2026-04-01"),
            place: "",
            amount: None,
            target: "",
            revision,
        };
        holds(&trial.register, &trial.rules, &question).verdict
    };
    assert_eq!(at(time_after(known, -3600)), NoGrant);
    assert_eq!(at(known), Yes);
    assert_eq!(at(time_after(known, 1800)), Yes);
    assert_eq!(at(trial.now), Ended);
}

fn time_after(at: Timestamp, seconds: i64) -> Timestamp {
    at.checked_add(jiff::SignedDuration::from_secs(seconds)).expect("an instant")
}
