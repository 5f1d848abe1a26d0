//! The row checks of a file of grants, in the order of authority.md §2.7, and the grants that the file makes.
//!
//! The same checks serve an import by hand, whose rows cite registered documents, and the annex of a directive, whose paper is
//! the document of every row.

use std::collections::HashMap;

use vocabulary::{Date, DocumentNumber, PowerCode};

use super::csv::{self, ExerciseName, GrantRow};
use super::state::{Grant, GrantId, overlap};
use crate::register::document::state::{Issued, Publication};
use crate::register::fault::{Checked, RowFaults, bounded};
use crate::register::settings::Rules;
use crate::register::state::Register;
use crate::register::table::Table;

mod build;
mod row;
#[cfg(test)]
mod tests;

/// What a file of grants is checked against.
#[derive(Clone, Copy)]
pub(crate) struct Context<'a> {
    /// The register.
    pub register: &'a Register,
    /// The town's settings.
    pub rules: &'a Rules,
    /// How the file came.
    pub source: Source<'a>,
}

/// How a file of grants came.
#[derive(Clone, Copy)]
pub(crate) enum Source<'a> {
    /// By hand; each row cites a registered document.
    Import,
    /// By hand, to correct what is recorded; each row finds the grant of its power and document.
    Correction {
        /// Why.
        reason: &'a str,
    },
    /// As the annex of a paper, which is the document of every row.
    Paper {
        /// The paper.
        document: &'a Issued,
        /// What the paper does.
        purpose: Purpose,
    },
}

/// What a paper with an annex of grants does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Purpose {
    /// It grants.
    Grant,
    /// It replaces grants: the old one ends where the new one begins.
    Replace,
}

impl<'a> Context<'a> {
    /// A document that a row may cite as the one that grants: of an import, a confirmed one; of a paper, the paper alone.
    fn granting(&self, number: &DocumentNumber) -> Option<&'a Issued> {
        match self.source {
            Source::Import | Source::Correction { .. } => self.register.confirmed_document(number),
            Source::Paper { document, .. } => (document.number == *number).then_some(document),
        }
    }
}

/// What a file of grants makes.
#[derive(Debug, Default)]
pub(crate) struct Made {
    /// The new grants, in row order.
    pub grants: Vec<Grant>,
    /// The grants that end where a new one begins.
    pub superseded: Vec<Grant>,
    /// The publications that rows record of documents that had none.
    pub publications: Vec<(DocumentNumber, Publication)>,
}

/// Checks a file of grants, and makes its grants if every row is right.
pub(crate) fn check(file: &[u8], context: &Context<'_>) -> Checked<Made> {
    let table = Table::read(file, csv::COLUMNS);
    let (rows, mut faults): (Vec<_>, Vec<_>) = table.rows().iter().map(csv::read).unzip();
    let file = File::of(&rows, context);
    let mut made = Made::default();
    for (index, (row, faults)) in rows.iter().zip(&mut faults).enumerate() {
        let Some(found) = row::check(row, index, faults, &file, context) else { continue };
        let id = GrantId(context.register.head.last_grant + 1 + made.grants.len() as i64);
        let grant = build::grant(id, row, &found, context);
        made.superseded.extend(build::superseded(&grant, &found, context));
        made.grants.push(grant);
    }
    made.publications =
        file.publications.into_iter().map(|(number, published)| (number.clone(), published.clone())).collect();
    made.publications.sort_by(|(one, _), (other, _)| one.cmp(other));
    let mut told = table.faults().to_vec();
    told.extend(faults.into_iter().flat_map(RowFaults::into_faults));
    told.sort_by_key(|fault| fault.row);
    Checked { rows: table.count(), outcome: if told.is_empty() { Ok(made) } else { Err(bounded(told)) } }
}

/// What the rows of a file ask of each other.
struct File<'f> {
    rows: &'f [GrantRow],
    by_power: HashMap<&'f PowerCode, Vec<usize>>,
    /// The publication that the first row of a document records, where the document has none.
    publications: HashMap<&'f DocumentNumber, &'f Publication>,
}

impl<'f> File<'f> {
    fn of(rows: &'f [GrantRow], context: &Context<'_>) -> Self {
        let mut by_power: HashMap<_, Vec<usize>> = HashMap::new();
        let mut publications = HashMap::new();
        for (index, row) in rows.iter().enumerate() {
            if let Some(power) = &row.power {
                by_power.entry(power).or_default().push(index);
            }
            if let Some((number, published)) = row.document.as_ref().zip(row.publication.as_ref()) {
                let granting = context.granting(number);
                if granting.is_some_and(|document| document.publication.is_none() && published.date >= document.date) {
                    publications.entry(number).or_insert(published);
                }
            }
        }
        Self { rows, by_power, publications }
    }

    /// The rows that grant a power on one of the days, by their place in the file.
    fn granting(&self, power: &PowerCode, from: Date, to: Option<Date>) -> impl Iterator<Item = (usize, &'f GrantRow)> {
        let places = self.by_power.get(power).map_or(&[][..], Vec::as_slice);
        let rows = self.rows;
        let rows = places.iter().filter_map(move |place| rows.get(*place).map(|row| (*place, row)));
        rows.filter(move |(_, row)| row.from.is_none_or(|begins| overlap((begins, row.to), (from, to))))
    }

    /// Whether a row of the file grants a power to the town on one of the days.
    fn grants_town(&self, power: &PowerCode, from: Date, to: Option<Date>) -> bool {
        self.granting(power, from, to).any(|(_, row)| row.exercise != Some(ExerciseName::Stationed))
    }
}
