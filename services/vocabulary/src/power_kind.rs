//! The kinds of administrative power and who handles them in the town.
//!
//! The codes are those of GB/T 39046-2020 annex A.1, with the local extension 11 for the approvals that were abolished in 2015
//! (authority.md §2.2). Which kinds a grant may carry, and when, is a rule of the register of powers and not known here.

use std::fmt;
use std::str::FromStr;

use crate::institution::Institution;
use crate::text::normalise;

/// A kind of power (权力类型).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PowerKind {
    /// 01 行政许可.
    Licence,
    /// 02 行政处罚.
    Penalty,
    /// 03 行政强制.
    Coercion,
    /// 04 行政征收.
    Levy,
    /// 05 行政给付.
    Benefit,
    /// 06 行政检查.
    Inspection,
    /// 07 行政确认.
    Confirmation,
    /// 08 行政奖励.
    Reward,
    /// 09 行政裁决.
    Adjudication,
    /// 10 其他行政权力.
    Other,
    /// 11 非行政许可审批 (NLA): a local extension, in history only.
    NonLicenceApproval,
    /// 20 公共服务.
    PublicService,
}

impl PowerKind {
    /// All kinds, by code.
    pub const ALL: [Self; 12] = [
        Self::Licence,
        Self::Penalty,
        Self::Coercion,
        Self::Levy,
        Self::Benefit,
        Self::Inspection,
        Self::Confirmation,
        Self::Reward,
        Self::Adjudication,
        Self::Other,
        Self::NonLicenceApproval,
        Self::PublicService,
    ];

    /// The two digits of the kind.
    #[must_use]
    pub const fn code(self) -> &'static str {
        match self {
            Self::Licence => "01",
            Self::Penalty => "02",
            Self::Coercion => "03",
            Self::Levy => "04",
            Self::Benefit => "05",
            Self::Inspection => "06",
            Self::Confirmation => "07",
            Self::Reward => "08",
            Self::Adjudication => "09",
            Self::Other => "10",
            Self::NonLicenceApproval => "11",
            Self::PublicService => "20",
        }
    }

    /// The name of the kind, as catalogues write it.
    #[must_use]
    pub const fn name(self) -> &'static str {
        match self {
            Self::Licence => "行政许可",
            Self::Penalty => "行政处罚",
            Self::Coercion => "行政强制",
            Self::Levy => "行政征收",
            Self::Benefit => "行政给付",
            Self::Inspection => "行政检查",
            Self::Confirmation => "行政确认",
            Self::Reward => "行政奖励",
            Self::Adjudication => "行政裁决",
            Self::Other => "其他行政权力",
            Self::NonLicenceApproval => "非行政许可审批",
            Self::PublicService => "公共服务",
        }
    }

    /// The front institution that handles powers of this kind. Levies and adjudications have none in the town.
    #[must_use]
    pub const fn handler(self) -> Option<Institution> {
        match self {
            Self::Licence
            | Self::Benefit
            | Self::Confirmation
            | Self::Reward
            | Self::Other
            | Self::NonLicenceApproval
            | Self::PublicService => Some(Institution::Service),
            Self::Penalty | Self::Coercion | Self::Inspection => Some(Institution::Enforcement),
            Self::Levy | Self::Adjudication => None,
        }
    }

    /// Reads the two digits.
    ///
    /// # Errors
    /// [`UnknownKind`] for anything else.
    pub fn parse(input: &str) -> Result<Self, UnknownKind> {
        Self::find(input, Self::code)
    }

    /// Reads the name that catalogues write, such as 行政许可.
    ///
    /// # Errors
    /// [`UnknownKind`] for anything else.
    pub fn from_name(input: &str) -> Result<Self, UnknownKind> {
        Self::find(input, Self::name)
    }

    fn find(input: &str, written: fn(Self) -> &'static str) -> Result<Self, UnknownKind> {
        let input = normalise(input);
        Self::ALL.into_iter().find(|kind| written(*kind) == input).ok_or(UnknownKind)
    }
}

impl fmt::Display for PowerKind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.pad(self.code())
    }
}

impl FromStr for PowerKind {
    type Err = UnknownKind;

    fn from_str(input: &str) -> Result<Self, Self::Err> {
        Self::parse(input)
    }
}

/// A text that names no kind of power.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("a kind of power is one of 01 to 11 and 20")]
pub struct UnknownKind;

impl UnknownKind {
    /// The code that a refusal quotes.
    #[must_use]
    pub const fn code(&self) -> &'static str {
        "AU-ENUM"
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    #[test]
    fn codes_are_those_of_the_standard() {
        let codes: Vec<_> = PowerKind::ALL.into_iter().map(PowerKind::code).collect();
        assert_eq!(codes, ["01", "02", "03", "04", "05", "06", "07", "08", "09", "10", "11", "20"]);
    }

    #[test]
    fn every_kind_reads_back_from_code_and_name() {
        for kind in PowerKind::ALL {
            assert_eq!(kind.to_string().parse(), Ok(kind));
            assert_eq!(PowerKind::from_name(kind.name()), Ok(kind));
        }
        for other in ["", "1", "00", "12", "21", "NLA", "001"] {
            assert_eq!(other.parse::<PowerKind>(), Err(UnknownKind), "{other}");
        }
        assert_eq!(UnknownKind.code(), "AU-ENUM");
    }

    #[test]
    fn the_front_institutions_share_the_kinds() {
        let handled_by = |institution| {
            let of = move |kind: &PowerKind| kind.handler() == institution;
            PowerKind::ALL.into_iter().filter(of).map(PowerKind::code).collect::<Vec<_>>()
        };
        assert_eq!(handled_by(Some(Institution::Service)), ["01", "05", "07", "08", "10", "11", "20"]);
        assert_eq!(handled_by(Some(Institution::Enforcement)), ["02", "03", "06"]);
        assert_eq!(handled_by(None), ["04", "09"]);
    }

    proptest! {
        #[test]
        fn no_text_makes_the_readers_panic(input in any::<String>()) {
            let _ = (PowerKind::parse(&input), PowerKind::from_name(&input));
        }
    }
}
