//! Makes grants from rows in which nothing is wrong.

use vocabulary::PowerKind;

use super::row::Found;
use super::{Context, Purpose, Source};
use crate::register::grant::csv::GrantRow;
use crate::register::grant::state::{Correction, End, Grant, GrantId, Scope, Transition};

/// The grant of a row.
pub(super) fn grant(id: GrantId, row: &GrantRow, found: &Found<'_>, context: &Context<'_>) -> Grant {
    let corrected = match context.source {
        Source::Correction { reason } => found.old.map(|old| (old, reason)),
        Source::Import | Source::Paper { .. } => None,
    };
    let end = row.to.map(|on| {
        let document = row.withdraw_document.clone();
        // A correction does not touch what the withdrawing document said about open work.
        let kept = corrected.and_then(|(old, _)| old.end.as_ref()).filter(|end| end.document == document);
        let transition = kept.map_or(Transition::Transfer, |end| end.transition);
        End { on, document, transition }
    });
    // Penalty powers are evaluated every few years, and none before the law that asks for it is old enough (§2.4, §2.7).
    let evaluated = (found.power.kind == PowerKind::Penalty).then(|| context.rules.first_evaluation(found.from));
    Grant {
        id,
        power: found.power.code.clone(),
        exercise: found.exercise.clone(),
        handler: found.handler,
        supervisor: found.supervisor,
        document: found.document.number.clone(),
        clause: row.clause.clone(),
        batch: row.batch,
        from: found.from,
        end,
        publication: found.publication.clone(),
        basis: row.basis.clone(),
        scope: Scope { area: row.area.clone(), amount_cap: row.amount_cap, target: row.target.clone() },
        next_evaluation: row.next_evaluation.or(evaluated),
        evaluation: corrected.and_then(|(old, _)| old.evaluation.clone()),
        suspensions: corrected.map(|(old, _)| old.suspensions.clone()).unwrap_or_default(),
        correction: corrected.map(|(old, reason)| Correction { corrects: old.id, reason: reason.to_owned() }),
    }
}

/// The grant that ends where a new one begins. The town holds the power on, so it finishes what is open.
pub(super) fn superseded(new: &Grant, found: &Found<'_>, context: &Context<'_>) -> Option<Grant> {
    let replaces = matches!(context.source, Source::Paper { purpose: Purpose::Replace, .. });
    let old = found.old.filter(|_| replaces)?;
    let end = End { on: new.from, document: Some(new.document.clone()), transition: Transition::FinishByTown };
    Some(Grant { end: Some(end), ..old.clone() })
}
