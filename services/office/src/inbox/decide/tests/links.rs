//! Extensions, and papers that are linked, recalled or read by others.

use vocabulary::Deadline;

use super::super::super::refusal::{DueFault, LinkFault, WorkRefusal};
use super::super::super::work::{DueSource, Phase, Work};
use super::work::{DAY, desk_with, facts_of, officer, other, prepared, refused, step, text, work_at};
use super::*;

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
    let mut without = desk.clone();
    without.paper.dossier.due = None;
    let fault = DueFault::NotLater { day: DAY, stands: None };
    assert_eq!(refused(&without, &ask, &facts), WorkRefusal::Due { paper: desk.paper.name.to_string(), fault });
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
    let rows: [(Change, LinkFault); 5] = [
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
        (
            |desk| {
                let done = desk_with(work_at(Phase::Archived)).paper.stage;
                desk.other = Some(Paper { stage: done, ..other() });
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
    let elsewhere = PaperName { inbox: Institution::Construction, ..other().name };
    desk.other = Some(Paper { name: elsewhere.clone(), ..other() });
    let abroad = Step::Merge { into: elsewhere, reason: text() };
    assert!(matches!(refused(&desk, &abroad, &facts), WorkRefusal::Link { fault: LinkFault::Foreign, .. }));

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
    // Neither itself, nor a paper of another inbox's book.
    let elsewhere = PaperName { inbox: Institution::Construction, ..old.name.clone() };
    for (name, paper) in [
        (base.paper.name.clone(), Paper { name: base.paper.name.clone(), ..old.clone() }),
        (elsewhere.clone(), Paper { name: elsewhere, ..old.clone() }),
    ] {
        let desk = Desk { other: Some(paper), ..base.clone() };
        let refused = refused(&desk, &register(Some(name)), &office);
        assert!(matches!(refused, WorkRefusal::Link { fault: LinkFault::Foreign, .. }), "{refused:?}");
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
