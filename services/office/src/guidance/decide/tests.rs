use std::collections::BTreeSet;
use std::sync::Arc;

use proptest::prelude::*;
use uuid::Uuid;
use vocabulary::{Date, FieldCode, Timestamp, WorkingCalendar};

use super::*;
use crate::coordination::settings::{CoordinationSettings, Rules};
use crate::guidance::state::Validity;
use crate::register::settings::RegisterSettings;

const CONSTRUCTION: Post = Post::Institution(Institution::Construction);
const SERVICE: Post = Post::Institution(Institution::Service);
const ENFORCEMENT: Post = Post::Institution(Institution::Enforcement);
const ID: GuidanceId = GuidanceId(Uuid::from_u128(1));
const LATER: GuidanceId = GuidanceId(Uuid::from_u128(2));

fn rules() -> Arc<Rules> {
    let calendar = WorkingCalendar::official().clone();
    let fields = RegisterSettings::default().fields;
    Arc::new(Rules::new(&CoordinationSettings::default(), &fields, calendar).expect("rules"))
}

/// Somebody acts for a party on a day of March 2026, at nine.
fn on(day: &str, party: Post, person: &str) -> Facts {
    let now: Timestamp = format!("{day}T09:00:00+08:00").parse().expect("an instant");
    Facts { now, party: Some(party), person: person.to_owned(), rules: rules() }
}

fn terms() -> Terms {
    Terms {
        title: "占道经营执法指导".to_owned(),
        text: "对占道经营首次违法情节轻微的，可以不予处罚".to_owned(),
        basis: "江苏省城市市容和环境卫生管理条例".to_owned(),
        fields: vec![FieldCode::parse("URBAN").expect("a field")],
        from: Date::constant(2026, 3, 1),
        to: Date::constant(2026, 12, 31),
        fronts: vec![Institution::Service, Institution::Enforcement],
        source_paper: None,
        supersedes: None,
    }
}

fn empty() -> Desk {
    Desk { guidance: None, earlier: None, earlier_version: 0, source: None }
}

fn take(desk: Desk, id: GuidanceId, step: &Step, facts: &Facts) -> Desk {
    let events = decide(&desk, id, step, facts).unwrap_or_else(|refusal| panic!("{step:?}: {refusal:?}"));
    events.iter().fold(desk, apply)
}

fn drafted() -> Desk {
    take(empty(), ID, &Step::Draft(Box::new(terms())), &on("2026-03-02", CONSTRUCTION, "chen"))
}

fn issued() -> Desk {
    let desk = take(drafted(), ID, &Step::Review, &on("2026-03-02", CONSTRUCTION, "lu"));
    take(desk, ID, &Step::Issue, &on("2026-03-02", CONSTRUCTION, "chen"))
}

fn signed() -> Desk {
    take(issued(), ID, &Step::SignFor, &on("2026-03-03", ENFORCEMENT, "he"))
}

fn objection(number: u128) -> ObjectionId {
    ObjectionId { guidance: ID, id: Uuid::from_u128(number) }
}

fn objecting(number: u128, ground: Ground) -> Step {
    let (reasons, points) = ("与省条例第十条不一致".to_owned(), vec!["首次违法的认定".to_owned()]);
    Step::Object(Objecting { id: objection(number), ground, reasons, points })
}

fn answer(text: &str) -> Step {
    Step::Answer { objection: objection(7), text: text.to_owned() }
}

fn settle(number: u128, outcome: Outcome) -> Step {
    Step::Settle { objection: objection(number), outcome, text: "按省条例执行".to_owned() }
}

fn refused(desk: &Desk, step: &Step, facts: &Facts) -> Refusal {
    decide(desk, ID, step, facts).expect_err("it is refused")
}

fn guidance(desk: &Desk) -> &Guidance {
    desk.guidance.as_ref().expect("guidance")
}

fn duties(desk: &Desk) -> Vec<(Post, DutyKind, Option<Date>)> {
    guidance(desk).duties.iter().map(|duty| (duty.party, duty.kind, duty.last_day())).collect()
}

#[test]
fn guidance_is_drafted_reviewed_issued_and_signed_for() {
    let desk = drafted();
    assert_eq!(duties(&desk), [(CONSTRUCTION, DutyKind::Review, None)]);
    let desk = issued();
    let by = Some(Date::constant(2026, 3, 4));
    assert_eq!(duties(&desk), [(SERVICE, DutyKind::SignFor, by), (ENFORCEMENT, DutyKind::SignFor, by)]);
    let desk = signed();
    assert_eq!(duties(&desk), [(SERVICE, DutyKind::SignFor, by)]);
    assert!(guidance(&desk).signing(Institution::Enforcement).is_some());
}

