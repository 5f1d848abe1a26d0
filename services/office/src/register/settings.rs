//! What the register takes from the town's settings: who may issue what, which fields and departments there are, and how the
//! province's decisions call the town.
//!
//! The defaults are those of authority.md §2.3 and of `data/fields.csv` and `data/departments.csv`; the town confirms or
//! replaces them (overview.md §1.9).

use jiff::Span;
use serde::{Deserialize, Serialize};
use vocabulary::institution::TownNames;
use vocabulary::text::normalise;
use vocabulary::{Date, FieldCode, Institution, Side, time};

use crate::settings::SettingsError;

/// The settings of the register, section `register` of the office.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct RegisterSettings {
    /// The issuers that may grant, adjust and withdraw powers, each with its rank.
    pub issuers: Vec<RankedIssuer>,
    /// The issuers whose published decision is a basis for penalty powers (行政处罚法 art. 24).
    pub provincial_issuers: Vec<String>,
    /// The classes of towns to which the town belongs, as provincial decisions write them.
    pub town_classes: Vec<String>,
    /// How the scope of a grant writes "the whole town".
    pub whole_town: Vec<String>,
    /// The fields of enforcement, each with its supervisor.
    pub fields: Vec<FieldLine>,
    /// The county departments, each with its supervisor.
    pub departments: Vec<DepartmentLine>,
    /// Until when a non-licence approval may be granted.
    pub non_licence_approvals: ApprovalsEnd,
    /// When grants of penalty powers are evaluated.
    pub evaluation: Evaluation,
    /// Where residents complain about how a power is exercised, as the public list tells them.
    pub complaint_channel: String,
}

/// The end of non-licence approvals (非行政许可审批) as a category.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct ApprovalsEnd {
    /// The first day on which none can be in force, `YYYY-MM-DD`.
    pub abolished: String,
    /// The document that the day rests on.
    pub document: String,
}

impl Default for ApprovalsEnd {
    fn default() -> Self {
        Self { abolished: "2015-05-14".to_owned(), document: "国发〔2015〕27号".to_owned() }
    }
}

/// The evaluation of what was granted (行政处罚法 art. 24 para. 3).
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct Evaluation {
    /// How many years pass between evaluations where the granting row names no day.
    pub years: u8,
    /// The document that the years rest on.
    pub years_document: String,
    /// The day before which no grant is due, `YYYY-MM-DD`.
    pub first_day: String,
    /// The document that the day rests on.
    pub first_day_document: String,
}

impl Default for Evaluation {
    fn default() -> Self {
        let law = "行政处罚法（2021年修订）第二十四条";
        Self {
            years: 2,
            years_document: law.to_owned(),
            first_day: "2023-07-15".to_owned(),
            first_day_document: law.to_owned(),
        }
    }
}

/// An issuer, and how high it stands: one may change what an issuer of the same or a lower rank granted.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct RankedIssuer {
    /// The full name, as papers show it.
    pub name: String,
    /// The rank; higher prevails.
    pub rank: u32,
}

/// A field of enforcement and the back institution that supervises it.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct FieldLine {
    /// The code, such as `URBAN`.
    pub field: String,
    /// The code of the supervising institution.
    pub supervisor: String,
}

/// A county department and the back institution that supervises its line.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct DepartmentLine {
    /// The name, with or without the county's before it.
    pub name: String,
    /// The code of the supervising institution.
    pub supervisor: String,
    /// What the spellings of one department have in common; empty where the name is the only one.
    #[serde(default)]
    pub department: String,
}

impl Default for RegisterSettings {
    fn default() -> Self {
        let ranked = |(name, rank): (&str, u32)| RankedIssuer { name: name.to_owned(), rank };
        let texts = |names: &[&str]| names.iter().map(|name| (*name).to_owned()).collect();
        Self {
            issuers: ISSUERS.into_iter().map(ranked).collect(),
            provincial_issuers: texts(&["江苏省人民政府", "江苏省人大常委会", "江苏省人民代表大会常务委员会"]),
            town_classes: texts(&[
                "经济发达镇",
                "江苏省经济发达镇",
                "全省经济发达镇",
                "经济发达镇行政管理体制改革试点镇",
            ]),
            whole_town: texts(&["镇域", "全镇", "全镇范围", "镇域范围"]),
            fields: FIELDS.into_iter().map(field_line).collect(),
            departments: DEPARTMENTS.into_iter().map(department_line).collect(),
            non_licence_approvals: ApprovalsEnd::default(),
            evaluation: Evaluation::default(),
            complaint_channel: "12345".to_owned(),
        }
    }
}

