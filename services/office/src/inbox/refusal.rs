//! Why the office says no about the work on a paper, in order of precedence.

use runtime::refusal::Refusal as Wire;
use townlink_proto::townlink::errors::v1::ErrorReason;
use vocabulary::{Date, Institution, Timestamp, time};

use super::work::Part;

/// A refusal about the work on a paper (relay-and-sharing.md §8.4, §8.6).
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum WorkRefusal {
    /// `OV_ACCESS`: the step is for who has another part in the paper, or any part at all.
    NoPart {
        /// Which paper.
        paper: String,
        /// Who asks.
        institution: Institution,
        /// The part that the step is for.
        part: Part,
        /// The part that he has.
        held: Option<Part>,
    },
    /// `OV_NO_ROLE`: in its own inbox a bureau's chief checks what the bureau did.
    NotChief {
        /// Whose inbox.
        inbox: Institution,
    },
    /// `RE_RECALL`: someone has signed for the paper (§8.6).
    Recall {
        /// Which paper.
        paper: String,
        /// Whose inbox.
        inbox: Institution,
        /// When it was signed for.
        signed: Timestamp,
    },
    /// `RE_LEADERS`: who decides an assignment.
    Leaders {
        /// Which paper.
        paper: String,
        /// What is wrong.
        fault: LeadersFault,
    },
    /// `RE_ASSIGN`: the institutions do not fit the class or the inbox.
    Assignment {
        /// Which paper.
        paper: String,
        /// What is wrong.
        fault: AssignmentFault,
    },
    /// `RE_FRONT`: a front institution handles no county paper of OFFICE's inbox (§8.4, "forwarding to the front").
    Front {
        /// Which paper.
        paper: String,
        /// The front institution.
        institution: Institution,
    },
    /// `RE_INSTRUCTION`: 批办 without a leader's instruction.
    NoInstruction {
        /// Which paper.
        paper: String,
    },
    /// `RE_DUE`: a due that cannot be.
    Due {
        /// Which paper.
        paper: String,
        /// What is wrong.
        fault: DueFault,
    },
    /// `RE_LATE`: the time for the step is over.
    Late {
        /// Which paper.
        paper: String,
        /// When it was.
        until: Timestamp,
    },
    /// `RE_ONCE`: it was done before.
    Once {
        /// Which paper.
        paper: String,
    },
    /// `RE_PARTS`: co-handlers have not done their parts.
    Parts {
        /// Which paper.
        paper: String,
        /// Who.
        missing: Vec<Institution>,
    },
    /// `OV_FOUR_EYES`: nobody checks his own result, or decides what he asked for (overview.md §1.6(6)).
    OwnResult {
        /// The person.
        person: String,
    },
    /// `RE_ANSWER`: the sender waits for an answer.
    AnswerMissing {
        /// Which paper.
        paper: String,
    },
    /// `RE_LINK`: the two papers cannot be linked in this way.
    Link {
        /// Which paper.
        paper: String,
        /// The other.
        other: String,
        /// Why.
        fault: LinkFault,
    },
}

/// Who decides an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LeadersFault {
    /// It was refused twice.
    TheyDecide,
    /// It was not refused twice.
    NotYet,
    /// They have decided, and the lead cannot refuse.
    TheyDecided,
}

/// What does not fit about an assignment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum AssignmentFault {
    /// An institution has two parts.
    Twice,
    /// A bureau assigns another one in its own inbox.
    OwnInbox,
    /// Persons are named outside a bureau's own inbox.
    Persons,
    /// What is only to be read has no lead.
    OnlyReaders,
    /// Nobody is to read it.
    NoReader,
    /// Nobody leads.
    NoLead,
    /// A copy is for information.
    Copy,
}

/// What is wrong about a due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum DueFault {
    /// An urgent paper has no explicit one.
    Explicit,
    /// It is over.
    Over {
        /// The day.
        day: Date,
    },
    /// It is later than the one that stands; that is an extension.
    LaterThan {
        /// The day.
        day: Date,
        /// The one that stands.
        stands: Date,
    },
    /// An extension is not later than the due that stands, or none does.
    NotLater {
        /// The day.
        day: Date,
        /// The one that stands.
        stands: Option<Date>,
    },
}

