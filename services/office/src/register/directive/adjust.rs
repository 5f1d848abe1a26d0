//! Suspending, resuming and withdrawing grants by a document (authority.md §2.4).
//!
//! Each listed power is checked by itself and every fault is told. Who changes a grant stands as high as who made it, and
//! nothing is changed for days before the document's.

use std::collections::HashSet;

use vocabulary::{Date, DocumentNumber, PowerCode};

use super::form::transition;
use crate::register::cells::Cells;
use crate::register::document::state::Issued;
use crate::register::fault::{Fault, FaultCode, RowFaults, bounded};
use crate::register::grant::state::{Change, End, Grant, Holder, Resumed, Suspension, Transition};
use crate::register::settings::{Rules, Standing};
use crate::register::state::Register;
use crate::register::table::Table;

/// The columns of the annex of a withdrawal.
pub(crate) const WITHDRAWAL_COLUMNS: &[&str] = &["power_code", "to", "transition", "until"];

/// A grant as it is after a document, and what the document changed.
pub(crate) type Changed = (Grant, Change);

/// Why one power cannot be changed.
type Wrong = (FaultCode, String);

/// A document that changes grants.
#[derive(Clone, Copy)]
pub(crate) struct Adjustment<'a> {
    /// The register.
    pub register: &'a Register,
    /// The town's settings.
    pub rules: &'a Rules,
    /// The document.
    pub document: &'a Issued,
}

impl<'a> Adjustment<'a> {
    /// Suspends grants from a day on, until a document resumes them.
    pub fn suspend(&self, from: Date, powers: &[String]) -> Result<Vec<Changed>, Vec<Fault>> {
        self.from(from, powers, |power| {
            let grant = self.covering(power, from)?;
            self.outranks(&grant.document)?;
            let overlapping = |known: &&Suspension| known.resumed.as_ref().is_none_or(|resumed| from < resumed.on);
            if let Some(known) = grant.suspensions.iter().find(overlapping) {
                return Err((
                    FaultCode::Overlap,
                    format!("{} is suspended from {} on under {}", grant.id, known.from, known.document),
                ));
            }
            let mut after = grant.clone();
            after.suspensions.push(Suspension { from, document: self.document.number.clone(), resumed: None });
            Ok(vec![(after, Change::Suspended)])
        })
    }

    /// Resumes suspended grants from a day on.
    pub fn resume(&self, from: Date, powers: &[String]) -> Result<Vec<Changed>, Vec<Fault>> {
        self.from(from, powers, |power| {
            let open = |known: &Suspension| known.resumed.is_none() && known.from < from;
            let mut suspended = self.register.grants_of(power).filter(|grant| grant.suspensions.iter().any(open));
            let Some(grant) = suspended.next() else {
                return Err((FaultCode::Date, format!("{power} is not suspended before {from}")));
            };
            let mut after = grant.clone();
            for known in after.suspensions.iter_mut().filter(|known| open(known)) {
                self.outranks(&known.document)?;
                known.resumed = Some(Resumed { on: from, document: self.document.number.clone() });
            }
            Ok(vec![(after, Change::Resumed)])
        })
    }

    /// Withdraws the powers that a directive lists.
    pub fn withdraw(&self, to: Date, powers: &[String], transition: Transition) -> Result<Vec<Changed>, Vec<Fault>> {
        let mut faults = self.issuer_faults();
        if to < self.document.date {
            faults.push(Fault::of_directive("to", FaultCode::Adhoc, self.before_document()));
        }
        if ends_too_early(transition, to) {
            faults.push(Fault::of_directive("until", FaultCode::Date, "before the day on which the power ends"));
        }
        self.listed(powers, faults, |power| self.withdrawn(power, to, transition))
    }

    /// Withdraws the powers of an annex, each on its day.
    pub fn withdraw_listed(&self, annex: &[u8]) -> Result<Vec<Changed>, Vec<Fault>> {
        let table = Table::read(annex, WITHDRAWAL_COLUMNS);
        let mut told = self.issuer_faults();
        let issuer_may = told.is_empty();
        told.extend(table.faults().iter().cloned());
        let (mut changed, mut seen) = (Vec::new(), HashSet::new());
        for row in table.rows() {
            let mut cells = Cells::of(row);
            let power = cells.required("power_code", PowerCode::parse);
            let until_cell = row.cell("until");
            let until = cells.date("until");
            let readable = until.is_some() || until_cell.is_empty();
            let transition = transition(row.cell("transition"), until).map_err(|message| {
                if readable && cells.is_sound("transition") {
                    cells.refuse("transition", message);
                }
            });
            let to = cells.date("to");
            if cells.is_empty("to") {
                cells.refuse_date("to", "is required");
            }
            let mut faults = cells.into_faults();
            if let (Some(power), Some(to), Ok(transition)) = (power, to, transition)
                && let Some(done) = self.row(&power, to, transition, &mut seen, issuer_may, &mut faults)
            {
                changed.extend(done);
            }
            told.extend(faults.into_faults());
        }
        if table.count() == 0 && told.is_empty() {
            told.push(Fault::of_directive("annex", FaultCode::Directive, "the annex has no rows"));
        }
        told.sort_by_key(|fault| fault.row);
        if told.is_empty() { Ok(changed) } else { Err(bounded(told)) }
    }

