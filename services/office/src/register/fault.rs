//! What is wrong with one row of a file, or with a directive.
//!
//! All faults of an input are found at once, in row order and within a row in the order of the checks. A value that one check
//! refused is not looked at by a later one, so that a fault never draws others after it (authority.md §2.7).

use std::borrow::Cow;

/// The rule that a row breaks. Declared in the order of the checks.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(crate) enum FaultCode {
    /// An unknown value of a closed list, or a malformed code, number or basis.
    Enum,
    /// A malformed or impossible date, or dates that contradict each other.
    Date,
    /// A document that is not registered and confirmed.
    UnknownDoc,
    /// A power that the catalogue does not have.
    UnknownPower,
    /// A power that is not held on the day.
    NoGrant,
    /// An issuer who may not grant, adjust or withdraw.
    Issuer,
    /// Something that would begin before its document or its publication.
    Retro,
    /// A withdrawal without its document, or before its date.
    Adhoc,
    /// A non-licence approval after the category ended.
    NlaAbolished,
    /// A kind that may not be handed over by assignment.
    AssignedKind,
    /// A confirmed power without a statutory basis.
    NoBasis,
    /// An assigned power with a statutory basis.
    ModeMismatch,
    /// Restriction of personal liberty.
    Liberty,
    /// A coercive measure that would be entrusted.
    CoerceEntrust,
    /// Freezing or transfer of deposits without a law that names the organ.
    Freeze,
    /// A measure or inspection that serves no penalty power.
    Related,
    /// The same thing twice, or rows of one power that disagree.
    Duplicate,
    /// Two grants, or two suspensions, on the same days.
    Overlap,
    /// A supervisor that is no back institution.
    SelfSupervise,
    /// A handler that does not fit the kind.
    Handler,
    /// A directive that cannot be read, or that no service here owns.
    Directive,
    /// Bytes that do not match their digest.
    Digest,
    /// A malformed document number.
    DocumentNumber,
}

impl FaultCode {
    /// All codes, in the order of the checks.
    pub const ALL: [Self; 23] = [
        Self::Enum,
        Self::Date,
        Self::UnknownDoc,
        Self::UnknownPower,
        Self::NoGrant,
        Self::Issuer,
        Self::Retro,
        Self::Adhoc,
        Self::NlaAbolished,
        Self::AssignedKind,
        Self::NoBasis,
        Self::ModeMismatch,
        Self::Liberty,
        Self::CoerceEntrust,
        Self::Freeze,
        Self::Related,
        Self::Duplicate,
        Self::Overlap,
        Self::SelfSupervise,
        Self::Handler,
        Self::Directive,
        Self::Digest,
        Self::DocumentNumber,
    ];

    /// The code that people see.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Enum => "AU-ENUM",
            Self::Date => "AU-DATE",
            Self::UnknownDoc => "AU-UNKNOWN-DOC",
            Self::UnknownPower => "AU-UNKNOWN-POWER",
            Self::NoGrant => "OV-NO-GRANT",
            Self::Issuer => "AU-ISSUER",
            Self::Retro => "AU-RETRO",
            Self::Adhoc => "AU-ADHOC",
            Self::NlaAbolished => "AU-NLA-ABOLISHED",
            Self::AssignedKind => "AU-ASSIGNED-KIND",
            Self::NoBasis => "AU-NO-BASIS",
            Self::ModeMismatch => "AU-MODE-MISMATCH",
            Self::Liberty => "AU-LIBERTY",
            Self::CoerceEntrust => "AU-COERCE-ENTRUST",
            Self::Freeze => "AU-FREEZE",
            Self::Related => "AU-RELATED",
            Self::Duplicate => "AU-DUPLICATE",
            Self::Overlap => "AU-OVERLAP",
            Self::SelfSupervise => "OV-SELF-SUPERVISE",
            Self::Handler => "AU-HANDLER",
            Self::Directive => "RE-DIRECTIVE",
            Self::Digest => "RE-DIGEST",
            Self::DocumentNumber => "ID-DOCNO",
        }
    }

    /// What the sender's office does about it.
    pub const fn remedy(self) -> &'static str {
        match self {
            Self::Enum => "取值不在规定范围或编码、依据格式有误，请按清单格式更正",
            Self::Date => "日期有误或前后矛盾，请核对",
            Self::UnknownDoc => "所引文件未登记确认，请先登记该文件，或改引本文件",
            Self::UnknownPower => "事项不在权力目录中，请先补录目录",
            Self::NoGrant => "该事项在所定日期并未由镇行使，请核对事项和日期",
            Self::Issuer => "发文机关无权下放、调整或收回该事项，请由有权机关行文",
            Self::Retro => "生效日期早于成文或公布日期，不得溯及既往",
            Self::Adhoc => "收回须有文件依据，且不得早于该文件成文日期",
            Self::NlaAbolished => "非行政许可审批已取消（国发〔2015〕27号），终止日期不得晚于2015-05-14",
            Self::AssignedKind => "许可、处罚、强制、征收不得以交办方式下放",
            Self::NoBasis => "清理确认的事项须列明法定依据",
            Self::ModeMismatch => "有法定依据的事项应以清理确认方式下放",
            Self::Liberty => "限制人身自由的权力不得下放",
            Self::CoerceEntrust => "行政强制措施不得委托",
            Self::Freeze => "冻结、划拨须有法律明确授权的依据",
            Self::Related => "强制、检查事项须对应镇已行使的处罚事项",
            Self::Duplicate => "重复或同一事项各行不一致，请合并更正",
            Self::Overlap => "与已有记录的期间重叠，请先收回或调整原记录",
            Self::SelfSupervise => "监督机构须为后台机构",
            Self::Handler => "承办机构与权力类型不符",
            Self::Directive => "指令格式有误或本镇无承接机构，请按指令格式更正",
            Self::Digest => "内容与摘要不符，请重新发送",
            Self::DocumentNumber => "发文字号不合规范，请更正",
        }
    }
}