#[test]
fn it_is_in_force_by_its_days_and_not_before_its_issue() {
    let desk = issued();
    let (from, to) = guidance(&desk).in_force().expect("it is issued");
    assert_eq!((from, to), (Date::constant(2026, 3, 2), Date::constant(2026, 12, 31)));
    let validity = |desk: &Desk, day| guidance(desk).validity(day);
    assert_eq!(validity(&desk, Date::constant(2026, 3, 1)), Validity::NotYet);
    assert_eq!(validity(&desk, from), Validity::InForce);
    assert_eq!(validity(&desk, to), Validity::InForce);
    assert_eq!(validity(&desk, Date::constant(2027, 1, 1)), Validity::Expired);
    assert_eq!(validity(&drafted(), from), Validity::NotYet);
    let withdraw = Step::Withdraw { reason: "另行规定".to_owned() };
    let desk = take(desk, ID, &withdraw, &on("2026-03-10", CONSTRUCTION, "chen"));
    assert_eq!(validity(&desk, Date::constant(2026, 3, 9)), Validity::InForce, "history stays");
    assert_eq!(validity(&desk, Date::constant(2026, 3, 10)), Validity::Ended);
}

#[test]
fn a_draft_fixes_no_outcome_of_a_case() {
    for change in [
        (|it| it.text = "准予申请 ZP20260301000012".to_owned()) as fn(&mut Terms),
        |it| it.title = "关于不予受理 ZP20260301000012 的指导".to_owned(),
        |it| it.basis = "ZPCF202600012 应当罚款5000元".to_owned(),
        |it| {
            it.title = "关于 ZP20260301000012 的指导".to_owned();
            it.text = "予以许可".to_owned();
        },
    ] {
        let mut terms = terms();
        change(&mut terms);
        let refused = refused(&empty(), &Step::Draft(Box::new(terms)), &on("2026-03-02", CONSTRUCTION, "chen"));
        assert!(matches!(refused, Refusal::CaseInstruction(_)), "{refused:?}");
    }
}

#[test]
fn an_institution_guides_in_its_own_fields() {
    let draft = |party, fields: &[&str]| {
        let fields = fields.iter().map(|field| FieldCode::parse(field).expect("a field")).collect();
        let terms = Terms { fields, ..terms() };
        decide(&empty(), ID, &Step::Draft(Box::new(terms)), &on("2026-03-02", party, "chen")).map(|_| ())
    };
    assert_eq!(draft(CONSTRUCTION, &["URBAN", "WATER"]), Ok(()));
    assert_eq!(draft(Post::Leaders, &["URBAN", "EDUCATION"]), Ok(()));
    assert_eq!(draft(Post::Leaders, &[]), Ok(()));
    assert_eq!(draft(Post::Institution(Institution::Finance), &[]), Ok(()), "FINANCE supervises no field");
    for (party, fields, field) in [
        (CONSTRUCTION, &["URBAN", "EDUCATION"][..], "EDUCATION"),
        (CONSTRUCTION, &[], ""),
        (CONSTRUCTION, &["UNKNOWN"], "UNKNOWN"),
        (Post::Institution(Institution::Finance), &["URBAN"], "URBAN"),
    ] {
        let institution = party.code().to_owned();
        assert_eq!(draft(party, fields), Err(Refusal::Field { field: field.to_owned(), institution }));
    }
    for front in [SERVICE, ENFORCEMENT] {
        assert!(matches!(draft(front, &["URBAN"]), Err(Refusal::Turn { .. })));
    }
}

