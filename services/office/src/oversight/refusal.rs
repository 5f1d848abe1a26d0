//! Why the office says no about supervision and joint reviews.
//!
//! - `fault`: what exactly is wrong.

mod fault;

use runtime::refusal::Refusal as Wire;
use townlink_proto::townlink::errors::v1::ErrorReason;
use vocabulary::Institution;

pub(crate) use fault::{BodyFault, CaseFault, EvidenceFault, HistoryFault, OwnWork, SupplementFault, TacitFault};

/// A refusal.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// `OV_ACCESS`: it is another party's to do (overview.md §1.4).
    OtherParty {
        /// Whose it is.
        party: String,
    },
    /// `SU_SERVICE`: no such service is configured (DESIGN.md §2).
    Service {
        /// Which.
        service: String,
    },
    /// `SU_FIELD`: another institution supervises the field (overview.md §1.2).
    Field {
        /// The field.
        field: String,
        /// Who supervises it.
        supervisor: Option<Institution>,
    },
    /// `SU_QUARTER`: the quarter is not over (relay-and-sharing.md §8.8).
    Quarter {
        /// The quarter.
        quarter: String,
        /// The first day after it.
        end: String,
    },
    /// `SU_SAMPLED`: one seed for one list (enforcement.md §4.11).
    Sampled {
        /// The sample that there is.
        other: String,
    },
    /// `SU_STAGE`: the step does not begin from here.
    Stage {
        /// Which record.
        name: String,
        /// How far it is.
        stage: &'static str,
        /// Where the step begins.
        wanted: &'static str,
    },
    /// `SU_CASE`: the case is open, or its service does not show it (§8.8, balanced visibility).
    Case {
        /// The case.
        case: String,
        /// What is wrong.
        fault: CaseFault,
    },
    /// `OV_SELF_SUPERVISE`: nobody supervises his own work (overview.md §1.5).
    SelfSupervise {
        /// The case or the person.
        case: String,
        /// Whose work it is.
        own: OwnWork,
    },
    /// `SU_REVIEWED`: a review is not written twice.
    Reviewed {
        /// The review that there is.
        other: String,
    },
    /// `OV_CASE_INSTRUCTION`: the text prescribes the outcome of a case (overview.md §1.5).
    Instruction {
        /// The words that name the case.
        case: String,
        /// The words that prescribe its outcome.
        outcome: String,
    },
    /// `SU_SUSPENDS`: supervision suspends no case (§8.8).
    Suspends {
        /// The words.
        words: String,
    },
    /// `SU_EVIDENCE`: a proposal has the institution's own evidence attached (§8.8).
    Evidence {
        /// What is wrong.
        fault: EvidenceFault,
        /// Which evidence; empty where it is missing.
        evidence: String,
    },
    /// `SU_NOT_HEARD`: the person is heard first (§8.8).
    NotHeard {
        /// Who.
        person: String,
    },
    /// `SC_OPINION_BODY`: the institution gives no opinion here (service-centre.md §3.8).
    Body {
        /// The institution, by its code.
        institution: String,
        /// Why.
        fault: BodyFault,
    },
    /// `SC_TACIT`: silence is no agreement (§3.8(3)).
    Tacit {
        /// The institution.
        institution: Institution,
        /// Why.
        fault: TacitFault,
    },
    /// `AU_DUPLICATE`: a joint review of the application is open.
    Open {
        /// The application.
        application: String,
        /// The joint review.
        other: String,
    },
    /// `OV_HISTORY_EDIT`: what was given or decided is not edited (overview.md §1.5).
    History {
        /// Which joint review or opinion.
        name: String,
        /// Why.
        fault: HistoryFault,
    },
    /// `SC_SUPPLEMENT`: the supplement is asked for once, in time, in one notice (§3.8(2)).
    Supplement {
        /// Why.
        fault: SupplementFault,
    },
    /// `SC_OPINION_MISSING`: an opinion is missing (§3.3, REVIEW→DECIDED_GRANT).
    Missing {
        /// Whose.
        institutions: Vec<Institution>,
    },
    /// `SC_VETO`: an opinion disagrees (§3.8(4)).
    Veto {
        /// Whose.
        institutions: Vec<Institution>,
        /// Whether the law makes it a precondition.
        statutory: bool,
    },
}

