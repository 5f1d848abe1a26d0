//! Attachments: put, resumed, kept with their paper, and read by those who got it.

use bytes::Bytes;
use runtime::both_databases;
use runtime::testing::rows;
use tonic::Code;
use townlink_proto::townlink::gateway::v1 as pb;
use townlink_proto::townlink::gateway::v1::put_attachment_request::Part;
use vocabulary::Sm3Digest;

use crate::harness::{Department, Town, attachment, code, refusal, until};

fn content(length: usize) -> Vec<u8> {
    b"number,text\n".iter().copied().cycle().take(length).collect()
}

fn header(content: &[u8], offset: i64) -> Part {
    Part::Header(pb::AttachmentHeader {
        digest: Bytes::copy_from_slice(Sm3Digest::of(content).as_bytes()),
        size_bytes: content.len() as i64,
        offset_bytes: offset,
    })
}

/// Reads an attachment as a person of an institution.
async fn read(town: &Town, person: &str, paper: &str, content: &[u8]) -> Result<Vec<u8>, tonic::Status> {
    let digest = Bytes::copy_from_slice(Sm3Digest::of(content).as_bytes());
    let request = pb::ReadAttachmentRequest { paper: paper.to_owned(), digest };
    let mut chunks = town.papers(&format!("person/{person}")).read_attachment(request).await?.into_inner();
    let mut whole = Vec::new();
    while let Some(part) = chunks.message().await? {
        assert!(part.chunk.len() <= 256 * 1024);
        whole.extend_from_slice(&part.chunk);
    }
    Ok(whole)
}

/// Issues a paper with an attachment to somebody, and waits until the office has it.
async fn sent(town: &Town, department: &Department, to: &str, name: &str, content: &[u8]) -> String {
    town.put(department, content).await.expect("put");
    let mut draft = department.draft(to);
    draft.attachments = vec![attachment(name, content)];
    let receipt = town.issue(department, department.issue(&draft)).await.expect("accepted");
    until!("the office has it", {
        town.office.taken("OFFICE").into_iter().find(|(_, paper, _)| *paper == receipt.paper)
    });
    receipt.paper
}

