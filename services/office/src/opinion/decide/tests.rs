//! Joint reviews: the worked example of service-centre.md §3.8, every row and every refusal.

use std::collections::BTreeSet;
use std::sync::Arc;

use jiff::SignedDuration;
use proptest::prelude::*;
use uuid::Uuid;
use vocabulary::{Date, DocumentNumber, Institution, Timestamp};

use super::{Asked, AskedBody, Beside, Ending, Given, Step, decide};
use crate::opinion::state::{Against, Body, JointReview, Says, Standing};
use crate::oversight::facts::Facts;
use crate::oversight::refusal::{BodyFault, HistoryFault, Refusal, SupplementFault, TacitFault};
use crate::oversight::settings::built_in;

const ID: Uuid = Uuid::from_u128(7);
const TACIT: &str = "昆政办发〔2026〕3号";

use Institution::{Construction, Finance, Service};

fn at(text: &str) -> Timestamp {
    format!("{text}+08:00").parse().expect("an instant")
}

fn facts(institution: Institution, time: &str) -> Facts {
    Facts {
        institution: Some(institution),
        party: institution.code().to_owned(),
        person: "zhu".to_owned(),
        ..Facts::of_clock(at(time), &Arc::new(built_in()))
    }
}

fn body(institution: Institution) -> AskedBody {
    AskedBody { institution, days: None, statutory: false, tacit: None }
}

fn tacit(institution: Institution) -> AskedBody {
    AskedBody { tacit: Some(DocumentNumber::parse(TACIT).expect("a number")), ..body(institution) }
}

fn asked(bodies: Vec<AskedBody>) -> Asked {
    Asked {
        application: "ZP20260401000012".to_owned(),
        item: "PP-URB-0001".to_owned(),
        item_name: "建筑工程施工许可".to_owned(),
        question: "是否符合规划条件".to_owned(),
        service: "service-center".to_owned(),
        bodies,
    }
}

fn registered() -> Beside {
    Beside { open: None, registered: BTreeSet::from([TACIT.to_owned()]) }
}

fn request(bodies: Vec<AskedBody>, beside: &Beside, facts: &Facts) -> Result<JointReview, Refusal> {
    decide(None, beside, ID, &Step::Request(asked(bodies)), facts).map(|made| made.expect("a joint review").0)
}

/// Sent on 2026-04-01, a Wednesday.
fn sent(bodies: Vec<AskedBody>) -> JointReview {
    request(bodies, &registered(), &facts(Service, "2026-04-01T10:00:00")).expect("sent")
}

fn step(review: &JointReview, step: &Step, facts: &Facts) -> Result<JointReview, Refusal> {
    decide(Some(review), &Beside::default(), ID, step, facts).map(|made| made.expect("something happens").0)
}

fn says(says: Says, text: &str, supersedes: Option<usize>) -> Step {
    Step::Give(Given { says, text: text.to_owned(), supersedes })
}

fn give(review: &JointReview, of: Institution, wanted: Says, time: &str) -> JointReview {
    let place = review.last(of).map(|(place, _)| place);
    step(review, &says(wanted, "城乡规划法第四十条", place), &facts(of, time)).expect("given")
}

fn close(ending: Ending) -> Step {
    Step::Close { ending, against: Against::default() }
}

fn due(review: &JointReview, time: &str) -> Option<JointReview> {
    let facts = Facts { institution: None, ..facts(Service, time) };
    decide(Some(review), &Beside::default(), ID, &Step::FallDue, &facts)
        .expect("the clock is not refused")
        .map(|(review, _)| review)
}

fn of(review: &JointReview, institution: Institution) -> &Body {
    review.bodies.iter().find(|body| body.institution == institution).expect("it is asked")
}

