//! Guidance and objections, through the contract.

use runtime::both_databases;
use tonic::transport::Channel;
use tonic::{Response, Status};
use townlink_proto::google::r#type::Date;
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::GuidanceStage;
use townlink_proto::townlink::office::v1::guidance_service_client::GuidanceServiceClient;
use vocabulary::Institution;

use crate::coordination::{county, roster, town};
use crate::harness::{Chain, Draft, Town, events, fresh, reason, refused};
use crate::replay;

type Answer = Result<pb::Guidance, Status>;

fn client(town: &Town, person: &str) -> GuidanceServiceClient<Channel> {
    GuidanceServiceClient::new(town.person(person))
}

const fn day(month: i32, day: i32) -> Date {
    Date { year: 2026, month, day }
}

fn terms() -> pb::Guidance {
    pb::Guidance {
        title: "占道经营执法指导".to_owned(),
        text: "一、对占道经营首次违法情节轻微的，可以不予处罚。\n二、应当教育。".to_owned(),
        basis: "江苏省城市市容和环境卫生管理条例第十条".to_owned(),
        fields: vec!["URBAN".to_owned()],
        from: Some(day(3, 1)),
        to: Some(day(12, 31)),
        ..pb::Guidance::default()
    }
}

async fn draft(town: &Town, person: &str, guidance: pb::Guidance) -> Answer {
    let request = pb::DraftGuidanceRequest { request_id: fresh(), guidance: Some(guidance) };
    client(town, person).draft_guidance(request).await.map(Response::into_inner)
}

async fn review(town: &Town, person: &str, name: &str) -> Answer {
    let request = pb::ReviewGuidanceRequest { request_id: fresh(), name: name.to_owned(), ..Default::default() };
    client(town, person).review_guidance(request).await.map(Response::into_inner)
}

async fn issue(town: &Town, person: &str, name: &str) -> Answer {
    let request = pb::IssueGuidanceRequest { request_id: fresh(), name: name.to_owned(), ..Default::default() };
    client(town, person).issue_guidance(request).await.map(Response::into_inner)
}

async fn issued(town: &Town, guidance: pb::Guidance) -> pb::Guidance {
    let name = draft(town, "chen", guidance).await.expect("drafted").name;
    review(town, "lu", &name).await.expect("reviewed");
    issue(town, "chen", &name).await.expect("issued")
}

async fn sign(town: &Town, person: &str, name: &str) -> Answer {
    let request = pb::SignForGuidanceRequest { request_id: fresh(), name: name.to_owned(), ..Default::default() };
    client(town, person).sign_for_guidance(request).await.map(Response::into_inner)
}

async fn withdraw(town: &Town, person: &str, name: &str) -> Answer {
    let (name, reason) = (name.to_owned(), "另行规定".to_owned());
    let request = pb::WithdrawGuidanceRequest { request_id: fresh(), name, reason, etag: String::new() };
    client(town, person).withdraw_guidance(request).await.map(Response::into_inner)
}

async fn object(town: &Town, person: &str, name: &str, ground: pb::ObjectionGround) -> Answer {
    let conflict = ground == pb::ObjectionGround::GrantConflict;
    let request = pb::ObjectToGuidanceRequest {
        request_id: fresh(),
        name: name.to_owned(),
        ground: ground.into(),
        grant: if conflict { "grants/1".to_owned() } else { String::new() },
        reasons: "与省条例不一致".to_owned(),
        points: vec!["首次违法的认定".to_owned()],
        etag: String::new(),
    };
    client(town, person).object_to_guidance(request).await.map(Response::into_inner)
}

async fn answer(town: &Town, person: &str, name: &str, answer: &str) -> Answer {
    let (name, answer) = (name.to_owned(), answer.to_owned());
    let request = pb::AnswerObjectionRequest { request_id: fresh(), name, answer, etag: String::new() };
    client(town, person).answer_objection(request).await.map(Response::into_inner)
}

async fn forward(town: &Town, person: &str, name: &str) -> Answer {
    let request = pb::ForwardObjectionRequest { request_id: fresh(), name: name.to_owned(), ..Default::default() };
    client(town, person).forward_objection(request).await.map(Response::into_inner)
}

