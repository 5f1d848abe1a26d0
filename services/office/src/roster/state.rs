//! A person's assignments: posts, roles and days.

use std::fmt;

use uuid::Uuid;
use vocabulary::institution::Side;
use vocabulary::{Date, Institution};

/// Where a person stands: in one of the eight institutions, or among the leaders of the town.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Post {
    /// In an institution.
    Institution(Institution),
    /// Among the leaders.
    Leaders,
}

impl Post {
    /// Every post.
    pub fn all() -> impl Iterator<Item = Self> {
        Institution::ALL.into_iter().map(Self::Institution).chain([Self::Leaders])
    }

    /// The code of the institution, or `LEADERS`.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Institution(institution) => institution.code(),
            Self::Leaders => "LEADERS",
        }
    }

    /// Reads a code in its one spelling.
    #[must_use]
    pub fn parse(code: &str) -> Option<Self> {
        Self::all().find(|post| post.code() == code)
    }
}

impl fmt::Display for Post {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.code())
    }
}

/// A role of overview.md §1.7 that a post may carry. Citizens, auditors and the operator hold theirs by certificate, not here.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Registers grant documents.
    GrantRegistrar,
    /// Confirms grant documents.
    GrantConfirmer,
    /// Registers keys.
    KeyRegistrar,
    /// Confirms keys.
    KeyConfirmer,
    /// Works an inbox.
    RelayClerk,
    /// Heads the relay.
    RelayChief,
    /// Takes applications in.
    IntakeClerk,
    /// Reviews applications.
    Reviewer,
    /// Decides applications (首席代表).
    Approver,
    /// Signs his bureau's opinion in a joint review.
    OpinionGiver,
    /// Inspects and investigates.
    Officer,
    /// Reviews draft decisions (法制审核).
    LegalReviewer,
    /// Leads the town.
    Head,
    /// Supervises a field.
    Supervisor,
    /// Keeps people and posts.
    HrOfficer,
    /// Checks payments.
    FinChecker,
    /// Pays.
    FinPayer,
    /// Keeps the ledger.
    Ledger,
    /// Keeps assets.
    AssetKeeper,
    /// Compiles statistics.
    Statistician,
    /// Signs statistics.
    StatSigner,
}

impl Role {
    /// Every role.
    pub const ALL: [Self; 21] = [
        Self::GrantRegistrar,
        Self::GrantConfirmer,
        Self::KeyRegistrar,
        Self::KeyConfirmer,
        Self::RelayClerk,
        Self::RelayChief,
        Self::IntakeClerk,
        Self::Reviewer,
        Self::Approver,
        Self::OpinionGiver,
        Self::Officer,
        Self::LegalReviewer,
        Self::Head,
        Self::Supervisor,
        Self::HrOfficer,
        Self::FinChecker,
        Self::FinPayer,
        Self::Ledger,
        Self::AssetKeeper,
        Self::Statistician,
        Self::StatSigner,
    ];

    /// The name of the role.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::GrantRegistrar => "GRANT_REGISTRAR",
            Self::GrantConfirmer => "GRANT_CONFIRMER",
            Self::KeyRegistrar => "KEY_REGISTRAR",
            Self::KeyConfirmer => "KEY_CONFIRMER",
            Self::RelayClerk => "RELAY_CLERK",
            Self::RelayChief => "RELAY_CHIEF",
            Self::IntakeClerk => "INTAKE_CLERK",
            Self::Reviewer => "REVIEWER",
            Self::Approver => "APPROVER",
            Self::OpinionGiver => "OPINION_GIVER",
            Self::Officer => "OFFICER",
            Self::LegalReviewer => "LEGAL_REVIEWER",
            Self::Head => "HEAD",
            Self::Supervisor => "SUPERVISOR",
            Self::HrOfficer => "HR_OFFICER",
            Self::FinChecker => "FIN_CHECKER",
            Self::FinPayer => "FIN_PAYER",
            Self::Ledger => "LEDGER",
            Self::AssetKeeper => "ASSET_KEEPER",
            Self::Statistician => "STATISTICIAN",
            Self::StatSigner => "STAT_SIGNER",
        }
    }

    /// Reads a name in its one spelling.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|role| role.as_str() == name)
    }

    /// Whether a post carries the role (overview.md §1.7, column "institution").
    ///
    /// Each bureau works its own inbox (§1.4), and its chief checks what it did there (relay-and-sharing.md §8.4), so each has a
    /// `RELAY_CLERK` and a `RELAY_CHIEF`, though §1.7 names the office's only.
    #[must_use]
    pub fn belongs_to(self, post: Post) -> bool {
        use Institution::{Economy, Enforcement, Finance, Office, Personnel, Service};
        let Post::Institution(institution) = post else { return self == Self::Head };
        match self {
            Self::GrantRegistrar | Self::GrantConfirmer | Self::KeyRegistrar | Self::KeyConfirmer => {
                institution == Office
            }
            Self::RelayClerk | Self::RelayChief => true,
            Self::IntakeClerk | Self::Reviewer | Self::Approver => institution == Service,
            Self::OpinionGiver | Self::Supervisor => institution.side() == Side::Back,
            Self::Officer => institution == Enforcement,
            Self::LegalReviewer => matches!(institution, Enforcement | Office),
            Self::Head => false,
            Self::HrOfficer => institution == Personnel,
            Self::FinChecker | Self::FinPayer | Self::Ledger | Self::AssetKeeper => institution == Finance,
            Self::Statistician | Self::StatSigner => institution == Economy,
        }
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.as_str())
    }
}

