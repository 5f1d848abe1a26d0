//! Papers as a county department signs them, written from relay-and-sharing.md §8.2 and not with the gateway's own writer: what
//! the two disagree about fails here.

use std::sync::Arc;

use bytes::Bytes;
use runtime::signing::{Signer, SoftEd25519, SoftSm2, soft_signer};
use serde_json::{Value, json};
use townlink_proto::townlink::gateway::v1::IssuePaperRequest;
use townlink_proto::townlink::values::v1::Signature;
use uuid::Uuid;
use vocabulary::Sm3Digest;

/// A key that signs papers.
#[derive(Clone, Debug)]
pub struct Key {
    /// The registered id.
    pub id: String,
    /// The private half.
    pub signer: Arc<dyn Signer>,
}

impl Key {
    /// A new SM2 key.
    #[must_use]
    pub fn sm2(id: &str) -> Self {
        Self { id: id.to_owned(), signer: Arc::new(SoftSm2::generate().expect("the system gives random bytes")) }
    }

    /// A new Ed25519 key, for many papers without directives.
    #[must_use]
    pub fn ed25519(id: &str) -> Self {
        Self { id: id.to_owned(), signer: Arc::new(SoftEd25519::generate().expect("the system gives random bytes")) }
    }

    /// The key in a PKCS#8 PEM file.
    #[must_use]
    pub fn of_pem(id: &str, pem: &str) -> Self {
        Self { id: id.to_owned(), signer: soft_signer(pem).expect("the key can be read") }
    }

    /// The signature over the payload of a paper.
    #[must_use]
    pub fn sign(&self, payload: &[u8]) -> Signature {
        Signature {
            key_id: self.id.clone(),
            algorithm: self.signer.algorithm().to_string(),
            value: self.signer.sign(payload).expect("a software key signs").into(),
        }
    }
}

/// A paper before it is signed: the keys of the payload in their order.
#[derive(Clone, Debug)]
pub struct Paper {
    fields: serde_json::Map<String, Value>,
}

impl Paper {
    /// A notice of the sender's issuer to one addressee, dated on the demo's first day.
    #[must_use]
    pub fn new(sender: &str, issuer: &str, main_to: &str) -> Self {
        let fields = json!({
            "v": 1,
            "msgId": Uuid::new_v4().to_string(),
            "docType": "通知",
            "docNo": "昆政发〔2026〕1号",
            "title": "关于做好近期工作的通知",
            "issuer": issuer,
            "signatory": null,
            "mainTo": [main_to],
            "copyTo": [],
            "urgency": null,
            "issueDate": "2026-03-02",
            "due": null,
            "actionClass": "阅知",
            "secrecy": "NONE",
            "openness": "依申请公开",
            "refDocNo": null,
            "attachments": [],
            "alg": "SM2-SM3",
            "keyId": "",
            "sender": sender,
            "consent": null,
            "agreedBy": [],
            "matters": 1,
        });
        let Value::Object(fields) = fields else { unreachable!("the literal above is an object") };
        Self { fields }
    }

    /// Sets a key of the payload, which keeps its place.
    #[must_use]
    pub fn with(mut self, key: &str, value: impl Into<Value>) -> Self {
        self.fields.insert(key.to_owned(), value.into());
        self
    }

    /// The same paper under an id that was never used.
    #[must_use]
    pub fn with_new_id(self) -> Self {
        self.with("msgId", Uuid::new_v4().to_string())
    }

    /// Names an attachment.
    #[must_use]
    pub fn attach(mut self, name: &str, content: &[u8]) -> Self {
        let attachment =
            json!({"name": name, "size": content.len(), "alg": "SM3", "digest": Sm3Digest::of(content).to_string()});
        if let Some(Value::Array(attachments)) = self.fields.get_mut("attachments") {
            attachments.push(attachment);
        }
        self
    }

    /// The message id.
    #[must_use]
    pub fn id(&self) -> String {
        self.fields.get("msgId").and_then(Value::as_str).unwrap_or_default().to_owned()
    }

    /// The signed request.
    #[must_use]
    pub fn sign(self, key: &Key) -> IssuePaperRequest {
        let id = self.id();
        let paper = self.with("alg", key.signer.algorithm().as_str()).with("keyId", key.id.as_str());
        let payload = Bytes::from(Value::Object(paper.fields).to_string());
        let signatures = vec![key.sign(&payload)];
        IssuePaperRequest { request_id: id, payload, signatures, send_time: None }
    }
}
