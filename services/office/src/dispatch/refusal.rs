//! Why the office says no about outgoing papers.

use runtime::refusal::Refusal as Wire;
use townlink_proto::townlink::errors::v1::ErrorReason;
use vocabulary::Institution;

/// A refusal about an outgoing paper.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// A rule of address is broken.
    Address(Address),
    /// The step does not fit the course of the paper, or who takes it.
    Course(Course),
    /// The content cannot go out.
    Unfit(Unfit),
}

/// A broken rule of address (行文规则, relay-and-sharing.md §8.3); each has its own code.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Address {
    /// `RE_UP_ADDRESS`: art. 15(1).
    Upward {
        /// What is wrong.
        fault: UpFault,
    },
    /// `RE_ONE_MATTER`: art. 15(4).
    OneMatter {
        /// How many there are.
        count: usize,
    },
    /// `RE_REQUEST_IN_REPORT`: art. 15(4).
    RequestInReport {
        /// The words that ask.
        words: String,
    },
    /// `RE_NO_OPINION`: art. 15(3).
    NoOpinion {
        /// What is wrong.
        fault: OpinionFault,
    },
    /// `RE_TO_PERSON`: art. 15(5).
    ToPerson {
        /// The person, as named.
        name: String,
    },
    /// `RE_SKIP`: art. 14.
    Skip {
        /// The organ that is skipped.
        skipped: String,
    },
    /// `RE_NO_CONSENT`: art. 15(2).
    NoConsent {
        /// The county superior.
        superior: String,
    },
    /// `RE_INTERNAL_UNIT`: art. 17.
    InternalUnit {
        /// The unit.
        unit: String,
    },
    /// `RE_FRONT`: a front institution does not correspond with the county on policy (§8.1).
    Front {
        /// The institution.
        institution: Institution,
        /// The addressee.
        addressee: String,
    },
    /// `RE_DIRECTION`: the type does not go there (§8.2).
    Direction {
        /// The document type.
        doc_type: &'static str,
        /// The addressee, or who may not issue it.
        party: String,
    },
    /// `RE_SECOND_REQUEST`: §8.5.
    SecondRequest {
        /// The request that waits.
        first: String,
    },
    /// `RE_ADDRESSEE`: nobody of that name is known, or none is named.
    Addressee {
        /// The name; empty where there is none.
        name: String,
    },
}

/// A step that does not fit the course of a paper (§8.5), or who takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Course {
    /// `OV_ACCESS`: the step is another institution's.
    OtherInstitution {
        /// Whose step it is.
        whose: String,
    },
    /// `RE_STAGE`: the dispatch is not where the step begins (§8.5).
    Stage {
        /// Which dispatch.
        dispatch: String,
        /// How far it is.
        stage: &'static str,
        /// Where the step begins.
        wanted: &'static str,
    },
    /// `OV_FOUR_EYES`: nobody approves what he wrote or approved before (overview.md §1.6(6)).
    FourEyes {
        /// The person.
        person: String,
    },
    /// `OV_HISTORY_EDIT`: what is sealed is not changed (overview.md §1.5).
    Fixed {
        /// Which dispatch.
        dispatch: String,
    },
    /// `RE_NOT_AGREED`: not all who were asked agree (公文条例 art. 16(4)).
    NotAgreed {
        /// Who does not.
        institutions: Vec<&'static str>,
    },
    /// `RE_SIGN`: arts. 22, 25(1).
    NotSigned {
        /// Which dispatch.
        dispatch: String,
    },
    /// `RE_UNANSWERED`: §8.5.
    Unanswered {
        /// Which dispatch.
        dispatch: String,
    },
}

/// Content that cannot go out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Unfit {
    /// `OV_CLASSIFIED`: a mark of secrecy. Nothing of the content is kept, not even where it stood.
    Classified,
    /// `RE_HELD`: a file cannot be looked through, and the reviewer does not say what was seen (§8.1).
    Held {
        /// The names of the files.
        files: Vec<String>,
    },
    /// `RE_ATTACHMENT`: a file of an executable type (§8.2).
    Executable {
        /// The name of the file.
        file: String,
    },
    /// `ID_DOCNO`: a number that does not follow its grammar; never repaired on the way out (identifiers.md §9.6).
    DocumentNumber {
        /// What is wrong.
        fault: String,
    },
    /// `RE_NORMATIVE`: §8.5.
    Normative {
        /// What is missing or too much.
        fault: NormativeFault,
    },
}

/// What is wrong about an address upward.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum UpFault {
    /// More than one main addressee.
    SeveralMain,
    /// A copy to a subordinate.
    CopyDown,
}

/// What is wrong about passing on a request.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum OpinionFault {
    /// There is no opinion of one's own.
    Missing,
    /// It is the original, word for word.
    Original,
}

/// What is wrong about a normative document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum NormativeFault {
    /// The review of fair competition is not recorded.
    FairCompetition,
    /// No place of publication is named.
    Publication,
    /// It is not to be published.
    NotOpen,
    /// Who issues it may not issue any.
    Issuer,
    /// The review of legality is missing.
    Legality,
    /// It creates a penalty, a licence, coercion or a fee.
    Creates(&'static str),
}

