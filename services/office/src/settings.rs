//! The section `[office]` of the configuration.

use std::collections::BTreeMap;

use prost::{Message as _, Name as _};
use runtime::caller::{Principal, ServiceName};
use runtime::journal::Grants;
use serde::{Deserialize, Serialize};
use townlink_proto::DESCRIPTOR_SET;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::institution::{NameFrom, TownNames};
use vocabulary::{Institution, InstitutionNames, RulesDocument, RulesDocumentError, RulesDocumentSettings, time};

use crate::GATEWAY;
use crate::coordination::settings::CoordinationSettings;
use crate::dispatch::settings::DispatchSettings;
use crate::inbox::settings::InboxSettings;
use crate::oversight::settings::OversightSettings;
use crate::register::settings::RegisterSettings;

/// What the office is configured with.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct OfficeSettings {
    /// The assignments of the first start. Later changes come by the contract only.
    pub roster: Vec<RosterEntry>,
    /// How the town and those above it are called.
    pub town: TownSettings,
    /// The document behind `names` and the tables of `register` where they differ from the built-in ones.
    pub rules_document: RulesDocumentSettings,
    /// What each institution was called when. Given, it replaces the whole history that is built in.
    pub names: Vec<NameEntry>,
    /// Which kinds of entries of the office's journal each service may read, by the full names of their events. The gateway reads
    /// what becomes of papers, unless another list is given for it.
    pub journal_readers: BTreeMap<String, Vec<String>>,
    /// The limits between back office and front desk, and how guidance is numbered.
    pub coordination: CoordinationSettings,
    /// The register of powers: issuers, departments, fields, and how the province's decisions call the town.
    pub register: RegisterSettings,
    /// Outgoing papers: the words of their numbers, who may be written to, and how long an answer is waited for.
    pub dispatch: DispatchSettings,
    /// The inboxes: limits by urgency, working hours, calendars of years to come.
    pub inbox: InboxSettings,
    /// Supervision and joint reviews: sizes, limits and designations.
    pub oversight: OversightSettings,
}

/// A role that a person holds from the first start on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct RosterEntry {
    /// The person, by the id in the certificate.
    pub person: String,
    /// The post: the code of an institution, or `LEADERS`.
    pub post: String,
    /// The role.
    pub role: String,
    /// The first day, `YYYY-MM-DD`.
    pub from: String,
    /// The first day on which it is no longer held; absent: open.
    #[serde(default)]
    pub to: Option<String>,
    /// The document that assigns it.
    pub document: String,
}

/// The town as papers call it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct TownSettings {
    /// The county-level government above it.
    pub county: String,
    /// The town.
    pub town: String,
    /// The town government.
    pub government: String,
}

impl Default for TownSettings {
    fn default() -> Self {
        let TownNames { county, town, government } = TownNames::default();
        Self { county, town, government }
    }
}

/// A name that an institution bears from a day on.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(deny_unknown_fields)]
pub struct NameEntry {
    /// The institution, by its code.
    pub institution: String,
    /// The name.
    pub name: String,
    /// Its first day, `YYYY-MM-DD`; absent for the first name.
    #[serde(default)]
    pub from: Option<String>,
}

/// A setting of the office that cannot be.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{key} {fault}")]
pub struct SettingsError {
    /// The key.
    pub key: String,
    /// What is wrong, and what would be right.
    pub fault: String,
}

impl SettingsError {
    pub(crate) fn of_document(error: &RulesDocumentError) -> Self {
        Self { key: format!("office.{}", error.key()), fault: error.to_string() }
    }
}

impl OfficeSettings {
    /// The document behind the tables that differ from the built-in ones; none where none does. Who the town is needs none, nor
    /// who reads the journal; an entry of the roster has its own.
    ///
    /// # Errors
    /// [`SettingsError`] where tables differ without one.
    pub fn document(&self) -> Result<Option<RulesDocument>, SettingsError> {
        // Every setting stands here, so that a new table cannot be forgotten.
        let Self {
            roster: _,
            town: _,
            journal_readers: _,
            rules_document,
            names,
            register,
            dispatch,
            coordination,
            inbox,
            oversight,
        } = self;
        let tables = std::iter::once(("names", !names.is_empty()))
            .chain(register.tables())
            .chain(dispatch.tables())
            .chain(coordination.tables())
            .chain(inbox.tables())
            .chain(oversight.tables());
        rules_document.behind(tables).map_err(|error| SettingsError::of_document(&error))
    }

