//! Look-ups: as known at an earlier moment, by kind and holder, between two days, page by page.

use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::power_history_entry::What;

use super::{Desk, POWERS, bytes, date, grants_of, paper_of};
use crate::harness::fresh;

/// A desk with the sample powers granted from April 2012 on.
async fn granted(db: &runtime::testing::TestDb) -> Desk {
    let mut desk = Desk::open(db).await;
    desk.list(POWERS).await;
    desk.document(paper_of("昆政发〔2012〕1号", pb::DocumentType::Grant, "2012-03-01", "2012-03-10")).await;
    desk.grant(&grants_of("昆政发〔2012〕1号", "2012-04-01")).await;
    desk
}

runtime::both_databases! {
    async fn the_register_answers_as_it_was_known(db: TestDb) {
        let mut desk = granted(&db).await;
        let grant = desk.zhao.get_grant(pb::GetGrantRequest { name: "grants/G-000003".to_owned() }).await.expect("a grant").into_inner();
        assert_eq!((grant.power_code.as_str(), grant.state(), grant.supervisor.as_str()), ("P-07-B", pb::GrantState::InForce, "SOCIAL"));
        desk.town.advance("2026-03-10T09:00:00+08:00").await;
        let withdrawal = r#"{"type":"WITHDRAW_POWERS","to":"2026-04-01","powers":["P-07-B"]}"#;
        let document = pb::Document {
            directive: bytes(withdrawal),
            ..paper_of("昆政发〔2026〕9号", pb::DocumentType::Withdraw, "2026-03-05", "")
        };
        desk.document(document).await;
        let asked = |at: Option<prost_types::Timestamp>| pb::HoldsRequest {
            institution: "SERVICE".to_owned(),
            power_code: "P-07-B".to_owned(),
            date: Some(date("2026-04-01")),
            as_known_at: at,
            ..pb::HoldsRequest::default()
        };
        let recorded = grant.record_time;
        let before = recorded.map(|at| prost_types::Timestamp { seconds: at.seconds - 60, ..at });
        let mut answers = Vec::new();
        for at in [None, recorded, before] {
            answers.push(desk.powers.holds(asked(at)).await.expect("an answer").into_inner().result());
        }
        assert_eq!(answers, [pb::HoldsResult::Ended, pb::HoldsResult::Yes, pb::HoldsResult::NoGrant]);
        desk.close().await;
    }

    async fn powers_and_grants_are_listed_page_by_page(db: TestDb) {
        let mut desk = granted(&db).await;
        let mut codes = Vec::new();
        let mut request = pb::ListPowersRequest { page_size: 3, ..pb::ListPowersRequest::default() };
        loop {
            let page = desk.powers.list_powers(request.clone()).await.expect("a page").into_inner();
            codes.extend(page.powers.into_iter().map(|power| power.name));
            if page.next_page_token.is_empty() {
                break;
            }
            request.page_token = page.next_page_token;
        }
        assert_eq!(codes, ["powers/P-02-A", "powers/P-02-B", "powers/P-03-C", "powers/P-07-B"]);
        let held = pb::ListPowersRequest { held_by: "SERVICE".to_owned(), ..pb::ListPowersRequest::default() };
        let held = desk.powers.list_powers(held).await.expect("a page").into_inner().powers;
        assert_eq!(held.iter().map(|power| power.name.as_str()).collect::<Vec<_>>(), ["powers/P-07-B"]);
        let first = desk.zhao.list_grants(pb::ListGrantsRequest { page_size: 2, ..Default::default() }).await.expect("a page").into_inner();
        let rest = pb::ListGrantsRequest { page_size: 2, page_token: first.next_page_token.clone(), ..Default::default() };
        let rest = desk.zhao.list_grants(rest).await.expect("a page").into_inner();
        assert_eq!((first.grants.len(), rest.grants.len(), rest.next_page_token.as_str()), (2, 1, ""));
        let power = desk.powers.get_power(pb::GetPowerRequest { name: "powers/P-03-C".to_owned(), date: None }).await.expect("it").into_inner();
        assert_eq!((power.related, power.related_to.as_slice(), power.measures.as_slice()), (true, &["P-02-A".to_owned()][..], &["查封".to_owned()][..]));
        let absent = desk.powers.get_power(pb::GetPowerRequest { name: "powers/P-99-X".to_owned(), date: None }).await;
        assert_eq!(absent.expect_err("absent").code(), tonic::Code::NotFound);
        desk.close().await;
    }

    async fn counts_and_differences_follow_the_dates(db: TestDb) {
        let mut desk = granted(&db).await;
        let counts = desk.powers.count_powers(pb::CountPowersRequest { date: Some(date("2013-01-01")), batch: 1 }).await;
        let counts = counts.expect("counts").into_inner().counts;
        let counts: Vec<_> = counts.iter().map(|count| (count.kind.as_str(), count.in_catalogue, count.held)).collect();
        assert_eq!(counts, [("02", 2, 1), ("03", 1, 1), ("07", 1, 1)]);
        let request = pb::DiffPowersRequest { before: Some(date("2012-03-31")), after: Some(date("2012-04-01")), ..Default::default() };
        let found = desk.powers.diff_powers(request).await.expect("differences").into_inner().differences;
        let found: Vec<_> = found.iter().map(|found| (found.power_code.as_str(), found.before(), found.after())).collect();
        let begun = |code| (code, pb::HoldsResult::NotYet, pb::HoldsResult::Yes);
        assert_eq!(found, [begun("P-02-A"), begun("P-03-C"), begun("P-07-B")]);
        desk.close().await;
    }

    async fn a_question_that_cannot_be_read_is_malformed(db: TestDb) {
        let mut desk = granted(&db).await;
        let wrong = pb::HoldsRequest {
            institution: "MAYOR".to_owned(),
            power_code: "p_1".to_owned(),
            date: Some(date("2026-02-30")),
            amount_fen: Some(-1),
            ..pb::HoldsRequest::default()
        };
        let status = desk.powers.holds(wrong).await.expect_err("malformed");
        let seen = runtime::refusal::read(&status).expect("its faults");
        let fields: Vec<_> = seen.violations.iter().map(|fault| fault.field.as_str()).collect();
        assert_eq!(fields, ["institution", "power_code", "date", "amount_fen"]);
        let scoped = pb::ConfirmImportRequest { request_id: fresh(), name: "imports/1".to_owned(), etag: String::new() };
        assert_eq!(desk.qian.confirm_import(scoped).await.expect_err("malformed").code(), tonic::Code::InvalidArgument);
        desk.close().await;
    }

    async fn the_history_of_a_power_is_told_as_it_was_known(db: TestDb) {
        let mut desk = granted(&db).await;
        let grant = desk.zhao.get_grant(pb::GetGrantRequest { name: "grants/G-000003".to_owned() }).await.expect("a grant").into_inner();
        desk.town.advance("2026-03-10T09:00:00+08:00").await;
        let withdrawal = r#"{"type":"WITHDRAW_POWERS","to":"2026-04-01","powers":["P-07-B"],"transition":"FINISH_UNTIL","until":"2026-06-30"}"#;
        let document = pb::Document {
            directive: bytes(withdrawal),
            ..paper_of("昆政发〔2026〕9号", pb::DocumentType::Withdraw, "2026-03-05", "")
        };
        let withdrawing = desk.document(document).await;
        let asked = |page_token: &str, as_known_at| pb::ListPowerHistoryRequest {
            page_size: 2,
            page_token: page_token.to_owned(),
            power_code: "P-07-B".to_owned(),
            as_known_at,
        };
        let first = desk.zhao.list_power_history(asked("", None)).await.expect("a page").into_inner();
        let rest = desk.zhao.list_power_history(asked(&first.next_page_token, None)).await.expect("a page").into_inner();
        assert_eq!(rest.next_page_token, "");
        let told: Vec<_> = first.entries.iter().chain(&rest.entries).map(|entry| {
            let what = match entry.what.as_ref().expect("something happened") {
                What::Power(power) => power.title.clone(),
                What::GrantVersion(version) => {
                    format!("{:?} {}", version.change(), version.grant.as_ref().expect("a grant").transition)
                }
                What::Basis(basis) => basis.id.clone(),
            };
            (what, entry.valid_from, entry.document_number.as_str())
        }).collect();
        assert_eq!(told, [
            ("居住情况确认".to_owned(), None, ""),
            ("Granted ".to_owned(), Some(date("2012-04-01")), "昆政发〔2012〕1号"),
            // What becomes of open work stands in the event that other services follow.
            ("Withdrawn FINISH_UNTIL".to_owned(), Some(date("2026-04-01")), "昆政发〔2026〕9号"),
        ]);
        assert_eq!(rest.entries[0].document, withdrawing.name);
        let before = desk.zhao.list_power_history(asked("", grant.record_time)).await.expect("a page").into_inner();
        assert_eq!((before.entries.len(), before.next_page_token.as_str()), (2, ""));

        let asked = |page_size, page_token: &str, as_known_at| pb::ListPowerDocumentsRequest {
            page_size,
            page_token: page_token.to_owned(),
            power_code: "P-07-B".to_owned(),
            as_known_at,
        };
        let one = desk.zhao_documents.list_power_documents(asked(1, "", None)).await.expect("a page").into_inner();
        let two = desk.zhao_documents.list_power_documents(asked(1, &one.next_page_token, None)).await.expect("a page").into_inner();
        let shown: Vec<_> = one.documents.iter().chain(&two.documents).map(|it| {
            let effects: Vec<_> = it.effects.iter().map(|effect| (effect.change(), effect.clause.as_str())).collect();
            (it.document_number.as_str(), it.issue_date, effects)
        }).collect();
        assert_eq!(shown, [
            ("昆政发〔2012〕1号", Some(date("2012-03-01")), vec![(pb::GrantChange::Granted, "3")]),
            ("昆政发〔2026〕9号", Some(date("2026-03-05")), vec![(pb::GrantChange::Withdrawn, "")]),
        ]);
        assert_eq!(two.next_page_token, "");
        let known = desk.zhao_documents.list_power_documents(asked(9, "", grant.record_time)).await.expect("a page").into_inner();
        assert_eq!(known.documents.len(), 1);
        let malformed = pb::ListPowerHistoryRequest { power_code: "p_1".to_owned(), ..asked_nothing() };
        assert_eq!(desk.zhao.list_power_history(malformed).await.expect_err("malformed").code(), tonic::Code::InvalidArgument);
        let odd = pb::ListPowerHistoryRequest { power_code: "P-07-B".to_owned(), page_token: "odd".to_owned(), ..asked_nothing() };
        assert_eq!(desk.zhao.list_power_history(odd).await.expect_err("malformed").code(), tonic::Code::InvalidArgument);
        let unknown = pb::ListPowerHistoryRequest { power_code: "P-99-X".to_owned(), ..asked_nothing() };
        assert_eq!(desk.zhao.list_power_history(unknown).await.expect("nothing").into_inner().entries, []);
        desk.close().await;
    }
}

fn asked_nothing() -> pb::ListPowerHistoryRequest {
    pb::ListPowerHistoryRequest::default()
}