impl RegisterSettings {
    /// Every table, with whether it differs from the built-in one.
    pub(crate) fn tables(&self) -> [(&'static str, bool); 8] {
        let built_in = Self::default();
        let Self {
            issuers,
            provincial_issuers,
            town_classes,
            whole_town,
            fields,
            departments,
            non_licence_approvals,
            evaluation,
            // A telephone number is no rule.
            complaint_channel: _,
        } = self;
        [
            ("register.issuers", *issuers != built_in.issuers),
            ("register.provincial_issuers", *provincial_issuers != built_in.provincial_issuers),
            ("register.town_classes", *town_classes != built_in.town_classes),
            ("register.whole_town", *whole_town != built_in.whole_town),
            ("register.fields", *fields != built_in.fields),
            ("register.departments", *departments != built_in.departments),
            ("register.non_licence_approvals", *non_licence_approvals != built_in.non_licence_approvals),
            ("register.evaluation", *evaluation != built_in.evaluation),
        ]
    }
}

/// The office of a government writes for it, but does not stand above it: what the government granted, the office does not withdraw.
const ISSUERS: [(&str, u32); 6] = [
    ("江苏省人民代表大会常务委员会", 50),
    ("江苏省人大常委会", 50),
    ("江苏省人民政府", 40),
    ("苏州市人民政府", 30),
    ("昆山市人民政府", 20),
    ("昆山市人民政府办公室", 10),
];

const FIELDS: [(&str, Institution); 16] = [
    ("URBAN", Institution::Construction),
    ("HOUSING", Institution::Construction),
    ("TRANSPORT", Institution::Construction),
    ("ENVIRONMENT", Institution::Construction),
    ("LAND", Institution::Construction),
    ("WATER", Institution::Construction),
    ("AGRICULTURE", Institution::Economy),
    ("FORESTRY", Institution::Economy),
    ("SAFETY", Institution::Economy),
    ("FIRE", Institution::Economy),
    ("MARKET", Institution::Economy),
    ("EDUCATION", Institution::Social),
    ("HEALTH", Institution::Social),
    ("CULTURE", Institution::Social),
    ("CIVIL", Institution::Social),
    ("LABOUR", Institution::Personnel),
];

/// Forestry has no bureau of its own in the county: the one of natural resources acts for it.
const DEPARTMENTS: [(&str, Institution, &str); 34] = [
    ("人社局", Institution::Personnel, "human-resources"),
    ("人力资源和社会保障局", Institution::Personnel, "human-resources"),
    ("医疗保障局", Institution::Personnel, ""),
    ("行政审批局", Institution::Office, ""),
    ("交通运输局", Institution::Construction, ""),
    ("住建局", Institution::Construction, "housing"),
    ("住房和城乡建设局", Institution::Construction, "housing"),
    ("城市管理局", Institution::Construction, ""),
    ("自然资源和规划局", Institution::Construction, "natural-resources"),
    ("生态环境局", Institution::Construction, ""),
    ("水务局", Institution::Construction, ""),
    ("农业农村局", Institution::Economy, ""),
    ("林业局", Institution::Economy, "natural-resources"),
    ("应急管理局", Institution::Economy, ""),
    ("消防救援大队", Institution::Economy, ""),
    ("市监局", Institution::Economy, "market"),
    ("市场监督管理局", Institution::Economy, "market"),
    ("教科体局", Institution::Social, "education"),
    ("教育局", Institution::Social, "education"),
    ("科学技术局", Institution::Social, ""),
    ("卫健局", Institution::Social, "health"),
    ("卫健委", Institution::Social, "health"),
    ("卫生健康局", Institution::Social, "health"),
    ("卫生健康委员会", Institution::Social, "health"),
    ("民政局", Institution::Social, ""),
    ("文广旅局", Institution::Social, "culture"),
    ("文化体育广电和旅游局", Institution::Social, "culture"),
    ("文体广电和旅游局", Institution::Social, "culture"),
    ("残联", Institution::Social, "disabled-federation"),
    ("残疾人联合会", Institution::Social, "disabled-federation"),
    ("退役军人事务局", Institution::Social, ""),
    ("公安分局", Institution::Office, "police"),
    ("公安局", Institution::Office, "police"),
    ("司法局", Institution::Office, ""),
];

fn field_line((field, supervisor): (&str, Institution)) -> FieldLine {
    FieldLine { field: field.to_owned(), supervisor: supervisor.code().to_owned() }
}

fn department_line((name, supervisor, department): (&str, Institution, &str)) -> DepartmentLine {
    let (name, department) = (name.to_owned(), department.to_owned());
    DepartmentLine { name, supervisor: supervisor.code().to_owned(), department }
}

/// How high an issuer stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Standing {
    /// Unknown: neither a government that grants powers nor a county department.
    Unknown,
    /// A county department: it may supply a letter of entrustment (委托书) and nothing else.
    Department,
    /// A government that may grant, adjust and withdraw powers, with its rank.
    Government(u32),
}

