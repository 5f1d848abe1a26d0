use proptest::prelude::*;
use uuid::Uuid;
use vocabulary::{Date, WorkingCalendar};

use super::*;
use crate::coordination::settings::CoordinationSettings;
use crate::register::settings::RegisterSettings;

const ID: ItemId = ItemId(Uuid::from_u128(1));
const PAPER: &str = "inboxes/OFFICE/papers/justice-1";

fn facts(day: &str, institution: Institution) -> Facts {
    let calendar = WorkingCalendar::official().clone();
    let fields = RegisterSettings::default().fields;
    let rules = Arc::new(Rules::new(&CoordinationSettings::default(), &fields, calendar).expect("rules"));
    let now: Timestamp = format!("{day}T09:00:00+08:00").parse().expect("an instant");
    Facts { now, party: Some(Post::Institution(institution)), person: "he".to_owned(), rules }
}

fn opening(text: &str, matter: Opened) -> Step {
    Step::Open(Opening { title: "通报".to_owned(), text: text.to_owned(), matter })
}

fn desk() -> Desk {
    let source = Source {
        document_number: "昆司〔2026〕3号".to_owned(),
        title: "监督通知书".to_owned(),
        returned: false,
        opened: false,
    };
    Desk { item: None, source: Some(source) }
}

fn try_open(from: Institution, text: &str, matter: Opened) -> Result<Desk, Refusal> {
    let events = decide(&desk(), ID, &opening(text, matter), &facts("2026-03-02", from))?;
    Ok(events.iter().fold(desk(), apply))
}

fn open(from: Institution, matter: Opened) -> Desk {
    try_open(from, "城南路段占道经营增多", matter).expect("it is opened")
}

fn item(desk: &Desk) -> &Item {
    desk.item.as_ref().expect("an item")
}

fn info(kind: InfoKind, to: &[Institution]) -> Opened {
    Opened::WorkInfo { kind, to: to.to_vec() }
}

fn duties(desk: &Desk) -> Vec<(Post, DutyKind, Option<Date>)> {
    item(desk).duties.iter().map(|duty| (duty.party, duty.kind, duty.last_day())).collect()
}

fn step(desk: &Desk, step: &Step, by: &Facts) -> Result<Desk, Refusal> {
    Ok(decide(desk, ID, step, by)?.iter().fold(desk.clone(), apply))
}

fn filed() -> Step {
    Step::AnswerClue(ClueAnswer::Filed { case: "ZPCF202600012".to_owned() })
}

const fn supervision(due: Option<Date>) -> Opened {
    Opened::Supervision { paper: String::new(), due }
}

#[test]
fn a_hazard_is_signed_for_in_a_working_day_and_other_information_in_no_set_time() {
    use Institution::{Construction, Enforcement, Service};
    let desk = open(Construction, info(InfoKind::Hazard, &[Service, Enforcement]));
    let by = Some(Date::constant(2026, 3, 3));
    let (service, enforcement) = (Post::Institution(Service), Post::Institution(Enforcement));
    assert_eq!(duties(&desk), [(service, DutyKind::SignFor, by), (enforcement, DutyKind::SignFor, by)]);
    let desk = step(&desk, &Step::SignFor, &facts("2026-03-02", Service)).expect("signed");
    assert_eq!((item(&desk).stage(), duties(&desk).len()), ("OPEN", 1));
    let twice = step(&desk, &Step::SignFor, &facts("2026-03-02", Service));
    assert!(matches!(twice, Err(Refusal::Stage { stage: "SIGNED_FOR", .. })));
    assert!(matches!(step(&desk, &Step::SignFor, &facts("2026-03-02", Construction)), Err(Refusal::Turn { .. })));
    let late = step(&desk, &Step::FallDue, &facts("2026-03-04", Construction)).expect("an alarm");
    assert!(item(&late).duties[0].alarmed.is_some());
    let desk = step(&late, &Step::SignFor, &facts("2026-03-09", Enforcement)).expect("signed");
    assert_eq!((item(&desk).stage(), duties(&desk).len()), ("CLOSED", 0));

    let fact = open(Service, info(InfoKind::Fact, &[Construction]));
    assert_eq!(duties(&fact), [(Post::Institution(Construction), DutyKind::SignFor, None)], "both ways, no limit");
}

#[test]
fn work_information_commands_nothing_and_goes_to_others() {
    use Institution::{Construction, Economy, Enforcement};
    for text in ["请对ZPCF202600012不予处罚", "该案从轻"] {
        let refused = try_open(Construction, text, info(InfoKind::Fact, &[Enforcement]));
        assert!(matches!(refused, Err(Refusal::CaseInstruction(_))), "{text}");
    }
    let refused = try_open(Construction, "请于3月5日前完成整治", info(InfoKind::Fact, &[Enforcement]));
    assert_eq!(refused.err(), Some(Refusal::DirectiveWords { words: "请于".to_owned() }));
    for to in [&[][..], &[Construction], &[Enforcement, Construction]] {
        assert!(matches!(try_open(Construction, "情况", info(InfoKind::Fact, to)), Err(Refusal::Addressee { .. })));
    }
    let one = "居民11010519491231002X收入一万元";
    assert_eq!(try_open(Economy, one, info(InfoKind::Statistics, &[Enforcement])).err(), Some(Refusal::UnitData));
    assert!(try_open(Economy, "一季度总产值610亿元", info(InfoKind::Statistics, &[Enforcement])).is_ok());
}