    /// The names of the town and its institutions.
    ///
    /// # Errors
    /// [`SettingsError`] where a name belongs to no institution, or the names are no history.
    pub fn institution_names(&self) -> Result<InstitutionNames, SettingsError> {
        let TownSettings { county, town, government } = self.town.clone();
        let town = TownNames { county, town, government };
        let history = if self.names.is_empty() {
            InstitutionNames::default_history()
        } else {
            self.names.iter().enumerate().map(|(index, entry)| entry.read(index)).collect::<Result<_, _>>()?
        };
        let wrong = |error: vocabulary::institution::NamesError| SettingsError {
            key: "office.names".to_owned(),
            fault: error.to_string(),
        };
        InstitutionNames::new(town, history).map_err(wrong)
    }

    /// Who may read which kinds of entries.
    ///
    /// # Errors
    /// [`SettingsError`] where a reader is no service, or a kind is none of the office's.
    pub(crate) fn journal_grants(&self) -> Result<Grants, SettingsError> {
        let mut grants = Grants::none();
        for (reader, kinds) in self.all_journal_readers() {
            let wrong = |fault: String| SettingsError { key: format!("office.journal_readers.{reader}"), fault };
            let service = ServiceName::parse(&reader).ok_or_else(|| wrong("is no service name".to_owned()))?;
            if let Some(kind) = kinds.iter().find(|kind| !is_event(kind)) {
                return Err(wrong(format!("names {kind}, which is no event of the office")));
            }
            grants = grants.allow(Principal::Service(service), kinds);
        }
        Ok(grants)
    }

    /// The services that may read the journal at all.
    pub(crate) fn journal_readers(&self) -> impl Iterator<Item = ServiceName> {
        self.all_journal_readers().into_keys().filter_map(|reader| ServiceName::parse(&reader))
    }

    fn all_journal_readers(&self) -> BTreeMap<String, Vec<String>> {
        let mut readers = self.journal_readers.clone();
        let papers = || {
            vec![
                pb::PaperSignedFor::full_name(),
                pb::PaperChecked::full_name(),
                pb::PaperReturned::full_name(),
                pb::DispatchSent::full_name(),
                pb::PaperCompleted::full_name(),
                pb::PaperExtended::full_name(),
                pb::PaperReplied::full_name(),
            ]
        };
        readers.entry(GATEWAY.to_string()).or_insert_with(papers);
        readers
    }
}

/// Whether a contract of the office has such a message.
fn is_event(kind: &str) -> bool {
    let contracts = prost_types::FileDescriptorSet::decode(DESCRIPTOR_SET).unwrap_or_default();
    let package = "townlink.office.v1";
    let name = kind.strip_prefix(package).and_then(|name| name.strip_prefix('.'));
    let mut messages =
        contracts.file.iter().filter(|file| file.package() == package).flat_map(|file| &file.message_type);
    name.is_some_and(|name| messages.any(|message| message.name() == name))
}

impl NameEntry {
    fn read(&self, index: usize) -> Result<NameFrom, SettingsError> {
        let wrong = |fault: String| SettingsError { key: format!("office.names[{index}]"), fault };
        let institution = Institution::parse(&self.institution).map_err(|error| wrong(error.to_string()))?;
        let from = self.from.as_deref().map(time::parse_date).transpose().map_err(|error| wrong(error.to_string()))?;
        Ok(NameFrom { institution, from, name: self.name.clone() })
    }
}

#[cfg(test)]
mod tests {
    use vocabulary::Date;

    use super::*;

