//! The public list: for everyone to read, page by page and as a file.

use runtime::caller::Peer;
use runtime::testing::TestDb;
use tonic::transport::Channel;
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::public_list_service_client::PublicListServiceClient;
use vocabulary::Sm3Digest;

use super::{Desk, POWERS, date, grants_of, paper_of};

/// The sample powers granted from April 2012 on, and the list as a county department reads it.
async fn published(db: &TestDb) -> (Desk, PublicListServiceClient<Channel>) {
    let mut desk = Desk::open(db).await;
    desk.list(POWERS).await;
    desk.document(paper_of("昆政发〔2012〕1号", pb::DocumentType::Grant, "2012-03-01", "2012-03-10")).await;
    desk.grant(&grants_of("昆政发〔2012〕1号", "2012-04-01")).await;
    let county = desk.town.channel(&Peer::Auditor("audit".to_owned()));
    (desk, PublicListServiceClient::new(county))
}

fn on(day: &str) -> pb::ListPublicPowersRequest {
    pb::ListPublicPowersRequest { date: Some(date(day)), page_size: 2, ..Default::default() }
}

async fn codes(list: &mut PublicListServiceClient<Channel>, request: pb::ListPublicPowersRequest) -> Vec<String> {
    let (mut codes, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListPublicPowersRequest { page_token, ..request.clone() };
        let page = list.list_public_powers(request).await.expect("a page").into_inner();
        codes.extend(page.powers.into_iter().map(|power| power.power_code));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return codes;
        }
    }
}

async fn file(list: &mut PublicListServiceClient<Channel>, format: pb::ExportFormat) -> (Vec<u8>, i32) {
    let request = pb::ExportPublicListRequest { date: Some(date("2013-01-01")), format: format.into() };
    let mut pieces = list.export_public_list(request).await.expect("a file").into_inner();
    let mut file = Vec::new();
    while let Some(piece) = pieces.message().await.expect("a piece") {
        file.extend_from_slice(&piece.data);
        if !piece.digest.is_empty() {
            assert_eq!(piece.digest.as_ref(), Sm3Digest::of(&file).as_bytes());
            assert_eq!(pieces.message().await.expect("the end"), None);
            return (file, piece.entries);
        }
    }
    panic!("the file has no digest");
}

runtime::both_databases! {
    async fn everyone_reads_what_is_published_and_in_force(db: TestDb) {
        let (desk, mut list) = published(&db).await;
        assert_eq!(codes(&mut list, on("2012-03-31")).await, Vec::<String>::new());
        assert_eq!(codes(&mut list, on("2012-04-01")).await, ["P-02-A", "P-03-C", "P-07-B"]);
        let of = |change: fn(&mut pb::ListPublicPowersRequest)| {
            let mut request = on("2013-01-01");
            change(&mut request);
            request
        };
        assert_eq!(codes(&mut list, of(|it| it.kind = "07".to_owned())).await, ["P-07-B"]);
        assert_eq!(codes(&mut list, of(|it| it.field = "URBAN".to_owned())).await, ["P-02-A", "P-03-C"]);
        assert_eq!(codes(&mut list, of(|it| it.handler = "SERVICE".to_owned())).await, ["P-07-B"]);
        let first = list.list_public_powers(on("2013-01-01")).await.expect("a page").into_inner().powers.remove(0);
        assert_eq!((first.title.as_str(), first.holder.as_str(), first.exercise_name()), ("对占道经营的处罚", "town", pb::ExerciseName::Own));
        assert_eq!((first.document_number.as_str(), first.clause.as_str()), ("昆政发〔2012〕1号", "1"));
        assert_eq!((first.publish_date, first.publish_place.as_str()), (Some(date("2012-03-10")), "政府网站"));
        assert_eq!((first.supervisor.as_str(), first.complaint_channel.as_str()), ("CONSTRUCTION", "12345"));
        assert_eq!((first.bases.len(), first.answer()), (1, pb::HoldsResult::Yes));
        let today = list.list_public_powers(pb::ListPublicPowersRequest::default()).await.expect("a page").into_inner().powers;
        assert_eq!(today[0].answer(), pb::HoldsResult::BasisGap, "on the list, and not usable");
        let counts = list.count_public_powers(pb::CountPublicPowersRequest { date: Some(date("2013-01-01")) }).await;
        let counts: Vec<_> = counts.expect("counts").into_inner().counts.into_iter().map(|it| (it.kind, it.town, it.stationed)).collect();
        assert_eq!(counts, [("02".to_owned(), 1, 0), ("03".to_owned(), 1, 0), ("07".to_owned(), 1, 0)]);
        let wrong = of(|it| (it.kind, it.field, it.handler) = ("99".to_owned(), "?".to_owned(), "MAYOR".to_owned()));
        let status = list.list_public_powers(wrong).await.expect_err("malformed");
        let fields: Vec<_> = runtime::refusal::read(&status).expect("its faults").violations.into_iter().map(|it| it.field).collect();
        assert_eq!(fields, ["kind", "field", "handler"]);
        let odd = pb::ListPublicPowersRequest { page_token: "odd".to_owned(), ..on("2013-01-01") };
        assert_eq!(list.list_public_powers(odd).await.expect_err("malformed").code(), tonic::Code::InvalidArgument);
        desk.close().await;
    }

    async fn the_list_is_a_file_with_a_digest(db: TestDb) {
        let (desk, mut list) = published(&db).await;
        let (csv, entries) = file(&mut list, pb::ExportFormat::Csv).await;
        let csv = String::from_utf8(csv).expect("UTF-8");
        assert_eq!((csv.lines().count(), entries), (4, 3));
        assert!(csv.starts_with("事项编码,") && csv.contains("综合执法局"), "{csv}");
        let (json, entries) = file(&mut list, pb::ExportFormat::Json).await;
        let json: Vec<serde_json::Value> = serde_json::from_slice(&json).expect("JSON");
        assert_eq!((json.len(), entries), (3, 3));
        desk.close().await;
    }
}
