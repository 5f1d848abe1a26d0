//! The file of grants (authority.md §2.7): one row a grant, also as the annex of a directive.

use vocabulary::{Date, DocumentNumber, Institution, Money, PowerCode};

use super::state::Mode;
use crate::register::cells::{Cells, one_of};
use crate::register::document::state::Publication;
use crate::register::fault::RowFaults;
use crate::register::table::Row;

/// The columns.
pub(crate) const COLUMNS: &[&str] = &[
    "power_code",
    "mode",
    "exercise_name",
    "handler",
    "supervisor",
    "doc_no",
    "clause",
    "batch",
    "from",
    "to",
    "published_date",
    "published_place",
    "withdraw_doc_no",
    "provincial_basis_doc_no",
    "scope_area",
    "scope_amount_cap_fen",
    "scope_target",
    "next_evaluation",
];

/// An exercise name as a row gives it; the body of a stationed item is the power's department.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum ExerciseName {
    /// The town government's own name.
    Own,
    /// The name of the department that entrusts the power.
    Entrusted,
    /// The county body acts itself.
    Stationed,
}

/// A row of grants. A value that was refused, or is not given, is absent.
#[derive(Debug)]
pub(crate) struct GrantRow {
    /// The power.
    pub power: Option<PowerCode>,
    /// How it was handed down.
    pub mode: Option<Mode>,
    /// In whose name it is exercised.
    pub exercise: Option<ExerciseName>,
    /// Who handles it.
    pub handler: Option<Institution>,
    /// Who supervises it; absent: by the power's field or department.
    pub supervisor: Option<Institution>,
    /// The granting document.
    pub document: Option<DocumentNumber>,
    /// The clause of the annex.
    pub clause: String,
    /// The batch.
    pub batch: Option<u32>,
    /// The first day.
    pub from: Option<Date>,
    /// The first day on which it is no longer in force.
    pub to: Option<Date>,
    /// The publication of the granting document.
    pub publication: Option<Publication>,
    /// The document that ends it.
    pub withdraw_document: Option<DocumentNumber>,
    /// The province's document.
    pub basis: Option<DocumentNumber>,
    /// The area.
    pub area: String,
    /// The most it covers.
    pub amount_cap: Option<Money>,
    /// The class of targets.
    pub target: String,
    /// When it is to be evaluated next.
    pub next_evaluation: Option<Date>,
}

const MODES: [(&str, Mode); 2] = [("CONFIRMED", Mode::Confirmed), ("ASSIGNED", Mode::Assigned)];

const EXERCISE_NAMES: [(&str, ExerciseName); 3] =
    [("OWN", ExerciseName::Own), ("ENTRUSTED", ExerciseName::Entrusted), ("STATIONED", ExerciseName::Stationed)];

/// Reads a row: the first two checks, unknown values and malformed codes or numbers (`AU-ENUM`), then dates (`AU-DATE`).
pub(crate) fn read(row: &Row) -> (GrantRow, RowFaults) {
    let mut cells = Cells::of(row);
    let power = cells.required("power_code", PowerCode::parse);
    let exercise = one_of(row.cell("exercise_name"), &EXERCISE_NAMES).ok();
    let mode = read_mode(&mut cells, exercise);
    cells.required("exercise_name", |cell| one_of(cell, &EXERCISE_NAMES));
    let handler = cells.required("handler", Institution::parse);
    let supervisor = cells.value("supervisor", Institution::parse);
    let document = cells.required("doc_no", DocumentNumber::parse);
    let batch = cells.number("batch", 1).and_then(|batch| u32::try_from(batch).ok());
    let withdraw_document = cells.value("withdraw_doc_no", DocumentNumber::parse);
    let basis = cells.value("provincial_basis_doc_no", DocumentNumber::parse);
    let amount_cap = cells.number("scope_amount_cap_fen", 0).map(Money::from_fen);
    // Dates are the second check, so they come after every value of the first.
    let from = cells.date("from");
    if cells.is_empty("from") {
        cells.refuse_date("from", "is required");
    }
    let to = cells.date("to");
    if from.zip(to).is_some_and(|(from, to)| to <= from) {
        cells.refuse_date("to", "the first day on which it is no longer in force comes after the first day");
    }
    let published = cells.date("published_date");
    if cells.is_empty("published_date") && !cells.is_empty("published_place") {
        cells.refuse_date("published_date", "a place of publication without its day");
    }
    let next_evaluation = cells.date("next_evaluation");
    let read = GrantRow {
        power,
        mode,
        exercise,
        handler,
        supervisor,
        document,
        clause: cells.text("clause"),
        batch,
        from,
        to,
        publication: published.map(|date| Publication { date, place: cells.text("published_place") }),
        withdraw_document,
        basis,
        area: cells.text("scope_area"),
        amount_cap,
        target: cells.text("scope_target"),
        next_evaluation,
    };
    (read, cells.into_faults())
}

/// A stationed item was not handed down, so it has no mode; every other grant has one.
fn read_mode(cells: &mut Cells<'_>, exercise: Option<ExerciseName>) -> Option<Mode> {
    if exercise == Some(ExerciseName::Stationed) {
        cells.forbid(&["mode"], "a stationed body's item has no mode");
        return None;
    }
    if exercise.is_some() && cells.is_empty("mode") {
        cells.refuse("mode", "is required");
    }
    cells.value("mode", |cell| one_of(cell, &MODES))
}
