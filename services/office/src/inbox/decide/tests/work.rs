//! The work on a checked paper: every stage and step, and every refusal.

use std::sync::LazyLock;

use vocabulary::Deadline;

use super::super::super::refusal::WorkRefusal;
use super::super::super::settings::InboxSettings;
use super::super::super::work::{Assignment, DecidedBy, Due, DueSource, Extension, Part, Phase, Punctuality, Work};
use super::*;

pub(super) fn rules() -> Arc<Rules> {
    static RULES: LazyLock<Arc<Rules>> = LazyLock::new(|| Arc::new(InboxSettings::default().rules().expect("rules")));
    Arc::clone(&RULES)
}

pub(super) const fn officer(institution: Institution) -> Actor {
    Actor::Officer { institution, rank: Rank::Clerk }
}

pub(super) fn facts_of(person: &str, actor: Actor) -> Facts {
    Facts { now: at(4), person: person.to_owned(), actor, directive: None, rules: Some(rules()) }
}

pub(super) fn deed(institution: Institution, person: &str, hour: i64) -> Deed {
    Deed { by: By::Institution(institution), person: person.to_owned(), at: at(hour), words: "已办".to_owned() }
}

pub(super) fn wish() -> Wish {
    Wish {
        class: ActionClass::Handle,
        lead: Some(Institution::Finance),
        co_handlers: vec![Institution::Economy],
        readers: vec![Institution::Service],
        persons: Vec::new(),
        instruction: None,
        due: None,
        answer: Answer::NotWanted,
    }
}

fn assignment() -> Assignment {
    let Wish { class, lead, co_handlers, readers, persons, answer, .. } = wish();
    let (person, decided) = ("wang".to_owned(), DecidedBy::Inbox);
    Assignment { class, lead, co_handlers, readers, persons, answer, person, at: at(4), decided }
}

/// The work as it is at a phase, with everything that leads there.
pub(super) fn work_at(phase: Phase) -> Work {
    let mut work = Work { phase, ..Work::default() };
    if phase > Phase::Checked {
        work.assignment = Some(assignment());
    }
    if phase >= Phase::Accepted {
        work.acceptance = Some(deed(Institution::Finance, "fang", 4));
    }
    if phase >= Phase::Reported {
        work.parts = vec![deed(Institution::Economy, "shi", 4)];
        work.report = Some(deed(Institution::Finance, "fang", 4));
    }
    if phase >= Phase::Completed {
        work.completion = Some((deed(Institution::Office, "wang", 4), Punctuality::OnTime));
    }
    work
}

pub(super) fn desk_with(work: Work) -> Desk {
    desk_at(Stage::Worked { signed: signed(), registered: registered(), checked: checked(), work: Box::new(work) })
}

pub(super) fn due_on(day: Date) -> Option<Due> {
    Some(Due { last: Deadline::On(day), source: DueSource::Sender, since: at(0) })
}

/// The other paper, open, in the same inbox.
pub(super) fn other() -> Paper {
    let mut paper = desk_at(Stage::Registered { signed: signed(), registered: registered() }).paper;
    paper.name.message = MessageId::parse("f81d4fae-7dec-11d0-a765-00a0c91e6bf7").expect("an id");
    paper
}

pub(super) fn text() -> String {
    "说明".to_owned()
}

pub(super) const DAY: Date = Date::constant(2026, 3, 20);

/// Every step after the check, with who takes it and on what desk.
pub(super) fn step(name: &str) -> (Step, Actor) {
    let finance = officer(Institution::Finance);
    let office = officer(Institution::Office);
    match name {
        "instruct" => (Step::Instruct { text: text() }, Actor::Leaders),
        "assign" => (Step::Assign(wish()), office),
        "decide" => (Step::DecideAssignment(wish()), Actor::Leaders),
        "refuse" => (Step::RefuseAssignment { reason: text() }, finance),
        "accept" => (Step::Accept, finance),
        "progress" => (Step::ReportProgress { percent: 50, words: text(), evidence: Vec::new() }, finance),
        "part" => (Step::FinishPart { words: text() }, officer(Institution::Economy)),
        "read" => (Step::MarkRead, officer(Institution::Service)),
        "guide" => (Step::Guide { guidance: text() }, finance),
        "report" => (Step::Report { result: text() }, finance),
        "complete" => (Step::Complete, office),
        "send back" => (Step::SendBack { reason: text() }, office),
        "answered" => (Step::Answered { dispatch: text(), document_number: text() }, Actor::Service),
        "archive" => (Step::Archive, office),
        "merge" => (Step::Merge { into: other().name, reason: text() }, office),
        "transfer" => (Step::Transfer { to: Institution::Social, reason: text() }, office),
        "extend" => (Step::RequestExtension { due: DAY, reason: text() }, finance),
        "grant" => (Step::GrantExtension { words: String::new() }, office),
        "deny" => (Step::RefuseExtension { reason: text() }, office),
        "faults" => (Step::ReturnForFaults { code: "AU-DATE".to_owned(), reason: text() }, Actor::Service),
        other => panic!("{other} is no step"),
    }
}

