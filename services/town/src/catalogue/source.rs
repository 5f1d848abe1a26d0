//! Reads the embedded files of `data/` into powers.

use std::collections::HashMap;

use serde::Deserialize;
use serde::de::DeserializeOwned;
use vocabulary::{Institution, PowerKind};

use super::{Holder, Penalty, Power};

const PENALTIES: &str = include_str!("../../../../data/penalty-powers.csv");
const ITEMS: &str = include_str!("../../../../data/service-items.csv");
const ITEM_BASES: &str = include_str!("../../../../data/item-bases.csv");
const STATUTES: &str = include_str!("../../../../data/statutes.csv");
const FIELDS: &str = include_str!("../../../../data/fields.csv");
const DEPARTMENTS: &str = include_str!("../../../../data/departments.csv");

/// A step by which evidence is kept, named among the measures of one penalty; it is no power of its own.
const EVIDENCE_STEP: &str = "先行登记保存";

/// What stands before 市 in the full name of a department of the county.
const COUNTY: &str = "昆山";

/// Codes of county bodies that no catalogue of powers names.
const OTHER_BODIES: [(&str, &str); 6] = [
    ("government", "市人民政府"),
    ("government-office", "市人民政府办公室"),
    ("finance", "市财政局"),
    ("statistics", "市统计局"),
    ("development", "市发展和改革委员会"),
    ("establishment", "市委机构编制委员会办公室"),
];

/// A file of `data/` that cannot become a catalogue.
#[derive(Debug, thiserror::Error)]
pub enum SourceError {
    /// The file is no CSV with the expected columns.
    #[error("{file}: {cause}")]
    Malformed {
        /// The file.
        file: &'static str,
        /// What the reader says.
        #[source]
        cause: csv::Error,
    },
    /// A cell refers to something that its table does not have, or cannot be read.
    #[error("{file}: {code}: {problem}: {value}")]
    Cell {
        /// The file.
        file: &'static str,
        /// The row, by its code.
        code: String,
        /// What is wrong.
        problem: &'static str,
        /// The cell.
        value: String,
    },
}

#[derive(Deserialize)]
struct PenaltyRow {
    code: String,
    name: String,
    domain: String,
    county_department: String,
    violation_basis: String,
    penalty_basis: String,
    penalty_kinds: String,
    fine_min_yuan: String,
    fine_max_yuan: String,
    org_fine_min_yuan: String,
    org_fine_max_yuan: String,
    fine_rule: String,
    related_coercion: String,
}

#[derive(Deserialize)]
struct ItemRow {
    code: String,
    name: String,
    kind: String,
    department: String,
}

#[derive(Deserialize)]
struct ItemBasisRow {
    code: String,
    holder: String,
    basis: String,
    supervisor: String,
}

#[derive(Deserialize)]
struct StatuteRow {
    title: String,
    level: String,
}

#[derive(Deserialize)]
struct FieldRow {
    domain: String,
    field: String,
    supervisor: String,
}

#[derive(Deserialize)]
struct DepartmentRow {
    department: String,
    code: String,
    supervisor: String,
    upward_counterpart: String,
}

/// A county department of `data/departments.csv`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Department {
    /// The ASCII code, such as `housing`.
    pub code: String,
    /// Its usual name at the county, such as 市住房和城乡建设局.
    pub name: String,
}

impl Department {
    /// Its full name, as the papers that it issues show it.
    #[must_use]
    pub fn issuer(&self) -> String {
        format!("{COUNTY}{}", self.name)
    }
}

/// Reads everything: penalties, then the coercive measures that they name, then items.
pub fn read() -> Result<Vec<Power>, SourceError> {
    let levels: HashMap<String, String> =
        rows::<StatuteRow>("statutes.csv", STATUTES)?.into_iter().map(|row| (row.title, row.level)).collect();
    let fields: HashMap<String, FieldRow> =
        rows::<FieldRow>("fields.csv", FIELDS)?.into_iter().map(|row| (row.domain.clone(), row)).collect();
    let tables = Tables { levels, fields };
    let penalties = rows::<PenaltyRow>("penalty-powers.csv", PENALTIES)?;
    let mut powers = penalties.iter().map(|row| tables.penalty(row)).collect::<Result<Vec<_>, _>>()?;
    powers.extend(tables.measures(&penalties)?);
    powers.extend(items()?);
    Ok(powers)
}

