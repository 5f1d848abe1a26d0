//! Who sees what of guidance and of matters between institutions.

use runtime::access::Access;
use runtime::caller::Principal;

use crate::roster::state::Post;

/// Who reads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Viewer {
    /// OFFICE, the leaders and auditors see everything.
    All(Option<Post>),
    /// An institution sees all guidance, and the matters it takes part in.
    Party(Post),
    /// A county department sees nothing: what it may read of the town goes through sharing (DESIGN.md §2).
    Nothing,
}

impl Viewer {
    /// The viewer who calls.
    pub(crate) fn of(access: &Access) -> Self {
        match (party(access), access.principal()) {
            (Some(post @ (Post::Leaders | Post::Institution(vocabulary::Institution::Office))), _) => {
                Self::All(Some(post))
            }
            (Some(post), _) => Self::Party(post),
            (None, Principal::Auditor(_)) => Self::All(None),
            (None, _) => Self::Nothing,
        }
    }

    /// The party for which the viewer acts.
    pub(crate) const fn party(self) -> Option<Post> {
        match self {
            Self::All(party) => party,
            Self::Party(party) => Some(party),
            Self::Nothing => None,
        }
    }

    /// Whether the viewer sees a matter in which these take part.
    pub(crate) fn sees(self, parties: &[Post]) -> bool {
        match self {
            Self::All(_) => true,
            Self::Party(party) => parties.contains(&party),
            Self::Nothing => false,
        }
    }
}

/// The party for which a caller acts.
pub(crate) fn party(access: &Access) -> Option<Post> {
    match access.principal() {
        Principal::Institution(institution) => Some(Post::Institution(*institution)),
        Principal::TownLeaders => Some(Post::Leaders),
        Principal::County(_)
        | Principal::Public(_)
        | Principal::Auditor(_)
        | Principal::Operator(_)
        | Principal::Service(_)
        | Principal::Unassigned => None,
    }
}

/// What a list is asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Wanted {
    /// Only what somebody has to act about.
    pub open: bool,
    /// Only what somebody is overdue about.
    pub overdue: bool,
    /// Only what waits for the viewer's party.
    pub mine: bool,
}

impl Wanted {
    /// The filter in the name of a list, so that a page token of one list is not taken to another.
    pub(crate) fn key(self) -> String {
        let Self { open, overdue, mine } = self;
        format!("open={open}&overdue={overdue}&mine={mine}")
    }
}
