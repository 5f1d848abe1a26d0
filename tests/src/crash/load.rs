//! Clients that behave as clients do: they repeat what had no answer, with the same request id, and never give up.

use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use tokio::task::JoinSet;
use townlink_proto::townlink::office::v1 as office;

use crate::act::Act;
use crate::clients::Clients;
use crate::paper::{Key, Paper};
use crate::random::Random;
use crate::raw::Answer;
use crate::setup;

/// Issues a paper.
pub const ISSUE: &str = "/townlink.gateway.v1.PaperService/IssuePaper";

/// Signs for a paper.
pub const SIGN_FOR: &str = "/townlink.office.v1.InboxService/SignForPaper";

/// Registers a document.
pub const REGISTER: &str = "/townlink.office.v1.DocumentService/RegisterDocument";

/// Confirms a document.
pub const CONFIRM: &str = "/townlink.office.v1.DocumentService/ConfirmDocument";

/// Who sends papers, in whose name, and to whom.
pub const SENDERS: [(&str, &str, &str); 3] = [
    ("government", setup::GOVERNMENT, setup::TOWN_GOVERNMENT),
    ("housing", "昆山市住房和城乡建设局", "建设与管理局"),
    ("ecology", "昆山市生态环境局", "建设与管理局"),
];

/// Whose inboxes are worked, and by whom.
pub const CLERKS: [(&str, &str); 2] = [("OFFICE", "person/relay-clerk"), ("CONSTRUCTION", "person/construction-clerk")];

/// Who confirms documents. Both try each; one wins.
const CONFIRMERS: [&str; 2] = ["person/confirmer", "person/relay-clerk"];

/// How many powers the documents of a run may grant.
const POWERS: usize = 3_000;

/// How many papers a clerk takes from the inbox at once.
const HANDFUL: i32 = 10;

/// One act in so many is repeated at once, though it was answered.
const REPEATED: u64 = 4;

/// The pause of a clerk whose inbox is empty, and after an attempt without an answer.
const PAUSE: Duration = Duration::from_millis(5);

/// The load, and what was answered so far.
#[derive(Debug)]
pub struct Load {
    shared: Arc<Shared>,
    tasks: JoinSet<()>,
}

#[derive(Debug)]
struct Shared {
    clients: Clients,
    ending: AtomicBool,
    unanswered: AtomicUsize,
    granted: AtomicUsize,
    done: Mutex<Vec<(Act, Answer)>>,
}

/// Registers keys and powers, and sets the clients to work.
pub async fn begin(clients: &Clients, random: &mut Random) -> Load {
    let shared = Arc::new(Shared {
        clients: clients.clone(),
        ending: AtomicBool::new(false),
        unanswered: AtomicUsize::new(0),
        granted: AtomicUsize::new(0),
        done: Mutex::default(),
    });
    setup::import_powers(clients, POWERS).await;
    let mut tasks = JoinSet::new();
    for (department, issuer, addressee) in SENDERS {
        let id = format!("{department}-2026");
        // One of them signs as directives must be signed; the others may do it faster.
        let key = if department == "government" { Key::sm2(&id) } else { Key::ed25519(&id) };
        setup::register_key(clients, &format!("county/{department}"), &key, &[issuer]).await;
        for _ in 0..2 {
            let paper = Paper::new(department, issuer, addressee);
            tasks.spawn(issue_papers(Arc::clone(&shared), department, paper, key.clone(), random.fork()));
        }
    }
    for (institution, clerk) in CLERKS {
        tasks.spawn(sign_for_papers(Arc::clone(&shared), institution, clerk));
    }
    for _ in 0..2 {
        tasks.spawn(hand_down_powers(Arc::clone(&shared)));
    }
    Load { shared, tasks }
}

impl Load {
    /// What was answered so far.
    #[must_use]
    pub fn acts(&self) -> Vec<(Act, Answer)> {
        self.shared.done.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    /// How many attempts had no answer.
    #[must_use]
    pub fn unanswered(&self) -> usize {
        self.shared.unanswered.load(Ordering::Relaxed)
    }

    /// Lets every client finish what it is at, and gives back all that was answered.
    ///
    /// # Panics
    /// Where a client failed.
    pub async fn end(mut self) -> Vec<(Act, Answer)> {
        self.shared.ending.store(true, Ordering::Relaxed);
        while let Some(ended) = self.tasks.join_next().await {
            ended.expect("a client ends by itself");
        }
        self.acts()
    }
}

impl Shared {
    fn ends(&self) -> bool {
        self.ending.load(Ordering::Relaxed)
    }

    /// Repeats an act until there is an answer, and keeps both.
    async fn perform(&self, act: Act) -> Answer {
        let answer = self.insist(&act).await;
        self.done.lock().unwrap_or_else(PoisonError::into_inner).push((act, answer.clone()));
        answer
    }

    async fn insist(&self, act: &Act) -> Answer {
        loop {
            if let Ok(answer) = act.attempt().await {
                return answer;
            }
            self.unanswered.fetch_add(1, Ordering::Relaxed);
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn issue_papers(shared: Arc<Shared>, department: &str, paper: Paper, key: Key, mut random: Random) {
    while !shared.ends() {
        let request = paper.clone().with_new_id().sign(&key);
        let act = Act::new(&shared.clients, &format!("county/{department}"), ISSUE, &request);
        let answer = shared.perform(act.clone()).await;
        if random.below(REPEATED) == 0 {
            assert_eq!(shared.insist(&act).await, answer, "a paper that is issued again gets the same receipt");
        }
    }
}

async fn sign_for_papers(shared: Arc<Shared>, institution: &str, clerk: &str) {
    let list = "/townlink.office.v1.InboxService/ListInboxPapers";
    while !shared.ends() {
        let arrived = office::ListInboxPapersRequest {
            parent: format!("inboxes/{institution}"),
            page_size: HANDFUL,
            stage: office::InboxStage::Arrived.into(),
            ..Default::default()
        };
        let page = shared.insist(&Act::new(&shared.clients, clerk, list, &arrived)).await;
        let papers = page.reply::<office::ListInboxPapersResponse>().papers;
        for paper in &papers {
            let request = office::SignForPaperRequest {
                request_id: setup::request_id(),
                name: paper.name.clone(),
                etag: String::new(),
            };
            shared.perform(Act::new(&shared.clients, clerk, SIGN_FOR, &request)).await;
        }
        if papers.is_empty() {
            tokio::time::sleep(PAUSE).await;
        }
    }
}

async fn hand_down_powers(shared: Arc<Shared>) {
    while !shared.ends() {
        let number = shared.granted.fetch_add(1, Ordering::Relaxed);
        if number >= POWERS {
            return;
        }
        let document = format!("昆政发〔2026〕{}号", number + 1);
        let request = setup::register_document(&document, &[setup::power_code(number)]);
        let registered = shared.perform(Act::new(&shared.clients, "person/registrar", REGISTER, &request)).await;
        let name = registered.reply::<office::Document>().name;
        let confirm = |person: &str| {
            let request = office::ConfirmDocumentRequest {
                request_id: setup::request_id(),
                name: name.clone(),
                etag: String::new(),
            };
            Act::new(&shared.clients, person, CONFIRM, &request)
        };
        let [one, other] = CONFIRMERS;
        tokio::join!(shared.perform(confirm(one)), shared.perform(confirm(other)));
    }
}
