//! A cell of the office and the reference that holds cases.

use conformance::reference;
use runtime::caller::ServiceName;
use runtime::db::{Db, Options};
use runtime::testing::{TestDb, TestTown};
use tempfile::TempDir;
use tonic::transport::Channel;
use townlink_proto::townlink::clock::v1 as clock;
use townlink_proto::townlink::clock::v1::clock_service_client::ClockServiceClient;
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::opinion_service_client::OpinionServiceClient;
use townlink_proto::townlink::office::v1::supervision_service_client::SupervisionServiceClient;
use vocabulary::Timestamp;

use crate::harness::fake_gateway::FAKE_GATEWAY;

const OFFICE: ServiceName = ServiceName("office");

/// Who does what in these tests.
const ROSTER: &[(&str, &str, &str, &str)] = &[
    ("chen", "CONSTRUCTION", "SUPERVISOR", "2012-01-01"),
    ("deng", "CONSTRUCTION", "SUPERVISOR", "2012-01-01"),
    ("tang", "CONSTRUCTION", "OPINION_GIVER", "2012-01-01"),
    ("xu", "SOCIAL", "SUPERVISOR", "2012-01-01"),
    ("zhu", "FINANCE", "OPINION_GIVER", "2012-01-01"),
    ("wei", "SERVICE", "RELAY_CLERK", "2012-01-01"),
    ("wei", "SERVICE", "REVIEWER", "2012-01-01"),
    ("he", "SERVICE", "RELAY_CLERK", "2012-01-01"),
    ("jiang", "ENFORCEMENT", "OFFICER", "2012-01-01"),
    ("li", "PERSONNEL", "HR_OFFICER", "2012-01-01"),
    ("zhao", "OFFICE", "GRANT_REGISTRAR", "2012-01-01"),
    ("qian", "OFFICE", "GRANT_CONFIRMER", "2012-01-01"),
    ("wang", "OFFICE", "RELAY_CHIEF", "2012-01-01"),
    ("zhou", "LEADERS", "HEAD", "2012-01-01"),
    // Was at the front desk while the seeded cases ran.
    ("feng", "CONSTRUCTION", "SUPERVISOR", "2026-01-01"),
];

/// The cell.
pub(crate) struct Town {
    running: TestTown,
    /// The office's database, for a look from outside.
    pub(crate) db: Db,
    /// The reference's database, and the folder that it is in.
    cases: Option<(TempDir, Db)>,
}

impl Town {
    /// Starts the cell.
    pub(crate) async fn start(db: &TestDb) -> Self {
        let folder = tempfile::tempdir().expect("a folder");
        let cases = format!("sqlite:{}", folder.path().join("cases.db").display());
        Self::run(db, Some((folder, cases))).await
    }

    /// Starts the office alone: no service that holds cases is configured.
    pub(crate) async fn start_alone(db: &TestDb) -> Self {
        Self::run(db, None).await
    }

    async fn run(db: &TestDb, cases: Option<(TempDir, String)>) -> Self {
        let entry = |person: &str, post: &str, role: &str, days: &str| {
            format!(
                "[[office.roster]]\nperson = '{person}'\npost = '{post}'\nrole = '{role}'\n{days}\n\
                 document = '张委组〔2012〕1号'\n"
            )
        };
        let roster =
            ROSTER.iter().map(|(person, post, role, from)| entry(person, post, role, &format!("from = '{from}'")));
        let earlier = entry("feng", "SERVICE", "REVIEWER", "from = '2012-01-01'\nto = '2026-01-01'");
        let roster: String = roster.chain([earlier]).collect();
        let holding = cases.as_ref().map(|(_, url)| format!("[services.service-center]\ndatabase = '{url}'\n"));
        let settings = format!(
            "[operations]\nlisten = 'off'\n[services.office]\ndatabase = '{}'\n{}{roster}",
            db.url(),
            holding.unwrap_or_default()
        );
        let blueprints = [office::BLUEPRINT, FAKE_GATEWAY, reference::BLUEPRINT];
        let started = if cases.is_some() { &blueprints[..] } else { &blueprints[..2] };
        let running = TestTown::start_with(started, &settings).await;
        let cases = match cases {
            Some((folder, url)) => {
                Some((folder, Db::open(&url, Options::default()).await.expect("the database opens")))
            }
            None => None,
        };
        Self { running, db: db.open(&office::MIGRATIONS).await, cases }
    }

    /// Ends the cell and starts it again on the same data.
    pub(crate) async fn restart(&mut self) {
        self.running.restart().await;
    }

    /// Lets the service that holds cases be away for whoever brings it something; with these words, or at home again.
    pub(crate) fn away(&self, words: Option<&str>) {
        let marker = self.running.folder().join(reference::AWAY);
        match words {
            Some(words) => std::fs::write(marker, words).expect("a marker"),
            None => std::fs::remove_file(marker).expect("the marker was there"),
        }
    }

    /// Ends the cell.
    pub(crate) async fn stop(self) {
        assert!(self.running.stop().await, "everything ends in time");
        self.db.close().await;
        if let Some((_, cases)) = &self.cases {
            cases.close().await;
        }
    }

    /// The reference's database.
    pub(crate) fn cases(&self) -> &Db {
        self.cases.as_ref().map(|(_, cases)| cases).expect("the reference runs")
    }

    /// The office, as somebody sees it.
    pub(crate) fn office(&self, identity: &str) -> Channel {
        self.running.client(OFFICE, identity)
    }

    /// The service that holds cases, as somebody sees it.
    pub(crate) fn case_service(&self, identity: &str) -> Channel {
        self.running.client(reference::NAME, identity)
    }

    /// Supervision, as a person sees it.
    pub(crate) fn supervision(&self, person: &str) -> SupervisionServiceClient<Channel> {
        SupervisionServiceClient::new(self.office(&format!("person/{person}")))
    }

    /// Joint reviews, as a person sees them.
    pub(crate) fn opinions(&self, person: &str) -> OpinionServiceClient<Channel> {
        OpinionServiceClient::new(self.office(&format!("person/{person}")))
    }

    /// Moves the office's clock.
    pub(crate) async fn advance(&self, to: &str) {
        let to: Timestamp = format!("{to}+08:00").parse().expect("an instant");
        let to = Some(prost_types::Timestamp { seconds: to.as_second(), nanos: to.subsec_nanosecond() });
        let mut clock = ClockServiceClient::new(self.office("operator/ops"));
        clock.advance_clock(clock::AdvanceClockRequest { to }).await.expect("the clock moves");
    }

    /// A supervision opinion, as a person sees it.
    pub(crate) async fn opinion(&self, person: &str, name: &str) -> pb::SupervisionOpinion {
        let request = pb::GetSupervisionOpinionRequest { name: name.to_owned() };
        self.supervision(person).get_supervision_opinion(request).await.expect("it is seen").into_inner()
    }

    /// A joint review, as a person sees it.
    pub(crate) async fn review(&self, person: &str, name: &str) -> pb::JointReview {
        let request = pb::GetJointReviewRequest { name: name.to_owned() };
        self.opinions(person).get_joint_review(request).await.expect("it is seen").into_inner()
    }
}

/// Waits until something is so.
pub(crate) async fn until<F: Future<Output = bool>>(mut holds: impl FnMut() -> F) {
    for _ in 0..600 {
        if holds().await {
            return;
        }
        tokio::time::sleep(std::time::Duration::from_millis(50)).await;
    }
    panic!("it did not come about in thirty seconds");
}
