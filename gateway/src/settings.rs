//! The gateway's settings, section `[gateway]`, and the rules that are made of them.
//!
//! Every table of rules may be replaced by a document: [`Settings::document`] tells which is behind those that are.
//!
//! The words by which the rules of address are recognised are configuration: the law says what may not be done, the town says
//! by which words it is known. The defaults are those of relay-and-sharing.md §8.3 and of `data/departments.csv`.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};

use serde::{Deserialize, Serialize};
use vocabulary::institution::{NameFrom, NamesError, TownNames};
use vocabulary::{
    DepartmentCode, Institution, InstitutionNames, RulesDocument, RulesDocumentError, RulesDocumentSettings, time,
};

use crate::key::Departments;
use crate::relay::addressing::CasePaper;
use crate::relay::envelope::DocType;
use crate::relay::findings::FindingRules;
use crate::relay::paper::decide::ATTACHMENT_BYTES_MAX;
use crate::relay::screening::Patterns;

/// The table of the county's departments.
const DEPARTMENTS_CSV: &str = include_str!("../../data/departments.csv");

/// The section `[gateway]`.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields, default)]
pub struct Settings {
    /// Whether the dispatcher holds every delivery. Development only.
    pub dispatcher_hold: bool,
    /// The folder of the contents of attachments.
    pub content_dir: PathBuf,
    /// The folder in which uploads are spooled, encrypted.
    pub spool_dir: PathBuf,
    /// How many uploads may be unfinished or unused at once.
    pub uploads_max: usize,
    /// How many bytes they may have together.
    pub uploads_bytes_max: u64,
    /// How many bytes those of one sender may have.
    pub uploads_sender_bytes_max: u64,
    /// How many uploads one sender may write at once.
    pub upload_streams_max: usize,
    /// How long a whole upload may rest before it is let go, in minutes of the machine's clock.
    pub upload_age_max_minutes: u64,
    /// How long an upload that has not wholly arrived may rest before it is let go.
    pub upload_idle_max_minutes: u64,
    /// The largest attachment, in bytes; at most 200 MB.
    pub attachment_bytes_max: u64,
    /// The code under which the town sends its own papers.
    pub sender: String,
    /// Departments of the county that serve an endpoint to which their papers are pushed, by their codes; all others pull.
    pub receivers: BTreeMap<String, CountyReceiver>,
    /// The county-level government above the town.
    pub county: String,
    /// The town government in its full name; empty: the name of the town with 人民政府.
    pub government: String,
    /// The document behind those of the tables below that differ from the built-in ones.
    pub rules_document: RulesDocumentSettings,
    /// The closed list of papers that may go to ENFORCEMENT directly.
    pub case_papers: Vec<CasePaper>,
    /// Words that make a demand (指令性要求).
    pub demands: Vec<String>,
    /// Words that tell the city government's consent.
    pub consents: Vec<String>,
    /// Kinds of paper that direct whom they are addressed to (指令性公文).
    pub directive_types: Vec<String>,
    /// Endings of the names of organs that may direct a town government, and of their offices.
    pub governing_endings: Vec<String>,
    /// Beginnings of the names of such organs.
    pub governing_beginnings: Vec<String>,
    /// Endings of the names of internal units (内设机构); one that also ends with an entry of `office_endings` is none.
    pub internal_unit_endings: Vec<String>,
    /// Endings of the names of offices that may write outside.
    pub office_endings: Vec<String>,
    /// What each institution of the town was called when. Given, it replaces the whole history that is built in.
    pub names: Vec<NameEntry>,
    /// Names of the county's departments and their codes.
    pub departments: Vec<DepartmentName>,
}

/// A name that an institution of the town bears from a day on.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct NameEntry {
    /// The institution, by its code.
    pub institution: String,
    /// The name.
    pub name: String,
    /// Its first day, `YYYY-MM-DD`; absent for the first name.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub from: Option<String>,
}

impl NameEntry {
    fn read(&self) -> Result<NameFrom, SettingsError> {
        let wrong = || SettingsError::Name(self.name.clone());
        let institution = Institution::parse(&self.institution).map_err(|_| wrong())?;
        let from = self.from.as_deref().map(time::parse_date).transpose().map_err(|_| wrong())?;
        Ok(NameFrom { institution, from, name: self.name.clone() })
    }
}

/// The endpoint of a department.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct CountyReceiver {
    /// Where it listens, `host:port`.
    pub address: String,
    /// The name in its certificate.
    pub tls_name: String,
}

