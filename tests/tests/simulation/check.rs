//! What must be true when the network is whole again.

use std::collections::HashMap;

use runtime::db::Backend;
use tests::database::Databases;
use tests::ledger::{self, Ledgers};
use townlink_proto::townlink::gateway::v1 as gateway;
use townlink_proto::townlink::office::v1 as office;

use crate::dispatches::{self, DEPARTMENTS, Letter};
use crate::stage::{PULLS, SERVICES, Stage};

/// Every paper was accepted, delivered and signed for once, in one order without gaps, either way, and the journals say what the
/// rows say.
pub fn everything_is_there_once(stage: &Stage, papers: usize, letters: &[Letter]) {
    let databases = Databases::new(Backend::Sqlite, &stage.folder(), &SERVICES);
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime starts");
    let ledgers = runtime.block_on(ledger::check(&databases));
    to_the_town(&ledgers, papers);
    to_the_county(stage, &ledgers, letters);
}

fn to_the_town(ledgers: &Ledgers, papers: usize) {
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
}

fn to_the_county(stage: &Stage, ledgers: &Ledgers, letters: &[Letter]) {
    let sent = ledgers.events::<office::DispatchSent>("office");
    let written = ledgers.events::<gateway::DispatchWritten>("gateway");
    let delivered = ledgers.events::<office::DispatchDelivered>("office");
    let names: Vec<_> = sent.iter().map(|it| it.dispatch.as_str()).collect();
    assert_eq!((sent.len(), delivered.len()), (letters.len(), letters.len()));
    assert_eq!(written.iter().map(|it| it.dispatch.as_str()).collect::<Vec<_>>(), names, "each is written once");
    let payloads: HashMap<_, _> = written.iter().map(|it| (it.dispatch.as_str(), &it.payload)).collect();
    let numbered = ledgers.events::<gateway::DispatchNumbered>("gateway");
    let receipts = ledgers.events::<gateway::DispatchReceipt>("gateway");
    let mut expected = 0;
    for (department, _) in DEPARTMENTS {
        let count = dispatches::count(letters, department);
        let own: Vec<_> = numbered.iter().filter(|it| it.department == department).collect();
        let dense: Vec<_> = (1..).take(count).collect();
        assert_eq!(own.iter().map(|it| it.number).collect::<Vec<_>>(), dense, "{department}: numbers have no gaps");
        let goes_there =
            |it: &&office::DispatchSent| it.recipients.iter().any(|recipient| recipient.department == department);
        let to_it: Vec<_> = sent.iter().filter(goes_there).map(|it| it.dispatch.as_str()).collect();
        let in_order: Vec<_> = own.iter().map(|it| it.dispatch.as_str()).collect();
        assert_eq!(in_order, to_it, "{department}: papers are numbered in the order in which they were sent");
        for it in &own {
            let file = stage.received(department).join(format!("{:08}.json", it.number));
            let kept = std::fs::read(&file).expect("the department has it");
            assert_eq!(kept, payloads[it.dispatch.as_str()].to_vec(), "{department}: it is what was sent");
            let mut given: Vec<_> = receipts
                .iter()
                .filter(|receipt| receipt.department == department && receipt.dispatch == it.dispatch)
                .map(|receipt| receipt.r#type.as_str())
                .collect();
            let kinds: &[&str] = if department == PULLS { &["RECEIVED", "SIGNED_FOR"] } else { &["RECEIVED"] };
            given.sort_unstable();
            assert_eq!(given, kinds, "{department}: each receipt once");
            expected += kinds.len();
        }
        assert_eq!(stage.receiver(department).last(), own.last().map_or(0, |it| it.number), "{department}: no more");
    }
    assert_eq!(receipts.len(), expected, "no receipt of anything else");
}
