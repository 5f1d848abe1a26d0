//! What outgoing papers take from the town's settings: the words of numbers (代字), who may be written to, and how long an answer
//! is waited for. The town confirms or replaces the defaults (overview.md §1.9).

use std::collections::BTreeMap;
use std::sync::Arc;

use serde::{Deserialize, Serialize};
use vocabulary::institution::Addressee;
use vocabulary::text::normalise;
use vocabulary::{Date, DepartmentCode, DocumentNumber, Institution, InstitutionNames};

use super::content::Issuer;
use crate::settings::SettingsError;

/// The settings of outgoing papers, section `dispatch` of the office.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct DispatchSettings {
    /// The word (代字) of the numbers of each issuer.
    pub words: Vec<NumberWord>,
    /// Who may be written to besides the town's own institutions and villages.
    pub addressees: Vec<AddresseeLine>,
    /// Words that ask for something, which no paper but a request may hold.
    pub request_words: Vec<String>,
    /// How many working days an answer to a request may take.
    pub reply_working_days: u32,
    /// After how many more working days its absence is told again.
    pub reminder_working_days: u32,
    /// Within how many working days a department is to acknowledge what it gets. No text names a limit: the town sets it.
    pub receipt_working_days: u32,
}

/// The word of the numbers of an issuer.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct NumberWord {
    /// The issuer: `GOVERNMENT`, `GOVERNMENT_OFFICE` or the code of an institution.
    pub issuer: String,
    /// The word.
    pub word: String,
}

/// Someone who may be written to.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct AddresseeLine {
    /// The full name; one that begins with the county's is understood also with 市 or 县 in place of it.
    pub name: String,
    /// Where it stands: `SUPERIOR`, `ABOVE`, `DEPARTMENT`, `PEER`, `SUBORDINATE` or `CONGRESS`.
    pub level: String,
    /// The code by which it is reached electronically; empty where papers are handed over.
    #[serde(default)]
    pub department: String,
    /// For a county department: the institution of its line.
    #[serde(default)]
    pub line: String,
}

impl Default for DispatchSettings {
    fn default() -> Self {
        let word = |(issuer, word): (&str, &str)| NumberWord { issuer: issuer.to_owned(), word: word.to_owned() };
        let party = |(name, level, department, line): (&str, &str, &str, &str)| AddresseeLine {
            name: name.to_owned(),
            level: level.to_owned(),
            department: department.to_owned(),
            line: line.to_owned(),
        };
        let department = |(name, code, line): (&str, &str, &str)| AddresseeLine {
            name: format!("昆山市{name}"),
            level: "DEPARTMENT".to_owned(),
            department: code.to_owned(),
            line: line.to_owned(),
        };
        let peer = |name: &str| party((name, "PEER", "", ""));
        Self {
            words: WORDS.into_iter().map(word).collect(),
            addressees: GOVERNMENTS
                .into_iter()
                .map(party)
                .chain(DEPARTMENTS.into_iter().map(department))
                .chain(TOWNS.into_iter().map(peer))
                .collect(),
            request_words: REQUEST_WORDS.into_iter().map(str::to_owned).collect(),
            reply_working_days: 15,
            reminder_working_days: 5,
            receipt_working_days: 2,
        }
    }
}

const WORDS: [(&str, &str); 9] = [
    ("GOVERNMENT", "张政发"),
    ("GOVERNMENT_OFFICE", "张政办发"),
    ("SERVICE", "张审批发"),
    ("PERSONNEL", "张组人发"),
    ("ECONOMY", "张经发"),
    ("CONSTRUCTION", "张建管发"),
    ("SOCIAL", "张社发"),
    ("FINANCE", "张财发"),
    ("ENFORCEMENT", "张执法发"),
];

const GOVERNMENTS: [(&str, &str, &str, &str); 7] = [
    ("昆山市人民政府", "SUPERIOR", "government", ""),
    ("昆山市人民政府办公室", "SUPERIOR", "government-office", ""),
    ("苏州市人民政府", "ABOVE", "", ""),
    ("苏州市人民政府办公室", "ABOVE", "", ""),
    ("江苏省人民政府", "ABOVE", "", ""),
    ("江苏省人民政府办公厅", "ABOVE", "", ""),
    ("张浦镇人民代表大会", "CONGRESS", "", ""),
];

