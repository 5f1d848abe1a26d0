//! What a directive does to the register, all or nothing.

use bytes::Bytes;

use super::adjust::{Adjustment, Changed};
use super::form::Directive;
use crate::register::basis;
use crate::register::basis::state::ProvincialBasis;
use crate::register::document::state::{DocumentId, Issued};
use crate::register::fault::{Fault, FaultCode};
use crate::register::grant::check::{self, Context, Purpose, Source};
use crate::register::grant::state::Change;
use crate::register::settings::Rules;
use crate::register::state::Register;

/// A directive to apply, with the paper that it stands in.
#[derive(Clone, Debug)]
pub(crate) struct Order {
    /// The id of the paper, and of its document.
    pub id: DocumentId,
    /// The paper. It is the document of every grant that the directive makes or changes.
    pub document: Issued,
    /// The directive, read; or what is wrong with it.
    pub directive: Result<Directive, Vec<Fault>>,
    /// The annex; empty where there is none.
    pub annex: Bytes,
}

/// What a directive does.
#[derive(Debug, Default)]
pub(crate) struct Effect {
    /// The grants, as they are afterwards.
    pub grants: Vec<Changed>,
    /// The province's decision.
    pub basis: Option<ProvincialBasis>,
}

impl Effect {
    /// How many rows took effect: grants named by the directive, or the basis.
    pub fn rows(&self) -> u32 {
        let named = self.grants.iter().filter(|(_, change)| *change != Change::Superseded).count();
        u32::try_from(named + usize::from(self.basis.is_some())).unwrap_or(u32::MAX)
    }
}

/// Says what a directive does.
///
/// # Errors
/// Every fault of the directive, or of its annex.
pub(crate) fn effect(order: &Order, register: &Register, rules: &Rules) -> Result<Effect, Vec<Fault>> {
    let directive = order.directive.as_ref().map_err(Clone::clone)?;
    if directive.annex().is_some() == order.annex.is_empty() {
        let message =
            if order.annex.is_empty() { "the annex is missing or empty" } else { "the directive names no annex" };
        return Err(vec![Fault::of_directive("annex", FaultCode::Directive, message)]);
    }
    let document = &Issued {
        publication: directive.publication().cloned(),
        kind: directive.document_type(),
        ..order.document.clone()
    };
    let adjustment = Adjustment { register, rules, document };
    let grants = match directive {
        Directive::Grant { .. } => granted(order, document, Purpose::Grant, register, rules)?,
        Directive::Replace { .. } => granted(order, document, Purpose::Replace, register, rules)?,
        Directive::Suspend { from, powers } => adjustment.suspend(*from, powers)?,
        Directive::Resume { from, powers } => adjustment.resume(*from, powers)?,
        Directive::Withdraw { to, powers, transition } => adjustment.withdraw(*to, powers, *transition)?,
        Directive::WithdrawListed { .. } => adjustment.withdraw_listed(&order.annex)?,
        Directive::RegisterBasis(form) => {
            let basis = basis::check::check(form, order.id.name(), register, rules)?;
            return Ok(Effect { grants: Vec::new(), basis: Some(basis) });
        }
    };
    Ok(Effect { grants, basis: None })
}

/// The old grant is told before the one that takes its place, so that at no revision both are in force.
fn granted(
    order: &Order,
    document: &Issued,
    purpose: Purpose,
    register: &Register,
    rules: &Rules,
) -> Result<Vec<Changed>, Vec<Fault>> {
    let published_early = document.publication.as_ref().is_some_and(|publication| publication.date < document.date);
    if published_early {
        let message = format!("before the paper, which is of {}", document.date);
        return Err(vec![Fault::of_directive("publishedDate", FaultCode::Date, message)]);
    }
    let context = Context { register, rules, source: Source::Paper { document, purpose } };
    let made = check::check(&order.annex, &context).outcome?;
    let superseded = made.superseded.into_iter().map(|grant| (grant, Change::Superseded));
    Ok(superseded.chain(made.grants.into_iter().map(|grant| (grant, Change::Granted))).collect())
}
