//! What stands before a service: it takes the calls of the other service, and lets them meet their fates on the way inside. It runs
//! on the service's own host, so that it is away when that is.

use std::convert::Infallible;

use http::{Request, Response};
use hyper::body::Incoming;
use hyper::server::conn::http2;
use hyper::service::service_fn;
use hyper_util::rt::{TokioExecutor, TokioIo};
use tokio::task::JoinSet;
use tokio_rustls::TlsAcceptor;
use tonic::Status;
use tonic::body::Body;
use tower::ServiceExt as _;
use turmoil::net::{TcpListener, TcpStream};

use crate::messages::Unruly;

/// Takes connections for ever.
pub async fn stand(listener: TcpListener, tls: TlsAcceptor, inside: Unruly) -> turmoil::Result {
    let mut connections = JoinSet::new();
    loop {
        let (tcp, _) = listener.accept().await?;
        connections.spawn(pass(tcp, tls.clone(), inside.clone()));
        while connections.try_join_next().is_some() {}
    }
}

async fn pass(tcp: TcpStream, tls: TlsAcceptor, inside: Unruly) {
    let Ok(io) = tls.accept(tcp).await else { return };
    let calls = service_fn(move |request: Request<Incoming>| {
        let inside = inside.clone();
        async move {
            let answer = inside.oneshot(request.map(Body::new)).await;
            let lost = |fault: Box<dyn std::error::Error + Send + Sync>| -> Response<Body> {
                Status::unavailable(fault.to_string()).into_http()
            };
            Ok::<_, Infallible>(answer.unwrap_or_else(lost))
        }
    });
    let serving = http2::Builder::new(TokioExecutor::new()).serve_connection(TokioIo::new(io), calls);
    // A connection that is lost is what this is about.
    drop(serving.await);
}
