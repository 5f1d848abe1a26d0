//! A power and what the law says of it.

use std::sync::Arc;

use vocabulary::{Date, FieldCode, ImplementationCode, PowerCode, PowerKind, Timestamp};

/// The level of a statute (效力级别).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Level {
    /// 法律.
    Law,
    /// 行政法规.
    AdministrativeRegulation,
    /// 地方性法规.
    LocalRegulation,
    /// 部门规章.
    DepartmentRule,
    /// 地方政府规章.
    LocalRule,
    /// 国务院决定.
    StateCouncilDecision,
}

impl Level {
    /// All levels.
    pub const ALL: [Self; 6] = [
        Self::Law,
        Self::AdministrativeRegulation,
        Self::LocalRegulation,
        Self::DepartmentRule,
        Self::LocalRule,
        Self::StateCouncilDecision,
    ];

    /// The name, as catalogues write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Law => "法律",
            Self::AdministrativeRegulation => "行政法规",
            Self::LocalRegulation => "地方性法规",
            Self::DepartmentRule => "部门规章",
            Self::LocalRule => "地方政府规章",
            Self::StateCouncilDecision => "国务院决定",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|level| level.name() == name)
    }
}

/// A statutory basis.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Basis {
    /// The title of the statute.
    pub title: String,
    /// Its level.
    pub level: Level,
    /// The article, with paragraph and item where useful.
    pub article: String,
}

impl Basis {
    /// Reads `title|level|article`.
    pub fn parse(entry: &str) -> Option<Self> {
        let mut parts = entry.split('|').map(str::trim);
        let (title, level, article) = (parts.next()?, Level::parse(parts.next()?)?, parts.next()?);
        let whole = parts.next().is_none() && !title.is_empty() && !article.is_empty();
        whole.then(|| Self { title: title.to_owned(), level, article: article.to_owned() })
    }

    /// Whether the basis can set a power of the kind. A decision of the State Council sets licences only, by an item of its
    /// annex (行政许可法 art. 14 para. 2; authority.md §2.2).
    pub fn sets(&self, kind: PowerKind) -> bool {
        self.level != Level::StateCouncilDecision || (kind == PowerKind::Licence && cites_annex_item(&self.article))
    }
}

fn cites_annex_item(article: &str) -> bool {
    let item = article.strip_prefix("附件第").and_then(|rest| rest.split_once('项'));
    item.is_some_and(|(number, _)| !number.is_empty())
}

/// A kind of penalty (处罚种类, enforcement.md §4.2).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum PenaltyKind {
    /// 警告.
    Warning,
    /// 通报批评.
    PublicCriticism,
    /// 罚款.
    Fine,
    /// 没收违法所得.
    ConfiscationOfGains,
    /// 没收非法财物.
    ConfiscationOfGoods,
    /// 暂扣许可证件.
    LicenceSuspension,
    /// 降低资质等级.
    Downgrading,
    /// 吊销许可证件.
    LicenceRevocation,
    /// 限制开展生产经营活动.
    BusinessRestriction,
    /// 责令停产停业.
    BusinessSuspension,
    /// 责令关闭.
    Closure,
    /// 限制从业.
    OccupationBan,
    /// 行政拘留: may never be granted.
    Detention,
    /// 其他, set by law or administrative regulation.
    Other,
}

impl PenaltyKind {
    /// All kinds, in the order of the law.
    pub const ALL: [Self; 14] = [
        Self::Warning,
        Self::PublicCriticism,
        Self::Fine,
        Self::ConfiscationOfGains,
        Self::ConfiscationOfGoods,
        Self::LicenceSuspension,
        Self::Downgrading,
        Self::LicenceRevocation,
        Self::BusinessRestriction,
        Self::BusinessSuspension,
        Self::Closure,
        Self::OccupationBan,
        Self::Detention,
        Self::Other,
    ];

    /// The name, as catalogues write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Warning => "警告",
            Self::PublicCriticism => "通报批评",
            Self::Fine => "罚款",
            Self::ConfiscationOfGains => "没收违法所得",
            Self::ConfiscationOfGoods => "没收非法财物",
            Self::LicenceSuspension => "暂扣许可证件",
            Self::Downgrading => "降低资质等级",
            Self::LicenceRevocation => "吊销许可证件",
            Self::BusinessRestriction => "限制开展生产经营活动",
            Self::BusinessSuspension => "责令停产停业",
            Self::Closure => "责令关闭",
            Self::OccupationBan => "限制从业",
            Self::Detention => "行政拘留",
            Self::Other => "其他",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|kind| kind.name() == name)
    }
}

/// A coercive measure (强制措施).
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Measure {
    /// 查封.
    Sealing,
    /// 扣押.
    Seizure,
    /// 冻结.
    Freezing,
    /// 划拨.
    Transfer,
    /// 限制人身自由: may never be granted.
    Liberty,
    /// 其他.
    Other,
}

impl Measure {
    /// All measures.
    pub const ALL: [Self; 6] =
        [Self::Sealing, Self::Seizure, Self::Freezing, Self::Transfer, Self::Liberty, Self::Other];

    /// The name, as catalogues write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sealing => "查封",
            Self::Seizure => "扣押",
            Self::Freezing => "冻结",
            Self::Transfer => "划拨",
            Self::Liberty => "限制人身自由",
            Self::Other => "其他",
        }
    }

    /// Reads a name.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|measure| measure.name() == name)
    }
}

