//! The steps of §8.4 in short, for the tests of the work on papers.

use runtime::testing::TestDb;
use tonic::{Response, Status};
use townlink_proto::google::r#type::Date;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::Institution;

use crate::harness::{Chain, Draft, Town, fresh};

/// Who works papers in these tests.
const PEOPLE: &[(&str, &str, &str)] = &[
    ("wang", "OFFICE", "RELAY_CLERK"),
    ("chen", "OFFICE", "RELAY_CHIEF"),
    ("sun", "CONSTRUCTION", "RELAY_CLERK"),
    ("zhu", "CONSTRUCTION", "RELAY_CHIEF"),
    ("fang", "FINANCE", "RELAY_CLERK"),
    ("shi", "ECONOMY", "RELAY_CLERK"),
    ("fu", "SERVICE", "RELAY_CLERK"),
    ("he", "SOCIAL", "RELAY_CLERK"),
    ("zhou", "LEADERS", "HEAD"),
];

/// The roster of these tests, as settings.
pub(crate) fn roster() -> String {
    let entries = PEOPLE.iter().map(|(person, post, role)| {
        format!(
            "[[office.roster]]\nperson = '{person}'\npost = '{post}'\nrole = '{role}'\nfrom = '2012-01-01'\n\
             document = '张委组〔2012〕1号'\n"
        )
    });
    entries.collect()
}

/// The cell with the roster of these tests.
pub(crate) async fn start(db: &TestDb) -> Town {
    Town::start_with(db, &roster()).await.expect("the cell starts")
}

/// How a county paper is, besides what every draft is.
#[derive(Clone, Copy, Default)]
pub(crate) struct Kind {
    pub(crate) urgency: &'static str,
    pub(crate) class: &'static str,
    pub(crate) due: &'static str,
}

/// A class of action, and nothing else.
pub(crate) fn class(class: &'static str) -> Kind {
    Kind { class, ..Kind::default() }
}

/// The next delivery of a chain, of such a kind.
pub(crate) fn delivery(chain: &mut Chain, kind: Kind, draft: Draft) -> pb::DeliverRequest {
    let mut delivery = chain.next(draft);
    let summary = delivery.summary.as_mut().expect("a summary");
    kind.urgency.clone_into(&mut summary.urgency);
    kind.class.clone_into(&mut summary.action_class);
    kind.due.clone_into(&mut summary.due);
    delivery
}

pub(crate) type Done = Result<pb::InboxPaper, Status>;

/// What a person does with a paper.
pub(crate) struct By<'t> {
    town: &'t Town,
    person: &'t str,
    paper: &'t str,
}

/// A person at a paper.
pub(crate) fn by<'t>(town: &'t Town, person: &'t str, paper: &'t str) -> By<'t> {
    By { town, person, paper }
}

macro_rules! steps {
    ($($method:ident($request:ident) = $rpc:ident { $($field:ident: $type:ty),* };)*) => {
        $(
            pub(crate) async fn $method(&self $(, $field: $type)*) -> Done {
                let request = pb::$request {
                    request_id: fresh(),
                    name: self.paper.to_owned(),
                    $($field: $field.into(),)*
                    ..Default::default()
                };
                self.town.inbox(self.person).$rpc(request).await.map(Response::into_inner)
            }
        )*
    };
}

impl By<'_> {
    steps! {
        sign(SignForPaperRequest) = sign_for_paper {};
        register(RegisterPaperRequest) = register_paper { supersedes: &str };
        check(CheckPaperRequest) = check_paper {};
        instruct(InstructPaperRequest) = instruct_paper { text: &str };
        refuse(RefuseAssignmentRequest) = refuse_assignment { reason: &str };
        accept(AcceptAssignmentRequest) = accept_assignment {};
        part(FinishPartRequest) = finish_part { words: &str };
        read(MarkReadRequest) = mark_read {};
        report(ReportResultRequest) = report_result { result: &str };
        complete(CompletePaperRequest) = complete_paper {};
        send_back(SendBackResultRequest) = send_back_result { reason: &str };
        archive(ArchivePaperRequest) = archive_paper {};
        merge(MergePaperRequest) = merge_paper { into: &str, reason: &str };
        transfer(TransferPaperRequest) = transfer_paper { institution: &str, reason: &str };
        extend(RequestExtensionRequest) = request_extension { due: Date, reason: &str };
        grant(GrantExtensionRequest) = grant_extension { words: &str };
        deny(RefuseExtensionRequest) = refuse_extension { reason: &str };
    }

    pub(crate) async fn progress(&self, percent: i32) -> Done {
        let (words, evidence) = ("正在办理".to_owned(), vec!["会议纪要".to_owned()]);
        let (request_id, name) = (fresh(), self.paper.to_owned());
        let request = pb::ReportProgressRequest { request_id, name, percent, words, evidence, ..Default::default() };
        self.town.inbox(self.person).report_progress(request).await.map(Response::into_inner)
    }

    pub(crate) async fn assign(&self, wish: pb::AssignPaperRequest) -> Done {
        let request = pb::AssignPaperRequest { request_id: fresh(), name: self.paper.to_owned(), ..wish };
        self.town.inbox(self.person).assign_paper(request).await.map(Response::into_inner)
    }

    pub(crate) async fn decide(&self, lead: &str) -> Done {
        let request = pb::DecideAssignmentRequest {
            request_id: fresh(),
            name: self.paper.to_owned(),
            action_class: pb::PaperActionClass::Handle.into(),
            lead: lead.to_owned(),
            ..Default::default()
        };
        self.town.inbox(self.person).decide_assignment(request).await.map(Response::into_inner)
    }

    /// The paper as the person sees it.
    pub(crate) async fn get(&self) -> Done {
        let request = pb::GetInboxPaperRequest { name: self.paper.to_owned() };
        self.town.inbox(self.person).get_inbox_paper(request).await.map(Response::into_inner)
    }
}

/// An assignment to one lead.
pub(crate) fn to(lead: &str) -> pb::AssignPaperRequest {
    pb::AssignPaperRequest {
        action_class: pb::PaperActionClass::Handle.into(),
        lead: lead.to_owned(),
        ..Default::default()
    }
}

/// A paper of the office that has passed the check.
pub(crate) async fn checked(town: &Town, chain: &mut Chain, kind: Kind) -> String {
    let delivery = delivery(chain, kind, Draft::default());
    let name = town.deliver(delivery).await.expect("it is delivered").inbox_paper;
    let wang = by(town, "wang", &name);
    wang.sign().await.expect("signed for");
    wang.register("").await.expect("registered");
    wang.check().await.expect("checked");
    name
}

/// A paper of the office that FINANCE has accepted.
pub(crate) async fn accepted(town: &Town, chain: &mut Chain, kind: Kind) -> String {
    let name = checked(town, chain, kind).await;
    by(town, "wang", &name).assign(to("FINANCE")).await.expect("assigned");
    by(town, "fang", &name).accept().await.expect("accepted");
    name
}

/// The order of the county into OFFICE's inbox.
pub(crate) fn chain() -> Chain {
    Chain::into(Institution::Office)
}

/// The names of the papers that a list gives.
pub(crate) async fn list(town: &Town, person: &str, request: pb::ListInboxPapersRequest) -> Vec<String> {
    let answer = town.inbox(person).list_inbox_papers(request).await.expect("a list").into_inner();
    answer.papers.into_iter().map(|paper| paper.name).collect()
}

/// A list of OFFICE's inbox.
pub(crate) fn of_office() -> pb::ListInboxPapersRequest {
    pb::ListInboxPapersRequest { parent: "inboxes/OFFICE".to_owned(), ..Default::default() }
}
