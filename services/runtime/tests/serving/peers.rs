//! Who gets in, and as whom.

use bytes::Bytes;
use http_body_util::{BodyExt as _, Full};
use prost::Message as _;
use runtime::caller::{Cell, Peer, ServiceName};
use runtime::db::{Db, Options};
use runtime::pki::{Authority, IdentityFiles};
use runtime::refusal::read;
use runtime::testing::town::VALIDITY;
use runtime::testing::{TestTown, fresh_request_id, journal_entries};
use tonic::transport::Channel;
use tonic::{Code, Request, Status};
use tower::{Service as _, ServiceExt as _};
use townlink_proto::townlink::clock::v1 as clock;
use townlink_proto::townlink::clock::v1::clock_service_client::ClockServiceClient;
use townlink_proto::townlink::journal::v1::journal_service_client::JournalServiceClient;
use townlink_proto::townlink::journal::v1::{ListRefusalsRequest, RecordedRefusal, Refused};
use townlink_proto::townlink::receiver::v1::ApplyRequest;
use townlink_proto::townlink::receiver::v1::receiver_service_client::ReceiverServiceClient;

use super::example::SERVICE;

const LEDGER: ServiceName = SERVICE.name;

/// Sends a request with bare hands: the headers, body and trailers of the answer, without what differs from call to call.
pub async fn exchange(town: &TestTown, request: &ApplyRequest) -> (Vec<(String, Bytes)>, Bytes) {
    let mut body = vec![0];
    body.extend_from_slice(&u32::try_from(request.encoded_len()).expect("small").to_be_bytes());
    body.extend_from_slice(&request.encode_to_vec());
    let request = http::Request::post("/townlink.receiver.v1.ReceiverService/Apply")
        .header("content-type", "application/grpc")
        .body(tonic::body::Body::new(Full::new(Bytes::from(body))))
        .expect("a request");
    let mut channel = town.client(LEDGER, "service/office");
    let response = channel.ready().await.expect("connected").call(request).await.expect("answered");
    let (parts, body) = response.into_parts();
    let collected = body.collect().await.expect("a whole body");
    let trailers = collected.trailers().cloned().unwrap_or_default();
    let told = |headers: http::HeaderMap| {
        let kept = headers.into_iter().filter_map(|(name, value)| Some((name?, value)));
        let kept = kept
            .filter(|(name, _)| name != "date")
            .map(|(name, value)| (name.to_string(), Bytes::copy_from_slice(value.as_bytes())));
        kept.collect::<Vec<_>>()
    };
    let mut headers = told(parts.headers);
    headers.extend(told(trailers));
    (headers, collected.to_bytes())
}

async fn time(channel: Channel) -> Result<(), Status> {
    ClockServiceClient::new(channel).get_clock(clock::GetClockRequest {}).await.map(|_| ())
}

async fn apply(channel: Channel) -> Result<(), Status> {
    let request = ApplyRequest { request_id: fresh_request_id().to_string(), ..ApplyRequest::default() };
    ReceiverServiceClient::new(channel).apply(request).await.map(|_| ())
}

#[tokio::test]
async fn every_kind_of_identity_is_known() {
    let town = TestTown::start(&[SERVICE]).await;
    for identity in ["service/office", "county/housing", "person/li", "auditor/a", "operator/o", "citizen/c"] {
        time(town.client(LEDGER, identity)).await.unwrap_or_else(|status| panic!("{identity}: {status}"));
    }
}

#[tokio::test]
async fn only_a_named_service_does_what_is_for_services() {
    let town = TestTown::start(&[SERVICE]).await;
    apply(town.client(LEDGER, "service/office")).await.expect("named");
    for identity in ["service/gateway", "county/housing", "person/li", "auditor/a", "operator/o", "citizen/c"] {
        let status = apply(town.client(LEDGER, identity)).await.expect_err("denied");
        let seen = read(&status).expect("a refusal");
        assert_eq!((status.code(), seen.code.as_str()), (Code::PermissionDenied, "OV-ACCESS"), "{identity}");
        assert_eq!(seen.domain, "ledger.townlink");
    }
}

