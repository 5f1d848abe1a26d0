//! Who sees what, and what lists are asked for.

use runtime::both_databases;
use tonic::Response;
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::coordination_service_client::CoordinationServiceClient;

use super::{ask, client, clue, county, get, sign, tell, town};
use crate::harness::Town;

fn all() -> pb::ListCoordinationItemsRequest {
    pb::ListCoordinationItemsRequest::default()
}

/// The names in a list as a person sees it, two to a page.
async fn listed(town: &Town, person: &str, wanted: pb::ListCoordinationItemsRequest) -> Vec<String> {
    let (mut names, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListCoordinationItemsRequest { page_size: 2, page_token, ..wanted.clone() };
        let page =
            client(town, person).list_coordination_items(request).await.map(Response::into_inner).expect("a page");
        assert!(page.items.len() <= 2);
        names.extend(page.items.into_iter().map(|item| item.name));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return names;
        }
    }
}

both_databases! {
    async fn lists_show_what_waits_and_what_is_overdue_to_those_who_take_part(db: TestDb) {
        let town = town(&db).await;
        let mut names = Vec::new();
        for _ in 0..3 {
            names.insert(0, clue(&town, "xu", "渣土").await.expect("reported").name);
            town.advance(&format!("2026-03-02T10:00:0{}+08:00", names.len())).await;
        }
        let fact = tell(&town, "chen", pb::WorkInfoType::Fact, &["SERVICE"], "通报").await.expect("told").name;
        town.advance("2026-03-02T11:00:00+08:00").await;
        let asked = ask(&town, "ma", "CONSTRUCTION", "URBAN", "如何认定").await.expect("asked").name;

        let newest_first = [vec![asked.clone(), fact.clone()], names.clone()].concat();
        for person in ["wang", "zhou"] {
            assert_eq!(listed(&town, person, all()).await, newest_first, "{person} sees all");
        }
        assert_eq!(listed(&town, "xu", all()).await, names, "what it takes part in");
        assert_eq!(listed(&town, "ma", all()).await, [asked.clone(), fact.clone()]);
        assert_eq!(listed(&town, "gu", all()).await, [""; 0]);
        let clues = pb::ListCoordinationItemsRequest { r#type: pb::CoordinationType::Clue.into(), ..all() };
        assert_eq!(listed(&town, "wang", clues.clone()).await, names);

        let mine = pb::ListCoordinationItemsRequest { mine: true, ..all() };
        assert_eq!(listed(&town, "ma", mine.clone()).await, std::slice::from_ref(&fact), "the question waits for others");
        assert_eq!(listed(&town, "chen", mine).await, std::slice::from_ref(&asked));
        sign(&town, "ma", &fact).await.expect("signed");
        let open = pb::ListCoordinationItemsRequest { open: true, ..all() };
        assert_eq!(listed(&town, "wang", open).await.len(), 4);
        let overdue = pb::ListCoordinationItemsRequest { overdue: true, ..all() };
        assert_eq!(listed(&town, "wang", overdue.clone()).await, [""; 0]);
        town.advance("2026-03-10T00:00:00+08:00").await;
        assert_eq!(listed(&town, "wang", overdue.clone()).await, [""; 0], "24:00 is in time");
        town.advance("2026-03-10T00:00:01+08:00").await;
        assert_eq!(listed(&town, "wang", overdue.clone()).await, std::slice::from_ref(&asked));
        town.advance("2026-03-24T00:00:01+08:00").await;
        assert_eq!(listed(&town, "wang", overdue).await.len(), 4);

        let mut department = CoordinationServiceClient::new(town.channel(&county()));
        let page = department.list_coordination_items(all()).await.expect("an empty list").into_inner();
        assert_eq!(page.items.len(), 0, "a department sees nothing");
        let request = pb::GetCoordinationItemRequest { name: fact.clone() };
        assert!(department.get_coordination_item(request).await.is_err());
        assert!(get(&town, "xu", &fact).await.is_err(), "nor does who takes no part");
        let of_clues = pb::ListCoordinationItemsRequest { page_size: 1, ..clues };
        let first = client(&town, "wang").list_coordination_items(of_clues).await.expect("a page").into_inner();
        let page_token = first.next_page_token;
        let foreign = pb::ListCoordinationItemsRequest { page_token, ..all() };
        assert!(client(&town, "wang").list_coordination_items(foreign).await.is_err(), "a token goes with its list");
        town.stop().await;
    }
}