/// The upward counterparts of `data/departments.csv` and overview.md §1.2.
const DEPARTMENTS: [(&str, &str, &str); 25] = [
    ("人力资源和社会保障局", "human-resources", "PERSONNEL"),
    ("医疗保障局", "medical-insurance", "PERSONNEL"),
    ("行政审批局", "approvals", "OFFICE"),
    ("交通运输局", "transport", "CONSTRUCTION"),
    ("住房和城乡建设局", "housing", "CONSTRUCTION"),
    ("城市管理局", "city-management", "CONSTRUCTION"),
    ("自然资源和规划局", "natural-resources", "CONSTRUCTION"),
    ("生态环境局", "ecology", "CONSTRUCTION"),
    ("水务局", "water", "CONSTRUCTION"),
    ("农业农村局", "agriculture", "ECONOMY"),
    ("应急管理局", "emergency", "ECONOMY"),
    ("消防救援大队", "fire", "ECONOMY"),
    ("市场监督管理局", "market", "ECONOMY"),
    ("发展和改革委员会", "development", "ECONOMY"),
    ("统计局", "statistics", "ECONOMY"),
    ("教育局", "education", "SOCIAL"),
    ("卫生健康委员会", "health", "SOCIAL"),
    ("民政局", "civil-affairs", "SOCIAL"),
    ("文体广电和旅游局", "culture", "SOCIAL"),
    ("残疾人联合会", "disabled-federation", "SOCIAL"),
    ("退役军人事务局", "veterans", "SOCIAL"),
    ("公安局", "police", "OFFICE"),
    ("司法局", "justice", "OFFICE"),
    ("财政局", "finance", "FINANCE"),
    ("机构编制委员会办公室", "establishment", "PERSONNEL"),
];

/// The other towns of the county.
const TOWNS: [&str; 9] = [
    "昆山市玉山镇人民政府",
    "昆山市巴城镇人民政府",
    "昆山市周市镇人民政府",
    "昆山市陆家镇人民政府",
    "昆山市花桥镇人民政府",
    "昆山市千灯镇人民政府",
    "昆山市淀山湖镇人民政府",
    "昆山市周庄镇人民政府",
    "昆山市锦溪镇人民政府",
];

const REQUEST_WORDS: [&str; 11] = [
    "请批复",
    "请批示",
    "妥否",
    "当否",
    "请予审批",
    "请予批准",
    "请予批复",
    "请审批",
    "请示如下",
    "请核准",
    "请予核准",
];

impl DispatchSettings {
    /// Every table, with whether it differs from the built-in one.
    pub(crate) fn tables(&self) -> [(&'static str, bool); 6] {
        let built_in = Self::default();
        let Self { words, addressees, request_words, reply_working_days, reminder_working_days, receipt_working_days } =
            self;
        [
            ("dispatch.words", *words != built_in.words),
            ("dispatch.addressees", *addressees != built_in.addressees),
            ("dispatch.request_words", *request_words != built_in.request_words),
            ("dispatch.reply_working_days", *reply_working_days != built_in.reply_working_days),
            ("dispatch.reminder_working_days", *reminder_working_days != built_in.reminder_working_days),
            ("dispatch.receipt_working_days", *receipt_working_days != built_in.receipt_working_days),
        ]
    }
}

/// Where someone stands, seen from the town.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Level {
    /// The city government and its office: the direct superior.
    Superior,
    /// Those above it.
    Above,
    /// A county department, and the institution of its line.
    Department(Institution),
    /// Another town.
    Peer,
    /// A village or a neighbourhood of the town.
    Subordinate,
    /// The town's congress.
    Congress,
    /// The town government itself, to which a bureau may write.
    Government,
    /// One of the town's institutions.
    Own(Institution),
}

/// Someone who may be written to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Party {
    /// The full name.
    pub name: String,
    /// Where it stands.
    pub level: Level,
    /// The code by which it is reached electronically.
    pub department: Option<String>,
}