/// One fault of one row.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Fault {
    /// The row; the header is row 1, and 0 is the directive itself.
    pub row: u32,
    /// The column, or the key of the directive.
    pub column: Cow<'static, str>,
    /// The code that people see. A text, since another service's receiver names codes of its own.
    pub code: Cow<'static, str>,
    /// What is wrong, and what would be right.
    pub message: String,
}

impl Fault {
    /// A fault.
    pub fn new(row: u32, column: impl Into<Cow<'static, str>>, code: FaultCode, message: impl Into<String>) -> Self {
        Self { row, column: column.into(), code: Cow::Borrowed(code.as_str()), message: message.into() }
    }

    /// A fault of the directive itself.
    pub fn of_directive(key: impl Into<Cow<'static, str>>, code: FaultCode, message: impl Into<String>) -> Self {
        Self::new(0, key, code, message)
    }

    /// The fault as the sender's office reads it.
    pub fn in_words(&self) -> String {
        let code = &self.code;
        let remedy = FaultCode::ALL.into_iter().find(|known| known.as_str() == code);
        let remedy = remedy.map_or_else(|| self.message.clone(), |known| known.remedy().to_owned());
        let place = if self.row == 0 { "指令".to_owned() } else { format!("第{}行", self.row) };
        format!("{place} {}：{code}（{remedy}）", self.column)
    }
}

/// The faults of one row, and which of its columns are refused.
#[derive(Debug)]
pub(crate) struct RowFaults {
    row: u32,
    faults: Vec<Fault>,
}

impl RowFaults {
    /// No faults yet.
    pub const fn of(row: u32) -> Self {
        Self { row, faults: Vec::new() }
    }

    /// Refuses a column.
    pub fn refuse(&mut self, column: &'static str, code: FaultCode, message: impl Into<String>) {
        self.faults.push(Fault::new(self.row, column, code, message));
    }

    /// Whether no check refused any of the columns.
    pub fn sound(&self, columns: &[&str]) -> bool {
        self.faults.iter().all(|fault| !columns.contains(&fault.column.as_ref()))
    }

    /// The faults, in the order of the checks.
    pub fn into_faults(self) -> Vec<Fault> {
        self.faults
    }
}

/// The outcome of the check of a file, with the number of rows that it has.
#[derive(Debug)]
pub(crate) struct Checked<T> {
    /// How many rows the file has, without its header.
    pub rows: u32,
    /// What the file makes; or every fault, in row order and within a row in the order of the checks.
    pub outcome: Result<T, Vec<Fault>>,
}

/// The most faults that are told at once. A file with more is not a list of powers, and the answer would not fit a message.
pub(crate) const FAULTS_MAX: usize = 10_000;

/// Cuts a list that no one could read, and says so in its last entry.
pub(crate) fn bounded(mut faults: Vec<Fault>) -> Vec<Fault> {
    let found = faults.len();
    if found > FAULTS_MAX {
        faults.truncate(FAULTS_MAX - 1);
        let row = faults.last().map_or(0, |fault| fault.row);
        faults.push(Fault::new(
            row,
            "",
            FaultCode::Enum,
            format!("{} further faults are not shown", found - FAULTS_MAX + 1),
        ));
    }
    faults
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_refused_column_is_not_sound() {
        let mut row = RowFaults::of(3);
        assert!(row.sound(&["from", "to"]));
        row.refuse("from", FaultCode::Retro, "before the document");
        assert!(!row.sound(&["from", "to"]));
        assert!(row.sound(&["to"]));
        assert_eq!(row.into_faults(), [Fault::new(3, "from", FaultCode::Retro, "before the document")]);
    }

    #[test]
    fn a_fault_is_told_in_the_words_of_the_office() {
        let fault = Fault::new(3, "mode", FaultCode::AssignedKind, "a penalty");
        assert_eq!(fault.in_words(), "第3行 mode：AU-ASSIGNED-KIND（许可、处罚、强制、征收不得以交办方式下放）");
        assert_eq!(
            Fault::of_directive("annex", FaultCode::Directive, "no").in_words(),
            "指令 annex：RE-DIRECTIVE（指令格式有误或本镇无承接机构，请按指令格式更正）"
        );
        let foreign = Fault { code: "FI-BASE".into(), ..fault };
        assert_eq!(foreign.in_words(), "第3行 mode：FI-BASE（a penalty）");
    }

    #[test]
    fn an_endless_list_is_cut_and_says_so() {
        let fault = Fault::new(2, "mode", FaultCode::Enum, "unknown");
        assert_eq!(bounded(vec![fault.clone(); FAULTS_MAX]).len(), FAULTS_MAX);
        let cut = bounded(vec![fault; FAULTS_MAX + 5]);
        assert_eq!(cut.len(), FAULTS_MAX);
        assert!(cut.last().is_some_and(|last| last.message.starts_with("6 further")));
    }
}
