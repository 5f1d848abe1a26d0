//! What the province's decision must say: one row for each refusal.

use crate::register::document::state::{DocumentType, Issued};
use crate::register::testing::{PENALTY, Told, Trial, day, expected, number, power_row};

const RIGHT: &str = r#"{"type":"REGISTER_BASIS","basis":{"docNo":"苏政发〔2022〕3号","title":"决定","issuer":"江苏省人民政府","issueDate":"2022-01-05","publishedDate":"2022-01-10","publishedPlace":"省政府网站","attachment":"决定.ofd","digest":"66c7f0f462eeedd9d1f2d46bdc10e4e24167c4875cf2f7a2297da02b8f4ba8e0"},"powers":["P-02-A"],"fields":["URBAN"],"towns":"昆山市张浦镇"}"#;

fn faults(object: &str) -> Vec<Told> {
    let mut trial = Trial::new();
    trial.list(&[power_row(&PENALTY)]);
    let paper = Issued {
        number: number("昆政发〔2026〕5号"),
        issuer: "昆山市人民政府".into(),
        date: day("2026-03-01"),
        publication: None,
        kind: DocumentType::Basis,
    };
    trial.direct(&paper, object, "").err().unwrap_or_default()
}

#[test]
fn a_decision_of_the_province_names_powers_or_fields_and_the_town() {
    assert_eq!(faults(RIGHT), []);
    assert_eq!(faults(&RIGHT.replace("昆山市张浦镇", "全省经济发达镇")), []);
    assert_eq!(faults(&RIGHT.replace("江苏省人民政府", "江苏省人大常委会")), []);
    let rows = [
        ("江苏省人民政府", "昆山市人民政府", "basis.issuer", "AU-ISSUER"),
        ("2022-01-10", "2022-01-04", "basis.publishedDate", "AU-DATE"),
        (r#"["P-02-A"]"#, r#"["p_1"]"#, "powers[0]", "AU-ENUM"),
        (r#"["P-02-A"]"#, r#"["P-02-X"]"#, "powers[0]", "AU-UNKNOWN-POWER"),
        (r#"["P-02-A"]"#, r#"["P-02-A","P-02-A"]"#, "powers[1]", "AU-DUPLICATE"),
        (r#"["URBAN"]"#, r#"["URBAN","MOON"]"#, "fields[1]", "AU-ENUM"),
        (r#"["URBAN"]"#, r#"["*","URBAN"]"#, "fields", "AU-ENUM"),
        ("昆山市张浦镇", "周市镇", "towns", "AU-ENUM"),
    ];
    for (right, wrong, key, code) in rows {
        assert_eq!(faults(&RIGHT.replace(right, wrong)), expected([(0, key, code)]), "{wrong}");
    }
}
