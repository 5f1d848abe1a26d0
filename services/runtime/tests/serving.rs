//! A service, as its author writes it, in a real process: over mutual TLS, over pipes, through every layer.

mod serving {
    pub mod calls;
    pub mod example;
    pub mod lifecycle;
    pub mod peers;
}
