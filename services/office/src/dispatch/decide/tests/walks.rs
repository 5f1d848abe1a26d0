//! Walks at random: what holds whatever is done.

use proptest::prelude::*;
use runtime::journal::Event as _;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::Institution;

use super::super::*;
use super::{actor, answer, at, dispatch, drafted, receipt, received, request, told, words};
use crate::dispatch::wire::message;

/// A step of a walk.
fn step() -> impl Strategy<Value = Step> {
    let small = prop_oneof![
        Just(Step::Revise(Box::new(request()))),
        Just(Step::RequestCosign(vec![Institution::Finance])),
        Just(Step::Cosign(View::Agrees, words())),
        Just(Step::Cosign(View::Disagrees, words())),
        Just(Step::Withdraw(words())),
        Just(Step::Void(words())),
    ];
    let course = prop_oneof![
        Just(Step::Review(words())),
        Just(Step::ReviewLegality(words())),
        Just(Step::Sign(words())),
        Just(Step::Number),
        Just(Step::Seal),
        Just(Step::Send),
    ];
    let sent = prop_oneof![
        Just(received("government")),
        Just(receipt("government", Progress::Returned)),
        Just(answer("government")),
        Just(Step::Remind),
        Just(Step::TellSilence),
        Just(Step::Urge { how: "函".to_owned(), words: words() }),
        Just(Step::Close(words())),
        Just(Step::RecordDelivery { recipient: "昆山市人民政府".to_owned(), words: words() }),
    ];
    prop_oneof![1 => small, 6 => course, 3 => sent]
}

proptest! {
    /// There is no way out of an end, no number is taken twice or lost, and rows and events say the same.
    #[test]
    fn walks_keep_what_must_hold(steps in prop::collection::vec(step(), 1..60)) {
        let mut desk = drafted(request());
        let mut now = at("2026-03-02T09:00:00+08:00");
        let mut serial = 0;
        for step in steps {
            now += jiff::SignedDuration::from_hours(30);
            let before = desk.clone();
            let facts = Facts { now, ..actor(&step) };
            let Ok(events) = told(&desk, step, &facts) else { continue };
            for mut event in events {
                if let Some(series) = event.series() {
                    serial += 1;
                    event.set_number(runtime::numbers::Taken { series, number: serial });
                }
                desk = apply(desk, &event);
            }
            let (was, is) = (dispatch(&before), dispatch(&desk));
            if was.stage.is_end() {
                prop_assert_eq!(was.stage.as_str(), is.stage.as_str());
            }
            if let Some(number) = was.number() {
                prop_assert_eq!(Some(number), is.number(), "a number stays with its paper, in force or void");
            }
            prop_assert_eq!(i64::from(is.number().is_some()), serial);
            prop_assert!(!matches!(is.stage, Stage::Withdrawn(_)) || is.number().is_none());
            let row = prost::Message::encode_to_vec(&message::dispatch(is, String::new()));
            let content: pb::DispatchContent = message::content(&is.content);
            let read = message::read(&row, &prost::Message::encode_to_vec(&content)).expect("the row reads back");
            prop_assert_eq!(&read, is);
        }
    }
}
