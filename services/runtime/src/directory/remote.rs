//! Connections over the network: TCP, TLS 1.3 with both certificates, HTTP/2.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use hyper_util::rt::TokioIo;
use rustls::pki_types::ServerName;
use tokio::io::{AsyncRead, AsyncWrite};
use tokio_rustls::TlsConnector;
use tokio_rustls::client::TlsStream;
use tonic::transport::{Channel, Endpoint, Uri};

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
}

impl Remote {
    /// A service at `address` (`host:port`) that shows a certificate for `tls_name`, reached with the identity in `identity`.
    ///
    /// # Errors
    /// [`RemoteError`] where the name or a file is unusable.
    pub fn new(address: &str, tls_name: &str, authority: &Path, identity: &IdentityFiles) -> Result<Self, RemoteError> {
        let tls = pki::client_config(authority, identity)?;
        Self::with_tls(address, tls_name, tls)
    }

    pub(crate) fn with_tls(address: &str, tls_name: &str, tls: Arc<rustls::ClientConfig>) -> Result<Self, RemoteError> {
        let name = ServerName::try_from(tls_name.to_owned()).map_err(|_| RemoteError::Name(tls_name.to_owned()))?;
        Ok(Self { address: address.into(), name, tls: TlsConnector::from(tls) })
    }

    /// A channel to the service, for a program that is no service: the command line, a county's client, a test. Connects when
    /// first used.
    #[must_use]
    pub fn channel(&self) -> Channel {
        self.channel_with(|io| io)
    }

    /// A channel whose connections pass through `wrap`.
    pub(super) fn channel_with<T>(
        &self,
        wrap: impl Fn(TlsStream<Stream>) -> T + Clone + Send + Sync + 'static,
    ) -> Channel
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
            async move {
                let tcp = Stream::connect(&remote.address).await?;
                tcp.set_nodelay()?;
                let tls = remote.tls.connect(remote.name.clone(), tcp).await?;
                std::io::Result::Ok(TokioIo::new(wrap(tls)))
            }
        }))
    }
}

/// What every channel has in common.
pub(crate) fn tuned(endpoint: Endpoint) -> Endpoint {
    endpoint.initial_connection_window_size(CONNECTION_WINDOW).initial_stream_window_size(STREAM_WINDOW)
}