impl From<Refusal> for Wire {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::OtherParty { party } => other_party(party),
            Refusal::Service { service } => no_service(service),
            Refusal::Field { field, supervisor } => other_field(field, supervisor),
            Refusal::Quarter { quarter, end } => Self::new(
                ErrorReason::SuQuarter,
                format!("{quarter} ends before {end}, and its closed cases are not known yet"),
                format!("该季度尚未结束，抽查须在季度结束后进行；请于{end}及以后办理。"),
            )
            .with("quarter", quarter)
            .with("end", end),
            Refusal::Sampled { other } => Self::new(
                ErrorReason::SuSampled,
                format!("the sample is {other}; a quarter, field and service have one seed"),
                "该季度、领域、系统的抽查已经确定种子，不得重新抽取；请查看已有抽查。",
            )
            .with("other", other),
            Refusal::Stage { name, stage, wanted } => wrong_stage(name, stage, wanted),
            Refusal::Case { case, fault } => case_fault(case, &fault),
            Refusal::SelfSupervise { case, own } => self_supervise(case, own),
            Refusal::Reviewed { other } => Self::new(
                ErrorReason::SuReviewed,
                format!("the institution has reviewed the case in {other}"),
                "本机构已评查过该案，记录不得更改；如有新的问题，请出具监督意见书。",
            )
            .with("other", other),
            Refusal::Instruction { case, outcome } => Self::new(
                ErrorReason::OvCaseInstruction,
                format!("the text names {case} and prescribes its outcome: {outcome}"),
                "不得指定具体案件的处理结果；可以要求说明理由、重新审查、纠正程序或者书面报告，请修改文字后重新提交。",
            )
            .with("case", case)
            .with("outcome", outcome),
            Refusal::Suspends { words } => Self::new(
                ErrorReason::SuSuspends,
                format!("supervision suspends no case: {words}"),
                "监督不得中止或者暂停案件办理；请删除有关文字后重新提交。",
            )
            .with("words", words),
            Refusal::Evidence { fault, evidence } => bad_evidence(fault, evidence),
            Refusal::NotHeard { person } => Self::new(
                ErrorReason::SuNotHeard,
                format!("{person} has not been heard"),
                "移送问责建议前应当听取本人陈述；请先登记听取情况。",
            )
            .with("person", person),
            Refusal::Body { institution, fault } => body(institution, fault),
            Refusal::Tacit { institution, fault } => tacit(institution, fault),
            Refusal::Open { application, other } => Self::new(
                ErrorReason::AuDuplicate,
                format!("the joint review {other} of {application} is open"),
                "该申请已有正在进行的组团审批；请在原件上继续办理。",
            )
            .with("application", application)
            .with("other", other),
            Refusal::History { name, fault } => history(name, fault),
            Refusal::Supplement { fault } => supplement(fault),
            Refusal::Missing { institutions } => missing(&institutions),
            Refusal::Veto { institutions, statutory } => veto(&institutions, statutory),
        }
    }
}

fn other_party(party: String) -> Wire {
    Wire::new(
        ErrorReason::OvAccess,
        format!("this is for {party} to do"),
        "该事项由另一机构办理；请转交有权办理的机构。",
    )
    .with("party", party)
}

fn no_service(service: String) -> Wire {
    Wire::new(
        ErrorReason::SuService,
        format!("no service {service} that holds cases is configured in this town"),
        format!("本镇系统未配置办案服务“{service}”，无法读取案件；请联系系统管理员配置该服务后再办理。"),
    )
    .with("service", service)
}

