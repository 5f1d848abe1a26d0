//! Every reason for which the gateway says no, in order of precedence.
//!
//! The message that is journalled holds no content of the request: what is refused may be a secret. What a sender needs to find
//! his mistake stands in the variables, which go to him alone.

use runtime::refusal as runtime_refusal;
use townlink_proto::townlink::errors::v1::ErrorReason;
use vocabulary::{Institution, Sm3Digest};

use crate::relay::addressing::{Misaddressed, Place};
use crate::relay::envelope::FormatFault;

/// Why the gateway says no.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Refusal {
    /// `RE-FORMAT`: the payload is not the exact envelope.
    Format(FormatFault),
    /// `RE-FORMAT`: the message id is not the request id.
    MessageId,
    /// `OV-CLASSIFIED`: a mark of a secret, or no declaration that there is none.
    Classified {
        /// The digest of the mark; the only trace that is kept of the content.
        marking: Sm3Digest,
        /// Where it was found.
        place: Marked,
    },
    /// `RE-SENDER`: the caller has no key registered.
    NotRegistered,
    /// `RE-SENDER`: the payload names another sender than the caller.
    NotSender,
    /// `RE-KEY`: the key is unknown, not valid today, or revoked.
    Key {
        /// The key.
        key_id: String,
    },
    /// `RE-SENDER`: the key is another department's.
    KeyOfOther {
        /// The key.
        key_id: String,
    },
    /// `RE-SENDER`: the key may not sign for the issuer today.
    Issuer {
        /// The key.
        key_id: String,
    },
    /// `RE-SIGNATURE`: there is no signature by the key that the payload names.
    Unsigned,
    /// `RE-SIGNATURE`: a signature does not fit the payload.
    Signature {
        /// The key that it names.
        key_id: String,
    },
    /// `RE-ALG`: the algorithm is not the key's, or weaker than the kind of paper allows.
    Algorithm {
        /// What is wrong.
        fault: &'static str,
    },
    /// `RE-ADDRESSEE`: no main addressee.
    NoAddressee,
    /// `RE-ADDRESSEE`: an addressee that the town does not know.
    UnknownAddressee(Place),
    /// `RE-FRONT`: the front desk, outside the closed list.
    Front(Place, Institution),
    /// `RE-ATTACHMENT`: too large, a program, badly named, or not put beforehand.
    Attachment {
        /// Which attachment, from 0; none while it is put.
        index: Option<usize>,
        /// What is wrong.
        fault: AttachmentFault,
    },
    /// `RE-DIGEST`: the bytes are not what their digest and size say.
    Digest {
        /// Which attachment, from 0; none while it is put.
        index: Option<usize>,
    },
    /// `RE-DIRECTIVE`: unknown, or without a readable annex.
    Directive {
        /// What is wrong.
        fault: &'static str,
    },
    /// `OV-CLASSIFIED`: the content waits for OFFICE's look.
    Held,
    /// `RE-RECALL`: the paper may not be recalled.
    Recall(RecallFault),
    /// `RE-STAGE`: the paper was recalled.
    Recalled,
    /// `RE-STAGE`: the paper was urged as often as may be.
    UrgedOften,
    /// `RE-STAGE`: a dispatch is acknowledged before it was received.
    NotReceived,
    /// `RE-STAGE`: a dispatch was returned or completed already.
    DispatchEnded,
    /// `OV-ACCESS`: the dispatch is another department's.
    NotRecipient,
    /// `KE-KNOWN`: the key, or its id, is registered already.
    KeyKnown,
    /// `KE-ISSUER`: the issuers or periods of a key contradict its owner or each other.
    KeyIssuer {
        /// What is wrong.
        fault: &'static str,
    },
    /// `OV-FOUR-EYES`: the person who asked would also confirm.
    KeyFourEyes,
    /// `OV-HISTORY-EDIT`: nothing waits to be confirmed, or the key is revoked already.
    KeyDone,
}

/// Why a paper may not be recalled.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RecallFault {
    /// The caller is not its issuer.
    NotIssuer,
    /// No document is named.
    NoDocument,
    /// It was recalled already.
    Again,
    /// Somebody signed for it.
    SignedFor,
}