/// The settings, checked.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    issuers: Vec<(String, u32)>,
    provincial_issuers: Vec<String>,
    town_names: Vec<String>,
    whole_town: Vec<String>,
    fields: Vec<(FieldCode, Institution)>,
    departments: Vec<Department>,
    county: String,
    approvals_abolished: Date,
    evaluation_years: u8,
    first_evaluation: Date,
    complaint_channel: String,
}

/// A spelling of a department.
#[derive(Clone, Debug)]
struct Department {
    name: String,
    supervisor: Institution,
    /// What its spellings have in common.
    common: String,
}

impl Rules {
    /// Checks the settings of a town.
    ///
    /// # Errors
    /// [`SettingsError`], naming the setting.
    pub fn new(settings: &RegisterSettings, town: &TownNames) -> Result<Self, SettingsError> {
        let mut issuers: Vec<(String, u32)> = Vec::new();
        for (index, issuer) in settings.issuers.iter().enumerate() {
            let name = normalise(&issuer.name);
            if issuers.iter().any(|(known, _)| *known == name) {
                return Err(wrong("issuers", index, format!("{name} stands twice")));
            }
            issuers.push((name, issuer.rank));
        }
        let fields = settings.fields.iter().enumerate().map(|(index, line)| {
            let code = FieldCode::parse(&line.field).map_err(|error| wrong("fields", index, error.to_string()))?;
            Ok((code, supervisor("fields", index, &line.supervisor)?))
        });
        let departments = settings.departments.iter().enumerate().map(|(index, line)| {
            let (name, common) = (normalise(&line.name), normalise(&line.department));
            let common = if common.is_empty() { name.clone() } else { common };
            Ok(Department { name, supervisor: supervisor("departments", index, &line.supervisor)?, common })
        });
        let all = |names: &[String]| names.iter().map(|name| normalise(name)).collect::<Vec<_>>();
        let own = [&town.town, &town.government];
        let own: Vec<_> = own.into_iter().flat_map(|name| [name.clone(), format!("{}{name}", town.county)]).collect();
        Ok(Self {
            issuers,
            provincial_issuers: all(&settings.provincial_issuers),
            whole_town: [all(&settings.whole_town), own.clone()].concat(),
            town_names: [all(&settings.town_classes), own].concat(),
            fields: fields.collect::<Result<_, _>>()?,
            departments: departments.collect::<Result<_, _>>()?,
            county: normalise(&town.county),
            approvals_abolished: date("non_licence_approvals.abolished", &settings.non_licence_approvals.abolished)?,
            evaluation_years: settings.evaluation.years,
            first_evaluation: date("evaluation.first_day", &settings.evaluation.first_day)?,
            complaint_channel: settings.complaint_channel.clone(),
        })
    }