/// The desk on which a step is the right one, as far as it is not the stage that decides.
pub(super) fn prepared(mut desk: Desk, name: &str) -> Desk {
    desk.paper.dossier.due = due_on(Date::constant(2026, 3, 16));
    if name == "merge" {
        desk.other = Some(other());
    }
    if let Stage::Worked { work, .. } = &mut desk.paper.stage {
        match name {
            "decide" => work.refusals = vec![deed(Institution::Finance, "fang", 4); 2],
            "report" => work.parts = vec![deed(Institution::Economy, "shi", 4)],
            "grant" | "deny" => {
                let request = deed(Institution::Finance, "fang", 4);
                work.extension = Some(Extension { due: DAY, request, decision: None });
            }
            "part" => work.parts.clear(),
            _ => {}
        }
    }
    desk
}

pub(super) const STEPS: [&str; 20] = [
    "instruct",
    "assign",
    "decide",
    "refuse",
    "accept",
    "progress",
    "part",
    "read",
    "guide",
    "report",
    "complete",
    "send back",
    "answered",
    "archive",
    "merge",
    "transfer",
    "extend",
    "grant",
    "deny",
    "faults",
];

/// Where each step leads from each phase; what is not named is refused with `RE_STAGE`, or because nobody has a part yet.
#[test]
fn every_phase_and_step_has_its_row() {
    use Phase::{Accepted, Assigned, Checked, Completed, GuidanceIssued, InProgress, Replied, Reported};
    type Row<'t> = (&'t str, &'t [(Phase, &'t str)]);

    let same = |phases: &[Phase]| phases.iter().map(|phase| (*phase, phase.as_str())).collect::<Vec<_>>();
    let to = |phases: &[Phase], end: &'static str| phases.iter().map(|phase| (*phase, end)).collect::<Vec<_>>();
    let handling = [Accepted, InProgress, GuidanceIssued];
    let led = [Assigned, Accepted, InProgress, GuidanceIssued];
    let early = [Checked, Assigned, Accepted, InProgress, GuidanceIssued];
    let before_archive = [Checked, Assigned, Accepted, InProgress, GuidanceIssued, Reported, Completed, Replied];
    let mut answered = same(&[Assigned, Accepted, InProgress, GuidanceIssued, Reported]);
    answered.extend([(Completed, "REPLIED"), (Replied, "REPLIED")]);
    let extended = same(&led);
    let rows: [Row<'_>; 20] = [
        ("instruct", &[(Checked, "CHECKED")]),
        ("assign", &[(Checked, "ASSIGNED")]),
        ("decide", &[(Checked, "ASSIGNED")]),
        ("refuse", &[(Assigned, "CHECKED")]),
        ("accept", &[(Assigned, "ACCEPTED")]),
        ("progress", &[(Accepted, "IN_PROGRESS"), (InProgress, "IN_PROGRESS"), (GuidanceIssued, "GUIDANCE_ISSUED")]),
        ("part", &same(&led)),
        ("read", &same(&[Assigned, Accepted, InProgress, GuidanceIssued, Reported, Completed, Replied])),
        ("guide", &to(&handling, "GUIDANCE_ISSUED")),
        ("report", &to(&handling, "REPORTED")),
        ("complete", &[(Reported, "COMPLETED")]),
        ("send back", &[(Reported, "IN_PROGRESS")]),
        ("answered", &answered),
        ("archive", &[(Completed, "ARCHIVED"), (Replied, "ARCHIVED")]),
        ("merge", &to(&early, "MERGED")),
        ("transfer", &to(&[Checked, Assigned], "TRANSFERRED")),
        ("extend", &extended),
        ("grant", &extended),
        ("deny", &extended),
        ("faults", &to(&before_archive, "RETURNED")),
    ];
    assert_eq!(rows.map(|(name, _)| name), STEPS);
    for (name, ways) in rows {
        for phase in Phase::ALL {
            let desk = prepared(desk_with(work_at(phase)), name);
            let (step, actor) = step(name);
            let decided = decide(&desk, &step, &facts_of("li", actor));
            let way = ways.iter().find(|(from, _)| *from == phase).map(|(_, to)| *to);
            match (decided, way) {
                (Ok(events), Some(to)) => {
                    let after = events.iter().fold(desk, apply);
                    assert_eq!(after.paper.stage.as_str(), to, "{name} from {}", phase.as_str());
                }
                (Err(Refusal::Stage { .. }), None) => {}
                (Err(Refusal::Work(refusal)), None) => {
                    assert!(
                        matches!(*refusal, WorkRefusal::NoPart { held: None, .. }),
                        "{name} {phase:?}: {refusal:?}"
                    );
                    assert_eq!(phase, Checked);
                }
                (decided, way) => panic!("{name} from {phase:?} to {way:?} gave {decided:?}"),
            }
        }
    }
}

