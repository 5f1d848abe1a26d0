//! The eight institutions, their side, and their names by date (overview.md §1.2).
//!
//! A code never changes; a name does, and a paper shows the name valid on its date. The history of names is data: the defaults
//! are here, the town's registered papers replace them. Who may do what is not decided here.

use std::fmt;
use std::str::FromStr;

use crate::text::{normalise, normalise_code};
use crate::time::Date;

/// One of the town's eight institutions (职能机构).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Institution {
    /// 党政办: relay, deadlines, register of grants.
    Office,
    /// 便民服务中心: approvals and public services.
    Service,
    /// 组织人事和社会保障局: quotas, posts, people.
    Personnel,
    /// 经济促进局: enterprises, projects, statistics.
    Economy,
    /// 建设与管理局: planning, construction, city management.
    Construction,
    /// 社会事业发展和管理局: education, health, culture, civil affairs.
    Social,
    /// 财政和资产管理局: budget, payments, settlement.
    Finance,
    /// 综合执法局: inspection, penalties, coercive measures.
    Enforcement,
}

/// Which side of the separation of powers an institution stands on.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Side {
    /// 前台: faces residents and enterprises, and executes.
    Front,
    /// 后台: decides policy and supervises, and executes nothing.
    Back,
}

impl Institution {
    /// All eight, in the order of the specification.
    pub const ALL: [Self; 8] = [
        Self::Office,
        Self::Service,
        Self::Personnel,
        Self::Economy,
        Self::Construction,
        Self::Social,
        Self::Finance,
        Self::Enforcement,
    ];

    /// The stable code, such as `OFFICE`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Office => "OFFICE",
            Self::Service => "SERVICE",
            Self::Personnel => "PERSONNEL",
            Self::Economy => "ECONOMY",
            Self::Construction => "CONSTRUCTION",
            Self::Social => "SOCIAL",
            Self::Finance => "FINANCE",
            Self::Enforcement => "ENFORCEMENT",
        }
    }

    /// The side it stands on.
    #[must_use]
    pub const fn side(self) -> Side {
        match self {
            Self::Service | Self::Enforcement => Side::Front,
            Self::Office | Self::Personnel | Self::Economy | Self::Construction | Self::Social | Self::Finance => {
                Side::Back
            }
        }
    }

    /// Reads a code after normalising it.
    ///
    /// # Errors
    /// [`UnknownInstitution`] for anything else.
    pub fn parse(input: &str) -> Result<Self, UnknownInstitution> {
        let code = normalise_code(input);
        Self::ALL.into_iter().find(|institution| institution.code() == code).ok_or(UnknownInstitution)
    }
}

impl fmt::Display for Institution {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl FromStr for Institution {
    type Err = UnknownInstitution;

    fn from_str(input: &str) -> Result<Self, Self::Err> {
        Self::parse(input)
    }
}

/// A text that is no institution's code.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("an institution is one of OFFICE, SERVICE, PERSONNEL, ECONOMY, CONSTRUCTION, SOCIAL, FINANCE, ENFORCEMENT")]
pub struct UnknownInstitution;

impl UnknownInstitution {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "AU-ENUM"
    }
}

/// The town as papers call it. A parameter: nothing else in the program knows a place by name.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct TownNames {
    /// The county-level government above the town, such as 昆山市; papers may write it before the town.
    pub county: String,
    /// The town, such as 张浦镇; papers may leave it out before an institution.
    pub town: String,
    /// The town government in its full name, such as 张浦镇人民政府.
    pub government: String,
}

impl Default for TownNames {
    fn default() -> Self {
        Self {
            county: "昆山市".to_owned(), town: "张浦镇".to_owned(), government: "张浦镇人民政府".to_owned()
        }
    }
}

/// A name that an institution bears from a day on, until its next name begins.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct NameFrom {
    /// The institution.
    pub institution: Institution,
    /// Its first day; none for the name it was set up with.
    pub from: Option<Date>,
    /// The name, without the town's.
    pub name: String,
}

/// Names that cannot be a history.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum NamesError {
    /// A name is empty.
    #[error("a name is empty")]
    EmptyName,
    /// An institution has no name to start with, so papers of its first days could show none.
    #[error("{0} has no first name (one without a date)")]
    NoFirstName(Institution),
    /// An institution has two names from one day on.
    #[error("{0} has two names from the same day on")]
    SameDay(Institution),
    /// Two institutions have one name, so a paper to it has two addressees.
    #[error("{0} and {1} have the same name")]
    SharedName(Institution, Institution),
}

impl NamesError {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "ID-NAMES"
    }
}

/// To whom a paper is addressed inside the town.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Addressee {
    /// The town government itself.
    Government,
    /// One of its institutions.
    Institution(Institution),
}

