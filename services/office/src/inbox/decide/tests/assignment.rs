//! To whom a paper may be assigned, until when, and who may refuse it.

use vocabulary::Deadline;

use super::super::super::refusal::{AssignmentFault, DueFault, LeadersFault, WorkRefusal};
use super::super::super::work::{DueSource, Phase, Work};
use super::work::{desk_with, facts_of, officer, refused, rules, step, text, wish, work_at};
use super::*;

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
    let rows: [(Change, AssignmentFault); 9] = [
        (|wish| wish.co_handlers.push(Institution::Finance), AssignmentFault::Twice),
        (|wish| wish.persons.push("li".to_owned()), AssignmentFault::Persons),
        (|wish| wish.class = ActionClass::Read, AssignmentFault::OnlyReaders),
        (|wish| (wish.class, wish.co_handlers) = (ActionClass::Read, Vec::new()), AssignmentFault::OnlyReaders),
        (|wish| (wish.class, wish.lead) = (ActionClass::Read, None), AssignmentFault::OnlyReaders),
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
