//! From what the office says of a paper to its payload: pure, and the only place where a payload of the town is made.

use bytes::Bytes;
use townlink_proto::townlink::office::v1 as office;
use vocabulary::time::parse_date;
use vocabulary::{Date, DepartmentCode, MessageId, Sm3Digest};

use crate::relay::envelope::{ActionClass, AttachmentRef, DocType, Envelope, Openness, Urgency};

/// The name of the attachment that holds the text.
const TEXT: &str = "正文.txt";

/// The sender of the town's papers, and its key.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Sealer {
    /// The code under which the town sends.
    pub sender: DepartmentCode,
    /// The id of its key.
    pub key_id: String,
    /// The algorithm of its key.
    pub algorithm: String,
}

/// A payload that may be signed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Composed {
    /// What it says.
    pub envelope: Envelope,
    /// The exact bytes.
    pub payload: Bytes,
    /// The contents of its attachments, in the payload's order.
    pub contents: Vec<Bytes>,
}

/// A paper that cannot be sent as it is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Unsendable {
    /// The code.
    pub code: &'static str,
    /// What is wrong, in Chinese, for whoever sent it.
    pub reason: String,
}

impl Unsendable {
    /// A paper that does not fit the envelope.
    fn format(reason: impl Into<String>) -> Self {
        Self { code: "RE-FORMAT", reason: reason.into() }
    }

    /// As a return tells it.
    pub(crate) fn told(&self) -> String {
        format!("{} {}", self.code, self.reason)
    }
}

/// Writes the payload of a dispatch.
///
/// # Errors
/// [`Unsendable`] where what the office says fits no envelope.
pub(crate) fn compose(sent: &office::DispatchSent, sealer: &Sealer) -> Result<Composed, Unsendable> {
    let text = (!sent.text.is_empty()).then(|| (TEXT.to_owned(), Bytes::from(sent.text.clone())));
    let files = sent.files.iter().map(|file| (file.name.clone(), file.content.clone()));
    let files: Vec<_> = text.into_iter().chain(files).collect();
    let attachment = |(name, content): &(String, Bytes)| AttachmentRef {
        name: name.clone(),
        size_bytes: u64::try_from(content.len()).unwrap_or(u64::MAX),
        digest: Sm3Digest::of(content),
    };
    let matters = u32::try_from(sent.matters.len().max(1)).unwrap_or(u32::MAX);
    let envelope = Envelope {
        message_id: MessageId::parse(&sent.message_id).map_err(|_| Unsendable::format("消息编号不是 UUID"))?,
        doc_type: DocType::parse(&sent.doc_type).ok_or_else(|| Unsendable::format("文种不在十五种之内"))?,
        document_number: sent.document_number.clone(),
        title: sent.title.clone(),
        issuer: sent.issuer.clone(),
        signatory: given(&sent.signatory),
        main_to: sent.main_to.clone(),
        copy_to: sent.copy_to.clone(),
        urgency: listed(&sent.urgency, Urgency::parse, "紧急程度")?,
        issue_date: day(&sent.issue_date)?,
        due: given(&sent.due).map(|due| day(&due)).transpose()?,
        action_class: listed(&sent.action_class, ActionClass::parse, "办理类别")?,
        openness: listed(&sent.openness, Openness::parse, "公开属性")?,
        ref_document_number: given(&sent.ref_document_number),
        attachments: files.iter().map(attachment).collect(),
        algorithm: sealer.algorithm.clone(),
        key_id: sealer.key_id.clone(),
        sender: sealer.sender.clone(),
        consent: given(&sent.consent),
        agreed_by: Vec::new(),
        matters,
        directive: None,
    };
    let payload = Bytes::from(envelope.to_payload());
    // What a receiver would not read is not sent.
    match Envelope::parse(&payload) {
        Ok(read) if read == envelope => {}
        Ok(_) | Err(_) => return Err(Unsendable::format("要素过长、为空或含控制字符，不能封装")),
    }
    Ok(Composed { envelope, payload, contents: files.into_iter().map(|(_, content)| content).collect() })
}

/// The departments that a dispatch goes to, each once, and those that are none. Who is a main addressee gets no copy.
pub(crate) fn recipients(sent: &office::DispatchSent) -> (Vec<(DepartmentCode, bool)>, Vec<String>) {
    let mut known: Vec<(DepartmentCode, bool)> = Vec::new();
    let mut unknown = Vec::new();
    for recipient in &sent.recipients {
        let Ok(code) = DepartmentCode::parse(&recipient.department) else {
            unknown.push(recipient.department.clone());
            continue;
        };
        match known.iter_mut().find(|(department, _)| *department == code) {
            Some((_, copy)) => *copy &= recipient.copy,
            None => known.push((code, recipient.copy)),
        }
    }
    (known, unknown)
}