#[test]
fn a_source_lies_in_an_inbox_that_may_be_drawn_on() {
    let source = |returned| Source { document_number: String::new(), title: String::new(), returned, opened: false };
    let draft = |party: Post, paper: Option<&str>, found: Option<Source>| {
        let terms = Terms { source_paper: paper.map(str::to_owned), ..terms() };
        let desk = Desk { source: found, ..empty() };
        decide(&desk, ID, &Step::Draft(Box::new(terms)), &on("2026-03-02", party, "chen")).map(|_| ())
    };
    let (own, office, other) = ("inboxes/CONSTRUCTION/papers/a", "inboxes/OFFICE/papers/a", "inboxes/SOCIAL/papers/a");
    let fault = |paper: &str, fault| Err(Refusal::Source { paper: paper.to_owned(), fault });
    assert_eq!(draft(CONSTRUCTION, Some(own), Some(source(false))), Ok(()));
    assert_eq!(draft(CONSTRUCTION, Some(office), Some(source(false))), Ok(()));
    assert_eq!(draft(CONSTRUCTION, Some(other), Some(source(false))), fault(other, SourceFault::Elsewhere));
    assert_eq!(draft(CONSTRUCTION, Some(own), None), fault(own, SourceFault::Elsewhere));
    assert_eq!(draft(CONSTRUCTION, Some(own), Some(source(true))), fault(own, SourceFault::Returned));
    assert_eq!(draft(OFFICE, Some(office), Some(source(false))), Ok(()));
    assert_eq!(draft(OFFICE, None, None), Err(Refusal::Relay), "OFFICE relays only");
}

#[test]
fn nobody_reviews_his_own_draft() {
    let desk = drafted();
    let own = refused(&desk, &Step::Review, &on("2026-03-02", CONSTRUCTION, "chen"));
    assert_eq!(own, Refusal::FourEyes { person: "chen".to_owned() });
    let other = refused(&desk, &Step::Review, &on("2026-03-02", Post::Institution(Institution::Social), "lu"));
    assert!(matches!(other, Refusal::Turn { .. }));
    assert!(decide(&desk, ID, &Step::Review, &on("2026-03-02", OFFICE, "fa")).is_ok(), "OFFICE's legal post reviews");
}

#[test]
fn only_what_was_reviewed_is_issued_and_only_in_its_days() {
    let early = refused(&drafted(), &Step::Issue, &on("2026-03-02", CONSTRUCTION, "chen"));
    assert!(matches!(early, Refusal::Stage { stage: "DRAFT", wanted: "REVIEWED", .. }));
    let desk = take(drafted(), ID, &Step::Review, &on("2026-03-02", CONSTRUCTION, "lu"));
    let foreign = refused(&desk, &Step::Issue, &on("2026-03-02", OFFICE, "wang"));
    assert!(matches!(foreign, Refusal::Turn { .. }));
    let late = refused(&desk, &Step::Issue, &on("2027-01-01", CONSTRUCTION, "chen"));
    assert!(matches!(late, Refusal::Validity { .. }));
    let twice = refused(&issued(), &Step::Issue, &on("2026-03-02", CONSTRUCTION, "chen"));
    assert!(matches!(twice, Refusal::Stage { stage: "ISSUED", .. }));
}

#[test]
fn later_guidance_takes_the_place_of_the_earlier_one() {
    let earlier = Terms { supersedes: Some(ID), ..terms() };
    let before =
        guidance(&take(signed(), ID, &objecting(7, Ground::Content), &on("2026-03-04", ENFORCEMENT, "he"))).clone();
    let with = |earlier: Option<Guidance>| Desk { earlier, ..empty() };
    let desk = |party| {
        let draft = Step::Draft(Box::new(earlier.clone()));
        decide(&with(Some(before.clone())), LATER, &draft, &on("2026-03-05", party, "chen")).map(|_| ())
    };
    assert_eq!(desk(CONSTRUCTION), Ok(()));
    assert_eq!(desk(Post::Leaders), Ok(()));
    let facts = on("2026-03-05", CONSTRUCTION, "chen");
    let draft = Step::Draft(Box::new(earlier.clone()));
    for wrong in [None, drafted().guidance] {
        let refused = decide(&with(wrong), LATER, &draft, &facts).expect_err("nothing to supersede");
        assert!(matches!(refused, Refusal::Supersedes { .. }));
    }
    let foreign = Guidance { institution: Post::Institution(Institution::Social), ..before.clone() };
    assert!(matches!(decide(&with(Some(foreign)), LATER, &draft, &facts), Err(Refusal::Supersedes { .. })));

    let desk = take(with(Some(before)), LATER, &draft, &facts);
    let desk = take(desk, LATER, &Step::Review, &on("2026-03-05", CONSTRUCTION, "lu"));
    let withdrawn = End::Withdrawn { reason: "依据已废止".to_owned() };
    let gone = desk.earlier.as_ref().map(|earlier| super::ended(earlier, withdrawn, &facts.done()));
    let late = decide(&Desk { earlier: gone, ..desk.clone() }, LATER, &Step::Issue, &facts).map(|_| ());
    assert!(matches!(late, Err(Refusal::Supersedes { .. })), "what ended before the issue is superseded no more");
    let desk = take(desk, LATER, &Step::Issue, &facts);
    let ended = desk.earlier.as_ref().expect("the earlier one");
    assert_eq!((ended.stage(), guidance(&desk).stage()), ("SUPERSEDED", "ISSUED"));
    assert!(ended.duties.is_empty() && ended.disputed_points().is_empty());
    assert_eq!(ended.objections[0].settled.as_ref().map(|it| it.outcome), Some(Outcome::Amended));
    let again = decide(&Desk { guidance: None, ..desk.clone() }, LATER, &draft, &facts).map(|_| ());
    assert!(matches!(again, Err(Refusal::Supersedes { .. })), "what ended is superseded no more");
}