/// A role at a post that carries it. There is no other way to pair them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Duty {
    post: Post,
    role: Role,
}

impl Duty {
    /// The role at the post; none where the post does not carry it.
    #[must_use]
    pub fn new(post: Post, role: Role) -> Option<Self> {
        role.belongs_to(post).then_some(Self { post, role })
    }

    /// The post.
    #[must_use]
    pub const fn post(&self) -> Post {
        self.post
    }

    /// The role.
    #[must_use]
    pub const fn role(&self) -> Role {
        self.role
    }
}

/// Days from the first to the one on which it is over; open where there is no such day.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Days {
    from: Date,
    to: Option<Date>,
}

impl Days {
    /// The days `[from, to)`; none where they would be empty.
    #[must_use]
    pub fn new(from: Date, to: Option<Date>) -> Option<Self> {
        to.is_none_or(|to| from < to).then_some(Self { from, to })
    }

    /// The days as they are recorded. An assignment that ended on its first day has none.
    #[must_use]
    pub fn recorded(from: Date, to: Option<Date>) -> Option<Self> {
        to.is_none_or(|to| from <= to).then_some(Self { from, to })
    }

    /// The first day.
    #[must_use]
    pub const fn from(&self) -> Date {
        self.from
    }

    /// The first day after them.
    #[must_use]
    pub const fn to(&self) -> Option<Date> {
        self.to
    }

    /// Whether a day is one of them.
    #[must_use]
    pub fn contain(&self, day: Date) -> bool {
        self.from <= day && self.to.is_none_or(|to| day < to)
    }

    /// Whether any day is in both.
    #[must_use]
    pub fn meet(&self, other: &Self) -> bool {
        let both = [self, other];
        both.iter().all(|one| both.iter().all(|other| other.to.is_none_or(|to| one.from < to)))
    }
}

/// The name of an assignment: `assignments/{id}`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct AssignmentName(pub Uuid);

impl AssignmentName {
    /// Reads a name in its one spelling.
    #[must_use]
    pub fn parse(name: &str) -> Option<Self> {
        let parsed = Self(Uuid::try_parse(name.strip_prefix("assignments/")?).ok()?);
        (parsed.to_string() == name).then_some(parsed)
    }
}

impl fmt::Display for AssignmentName {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "assignments/{}", self.0.hyphenated())
    }
}

/// A role that a person holds on some days.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// Its name.
    pub name: AssignmentName,
    /// Post and role.
    pub duty: Duty,
    /// The days.
    pub days: Days,
    /// The document that assigns it.
    pub document_number: String,
    /// The document that ends it, where one does.
    pub end_document_number: Option<String>,
}

/// A person with all assignments, past and future: what one decision sees whole.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Person {
    /// The id in the certificate.
    pub id: String,
    /// The assignments.
    pub assignments: Vec<Assignment>,
}