#[test]
fn a_clue_is_answered_once_by_enforcement() {
    use Institution::{Enforcement, Service, Social};
    for from in [Service, Social, Institution::Office] {
        let desk = open(from, Opened::Clue);
        // Fifteen working days after 2 March.
        assert_eq!(duties(&desk), [(ENFORCEMENT, DutyKind::AnswerClue, Some(Date::constant(2026, 3, 23)))]);
    }
    assert!(matches!(try_open(Enforcement, "线索", Opened::Clue), Err(Refusal::Addressee { .. })));
    let instructing = try_open(Social, "张某占道经营案应当罚款5000元", Opened::Clue);
    assert!(matches!(instructing, Err(Refusal::CaseInstruction(_))));
    let desk = open(Service, Opened::Clue);
    assert!(matches!(step(&desk, &filed(), &facts("2026-03-03", Social)), Err(Refusal::Turn { .. })));
    let late = step(&desk, &Step::FallDue, &facts("2026-03-24", Social)).expect("an alarm");
    assert!(item(&late).duties.iter().all(|duty| duty.alarmed.is_some()));
    let answered = step(&late, &filed(), &facts("2026-03-24", Enforcement)).expect("answered");
    assert_eq!((item(&answered).stage(), item(&answered).duties.len()), ("CLOSED", 0));
    let not = Step::AnswerClue(ClueAnswer::NotFiled { reason: "不属实".to_owned() });
    assert!(matches!(step(&answered, &not, &facts("2026-03-24", Enforcement)), Err(Refusal::Stage { .. })));
    assert!(step(&desk, &not, &facts("2026-03-04", Enforcement)).is_ok());
}

#[test]
fn a_front_asks_a_back_institution_and_both_fronts_get_the_answer() {
    use Institution::{Construction, Enforcement, Service, Social};
    let urban = || Some(FieldCode::parse("URBAN").expect("a field"));
    let ask = |from, to, field| try_open(from, "首次违法如何认定？", Opened::Consultation { to, field }).map(|_| ());
    assert_eq!(ask(Service, Construction, urban()), Ok(()));
    assert_eq!(ask(Enforcement, Institution::Office, None), Ok(()));
    assert!(matches!(ask(Construction, Social, None), Err(Refusal::Addressee { .. })), "the back does not ask");
    assert!(matches!(ask(Service, Enforcement, None), Err(Refusal::Addressee { .. })), "a front is not asked");
    assert!(matches!(ask(Service, Social, urban()), Err(Refusal::Field { .. })));
    let opened = Opened::Consultation { to: Construction, field: urban() };
    let instructing = try_open(Service, "ZP20260301000012 拟准予，是否可行？请批准", opened.clone());
    assert!(matches!(instructing, Err(Refusal::CaseInstruction(_))));

    let desk = open(Service, opened);
    let asked = Post::Institution(Construction);
    assert_eq!(duties(&desk), [(asked, DutyKind::AnswerConsultation, Some(Date::constant(2026, 3, 9)))]);
    assert!(!item(&desk).parties().contains(&ENFORCEMENT));
    let answer = |text: &str| Step::AnswerConsultation { text: text.to_owned() };
    assert!(matches!(step(&desk, &answer("一般指两年内"), &facts("2026-03-03", Social)), Err(Refusal::Turn { .. })));
    let instructing = step(&desk, &answer("该申请不予许可"), &facts("2026-03-03", Construction));
    assert!(matches!(instructing, Err(Refusal::CaseInstruction(_))));
    let answered = step(&desk, &answer("一般指两年内"), &facts("2026-03-03", Construction)).expect("answered");
    assert_eq!(item(&answered).published_to(), [Service, Enforcement]);
    assert!(item(&answered).parties().contains(&ENFORCEMENT), "the other front sees it");
    let again = step(&answered, &answer("又"), &facts("2026-03-03", Construction));
    assert!(matches!(again, Err(Refusal::Stage { stage: "CLOSED", .. })));
}