#[test]
fn the_fronts_that_are_guided_sign_once() {
    let desk = signed();
    let twice = refused(&desk, &Step::SignFor, &on("2026-03-03", ENFORCEMENT, "he"));
    assert!(matches!(twice, Refusal::Stage { stage: "SIGNED_FOR", .. }));
    assert!(matches!(refused(&desk, &Step::SignFor, &on("2026-03-03", CONSTRUCTION, "sun")), Refusal::Turn { .. }));
    let unissued = refused(&drafted(), &Step::SignFor, &on("2026-03-03", ENFORCEMENT, "he"));
    assert!(matches!(unissued, Refusal::Stage { wanted: "ISSUED", .. }));
    assert!(decide(&desk, ID, &Step::SignFor, &on("2026-06-03", SERVICE, "ma")).is_ok(), "late is better than never");
}

#[test]
fn a_front_objects_once_in_its_days_after_signing() {
    let content = objecting(7, Ground::Content);
    let unsigned = refused(&issued(), &content, &on("2026-03-03", ENFORCEMENT, "he"));
    assert!(matches!(unsigned, Refusal::Stage { stage: "UNSIGNED", .. }));
    // Signed on Tuesday the 3rd: the fifth working day is the 10th.
    assert!(decide(&signed(), ID, &content, &on("2026-03-10", ENFORCEMENT, "he")).is_ok());
    let late = refused(&signed(), &content, &on("2026-03-11", ENFORCEMENT, "he"));
    assert_eq!(late, Refusal::ObjectionLate { days: 5 });
    let desk = take(signed(), ID, &content, &on("2026-03-04", ENFORCEMENT, "he"));
    assert_eq!(guidance(&desk).disputed_points(), ["首次违法的认定"]);
    let again = refused(&desk, &objecting(8, Ground::Content), &on("2026-03-04", ENFORCEMENT, "he"));
    assert_eq!(again, Refusal::Objected { objection: objection(7).to_string() });
    let foreign = refused(&signed(), &content, &on("2026-03-04", CONSTRUCTION, "chen"));
    assert!(matches!(foreign, Refusal::Turn { .. }));
}

#[test]
fn an_objection_is_answered_and_settled() {
    let desk = take(signed(), ID, &objecting(7, Ground::Content), &on("2026-03-04", ENFORCEMENT, "he"));
    let due = Some(Date::constant(2026, 3, 11));
    assert!(duties(&desk).contains(&(CONSTRUCTION, DutyKind::AnswerObjection, due)));
    let early = refused(&desk, &settle(7, Outcome::Upheld), &on("2026-03-05", Post::Leaders, "zhou"));
    assert!(matches!(early, Refusal::Stage { stage: "OPEN", wanted: "ANSWERED", .. }));
    let foreign = refused(&desk, &answer("维持"), &on("2026-03-05", OFFICE, "wang"));
    assert!(matches!(foreign, Refusal::Turn { .. }));
    let instructing = refused(&desk, &answer("ZPCF202600012 不得立案"), &on("2026-03-05", CONSTRUCTION, "chen"));
    assert!(matches!(instructing, Refusal::CaseInstruction(_)));
    let desk = take(desk, ID, &answer("维持"), &on("2026-03-05", CONSTRUCTION, "chen"));
    let twice = refused(&desk, &answer("又维持"), &on("2026-03-05", CONSTRUCTION, "chen"));
    assert!(matches!(twice, Refusal::Stage { stage: "ANSWERED", .. }));
    let forwarded = refused(&desk, &Step::Forward(objection(7)), &on("2026-03-05", OFFICE, "wang"));
    assert!(matches!(forwarded, Refusal::Stage { .. }));
    let foreign = refused(&desk, &settle(7, Outcome::Upheld), &on("2026-03-06", CONSTRUCTION, "chen"));
    assert!(matches!(foreign, Refusal::Turn { .. }));
    let own = refused(&desk, &settle(7, Outcome::Upheld), &on("2026-03-06", Post::Leaders, "chen"));
    assert!(matches!(own, Refusal::FourEyes { .. }));
    let text = "ZPCF202600012 从轻处罚".to_owned();
    let step = Step::Settle { objection: objection(7), outcome: Outcome::Amended, text };
    let instructing = refused(&desk, &step, &on("2026-03-06", Post::Leaders, "zhou"));
    assert!(matches!(instructing, Refusal::CaseInstruction(_)));
    for (outcome, stage) in
        [(Outcome::Upheld, "ISSUED"), (Outcome::Amended, "ISSUED"), (Outcome::Withdrawn, "WITHDRAWN")]
    {
        let desk = take(desk.clone(), ID, &settle(7, outcome), &on("2026-03-06", Post::Leaders, "zhou"));
        assert_eq!((guidance(&desk).stage(), guidance(&desk).disputed_points().len()), (stage, 0));
        let again = refused(&desk, &settle(7, Outcome::Upheld), &on("2026-03-06", Post::Leaders, "zhou"));
        assert!(matches!(again, Refusal::Stage { stage: "SETTLED", .. }));
    }
}

