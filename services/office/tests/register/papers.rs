//! Papers with directives: from the inbox to the register, and back to the sender where a row is bad.

use bytes::Bytes;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::Institution;

use super::{Desk, POWERS, bytes, confirmation, date, grants_of, told};
use crate::harness::{Chain, Draft, keep, reason};

/// A paper with a directive and its annex passes the inbox up to the check. Gives the inbox paper.
async fn arrives(
    desk: &Desk,
    chain: &mut Chain,
    kind: &'static str,
    directive: String,
    annex: Option<&str>,
) -> pb::InboxPaper {
    let number = desk_number(chain);
    let directive = directive.replace("{number}", &number);
    let annex = annex.map(|annex| bytes(&annex.replace("{number}", &number)));
    let attachments: Vec<Bytes> = annex.into_iter().collect();
    for content in &attachments {
        keep(content, content);
    }
    let draft = Draft { document_number: number, directive: Some((kind, directive)), attachments, ..Draft::default() };
    let name = desk.town.arrive(chain, draft).await;
    desk.town.register(&name).await;
    desk.town.check(&name, Vec::new()).await.expect("it passes the check")
}

fn desk_number(_: &Chain) -> String {
    Draft::default().document_number
}

const GRANT: &str =
    r#"{"type":"GRANT_POWERS","annex":"附件.csv","publishedDate":"2026-03-01","publishedPlace":"政府网站"}"#;

fn basis(digest: &str) -> String {
    format!(
        r#"{{"type":"REGISTER_BASIS","basis":{{"docNo":"苏政发〔2022〕3号","title":"决定","issuer":"江苏省人民政府","issueDate":"2022-01-05","publishedDate":"2022-01-10","publishedPlace":"省政府网站","attachment":"附件.csv","digest":"{digest}"}},"powers":[],"fields":["URBAN"],"towns":"全省经济发达镇"}}"#
    )
}

