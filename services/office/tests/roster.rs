//! The roster: who may do what on which day, and the institutions' names.

use futures::future::join_all;
use runtime::both_databases;
use runtime::testing::{journal_entries, rows};
use townlink_proto::google::r#type::Date;
use townlink_proto::townlink::office::v1 as pb;
use townlink_proto::townlink::office::v1::institution_service_client::InstitutionServiceClient;
use townlink_proto::townlink::office::v1::roster_service_client::RosterServiceClient;
use vocabulary::Institution;

use crate::harness::{Chain, Draft, Town, events, fresh, reason, refusal};
use crate::replay;

const PERSONS: &str = "select count(*) from roster_persons";

/// A table that differs from the built-in one.
const TABLE: &str = "[office.register]\nwhole_town = ['全镇']\n";

both_databases! {
    async fn the_configured_roster_is_taken_over_once(db: TestDb) {
        let entry = |person: &str| {
            format!(
                "[[office.roster]]\nperson = '{person}'\npost = 'PERSONNEL'\nrole = 'HR_OFFICER'\nfrom = '2012-01-01'\n\
                 document = '张委组〔2012〕1号'\n"
            )
        };
        let town = Town::start_with(&db, &entry("li")).await.expect("the cell starts");
        let town = town.restart(&db, &format!("{}{}", entry("li"), entry("wu"))).await;
        assert_eq!(rows(&town.db, PERSONS).await, [["1"]], "later changes come by the contract only");
        let entries = journal_entries(&town.db).await;
        let payload = entries[0].entry.payload.as_ref().expect("a payload");
        assert_eq!((payload.principal.as_str(), entries.len()), ("service/office", 1), "it is the office's own doing");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_roster_that_cannot_be_keeps_the_office_from_starting(db: TestDb) {
        let roster = "[[office.roster]]\nperson = 'li'\npost = 'FINANCE'\nrole = 'HR_OFFICER'\nfrom = '2012-01-01'\n\
                      document = '张委组〔2012〕1号'\n";
        let error = Town::start_with(&db, roster).await.err().expect("it does not start").to_string();
        assert_eq!(error, "office.roster[0] role: HR_OFFICER is no role at FINANCE");
    }

    async fn tables_without_a_document_keep_the_office_from_starting(db: TestDb) {
        let error = Town::start_with(&db, TABLE).await.err().expect("it does not start").to_string();
        let begins = "office.rules_document names no document, but these tables differ from the built-in ones: \
                      register.whole_town;";
        assert!(error.starts_with(begins), "{error}");
    }

    async fn tables_of_a_document_to_come_keep_the_office_from_starting(db: TestDb) {
        let document = "[office.rules_document]\nnumber = '昆政发〔2026〕5号'\nfrom = '2026-03-03'\n";
        let error = Town::start_with(&db, &format!("{TABLE}{document}")).await.err().expect("it does not start");
        let begins = "office.rules_document.from is 2026-03-03, a day to come";
        assert!(error.to_string().starts_with(begins), "{error}");
    }

    async fn tables_of_a_document_apply_from_its_day(db: TestDb) {
        let document = "[office.rules_document]\nnumber = '昆政发〔2026〕5号'\nfrom = '2026-03-02'\n";
        let town = Town::start_with(&db, &format!("{TABLE}{document}")).await.expect("it starts");
        town.stop().await;
    }

    async fn a_role_is_held_from_its_first_day_to_its_last(db: TestDb) {
        let town = Town::start(&db).await;
        let mut chain = Chain::into(Institution::Office);
        let names = [town.arrive(&mut chain, Draft::default()).await, town.arrive(&mut chain, Draft::default()).await];
        let sign = |name: &str| pb::SignForPaperRequest { request_id: fresh(), name: name.to_owned(), ..Default::default() };
        let mut chen = town.inbox("chen");
        assert_eq!(reason(chen.sign_for_paper(sign(&names[0])).await), "OV_NO_ROLE");

        let assigned = assign(&town, "chen", "OFFICE", "RELAY_CLERK", (2026, 3, 2)).await.expect("it is assigned");
        assert!(chen.sign_for_paper(sign(&names[0])).await.is_ok(), "at once");
        assert_eq!(standing(&town, "chen", (2026, 3, 1)).await, pb::Standing::default());
        let held = pb::Standing { post: "OFFICE".to_owned(), roles: vec!["RELAY_CLERK".to_owned()] };
        assert_eq!(standing(&town, "chen", (2026, 3, 2)).await, held);

        let ended = end(&town, &assigned.name, (2026, 3, 3)).await.expect("it is ended");
        assert_eq!((ended.to, ended.end_document_number.as_str()), (Some(date((2026, 3, 3))), "张委组〔2026〕9号"));
        assert_eq!(standing(&town, "chen", (2026, 3, 2)).await, held);
        assert_eq!(standing(&town, "chen", (2026, 3, 3)).await, pb::Standing::default());
        town.advance("2026-03-03T00:00:00+08:00").await;
        assert_eq!(reason(chen.sign_for_paper(sign(&names[1])).await), "OV_NO_ROLE");
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn what_the_roster_refuses(db: TestDb) {
        let town = Town::start(&db).await;
        let seen = refusal(assign(&town, "wang", "FINANCE", "LEDGER", (2026, 3, 2)).await);
        assert_eq!(seen.reason, "OV_DUAL_POST");
        assert!(seen.variables.contains(&("post".to_owned(), "OFFICE".to_owned())), "{seen:?}");
        assert_eq!(reason(assign(&town, "zhou", "OFFICE", "RELAY_CHIEF", (2026, 3, 2)).await), "OV_DUAL_POST", "a leader");

        let assigned = assign(&town, "wang", "OFFICE", "RELAY_CHIEF", (2026, 4, 1)).await.expect("the same post");
        assert_eq!(reason(end(&town, &assigned.name, (2026, 3, 31)).await), "AU_DATE", "before its first day");
        assert_eq!(reason(end(&town, &assigned.name, (2026, 3, 1)).await), "AU_DATE", "before today");
        let again = assign(&town, "wang", "OFFICE", "RELAY_CHIEF", (2026, 5, 1)).await;
        assert_eq!(reason(again), "AU_DUPLICATE");
        let own = assign(&town, "li", "PERSONNEL", "RELAY_CLERK", (2026, 3, 2)).await;
        assert_eq!(reason(own), "OV_FOUR_EYES");
        let mistaken = assign(&town, "chen", "OFFICE", "RELAY_CLERK", (2026, 3, 2)).await.expect("it is assigned");
        end(&town, &mistaken.name, (2026, 3, 2)).await.expect("at once");
        assert_eq!(standing(&town, "chen", (2026, 3, 2)).await, pb::Standing::default());
        end(&town, &assigned.name, (2026, 6, 1)).await.expect("it is ended");
        assert_eq!(reason(end(&town, &assigned.name, (2026, 5, 1)).await), "OV_HISTORY_EDIT");

        let malformed = assign(&town, "wang", "FINANCE", "GRANT_REGISTRAR", (2026, 3, 2)).await.expect_err("it is malformed");
        let seen = runtime::refusal::read(&malformed).expect("details");
        let fault = (seen.violations[0].field.as_str(), seen.violations[0].code.as_str());
        assert_eq!((malformed.code(), fault), (tonic::Code::InvalidArgument, ("assignment.role", "AU-ENUM")));
        let absent = end(&town, &format!("assignments/{}", fresh()), (2026, 5, 1)).await.expect_err("it is not there");
        assert_eq!(absent.code(), tonic::Code::NotFound);
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn only_personnel_moves_people(db: TestDb) {
        let town = Town::start(&db).await;
        for (person, expected) in [("wang", "OV_ACCESS"), ("zhou", "OV_NO_ROLE"), ("nobody", "OV_NO_ROLE")] {
            let request = assignment("chen", "OFFICE", "RELAY_CLERK", (2026, 3, 2));
            assert_eq!(reason(town.roster(person).assign_role(request).await), expected, "{person}");
        }
        let ask = pb::GetStandingRequest { person: "wang".to_owned(), date: None };
        assert_eq!(reason(town.roster("li").get_standing(ask).await), "OV_ACCESS", "services ask, not persons");
        town.stop().await;
    }

    async fn of_two_posts_at_once_one_is_assigned(db: TestDb) {
        let town = Town::start(&db).await;
        let posts = ["OFFICE", "SERVICE", "ECONOMY", "CONSTRUCTION", "SOCIAL", "FINANCE", "ENFORCEMENT", "PERSONNEL"];
        let answers = join_all(posts.map(|post| assign(&town, "chen", post, "RELAY_CLERK", (2026, 3, 2)))).await;
        let (won, lost): (Vec<_>, Vec<_>) = answers.into_iter().partition(Result::is_ok);
        assert_eq!(won.len(), 1);
        for refused in lost {
            assert_eq!(reason(refused), "OV_DUAL_POST");
        }
        replay::check(&town.db).await;
        town.stop().await;
    }

    async fn a_repetition_assigns_once(db: TestDb) {
        let town = Town::start(&db).await;
        let request = assignment("chen", "OFFICE", "RELAY_CLERK", (2026, 3, 2));
        let mut roster = town.roster("li");
        let first = roster.assign_role(request.clone()).await.expect("it is assigned").into_inner();
        assert_eq!(roster.assign_role(request).await.expect("the stored answer").into_inner(), first);
        let all = events::<pb::RoleAssigned>(&town.db).await;
        assert_eq!(all.iter().filter(|event| event.assignment.as_ref().is_some_and(|it| it.person == "chen")).count(), 1);
        let stale = pb::EndAssignmentRequest { etag: "\"7\"".to_owned(), ..ending(&first.name, (2026, 5, 1)) };
        assert_eq!(roster.end_assignment(stale).await.expect_err("it has moved on").code(), tonic::Code::Aborted);
        let seen = pb::EndAssignmentRequest { etag: first.etag, ..ending(&first.name, (2026, 5, 1)) };
        assert!(roster.end_assignment(seen).await.is_ok());
        town.stop().await;
    }

    async fn assignments_are_listed_page_by_page(db: TestDb) {
        let town = Town::start(&db).await;
        assign(&town, "wang", "OFFICE", "RELAY_CHIEF", (2026, 3, 2)).await.expect("it is assigned");
        let all = listed(&town, "").await;
        assert_eq!(all.len(), 7, "six of the configuration, and one more");
        let persons: Vec<_> = all.iter().map(|(person, _)| person.as_str()).collect();
        assert!(persons.is_sorted(), "{persons:?}");
        let mut roles: Vec<_> = listed(&town, "wang").await.into_iter().map(|(_, role)| role).collect();
        roles.sort_unstable();
        assert_eq!(roles, ["RELAY_CHIEF", "RELAY_CLERK"]);
        assert_eq!(listed(&town, "nobody").await, []);
        town.stop().await;
    }

    async fn institutions_are_shown_with_the_names_of_the_day(db: TestDb) {
        let town = Town::start(&db).await;
        let mut client = InstitutionServiceClient::new(town.person("nobody-yet"));
        let unassigned = client.list_institutions(pb::ListInstitutionsRequest::default()).await;
        assert_eq!(reason(unassigned), "OV_NO_ROLE");
        let mut client = InstitutionServiceClient::new(town.person("wang"));
        for (day, name) in [(None, "张浦镇行政审批局"), (Some(date((2014, 2, 20))), "张浦镇便民服务中心")] {
            let request = pb::ListInstitutionsRequest { date: day };
            let all = client.list_institutions(request).await.expect("a list").into_inner().institutions;
            let front: Vec<_> = all.iter().filter(|it| it.side() == pb::Side::Front).map(|it| it.name.as_str()).collect();
            assert_eq!((all.len(), front), (8, vec!["institutions/SERVICE", "institutions/ENFORCEMENT"]));
            assert_eq!(all[1].display_name, name);
        }
        let no_day = pb::ListInstitutionsRequest { date: Some(date((2014, 2, 30))) };
        assert_eq!(client.list_institutions(no_day).await.expect_err("no such day").code(), tonic::Code::InvalidArgument);
        town.stop().await;
    }
}

fn date((year, month, day): (i32, i32, i32)) -> Date {
    Date { year, month, day }
}

fn assignment(person: &str, post: &str, role: &str, from: (i32, i32, i32)) -> pb::AssignRoleRequest {
    let assignment = pb::Assignment {
        person: person.to_owned(),
        post: post.to_owned(),
        role: role.to_owned(),
        from: Some(date(from)),
        document_number: "张委组〔2026〕3号".to_owned(),
        ..pb::Assignment::default()
    };
    pb::AssignRoleRequest { request_id: fresh(), assignment: Some(assignment) }
}

fn ending(name: &str, to: (i32, i32, i32)) -> pb::EndAssignmentRequest {
    pb::EndAssignmentRequest {
        request_id: fresh(),
        name: name.to_owned(),
        to: Some(date(to)),
        document_number: "张委组〔2026〕9号".to_owned(),
        etag: String::new(),
    }
}

async fn assign(
    town: &Town,
    person: &str,
    post: &str,
    role: &str,
    from: (i32, i32, i32),
) -> Result<pb::Assignment, tonic::Status> {
    let request = assignment(person, post, role, from);
    town.roster("li").assign_role(request).await.map(tonic::Response::into_inner)
}

async fn end(town: &Town, name: &str, to: (i32, i32, i32)) -> Result<pb::Assignment, tonic::Status> {
    town.roster("li").end_assignment(ending(name, to)).await.map(tonic::Response::into_inner)
}

/// What the gateway is told of a person.
async fn standing(town: &Town, person: &str, day: (i32, i32, i32)) -> pb::Standing {
    let request = pb::GetStandingRequest { person: person.to_owned(), date: Some(date(day)) };
    let mut roster = RosterServiceClient::new(town.gateway_channel());
    roster.get_standing(request).await.expect("a standing").into_inner()
}

/// Person and role of all assignments of a person, or of everybody, two to a page.
async fn listed(town: &Town, person: &str) -> Vec<(String, String)> {
    let (mut all, mut page_token) = (Vec::new(), String::new());
    loop {
        let request = pb::ListAssignmentsRequest { page_size: 2, page_token, person: person.to_owned() };
        let page = town.roster("wang").list_assignments(request).await.expect("a page").into_inner();
        all.extend(page.assignments.into_iter().map(|assignment| (assignment.person, assignment.role)));
        page_token = page.next_page_token;
        if page_token.is_empty() {
            return all;
        }
    }
}
