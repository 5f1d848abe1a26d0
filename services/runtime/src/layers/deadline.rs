//! How long a call may take: as long as its caller waits, within bounds.

use std::time::Duration;

use http::HeaderMap;

use crate::config::Limits;

/// The time that a call has. A call that names no deadline has the default; a stream may use its whole life, since it is bounded
/// by that and by its client.
pub(super) fn of(headers: &HeaderMap, limits: &Limits, streams: bool) -> Duration {
    let longest = Duration::from_millis(if streams { limits.stream_life_max_ms } else { limits.deadline_max_ms });
    let unnamed = if streams { longest } else { Duration::from_millis(limits.deadline_default_ms) };
    let named = headers.get("grpc-timeout").and_then(|header| parse(header.to_str().ok()?));
    named.unwrap_or(unnamed).min(longest)
}

/// Reads `grpc-timeout`: one to eight digits and a unit.
fn parse(header: &str) -> Option<Duration> {
    let (digits, unit) = header.split_at_checked(header.len().checked_sub(1)?)?;
    if digits.len() > 8 || !digits.bytes().all(|byte| byte.is_ascii_digit()) {
        return None;
    }
    let count = digits.parse().ok()?;
    match unit {
        "H" => Some(Duration::from_secs(count * 3_600)),
        "M" => Some(Duration::from_secs(count * 60)),
        "S" => Some(Duration::from_secs(count)),
        "m" => Some(Duration::from_millis(count)),
        "u" => Some(Duration::from_micros(count)),
        "n" => Some(Duration::from_nanos(count)),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use http::HeaderValue;

    use super::*;

    fn time(header: Option<&'static str>, streams: bool) -> Duration {
        let mut headers = HeaderMap::new();
        if let Some(header) = header {
            headers.insert("grpc-timeout", HeaderValue::from_static(header));
        }
        of(&headers, &Limits::default(), streams)
    }

    #[test]
    fn the_caller_names_a_deadline_within_bounds() {
        assert_eq!(time(Some("250m"), false), Duration::from_millis(250));
        assert_eq!(time(Some("5S"), false), Duration::from_secs(5));
        assert_eq!(time(Some("2H"), false), Duration::from_secs(60), "cut to the longest");
        assert_eq!(time(None, false), Duration::from_secs(10));
        for other in ["", "S", "1", "-1S", "123456789S", "1x", "1.5S", "é"] {
            assert_eq!(parse(other), None, "{other}");
        }
        assert_eq!(time(Some("later"), false), Duration::from_secs(10));
        assert_eq!(time(None, true), Duration::from_secs(3_600));
    }
}
