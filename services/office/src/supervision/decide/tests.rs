//! Every row of supervision, and every refusal.

use jiff::SignedDuration;
use proptest::prelude::*;
use uuid::Uuid;
use vocabulary::{Date, Deadline, DocumentNumber, Institution, Timestamp};

use super::accountability::{Instrument, Proposal};
use super::testing::{ID, at, closed_case, facts, facts_of, field, issue, issued, open_case, reviewed};
use super::{accountability, instrument, no_suspension, review, sample};
use crate::oversight::facts::Facts;
use crate::oversight::refusal::{CaseFault, EvidenceFault, OwnWork, Refusal};
use crate::supervision::state::{
    Accountability, Addressee, CaseLine, CaseReview, Fault, OpinionStage, Quarter, Sample, SupervisionOpinion,
};

// === samples ===

fn plan(facts: &Facts, code: &str, quarter: &str, other: Option<&str>) -> Result<Sample, Refusal> {
    let quarter = Quarter::parse(quarter).expect("a quarter");
    let step = sample::Step::Plan { quarter, field: field(code), service: "service-center".to_owned() };
    sample::decide(None, &other.map(str::to_owned), ID, &step, facts).map(|made| made.expect("a sample").0)
}

fn drawn(sample: &Sample, facts: &Facts) -> Result<Sample, Refusal> {
    sample::decide(Some(sample), &None, ID, &sample::Step::Draw, facts).map(|made| made.expect("a sample").0)
}

#[test]
fn the_seed_is_fixed_before_the_list_is_read_and_chosen_by_nobody() {
    let sample = plan(&facts(), "HOUSING", "2025Q4", None).expect("planned");
    assert_eq!((sample.seed.as_str(), sample.draw.is_none()), ("2025Q4-HOUSING-a1b2", true));
    assert_eq!(sample.institution, Institution::Construction);
}

#[test]
fn a_sample_is_planned_by_who_supervises_the_field_once_the_quarter_is_over_and_once() {
    let foreign = plan(&facts(), "HEALTH", "2025Q4", None);
    assert_eq!(foreign, Err(Refusal::Field { field: "HEALTH".to_owned(), supervisor: Some(Institution::Social) }));
    let unknown = plan(&facts(), "SPACE", "2025Q4", None);
    assert_eq!(unknown, Err(Refusal::Field { field: "SPACE".to_owned(), supervisor: None }));
    let early = plan(&facts(), "HOUSING", "2026Q1", None);
    assert_eq!(early, Err(Refusal::Quarter { quarter: "2026Q1".to_owned(), end: "2026-04-01".to_owned() }));
    let on_time = Facts { now: at("2026-04-01T00:00:00"), ..facts() };
    assert!(plan(&on_time, "HOUSING", "2026Q1", None).is_ok());
    let last_second = Facts { now: at("2026-03-31T23:59:59"), ..facts() };
    assert!(plan(&last_second, "HOUSING", "2026Q1", None).is_err());
    let again = plan(&facts(), "HOUSING", "2025Q4", Some("samples/x"));
    assert_eq!(again, Err(Refusal::Sampled { other: "samples/x".to_owned() }));
}

#[test]
fn a_draw_can_be_repeated_from_seed_and_list() {
    let sample = plan(&facts(), "HOUSING", "2025Q4", None).expect("planned");
    let closed: Vec<String> = (1..=81).map(|serial| format!("cases/ZP20251001{serial:06}")).collect();
    let known = Facts { closed: closed.clone(), ..facts() };
    let drawn_once = drawn(&sample, &known).expect("drawn");
    let draw = drawn_once.draw.clone().expect("a draw");
    assert_eq!((draw.listed, draw.cases.len()), (81, 5));
    let again = vocabulary::draw::draw(&sample.seed, closed.iter().map(String::as_str), 5);
    assert_eq!((again.drawn, again.list_digest), (draw.cases, draw.list_digest));
    let refused = drawn(&drawn_once, &known);
    assert!(matches!(refused, Err(Refusal::Stage { stage: "DRAWN", .. })), "{refused:?}");
    let other = Facts { closed, ..facts_of(Institution::Social, "xu") };
    assert_eq!(drawn(&sample, &other), Err(Refusal::OtherParty { party: "CONSTRUCTION".to_owned() }));
}

