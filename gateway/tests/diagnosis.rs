//! What an operator is told of the relay.

use runtime::both_databases;
use townlink_proto::townlink::diagnosis::v1 as pb;
use townlink_proto::townlink::diagnosis::v1::diagnosis_service_client::DiagnosisServiceClient;

use crate::harness::{Town, until};

async fn findings(town: &Town) -> Vec<pb::Finding> {
    let mut client = DiagnosisServiceClient::new(town.process.client(gateway::NAME, "operator/o"));
    let told = client.diagnose(pb::DiagnoseRequest {}).await.expect("a diagnosis").into_inner();
    assert_eq!((told.service.as_str(), told.cell.as_str()), ("gateway", "zhangpu.kunshan"));
    assert!(told.machine_time.is_some() && told.manual_clock && told.disk_free_bytes > 0);
    assert!(told.schema.contains("service 000") && told.schema.contains("runtime 000"), "{}", told.schema);
    told.findings
}

fn of<'a>(findings: &'a [pb::Finding], rule: &str) -> Option<&'a pb::Finding> {
    findings.iter().find(|finding| finding.rule == rule)
}

both_databases! {
    async fn a_stuck_lane_names_the_paper_that_the_others_wait_for(db: TestDb) {
        let town = Town::start_with(&db, "diagnosis.disk_free_min_mib = 0").await;
        assert_eq!(findings(&town).await, []);
        let water = town.department("water", "昆山市水务局").await;
        town.office.state().away = true;
        let first = town.issue(&water, water.issue(&water.draft("张浦镇人民政府"))).await.expect("accepted");
        town.issue(&water, water.issue(&water.draft("张浦镇人民政府"))).await.expect("accepted");
        let stuck = until!("the lane is told", of(&findings(&town).await, "DR-LANE-STUCK").cloned());
        assert_eq!((stuck.party.as_str(), stuck.severity()), ("gateway", pb::Severity::Fault));
        assert!(stuck.fault.contains(&first.paper) && stuck.fault.contains("failed 1 times"), "{}", stuck.fault);
        assert!(stuck.remedy.ends_with('。'));
        town.office.state().away = false;
        town.advance("2026-03-02T01:02:00Z").await;
        until!("nothing is wrong any more", findings(&town).await.is_empty().then_some(()));
        town.stop().await;
    }

    async fn a_held_dispatcher_is_told(db: TestDb) {
        let town = Town::start_with(&db, "gateway.dispatcher_hold = true\ndiagnosis.disk_free_min_mib = 0").await;
        let held = findings(&town).await;
        assert_eq!(of(&held, "DR-LANE-HELD").map(pb::Finding::severity), Some(pb::Severity::Warning));
        town.stop().await;
    }
}