/// No step begins before the check, nor after an end.
#[test]
fn no_work_before_the_check_or_after_an_end() {
    let mut ends: Vec<Stage> = Vec::new();
    for (name, by) in [("merge", "merge"), ("transfer", "transfer")] {
        let desk = prepared(desk_with(work_at(Phase::Checked)), name);
        let (step, actor) = step(by);
        let events = decide(&desk, &step, &facts_of("li", actor)).expect("allowed");
        ends.push(events.iter().fold(desk, apply).paper.stage);
    }
    let recall = Recall { document_number: text(), reason: text(), at: at(1) };
    ends.push(Stage::Recalled { recall });
    ends.extend([Stage::Arrived, Stage::SignedFor { signed: signed() }]);
    for stage in ends {
        for name in STEPS {
            let (step, actor) = step(name);
            let desk = prepared(desk_at(stage.clone()), name);
            let refused = decide(&desk, &step, &facts_of("li", actor));
            assert!(refused.is_err(), "{name} from {}", stage.as_str());
        }
    }
}

pub(super) fn refused(desk: &Desk, step: &Step, facts: &Facts) -> WorkRefusal {
    match decide(desk, step, facts) {
        Err(Refusal::Work(refusal)) => *refusal,
        other => panic!("{other:?}"),
    }
}

#[test]
fn each_takes_his_own_part_only() {
    let rows = [
        ("accept", Institution::Economy, Part::Lead, Some(Part::CoHandler)),
        ("accept", Institution::Service, Part::Lead, Some(Part::Reader)),
        ("accept", Institution::Social, Part::Lead, None),
        ("part", Institution::Finance, Part::CoHandler, Some(Part::Lead)),
        ("read", Institution::Finance, Part::Reader, Some(Part::Lead)),
    ];
    let desk = desk_with(work_at(Phase::Assigned));
    for (name, institution, part, held) in rows {
        let paper = desk.paper.name.to_string();
        let refused = refused(&desk, &step(name).0, &facts_of("li", officer(institution)));
        assert_eq!(refused, WorkRefusal::NoPart { paper, institution, part, held }, "{name}");
    }
    for name in STEPS {
        let (step, right) = step(name);
        let desk = prepared(desk_with(work_at(Phase::Checked)), name);
        for wrong in [officer(Institution::Social), Actor::Leaders] {
            if wrong != right {
                let refused = decide(&desk, &step, &facts_of("li", wrong));
                assert!(refused.is_err(), "{name} by {wrong:?}");
            }
        }
    }
}

#[test]
fn a_part_is_done_once_and_before_the_result() {
    let mut work = work_at(Phase::Accepted);
    let report = step("report");
    let open = refused(&desk_with(work.clone()), &report.0, &facts_of("fang", report.1));
    let missing = vec![Institution::Economy];
    assert!(matches!(open, WorkRefusal::Parts { missing: it, .. } if it == missing));
    work.parts = vec![deed(Institution::Economy, "shi", 4)];
    work.reads = vec![deed(Institution::Service, "fu", 4)];
    let desk = desk_with(work);
    for name in ["part", "read"] {
        let (step, actor) = step(name);
        assert!(matches!(refused(&desk, &step, &facts_of("li", actor)), WorkRefusal::Once { .. }), "{name}");
    }
    assert!(decide(&desk, &report.0, &facts_of("fang", report.1)).is_ok());
}

