//! The section `[office.oversight]`: how large samples are, how long answers take, and how supervision opinions are numbered.
//!
//! The defaults are those of relay-and-sharing.md §8.8 and service-centre.md §3.8. The designations (代字) are the town's to confirm
//! (overview.md §1.9); a table that differs has a document behind it.

use runtime::caller::ServiceName;
use serde::{Deserialize, Serialize};
use vocabulary::{FieldCode, Institution, SampleSize, Side, WorkingCalendar};

use crate::register::settings::FieldLine;
use crate::settings::SettingsError;

/// The settings of supervision and joint reviews.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct OversightSettings {
    /// How large a sample of closed cases is.
    pub sample: SampleSettings,
    /// How many working days there are.
    pub limits: LimitSettings,
    /// The designation of each institution's supervision opinions (监督意见书).
    pub designations: Vec<DesignationLine>,
    /// The services that hold cases.
    pub case_services: Vec<String>,
}

/// How large a sample is.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct SampleSettings {
    /// The share of the closed cases, in thousandths.
    pub per_mille: u16,
    /// The least number.
    pub least: u32,
}

impl Default for SampleSettings {
    fn default() -> Self {
        let SampleSize { per_mille, least } = SampleSize::default();
        Self { per_mille, least }
    }
}

/// How many working days there are.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct LimitSettings {
    /// To answer a supervision opinion.
    pub answer: u16,
    /// To give an opinion in a joint review, at most.
    pub opinion: u16,
    /// To say in a joint review that more is needed.
    pub need_more: u16,
}

impl Default for LimitSettings {
    fn default() -> Self {
        Self { answer: 10, opinion: 5, need_more: 2 }
    }
}

/// The designation (代字) of an institution's supervision opinions.
#[derive(Clone, Debug, Deserialize, Serialize, PartialEq, Eq)]
#[serde(deny_unknown_fields)]
pub struct DesignationLine {
    /// The code of the institution.
    pub institution: String,
    /// What stands before the year, such as `张建监督`.
    pub designation: String,
}

const DESIGNATIONS: [(Institution, &str); 6] = [
    (Institution::Office, "张党政监督"),
    (Institution::Personnel, "张人社监督"),
    (Institution::Finance, "张财监督"),
    (Institution::Economy, "张经监督"),
    (Institution::Construction, "张建监督"),
    (Institution::Social, "张社监督"),
];

const CASE_SERVICES: [&str; 2] = ["service-center", "enforcement"];

impl Default for OversightSettings {
    fn default() -> Self {
        let line = |(institution, designation): (Institution, &str)| DesignationLine {
            institution: institution.code().to_owned(),
            designation: designation.to_owned(),
        };
        Self {
            sample: SampleSettings::default(),
            limits: LimitSettings::default(),
            designations: DESIGNATIONS.into_iter().map(line).collect(),
            case_services: CASE_SERVICES.map(str::to_owned).to_vec(),
        }
    }
}

impl OversightSettings {
    /// Every table, with whether it differs from the built-in one. Which services hold cases is no rule.
    pub(crate) fn tables(&self) -> [(&'static str, bool); 3] {
        let built_in = Self::default();
        let Self { sample, limits, designations, case_services: _ } = self;
        [
            ("oversight.sample", *sample != built_in.sample),
            ("oversight.limits", *limits != built_in.limits),
            ("oversight.designations", *designations != built_in.designations),
        ]
    }
}

/// The settings, checked.
#[derive(Clone, Debug)]
pub(crate) struct Rules {
    /// The size of a sample.
    pub sample: SampleSize,
    /// The working days of an answer to a supervision opinion.
    pub answer_days: u32,
    /// The working days of an opinion.
    pub opinion_days: u32,
    /// The working days to say that more is needed.
    pub need_more_days: u32,
    /// The calendar.
    pub calendar: WorkingCalendar,
    fields: Vec<(FieldCode, Institution)>,
    designations: Vec<(Institution, String)>,
    services: Vec<ServiceName>,
}

impl Rules {
    /// Checks the settings. The fields are those of the register.
    ///
    /// # Errors
    /// [`SettingsError`], naming the setting.
    pub(crate) fn new(
        settings: &OversightSettings,
        fields: &[FieldLine],
        calendar: WorkingCalendar,
    ) -> Result<Self, SettingsError> {
        let LimitSettings { answer, opinion, need_more } = settings.limits;
        if answer == 0 || opinion == 0 || need_more == 0 {
            return Err(wrong("limits".to_owned(), "must be working days, at least one each"));
        }
        if settings.sample.per_mille > 1_000 {
            return Err(wrong("sample.per_mille".to_owned(), "is more than all of them; 1000 thousandths are all"));
        }
        let designations = settings.designations.iter().enumerate().map(|(index, line)| {
            let key = || format!("designations[{index}]");
            let back = Institution::parse(&line.institution).ok().filter(|it| it.side() == Side::Back);
            let back = back.ok_or_else(|| wrong(key(), "names no back institution"))?;
            let fits = !line.designation.trim().is_empty() && line.designation.chars().count() <= 16;
            fits.then(|| (back, line.designation.clone())).ok_or_else(|| wrong(key(), "must have 1 to 16 characters"))
        });
        let services = settings.case_services.iter().enumerate().map(|(index, name)| {
            ServiceName::parse(name).ok_or_else(|| wrong(format!("case_services[{index}]"), "is no service name"))
        });
        let fields = fields.iter().enumerate().map(|(index, line)| {
            let key = || format!("register.fields[{index}]");
            let field = FieldCode::parse(&line.field).map_err(|error| wrong(key(), &error.to_string()))?;
            let supervisor = Institution::parse(&line.supervisor).map_err(|error| wrong(key(), &error.to_string()))?;
            Ok((field, supervisor))
        });
        let rules = Self {
            sample: SampleSize { per_mille: settings.sample.per_mille, least: settings.sample.least },
            answer_days: answer.into(),
            opinion_days: opinion.into(),
            need_more_days: need_more.into(),
            calendar,
            fields: fields.collect::<Result<_, _>>()?,
            designations: designations.collect::<Result<_, _>>()?,
            services: services.collect::<Result<_, _>>()?,
        };
        let missing = DESIGNATIONS.iter().find(|(back, _)| rules.designation(*back).is_none());
        match missing {
            None => Ok(rules),
            Some((back, _)) => Err(wrong("designations".to_owned(), &format!("has none for {back}"))),
        }
    }