#[test]
fn what_is_unlawful_goes_to_the_leaders_through_office() {
    let grounds = [Ground::Unlawful, Ground::GrantConflict { grant: "grants/1".to_owned() }];
    for ground in grounds {
        let desk = take(issued(), ID, &objecting(7, ground.clone()), &on("2026-06-01", SERVICE, "ma"));
        assert_eq!(guidance(&desk).disputed_points().len(), 1, "not applied until it is settled");
        assert!(duties(&desk).contains(&(OFFICE, DutyKind::ForwardObjection, Some(Date::constant(2026, 6, 2)))));
        let again = refused(&desk, &objecting(8, ground.clone()), &on("2026-06-01", SERVICE, "ma"));
        assert!(matches!(again, Refusal::Objected { .. }));
        let early = refused(&desk, &settle(7, Outcome::Upheld), &on("2026-06-01", Post::Leaders, "zhou"));
        assert!(matches!(early, Refusal::Stage { wanted: "FORWARDED", .. }));
        let direct = refused(&desk, &answer("维持"), &on("2026-06-01", CONSTRUCTION, "chen"));
        assert!(matches!(direct, Refusal::Stage { .. }));
        let foreign = refused(&desk, &Step::Forward(objection(7)), &on("2026-06-01", CONSTRUCTION, "chen"));
        assert!(matches!(foreign, Refusal::Turn { .. }));
        let desk = take(desk, ID, &Step::Forward(objection(7)), &on("2026-06-01", OFFICE, "wang"));
        let twice = refused(&desk, &Step::Forward(objection(7)), &on("2026-06-01", OFFICE, "wang"));
        assert!(matches!(twice, Refusal::Stage { stage: "FORWARDED", .. }));
        let desk = take(desk, ID, &settle(7, Outcome::Upheld), &on("2026-06-02", Post::Leaders, "zhou"));
        assert!(guidance(&desk).disputed_points().is_empty());
        assert!(
            decide(&desk, ID, &objecting(8, ground), &on("2026-06-03", SERVICE, "ma")).is_ok(),
            "a new one may come"
        );
    }
}

#[test]
fn an_answer_that_is_overdue_lets_the_leaders_settle() {
    let desk = take(signed(), ID, &objecting(7, Ground::Content), &on("2026-03-04", ENFORCEMENT, "he"));
    let desk = take(desk, ID, &Step::FallDue, &on("2026-03-12", CONSTRUCTION, ""));
    let settling = |desk: &Desk| duties(desk).iter().filter(|it| it.1 == DutyKind::SettleObjection).count();
    assert_eq!(settling(&desk), 1);
    assert!(guidance(&desk).duties.iter().filter(|duty| duty.alarmed.is_some()).count() >= 2);
    let again = decide(&desk, ID, &Step::FallDue, &on("2026-05-12", CONSTRUCTION, "")).expect("decided");
    assert!(again.is_empty(), "an alarm is raised once");
    let answered = take(desk.clone(), ID, &answer("维持"), &on("2026-03-13", CONSTRUCTION, "chen"));
    assert_eq!(settling(&answered), 1, "the leaders are asked once");
    let desk = take(desk, ID, &settle(7, Outcome::Amended), &on("2026-03-13", Post::Leaders, "zhou"));
    assert_eq!(duties(&desk).len(), 1, "only SERVICE has not signed");
}

