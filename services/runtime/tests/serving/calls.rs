//! Calls through every layer: replay, refusals, panics, deadlines, bounds.

use std::time::Duration;

use runtime::caller::ServiceName;
use runtime::refusal::{TRACE_HEADER, read};
use runtime::testing::{TestTown, fresh_request_id};
use tonic::transport::Channel;
use tonic::{Code, Request};
use townlink_proto::townlink::journal::v1 as journal;
use townlink_proto::townlink::journal::v1::journal_service_client::JournalServiceClient;
use townlink_proto::townlink::receiver::v1::ApplyRequest;
use townlink_proto::townlink::receiver::v1::receiver_service_client::ReceiverServiceClient;

use super::example::SERVICE;

const LEDGER: ServiceName = SERVICE.name;

fn receiver(town: &TestTown) -> ReceiverServiceClient<Channel> {
    ReceiverServiceClient::new(town.client(LEDGER, "service/office"))
}

fn apply(kind: &str) -> ApplyRequest {
    ApplyRequest {
        request_id: fresh_request_id().to_string(),
        directive_type: kind.to_owned(),
        ..ApplyRequest::default()
    }
}

#[tokio::test]
async fn a_repetition_gets_the_same_answer_however_late() {
    let mut town = TestTown::start(&[SERVICE]).await;
    let request = apply("GRANT_POWERS");
    let first = receiver(&town).apply(request.clone()).await.expect("applied").into_inner();
    assert_eq!(first.applied, 1);
    let other = receiver(&town).apply(apply("GRANT_POWERS")).await.expect("applied").into_inner();
    assert_eq!(other.applied, 2, "another id is another request");
    assert_eq!(receiver(&town).apply(request.clone()).await.expect("answered").into_inner(), first);
    town.restart().await;
    assert_eq!(receiver(&town).apply(request).await.expect("answered").into_inner(), first);
}

#[tokio::test]
async fn a_repetition_is_answered_byte_for_byte() {
    let town = TestTown::start(&[SERVICE]).await;
    for kind in ["GRANT_POWERS", "UNKNOWN"] {
        let request = apply(kind);
        let first = super::peers::exchange(&town, &request).await;
        let second = super::peers::exchange(&town, &request).await;
        assert_eq!(first, second, "{kind}");
    }
}

#[tokio::test]
async fn a_known_id_with_another_request_is_refused() {
    let town = TestTown::start(&[SERVICE]).await;
    let request = apply("GRANT_POWERS");
    receiver(&town).apply(request.clone()).await.expect("applied");
    let other = ApplyRequest { document_number: "昆政发〔2026〕1号".to_owned(), ..request };
    let status = receiver(&town).apply(other).await.expect_err("refused");
    let seen = read(&status).expect("a refusal");
    assert_eq!((status.code(), seen.code.as_str()), (Code::InvalidArgument, "OV-REQUEST-REUSED"));
    assert_eq!(seen.domain, "ledger.townlink");
}

#[tokio::test]
async fn a_refusal_is_told_with_its_law_and_its_remedy() {
    let town = TestTown::start(&[SERVICE]).await;
    let request = apply("UNKNOWN");
    let status = receiver(&town).apply(request.clone()).await.expect_err("refused");
    let seen = read(&status).expect("a refusal");
    assert_eq!((seen.code.as_str(), seen.remedy.as_str()), ("RE-DIRECTIVE", "请核对指令类型"));
    let again = receiver(&town).apply(request).await.expect_err("refused again");
    assert_eq!(status.details(), again.details());
}

#[tokio::test]
async fn a_request_without_an_id_is_malformed() {
    let town = TestTown::start(&[SERVICE]).await;
    for id in ["", "1", "00000000-0000-0000-0000-000000000000"] {
        let request = ApplyRequest { request_id: id.to_owned(), ..apply("GRANT_POWERS") };
        let status = receiver(&town).apply(request).await.expect_err("refused");
        assert_eq!(status.code(), Code::InvalidArgument);
        assert_eq!(read(&status).expect("details").violations[0].field, "request_id");
    }
}

#[tokio::test]
async fn a_panic_is_an_internal_failure_and_the_service_lives() {
    let town = TestTown::start(&[SERVICE]).await;
    let mut client = receiver(&town);
    let status = client.apply(apply("PANIC")).await.expect_err("it panics");
    assert_eq!((status.code(), status.message()), (Code::Internal, "internal failure"));
    assert!(status.metadata().get(TRACE_HEADER).is_some());
    client.apply(apply("GRANT_POWERS")).await.expect("the same connection serves on");
}

#[tokio::test]
async fn a_call_ends_with_its_deadline() {
    let town = TestTown::start_with(&[SERVICE], "limits.deadline_default_ms = 100").await;
    let mut client = receiver(&town);
    assert_eq!(client.apply(apply("SLEEP")).await.expect_err("the default is over").code(), Code::DeadlineExceeded);
    let mut request = Request::new(apply("NAP"));
    request.set_timeout(Duration::from_secs(30));
    client.apply(request).await.expect("the caller waits longer than the default");
}

#[tokio::test]
async fn a_message_that_is_too_large_is_refused() {
    let town = TestTown::start_with(&[SERVICE], "limits.message_bytes_max = 1000").await;
    let mut client = receiver(&town);
    let large = |length: usize| ApplyRequest { annex: vec![b'x'; length].into(), ..apply("GRANT_POWERS") };
    client.apply(large(500)).await.expect("small enough");
    for length in [1_000, 100_000] {
        assert_eq!(client.apply(large(length)).await.expect_err("too large").code(), Code::ResourceExhausted);
    }
    client.apply(large(10)).await.expect("the same connection serves on");
}

#[tokio::test]
async fn calls_beyond_the_limit_are_refused_at_once() {
    let town = TestTown::start_with(&[SERVICE], "limits.calls_max = 1").await;
    let (mut one, mut other) = (receiver(&town), receiver(&town));
    let (one, other) = tokio::join!(one.apply(apply("NAP")), other.apply(apply("NAP")));
    let refused = [one, other].into_iter().filter_map(Result::err).collect::<Vec<_>>();
    assert_eq!(refused.len(), 1, "one of the two is served");
    assert_eq!(refused[0].code(), Code::ResourceExhausted);
}

#[tokio::test]
async fn a_stream_ends_with_its_life_and_is_resumed_by_position() {
    let town = TestTown::start_with(&[SERVICE], "limits.stream_life_max_ms = 300").await;
    receiver(&town).apply(apply("GRANT_POWERS")).await.expect("applied");
    let mut watcher = JournalServiceClient::new(town.client(LEDGER, "service/office"));
    let mut entries =
        watcher.watch_entries(journal::WatchEntriesRequest::default()).await.expect("granted").into_inner();
    let mut position = 0;
    let ended = loop {
        match entries.message().await {
            Ok(Some(message)) => position = message.position,
            Ok(None) => panic!("a stream does not end without saying why"),
            Err(status) => break status,
        }
    };
    assert_eq!((position, ended.code()), (1, Code::Unavailable));
}
