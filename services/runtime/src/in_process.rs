//! Connections inside one process: in-memory pipes, a new one for each connect, served by the same stack as the network.
//!
//! The identity of whoever connects travels with the pipe, as a certificate does with TLS: only the directory of a service can
//! open one, and it gives the name of its own service.

use std::io;

use tokio::io::DuplexStream;
use tokio::sync::mpsc;

use crate::caller::ServiceName;

/// Bytes that one direction of a pipe holds before its writer waits.
const PIPE_LENGTH: usize = 256 * 1024;

/// Connections that wait to be accepted.
const BACKLOG: usize = 64;

/// The far end of a pipe, and who opened it.
pub(crate) struct Pipe {
    /// The end that the server reads and writes.
    pub io: DuplexStream,
    /// The service that opened it.
    pub from: ServiceName,
}

/// Opens pipes to one service. Cheap to clone.
#[derive(Clone, Debug)]
pub(crate) struct PipeConnector(mpsc::Sender<Pipe>);

/// Accepts the pipes of one service.
#[derive(Debug)]
pub(crate) struct PipeAcceptor(mpsc::Receiver<Pipe>);

/// The two ends of a service's door inside the process.
pub(crate) fn door() -> (PipeConnector, PipeAcceptor) {
    let (connector, acceptor) = mpsc::channel(BACKLOG);
    (PipeConnector(connector), PipeAcceptor(acceptor))
}

impl PipeConnector {
    /// Opens a new pipe in the name of a service.
    pub async fn connect(&self, from: ServiceName) -> io::Result<DuplexStream> {
        let (near, far) = tokio::io::duplex(PIPE_LENGTH);
        let pipe = Pipe { io: far, from };
        let gone = |_| io::Error::new(io::ErrorKind::ConnectionRefused, "the service is not running in this process");
        self.0.send(pipe).await.map_err(gone)?;
        Ok(near)
    }
}

impl PipeAcceptor {
    /// The next pipe; `None` once no directory can open one any more.
    pub async fn accept(&mut self) -> Option<Pipe> {
        self.0.recv().await
    }
}
