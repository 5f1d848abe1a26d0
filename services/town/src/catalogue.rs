//! What `data/` says, in the two forms that the register imports: the power catalogue and the grants (authority.md §2.7).
//!
//! The catalogue says what the law provides; the grants say what a document hands to the town. The files under `data/` hold no
//! grants, so a document number and dates come from whoever asks. Nothing is padded to the figures of the article: 664 penalties
//! are 664. Items that stay with a stationed county body, or that the town only forwards, are in the catalogue and in no grant.

mod grants;
mod source;

use std::sync::LazyLock;

use vocabulary::{Institution, PowerKind};

pub use grants::{GrantTerms, grants_csv};
pub use source::Department;

/// The columns of the power catalogue, in order.
const COLUMNS: [&str; 18] = [
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

/// A power as `data/` describes it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Power {
    /// The opaque code.
    pub code: String,
    /// What it is called.
    pub name: String,
    /// Its kind.
    pub kind: PowerKind,
    /// The enforcement field; empty for items.
    pub field: String,
    /// The county department that ordinarily holds it.
    pub origin_department: String,
    /// The statutory bases, as `title|level|article`.
    pub bases: Vec<String>,
    /// The unlawful act, for a penalty.
    pub penalty: Option<Penalty>,
    /// The measures, for a coercive power.
    pub measures: Vec<&'static str>,
    /// The penalties that a coercive power serves.
    pub related_to: Vec<String>,
    /// Who may hold it.
    pub holder: Holder,
    /// The back institution that supervises its exercise.
    pub supervisor: Institution,
}

/// What only a penalty has.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Penalty {
    /// The unlawful act.
    pub act: String,
    /// The bases of the duty that is breached, as `title|level|article`.
    pub violation_bases: Vec<String>,
    /// The kinds of penalty, joined by `;`.
    pub kinds: String,
    /// The least and most for an individual, then for an organisation; each empty where the law fixes no sum.
    pub fines_yuan: [String; 4],
    /// Multiples, percentages and the aggravated tier, in words.
    pub fine_rule: String,
}

/// Who may hold a power.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Holder {
    /// The town may hold it, by clean-up and confirmation (清理确认): it has a statutory basis.
    TownConfirmed,
    /// The town may hold it, by assignment (交办): it has none.
    TownAssigned,
    /// It stays an item of a county body that is stationed in the town (派驻).
    Stationed,
    /// The town looks at the application first and forwards it to the county government (初审转报).
    Forward,
}

impl Holder {
    /// Whether a grant may hand the power to the town.
    #[must_use]
    pub const fn is_town(self) -> bool {
        match self {
            Self::TownConfirmed | Self::TownAssigned => true,
            Self::Stationed | Self::Forward => false,
        }
    }
}

static EMBEDDED: LazyLock<Vec<Power>> =
    LazyLock::new(|| source::read().expect("the embedded files are checked by the tests of this module"));

/// Every power that the embedded files describe: penalties, coercive measures, items.
#[must_use]
pub fn powers() -> &'static [Power] {
    &EMBEDDED
}

static DEPARTMENTS: LazyLock<Vec<Department>> =
    LazyLock::new(|| source::departments().expect("the embedded files are checked by the tests of this module"));

/// The county departments, each code once, by code.
#[must_use]
pub fn departments() -> &'static [Department] {
    &DEPARTMENTS
}

/// The power catalogue as CSV.
///
/// # Panics
/// Never: writing into memory does not fail.
#[must_use]
pub fn powers_csv() -> String {
    let mut file = csv::Writer::from_writer(Vec::new());
    file.write_record(COLUMNS).expect("memory does not fail");
    for power in powers() {
        file.write_record(row(power)).expect("memory does not fail");
    }
    text(file)
}

fn row(power: &Power) -> [String; 18] {
    let penalty = power.penalty.clone().unwrap_or(Penalty {
        act: String::new(),
        violation_bases: Vec::new(),
        kinds: String::new(),
        fines_yuan: Default::default(),
        fine_rule: String::new(),
    });
    let [fine_min, fine_max, org_fine_min, org_fine_max] = penalty.fines_yuan;
    let related = if power.related_to.is_empty() { "0" } else { "1" };
    [
        power.code.clone(),
        String::new(),
        power.name.clone(),
        power.kind.code().to_owned(),
        power.field.clone(),
        power.origin_department.clone(),
        power.bases.join(";"),
        penalty.act,
        penalty.violation_bases.join(";"),
        penalty.kinds,
        fine_min,
        fine_max,
        org_fine_min,
        org_fine_max,
        penalty.fine_rule,
        power.measures.join(";"),
        related.to_owned(),
        power.related_to.join(";"),
    ]
}