#[test]
fn external_supervision_is_answered_by_the_town_government_and_closed() {
    use Institution::{Enforcement, Office};
    let due = Date::constant(2026, 3, 20);
    let desk = open(Office, supervision(Some(due)));
    let answering = |party| (party, DutyKind::AnswerSupervision, Some(due));
    assert_eq!(duties(&desk), [answering(Post::Leaders), answering(ENFORCEMENT)]);
    assert_eq!(item(&desk).title, "监督通知书", "it bears the paper's title");
    let answer =
        Step::AnswerSupervision { document_number: "张政函〔2026〕1号".to_owned(), text: "已整改".to_owned() };
    assert!(matches!(step(&desk, &answer, &facts("2026-03-10", Enforcement)), Err(Refusal::Turn { .. })));
    assert!(matches!(
        step(&desk, &Step::Close, &facts("2026-03-10", Office)),
        Err(Refusal::Stage { wanted: "ANSWERED", .. })
    ));
    let late = step(&desk, &Step::FallDue, &facts("2026-03-21", Office)).expect("an alarm");
    assert!(item(&late).duties.iter().all(|duty| duty.alarmed.is_some()));
    let answered = step(&late, &answer, &facts("2026-03-21", Office)).expect("answered");
    assert_eq!(duties(&answered), [(OFFICE, DutyKind::CloseSupervision, None)]);
    assert!(matches!(
        step(&answered, &answer, &facts("2026-03-21", Office)),
        Err(Refusal::Stage { stage: "ANSWERED", .. })
    ));
    assert!(matches!(step(&answered, &Step::Close, &facts("2026-03-21", Enforcement)), Err(Refusal::Turn { .. })));
    let closed = step(&answered, &Step::Close, &facts("2026-03-22", Office)).expect("closed");
    assert_eq!((item(&closed).stage(), item(&closed).duties.len()), ("CLOSED", 0));
    assert!(
        open(Office, supervision(None)).item.is_some_and(|item| item.duties.iter().all(|it| it.last_day().is_none()))
    );
}

#[test]
fn external_supervision_comes_from_a_paper_of_offices_inbox() {
    let matter = || Opened::Supervision { paper: PAPER.to_owned(), due: None };
    let opened = |source: Option<Source>, from| {
        let desk = Desk { item: None, source };
        decide(&desk, ID, &opening("要求说明情况", matter()), &facts("2026-03-02", from)).map(|_| ())
    };
    let source = || desk().source.expect("a paper");
    let fault = |fault| Err(Refusal::Source { paper: PAPER.to_owned(), fault });
    assert_eq!(opened(Some(source()), Institution::Office), Ok(()));
    assert_eq!(opened(None, Institution::Office), fault(SourceFault::Elsewhere));
    assert_eq!(opened(Some(Source { returned: true, ..source() }), Institution::Office), fault(SourceFault::Returned));
    assert_eq!(opened(Some(Source { opened: true, ..source() }), Institution::Office), fault(SourceFault::Opened));
    assert!(matches!(opened(Some(source()), Institution::Enforcement), Err(Refusal::Addressee { .. })));
}

#[test]
fn only_an_institution_opens_a_matter() {
    let leaders = Facts { party: Some(Post::Leaders), ..facts("2026-03-02", Institution::Office) };
    assert!(matches!(decide(&desk(), ID, &opening("x", Opened::Clue), &leaders), Err(Refusal::Turn { .. })));
}

fn any_step() -> impl Strategy<Value = Step> {
    prop_oneof![
        Just(Step::SignFor),
        Just(filed()),
        Just(Step::AnswerConsultation { text: "一般指两年内".to_owned() }),
        Just(Step::AnswerSupervision {
            document_number: "张政函〔2026〕1号".to_owned(), text: "已整改".to_owned()
        }),
        Just(Step::Close),
        Just(Step::FallDue),
    ]
}

fn any_matter() -> impl Strategy<Value = (Institution, Opened)> {
    use Institution::{Construction, Enforcement, Office, Service};
    prop_oneof![
        Just((Construction, info(InfoKind::Hazard, &[Service, Enforcement]))),
        Just((Service, info(InfoKind::Fact, &[Office]))),
        Just((Service, Opened::Clue)),
        Just((Service, Opened::Consultation { to: Construction, field: None })),
        Just((Office, supervision(Some(Date::constant(2026, 3, 9))))),
    ]
}

proptest! {
    /// Whatever comes: nothing leads out of CLOSED, an open matter has somebody who must act, and what is overdue is seen.
    #[test]
    fn a_walk_keeps_what_must_be_true(
        (from, matter) in any_matter(),
        walk in prop::collection::vec((any_step(), prop::sample::select(Institution::ALL.as_slice()), 0_i64..8), 1..30),
    ) {
        let mut desk = open(from, matter);
        let mut now = item(&desk).opened.at;
        for (wanted, institution, days) in walk {
            now = now.checked_add(jiff::SignedDuration::from_hours(24 * days)).expect("an instant");
            let by = Facts { now, ..facts("2026-03-02", institution) };
            let before = item(&desk).clone();
            if let Ok(after) = step(&desk, &wanted, &by) {
                desk = after;
            }
            let after = item(&desk);
            if before.stage() == "CLOSED" {
                prop_assert_eq!(&before, after, "no way out of an end");
            }
            prop_assert_eq!(after.duties.is_empty(), after.stage() == "CLOSED", "somebody must act until it is closed");
            let due = step(&desk, &Step::FallDue, &by).expect("decided");
            prop_assert!(item(&due).duties.iter().all(|duty| !duty.is_overdue(now) || duty.alarmed.is_some()));
            prop_assert!(item(&due).duties.iter().all(|duty| duty.next().is_none_or(|next| next > now)), "the timer rests");
            let row = super::super::wire::content(item(&due));
            prop_assert_eq!(&super::super::wire::read_content(&row).expect("it reads back"), item(&due));
        }
    }
}
