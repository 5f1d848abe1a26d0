//! Every bad field is told.

use super::*;

#[test]
fn between_one_and_eight_institutions_are_asked() {
    let told = |codes: &[&str]| {
        let body = |code: &&str| pb::RequestedBody { institution: (*code).to_owned(), ..Default::default() };
        let mut fields = Fields::new();
        let read = read_bodies(&mut fields, codes.iter().map(body).collect());
        (read.len(), runtime::testing::faults(fields.finish(Some(()))))
    };
    let all = Institution::ALL.map(Institution::code);
    assert_eq!(told(&all), (8, Vec::new()));
    let many = [&all[..], &["FINANCE"]].concat();
    for codes in [&[][..], &many] {
        assert_eq!(told(codes), (0, vec!["bodies".to_owned()]), "{}", codes.len());
    }
    assert_eq!(told(&["FINANCE", "FINANCE"]), (1, vec!["bodies[1].institution".to_owned()]));
}