#[test]
fn the_worked_example() {
    let review = sent(vec![body(Finance), body(Construction)]);
    assert_eq!(of(&review, Construction).limit.last_day(), Some(Date::constant(2026, 4, 9)));
    let review = give(&review, Finance, Says::Agree, "2026-04-02T10:00:00");
    assert_eq!(due(&review, "2026-04-08T23:59:59"), None);
    let review = due(&review, "2026-04-09T00:00:00").expect("it is urged on the last day");
    assert!(of(&review, Construction).urged.is_some() && of(&review, Construction).overdue.is_none());
    assert_eq!(due(&review, "2026-04-09T23:59:59"), None);
    let review = due(&review, "2026-04-10T00:00:01").expect("overdue and escalated");
    let construction = of(&review, Construction);
    assert_eq!(
        (construction.overdue, construction.escalated),
        (Some(at("2026-04-10T00:00:01")), Some(at("2026-04-10T00:00:01")))
    );
    assert_eq!((review.standing(Construction), review.next()), (Standing::Asked, None));
    assert!(of(&review, Finance).urged.is_none());
    let refused = step(&review, &close(Ending::Grant), &facts(Service, "2026-04-10T10:00:00"));
    assert_eq!(refused, Err(Refusal::Missing { institutions: vec![Construction] }));
    let late = give(&review, Construction, Says::Agree, "2026-04-10T11:00:00");
    assert!(step(&late, &close(Ending::Grant), &facts(Service, "2026-04-10T12:00:00")).is_ok());
}

#[test]
fn a_friday_is_escalated_on_monday() {
    let review =
        request(vec![body(Finance)], &Beside::default(), &facts(Service, "2026-03-06T10:00:00")).expect("sent");
    assert_eq!(of(&review, Finance).limit.last_day(), Some(Date::constant(2026, 3, 13)));
    let review = due(&review, "2026-03-14T00:00:01").expect("overdue");
    let finance = of(&review, Finance);
    assert!(finance.overdue.is_some() && finance.escalated.is_none());
    assert_eq!(review.next(), Some(at("2026-03-16T00:00:00")));
}

#[test]
fn nobody_has_more_than_the_default_days_and_an_item_may_say_fewer() {
    let days = |days| AskedBody { days, ..body(Finance) };
    for (wanted, last) in [(None, 9), (Some(9), 9), (Some(2), 3), (Some(1), 2)] {
        let review = sent(vec![days(wanted)]);
        assert_eq!(of(&review, Finance).limit.last_day(), Some(Date::constant(2026, 4, last)), "{wanted:?}");
    }
}

#[test]
fn service_leads_and_asks_those_who_give_opinions() {
    let now = "2026-04-01T10:00:00";
    for institution in [Institution::Office, Institution::Service] {
        let refused = request(vec![body(institution)], &registered(), &facts(Service, now));
        let institution = institution.code().to_owned();
        assert_eq!(refused, Err(Refusal::Body { institution, fault: BodyFault::NoBody }));
    }
    let by_itself = Facts { institution: None, party: "service-center".to_owned(), ..facts(Service, now) };
    assert!(request(vec![body(Finance)], &registered(), &by_itself).is_ok());
    let review = give(&sent(vec![body(Finance)]), Finance, Says::NeedMore, now);
    let notice = Step::Merge { notice: "请补正".to_owned() };
    let merged = step(&review, &notice, &facts(Service, now)).expect("merged");
    for institution in [Finance, Construction, Institution::Enforcement] {
        let facts = facts(institution, now);
        let refusal = Refusal::OtherParty { party: "SERVICE".to_owned() };
        assert_eq!(request(vec![body(Finance)], &registered(), &facts), Err(refusal.clone()));
        for (review, wanted) in [(&review, &notice), (&merged, &Step::Receive), (&review, &close(Ending::Refuse))] {
            assert_eq!(step(review, wanted, &facts), Err(refusal.clone()), "{wanted:?}");
        }
    }
    let open = Beside { open: Some("jointReviews/x".to_owned()), ..registered() };
    let again = request(vec![body(Finance)], &open, &facts(Service, now));
    assert!(matches!(again, Err(Refusal::Open { .. })), "{again:?}");
}

