//! Connections: accepted, proved, served, drained.

use std::num::NonZeroU32;
use std::sync::Arc;
use std::time::Duration;

use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo, TokioTimer};
use rustls::ServerConfig;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::sync::Semaphore;
use tokio_rustls::TlsAcceptor;
use tokio_util::sync::CancellationToken;
use tokio_util::task::TaskTracker;

use crate::caller::{Cell, Peer, PeerError, ServiceName};
use crate::config::Limits;
use crate::directory::remote::{CONNECTION_WINDOW, KEEP_ALIVE_INTERVAL, KEEP_ALIVE_TIMEOUT, STREAM_WINDOW};
use crate::in_process::PipeAcceptor;
use crate::layers::Stack;
use crate::layers::identity::Connection;
use crate::network::{Listener, Stream};
use crate::telemetry::Seldom;

/// How long a peer may take to prove who it is.
const HANDSHAKE_MAX: Duration = Duration::from_secs(5);

/// The pause after the machine could not accept, as when it is out of file descriptors.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// How much of an answer may wait for a slow reader.
const SEND_BUFFER: usize = 1024 * 1024;

/// The doors of one service.
pub(super) struct Doors {
    service: ServiceName,
    cell: Cell,
    stack: Arc<Stack>,
    places: Arc<Semaphore>,
    calls_max: u32,
    /// No new connections, and those that stand end after the calls at hand. The network closes before the pipes do, since a
    /// call from outside may still need a service inside.
    network: CancellationToken,
    pipes: CancellationToken,
    connections: TaskTracker,
    piped: TaskTracker,
    log: Seldom,
}

impl Doors {
    pub fn new(service: ServiceName, cell: Cell, stack: Arc<Stack>, limits: &Limits) -> Self {
        Self {
            service,
            cell,
            stack,
            places: Arc::new(Semaphore::new(limits.connections_max)),
            calls_max: limits.connection_calls_max,
            network: CancellationToken::new(),
            pipes: CancellationToken::new(),
            connections: TaskTracker::new(),
            piped: TaskTracker::new(),
            log: Seldom::per_second(NonZeroU32::MIN),
        }
    }

    /// Accepts connections over the network until the doors close.
    pub fn open_network(self: &Arc<Self>, listener: Listener, tls: Arc<ServerConfig>) {
        let (doors, tls) = (Arc::clone(self), TlsAcceptor::from(tls));
        self.connections.spawn(async move {
            while let Some(accepted) = doors.network.run_until_cancelled(listener.accept()).await {
                match accepted {
                    Ok(tcp) => doors.admit(tcp, tls.clone()),
                    Err(cause) => {
                        tracing::warn!(service = %doors.service, "a connection could not be accepted: {cause}");
                        tokio::time::sleep(ACCEPT_PAUSE).await;
                    }
                }
            }
        });
    }

    /// Accepts pipes until the doors close.
    pub fn open_pipes(self: &Arc<Self>, mut acceptor: PipeAcceptor) {
        let doors = Arc::clone(self);
        self.piped.spawn(async move {
            while let Some(Some(pipe)) = doors.pipes.run_until_cancelled(acceptor.accept()).await {
                let connection = Connection::new(Ok(Peer::Service(pipe.from)), doors.service);
                // A pipe has no partitions, so nobody needs to ask whether the other end lives.
                doors.piped.spawn(Arc::clone(&doors).serve(pipe.io, connection, doors.pipes.clone(), None));
            }
        });
    }

    /// Closes the network doors and waits for the calls at hand.
    pub async fn close_network(&self) {
        self.network.cancel();
        self.connections.close();
        self.connections.wait().await;
    }

    /// Closes the pipes and waits for the calls at hand.
    pub async fn close_pipes(&self) {
        self.pipes.cancel();
        self.piped.close();
        self.piped.wait().await;
    }

    fn admit(self: &Arc<Self>, tcp: Stream, tls: TlsAcceptor) {
        let Ok(place) = Arc::clone(&self.places).try_acquire_owned() else {
            metrics::counter!("townlink_connections_refused_total", "service" => self.service.as_str()).increment(1);
            return;
        };
        let doors = Arc::clone(self);
        self.connections.spawn(async move {
            let _place = place;
            // Small answers should not wait for one another; where the option fails they merely do.
            let _ = tcp.set_nodelay();
            let handshake = tokio::time::timeout(HANDSHAKE_MAX, tls.accept(tcp));
            let stream = match doors.network.run_until_cancelled(handshake).await {
                Some(Ok(Ok(stream))) => stream,
                Some(Ok(Err(cause))) => return doors.unproved(&cause.to_string()),
                Some(Err(_)) => return doors.unproved("the handshake took too long"),
                None => return,
            };
            let certificate = stream.get_ref().1.peer_certificates().and_then(|chain| chain.first());
            let peer = certificate.map_or(Err(PeerError::Unreadable), |der| Peer::of_certificate(der, &doors.cell));
            let connection = Connection::new(peer, doors.service);
            let closing = doors.network.clone();
            doors.serve(stream, connection, closing, Some(KEEP_ALIVE_INTERVAL)).await;
        });
    }

    fn unproved(&self, why: &str) {
        metrics::counter!("townlink_handshakes_failed_total", "service" => self.service.as_str()).increment(1);
        if self.log.may() {
            tracing::info!(service = %self.service, "a connection was refused: {why}");
        }
    }

    /// Serves the calls of one connection until it ends, or until the doors close and the calls at hand are answered.
    async fn serve<T>(
        self: Arc<Self>,
        io: T,
        connection: Connection,
        closing: CancellationToken,
        keep_alive: Option<Duration>,
    ) where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let connection = Arc::new(connection);
        let stack = Arc::clone(&self.stack);
        let calls = service_fn(move |request| {
            let (stack, connection) = (Arc::clone(&stack), Arc::clone(&connection));
            async move { stack.serve(&connection, request).await }
        });
        let mut serving = std::pin::pin!(
            http2::Builder::new(TokioExecutor::new())
                .timer(TokioTimer::new())
                .initial_connection_window_size(CONNECTION_WINDOW)
                .initial_stream_window_size(STREAM_WINDOW)
                .max_concurrent_streams(self.calls_max)
                .max_send_buf_size(SEND_BUFFER)
                .keep_alive_interval(keep_alive)
                .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
                .serve_connection(TokioIo::new(io), calls)
        );
        let ended = tokio::select! {
            ended = serving.as_mut() => ended,
            () = closing.cancelled() => {
                serving.as_mut().graceful_shutdown();
                serving.await
            }
        };
        if let Err(cause) = ended {
            tracing::debug!(service = %self.service, "a connection was lost: {cause}");
        }
    }
}
