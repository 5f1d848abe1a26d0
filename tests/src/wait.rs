//! Waiting for conditions. Nothing here sleeps in the hope that something has happened by then: a condition is looked at again
//! and again until it holds, and a deadline names what never came.

use std::time::{Duration, Instant};

/// How long a condition may take where a test names no other limit.
pub const PATIENCE: Duration = Duration::from_secs(60);

/// The pause between two looks.
const PAUSE: Duration = Duration::from_millis(20);

/// The pause between two costly looks.
const LEISURE: Duration = Duration::from_millis(500);

/// Looks until there is something, and gives it back.
///
/// # Panics
/// Where nothing comes within the limit; `what` is then named.
pub async fn until<T>(what: &str, limit: Duration, look: impl AsyncFnMut() -> Option<T>) -> T {
    look_again(what, limit, PAUSE, look).await
}

/// [`until`] for a look that costs the town something, and so is made less often.
///
/// # Panics
/// Where nothing comes within the limit.
pub async fn until_at_leisure<T>(what: &str, limit: Duration, look: impl AsyncFnMut() -> Option<T>) -> T {
    look_again(what, limit, LEISURE, look).await
}

async fn look_again<T>(what: &str, limit: Duration, pause: Duration, mut look: impl AsyncFnMut() -> Option<T>) -> T {
    let begin = Instant::now();
    loop {
        if let Some(found) = look().await {
            return found;
        }
        assert!(begin.elapsed() < limit, "waited {limit:?} in vain until {what}");
        tokio::time::sleep(pause).await;
    }
}

/// [`until`] with the usual limit.
pub async fn soon<T>(what: &str, look: impl AsyncFnMut() -> Option<T>) -> T {
    until(what, PATIENCE, look).await
}
