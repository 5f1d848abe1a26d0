//! An envelope for tests of what stands on it.

use serde_json::json;
use vocabulary::Sm3Digest;

use super::*;

/// A paper of the city government's office to the town government, with every kind of value.
pub(crate) fn envelope() -> Envelope {
    Envelope {
        message_id: "7d0f2f6e-3c53-4b0e-9c39-0d6f6f1c8a11".parse().expect("a uuid"),
        doc_type: DocType::Notice,
        document_number: "昆政办发〔2026〕18号".to_owned(),
        title: "关于下放部分县级管理权限的通知".to_owned(),
        issuer: "昆山市人民政府办公室".to_owned(),
        signatory: None,
        main_to: vec!["张浦镇人民政府".to_owned()],
        copy_to: Vec::new(),
        urgency: Some(Urgency::Urgent),
        issue_date: vocabulary::time::parse_date("2026-03-02").expect("a day"),
        due: Some(vocabulary::time::parse_date("2026-03-09").expect("a day")),
        action_class: Some(ActionClass::Decide),
        openness: Some(Openness::OnApplication),
        ref_document_number: None,
        attachments: vec![AttachmentRef {
            name: "正文.ofd".to_owned(),
            size_bytes: 183_202,
            digest: Sm3Digest::of(b"x"),
        }],
        algorithm: "SM2-SM3".to_owned(),
        key_id: "k-1".to_owned(),
        sender: DepartmentCode::parse("government-office").expect("a department"),
        consent: None,
        agreed_by: vec!["甲".to_owned()],
        matters: 1,
        directive: Some(
            Directive::new(
                &json!({"annex": Sm3Digest::of(b"x").to_string(), "type": "GRANT_POWERS", "n": [1, {"a": null}]}),
            )
            .expect("a directive"),
        ),
    }
}
