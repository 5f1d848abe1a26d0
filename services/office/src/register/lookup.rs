//! The other look-ups of authority.md §2.5: powersOf, countByKind and diff. Exact and without side effects, like
//! [`super::holds`].

use std::collections::BTreeMap;
use std::ops::Bound;

use vocabulary::{Date, Institution, PowerKind};

use super::catalogue::state::Listed;
use super::grant::state::{Grant, GrantState, Holder, Recorded};
use super::holds::{Answer, Question, Verdict, holds};
use super::settings::Rules;
use super::state::{Entry, Register};

/// The powers after a code, each with its entry.
pub(crate) fn entries_after<'r>(
    register: &'r Register,
    after: Option<&str>,
) -> impl Iterator<Item = (&'r str, &'r Entry)> {
    let from = after.map_or(Bound::Unbounded, Bound::Excluded);
    register.powers.range::<str, _>((from, Bound::Unbounded)).map(|(code, entry)| (&**code, entry.as_ref()))
}

/// The powers from a code on, each with its entry.
pub(crate) fn entries_from<'r>(
    register: &'r Register,
    from: Option<&str>,
) -> impl Iterator<Item = (&'r str, &'r Entry)> {
    let from = from.map_or(Bound::Unbounded, Bound::Included);
    register.powers.range::<str, _>((from, Bound::Unbounded)).map(|(code, entry)| (&**code, entry.as_ref()))
}

/// Which powers a list shows.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct PowerFilter<'f> {
    /// Only this kind.
    pub kind: Option<PowerKind>,
    /// Only this field.
    pub field: Option<&'f vocabulary::FieldCode>,
    /// Only those that this institution holds (powersOf).
    pub held_by: Option<Institution>,
}

/// The powers after a code as they are worded on a day, by code.
pub(crate) fn powers<'r>(
    register: &'r Register,
    rules: &'r Rules,
    day: Date,
    after: Option<&str>,
    filter: PowerFilter<'r>,
) -> impl Iterator<Item = &'r Listed> {
    let now = register.head.revision;
    entries_after(register, after).filter_map(move |(code, entry)| {
        let listed = entry.power_on(day, now)?;
        let kind = filter.kind.is_none_or(|kind| listed.power.kind == kind);
        let field = filter.field.is_none_or(|field| listed.power.field.as_ref() == Some(field));
        let held = |institution| verdict(register, rules, code, institution, day).verdict == Verdict::Yes;
        (kind && field && filter.held_by.is_none_or(held)).then_some(listed)
    })
}

/// How many powers of a kind there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Count {
    /// In the catalogue.
    pub listed: u32,
    /// Held by the town, by a grant in force.
    pub held: u32,
}

/// Counts powers by kind on a day (countByKind); a stationed body's item is no power of the town. Measures and inspections are
/// kinds of their own and are never added to the penalties that they serve.
pub(crate) fn count(register: &Register, day: Date, batch: Option<u32>) -> BTreeMap<&'static str, Count> {
    let now = register.head.revision;
    let mut counts: BTreeMap<_, Count> = BTreeMap::new();
    for entry in register.powers.values() {
        let Some(listed) = entry.power_on(day, now) else { continue };
        let kind = listed.power.kind;
        let counted = |recorded: &Recorded| {
            let grant = &recorded.grant;
            let asked = batch.is_none() || grant.batch == batch;
            asked && grant.exercise.holder() == Holder::Town && grant.state_on(kind, day, false) == GrantState::InForce
        };
        let count = counts.entry(kind.code()).or_default();
        count.listed += 1;
        count.held += u32::from(entry.grants_at(now).any(counted));
    }
    counts
}

/// A power whose answer differs between two days.
pub(crate) struct Difference<'r> {
    /// The power.
    pub code: &'r str,
    /// Who handles it.
    pub institution: Institution,
    /// The answer on the first day.
    pub before: Verdict,
    /// The answer on the second day.
    pub after: Answer<'r>,
}

/// The powers after a code whose answer, asked by their handler, differs between two days (diff).
pub(crate) fn differences<'r>(
    register: &'r Register,
    rules: &'r Rules,
    (first, second): (Date, Date),
    after: Option<&str>,
) -> impl Iterator<Item = Difference<'r>> {
    let now = register.head.revision;
    entries_after(register, after).filter_map(move |(code, entry)| {
        let handler = |grant: &Grant| (grant.exercise.holder() == Holder::Town).then_some(grant.handler);
        let institution = entry.grants_at(now).find_map(|recorded| handler(&recorded.grant))?;
        let before = verdict(register, rules, code, institution, first).verdict;
        let after = verdict(register, rules, code, institution, second);
        (before != after.verdict).then_some(Difference { code, institution, before, after })
    })
}

fn verdict<'r>(register: &'r Register, rules: &Rules, power: &str, institution: Institution, day: Date) -> Answer<'r> {
    let revision = register.head.revision;
    holds(register, rules, &Question { institution, power, day, place: "", amount: None, target: "", revision })
}

#[cfg(test)]
mod tests;