#[test]
fn where_few_cases_were_closed_all_are_drawn() {
    let sample = plan(&facts(), "HOUSING", "2025Q4", None).expect("planned");
    for count in 0..4 {
        let closed: Vec<String> = (0..count).map(|serial| format!("cases/{serial}")).collect();
        let draw = drawn(&sample, &Facts { closed, ..facts() }).expect("drawn").draw.expect("a draw");
        assert_eq!(draw.cases.len(), count.min(3));
    }
}

// === reviews ===

fn record(facts: &Facts, other: Option<&str>, fact: &str) -> Result<CaseReview, Refusal> {
    let rule = "行政许可法第三十八条".to_owned();
    let findings = vec![crate::supervision::state::Finding { fact: fact.to_owned(), rule }];
    let step = review::Step { service: "service-center".to_owned(), case_name: closed_case().name, findings };
    review::decide(&other.map(str::to_owned), ID, &step, facts).map(|made| made.expect("a review").0)
}

/// Who supervises what is refused, also for supervision opinions.
fn own_works() -> Vec<(Facts, Refusal)> {
    let own = |own| Refusal::SelfSupervise { case: closed_case().name, own };
    let handled_here = CaseLine { handler: Institution::Construction, ..closed_case() };
    let other_supervisor = CaseLine { supervisor: Institution::Social, ..closed_case() };
    vec![
        (Facts { case: Some(handled_here), ..facts() }, own(OwnWork::Institution)),
        (facts_of(Institution::Construction, "wei"), own(OwnWork::Person)),
        (Facts { was_at_front: true, ..facts() }, own(OwnWork::FormerPost)),
        (
            Facts { case: Some(other_supervisor), ..facts() },
            Refusal::Field {
                field: "cases/ZP20251001000001 (HOUSING)".to_owned(),
                supervisor: Some(Institution::Social),
            },
        ),
        (Facts { case: None, ..facts() }, Refusal::Case { case: "the case".to_owned(), fault: CaseFault::Unreadable }),
    ]
}

#[test]
fn a_closed_case_is_reviewed_by_its_supervisor_and_by_nobody_who_handled_it() {
    let review = record(&facts(), None, "未告知诉权").expect("reviewed");
    assert_eq!((review.quarter.to_string().as_str(), review.case), ("2025Q4", closed_case()));
    for (facts, refusal) in own_works() {
        assert_eq!(record(&facts, None, "未告知诉权"), Err(refusal));
    }
}

#[test]
fn an_open_case_is_not_reviewed_and_a_closed_one_once() {
    let open = Facts { case: Some(open_case()), ..facts() };
    let refused = record(&open, None, "未告知诉权");
    assert_eq!(refused, Err(Refusal::Case { case: open_case().name, fault: CaseFault::Open }));
    let again = record(&facts(), Some("caseReviews/x"), "未告知诉权");
    assert_eq!(again, Err(Refusal::Reviewed { other: "caseReviews/x".to_owned() }));
    let instruction = record(&facts(), None, "应撤销该案");
    assert!(matches!(instruction, Err(Refusal::Instruction { .. })), "{instruction:?}");
}

// === supervision opinions ===

fn step(
    opinion: Option<&SupervisionOpinion>,
    step: &instrument::Step,
    facts: &Facts,
) -> Result<SupervisionOpinion, Refusal> {
    instrument::decide(opinion, &None, ID, step, facts).map(|made| made.expect("something happens").0)
}

fn with_facts(text: &str) -> instrument::Step {
    instrument::Step::Issue(instrument::Issue { facts: text.to_owned(), ..issue() })
}

fn answer() -> instrument::Step {
    instrument::Step::Answer { text: "已补正".to_owned() }
}

fn reject() -> instrument::Step {
    instrument::Step::Reject { reason: "未附送达回证".to_owned() }
}

fn close() -> instrument::Step {
    instrument::Step::Close { note: "已整改".to_owned() }
}

fn front() -> Facts {
    facts_of(Institution::Service, "wei")
}

fn later(facts: Facts, text: &str) -> Facts {
    Facts { now: at(text), ..facts }
}

