//! When an authority may end, work be decided, and work be handed over (authority.md §2.4). The rule itself is the vocabulary's.

use runtime::refusal::Refusal;
use townlink_proto::townlink::errors::v1::ErrorReason;
use vocabulary::{AuthorityEnd, Date, Fate, Sm3Digest, Timestamp};

use super::state::{Ended, Event, Work};

/// How work stands on a day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Standing {
    /// Decided while the town might; no open work.
    Closed,
    /// Open.
    Open,
    /// Its authority ended.
    AuthorityEnded,
    /// The town finishes it, until a last day if there is one.
    Finishing(Option<Date>),
    /// Handed over.
    HandedOver,
}

/// How work stands on a day, under the end of its authority if it has one.
pub(super) fn standing(work: &Work, end: Option<&AuthorityEnd>, today: Date) -> Standing {
    if work.handed_over.is_some() {
        return Standing::HandedOver;
    }
    match end.map(|end| end.fate(work.filed, work.decided, today)) {
        Some(Fate::AuthorityEnded) => Standing::AuthorityEnded,
        Some(Fate::Finishing(until)) => Standing::Finishing(until),
        Some(Fate::Untouched) | None if work.decided.is_some() => Standing::Closed,
        Some(Fate::Untouched) | None => Standing::Open,
    }
}

/// Ends an authority. One that ended already in the same way is not ended again.
pub(super) fn end(known: Option<&Ended>, wanted: &Ended) -> Result<Vec<Event>, Refusal> {
    match known {
        None => Ok(vec![Event::Ended(wanted.clone())]),
        Some(known) if known.end == wanted.end && known.power == wanted.power => Ok(Vec::new()),
        Some(known) => {
            Err(contradiction(&wanted.grant, format!("its authority ends on {} in another way", known.end.on)))
        }
    }
}

/// Whether the town may decide work on a day.
pub(super) fn may_decide(work: &Work, end: Option<&AuthorityEnd>, today: Date) -> Result<(), Refusal> {
    if end.is_none_or(|end| end.may_decide(work.filed, today)) && work.handed_over.is_none() {
        return Ok(());
    }
    let refusal = Refusal::new(
        ErrorReason::AuAuthorityEnded,
        format!("the authority for {} has ended", work.name),
        "该事项权限已收回，镇不得再作决定；请按过渡条款移交上级部门。",
    );
    Err(refusal.with("name", &work.name))
}

/// Hands work over whose authority has ended.
pub(super) fn hand_over(
    work: &Work,
    end: Option<&AuthorityEnd>,
    digest: Sm3Digest,
    now: (Timestamp, Date),
) -> Result<Vec<Event>, Refusal> {
    let (at, today) = now;
    match standing(work, end, today) {
        Standing::AuthorityEnded => Ok(vec![Event::HandedOver { name: work.name.clone(), digest, at }]),
        Standing::HandedOver => Err(contradiction(&work.name, "it was handed over already".to_owned())),
        Standing::Closed => Err(contradiction(&work.name, "it is decided".to_owned())),
        Standing::Open | Standing::Finishing(_) => {
            Err(contradiction(&work.name, "the town may decide it yet".to_owned()))
        }
    }
}

fn contradiction(name: &str, fault: String) -> Refusal {
    let remedy = "与已登记的权限终止或在办事项状态不符；请核对收回文件、日期和过渡条款。";
    Refusal::new(ErrorReason::AuTransition, format!("{name}: {fault}"), remedy).with("name", name).with("fault", fault)
}

#[cfg(test)]
mod tests;
