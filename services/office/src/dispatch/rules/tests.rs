//! Every row of relay-and-sharing.md §8.3 for papers that go up and flat.

use super::super::content::Source;
use super::super::samples;
use super::super::state::DispatchId;
use super::*;

type Told = Result<(), Refusal>;

/// What the rules say of a content.
fn told(content: &Content) -> Told {
    told_with(content, None, None)
}

fn told_with(content: &Content, original: Option<&str>, waiting: Option<&str>) -> Told {
    let rules = samples::rules();
    check(content, &Around { rules: &rules, today: Date::constant(2026, 3, 2), original, waiting })
}

fn names(names: &[&str]) -> Vec<String> {
    names.iter().map(|name| (*name).to_owned()).collect()
}

fn report() -> Content {
    let text = "市人民政府：\n现将有关情况报告如下。".to_owned();
    Content {
        doc_type: DocType::Report,
        title: "关于防汛工作情况的报告".to_owned(),
        text,
        matters: Vec::new(),
        ..samples::request()
    }
}

/// A bureau's paper to the county department of its line.
fn of_bureau(doc_type: DocType) -> Content {
    Content {
        issuer: Issuer::Institution(Institution::Construction),
        doc_type,
        text: "有关情况如下。".to_owned(),
        main_to: names(&["昆山市水务局"]),
        matters: if doc_type == DocType::Request { names(&["泵站改造"]) } else { Vec::new() },
        ..samples::letter()
    }
}

#[test]
fn ordinary_papers_may_go() {
    for content in [samples::letter(), samples::request(), report(), of_bureau(DocType::Letter)] {
        assert_eq!(told(&content), Ok(()), "{}", content.title);
    }
}

#[test]
fn upward_one_main_addressee_and_no_copy_down() {
    let several = Address::Upward { fault: UpFault::SeveralMain }.into();
    let down = Address::Upward { fault: UpFault::CopyDown }.into();
    let rows: [(&[&str], &[&str], Told); 5] = [
        (&["昆山市人民政府"], &["苏州市人民政府", "昆山市教育局", "昆山市周庄镇人民政府"], Ok(())),
        (&["昆山市人民政府", "昆山市人民政府办公室"], &[], Err(Refusal::clone(&several))),
        (&["昆山市人民政府", "昆山市教育局"], &[], Err(several)),
        (&["昆山市人民政府"], &["张浦镇大市村村民委员会"], Err(Refusal::clone(&down))),
        (&["昆山市人民政府"], &["张浦镇建设与管理局"], Err(down)),
    ];
    for (main_to, copy_to, expected) in rows {
        let content = Content { main_to: names(main_to), copy_to: names(copy_to), ..samples::request() };
        assert_eq!(told(&content), expected, "{main_to:?} {copy_to:?}");
        let content = Content { main_to: names(main_to), copy_to: names(copy_to), ..report() };
        assert_eq!(told(&content), expected, "a report, {main_to:?} {copy_to:?}");
    }
    let flat = Content { main_to: names(&["昆山市教育局", "昆山市水务局"]), ..samples::letter() };
    assert_eq!(told(&flat), Ok(()), "flat papers go to several");
}

#[test]
fn a_request_has_one_matter() {
    for (matters, count) in [(names(&[]), 0), (names(&["甲", "乙"]), 2)] {
        let content = Content { matters, ..samples::request() };
        assert_eq!(told(&content), Err(Address::OneMatter { count }.into()));
    }
}

#[test]
fn nothing_but_a_request_asks() {
    for words in ["妥否，请批示", "请 批复", "请予审批", "请示如下", "当否"] {
        let content = Content { text: format!("现将情况报告如下。{words}。"), ..report() };
        assert!(matches!(told(&content), Err(Refusal::Address(Address::RequestInReport { .. }))), "{words}");
        let opinion = Content { doc_type: DocType::Opinion, ..content.clone() };
        assert!(matches!(told(&opinion), Err(Refusal::Address(Address::RequestInReport { .. }))), "{words}");
        let cleared = Content { no_request_confirmation: "系引用原文，无请示事项".to_owned(), ..content };
        assert_eq!(told(&cleared), Ok(()), "{words}");
    }
    let titled = Content { title: "关于请批复经费的报告".to_owned(), ..report() };
    assert!(matches!(told(&titled), Err(Refusal::Address(Address::RequestInReport { .. }))));
    let letter = Content { text: "请予批准为盼。".to_owned(), ..samples::letter() };
    assert_eq!(told(&letter), Ok(()), "a letter may ask whom it is not subordinate to");
}

