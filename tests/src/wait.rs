//! Waiting for conditions. Nothing here sleeps in the hope that something has happened by then: a condition is looked at again
//! and again until it holds, and a deadline names what never came.

use std::time::{Duration, Instant};

/// How long a condition may take where a test names no other limit.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// Looks until there is something, and gives it back.
///
/// # Panics
/// Where nothing comes within the limit; `what` is then named.
pub async fn until<T>(what: &str, limit: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begin.elapsed() < limit, "waited {limit:?} in vain until {what}");
        tokio::time::sleep(PAUSE).await;
    }
}

/// [`until`] with the usual limit.
pub async fn soon<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    until(what, PATIENCE, look).await
}