/// The names of the town, its government and its institutions, by date.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct InstitutionNames {
    town: TownNames,
    /// Sorted by institution and first day.
    history: Vec<NameFrom>,
}

impl InstitutionNames {
    /// The names of a town, from a history in any order.
    ///
    /// # Errors
    /// [`NamesError`] when the history leaves an institution without a name, or a name without one institution.
    pub fn new(town: TownNames, history: impl IntoIterator<Item = NameFrom>) -> Result<Self, NamesError> {
        let mut history: Vec<_> = history.into_iter().collect();
        history.sort_by_key(|entry| (entry.institution, entry.from));
        let parts = [&town.county, &town.town, &town.government].into_iter();
        if parts.chain(history.iter().map(|entry| &entry.name)).any(|name| name.trim().is_empty()) {
            return Err(NamesError::EmptyName);
        }
        for institution in Institution::ALL {
            if !history.iter().any(|entry| entry.institution == institution && entry.from.is_none()) {
                return Err(NamesError::NoFirstName(institution));
            }
        }
        for (index, entry) in history.iter().enumerate() {
            for other in &history[index + 1..] {
                if other.institution == entry.institution && other.from == entry.from {
                    return Err(NamesError::SameDay(entry.institution));
                }
                if other.institution != entry.institution && other.name == entry.name {
                    return Err(NamesError::SharedName(entry.institution, other.institution));
                }
            }
        }
        Ok(Self { town, history })
    }

    /// The default history: the names of the article, and 行政审批局 for the service centre.
    ///
    /// By 2019 the centre was called 张浦镇行政审批局 (public sources); the exact day is not known, 2019-01-01 is the default.
    #[must_use]
    pub fn default_history() -> Vec<NameFrom> {
        let article = [
            (Institution::Office, "党政办"),
            (Institution::Service, "便民服务中心"),
            (Institution::Personnel, "组织人事和社会保障局"),
            (Institution::Economy, "经济促进局"),
            (Institution::Construction, "建设与管理局"),
            (Institution::Social, "社会事业发展和管理局"),
            (Institution::Finance, "财政和资产管理局"),
            (Institution::Enforcement, "综合执法局"),
        ];
        let first = article.map(|(institution, name)| NameFrom { institution, from: None, name: name.to_owned() });
        let renamed = NameFrom {
            institution: Institution::Service,
            from: Some(Date::constant(2019, 1, 1)),
            name: "行政审批局".to_owned(),
        };
        first.into_iter().chain([renamed]).collect()
    }

    /// How the town and those above it are called.
    #[must_use]
    pub const fn town(&self) -> &TownNames {
        &self.town
    }

    /// The name of an institution on a day, without the town's: 建设与管理局.
    #[must_use]
    pub fn name_on(&self, institution: Institution, day: Date) -> &str {
        self.borne_by(day)
            .filter(|entry| entry.institution == institution)
            .last()
            .map_or("", |entry| entry.name.as_str())
    }

    /// The name of an institution on a day as a paper shows it: 张浦镇建设与管理局.
    #[must_use]
    pub fn full_name_on(&self, institution: Institution, day: Date) -> String {
        format!("{}{}", self.town.town, self.name_on(institution, day))
    }

    /// Finds the addressee that a paper of some day names, with or without the town's name and the county's before it.
    ///
    /// A former name is understood too, since senders keep using it; a name not yet borne is not. None for an unknown bureau.
    #[must_use]
    pub fn resolve(&self, addressee: &str, day: Date) -> Option<Addressee> {
        let text = normalise(addressee);
        let below_county = text.strip_prefix(&self.town.county).unwrap_or(&text);
        if below_county == self.town.government || text == self.town.government {
            return Some(Addressee::Government);
        }
        // A county's own bureau of the same name must not be taken for the town's: after the county the town has to follow.
        let bare = match below_county.strip_prefix(&self.town.town) {
            Some(name) => name,
            None if below_county.len() == text.len() => below_county,
            None => return None,
        };
        let named = self.borne_by(day).find(|entry| entry.name == bare)?;
        Some(Addressee::Institution(named.institution))
    }

    fn borne_by(&self, day: Date) -> impl Iterator<Item = &NameFrom> {
        self.history.iter().filter(move |entry| entry.from.is_none_or(|from| from <= day))
    }
}

