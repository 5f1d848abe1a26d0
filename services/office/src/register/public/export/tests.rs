//! The public list as a file.

use vocabulary::Sm3Digest;

use super::*;
use crate::register::document::state::DocumentType;
use crate::register::testing::{CONFIRMATION, GRANT, Trial, day, grant_row, power_row, with, worked_example};

fn written(trial: &Trial, on: &str, format: Format) -> (String, Vec<usize>, u32) {
    let register = Arc::new(trial.register.clone());
    let names =
        InstitutionNames::new(vocabulary::institution::TownNames::default(), InstitutionNames::default_history());
    let names = Arc::new(names.expect("the names of the town"));
    let (mut file, mut lengths, mut end) = (Vec::new(), Vec::new(), None);
    for piece in Export::new(register, Arc::clone(&trial.rules), names, day(on), format) {
        assert_eq!(end, None, "nothing follows the digest");
        match piece {
            Piece::Data(data) => {
                lengths.push(data.len());
                file.extend_from_slice(&data);
            }
            Piece::End { digest, rows } => end = Some((digest, rows)),
        }
    }
    let (digest, rows) = end.expect("the file ends with its digest");
    assert_eq!(digest, Sm3Digest::of(&file));
    (String::from_utf8(file).expect("UTF-8"), lengths, rows)
}

#[test]
fn people_get_a_table_with_names() {
    let (file, _, rows) = written(&worked_example(), "2013-01-01", Format::Csv);
    assert_eq!(rows, 2);
    assert_eq!(
        file,
        "事项编码,事项名称,权力类型,领域,法定依据,行使主体,承办机构,行使名义,下放文件,序号,生效日期,终止日期,公布日期,公布载体,监督机构,监督投诉渠道\n\
         P-02-A,对占道经营的处罚,行政处罚,URBAN,江苏省城市市容和环境卫生管理条例（地方性法规）第十条,张浦镇人民政府,综合执法局,镇人民政府名义,昆政发〔2012〕1号,1,2012-04-01,2024-07-01,2012-03-10,政府网站,建设与管理局,12345\n\
         P-07-B,居住情况确认,行政确认,,,张浦镇人民政府,便民服务中心,镇人民政府名义,昆政发〔2012〕2号,1,2012-03-01,,2012-03-01,政府网站,社会事业发展和管理局,12345\n"
    );
}

#[test]
fn programs_get_an_array_with_codes() {
    let (file, _, rows) = written(&worked_example(), "2022-01-01", Format::Json);
    let list: Vec<serde_json::Value> = serde_json::from_str(&file).expect("JSON");
    assert_eq!((list.len(), rows), (2, 2));
    let first = &list[0];
    for (key, value) in [
        ("power_code", "P-02-A"),
        ("kind", "02"),
        ("holder", "town"),
        ("handler", "ENFORCEMENT"),
        ("exercise_name", "OWN"),
        ("doc_no", "昆政发〔2012〕1号"),
        ("from", "2012-04-01"),
        ("published_date", "2012-03-10"),
        ("supervisor", "CONSTRUCTION"),
        ("answer", "BASIS_GAP"),
    ] {
        assert_eq!(first[key], value, "{key}");
    }
    assert_eq!(first["basis"][0]["level"], "地方性法规");
    assert_eq!(list[1]["to"], serde_json::Value::Null);
}

#[test]
fn an_empty_list_is_a_file_too() {
    let (csv, _, rows) = written(&Trial::new(), "2013-01-01", Format::Csv);
    assert_eq!((csv.lines().count(), rows), (1, 0));
    let (json, _, _) = written(&Trial::new(), "2013-01-01", Format::Json);
    assert_eq!(serde_json::from_str::<Vec<serde_json::Value>>(&json).expect("JSON").len(), 0);
}

#[test]
fn a_long_list_comes_in_bounded_pieces() {
    let mut trial = Trial::new();
    trial.document("昆政发〔2012〕1号", "昆山市人民政府", "2012-03-01", "2012-03-10", DocumentType::Grant);
    let codes: Vec<_> = (0..900).map(|serial| format!("P-07-{serial:04}")).collect();
    let powers: Vec<_> = codes.iter().map(|code| power_row(&with(&CONFIRMATION, &[("power_code", code)]))).collect();
    trial.list(&powers);
    let assigned = [("mode", "ASSIGNED"), ("handler", "SERVICE"), ("supervisor", "SOCIAL")];
    let granted = |code: &String| {
        let cells = with(&with(&GRANT, &assigned), &[("power_code", code)]);
        grant_row(&cells)
    };
    trial.grant(&codes.iter().map(granted).collect::<Vec<_>>());
    for format in [Format::Csv, Format::Json] {
        let (file, lengths, rows) = written(&trial, "2013-01-01", format);
        assert_eq!(rows, 900);
        assert!(lengths.len() > 2 && lengths.iter().all(|length| *length <= 64 * 1024), "{lengths:?}");
        for code in &codes {
            assert_eq!(file.matches(code.as_str()).count(), 1, "{code}");
        }
    }
}

#[test]
fn no_cell_is_a_formula_and_every_cell_is_one() {
    assert_eq!(row(&["=1+1", "a,b", "say \"x\"", "-1", "a\nb"]), "'=1+1,\"a,b\",\"say \"\"x\"\"\",'-1,\"a\nb\"\n");
}