fn other_field(field: String, supervisor: Option<Institution>) -> Wire {
    let supervisor = supervisor.map_or("nobody", Institution::code);
    Wire::new(
        ErrorReason::SuField,
        format!("{field} is supervised by {supervisor}"),
        "该领域或案件不属于本机构监督范围；请由主管该领域的机构办理。",
    )
    .with("field", field)
    .with("supervisor", supervisor)
}

fn wrong_stage(name: String, stage: &'static str, wanted: &'static str) -> Wire {
    Wire::new(
        ErrorReason::SuStage,
        format!("{name} is {stage}, and this step begins from {wanted}"),
        format!("当前为“{}”，本步骤须在“{}”时办理；请刷新后再办理。", in_words(stage), in_words(wanted)),
    )
    .with("name", name)
    .with("stage", stage)
    .with("wanted", wanted)
}

fn in_words(stage: &str) -> &'static str {
    match stage {
        "PLANNED" => "已定种子",
        "DRAWN" => "已抽取",
        "ISSUED" => "待答复",
        "ANSWERED" => "已答复",
        "ACCEPTED" => "答复已采纳",
        "CLOSED" => "已办结",
        "REJECTED_ONCE" => "答复已退回过一次",
        "PROPOSED" => "待听取陈述",
        "HEARD" => "已听取陈述",
        "HANDED_OVER" => "已移送",
        _ => "未知",
    }
}

fn case_fault(case: String, fault: &CaseFault) -> Wire {
    let (message, remedy) = match fault {
        CaseFault::Open => (
            format!("{case} is open, and only its status line is shown"),
            "在办案件只能查看办理状态，不得调阅案卷；请在办结后再评查。".to_owned(),
        ),
        CaseFault::Refused { code, message } => (
            format!("the service that holds {case} refuses with {code}: {message}"),
            "办案服务不提供该案件；请核对案件编号和监督权限后重试。".to_owned(),
        ),
        CaseFault::Unreadable => (
            format!("what the service says of {case} cannot be read"),
            "办案服务返回的案件信息无法识别；请联系系统管理员。".to_owned(),
        ),
        CaseFault::TooMany => (
            format!("{case} has more cases than one list may have"),
            "该季度办结案件过多，无法一次抽取；请联系系统管理员。".to_owned(),
        ),
    };
    let wire = Wire::new(ErrorReason::SuCase, message, remedy).with("name", case);
    match fault {
        CaseFault::Refused { code, .. } => wire.with("refused_with", code.as_str()),
        CaseFault::Open | CaseFault::Unreadable | CaseFault::TooMany => wire,
    }
}

fn self_supervise(case: String, own: OwnWork) -> Wire {
    let whose = match own {
        OwnWork::Institution => "the institution's own",
        OwnWork::Person => "the person's own",
        OwnWork::FormerPost => "of the institution in which the person held a post then",
    };
    Wire::new(
        ErrorReason::OvSelfSupervise,
        format!("{case} is work {whose}"),
        "本机构或者本人办理过的事项，应当回避监督；请由其他监督人员或机构办理。",
    )
    .with("name", case)
    .with("own", whose)
}

fn bad_evidence(fault: EvidenceFault, evidence: String) -> Wire {
    let message = match fault {
        EvidenceFault::None => "a proposal has evidence attached".to_owned(),
        EvidenceFault::NotOwn => {
            format!("{evidence} is no review or supervision opinion of the institution about that front institution")
        }
        EvidenceFault::Single => "one instrument does not show that a fault persists".to_owned(),
    };
    Wire::new(
        ErrorReason::SuEvidence,
        message,
        "问责建议应当附本机构对该前台机构的评查记录或监督意见书；认定屡次违反的，应当附两件以上。",
    )
    .with("evidence", evidence)
}

fn body(institution: String, fault: BodyFault) -> Wire {
    let (message, remedy) = match fault {
        BodyFault::NoBody => (
            format!("{institution} gives no opinions in joint reviews"),
            "该机构不在组团审批征求意见范围内；请更正征求意见的机构。",
        ),
        BodyFault::NotAsked => (
            format!("{institution} is not asked in this joint review"),
            "本次组团审批未征求该机构意见；如需征求，请由行政审批局办理。",
        ),
    };
    Wire::new(ErrorReason::ScOpinionBody, message, remedy).with("institution", institution)
}

