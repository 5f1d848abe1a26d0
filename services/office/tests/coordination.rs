//! Work information, clues, consultations and external supervision, through the contract.

mod lists;

use runtime::both_databases;
use runtime::caller::Peer;
use runtime::testing::TestDb;
use tonic::transport::Channel;
use tonic::{Response, Status};
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::coordination_service_client::CoordinationServiceClient;
use vocabulary::Institution;

use crate::harness::{Chain, Draft, Town, bytes, events, fresh, reason, refused};
use crate::replay;

/// Who does what in these tests.
const ROSTER: [(&str, &str, &str); 16] = [
    ("wang", "OFFICE", "RELAY_CLERK"),
    ("fa", "OFFICE", "LEGAL_REVIEWER"),
    ("chen", "CONSTRUCTION", "SUPERVISOR"),
    ("lu", "CONSTRUCTION", "SUPERVISOR"),
    ("sun", "CONSTRUCTION", "RELAY_CLERK"),
    ("xu", "SOCIAL", "SUPERVISOR"),
    ("gu", "ECONOMY", "SUPERVISOR"),
    ("cai", "FINANCE", "SUPERVISOR"),
    ("ma", "SERVICE", "RELAY_CLERK"),
    ("bai", "SERVICE", "INTAKE_CLERK"),
    ("he", "ENFORCEMENT", "RELAY_CLERK"),
    ("tie", "ENFORCEMENT", "OFFICER"),
    ("shi", "ENFORCEMENT", "LEGAL_REVIEWER"),
    ("zhou", "LEADERS", "HEAD"),
    ("wu", "LEADERS", "HEAD"),
    ("li", "PERSONNEL", "HR_OFFICER"),
];

/// The roster as settings of the office.
pub(crate) fn roster() -> String {
    let entry = |(person, post, role)| {
        format!(
            "[[office.roster]]\nperson = '{person}'\npost = '{post}'\nrole = '{role}'\nfrom = '2012-01-01'\n\
             document = '张委组〔2012〕1号'\n"
        )
    };
    ROSTER.map(entry).concat()
}

/// A cell with the roster of these tests.
pub(crate) async fn town(db: &TestDb) -> Town {
    Town::start_with(db, &roster()).await.expect("the cell starts")
}

pub(crate) fn client(town: &Town, person: &str) -> CoordinationServiceClient<Channel> {
    CoordinationServiceClient::new(town.person(person))
}

type Answer = Result<pb::CoordinationItem, Status>;

pub(crate) async fn tell(town: &Town, person: &str, kind: pb::WorkInfoType, to: &[&str], text: &str) -> Answer {
    let request = pb::SendWorkInfoRequest {
        request_id: fresh(),
        r#type: kind.into(),
        to_parties: to.iter().map(|code| (*code).to_owned()).collect(),
        title: "情况通报".to_owned(),
        text: text.to_owned(),
    };
    client(town, person).send_work_info(request).await.map(Response::into_inner)
}

pub(crate) async fn clue(town: &Town, person: &str, text: &str) -> Answer {
    let request = pb::ReportClueRequest { request_id: fresh(), title: "线索".to_owned(), text: text.to_owned() };
    client(town, person).report_clue(request).await.map(Response::into_inner)
}

pub(crate) async fn ask(town: &Town, person: &str, to: &str, field: &str, text: &str) -> Answer {
    let request = pb::AskConsultationRequest {
        request_id: fresh(),
        to_party: to.to_owned(),
        field: field.to_owned(),
        title: "会商".to_owned(),
        text: text.to_owned(),
    };
    client(town, person).ask_consultation(request).await.map(Response::into_inner)
}

pub(crate) async fn sign(town: &Town, person: &str, name: &str) -> Answer {
    let request =
        pb::SignForCoordinationItemRequest { request_id: fresh(), name: name.to_owned(), ..Default::default() };
    client(town, person).sign_for_coordination_item(request).await.map(Response::into_inner)
}

async fn answer_clue(town: &Town, person: &str, name: &str, case: &str, why: &str) -> Answer {
    let result = if case.is_empty() { pb::ClueResult::NotFiled } else { pb::ClueResult::Filed };
    let request = pb::AnswerClueRequest {
        request_id: fresh(),
        name: name.to_owned(),
        result: result.into(),
        case_number: case.to_owned(),
        reason: why.to_owned(),
        etag: String::new(),
    };
    client(town, person).answer_clue(request).await.map(Response::into_inner)
}