async fn settle(town: &Town, person: &str, name: &str, outcome: pb::ObjectionOutcome) -> Answer {
    let request = pb::SettleObjectionRequest {
        request_id: fresh(),
        name: name.to_owned(),
        outcome: outcome.into(),
        settlement: "按省条例第十条认定".to_owned(),
        etag: String::new(),
    };
    client(town, person).settle_objection(request).await.map(Response::into_inner)
}

async fn get(town: &Town, name: &str) -> pb::Guidance {
    let request = pb::GetGuidanceRequest { name: name.to_owned() };
    client(town, "he").get_guidance(request).await.expect("it is there").into_inner()
}

async fn in_force(town: &Town, field: &str, date: Option<Date>) -> Vec<String> {
    let request = pb::ListGuidanceInForceRequest { field: field.to_owned(), date, ..Default::default() };
    let list = client(town, "he").list_guidance_in_force(request).await.expect("a list").into_inner();
    list.guidances.into_iter().map(|guidance| guidance.name).collect()
}

async fn listed(town: &Town, person: &str, wanted: pb::ListGuidancesRequest) -> Vec<String> {
    let (mut names, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListGuidancesRequest { page_size: 1, page_token, ..wanted.clone() };
        let page = client(town, person).list_guidances(request).await.expect("a page").into_inner();
        names.extend(page.guidances.into_iter().map(|guidance| guidance.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return names;
        }
    }
}

async fn alarms(town: &Town, name: &str, count: usize) -> pb::Guidance {
    for _ in 0..500 {
        let guidance = get(town, name).await;
        if guidance.duties.iter().filter(|duty| duty.alarm_time.is_some()).count() >= count {
            return guidance;
        }
        tokio::time::sleep(std::time::Duration::from_millis(20)).await;
    }
    panic!("no alarm is raised about {name}");
}

both_databases! {
    async fn guidance_goes_from_draft_to_signing(db: TestDb) {
        let town = town(&db).await;
        let drafted = draft(&town, "chen", terms()).await.expect("drafted");
        assert_eq!((drafted.stage(), drafted.number.as_str(), drafted.institution.as_str()), (GuidanceStage::Draft, "", "CONSTRUCTION"));
        assert_eq!(drafted.fronts, ["SERVICE", "ENFORCEMENT"]);
        assert_eq!(reason(issue(&town, "chen", &drafted.name).await), "CO_STAGE");
        assert_eq!(reason(review(&town, "chen", &drafted.name).await), "OV_FOUR_EYES");
        assert_eq!(reason(review(&town, "xu", &drafted.name).await), "OV_ACCESS");
        assert_eq!(reason(review(&town, "shi", &drafted.name).await), "OV_FRONT_POLICY", "a front does not guide");
        let reviewed = review(&town, "fa", &drafted.name).await.expect("OFFICE's legal post reviews");
        assert_eq!((reviewed.stage(), reviewed.reviewer.as_str()), (GuidanceStage::Reviewed, "fa"));
        assert_eq!(reason(issue(&town, "xu", &drafted.name).await), "OV_ACCESS");
        let first = issue(&town, "chen", &drafted.name).await.expect("issued");
        assert_eq!((first.number.as_str(), first.validity()), ("建指导〔2026〕1号", pb::GuidanceValidity::InForce));
        assert_eq!(first.duties.iter().filter_map(|duty| duty.due_date).collect::<Vec<_>>(), [day(3, 4), day(3, 4)]);
        assert_eq!(reason(sign(&town, "sun", &drafted.name).await), "OV_ACCESS");
        sign(&town, "he", &drafted.name).await.expect("signed");
        assert_eq!(reason(sign(&town, "he", &drafted.name).await), "CO_STAGE");
        let signed = sign(&town, "ma", &drafted.name).await.expect("signed");
        assert_eq!((signed.signings.len(), signed.duties.len()), (2, 0));
        let second = issued(&town, terms()).await;
        assert_eq!(second.number, "建指导〔2026〕2号", "numbers have no gap");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn what_may_not_be_guided_is_refused_and_on_record(db: TestDb) {
        let town = town(&db).await;
        let case = pb::Guidance { text: "准予申请 ZP20260301000012".to_owned(), ..terms() };
        let foreign = pb::Guidance { fields: vec!["EDUCATION".to_owned()], ..terms() };
        let unknown = pb::Guidance { source_paper: "inboxes/OFFICE/papers/x".to_owned(), ..terms() };
        let earlier = pb::Guidance { supersedes: format!("guidances/{}", fresh()), ..terms() };
        for (person, guidance, code) in [
            ("chen", case, "OV_CASE_INSTRUCTION"),
            ("chen", foreign, "CO_FIELD"),
            ("chen", unknown, "CO_SOURCE"),
            ("chen", earlier, "CO_SUPERSEDES"),
            ("wang", terms(), "CO_RELAY"),
            ("he", terms(), "OV_FRONT_POLICY"),
            ("ma", terms(), "OV_FRONT_POLICY"),
            ("sun", pb::Guidance { fields: vec!["EDUCATION".to_owned()], ..terms() }, "CO_FIELD"),
            ("li", terms(), "OV_NO_ROLE"),
        ] {
            assert_eq!(reason(draft(&town, person, guidance).await), code, "{person}");
        }
        assert_eq!(refused(&town.db).await.len(), 9, "each refusal is recorded");
        let backwards = pb::Guidance { from: Some(day(12, 31)), to: Some(day(3, 1)), fronts: vec!["OFFICE".to_owned()], ..terms() };
        let malformed = draft(&town, "chen", backwards).await.expect_err("malformed");
        let faults = runtime::refusal::read(&malformed).expect("faults").violations;
        assert_eq!(faults.iter().map(|fault| fault.field.as_str()).collect::<Vec<_>>(), ["guidance.fronts[0]", "guidance.to"]);
        let late = pb::Guidance { to: Some(day(3, 2)), ..terms() };
        let name = draft(&town, "chen", late).await.expect("drafted").name;
        review(&town, "lu", &name).await.expect("reviewed");
        town.advance("2026-03-03T09:00:00+08:00").await;
        assert_eq!(reason(issue(&town, "chen", &name).await), "CO_VALIDITY");
        town.stop().await;
    }

    async fn guidance_implements_a_paper_and_office_relays(db: TestDb) {
        let town = town(&db).await;
        let paper = town.arrive(&mut Chain::into(Institution::Construction), Draft::default()).await;
        let office = town.arrive(&mut Chain::into(Institution::Office), Draft::default()).await;
        let with = |source: &str| pb::Guidance { source_paper: source.to_owned(), ..terms() };
        assert_eq!(draft(&town, "chen", with(&paper)).await.expect("its own inbox").source_paper, paper);
        assert!(draft(&town, "chen", with(&office)).await.is_ok(), "what OFFICE hands on");
        assert_eq!(reason(draft(&town, "wang", with(&paper)).await), "CO_SOURCE");
        let relayed = draft(&town, "wang", with(&office)).await.expect("relayed");
        assert_eq!(relayed.institution, "OFFICE");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn what_is_in_force_is_told_by_field_and_day(db: TestDb) {
        let town = town(&db).await;
        let first = issued(&town, terms()).await.name;
        town.advance("2026-03-02T10:00:00+08:00").await;
        let general = draft(&town, "cai", pb::Guidance { fields: Vec::new(), ..terms() }).await.expect("drafted").name;
        review(&town, "fa", &general).await.expect("reviewed");
        issue(&town, "cai", &general).await.expect("issued");
        assert_eq!(in_force(&town, "URBAN", None).await.len(), 2);
        assert_eq!(in_force(&town, "WATER", None).await, std::slice::from_ref(&general), "for every field");
        assert_eq!(in_force(&town, "", Some(day(3, 1))).await.len(), 0, "not before it was issued");
        assert_eq!(in_force(&town, "URBAN", Some(Date { year: 2027, month: 1, day: 1 })).await.len(), 0);
        town.advance("2026-04-01T09:00:00+08:00").await;
        let later = issued(&town, pb::Guidance { supersedes: first.clone(), ..terms() }).await.name;
        assert_eq!(in_force(&town, "URBAN", None).await, [later.clone(), general.clone()]);
        assert_eq!(in_force(&town, "URBAN", Some(day(3, 31))).await, [general.clone(), first.clone()], "history stays");
        let old = get(&town, &first).await;
        assert_eq!((old.stage(), old.superseded_by, old.duties.len()), (GuidanceStage::Superseded, later.clone(), 0));
        assert_eq!(reason(sign(&town, "he", &first).await), "CO_STAGE", "no way out of an end");
        assert_eq!(reason(withdraw(&town, "chen", &first).await), "CO_STAGE");
        assert_eq!(reason(withdraw(&town, "xu", &later).await), "OV_ACCESS");
        withdraw(&town, "zhou", &later).await.expect("the leaders withdraw");
        assert_eq!(in_force(&town, "URBAN", None).await, [general]);
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn an_objection_is_answered_and_settled(db: TestDb) {
        use pb::ObjectionGround::Content;
        let town = town(&db).await;
        let name = issued(&town, terms()).await.name;
        assert_eq!(reason(object(&town, "he", &name, Content).await), "CO_STAGE", "who objects has signed");
        sign(&town, "he", &name).await.expect("signed");
        let disputed = object(&town, "he", &name, Content).await.expect("objected");
        assert_eq!(disputed.disputed_points, ["首次违法的认定"]);
        let objection = disputed.objections[0].name.clone();
        assert_eq!(reason(object(&town, "he", &name, Content).await), "CO_OBJECTED");
        assert_eq!(reason(settle(&town, "zhou", &objection, pb::ObjectionOutcome::Upheld).await), "CO_STAGE");
        assert_eq!(reason(forward(&town, "wang", &objection).await), "CO_STAGE");
        assert_eq!(reason(answer(&town, "xu", &objection, "维持").await), "OV_ACCESS");
        assert_eq!(reason(answer(&town, "chen", &objection, "该案不予处罚").await), "OV_CASE_INSTRUCTION");
        answer(&town, "chen", &objection, "维持").await.expect("answered");
        assert_eq!(reason(settle(&town, "chen", &objection, pb::ObjectionOutcome::Upheld).await), "OV_NO_ROLE");
        let settled = settle(&town, "zhou", &objection, pb::ObjectionOutcome::Amended).await.expect("settled");
        assert_eq!((settled.disputed_points.len(), settled.objections[0].outcome()), (0, pb::ObjectionOutcome::Amended));
        let absent = format!("{name}/objections/{}", fresh());
        assert_eq!(answer(&town, "chen", &absent, "x").await.map_err(|status| status.code()).err(), Some(tonic::Code::NotFound));

        sign(&town, "ma", &name).await.expect("signed");
        town.advance("2026-03-10T09:00:00+08:00").await;
        assert_eq!(reason(object(&town, "ma", &name, Content).await), "CO_OBJECTION_LATE");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn what_is_unlawful_goes_through_office(db: TestDb) {
        use pb::ObjectionGround::{GrantConflict, Unlawful};
        let town = town(&db).await;
        let name = issued(&town, terms()).await.name;
        let disputed = object(&town, "ma", &name, GrantConflict).await.expect("objected");
        let objection = disputed.objections[0].name.clone();
        assert_eq!(reason(object(&town, "ma", &name, Unlawful).await), "CO_OBJECTED");
        assert_eq!(reason(settle(&town, "zhou", &objection, pb::ObjectionOutcome::Upheld).await), "CO_STAGE");
        assert_eq!(reason(answer(&town, "chen", &objection, "维持").await), "CO_STAGE");
        assert_eq!(reason(forward(&town, "he", &objection).await), "OV_ACCESS");
        forward(&town, "wang", &objection).await.expect("forwarded");
        let settled = settle(&town, "wu", &objection, pb::ObjectionOutcome::Withdrawn).await.expect("settled");
        assert_eq!((settled.stage(), settled.end_reason.as_str()), (GuidanceStage::Withdrawn, "按省条例第十条认定"));
        let own = draft(&town, "zhou", terms()).await.expect("the leaders guide too").name;
        review(&town, "wu", &own).await.expect("reviewed");
        assert_eq!(issue(&town, "zhou", &own).await.expect("issued").number, "政指导〔2026〕1号");
        let objection = object(&town, "ma", &own, Unlawful).await.expect("objected").objections[0].name.clone();
        forward(&town, "wang", &objection).await.expect("forwarded");
        assert_eq!(reason(settle(&town, "zhou", &objection, pb::ObjectionOutcome::Upheld).await), "OV_FOUR_EYES");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn what_is_late_is_alarmed_once_and_escalates(db: TestDb) {
        let town = town(&db).await;
        let name = issued(&town, terms()).await.name;
        sign(&town, "he", &name).await.expect("signed");
        object(&town, "he", &name, pb::ObjectionGround::Content).await.expect("objected");
        town.advance("2026-03-05T00:00:00+08:00").await;
        assert!(get(&town, &name).await.duties.iter().all(|duty| !duty.overdue), "24:00 is in time");
        let overdue = || pb::ListGuidancesRequest { overdue: true, ..Default::default() };
        assert_eq!(listed(&town, "wang", overdue()).await, [""; 0]);
        town.advance("2026-03-05T00:00:01+08:00").await;
        let late = alarms(&town, &name, 1).await;
        assert_eq!(late.duties.iter().filter(|duty| duty.overdue).map(|duty| duty.party.as_str()).collect::<Vec<_>>(), ["SERVICE"]);
        assert_eq!(listed(&town, "wang", overdue()).await, std::slice::from_ref(&name));
        let mine = || pb::ListGuidancesRequest { mine: true, ..Default::default() };
        assert_eq!(listed(&town, "zhou", mine()).await, [""; 0]);
        let town = town.restart(&db, &roster()).await;
        town.advance("2026-09-01T09:00:00+08:00").await;
        let late = alarms(&town, &name, 2).await;
        let settling = late.duties.iter().find(|duty| duty.r#type() == pb::DutyType::SettleObjection).expect("it escalates");
        assert_eq!(settling.party, "LEADERS");
        assert_eq!(listed(&town, "zhou", mine()).await, std::slice::from_ref(&name));
        settle(&town, "zhou", &settling.about, pb::ObjectionOutcome::Upheld).await.expect("settled without an answer");
        let alarmed = events::<pb::GuidanceRecorded>(&town.db).await;
        assert_eq!(alarmed.iter().filter(|event| event.change() == pb::GuidanceChange::Alarmed).count(), 2);
        let issued = pb::ListGuidancesRequest { stage: GuidanceStage::Issued.into(), open: true, ..Default::default() };
        assert_eq!(listed(&town, "xu", issued).await, [name]);
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_limit_into_a_year_without_a_calendar_is_undetermined(db: TestDb) {
        let town = town(&db).await;
        town.advance("2026-12-31T09:00:00+08:00").await;
        let issued = issued(&town, terms()).await;
        assert!(issued.duties.iter().all(|duty| duty.missing_year == 2027 && duty.due_date.is_none()));
        let alarmed = alarms(&town, &issued.name, 2).await;
        assert!(alarmed.duties.iter().all(|duty| !duty.overdue), "nothing falls back to weekends");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_department_sees_no_guidance(db: TestDb) {
        let town = town(&db).await;
        let name = issued(&town, terms()).await.name;
        let mut department = GuidanceServiceClient::new(town.channel(&county()));
        let page = department.list_guidances(pb::ListGuidancesRequest::default()).await.expect("a list").into_inner();
        let force = department.list_guidance_in_force(pb::ListGuidanceInForceRequest::default()).await.expect("a list");
        assert_eq!((page.guidances.len(), force.into_inner().guidances.len()), (0, 0));
        assert!(department.get_guidance(pb::GetGuidanceRequest { name }).await.is_err());
        town.stop().await;
    }
}