    #[test]
    fn the_names_may_be_replaced() {
        let day = Date::constant(2026, 3, 2);
        let built_in = OfficeSettings::default().institution_names().expect("names");
        assert_eq!(built_in.name_on(Institution::Service, day), "行政审批局");
        let entry = |institution: Institution| NameEntry {
            institution: institution.code().to_owned(),
            name: format!("{institution}科"),
            from: None,
        };
        let mut settings = OfficeSettings { names: Institution::ALL.map(entry).to_vec(), ..OfficeSettings::default() };
        let names = settings.institution_names().expect("names");
        assert_eq!(names.name_on(Institution::Service, day), "SERVICE科");
        settings.names.pop();
        assert_eq!(settings.institution_names().map_err(|error| error.key), Err("office.names".to_owned()));
        settings.names = vec![entry(Institution::Office); 3];
        settings.names[2].from = Some("2026-13-01".to_owned());
        assert_eq!(settings.institution_names().map_err(|error| error.key), Err("office.names[2]".to_owned()));
    }

    #[test]
    fn a_table_that_differs_has_a_document_behind_it() {
        type Change = fn(&mut OfficeSettings);

        assert_eq!(OfficeSettings::default().document(), Ok(None));
        let town =
            TownSettings { county: "太仓市".to_owned(), town: "璜泾镇".to_owned(), ..TownSettings::default() };
        let place = OfficeSettings { town, ..OfficeSettings::default() };
        assert_eq!(place.document(), Ok(None));
        let changes: [(&str, Change); 16] = [
            ("names", |it| {
                it.names.push(NameEntry { institution: "OFFICE".to_owned(), name: "党政办".to_owned(), from: None });
            }),
            ("register.issuers", |it| it.register.issuers[0].rank = 0),
            ("register.provincial_issuers", |it| it.register.provincial_issuers.clear()),
            ("register.town_classes", |it| it.register.town_classes.clear()),
            ("register.whole_town", |it| it.register.whole_town.clear()),
            ("register.fields", |it| it.register.fields.clear()),
            ("register.departments", |it| it.register.departments.clear()),
            ("register.non_licence_approvals", |it| it.register.non_licence_approvals.abolished.clear()),
            ("coordination.limits", |it| it.coordination.limits.object = 3),
            ("coordination.designations", |it| it.coordination.designations.clear()),
            ("register.evaluation", |it| it.register.evaluation.years = 9),
            ("inbox.limits", |it| it.inbox.limits.clear()),
            ("inbox.working_hours", |it| it.inbox.working_hours = vec!["08:00-16:00".to_owned()]),
            ("oversight.sample", |it| it.oversight.sample.least = 9),
            ("oversight.limits", |it| it.oversight.limits.answer = 9),
            ("oversight.designations", |it| it.oversight.designations.clear()),
        ];
        for (table, change) in changes {
            let mut settings = OfficeSettings::default();
            change(&mut settings);
            let missing = settings.document().expect_err("no document is named");
            assert_eq!(missing.key, "office.rules_document");
            assert!(missing.fault.contains(&format!("built-in ones: {table};")), "{missing}");
            settings.rules_document =
                RulesDocumentSettings { number: "昆政发〔2026〕5号".to_owned(), from: "2026-03-01".to_owned() };
            let document = settings.document().expect("read").expect("a table differs");
            assert_eq!(document.tables, [table]);
            settings.rules_document.number.clear();
            assert_eq!(settings.document().map_err(|error| error.key), Err("office.rules_document.number".to_owned()));
        }
    }

    #[test]
    fn journal_readers_are_services_and_kinds_of_the_office() {
        let reading = |reader: &str, kind: &str| OfficeSettings {
            journal_readers: BTreeMap::from([(reader.to_owned(), vec![kind.to_owned()])]),
            ..OfficeSettings::default()
        };
        let readers: Vec<_> = OfficeSettings::default().journal_readers().collect();
        assert_eq!(readers, [GATEWAY]);
        assert!(reading("economy", "townlink.office.v1.PaperChecked").journal_grants().is_ok());
        for (reader, kind) in [
            ("Economy", "townlink.office.v1.PaperChecked"),
            ("economy", "PaperChecked"),
            ("economy", "townlink.office.v1.PaperLost"),
            ("economy", "townlink.gateway.v1.PaperAccepted"),
        ] {
            let refused = reading(reader, kind).journal_grants().map_err(|error| error.key);
            assert_eq!(refused.err(), Some(format!("office.journal_readers.{reader}")), "{kind}");
        }
    }
}