#[tokio::test]
async fn a_denial_is_journalled_up_to_a_rate() {
    let town = TestTown::start_with(&[SERVICE], "limits.denials_per_minute = 3").await;
    for _ in 0..5 {
        apply(town.client(LEDGER, "county/housing")).await.expect_err("denied");
    }
    apply(town.client(LEDGER, "person/wang")).await.expect_err("another one is denied");
    time(town.client(LEDGER, "county/housing")).await.expect("what is allowed is no denial");
    let keys = town.loaded().settings.keys(LEDGER).expect("the settings of the ledger");
    let db = Db::open(keys.database.expose(), Options::default()).await.expect("opens");
    let denied: Vec<_> = journal_entries(&db).await.into_iter().filter_map(|entry| entry.entry.payload).collect();
    let by = |principal: &str| denied.iter().filter(|payload| payload.principal == principal).count();
    assert_eq!((by("county/housing"), by("unassigned"), denied.len()), (3, 1, 4));
    assert_eq!(denied.last().map(|payload| payload.person.as_str()), Some("wang"));
    let what = Refused::decode(&*denied[0].event).expect("a refusal");
    assert_eq!(
        (what.method.as_str(), what.code.as_str()),
        ("/townlink.receiver.v1.ReceiverService/Apply", "OV-ACCESS")
    );
}

#[tokio::test]
async fn refusals_are_seen_by_those_who_supervise() {
    let town = TestTown::start(&[SERVICE]).await;
    let mut clock = ClockServiceClient::new(town.client(LEDGER, "operator/o"));
    for (minute, identity) in (0_i64..).zip(["county/housing", "person/zhao", "person/qian"]) {
        let to = prost_types::Timestamp { seconds: 1_775_000_000 + 60 * minute, nanos: 0 };
        clock.advance_clock(clock::AdvanceClockRequest { to: Some(to) }).await.expect("moved");
        apply(town.client(LEDGER, identity)).await.expect_err("denied");
    }
    let seen = async |identity: &str, page_size, page_token, institution: &str| {
        let mut journal = JournalServiceClient::new(town.client(LEDGER, identity));
        let institution = institution.to_owned();
        let listed =
            journal.list_refusals(ListRefusalsRequest { page_size, page_token, institution }).await?.into_inner();
        let who = |it: &RecordedRefusal| format!("{}/{}", it.principal, it.person);
        Ok::<_, Status>((listed.refusals.iter().map(who).collect::<Vec<_>>(), listed))
    };
    let all = ["institution/CONSTRUCTION/qian", "institution/ENFORCEMENT/zhao", "county/housing/"];
    let (office, listed) = seen("person/li", 0, String::new(), "").await.expect("OFFICE sees all");
    assert_eq!(office, all);
    let refused = listed.refusals[1].refused.as_ref().expect("what was refused");
    assert_eq!((refused.code.as_str(), refused.method.rsplit('/').next()), ("OV-ACCESS", Some("Apply")));
    assert!(listed.refusals.iter().all(|it| it.recorded_time.is_some()));
    let (front, _) = seen("person/qian", 0, String::new(), "").await.expect("a back institution sees the front");
    assert_eq!(front, all[1..2]);
    let (own, _) = seen("person/qian", 0, String::new(), "CONSTRUCTION").await.expect("nothing");
    assert!(own.is_empty(), "{own:?}");
    let (one, _) = seen("person/li", 0, String::new(), "CONSTRUCTION").await.expect("one institution");
    assert_eq!(one, all[..1]);
    let (mut token, mut paged) = (String::new(), Vec::new());
    loop {
        let (page, listed) = seen("person/li", 1, token, "").await.expect("a page");
        paged.extend(page);
        token = listed.next_page_token;
        if token.is_empty() {
            break;
        }
    }
    assert_eq!(paged, all);
    for identity in ["person/zhao", "county/housing", "auditor/a", "operator/o", "citizen/c", "service/office"] {
        let status = seen(identity, 0, String::new(), "").await.expect_err("no supervisor");
        assert_eq!(read(&status).map(|seen| seen.code), Some("OV-ACCESS".to_owned()), "{identity}");
    }
    let status = seen("person/li", 0, String::new(), "NOWHERE").await.expect_err("no institution");
    assert_eq!(status.code(), Code::InvalidArgument);
}

#[tokio::test]
async fn a_person_without_a_post_is_refused_and_one_whose_post_is_unknown_waits() {
    let town = TestTown::start(&[SERVICE]).await;
    let status = time(town.client(LEDGER, "person/wang")).await.expect_err("no assignment");
    assert_eq!(read(&status).map(|seen| seen.code), Some("OV-NO-ROLE".to_owned()));
    let status = time(town.client(LEDGER, "person/away")).await.expect_err("the roster is away");
    assert_eq!(status.code(), Code::Unavailable);
}