/// A name of a department.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DepartmentName {
    /// The name, with or without the county's.
    pub name: String,
    /// The code.
    pub code: String,
}

/// Departments that the table of the catalogues does not hold.
const FURTHER_DEPARTMENTS: [(&str, &str); 8] = [
    ("人民政府", "government"),
    ("人民政府办公室", "government-office"),
    ("财政局", "finance"),
    ("统计局", "statistics"),
    ("发展和改革委员会", "development"),
    ("发改委", "development"),
    ("机构编制委员会办公室", "establishment"),
    ("编办", "establishment"),
];

impl Default for Settings {
    fn default() -> Self {
        let texts = |words: &[&str]| words.iter().map(|word| (*word).to_owned()).collect();
        let case_paper =
            |(ending, word): (&str, &str)| CasePaper { issuer_ending: ending.to_owned(), title_word: word.to_owned() };
        let case_papers =
            [("人民法院", ""), ("", "案件移送"), ("", "移送案件"), ("", "行政执法监督"), ("", "案件监督")];
        Self {
            dispatcher_hold: false,
            content_dir: PathBuf::from("gateway-content"),
            spool_dir: PathBuf::from("gateway-spool"),
            uploads_max: 256,
            uploads_bytes_max: 4 * 1024 * 1024 * 1024,
            uploads_sender_bytes_max: 1024 * 1024 * 1024,
            upload_streams_max: 8,
            upload_age_max_minutes: 24 * 60,
            upload_idle_max_minutes: 10,
            attachment_bytes_max: ATTACHMENT_BYTES_MAX,
            sender: "town".to_owned(),
            receivers: BTreeMap::new(),
            county: "昆山市".to_owned(),
            government: String::new(),
            rules_document: RulesDocumentSettings::default(),
            case_papers: case_papers.into_iter().map(case_paper).collect(),
            demands: texts(&["必须于", "必须在", "限期", "务必", "逾期未", "不得迟于"]),
            consents: texts(&["经市政府同意", "经市人民政府同意", "经昆山市人民政府同意"]),
            directive_types: texts(&["命令", "决定", "决议", "批复", "通知"]),
            governing_endings: texts(&[
                "人民政府",
                "人民政府办公室",
                "人民政府办公厅",
                "人民代表大会",
                "人民代表大会常务委员会",
                "人大常委会",
                "监察委员会",
                "人民法院",
                "人民检察院",
            ]),
            governing_beginnings: texts(&["中共", "中国共产党"]),
            internal_unit_endings: texts(&["科", "科室", "股"]),
            office_endings: texts(&["办公室"]),
            names: Vec::new(),
            departments: department_names(),
        }
    }
}

fn department_names() -> Vec<DepartmentName> {
    let mut names = Vec::new();
    for row in csv::Reader::from_reader(DEPARTMENTS_CSV.as_bytes()).records() {
        let row = row.expect("the table in data/ is read by a test");
        let [Some(name), Some(code)] = [row.get(0), row.get(1)] else { continue };
        names.push(DepartmentName { name: name.to_owned(), code: code.to_owned() });
    }
    let further = FURTHER_DEPARTMENTS.into_iter();
    names.extend(further.map(|(name, code)| DepartmentName { name: name.to_owned(), code: code.to_owned() }));
    names
}

