//! The limits between back office and front desk, and how guidance is numbered. The defaults are those of relay-and-sharing.md §8.8;
//! a town that changes them names the document behind it (`office.rules_document`).

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use vocabulary::{DocumentNumber, FieldCode, Institution, WorkingCalendar};

use crate::register::settings::FieldLine;
use crate::roster::state::Post;
use crate::settings::SettingsError;

/// The settings of the coordination, section `coordination` of the office.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct CoordinationSettings {
    /// The limits.
    pub limits: Limits,
    /// The designation (代字) of each party's guidance, by the code of the party.
    pub designations: BTreeMap<String, String>,
}

/// How many working days each act has.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize, Serialize)]
#[serde(default, deny_unknown_fields)]
pub struct Limits {
    /// A front institution signs for guidance.
    pub sign_for_guidance: u16,
    /// A front institution objects to guidance, after its signing.
    pub object: u16,
    /// OFFICE forwards an objection to the leaders.
    pub forward_objection: u16,
    /// The institution that guides answers an objection.
    pub answer_objection: u16,
    /// Those who are told of a hazard sign for it.
    pub sign_for_hazard: u16,
    /// ENFORCEMENT answers a clue.
    pub answer_clue: u16,
    /// A back institution answers a consultation.
    pub answer_consultation: u16,
}

impl Default for Limits {
    fn default() -> Self {
        Self {
            sign_for_guidance: 2,
            object: 5,
            forward_objection: 1,
            answer_objection: 5,
            sign_for_hazard: 1,
            answer_clue: 15,
            answer_consultation: 5,
        }
    }
}

/// The designations where the town sets no others (overview.md §1.9, question 7).
const DESIGNATIONS: [(Post, &str); 7] = [
    (Post::Leaders, "政指导"),
    (Post::Institution(Institution::Office), "办指导"),
    (Post::Institution(Institution::Personnel), "人指导"),
    (Post::Institution(Institution::Economy), "经指导"),
    (Post::Institution(Institution::Construction), "建指导"),
    (Post::Institution(Institution::Social), "社指导"),
    (Post::Institution(Institution::Finance), "财指导"),
];

impl Default for CoordinationSettings {
    fn default() -> Self {
        let line = |(party, designation): (Post, &str)| (party.code().to_owned(), designation.to_owned());
        Self { limits: Limits::default(), designations: DESIGNATIONS.into_iter().map(line).collect() }
    }
}

impl CoordinationSettings {
    /// Every table, with whether it differs from the built-in one.
    pub(crate) fn tables(&self) -> [(&'static str, bool); 2] {
        let built_in = Self::default();
        let Self { limits, designations } = self;
        [
            ("coordination.limits", *limits != built_in.limits),
            ("coordination.designations", *designations != built_in.designations),
        ]
    }
}

/// The rules as decisions read them.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// The limits.
    pub limits: Limits,
    /// The official calendar.
    pub calendar: WorkingCalendar,
    designations: BTreeMap<Post, String>,
    supervisors: BTreeMap<FieldCode, Institution>,
}

impl Rules {
    /// Reads the settings, with the table of fields.
    ///
    /// # Errors
    /// [`SettingsError`] where a party has no designation or one that makes no number, or two have the same.
    pub(crate) fn new(
        settings: &CoordinationSettings,
        fields: &[FieldLine],
        calendar: WorkingCalendar,
    ) -> Result<Self, SettingsError> {
        let mut designations = BTreeMap::new();
        for (code, designation) in &settings.designations {
            let wrong = |fault: &str| SettingsError {
                key: format!("office.coordination.designations.{code}"),
                fault: fault.to_owned(),
            };
            let party = Post::parse(code).filter(|party| DESIGNATIONS.iter().any(|(known, _)| known == party));
            let party = party.ok_or_else(|| wrong("is no party that guides"))?;
            if DocumentNumber::parse(&number(designation, 2026, 1)).is_err() {
                return Err(wrong("makes no document number"));
            }
            if designations.values().any(|other| other == designation) {
                return Err(wrong("is another party's"));
            }
            designations.insert(party, designation.clone());
        }
        if let Some((party, _)) = DESIGNATIONS.iter().find(|(party, _)| !designations.contains_key(party)) {
            let key = format!("office.coordination.designations.{party}");
            return Err(SettingsError { key, fault: "is missing".to_owned() });
        }
        let supervisors = fields
            .iter()
            .filter_map(|line| FieldCode::parse(&line.field).ok().zip(Institution::parse(&line.supervisor).ok()));
        Ok(Self { limits: settings.limits, calendar, designations, supervisors: supervisors.collect() })
    }

    /// The designation of a party's guidance; none for the front institutions.
    pub(crate) fn designation(&self, party: Post) -> Option<&str> {
        self.designations.get(&party).map(String::as_str)
    }

    /// The institution that supervises a field.
    pub(crate) fn supervisor(&self, field: &FieldCode) -> Option<Institution> {
        self.supervisors.get(field).copied()
    }

    /// Whether an institution supervises any field.
    pub(crate) fn has_fields(&self, institution: Institution) -> bool {
        self.supervisors.values().any(|supervisor| *supervisor == institution)
    }

    /// The last year whose calendar is loaded.
    pub(crate) fn last_year(&self) -> i16 {
        self.calendar.years().max().unwrap_or_default()
    }
}

/// A number of guidance, as people write it.
pub(crate) fn number(designation: &str, year: i16, serial: i64) -> String {
    format!("{designation}〔{year}〕{serial}号")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::register::settings::RegisterSettings;

    fn rules(settings: &CoordinationSettings) -> Result<Rules, String> {
        let calendar = WorkingCalendar::official().clone();
        Rules::new(settings, &RegisterSettings::default().fields, calendar).map_err(|error| error.key)
    }

    #[test]
    fn the_built_in_settings_can_be() {
        let rules = rules(&CoordinationSettings::default()).expect("rules");
        assert_eq!(rules.designation(Post::Institution(Institution::Construction)), Some("建指导"));
        assert_eq!(rules.designation(Post::Institution(Institution::Service)), None);
        assert_eq!(rules.supervisor(&FieldCode::parse("URBAN").expect("a field")), Some(Institution::Construction));
        assert!(rules.has_fields(Institution::Social) && !rules.has_fields(Institution::Finance));
        assert_eq!(rules.last_year(), 2026);
        assert!(CoordinationSettings::default().tables().iter().all(|(_, differs)| !differs));
    }

    #[test]
    fn a_designation_that_cannot_be_is_named() {
        let with = |code: &str, designation: &str| {
            let mut settings = CoordinationSettings::default();
            settings.designations.insert(code.to_owned(), designation.to_owned());
            rules(&settings).map(|_| ())
        };
        let key = |code: &str| Err(format!("office.coordination.designations.{code}"));
        assert_eq!(with("SOCIAL", "建指导"), key("SOCIAL"));
        assert_eq!(with("SOCIAL", ""), key("SOCIAL"));
        assert_eq!(with("SERVICE", "便指导"), key("SERVICE"));
        assert_eq!(with("SOCIAL", "社事指"), Ok(()));
        let mut settings = CoordinationSettings::default();
        settings.designations.remove("SOCIAL");
        assert_eq!(rules(&settings).map(|_| ()), key("SOCIAL"));
    }
}
