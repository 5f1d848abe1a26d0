//! The file of a power catalogue (authority.md §2.7): one row a power, or one row an act where a penalty covers several.

use vocabulary::{FieldCode, ImplementationCode, PowerCode, PowerKind};

use super::state::{Act, Basis, FineRange, Measure, PenaltyKind, Relation};
use crate::register::cells::{Cells, one_of};
use crate::register::fault::RowFaults;
use crate::register::settings::Rules;
use crate::register::table::Row;

/// The columns.
pub(crate) const COLUMNS: &[&str] = &[
    "power_code",
    "impl_code",
    "name",
    "kind",
    "field",
    "origin_department",
    "basis",
    "act",
    "violation_basis",
    "penalty_kinds",
    "fine_min_yuan",
    "fine_max_yuan",
    "org_fine_min_yuan",
    "org_fine_max_yuan",
    "fine_rule",
    "measures",
    "related",
    "related_to",
];

/// The columns in which the acts of one power may differ.
const ACT_COLUMNS: [&str; 8] = [
    "act",
    "violation_basis",
    "penalty_kinds",
    "fine_min_yuan",
    "fine_max_yuan",
    "org_fine_min_yuan",
    "org_fine_max_yuan",
    "fine_rule",
];

/// What all rows of one power must agree in. A value that was refused is absent.
#[derive(Debug, Default)]
pub(crate) struct Head {
    /// The implementation code.
    pub implementation_code: Option<ImplementationCode>,
    /// The name.
    pub title: String,
    /// The kind.
    pub kind: Option<PowerKind>,
    /// The field.
    pub field: Option<FieldCode>,
    /// The department.
    pub origin_department: String,
    /// The statutory bases.
    pub bases: Vec<Basis>,
    /// The measures.
    pub measures: Vec<Measure>,
    /// Whether it travels with penalty powers.
    pub relation: Option<Relation>,
    /// The penalty powers that it serves.
    pub related_to: Vec<PowerCode>,
}

/// A row of the catalogue.
#[derive(Debug)]
pub(crate) struct PowerRow {
    /// The columns that reading the row refused.
    pub refused: Vec<&'static str>,
    /// The key.
    pub code: Option<PowerCode>,
    /// What all rows of the power must agree in.
    pub head: Head,
    /// The act, for a penalty.
    pub act: Option<Act>,
}

/// Reads a row: the first check, unknown values and malformed codes, numbers and bases (`AU-ENUM`).
pub(crate) fn read(row: &Row, rules: &Rules) -> (PowerRow, RowFaults) {
    let mut cells = Cells::of(row);
    let code = cells.required("power_code", PowerCode::parse);
    let kind_cell = row.cell("kind");
    let kind = PowerKind::parse(kind_cell).ok();
    let implementation_code = cells.value("impl_code", |cell| read_implementation_code(cell, kind));
    let title = cells.required_text("name");
    cells.required("kind", PowerKind::parse);
    let field = read_field(&mut cells, kind, rules);
    let origin_department = cells.text("origin_department");
    let bases = cells.list("basis", "a basis is written title|level|article", Basis::parse);
    let act = read_act(&mut cells, kind);
    let measures = read_measures(&mut cells, kind);
    let relation =
        cells.value("related", |cell| one_of(cell, &[("0", Relation::Independent), ("1", Relation::Related)]));
    let relation = relation.or_else(|| cells.is_empty("related").then(|| kind.map(default_relation)).flatten());
    let related_to =
        cells.list("related_to", "a power code is 3 to 64 of A-Z, 0-9 and -", |code| PowerCode::parse(code).ok());
    let head =
        Head { implementation_code, title, kind, field, origin_department, bases, measures, relation, related_to };
    let faults = cells.into_faults();
    let refused = COLUMNS.iter().copied().filter(|column| !faults.sound(&[column])).collect();
    (PowerRow { refused, code, head, act }, faults)
}

/// Whether a kind has acts of its own to serve: measures and inspections travel with penalties (§2.2).
pub(crate) const fn serves_penalties(kind: PowerKind) -> bool {
    matches!(kind, PowerKind::Coercion | PowerKind::Inspection)
}

const fn default_relation(kind: PowerKind) -> Relation {
    if serves_penalties(kind) { Relation::Related } else { Relation::Independent }
}

fn read_implementation_code(cell: &str, kind: Option<PowerKind>) -> Result<ImplementationCode, String> {
    let code = ImplementationCode::parse(cell).map_err(|error| error.to_string())?;
    if let Some(kind) = kind {
        code.check_kind(kind).map_err(|error| error.to_string())?;
    }
    Ok(code)
}

fn read_field(cells: &mut Cells<'_>, kind: Option<PowerKind>, rules: &Rules) -> Option<FieldCode> {
    let enforced = kind.is_some_and(|kind| kind == PowerKind::Penalty || serves_penalties(kind));
    if enforced && cells.is_empty("field") {
        cells.refuse("field", "a penalty, measure or inspection names its field");
    }
    cells.value("field", |cell| {
        let field = FieldCode::parse(cell).map_err(|error| error.to_string())?;
        if rules.has_field(&field) { Ok(field) } else { Err("there is no such field".to_owned()) }
    })
}

fn read_act(cells: &mut Cells<'_>, kind: Option<PowerKind>) -> Option<Act> {
    if kind? != PowerKind::Penalty {
        cells.forbid(&ACT_COLUMNS, "only a penalty has it");
        return None;
    }
    let act = cells.required_text("act");
    let violation_bases = cells.list("violation_basis", "a basis is written title|level|article", Basis::parse);
    if cells.is_empty("penalty_kinds") {
        cells.refuse("penalty_kinds", "a penalty names its kinds");
    }
    let penalty_kinds = cells.list("penalty_kinds", "no kind of penalty", PenaltyKind::parse);
    let fine = read_fine(cells, "fine_min_yuan", "fine_max_yuan");
    let organisation_fine = read_fine(cells, "org_fine_min_yuan", "org_fine_max_yuan");
    let fine_rule = cells.text("fine_rule");
    Some(Act { act, violation_bases, penalty_kinds, fine, organisation_fine, fine_rule })
}

fn read_fine(cells: &mut Cells<'_>, min: &'static str, max: &'static str) -> Option<FineRange> {
    let one_missing = match (cells.is_empty(min), cells.is_empty(max)) {
        (true, false) => Some(min),
        (false, true) => Some(max),
        (true, true) | (false, false) => None,
    };
    if let Some(missing) = one_missing {
        cells.refuse(missing, "a range has two ends; \"X元以下\" begins at 0");
    }
    let (least, most) = (cells.number(min, 0), cells.number(max, 0));
    let range = FineRange::new(least?, most?);
    if range.is_none() {
        cells.refuse(max, "the most is below the least");
    }
    range
}

fn read_measures(cells: &mut Cells<'_>, kind: Option<PowerKind>) -> Vec<Measure> {
    match kind {
        Some(PowerKind::Coercion) => {
            if cells.is_empty("measures") {
                cells.refuse("measures", "a coercive power names its measures");
            }
            cells.list("measures", "one of 查封, 扣押, 冻结, 划拨, 其他", Measure::parse)
        }
        Some(_) => {
            cells.forbid(&["measures"], "only a coercive power has measures");
            Vec::new()
        }
        None => Vec::new(),
    }
}