fn given(text: &str) -> Option<String> {
    (!text.is_empty()).then(|| text.to_owned())
}

fn day(text: &str) -> Result<Date, Unsendable> {
    parse_date(text).map_err(|_| Unsendable::format(format!("日期“{text}”不存在")))
}

fn listed<T>(text: &str, parse: impl Fn(&str) -> Option<T>, name: &str) -> Result<Option<T>, Unsendable> {
    if text.is_empty() {
        return Ok(None);
    }
    parse(text).map(Some).ok_or_else(|| Unsendable::format(format!("{name}“{text}”不在规定之列")))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sealer() -> Sealer {
        Sealer {
            sender: DepartmentCode::parse("town").expect("a code"),
            key_id: "k-1".to_owned(),
            algorithm: "SM2-SM3".to_owned(),
        }
    }

    fn sent() -> office::DispatchSent {
        office::DispatchSent {
            dispatch: "dispatches/d".to_owned(),
            message_id: "7d0f2f6e-3c53-4b0e-9c39-0d6f6f1c8a11".to_owned(),
            doc_type: "请示".to_owned(),
            document_number: "张政请〔2026〕1号".to_owned(),
            title: "关于防汛经费的请示".to_owned(),
            issuer: "张浦镇人民政府".to_owned(),
            signatory: "李某".to_owned(),
            main_to: vec!["昆山市人民政府".to_owned()],
            issue_date: "2026-03-02".to_owned(),
            matters: vec!["防汛经费".to_owned()],
            text: "妥否，请批示。".to_owned(),
            files: vec![office::DispatchFile { name: "预算.csv".to_owned(), content: "a,b\n".into() }],
            ..office::DispatchSent::default()
        }
    }

    #[test]
    fn the_payload_is_the_one_envelope() {
        let composed = compose(&sent(), &sealer()).expect("composed");
        let text = std::str::from_utf8(&composed.payload).expect("UTF-8");
        assert!(text.starts_with("{\"v\":1,\"msgId\":\"7d0f2f6e-3c53-4b0e-9c39-0d6f6f1c8a11\",\"docType\":\"请示\""));
        assert!(text.contains("\"secrecy\":\"NONE\"") && text.contains("\"sender\":\"town\""));
        let names: Vec<_> = composed.envelope.attachments.iter().map(|it| it.name.as_str()).collect();
        assert_eq!(names, ["正文.txt", "预算.csv"]);
        assert_eq!(composed.envelope.attachments[0].digest, Sm3Digest::of("妥否，请批示。".as_bytes()));
        assert_eq!(composed.contents[1], "a,b\n");
        assert_eq!(composed.envelope.urgency, None);
    }

    #[test]
    fn what_fits_no_envelope_is_told() {
        type Change = fn(&mut office::DispatchSent);
        let changes: [Change; 8] = [
            |it| it.message_id.clear(),
            |it| it.doc_type = "方案".to_owned(),
            |it| it.title.clear(),
            |it| it.issue_date = "2026-02-30".to_owned(),
            |it| it.due = "明天".to_owned(),
            |it| it.urgency = "火急".to_owned(),
            |it| it.openness = "保密".to_owned(),
            |it| it.title = "多".repeat(1_001),
        ];
        for change in changes {
            let mut sent = sent();
            change(&mut sent);
            let unsendable = compose(&sent, &sealer()).expect_err("it fits none");
            assert_eq!(unsendable.code, "RE-FORMAT");
            assert!(unsendable.told().starts_with("RE-FORMAT "));
        }
    }

    #[test]
    fn each_department_once_and_no_copy_for_a_main_addressee() {
        let recipient = |department: &str, copy| office::DispatchRecipient { department: department.to_owned(), copy };
        let recipients = vec![
            recipient("water", true),
            recipient("housing", true),
            recipient("水务", false),
            recipient("water", false),
        ];
        let (known, unknown) = super::recipients(&office::DispatchSent { recipients, ..sent() });
        let known: Vec<_> = known.iter().map(|(code, copy)| (code.as_str(), *copy)).collect();
        assert_eq!((known, unknown), (vec![("water", false), ("housing", true)], vec!["水务".to_owned()]));
    }
}
