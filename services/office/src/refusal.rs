//! Why the office says no about deliveries, inboxes and the roster, in order of precedence: who breaks two rules is told of the
//! first one. The register of powers has refusals of its own.

use runtime::refusal::Refusal as Wire;
use runtime::refusal::Violation;
use townlink_proto::townlink::errors::v1::ErrorReason;
use vocabulary::Institution;

use crate::inbox::refusal::WorkRefusal;
use crate::inbox::state::FindingCode;

/// A refusal of the office.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// `OV_ACCESS`: OFFICE and each bureau work their own inbox (overview.md §1.4).
    OtherInbox {
        /// Whose inbox the paper is in.
        inbox: Institution,
    },
    /// `RE_SEQUENCE`: a delivery leaves a gap, or does not follow the one before it (relay-and-sharing.md §8.6).
    Sequence {
        /// The number that came.
        number: i64,
        /// The number that must come next.
        expected: i64,
        /// What does not fit.
        fault: SequenceFault,
    },
    /// `RE_STAGE`: the paper is not at the stage that the step begins from (§8.4).
    Stage {
        /// Which paper.
        paper: String,
        /// How far it is.
        stage: &'static str,
        /// Where the step begins.
        wanted: &'static str,
    },
    /// `RE_DIGEST`: the payload is no longer what its digest says (§8.4).
    Digest {
        /// Which paper.
        paper: String,
    },
    /// `RE_CONFLICT`: the document number stands in the book with another digest (§8.4).
    Conflict {
        /// The document number.
        document_number: String,
        /// The paper that has it.
        other: String,
    },
    /// `AU_ENUM`: a resolution names a finding that the paper does not have.
    NoSuchFinding {
        /// The place of the resolution in the request.
        index: usize,
        /// The code it names.
        code: String,
    },
    /// The code of the finding itself: it is not resolved, or not in the way that it admits (§8.3).
    Unresolved {
        /// The gravest finding.
        code: FindingCode,
        /// Every finding that is not resolved: code, and the words of the gateway.
        all: Vec<(String, String)>,
    },
    /// `OV_ACCESS`: powers are registered from OFFICE's inbox only (overview.md §1.4).
    PowersElsewhere {
        /// The inbox that has the paper.
        inbox: Institution,
    },
    /// `RE_DIRECTIVE`: the directive or its annex cannot be read, or the annex is not what its digest says (§8.6).
    Directive {
        /// What is wrong.
        fault: String,
    },
    /// The work on a paper says no.
    Work(Box<WorkRefusal>),
    /// The register says no to the document that the directive would become.
    Register(Box<crate::register::refusal::Refusal>),
    /// `OV_HISTORY_EDIT`: the assignment has ended already (overview.md §1.5).
    EndedAlready {
        /// Which assignment.
        assignment: String,
    },
    /// `OV_FOUR_EYES`: nobody assigns or ends roles of himself (overview.md §1.6(6)).
    OwnRoles {
        /// The person.
        person: String,
    },
    /// `AU_DUPLICATE`: the person holds the role on one of the days already.
    Covered {
        /// The person.
        person: String,
        /// The role.
        role: &'static str,
        /// The assignment that covers the days.
        assignment: String,
    },
    /// `AU_DATE`: an assignment would end on a day gone by (overview.md §1.5).
    EndsBeforeToday {
        /// The day on which it would no longer be held.
        to: String,
        /// Today.
        today: String,
    },
    /// `AU_DATE`: an assignment would end before it begins, or later than it ends anyway.
    EndOutsideDays {
        /// The first day.
        from: String,
        /// The day on which it is over already, where one is set.
        end: Option<String>,
        /// The day on which it would no longer be held.
        to: String,
    },
    /// `OV_DUAL_POST`: the person holds another post on one of the days (overview.md §1.5).
    DualPost {
        /// The person.
        person: String,
        /// The other post.
        post: String,
        /// The other assignment.
        assignment: String,
    },
}

/// What does not fit about a delivery.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SequenceFault {
    /// Numbers before it have not come.
    Gap,
    /// It does not name the digest of the payload before it.
    Chain,
    /// Its number came before with another payload.
    Taken,
}

impl SequenceFault {
    const fn words(self) -> &'static str {
        match self {
            Self::Gap => "numbers before it have not come",
            Self::Chain => "it does not name the digest of the payload before it",
            Self::Taken => "its number came before with another payload",
        }
    }
}