fn tacit(institution: Institution, fault: TacitFault) -> Wire {
    let message = match fault {
        TacitFault::Statutory => {
            format!("the law makes the opinion of {institution} a precondition, so its silence is none")
        }
        TacitFault::NoDocument => {
            format!("no such document is registered by which silence of {institution} is agreement")
        }
    };
    Wire::new(
        ErrorReason::ScTacit,
        message,
        "超时默认须有已登记的文件依据，且该机构意见不是法定前置条件；请删除超时默认或补正文件字号。",
    )
    .with("institution", institution.code())
}

fn history(name: String, fault: HistoryFault) -> Wire {
    let (message, remedy) = match fault {
        HistoryFault::Closed => (format!("{name} is closed"), "组团审批已办结，意见不得再提出或更改；请查看办结记录。"),
        HistoryFault::Given => (
            format!("the institution has given {name}"),
            "本机构已提出意见，不得更改；确需修改的，请注明所替代的意见后重新提出。",
        ),
        HistoryFault::NotLast => (
            format!("{name} is not the last opinion of the institution"),
            "所替代的意见不是本机构最新意见；请刷新后重新提出。",
        ),
    };
    Wire::new(ErrorReason::OvHistoryEdit, message, remedy).with("name", name)
}

fn supplement(fault: SupplementFault) -> Wire {
    let (message, remedy) = match fault {
        SupplementFault::Twice => {
            ("the institution has said once that it needs more", "补充材料只能提出一次；请按现有材料提出意见。")
        }
        SupplementFault::Late => (
            "the days to say that more is needed are over",
            "提出补充材料的期限（2个工作日）已过；请按现有材料提出意见。",
        ),
        SupplementFault::Merged => {
            ("the one supplement notice has gone out", "补正通知已合并发出，不得再次通知申请人；请按现有材料提出意见。")
        }
        SupplementFault::NotNeeded => ("nobody needs more", "没有机构提出补充材料，无需发出补正通知。"),
        SupplementFault::Early => (
            "an institution may still say that it needs more",
            "尚有机构可以提出补充材料；请待各机构提出意见或期限届满后一次性告知申请人。",
        ),
        SupplementFault::NotMerged => ("no supplement notice has gone out", "尚未发出补正通知；请先合并发出补正通知。"),
        SupplementFault::Received => ("the supplement came in already", "补正材料已登记收到，无需重复登记。"),
    };
    Wire::new(ErrorReason::ScSupplement, message, remedy)
}

fn codes(institutions: &[Institution]) -> String {
    institutions.iter().map(|institution| institution.code()).collect::<Vec<_>>().join(", ")
}

fn missing(institutions: &[Institution]) -> Wire {
    let codes = codes(institutions);
    Wire::new(
        ErrorReason::ScOpinionMissing,
        format!("the opinions of {codes} are missing"),
        "组团审批意见尚未收齐，不得作出准予决定；请催办未提出意见的机构。",
    )
    .with("institutions", codes)
}

fn veto(institutions: &[Institution], statutory: bool) -> Wire {
    let codes = codes(institutions);
    let (message, remedy) = if statutory {
        (
            format!("{codes} disagrees, and the law makes that a precondition"),
            "法定前置意见为不同意，不得作出准予决定；请依法作出不予许可决定或与该机构会商修改意见。",
        )
    } else {
        (
            format!("{codes} disagrees: a grant needs written reasons, or the minutes of a joint meeting"),
            "有机构不同意：准予的应当书面说明理由，或者召开联席会议并附会议纪要。",
        )
    };
    Wire::new(ErrorReason::ScVeto, message, remedy).with("institutions", codes)
}

#[cfg(test)]
mod tests;