#[test]
fn silence_is_agreement_by_a_registered_document_alone_and_never_where_the_law_asks() {
    let now = facts(Service, "2026-04-01T10:00:00");
    let unregistered = request(vec![tacit(Finance)], &Beside::default(), &now);
    assert_eq!(unregistered, Err(Refusal::Tacit { institution: Finance, fault: TacitFault::NoDocument }));
    let statutory = request(vec![AskedBody { statutory: true, ..tacit(Finance) }], &registered(), &now);
    assert_eq!(statutory, Err(Refusal::Tacit { institution: Finance, fault: TacitFault::Statutory }));

    let review = sent(vec![tacit(Finance), body(Construction)]);
    let review = due(&review, "2026-04-09T00:00:00").expect("urged");
    assert_eq!(review.opinions, []);
    let review = due(&review, "2026-04-10T00:00:01").expect("its time is over");
    let (_, opinion) = review.last(Finance).expect("it is on record");
    assert_eq!((opinion.says, opinion.given.person.as_str()), (Says::Tacit, ""));
    assert!(of(&review, Finance).escalated.is_none() && of(&review, Construction).escalated.is_some());
    assert_eq!(review.standing(Construction), Standing::Asked, "the default is never");
    let revised = give(&review, Finance, Says::Disagree, "2026-04-10T09:00:00");
    assert_eq!(revised.last(Finance).map(|(place, opinion)| (place, opinion.says)), Some((1, Says::Disagree)));
}

#[test]
fn an_opinion_never_changes_and_a_revision_names_what_it_takes_the_place_of() {
    let now = "2026-04-02T10:00:00";
    let review = give(&sent(vec![body(Finance), body(Construction)]), Finance, Says::Agree, now);
    let history = |wanted, fault| {
        let refused = step(&review, &wanted, &facts(Finance, now));
        assert!(matches!(&refused, Err(Refusal::History { fault: found, .. }) if *found == fault), "{refused:?}");
    };
    history(says(Says::Disagree, "城乡规划法", None), HistoryFault::Given);
    history(says(Says::Disagree, "城乡规划法", Some(1)), HistoryFault::NotLast);
    let foreign = step(&review, &says(Says::Agree, "", Some(0)), &facts(Construction, now));
    assert!(matches!(foreign, Err(Refusal::History { fault: HistoryFault::NotLast, .. })), "{foreign:?}");
    let revised = step(&review, &says(Says::Disagree, "城乡规划法", Some(0)), &facts(Finance, now)).expect("revised");
    assert_eq!((revised.opinions.len(), &revised.opinions[0]), (2, &review.opinions[0]));

    let closed = step(&review, &close(Ending::Refuse), &facts(Service, now)).expect("closed");
    for (wanted, who) in [
        (says(Says::Disagree, "城乡规划法", Some(0)), Finance),
        (says(Says::Agree, "", None), Construction),
        (close(Ending::Grant), Service),
        (Step::Merge { notice: "请补正".to_owned() }, Service),
        (Step::Receive, Service),
    ] {
        let refused = step(&closed, &wanted, &facts(who, now));
        assert!(
            matches!(&refused, Err(Refusal::History { fault: HistoryFault::Closed, .. })),
            "{wanted:?}: {refused:?}"
        );
    }
    let not_asked = step(&review, &says(Says::Agree, "", None), &facts(Institution::Social, now));
    assert!(matches!(not_asked, Err(Refusal::Body { fault: BodyFault::NotAsked, .. })), "{not_asked:?}");
}

#[test]
fn an_opinion_decides_nothing() {
    let review = sent(vec![body(Finance)]);
    for text in ["准予申请", "建议不予许可", "请驳回", "罚款五千元"] {
        let refused = step(&review, &says(Says::Agree, text, None), &facts(Finance, "2026-04-02T10:00:00"));
        assert!(matches!(refused, Err(Refusal::Instruction { .. })), "{text}: {refused:?}");
    }
    for text in ["同意", "同意，应当退让红线六米", "城乡规划法第四十条：未取得规划条件", "不涉及本单位职责"]
    {
        assert!(
            step(&review, &says(Says::Agree, text, None), &facts(Finance, "2026-04-02T10:00:00")).is_ok(),
            "{text}"
        );
    }
}