/// The settings, checked.
#[derive(Clone, Debug)]
pub(crate) struct DispatchRules {
    names: Arc<InstitutionNames>,
    words: BTreeMap<String, String>,
    parties: BTreeMap<String, Party>,
    /// The words that ask for something, without white space.
    pub request_words: Vec<String>,
    /// How many working days an answer may take.
    pub reply_working_days: u32,
    /// After how many more its absence is told again.
    pub reminder_working_days: u32,
    /// Within how many a department is to acknowledge what it gets.
    pub receipt_working_days: u32,
}

impl DispatchRules {
    /// Checks the settings of a town.
    ///
    /// # Errors
    /// [`SettingsError`], naming the setting.
    pub fn new(settings: &DispatchSettings, names: Arc<InstitutionNames>) -> Result<Self, SettingsError> {
        let words =
            settings.words.iter().enumerate().map(|(index, line)| line.read(index)).collect::<Result<_, _>>()?;
        let county = &names.town().county;
        let mut parties = BTreeMap::new();
        for (index, line) in settings.addressees.iter().enumerate() {
            let (name, party) = line.read(index)?;
            let short = name.strip_prefix(county.as_str()).zip(county.chars().last());
            if let Some((rest, kind)) = short {
                parties.insert(format!("{kind}{rest}"), party.clone());
            }
            if parties.insert(name, party).is_some() {
                return Err(wrong("addressees", index, "stands twice".to_owned()));
            }
        }
        let days = [
            ("reply_working_days", settings.reply_working_days),
            ("reminder_working_days", settings.reminder_working_days),
            ("receipt_working_days", settings.receipt_working_days),
        ];
        if let Some((key, _)) = days.into_iter().find(|(_, days)| !(1..=250).contains(days)) {
            let fault = "must be 1 to 250 working days".to_owned();
            return Err(SettingsError { key: format!("office.dispatch.{key}"), fault });
        }
        let request_words: Vec<_> = settings.request_words.iter().map(|word| normalise(word)).collect();
        if let Some(index) = request_words.iter().position(String::is_empty) {
            return Err(wrong("request_words", index, "is empty".to_owned()));
        }
        Ok(Self {
            names,
            words,
            parties,
            request_words,
            reply_working_days: settings.reply_working_days,
            reminder_working_days: settings.reminder_working_days,
            receipt_working_days: settings.receipt_working_days,
        })
    }

    /// The word of an issuer's numbers; none for who has none.
    pub fn word(&self, issuer: &Issuer) -> Option<&str> {
        self.words.get(issuer.as_str()).map(String::as_str)
    }

    /// The name of an issuer on a day.
    pub fn issuer_name(&self, issuer: &Issuer, day: Date) -> String {
        match issuer {
            Issuer::Government => self.names.town().government.clone(),
            Issuer::GovernmentOffice => self.names.full_name_on(Institution::Office, day),
            Issuer::Institution(institution) => self.names.full_name_on(*institution, day),
            Issuer::Unit(unit) => unit.clone(),
        }
    }

    /// The name of the town government.
    pub fn government(&self) -> &str {
        &self.names.town().government
    }

    /// The name of the town's direct superior.
    pub fn superior(&self) -> String {
        format!("{}人民政府", self.names.town().county)
    }

    /// Finds whom a name means on a day.
    pub fn party(&self, name: &str, day: Date) -> Option<Party> {
        let text = normalise(name);
        let by_hand = |level| Party { name: text.clone(), level, department: None };
        match self.names.resolve(&text, day) {
            Some(Addressee::Government) => return Some(by_hand(Level::Government)),
            Some(Addressee::Institution(institution)) => return Some(by_hand(Level::Own(institution))),
            None => {}
        }
        let town = self.names.town();
        let below_county = text.strip_prefix(&town.county).unwrap_or(&text);
        let of_town = below_county.starts_with(&town.town) && below_county.len() > town.town.len();
        let village = VILLAGES.iter().any(|ending| text.ends_with(ending));
        let party = self.parties.get(&text).cloned();
        party.or_else(|| (of_town && village).then(|| by_hand(Level::Subordinate)))
    }
}

/// How the names of villages and neighbourhoods end.
const VILLAGES: [&str; 4] = ["村民委员会", "村委会", "居民委员会", "居委会"];