fn text(file: csv::Writer<Vec<u8>>) -> String {
    let bytes = file.into_inner().expect("memory does not fail");
    String::from_utf8(bytes).expect("every cell is text")
}

#[cfg(test)]
mod tests {
    use std::collections::HashSet;

    use super::*;

    fn of_kind(kinds: &[PowerKind]) -> Vec<&'static Power> {
        powers().iter().filter(|power| kinds.contains(&power.kind)).collect()
    }

    #[test]
    fn the_real_counts_are_not_padded() {
        assert_eq!(of_kind(&[PowerKind::Penalty]).len(), 664);
        assert_eq!(of_kind(&[PowerKind::Coercion]).len(), 40);
        let approvals = of_kind(&[PowerKind::Licence, PowerKind::Benefit, PowerKind::Confirmation, PowerKind::Other]);
        assert_eq!(approvals.len(), 135);
        let count = |holder| approvals.iter().filter(|power| power.holder == holder).count();
        assert_eq!(count(Holder::TownConfirmed), 108);
        assert_eq!(count(Holder::Stationed), 26);
        assert_eq!(count(Holder::Forward), 1);
        let services = of_kind(&[PowerKind::PublicService]);
        assert_eq!(services.len(), 170);
        assert!(services.iter().all(|power| power.holder == Holder::TownAssigned && power.bases.is_empty()));
        assert_eq!(powers().len(), 664 + 40 + 135 + 170);
    }

    #[test]
    fn every_code_is_there_once_and_every_related_penalty_exists() {
        let codes: HashSet<_> = powers().iter().map(|power| &power.code).collect();
        assert_eq!(codes.len(), powers().len());
        for power in powers() {
            assert!(power.code.parse::<vocabulary::PowerCode>().is_ok(), "{}", power.code);
            assert!(power.related_to.iter().all(|code| code.starts_with("PP-") && codes.contains(code)));
            assert_eq!(power.kind == PowerKind::Coercion, !power.related_to.is_empty());
        }
    }

    #[test]
    fn a_coercive_power_is_made_of_its_first_mention() {
        let measures = of_kind(&[PowerKind::Coercion]);
        let first = measures[0];
        assert_eq!((first.code.as_str(), first.field.as_str()), ("PC-0001", "URBAN"));
        assert_eq!(first.name, "查封、扣押（固体废物污染环境防治法第二十七条）");
        assert_eq!(first.bases, ["固体废物污染环境防治法|法律|第二十七条"]);
        assert_eq!(first.measures, ["查封", "扣押"]);
        assert_eq!(first.related_to.len(), 9);
        assert_eq!(measures[39].code, "PC-0040");
        assert!(!measures.iter().any(|power| power.name.contains("先行登记保存")));
    }

    #[test]
    fn every_confirmed_power_has_a_basis_with_its_level() {
        const LEVELS: [&str; 6] = ["法律", "行政法规", "地方性法规", "部门规章", "地方政府规章", "国务院决定"];
        for power in powers() {
            let violations = power.penalty.iter().flat_map(|penalty| &penalty.violation_bases);
            for basis in power.bases.iter().chain(violations) {
                let parts: Vec<_> = basis.split('|').collect();
                assert!(matches!(parts.as_slice(), [_, level, _] if LEVELS.contains(level)), "{basis}");
            }
            assert!(power.holder != Holder::TownConfirmed || !power.bases.is_empty(), "{}", power.code);
        }
    }

    #[test]
    fn the_file_has_the_columns_of_the_specification() {
        let csv = powers_csv();
        assert_eq!(csv.lines().next(), Some(COLUMNS.join(",").as_str()));
        let mut reader = csv::Reader::from_reader(csv.as_bytes());
        let rows: Vec<_> = reader.records().map(|row| row.expect("a row")).collect();
        assert_eq!(rows.len(), 1009);
        assert_eq!(&rows[0][6], "城市市容和环境卫生管理条例|行政法规|第三十四条第一项");
        assert_eq!(&rows[0][7], "随地吐痰、便溺，乱扔果皮、纸屑和烟头等废弃物");
    }
}
