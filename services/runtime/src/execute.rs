//! The write path. Every write of a request goes through [`Writer::execute`]: load with version, decide, apply, save, journal,
//! stored answer, commit, in one transaction.
//!
//! The version guard, not a lock, keeps two officers from deciding one case: SQLite has no row locks, and PostgreSQL's default
//! isolation would let the slower officer overwrite the faster one. Losing the race costs one more call of a pure function.
//!
//! - [`mod@unit`]: what a service says of its state: the pure decision around which all this is built.
//! - [`answer`]: what is answered, and kept for good.

pub mod answer;
mod attempt;
mod known;
pub mod unit;

use std::sync::Arc;

use townlink_proto::townlink::journal::v1 as pb;
use vocabulary::RequestId;

use crate::call::Call;
use crate::caller::{Caller, Principal, ServiceName};
use crate::clock::TownClock;
use crate::db::{Backend, BoxFuture, Db, Tx};
use crate::journal::{self, Author, Event, Prepared, Record};
use crate::refusal::{Denial, Failure, Refusal};
use attempt::{Ended, Input};
use known::Known;

pub use answer::{Answer, Outcome, StoredAnswer};
pub use unit::{SaveError, Saving, Unit, Version, guard};

/// The write path of one service. Cheap to clone.
#[derive(Clone)]
pub struct Writer {
    db: Db,
    clock: TownClock,
    service: ServiceName,
    /// None where other processes write into the same database.
    known: Option<Arc<Known>>,
}

impl Writer {
    /// The write path over a database and a clock, in the name of a service.
    #[must_use]
    pub fn new(db: Db, clock: TownClock, service: ServiceName) -> Self {
        let known = (db.backend() == Backend::Sqlite).then(|| Arc::new(Known::new()));
        Self { db, clock, service, known }
    }

    /// The database.
    #[must_use]
    pub fn db(&self) -> &Db {
        &self.db
    }

    /// The town's clock.
    #[must_use]
    pub fn clock(&self) -> &TownClock {
        &self.clock
    }

    /// The service in whose name is written.
    #[must_use]
    pub fn service(&self) -> ServiceName {
        self.service
    }

    /// Decides a command once for each request id, in one transaction, and answers once it is durable.
    ///
    /// A refusal is journalled and stored, and comes back as [`Denial::Stored`]: the bytes that a repetition gets too. A
    /// request id that was answered before gets its stored answer; where its request was another one, the refusal that the
    /// contract names.
    ///
    /// # Errors
    /// [`Denial::Stored`] for a refusal; what [`Unit::load`] says; [`Failure::Contention`] where others kept changing the unit.
    pub async fn execute<U: Unit>(
        &self,
        call: Call,
        command: U::Command,
        facts: U::Facts,
    ) -> Result<Answer<U::Reply>, Denial> {
        self.note(&call);
        let call = Arc::new(call);
        let author = Author::of_call(&call);
        let clock = self.clock.clone();
        let input = Input::<U> { call: Arc::clone(&call), author, command, facts, clock, service: self.service };
        let done = self
            .db
            .write_then(
                input,
                |input, tx| Box::pin(attempt::run(input, tx)),
                |input, done| {
                    if let Some(unit) = &done.unit {
                        unit.committed(&input.command, &input.facts);
                    }
                },
            )
            .await;
        match done {
            Ok(done) => done.answer,
            Err(ended) => self.answered_before(&call, ended).await?.decode(),
        }
    }

    /// Refuses a call that was found wanting before its command could be decided, as by a peer's answer: journalled and stored
    /// like every refusal. Gives what to return.
    pub async fn refuse(&self, call: Call, refusal: Refusal) -> Denial {
        self.note(&call);
        let call = Arc::new(call);
        let author = Author::of_call(&call);
        let refused = (Arc::clone(&call), author, refusal, self.clone());
        let done = self
            .db
            .write(refused, |(call, author, refusal, writer), tx| {
                Box::pin(attempt::store_refusal(tx, call, author, refusal, &writer.clock, writer.service))
            })
            .await;
        match done {
            Ok(bytes) => Denial::Stored(bytes),
            Err(ended) => match self.answered_before(&call, ended).await {
                // The first answer of a request id stands, and a retry that comes here wants to be told it.
                Ok(stored) => stored.denial(),
                Err(denial) => denial,
            },
        }
    }

    /// Refuses a request id that was used for another request. Journalled, and not stored: the first answer stands.
    pub async fn refuse_reuse(&self, call: &Call) -> Denial {
        let method = call.access.method();
        let refusal = Refusal::new(
            method.reuse_reason,
            format!("request id {} was used before for another request", call.request_id),
            "该编号此前已用于另一项内容不同的请求；原请求的结果不变。请核对内容，另用新的编号提交。",
        )
        .with("request_id", call.request_id.to_string());
        match self.record(Author::of_call(call), &method.path, &refusal).await {
            Ok(()) => refusal.into(),
            Err(failure) => failure.into(),
        }
    }