/// Settings of the gateway that cannot be meant.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum SettingsError {
    /// A word of a list cannot be searched for.
    #[error("gateway.demands, gateway.consents: a word has 2 to 32 characters without white space")]
    Words,
    /// A kind of paper is unknown.
    #[error("gateway.directive_types: {0} is none of the fifteen kinds of paper")]
    DocType(String),
    /// A department's code is malformed.
    #[error("gateway.departments: {0} is no code of a department")]
    Department(String),
    /// The town's own code as a sender is malformed.
    #[error("gateway.sender: {0} is no code of a sender")]
    Sender(String),
    /// An endpoint of a department cannot be meant.
    #[error("gateway.receivers.{department}: {fault}")]
    Receiver {
        /// The department.
        department: String,
        /// What is wrong.
        fault: String,
    },
    /// A name has no institution or no day.
    #[error("gateway.names: {0} has the code of no institution, or no day YYYY-MM-DD")]
    Name(String),
    /// A bound on attachments cannot be meant.
    #[error("gateway.attachment_bytes_max: must be 1 to 209715200 bytes")]
    AttachmentBytes,
    /// The names of the town cannot be.
    #[error("gateway.county, gateway.government, gateway.names: {0}")]
    Names(#[from] NamesError),
    /// Tables differ without a document.
    #[error("gateway.{key} {0}", key = .0.key())]
    Document(#[from] RulesDocumentError),
    /// Production holds no deliveries.
    #[error("gateway.dispatcher_hold is for development only; remove it")]
    Hold,
}

/// What the rules of the relay are made of.
#[derive(Clone, Debug)]
pub struct Rules {
    /// The names of the town and its institutions.
    pub names: InstitutionNames,
    /// The closed list.
    pub case_papers: Vec<CasePaper>,
    /// The words that are searched for.
    pub patterns: Patterns,
    /// By what findings are made.
    pub findings: FindingRules,
    /// The county's departments.
    pub departments: Departments,
    /// The largest attachment, in bytes.
    pub attachment_bytes_max: u64,
    /// The code under which the town sends its own papers.
    pub sender: DepartmentCode,
}

impl Settings {
    /// Checks the settings and makes the rules of them.
    ///
    /// # Errors
    /// [`SettingsError`], naming the setting.
    pub fn rules(&self, town: &str) -> Result<Rules, SettingsError> {
        let government =
            if self.government.is_empty() { format!("{town}人民政府") } else { self.government.clone() };
        let town = TownNames { county: self.county.clone(), town: town.to_owned(), government };
        let doc_type = |word: &String| DocType::parse(word).ok_or_else(|| SettingsError::DocType(word.clone()));
        let department = |line: &DepartmentName| {
            let code = DepartmentCode::parse(&line.code).map_err(|_| SettingsError::Department(line.code.clone()))?;
            Ok((line.name.clone(), code))
        };
        let departments = self.departments.iter().map(department).collect::<Result<Vec<_>, SettingsError>>()?;
        let history = if self.names.is_empty() {
            InstitutionNames::default_history()
        } else {
            self.names.iter().map(NameEntry::read).collect::<Result<_, _>>()?
        };
        if !(1..=ATTACHMENT_BYTES_MAX).contains(&self.attachment_bytes_max) {
            return Err(SettingsError::AttachmentBytes);
        }
        Ok(Rules {
            names: InstitutionNames::new(town, history)?,
            case_papers: self.case_papers.clone(),
            patterns: Patterns::new(&self.demands, &self.consents).map_err(|_| SettingsError::Words)?,
            findings: FindingRules {
                directive_types: self.directive_types.iter().map(doc_type).collect::<Result<_, _>>()?,
                governing_endings: self.governing_endings.clone(),
                governing_beginnings: self.governing_beginnings.clone(),
                internal_unit_endings: self.internal_unit_endings.clone(),
                office_endings: self.office_endings.clone(),
            },
            departments: Departments::new(&self.county, departments),
            attachment_bytes_max: self.attachment_bytes_max,
            sender: DepartmentCode::parse(&self.sender).map_err(|_| SettingsError::Sender(self.sender.clone()))?,
        })
    }

    /// The document behind the tables that differ from the built-in ones; none where none does. Who the town is, the folders and
    /// the bounds need none.
    ///
    /// # Errors
    /// [`SettingsError::Document`] where tables differ without one.
    pub fn document(&self) -> Result<Option<RulesDocument>, SettingsError> {
        let built_in = Self::default();
        // Every setting stands here, so that a new table cannot be forgotten.
        let Self {
            dispatcher_hold: _,
            content_dir: _,
            spool_dir: _,
            uploads_max: _,
            uploads_bytes_max: _,
            uploads_sender_bytes_max: _,
            upload_streams_max: _,
            upload_age_max_minutes: _,
            upload_idle_max_minutes: _,
            attachment_bytes_max: _,
            sender: _,
            receivers: _,
            county: _,
            government: _,
            rules_document,
            case_papers,
            demands,
            consents,
            directive_types,
            governing_endings,
            governing_beginnings,
            internal_unit_endings,
            office_endings,
            names,
            departments,
        } = self;
        Ok(rules_document.behind([
            ("case_papers", *case_papers != built_in.case_papers),
            ("demands", *demands != built_in.demands),
            ("consents", *consents != built_in.consents),
            ("directive_types", *directive_types != built_in.directive_types),
            ("governing_endings", *governing_endings != built_in.governing_endings),
            ("governing_beginnings", *governing_beginnings != built_in.governing_beginnings),
            ("internal_unit_endings", *internal_unit_endings != built_in.internal_unit_endings),
            ("office_endings", *office_endings != built_in.office_endings),
            ("names", *names != built_in.names),
            ("departments", *departments != built_in.departments),
        ])?)
    }

    /// Puts relative folders below the data directory.
    #[must_use]
    pub fn below(mut self, data_dir: &Path) -> Self {
        self.content_dir = data_dir.join(self.content_dir);
        self.spool_dir = data_dir.join(self.spool_dir);
        self
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_make_rules() {
        let rules = Settings::default().rules("张浦镇").expect("rules");
        assert_eq!(rules.names.town().government, "张浦镇人民政府");
        let code = |name: &str| rules.departments.code(name).map(DepartmentCode::as_str);
        assert_eq!(code("昆山市城市管理局"), Some("city-management"));
        assert_eq!(code("市市场监督管理局"), Some("market"));
        assert_eq!(code("昆山市人民政府"), Some("government"));
        assert_eq!(code("江苏省人民政府"), None);
    }

    #[test]
    fn wrong_settings_are_named() {
        let rules = |change: fn(&mut Settings)| {
            let mut settings = Settings::default();
            change(&mut settings);
            settings.rules("张浦镇").err()
        };
        assert_eq!(rules(|it| it.demands.push("必 须".to_owned())), Some(SettingsError::Words));
        assert_eq!(
            rules(|it| it.directive_types.push("指令".to_owned())),
            Some(SettingsError::DocType("指令".to_owned()))
        );
        assert_eq!(
            rules(|it| it.departments[0].code = "人社".to_owned()),
            Some(SettingsError::Department("人社".to_owned()))
        );
        assert!(matches!(rules(|it| it.county.clear()), Some(SettingsError::Names(_))));
        assert_eq!(rules(|it| "镇".clone_into(&mut it.sender)), Some(SettingsError::Sender("镇".to_owned())));
        assert_eq!(rules(|it| it.attachment_bytes_max += 1), Some(SettingsError::AttachmentBytes));
        assert_eq!(rules(|it| it.attachment_bytes_max = 0), Some(SettingsError::AttachmentBytes));
    }

    #[test]
    fn a_table_that_differs_has_a_document_behind_it() {
        type Change = fn(&mut Settings);

        assert_eq!(Settings::default().document(), Ok(None));
        let place =
            Settings {
                county: "太仓市".to_owned(), government: "璜泾镇人民政府".to_owned(), ..Settings::default()
            };
        assert_eq!(place.document(), Ok(None));
        let changes: [(&str, Change); 10] = [
            ("case_papers", |it| it.case_papers.clear()),
            ("demands", |it| it.demands.clear()),
            ("consents", |it| it.consents.clear()),
            ("directive_types", |it| it.directive_types.clear()),
            ("governing_endings", |it| it.governing_endings.clear()),
            ("governing_beginnings", |it| it.governing_beginnings.clear()),
            ("internal_unit_endings", |it| it.internal_unit_endings.clear()),
            ("office_endings", |it| it.office_endings.clear()),
            ("departments", |it| it.departments.clear()),
            ("names", |it| {
                it.names.push(NameEntry { institution: "OFFICE".to_owned(), name: "党政办".to_owned(), from: None });
            }),
        ];
        for (table, change) in changes {
            let mut settings = Settings::default();
            change(&mut settings);
            let missing = SettingsError::Document(RulesDocumentError::Missing { tables: vec![table] });
            assert_eq!(settings.document(), Err(missing));
            settings.rules_document =
                RulesDocumentSettings { number: "昆政发〔2026〕5号".to_owned(), from: "2026-03-01".to_owned() };
            let document = settings.document().expect("read").expect("a table differs");
            assert_eq!(document.tables, [table]);
            settings.rules_document.number.push('令');
            let said = settings.document().expect_err("no number").to_string();
            assert!(said.starts_with("gateway.rules_document.number cannot be read"), "{said}");
        }
    }

    #[test]
    fn the_names_may_be_replaced() {
        let entry = |institution: Institution| NameEntry {
            institution: institution.code().to_owned(),
            name: format!("{institution}科"),
            from: None,
        };
        let mut settings = Settings { names: Institution::ALL.map(entry).to_vec(), ..Settings::default() };
        let rules = settings.rules("张浦镇").expect("rules");
        let day = vocabulary::Date::constant(2026, 3, 2);
        assert_eq!(rules.names.name_on(Institution::Service, day), "SERVICE科");
        settings.names[2].from = Some("2026-13-01".to_owned());
        let name = settings.names[2].name.clone();
        assert_eq!(settings.rules("张浦镇").err(), Some(SettingsError::Name(name)));
        settings.names.truncate(1);
        assert!(matches!(settings.rules("张浦镇").err(), Some(SettingsError::Names(_))));
    }
}
