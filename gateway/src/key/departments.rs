//! The county's departments by their names: which code a name belongs to.
//!
//! A name that is not listed belongs to nobody known, as a court's or the province's; two persons vouch for its key.

use vocabulary::DepartmentCode;
use vocabulary::text::normalise;

/// The city government and its office are one house: its general office keeps both seals.
const GOVERNMENT: [&str; 2] = ["government", "government-office"];

/// Names of departments, without the county's, and their codes.
#[derive(Clone, Debug)]
pub struct Departments {
    county: String,
    names: Vec<(String, DepartmentCode)>,
}

impl Departments {
    /// The departments of a county, by their names with or without the county's before them.
    #[must_use]
    pub fn new(county: &str, names: impl IntoIterator<Item = (String, DepartmentCode)>) -> Self {
        let mut departments = Self { county: normalise(county), names: Vec::new() };
        departments.names = names.into_iter().map(|(name, code)| (departments.bare(&name), code)).collect();
        departments
    }

    /// The code of the department that bears a name.
    #[must_use]
    pub fn code(&self, name: &str) -> Option<&DepartmentCode> {
        let bare = self.bare(name);
        let find = |wanted: &str| self.names.iter().find(|(known, _)| known == wanted).map(|(_, code)| code);
        // 市场监督管理局 begins with a 市 of its own, so the whole name is tried first.
        find(&bare).or_else(|| find(bare.strip_prefix('市')?))
    }

    /// Whether a department may issue under a name: its own, or one that is no other department's.
    #[must_use]
    pub fn may_issue_as(&self, department: &DepartmentCode, name: &str) -> bool {
        let one_house = |code: &DepartmentCode| GOVERNMENT.contains(&code.as_str());
        self.code(name).is_none_or(|code| code == department || (one_house(code) && one_house(department)))
    }

    fn bare(&self, name: &str) -> String {
        let name = normalise(name);
        name.strip_prefix(self.county.as_str()).map(str::to_owned).unwrap_or(name)
    }
}
