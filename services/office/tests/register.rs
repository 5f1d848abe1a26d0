//! The register through its contracts: imports, documents, directives and look-ups.

mod data;
mod documents;
mod evaluations;
mod imports;
mod look_ups;
mod papers;
mod public;
mod replay;

use bytes::Bytes;
use runtime::testing::TestDb;
use sqlx::Row as _;
use tonic::Status;
use tonic::transport::Channel;
use townlink_proto::google::r#type::Date;
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::document_service_client::DocumentServiceClient;
use townlink_proto::townlink::office::v1::grant_service_client::GrantServiceClient;
use townlink_proto::townlink::office::v1::power_service_client::PowerServiceClient;

use crate::harness::{Town, digest, fresh};

/// Zhao registers and may confirm too, so that only the four eyes stop him; Qian confirms; Wang works the inbox and confirms.
const ROSTER: [(&str, &str); 5] = [
    ("zhao", "GRANT_REGISTRAR"),
    ("zhao", "GRANT_CONFIRMER"),
    ("qian", "GRANT_CONFIRMER"),
    ("wang", "RELAY_CLERK"),
    ("wang", "GRANT_CONFIRMER"),
];

/// A town with its register, and the clients of those who work it.
pub(crate) struct Desk {
    pub(crate) town: Town,
    pub(crate) powers: PowerServiceClient<Channel>,
    pub(crate) zhao: GrantServiceClient<Channel>,
    pub(crate) qian: GrantServiceClient<Channel>,
    pub(crate) zhao_documents: DocumentServiceClient<Channel>,
    pub(crate) qian_documents: DocumentServiceClient<Channel>,
    pub(crate) wang_documents: DocumentServiceClient<Channel>,
}

impl Desk {
    pub(crate) async fn open(db: &TestDb) -> Self {
        let entries = ROSTER.iter().map(|(person, role)| {
            format!(
                "[[office.roster]]\nperson = '{person}'\npost = 'OFFICE'\nrole = '{role}'\nfrom = '2012-01-01'\n\
                 document = '张委组〔2012〕1号'\n"
            )
        });
        let town = Town::start_with(db, &entries.collect::<String>()).await.expect("the cell starts");
        let [zhao, qian, wang] = ["zhao", "qian", "wang"].map(|person| town.person(person));
        Self {
            powers: PowerServiceClient::new(zhao.clone()),
            zhao: GrantServiceClient::new(zhao.clone()),
            qian: GrantServiceClient::new(qian.clone()),
            zhao_documents: DocumentServiceClient::new(zhao),
            qian_documents: DocumentServiceClient::new(qian),
            wang_documents: DocumentServiceClient::new(wang),
            town,
        }
    }

    /// Waits until whatever is due by the town's clock was told: what the timer does meanwhile must not slip between the looks
    /// at rows and journal.
    pub(crate) async fn settled(&self) {
        let now = self.town.now().await;
        for _ in 0..2_000 {
            let mut reader = self.town.db.read().await.expect("a connection");
            let row = sqlx::query("select count(*) from evaluations where next_us <= $1").bind(now);
            let waiting = row.fetch_one(reader.sql()).await.and_then(|row| row.try_get::<i64, _>(0)).expect("a count");
            drop(reader);
            if waiting == 0 {
                return;
            }
            tokio::time::sleep(std::time::Duration::from_millis(10)).await;
        }
        panic!("what is due was not told");
    }

    /// Checks that the journal explains every row, and ends.
    pub(crate) async fn close(self) {
        self.settled().await;
        replay::check(&self.town.db).await;
        crate::replay::check(&self.town.db).await;
        self.town.stop().await;
    }

    pub(crate) async fn import_powers(&mut self, csv: &str) -> pb::Import {
        let request = pb::ImportPowersRequest { request_id: fresh(), csv: bytes(csv), valid_from: None };
        self.zhao.import_powers(request).await.expect("an import").into_inner()
    }

    pub(crate) async fn import_grants(&mut self, csv: &str) -> pb::Import {
        let request = pb::ImportGrantsRequest { request_id: fresh(), csv: bytes(csv), ..Default::default() };
        self.zhao.import_grants(request).await.expect("an import").into_inner()
    }

    pub(crate) async fn confirm_import(&mut self, name: &str) -> pb::Import {
        let request = pb::ConfirmImportRequest { request_id: fresh(), name: name.to_owned(), etag: String::new() };
        self.qian.confirm_import(request).await.expect("a confirmation").into_inner()
    }

    /// Lists powers: drafted by Zhao, confirmed by Qian.
    pub(crate) async fn list(&mut self, csv: &str) -> pb::Import {
        let drafted = self.import_powers(csv).await;
        assert_eq!((drafted.state(), drafted.faults.as_slice()), (pb::ImportState::Draft, &[][..]));
        let confirmed = self.confirm_import(&drafted.name).await;
        assert_eq!(confirmed.state(), pb::ImportState::Confirmed, "{:?}", confirmed.faults);
        confirmed
    }

    /// Grants: drafted by Zhao, confirmed by Qian.
    pub(crate) async fn grant(&mut self, csv: &str) -> pb::Import {
        let drafted = self.import_grants(csv).await;
        assert_eq!((drafted.state(), drafted.faults.as_slice()), (pb::ImportState::Draft, &[][..]));
        let confirmed = self.confirm_import(&drafted.name).await;
        assert_eq!(confirmed.state(), pb::ImportState::Confirmed, "{:?}", confirmed.faults);
        confirmed
    }

