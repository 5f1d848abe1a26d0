//! Answers, repetitions and refusals.

use prost::Message as _;
use runtime::both_databases;
use runtime::execute::{Outcome, StoredAnswer};
use runtime::journal::Author;
use runtime::refusal::{Denial, Refusal, read, stored};
use runtime::testing::{assert_replay, check_journal, fresh_request_id, journal_entries};
use townlink_proto::townlink::errors::v1::ErrorReason;
use townlink_proto::townlink::journal::v1::{Authority, Refused};

use crate::counter::{
    Add, Added, COUNTERS, Counter, Facts, METHOD, OFFICE, add, answers, called, carry_out, over, replay, writer,
};

both_databases! {
    async fn a_repetition_gets_the_same_bytes_and_changes_nothing(db: TestDb) {
        let writer = writer(&db).await;
        let id = fresh_request_id();
        let first = writer.execute::<Counter>(called(&writer, id, b"a"), add("a", 3), Facts::default()).await;
        let first = first.expect("an answer");
        assert_eq!(first.bytes, first.reply.encode_to_vec());
        // Much later, after a restart, when the counter stands elsewhere.
        carry_out(&writer, add("a", 5)).await.expect("an answer");
        writer.db().close().await;
        let writer = over(db.open(&crate::counter::MIGRATIONS).await);
        let again = writer.execute::<Counter>(called(&writer, id, b"a"), add("a", 3), Facts::default()).await;
        assert_eq!(again.expect("the stored answer"), first);
        let kept = writer.lookup_answer(&OFFICE, &id).await.expect("the database answers").expect("it is kept");
        assert_eq!(kept.outcome, Outcome::Reply(first.bytes));
        assert_eq!(kept.method, METHOD);
        assert_eq!(check_journal(writer.db()).await, 2);
        assert_replay(writer.db(), COUNTERS, replay).await;
    }

    async fn what_was_answered_before_the_start_is_known_after_it_is_learnt(db: TestDb) {
        let before = writer(&db).await;
        let (changed, refused) = (fresh_request_id(), fresh_request_id());
        before.execute::<Counter>(called(&before, changed, b"a"), add("a", 3), Facts::default()).await.expect("an answer");
        let refusal = before.execute::<Counter>(called(&before, refused, b"b"), add("a", 101), Facts::default()).await;
        assert!(matches!(refusal, Err(Denial::Stored(_))));
        before.db().close().await;
        let after = over(db.open(&crate::counter::MIGRATIONS).await);
        for learnt in [false, true] {
            if learnt {
                after.learn().await.expect("the database answers");
            }
            let now = fresh_request_id();
            assert_eq!(after.lookup_answer(&OFFICE, &now).await.expect("the database answers"), None);
            after.execute::<Counter>(called(&after, now, b"c"), add("a", 1), Facts::default()).await.expect("an answer");
            for id in [changed, refused, now] {
                let kept = after.lookup_answer(&OFFICE, &id).await.expect("the database answers");
                assert!(kept.is_some(), "learnt: {learnt}");
            }
        }
    }

    async fn a_refusal_is_journalled_stored_and_repeated(db: TestDb) {
        let writer = writer(&db).await;
        let id = fresh_request_id();
        let refused = || writer.execute::<Counter>(called(&writer, id, b"a"), add("a", 101), Facts::default());
        let Err(Denial::Stored(first)) = refused().await else { panic!("a stored refusal") };
        let seen = read(&stored(first.clone())).expect("details");
        assert_eq!((seen.reason.as_str(), seen.code.as_str()), ("OV_NO_GRANT", "OV-NO-GRANT"));
        assert_eq!(seen.domain, "office.townlink");
        // By now it would be allowed in its stead; the no stands.
        carry_out(&writer, add("a", -50)).await.expect("an answer");
        let Err(Denial::Stored(again)) = refused().await else { panic!("the stored refusal") };
        assert_eq!(first, again);
        let entries = journal_entries(writer.db()).await;
        let entry = entries[0].event::<Refused>().expect("an entry").expect("of a refusal");
        assert_eq!((entry.method.as_str(), entry.reason.as_str()), (METHOD, "OV_NO_GRANT"));
        assert_eq!(entries.len(), 2, "one refusal and one change");
        let payload = entries[0].entry.payload.as_ref().expect("a payload");
        assert_eq!((payload.principal.as_str(), payload.request_id.clone()), ("institution/OFFICE", id.to_string()));
        assert_replay(writer.db(), COUNTERS, replay).await;
    }

    async fn a_request_id_serves_one_request_only(db: TestDb) {
        let writer = writer(&db).await;
        let id = fresh_request_id();
        let asked = |content| writer.execute::<Counter>(called(&writer, id, content), add("a", 1), Facts::default());
        asked(b"a").await.expect("an answer");
        let Err(Denial::Refused(refusal)) = asked(b"b").await else { panic!("a refusal") };
        assert_eq!(refusal.reason, ErrorReason::RequestIdReused);
        asked(b"a").await.expect("the first answer stands");
        assert_eq!(answers(writer.db()).await, 1);
        assert_eq!(check_journal(writer.db()).await, 2, "the change and the refused reuse");
    }

    async fn what_is_no_refusal_is_not_stored(db: TestDb) {
        let writer = writer(&db).await;
        let absent = carry_out(&writer, add("absent", 1)).await;
        assert!(matches!(absent, Err(Denial::NotFound { .. })));
        carry_out(&writer, add("a", 1)).await.expect("an answer");
        let stale = carry_out(&writer, Add { etag: "\"7\"".to_owned(), ..add("a", 1) }).await;
        assert!(matches!(stale, Err(Denial::EtagMismatch)));
        carry_out(&writer, Add { etag: "\"1\"".to_owned(), ..add("a", 1) }).await.expect("the etag fits");
        assert_eq!((answers(writer.db()).await, check_journal(writer.db()).await), (2, 2));
    }

    async fn a_command_that_changes_nothing_is_answered_and_kept(db: TestDb) {
        let writer = writer(&db).await;
        let id = fresh_request_id();
        let asked = || writer.execute::<Counter>(called(&writer, id, b"a"), add("a", 0), Facts::default());
        let first = asked().await.expect("an answer");
        assert_eq!((first.reply.document_number.as_str(), first.reply.clause.as_str()), ("0", "\"0\""));
        carry_out(&writer, add("a", 9)).await.expect("an answer");
        assert_eq!(asked().await.expect("the same"), first);
        assert_eq!(check_journal(writer.db()).await, 1);
    }

    async fn an_entry_fixed_before_the_job_is_the_one_that_is_written(db: TestDb) {
        let writer = writer(&db).await;
        let call = called(&writer, fresh_request_id(), b"a");
        let event = Added { name: "a".to_owned(), by: 2, series: None, number: 0 };
        let prepared = writer.prepare(&event, &Author::of_call(&call)).expect("an entry");
        let (id, recorded) = (prepared.id().to_owned(), prepared.recorded());
        let facts = Facts { prepared: Some(prepared) };
        writer.execute::<Counter>(call, add("a", 2), facts).await.expect("an answer");
        let entries = journal_entries(writer.db()).await;
        assert_eq!(entries[0].entry.id, id);
        assert_eq!(entries[0].entry.recorded_time.as_ref().map(|at| at.seconds), Some(recorded.as_second()));
        // An entry of something else must never be written in its stead.
        let call = called(&writer, fresh_request_id(), b"a");
        let facts = Facts { prepared: Some(writer.prepare(&event, &Author::of_call(&call)).expect("an entry")) };
        let other = writer.execute::<Counter>(call, add("a", 3), facts).await;
        assert!(matches!(other, Err(Denial::Failed(_))));
        assert_eq!(check_journal(writer.db()).await, 1);
    }

    async fn a_refusal_from_outside_is_stored_and_a_denial_only_journalled(db: TestDb) {
        let writer = writer(&db).await;
        let refusal = Refusal::new(ErrorReason::OvFourEyes, "the author may not approve", "须由他人复核。");
        let call = called(&writer, fresh_request_id(), b"a");
        let Denial::Stored(bytes) = writer.refuse(call.clone(), refusal.clone()).await else { panic!("stored") };
        let kept: Option<StoredAnswer> = writer.lookup_answer(&OFFICE, &call.request_id).await.expect("an answer");
        assert_eq!(kept.map(|kept| kept.outcome), Some(Outcome::Refusal(bytes.clone())));
        let Denial::Stored(again) = writer.refuse(call.clone(), refusal.clone()).await else { panic!("stored") };
        assert_eq!(again, bytes);
        writer.record_denial(call.access.caller(), METHOD, &refusal).await.expect("an entry");
        assert_eq!((answers(writer.db()).await, check_journal(writer.db()).await), (1, 2));
    }

    async fn each_change_of_a_thing_is_recorded_later_than_the_last(db: TestDb) {
        // The clock of these tests stands still.
        let writer = writer(&db).await;
        for _ in 0..5 {
            carry_out(&writer, add("a", 1)).await.expect("an answer");
        }
        let entries = journal_entries(writer.db()).await;
        let nanos: Vec<_> = entries.iter().filter_map(|entry| entry.entry.recorded_time.as_ref()).map(|at| at.nanos).collect();
        assert_eq!(nanos, [0, 1_000, 2_000, 3_000, 4_000]);
        assert!(entries.iter().all(|entry| entry.event::<Authority>().is_ok_and(|event| event.is_some())));
        check_journal(writer.db()).await;
    }
}
