//! How much is measured.

use std::time::Duration;

/// How much is measured.
#[derive(Clone, Copy, Debug)]
pub struct Plan {
    /// Clients at once, where many are asked for.
    pub clients: usize,
    /// How often everything is measured; the median is reported.
    pub rounds: usize,
    /// Papers in a round with many clients.
    pub papers: usize,
    /// Papers in a round with one client.
    pub papers_alone: usize,
    /// How long signatures are made, or checked.
    pub signing: Duration,
    /// How long a load of rpcs lasts.
    pub lasting: Duration,
    /// How long the town idles before its memory is read.
    pub idle: Duration,
}

impl Plan {
    /// The run whose figures count.
    pub const FULL: Self = Self {
        clients: 32,
        rounds: 5,
        papers: 3_200,
        papers_alone: 300,
        signing: Duration::from_millis(500),
        lasting: Duration::from_secs(3),
        idle: Duration::from_secs(60),
    };

    /// A short run that shows that everything works; its figures are too noisy to count.
    pub const QUICK: Self = Self {
        clients: 32,
        rounds: 1,
        papers: 320,
        papers_alone: 40,
        signing: Duration::from_millis(100),
        lasting: Duration::from_millis(500),
        idle: Duration::from_secs(3),
    };
}