impl Person {
    /// The post and the roles on a day; none where the person holds no post.
    #[must_use]
    pub fn standing(&self, day: Date) -> Option<(Post, Vec<Role>)> {
        let active = self.assignments.iter().filter(|assignment| assignment.days.contain(day));
        let mut roles: Vec<_> = active.clone().map(|assignment| assignment.duty.role).collect();
        roles.sort_unstable();
        roles.dedup();
        // One person holds one post on a day, so that every active assignment names the same.
        active.map(|assignment| assignment.duty.post).next().map(|post| (post, roles))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use jiff::civil::date;
    use proptest::prelude::*;

    #[test]
    fn names_read_back() {
        for role in Role::ALL {
            assert_eq!(Role::parse(role.as_str()), Some(role));
        }
        for post in Post::all() {
            assert_eq!(Post::parse(post.code()), Some(post));
        }
        assert_eq!((Role::parse("MAYOR"), Role::parse("relay_clerk"), Post::parse("office")), (None, None, None));
        let name = "assignments/f81d4fae-7dec-11d0-a765-00a0c91e6bf6";
        assert_eq!(AssignmentName::parse(name).map(|it| it.to_string()).as_deref(), Some(name));
        for other in ["", "assignments/", "assignments/1", "assignments/F81D4FAE-7dec-11d0-a765-00a0c91e6bf6"] {
            assert_eq!(AssignmentName::parse(other), None, "{other}");
        }
    }

    /// The table of overview.md §1.7, written out by hand.
    #[test]
    fn each_role_belongs_to_its_posts() {
        let back = "OFFICE PERSONNEL ECONOMY CONSTRUCTION SOCIAL FINANCE";
        let all = "OFFICE SERVICE PERSONNEL ECONOMY CONSTRUCTION SOCIAL FINANCE ENFORCEMENT";
        let table = [
            ("GRANT_REGISTRAR", "OFFICE"),
            ("GRANT_CONFIRMER", "OFFICE"),
            ("KEY_REGISTRAR", "OFFICE"),
            ("KEY_CONFIRMER", "OFFICE"),
            ("RELAY_CLERK", all),
            ("RELAY_CHIEF", all),
            ("INTAKE_CLERK", "SERVICE"),
            ("REVIEWER", "SERVICE"),
            ("APPROVER", "SERVICE"),
            ("OPINION_GIVER", back),
            ("OFFICER", "ENFORCEMENT"),
            ("LEGAL_REVIEWER", "OFFICE ENFORCEMENT"),
            ("HEAD", "LEADERS"),
            ("SUPERVISOR", back),
            ("HR_OFFICER", "PERSONNEL"),
            ("FIN_CHECKER", "FINANCE"),
            ("FIN_PAYER", "FINANCE"),
            ("LEDGER", "FINANCE"),
            ("ASSET_KEEPER", "FINANCE"),
            ("STATISTICIAN", "ECONOMY"),
            ("STAT_SIGNER", "ECONOMY"),
        ];
        assert_eq!(table.len(), Role::ALL.len());
        for (role, posts) in table {
            let role = Role::parse(role).expect("a role");
            for post in Post::all() {
                let listed = posts.split(' ').any(|code| code == post.code());
                assert_eq!(Duty::new(post, role).is_some(), listed, "{role} at {post}");
            }
        }
    }

    #[test]
    fn a_role_ends_at_midnight() {
        let days = Days::new(date(2026, 3, 2), Some(date(2026, 6, 1))).expect("days");
        assert!(!days.contain(date(2026, 3, 1)) && days.contain(date(2026, 3, 2)));
        assert!(days.contain(date(2026, 5, 31)) && !days.contain(date(2026, 6, 1)));
        assert_eq!(Days::new(date(2026, 3, 2), Some(date(2026, 3, 2))), None);
        assert_eq!(Days::new(date(2026, 3, 2), Some(date(2026, 3, 1))), None);
    }

    proptest! {
        /// Two periods meet exactly where some day is in both.
        #[test]
        fn periods_meet_on_a_common_day(a in 1i8..20, b in 0i8..20, c in 1i8..20, d in 0i8..20) {
            let day = |n: i8| date(2026, 3, n);
            let days = |from: i8, length: i8| Days::new(day(from), (length > 0).then(|| day(from.saturating_add(length).min(31))));
            let (Some(one), Some(other)) = (days(a, b), days(c, d)) else { return Ok(()) };
            let common = (1..=31).any(|n| one.contain(day(n)) && other.contain(day(n)));
            prop_assert_eq!(one.meet(&other), common);
            prop_assert_eq!(other.meet(&one), common);
        }
    }
}