/// A range of fines in whole yuan, as statutes write them; the least is not above the most.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct FineRange {
    min_yuan: i64,
    max_yuan: i64,
}

impl FineRange {
    /// A range, if it is one.
    pub fn new(min_yuan: i64, max_yuan: i64) -> Option<Self> {
        (0 <= min_yuan && min_yuan <= max_yuan).then_some(Self { min_yuan, max_yuan })
    }

    /// The least.
    pub const fn min_yuan(self) -> i64 {
        self.min_yuan
    }

    /// The most.
    pub const fn max_yuan(self) -> i64 {
        self.max_yuan
    }
}

/// An unlawful act that a penalty power covers (违法行为).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Act {
    /// The act.
    pub act: String,
    /// The bases of the duty that is breached.
    pub violation_bases: Vec<Basis>,
    /// The kinds of penalty.
    pub penalty_kinds: Vec<PenaltyKind>,
    /// The fine for an individual.
    pub fine: Option<FineRange>,
    /// The fine for an organisation, where the statute distinguishes.
    pub organisation_fine: Option<FineRange>,
    /// Multiples, percentages and the aggravated tier, in words.
    pub fine_rule: String,
}

/// Whether a measure or inspection travels with penalty powers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Relation {
    /// It stands by itself.
    Independent,
    /// It serves penalty powers, and counts with them.
    Related,
}

/// A power (权力事项).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Power {
    /// Its key, opaque.
    pub code: PowerCode,
    /// Its implementation code.
    pub implementation_code: Option<ImplementationCode>,
    /// What it is called.
    pub title: String,
    /// Its kind. It never changes: grants, handlers and the province's bases rest on it.
    pub kind: PowerKind,
    /// Its field of enforcement.
    pub field: Option<FieldCode>,
    /// The county department that ordinarily holds it (原行使部门).
    pub origin_department: String,
    /// The statutory bases.
    pub bases: Vec<Basis>,
    /// The unlawful acts, for a penalty.
    pub acts: Vec<Act>,
    /// The measures, for a coercive power.
    pub measures: Vec<Measure>,
    /// Whether it travels with penalty powers.
    pub relation: Relation,
    /// The penalty powers that it serves.
    pub related_to: Vec<PowerCode>,
}

impl Power {
    /// Whether a law, regulation or rule sets the power.
    pub fn is_statutory(&self) -> bool {
        self.bases.iter().any(|basis| basis.sets(self.kind))
    }

    /// Whether it restricts personal liberty (行政处罚法 art. 18 para. 3).
    pub fn restricts_liberty(&self) -> bool {
        let detains = |act: &Act| act.penalty_kinds.contains(&PenaltyKind::Detention);
        self.measures.contains(&Measure::Liberty) || self.acts.iter().any(detains)
    }

    /// Whether it freezes or transfers deposits without a law behind it (行政强制法 arts. 29, 47).
    pub fn freezes_without_law(&self) -> bool {
        freezes_without_law(&self.measures, &self.bases)
    }
}

/// Whether measures freeze or transfer deposits without a law among the bases.
pub(crate) fn freezes_without_law(measures: &[Measure], bases: &[Basis]) -> bool {
    let freezes = [Measure::Freezing, Measure::Transfer].iter().any(|measure| measures.contains(measure));
    freezes && !bases.iter().any(|basis| basis.level == Level::Law)
}

/// A version of a power in the catalogue.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Listed {
    /// The power.
    pub power: Arc<Power>,
    /// The first day on which this version is valid; none for the first version, which is valid since ever.
    pub valid_from: Option<Date>,
    /// The revision of the register that recorded it.
    pub revision: i64,
    /// When it was recorded.
    pub recorded: Timestamp,
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_basis_has_three_parts() {
        let basis = Basis::parse("城市市容和环境卫生管理条例|行政法规|第三十四条第一项").expect("a basis");
        assert_eq!((basis.level, basis.article.as_str()), (Level::AdministrativeRegulation, "第三十四条第一项"));
        for other in ["", "a|法律", "a|法律|", "|法律|第一条", "a|law|第一条", "a|法律|第一条|第二款"]
        {
            assert_eq!(Basis::parse(other), None, "{other}");
        }
    }

    #[test]
    fn a_decision_of_the_state_council_sets_licences_by_its_annex() {
        let decision =
            |article: &str| Basis {
                title: "决定".into(), level: Level::StateCouncilDecision, article: article.into()
            };
        assert!(decision("附件第112项").sets(PowerKind::Licence));
        assert!(!decision("附件第112项").sets(PowerKind::Other));
        assert!(!decision("第二条").sets(PowerKind::Licence));
        assert!(!decision("附件第项").sets(PowerKind::Licence));
    }

    #[test]
    fn every_name_reads_back() {
        assert!(Level::ALL.into_iter().all(|level| Level::parse(level.name()) == Some(level)));
        assert!(PenaltyKind::ALL.into_iter().all(|kind| PenaltyKind::parse(kind.name()) == Some(kind)));
        assert!(Measure::ALL.into_iter().all(|measure| Measure::parse(measure.name()) == Some(measure)));
    }

    #[test]
    fn a_fine_range_is_ordered() {
        assert!(FineRange::new(0, 200).is_some() && FineRange::new(200, 200).is_some());
        assert!(FineRange::new(201, 200).is_none() && FineRange::new(-1, 200).is_none());
    }
}
