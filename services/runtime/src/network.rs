//! TCP, of the machine or of a simulated network.
//!
//! With the feature `testing`, whoever listens or connects inside a simulation does so on the simulated network, whose losses,
//! delays, partitions and restarts follow from a seed. Nothing else of a process knows the difference, so that what is tested is
//! what runs.

use std::io;
use std::net::SocketAddr;
use std::pin::Pin;
use std::task::{Context, Poll};

use tokio::io::{AsyncRead, AsyncWrite, ReadBuf};
use tokio::net::{TcpListener, TcpStream};

/// Accepts connections at an address.
pub(crate) enum Listener {
    /// On this machine.
    Machine(TcpListener),
    /// On the simulated network.
    #[cfg(any(test, feature = "testing"))]
    Simulated(Box<turmoil::net::TcpListener>),
}

/// A connection.
pub(crate) enum Stream {
    /// Of this machine.
    Machine(TcpStream),
    /// Of the simulated network.
    #[cfg(any(test, feature = "testing"))]
    Simulated(Box<turmoil::net::TcpStream>),
}

/// Whether this runs inside a simulation.
#[cfg(any(test, feature = "testing"))]
fn simulated() -> bool {
    turmoil::in_simulation()
}

impl Listener {
    /// Listens at an address.
    pub async fn bind(address: SocketAddr) -> io::Result<Self> {
        #[cfg(any(test, feature = "testing"))]
        if simulated() {
            return Ok(Self::Simulated(Box::new(turmoil::net::TcpListener::bind(address).await?)));
        }
        TcpListener::bind(address).await.map(Self::Machine)
    }

    /// Where it listens.
    pub fn local_addr(&self) -> io::Result<SocketAddr> {
        match self {
            Self::Machine(listener) => listener.local_addr(),
            #[cfg(any(test, feature = "testing"))]
            Self::Simulated(listener) => listener.local_addr(),
        }
    }

    /// The next connection.
    pub async fn accept(&self) -> io::Result<Stream> {
        match self {
            Self::Machine(listener) => listener.accept().await.map(|(stream, _)| Stream::Machine(stream)),
            #[cfg(any(test, feature = "testing"))]
            Self::Simulated(listener) => listener.accept().await.map(|(stream, _)| Stream::Simulated(Box::new(stream))),
        }
    }
}

impl Stream {
    /// Connects to `host:port`.
    pub async fn connect(address: &str) -> io::Result<Self> {
        #[cfg(any(test, feature = "testing"))]
        if simulated() {
            return Ok(Self::Simulated(Box::new(turmoil::net::TcpStream::connect(address).await?)));
        }
        TcpStream::connect(address).await.map(Self::Machine)
    }

    /// Lets small messages go at once.
    pub fn set_nodelay(&self) -> io::Result<()> {
        match self {
            Self::Machine(stream) => stream.set_nodelay(true),
            #[cfg(any(test, feature = "testing"))]
            Self::Simulated(stream) => stream.set_nodelay(true),
        }
    }
}

/// Does the same with either stream.
macro_rules! either {
    ($stream:expr, $io:ident => $what:expr) => {
        match $stream.get_mut() {
            Stream::Machine($io) => $what,
            #[cfg(any(test, feature = "testing"))]
            Stream::Simulated($io) => $what,
        }
    };
}

impl AsyncRead for Stream {
    fn poll_read(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &mut ReadBuf<'_>) -> Poll<io::Result<()>> {
        either!(self, io => Pin::new(io).poll_read(cx, buf))
    }
}

impl AsyncWrite for Stream {
    fn poll_write(self: Pin<&mut Self>, cx: &mut Context<'_>, buf: &[u8]) -> Poll<io::Result<usize>> {
        either!(self, io => Pin::new(io).poll_write(cx, buf))
    }

    fn poll_flush(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, io => Pin::new(io).poll_flush(cx))
    }

    fn poll_shutdown(self: Pin<&mut Self>, cx: &mut Context<'_>) -> Poll<io::Result<()>> {
        either!(self, io => Pin::new(io).poll_shutdown(cx))
    }

    fn poll_write_vectored(
        self: Pin<&mut Self>,
        cx: &mut Context<'_>,
        bufs: &[io::IoSlice<'_>],
    ) -> Poll<io::Result<usize>> {
        either!(self, io => Pin::new(io).poll_write_vectored(cx, bufs))
    }

    fn is_write_vectored(&self) -> bool {
        match self {
            Self::Machine(stream) => stream.is_write_vectored(),
            #[cfg(any(test, feature = "testing"))]
            Self::Simulated(stream) => stream.is_write_vectored(),
        }
    }
}
