//! The row checks of a power catalogue, in the order of authority.md §2.7, and the powers that it lists anew.

use std::collections::HashMap;

use vocabulary::{Date, PowerCode, PowerKind};

use super::csv::{self, PowerRow, serves_penalties};
use super::state::{Act, Measure, PenaltyKind, Power, Relation, freezes_without_law};
use crate::register::fault::{Checked, FaultCode, RowFaults, bounded};
use crate::register::grant::rules::unfit_mode;
use crate::register::settings::Rules;
use crate::register::state::Register;
use crate::register::table::Table;

#[cfg(test)]
mod tests;

/// A power that a file lists: a new one, or a new wording of a known one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listing {
    /// The power.
    pub power: Power,
    /// The first day on which the wording is valid; none for a new power, which is valid since ever.
    pub valid_from: Option<Date>,
}

/// Checks a catalogue, and gives the powers that are new or changed if every row is right. A changed power is valid in its new
/// wording from `changed_from` on, which is not before the day on which the file was handed in: what was answered about a day
/// gone by stays right.
pub(crate) fn check(
    file: &[u8],
    register: &Register,
    rules: &Rules,
    changed_from: Date,
    handed_in: Date,
) -> Checked<Vec<Listing>> {
    let table = Table::read(file, csv::COLUMNS);
    let (rows, mut faults): (Vec<_>, Vec<_>) = table.rows().iter().map(|row| csv::read(row, rules)).unzip();
    let file = File::of(&rows);
    for (place, (row, faults)) in rows.iter().zip(&mut faults).enumerate() {
        twice_or_at_odds(row, place, faults, &file, register);
        kind_rules(row, faults);
        related(row, faults, &file, register);
    }
    let listings = listings(&file, register, changed_from);
    for (place, listing) in &listings {
        let rows = file.rows_of(&listing.power.code);
        let sound = rows.filter_map(|(place, _)| faults.get(place)).all(|faults| faults.sound(csv::COLUMNS));
        if let Some(faults) = faults.get_mut(*place).filter(|_| sound) {
            changed(listing, handed_in, register, faults);
        }
    }
    let mut told = table.faults().to_vec();
    told.extend(faults.into_iter().flat_map(RowFaults::into_faults));
    told.sort_by_key(|fault| fault.row);
    let outcome = if told.is_empty() {
        Ok(listings.into_iter().map(|(_, listing)| listing).collect())
    } else {
        Err(bounded(told))
    };
    Checked { rows: table.count(), outcome }
}

/// 5: another wording is for days to come, and fits the grants that go on under it (§2.2).
fn changed(listing: &Listing, handed_in: Date, register: &Register, faults: &mut RowFaults) {
    let Some(from) = listing.valid_from else { return };
    let power = &listing.power;
    if from < handed_in {
        let message =
            format!("{} is listed; another wording begins on {handed_in} or later, not on {from}", power.code);
        faults.refuse("power_code", FaultCode::Retro, message);
    }
    let going_on = register.grants_of(&power.code).filter(|grant| grant.overlaps(from, None));
    let unfit = going_on.filter_map(|grant| Some((grant, unfit_mode(power, grant.exercise.mode()?)?)));
    if let Some((grant, (code, message))) = unfit.into_iter().next() {
        faults.refuse("basis", code, format!("{message}; {} goes on under {}", grant.id, grant.document));
    }
}

/// What the rows of a file ask of each other.
struct File<'f> {
    rows: &'f [PowerRow],
    by_code: HashMap<&'f PowerCode, Vec<usize>>,
}

impl<'f> File<'f> {
    fn of(rows: &'f [PowerRow]) -> Self {
        let mut by_code: HashMap<_, Vec<usize>> = HashMap::new();
        for (place, row) in rows.iter().enumerate() {
            if let Some(code) = &row.code {
                by_code.entry(code).or_default().push(place);
            }
        }
        Self { rows, by_code }
    }

    fn rows_of(&self, code: &PowerCode) -> impl Iterator<Item = (usize, &'f PowerRow)> {
        let places = self.by_code.get(code).map_or(&[][..], Vec::as_slice);
        places.iter().filter_map(|place| self.rows.get(*place).map(|row| (*place, row)))
    }
}

/// 2: nothing stands twice, rows of one power agree, and a known power keeps its kind.
fn twice_or_at_odds(row: &PowerRow, place: usize, faults: &mut RowFaults, file: &File<'_>, register: &Register) {
    let Some(code) = &row.code else { return };
    let Some((first_place, first)) = file.rows_of(code).next() else { return };
    if first_place < place {
        match (&row.act, row.head.kind) {
            (Some(act), _) => {
                let mut earlier = file.rows_of(code).take_while(|(other, _)| *other < place);
                if earlier.any(|(_, other)| other.act.as_ref().is_some_and(|other| other.act == act.act))
                    && faults.sound(&["act"])
                {
                    faults.refuse("act", FaultCode::Duplicate, format!("an earlier row of {code} has the same act"));
                }
            }
            (None, Some(PowerKind::Penalty) | None) => {}
            (None, Some(_)) => {
                faults.refuse(
                    "power_code",
                    FaultCode::Duplicate,
                    format!("an earlier row lists {code}; only a penalty has several"),
                );
            }
        }
        at_odds(row, first, faults);
    }
    let listed = register.newest_power(code).map(|power| power.kind);
    if let Some((kind, listed)) = row.head.kind.zip(listed)
        && kind != listed
        && faults.sound(&["kind"])
    {
        let message = format!("{code} is listed as {listed}; a power of another kind has another code");
        faults.refuse("kind", FaultCode::Duplicate, message);
    }
}

