//! The endpoint of a receiver: mutual TLS, and nobody but the gateway of the town behind it.

use std::path::Path;
use std::time::Duration;

use futures::{Stream, StreamExt as _, stream};
use runtime::caller::{Cell, Peer};
use runtime::pki::{IdentityFiles, PkiError, server_config};
use tokio::io::{AsyncRead, AsyncWrite};
use tokio::net::TcpListener;
use tokio_rustls::TlsAcceptor;
use tokio_rustls::server::TlsStream;
use tokio_stream::wrappers::TcpListenerStream;
use tonic::transport::Server;
use tonic::transport::server::Connected;
use townlink_proto::townlink::county::v1::county_receiver_service_server::{
    CountyReceiverService, CountyReceiverServiceServer,
};

/// How long a handshake may take, and how many may be under way.
const HANDSHAKE_MAX: Duration = Duration::from_secs(10);
const HANDSHAKES_AT_ONCE: usize = 16;

/// What keeps a receiver from serving.
#[derive(Debug, thiserror::Error)]
pub enum ReceiverError {
    /// Its certificate cannot be used.
    #[error(transparent)]
    Pki(#[from] PkiError),
    /// The connection layer failed.
    #[error("{0}")]
    Transport(#[from] tonic::transport::Error),
}

/// Serves a receiver until `end` completes. `authority` is what the cell trusts, `identity` the department's own certificate, with
/// the name under which it is reached.
///
/// # Errors
/// [`ReceiverError`] where the certificate cannot be used or the endpoint fails.
pub async fn serve(
    listener: TcpListener,
    cell: Cell,
    authority: &Path,
    identity: &IdentityFiles,
    receiver: impl CountyReceiverService,
    end: impl Future<Output = ()>,
) -> Result<(), ReceiverError> {
    serve_on(TcpListenerStream::new(listener), cell, authority, identity, receiver, end).await
}

/// As [`serve`], on whatever brings connections.
///
/// # Errors
/// [`ReceiverError`] where the certificate cannot be used or the endpoint fails.
pub async fn serve_on<T>(
    incoming: impl Stream<Item = std::io::Result<T>>,
    cell: Cell,
    authority: &Path,
    identity: &IdentityFiles,
    receiver: impl CountyReceiverService,
    end: impl Future<Output = ()>,
) -> Result<(), ReceiverError>
where
    T: AsyncRead + AsyncWrite + Connected + Unpin + Send + 'static,
{
    let tls = TlsAcceptor::from(server_config(authority, identity)?);
    let connections = connections(incoming, cell, tls);
    let service = CountyReceiverServiceServer::new(receiver);
    Ok(Server::builder().add_service(service).serve_with_incoming_shutdown(connections, end).await?)
}

/// The connections of the town's gateway. All others are dropped, and told of.
fn connections<T: AsyncRead + AsyncWrite + Unpin>(
    incoming: impl Stream<Item = std::io::Result<T>>,
    cell: Cell,
    tls: TlsAcceptor,
) -> impl Stream<Item = std::io::Result<TlsStream<T>>> {
    let admitted = incoming.map(move |tcp| {
        let (tls, cell) = (tls.clone(), cell.clone());
        async move {
            let shaken = tokio::time::timeout(HANDSHAKE_MAX, tls.accept(tcp.ok()?)).await.ok()?.ok()?;
            let certificate = shaken.get_ref().1.peer_certificates().and_then(|chain| chain.first());
            let peer = certificate.and_then(|der| Peer::of_certificate(der, &cell).ok());
            if peer == Some(Peer::Service(crate::NAME)) {
                return Some(shaken);
            }
            tracing::warn!(?peer, "a connection that is not the town's gateway was refused");
            None
        }
    });
    admitted.buffer_unordered(HANDSHAKES_AT_ONCE).flat_map(|admitted| stream::iter(admitted.map(Ok)))
}