/// The county departments, each code once, by code.
///
/// # Errors
/// [`SourceError`] where the file cannot be read.
pub fn departments() -> Result<Vec<Department>, SourceError> {
    let rows = rows::<DepartmentRow>("departments.csv", DEPARTMENTS)?;
    let mut found: Vec<_> =
        rows.into_iter().map(|row| Department { code: row.code, name: row.upward_counterpart }).collect();
    found.extend(OTHER_BODIES.map(|(code, name)| Department { code: code.to_owned(), name: name.to_owned() }));
    found.sort_by(|one, other| one.code.cmp(&other.code));
    found.dedup_by(|one, other| one.code == other.code);
    Ok(found)
}

struct Tables {
    levels: HashMap<String, String>,
    fields: HashMap<String, FieldRow>,
}

impl Tables {
    fn penalty(&self, row: &PenaltyRow) -> Result<Power, SourceError> {
        let cell = |problem, value: &str| fault("penalty-powers.csv", &row.code, problem, value);
        let act = row.name.strip_prefix('对').and_then(|name| name.strip_suffix("的处罚"));
        let field = self.field(&row.code, &row.domain)?;
        Ok(Power {
            code: row.code.clone(),
            name: row.name.clone(),
            kind: PowerKind::Penalty,
            field: field.field.clone(),
            origin_department: row.county_department.clone(),
            bases: self.bases(&row.code, &row.penalty_basis)?,
            penalty: Some(Penalty {
                act: act.ok_or_else(|| cell("a penalty is called 对…的处罚", &row.name))?.to_owned(),
                violation_bases: self.bases(&row.code, &row.violation_basis)?,
                kinds: row.penalty_kinds.clone(),
                fines_yuan: [&row.fine_min_yuan, &row.fine_max_yuan, &row.org_fine_min_yuan, &row.org_fine_max_yuan]
                    .map(Clone::clone),
                fine_rule: row.fine_rule.clone(),
            }),
            measures: Vec::new(),
            related_to: Vec::new(),
            holder: Holder::TownConfirmed,
            supervisor: institution("fields.csv", &field.domain, &field.supervisor)?,
        })
    }

    /// Each distinct entry of `related_coercion` is one power, with field and department of the first penalty that names it.
    fn measures(&self, penalties: &[PenaltyRow]) -> Result<Vec<Power>, SourceError> {
        let mut found: Vec<(&str, Power)> = Vec::new();
        for penalty in penalties {
            let entries = penalty.related_coercion.split(';');
            for entry in entries.filter(|entry| !entry.is_empty() && !entry.starts_with(EVIDENCE_STEP)) {
                if let Some((_, known)) = found.iter_mut().find(|(known, _)| *known == entry) {
                    known.related_to.push(penalty.code.clone());
                } else {
                    let code = format!("PC-{:04}", found.len() + 1);
                    found.push((entry, self.measure(code, entry, penalty)?));
                }
            }
        }
        Ok(found.into_iter().map(|(_, power)| power).collect())
    }

    fn measure(&self, code: String, entry: &str, first: &PenaltyRow) -> Result<Power, SourceError> {
        let parts = entry.split_once('（').and_then(|(measures, rest)| Some((measures, rest.strip_suffix('）')?)));
        let (measures, basis) = parts
            .ok_or_else(|| fault("penalty-powers.csv", &first.code, "a measure is 措施（statute article）", entry))?;
        let field = self.field(&first.code, &first.domain)?;
        Ok(Power {
            code,
            name: entry.replace(' ', ""),
            kind: PowerKind::Coercion,
            field: field.field.clone(),
            origin_department: first.county_department.clone(),
            bases: self.bases(&first.code, basis)?,
            penalty: None,
            measures: measures_of(measures),
            related_to: vec![first.code.clone()],
            holder: Holder::TownConfirmed,
            supervisor: institution("fields.csv", &field.domain, &field.supervisor)?,
        })
    }

    fn field(&self, code: &str, domain: &str) -> Result<&FieldRow, SourceError> {
        self.fields
            .get(domain)
            .ok_or_else(|| fault("penalty-powers.csv", code, "fields.csv has no such domain", domain))
    }

    /// `title article` entries as `title|level|article`, since a title alone does not tell the level.
    fn bases(&self, code: &str, cell: &str) -> Result<Vec<String>, SourceError> {
        let wrong = |problem, entry: &str| fault("penalty-powers.csv", code, problem, entry);
        let entry = |entry: &str| {
            let (title, article) =
                entry.split_once(' ').ok_or_else(|| wrong("a basis is a statute and an article", entry))?;
            let level = self.levels.get(title).ok_or_else(|| wrong("statutes.csv has no such statute", title))?;
            Ok(format!("{title}|{level}|{article}"))
        };
        cell.split(';').map(entry).collect()
    }
}