impl From<crate::register::refusal::Refusal> for Refusal {
    fn from(refusal: crate::register::refusal::Refusal) -> Self {
        Self::Register(Box::new(refusal))
    }
}

impl From<WorkRefusal> for Refusal {
    fn from(refusal: WorkRefusal) -> Self {
        Self::Work(Box::new(refusal))
    }
}

impl From<Refusal> for Wire {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::OtherInbox { inbox } => other_inbox(inbox),
            Refusal::Sequence { number, expected, fault } => sequence(number, expected, fault),
            Refusal::Stage { paper, stage, wanted } => wrong_stage(paper, stage, wanted),
            Refusal::Digest { paper } => Self::new(
                ErrorReason::ReDigest,
                format!("the payload of {paper} does not match its digest"),
                "正文与摘要不符，不得签收；请立即报告系统管理员，保留现场并请发文单位重新发送。",
            )
            .with("name", paper),
            Refusal::Conflict { document_number, other } => conflict(document_number, other),
            Refusal::NoSuchFinding { index, code } => no_such_finding(index, code),
            Refusal::Unresolved { code, all } => unresolved(&code, all),
            Refusal::PowersElsewhere { inbox } => Self::new(
                ErrorReason::OvAccess,
                format!("powers are registered from OFFICE's inbox, not from that of {inbox}"),
                "下放、调整、收回权力的文件由党政办登记；请退回发文单位，改送镇人民政府。",
            )
            .with("institution", inbox.code()),
            Refusal::Directive { fault } => Self::new(
                ErrorReason::ReDirective,
                format!("the directive cannot be taken: {fault}"),
                "指令或其附件缺失、无法读取或与摘要不符；请退回发文单位，更正后重新发送。",
            )
            .with("fault", fault),
            Refusal::Work(refusal) => (*refusal).into(),
            Refusal::Register(refusal) => (*refusal).into(),
            Refusal::EndedAlready { assignment } => Self::new(
                ErrorReason::OvHistoryEdit,
                format!("{assignment} has ended already"),
                "该任职已经结束，记录不得更改；如需重新任职，请凭文件新增一条任职。",
            )
            .with("name", assignment),
            Refusal::OwnRoles { person } => Self::new(
                ErrorReason::OvFourEyes,
                format!("{person} may not assign or end roles of their own"),
                "本人的任职与免职须由另一名人事管理员办理。",
            )
            .with("person", person),
            Refusal::Covered { person, role, assignment } => covered(person, role, assignment),
            Refusal::EndsBeforeToday { to, today } => Self::new(
                ErrorReason::AuDate,
                format!("the assignment cannot end on {to}, which is before today, {today}"),
                "免职日期不得早于今天；过去的任职记录不得更改。",
            )
            .with("to", to)
            .with("today", today),
            Refusal::EndOutsideDays { from, end, to } => end_outside_days(from, end, to),
            Refusal::DualPost { person, post, assignment } => dual_post(person, post, assignment),
        }
    }
}

fn other_inbox(inbox: Institution) -> Wire {
    Wire::new(
        ErrorReason::OvAccess,
        format!("the inbox of {inbox} is worked by {inbox} only"),
        "各机构只办理本机构收文箱；请由收文机构的收文员办理。",
    )
    .with("inbox", inbox.code())
}

fn sequence(number: i64, expected: i64, fault: SequenceFault) -> Wire {
    let words = fault.words();
    Wire::new(
        ErrorReason::ReSequence,
        format!("delivery {number} is out of order, {expected} is next: {words}"),
        "投递顺序中断：请从应到编号起依次重新投递，不得跳号。",
    )
    .with("number", number.to_string())
    .with("expected", expected.to_string())
    .with("fault", words)
}

fn wrong_stage(paper: String, stage: &'static str, wanted: &'static str) -> Wire {
    Wire::new(
        ErrorReason::ReStage,
        format!("{paper} is {stage}, and this step begins from {wanted}"),
        format!(
            "文件当前为“{}”，本步骤须在“{}”时办理；请刷新后按签收、登记、初审、分办、承办、办结的顺序办理。",
            in_words(stage),
            in_words(wanted)
        ),
    )
    .with("name", paper)
    .with("stage", stage)
    .with("wanted", wanted)
}

