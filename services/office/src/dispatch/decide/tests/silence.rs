//! Departments that do not acknowledge what they get.

use std::sync::Arc;

use vocabulary::period::Deadline;
use vocabulary::{Date, Timestamp};

use super::super::*;
use super::{
    actor, after, after_by, answer, at, at_stage, dispatch, letter, on, outcome, receipt, received, told, words,
};
use crate::dispatch::content::Content;
use crate::dispatch::samples::rules;

const WATER: &str = "昆山市水务局";

/// A letter to two departments and a town that is not reached electronically.
fn letters() -> Content {
    let by_hand = "昆山市周庄镇人民政府".to_owned();
    Content { main_to: vec!["昆山市教育局".to_owned(), WATER.to_owned(), by_hand], ..letter() }
}

fn next(desk: &Desk) -> Option<Timestamp> {
    dispatch(desk).unacknowledged().and_then(|(_, acknowledging)| acknowledging.next())
}

/// Sent on Monday 2 March 2026: two working days end on 4 March.
#[test]
fn silence_is_told_once_with_everyone_who_is_silent() {
    let sent = at_stage(letters(), "SENT");
    let due = Deadline::On(Date::constant(2026, 3, 4));
    let acknowledging = dispatch(&sent).unacknowledged().map(|(_, it)| *it).expect("two departments are waited for");
    assert_eq!((acknowledging.due, acknowledging.told), (due, None));
    assert_eq!(next(&sent), Some(at("2026-03-05T00:00:00+08:00")));
    assert_eq!(told(&sent, Step::TellSilence, &on("2026-03-04T23:59:59+08:00")), Ok(Vec::new()));
    assert!(!dispatch(&sent).is_overdue());

    let one = after(sent, received("education"));
    let late = on("2026-03-09T10:00:00+08:00");
    let events = told(&one, Step::TellSilence, &late).expect("it is told");
    assert!(matches!(&events[..], [Event::Silent { departments, .. }] if departments == &["water"]), "{events:?}");
    let one = after_by(one, Step::TellSilence, &late);
    assert_eq!((dispatch(&one).is_overdue(), next(&one)), (true, None));
    assert_eq!(told(&one, Step::TellSilence, &on("2026-04-09T10:00:00+08:00")), Ok(Vec::new()), "once");
    let all = after(one, receipt("water", Progress::SignedFor));
    assert!(!dispatch(&all).is_overdue(), "whoever is not reached electronically is no silent department");
}

#[test]
fn whatever_ends_the_waiting_ends_the_silence() {
    let sent = || at_stage(letters(), "SENT");
    let one = || after(sent(), received("education"));
    let late = on("2026-03-09T10:00:00+08:00");
    let handed_over = Step::RecordDelivery { recipient: WATER.to_owned(), words: words() };
    for step in [received("water"), receipt("water", Progress::Returned), handed_over] {
        let ended = after(one(), step.clone());
        assert_eq!(told(&ended, Step::TellSilence, &late), Ok(Vec::new()), "{step:?}");
        let ended = after(after_by(one(), Step::TellSilence, &late), step);
        assert!(!dispatch(&ended).is_overdue());
    }
    // An answer of one leaves the other silent; a paper that is closed waits for nobody.
    let replied = after(one(), answer("education"));
    assert!(matches!(told(&replied, Step::TellSilence, &late).as_deref(), Ok([Event::Silent { .. }])));
    let closed = after(replied, Step::Close(words()));
    assert_eq!((told(&closed, Step::TellSilence, &late), next(&closed)), (Ok(Vec::new()), None));
}

#[test]
fn nobody_but_a_department_is_waited_for() {
    let by_hand = Content { main_to: vec!["昆山市周庄镇人民政府".to_owned()], ..letter() };
    let sent = at_stage(by_hand, "SENT");
    assert_eq!(dispatch(&sent).stage.sent().and_then(|sent| sent.acknowledging), None);
    assert_eq!(outcome(&sent, &Step::TellSilence), "=");
}

#[test]
fn only_the_office_itself_tells_of_it() {
    let sent = at_stage(letters(), "SENT");
    let clerk = Facts { now: at("2026-03-09T10:00:00+08:00"), ..actor(&Step::Seal) };
    assert!(told(&sent, Step::TellSilence, &clerk).is_err());
}

#[test]
fn the_town_sets_the_limit() {
    let mut rules = rules();
    rules.receipt_working_days = 1;
    let rules = Arc::new(rules);
    let desk = at_stage(letters(), "SEALED");
    let sent = after_by(desk, Step::Send, &Facts { rules, ..actor(&Step::Send) });
    assert_eq!(next(&sent), Some(at("2026-03-04T00:00:00+08:00")));
}

/// 2027 has no calendar here: the limit is undetermined until it is loaded, never a guess by weekends.
#[test]
fn without_a_calendar_the_limit_waits() {
    let late = Facts { now: at("2026-12-30T09:00:00+08:00"), ..actor(&Step::Send) };
    let sent = after_by(at_stage(letters(), "SEALED"), Step::Send, &late);
    assert_eq!(next(&sent), None);
    let new_year = on("2027-01-15T09:00:00+08:00");
    assert_eq!(told(&sent, Step::TellSilence, &new_year), Ok(Vec::new()));
    assert_eq!(told(&sent, Step::Determine, &new_year), Ok(Vec::new()));
    let knowing = Facts { calendar: super::with_2027(), ..new_year };
    let known = after_by(sent, Step::Determine, &knowing);
    assert!(next(&known).is_some());
    assert_eq!(told(&known, Step::Determine, &knowing), Ok(Vec::new()), "once");
    assert!(dispatch(&after_by(known, Step::TellSilence, &knowing)).is_overdue());
}
