//! What the gateway does when the office's journal says something: receipts for the sender, and the end of holds.
//!
//! A receipt is prepared and signed as its entry comes in, before the transaction that writes it with the cursor; each is written
//! once. A copy for information earns the sender no receipt.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use futures::StreamExt as _;
use prost::Name as _;
use runtime::db::Tx;
use runtime::execute::Writer;
use runtime::journal::{Positioned, Prepared, Record};
use runtime::log::ReceiptType;
use runtime::refusal::Failure;
use runtime::refusal::fields::{day_to_wire, instant, instant_to_wire};
use runtime::subscription::feed::Entries;
use runtime::subscription::{Feed, Reaction};
use townlink_proto::townlink::gateway::v1 as pb;
use townlink_proto::townlink::journal::v1 as journal;
use townlink_proto::townlink::office::v1 as office;
use vocabulary::time::parse_date;
use vocabulary::{Institution, Timestamp, time};

use super::delivery::store::{self, Later};
use super::delivery::wire;
use super::following::store::{self as following, Mark};
use super::following::wire::day_text;
use super::paper::state::PaperName;
use super::paper::store as papers;
use super::receipts::{self, Outcome, Receipts, Told};

/// The code with which OFFICE quarantines a paper: then it is stopped wherever it is.
const QUARANTINE: &str = "OV-CLASSIFIED";

/// How many entries are prepared before the first of them is written.
const AHEAD: usize = 16;

/// Receipts that are signed and not yet written, by the entry of the office that they rest on.
type Drafts = Arc<Mutex<HashMap<String, Draft>>>;

#[derive(Clone, Debug)]
struct Draft {
    later: Later,
    entry: Prepared,
}

/// The reaction to the office's journal.
pub(crate) struct Reactions {
    writer: Writer,
    drafts: Drafts,
}

/// The office's journal, with a signed receipt prepared for each entry that earns one.
pub(crate) struct Signing<F> {
    feed: F,
    signer: Signer,
}

#[derive(Clone)]
struct Signer {
    writer: Writer,
    receipts: Receipts,
    drafts: Drafts,
}

/// The reaction, and the feed that it must be given.
pub(crate) fn reactions<F: Feed>(writer: Writer, receipts: Receipts, feed: F) -> (Reactions, Signing<F>) {
    let drafts = Drafts::default();
    let signer = Signer { writer: writer.clone(), receipts, drafts: Arc::clone(&drafts) };
    (Reactions { writer, drafts }, Signing { feed, signer })
}

/// What an entry of the office says of a paper.
struct Said {
    paper: PaperName,
    institution: String,
    person: String,
    at: Timestamp,
    copy: bool,
    what: What,
}

enum What {
    SignedFor,
    Checked,
    Returned { code: String, reason: String },
    Completed(Outcome),
}

impl Said {
    fn read(entry: &Positioned) -> Result<Option<Self>, Failure> {
        if let Some(event) = entry.event::<office::PaperSignedFor>()? {
            let office::PaperSignedFor { paper, institution, person, time, copy, .. } = event;
            let (paper, at) = (named(&paper)?, at(time.as_ref())?);
            return Ok(Some(Self { paper, institution, person, at, copy, what: What::SignedFor }));
        }
        if let Some(event) = entry.event::<office::PaperChecked>()? {
            let office::PaperChecked { paper, institution, time, .. } = event;
            let (paper, at) = (named(&paper)?, at(time.as_ref())?);
            return Ok(Some(Self { paper, institution, person: String::new(), at, copy: false, what: What::Checked }));
        }
        if let Some(event) = entry.event::<office::PaperReturned>()? {
            let office::PaperReturned { paper, institution, person, code, reason, time, copy, .. } = event;
            let (paper, at) = (named(&paper)?, at(time.as_ref())?);
            return Ok(Some(Self { paper, institution, person, at, copy, what: What::Returned { code, reason } }));
        }
        if let Some(event) = entry.event::<office::PaperCompleted>()? {
            let office::PaperCompleted { paper, institution, person, time, copy, on_time, result, .. } = event;
            let (paper, at) = (named(&paper)?, at(time.as_ref())?);
            let what = What::Completed(Outcome { result, on_time });
            return Ok(Some(Self { paper, institution, person, at, copy, what }));
        }
        Ok(None)
    }