/// Why two papers cannot be linked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LinkFault {
    /// There is no such paper.
    Absent,
    /// It is the same paper, of another inbox, or of another issuer.
    Foreign,
    /// It does not stand in the book, or was replaced already.
    NotInBook,
    /// It has come to an end.
    NotOpen,
    /// The other inbox has it.
    There,
    /// It became a document.
    Document,
    /// Its document waits for a second person.
    DocumentWaits,
}

const fn part_in_words(part: Option<Part>) -> &'static str {
    match part {
        Some(Part::Lead) => "主办",
        Some(Part::CoHandler) => "协办",
        Some(Part::Reader) => "传阅",
        None => "无",
    }
}

impl From<WorkRefusal> for Wire {
    fn from(refusal: WorkRefusal) -> Self {
        match refusal {
            WorkRefusal::NoPart { paper, institution, part, held } => no_part(paper, institution, part, held),
            WorkRefusal::NotChief { inbox } => Self::new(
                ErrorReason::OvNoRole,
                format!("in the inbox of {inbox} its RELAY_CHIEF checks results"),
                "本机构收文的办理结果由本机构收文负责人审核办结，请由其办理。",
            )
            .with("inbox", inbox.code()),
            WorkRefusal::Recall { paper, inbox, signed } => {
                let signed = time::format_instant(signed);
                Self::new(
                    ErrorReason::ReRecall,
                    format!("{paper} was signed for in the inbox of {inbox} at {signed}"),
                    "文件已经签收，不得撤回；如需更改，请另发文件并注明替代原文。",
                )
                .with("name", paper)
                .with("inbox", inbox.code())
                .with("signed", signed)
            }
            WorkRefusal::Leaders { paper, fault } => leaders(paper, fault),
            WorkRefusal::Assignment { paper, fault } => assignment(paper, fault),
            WorkRefusal::Front { paper, institution } => Self::new(
                ErrorReason::ReFront,
                format!("{institution} is a front institution and handles no county paper; it may read it"),
                "前台机构不直接承办县级来文：请交主管的后台机构承办并转化为指导意见，前台机构只列为传阅。",
            )
            .with("name", paper)
            .with("institution", institution.code()),
            WorkRefusal::NoInstruction { paper } => Self::new(
                ErrorReason::ReInstruction,
                format!("{paper} is to be handled as a leader instructs, and no instruction is on record"),
                "批办件须先有领导批示：请录入批示人和批示内容，再行分办。",
            )
            .with("name", paper),
            WorkRefusal::Due { paper, fault } => due(paper, fault),
            WorkRefusal::Late { paper, until } => {
                let until = time::format_instant(until);
                Self::new(
                    ErrorReason::ReLate,
                    format!("the time for this step on {paper} ended at {until}"),
                    "办理该步骤的时限已过：请按现有分办或期限办理，或报党政办协调。",
                )
                .with("name", paper)
                .with("until", until)
            }
            WorkRefusal::Once { paper } => Self::new(
                ErrorReason::ReOnce,
                format!("this was done before on {paper}, and is done once"),
                "该步骤每件文件只办理一次，此前已经办理，不必重复。",
            )
            .with("name", paper),
            WorkRefusal::Parts { paper, missing } => {
                let missing = missing.iter().map(|it| it.code()).collect::<Vec<_>>().join(", ");
                Self::new(
                    ErrorReason::ReParts,
                    format!("{missing} have not done their parts of {paper}"),
                    "协办机构尚未办结：请待各协办机构完成后再报送结果。",
                )
                .with("name", paper)
                .with("missing", missing)
            }
            WorkRefusal::OwnResult { person } => Self::new(
                ErrorReason::OvFourEyes,
                format!("{person} may not decide on what {person} reported or asked for"),
                "本人报送的结果、本人申请的延期，须由另一名人员审核。",
            )
            .with("person", person),
            WorkRefusal::AnswerMissing { paper } => Self::new(
                ErrorReason::ReAnswer,
                format!("the sender of {paper} waits for an answer"),
                "来文要求答复：请先办理复文并发出，再行归档。",
            )
            .with("name", paper),
            WorkRefusal::Link { paper, other, fault } => link(paper, other, fault),
        }
    }
}

