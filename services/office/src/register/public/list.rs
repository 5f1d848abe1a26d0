//! Which grants are on the public list of a day.

use std::collections::BTreeMap;

use vocabulary::{Date, FieldCode, Institution, PowerKind};

use crate::register::catalogue::state::Power;
use crate::register::grant::state::{Grant, GrantId, GrantState, Holder};
use crate::register::holds::{Question, Verdict, holds};
use crate::register::lookup::entries_from;
use crate::register::settings::Rules;
use crate::register::state::Register;

/// Which entries are wanted.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Filter<'f> {
    /// Only this kind.
    pub kind: Option<PowerKind>,
    /// Only this field.
    pub field: Option<&'f FieldCode>,
    /// Only this handling institution.
    pub handler: Option<Institution>,
    /// Also what was published and has ended.
    pub ended: bool,
}

/// An entry of the list.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Public<'r> {
    /// The power as it is worded on the day.
    pub power: &'r Power,
    /// The grant.
    pub grant: &'r Grant,
    /// The answer to the handler's question on the day; none for a stationed item, which the town does not hold.
    pub answer: Option<Verdict>,
}

/// The entries after a place, by power and grant.
pub(crate) fn entries<'r>(
    register: &'r Register,
    rules: &'r Rules,
    day: Date,
    after: Option<(&'r str, GrantId)>,
    filter: Filter<'r>,
) -> impl Iterator<Item = Public<'r>> {
    let now = register.head.revision;
    entries_from(register, after.map(|(code, _)| code)).flat_map(move |(code, entry)| {
        let listed = entry.power_on(day, now).filter(|listed| {
            let kind = filter.kind.is_none_or(|kind| listed.power.kind == kind);
            kind && filter.field.is_none_or(|field| listed.power.field.as_ref() == Some(field))
        });
        let mut grants: Vec<&Grant> = Vec::new();
        grants.extend(listed.iter().flat_map(|_| entry.grants_at(now)).map(|recorded| recorded.grant.as_ref()));
        grants.sort_by_key(|grant| grant.id);
        let later = move |grant: &&Grant| after.is_none_or(|after| (code, grant.id) > after);
        grants.into_iter().filter(later).filter_map(move |grant| {
            let power = listed?.power.as_ref();
            let handled = filter.handler.is_none_or(|handler| grant.handler == handler);
            let shown = handled && grant.is_published_by(day) && is_shown(grant, power.kind, day, filter.ended);
            shown.then(|| Public { power, grant, answer: answer(register, rules, code, grant, day) })
        })
    })
}

/// What is in force is shown; in the view of history also what has been and has ended.
fn is_shown(grant: &Grant, kind: PowerKind, day: Date, ended: bool) -> bool {
    match grant.state_on(kind, day, false) {
        GrantState::InForce => true,
        GrantState::Withdrawn | GrantState::Expired | GrantState::Superseded => ended && !grant.is_void(),
        GrantState::Issued | GrantState::Published | GrantState::Suspended => false,
    }
}

fn answer(register: &Register, rules: &Rules, code: &str, grant: &Grant, day: Date) -> Option<Verdict> {
    let question = Question {
        institution: grant.handler,
        power: code,
        day,
        place: "",
        amount: None,
        target: "",
        revision: register.head.revision,
    };
    (grant.exercise.holder() == Holder::Town).then(|| holds(register, rules, &question).verdict)
}

/// How many entries of a kind the list has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// Held by the town.
    pub town: u32,
    /// Held by stationed county bodies.
    pub stationed: u32,
}

/// Counts the entries of a day by kind.
pub(crate) fn count(register: &Register, rules: &Rules, day: Date) -> BTreeMap<&'static str, Count> {
    let mut counts: BTreeMap<_, Count> = BTreeMap::new();
    for public in entries(register, rules, day, None, Filter::default()) {
        let count = counts.entry(public.power.kind.code()).or_default();
        match public.grant.exercise.holder() {
            Holder::Town => count.town += 1,
            Holder::County(_) => count.stationed += 1,
        }
    }
    counts
}

#[cfg(test)]
mod tests;