/// Where a mark was found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Marked {
    /// In the declaration: it is absent, or not the literal `NONE`.
    Declaration,
    /// In the text of the payload.
    Payload,
    /// In an attachment, from 0.
    Attachment(usize),
}

/// What is wrong with an attachment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum AttachmentFault {
    /// It is larger than 200 MB.
    TooLarge,
    /// It is a program or a script.
    Executable,
    /// Its name holds a path.
    Path,
    /// It was not put, or not wholly.
    Absent,
}

impl From<Misaddressed> for Refusal {
    fn from(fault: Misaddressed) -> Self {
        match fault {
            Misaddressed::Nobody => Self::NoAddressee,
            Misaddressed::Unknown(place) => Self::UnknownAddressee(place),
            Misaddressed::Front(place, institution) => Self::Front(place, institution),
        }
    }
}

impl Refusal {
    /// The reason, as the contract names it.
    #[must_use]
    pub const fn reason(&self) -> ErrorReason {
        match self {
            Self::Format(_) | Self::MessageId => ErrorReason::ReFormat,
            Self::Classified { .. } | Self::Held => ErrorReason::OvClassified,
            Self::NotRegistered | Self::NotSender | Self::KeyOfOther { .. } | Self::Issuer { .. } => {
                ErrorReason::ReSender
            }
            Self::Key { .. } => ErrorReason::ReKey,
            Self::Unsigned | Self::Signature { .. } => ErrorReason::ReSignature,
            Self::Algorithm { .. } => ErrorReason::ReAlg,
            Self::NoAddressee | Self::UnknownAddressee(_) => ErrorReason::ReAddressee,
            Self::Front(..) => ErrorReason::ReFront,
            Self::Attachment { .. } => ErrorReason::ReAttachment,
            Self::Digest { .. } => ErrorReason::ReDigest,
            Self::Directive { .. } => ErrorReason::ReDirective,
            Self::Recall(_) => ErrorReason::ReRecall,
            Self::Recalled | Self::UrgedOften | Self::NotReceived | Self::DispatchEnded => ErrorReason::ReStage,
            Self::NotRecipient => ErrorReason::OvAccess,
            Self::KeyKnown => ErrorReason::KeKnown,
            Self::KeyIssuer { .. } => ErrorReason::KeIssuer,
            Self::KeyFourEyes => ErrorReason::OvFourEyes,
            Self::KeyDone => ErrorReason::OvHistoryEdit,
        }
    }