fn in_words(stage: &str) -> &'static str {
    match stage {
        "ARRIVED" => "待签收",
        "SIGNED_FOR" => "已签收",
        "REGISTERED" => "已登记",
        "CHECKED" => "初审通过",
        "RETURNED" => "已退回",
        "ASSIGNED" => "已分办",
        "ACCEPTED" => "已接办",
        "IN_PROGRESS" => "承办中",
        "GUIDANCE_ISSUED" => "已制发指导意见",
        "REPORTED" => "已报结果",
        "COMPLETED" => "已办结",
        "REPLIED" => "已答复",
        "ARCHIVED" => "已归档",
        "MERGED" => "已并办",
        "TRANSFERRED" => "已转办",
        "RECALLED" => "已撤回",
        _ => "未知",
    }
}

fn conflict(document_number: String, other: String) -> Wire {
    Wire::new(
        ErrorReason::ReConflict,
        format!("{document_number} stands in the book as {other}, with another digest"),
        "同一发文字号已登记过内容不同的文件；请与发文单位核实，未经党政办确认替代关系不得登记。",
    )
    .with("document_number", document_number)
    .with("other", other)
}

fn no_such_finding(index: usize, code: String) -> Wire {
    let violation = Violation {
        field: format!("resolutions[{index}].code"),
        code: "AU-ENUM",
        message: format!("the paper has no finding {code}"),
    };
    Wire::new(
        ErrorReason::AuEnum,
        format!("the paper has no finding {code}"),
        "该文件没有这项初审发现；请按文件所列发现逐项处理。",
    )
    .with("finding", code)
    .with_violations(vec![violation])
}

fn unresolved(code: &FindingCode, all: Vec<(String, String)>) -> Wire {
    let (reason, remedy) = match code {
        FindingCode::Classified => {
            (ErrorReason::OvClassified, "疑似含有密级标志：不得在本网络流转，只能退回；请立即停止办理并报告保密员。")
        }
        FindingCode::Held => {
            (ErrorReason::ReHeld, "附件无法自动检查密级：请打开核看，确认不涉密后注明“已核看”再通过。")
        }
        FindingCode::NotAgreed => {
            (ErrorReason::ReNotAgreed, "涉及几个部门的事项未经协商一致，不得下发：请退回发文单位。")
        }
        FindingCode::InternalUnit => (ErrorReason::ReInternalUnit, "部门内设机构不得对外正式行文：请退回发文单位。"),
        FindingCode::DeptDirective => {
            (ErrorReason::ReDeptDirective, "部门不得向镇政府发布指令性公文：请退回，或由党政办按“函”作参阅登记。")
        }
        FindingCode::DocumentNumber => {
            (ErrorReason::IdDocno, "发文字号不合规范：请填写更正后的字号（原字号一并保留），或退回发文单位。")
        }
        FindingCode::Other(_) => (ErrorReason::ReFinding, "该项发现无法在此处理：请退回发文单位。"),
    };
    let violations = all.into_iter().map(|(code, message)| Violation {
        field: format!("findings[{code}]"),
        code: reason_code(&code),
        message,
    });
    Wire::new(reason, format!("the finding {} is not resolved", code.as_str()), remedy)
        .with("finding", code.as_str())
        .with_violations(violations.collect())
}

/// The static text of a code, which is all that a violation carries.
fn reason_code(code: &str) -> &'static str {
    match code {
        "OV-CLASSIFIED" => "OV-CLASSIFIED",
        "RE-HELD" => "RE-HELD",
        "RE-NOT-AGREED" => "RE-NOT-AGREED",
        "RE-INTERNAL-UNIT" => "RE-INTERNAL-UNIT",
        "RE-DEPT-DIRECTIVE" => "RE-DEPT-DIRECTIVE",
        "ID-DOCNO" => "ID-DOCNO",
        _ => "RE-FINDING",
    }
}

fn end_outside_days(from: String, end: Option<String>, to: String) -> Wire {
    let end = end.unwrap_or_else(|| "open".to_owned());
    Wire::new(
        ErrorReason::AuDate,
        format!("the assignment is held from {from} to {end} and cannot end on {to}"),
        "免职日期不得早于任职日期，且不得晚于原定期限；延长任职请凭文件新增一条任职。",
    )
    .with("from", from)
    .with("end", end)
    .with("to", to)
}