impl NumberWord {
    fn read(&self, index: usize) -> Result<(String, String), SettingsError> {
        let issuer = Issuer::parse(&self.issuer);
        if let Issuer::Unit(_) = issuer {
            return Err(wrong("words", index, format!("{} is no issuer", self.issuer)));
        }
        DocumentNumber::new(&self.word, 2026, 1).map_err(|error| wrong("words", index, error.to_string()))?;
        Ok((issuer.as_str().to_owned(), self.word.clone()))
    }
}

impl AddresseeLine {
    fn read(&self, index: usize) -> Result<(String, Party), SettingsError> {
        let fault = |fault: String| wrong("addressees", index, fault);
        let level = match self.level.as_str() {
            "SUPERIOR" => Level::Superior,
            "ABOVE" => Level::Above,
            "DEPARTMENT" => {
                Level::Department(Institution::parse(&self.line).map_err(|error| fault(error.to_string()))?)
            }
            "PEER" => Level::Peer,
            "SUBORDINATE" => Level::Subordinate,
            "CONGRESS" => Level::Congress,
            other => return Err(fault(format!("{other} is no level"))),
        };
        let department = if self.department.is_empty() {
            None
        } else {
            DepartmentCode::parse(&self.department).map_err(|error| fault(error.to_string()))?;
            Some(self.department.clone())
        };
        let name = normalise(&self.name);
        let party = Party { name: name.clone(), level, department };
        if name.is_empty() { Err(fault("has no name".to_owned())) } else { Ok((name, party)) }
    }
}

fn wrong(table: &str, index: usize, fault: String) -> SettingsError {
    SettingsError { key: format!("office.dispatch.{table}[{index}]"), fault }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(settings: &DispatchSettings) -> Result<DispatchRules, SettingsError> {
        DispatchRules::new(settings, Arc::new(InstitutionNames::default()))
    }

    #[test]
    fn whoever_is_named_is_found() {
        let rules = rules(&DispatchSettings::default()).expect("rules");
        let day = Date::constant(2026, 3, 2);
        let level = |name: &str| rules.party(name, day).map(|party| party.level);
        for (name, expected) in [
            ("昆山市人民政府", Level::Superior),
            ("市人民政府", Level::Superior),
            ("苏州市人民政府", Level::Above),
            ("市教育局", Level::Department(Institution::Social)),
            ("昆山市教育局", Level::Department(Institution::Social)),
            ("昆山市周庄镇人民政府", Level::Peer),
            ("张浦镇大市村村民委员会", Level::Subordinate),
            ("张浦镇人民代表大会", Level::Congress),
            ("张浦镇人民政府", Level::Government),
            ("张浦镇建设与管理局", Level::Own(Institution::Construction)),
        ] {
            assert_eq!(level(name), Some(expected), "{name}");
        }
        for name in ["", "教育局", "周庄镇某村村民委员会", "昆山市市长", "某公司"] {
            assert_eq!(level(name), None, "{name}");
        }
        assert_eq!(rules.party("市教育局", day).and_then(|party| party.department).as_deref(), Some("education"));
    }

    #[test]
    fn wrong_settings_are_named() {
        type Change = fn(&mut DispatchSettings);
        let changes: [(&str, Change); 6] = [
            ("words[0]", |it| it.words[0].word = "张政[发]".to_owned()),
            ("words[1]", |it| it.words[1].issuer = "规划科".to_owned()),
            ("addressees[0]", |it| it.addressees[0].level = "HIGH".to_owned()),
            ("addressees[1]", |it| it.addressees[1].name = it.addressees[0].name.clone()),
            ("reply_working_days", |it| it.reply_working_days = 0),
            ("request_words[0]", |it| it.request_words[0] = " ".to_owned()),
        ];
        for (key, change) in changes {
            let mut settings = DispatchSettings::default();
            change(&mut settings);
            assert_eq!(rules(&settings).map_err(|error| error.key).err(), Some(format!("office.dispatch.{key}")));
            assert_eq!(settings.tables().iter().filter(|(_, differs)| *differs).count(), 1, "{key}");
        }
    }
}