#[test]
fn an_opinion_says_facts_and_rule_and_asks_for_one_of_four_things() {
    let opinion = issued();
    assert_eq!((opinion.stage(), opinion.front()), (OpinionStage::Issued, Institution::Service));
    assert_eq!(opinion.limit.last_day(), Some(Date::constant(2026, 3, 16)), "ten working days");
    assert_eq!(SupervisionOpinion { serial: 3, ..opinion }.number(), "张建监督〔2026〕3号");
    for (facts, refusal) in own_works() {
        assert_eq!(step(None, &instrument::Step::Issue(issue()), &facts), Err(refusal));
    }
}

#[test]
fn an_opinion_fixes_no_outcome() {
    let open = Facts { case: Some(open_case()), ..facts() };
    for text in ["准予申请 ZP20260301000012", "该案应当处罚", "请撤销该案"] {
        for facts in [&facts(), &open] {
            let refused = step(None, &with_facts(text), facts);
            assert!(matches!(refused, Err(Refusal::Instruction { .. })), "{text}: {refused:?}");
        }
    }
    // An open case is named by the instrument itself.
    let unnamed = with_facts("应当准予");
    assert!(matches!(step(None, &unnamed, &open), Err(Refusal::Instruction { .. })));
    assert!(step(None, &with_facts("超过法定期限未作出决定，请说明理由"), &open).is_ok());
    let told = with_facts("作出不予许可决定时未告知诉权");
    assert!(step(None, &told, &facts()).is_ok(), "a closed case may be told of");
    let rule =
        instrument::Step::Issue(instrument::Issue { rule: "对ZPCF202600012从轻处罚".to_owned(), ..issue() });
    assert!(matches!(step(None, &rule, &facts()), Err(Refusal::Instruction { .. })));
}

#[test]
fn an_opinion_suspends_nothing() {
    for text in ["在答复前暂停办理", "请中止该程序", "暂 缓 发证", "先搁置"] {
        let refused = step(None, &with_facts(text), &facts());
        assert!(matches!(refused, Err(Refusal::Suspends { .. })), "{text}: {refused:?}");
    }
    for text in ["已中止三十日，请说明中止的理由", "擅自暂停办理", "请说明暂停的依据", "不得停止办理"]
    {
        assert_eq!(no_suspension([text]), Ok(()), "{text}");
    }
}

#[test]
fn an_opinion_may_follow_a_review_of_the_institution_and_of_that_case() {
    let follows = instrument::Step::Issue(instrument::Issue { review: Some(ID), ..issue() });
    let decide = |review: Option<CaseReview>| instrument::decide(None, &review, ID, &follows, &facts());
    assert!(decide(Some(reviewed())).is_ok());
    let foreign = CaseReview { institution: Institution::Social, ..reviewed() };
    let other_case = CaseReview { case: CaseLine { name: "cases/x".to_owned(), ..closed_case() }, ..reviewed() };
    let other_service = CaseReview { service: "enforcement".to_owned(), ..reviewed() };
    for review in [None, Some(foreign), Some(other_case), Some(other_service)] {
        let refused = decide(review).map(drop);
        assert!(matches!(&refused, Err(Refusal::Evidence { fault: EvidenceFault::NotOwn, .. })), "{refused:?}");
    }
}

#[test]
fn the_front_answers_and_the_answer_is_accepted_and_closed() {
    let answered = step(Some(&issued()), &answer(), &later(front(), "2026-03-16T23:59:59")).expect("answered");
    assert_eq!((answered.stage(), answered.answers[0].late), (OpinionStage::Answered, false));
    let accepted = step(Some(&answered), &instrument::Step::Accept, &facts()).expect("accepted");
    let closed = step(Some(&accepted), &close(), &facts()).expect("closed");
    assert_eq!((accepted.stage(), closed.stage()), (OpinionStage::Accepted, OpinionStage::Closed));
    let late = step(Some(&issued()), &answer(), &later(front(), "2026-03-17T00:00:01")).expect("answered");
    assert!(late.answers[0].late);
}