#[test]
fn more_is_asked_for_once_in_time_and_in_one_notice() {
    let need = |of, place| (says(Says::NeedMore, "环评批复", place), of);
    let supplement = |refused: Result<JointReview, Refusal>, wanted| {
        assert!(matches!(&refused, Err(Refusal::Supplement { fault }) if *fault == wanted), "{refused:?}");
    };
    let merge = Step::Merge { notice: "请一次性补正环评批复、红线图".to_owned() };
    let (day_one, day_two, day_three) = ("2026-04-02T10:00:00", "2026-04-03T23:59:59", "2026-04-07T09:00:00");
    let review = sent(vec![body(Finance), body(Construction)]);
    let (wanted, who) = need(Finance, None);
    supplement(step(&review, &wanted, &facts(who, "2026-04-04T00:00:01")), SupplementFault::Late);
    supplement(step(&review, &merge, &facts(Service, day_one)), SupplementFault::NotNeeded);
    supplement(step(&review, &Step::Receive, &facts(Service, day_one)), SupplementFault::NotMerged);
    let review = step(&review, &wanted, &facts(who, day_two)).expect("in time");
    assert_eq!((review.standing(Finance), review.needed_more(Finance)), (Standing::Waiting, true));
    supplement(step(&review, &need(Finance, Some(0)).0, &facts(Finance, day_two)), SupplementFault::Twice);
    supplement(step(&review, &merge, &facts(Service, day_two)), SupplementFault::Early);

    let both = step(&review, &need(Construction, None).0, &facts(Construction, day_two)).expect("in time");
    assert!(step(&both, &merge, &facts(Service, day_two)).is_ok(), "all have said so");
    let merged = step(&review, &merge, &facts(Service, day_three)).expect("nobody may still say so");
    supplement(step(&merged, &merge, &facts(Service, day_three)), SupplementFault::Merged);
    // Whoever waits is not urged; the other is.
    let overdue = due(&merged, "2026-04-11T00:00:00").expect("CONSTRUCTION is late");
    assert!(of(&overdue, Finance).urged.is_none() && of(&overdue, Construction).escalated.is_some());
    let received = step(&merged, &Step::Receive, &facts(Service, "2026-04-13T10:00:00")).expect("received");
    assert_eq!(of(&received, Finance).limit.last_day(), Some(Date::constant(2026, 4, 20)), "its clock begins anew");
    assert_eq!(of(&received, Construction).limit, of(&merged, Construction).limit);
    assert_eq!(received.standing(Finance), Standing::Asked);
    supplement(step(&received, &Step::Receive, &facts(Service, day_three)), SupplementFault::Received);
    let waiting = step(&merged, &close(Ending::Grant), &facts(Service, day_three));
    assert_eq!(waiting, Err(Refusal::Missing { institutions: vec![Finance, Construction] }));
    let after = Facts { now: at(day_two), ..facts(Construction, day_two) };
    supplement(step(&merged, &need(Construction, None).0, &after), SupplementFault::Merged);
}

#[test]
fn one_who_disagrees_blocks_a_grant() {
    let now = "2026-04-02T10:00:00";
    let statutory = AskedBody { statutory: true, ..body(Construction) };
    let review = give(&sent(vec![body(Finance), statutory]), Finance, Says::Agree, now);
    let vetoed = give(&review, Construction, Says::Disagree, now);
    let grant = |against: Against| Step::Close { ending: Ending::Grant, against };
    let reasons = || Against { reasons: "符合城乡规划法第四十条".to_owned(), minutes: String::new() };
    let minutes = || Against { reasons: String::new(), minutes: "张政会纪〔2026〕3号".to_owned() };
    for against in [Against::default(), reasons(), minutes()] {
        let refused = step(&vetoed, &grant(against), &facts(Service, now));
        assert_eq!(refused, Err(Refusal::Veto { institutions: vec![Construction], statutory: true }));
    }
    assert!(step(&vetoed, &close(Ending::Refuse), &facts(Service, now)).is_ok());
    assert!(step(&vetoed, &close(Ending::Undecided), &facts(Service, now)).is_ok());
    let revised = give(&vetoed, Construction, Says::AgreeWithConditions, now);
    assert!(step(&revised, &close(Ending::Grant), &facts(Service, now)).is_ok());

    let other = give(&sent(vec![body(Finance)]), Finance, Says::Disagree, now);
    let refused = step(&other, &grant(Against::default()), &facts(Service, now));
    assert_eq!(refused, Err(Refusal::Veto { institutions: vec![Finance], statutory: false }));
    for against in [reasons(), minutes()] {
        assert!(step(&other, &grant(against), &facts(Service, now)).is_ok());
    }
    let unconcerned = give(&sent(vec![body(Finance)]), Finance, Says::NotConcerned, now);
    assert!(step(&unconcerned, &close(Ending::Grant), &facts(Service, now)).is_ok());
}

