//! Which receipts of a department count (relay-and-sharing.md §8.6).

use super::state::{Acknowledge, Acknowledged, Event, Facts, Kind, Outgoing};
use crate::refusal::Refusal;

/// Says whether a receipt counts. None where it counted before: transport is at least once, the effect exactly once.
///
/// # Errors
/// `RE_STAGE`: before the paper was received, and after a return or a completion.
pub fn decide(outgoing: &Outgoing, acknowledge: &Acknowledge, facts: Facts) -> Result<Option<Event>, Refusal> {
    let given = |kind: Kind| outgoing.acknowledged.iter().find(|given| given.kind == kind);
    match given(acknowledge.kind) {
        Some(before) if before.reason == acknowledge.reason => return Ok(None),
        Some(_) => return Err(Refusal::DispatchEnded),
        None => {}
    }
    if acknowledge.kind != Kind::Received && given(Kind::Received).is_none() {
        return Err(Refusal::NotReceived);
    }
    if given(Kind::Returned).is_some() || given(Kind::Completed).is_some() {
        return Err(Refusal::DispatchEnded);
    }
    Ok(Some(Event { dispatch: outgoing.dispatch.clone(), acknowledge: acknowledge.clone(), at: facts.now }))
}

/// The dispatch after a receipt.
#[must_use]
pub fn apply(mut outgoing: Outgoing, event: &Event) -> Outgoing {
    let Acknowledge { kind, reason, .. } = event.acknowledge.clone();
    outgoing.acknowledged.push(Acknowledged { kind, reason });
    outgoing
}

#[cfg(test)]
mod tests {
    use super::super::state::DispatchName;
    use super::*;
    use bytes::Bytes;

    fn name() -> DispatchName {
        DispatchName::parse("departments/water/dispatches/3").expect("a name")
    }

    fn after(kinds: &[Kind]) -> Outgoing {
        let acknowledged = kinds.iter().map(|kind| Acknowledged { kind: *kind, reason: reason(*kind) }).collect();
        Outgoing { name: name(), dispatch: "dispatches/d".to_owned(), acknowledged }
    }

    fn reason(kind: Kind) -> String {
        if kind == Kind::Returned { "文种有误".to_owned() } else { String::new() }
    }

    fn told(outgoing: &Outgoing, kind: Kind) -> Result<bool, Refusal> {
        let acknowledge = Acknowledge { name: name(), kind, reason: reason(kind), receipt: Bytes::new() };
        let facts = Facts { now: "2026-03-02T01:00:00Z".parse().expect("an instant") };
        decide(outgoing, &acknowledge, facts).map(|event| event.is_some())
    }

    #[test]
    fn the_order_of_receipts() {
        use Kind::{Completed, Received, Returned, SignedFor};
        let cases: [(&[Kind], Kind, Result<bool, Refusal>); 15] = [
            (&[], Received, Ok(true)),
            (&[], SignedFor, Err(Refusal::NotReceived)),
            (&[], Returned, Err(Refusal::NotReceived)),
            (&[], Completed, Err(Refusal::NotReceived)),
            (&[Received], Received, Ok(false)),
            (&[Received], SignedFor, Ok(true)),
            (&[Received], Returned, Ok(true)),
            (&[Received], Completed, Ok(true)),
            (&[Received, SignedFor], SignedFor, Ok(false)),
            (&[Received, SignedFor], Completed, Ok(true)),
            (&[Received, SignedFor], Returned, Ok(true)),
            (&[Received, Returned], SignedFor, Err(Refusal::DispatchEnded)),
            (&[Received, Returned], Returned, Ok(false)),
            (&[Received, Completed], SignedFor, Err(Refusal::DispatchEnded)),
            (&[Received, Completed], Returned, Err(Refusal::DispatchEnded)),
        ];
        for (before, kind, expected) in cases {
            assert_eq!(told(&after(before), kind), expected, "{kind:?} after {before:?}");
        }
    }

    #[test]
    fn a_return_for_another_reason_is_another_return() {
        let acknowledge =
            Acknowledge { name: name(), kind: Kind::Returned, reason: "别的".to_owned(), receipt: Bytes::new() };
        let facts = Facts { now: "2026-03-02T01:00:00Z".parse().expect("an instant") };
        let returned = after(&[Kind::Received, Kind::Returned]);
        assert_eq!(decide(&returned, &acknowledge, facts), Err(Refusal::DispatchEnded));
    }

    #[test]
    fn a_name_has_one_spelling() {
        assert_eq!(name().to_string(), "departments/water/dispatches/3");
        for other in [
            "",
            "departments/water/dispatches/",
            "departments/water/dispatches/0",
            "departments/water/dispatches/-1",
            "departments/water/dispatches/03",
            "departments/水务/dispatches/3",
            "departments/water/dispatches/3/",
        ] {
            assert_eq!(DispatchName::parse(other), None, "{other}");
        }
    }
}
