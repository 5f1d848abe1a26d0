//! The rules of the reference.

use vocabulary::{DocumentNumber, Institution, PowerCode, Transition, time};

use super::*;

const W: Date = Date::constant(2026, 2, 1);
const BEFORE: Date = Date::constant(2026, 1, 31);

fn work() -> Work {
    Work {
        name: "cases/1".to_owned(),
        kind: "CASE".to_owned(),
        power: PowerCode::parse("P-02-A").expect("a code"),
        filed: BEFORE,
        decided: None,
        holder: Institution::Service,
        handed_over: None,
    }
}

fn ended(transition: Transition) -> Ended {
    Ended {
        grant: "grants/G-000001".to_owned(),
        power: PowerCode::parse("P-02-A").expect("a code"),
        end: AuthorityEnd::new(W, transition).expect("an end"),
        document: DocumentNumber::parse("昆政发〔2026〕3号").expect("a number"),
        clause: "1".to_owned(),
    }
}

#[test]
fn work_stands_as_its_dates_say() {
    let transfer = ended(Transition::Transfer).end;
    assert_eq!(standing(&work(), None, W), Standing::Open);
    assert_eq!(standing(&work(), Some(&transfer), BEFORE), Standing::Open);
    assert_eq!(standing(&work(), Some(&transfer), W), Standing::AuthorityEnded);
    assert_eq!(standing(&Work { decided: Some(BEFORE), ..work() }, Some(&transfer), W), Standing::Closed);
    assert_eq!(standing(&work(), Some(&ended(Transition::FinishByTown).end), W), Standing::Finishing(None));
    let over = Work { handed_over: Some(Sm3Digest::of(b"file")), ..work() };
    assert_eq!(standing(&over, Some(&transfer), W), Standing::HandedOver);
}

#[test]
fn an_authority_ends_once_and_in_one_way() {
    let wanted = ended(Transition::Transfer);
    assert_eq!(end(None, &wanted).map(|events| events.len()), Ok(1));
    assert_eq!(end(Some(&wanted), &wanted), Ok(Vec::new()));
    let other = end(Some(&wanted), &ended(Transition::FinishByTown)).expect_err("another way");
    assert_eq!(other.reason, ErrorReason::AuTransition);
}

#[test]
fn the_town_does_not_decide_what_it_lost() {
    let transfer = ended(Transition::Transfer).end;
    assert_eq!(may_decide(&work(), Some(&transfer), BEFORE), Ok(()));
    let refused = may_decide(&work(), Some(&transfer), W).expect_err("the authority has ended");
    assert_eq!(refused.reason, ErrorReason::AuAuthorityEnded);
    let over = Work { handed_over: Some(Sm3Digest::of(b"file")), ..work() };
    assert!(may_decide(&over, None, BEFORE).is_err(), "what went to the county is not the town's");
}

#[test]
fn only_what_lost_its_authority_is_handed_over_and_once() {
    let now = |today| (time::start_of_day(today), today);
    let digest = Sm3Digest::of(b"file");
    let transfer = ended(Transition::Transfer).end;
    assert_eq!(hand_over(&work(), Some(&transfer), digest, now(W)).map(|events| events.len()), Ok(1));
    let over = Work { handed_over: Some(digest), ..work() };
    let decided = Work { decided: Some(BEFORE), ..work() };
    for (work, end, today) in [
        (&work(), None, W),
        (&work(), Some(&transfer), BEFORE),
        (&work(), Some(&ended(Transition::FinishByTown).end), W),
        (&over, Some(&transfer), W),
        (&decided, Some(&transfer), W),
    ] {
        let refused = hand_over(work, end, digest, now(today)).expect_err("it stays");
        assert_eq!(refused.reason, ErrorReason::AuTransition, "{work:?}");
    }
}