    /// How high an issuer stands.
    pub fn standing(&self, issuer: &str) -> Standing {
        let name = normalise(issuer);
        match self.issuers.iter().find(|(known, _)| *known == name) {
            Some((_, rank)) => Standing::Government(*rank),
            None if self.line(&name).is_some() => Standing::Department,
            None => Standing::Unknown,
        }
    }

    /// Whether the issuer's published decision is a basis for penalty powers.
    pub fn is_province(&self, issuer: &str) -> bool {
        self.provincial_issuers.contains(&normalise(issuer))
    }

    /// Whether a decision that names these towns, or classes of towns, speaks of the town.
    pub fn names_town(&self, towns: &str) -> bool {
        listed(towns).any(|name| self.town_names.contains(&name))
    }

    /// Whether a place lies in an area that a grant names. Areas are names in a list; a place lies in one if its address says so.
    pub fn lies_in(&self, place: &str, areas: &str) -> bool {
        let place = normalise(place);
        listed(areas).any(|area| self.whole_town.contains(&area) || place.contains(&area))
    }

    /// Whether there is such a field.
    pub fn has_field(&self, field: &FieldCode) -> bool {
        self.fields.iter().any(|(known, _)| known == field)
    }

    /// The supervisor of a power whose grant names none: by its field, and without one by its department's line.
    pub fn supervisor(&self, field: Option<&FieldCode>, department: &str) -> Option<Institution> {
        match field {
            Some(field) => self.fields.iter().find(|(known, _)| known == field).map(|(_, supervisor)| *supervisor),
            None => self.line(&normalise(department)).map(|line| line.supervisor),
        }
    }

    /// Whether an issuer is one of the departments that a catalogue names, however either is spelt.
    pub fn is_department_of(&self, issuer: &str, departments: &str) -> bool {
        let Some(issuer) = self.line(&normalise(issuer)) else { return false };
        listed(departments).any(|named| self.line(&named).is_some_and(|named| named.common == issuer.common))
    }

    /// The first day on which no non-licence approval can be in force.
    pub const fn approvals_abolished(&self) -> Date {
        self.approvals_abolished
    }

    /// The day on which a grant of a penalty power that begins on a day is evaluated first.
    pub fn first_evaluation(&self, from: Date) -> Date {
        let due = from.checked_add(Span::new().years(self.evaluation_years)).unwrap_or(Date::MAX);
        due.max(self.first_evaluation)
    }

    /// The day on which a grant is evaluated next, where an evaluation of a day names none.
    pub fn next_evaluation(&self, evaluated: Date) -> Date {
        evaluated.checked_add(Span::new().years(self.evaluation_years)).unwrap_or(Date::MAX)
    }

    /// Where residents complain about how a power is exercised.
    pub fn complaint_channel(&self) -> &str {
        &self.complaint_channel
    }

    /// A department goes by its bare name, with 市 before it, or with the county's name.
    fn line(&self, name: &str) -> Option<&Department> {
        let line = |wanted: &str| self.departments.iter().find(|line| line.name == wanted);
        let name = name.strip_prefix(self.county.as_str()).unwrap_or(name);
        // 市场监督管理局 begins with a 市 of its own, so the whole name is tried first.
        line(name).or_else(|| line(name.strip_prefix('市')?))
    }
}

fn supervisor(list: &str, index: usize, code: &str) -> Result<Institution, SettingsError> {
    let back = Institution::parse(code).ok().filter(|institution| institution.side() == Side::Back);
    back.ok_or_else(|| wrong(list, index, format!("{code} does not supervise; a supervisor is a back institution")))
}

fn date(key: &str, text: &str) -> Result<Date, SettingsError> {
    let wrong = |error: String| SettingsError { key: format!("office.register.{key}"), fault: error };
    time::parse_date(text).map_err(|error| wrong(error.to_string()))
}

fn wrong(list: &str, index: usize, fault: String) -> SettingsError {
    SettingsError { key: format!("office.register.{list}[{index}]"), fault }
}

/// The entries of a list in one text, however it is separated.
pub(crate) fn listed(text: &str) -> impl Iterator<Item = String> {
    text.split([';', '；', '、', ',', '，']).map(normalise).filter(|entry| !entry.is_empty())
}

#[cfg(test)]
mod tests;