#[test]
fn a_last_day_that_cannot_be_told_is_alarmed_at_once_and_is_no_agreement() {
    let sent = request(vec![tacit(Finance)], &registered(), &facts(Service, "2026-12-28T10:00:00")).expect("sent");
    assert_eq!((sent.missing_year(), sent.next()), (Some(2027), Some(at("2026-12-28T10:00:00"))));
    let alarmed = due(&sent, "2026-12-28T10:00:00").expect("the alarm");
    assert_eq!((alarmed.next(), alarmed.opinions.len()), (None, 0));
    assert_eq!(due(&alarmed, "2027-06-01T10:00:00"), None);
    // The last day is known, and the day after it is not.
    let sent = request(vec![body(Finance)], &registered(), &facts(Service, "2026-12-24T10:00:00")).expect("sent");
    assert_eq!(of(&sent, Finance).limit.last_day(), Some(Date::constant(2026, 12, 31)));
    let overdue = due(&sent, "2027-01-01T00:00:01").expect("overdue");
    assert!(of(&overdue, Finance).overdue.is_some() && of(&overdue, Finance).escalated.is_none());
    assert_eq!((overdue.missing_year(), overdue.next()), (Some(2027), None));
}

fn any_step() -> impl Strategy<Value = (Step, usize, i64)> {
    let any_says = prop::sample::select(vec![
        Says::Agree,
        Says::AgreeWithConditions,
        Says::Disagree,
        Says::NeedMore,
        Says::NotConcerned,
    ]);
    let step = prop_oneof![
        6 => (any_says, prop::option::of(0..4_usize)).prop_map(|(it, place)| says(it, "红线图", place)),
        1 => Just(Step::Merge { notice: "请补正".to_owned() }),
        1 => Just(Step::Receive),
        1 => Just(close(Ending::Grant)),
        4 => Just(Step::FallDue),
        1 => (0..6_usize).prop_map(|count| Step::Delivered { count }),
    ];
    (step, 0..3_usize, 0..60_i64)
}

proptest! {
    /// Whatever is tried in whatever order: no opinion changes, none is given after the end, more is needed once each, nothing is granted
    /// while an opinion is missing, and the clock comes to rest.
    #[test]
    fn opinions_are_only_added(steps in prop::collection::vec(any_step(), 0..60)) {
        let (mut review, mut now) = (sent(vec![tacit(Finance), body(Construction)]), at("2026-04-01T10:00:00"));
        for (step, who, hours) in steps {
            now = now.checked_add(SignedDuration::from_hours(hours)).expect("an instant");
            let who = [Service, Finance, Construction][who];
            let facts = Facts { now, ..facts(who, "2026-04-01T10:00:00") };
            let before = review.clone();
            if let Ok(Some((after, _))) = decide(Some(&review), &Beside::default(), ID, &step, &facts) {
                review = after;
            }
            prop_assert!(review.opinions.starts_with(&before.opinions));
            prop_assert!(before.closed.is_none() || (review.opinions == before.opinions && review.closed == before.closed));
            for institution in [Finance, Construction] {
                let needed = review.opinions.iter().filter(|it| it.institution == institution && it.says == Says::NeedMore);
                prop_assert!(needed.count() <= 1);
                let granted = before.closed.is_none() && review.closed.is_some();
                prop_assert!(!granted || review.standing(institution) == Standing::Given);
            }
            prop_assert!(review.opinions.iter().all(|it| it.says != Says::Tacit || it.institution == Finance));
            prop_assert!(review.delivered <= review.opinions.len());
            if review.next().is_some_and(|next| next <= now) {
                let fired = decide(Some(&review), &Beside::default(), ID, &Step::FallDue, &facts).ok().flatten();
                prop_assert!(fired.is_some_and(|(fired, _)| fired.next().is_none_or(|later| later > now)));
            }
        }
    }
}
