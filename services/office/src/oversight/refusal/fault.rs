//! What exactly is wrong, where a reason has several.

/// What is wrong about a case.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum CaseFault {
    /// It is open: only its status line is shown.
    Open,
    /// The service refused, with this code and these words.
    Refused {
        /// The code.
        code: String,
        /// The words.
        message: String,
    },
    /// The service's answer cannot be read.
    Unreadable,
    /// There are more cases than one list may have.
    TooMany,
}

/// Whose work would be supervised.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OwnWork {
    /// The institution's.
    Institution,
    /// The person's.
    Person,
    /// That of the institution in which the person held a post while the case ran.
    FormerPost,
}

/// What is wrong about evidence.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum EvidenceFault {
    /// There is none.
    None,
    /// There is no such review or opinion of the institution about that front institution.
    NotOwn,
    /// One instrument does not show that a fault persists.
    Single,
}

/// Why an institution gives no opinion.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum BodyFault {
    /// The matrix gives it none.
    NoBody,
    /// It was not asked.
    NotAsked,
}

/// Why silence is no agreement.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum TacitFault {
    /// The law makes the opinion a precondition.
    Statutory,
    /// No such document is registered.
    NoDocument,
}

/// Why something is not edited.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum HistoryFault {
    /// The joint review is closed.
    Closed,
    /// An opinion was given, and the revision does not name it.
    Given,
    /// The revision names an opinion that is not the institution's last.
    NotLast,
}

/// Why a supplement is not asked for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SupplementFault {
    /// The institution said so once.
    Twice,
    /// The days for it are over.
    Late,
    /// The notice went out.
    Merged,
    /// Nobody needs more.
    NotNeeded,
    /// An institution may still say that it needs more.
    Early,
    /// No notice went out.
    NotMerged,
    /// It came in already.
    Received,
}