async fn answer_consultation(town: &Town, person: &str, name: &str, answer: &str) -> Answer {
    let (name, answer) = (name.to_owned(), answer.to_owned());
    let request = pb::AnswerConsultationRequest { request_id: fresh(), name, answer, etag: String::new() };
    client(town, person).answer_consultation(request).await.map(Response::into_inner)
}

pub(crate) async fn supervise(town: &Town, person: &str, paper: &str, due: Option<(i32, i32)>) -> Answer {
    let day = |(month, day)| townlink_proto::google::r#type::Date { year: 2026, month, day };
    let request = pb::OpenExternalSupervisionRequest {
        request_id: fresh(),
        source_paper: paper.to_owned(),
        stated_due_date: due.map(day),
        text: "要求说明ZPCF202600012的办理程序".to_owned(),
    };
    client(town, person).open_external_supervision(request).await.map(Response::into_inner)
}

async fn answer_supervision(town: &Town, person: &str, name: &str, number: &str) -> Answer {
    let request = pb::AnswerExternalSupervisionRequest {
        request_id: fresh(),
        name: name.to_owned(),
        document_number: number.to_owned(),
        text: "已说明".to_owned(),
        etag: String::new(),
    };
    client(town, person).answer_external_supervision(request).await.map(Response::into_inner)
}

async fn close(town: &Town, person: &str, name: &str) -> Answer {
    let request =
        pb::CloseExternalSupervisionRequest { request_id: fresh(), name: name.to_owned(), ..Default::default() };
    client(town, person).close_external_supervision(request).await.map(Response::into_inner)
}

pub(crate) async fn get(town: &Town, person: &str, name: &str) -> Answer {
    let request = pb::GetCoordinationItemRequest { name: name.to_owned() };
    client(town, person).get_coordination_item(request).await.map(Response::into_inner)
}

