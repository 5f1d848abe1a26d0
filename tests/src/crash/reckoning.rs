//! What must be true once the killing has stopped and everything has come to rest.

use std::collections::{BTreeMap, BTreeSet};
use std::time::Duration;

use bytes::Bytes;
use futures::StreamExt as _;
use townlink_proto::townlink::gateway::v1 as gateway;
use townlink_proto::townlink::office::v1 as office;

use super::load::{CLERKS, CONFIRM, ISSUE, REGISTER, SENDERS, SIGN_FOR};
use crate::act::{Act, code_of};
use crate::clients::Clients;
use crate::ledger::Ledgers;
use crate::raw::Answer;
use crate::setup;
use crate::wait::until_at_leisure;

/// How long the last deliveries and receipts may take.
const SETTLE_LIMIT: Duration = Duration::from_secs(180);

type Acts = [(Act, Answer)];

/// Asks the town itself.
///
/// # Panics
/// Where anything is lost, doubled or out of order.
pub async fn reckon(clients: &Clients, acts: &Acts) {
    let issued: BTreeSet<String> =
        replies::<gateway::Receipt>(acts, ISSUE).into_iter().map(|receipt| receipt.paper).collect();
    assert_eq!(issued.len(), acts.iter().filter(|(act, _)| act.path == ISSUE).count(), "each paper was accepted");
    let signed_for = replies::<office::InboxPaper>(acts, SIGN_FOR);
    let received: BTreeSet<&str> =
        signed_for.iter().filter(|paper| !paper.copy).map(|paper| paper.paper.as_str()).collect();
    let mut listed = BTreeSet::new();
    for (department, _, _) in SENDERS {
        let papers = settled(clients, department, &received).await;
        check_numbers(department, &papers);
        for paper in &papers {
            assert!(listed.insert(paper.name.clone()), "{} stands once", paper.name);
            check_receipts(paper, received.contains(paper.name.as_str()));
        }
    }
    assert_eq!(listed, issued, "what was acknowledged is there, and nothing else");
    check_inboxes(clients, &issued, &signed_for).await;
    check_documents(clients, acts).await;
}

/// Waits until every delivery of a sender has ended and every sign-for has its receipt.
async fn settled(clients: &Clients, department: &str, received: &BTreeSet<&str>) -> Vec<gateway::Paper> {
    until_at_leisure(&format!("the papers of {department} are delivered"), SETTLE_LIMIT, async || {
        let papers = setup::papers_of(clients, department).await;
        let rests = |paper: &gateway::Paper| {
            let delivered = paper.deliveries.iter().all(|it| it.state() == gateway::DeliveryState::Delivered);
            delivered && (!received.contains(paper.name.as_str()) || paper.receipts.len() > 1)
        };
        papers.iter().all(rests).then_some(papers)
    })
    .await
}

/// The numbers of each inbox run from 1 without gap.
fn check_numbers(department: &str, papers: &[gateway::Paper]) {
    let mut numbers: BTreeMap<&str, Vec<i64>> = BTreeMap::new();
    for delivery in papers.iter().flat_map(|paper| &paper.deliveries) {
        numbers.entry(&delivery.recipient).or_default().push(delivery.number);
    }
    for (recipient, mut numbers) in numbers {
        numbers.sort_unstable();
        let dense: Vec<i64> = (1..).take(numbers.len()).collect();
        assert_eq!(numbers, dense, "the deliveries of {department} to {recipient} are numbered without gap");
    }
}