    /// The receipt that it earns the sender.
    fn earns(&self) -> Option<(ReceiptType, String)> {
        match &self.what {
            What::SignedFor if !self.copy => Some((ReceiptType::SignedFor, String::new())),
            What::Returned { code, reason } if !self.copy => Some((receipts::returned(code), told(code, reason))),
            What::Completed(_) if !self.copy => Some((ReceiptType::Completed, String::new())),
            What::SignedFor | What::Returned { .. } | What::Checked | What::Completed(_) => None,
        }
    }

    fn outcome(&self) -> Outcome {
        match &self.what {
            What::Completed(outcome) => outcome.clone(),
            What::SignedFor | What::Returned { .. } | What::Checked => Outcome::default(),
        }
    }
}

/// What the office did with a paper that earns no receipt, and its sender is to know: a due date that he had set was extended, or
/// the paper was replied to.
fn marked(entry: &Positioned) -> Result<Option<Mark>, Failure> {
    if let Some(event) = entry.event::<office::PaperExtended>()? {
        let office::PaperExtended { inbox_paper, paper, due, sender_due, time, deed: _ } = event;
        // §8.4: the sender is told where he set the due date; else it is the town's own affair.
        return Ok(sender_due.then_some(Mark {
            name: named(&paper)?,
            extended: true,
            institution: institution(&inbox_paper),
            due: day_text(due.as_ref()),
            document_number: String::new(),
            dispatch: String::new(),
            at: at(time.as_ref())?,
        }));
    }
    if let Some(event) = entry.event::<office::PaperReplied>()? {
        let office::PaperReplied { inbox_paper, paper, document_number, dispatch, time } = event;
        return Ok(Some(Mark {
            name: named(&paper)?,
            extended: false,
            institution: institution(&inbox_paper),
            due: String::new(),
            document_number,
            dispatch,
            at: at(time.as_ref())?,
        }));
    }
    Ok(None)
}

/// The institution in whose inbox a paper is: `inboxes/{institution}/papers/…`.
fn institution(inbox_paper: &str) -> String {
    inbox_paper.split('/').nth(1).unwrap_or_default().to_owned()
}

/// What the journal says of a mark.
fn mark_record(mark: &Mark, office_entry: &str) -> Record {
    let (paper, institution, time) = (mark.name.to_string(), mark.institution.clone(), Some(instant_to_wire(mark.at)));
    let (subject, office_entry) = (format!("{paper}/marks/{office_entry}"), office_entry.to_owned());
    if mark.extended {
        let due = parse_date(&mark.due).ok().map(day_to_wire);
        Record::of(&pb::PaperExtensionGranted { paper, institution, due, time, office_entry }, subject)
    } else {
        let (document_number, dispatch) = (mark.document_number.clone(), mark.dispatch.clone());
        Record::of(&pb::PaperReplied { paper, institution, document_number, dispatch, time, office_entry }, subject)
    }
    .done_at(mark.at)
}

/// A code with the words beside it.
fn told(code: &str, reason: &str) -> String {
    format!("{code} {reason}").trim().to_owned()
}

fn named(name: &str) -> Result<PaperName, Failure> {
    PaperName::parse(name).ok_or_else(|| Failure::internal("an entry of the office names no paper"))
}

fn at(time: Option<&prost_types::Timestamp>) -> Result<Timestamp, Failure> {
    time.and_then(instant).ok_or_else(|| Failure::internal("an entry of the office has no time"))
}

impl Signer {
    /// Prepares the receipt that an entry earns.
    async fn prepare(self, message: journal::WatchEntriesResponse) -> Result<journal::WatchEntriesResponse, Failure> {
        let Some(entry) = message.entry.clone() else { return Ok(message) };
        let entry = Positioned { position: message.position, entry };
        let Some(said) = Said::read(&entry)? else { return Ok(message) };
        let Some((what, reason)) = said.earns() else { return Ok(message) };
        let mut reader = self.writer.db().read().await?;
        let known = papers::digest(reader.sql(), &said.paper).await?;
        drop(reader);
        let Some((payload_digest, accepted_us)) = known else {
            // Another cell's paper, or a restored database: there is nobody to give a receipt to.
            tracing::error!(paper = %said.paper, "the office tells of a paper that the gateway does not know");
            return Ok(message);
        };
        let (signer, id) = (self.clone(), entry.entry.id);
        let sign = move || signer.draft(said, what, reason, payload_digest, accepted_us, id);
        let draft = tokio::task::spawn_blocking(sign).await.map_err(Failure::internal)??;
        drafts(&self.drafts).insert(draft.later.issued.office_entry.clone(), draft);
        Ok(message)
    }