fn no_part(paper: String, institution: Institution, part: Part, held: Option<Part>) -> Wire {
    let held_as = held.map_or("no part", Part::as_str);
    Wire::new(
        ErrorReason::OvAccess,
        format!("the step is for {}, and {institution} has {held_as} in {paper}", part.as_str()),
        format!("该步骤由{}机构办理，本机构在此件中的分工为“{}”。", part_in_words(Some(part)), part_in_words(held)),
    )
    .with("name", paper)
    .with("institution", institution.code())
    .with("part", part.as_str())
    .with("held", held_as)
}

fn leaders(paper: String, fault: LeadersFault) -> Wire {
    let (message, remedy) = match fault {
        LeadersFault::TheyDecide => {
            ("was refused twice, and only the leaders assign it", "已两次退办：请报镇领导决定主办机构。")
        }
        LeadersFault::NotYet => {
            ("was not refused twice, and is assigned by its inbox", "尚未两次退办：由收文机构分办，不必报领导决定。")
        }
        LeadersFault::TheyDecided => {
            ("was assigned by the leaders, and is not refused", "镇领导已决定主办机构，不得再退办；请接办。")
        }
    };
    Wire::new(ErrorReason::ReLeaders, format!("{paper} {message}"), remedy).with("name", paper)
}

fn assignment(paper: String, fault: AssignmentFault) -> Wire {
    let (message, remedy) = match fault {
        AssignmentFault::Twice => {
            ("an institution is named twice", "同一机构在一件文件中只有一项分工：请删除重复的机构。")
        }
        AssignmentFault::OwnInbox => (
            "a bureau assigns nobody else in its own inbox",
            "本机构收文由本机构主办：不得分办给其他机构，确属他机构职责的请转办。",
        ),
        AssignmentFault::Persons => {
            ("persons are named in a bureau's own inbox only", "党政办只分办到机构；承办人由承办机构自行指定。")
        }
        AssignmentFault::OnlyReaders => {
            ("what is only to be read has no lead and no co-handlers", "阅知件只填传阅机构，不填主办、协办。")
        }
        AssignmentFault::NoReader => ("nobody is to read it", "阅知件请至少填写一个传阅机构。"),
        AssignmentFault::NoLead => ("nobody leads", "请填写一个主办机构。"),
        AssignmentFault::Copy => ("a copy is for information", "抄送件只供阅知：请按阅知分送。"),
    };
    Wire::new(ErrorReason::ReAssign, format!("{paper} cannot be assigned so: {message}"), remedy).with("name", paper)
}

fn due(paper: String, fault: DueFault) -> Wire {
    let new = |message: String, remedy: &str| Wire::new(ErrorReason::ReDue, message, remedy);
    let refusal = match fault {
        DueFault::Explicit => {
            new(format!("{paper} is urgent and needs an explicit due"), "紧急文件分办时须写明办结日期，请填写。")
        }
        DueFault::Over { day } => new(format!("the due {day} is over"), "办结日期已经过去，请填写今天或以后的日期。")
            .with("due", day.to_string()),
        DueFault::LaterThan { day, stands } => new(
            format!("the due {day} is later than {stands}, which stands"),
            "办结日期不得晚于现有期限；确需推迟的，由主办机构申请延期。",
        )
        .with("due", day.to_string())
        .with("stands", stands.to_string()),
        DueFault::NotLater { day, stands } => {
            let stands = stands.map_or_else(|| "none".to_owned(), |day| day.to_string());
            new(
                format!("an extension to {day} is not later than the due that stands: {stands}"),
                "延期日期须晚于现有期限；没有确定期限的，不必申请延期。",
            )
            .with("due", day.to_string())
            .with("stands", stands)
        }
    };
    refusal.with("name", paper)
}

