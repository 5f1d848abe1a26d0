//! Connections over the network: TCP, TLS 1.3 with both certificates, HTTP/2.
//!
//! A connection counts only once the other end has spoken: in TLS 1.3 a server refuses the client's certificate after the client
//! believes that all is well, and a call that is sent by then learns nothing but that it was cut off.

use std::io;
use std::path::Path;
use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncReadExt as _, AsyncWrite, ReadBuf};
use tokio::time::{Instant, timeout, timeout_at};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint, Uri};

use super::trouble::{self, Own, Trouble};
use crate::caller::{Cell, Peer};
use crate::network::Stream;
use crate::pki::{self, IdentityFiles, PkiError};

/// How much may be in flight on one connection. A small window lets many small answers close the connection.
pub(crate) const CONNECTION_WINDOW: u32 = 8 * 1024 * 1024;

/// How much may be in flight on one call.
pub(crate) const STREAM_WINDOW: u32 = 4 * 1024 * 1024;

/// After how much silence a connection is asked whether it lives; a partition shows in no other way.
pub(crate) const KEEP_ALIVE_INTERVAL: Duration = Duration::from_secs(10);

/// How long the answer may take.
pub(crate) const KEEP_ALIVE_TIMEOUT: Duration = Duration::from_secs(5);

/// How long a connection may take to stand.
const CONNECT_TIMEOUT: Duration = Duration::from_secs(5);

/// How long TCP and TLS may take; a little less, so that what is told is what was waited for.
const HANDSHAKE_TIMEOUT: Duration = Duration::from_secs(4);

/// How long the other end may take to speak first. Ours does so at once; one that waits for the client is believed.
const HEARD_TIMEOUT: Duration = Duration::from_millis(500);

/// The kind of an HTTP/2 frame with which every server begins, and where it stands.
const SETTINGS: (usize, u8) = (3, 4);

/// A service that cannot be addressed.
#[derive(Debug, thiserror::Error)]
pub enum RemoteError {
    /// The TLS name of the service is no name.
    #[error("the TLS name {0:?} is neither a DNS name nor an IP address")]
    Name(String),
    /// The files of the identity cannot be used.
    #[error(transparent)]
    Identity(#[from] PkiError),
}

/// A service at a network address, and the identity to reach it with.
#[derive(Clone)]
pub struct Remote {
    address: Arc<str>,
    name: ServerName<'static>,
    tls: TlsConnector,
    own: Arc<Own>,
    needed: Option<Arc<(Cell, Peer)>>,
}

impl Remote {
    /// A service at `address` (`host:port`) that shows a certificate for `tls_name`, reached with the identity in `identity`.
    ///
    /// # Errors
    /// [`RemoteError`] where the name or a file is unusable.
    pub fn new(address: &str, tls_name: &str, authority: &Path, identity: &IdentityFiles) -> Result<Self, RemoteError> {
        let tls = pki::client_config(authority, identity)?;
        let own = Own { authority: authority.to_owned(), identity: identity.clone() };
        Self::with_tls(address, tls_name, tls, own)
    }

    pub(crate) fn with_tls(
        address: &str,
        tls_name: &str,
        tls: Arc<rustls::ClientConfig>,
        own: Own,
    ) -> Result<Self, RemoteError> {
        let name = ServerName::try_from(tls_name.to_owned()).map_err(|_| RemoteError::Name(tls_name.to_owned()))?;
        Ok(Self { address: address.into(), name, tls: TlsConnector::from(tls), own: Arc::new(own), needed: None })
    }

    /// Takes only who proves to be this identity of this cell: services may share a name of TLS, as `localhost`.
    #[must_use]
    pub fn needing(self, cell: Cell, peer: Peer) -> Self {
        Self { needed: Some(Arc::new((cell, peer))), ..self }
    }

    /// Connects and hangs up again, to learn whether that can be done.
    ///
    /// # Errors
    /// [`Trouble`]: why it cannot.
    pub async fn probe(&self) -> Result<(), Trouble> {
        self.connect().await.map(drop)
    }

