//! What must be true when the network is whole again.

use runtime::db::Backend;
use tests::database::Databases;
use tests::ledger;
use townlink_proto::townlink::gateway::v1 as gateway;
use townlink_proto::townlink::office::v1 as office;

use crate::stage::{SERVICES, Stage};

/// Every paper was accepted, delivered and signed for once, in one order without gaps, and the journals say what the rows say.
pub fn everything_is_there_once(stage: &Stage, papers: usize) {
    let databases = Databases::new(Backend::Sqlite, &stage.folder(), &SERVICES);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    runtime.block_on(async {
        let ledgers = ledger::check(&databases).await;
        let accepted = ledgers.events::<gateway::PaperAccepted>("gateway");
        let mut numbers: Vec<_> =
            ledgers.events::<gateway::DeliveryNumbered>("gateway").iter().map(|it| it.number).collect();
        let arrived = ledgers.events::<office::PaperArrived>("office");
        numbers.sort_unstable();
        let dense: Vec<_> = (1..).take(papers).collect();
        assert_eq!((accepted.len(), arrived.len(), numbers), (papers, papers, dense));
        let in_order: Vec<_> =
            arrived.iter().filter_map(|event| event.paper.as_ref()).map(|paper| paper.paper.as_str()).collect();
        let accepted: Vec<_> = accepted.iter().map(|event| event.paper.as_str()).collect();
        assert_eq!(in_order, accepted, "papers arrive in the order in which they were accepted");
        assert_eq!(ledgers.events::<office::PaperSignedFor>("office").len(), papers);
        assert_eq!(ledgers.events::<gateway::ReceiptIssued>("gateway").len(), papers);
    });
}