    fn draft(
        &self,
        said: Said,
        what: ReceiptType,
        reason: String,
        payload_digest: vocabulary::Sm3Digest,
        accepted_us: i64,
        office_entry: String,
    ) -> Result<Draft, Failure> {
        let (kind, outcome) = (receipts::kind(&what), said.outcome());
        let issued = pb::ReceiptIssued {
            paper: said.paper.to_string(),
            r#type: kind.into(),
            institution: said.institution.clone(),
            person: said.person,
            reason: reason.clone(),
            act_time: Some(instant_to_wire(said.at)),
            office_entry,
            result: outcome.result.clone(),
            on_time: outcome.on_time,
        };
        let subject = format!("{}/receipts/{}", said.paper, issued.office_entry);
        let record = Record::of(&issued, subject).done_at(said.at);
        let entry = self.writer.prepare(&record, &self.writer.as_service())?;
        let receipt = self.receipts.sign(Told {
            what,
            paper: &said.paper,
            payload_digest,
            leaf_hash: entry.leaf_hash(),
            at: said.at,
            institution: said.institution,
            reason,
            outcome,
        })?;
        let act_us = time::to_us(said.at);
        Ok(Draft { later: Later { name: said.paper, accepted_us, issued, act_us, receipt }, entry })
    }
}

impl<F: Feed> Feed for Signing<F> {
    async fn watch(&self, after: i64, kinds: Vec<String>) -> Result<Entries, Failure> {
        let entries = self.feed.watch(after, kinds).await?;
        // Whatever an earlier stream left was written by another replica, or comes again.
        drafts(&self.signer.drafts).clear();
        let signer = self.signer.clone();
        let prepared = entries.map(move |message| {
            let signer = signer.clone();
            async move { signer.prepare(message?).await }
        });
        Ok(prepared.buffered(AHEAD).boxed())
    }
}

impl Reaction for Reactions {
    fn name(&self) -> &'static str {
        "gateway.office"
    }

    fn kinds(&self) -> Vec<String> {
        vec![
            office::PaperSignedFor::full_name(),
            office::PaperChecked::full_name(),
            office::PaperReturned::full_name(),
            office::PaperCompleted::full_name(),
            office::PaperExtended::full_name(),
            office::PaperReplied::full_name(),
        ]
    }

    async fn react(&self, tx: &mut Tx, entry: &Positioned) -> Result<(), Failure> {
        let draft = drafts(&self.drafts).get(&entry.entry.id).cloned();
        if let Some(draft) = draft {
            store::insert_receipt(tx, &draft.later).await?;
            tx.append(draft.entry);
        }
        if let Some(mark) = marked(entry)? {
            return self.mark(tx, &mark, &entry.entry.id).await;
        }
        let Some(said) = Said::read(entry)? else { return Ok(()) };
        if said.institution == Institution::Office.code() {
            self.decided(tx, &said).await?;
        }
        Ok(())
    }

    fn committed(&self, entries: &[Positioned]) {
        let mut drafts = drafts(&self.drafts);
        for entry in entries {
            drafts.remove(&entry.entry.id);
        }
    }
}

impl Reactions {
    /// Tells the sender what the office did with his paper.
    async fn mark(&self, tx: &mut Tx, mark: &Mark, office_entry: &str) -> Result<(), Failure> {
        let Some((_, accepted_us)) = papers::digest(tx.sql(), &mark.name).await? else {
            tracing::error!(paper = %mark.name, "the office tells of a paper that the gateway does not know");
            return Ok(());
        };
        following::insert_mark(tx, mark, office_entry, accepted_us).await?;
        tx.append(self.writer.prepare(&mark_record(mark, office_entry), &self.writer.as_service())?);
        Ok(())
    }

    /// OFFICE decided about its own copy, and with it about what waits for it.
    async fn decided(&self, tx: &mut Tx, said: &Said) -> Result<(), Failure> {
        let verdict = match &said.what {
            What::SignedFor | What::Completed(_) => return Ok(()),
            What::Checked => Ok(()),
            What::Returned { code, reason } => Err(told(code, reason)),
        };
        let quarantined = matches!(&said.what, What::Returned { code, .. } if code == QUARANTINE);
        let open = store::open(tx, &said.paper).await?;
        if open.iter().any(|open| open.held || quarantined) {
            let record = wire::hold_ended(&said.paper, verdict);
            tx.append(self.writer.prepare(&record, &self.writer.as_service())?);
        }
        Ok(())
    }
}

fn drafts(drafts: &Drafts) -> MutexGuard<'_, HashMap<String, Draft>> {
    drafts.lock().unwrap_or_else(PoisonError::into_inner)
}
