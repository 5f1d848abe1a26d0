//! Faults of single messages, by a seed: one comes twice at once, or again much later, or waits so that later ones overtake it.
//!
//! They come over connections that work, as from a client that repeats what it need not, or through something between the two that
//! keeps what it should pass on. What happens to the n-th message of a way follows from the seed, the way and n alone.

use std::collections::HashMap;
use std::error::Error;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::task::{Context, Poll};
use std::time::Duration;

use bytes::Bytes;
use futures::FutureExt as _;
use futures::future::BoxFuture;
use http::{HeaderMap, Request, Response, request, response};
use http_body_util::{BodyExt as _, Full};
use tests::random::Random;
use tonic::body::Body;
use tonic::transport::Channel;
use tower::{Service, ServiceExt as _};

/// How much later a message comes again, in milliseconds.
const LATER: u64 = 15_000;

/// How long a message waits, in milliseconds.
const WAIT: u64 = 2_500;

/// How the names of methods that stream begin: a message of theirs waits, and is not repeated.
const STREAMS: [&str; 4] = ["Watch", "Pull", "Put", "Read"];

/// How the names of methods that only ask begin: their answers change with what they ask about.
const ASKS: [&str; 3] = ["Get", "List", "Check"];

/// The codes with which the town has said yes or no. All others say that it could not say.
const DECIDED: [&str; 4] = ["0", "3", "7", "9"];

type Fault = Box<dyn Error + Send + Sync>;

/// What becomes of a message.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Fate {
    /// It comes once, in its turn.
    Passes,
    /// It comes twice at once.
    Twice,
    /// It comes again, so much later.
    Again(Duration),
    /// It waits, so that later ones overtake it.
    Waits(Duration),
}

impl Fate {
    /// What becomes of the n-th message of a way.
    pub fn of(seed: u64, way: &str, number: u64) -> Self {
        let of_way = way.bytes().fold(seed, |hash, byte| Random::of_seed(hash ^ u64::from(byte)).next_number());
        let mut random = Random::of_seed(of_way ^ number);
        match random.below(10) {
            0 => Self::Twice,
            1 | 2 => Self::Again(Duration::from_millis(1 + random.below(LATER))),
            3 | 4 => Self::Waits(Duration::from_millis(1 + random.below(WAIT))),
            _ => Self::Passes,
        }
    }
}

/// The messages of a round. Cheap to clone.
#[derive(Clone, Debug)]
pub struct Messages(Arc<Inner>);

#[derive(Debug)]
struct Inner {
    seed: u64,
    book: Mutex<Book>,
}

/// What happened so far.
#[derive(Debug, Default)]
struct Book {
    sent: HashMap<String, u64>,
    repeated: usize,
    kept: usize,
    differences: Vec<String>,
}

impl Messages {
    /// The messages of a seed.
    pub fn new(seed: u64) -> Self {
        Self(Arc::new(Inner { seed, book: Mutex::default() }))
    }

    /// What becomes of the next message of a way.
    pub fn next(&self, way: &str) -> Fate {
        let mut book = self.book();
        let number = book.sent.entry(way.to_owned()).or_default();
        *number += 1;
        let fate = Fate::of(self.0.seed, way, *number);
        match fate {
            Fate::Passes => {}
            Fate::Twice | Fate::Again(_) => book.repeated += 1,
            Fate::Waits(_) => book.kept += 1,
        }
        fate
    }

    /// Notes that a repeated message was answered otherwise.
    pub fn differs(&self, way: &str, first: &impl std::fmt::Debug, again: &impl std::fmt::Debug) {
        self.book().differences.push(format!("{way}: {first:?}, and again {again:?}"));
    }

    /// How many messages were repeated, and how many waited. Fails where the same was not answered alike.
    pub fn end(&self) -> (usize, usize) {
        let book = self.book();
        assert_eq!(book.differences, [""; 0], "the same message gets the same answer, byte for byte");
        (book.repeated, book.kept)
    }

    fn book(&self) -> MutexGuard<'_, Book> {
        self.0.book.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A channel on which messages meet their fates. Cheap to clone.
#[derive(Clone)]
pub struct Unruly {
    channel: Channel,
    from_to: Arc<str>,
    messages: Messages,
}

impl Unruly {
    /// A channel from somebody to a service.
    pub fn new(channel: Channel, from_to: String, messages: Messages) -> Self {
        Self { channel, from_to: from_to.into(), messages }
    }

