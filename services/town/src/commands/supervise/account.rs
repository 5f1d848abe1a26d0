//! Proposals to call somebody to account.

use clap::Args;
use comfy_table::Table;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::Date;
use vocabulary::time::parse_date;

use super::{Named, open};
use crate::cli::Context;
use crate::commands::listing::Page;
use crate::connection::{Supervision, call, pages};
use crate::names::{abbreviate, find, wire_day};
use crate::output::{facts, short, table};
use crate::problem::Problem;

/// Proposes to call somebody to account.
#[derive(Debug, Args)]
pub struct Account {
    /// The person concerned, by the id in the certificate
    person: String,
    /// The front institution of that person: SERVICE or ENFORCEMENT
    front: String,
    /// To whom it goes: LEADERS, PERSONNEL or DISCIPLINE
    #[arg(long, value_parser = addressee)]
    to: pb::AccountabilityAddressee,
    /// What kind of fault it is: PERSISTENT or SERIOUS
    #[arg(long, value_parser = fault)]
    fault: pb::FaultType,
    /// The facts
    #[arg(long)]
    facts: String,
    /// The evidence: caseReviews/ID or supervisionOpinions/ID; may be repeated
    #[arg(long)]
    evidence: Vec<String>,
}

/// Records a hearing.
#[derive(Debug, Args)]
pub struct Hear {
    #[command(flatten)]
    named: Named,
    /// The day
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    date: Date,
    /// What the person said; without it, the person did not want to say anything
    #[arg(long)]
    statement: Option<String>,
}

/// Hands a proposal over.
#[derive(Debug, Args)]
pub struct HandOver {
    #[command(flatten)]
    named: Named,
    /// The number of the document
    #[arg(long, value_name = "NUMBER")]
    document: String,
}

fn addressee(text: &str) -> Result<pb::AccountabilityAddressee, String> {
    let found = pb::AccountabilityAddressee::from_str_name(&format!("ACCOUNTABILITY_ADDRESSEE_{text}"));
    found.ok_or_else(|| "a proposal goes to LEADERS, PERSONNEL or DISCIPLINE".to_owned())
}

fn fault(text: &str) -> Result<pb::FaultType, String> {
    pb::FaultType::from_str_name(&format!("FAULT_TYPE_{text}"))
        .ok_or_else(|| "a fault is PERSISTENT or SERIOUS".to_owned())
}

pub(super) async fn account(asked: Account, context: &Context) -> Result<(), Problem> {
    let Account { person, front, to, fault, facts, evidence } = asked;
    let asked = pb::ProposeAccountabilityRequest {
        request_id: context.request().to_string(),
        person,
        front,
        addressee: to.into(),
        fault: fault.into(),
        facts,
        evidence,
    };
    let mut client = open(context)?;
    let proposed = client.propose_accountability(asked);
    let proposal = call("office, ProposeAccountability", Some(context.request()), proposed).await?;
    context.output.message(&proposal, show_proposal)
}

pub(super) async fn hear(asked: Hear, context: &Context) -> Result<(), Problem> {
    let mut client = open(context)?;
    let asked = pb::RecordHearingRequest {
        request_id: context.request().to_string(),
        name: proposal_name(&asked.named, &client).await?,
        declined: asked.statement.is_none(),
        statement: asked.statement.unwrap_or_default(),
        date: Some(wire_day(asked.date)),
        etag: String::new(),
    };
    let proposal = call("office, RecordHearing", Some(context.request()), client.record_hearing(asked)).await?;
    context.output.message(&proposal, show_proposal)
}

pub(super) async fn hand_over(asked: HandOver, context: &Context) -> Result<(), Problem> {
    let mut client = open(context)?;
    let asked = pb::HandOverAccountabilityRequest {
        request_id: context.request().to_string(),
        name: proposal_name(&asked.named, &client).await?,
        document_number: asked.document,
        etag: String::new(),
    };
    let handed_over = client.hand_over_accountability(asked);
    let proposal = call("office, HandOverAccountability", Some(context.request()), handed_over).await?;
    context.output.message(&proposal, show_proposal)
}

pub(super) async fn list_proposals(asked: Page, context: &Context) -> Result<(), Problem> {
    let (accountabilities, next_page_token) = proposals(&open(context)?, asked.limit).await?;
    context.output.message(&pb::ListAccountabilitiesResponse { accountabilities, next_page_token }, |list| {
        let mut table = table(&["PROPOSAL", "STAGE", "PERSON", "FRONT", "TO", "DOCUMENT"]);
        for it in &list.accountabilities {
            table.add_row([
                abbreviate(&it.name),
                short(it.stage().as_str_name(), "ACCOUNTABILITY_STAGE"),
                it.person.clone(),
                it.front.clone(),
                short(it.addressee().as_str_name(), "ACCOUNTABILITY_ADDRESSEE"),
                it.document_number.clone(),
            ]);
        }
        table
    })
}

fn show_proposal(proposal: &pb::Accountability) -> Table {
    facts([
        ("proposal", proposal.name.clone()),
        ("stage", short(proposal.stage().as_str_name(), "ACCOUNTABILITY_STAGE")),
        ("person", proposal.person.clone()),
        ("front", proposal.front.clone()),
        ("facts", proposal.facts.clone()),
        ("evidence", proposal.evidence.join(" ")),
        ("document", proposal.document_number.clone()),
    ])
}

async fn proposals(client: &Supervision, limit: usize) -> Result<(Vec<pb::Accountability>, String), Problem> {
    pages(limit, |page_size, page_token| {
        let mut client = client.clone();
        async move {
            let asked = pb::ListAccountabilitiesRequest { page_size, page_token, open: false };
            let page = call("office, ListAccountabilities", None, client.list_accountabilities(asked)).await?;
            Ok((page.accountabilities, page.next_page_token))
        }
    })
    .await
}

async fn proposal_name(named: &Named, client: &Supervision) -> Result<String, Problem> {
    if named.name.contains('/') {
        return Ok(named.name.clone());
    }
    let (proposals, _) = proposals(client, usize::MAX).await?;
    find(&named.name, proposals.iter().map(|it| it.name.as_str()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_typed_is_read() {
        assert_eq!(addressee("DISCIPLINE"), Ok(pb::AccountabilityAddressee::Discipline));
        assert!(addressee("MAYOR").is_err() && fault("SMALL").is_err());
    }
}