    /// Runs a write that is no request: a timer, a reaction, the dispatcher. Entries are appended with [`Tx::append`].
    ///
    /// # Errors
    /// What the job gives, or the failure of its commit. Nothing is written then.
    pub async fn run<I, T, F>(&self, input: I, job: F) -> Result<T, Failure>
    where
        I: Send + Sync + 'static,
        T: Send + 'static,
        F: for<'t> Fn(&'t I, &'t mut Tx) -> BoxFuture<'t, Result<T, Failure>> + Send + Sync + 'static,
    {
        self.db.write(input, job).await
    }

    /// Carries out a command that nobody asked for, inside the job of a timer or a reaction, in the name of the service: load,
    /// decide, apply, save, journal, as in [`Writer::execute`], and no answer. Gives the unit as it is then.
    ///
    /// # Errors
    /// The refusal, which is not recorded: whoever calls this knows what it means; what [`Unit::load`] says;
    /// [`Failure::Contention`] where another was faster, and then the job runs again.
    pub async fn carry_out<U: Unit>(&self, tx: &mut Tx, command: &U::Command, facts: &U::Facts) -> Result<U, Denial> {
        attempt::unasked(tx, &self.as_service(), command, facts, self.clock.now()).await
    }

    /// Fixes an entry of something done now: its id, salt, times and leaf hash. For [`Unit::prepared`], or for [`Tx::append`].
    ///
    /// # Errors
    /// [`Failure::Internal`] where the event does not fit an entry.
    pub fn prepare(&self, event: &impl Event, author: &Author) -> Result<Prepared, Failure> {
        journal::prepare(&event.record(), author, self.clock.now(), None)
    }

    /// As [`Writer::prepare`], recorded later than the last change of the same thing.
    ///
    /// # Errors
    /// [`Failure::Internal`] where the event does not fit an entry.
    pub fn prepare_after(&self, event: &impl Event, author: &Author, last: &Version) -> Result<Prepared, Failure> {
        journal::prepare(&event.record(), author, self.clock.now(), last.recorded())
    }

    /// The service as the author of what it does by itself.
    #[must_use]
    pub fn as_service(&self) -> Author {
        Author::service(self.service)
    }

    /// What is kept for a request id of a principal. The replay layer asks before anything else is read.
    ///
    /// # Errors
    /// [`Failure`] where the database is away.
    pub async fn lookup_answer(
        &self,
        principal: &Principal,
        request_id: &RequestId,
    ) -> Result<Option<StoredAnswer>, Failure> {
        let principal = principal.key();
        if self.known.as_ref().is_some_and(|known| known.rules_out(&principal, *request_id)) {
            return Ok(None);
        }
        self.stored(&principal, *request_id).await
    }

    /// Learns which request ids were answered before the start, so that new ones need no look. Until then all are looked up.
    ///
    /// # Errors
    /// [`Failure`] where the database is away.
    pub async fn learn(&self) -> Result<(), Failure> {
        match &self.known {
            Some(known) => known.read(&self.db).await,
            None => Ok(()),
        }
    }

    fn note(&self, call: &Call) {
        if let Some(known) = &self.known {
            known.note(&call.access.principal().key(), call.request_id);
        }
    }

    async fn stored(&self, principal: &str, request_id: RequestId) -> Result<Option<StoredAnswer>, Failure> {
        let mut reader = self.db.read().await?;
        answer::lookup(reader.sql(), principal, request_id).await
    }

    /// Journals a denial of access. No answer is stored; the caller of this limits the rate.
    ///
    /// # Errors
    /// [`Failure`] where the entry could not be written.
    pub async fn record_denial(&self, caller: &Caller, method: &str, refusal: &Refusal) -> Result<(), Failure> {
        self.record(Author::of_caller(caller), method, refusal).await
    }

    async fn record(&self, author: Author, method: &str, refusal: &Refusal) -> Result<(), Failure> {
        let entry = journal::prepare(&refused(method, refusal), &author, self.clock.now(), None)?;
        self.db
            .write(entry, |entry, tx| {
                tx.append(entry.clone());
                Box::pin(async { Ok(()) })
            })
            .await
    }

    /// After a job that stored nothing: the answer that another job stored for the same request, or why there is none.
    async fn answered_before(&self, call: &Call, ended: Ended) -> Result<StoredAnswer, Denial> {
        let found = self.stored(&call.access.principal().key(), call.request_id).await;
        match (found, ended) {
            (Ok(Some(stored)), _) if stored.fingerprint == call.fingerprint => Ok(stored),
            (Ok(Some(_)), _) => Err(self.refuse_reuse(call).await),
            (Ok(None) | Err(_), Ended::Denied(denial)) => Err(denial),
            (Ok(None), Ended::AnsweredBefore) => {
                Err(Failure::internal("an answer was stored for this request and cannot be found").into())
            }
            (Err(failure), Ended::AnsweredBefore) => Err(failure.into()),
        }
    }
}

/// The entry of a refusal. It is about no resource: what was refused changed nothing.
fn refused(method: &str, refusal: &Refusal) -> Record {
    let ground = refusal.ground();
    let event = pb::Refused {
        method: method.to_owned(),
        reason: ground.reason.to_owned(),
        code: ground.code.clone(),
        law: ground.law.clone(),
        message: refusal.message.clone(),
    };
    Record::of(&event, "")
}

/// Encodes a reply as it is stored and sent.
fn encode(reply: &impl prost::Message) -> bytes::Bytes {
    reply.encode_to_vec().into()
}