#[test]
fn a_bureaus_request_is_passed_on_with_an_opinion() {
    let asked = Some(Source::Dispatch(DispatchId(uuid::Uuid::from_u128(7))));
    let bare = Content { request_of: asked.clone(), ..samples::request() };
    assert_eq!(told(&bare), Err(Address::NoOpinion { fault: OpinionFault::Missing }.into()));
    let own = Content { request_of: asked, opinion: "我镇同意".to_owned(), ..samples::request() };
    assert_eq!(told(&own), Ok(()));
    assert_eq!(told_with(&own, Some("另一篇正文"), None), Ok(()));
    let same = format!("{} ", own.text);
    let expected = Err(Address::NoOpinion { fault: OpinionFault::Original }.into());
    assert_eq!(told_with(&own, Some(&same), None), expected);
}

#[test]
fn no_person_is_written_to_or_in_the_name_of() {
    for name in ["昆山市市长", "张三同志", "昆山市教育局局长", "市政府领导"] {
        let expected = Err(Address::ToPerson { name: name.to_owned() }.into());
        assert_eq!(told(&Content { main_to: names(&[name]), ..samples::request() }), expected);
        assert_eq!(told(&Content { copy_to: names(&[name]), ..samples::request() }), expected);
        assert_eq!(told(&Content { issuer: Issuer::Unit(name.to_owned()), ..samples::request() }), expected);
    }
}

#[test]
fn a_skipped_level_has_a_copy() {
    let skip = |skipped: &str| Err(Address::Skip { skipped: skipped.to_owned() }.into());
    let bureau = Issuer::Institution(Institution::Construction);
    let rows: [(Issuer, &[&str], &[&str], Told); 6] = [
        (Issuer::Government, &["苏州市人民政府"], &[], skip("昆山市人民政府")),
        (Issuer::Government, &["苏州市人民政府"], &["昆山市人民政府"], Ok(())),
        (bureau.clone(), &["昆山市人民政府"], &[], skip("张浦镇人民政府")),
        (bureau.clone(), &["昆山市人民政府"], &["张浦镇人民政府"], Ok(())),
        (bureau.clone(), &["江苏省人民政府"], &["昆山市人民政府"], skip("张浦镇人民政府")),
        (bureau, &["张浦镇人民政府"], &[], Ok(())),
    ];
    for (issuer, main_to, copy_to, expected) in rows {
        let content = Content { issuer, main_to: names(main_to), copy_to: names(copy_to), ..samples::request() };
        assert_eq!(told(&content), expected, "{main_to:?} {copy_to:?}");
    }
}

#[test]
fn a_bureaus_major_matter_needs_consent() {
    let missing = || Err(Address::NoConsent { superior: "昆山市水务局".to_owned() }.into());
    assert_eq!(told(&of_bureau(DocType::Request)), missing());
    assert_eq!(told(&of_bureau(DocType::Report)), Ok(()), "a report within its own powers goes straight up");
    assert_eq!(told(&Content { major_matter: true, ..of_bureau(DocType::Report) }), missing());
    assert_eq!(told(&Content { major_matter: true, ..of_bureau(DocType::Opinion) }), missing());
    let consented = Content { consent: "张政发〔2026〕3号".to_owned(), ..of_bureau(DocType::Request) };
    assert_eq!(told(&consented), Ok(()));
}

#[test]
fn a_unit_writes_inside_only() {
    let unit = || "张浦镇建设与管理局规划科".to_owned();
    let outside = Content { issuer: Issuer::Unit(unit()), ..samples::letter() };
    assert_eq!(told(&outside), Err(Address::InternalUnit { unit: unit() }.into()));
    let inside =
        Content { main_to: names(&["张浦镇财政和资产管理局"]), doc_type: DocType::Notice, ..outside };
    assert_eq!(told(&inside), Ok(()));
    let to_all = Content { main_to: Vec::new(), doc_type: DocType::PublicNotice, ..inside };
    assert_eq!(told(&to_all), Err(Address::InternalUnit { unit: unit() }.into()));
}

#[test]
fn the_front_does_not_write_to_the_county_on_policy() {
    let front = |institution| Content {
        issuer: Issuer::Institution(institution),
        main_to: names(&["昆山市城市管理局"]),
        ..samples::letter()
    };
    for institution in [Institution::Service, Institution::Enforcement] {
        let expected = Address::Front { institution, addressee: "昆山市城市管理局".to_owned() };
        assert_eq!(told(&front(institution)), Err(expected.clone().into()));
        let made_up = Content { case_number: "ZPCF26001".to_owned(), ..front(institution) };
        assert_eq!(told(&made_up), Err(expected.into()), "a case number has its form");
    }
    let case = |institution| Content { case_number: "ZPCF202600012".to_owned(), ..front(institution) };
    assert_eq!(told(&case(Institution::Enforcement)), Ok(()));
    assert!(told(&case(Institution::Service)).is_err(), "only enforcement has cases");
    let notice = Content { doc_type: DocType::Notice, ..case(Institution::Enforcement) };
    assert!(told(&notice).is_err(), "only a letter co-operates");
    let village = Content {
        main_to: names(&["张浦镇大市村村民委员会"]),
        doc_type: DocType::Notice,
        ..front(Institution::Service)
    };
    assert_eq!(told(&village), Ok(()), "the town is no county");
}