/// The measures of one entry. The first part always names one; a later part that names none goes on with the objects, as
/// in 扣留车辆、工具.
fn measures_of(text: &str) -> Vec<&'static str> {
    let known = |part: &str| {
        let seizure = ["扣押", "扣留", "暂扣"].iter().any(|word| part.starts_with(word));
        if part.starts_with("查封") { Some("查封") } else { seizure.then_some("扣押") }
    };
    let mut measures = Vec::new();
    for (at, part) in text.split('、').enumerate() {
        let measure = if at == 0 { Some(known(part).unwrap_or("其他")) } else { known(part) };
        measures.extend(measure.filter(|measure| !measures.contains(measure)));
    }
    measures
}

fn items() -> Result<Vec<Power>, SourceError> {
    let bases: HashMap<String, ItemBasisRow> =
        rows::<ItemBasisRow>("item-bases.csv", ITEM_BASES)?.into_iter().map(|row| (row.code.clone(), row)).collect();
    let departments: HashMap<String, DepartmentRow> = rows::<DepartmentRow>("departments.csv", DEPARTMENTS)?
        .into_iter()
        .map(|row| (row.department.clone(), row))
        .collect();
    rows::<ItemRow>("service-items.csv", ITEMS)?.into_iter().map(|row| item(row, &bases, &departments)).collect()
}

fn item(
    row: ItemRow,
    bases: &HashMap<String, ItemBasisRow>,
    departments: &HashMap<String, DepartmentRow>,
) -> Result<Power, SourceError> {
    let wrong = |problem, value: &str| fault("service-items.csv", &row.code, problem, value);
    let kind = PowerKind::from_name(&row.kind).map_err(|_| wrong("no kind is called so", &row.kind))?;
    let basis = bases.get(&row.code);
    let department = departments.get(&row.department);
    let holder = match basis.map(|basis| basis.holder.as_str()) {
        None if kind == PowerKind::PublicService => Holder::TownAssigned,
        Some("TOWN") => Holder::TownConfirmed,
        Some("STATIONED") => Holder::Stationed,
        Some("FORWARD") => Holder::Forward,
        other => return Err(wrong("a holder is TOWN, STATIONED or FORWARD", other.unwrap_or("none"))),
    };
    let supervisor = match (basis, department) {
        (Some(basis), _) => institution("item-bases.csv", &row.code, &basis.supervisor)?,
        (None, Some(department)) => institution("departments.csv", &department.code, &department.supervisor)?,
        (None, None) => return Err(wrong("departments.csv has no such department", &row.department)),
    };
    let entries =
        basis.map(|basis| basis.basis.split(';').filter(|entry| !entry.is_empty()).map(str::to_owned).collect());
    Ok(Power {
        code: row.code,
        name: row.name,
        kind,
        field: String::new(),
        origin_department: row.department,
        bases: entries.unwrap_or_default(),
        penalty: None,
        measures: Vec::new(),
        related_to: Vec::new(),
        holder,
        supervisor,
    })
}

fn institution(file: &'static str, code: &str, value: &str) -> Result<Institution, SourceError> {
    Institution::parse(value).map_err(|_| fault(file, code, "no institution has this code", value))
}

fn fault(file: &'static str, code: &str, problem: &'static str, value: &str) -> SourceError {
    SourceError::Cell { file, code: code.to_owned(), problem, value: value.to_owned() }
}

fn rows<T: DeserializeOwned>(file: &'static str, text: &str) -> Result<Vec<T>, SourceError> {
    let mut reader = csv::Reader::from_reader(text.as_bytes());
    reader.deserialize().collect::<Result<_, _>>().map_err(|cause| SourceError::Malformed { file, cause })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn measures_are_told_by_how_they_begin() {
        let cases: [(&str, &[&str]); 8] = [
            ("查封、扣押", &["查封", "扣押"]),
            ("查封施工现场", &["查封"]),
            ("扣留车辆、工具", &["扣押"]),
            ("暂扣车辆", &["扣押"]),
            ("查封场所、扣押工具设备", &["查封", "扣押"]),
            ("隔离、查封、扣押", &["其他", "查封", "扣押"]),
            ("强制拖离或者扣留车辆", &["其他"]),
            ("封存登记证书、印章和财务凭证", &["其他"]),
        ];
        for (text, expected) in cases {
            assert_eq!(measures_of(text), expected, "{text}");
        }
    }

    #[test]
    fn two_spellings_of_a_department_share_one_code() {
        let departments = departments().expect("the file");
        assert_eq!(departments.iter().filter(|department| department.code == "housing").count(), 1);
        let issuer = |code: &str| departments.iter().find(|it| it.code == code).map(Department::issuer);
        assert_eq!(issuer("city-management").as_deref(), Some("昆山市城市管理局"));
        assert_eq!(issuer("government").as_deref(), Some("昆山市人民政府"));
    }
}