fn link(paper: String, other: String, fault: LinkFault) -> Wire {
    let (message, remedy) = match fault {
        LinkFault::Absent => ("is not in the inbox", "收文箱中没有所填的另一件文件，请核对编号。"),
        LinkFault::Foreign => (
            "is the same paper, in another inbox, or of another issuer",
            "两件文件须是同一收文箱中不同的文件；替代的还须同一发文机关。",
        ),
        LinkFault::NotInBook => {
            ("does not stand in the book", "被替代的文件须是已登记、未退回、未转出且未被替代的文件，请核对。")
        }
        LinkFault::NotOpen => ("has come to an end", "并入的文件已经办结归档或尚未登记，请选择在办文件。"),
        LinkFault::There => ("is there already", "对方收文箱已有此件，不必转办；本箱请按阅知处理。"),
        LinkFault::Document => ("became a document", "该件已形成登记文件，不得转出；请由本箱办理。"),
        LinkFault::DocumentWaits => {
            ("has a document that waits for a second person", "该件形成的登记文件尚待复核：请先复核，再办理本步骤。")
        }
    };
    Wire::new(ErrorReason::ReLink, format!("{paper} cannot be linked: {other} {message}"), remedy)
        .with("name", paper)
        .with("other", other)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_has_its_code_and_says_what_to_do() {
        let (inbox, day) = (Institution::Finance, Date::constant(2026, 3, 2));
        let text = || "x".to_owned();
        let mut all = vec![
            (WorkRefusal::NoPart { paper: text(), institution: inbox, part: Part::Lead, held: None }, "OV-ACCESS"),
            (WorkRefusal::NotChief { inbox }, "OV-NO-ROLE"),
            (WorkRefusal::Recall { paper: text(), inbox, signed: Timestamp::UNIX_EPOCH }, "RE-RECALL"),
            (WorkRefusal::Front { paper: text(), institution: inbox }, "RE-FRONT"),
            (WorkRefusal::NoInstruction { paper: text() }, "RE-INSTRUCTION"),
            (WorkRefusal::Late { paper: text(), until: Timestamp::UNIX_EPOCH }, "RE-LATE"),
            (WorkRefusal::Once { paper: text() }, "RE-ONCE"),
            (WorkRefusal::Parts { paper: text(), missing: vec![inbox] }, "RE-PARTS"),
            (WorkRefusal::OwnResult { person: text() }, "OV-FOUR-EYES"),
            (WorkRefusal::AnswerMissing { paper: text() }, "RE-ANSWER"),
        ];
        for fault in [LeadersFault::TheyDecide, LeadersFault::NotYet, LeadersFault::TheyDecided] {
            all.push((WorkRefusal::Leaders { paper: text(), fault }, "RE-LEADERS"));
        }
        let assignments = [
            AssignmentFault::Twice,
            AssignmentFault::OwnInbox,
            AssignmentFault::Persons,
            AssignmentFault::OnlyReaders,
            AssignmentFault::NoReader,
            AssignmentFault::NoLead,
            AssignmentFault::Copy,
        ];
        all.extend(assignments.map(|fault| (WorkRefusal::Assignment { paper: text(), fault }, "RE-ASSIGN")));
        let dues = [
            DueFault::Explicit,
            DueFault::Over { day },
            DueFault::LaterThan { day, stands: day },
            DueFault::NotLater { day, stands: None },
        ];
        all.extend(dues.map(|fault| (WorkRefusal::Due { paper: text(), fault }, "RE-DUE")));
        let links = [
            LinkFault::Absent,
            LinkFault::Foreign,
            LinkFault::NotInBook,
            LinkFault::NotOpen,
            LinkFault::There,
            LinkFault::Document,
            LinkFault::DocumentWaits,
        ];
        all.extend(links.map(|fault| (WorkRefusal::Link { paper: text(), other: text(), fault }, "RE-LINK")));
        for (refusal, code) in all {
            let wire = Wire::from(refusal);
            assert_eq!(wire.ground().code, code, "{wire:?}");
            assert!(wire.remedy.ends_with('。') && !wire.message.is_empty(), "{wire:?}");
        }
    }
}