#[tokio::test]
async fn a_certificate_of_another_authority_does_not_connect() {
    let town = TestTown::start(&[SERVICE]).await;
    let cell = Cell::parse("zhangpu.kunshan").expect("a cell");
    let folder = town.folder().join("stranger");
    let stranger = Authority::create(&folder, &cell, VALIDITY).expect("an authority");
    let peer = Peer::Service(ServiceName("office"));
    let files = IdentityFiles::in_folder(&folder, "office");
    stranger.issue(&peer, &[], VALIDITY).and_then(|issued| issued.write(&files)).expect("a certificate");
    let status = apply(town.client_with(LEDGER, &files).channel()).await.expect_err("unknown");
    // TLS 1.3 tells a client of its refusal after its own half of the handshake: before the call, or in the middle of it.
    assert!(matches!(status.code(), Code::Unavailable | Code::Unknown), "{status}");
    assert!(read(&status).is_none(), "nobody of the cell speaks to it");
}

#[tokio::test]
async fn a_certificate_of_another_cell_is_unauthenticated() {
    let town = TestTown::start(&[SERVICE]).await;
    let cell = Cell::parse("bacheng.kunshan").expect("a cell");
    // The same authority may serve several towns of a county.
    let same = Authority::open(&town.folder().join("pki"), &cell).expect("the authority");
    let files = IdentityFiles::in_folder(&town.folder().join("bacheng"), "office");
    let peer = Peer::Service(ServiceName("office"));
    same.issue(&peer, &[], VALIDITY).and_then(|issued| issued.write(&files)).expect("a certificate");
    let status = time(town.client_with(LEDGER, &files).channel()).await.expect_err("foreign");
    assert_eq!((status.code(), status.message()), (Code::Unauthenticated, "the certificate belongs to another cell"));
}

#[tokio::test]
async fn a_token_is_taken_from_services_only_and_only_if_it_is_true() {
    let town = TestTown::start(&[SERVICE]).await;
    for identity in ["county/housing", "person/li", "service/office"] {
        let mut request = Request::new(clock::GetClockRequest {});
        request.metadata_mut().insert("townlink-caller", "Zm9yZ2Vk.Zm9yZ2Vk".parse().expect("ascii"));
        let asked = ClockServiceClient::new(town.client(LEDGER, identity)).get_clock(request).await;
        assert_eq!(asked.expect_err("forged").code(), Code::Unauthenticated, "{identity}");
    }
}

#[tokio::test]
async fn health_is_for_everyone_and_reflection_for_whoever_is_known() {
    use tonic_reflection::pb::v1::server_reflection_request::MessageRequest;
    use tonic_reflection::pb::v1::server_reflection_response::MessageResponse;
    use tonic_reflection::pb::v1::{ServerReflectionRequest, server_reflection_client::ServerReflectionClient};

    let town = TestTown::start(&[SERVICE]).await;
    let question = tonic_health::pb::HealthCheckRequest::default();
    for identity in ["citizen/c", "person/wang"] {
        let mut health = tonic_health::pb::health_client::HealthClient::new(town.client(LEDGER, identity));
        let answer = health.check(question.clone()).await.expect("served").into_inner();
        assert_eq!(answer.status(), tonic_health::pb::health_check_response::ServingStatus::Serving);
    }
    let list = || {
        let question = MessageRequest::ListServices(String::new());
        futures::stream::iter([ServerReflectionRequest { host: String::new(), message_request: Some(question) }])
    };
    let mut known = ServerReflectionClient::new(town.client(LEDGER, "county/housing"));
    let mut answers = known.server_reflection_info(list()).await.expect("served").into_inner();
    let answer = answers.message().await.expect("an answer").and_then(|answer| answer.message_response);
    let Some(MessageResponse::ListServicesResponse(services)) = answer else { panic!("no list") };
    let names: Vec<String> = services.service.into_iter().map(|service| service.name).collect();
    assert!(names.contains(&"townlink.receiver.v1.ReceiverService".to_owned()), "{names:?}");
    assert!(!names.contains(&"townlink.office.v1.RosterService".to_owned()), "{names:?}");
    let mut unknown = ServerReflectionClient::new(town.client(LEDGER, "person/wang"));
    assert_eq!(unknown.server_reflection_info(list()).await.expect_err("refused").code(), Code::Unimplemented);
}

#[tokio::test]
async fn what_no_contract_has_is_not_served() {
    let town = TestTown::start(&[SERVICE]).await;
    let mut roster = townlink_proto::townlink::office::v1::roster_service_client::RosterServiceClient::new(
        town.client(LEDGER, "service/office"),
    );
    let status = roster.get_standing(townlink_proto::townlink::office::v1::GetStandingRequest::default()).await;
    assert_eq!(status.expect_err("not here").code(), Code::Unimplemented);
}