    fn row(
        &self,
        power: &PowerCode,
        to: Date,
        transition: Transition,
        seen: &mut HashSet<PowerCode>,
        issuer_may: bool,
        faults: &mut RowFaults,
    ) -> Option<Vec<Changed>> {
        if self.register.newest_power(power).is_none() {
            faults.refuse("power_code", FaultCode::UnknownPower, format!("{power}: not in the power catalogue"));
            return None;
        }
        if !seen.insert(power.clone()) {
            faults.refuse("power_code", FaultCode::Duplicate, "an earlier row withdraws the power");
            return None;
        }
        if to < self.document.date {
            faults.refuse("to", FaultCode::Adhoc, self.before_document());
        }
        if ends_too_early(transition, to) {
            faults.refuse("until", FaultCode::Date, "before the day on which the power ends");
        }
        if !issuer_may || !faults.sound(WITHDRAWAL_COLUMNS) {
            return None;
        }
        match self.withdrawn(power, to, transition) {
            Ok(changed) => Some(changed),
            Err((code, message)) => {
                faults.refuse("power_code", code, message);
                None
            }
        }
    }

    /// A withdrawal takes the power away whole: every grant of it that reaches beyond the day ends, and one that has not begun by
    /// then is never in force.
    fn withdrawn(&self, power: &PowerCode, to: Date, transition: Transition) -> Result<Vec<Changed>, Wrong> {
        let reaches = |grant: &&Grant| !grant.is_void() && grant.end.as_ref().is_none_or(|end| to < end.on);
        let grants = || self.register.grants_of(power).filter(reaches);
        let town: Vec<_> = grants().filter(|grant| grant.exercise.holder() == Holder::Town).collect();
        let ended = if town.is_empty() { grants().collect() } else { town };
        if ended.is_empty() {
            return Err((FaultCode::NoGrant, format!("no grant of {power} reaches beyond {to}")));
        }
        let ended = ended.into_iter().map(|grant| {
            let known = grant.end.as_ref().and_then(|end| end.document.as_ref());
            [Some(&grant.document), known].into_iter().flatten().try_for_each(|document| self.outranks(document))?;
            let end = End { on: to.max(grant.from), document: Some(self.document.number.clone()), transition };
            Ok((Grant { end: Some(end), ..grant.clone() }, Change::Withdrawn))
        });
        ended.collect()
    }

    /// Checks what is common to suspending and resuming, then each power.
    fn from(
        &self,
        from: Date,
        powers: &[String],
        change: impl Fn(&PowerCode) -> Result<Vec<Changed>, Wrong>,
    ) -> Result<Vec<Changed>, Vec<Fault>> {
        let mut faults = self.issuer_faults();
        if from < self.document.date {
            faults.push(Fault::of_directive("from", FaultCode::Retro, self.before_document()));
        }
        self.listed(powers, faults, change)
    }

    /// Checks each listed power. What is wrong with the whole directive keeps what depends on it from being looked at.
    fn listed(
        &self,
        powers: &[String],
        mut faults: Vec<Fault>,
        change: impl Fn(&PowerCode) -> Result<Vec<Changed>, Wrong>,
    ) -> Result<Vec<Changed>, Vec<Fault>> {
        let whole = faults.is_empty();
        let (mut changed, mut seen) = (Vec::new(), HashSet::new());
        for (index, written) in powers.iter().enumerate() {
            let outcome = match PowerCode::parse(written) {
                Err(error) => Err((FaultCode::Enum, error.to_string())),
                Ok(power) if self.register.newest_power(&power).is_none() => {
                    Err((FaultCode::UnknownPower, format!("{power}: not in the power catalogue")))
                }
                Ok(power) if !seen.insert(power.clone()) => {
                    Err((FaultCode::Duplicate, format!("{power} stands twice")))
                }
                Ok(power) if whole => change(&power),
                Ok(_) => continue,
            };
            match outcome {
                Ok(done) => changed.extend(done),
                Err((code, message)) => faults.push(Fault::of_directive(format!("powers[{index}]"), code, message)),
            }
        }
        if faults.is_empty() { Ok(changed) } else { Err(bounded(faults)) }
    }

    /// The grant in whose days a day lies.
    fn covering(&self, power: &PowerCode, day: Date) -> Result<&'a Grant, Wrong> {
        let grant = self.of_town_first(power, |grant| grant.covers(day));
        grant.ok_or_else(|| (FaultCode::NoGrant, format!("no grant of {power} covers {day}")))
    }

    /// A document that names a power means the town's grant of it; a stationed body's item only where the town has none.
    fn of_town_first(&self, power: &PowerCode, wanted: impl Fn(&&Grant) -> bool) -> Option<&'a Grant> {
        let grants = || self.register.grants_of(power).filter(&wanted);
        grants().find(|grant| grant.exercise.holder() == Holder::Town).or_else(|| grants().next())
    }

    /// Only the same or a higher issuer changes what a document did (§2.4).
    fn outranks(&self, document: &DocumentNumber) -> Result<(), Wrong> {
        let granted = self.register.issuer_of(document).map(|issuer| self.rules.standing(issuer));
        if granted <= Some(self.rules.standing(&self.document.issuer)) {
            return Ok(());
        }
        Err((FaultCode::Issuer, format!("{} stands below the issuer of {document}", self.document.issuer)))
    }

    /// A department, or an issuer that the settings do not know, changes no grant.
    fn issuer_faults(&self) -> Vec<Fault> {
        match self.rules.standing(&self.document.issuer) {
            Standing::Government(_) => Vec::new(),
            Standing::Department | Standing::Unknown => {
                let message = format!("{} may not adjust or withdraw powers", self.document.issuer);
                vec![Fault::of_directive("issuer", FaultCode::Issuer, message)]
            }
        }
    }

    fn before_document(&self) -> String {
        format!("before the document, which is of {}", self.document.date)
    }
}

fn ends_too_early(transition: Transition, to: Date) -> bool {
    matches!(transition, Transition::FinishUntil(until) if until < to)
}

#[cfg(test)]
mod tests;