/// What was refused in one of the two rows is absent there, and says nothing about the other.
fn at_odds(row: &PowerRow, first: &PowerRow, faults: &mut RowFaults) {
    let (one, other) = (&row.head, &first.head);
    let differs = [
        ("impl_code", one.implementation_code != other.implementation_code),
        ("name", one.title != other.title),
        ("kind", one.kind.zip(other.kind).is_some_and(|(one, other)| one != other)),
        ("field", one.field != other.field),
        ("origin_department", one.origin_department != other.origin_department),
        ("basis", one.bases != other.bases),
        ("measures", one.measures != other.measures),
        ("related", one.relation.zip(other.relation).is_some_and(|(one, other)| one != other)),
        ("related_to", one.related_to != other.related_to),
    ];
    for (column, differs) in differs {
        if differs && faults.sound(&[column]) && first.refused.iter().all(|refused| *refused != column) {
            faults.refuse(column, FaultCode::Duplicate, "differs from an earlier row of the power");
        }
    }
}

/// 3: the rules of kind that need no grant (§2.2).
fn kind_rules(row: &PowerRow, faults: &mut RowFaults) {
    let (act, head) = (row.act.as_ref(), &row.head);
    if act.is_some_and(|act| act.penalty_kinds.contains(&PenaltyKind::Detention)) {
        faults.refuse("penalty_kinds", FaultCode::Liberty, "restriction of personal liberty is never granted");
    }
    if head.measures.contains(&Measure::Liberty) {
        faults.refuse("measures", FaultCode::Liberty, "restriction of personal liberty is never granted");
    }
    if freezes_without_law(&head.measures, &head.bases) && faults.sound(&["basis", "measures"]) {
        faults.refuse("measures", FaultCode::Freeze, "冻结, 划拨 need a basis of the level 法律 that names the organ");
    }
}

/// 4: a measure or inspection names the penalty powers that it serves, and nothing else does.
fn related(row: &PowerRow, faults: &mut RowFaults, file: &File<'_>, register: &Register) {
    let Some(kind) = row.head.kind else { return };
    if !faults.sound(&["related", "related_to"]) {
        return;
    }
    let head = &row.head;
    if !serves_penalties(kind) {
        if head.relation == Some(Relation::Related) {
            faults.refuse("related", FaultCode::Related, "only a measure or inspection travels with penalty powers");
        }
        if !head.related_to.is_empty() {
            faults.refuse("related_to", FaultCode::Related, "only a measure or inspection serves penalty powers");
        }
        return;
    }
    if head.relation == Some(Relation::Related) && head.related_to.is_empty() {
        faults.refuse("related_to", FaultCode::Related, "is required: it names the penalty powers that it serves");
    }
    for code in &head.related_to {
        let in_file = file.rows_of(code).find_map(|(_, row)| row.head.kind);
        match in_file.or_else(|| register.newest_power(code).map(|power| power.kind)) {
            Some(PowerKind::Penalty) => {}
            Some(other) => {
                faults.refuse("related_to", FaultCode::Related, format!("{code} is {}, no penalty", other.name()));
            }
            // A row whose kind was refused is in the file all the same, and its own fault is told there.
            None if file.by_code.contains_key(code) => {}
            None => faults.refuse(
                "related_to",
                FaultCode::Related,
                format!("{code} is neither in the file nor in the catalogue"),
            ),
        }
    }
}

/// The powers that are new or differ from what is listed, in the order of the file, each with the place of its first row.
fn listings(file: &File<'_>, register: &Register, changed_from: Date) -> Vec<(usize, Listing)> {
    let mut listings = Vec::new();
    for (place, row) in file.rows.iter().enumerate() {
        let Some(code) = &row.code else { continue };
        let rows: Vec<_> = file.rows_of(code).collect();
        if rows.first().is_none_or(|(first, _)| *first != place) {
            continue;
        }
        let acts = rows.iter().filter_map(|(_, row)| row.act.clone()).collect();
        let Some(power) = power(row, acts) else { continue };
        match register.power_on(code, changed_from) {
            Some(listed) if *listed == power => {}
            Some(_) => listings.push((place, Listing { power, valid_from: Some(changed_from) })),
            None => listings.push((place, Listing { power, valid_from: None })),
        }
    }
    listings
}

fn power(row: &PowerRow, acts: Vec<Act>) -> Option<Power> {
    let head = &row.head;
    Some(Power {
        code: row.code.clone()?,
        implementation_code: head.implementation_code.clone(),
        title: head.title.clone(),
        kind: head.kind?,
        field: head.field.clone(),
        origin_department: head.origin_department.clone(),
        bases: head.bases.clone(),
        acts,
        measures: head.measures.clone(),
        relation: head.relation?,
        related_to: head.related_to.clone(),
    })
}
