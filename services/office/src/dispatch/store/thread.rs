//! The correspondence about a matter: papers that came and papers that went, each leading to the next by number.
//!
//! What leads from one incoming paper to another is kept beside the inbox in `thread_papers`, derived from what arrived.

use std::collections::{BTreeMap, BTreeSet, VecDeque};

use prost::Message as _;
use runtime::db::{Columns as _, Connection, Row, Tx};
use runtime::refusal::Failure;
use townlink_proto::townlink::office::v1 as pb;
use vocabulary::{DocumentNumber, Institution, document_number, time};

use crate::fields::instant;
use crate::inbox::wire::summary;

/// How many papers a correspondence has at most.
const PAPERS_MAX: usize = 200;

/// One paper with the numbers that lead on, and its place in time.
struct Link {
    /// Whose it is.
    institution: String,
    at_us: i64,
    numbers: [String; 2],
    paper: pb::ThreadPaper,
}

/// Collects a correspondence from one of its numbers, as far as an institution may read it; oldest first.
pub(crate) async fn collect(
    sql: &mut Connection,
    number: String,
    reader: Option<Institution>,
) -> Result<Vec<pb::ThreadPaper>, Failure> {
    let mut found: BTreeMap<String, Link> = BTreeMap::new();
    let mut seen = BTreeSet::from([number.clone()]);
    let mut waiting = VecDeque::from([number]);
    while let Some(number) = waiting.pop_front() {
        let mut links = incoming(sql, &number).await?;
        links.extend(outgoing(sql, &number).await?);
        for link in links {
            let fresh = link.numbers.iter().filter(|number| !number.is_empty() && seen.insert((*number).clone()));
            waiting.extend(fresh.cloned().collect::<Vec<_>>());
            found.entry(link.paper.name.clone()).or_insert(link);
        }
        if found.len() >= PAPERS_MAX {
            break;
        }
    }
    let own = |link: &Link| reader.is_some_and(|own| own == Institution::Office || own.code() == link.institution);
    let mut links: Vec<_> = found.into_values().filter(own).collect();
    links.sort_by(|one, other| (one.at_us, &one.paper.name).cmp(&(other.at_us, &other.paper.name)));
    links.truncate(PAPERS_MAX);
    Ok(links.into_iter().map(|link| link.paper).collect())
}

async fn incoming(sql: &mut Connection, number: &str) -> Result<Vec<Link>, Failure> {
    let rows = sqlx::query(
        "select inbox, arrived_us, document_key, ref_key, paper from thread_papers \
         where document_key = $1 or ref_key = $1 order by arrived_us, name limit 200",
    )
    .bind(number.to_owned())
    .fetch_all(sql)
    .await?;
    let link = |row: &Row| -> Result<_, Failure> {
        Ok(Link {
            institution: row.text(0)?,
            at_us: row.int(1)?,
            numbers: [row.text(2)?, row.text(3)?],
            paper: pb::ThreadPaper::decode(row.bytes(4)?.as_slice()).map_err(Failure::internal)?,
        })
    };
    rows.iter().map(link).collect()
}

async fn outgoing(sql: &mut Connection, number: &str) -> Result<Vec<Link>, Failure> {
    let rows = sqlx::query(
        "select institution, drafted_us, ref_key, dispatch from dispatches \
         where document_number = $1 or ref_key = $1 order by drafted_us, id limit 200",
    )
    .bind(number.to_owned())
    .fetch_all(sql)
    .await?;
    let link = |row: &Row| -> Result<_, Failure> {
        let dispatch = pb::Dispatch::decode(row.bytes(3)?.as_slice()).map_err(Failure::internal)?;
        let content = dispatch.content.unwrap_or_default();
        let document_number = dispatch.number.unwrap_or_default().document_number;
        let issuer = if dispatch.issuer_name.is_empty() { content.issuer } else { dispatch.issuer_name };
        // A paper has its place where it was sent, a draft where it was written.
        let sent = dispatch.sending.and_then(|mark| mark.time);
        Ok(Link {
            institution: row.text(0)?,
            at_us: sent.as_ref().and_then(instant).map_or(row.int(1)?, time::to_us),
            numbers: [document_number.clone(), row.text(2)?],
            paper: pb::ThreadPaper {
                name: dispatch.name,
                document_number,
                ref_document_number: content.ref_document_number,
                doc_type: content.doc_type,
                title: content.title,
                issuer,
                time: sent.or(dispatch.draft_time),
            },
        })
    };
    rows.iter().map(link).collect()
}

/// Keeps the numbers of a paper that arrived. Gives the number that it refers to, in its right spelling.
pub(crate) async fn keep(tx: &mut Tx, arrived: &pb::PaperArrived) -> Result<String, Failure> {
    let Some(paper) = &arrived.paper else { return Ok(String::new()) };
    let summary = summary(paper.summary.clone().unwrap_or_default());
    let ref_key = key(&summary.ref_document_number);
    let arrived_us = paper.arrive_time.as_ref().and_then(instant).map_or(0, time::to_us);
    let inbox = paper.name.strip_prefix("inboxes/").and_then(|rest| rest.split('/').next()).unwrap_or_default();
    let shown = pb::ThreadPaper {
        name: paper.name.clone(),
        document_number: summary.document_number.clone(),
        ref_document_number: summary.ref_document_number.clone(),
        doc_type: summary.doc_type.clone(),
        title: summary.title.clone(),
        issuer: summary.issuer.clone(),
        time: paper.arrive_time,
    };
    sqlx::query(
        "insert into thread_papers (name, inbox, document_key, ref_key, arrived_us, paper) values ($1, $2, $3, $4, $5, $6) \
         on conflict (name) do nothing",
    )
    .bind(paper.name.as_str())
    .bind(inbox)
    .bind(key(&summary.document_number))
    .bind(ref_key.as_str())
    .bind(arrived_us)
    .bind(shown.encode_to_vec())
    .execute(tx.sql())
    .await?;
    Ok(ref_key)
}

/// A number as it came, in the form by which numbers are compared; empty where it is none.
fn key(as_came: &str) -> String {
    let repaired = || document_number::repair(as_came).map(|repaired| repaired.number);
    DocumentNumber::parse(as_came).ok().or_else(repaired).map(|number| number.to_string()).unwrap_or_default()
}