#[test]
fn an_answer_is_rejected_once() {
    let answered = step(Some(&issued()), &answer(), &front()).expect("answered");
    let rejected = step(Some(&answered), &reject(), &later(facts(), "2026-03-20T10:00:00")).expect("rejected");
    assert_eq!(rejected.stage(), OpinionStage::Issued);
    assert_eq!(rejected.limit.last_day(), Some(Date::constant(2026, 4, 3)), "the days begin anew");
    let again = step(Some(&rejected), &answer(), &later(front(), "2026-03-21T10:00:00")).expect("answered");
    let refused = step(Some(&again), &reject(), &facts());
    assert!(matches!(refused, Err(Refusal::Stage { stage: "REJECTED_ONCE", .. })), "{refused:?}");
    let noted = instrument::Step::Close { note: "请撤销该案".to_owned() };
    assert!(matches!(step(Some(&again), &noted, &facts()), Err(Refusal::Instruction { .. })));
    let closed = step(Some(&again), &close(), &facts()).expect("closed, though it was never accepted");
    assert_eq!(closed.stage(), OpinionStage::Closed);
    let answered = step(Some(&issued()), &answer(), &front()).expect("answered");
    let instruction = instrument::Step::Reject { reason: "请撤销该案".to_owned() };
    assert!(matches!(step(Some(&answered), &instruction, &facts()), Err(Refusal::Instruction { .. })));
    let suspends = instrument::Step::Reject { reason: "在此之前暂停办理".to_owned() };
    assert!(matches!(step(Some(&answered), &suspends, &facts()), Err(Refusal::Suspends { .. })));
}

#[test]
fn each_step_is_its_own_partys_and_begins_from_its_stage() {
    let issued = issued();
    let answered = step(Some(&issued), &answer(), &front()).expect("answered");
    let accepted = step(Some(&answered), &instrument::Step::Accept, &facts()).expect("accepted");
    let closed = step(Some(&accepted), &close(), &facts()).expect("closed");
    let social = facts_of(Institution::Social, "xu");
    let enforcement = facts_of(Institution::Enforcement, "jiang");
    for (opinion, wanted, facts) in [
        (&issued, answer(), &enforcement),
        (&issued, answer(), &facts()),
        (&answered, instrument::Step::Accept, &social),
        (&answered, reject(), &front()),
        (&accepted, close(), &social),
    ] {
        let refused = step(Some(opinion), &wanted, facts);
        assert!(matches!(refused, Err(Refusal::OtherParty { .. })), "{wanted:?}: {refused:?}");
    }
    let nobody = Facts { institution: None, ..facts() };
    let refused = step(None, &instrument::Step::Issue(issue()), &nobody);
    assert!(matches!(refused, Err(Refusal::OtherParty { .. })), "no institution: {refused:?}");
    for (opinion, wanted, facts) in [
        (&answered, answer(), &front()),
        (&accepted, answer(), &front()),
        (&closed, answer(), &front()),
        (&issued, instrument::Step::Accept, &facts()),
        (&accepted, instrument::Step::Accept, &facts()),
        (&issued, reject(), &facts()),
        (&closed, reject(), &facts()),
        (&issued, close(), &facts()),
        (&answered, close(), &facts()),
        (&closed, close(), &facts()),
    ] {
        let refused = step(Some(opinion), &wanted, facts);
        assert!(matches!(refused, Err(Refusal::Stage { .. })), "{wanted:?}: {refused:?}");
    }
}

fn due(opinion: &SupervisionOpinion, text: &str) -> Option<SupervisionOpinion> {
    let facts = later(facts(), text);
    let done = instrument::decide(Some(opinion), &None, ID, &instrument::Step::FallDue, &facts);
    done.expect("the clock is not refused").map(|(opinion, _)| opinion)
}

#[test]
fn an_overdue_answer_raises_the_alarm_once() {
    let issued = issued();
    assert_eq!(issued.next(), Some(at("2026-03-17T00:00:00.000001")), "24:00 of the last day is in time");
    assert_eq!(due(&issued, "2026-03-17T00:00:00"), None);
    let alarmed = due(&issued, "2026-03-17T00:00:01").expect("it is due");
    assert_eq!((alarmed.alarmed, alarmed.next()), (Some(at("2026-03-17T00:00:01")), None));
    assert!(alarmed.is_overdue(at("2026-03-18T00:00:00")) && !issued.is_overdue(at("2026-03-16T23:59:59")));
    assert_eq!(due(&alarmed, "2026-03-18T00:00:00"), None);
    let answered = step(Some(&alarmed), &answer(), &later(front(), "2026-03-18T09:00:00")).expect("answered");
    assert!(!answered.is_overdue(at("2026-03-19T00:00:00")) && answered.next().is_none());
    let rejected = step(Some(&answered), &reject(), &later(facts(), "2026-03-20T10:00:00")).expect("rejected");
    assert!(rejected.next().is_some(), "the new days have an alarm of their own");
}

