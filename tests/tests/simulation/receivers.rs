//! The departments to which papers are pushed: the reference receiver, each on a host of its own, and each paper brought as
//! messages are.

use std::pin::Pin;
use std::sync::Arc;
use std::task::{Context, Poll};

use futures::stream;
use gateway::county::Receiver;
use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tonic::transport::server::Connected;
use tonic::{Request, Response, Status};
use townlink_proto::townlink::county::v1::county_receiver_service_server::CountyReceiverService;
use townlink_proto::townlink::county::v1::{ReceiveRequest, ReceiveResponse};
use turmoil::net::{TcpListener, TcpStream};

use crate::messages::{Fate, Messages};
use crate::stage::{LATE, RECEIVER_PORT, Stage};

/// Serves a department until its host dies.
pub async fn serve(stage: Stage, department: &'static str) -> turmoil::Result {
    if department == LATE {
        stage.opened().await;
    }
    let listener = TcpListener::bind(("0.0.0.0", RECEIVER_PORT)).await?;
    let incoming = stream::unfold(listener, |listener| async move {
        let accepted = listener.accept().await.map(|(tcp, _)| Line(tcp));
        Some((accepted, listener))
    });
    let desk = Desk(Arc::new(Inner {
        receiver: stage.receiver(department),
        way: format!("gateway {department}"),
        messages: stage.messages().clone(),
    }));
    let identity = stage.identity(&format!("county/{department}"), &["localhost"]);
    let end = std::future::pending();
    gateway::county::serve_on(incoming, stage.cell(), stage.authority(), &identity, desk, end).await?;
    Ok(())
}

/// A receiver to which a paper may come twice, and late.
#[derive(Clone)]
struct Desk(Arc<Inner>);

struct Inner {
    receiver: Receiver,
    way: String,
    messages: Messages,
}

impl Desk {
    async fn take(&self, request: &ReceiveRequest) -> Result<ReceiveResponse, Status> {
        self.0.receiver.receive(Request::new(request.clone())).await.map(Response::into_inner)
    }

    fn compare(&self, first: &Result<ReceiveResponse, Status>, again: &Result<ReceiveResponse, Status>) {
        let (first, again) = (first.as_ref().map_err(Status::code), again.as_ref().map_err(Status::code));
        if first != again {
            self.0.messages.differs(&self.0.way, &first, &again);
        }
    }
}

#[tonic::async_trait]
impl CountyReceiverService for Desk {
    #[expect(clippy::disallowed_methods, reason = "a round ends with its hosts, and these tasks with them")]
    async fn receive(&self, request: Request<ReceiveRequest>) -> Result<Response<ReceiveResponse>, Status> {
        let request = request.into_inner();
        let first = match self.0.messages.next(&self.0.way) {
            Fate::Passes => self.take(&request).await,
            Fate::Waits(pause) => {
                tokio::time::sleep(pause).await;
                self.take(&request).await
            }
            Fate::Twice => {
                let (first, again) = futures::join!(self.take(&request), self.take(&request));
                self.compare(&first, &again);
                first
            }
            Fate::Again(pause) => {
                let (desk, first) = (self.clone(), self.take(&request).await);
                let known = first.clone();
                tokio::spawn(async move {
                    tokio::time::sleep(pause).await;
                    let again = desk.take(&request).await;
                    // A paper that did not follow then may follow now.
                    if known.is_ok() {
                        desk.compare(&known, &again);
                    }
                });
                first
            }
        };
        first.map(Response::new)
    }
}

/// A connection of the simulated network, as a server of tonic takes it.
struct Line(TcpStream);

impl Connected for Line {
    type ConnectInfo = ();

    fn connect_info(&self) {}
}

impl AsyncRead for Line {
    fn poll_read(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_read(cx, buf)
    }
}

impl AsyncWrite for Line {
    fn poll_write(mut self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<std::io::Result<usize>> {
        Pin::new(&mut self.0).poll_write(cx, buf)
    }

    fn poll_flush(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_flush(cx)
    }

    fn poll_shutdown(mut self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<std::io::Result<()>> {
        Pin::new(&mut self.0).poll_shutdown(cx)
    }
}