#[test]
fn nobody_checks_what_he_reported() {
    let desk = desk_with(work_at(Phase::Reported));
    for name in ["complete", "send back"] {
        let (step, actor) = step(name);
        let own = refused(&desk, &step, &facts_of("fang", actor));
        assert_eq!(own, WorkRefusal::OwnResult { person: "fang".to_owned() });
        assert!(decide(&desk, &step, &facts_of("wang", actor)).is_ok());
    }
}

#[test]
fn in_its_own_inbox_a_bureaus_chief_checks() {
    let mut desk = desk_with(work_at(Phase::Reported));
    desk.paper.name.inbox = Institution::Construction;
    let own = |rank| Actor::Officer { institution: Institution::Construction, rank };
    let refused = refused(&desk, &Step::Complete, &facts_of("sun", own(Rank::Clerk)));
    assert_eq!(refused, WorkRefusal::NotChief { inbox: Institution::Construction });
    assert!(decide(&desk, &Step::Complete, &facts_of("zhu", own(Rank::Chief))).is_ok());
    let office = decide(&desk, &Step::Complete, &facts_of("wang", officer(Institution::Office)));
    assert_eq!(office, Err(Refusal::OtherInbox { inbox: Institution::Construction }));
}

/// §8.9 no. 11: completion counts from the report, and the last day is in time until 24:00:00.
#[test]
fn a_result_at_midnight_is_on_time_and_a_second_later_it_is_not() {
    let midnight: Timestamp = "2026-03-17T00:00:00+08:00".parse().expect("an instant");
    for (after, expected) in [(0, Punctuality::OnTime), (1, Punctuality::Late)] {
        let mut desk = prepared(desk_with(work_at(Phase::Accepted)), "report");
        let (report, actor) = step("report");
        let reported = midnight + jiff::SignedDuration::from_secs(after);
        let facts = Facts { now: reported, ..facts_of("fang", actor) };
        desk = decide(&desk, &report, &facts).expect("allowed").iter().fold(desk, apply);
        // The check comes days later, and does not count.
        let later = Facts { now: at(400), ..facts_of("wang", officer(Institution::Office)) };
        let events = decide(&desk, &Step::Complete, &later).expect("allowed");
        let [Event::Worked { what, .. }] = &*events else { panic!("{events:?}") };
        let What::Completed { punctuality, result, .. } = &**what else { panic!("{what:?}") };
        assert_eq!((*punctuality, result.at), (expected, reported));
    }
}

#[test]
fn the_last_reader_completes_what_is_only_read() {
    let mut desk = desk_with(Work::default());
    let (lead, co_handlers) = (None, Vec::new());
    let readers = vec![Institution::Service, Institution::Social];
    let assign = Step::Assign(Wish { class: ActionClass::Read, lead, co_handlers, readers, ..wish() });
    desk = decide(&desk, &assign, &facts_of("wang", officer(Institution::Office)))
        .expect("allowed")
        .iter()
        .fold(desk, apply);
    for (reader, stage) in [(Institution::Service, "ASSIGNED"), (Institution::Social, "COMPLETED")] {
        let facts = facts_of("fu", officer(reader));
        desk = decide(&desk, &Step::MarkRead, &facts).expect("allowed").iter().fold(desk, apply);
        assert_eq!(desk.paper.stage.as_str(), stage);
    }
}

#[test]
fn an_answer_that_is_waited_for_comes_before_the_archive() {
    let mut work = work_at(Phase::Completed);
    if let Some(assignment) = &mut work.assignment {
        assignment.answer = Answer::Wanted;
    }
    let desk = desk_with(work);
    let (archive, actor) = step("archive");
    assert!(matches!(refused(&desk, &archive, &facts_of("wang", actor)), WorkRefusal::AnswerMissing { .. }));
    let (answered, service) = step("answered");
    let events = decide(&desk, &answered, &facts_of("", service)).expect("allowed");
    let desk = events.iter().fold(desk, apply);
    assert_eq!(desk.paper.stage.as_str(), "REPLIED");
    assert!(decide(&desk, &answered, &facts_of("", service)).is_err(), "once");
    assert!(decide(&desk, &archive, &facts_of("wang", actor)).is_ok());
    // An answer that is sent before the check counts when the result is accepted.
    let (mut desk, steps) = (desk_with(work_at(Phase::Reported)), ["answered", "complete"]);
    for name in steps {
        let (step, actor) = step(name);
        desk = decide(&desk, &step, &facts_of("wang", actor)).expect("allowed").iter().fold(desk, apply);
    }
    assert_eq!(desk.paper.stage.as_str(), "REPLIED");
}