    /// A connection on which the other end has proved itself, and has been heard.
    async fn connect(&self) -> Result<Heard, Trouble> {
        let address = || self.address.to_string();
        let until = Instant::now() + HANDSHAKE_TIMEOUT;
        let away = |cause: String| Trouble::Away { address: address(), cause };
        let tcp = timeout_at(until, Stream::connect(&self.address)).await;
        let tcp = tcp.map_err(|_| away("it does not answer".to_owned()))?.map_err(|cause| away(cause.to_string()))?;
        tcp.set_nodelay().map_err(|cause| away(cause.to_string()))?;
        let tls = timeout_at(until, self.tls.connect(self.name.clone(), tcp)).await;
        let tls = tls.map_err(|_| Trouble::Silent { address: address() })?;
        let mut tls = tls.map_err(|cause| trouble::of_io(&self.address, &self.own, &cause))?;
        let (_, session) = tls.get_ref();
        let leaf = session.peer_certificates().and_then(|chain| chain.first());
        if let (Some(needed), Some(leaf)) = (&self.needed, leaf)
            && let Some(trouble) = trouble::of_identity(&self.address, leaf, &needed.0, &needed.1)
        {
            return Err(trouble);
        }
        let stranger = |cause: &str| Trouble::Stranger { address: address(), cause: cause.to_owned() };
        if session.alpn_protocol() != Some(b"h2") {
            return Err(stranger("it speaks no HTTP/2"));
        }
        let mut first = vec![0; 1024];
        let heard = match timeout(HEARD_TIMEOUT, tls.read(&mut first)).await {
            Err(_) => 0,
            Ok(Ok(0)) => return Err(away("it ended the connection".to_owned())),
            Ok(Ok(heard)) => heard,
            Ok(Err(cause)) => return Err(trouble::of_io(&self.address, &self.own, &cause)),
        };
        first.truncate(heard);
        let (place, kind) = SETTINGS;
        if first.get(place).is_some_and(|first| *first != kind) {
            return Err(stranger("it speaks no HTTP/2"));
        }
        Ok(Heard { tls, first, given: 0 })
    }

    /// A channel to the service, for a program that is no service: the command line, a county's client, a test. Connects when
    /// first used.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel_with(|io| io)
    }

    /// A channel whose connections pass through `wrap`.
    pub(super) fn channel_with<T>(&self, wrap: impl Fn(Heard) -> T + Clone + Send + Sync + 'static) -> Channel
    where
        T: AsyncRead + AsyncWrite + Unpin + Send + 'static,
    {
        let remote = self.clone();
        // The connector does the TLS, so the endpoint is plain and only the origin says what the calls are made over.
        let endpoint = tuned(Endpoint::from_static("http://service.invalid"))
            .origin(Uri::from_static("https://service.invalid"))
            .http2_keep_alive_interval(KEEP_ALIVE_INTERVAL)
            .keep_alive_timeout(KEEP_ALIVE_TIMEOUT)
            .keep_alive_while_idle(true)
            .connect_timeout(CONNECT_TIMEOUT);
        endpoint.connect_with_connector_lazy(tower::service_fn(move |_: Uri| {
            let (remote, wrap) = (remote.clone(), wrap.clone());
            async move { remote.connect().await.map(|heard| TokioIo::new(wrap(heard))) }
        }))
    }
}

/// What every channel has in common.
pub(crate) fn tuned(endpoint: Endpoint) -> Endpoint {
    endpoint.initial_connection_window_size(CONNECTION_WINDOW).initial_stream_window_size(STREAM_WINDOW)
}

/// A connection of which the first bytes were read already.
pub(super) struct Heard {
    tls: TlsStream<Stream>,
    first: Vec<u8>,
    given: usize,
}

impl AsyncRead for Heard {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        let left = &self.first[self.given..];
        if left.is_empty() {
            return Pin::new(&mut self.tls).poll_read(cx, buf);
        }
        let now = left.len().min(buf.remaining());
        buf.put_slice(&left[..now]);
        self.given += now;
        Poll::Ready(Ok(()))
    }
}

impl AsyncWrite for Heard {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tls).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        Pin::new(&mut self.tls).poll_shutdown(cx)
    }

    fn poll_write_vectored(
        mut self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        Pin::new(&mut self.tls).poll_write_vectored(cx, bufs)
    }

    fn is_write_vectored(&self) -> bool {
        self.tls.is_write_vectored()
    }
}