impl NormativeFault {
    fn words(&self) -> String {
        match self {
            Self::FairCompetition => "its review of fair competition is not recorded".to_owned(),
            Self::Publication => "it names no place of publication".to_owned(),
            Self::NotOpen => "it is not open to all".to_owned(),
            Self::Issuer => "only the town government and its office issue normative documents".to_owned(),
            Self::Legality => "its legality was not reviewed".to_owned(),
            Self::Creates(word) => format!("it creates what only laws may create: {word}"),
        }
    }
}

impl From<Address> for Refusal {
    fn from(refusal: Address) -> Self {
        Self::Address(refusal)
    }
}

impl From<Course> for Refusal {
    fn from(refusal: Course) -> Self {
        Self::Course(refusal)
    }
}

impl From<Unfit> for Refusal {
    fn from(refusal: Unfit) -> Self {
        Self::Unfit(refusal)
    }
}

impl From<Refusal> for Wire {
    fn from(refusal: Refusal) -> Self {
        match refusal {
            Refusal::Address(refusal) => of_address(refusal),
            Refusal::Course(refusal) => of_course(refusal),
            Refusal::Unfit(refusal) => of_content(refusal),
        }
    }
}

fn of_address(refusal: Address) -> Wire {
    match refusal {
        Address::Upward { fault } => up_address(fault),
        Address::OneMatter { count } => Wire::new(
            ErrorReason::ReOneMatter,
            format!("a request has exactly one matter, not {count}"),
            "请示应当一文一事：请只写一个事项，其他事项另行请示。",
        )
        .with("count", count.to_string()),
        Address::RequestInReport { words } => Wire::new(
            ErrorReason::ReRequestInReport,
            format!("the paper is no request and says {words}"),
            "报告等非请示性公文不得夹带请示事项：请改用请示，或删去请求；确无请示事项的，请填写确认说明。",
        )
        .with("words", words),
        Address::NoOpinion { fault } => no_opinion(fault),
        Address::ToPerson { name } => Wire::new(
            ErrorReason::ReToPerson,
            format!("{name} is a person"),
            "不得以机关名义向负责人个人报送公文，也不得以个人名义行文：请改为机关名称。",
        )
        .with("name", name),
        Address::Skip { skipped } => Wire::new(
            ErrorReason::ReSkip,
            format!("{skipped} is skipped and gets no copy"),
            format!("一般不得越级行文；确需越级的，请同时抄送被越过的机关“{skipped}”。"),
        )
        .with("skipped", skipped.clone()),
        Address::NoConsent { superior } => Wire::new(
            ErrorReason::ReNoConsent,
            format!("a major matter goes to {superior} without the town government's consent"),
            "向上级主管部门请示、报告重大事项，须经镇政府同意：请填写同意的文号或依据。",
        )
        .with("superior", superior),
        Address::InternalUnit { unit } => Wire::new(
            ErrorReason::ReInternalUnit,
            format!("{unit} is an internal unit"),
            "内设机构不得对外正式行文：请以本机构或镇政府名义发文。",
        )
        .with("unit", unit),
        Address::Front { institution, addressee } => Wire::new(
            ErrorReason::ReFront,
            format!("{institution} is a front institution and does not write to {addressee} on policy"),
            "前台机构不就政策与上级部门行文：请由对口的后台机构行文；综合执法局的办案协作函须填写案号。",
        )
        .with("institution", institution.code())
        .with("addressee", addressee),
        Address::Direction { doc_type, party } => Wire::new(
            ErrorReason::ReDirection,
            format!("{doc_type} does not fit {party}"),
            format!("“{doc_type}”不适用于该行文方向：请按上行、下行、平行或公布的方向选用文种。"),
        )
        .with("doc_type", doc_type)
        .with("party", party),
        Address::SecondRequest { first } => Wire::new(
            ErrorReason::ReSecondRequest,
            format!("{first} on the same matter waits for its answer"),
            "同一事项的请示尚未答复，不得再次请示：请由党政办催办。",
        )
        .with("first", first),
        Address::Addressee { name } => Wire::new(
            ErrorReason::ReAddressee,
            if name.is_empty() { "no addressee is named".to_owned() } else { format!("nobody is known as {name}") },
            "主送、抄送机关不明：请使用全称，或由系统管理员凭文件登记该机关。",
        )
        .with("name", name),
    }
}