/// One receipt for the acceptance; one for the sign-for, where somebody signed for it.
fn check_receipts(paper: &gateway::Paper, signed_for: bool) {
    let kinds: Vec<_> = paper.receipts.iter().map(gateway::Receipt::r#type).collect();
    let mut expected = vec![gateway::ReceiptType::Received];
    expected.extend(signed_for.then_some(gateway::ReceiptType::SignedFor));
    assert_eq!(kinds, expected, "the receipts of {}", paper.name);
}

/// Each paper stands once in each inbox that it goes to, and was signed for once at most.
async fn check_inboxes(clients: &Clients, issued: &BTreeSet<String>, signed_for: &[office::InboxPaper]) {
    let mut seen = BTreeSet::new();
    let mut signed: BTreeSet<&str> = BTreeSet::new();
    for paper in signed_for {
        assert!(signed.insert(&paper.name), "{} was signed for once", paper.name);
    }
    for (institution, clerk) in CLERKS {
        let papers = setup::inbox_of(clients, institution, clerk, office::InboxStage::Unspecified).await;
        let mut here = BTreeSet::new();
        for paper in papers {
            let expected = if signed.contains(paper.name.as_str()) {
                office::InboxStage::SignedFor
            } else {
                office::InboxStage::Arrived
            };
            assert_eq!(paper.stage(), expected, "{}", paper.name);
            assert!(issued.contains(&paper.paper), "{} was acknowledged", paper.paper);
            assert!(here.insert(paper.paper.clone()), "{} stands once in the inbox of {institution}", paper.paper);
        }
        seen.extend(here);
    }
    assert_eq!(seen, *issued, "each paper has arrived");
}

/// Of the two who confirmed each document one won; what was confirmed holds, and nothing else does.
async fn check_documents(clients: &Clients, acts: &Acts) {
    let registered = replies::<office::Document>(acts, REGISTER);
    let confirmed: Vec<office::Document> = replies(acts, CONFIRM);
    let names: BTreeSet<&str> = confirmed.iter().map(|document| document.name.as_str()).collect();
    assert_eq!(names.len(), confirmed.len(), "each document was confirmed once");
    assert_eq!(confirmed.len(), registered.len(), "each document was confirmed");
    assert!(
        confirmed.iter().all(|document| document.state() == office::DocumentState::Confirmed && document.applied == 1)
    );
    let lost = acts.iter().filter(|(act, answer)| act.path == CONFIRM && !matches!(answer, Answer::Reply(_)));
    for (_, answer) in lost {
        assert_eq!(code_of(answer), "OV-HISTORY-EDIT", "whoever came second was told so");
    }
    let granted = futures::stream::iter(0..registered.len()).for_each_concurrent(super::AT_ONCE, async |number| {
        let held = setup::holds(clients, &setup::power_code(number)).await;
        assert_eq!(held, office::HoldsResult::Yes, "{} was granted", setup::power_code(number));
    });
    granted.await;
    let next = setup::holds(clients, &setup::power_code(registered.len())).await;
    assert_eq!(next, office::HoldsResult::NoGrant, "nothing was granted that nobody confirmed");
}

/// Asks the journals: each thing that was done stands in them once, and papers arrived in the order of their numbers.
///
/// # Panics
/// Where something stands twice, not at all, or out of order.
pub fn reckon_journals(ledgers: &Ledgers, acts: &Acts) {
    let accepted = ledgers.events::<gateway::PaperAccepted>("gateway");
    let papers: BTreeSet<&str> = accepted.iter().map(|event| event.paper.as_str()).collect();
    let issued = replies::<gateway::Receipt>(acts, ISSUE);
    assert_eq!(accepted.len(), papers.len(), "each paper was accepted once");
    assert_eq!(papers.len(), issued.len(), "each acknowledged paper is journalled");
    let mut last: BTreeMap<(String, String), (i64, Bytes)> = BTreeMap::new();
    for event in ledgers.events::<office::PaperArrived>("office") {
        let paper = event.paper.expect("a paper that arrived");
        let inbox = paper.name.split('/').nth(1).unwrap_or_default().to_owned();
        let (number, digest) = last.get(&(event.sender.clone(), inbox.clone())).cloned().unwrap_or_default();
        assert_eq!(paper.number, number + 1, "papers of {} arrive at {inbox} in order", event.sender);
        assert_eq!(event.previous_digest, digest, "each names the one before");
        last.insert((event.sender, inbox), (paper.number, paper.payload_digest));
    }
    let signed = ledgers.events::<office::PaperSignedFor>("office");
    let names: BTreeSet<&str> = signed.iter().map(|event| event.inbox_paper.as_str()).collect();
    assert_eq!(names.len(), signed.len(), "each paper was signed for once");
    assert_eq!(
        names.len(),
        replies::<office::InboxPaper>(acts, SIGN_FOR).len(),
        "each acknowledged sign-for is journalled"
    );
    let confirmed = ledgers.events::<office::DocumentConfirmed>("office");
    let names: BTreeSet<&str> = confirmed.iter().map(|event| event.document.as_str()).collect();
    assert_eq!(names.len(), confirmed.len(), "each document was confirmed once");
}

fn replies<M: prost::Message + Default>(acts: &Acts, path: &str) -> Vec<M> {
    let answered = acts.iter().filter(|(act, _)| act.path == path);
    let reply = |answer: &Answer| if let Answer::Reply(bytes) = answer { M::decode(bytes.clone()).ok() } else { None };
    answered.filter_map(|(_, answer)| reply(answer)).collect()
}