    /// What is refused, in English, without any content of the request.
    fn message(&self) -> String {
        match self {
            Self::Format(fault) => format!("the payload is not the exact envelope: {fault}"),
            Self::MessageId => "msgId of the payload is not the request_id of the call".to_owned(),
            Self::Classified { marking, place: Marked::Declaration } => {
                format!("the paper does not declare \"secrecy\":\"NONE\"; SM3 of what it declares: {marking}")
            }
            Self::Classified { marking, place: Marked::Payload } => {
                format!("the payload bears a mark of a secret; SM3 of the mark: {marking}")
            }
            Self::Classified { marking, place: Marked::Attachment(index) } => {
                format!("attachment {index} bears a mark of a secret; SM3 of the mark: {marking}")
            }
            Self::NotRegistered => "the caller is no registered sender: no key of it was confirmed".to_owned(),
            Self::NotSender => "the payload names another sender than the caller".to_owned(),
            Self::Key { .. } => "a key is unknown, not valid today, or revoked".to_owned(),
            Self::KeyOfOther { .. } => "a key belongs to another department".to_owned(),
            Self::Issuer { .. } => "the key may not sign for this issuer today".to_owned(),
            Self::Unsigned => "no signature is by the key that the payload names".to_owned(),
            Self::Signature { .. } => "a signature does not fit the payload bytes".to_owned(),
            Self::Algorithm { fault } | Self::Directive { fault } => (*fault).to_owned(),
            Self::NoAddressee => "the paper names no main addressee".to_owned(),
            Self::UnknownAddressee(Place { list, index }) => {
                format!("{list}[{index}] is no institution of the town on the paper's date")
            }
            Self::Front(Place { list, index }, institution) => {
                format!(
                    "{list}[{index}] is {institution}, which the county does not address outside the closed list of case papers"
                )
            }
            Self::Attachment { fault, .. } => match fault {
                AttachmentFault::TooLarge => {
                    "the attachment is larger than allowed (at most 200 MB, 209715200 bytes)".to_owned()
                }
                AttachmentFault::Executable => "the attachment is a program or a script".to_owned(),
                AttachmentFault::Path => "the file name of the attachment holds a path".to_owned(),
                AttachmentFault::Absent => "the attachment was not put beforehand, or not wholly".to_owned(),
            },
            Self::Digest { .. } => "the bytes of the attachment are not what its digest and size say".to_owned(),
            Self::Held => "the content waits for the look of OFFICE".to_owned(),
            Self::Recall(fault) => match fault {
                RecallFault::NotIssuer => "a paper is recalled by its issuer only".to_owned(),
                RecallFault::NoDocument => "a recall names the document of the issuer".to_owned(),
                RecallFault::Again => "the paper was recalled already".to_owned(),
                RecallFault::SignedFor => "somebody has signed for the paper".to_owned(),
            },
            Self::Recalled => "the paper was recalled and goes no further".to_owned(),
            Self::UrgedOften => "the paper was urged as often as may be".to_owned(),
            Self::NotReceived => "a dispatch is acknowledged as RECEIVED first".to_owned(),
            Self::DispatchEnded => "the dispatch was returned or completed already".to_owned(),
            Self::NotRecipient => "the dispatches are those of another department".to_owned(),
            Self::KeyKnown => "the key, or its id, is registered already".to_owned(),
            Self::KeyIssuer { fault } => format!("the key contradicts itself: {fault}"),
            Self::KeyFourEyes => "the person who asked for the change may not confirm it".to_owned(),
            Self::KeyDone => "nothing about this key waits to be confirmed, or it is revoked already".to_owned(),
        }
    }

