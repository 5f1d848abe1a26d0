//! Acts of clients as bytes: what is asked, of whom, by whom. An act can be repeated as often as one likes; a town that keeps its
//! word answers the same bytes each time.

use std::time::{Duration, Instant};

use bytes::Bytes;
use prost::Message;
use runtime::refusal::{SeenRefusal, TRACE_HEADER, read};
use tonic::transport::Channel;
use tonic::{Code, Status};

use crate::clients::Clients;
use crate::raw::{self, Answer};

/// How long one attempt may take.
const ATTEMPT_LIMIT: Duration = Duration::from_secs(20);

/// How long an act may go without an answer, however often it is tried.
const ANSWER_LIMIT: Duration = Duration::from_secs(120);

/// The pause after an attempt that had no answer.
const PAUSE: Duration = Duration::from_millis(20);

/// One act of one client.
#[derive(Clone, Debug)]
pub struct Act {
    /// The path of the method, such as `/townlink.gateway.v1.PaperService/IssuePaper`.
    pub path: &'static str,
    /// The request.
    pub request: Bytes,
    channel: Channel,
}

impl Act {
    /// An act of an identity. The service is the one that the path names.
    #[must_use]
    pub fn new(clients: &Clients, identity: &str, path: &'static str, request: &impl Message) -> Self {
        Self { path, request: request.encode_to_vec().into(), channel: clients.channel(service_of(path), identity) }
    }

    /// Tries once.
    ///
    /// # Errors
    /// The status where there was no answer: the town may or may not have done what was asked.
    ///
    /// # Panics
    /// Where the town says that it is broken.
    pub async fn attempt(&self) -> Result<Answer, Status> {
        let call = raw::call(&self.channel, self.path, self.request.clone());
        let status = match tokio::time::timeout(ATTEMPT_LIMIT, call).await {
            Ok(Ok(reply)) => return Ok(Answer::Reply(reply)),
            Ok(Err(status)) => status,
            Err(_) => Status::deadline_exceeded("the attempt took too long"),
        };
        if is_answer(&status) { Ok(Answer::from(status)) } else { Err(status) }
    }

    /// Tries until there is an answer, as a client does that wants to know.
    ///
    /// # Panics
    /// Where there is none within two minutes.
    pub async fn insist(&self) -> Answer {
        let begin = Instant::now();
        loop {
            match self.attempt().await {
                Ok(answer) => return answer,
                Err(status) => assert!(begin.elapsed() < ANSWER_LIMIT, "{} has no answer: {status}", self.path),
            }
            tokio::time::sleep(PAUSE).await;
        }
    }
}

/// The service that serves a method, by its package.
#[must_use]
pub fn service_of(path: &str) -> &'static str {
    if path.starts_with("/townlink.gateway.") { "gateway" } else { "office" }
}

/// Whether a status is what the town decided; anything else leaves open what became of the request.
///
/// # Panics
/// Where the town says that it is broken: that is no loss on the way, and repeating would hide it.
#[must_use]
pub fn is_answer(status: &Status) -> bool {
    let broken = status.code() == Code::Internal && status.metadata().contains_key(TRACE_HEADER);
    assert!(!broken, "the town failed: {status}");
    matches!(
        status.code(),
        Code::InvalidArgument
            | Code::NotFound
            | Code::AlreadyExists
            | Code::PermissionDenied
            | Code::FailedPrecondition
            | Code::Unauthenticated
            | Code::Unimplemented
    )
}

/// What a client reads out of a status; empty for a bare one.
#[must_use]
pub fn seen(status: &Status) -> SeenRefusal {
    read(status).unwrap_or_default()
}

/// The code that people see, of an answer; empty for a yes.
#[must_use]
pub fn code_of(answer: &Answer) -> String {
    match answer {
        Answer::Reply(_) => String::new(),
        Answer::Refusal { code, message, details } => {
            seen(&Status::with_details(*code, message.clone(), details.clone())).code
        }
    }
}
