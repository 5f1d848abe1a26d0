//! Random walks: whatever is asked in whatever order, and however the clock moves.

use proptest::prelude::*;
use vocabulary::time;

use super::super::super::timing;
use super::super::super::wire::work::{read_work, work_column};
use super::super::super::work::{Phase, Urge};
use super::work::{facts_of, officer, other, rules, wish};
use super::*;

/// Every step with who takes it, so that walks come far.
fn all() -> Vec<(Step, &'static str, Actor)> {
    let office = officer(Institution::Office);
    let (finance, economy, service) =
        (officer(Institution::Finance), officer(Institution::Economy), officer(Institution::Service));
    let text = || "说明".to_owned();
    let reading = Wish { class: ActionClass::Read, lead: None, co_handlers: Vec::new(), ..wish() };
    let asked = Wish { answer: Answer::Wanted, due: Some(Date::constant(2026, 3, 10)), ..wish() };
    vec![
        (Step::SignFor, "wang", office),
        (Step::Register { supersedes: None }, "wang", office),
        (Step::Check { resolutions: Vec::new() }, "wang", office),
        (Step::Assign(wish()), "wang", office),
        (Step::Assign(asked), "wang", office),
        (Step::Assign(reading), "wang", office),
        (Step::Accept, "fang", finance),
        (Step::ReportProgress { percent: 10, words: text(), evidence: Vec::new() }, "fang", finance),
        (Step::FinishPart { words: text() }, "shi", economy),
        (Step::MarkRead, "fu", service),
        (Step::Report { result: text() }, "fang", finance),
        (Step::Complete, "wang", office),
        (Step::SendBack { reason: text() }, "wang", office),
        (Step::Answered { dispatch: text(), document_number: text() }, "", Actor::Service),
        (Step::Archive, "wang", office),
        (Step::RefuseAssignment { reason: text() }, "fang", finance),
        (Step::DecideAssignment(wish()), "zhou", Actor::Leaders),
        (Step::Instruct { text: text() }, "zhou", Actor::Leaders),
        (Step::Guide { guidance: text() }, "fang", finance),
        (Step::RequestExtension { due: Date::constant(2026, 5, 20), reason: text() }, "fang", finance),
        (Step::GrantExtension { words: text() }, "wang", office),
        (Step::RefuseExtension { reason: text() }, "wang", office),
        (Step::Urge(Urge { urge: text(), note: text(), at: at(0) }), "", Actor::Service),
        (Step::Return { code: "RE-NOT-AGREED".to_owned(), reason: text() }, "wang", office),
        (Step::Return { code: "OV-CLASSIFIED".to_owned(), reason: text() }, "wang", office),
        (Step::ReturnForFaults { code: "AU-DATE".to_owned(), reason: text() }, "", Actor::Service),
        (Step::Merge { into: other().name, reason: text() }, "wang", office),
        (Step::Transfer { to: Institution::Social, reason: text() }, "wang", office),
        (Step::Recall(Recall { document_number: text(), reason: text(), at: at(0) }), "", Actor::Service),
        (Step::Derive, "", Actor::Service),
    ]
}

/// How far the clock moves before a step, in minutes.
const MOVES: [i64; 6] = [0, 5, 60, 24 * 60, 6 * 24 * 60, 200 * 24 * 60];

fn is_final(stage: &Stage) -> bool {
    ["RETURNED", "ARCHIVED", "MERGED", "TRANSFERRED", "RECALLED"].contains(&stage.as_str())
}

/// What the overdue filter of the store asks of the columns.
fn filtered(paper: &Paper, now: Timestamp) -> bool {
    timing::runs(paper) && timing::last_day(paper).is_some_and(|day| day < timing::overdue_before(now))
}

/// The same, told from the life of the paper alone.
fn must_be_seen(paper: &Paper, now: Timestamp) -> bool {
    let Some(day) = paper.dossier.due.and_then(|due| due.last.date()) else { return false };
    let end = time::end_of_day(day);
    let work = paper.work().filter(|_| !is_final(&paper.stage));
    let completed = work.is_some_and(|work| work.phase >= Phase::Completed);
    let reported = work.filter(|work| work.phase == Phase::Reported).and_then(|work| work.report.as_ref());
    let done = is_final(&paper.stage) || completed || reported.is_some_and(|report| report.at <= end);
    !done && now > end
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 400, ..ProptestConfig::default() })]

    #[test]
    fn walks_keep_what_must_be_true(
        walk in proptest::collection::vec((0usize..30, 0usize..6), 0..60),
        urgency in 0usize..5,
        forward in any::<bool>(),
    ) {
        let steps = all();
        let mut desk = desk_at(Stage::Arrived);
        ["特提", "特急", "加急", "平急", ""][urgency].clone_into(&mut desk.paper.arrival.summary.urgency);
        desk.paper.dossier.due = rules().due_at_arrival(&desk.paper.arrival);
        let first = desk.clone();
        let mut journal: Vec<Event> = Vec::new();
        let mut now = at(4);
        let mut ended: Option<Stage> = None;
        for (place, (step, minutes)) in walk.into_iter().enumerate() {
            // Half of the walks follow the road of §8.4, so that they come to its end.
            let step = if forward && place < 15 { place } else { step };
            now += jiff::SignedDuration::from_mins(if forward { MOVES[minutes.min(3)] } else { MOVES[minutes] });
            let (step, person, actor) = &steps[step];
            desk.other = matches!(step, Step::Merge { .. }).then(other);
            let facts = Facts { now, ..facts_of(person, *actor) };
            let mut happened = decide(&desk, step, &facts).unwrap_or_default();
            desk = happened.iter().fold(desk, apply);
            // The clock says what it has to say.
            let clock = Facts { now, ..facts_of("", Actor::Service) };
            for ring in 0.. {
                prop_assert!(ring < 100, "the clock comes to rest");
                let rung = decide(&desk, &Step::Ring, &clock).expect("the clock is never refused");
                if rung.is_empty() {
                    break;
                }
                desk = rung.iter().fold(desk, apply);
                happened.extend(rung);
            }
            prop_assert!(timing::next(&desk.paper, &rules()).is_none_or(|(at, _)| at > now));
            journal.extend(happened);

            let paper = &desk.paper;
            if let Some(end) = &ended {
                prop_assert_eq!(end, &paper.stage, "there is no way out of an end");
            }
            ended = is_final(&paper.stage).then(|| paper.stage.clone());
            prop_assert_eq!(timing::is_open(paper), ended.is_none());
            prop_assert_eq!(timing::next_act(paper).is_some(), ended.is_none(), "somebody must act, until the end");
            prop_assert_eq!(filtered(paper, now), must_be_seen(paper, now));
            prop_assert_eq!(timing::is_overdue(paper, now), must_be_seen(paper, now));
            prop_assert_eq!(&paper.arrival, &first.paper.arrival, "what arrived never changes");

            // What is kept reads back.
            let kept = read_work(&work_column(paper).unwrap_or_default()).expect("it reads back");
            prop_assert_eq!(&kept.dossier, &paper.dossier);
            if let Some(work) = paper.work() {
                prop_assert_eq!(&super::super::super::work::Work { phase: work.phase, ..kept.work }, work);
            }
        }
        let replayed = journal.iter().fold(first.paper, super::super::event::apply);
        prop_assert_eq!(replayed, desk.paper, "the events tell the state");
    }
}