both_databases! {
    async fn an_attachment_is_put_kept_and_read(db: TestDb) {
        let town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        for length in [10, 700_000] {
            let content = content(length);
            let upload = town.put(&water, &content).await.expect("put");
            assert_eq!((upload.received_bytes, upload.complete), (length as i64, true));
            let paper = sent(&town, &water, "张浦镇人民政府", "清单.csv", &content).await;
            assert_eq!(read(&town, "clerk", &paper, &content).await.expect("read"), content);
            let shown = town.paper(&water, &paper).await.attachments;
            assert_eq!((shown[0].name.as_str(), shown[0].screened), ("清单.csv", true));
            // It is no upload any more, and not the bureau's to read.
            let request = pb::GetAttachmentUploadRequest { digest: shown[0].digest.clone() };
            let left = town.papers("county/water").get_attachment_upload(request).await.expect("a state").into_inner();
            assert_eq!(left.received_bytes, 0);
            assert_eq!(read(&town, "builder", &paper, &content).await.expect_err("not his").code(), Code::NotFound);
            assert_eq!(read(&town, "clerk", &paper, b"x").await.expect_err("not its").code(), Code::NotFound);
        }
        assert_eq!(rows(&town.db, "select place from paper_attachments").await.len(), 2);
        town.stop().await;
    }

    async fn an_upload_is_resumed_where_it_stands(db: TestDb) {
        let town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        let content = content(300_000);
        let chunk = |range: std::ops::Range<usize>| Part::Chunk(Bytes::copy_from_slice(&content[range]));
        let parts = vec![header(&content, 0), chunk(0..120_000)];
        let upload = town.put_parts(&water, parts).await.expect("a part");
        assert_eq!((upload.received_bytes, upload.complete), (120_000, false));
        let request = pb::GetAttachmentUploadRequest { digest: upload.digest.clone() };
        let asked = town.papers("county/water").get_attachment_upload(request.clone()).await.expect("a state");
        assert_eq!(asked.into_inner(), upload);
        town.department("city-management", "昆山市城市管理局").await;
        let elsewhere = town.papers("county/city-management").get_attachment_upload(request).await.expect("a state");
        assert_eq!(elsewhere.get_ref().received_bytes, 0, "an upload belongs to its sender");
        // A paper cannot have it yet, and the same paper can once it is there.
        let mut draft = water.draft("张浦镇人民政府");
        draft.attachments = vec![attachment("清单.csv", &content)];
        let issue = water.issue(&draft);
        assert_eq!(code(town.issue(&water, issue.clone()).await), "RE-ATTACHMENT");
        let wrong = town.put_parts(&water, vec![header(&content, 7)]).await.expect_err("it stands elsewhere");
        assert_eq!(wrong.code(), Code::InvalidArgument);
        assert!(wrong.to_string().contains("malformed"));
        let rest = vec![header(&content, 120_000), chunk(120_000..200_000), chunk(200_000..300_000)];
        assert!(town.put_parts(&water, rest).await.expect("the rest").complete);
        town.issue(&water, issue).await.expect("accepted");
        town.stop().await;
    }

    async fn wrong_bytes_and_wrong_messages_are_refused(db: TestDb) {
        let town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        let content = content(150_000);
        let digest = Sm3Digest::of(&content);
        for at in [0, 75_000, 149_999] {
            let mut flipped = content.clone();
            flipped[at] ^= 1;
            assert_eq!(code(town.put_as(&water, digest, &flipped, 0).await), "RE-DIGEST", "byte {at}");
        }
        let large = Part::Header(pb::AttachmentHeader {
            digest: Bytes::copy_from_slice(digest.as_bytes()),
            size_bytes: 200 * 1024 * 1024 + 1,
            offset_bytes: 0,
        });
        let seen = refusal(town.put_parts(&water, vec![large]).await);
        assert_eq!((seen.code.as_str(), seen.reason.as_str()), ("RE-ATTACHMENT", "RE_ATTACHMENT"));
        let chunk = Part::Chunk(Bytes::from_static(b"x"));
        for parts in [vec![], vec![chunk.clone()], vec![header(&content, 0), header(&content, 0)]] {
            assert_eq!(town.put_parts(&water, parts).await.expect_err("malformed").code(), Code::InvalidArgument);
        }
        town.stop().await;
    }

    async fn a_restart_asks_for_the_attachment_again(db: TestDb) {
        let mut town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        let content = content(100_000);
        town.put(&water, &content).await.expect("put");
        let mut draft = water.draft("张浦镇人民政府");
        draft.attachments = vec![attachment("清单.csv", &content)];
        let issue = water.issue(&draft);
        town.restart().await;
        // The key of the spool was in memory only.
        assert_eq!(code(town.issue(&water, issue.clone()).await), "RE-ATTACHMENT");
        town.put(&water, &content).await.expect("put again");
        let receipt = town.issue(&water, issue).await.expect("the same signed paper is accepted");
        town.restart().await;
        until!("the office may read it", read(&town, "clerk", &receipt.paper, &content).await.ok());
        town.stop().await;
    }

    async fn what_could_not_be_looked_through_waits_for_the_office(db: TestDb) {
        let town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        let content = content(1_000);
        let paper = sent(&town, &water, "建设与管理局", "图纸.pdf", &content).await;
        let shown = town.paper(&water, &paper).await;
        assert!(!shown.attachments[0].screened);
        assert_eq!(shown.findings[0].code, "RE-HELD");
        assert_eq!(read(&town, "clerk", &paper, &content).await.expect("OFFICE looks"), content);
        assert_eq!(code(read(&town, "builder", &paper, &content).await), "OV-CLASSIFIED");
        assert_eq!(read(&town, "stranger", &paper, &content).await.expect_err("not his").code(), Code::NotFound);
        town.stop().await;
    }
}
