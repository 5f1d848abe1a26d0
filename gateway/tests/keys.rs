//! The registry of keys: two persons for every change, and no change of what was registered.

use runtime::both_databases;
use runtime::refusal::Failure;
use townlink_proto::townlink::gateway::v1 as pb;

use crate::harness::{DOCUMENT, Department, Town, code, fresh, refusal};

fn state(key: &pb::Key) -> pb::KeyState {
    key.state()
}

both_databases! {
    async fn two_persons_register_and_revoke_a_key(db: TestDb) {
        let town = Town::start(&db).await;
        let water = Department::sm2("water", "昆山市水务局");
        let request = pb::RegisterKeyRequest { request_id: fresh(), key: Some(water.key()) };
        let registered = town.keys("person/registrar").register_key(request.clone()).await.expect("registered");
        let registered = registered.into_inner();
        assert_eq!(state(&registered), pb::KeyState::Pending);
        assert_eq!(registered.name, water.key_name());
        // The same request again is the same answer; the same key under another id is known.
        let again = town.keys("person/registrar").register_key(request.clone()).await.expect("again").into_inner();
        assert_eq!(again, registered);
        let twice = pb::RegisterKeyRequest { request_id: fresh(), ..request };
        assert_eq!(code(town.keys("person/registrar").register_key(twice).await), "KE-KNOWN");

        let active = town.confirm(&water.key_name()).await.expect("confirmed");
        assert_eq!(state(&active), pb::KeyState::Active);
        assert_eq!(code(town.confirm(&water.key_name()).await), "OV-HISTORY-EDIT");

        let asked = town.revoke(&water.key_name()).await.expect("asked");
        assert_eq!(state(&asked), pb::KeyState::RevocationPending);
        assert!(asked.revoke_time.is_some());
        assert_eq!(code(town.revoke(&water.key_name()).await), "OV-HISTORY-EDIT");
        let revoked = town.confirm(&water.key_name()).await.expect("final");
        assert_eq!(state(&revoked), pb::KeyState::Revoked);
        assert_eq!(code(town.revoke(&water.key_name()).await), "OV-HISTORY-EDIT");
        town.stop().await;
    }

    async fn nobody_confirms_what_he_asked_for(db: TestDb) {
        let town = Town::start(&db).await;
        let water = Department::sm2("water", "昆山市水务局");
        let request = pb::RegisterKeyRequest { request_id: fresh(), key: Some(water.key()) };
        town.keys("person/both").register_key(request).await.expect("registered");
        let confirm = || pb::ConfirmKeyRequest { request_id: fresh(), name: water.key_name(), etag: String::new() };
        assert_eq!(code(town.keys("person/both").confirm_key(confirm()).await), "OV-FOUR-EYES");
        town.keys("person/confirmer").confirm_key(confirm()).await.expect("another person does");
        // A role is asked for, and an institution.
        let register = pb::RegisterKeyRequest { request_id: fresh(), key: Some(water.key()) };
        for person in ["person/confirmer", "person/builder", "person/nobody"] {
            let status = town.keys(person).register_key(register.clone()).await.expect_err("refused");
            assert_eq!(status.code(), tonic::Code::PermissionDenied, "{person}");
        }
        town.stop().await;
    }

    async fn a_key_that_contradicts_its_owner_is_refused(db: TestDb) {
        let town = Town::start(&db).await;
        let water = Department::sm2("water", "昆山市人民政府");
        let request = pb::RegisterKeyRequest { request_id: fresh(), key: Some(water.key()) };
        assert_eq!(code(town.keys("person/registrar").register_key(request).await), "KE-ISSUER");
        let none = pb::ConfirmKeyRequest { request_id: fresh(), name: water.key_name(), etag: String::new() };
        let status = town.keys("person/confirmer").confirm_key(none).await.expect_err("there is none");
        assert_eq!(status.code(), tonic::Code::NotFound);
        town.stop().await;
    }

    async fn an_etag_guards_against_what_one_has_not_seen(db: TestDb) {
        let town = Town::start(&db).await;
        let water = Department::sm2("water", "昆山市水务局");
        let request = pb::RegisterKeyRequest { request_id: fresh(), key: Some(water.key()) };
        let seen = town.keys("person/registrar").register_key(request).await.expect("registered").into_inner();
        let revoke = |etag: &str| pb::RevokeKeyRequest {
            request_id: fresh(),
            name: water.key_name(),
            reason: "误登记".to_owned(),
            document_number: DOCUMENT.to_owned(),
            etag: etag.to_owned(),
        };
        town.confirm(&water.key_name()).await.expect("confirmed");
        let status = town.keys("person/registrar").revoke_key(revoke(&seen.etag)).await.expect_err("it moved");
        assert_eq!(status.code(), tonic::Code::Aborted);
        town.keys("person/registrar").revoke_key(revoke("")).await.expect("revoked");
        town.stop().await;
    }

    async fn keys_are_listed_with_the_town_s_own(db: TestDb) {
        let town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        let urban = town.department("city-management", "昆山市城市管理局").await;
        let mut listed = Vec::new();
        let mut page_token = String::new();
        loop {
            let request = pb::ListKeysRequest { page_size: 1, page_token };
            let page = town.keys("county/housing").list_keys(request).await.expect("anyone may").into_inner();
            listed.extend(page.keys);
            page_token = page.next_page_token;
            if page_token.is_empty() {
                break;
            }
        }
        let mut owners: Vec<_> = listed.iter().map(|key| key.owner.as_str()).collect();
        owners.sort_unstable();
        assert_eq!(owners, ["county/city-management", "county/water", "town"]);
        let names: Vec<_> = listed.iter().map(|key| key.name.clone()).collect();
        assert!(names.is_sorted());
        let own = listed.iter().find(|key| key.owner == "town").expect("the town's own");
        assert!(own.software && own.algorithm == "SM2-SM3");
        for department in [&water, &urban] {
            let request = pb::GetKeyRequest { name: department.key_name() };
            let key = town.keys("auditor/court").get_key(request).await.expect("anyone may").into_inner();
            assert_eq!(key.public_key_pem, department.signer.public_key().to_pem());
        }
        town.stop().await;
    }

    async fn a_revoked_key_signs_nothing_from_that_moment(db: TestDb) {
        let town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        let draft = water.draft("张浦镇人民政府");
        town.issue(&water, water.issue(&draft)).await.expect("accepted");
        town.revoke(&water.key_name()).await.expect("asked");
        let refused = refusal(town.issue(&water, water.issue(&water.draft("张浦镇人民政府"))).await);
        assert_eq!((refused.code.as_str(), refused.reason.as_str()), ("RE-KEY", "RE_KEY"));
        // What was accepted stays so, and is answered as before.
        town.issue(&water, water.issue(&draft)).await.expect("the same answer");
        town.stop().await;
    }

    async fn a_key_that_another_replica_ended_signs_nothing_here(db: TestDb) {
        let town = Town::start(&db).await;
        let water = town.department("water", "昆山市水务局").await;
        let issue = async || town.issue(&water, water.issue(&water.draft("张浦镇人民政府"))).await;
        issue().await.expect("accepted");
        // Another replica changes the registry behind this one's back.
        elsewhere(&town, "update keys set valid_to = '2026-03-01'; update key_registry set revision = revision + 1").await;
        assert_eq!(refusal(issue().await).code, "RE-KEY");
        elsewhere(&town, "update keys set valid_to = null").await;
        issue().await.expect("the revision is another, the key is as it was");
        elsewhere(&town, "update key_registry set revision = revision - 1").await;
        town.stop().await;
    }
}

async fn elsewhere(town: &Town, statements: &'static str) {
    let written = town.db.write(statements, |statements, tx| {
        Box::pin(async move {
            sqlx::raw_sql(*statements).execute(tx.sql()).await?;
            Ok::<_, Failure>(())
        })
    });
    written.await.expect("written");
}