/// Waits until a matter has some alarms.
pub(crate) async fn alarms(town: &Town, name: &str, count: usize) -> pb::CoordinationItem {
    for _ in 0..500 {
        let item = get(town, "zhou", name).await.expect("it is there");
        if item.duties.iter().filter(|duty| duty.alarm_time.is_some()).count() >= count {
            return item;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no alarm is raised about {name}");
}

both_databases! {
    async fn work_information_is_signed_for_by_each(db: TestDb) {
        use pb::WorkInfoType::{Fact, Hazard, Statistics};
        let town = town(&db).await;
        let told = tell(&town, "chen", Hazard, &["SERVICE", "ENFORCEMENT"], "某路段塌陷\n已设围挡").await.expect("told");
        assert_eq!((told.stage(), told.duties.len()), (pb::CoordinationStage::Open, 2));
        assert_eq!(told.duties[0].due_date.map(|day| (day.month, day.day)), Some((3, 3)), "one working day for a hazard");
        sign(&town, "he", &told.name).await.expect("signed");
        assert_eq!(reason(sign(&town, "he", &told.name).await), "CO_STAGE");
        assert_eq!(reason(sign(&town, "sun", &told.name).await), "OV_ACCESS");
        let done = sign(&town, "ma", &told.name).await.expect("signed");
        assert_eq!((done.stage(), done.signings.len(), done.duties.len()), (pb::CoordinationStage::Closed, 2, 0));
        let back = tell(&town, "ma", Fact, &["CONSTRUCTION"], "咨询增多").await.expect("both ways");
        assert!(back.duties[0].due_date.is_none(), "only hazards have a limit");

        for (person, kind, to, text, code) in [
            ("chen", Fact, "ENFORCEMENT", "ZPCF202600012不得立案", "OV_CASE_INSTRUCTION"),
            ("chen", Fact, "ENFORCEMENT", "请于三月五日前完成", "CO_DIRECTIVE_WORDS"),
            ("gu", Statistics, "ENFORCEMENT", "居民11010519491231002X收入", "CO_UNIT_DATA"),
            ("chen", Fact, "CONSTRUCTION", "情况", "CO_ADDRESSEE"),
            ("zhou", Fact, "CONSTRUCTION", "情况", "OV_ACCESS"),
            ("shi", Fact, "CONSTRUCTION", "情况", "OV_NO_ROLE"),
        ] {
            assert_eq!(reason(tell(&town, person, kind, &[to], text).await), code, "{text}");
        }
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_clue_is_filed_or_not(db: TestDb) {
        let town = town(&db).await;
        let first = clue(&town, "bai", "城南路夜间倾倒渣土").await.expect("reported");
        let second = clue(&town, "xu", "学校周边无证摊点").await.expect("reported");
        assert_eq!(first.duties[0].due_date.map(|day| (day.month, day.day)), Some((3, 23)));
        assert_eq!(reason(clue(&town, "tie", "x").await), "OV_NO_ROLE");
        assert_eq!(reason(clue(&town, "he", "x").await), "CO_ADDRESSEE");
        assert_eq!(reason(clue(&town, "xu", "该案应当处罚").await), "OV_CASE_INSTRUCTION");
        assert_eq!(reason(answer_clue(&town, "sun", &first.name, "ZPCF202600012", "").await), "OV_ACCESS");
        assert!(answer_clue(&town, "tie", &first.name, "ZP1", "").await.is_err(), "no number of a case");
        let filed = answer_clue(&town, "tie", &first.name, "zpcf202600012", "").await.expect("filed");
        let answer = filed.answer.clone().expect("an answer");
        assert_eq!((filed.stage(), answer.case_number.as_str()), (pb::CoordinationStage::Closed, "ZPCF202600012"));
        assert_eq!(reason(answer_clue(&town, "tie", &first.name, "", "不属实").await), "CO_STAGE");
        assert!(answer_clue(&town, "he", &second.name, "", " ").await.is_err(), "a reason is given");
        assert!(answer_clue(&town, "he", &second.name, "", "不属实").await.is_ok());
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_consultation_is_answered_to_both_fronts(db: TestDb) {
        let town = town(&db).await;
        let asked = ask(&town, "ma", "CONSTRUCTION", "URBAN", "首次违法如何认定").await.expect("asked");
        assert_eq!(asked.duties[0].due_date.map(|day| (day.month, day.day)), Some((3, 9)));
        assert!(get(&town, "he", &asked.name).await.is_err(), "not before it is answered");
        assert_eq!(reason(ask(&town, "sun", "SOCIAL", "", "x").await), "CO_ADDRESSEE");
        assert_eq!(reason(ask(&town, "ma", "SOCIAL", "URBAN", "x").await), "CO_FIELD");
        assert_eq!(reason(ask(&town, "ma", "SOCIAL", "", "此申请准予可否，请批准").await), "OV_CASE_INSTRUCTION");
        assert_eq!(reason(answer_consultation(&town, "xu", &asked.name, "两年内").await), "OV_ACCESS");
        assert_eq!(reason(answer_consultation(&town, "chen", &asked.name, "此申请不予许可").await), "OV_CASE_INSTRUCTION");
        assert_eq!(reason(answer_consultation(&town, "sun", &asked.name, "两年内").await), "OV_NO_ROLE");
        let answered = answer_consultation(&town, "chen", &asked.name, "一般指两年内").await.expect("answered");
        assert_eq!(answered.published_to, ["SERVICE", "ENFORCEMENT"]);
        assert_eq!(get(&town, "he", &asked.name).await.expect("published").answer, answered.answer);
        assert_eq!(reason(answer_consultation(&town, "chen", &asked.name, "又").await), "CO_STAGE");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn external_supervision_goes_its_way(db: TestDb) {
        let town = town(&db).await;
        let mut chain = Chain::into(Institution::Office);
        let paper = town.arrive(&mut chain, Draft::default()).await;
        let returned = town.arrive(&mut chain, Draft::default()).await;
        let elsewhere = town.arrive(&mut Chain::into(Institution::Construction), Draft::default()).await;
        town.register(&returned).await;
        town.send_back(&returned).await.expect("it goes back");
        assert_eq!(reason(supervise(&town, "he", &paper, None).await), "CO_ADDRESSEE");
        for wrong in [&returned, &elsewhere, &paper.replace("government-", "government-office-")] {
            assert_eq!(reason(supervise(&town, "wang", wrong, None).await), "CO_SOURCE", "{wrong}");
        }
        let opened = supervise(&town, "wang", &paper, Some((3, 20))).await.expect("opened");
        assert_eq!((opened.to_parties.join(" ").as_str(), opened.title.as_str()), ("LEADERS ENFORCEMENT", "关于下放权力的通知"));
        assert_eq!(reason(supervise(&town, "wang", &paper, None).await), "CO_SOURCE", "a paper is opened once");
        assert_eq!(get(&town, "tie", &opened.name).await.expect("routed").name, opened.name);
        assert_eq!(reason(close(&town, "wang", &opened.name).await), "CO_STAGE");
        assert_eq!(reason(answer_supervision(&town, "he", &opened.name, "张政函〔2026〕1号").await), "OV_ACCESS");
        assert!(answer_supervision(&town, "wang", &opened.name, "张政函[2026]1号").await.is_err(), "no number");
        town.advance("2026-03-21T00:00:01+08:00").await;
        let late = alarms(&town, &opened.name, 2).await;
        assert!(late.duties.iter().all(|duty| duty.overdue));
        let answered = answer_supervision(&town, "wang", &opened.name, "张政函〔2026〕1号").await.expect("answered");
        assert_eq!((answered.stage(), answered.duties[0].party.as_str()), (pb::CoordinationStage::Answered, "OFFICE"));
        let closed = close(&town, "wang", &opened.name).await.expect("closed");
        assert_eq!((closed.stage(), closed.closer.as_str(), closed.duties.len()), (pb::CoordinationStage::Closed, "wang", 0));
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_jump_over_all_limits_raises_each_alarm_once_also_after_a_restart(db: TestDb) {
        let town = town(&db).await;
        let hazard = tell(&town, "chen", pb::WorkInfoType::Hazard, &["SERVICE", "ENFORCEMENT"], "塌陷").await.expect("told");
        let first = clue(&town, "bai", "渣土").await.expect("reported");
        let asked = ask(&town, "ma", "CONSTRUCTION", "URBAN", "首次违法如何认定").await.expect("asked");
        town.advance("2026-03-04T00:00:00+08:00").await;
        assert!(get(&town, "zhou", &hazard.name).await.expect("there").duties.iter().all(|duty| !duty.overdue), "24:00 is in time");
        town.advance("2026-08-01T09:00:00+08:00").await;
        for (name, count) in [(&hazard.name, 2), (&first.name, 1), (&asked.name, 1)] {
            let item = alarms(&town, name, count).await;
            assert!(item.duties.iter().all(|duty| duty.overdue));
        }
        let town = town.restart(&db, &roster()).await;
        let again = clue(&town, "bai", "又一处").await.expect("reported");
        town.advance("2026-12-01T09:00:00+08:00").await;
        alarms(&town, &again.name, 1).await;
        let alarmed = events::<pb::CoordinationRecorded>(&town.db).await;
        let alarmed = alarmed.iter().filter(|event| event.change() == pb::CoordinationChange::Alarmed).count();
        assert_eq!(alarmed, 4, "one entry a matter, and none twice");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_limit_into_a_year_without_a_calendar_is_undetermined_and_alarmed(db: TestDb) {
        let town = town(&db).await;
        town.advance("2026-12-25T09:00:00+08:00").await;
        let reported = clue(&town, "bai", "渣土").await.expect("it is accepted all the same");
        assert_eq!((reported.duties[0].missing_year, reported.duties[0].due_date), (2027, None));
        let item = alarms(&town, &reported.name, 1).await;
        assert!(!item.duties[0].overdue, "nothing is guessed");
        assert!(answer_clue(&town, "tie", &reported.name, "", "不属实").await.is_ok());
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_repeated_request_gets_its_answer_and_a_refusal_is_on_record(db: TestDb) {
        let town = town(&db).await;
        let request = pb::ReportClueRequest { request_id: fresh(), title: "线索".to_owned(), text: "渣土".to_owned() };
        let mut bai = client(&town, "bai");
        let first = bai.report_clue(request.clone()).await.expect("reported").into_inner();
        let again = bai.report_clue(request.clone()).await.expect("the same").into_inner();
        assert_eq!(bytes(&first), bytes(&again));
        let other = pb::ReportClueRequest { text: "别的".to_owned(), ..request };
        assert_eq!(reason(bai.report_clue(other).await), "REQUEST_ID_REUSED");
        let stale = pb::AnswerClueRequest {
            request_id: fresh(),
            name: first.name.clone(),
            result: pb::ClueResult::NotFiled.into(),
            reason: "不属实".to_owned(),
            etag: "\"7\"".to_owned(),
            ..Default::default()
        };
        assert!(client(&town, "tie").answer_clue(stale).await.is_err(), "an etag guards");
        assert_eq!(reason(sign(&town, "he", &first.name).await), "CO_STAGE");
        assert_eq!(refused(&town.db).await, ["REQUEST_ID_REUSED", "CO_STAGE"]);
        replay::check(&town.db).await;
        town.stop().await;
    }
}

/// A county department, which sees none of this.
pub(crate) fn county() -> Peer {
    Peer::County("government".parse().expect("a department"))
}
