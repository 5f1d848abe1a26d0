//! Why the office says no about guidance and about matters between institutions.

use runtime::refusal::Refusal as Wire;
use townlink_proto::townlink::errors::v1::ErrorReason;
use vocabulary::Date;

use crate::outcome::Instruction;
use crate::roster::state::Post;

/// A refusal of the coordination.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// `OV_ACCESS`: it is the turn of others (overview.md §1.4).
    Turn {
        /// Whose turn it is.
        of: String,
    },
    /// `OV_CASE_INSTRUCTION`: a text names a case and prescribes its outcome (overview.md §1.5).
    CaseInstruction(Instruction),
    /// `CO_STAGE`: it does not stand where the step begins (§8.8).
    Stage {
        /// What.
        name: String,
        /// Where it stands.
        stage: &'static str,
        /// Where the step begins.
        wanted: &'static str,
    },
    /// `OV_FOUR_EYES`: the author would be the approver (overview.md §1.6(6)).
    FourEyes {
        /// The person.
        person: String,
    },
    /// `CO_FIELD`: the field is supervised by another institution (overview.md §1.2, §1.4).
    Field {
        /// The field; empty where none is named although the institution has some.
        field: String,
        /// The institution.
        institution: String,
    },
    /// `CO_RELAY`: OFFICE relays, and decides no policy of its own (overview.md §1.4).
    Relay,
    /// `CO_SOURCE`: the paper cannot be drawn on (§8.4).
    Source {
        /// The paper.
        paper: String,
        /// Why not.
        fault: SourceFault,
    },
    /// `CO_VALIDITY`: the last day of the guidance is over.
    Validity {
        /// The last day.
        to: Date,
        /// Today.
        today: Date,
    },
    /// `CO_SUPERSEDES`: the earlier guidance cannot be superseded by this party now.
    Supersedes {
        /// The earlier guidance.
        earlier: String,
    },
    /// `CO_OBJECTED`: the institution has objected before, or such an objection of it is open (§8.8).
    Objected {
        /// The objection.
        objection: String,
    },
    /// `CO_OBJECTION_LATE`: the days for an objection are over (§8.8).
    ObjectionLate {
        /// How many working days there were.
        days: u16,
    },
    /// `CO_DIRECTIVE_WORDS`: work information commands nothing (§8.8).
    DirectiveWords {
        /// The words.
        words: String,
    },
    /// `CO_UNIT_DATA`: statistics are told in sums only (统计法 art. 28).
    UnitData,
    /// `CO_ADDRESSEE`: such a matter does not go from this party to that one (§8.8).
    Addressee {
        /// From whom.
        from: String,
        /// To whom.
        to: String,
    },
}

/// Why a paper cannot be drawn on.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum SourceFault {
    /// There is no such paper in an inbox that may be drawn on.
    Elsewhere,
    /// It went back to its sender.
    Returned,
    /// It was opened before.
    Opened,
}

impl SourceFault {
    const fn words(self) -> &'static str {
        match self {
            Self::Elsewhere => "it is in no inbox that may be drawn on",
            Self::Returned => "it went back to its sender",
            Self::Opened => "it was opened before",
        }
    }
}

/// The party as a refusal names it.
pub(crate) fn named(party: Option<Post>) -> String {
    party.map_or_else(|| "nobody".to_owned(), |party| party.code().to_owned())
}

impl From<Refusal> for Wire {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Turn { of } => Self::new(
                ErrorReason::OvAccess,
                format!("this is for {of} to do"),
                "此步骤须由应办机构的相应人员办理，请转应办机构。",
            )
            .with("of", of),
            Refusal::CaseInstruction(Instruction { case, outcome }) => instruction(case, outcome),
            Refusal::Stage { name, stage, wanted } => wrong_stage(name, stage, wanted),
            Refusal::FourEyes { person } => Self::new(
                ErrorReason::OvFourEyes,
                format!("{person} drafted it and may not approve it"),
                "起草人不得审核、裁定本人起草的文件，请由另一人办理。",
            )
            .with("person", person),
            Refusal::Field { field, institution } => Self::new(
                ErrorReason::CoField,
                format!("{institution} does not supervise the field {field:?}"),
                "只能就本机构主管的执法领域制发指导或解答；请填写本机构主管领域，或转主管机构办理。",
            )
            .with("field", field)
            .with("institution", institution),
            Refusal::Relay => Self::new(
                ErrorReason::CoRelay,
                "OFFICE relays guidance and must name the paper that it relays",
                "党政办只转发，不自行制定指导；请填写所转发的来文，或转主管机构起草。",
            ),
            Refusal::Source { paper, fault } => Self::new(
                ErrorReason::CoSource,
                format!("{paper} cannot be drawn on: {}", fault.words()),
                "所引来文不在本机构或党政办收文箱、已退回，或已据以办理；请核对来文后重新填写。",
            )
            .with("paper", paper)
            .with("fault", fault.words()),
            Refusal::Validity { to, today } => Self::new(
                ErrorReason::CoValidity,
                format!("the guidance ended on {to}, and today is {today}"),
                "指导的有效期已届满，不能印发；请另行起草并填写新的有效期。",
            )
            .with("to", to.to_string())
            .with("today", today.to_string()),
            Refusal::Supersedes { earlier } => Self::new(
                ErrorReason::CoSupersedes,
                format!("{earlier} is not issued, or is another party's"),
                "只能以新指导替代本机构已印发且未终止的指导；请核对被替代的文件。",
            )
            .with("earlier", earlier),
            Refusal::Objected { objection } => Self::new(
                ErrorReason::CoObjected,
                format!("{objection} is before this objection"),
                "对同一指导的内容只能提出一次异议，同类异议裁定前也不得重复提出；请等待裁定。",
            )
            .with("objection", objection),
            Refusal::ObjectionLate { days } => Self::new(
                ErrorReason::CoObjectionLate,
                format!("an objection comes within {days} working days after signing"),
                "异议期限已过；认为指导违法或与下放权力抵触的，可经党政办报镇领导裁定。",
            )
            .with("days", days.to_string()),
            Refusal::DirectiveWords { words } => Self::new(
                ErrorReason::CoDirectiveWords,
                format!("work information commands nothing, and this says {words}"),
                "工作信息只通报情况，不得提出指令性要求；请改为陈述事实，需要规范办理的另行制发指导。",
            )
            .with("words", words),
            Refusal::UnitData => Self::new(
                ErrorReason::CoUnitData,
                "statistics tell of a single person or firm",
                "统计信息只能是汇总数据，不得含有单个单位或个人的资料；请汇总后重新发送。",
            ),
            Refusal::Addressee { from, to } => Self::new(
                ErrorReason::CoAddressee,
                format!("such a matter does not go from {from} to {to}"),
                "发送方或接收方不符合该类事项的规定；请核对后重新选择。",
            )
            .with("from", from)
            .with("to", to),
        }
    }
}