runtime::both_databases! {
    async fn a_county_hands_powers_down_changes_and_takes_them_back(db: TestDb) {
        let mut desk = Desk::open(&db).await;
        desk.list(POWERS).await;
        let mut chain = Chain::into(Institution::Office);
        let paper = arrives(&desk, &mut chain, "GRANT_POWERS", GRANT.to_owned(), Some(&grants_of("{number}", "2026-03-05"))).await;
        assert_eq!(reason(desk.wang_documents.confirm_document(confirmation(&paper.document)).await), "OV_FOUR_EYES");
        let confirmed = desk.confirm(&paper.document).await.expect("a confirmation");
        assert_eq!((confirmed.state(), confirmed.applied, confirmed.registrar.as_str()), (pb::DocumentState::Confirmed, 3, "wang"));
        assert_eq!(confirmed.paper, paper.name);
        let answer = desk.ask("SERVICE", "P-07-B", "2026-03-05").await;
        assert_eq!((answer.result(), answer.document_number.as_str()), (pb::HoldsResult::Yes, confirmed.document_number.as_str()));
        assert_eq!(desk.holds("ENFORCEMENT", "P-02-A", "2026-03-05").await, pb::HoldsResult::BasisGap);

        let digest = vocabulary::Sm3Digest::of(b"decision").to_string();
        let paper = arrives(&desk, &mut chain, "REGISTER_BASIS", basis(&digest), None).await;
        desk.confirm(&paper.document).await.expect("a confirmation");
        let answer = desk.ask("ENFORCEMENT", "P-02-A", "2026-03-05").await;
        assert_eq!((answer.result(), answer.basis_document_number.as_str()), (pb::HoldsResult::Yes, "苏政发〔2022〕3号"));

        let suspend = r#"{"type":"ADJUST_POWERS","action":"SUSPEND","from":"2026-04-01","powers":["P-02-A"]}"#;
        let paper = arrives(&desk, &mut chain, "ADJUST_POWERS", suspend.to_owned(), None).await;
        desk.confirm(&paper.document).await.expect("a confirmation");
        assert_eq!(desk.holds("ENFORCEMENT", "P-02-A", "2026-04-01").await, pb::HoldsResult::Suspended);
        let resume = suspend.replace("SUSPEND", "RESUME").replace("2026-04-01", "2026-05-01");
        let paper = arrives(&desk, &mut chain, "ADJUST_POWERS", resume, None).await;
        desk.confirm(&paper.document).await.expect("a confirmation");
        assert_eq!(desk.holds("ENFORCEMENT", "P-02-A", "2026-05-01").await, pb::HoldsResult::Yes);

        let withdraw = r#"{"type":"WITHDRAW_POWERS","annex":"附件.csv"}"#;
        let annex = "power_code,to,transition,until\nP-02-A,2026-06-01,FINISH_UNTIL,2026-07-01\n";
        let paper = arrives(&desk, &mut chain, "WITHDRAW_POWERS", withdraw.to_owned(), Some(annex)).await;
        let withdrawn = desk.confirm(&paper.document).await.expect("a confirmation");
        let answer = desk.ask("ENFORCEMENT", "P-02-A", "2026-06-01").await;
        assert_eq!((answer.result(), answer.end_document_number.as_str()), (pb::HoldsResult::Ended, withdrawn.document_number.as_str()));
        let request = pb::ListGrantVersionsRequest { power_code: "P-02-A".to_owned(), ..Default::default() };
        let versions = desk.zhao.list_grant_versions(request).await.expect("versions").into_inner().versions;
        let changes: Vec<_> = versions.iter().map(|version| version.change()).collect();
        assert_eq!(changes, [pb::GrantChange::Granted, pb::GrantChange::Suspended, pb::GrantChange::Resumed, pb::GrantChange::Withdrawn]);
        let last = versions[3].grant.clone().unwrap_or_default();
        assert_eq!((last.transition.as_str(), last.transition_until), ("FINISH_UNTIL", Some(date("2026-07-01"))));
        desk.close().await;
    }

    async fn a_bad_row_returns_the_paper_with_every_bad_row_named(db: TestDb) {
        let mut desk = Desk::open(&db).await;
        desk.list(POWERS).await;
        let mut chain = Chain::into(Institution::Office);
        let annex = grants_of("{number}", "2026-03-05").replace("P-02-A,CONFIRMED", "P-02-A,ASSIGNED").replace(",SERVICE,", ",ENFORCEMENT,");
        let paper = arrives(&desk, &mut chain, "GRANT_POWERS", GRANT.to_owned(), Some(&annex)).await;
        let refused = desk.confirm(&paper.document).await.expect("an end");
        assert_eq!(refused.state(), pb::DocumentState::Refused);
        assert_eq!(told(&refused.faults), [(2, "mode", "AU-ASSIGNED-KIND"), (4, "handler", "AU-HANDLER")]);
        let returned = desk.town.paper(&paper.name).await;
        assert_eq!((returned.stage(), returned.return_code.as_str()), (pb::InboxStage::Returned, "AU-ASSIGNED-KIND"));
        for named in ["第2行 mode：AU-ASSIGNED-KIND", "第4行 handler：AU-HANDLER"] {
            assert!(returned.return_reason.contains(named), "{}", returned.return_reason);
        }
        assert_eq!(desk.holds("SERVICE", "P-07-B", "2026-03-05").await, pb::HoldsResult::NoGrant);
        // The same confirmation again: it is over.
        assert_eq!(reason(desk.confirm(&paper.document).await), "OV_HISTORY_EDIT");
        desk.close().await;
    }

    async fn a_directive_for_a_service_that_is_not_here_is_returned(db: TestDb) {
        let mut desk = Desk::open(&db).await;
        let mut chain = Chain::into(Institution::Office);
        let directive = r#"{"type":"ADJUST_QUOTA","rows":[]}"#.to_owned();
        let paper = arrives(&desk, &mut chain, "ADJUST_QUOTA", directive, None).await;
        let refused = desk.confirm(&paper.document).await.expect("an end");
        assert_eq!(told(&refused.faults), [(0, "type", "RE-DIRECTIVE")]);
        let returned = desk.town.paper(&paper.name).await;
        assert_eq!((returned.stage(), returned.return_code.as_str()), (pb::InboxStage::Returned, "RE-DIRECTIVE"));
        desk.close().await;
    }
}