    async fn send(self, request: Request<Body>) -> Result<Response<Body>, Fault> {
        let path = request.uri().path().to_owned();
        let is_one_of = |beginnings: &[&str]| {
            let method = path.rsplit('/').next().unwrap_or_default();
            beginnings.iter().any(|beginning| method.starts_with(beginning))
        };
        let way = format!("{} {path}", self.from_to);
        let fate = self.messages.next(&way);
        if let Fate::Waits(pause) = fate {
            tokio::time::sleep(pause).await;
        }
        if is_one_of(&STREAMS) {
            return Ok(self.channel.oneshot(request).await?);
        }
        let message = Message::read(request).await?;
        let judge = (!is_one_of(&ASKS)).then(|| (self.messages.clone(), way));
        match fate {
            Fate::Passes | Fate::Waits(_) => Ok(message.deliver(&self.channel).await?.into_response()),
            Fate::Twice => {
                let (first, second) = futures::join!(message.deliver(&self.channel), message.deliver(&self.channel));
                compare(judge.as_ref(), &first, &second);
                Ok(first.or(second)?.into_response())
            }
            Fate::Again(pause) => {
                let first = message.deliver(&self.channel).await;
                let (known, channel) = (first.as_ref().ok().cloned().ok_or(()), self.channel);
                let again = async move {
                    tokio::time::sleep(pause).await;
                    compare(judge.as_ref(), &known, &message.deliver(&channel).await);
                };
                // Nobody waits for it.
                drop(on_the_way(again));
                Ok(first?.into_response())
            }
        }
    }
}

/// A message is on its way although its sender waits no more.
#[expect(clippy::disallowed_methods, reason = "a round ends with its hosts, and these tasks with them")]
fn on_the_way<T: Send + 'static>(work: impl Future<Output = T> + Send + 'static) -> tokio::task::JoinHandle<T> {
    tokio::spawn(work)
}

/// Both have an answer of the town: it must be the same.
fn compare<E, F>(judge: Option<&(Messages, String)>, first: &Result<Answer, E>, again: &Result<Answer, F>) {
    if let (Some((messages, way)), Ok(first), Ok(again)) = (judge, first, again)
        && first.is_decided()
        && again.is_decided()
        && first.said() != again.said()
    {
        messages.differs(way, &first.said(), &again.said());
    }
}

impl Service<Request<Body>> for Unruly {
    type Response = Response<Body>;
    type Error = Fault;
    type Future = BoxFuture<'static, Result<Self::Response, Fault>>;

    fn poll_ready(&mut self, _: &mut Context<'_>) -> Poll<Result<(), Fault>> {
        Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: Request<Body>) -> Self::Future {
        let sent = on_the_way(self.clone().send(request));
        async move { sent.await.unwrap_or_else(|ended| std::panic::resume_unwind(ended.into_panic())) }.boxed()
    }
}

/// A message that can be sent again.
struct Message {
    head: request::Parts,
    content: Bytes,
}

impl Message {
    async fn read(request: Request<Body>) -> Result<Self, Fault> {
        let (head, body) = request.into_parts();
        Ok(Self { head, content: body.collect().await?.to_bytes() })
    }

    async fn deliver(&self, channel: &Channel) -> Result<Answer, Fault> {
        let mut request = Request::new(Body::new(Full::new(self.content.clone())));
        *request.method_mut() = self.head.method.clone();
        *request.uri_mut() = self.head.uri.clone();
        *request.version_mut() = self.head.version;
        *request.headers_mut() = self.head.headers.clone();
        let (head, body) = channel.clone().oneshot(request).await?.into_parts();
        let body = body.collect().await?;
        let trailers = body.trailers().cloned();
        Ok(Answer { head, content: body.to_bytes(), trailers })
    }
}

/// What came back.
#[derive(Clone)]
struct Answer {
    head: response::Parts,
    content: Bytes,
    trailers: Option<HeaderMap>,
}

impl Answer {
    fn is_decided(&self) -> bool {
        let code = self.ending("grpc-status");
        code.is_some_and(|code| DECIDED.iter().any(|decided| decided.as_bytes() == code))
    }

    /// All that a client learns.
    fn said(&self) -> (&[u8], [Option<&[u8]>; 3]) {
        (&self.content, ["grpc-status", "grpc-message", "grpc-status-details-bin"].map(|name| self.ending(name)))
    }

    fn ending(&self, name: &str) -> Option<&[u8]> {
        let trailers = self.trailers.as_ref().and_then(|trailers| trailers.get(name));
        trailers.or_else(|| self.head.headers.get(name)).map(http::HeaderValue::as_bytes)
    }

    fn into_response(self) -> Response<Body> {
        let Self { head, content, trailers } = self;
        let body = Full::new(content).with_trailers(async move { trailers.map(Ok) });
        Response::from_parts(head, Body::new(body))
    }
}
