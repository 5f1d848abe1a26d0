//! Where each service is, as a channel: the only place that knows whether a service runs in this process or elsewhere.
//!
//! Inside the process a channel is a pipe, elsewhere it is TCP with mutual TLS; nothing else differs. Channels connect when they
//! are first used and connect again after a loss.
//!
//! - [`channel`]: the channel itself, which forwards who acts.
//! - [`remote`]: connections over the network; also for programs that are no service.
//! - [`trouble`]: why a service is not reached.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use http::HeaderValue;
use tokio::sync::watch;

use crate::access::Access;
use crate::caller::token::Minter;
use crate::caller::{PersonId, Principal, ServiceName};
use crate::in_process::PipeConnector;
use crate::refusal::Failure;
use crate::tasks::Tasks;
use crate::telemetry::Spans;

pub mod channel;
pub mod remote;
pub mod trouble;

pub use channel::PeerChannel;
pub use remote::{Remote, RemoteError};
pub use trouble::Trouble;

use channel::Line;

/// The pause between two attempts to reach a service that somebody waits for.
const PROBE_PAUSE_MIN: Duration = Duration::from_millis(100);

/// The longest pause between two attempts.
const PROBE_PAUSE_MAX: Duration = Duration::from_secs(5);

/// Where a service is.
#[derive(Clone)]
pub(crate) enum Place {
    /// In this process.
    Here(PipeConnector),
    /// Over the network.
    There(Box<Remote>),
}

/// The directory of one service: channels to all others, in its own name. Cheap to clone.
#[derive(Clone)]
pub struct Directory(Arc<Inner>);

struct Inner {
    own: ServiceName,
    places: HashMap<ServiceName, Place>,
    minter: Minter,
    tasks: Tasks,
    spans: Spans,
    lines: Mutex<HashMap<ServiceName, Line>>,
}

impl Directory {
    pub(crate) fn new(
        own: ServiceName,
        places: HashMap<ServiceName, Place>,
        minter: Minter,
        tasks: Tasks,
        spans: Spans,
    ) -> Self {
        Self(Arc::new(Inner { own, places, minter, tasks, spans, lines: Mutex::default() }))
    }

    /// Does something about a matter that outlives calls, such as a paper, outside of any: what is called meanwhile is seen in the
    /// matter's trace.
    pub async fn within<F: Future>(&self, matter: &str, what: &'static str, work: F) -> F::Output {
        self.0.spans.within(matter, what, work).await
    }

    /// The channel to a service, on which this service acts for itself.
    ///
    /// # Errors
    /// A [`Failure`] where the configuration names no such service.
    pub fn channel(&self, to: ServiceName) -> Result<PeerChannel, Failure> {
        Ok(PeerChannel::new(self.line(to)?.channel, None))
    }

    /// The channel to a service, on which this service passes on who called it: the caller token unchanged where it came with
    /// one, else a token of this service. A service that calls is not passed on; this service then acts for itself.
    ///
    /// # Errors
    /// A [`Failure`] where the configuration names no such service.
    pub fn channel_for(&self, to: ServiceName, access: &Access) -> Result<PeerChannel, Failure> {
        let token = match (access.token(), access.principal()) {
            (Some(token), _) => Some(token.clone()),
            (None, Principal::Service(_)) => None,
            (None, principal) => Some(self.token(principal, access.person())?),
        };
        Ok(PeerChannel::new(self.line(to)?.channel, token))
    }

    /// The channel to a service, on which this service speaks for a principal that the directory lets it speak for: its own
    /// institution, without a person.
    ///
    /// # Errors
    /// A [`Failure`] where the configuration names no such service.
    pub fn channel_as(&self, to: ServiceName, principal: &Principal) -> Result<PeerChannel, Failure> {
        Ok(PeerChannel::new(self.line(to)?.channel, Some(self.token(principal, None)?)))
    }

    /// Watches whether a service serves. While nobody reaches it, it is tried again and again; every connection that stands again
    /// is told as `true`, so that whoever waits may retry at once.
    ///
    /// # Errors
    /// A [`Failure`] where the configuration names no such service.
    pub fn ready(&self, to: ServiceName) -> Result<watch::Receiver<bool>, Failure> {
        let line = self.line(to)?;
        if line.begin_probing() {
            let (probed, tasks) = (line.clone(), self.0.tasks.clone());
            self.0.tasks.keep("reach a service", move || {
                let (probed, stopping) = (probed.clone(), tasks.stopping());
                async move {
                    tokio::select! {
                        () = probe(probed) => {}
                        () = stopping => {}
                    }
                    Ok(())
                }
            });
        }
        Ok(line.serving.subscribe())
    }

    /// The services elsewhere that are not reached, and why.
    pub(crate) async fn unreached(&self) -> Vec<(ServiceName, Trouble)> {
        let asked = self.0.places.iter().filter_map(|(name, place)| match place {
            Place::Here(_) => None,
            Place::There(remote) => Some(async move { (*name, remote.probe().await) }),
        });
        let answers = futures::future::join_all(asked).await;
        answers.into_iter().filter_map(|(name, reached)| Some((name, reached.err()?))).collect()
    }

    fn token(&self, principal: &Principal, person: Option<&PersonId>) -> Result<HeaderValue, Failure> {
        self.0.minter.token(principal, person).map_err(Failure::internal)
    }

    fn line(&self, to: ServiceName) -> Result<Line, Failure> {
        let mut lines = self.0.lines.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(line) = lines.get(&to) {
            return Ok(line.clone());
        }
        let place = self.0.places.get(&to);
        let place = place.ok_or_else(|| Failure::internal(format!("no address is configured for the service {to}")))?;
        let line = Line::open(self.0.own, to, place.clone());
        lines.insert(to, line.clone());
        Ok(line)
    }
}

/// Asks a service whether it serves, until it does; then sleeps until its connection is lost, and begins again.
async fn probe(line: Line) {
    let mut health = tonic_health::pb::health_client::HealthClient::new(line.channel.clone());
    let mut pause = PROBE_PAUSE_MIN;
    loop {
        let losses = line.losses.subscribe();
        let question = tonic_health::pb::HealthCheckRequest::default();
        let answer = tokio::time::timeout(PROBE_PAUSE_MAX, health.check(question)).await;
        if let Ok(Err(status)) = &answer {
            line.told(status);
        }
        let serving = matches!(answer, Ok(Ok(answer)) if answer.get_ref().status() == tonic_health::ServingStatus::Serving.into());
        if serving {
            // Told each time, also where nobody saw that the connection was lost: whoever failed on it need not wait.
            line.reached();
            line.serving.send_replace(true);
            pause = PROBE_PAUSE_MIN;
            lost(losses).await;
        } else {
            line.serving.send_if_modified(|known| std::mem::replace(known, false));
            tokio::time::sleep(pause).await;
            pause = (pause * 2).min(PROBE_PAUSE_MAX);
        }
    }
}

/// Resolves when a connection of the line is lost after the subscription.
async fn lost(mut losses: watch::Receiver<u64>) {
    // The line itself holds the sender, so the channel cannot close before the probe ends.
    let _ = losses.changed().await;
}