fn instruction(case: String, outcome: String) -> Wire {
    Wire::new(
        ErrorReason::OvCaseInstruction,
        format!("the text names {case} and prescribes {outcome}"),
        "不得就具体案件或申请指定办理结果；请删去案件或结果，只写一般规则，或仅要求说明理由、重新审查、纠正程序。",
    )
    .with("case", case)
    .with("outcome", outcome)
}

fn wrong_stage(name: String, stage: &'static str, wanted: &'static str) -> Wire {
    Wire::new(
        ErrorReason::CoStage,
        format!("{name} is {stage}, and this step begins from {wanted}"),
        format!("当前状态为“{}”，本步骤须在“{}”时办理；请刷新后核对。", in_words(stage), in_words(wanted)),
    )
    .with("name", name)
    .with("stage", stage)
    .with("wanted", wanted)
}

fn in_words(stage: &str) -> &'static str {
    match stage {
        "DRAFT" => "起草",
        "REVIEWED" => "已审核",
        "ISSUED" => "已印发",
        "WITHDRAWN" => "已撤回",
        "SUPERSEDED" => "已被替代",
        "UNSIGNED" => "未签收",
        "SIGNED_FOR" => "已签收",
        "OPEN" => "待办",
        "FORWARDED" => "已转领导",
        "ANSWERED" => "已答复",
        "SETTLED" => "已裁定",
        "CLOSED" => "已办结",
        _ => "未知",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all() -> Vec<(Refusal, &'static str)> {
        let text = || "x".to_owned();
        let day = Date::constant(2026, 3, 2);
        let mut all = vec![
            (Refusal::Turn { of: text() }, "OV-ACCESS"),
            (Refusal::CaseInstruction(Instruction { case: text(), outcome: text() }), "OV-CASE-INSTRUCTION"),
            (Refusal::FourEyes { person: text() }, "OV-FOUR-EYES"),
            (Refusal::Field { field: text(), institution: text() }, "CO-FIELD"),
            (Refusal::Relay, "CO-RELAY"),
            (Refusal::Source { paper: text(), fault: SourceFault::Elsewhere }, "CO-SOURCE"),
            (Refusal::Source { paper: text(), fault: SourceFault::Returned }, "CO-SOURCE"),
            (Refusal::Source { paper: text(), fault: SourceFault::Opened }, "CO-SOURCE"),
            (Refusal::Validity { to: day, today: day }, "CO-VALIDITY"),
            (Refusal::Supersedes { earlier: text() }, "CO-SUPERSEDES"),
            (Refusal::Objected { objection: text() }, "CO-OBJECTED"),
            (Refusal::ObjectionLate { days: 5 }, "CO-OBJECTION-LATE"),
            (Refusal::DirectiveWords { words: text() }, "CO-DIRECTIVE-WORDS"),
            (Refusal::UnitData, "CO-UNIT-DATA"),
            (Refusal::Addressee { from: text(), to: text() }, "CO-ADDRESSEE"),
        ];
        let stages = [
            "DRAFT",
            "REVIEWED",
            "ISSUED",
            "WITHDRAWN",
            "SUPERSEDED",
            "UNSIGNED",
            "SIGNED_FOR",
            "OPEN",
            "FORWARDED",
            "ANSWERED",
            "SETTLED",
            "CLOSED",
        ];
        for stage in stages {
            all.push((Refusal::Stage { name: text(), stage, wanted: stage }, "CO-STAGE"));
        }
        all
    }

    #[test]
    fn each_has_its_code_and_says_what_to_do() {
        for (refusal, code) in all() {
            let wire = Wire::from(refusal);
            assert_eq!(wire.ground().code, code, "{wire:?}");
            assert!(wire.remedy.ends_with('。') && !wire.message.is_empty(), "{wire:?}");
            assert!(!wire.remedy.contains("未知"), "{wire:?}");
        }
    }
}