fn covered(person: String, role: &'static str, assignment: String) -> Wire {
    Wire::new(
        ErrorReason::AuDuplicate,
        format!("{person} holds {role} on one of the days already ({assignment})"),
        "该人员在所填日期内已担任该角色；请调整起止日期，勿重复任职。",
    )
    .with("person", person)
    .with("role", role)
    .with("assignment", assignment)
}

fn dual_post(person: String, post: String, assignment: String) -> Wire {
    Wire::new(
        ErrorReason::OvDualPost,
        format!("{person} holds a post of {post} on one of the days ({assignment})"),
        "同一人同一时间只能在一个机构任职；请先凭文件免去原职，再办理任职。",
    )
    .with("person", person)
    .with("post", post)
    .with("assignment", assignment)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Every refusal with the code that people see.
    fn all() -> Vec<(Refusal, &'static str)> {
        let inbox = Institution::Finance;
        let text = || "x".to_owned();
        let sequence = |fault| Refusal::Sequence { number: 3, expected: 2, fault };
        let mut all = vec![
            (Refusal::OtherInbox { inbox }, "OV-ACCESS"),
            (sequence(SequenceFault::Gap), "RE-SEQUENCE"),
            (sequence(SequenceFault::Chain), "RE-SEQUENCE"),
            (sequence(SequenceFault::Taken), "RE-SEQUENCE"),
            (Refusal::Stage { paper: text(), stage: "ARRIVED", wanted: "CHECKED" }, "RE-STAGE"),
            (Refusal::Digest { paper: text() }, "RE-DIGEST"),
            (Refusal::Conflict { document_number: text(), other: text() }, "RE-CONFLICT"),
            (Refusal::NoSuchFinding { index: 0, code: text() }, "AU-ENUM"),
            (Refusal::PowersElsewhere { inbox }, "OV-ACCESS"),
            (Refusal::Directive { fault: text() }, "RE-DIRECTIVE"),
            (crate::register::refusal::Refusal::Duplicate { number: text(), other: text() }.into(), "AU-DUPLICATE"),
            (Refusal::EndedAlready { assignment: text() }, "OV-HISTORY-EDIT"),
            (Refusal::OwnRoles { person: text() }, "OV-FOUR-EYES"),
            (Refusal::Covered { person: text(), role: "HEAD", assignment: text() }, "AU-DUPLICATE"),
            (Refusal::EndsBeforeToday { to: text(), today: text() }, "AU-DATE"),
            (Refusal::EndOutsideDays { from: text(), end: None, to: text() }, "AU-DATE"),
            (Refusal::DualPost { person: text(), post: text(), assignment: text() }, "OV-DUAL-POST"),
        ];
        let findings =
            ["OV-CLASSIFIED", "RE-HELD", "RE-NOT-AGREED", "RE-INTERNAL-UNIT", "RE-DEPT-DIRECTIVE", "ID-DOCNO"];
        for code in findings {
            all.push((
                Refusal::Unresolved { code: FindingCode::parse(code), all: vec![(code.to_owned(), text())] },
                code,
            ));
        }
        all.push((
            Refusal::Unresolved { code: FindingCode::parse("RE-NEW"), all: vec![(text(), text())] },
            "RE-FINDING",
        ));
        all
    }

    #[test]
    fn each_has_its_code_and_says_what_to_do() {
        for (refusal, code) in all() {
            let wire = Wire::from(refusal);
            assert_eq!(wire.ground().code, code, "{wire:?}");
            assert!(wire.remedy.ends_with('。') && !wire.message.is_empty(), "{wire:?}");
        }
    }

    #[test]
    fn every_open_finding_is_listed_with_its_code() {
        let all = vec![("ID-DOCNO".to_owned(), "字号".to_owned()), ("RE-NEW".to_owned(), "新".to_owned())];
        let wire = Wire::from(Refusal::Unresolved { code: FindingCode::DocumentNumber, all });
        let codes: Vec<_> =
            wire.violations.iter().map(|violation| (violation.field.as_str(), violation.code)).collect();
        assert_eq!(codes, [("findings[ID-DOCNO]", "ID-DOCNO"), ("findings[RE-NEW]", "RE-FINDING")]);
    }
}