#[test]
fn a_last_day_that_cannot_be_told_is_alarmed_at_once() {
    let late = later(facts(), "2026-12-25T09:00:00");
    let opinion = step(None, &instrument::Step::Issue(issue()), &late).expect("issued");
    assert_eq!(opinion.limit.deadline, Deadline::Undetermined { year: 2027 });
    assert_eq!(opinion.next(), Some(at("2026-12-25T09:00:00")));
    let alarmed = due(&opinion, "2026-12-25T09:00:00").expect("the alarm");
    assert_eq!((alarmed.next(), alarmed.is_overdue(Timestamp::MAX)), (None, false));
}

// === calling to account ===

fn proposal(fault: Fault, evidence: &[&str]) -> Proposal {
    Proposal {
        person: "wei".to_owned(),
        front: Institution::Service,
        addressee: Addressee::Personnel,
        fault,
        facts: "一年内三次未按期告知".to_owned(),
        evidence: evidence.iter().map(|name| (*name).to_owned()).collect(),
    }
}

fn known() -> Vec<Instrument> {
    let of = |name: &str, institution, front| Instrument { name: name.to_owned(), institution, front };
    vec![
        of("caseReviews/1", Institution::Construction, Institution::Service),
        of("supervisionOpinions/2", Institution::Construction, Institution::Service),
        of("caseReviews/3", Institution::Social, Institution::Service),
        of("caseReviews/4", Institution::Construction, Institution::Enforcement),
    ]
}

fn propose(wanted: Proposal, facts: &Facts) -> Result<Accountability, Refusal> {
    let step = accountability::Step::Propose(wanted);
    accountability::decide(None, &known(), ID, &step, facts).map(|made| made.expect("a proposal").0)
}

fn account(proposal: &Accountability, step: &accountability::Step, facts: &Facts) -> Result<Accountability, Refusal> {
    accountability::decide(Some(proposal), &[], ID, step, facts).map(|made| made.expect("something happens").0)
}

#[test]
fn a_proposal_has_the_institutions_own_evidence() {
    assert!(propose(proposal(Fault::Serious, &["caseReviews/1"]), &facts()).is_ok());
    let both = ["caseReviews/1", "supervisionOpinions/2"];
    assert!(propose(proposal(Fault::Persistent, &both), &facts()).is_ok());
    for (fault, evidence, wanted) in [
        (Fault::Serious, &[][..], EvidenceFault::None),
        (Fault::Serious, &["caseReviews/3"], EvidenceFault::NotOwn),
        (Fault::Serious, &["caseReviews/1", "caseReviews/4"], EvidenceFault::NotOwn),
        (Fault::Serious, &["caseReviews/9"], EvidenceFault::NotOwn),
        (Fault::Persistent, &["caseReviews/1"], EvidenceFault::Single),
    ] {
        let refused = propose(proposal(fault, evidence), &facts());
        assert!(
            matches!(&refused, Err(Refusal::Evidence { fault, .. }) if *fault == wanted),
            "{evidence:?}: {refused:?}"
        );
    }
}

#[test]
fn nobody_calls_himself_to_account_nor_prescribes_an_outcome() {
    let evidence = ["caseReviews/1"];
    let own = propose(Proposal { person: "chen".to_owned(), ..proposal(Fault::Serious, &evidence) }, &facts());
    assert!(matches!(own, Err(Refusal::SelfSupervise { own: OwnWork::Person, .. })), "{own:?}");
    let front = facts_of(Institution::Service, "wei2");
    let own = propose(proposal(Fault::Serious, &evidence), &front);
    assert!(matches!(own, Err(Refusal::SelfSupervise { own: OwnWork::Institution, .. })), "{own:?}");
    let wanted =
        Proposal { facts: "该案应予撤销，请撤销该案".to_owned(), ..proposal(Fault::Serious, &evidence) };
    assert!(matches!(propose(wanted, &facts()), Err(Refusal::Instruction { .. })));
}