    /// A document by hand: registered by Zhao, confirmed by Qian.
    pub(crate) async fn document(&mut self, document: pb::Document) -> pb::Document {
        let registered = self.register(document, "").await.expect("a document");
        self.confirm(&registered.name).await.expect("a confirmation")
    }

    pub(crate) async fn register(&mut self, document: pb::Document, annex: &str) -> Result<pb::Document, Status> {
        let request =
            pb::RegisterDocumentRequest { request_id: fresh(), document: Some(document), annex: bytes(annex) };
        self.zhao_documents.register_document(request).await.map(tonic::Response::into_inner)
    }

    pub(crate) async fn confirm(&mut self, name: &str) -> Result<pb::Document, Status> {
        self.qian_documents.confirm_document(confirmation(name)).await.map(tonic::Response::into_inner)
    }

    /// Asks who holds a power.
    pub(crate) async fn ask(&mut self, institution: &str, power: &str, on: &str) -> pb::HoldsResponse {
        let request = pb::HoldsRequest {
            institution: institution.to_owned(),
            power_code: power.to_owned(),
            date: Some(date(on)),
            ..pb::HoldsRequest::default()
        };
        self.powers.holds(request).await.expect("an answer").into_inner()
    }

    /// The answer to that question.
    pub(crate) async fn holds(&mut self, institution: &str, power: &str, on: &str) -> pb::HoldsResult {
        self.ask(institution, power, on).await.result()
    }
}

/// A confirmation of a document with an id of its own.
pub(crate) fn confirmation(name: &str) -> pb::ConfirmDocumentRequest {
    pb::ConfirmDocumentRequest { request_id: fresh(), name: name.to_owned(), etag: String::new() }
}

/// A document of the city government.
pub(crate) fn paper_of(number: &str, kind: pb::DocumentType, issued: &str, published: &str) -> pb::Document {
    pb::Document {
        document_number: number.to_owned(),
        title: "关于下放权力的通知".to_owned(),
        issuer: "昆山市人民政府".to_owned(),
        issue_date: Some(date(issued)),
        publish_date: (!published.is_empty()).then(|| date(published)),
        publish_place: if published.is_empty() { String::new() } else { "政府网站".to_owned() },
        r#type: kind.into(),
        digest: digest(number.as_bytes()),
        ..pb::Document::default()
    }
}

/// The faults of an import or a document, as row, column and code.
pub(crate) fn told(faults: &[townlink_proto::townlink::receiver::v1::Fault]) -> Vec<(i32, &str, &str)> {
    faults.iter().map(|fault| (fault.row, fault.column.as_str(), fault.code.as_str())).collect()
}

pub(crate) fn date(text: &str) -> Date {
    let parts: Vec<i32> = text.split('-').map(|part| part.parse().expect("a number")).collect();
    Date { year: parts[0], month: parts[1], day: parts[2] }
}

pub(crate) fn bytes(text: &str) -> Bytes {
    Bytes::copy_from_slice(text.as_bytes())
}

pub(crate) fn encoded(message: &impl prost::Message) -> Vec<u8> {
    message.encode_to_vec()
}

pub(crate) const POWERS: &str = "\
power_code,impl_code,name,kind,field,origin_department,basis,act,violation_basis,penalty_kinds,fine_min_yuan,fine_max_yuan,org_fine_min_yuan,org_fine_max_yuan,fine_rule,measures,related,related_to
P-02-A,,对占道经营的处罚,02,URBAN,市城市管理局,江苏省城市市容和环境卫生管理条例|地方性法规|第十条,占道经营,,警告;罚款,0,200,,,,,0,
P-02-B,,对无证行医的处罚,02,HEALTH,市卫生健康委员会,基本医疗卫生与健康促进法|法律|第九十九条,无证行医,,罚款,,,,,,,0,
P-03-C,,查封经营工具,03,URBAN,市城市管理局,江苏省城市市容和环境卫生管理条例|地方性法规|第十一条,,,,,,,,,查封,1,P-02-A
P-07-B,,居住情况确认,07,,市民政局,,,,,,,,,,,,
";

const GRANT_HEADER: &str = "power_code,mode,exercise_name,handler,supervisor,doc_no,clause,batch,from,to,published_date,published_place,withdraw_doc_no,provincial_basis_doc_no,scope_area,scope_amount_cap_fen,scope_target,next_evaluation";

/// A file of grants of the sample powers, all of one document and from one day on.
pub(crate) fn grants_of(document: &str, from: &str) -> String {
    grants(&[
        format!("P-02-A,CONFIRMED,OWN,ENFORCEMENT,CONSTRUCTION,{document},1,1,{from},,,,,,,,,"),
        format!("P-03-C,CONFIRMED,OWN,ENFORCEMENT,CONSTRUCTION,{document},2,1,{from},,,,,,,,,"),
        format!("P-07-B,ASSIGNED,OWN,SERVICE,,{document},3,1,{from},,,,,,,,,"),
    ])
}

/// A file of grants.
pub(crate) fn grants(rows: &[String]) -> String {
    format!("{GRANT_HEADER}\n{}\n", rows.join("\n"))
}
