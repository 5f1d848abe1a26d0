//! Whether an institution holds a power, and on what that rests (authority.md §2.5).
//!
//! Exact and without side effects: the answer follows from the register at one revision and from the question alone. Nothing is
//! allocated but where the whole question turns on a scope.

use vocabulary::{Date, Institution, Money, PowerKind};

use super::basis::state::ProvincialBasis;
use super::catalogue::state::Listed;
use super::grant::state::{Grant, Holder, PENALTY_LAW_REVISED};
use super::settings::{Rules, listed};
use super::state::{Entry, Register};

pub(crate) mod wire;

/// A question to the register.
#[derive(Clone, Debug)]
pub(crate) struct Question<'q> {
    /// Who would act.
    pub institution: Institution,
    /// The power.
    pub power: &'q str,
    /// The day of the act.
    pub day: Date,
    /// The place of the act; empty: not said.
    pub place: &'q str,
    /// The amount in question, if one is.
    pub amount: Option<Money>,
    /// The class of the person or firm; empty: not said.
    pub target: &'q str,
    /// The revision to answer from.
    pub revision: i64,
}

/// The answer, in order of precedence but for [`Verdict::Yes`], which comes last.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub(crate) enum Verdict {
    /// Granted, but to another institution or body.
    WrongInstitution,
    /// No grant at all.
    NoGrant,
    /// The grant begins later.
    NotYet,
    /// The grant has ended.
    Ended,
    /// The grant is suspended.
    Suspended,
    /// The grant is not published though it must be.
    NotPublished,
    /// The province's decision is not registered.
    BasisGap,
    /// Place, amount or target is outside the scope.
    OutOfScope,
    /// Held.
    Yes,
}

/// Why a yes comes with a warning.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Warning {
    /// The grant is not published on the day; the law did not yet ask for it.
    Unpublished,
}

/// An answer.
#[derive(Clone, Debug)]
pub(crate) struct Answer<'r> {
    /// Whether the power is held.
    pub verdict: Verdict,
    /// The grant that decides, if there is one.
    pub grant: Option<&'r Grant>,
    /// The province's decision that it rests on, for a penalty power since 2021-07-15.
    pub basis: Option<&'r ProvincialBasis>,
    /// What a yes says in spite of.
    pub warning: Option<Warning>,
}

/// Answers a question.
///
/// A grant whose interval has the day in it decides: there is at most one for each holder. Where none has, the institution's own
/// next grant makes it NOT_YET, its last one ENDED, and a grant to others alone WRONG_INSTITUTION.
pub(crate) fn holds<'r>(register: &'r Register, rules: &Rules, question: &Question<'_>) -> Answer<'r> {
    let Some(entry) = register.entry(question.power) else { return without(Verdict::NoGrant) };
    let mut chosen = Chosen::default();
    for recorded in entry.grants_at(question.revision) {
        chosen.consider(&recorded.grant, question);
    }
    match chosen {
        Chosen { current: Some(grant), .. } => in_its_days(register, rules, entry, grant, question),
        Chosen { other_current: Some(grant), .. } => with(Verdict::WrongInstitution, grant),
        Chosen { next: Some(grant), .. } => with(Verdict::NotYet, grant),
        Chosen { last: Some(grant), .. } => with(Verdict::Ended, grant),
        Chosen { other: Some(grant), .. } => with(Verdict::WrongInstitution, grant),
        _ => without(Verdict::NoGrant),
    }
}

/// The grants that may decide, one of each sort.
#[derive(Default)]
struct Chosen<'r> {
    /// The institution's, with the day in its interval.
    current: Option<&'r Grant>,
    /// Another's, with the day in its interval.
    other_current: Option<&'r Grant>,
    /// The institution's that begins next.
    next: Option<&'r Grant>,
    /// The institution's that ended last.
    last: Option<&'r Grant>,
    /// Any other.
    other: Option<&'r Grant>,
}

impl<'r> Chosen<'r> {
    fn consider(&mut self, grant: &'r Grant, question: &Question<'_>) {
        let own = grant.exercise.holder() == Holder::Town && grant.handler == question.institution;
        match (own, grant.covers(question.day)) {
            (true, true) => self.current = Some(grant),
            (false, true) => self.other_current = Some(grant),
            (true, false) if grant.from > question.day && !grant.is_void() => {
                if self.next.is_none_or(|next| grant.from < next.from) {
                    self.next = Some(grant);
                }
            }
            (true, false) => {
                if self.last.is_none_or(|last| grant.from > last.from) {
                    self.last = Some(grant);
                }
            }
            (false, false) => self.other = Some(grant),
        }
    }
}

/// The rest of the ladder, for a grant in whose interval the day lies.
fn in_its_days<'r>(
    register: &'r Register,
    rules: &Rules,
    entry: &'r Entry,
    grant: &'r Grant,
    question: &Question<'_>,
) -> Answer<'r> {
    let Some(power) = entry.power_on(question.day, question.revision) else { return without(Verdict::NoGrant) };
    let kind = power.power.kind;
    if grant.suspension_on(question.day).is_some() {
        return with(Verdict::Suspended, grant);
    }
    let published = grant.is_published_by(question.day);
    if !published && grant.must_be_published(kind, question.day) {
        return with(Verdict::NotPublished, grant);
    }
    let basis = basis_for(register, power, grant, question);
    if kind == PowerKind::Penalty && question.day >= PENALTY_LAW_REVISED && basis.is_none() {
        return with(Verdict::BasisGap, grant);
    }
    if !in_scope(rules, grant, question) {
        return Answer { basis, ..with(Verdict::OutOfScope, grant) };
    }
    let warning = (!published).then_some(Warning::Unpublished);
    Answer { basis, warning, ..with(Verdict::Yes, grant) }
}

/// The province's decision for a penalty power on a day; the one that the grant names, where several are.
fn basis_for<'r>(
    register: &'r Register,
    listed: &Listed,
    grant: &Grant,
    question: &Question<'_>,
) -> Option<&'r ProvincialBasis> {
    if listed.power.kind != PowerKind::Penalty || question.day < PENALTY_LAW_REVISED {
        return None;
    }
    let field = listed.power.field.as_ref();
    let known = register.bases.iter().filter_map(|basis| basis.at(question.revision));
    let mut covering = known.filter(|basis| basis.covers(&grant.power, field, question.day));
    let first = covering.next()?;
    let named = |basis: &&ProvincialBasis| grant.basis.as_ref() == Some(&basis.number);
    Some([first].into_iter().chain(covering).find(named).unwrap_or(first))
}

/// What is not said cannot be outside.
fn in_scope(rules: &Rules, grant: &Grant, question: &Question<'_>) -> bool {
    let scope = &grant.scope;
    let place = scope.area.is_empty() || question.place.is_empty() || rules.lies_in(question.place, &scope.area);
    let amount = scope.amount_cap.zip(question.amount).is_none_or(|(cap, amount)| amount <= cap);
    let wanted = vocabulary::text::normalise(question.target);
    let target = scope.target.is_empty() || wanted.is_empty() || listed(&scope.target).any(|class| class == wanted);
    place && amount && target
}

const fn with(verdict: Verdict, grant: &Grant) -> Answer<'_> {
    Answer { verdict, grant: Some(grant), basis: None, warning: None }
}

const fn without<'r>(verdict: Verdict) -> Answer<'r> {
    Answer { verdict, grant: None, basis: None, warning: None }
}

#[cfg(test)]
mod tests;