#[test]
fn the_person_is_heard_before_anything_is_handed_over() {
    let proposed = propose(proposal(Fault::Serious, &["caseReviews/1"]), &facts()).expect("proposed");
    let document = DocumentNumber::parse("张建监〔2026〕1号").expect("a number");
    let hand_over = accountability::Step::HandOver { document };
    let hear = |day| accountability::Step::Hear { statement: Some("情况属实".to_owned()), date: day };
    let today = Date::constant(2026, 3, 2);
    let refused = account(&proposed, &hand_over, &facts());
    assert_eq!(refused, Err(Refusal::NotHeard { person: "wei".to_owned() }));
    for day in [Date::constant(2026, 3, 1), Date::constant(2026, 3, 3)] {
        let refused = account(&proposed, &hear(day), &facts());
        assert!(matches!(refused, Err(Refusal::NotHeard { .. })), "neither before nor in days to come");
    }
    let heard = account(&proposed, &hear(today), &facts()).expect("heard");
    let again = account(&heard, &hear(today), &facts());
    assert!(matches!(again, Err(Refusal::Stage { stage: "HEARD", .. })), "{again:?}");
    let over = account(&heard, &hand_over, &facts()).expect("handed over");
    assert_eq!(over.stage(), "HANDED_OVER");
    let again = account(&over, &hand_over, &facts());
    assert!(matches!(again, Err(Refusal::Stage { stage: "HANDED_OVER", .. })), "{again:?}");
    let social = facts_of(Institution::Social, "xu");
    for wanted in [&hand_over, &hear(today)] {
        let refused = account(&proposed, wanted, &social);
        assert!(matches!(refused, Err(Refusal::OtherParty { .. })), "{refused:?}");
    }
    let declined = accountability::Step::Hear { statement: None, date: today };
    assert!(account(&proposed, &declined, &facts()).is_ok_and(|heard| heard.stage() == "HEARD"));
}

// === walks ===

fn any_step() -> impl Strategy<Value = (instrument::Step, bool, i64)> {
    let step = prop_oneof![
        Just(answer()),
        Just(instrument::Step::Accept),
        Just(reject()),
        Just(close()),
        Just(instrument::Step::FallDue),
        Just(instrument::Step::Noted),
    ];
    (step, any::<bool>(), 0..300_i64)
}

proptest! {
    /// Whatever is tried in whatever order: nothing said changes, an answer is rejected once at most, and the clock comes to rest.
    #[test]
    fn history_is_only_added_to(steps in prop::collection::vec(any_step(), 0..40)) {
        let (mut opinion, mut now) = (issued(), at("2026-03-02T09:00:00"));
        for (step, is_front, hours) in steps {
            now = now.checked_add(SignedDuration::from_hours(hours)).expect("an instant");
            let facts = Facts { now, ..if is_front { front() } else { facts() } };
            let before = opinion.clone();
            if let Ok(Some((after, _))) = instrument::decide(Some(&opinion), &None, ID, &step, &facts) {
                opinion = after;
            }
            prop_assert_eq!((&opinion.facts, &opinion.rule, opinion.serial), (&before.facts, &before.rule, before.serial));
            prop_assert_eq!(&opinion.case, &before.case, "no case is edited");
            prop_assert!(opinion.answers.len() >= before.answers.len() && opinion.answers.len() <= 2);
            for (after, before) in opinion.answers.iter().zip(&before.answers) {
                prop_assert_eq!((&after.text, &after.answered, after.late), (&before.text, &before.answered, before.late));
                prop_assert!(before.judged.is_none() || after.judged == before.judged);
            }
            prop_assert!(before.closed.is_none() || opinion.closed == before.closed);
            if let Some(next) = opinion.next().filter(|next| *next <= now) {
                let fired = due_at(&opinion, now);
                prop_assert!(fired.is_some_and(|fired| fired.next().is_none_or(|later| later > now)), "{}", next);
            }
        }
    }
}

fn due_at(opinion: &SupervisionOpinion, now: Timestamp) -> Option<SupervisionOpinion> {
    let facts = Facts { now, ..facts() };
    let done = instrument::decide(Some(opinion), &None, Uuid::nil(), &instrument::Step::FallDue, &facts);
    done.ok().flatten().map(|(opinion, _)| opinion)
}