#[test]
fn each_type_has_its_directions() {
    let towards = [
        (Relation::Up, "昆山市人民政府"),
        (Relation::Flat, "昆山市教育局"),
        (Relation::Flat, "昆山市周庄镇人民政府"),
        (Relation::Down, "张浦镇大市村村民委员会"),
        (Relation::Down, "张浦镇建设与管理局"),
    ];
    for doc_type in DocType::ALL {
        let directions = match doc_type {
            DocType::Decision | DocType::Order | DocType::Circular | DocType::Reply | DocType::Resolution => "D",
            DocType::Request | DocType::Report => "U",
            DocType::Opinion | DocType::Minutes => "UFD",
            DocType::Notice => "FD",
            DocType::Letter => "F",
            DocType::Motion | DocType::Announcement | DocType::PublicNotice | DocType::Communique => "",
        };
        for (relation, name) in towards {
            let letter = match relation {
                Relation::Up => 'U',
                Relation::Flat | Relation::Line => 'F',
                Relation::Down => 'D',
            };
            let text = "有关事项如下。".to_owned();
            let content = Content { doc_type, text, main_to: names(&[name]), ..samples::request() };
            let expected = if directions.contains(letter) {
                Ok(())
            } else {
                Err(Address::Direction { doc_type: doc_type.as_str(), party: name.to_owned() }.into())
            };
            assert_eq!(told(&content), expected, "{} to {name}", doc_type.as_str());
        }
    }
    let motion =
        Content { doc_type: DocType::Motion, main_to: names(&["张浦镇人民代表大会"]), ..samples::request() };
    assert_eq!(told(&motion), Ok(()));
    let of_office = Content { issuer: Issuer::GovernmentOffice, ..motion };
    assert!(matches!(told(&of_office), Err(Refusal::Address(Address::Direction { .. }))));
}

#[test]
fn a_bureau_asks_its_own_line_only() {
    let other = Content { main_to: names(&["昆山市教育局"]), ..of_bureau(DocType::Report) };
    assert!(matches!(told(&other), Err(Refusal::Address(Address::Direction { .. }))));
}

#[test]
fn addressees_are_known_and_named() {
    let unknown = |name: &str| Err(Address::Addressee { name: name.to_owned() }.into());
    assert_eq!(told(&Content { main_to: names(&["昆山市某局"]), ..samples::letter() }), unknown("昆山市某局"));
    assert_eq!(told(&Content { copy_to: names(&["某公司"]), ..samples::letter() }), unknown("某公司"));
    assert_eq!(told(&Content { main_to: Vec::new(), ..samples::letter() }), unknown(""));
    assert_eq!(told(&Content { main_to: names(&["张浦镇人民政府"]), ..samples::letter() }), unknown("张浦镇人民政府"));
    let public = Content { doc_type: DocType::PublicNotice, main_to: Vec::new(), ..samples::letter() };
    assert_eq!(told(&public), Ok(()));
}

#[test]
fn a_number_is_not_repaired_on_the_way_out() {
    for number in ["昆政发[2026]5号", "昆政发〔2026〕05号", "昆政发〔26〕5号", "昆政发〔2026〕第5号"]
    {
        let content = Content { ref_document_number: number.to_owned(), ..samples::letter() };
        assert!(matches!(told(&content), Err(Refusal::Unfit(Unfit::DocumentNumber { .. }))), "{number}");
    }
    let content = Content { ref_document_number: "昆政发〔2026〕5号".to_owned(), ..samples::letter() };
    assert_eq!(told(&content), Ok(()));
}

#[test]
fn a_waiting_request_is_not_repeated() {
    let first = "dispatches/f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
    let expected = Err(Address::SecondRequest { first: first.to_owned() }.into());
    assert_eq!(told_with(&samples::request(), None, Some(first)), expected);
}

#[test]
fn marks_of_secrecy_come_before_everything() {
    let content =
        Content { title: "秘密★1年".to_owned(), main_to: names(&["张三同志"]), ..samples::request() };
    assert_eq!(told(&content), Err(Unfit::Classified.into()));
}

#[test]
fn a_normative_document_is_looked_at() {
    let content = Content {
        normative: Some(super::super::content::Normative {
            fair_competition: String::new(),
            publication_place: "镇政府网站".to_owned(),
        }),
        ..samples::letter()
    };
    assert!(matches!(told(&content), Err(Refusal::Unfit(Unfit::Normative { .. }))));
}