/// Refusals of the course of a paper, and whatever else there is.
fn of_course(refusal: Course) -> Wire {
    match refusal {
        Course::OtherInstitution { whose } => Wire::new(
            ErrorReason::OvAccess,
            format!("this step is for {whose}"),
            "该步骤由其他机构办理；各机构只办理本机构的发文，审核、编号、用印、发出由党政办办理。",
        )
        .with("whose", whose),
        Course::Stage { dispatch, stage, wanted } => Wire::new(
            ErrorReason::ReStage,
            format!("{dispatch} is {stage}, and this step begins from {wanted}"),
            format!(
                "发文当前为“{}”，本步骤须在“{}”时办理；请按拟稿、会签、审核、签发、编号、用印、发出的顺序办理。",
                in_words(stage),
                wanted.split(' ').map(in_words).collect::<Vec<_>>().join("、")
            ),
        )
        .with("name", dispatch)
        .with("stage", stage)
        .with("wanted", wanted),
        Course::FourEyes { person } => Wire::new(
            ErrorReason::OvFourEyes,
            format!("{person} wrote or reviewed the paper"),
            "拟稿人与审核人、签发人不得为同一人：请由另一人办理。",
        )
        .with("person", person),
        Course::Fixed { dispatch } => Wire::new(
            ErrorReason::OvHistoryEdit,
            format!("the content of {dispatch} is fixed"),
            "发文已经用印或办结，内容不得更改；如需更正，请另行发文。",
        )
        .with("name", dispatch),
        Course::NotAgreed { institutions } => {
            let institutions = institutions.join(", ");
            Wire::new(
                ErrorReason::ReNotAgreed,
                format!("not agreed: {institutions}"),
                "涉及其他机构的事项未经会签一致，不得行文：请协商一致后再送审核。",
            )
            .with("institutions", institutions)
        }
        Course::NotSigned { dispatch } => Wire::new(
            ErrorReason::ReSign,
            format!("{dispatch} is not signed as it stands"),
            "未经签发，或签发后又作修改的公文，须由镇主要负责人签发（重新签发）后才能编号、用印、发出。",
        )
        .with("name", dispatch),
        Course::Unanswered { dispatch } => Wire::new(
            ErrorReason::ReUnanswered,
            format!("{dispatch} has no answer"),
            "请示尚未得到答复：请催办；确需办结的，请写明原因。",
        )
        .with("name", dispatch),
    }
}

fn of_content(refusal: Unfit) -> Wire {
    match refusal {
        Unfit::Classified => Wire::new(
            ErrorReason::OvClassified,
            "a text or a file bears a mark of secrecy",
            "含有密级标志或工作秘密标志：本网络不得处理涉密公文，内容未予保存；请改走涉密渠道并报告保密员。",
        ),
        Unfit::Held { files } => {
            let files = files.join(", ");
            Wire::new(
                ErrorReason::ReHeld,
                format!("these files cannot be looked through: {files}"),
                "附件无法自动检查密级：请打开核看，确认不涉密后在审核意见中注明“已核看”。",
            )
            .with("files", files)
        }
        Unfit::Executable { file } => Wire::new(
            ErrorReason::ReAttachment,
            format!("{file} is of an executable type"),
            "附件不得为可执行文件：请改用版式文件或文本文件。",
        )
        .with("file", file),
        Unfit::DocumentNumber { fault } => Wire::new(
            ErrorReason::IdDocno,
            format!("the document number cannot stand: {fault}"),
            "发文字号不合规范（应如“张政发〔2026〕5号”）：发文不作自动更正，请改正后重新提交。",
        )
        .with("fault", fault),
        Unfit::Normative { fault } => {
            let fault = fault.words();
            Wire::new(
                ErrorReason::ReNormative,
                format!("the normative document cannot stand: {fault}"),
                "规范性文件须经合法性审核和公平竞争审查、明确公布载体并主动公开，且不得设定处罚、许可、强制和收费。",
            )
            .with("fault", fault)
        }
    }
}

fn up_address(fault: UpFault) -> Wire {
    let (message, remedy) = match fault {
        UpFault::SeveralMain => (
            "a paper upward has exactly one main addressee",
            "上行文原则上只主送一个上级机关：请保留一个主送机关，其他上级机关和同级机关改为抄送。",
        ),
        UpFault::CopyDown => {
            ("a paper upward is not copied to a subordinate", "上行文不抄送下级机关：请从抄送机关中删去下级机关。")
        }
    };
    Wire::new(ErrorReason::ReUpAddress, message, remedy)
}

fn no_opinion(fault: OpinionFault) -> Wire {
    let (message, remedy) = match fault {
        OpinionFault::Missing => (
            "what another asked for is passed on without an opinion",
            "转报或答复下级的请示，应当提出倾向性意见：请填写本机关意见。",
        ),
        OpinionFault::Original => {
            ("the original is passed on word for word", "不得原文转报下级的请示：请以本机关名义另行起草并提出意见。")
        }
    };
    Wire::new(ErrorReason::ReNoOpinion, message, remedy)
}

fn in_words(stage: &str) -> &'static str {
    match stage {
        "NEW" => "未拟稿",
        "DRAFT" => "拟稿",
        "COSIGNED" => "会签完毕",
        "OFFICE_REVIEWED" => "已审核",
        "LEGAL_REVIEWED" => "合法性审核通过",
        "SIGNED" => "已签发",
        "NUMBERED" => "已编号",
        "SEALED" => "已用印",
        "SENT" => "已发出",
        "DELIVERED" => "已送达",
        "REPLIED" => "已答复",
        "CLOSED" => "已办结",
        "VOID" => "已作废",
        "WITHDRAWN" => "已撤销",
        _ => "未知",
    }
}

#[cfg(test)]
mod tests;
