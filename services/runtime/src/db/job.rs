//! A job: what a caller wants written, owned by the writer until it is answered.

use std::any::Any;
use std::panic::AssertUnwindSafe;

use tokio::sync::oneshot;

use super::trouble::Shared;
use super::{BoxFuture, Tx};
use crate::refusal::{Denial, Failure};

/// Whether the same job may succeed if it runs again.
pub trait Retry {
    /// True where a race was lost: a version moved, or the database ended a deadlock.
    fn is_contention(&self) -> bool;
}

impl Retry for Failure {
    fn is_contention(&self) -> bool {
        matches!(self, Self::Contention)
    }
}

impl Retry for Denial {
    fn is_contention(&self) -> bool {
        matches!(self, Self::Failed(Failure::Contention))
    }
}

/// What became of one run of a job.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Attempt {
    /// It may be committed.
    Done,
    /// It must be rolled back.
    Undone,
    /// It must be rolled back, and may run again.
    Again,
}

/// A job whose types are forgotten.
pub(crate) trait Job: Send {
    /// Runs once, in a transaction of its own.
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, Attempt>;

    /// Notes that the last run panicked.
    fn panicked(&mut self, payload: &(dyn Any + Send));

    /// Answers: what was done is durable, or is lost for the reason given. A job that was undone answers why in both cases.
    fn finish(self: Box<Self>, end: Result<(), Shared>);
}

/// A job with its types.
pub(crate) struct TypedJob<I, T, E, F, A> {
    input: I,
    work: F,
    after: A,
    result: Option<Result<T, E>>,
    answer: oneshot::Sender<Result<T, E>>,
}

impl<I, T, E, F, A> TypedJob<I, T, E, F, A> {
    pub(crate) fn new(input: I, work: F, after: A, answer: oneshot::Sender<Result<T, E>>) -> Self {
        Self { input, work, after, result: None, answer }
    }
}

impl<I, T, E, F, A> Job for TypedJob<I, T, E, F, A>
where
    I: Send + Sync + 'static,
    T: Send + 'static,
    E: From<Failure> + Retry + Send + 'static,
    F: for<'t> Fn(&'t I, &'t mut Tx) -> BoxFuture<'t, Result<T, E>> + Send + Sync + 'static,
    A: FnOnce(&I, &T) + Send + 'static,
{
    fn run<'t>(&'t mut self, tx: &'t mut Tx) -> BoxFuture<'t, Attempt> {
        Box::pin(async move {
            let Self { input, work, result, .. } = self;
            *result = None;
            let outcome = match work(input, tx).await {
                Ok(done) => tx.write_entries().await.map(|()| done).map_err(|error| Failure::from(error).into()),
                Err(error) => Err(error),
            };
            let attempt = match &outcome {
                Ok(_) => Attempt::Done,
                Err(error) if error.is_contention() => Attempt::Again,
                Err(_) => Attempt::Undone,
            };
            *result = Some(outcome);
            attempt
        })
    }

    fn panicked(&mut self, payload: &(dyn Any + Send)) {
        let message = payload
            .downcast_ref::<&'static str>()
            .map(|text| (*text).to_owned())
            .or_else(|| payload.downcast_ref::<String>().cloned())
            .unwrap_or_else(|| "a panic without a message".to_owned());
        tracing::error!(panic = message, "a job panicked and was rolled back");
        self.result = Some(Err(Failure::Internal(format!("a job panicked: {message}").into()).into()));
    }

    fn finish(self: Box<Self>, end: Result<(), Shared>) {
        let Self { input, after, result, answer, .. } = *self;
        let outcome = match (result, end) {
            (Some(Ok(done)), Ok(())) => {
                // A panic here must not take the writer with it: the job is durable already.
                if std::panic::catch_unwind(AssertUnwindSafe(|| after(&input, &done))).is_err() {
                    tracing::error!("what follows a committed job panicked");
                }
                Ok(done)
            }
            (Some(Err(error)), _) => Err(error),
            (Some(Ok(_)) | None, Err(cause)) => Err(cause.failure().into()),
            (None, Ok(())) => Err(Failure::Internal("a job was answered before it ran".into()).into()),
        };
        // A caller that hung up is not waiting: what was done stays done.
        let _ = answer.send(outcome);
    }
}