    /// The fields, each with the institution that supervises it.
    pub(crate) fn fields(&self) -> &[(FieldCode, Institution)] {
        &self.fields
    }

    /// The institution that supervises a field.
    pub(crate) fn supervisor(&self, field: &FieldCode) -> Option<Institution> {
        self.fields.iter().find(|(known, _)| known == field).map(|(_, supervisor)| *supervisor)
    }

    /// The designation of an institution's supervision opinions.
    pub(crate) fn designation(&self, institution: Institution) -> Option<&str> {
        self.designations.iter().find(|(known, _)| *known == institution).map(|(_, designation)| designation.as_str())
    }

    /// The services that hold cases.
    pub(crate) fn services(&self) -> &[ServiceName] {
        &self.services
    }

    /// A service that holds cases, by its name.
    pub(crate) fn service(&self, name: &str) -> Option<ServiceName> {
        self.services.iter().copied().find(|service| service.as_str() == name)
    }

    /// The last year whose calendar is loaded.
    pub(crate) fn last_year(&self) -> i64 {
        self.calendar.years().max().unwrap_or_default().into()
    }
}

fn wrong(key: String, fault: &str) -> SettingsError {
    SettingsError { key: format!("office.oversight.{key}"), fault: fault.to_owned() }
}

/// Rules for tests.
#[cfg(test)]
pub(crate) fn built_in() -> Rules {
    let fields = crate::register::settings::RegisterSettings::default().fields;
    Rules::new(&OversightSettings::default(), &fields, WorkingCalendar::official().clone())
        .expect("the built-in settings hold")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_defaults_are_those_of_the_rules() {
        let rules = built_in();
        assert_eq!((rules.sample.per_mille, rules.sample.least), (50, 3));
        assert_eq!((rules.answer_days, rules.opinion_days, rules.need_more_days), (10, 5, 2));
        let environment = FieldCode::parse("ENVIRONMENT").expect("a field");
        assert_eq!(rules.supervisor(&environment), Some(Institution::Construction));
        assert_eq!(rules.service("enforcement"), Some(ServiceName("enforcement")));
        assert_eq!(rules.service("gateway"), None);
        assert_eq!(rules.fields().len(), 16);
    }

    #[test]
    fn what_cannot_be_is_told_with_its_key() {
        type Change = fn(&mut OversightSettings);
        let changes: [(&str, Change); 6] = [
            ("limits", |it| it.limits.answer = 0),
            ("sample.per_mille", |it| it.sample.per_mille = 1_001),
            ("designations[0]", |it| it.designations[0].institution = "SERVICE".to_owned()),
            ("designations[1]", |it| it.designations[1].designation = " ".to_owned()),
            ("designations", |it| drop(it.designations.pop())),
            ("case_services[0]", |it| it.case_services[0] = "Service Center".to_owned()),
        ];
        for (key, change) in changes {
            let mut settings = OversightSettings::default();
            change(&mut settings);
            let error = Rules::new(&settings, &[], WorkingCalendar::official().clone()).expect_err(key);
            assert_eq!(error.key, format!("office.oversight.{key}"), "{error}");
        }
    }
}
