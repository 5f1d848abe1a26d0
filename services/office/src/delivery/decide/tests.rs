use std::collections::{BTreeMap, BTreeSet};

use bytes::Bytes;
use proptest::prelude::*;
use vocabulary::{Institution, MessageId, Sm3Digest};

use super::super::state::Way;
use super::*;
use crate::inbox::rules::Rules;
use crate::inbox::state::{Purpose, Summary};

const NOW: Timestamp = Timestamp::UNIX_EPOCH;

fn way() -> Way {
    Way { recipient: Institution::Office, sender: "government".parse().expect("a department") }
}

fn rules() -> Rules {
    crate::inbox::settings::InboxSettings::default().rules().expect("rules")
}

/// A way on which nothing came yet.
fn empty() -> Lane {
    Lane { way: way(), head: None, settled: BTreeMap::new(), present: BTreeSet::new(), recalled: BTreeSet::new() }
}

fn message(n: i64) -> MessageId {
    MessageId::parse(&format!("f81d4fae-7dec-11d0-a765-{n:012}")).expect("an id")
}

fn payload(n: i64) -> Bytes {
    Bytes::from(format!("{{\"v\":1,\"n\":{n}}}"))
}

fn digest(n: i64) -> Sm3Digest {
    Sm3Digest::of(&payload(n))
}

/// The delivery with a number, as it follows the one before.
fn delivery(n: i64) -> Delivery {
    let paper = Enclosed {
        payload: payload(n),
        payload_digest: digest(n),
        purpose: Purpose::Action,
        summary: Summary::default(),
        findings: Vec::new(),
        attachments: Vec::new(),
        signatures: Vec::new(),
        accepted: NOW,
    };
    Delivery {
        way: way(),
        number: n,
        previous: (n > 1).then(|| digest(n - 1)),
        message: message(n),
        digest: digest(n),
        content: Content::Paper(Box::new(paper)),
    }
}

/// A lane on which these came.
fn lane_after(deliveries: impl IntoIterator<Item = Delivery>) -> Lane {
    deliveries.into_iter().fold(empty(), |lane, delivery| match decide(&lane, &delivery, NOW, &rules()) {
        Ok(Verdict::Settles(event)) => apply(lane, &event),
        Ok(Verdict::Again(_)) | Err(_) => lane,
    })
}

fn ending(lane: &Lane, delivery: &Delivery) -> Result<Ending, Refusal> {
    decide(lane, delivery, NOW, &rules()).map(|verdict| match verdict {
        Verdict::Again(ending) => ending,
        Verdict::Settles(event) => event.ending(),
    })
}

fn accepted(n: i64) -> Ending {
    Ending::Accepted(PaperName { inbox: way().recipient, sender: way().sender, message: message(n) })
}

fn refused(number: i64, expected: i64, fault: SequenceFault) -> Result<Ending, Refusal> {
    Err(Refusal::Sequence { number, expected, fault })
}

#[test]
fn papers_come_in_order() {
    let lane = lane_after([delivery(1), delivery(2)]);
    assert_eq!(ending(&lane, &delivery(3)), Ok(accepted(3)));
    assert_eq!(lane.next(), 3);
}

#[test]
fn a_gap_and_a_broken_chain_are_refused() {
    let lane = lane_after([delivery(1)]);
    assert_eq!(ending(&lane, &delivery(3)), refused(3, 2, SequenceFault::Gap));
    for previous in [None, Some(digest(7))] {
        let broken = Delivery { previous, ..delivery(2) };
        assert_eq!(ending(&lane, &broken), refused(2, 2, SequenceFault::Chain));
    }
    let follows_nothing = Delivery { previous: Some(digest(0)), ..delivery(1) };
    assert_eq!(ending(&empty(), &follows_nothing), refused(1, 1, SequenceFault::Chain));
}

#[test]
fn the_same_delivery_again_gets_the_same_answer() {
    let lane = lane_after([delivery(1), delivery(2)]);
    for n in [1, 2] {
        let again = decide(&lane, &delivery(n), NOW, &rules());
        assert_eq!(again, Ok(Verdict::Again(accepted(n))));
        // Recalled after it arrived, but before the gateway knew that it had: the inbox has the paper.
        let buried = Delivery { content: Content::Tombstone, ..delivery(n) };
        assert_eq!(decide(&lane, &buried, NOW, &rules()), Ok(Verdict::Again(accepted(n))));
    }
}

#[test]
fn a_number_is_not_used_twice() {
    let lane = lane_after([delivery(1), delivery(2)]);
    let other_payload = Delivery { digest: digest(9), ..delivery(2) };
    let other_message = Delivery { message: message(9), ..delivery(2) };
    for other in [other_payload, other_message] {
        assert_eq!(ending(&lane, &other), refused(2, 3, SequenceFault::Taken));
    }
}

#[test]
fn what_is_wrong_about_a_paper_ends_its_delivery_and_the_next_flows() {
    let mut damaged = delivery(1);
    if let Content::Paper(paper) = &mut damaged.content {
        paper.payload_digest = digest(9);
    }
    let buried = Delivery { content: Content::Tombstone, ..delivery(1) };
    let rows = [(damaged, Ending::Returned(ReturnCode::Digest)), (buried, Ending::Tombstone)];
    for (first, expected) in rows {
        assert_eq!(ending(&empty(), &first), Ok(expected.clone()));
        let lane = lane_after([first.clone()]);
        assert_eq!(decide(&lane, &first, NOW, &rules()), Ok(Verdict::Again(expected)), "again");
        assert_eq!(ending(&lane, &delivery(2)), Ok(accepted(2)), "the next flows");
    }
}

#[test]
fn a_paper_that_the_inbox_has_is_not_taken_in_again() {
    let lane = lane_after([delivery(1)]);
    let twice = Delivery { number: 2, previous: Some(digest(1)), ..delivery(1) };
    assert_eq!(ending(&lane, &twice), Ok(Ending::Returned(ReturnCode::Replay)));
}

#[test]
fn codes_read_back() {
    for code in [ReturnCode::Digest, ReturnCode::Replay, ReturnCode::Addressee] {
        assert_eq!(ReturnCode::parse(code.as_str()), Some(code));
    }
    assert_eq!(ReturnCode::parse(""), None);
}

proptest! {
    /// Whatever is repeated and however it is shuffled, what settles settles in order, each number once; and whoever goes on
    /// delivering what is next gets all of it in.
    #[test]
    fn all_are_delivered_in_order_and_once(order in proptest::collection::vec(1i64..=12, 0..120)) {
        let mut lane = empty();
        let mut arrived = Vec::new();
        for n in order.into_iter().chain(1..=12) {
            match decide(&lane, &delivery(n), NOW, &rules()) {
                Ok(Verdict::Settles(event)) => {
                    prop_assert_eq!(event.number, lane.next());
                    arrived.push(event.number);
                    lane = apply(lane, &event);
                }
                Ok(Verdict::Again(ending)) => prop_assert_eq!(ending, accepted(n)),
                Err(refusal) => prop_assert_eq!(
                    refusal,
                    Refusal::Sequence { number: n, expected: lane.next(), fault: SequenceFault::Gap }
                ),
            }
        }
        prop_assert_eq!(arrived, (1..=12).collect::<Vec<_>>());
    }
}