impl Default for InstitutionNames {
    fn default() -> Self {
        Self::new(TownNames::default(), Self::default_history())
            .expect("the default history is checked by the tests below")
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    #[test]
    fn two_institutions_face_the_public_and_six_stand_behind() {
        let front: Vec<_> = Institution::ALL.into_iter().filter(|it| it.side() == Side::Front).collect();
        assert_eq!(front, [Institution::Service, Institution::Enforcement]);
    }

    #[test]
    fn every_code_reads_back() {
        for institution in Institution::ALL {
            assert_eq!(institution.to_string().to_lowercase().parse(), Ok(institution));
        }
        assert_eq!(Institution::parse("MAYOR"), Err(UnknownInstitution));
        assert_eq!(UnknownInstitution.code(), "AU-ENUM");
    }

    #[test]
    fn a_paper_shows_the_name_of_its_date() {
        let names = InstitutionNames::default();
        assert_eq!(names.name_on(Institution::Service, date(2014, 2, 20)), "便民服务中心");
        assert_eq!(names.name_on(Institution::Service, date(2018, 12, 31)), "便民服务中心");
        assert_eq!(names.full_name_on(Institution::Service, date(2019, 1, 1)), "张浦镇行政审批局");
        assert_eq!(names.name_on(Institution::Finance, Date::MIN), "财政和资产管理局");
    }

    #[test]
    fn an_addressee_is_found_by_any_name_it_bears_or_bore() {
        let names = InstitutionNames::default();
        let today = date(2026, 3, 2);
        let construction = Some(Addressee::Institution(Institution::Construction));
        for text in ["建设与管理局", "张浦镇建设与管理局", "昆山市张浦镇建设与管理局", " 张浦镇 建设与管理局"]
        {
            assert_eq!(names.resolve(text, today), construction, "{text}");
        }
        let service = Some(Addressee::Institution(Institution::Service));
        assert_eq!(names.resolve("张浦镇便民服务中心", today), service);
        assert_eq!(names.resolve("行政审批局", today), service);
        assert_eq!(names.resolve("行政审批局", date(2014, 2, 20)), None);
        for text in ["张浦镇人民政府", "昆山市张浦镇人民政府"] {
            assert_eq!(names.resolve(text, today), Some(Addressee::Government), "{text}");
        }
    }

    #[test]
    fn an_unknown_or_foreign_bureau_is_not_found() {
        let names = InstitutionNames::default();
        for text in
            ["", "张浦镇", "昆山市", "昆山市综合执法局", "周市镇建设与管理局", "昆山市人民政府", "人民政府", "教育局"]
        {
            assert_eq!(names.resolve(text, date(2026, 3, 2)), None, "{text}");
        }
    }

    #[test]
    fn another_town_has_its_own_names() {
        let town =
            TownNames {
                county: "某县".to_owned(), town: "某镇".to_owned(), government: "某县某镇人民政府".to_owned()
            };
        let names = InstitutionNames::new(town, InstitutionNames::default_history()).expect("names");
        assert_eq!(names.resolve("某县某镇人民政府", date(2026, 3, 2)), Some(Addressee::Government));
        assert_eq!(names.resolve("某镇党政办", date(2026, 3, 2)), Some(Addressee::Institution(Institution::Office)));
        assert_eq!(names.resolve("张浦镇党政办", date(2026, 3, 2)), None);
    }

    #[test]
    fn wrong_histories_are_refused() {
        let new = |history| InstitutionNames::new(TownNames::default(), history);
        let with = |entry| InstitutionNames::default_history().into_iter().chain([entry]).collect::<Vec<_>>();
        let entry = |institution, from, name: &str| NameFrom { institution, from, name: name.to_owned() };
        let cases = [
            (Vec::new(), NamesError::NoFirstName(Institution::Office)),
            (with(entry(Institution::Office, None, "办公室")), NamesError::SameDay(Institution::Office)),
            (with(entry(Institution::Office, Some(date(2020, 1, 1)), " ")), NamesError::EmptyName),
            (
                with(entry(Institution::Office, Some(date(2020, 1, 1)), "综合执法局")),
                NamesError::SharedName(Institution::Office, Institution::Enforcement),
            ),
        ];
        for (history, expected) in cases {
            assert_eq!(new(history), Err(expected));
            assert_eq!(expected.code(), "ID-NAMES");
        }
    }

    proptest! {
        #[test]
        fn every_name_shown_is_understood(which in 0usize..8, year in 2010i16..=2030) {
            let (names, day) = (InstitutionNames::default(), date(year, 6, 1));
            let institution = Institution::ALL[which];
            let expected = Some(Addressee::Institution(institution));
            prop_assert_eq!(names.resolve(names.name_on(institution, day), day), expected);
            prop_assert_eq!(names.resolve(&names.full_name_on(institution, day), day), expected);
        }

        #[test]
        fn no_text_makes_the_readers_panic(input in any::<String>()) {
            let _ = Institution::parse(&input);
            let _ = InstitutionNames::default().resolve(&input, date(2026, 3, 2));
        }
    }
}
