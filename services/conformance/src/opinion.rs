//! The opinions of a joint review, taken once and deciding nothing (service-centre.md §3.8).
//!
//! A service that asks for opinions runs [`opinions`] against its own server, with an open application that it has put there before.

use runtime::db::Db;
use runtime::testing::journal_entries;
use townlink_proto::townlink::casework::v1 as pb;
use townlink_proto::townlink::casework::v1::case_file_service_client::CaseFileServiceClient;
use townlink_proto::townlink::casework::v1::opinion_taker_service_client::OpinionTakerServiceClient;

use crate::clause::{Broken, Clause};
use crate::supervision::Callers;

/// The clauses of the suite, in their order.
pub const CLAUSES: [&str; 5] = [
    "opinions are taken from the office alone",
    "an opinion is taken once",
    "a revised opinion stands beside the one whose place it takes",
    "each opinion is journalled once, as it was given",
    "an opinion changes no application",
];

/// Runs every clause against a service. `application` is the number of an open application of it, `case_name` its case; `db` is the
/// service's database, whose journal is looked at.
///
/// # Errors
/// The first clause that is broken.
pub async fn opinions(callers: &Callers, application: &str, case_name: &str, db: &Db) -> Result<(), Broken> {
    let [by_office, once, revised, journalled, unchanged] = CLAUSES.map(Clause);
    let line = pb::GetCaseLineRequest { name: case_name.to_owned() };
    let mut supervisor = CaseFileServiceClient::new(callers.supervisor.clone());
    let before = unchanged.answered(supervisor.get_case_line(line.clone()).await)?;
    let seen = taken(db).await.len();

    let first = opinion(1, "FINANCE", pb::OpinionType::Agree, "", 0);
    let second = opinion(2, "CONSTRUCTION", pb::OpinionType::Disagree, "城乡规划法第四十条", 0);
    let third = opinion(3, "CONSTRUCTION", pb::OpinionType::AgreeWithConditions, "退让红线六米", 2);
    let deliver = |opinions: &[&pb::Opinion]| pb::TakeOpinionsRequest {
        review: REVIEW.to_owned(),
        application: application.to_owned(),
        opinions: opinions.iter().map(|opinion| (*opinion).clone()).collect(),
    };

    let mut person = OpinionTakerServiceClient::new(callers.supervisor.clone());
    by_office.refused(person.take_opinions(deliver(&[&first])).await, "OV_ACCESS")?;
    let mut office = OpinionTakerServiceClient::new(callers.office.clone());
    let steps: [(Clause, &[&pb::Opinion], i32); 5] = [
        (once, &[&first], 1),
        (once, &[&first], 1),
        (once, &[&first, &second], 2),
        (revised, &[&first, &second, &third], 3),
        (once, &[&second], 3),
    ];
    for (clause, delivered, wanted) in steps {
        let answer = clause.answered(office.take_opinions(deliver(delivered)).await)?;
        clause.same(&answer.known, &wanted)?;
    }
    journalled.same(&taken(db).await.into_iter().skip(seen).collect(), &vec![first, second, third])?;
    unchanged.same(&unchanged.answered(supervisor.get_case_line(line).await)?, &before)
}

const REVIEW: &str = "jointReviews/00000000-0000-4000-8000-000000000001";

fn opinion(number: u8, institution: &str, says: pb::OpinionType, text: &str, supersedes: u8) -> pb::Opinion {
    let name = |number: u8| format!("{REVIEW}/opinions/{number}");
    pb::Opinion {
        name: name(number),
        institution: institution.to_owned(),
        r#type: says.into(),
        text: text.to_owned(),
        person: "zhu".to_owned(),
        time: Some(prost_types::Timestamp { seconds: 1_772_413_200 + i64::from(number), nanos: 0 }),
        supersedes: if supersedes == 0 { String::new() } else { name(supersedes) },
        statutory: institution == "CONSTRUCTION",
    }
}

/// The opinions of the suite's joint review that are journalled, in order.
async fn taken(db: &Db) -> Vec<pb::Opinion> {
    let entries = journal_entries(db).await;
    let events = entries.iter().filter_map(|entry| entry.event::<pb::OpinionsTaken>().ok().flatten());
    events.filter(|event| event.review == REVIEW).flat_map(|event| event.opinions).collect()
}