    /// What to do next, for the person at the window.
    const fn remedy(&self) -> &'static str {
        match self {
            Self::Format(_) => {
                "公文封装不合规范：键的次序固定、标记之间无空白、键不得重复、总长不超过256KiB。请按 offset 和 key 所示位置更正，重新签名后以新的 msgId 发送。"
            }
            Self::MessageId => "msgId 必须与请求编号 request_id 相同。请以 msgId 作为 request_id 重新发送。",
            Self::Classified { .. } => {
                "本平台不得传递国家秘密和工作秘密。内容未留存。请改用涉密渠道报送，并联系保密管理人员；确属误标的，去除标志、如实声明后以新的 msgId 发送。"
            }
            Self::NotRegistered => "贵单位尚未登记为发文单位。请携带公函联系镇党政办，由两名人员登记并确认密钥后再发。",
            Self::NotSender => "sender 必须是持证单位本身。请由该单位用自己的证书发送，或更正 sender 后重新签名。",
            Self::Key { .. } => {
                "签名密钥未登记、不在有效期内或已吊销。请改用有效密钥，以新的消息编号（msgId）重新签发；需要登记新密钥的，联系镇党政办。"
            }
            Self::KeyOfOther { .. } => "该密钥属于其他单位。请用本单位登记的密钥签名。",
            Self::Issuer { .. } => "该密钥未获准代此发文机关签名。请由发文机关以其登记的密钥签发，或先办理登记。",
            Self::Unsigned => "缺少 keyId 所指密钥的签名。请用该密钥签名，以新的消息编号（msgId）重新签发。",
            Self::Signature { .. } => "签名与原文不符。请核对原文是否被改动，以新的消息编号（msgId）重新签发。",
            Self::Algorithm { .. } => {
                "签名算法不符合要求：带指令的公文须用 SM2-SM3，且算法须与登记的密钥一致。请改用 SM2 密钥签名。"
            }
            Self::NoAddressee => "未写明主送机关。请填写主送机关后重新签名发送。",
            Self::UnknownAddressee(_) => "主送或抄送机关不是本镇机构。请按机构名录核对 list 和 index 所示的名称。",
            Self::Front(..) => {
                "前台机构不直接受理县级来文；请主送镇人民政府或对口后台机构。法院文书、案件移送、案件监督可直送综合执法局。"
            }
            Self::Attachment { fault, .. } => match fault {
                AttachmentFault::TooLarge => "附件超过规定大小（不超过200MB）。请拆分后发送。",
                AttachmentFault::Executable => "不接收可执行文件。请改为文档或数据文件。",
                AttachmentFault::Path => "附件名只写文件名，不得含路径。请更正后重新签名。",
                AttachmentFault::Absent => "附件尚未上传完整。请先用 PutAttachment 上传附件，再发送公文。",
            },
            Self::Digest { .. } => "附件内容与所报摘要或大小不符。请核对文件，重新上传并按实际摘要签名。",
            Self::Directive { .. } => {
                "指令类型未知，或其附件缺失、不可读。请按指令格式更正：附件为带表头的 UTF-8 CSV，且摘要列入公文附件。"
            }
            Self::Held => "该附件尚待党政办查验，暂不能阅读。请等候党政办处理结果。",
            Self::Recall(fault) => match fault {
                RecallFault::NotIssuer => "只有发文机关可以撤回公文。请由发文机关以本单位身份办理。",
                RecallFault::NoDocument => "撤回须有发文机关的文件依据。请写明撤回文件的文号后重新提交。",
                RecallFault::Again => "该公文已撤回，无须重复办理。请查询其当前状态。",
                RecallFault::SignedFor => "该公文已被签收，不能撤回。请另行发文，以新文件替代原文件。",
            },
            Self::Recalled => "该公文已撤回，不再办理。请核对公文编号。",
            Self::UrgedOften => "该公文催办次数已达上限。请直接电话联系镇党政办。",
            Self::NotReceived => "请先回执“已接收”（RECEIVED），再回执签收、退回或办结。",
            Self::DispatchEnded => "该文已退回或办结，回执不再更改。如有新情况，请另行来文。",
            Self::NotRecipient => "该文不是发给贵单位的。请用本单位的名称和编号查询。",
            Self::KeyKnown => "该密钥或编号已登记。请核对；如需变更，登记新的密钥并吊销旧密钥。",
            Self::KeyIssuer { .. } => "密钥的有效期、发文机关与所有者相互矛盾。请按登记文件核对后重新登记。",
            Self::KeyFourEyes => "提出人不得自行确认。请由另一名密钥确认人员办理。",
            Self::KeyDone => "该密钥没有待确认事项，或已吊销。请刷新后核对其状态。",
        }
    }

    /// What the sender needs to find the place.
    fn variables(&self) -> Vec<(&'static str, String)> {
        let index = |index: &Option<usize>| index.iter().map(|index| ("index", index.to_string())).collect();
        match self {
            Self::Format(FormatFault { offset, key, .. }) => {
                vec![("offset", offset.to_string()), ("key", (*key).to_owned())]
            }
            Self::MessageId => vec![("key", "msgId".to_owned())],
            Self::Classified { place: Marked::Attachment(index), .. } => vec![("index", index.to_string())],
            Self::Key { key_id }
            | Self::KeyOfOther { key_id }
            | Self::Issuer { key_id }
            | Self::Signature { key_id } => {
                vec![("key_id", key_id.clone())]
            }
            Self::UnknownAddressee(place) | Self::Front(place, _) => {
                vec![("list", place.list.to_owned()), ("index", place.index.to_string())]
            }
            Self::Attachment { index: place, .. } | Self::Digest { index: place } => index(place),
            Self::Classified { .. }
            | Self::NotRegistered
            | Self::NotSender
            | Self::Unsigned
            | Self::Algorithm { .. }
            | Self::NoAddressee
            | Self::Directive { .. }
            | Self::Held
            | Self::Recall(_)
            | Self::Recalled
            | Self::UrgedOften
            | Self::NotReceived
            | Self::DispatchEnded
            | Self::NotRecipient
            | Self::KeyKnown
            | Self::KeyIssuer { .. }
            | Self::KeyFourEyes
            | Self::KeyDone => Vec::new(),
        }
    }
}

impl From<Refusal> for runtime_refusal::Refusal {
    fn from(refusal: Refusal) -> Self {
        let start = Self::new(refusal.reason(), refusal.message(), refusal.remedy());
        refusal.variables().into_iter().fold(start, |refusal, (key, value)| refusal.with(key, value))
    }
}
