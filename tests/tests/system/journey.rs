//! The way of a power from the county to the town and back, by papers: the same body in one process and in two, on both
//! databases.

use runtime::db::Backend;
use tests::act::{Act, code_of};
use tests::clients::Clients;
use tests::ledger;
use tests::paper::{Key, Paper};
use tests::setup::{self, GOVERNMENT, TODAY, TOWN_GOVERNMENT};
use tests::town::{Topology, Town};
use tests::wait::soon;
use townlink_proto::google::r#type::Date;
use townlink_proto::townlink::gateway::v1 as gateway;
use townlink_proto::townlink::office::v1 as office;

const SIGN_FOR: &str = "/townlink.office.v1.InboxService/SignForPaper";
const REGISTER: &str = "/townlink.office.v1.InboxService/RegisterPaper";
const CHECK: &str = "/townlink.office.v1.InboxService/CheckPaper";
const RETURN: &str = "/townlink.office.v1.InboxService/ReturnPaper";

/// A county and its town.
struct Story {
    clients: Clients,
    key: Key,
}

impl Story {
    /// Issues a paper and waits until it is in an inbox.
    async fn send(&self, paper: Paper, institution: &str, clerk: &str) -> office::InboxPaper {
        let sender = "county/government";
        let request = paper.sign(&self.key);
        let answer =
            Act::new(&self.clients, sender, "/townlink.gateway.v1.PaperService/IssuePaper", &request).insist().await;
        let receipt: gateway::Receipt = answer.reply();
        assert_eq!(setup::receipt_of(&receipt)["mode"], "SIMULATED", "the clock is moved by hand");
        soon("the paper is in the inbox", async || {
            let papers = setup::inbox_of(&self.clients, institution, clerk, office::InboxStage::Arrived).await;
            papers.into_iter().find(|paper| paper.paper == receipt.paper)
        })
        .await
    }

    /// Signs for a paper and registers it.
    async fn take(&self, paper: &office::InboxPaper, clerk: &str) -> office::InboxPaper {
        let request = office::SignForPaperRequest {
            request_id: setup::request_id(),
            name: paper.name.clone(),
            etag: String::new(),
        };
        let signed: office::InboxPaper = self.inbox(clerk, SIGN_FOR, &request).await;
        let request = office::RegisterPaperRequest {
            request_id: setup::request_id(),
            name: signed.name,
            etag: signed.etag,
            ..Default::default()
        };
        self.inbox(clerk, REGISTER, &request).await
    }

    async fn inbox(&self, clerk: &str, path: &'static str, request: &impl prost::Message) -> office::InboxPaper {
        Act::new(&self.clients, clerk, path, request).insist().await.reply()
    }

    /// Checks a paper with a directive, and has the document that it becomes confirmed by a second person.
    async fn carry_out(&self, paper: &office::InboxPaper) -> office::Document {
        let request = office::CheckPaperRequest {
            request_id: setup::request_id(),
            name: paper.name.clone(),
            ..Default::default()
        };
        let checked: office::InboxPaper = self.inbox("person/relay-clerk", CHECK, &request).await;
        assert_eq!(checked.stage(), office::InboxStage::Checked);
        let confirm = |person: &str| {
            let request = office::ConfirmDocumentRequest {
                request_id: setup::request_id(),
                name: checked.document.clone(),
                etag: String::new(),
            };
            Act::new(&self.clients, person, "/townlink.office.v1.DocumentService/ConfirmDocument", &request)
        };
        let same_person = confirm("person/relay-clerk").insist().await;
        assert_eq!(code_of(&same_person), "OV-FOUR-EYES");
        confirm("person/confirmer").insist().await.reply()
    }

