//! Papers, and the persons who work them.

use std::time::Duration;

use tonic::{Response, Status};
use townlink_proto::townlink::office::v1 as pb;

use crate::harness::{Town, fresh};

type Answer = Result<pb::Dispatch, Status>;

/// Who does what in these tests.
pub(super) fn roster() -> String {
    let rows = [
        ("wang", "OFFICE", "RELAY_CLERK"),
        ("chief", "OFFICE", "RELAY_CHIEF"),
        ("lawyer", "OFFICE", "LEGAL_REVIEWER"),
        ("sun", "CONSTRUCTION", "RELAY_CLERK"),
        ("wu", "FINANCE", "RELAY_CLERK"),
        ("zhou", "LEADERS", "HEAD"),
    ];
    let entry = |(person, post, role): (&str, &str, &str)| {
        format!(
            "[[office.roster]]\nperson = '{person}'\npost = '{post}'\nrole = '{role}'\nfrom = '2012-01-01'\n\
             document = '张委组〔2012〕1号'\n"
        )
    };
    rows.into_iter().map(entry).collect()
}

/// A letter of the town government to the city's education bureau.
pub(super) fn letter() -> pb::DispatchContent {
    pb::DispatchContent {
        issuer: "GOVERNMENT".to_owned(),
        doc_type: "函".to_owned(),
        title: "关于商请支持校车管理的函".to_owned(),
        text: "市教育局：\n请支持我镇校车管理工作。".to_owned(),
        main_to: vec!["昆山市教育局".to_owned()],
        openness: "依申请公开".to_owned(),
        ..pb::DispatchContent::default()
    }
}

/// A request of the town government to the city government.
pub(super) fn request(matter: &str) -> pb::DispatchContent {
    pb::DispatchContent {
        doc_type: "请示".to_owned(),
        title: format!("关于{matter}的请示"),
        text: format!("市人民政府：\n拟{matter}。妥否，请批示。"),
        main_to: vec!["昆山市人民政府".to_owned()],
        matters: vec![matter.to_owned()],
        ..letter()
    }
}

/// The persons at their desks.
pub(super) struct Desk<'t>(pub &'t Town);

macro_rules! steps {
    ($($step:ident, $method:ident, $request:ident { $($field:ident: $value:expr),* };)*) => {
        impl Desk<'_> {
            $(pub(super) async fn $step(&self, person: &str, name: &str) -> Answer {
                let request = pb::$request {
                    request_id: fresh(),
                    name: name.to_owned(),
                    etag: String::new(),
                    $($field: $value.to_owned(),)*
                };
                self.0.dispatches(person).$method(request).await.map(Response::into_inner)
            })*
        }
    };
}

steps! {
    review, review_dispatch, ReviewDispatchRequest { words: "" };
    legality, review_legality, ReviewLegalityRequest { words: "合法" };
    sign, sign_dispatch, SignDispatchRequest { words: "同意" };
    number, number_dispatch, NumberDispatchRequest {};
    void, void_number, VoidNumberRequest { reason: "内容有误" };
    seal, seal_dispatch, SealDispatchRequest {};
    send, send_dispatch, SendDispatchRequest {};
    urge, urge_dispatch, UrgeDispatchRequest { how: "电话", words: "市政府办答复正在研究" };
}

impl Desk<'_> {
    pub(super) async fn draft(&self, person: &str, content: pb::DispatchContent) -> Answer {
        let request = pb::DraftDispatchRequest { request_id: fresh(), content: Some(content) };
        self.0.dispatches(person).draft_dispatch(request).await.map(Response::into_inner)
    }

    pub(super) async fn revise(&self, person: &str, name: &str, content: pb::DispatchContent) -> Answer {
        let request = pb::ReviseDispatchRequest {
            request_id: fresh(),
            name: name.to_owned(),
            content: Some(content),
            etag: String::new(),
        };
        self.0.dispatches(person).revise_dispatch(request).await.map(Response::into_inner)
    }

    pub(super) async fn request_cosign(&self, person: &str, name: &str, institutions: &[&str]) -> Answer {
        let request = pb::RequestCosignRequest {
            request_id: fresh(),
            name: name.to_owned(),
            institutions: institutions.iter().map(|code| (*code).to_owned()).collect(),
            etag: String::new(),
        };
        self.0.dispatches(person).request_cosign(request).await.map(Response::into_inner)
    }

    pub(super) async fn cosign(&self, person: &str, name: &str, agrees: bool) -> Answer {
        let (words, etag) = ("意见如上".to_owned(), String::new());
        let request = pb::CosignDispatchRequest { request_id: fresh(), name: name.to_owned(), agrees, words, etag };
        self.0.dispatches(person).cosign_dispatch(request).await.map(Response::into_inner)
    }

    pub(super) async fn by_hand(&self, person: &str, name: &str, recipient: &str) -> Answer {
        let request = pb::RecordDeliveryRequest {
            request_id: fresh(),
            name: name.to_owned(),
            recipient: recipient.to_owned(),
            words: "收发室李某签收".to_owned(),
            etag: String::new(),
        };
        self.0.dispatches(person).record_delivery(request).await.map(Response::into_inner)
    }

    pub(super) async fn close(&self, person: &str, name: &str, words: &str) -> Answer {
        let (words, etag) = (words.to_owned(), String::new());
        let request = pb::CloseDispatchRequest { request_id: fresh(), name: name.to_owned(), words, etag };
        self.0.dispatches(person).close_dispatch(request).await.map(Response::into_inner)
    }

    pub(super) async fn get(&self, name: &str) -> pb::Dispatch {
        let request = pb::GetDispatchRequest { name: name.to_owned() };
        self.0.dispatches("wang").get_dispatch(request).await.expect("it is there").into_inner()
    }

    /// The names of all dispatches that a list shows.
    pub(super) async fn listed(&self, person: &str, mut request: pb::ListDispatchesRequest) -> Vec<String> {
        let mut names = Vec::new();
        loop {
            let page = self.0.dispatches(person).list_dispatches(request.clone()).await.expect("a page").into_inner();
            names.extend(page.dispatches.into_iter().map(|dispatch| dispatch.name));
            request.page_token = page.next_page_token;
            if request.page_token.is_empty() {
                return names;
            }
        }
    }

    /// A signed dispatch, by name.
    pub(super) async fn signed(&self, content: pb::DispatchContent) -> String {
        let name = self.draft("sun", content).await.expect("it is drafted").name;
        self.review("chief", &name).await.expect("it is reviewed");
        self.sign("zhou", &name).await.expect("it is signed");
        name
    }

    /// A sent dispatch, by name.
    pub(super) async fn sent(&self, content: pb::DispatchContent) -> String {
        let name = self.signed(content).await;
        self.number("wang", &name).await.expect("it has a number");
        self.seal("wang", &name).await.expect("it is sealed");
        self.send("wang", &name).await.expect("it is sent");
        name
    }
}

/// Waits for something that comes by itself.
pub(super) async fn until<F: Future<Output = bool>>(is: impl Fn() -> F) {
    for _ in 0..600 {
        if is().await {
            return;
        }
        tokio::time::sleep(Duration::from_millis(50)).await;
    }
    panic!("it does not come");
}