#[test]
fn withdrawing_is_for_the_party_and_the_leaders() {
    let withdraw = Step::Withdraw { reason: "另行规定".to_owned() };
    for party in [OFFICE, SERVICE, Post::Institution(Institution::Social)] {
        assert!(matches!(refused(&issued(), &withdraw, &on("2026-03-05", party, "x")), Refusal::Turn { .. }));
    }
    for (desk, party) in [(issued(), Post::Leaders), (drafted(), CONSTRUCTION)] {
        let desk = take(desk, ID, &withdraw, &on("2026-03-05", party, "x"));
        assert_eq!((guidance(&desk).stage(), guidance(&desk).duties.len()), ("WITHDRAWN", 0));
        assert!(matches!(refused(&desk, &withdraw, &on("2026-03-05", party, "x")), Refusal::Stage { .. }));
    }
}

fn any_step() -> impl Strategy<Value = (Step, Post, &'static str)> {
    let ground = prop_oneof![Just(Ground::Content), Just(Ground::Unlawful)];
    let outcome = prop_oneof![Just(Outcome::Upheld), Just(Outcome::Amended), Just(Outcome::Withdrawn)];
    let number = 7_u128..10;
    let step = prop_oneof![
        2 => Just(Step::Review),
        2 => Just(Step::Issue),
        1 => Just(Step::Withdraw { reason: "x".to_owned() }),
        4 => Just(Step::SignFor),
        6 => (number.clone(), ground).prop_map(|(number, ground)| objecting(number, ground)),
        3 => number.clone().prop_map(|number| Step::Forward(objection(number))),
        3 => number.clone().prop_map(|number| Step::Answer { objection: objection(number), text: "维持".to_owned() }),
        4 => (number, outcome).prop_map(|(number, outcome)| settle(number, outcome)),
        5 => Just(Step::FallDue),
    ];
    let party = prop_oneof![Just(CONSTRUCTION), Just(OFFICE), Just(SERVICE), Just(ENFORCEMENT), Just(Post::Leaders)];
    (step, party, prop_oneof![Just("chen"), Just("lu")])
}

proptest! {
    /// Whatever comes: nothing leads out of an end, what is overdue is seen, and each objection has somebody who must act.
    #[test]
    fn a_walk_keeps_what_must_be_true(walk in prop::collection::vec((any_step(), 0_i64..6), 1..40)) {
        let mut desk = drafted();
        let mut facts = on("2026-03-02", CONSTRUCTION, "");
        for ((step, party, person), days) in walk {
            let later = facts.now.checked_add(jiff::SignedDuration::from_hours(24 * days)).expect("an instant");
            facts = Facts { now: later, party: Some(party), person: person.to_owned(), ..facts };
            let before = guidance(&desk).clone();
            let Ok(events) = decide(&desk, ID, &step, &facts) else { continue };
            desk = events.iter().fold(desk, apply);
            let after = guidance(&desk);
            if matches!(before.stage, Stage::Ended { .. }) {
                prop_assert_eq!(&before, after, "no way out of an end");
            }
            let ended = matches!(after.stage, Stage::Ended { .. });
            prop_assert!(!ended || after.duties.is_empty());
            prop_assert_eq!(&after.terms, &before.terms, "what it says never changes");
            let open: BTreeSet<_> = after.objections.iter().filter(|it| it.settled.is_none()).map(|it| it.id.to_string()).collect();
            let about: BTreeSet<_> = after.duties.iter().map(|duty| duty.about.clone()).filter(|it| !it.is_empty()).collect();
            prop_assert_eq!(open, about, "an open objection has somebody who must act, a settled one nobody");
            let due = decide(&desk, ID, &Step::FallDue, &facts).expect("decided").into_iter().fold(desk.clone(), |desk, event| apply(desk, &event));
            prop_assert!(guidance(&due).duties.iter().all(|duty| !duty.is_overdue(facts.now) || duty.alarmed.is_some()));
            prop_assert!(guidance(&due).duties.iter().all(|duty| duty.next().is_none_or(|next| next > facts.now)), "the timer rests");
            let row = super::super::wire::content(guidance(&due));
            prop_assert_eq!(&super::super::wire::read_content(&row).expect("it reads back"), guidance(&due));
        }
    }
}
