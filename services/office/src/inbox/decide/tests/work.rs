//! The work on a checked paper: every stage and step, and every refusal.

use std::sync::LazyLock;

use vocabulary::Deadline;

use super::super::super::refusal::{AssignmentFault, DueFault, LeadersFault, LinkFault, WorkRefusal};
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

fn deed(institution: Institution, person: &str, hour: i64) -> Deed {
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
fn work_at(phase: Phase) -> Work {
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

fn text() -> String {
    "说明".to_owned()
}

const DAY: Date = Date::constant(2026, 3, 20);

/// Every step after the check, with who takes it and on what desk.
fn step(name: &str) -> (Step, Actor) {
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
fn prepared(mut desk: Desk, name: &str) -> Desk {
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

const STEPS: [&str; 20] = [
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

fn refused(desk: &Desk, step: &Step, facts: &Facts) -> WorkRefusal {
    match decide(desk, step, facts) {
        Err(Refusal::Work(refusal)) => *refusal,
        other => panic!("{other:?}"),
    }
}

fn assigned(change: impl FnOnce(&mut Wish), to: impl FnOnce(&mut Desk)) -> Result<Desk, WorkRefusal> {
    let (mut wish, mut desk) = (wish(), desk_with(Work::default()));
    change(&mut wish);
    to(&mut desk);
    let actor = officer(desk.paper.name.inbox);
    match decide(&desk, &Step::Assign(wish), &facts_of("wang", actor)) {
        Ok(events) => Ok(events.iter().fold(desk, apply)),
        Err(Refusal::Work(refusal)) => Err(*refusal),
        Err(other) => panic!("{other:?}"),
    }
}

fn in_inbox(inbox: Institution) -> impl FnOnce(&mut Desk) {
    move |desk| desk.paper.name.inbox = inbox
}

#[test]
fn the_institutions_of_an_assignment_fit_its_class_and_the_inbox() {
    type Change = fn(&mut Wish);
    let rows: [(Change, AssignmentFault); 7] = [
        (|wish| wish.co_handlers.push(Institution::Finance), AssignmentFault::Twice),
        (|wish| wish.persons.push("li".to_owned()), AssignmentFault::Persons),
        (|wish| wish.class = ActionClass::Read, AssignmentFault::OnlyReaders),
        (
            |wish| {
                (wish.class, wish.lead) = (ActionClass::Read, None);
                (wish.co_handlers, wish.readers) = (Vec::new(), Vec::new());
            },
            AssignmentFault::NoReader,
        ),
        (|wish| wish.lead = None, AssignmentFault::NoLead),
        (|wish| wish.readers = vec![Institution::Economy], AssignmentFault::Twice),
        (
            |wish| {
                (wish.lead, wish.class) = (None, ActionClass::Forward);
            },
            AssignmentFault::NoLead,
        ),
    ];
    for (change, expected) in rows {
        let refused = assigned(change, |_| ()).map(|_| ());
        assert!(matches!(&refused, Err(WorkRefusal::Assignment { fault, .. }) if *fault == expected), "{refused:?}");
    }
    let copy = assigned(|_| (), |desk| desk.paper.arrival.purpose = Purpose::Information).map(|_| ());
    assert!(matches!(copy, Err(WorkRefusal::Assignment { fault: AssignmentFault::Copy, .. })), "{copy:?}");
    let elsewhere = assigned(|_| (), in_inbox(Institution::Construction)).map(|_| ());
    assert!(
        matches!(elsewhere, Err(WorkRefusal::Assignment { fault: AssignmentFault::OwnInbox, .. })),
        "{elsewhere:?}"
    );
}

#[test]
fn a_bureau_leads_in_its_own_inbox_and_may_name_persons() {
    let own = |wish: &mut Wish| {
        (wish.lead, wish.persons) = (None, vec!["li".to_owned()]);
        (wish.co_handlers, wish.readers) = (Vec::new(), Vec::new());
    };
    for inbox in [Institution::Construction, Institution::Enforcement] {
        let desk = assigned(own, in_inbox(inbox)).expect("assigned");
        let assignment = desk.paper.work().and_then(|work| work.assignment.clone()).expect("an assignment");
        assert_eq!((assignment.lead, assignment.persons), (Some(inbox), vec!["li".to_owned()]));
    }
}

#[test]
fn a_front_institution_reads_a_county_paper_and_handles_none() {
    for front in [Institution::Service, Institution::Enforcement] {
        for as_lead in [true, false] {
            let change = |wish: &mut Wish| {
                wish.readers.clear();
                if as_lead { wish.lead = Some(front) } else { wish.co_handlers = vec![front] }
            };
            let refused = assigned(change, |_| ()).map(|_| ());
            assert!(matches!(refused, Err(WorkRefusal::Front { institution, .. }) if institution == front));
        }
        assert!(assigned(|wish| wish.readers = vec![front], |_| ()).is_ok(), "it may read");
        let desk = desk_with(Work::default());
        let transfer = Step::Transfer { to: front, reason: text() };
        let refused = refused(&desk, &transfer, &facts_of("wang", officer(Institution::Office)));
        assert!(matches!(refused, WorkRefusal::Front { .. }), "{refused:?}");
    }
}

#[test]
fn what_a_leader_must_instruct_has_an_instruction() {
    let instructed = |wish: &mut Wish| wish.class = ActionClass::Instructed;
    let missing = assigned(instructed, |_| ()).map(|_| ());
    assert!(matches!(missing, Err(WorkRefusal::NoInstruction { .. })), "{missing:?}");
    // A clerk does not lower what the county asks for.
    let lowered = assigned(|_| (), |desk| desk.paper.arrival.summary.action_class = "批办".to_owned()).map(|_| ());
    assert!(matches!(lowered, Err(WorkRefusal::NoInstruction { .. })), "{lowered:?}");
    let given = assigned(
        |wish| {
            instructed(wish);
            wish.instruction = Some(("zhou".to_owned(), "请财政局办".to_owned()));
        },
        |_| (),
    );
    let work = given.expect("assigned").paper.work().cloned().expect("work");
    assert_eq!(work.instruction.map(|it| (it.leader, it.person)), Some(("zhou".to_owned(), "wang".to_owned())));
    assert_eq!(work.assignment.map(|it| it.answer), Some(Answer::Wanted), "批办 always gets an answer");

    let desk = desk_with(Work::default());
    let (instruct, actor) = step("instruct");
    let events = decide(&desk, &instruct, &facts_of("zhou", actor)).expect("allowed");
    let desk = events.iter().fold(desk, apply);
    let assign = Step::Assign(Wish { class: ActionClass::Instructed, ..wish() });
    assert!(decide(&desk, &assign, &facts_of("wang", officer(Institution::Office))).is_ok(), "it is on record");
}

#[test]
fn a_due_is_explicit_where_it_is_urgent_and_never_later_than_what_stands() {
    let urgent = |desk: &mut Desk| {
        desk.paper.arrival.summary.urgency = "特急".to_owned();
        desk.paper.dossier.due = rules().due_at_arrival(&desk.paper.arrival);
    };
    let fault = |refused: Result<Desk, WorkRefusal>| match refused {
        Err(WorkRefusal::Due { fault, .. }) => fault,
        other => panic!("{other:?}"),
    };
    assert_eq!(fault(assigned(|_| (), urgent)), DueFault::Explicit);
    let (early, late) = (Date::constant(2026, 3, 4), Date::constant(2026, 3, 6));
    let stands = Date::constant(2026, 3, 5);
    assert_eq!(fault(assigned(|wish| wish.due = Some(late), urgent)), DueFault::LaterThan { day: late, stands });
    let over = Date::constant(2026, 3, 1);
    assert_eq!(fault(assigned(|wish| wish.due = Some(over), urgent)), DueFault::Over { day: over });
    let desk = assigned(|wish| wish.due = Some(early), urgent).expect("assigned");
    let due = desk.paper.dossier.due.expect("a due");
    assert_eq!((due.last, due.source), (Deadline::On(early), DueSource::Assignment));

    let ordinary = assigned(|_| (), |_| ()).expect("assigned").paper.dossier.due.expect("a due");
    assert_eq!(ordinary.last, Deadline::On(Date::constant(2026, 3, 16)), "ten working days from the arrival");
    let reading = |wish: &mut Wish| (wish.class, wish.lead, wish.co_handlers) = (ActionClass::Read, None, Vec::new());
    assert_eq!(assigned(reading, |_| ()).expect("assigned").paper.dossier.due, None, "what is read has none");
}

#[test]
fn after_two_refusals_only_the_leaders_assign_and_their_word_stands() {
    let (office, finance) = (officer(Institution::Office), officer(Institution::Finance));
    let mut desk = desk_with(Work::default());
    let early = refused(&desk, &Step::DecideAssignment(wish()), &facts_of("zhou", Actor::Leaders));
    assert!(matches!(early, WorkRefusal::Leaders { fault: LeadersFault::NotYet, .. }));
    for _ in 0..2 {
        for (step, facts) in [
            (Step::Assign(wish()), facts_of("wang", office)),
            (Step::RefuseAssignment { reason: text() }, facts_of("fang", finance)),
        ] {
            desk = decide(&desk, &step, &facts).expect("allowed").iter().fold(desk, apply);
        }
    }
    let third = refused(&desk, &Step::Assign(wish()), &facts_of("wang", office));
    assert!(matches!(third, WorkRefusal::Leaders { fault: LeadersFault::TheyDecide, .. }));
    let decided = decide(&desk, &Step::DecideAssignment(wish()), &facts_of("zhou", Actor::Leaders)).expect("allowed");
    let desk = decided.iter().fold(desk, apply);
    let refused = refused(&desk, &Step::RefuseAssignment { reason: text() }, &facts_of("fang", finance));
    assert!(matches!(refused, WorkRefusal::Leaders { fault: LeadersFault::TheyDecided, .. }));
}

#[test]
fn an_assignment_is_refused_within_one_working_day() {
    let desk = desk_with(work_at(Phase::Assigned));
    let (step, actor) = step("refuse");
    let end = "2026-03-04T00:00:00+08:00".parse::<Timestamp>().expect("an instant");
    let facts = |now| Facts { now, ..facts_of("fang", actor) };
    assert!(decide(&desk, &step, &facts(end)).is_ok(), "on the last instant");
    let late = refused(&desk, &step, &facts(end + jiff::SignedDuration::from_secs(1)));
    assert_eq!(late, WorkRefusal::Late { paper: desk.paper.name.to_string(), until: end });
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

#[test]
fn an_extension_is_asked_for_in_time_once_and_decided_by_another() {
    let (ask, lead) = step("extend");
    let (grant, office) = step("grant");
    let desk = prepared(desk_with(work_at(Phase::Accepted)), "extend");
    let facts = facts_of("fang", lead);
    let stands = Date::constant(2026, 3, 16);
    let again = Step::RequestExtension { due: stands, reason: text() };
    let fault = DueFault::NotLater { day: stands, stands: Some(stands) };
    assert_eq!(refused(&desk, &again, &facts), WorkRefusal::Due { paper: desk.paper.name.to_string(), fault });
    let end = vocabulary::time::end_of_day(stands);
    let late = Facts { now: end + jiff::SignedDuration::from_secs(1), ..facts.clone() };
    assert_eq!(refused(&desk, &ask, &late), WorkRefusal::Late { paper: desk.paper.name.to_string(), until: end });
    assert!(matches!(decide(&desk, &grant, &facts_of("wang", office)), Err(Refusal::Stage { .. })), "nobody asked");

    let desk = decide(&desk, &ask, &facts).expect("allowed").iter().fold(desk, apply);
    assert!(matches!(refused(&desk, &ask, &facts), WorkRefusal::Once { .. }));
    assert!(matches!(refused(&desk, &grant, &facts_of("fang", office)), WorkRefusal::OwnResult { .. }));
    let desk = decide(&desk, &grant, &facts_of("wang", office)).expect("allowed").iter().fold(desk, apply);
    let due = desk.paper.dossier.due.expect("a due");
    assert_eq!((due.last, due.source), (Deadline::On(DAY), DueSource::Extension));
    assert!(decide(&desk, &grant, &facts_of("wang", office)).is_err(), "once");
    assert!(matches!(refused(&desk, &ask, &facts), WorkRefusal::Once { .. }), "once for each paper");
}

#[test]
fn two_papers_are_linked_only_where_they_may_be() {
    let (merge, office) = step("merge");
    let facts = facts_of("wang", office);
    type Change = fn(&mut Desk);
    let rows: [(Change, LinkFault); 4] = [
        (|desk| desk.other = None, LinkFault::Absent),
        (|desk| desk.document = DocumentWaits::Yes, LinkFault::DocumentWaits),
        (
            |desk| {
                let mut other = other();
                other.stage = Stage::Arrived;
                desk.other = Some(other);
            },
            LinkFault::NotOpen,
        ),
        (
            |desk| {
                let mut other = other();
                let recall = Recall { document_number: text(), reason: text(), at: at(1) };
                other.stage = Stage::Recalled { recall };
                desk.other = Some(other);
            },
            LinkFault::NotOpen,
        ),
    ];
    for (change, expected) in rows {
        let mut desk = prepared(desk_with(Work::default()), "merge");
        change(&mut desk);
        let refused = refused(&desk, &merge, &facts);
        assert!(matches!(refused, WorkRefusal::Link { fault, .. } if fault == expected), "{refused:?}");
    }
    let mut desk = prepared(desk_with(Work::default()), "merge");
    let itself = Step::Merge { into: desk.paper.name.clone(), reason: text() };
    desk.other = Some(desk.paper.clone());
    assert!(matches!(refused(&desk, &itself, &facts), WorkRefusal::Link { fault: LinkFault::Foreign, .. }));

    let (transfer, office) = step("transfer");
    let there = Desk { other: Some(other()), ..desk_with(Work::default()) };
    let refused_there = refused(&there, &transfer, &facts_of("wang", office));
    assert!(matches!(refused_there, WorkRefusal::Link { fault: LinkFault::There, .. }));
    let own = Step::Transfer { to: Institution::Office, reason: text() };
    let refused_own = refused(&desk_with(Work::default()), &own, &facts);
    assert!(matches!(refused_own, WorkRefusal::Link { fault: LinkFault::Foreign, .. }));
    let checked = Check { document: Some("documents/d".to_owned()), ..checked() };
    let stage = Stage::Worked { signed: signed(), registered: registered(), checked, work: Box::default() };
    let document = refused(&desk_at(stage.clone()), &transfer, &facts);
    assert!(matches!(document, WorkRefusal::Link { fault: LinkFault::Document, .. }));
    let mut waiting = prepared(desk_with(work_at(Phase::Completed)), "archive");
    waiting.document = DocumentWaits::Yes;
    let waits = refused(&waiting, &Step::Archive, &facts);
    assert!(matches!(waits, WorkRefusal::Link { fault: LinkFault::DocumentWaits, .. }));
}

/// §8.9 no. 12: what comes with another digest under the same number stands in the book once OFFICE links it.
#[test]
fn a_later_version_replaces_the_one_in_the_book() {
    let old = other();
    let register = |supersedes: Option<PaperName>| Step::Register { supersedes };
    let base = Desk {
        namesake: Some(old.name.clone()),
        other: Some(old.clone()),
        ..desk_at(Stage::SignedFor { signed: signed() })
    };
    let office = facts_of("wang", officer(Institution::Office));
    let alone = decide(&base, &register(None), &office);
    assert!(matches!(alone, Err(Refusal::Conflict { .. })));
    let events = decide(&base, &register(Some(old.name.clone())), &office).expect("allowed");
    let after = events.iter().fold(base.clone(), apply);
    assert_eq!(
        (after.paper.stage.as_str(), after.paper.dossier.supersedes.clone()),
        ("REGISTERED", Some(old.name.clone()))
    );
    let replaced = after.other.expect("the other");
    assert_eq!((replaced.stage.as_str(), replaced.dossier.superseded_by.clone()), ("MERGED", Some(after.paper.name)));
    assert!(!replaced.stands());

    let done = Paper { stage: desk_with(work_at(Phase::Archived)).paper.stage, ..old.clone() };
    let closed = Desk { other: Some(done), ..base.clone() };
    let events = decide(&closed, &register(Some(old.name.clone())), &office).expect("allowed");
    let kept = events.iter().fold(closed, apply).other.expect("the other");
    assert_eq!((kept.stage.as_str(), kept.stands()), ("ARCHIVED", false));

    let mut foreign = old.clone();
    foreign.arrival.summary.issuer = "昆山市财政局".to_owned();
    let gone = Paper { stage: Stage::Arrived, ..old.clone() };
    let rows = [
        (Desk { other: None, ..base.clone() }, LinkFault::Absent),
        (Desk { other: Some(foreign), ..base.clone() }, LinkFault::Foreign),
        (Desk { other: Some(gone), ..base.clone() }, LinkFault::NotInBook),
        (Desk { document: DocumentWaits::Yes, ..base.clone() }, LinkFault::DocumentWaits),
    ];
    for (desk, expected) in rows {
        let refused = refused(&desk, &register(Some(old.name.clone())), &office);
        assert!(matches!(refused, WorkRefusal::Link { fault, .. } if fault == expected), "{refused:?}");
    }
    // A bureau registers in its own inbox, but OFFICE links.
    let mut own = base;
    own.paper.name.inbox = Institution::Construction;
    let bureau = facts_of("sun", officer(Institution::Construction));
    let refused = decide(&own, &register(Some(old.name)), &bureau);
    assert_eq!(refused, Err(Refusal::OtherInbox { inbox: Institution::Construction }));
}

#[test]
fn the_county_recalls_what_nobody_has_signed_for() {
    let recall = Recall { document_number: "昆政发〔2026〕9号".to_owned(), reason: text(), at: at(2) };
    let county = facts_of("", Actor::Service);
    for stage in stages() {
        let desk = desk_at(stage.clone());
        let decided = decide(&desk, &Step::Recall(recall.clone()), &county);
        if stage == Stage::Arrived {
            let after = decided.expect("allowed").iter().fold(desk, apply);
            assert_eq!(after.paper.stage, Stage::Recalled { recall: recall.clone() });
            assert_eq!(decide(&after, &Step::Recall(recall.clone()), &county), Ok(Vec::new()), "it stays so");
        } else {
            let (paper, inbox) = (desk.paper.name.to_string(), Institution::Office);
            let refused = WorkRefusal::Recall { paper, inbox, signed: at(1) };
            assert_eq!(decided, Err(Refusal::from(refused)), "{}", stage.as_str());
        }
    }
    let late = Desk { recalled: Some(recall), ..desk_at(Stage::Arrived) };
    assert!(matches!(decide(&late, &Step::SignFor, &facts()), Err(Refusal::Stage { .. })), "what came too late");
}

#[test]
fn whoever_has_a_part_reads_the_paper() {
    use super::allowed::may_read_paper;
    let desk = desk_with(work_at(Phase::Assigned));
    for institution in Institution::ALL {
        let reads = [Institution::Office, Institution::Finance, Institution::Economy, Institution::Service]
            .contains(&institution);
        assert_eq!(may_read_paper(Some(institution), &desk.paper).is_ok(), reads, "{institution}");
    }
    assert!(may_read_paper(None, &desk.paper).is_err());
}
