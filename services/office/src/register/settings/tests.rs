use super::*;

fn rules() -> Rules {
    Rules::new(&RegisterSettings::default(), &TownNames::default()).expect("the defaults are consistent")
}

#[test]
fn issuers_stand_in_their_order() {
    let rules = rules();
    let order = [
        "某公司",
        "昆山市城市管理局",
        "昆山市人民政府办公室",
        "昆山市人民政府",
        "苏州市人民政府",
        "江苏省人民政府",
        "江苏省人大常委会",
    ];
    let standings: Vec<_> = order.into_iter().map(|name| rules.standing(name)).collect();
    assert!(standings.is_sorted(), "{standings:?}");
    assert_eq!(standings[0], Standing::Unknown);
    assert_eq!(standings[1], Standing::Department);
    assert!(rules.is_province("江苏省人民政府") && !rules.is_province("苏州市人民政府"));
}

#[test]
fn departments_go_by_three_names() {
    let rules = rules();
    for name in [
        "城市管理局",
        "市城市管理局",
        "昆山市城市管理局",
        "市场监督管理局",
        "昆山市市场监督管理局",
        "市市场监督管理局",
        "市监局",
    ] {
        assert_eq!(rules.standing(name), Standing::Department, "{name}");
    }
    for name in ["管理局", "场监督管理局", "南京市城市管理局", ""] {
        assert_eq!(rules.standing(name), Standing::Unknown, "{name}");
    }
}

#[test]
fn the_field_decides_and_the_department_is_the_fallback() {
    let rules = rules();
    let field = FieldCode::parse("HEALTH").expect("a field");
    assert_eq!(rules.supervisor(Some(&field), "城市管理局"), Some(Institution::Social));
    assert_eq!(rules.supervisor(None, "城市管理局"), Some(Institution::Construction));
    assert_eq!(rules.supervisor(None, "某公司"), None);
}

#[test]
fn the_town_is_named_by_itself_or_by_its_class() {
    let rules = rules();
    for towns in ["张浦镇", "昆山市张浦镇", "周市镇、张浦镇", "全省经济发达镇"] {
        assert!(rules.names_town(towns), "{towns}");
    }
    for towns in ["", "周市镇", "张浦", "县级市"] {
        assert!(!rules.names_town(towns), "{towns}");
    }
}

#[test]
fn a_place_lies_in_an_area_that_its_address_names() {
    let rules = rules();
    assert!(rules.lies_in("商鞅路1号", "镇域"));
    assert!(rules.lies_in("张浦镇大市社区 3号", "大市社区;南港社区"));
    assert!(!rules.lies_in("商鞅路1号", "大市社区;南港社区"));
}

#[test]
fn wrong_settings_are_named() {
    let front = RegisterSettings {
        fields: vec![FieldLine { field: "URBAN".into(), supervisor: "ENFORCEMENT".into() }],
        ..RegisterSettings::default()
    };
    let twice = RegisterSettings {
        issuers: [("a", 1), ("a", 2)].map(|(name, rank)| RankedIssuer { name: name.into(), rank }).into(),
        ..RegisterSettings::default()
    };
    let town = TownNames::default();
    let key = |settings: &RegisterSettings| Rules::new(settings, &town).err().map(|error| error.key);
    assert_eq!(key(&front).as_deref(), Some("office.register.fields[0]"));
    assert_eq!(key(&twice).as_deref(), Some("office.register.issuers[1]"));
    let no_day = |abolished: &str| RegisterSettings {
        non_licence_approvals: ApprovalsEnd { abolished: abolished.to_owned(), ..ApprovalsEnd::default() },
        ..RegisterSettings::default()
    };
    assert_eq!(key(&no_day("2015-02-30")).as_deref(), Some("office.register.non_licence_approvals.abolished"));
    assert_eq!(key(&no_day("2015-05-14")), None);
}

#[test]
fn a_department_is_itself_under_every_spelling_and_no_other() {
    let rules = rules();
    let rows = [
        ("昆山市城市管理局", "城市管理局", true),
        ("市人力资源和社会保障局", "人社局", true),
        ("昆山市卫生健康委员会", "卫健局", true),
        ("市城市管理局", "市民政局", false),
        ("市民政局", "城市管理局;民政局", true),
        ("市民政局", "", false),
        ("某公司", "某公司", false),
    ];
    for (issuer, departments, same) in rows {
        assert_eq!(rules.is_department_of(issuer, departments), same, "{issuer} {departments}");
    }
}

/// The tables of `data/` and the defaults here are the same facts; this keeps them so.
#[test]
fn the_defaults_are_those_of_the_data() {
    let rules = rules();
    let fields = include_str!("../../../../../data/fields.csv");
    let mut seen = 0;
    for row in csv::Reader::from_reader(fields.as_bytes()).records() {
        let row = row.expect("a row");
        let field = FieldCode::parse(&row[1]).expect("a field");
        assert_eq!(rules.supervisor(Some(&field), "").map(Institution::code), Some(&row[3]), "{field}");
        seen += 1;
    }
    assert_eq!(seen, rules.fields.len());
    let departments = include_str!("../../../../../data/departments.csv");
    for row in csv::Reader::from_reader(departments.as_bytes()).records() {
        let row = row.expect("a row");
        assert_eq!(rules.supervisor(None, &row[0]).map(Institution::code), Some(&row[2]), "{}", &row[0]);
        assert_eq!(rules.standing(&row[3]), Standing::Department, "{}", &row[3]);
        assert!(rules.is_department_of(&row[3], &row[0]), "{} {}", &row[3], &row[0]);
    }
}