    async fn receipts(&self, paper: &str, count: usize) -> Vec<gateway::ReceiptType> {
        soon("the receipts have come", async || {
            let papers = setup::papers_of(&self.clients, "government").await;
            let paper = papers.into_iter().find(|known| known.name == paper)?;
            (paper.receipts.len() >= count).then(|| paper.receipts.iter().map(gateway::Receipt::r#type).collect())
        })
        .await
    }
}

async fn journey(backend: Backend, topology: Topology) {
    let mut town = Town::with(backend, topology).await;
    let key = Key::sm2("government-2026");
    setup::register_key(&town.clients, "county/government", &key, &[GOVERNMENT]).await;
    setup::import_powers(&town.clients, 3).await;
    let powers: Vec<String> = (0..3).map(setup::power_code).collect();
    let story = Story { clients: town.clients.clone(), key };
    let clerk = "person/relay-clerk";
    assert_eq!(setup::holds(&town.clients, &powers[0]).await, office::HoldsResult::NoGrant);

    // The county grants.
    let number = "昆政发〔2026〕5号";
    let annex = setup::grants_csv(number, &powers).into_bytes();
    setup::put_attachment(&town.clients, "county/government", &annex).await.expect("the annex is taken");
    let paper = Paper::new("government", GOVERNMENT, TOWN_GOVERNMENT)
        .with("docNo", number)
        .attach("下放事项清单.csv", &annex)
        .with("directive", setup::grant_directive(&annex));
    let arrived = story.send(paper, "OFFICE", clerk).await;
    let registered = story.take(&arrived, clerk).await;
    let granted = story.carry_out(&registered).await;
    assert_eq!((granted.state(), granted.applied), (office::DocumentState::Confirmed, 3), "{:?}", granted.faults);
    for power in &powers {
        assert_eq!(setup::holds(&town.clients, power).await, office::HoldsResult::Yes);
    }
    let receipts = story.receipts(&arrived.paper, 2).await;
    assert_eq!(receipts, [gateway::ReceiptType::Received, gateway::ReceiptType::SignedFor]);

    // The county takes one back.
    let directive = serde_json::json!({"type": "WITHDRAW_POWERS", "to": "2026-04-01", "powers": [powers[0]], "transition": "TRANSFER"});
    let paper = Paper::new("government", GOVERNMENT, TOWN_GOVERNMENT)
        .with("docNo", "昆政发〔2026〕6号")
        .with("directive", directive);
    let arrived = story.send(paper, "OFFICE", clerk).await;
    let withdrawn = story.carry_out(&story.take(&arrived, clerk).await).await;
    assert_eq!((withdrawn.state(), withdrawn.applied), (office::DocumentState::Confirmed, 1), "{:?}", withdrawn.faults);
    for (power, date, expected) in [
        (&powers[0], Date { month: 3, day: 31, ..TODAY }, office::HoldsResult::Yes),
        (&powers[0], Date { month: 4, day: 1, ..TODAY }, office::HoldsResult::Ended),
        (&powers[1], Date { month: 4, day: 1, ..TODAY }, office::HoldsResult::Yes),
    ] {
        assert_eq!(setup::holds_on(&town.clients, power, date).await, expected, "{power} on {date:?}");
    }

    // A bureau returns what is not for it.
    let paper =
        Paper::new("government", GOVERNMENT, "建设与管理局").with("docNo", "昆政发〔2026〕7号").with("docType", "函");
    let bureau = "person/construction-clerk";
    let arrived = story.send(paper, "CONSTRUCTION", bureau).await;
    let registered = story.take(&arrived, bureau).await;
    let request = office::ReturnPaperRequest {
        request_id: setup::request_id(),
        name: registered.name,
        code: "RE-ADDRESSEE".to_owned(),
        reason: "不属于本局职责".to_owned(),
        etag: registered.etag,
    };
    let returned: office::InboxPaper = story.inbox(bureau, RETURN, &request).await;
    assert_eq!(returned.stage(), office::InboxStage::Returned);
    let receipts = story.receipts(&arrived.paper, 3).await;
    assert_eq!(receipts[1..], [gateway::ReceiptType::SignedFor, gateway::ReceiptType::Returned]);

    town.stop();
    ledger::check(&town.databases).await;
}

crate::both_databases! {
    async fn a_power_comes_and_goes_in_one_process(backend: Backend) {
        journey(backend, Topology::One).await;
    }

    async fn a_power_comes_and_goes_in_two_processes(backend: Backend) {
        journey(backend, Topology::Split).await;
    }
}
