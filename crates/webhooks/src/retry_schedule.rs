//! The retry schedule: nine pauses with jitter, extended by `Retry-After`.

use mayfly_types::random_bytes;
use time::Duration;

use crate::ssrf_guard::RetryAfter;

/// The pause after each attempt but the last.
const PAUSES_SECS: [i64; 9] = [
    5,
    5 * 60,
    30 * 60,
    2 * 3600,
    5 * 3600,
    10 * 3600,
    14 * 3600,
    20 * 3600,
    24 * 3600,
];
/// The longest `Retry-After` that is honoured.
const MAX_RETRY_AFTER_MS: i64 = 24 * 3600 * 1000;

/// Returns the pause after a number of attempts, `None` after the last. `Retry-After` may extend it, never shorten it.
pub(crate) fn pause(attempts: i32, retry_after: Option<RetryAfter>, now_ms: i64) -> Option<Duration> {
    let at = usize::try_from(attempts).ok()?.checked_sub(1)?;
    let secs = *PAUSES_SECS.get(at)?;
    // Jitter of 80 to 120 %.
    let jitter = i64::from(u16::from_be_bytes(random_bytes())) * 400 / i64::from(u16::MAX);
    let asked = retry_after.map_or(0, |retry_after| retry_after_ms(retry_after, now_ms));
    Some(Duration::milliseconds((secs * (800 + jitter)).max(asked)))
}

/// Returns the pause of a `Retry-After`; a date counts from now.
fn retry_after_ms(retry_after: RetryAfter, now_ms: i64) -> i64 {
    let ms = |secs: u64| i64::try_from(secs).unwrap_or(i64::MAX).saturating_mul(1000);
    let asked = match retry_after {
        RetryAfter::Seconds(secs) => ms(secs),
        RetryAfter::At(secs) => ms(secs).saturating_sub(now_ms),
    };
    asked.min(MAX_RETRY_AFTER_MS)
}

/// Estimates when an event is given up if all its remaining attempts fail.
pub(crate) fn gives_up_at_ms(attempts: i32, next_attempt_at_ms: i64) -> i64 {
    let at = usize::try_from(attempts).unwrap_or(0);
    let left: i64 = PAUSES_SECS.iter().skip(at).sum();
    next_attempt_at_ms.saturating_add(left * 1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pause_follows_the_table_within_jitter() {
        for (at, secs) in PAUSES_SECS.iter().enumerate() {
            let attempts = i32::try_from(at + 1).unwrap();
            for _ in 0..100 {
                let pause = pause(attempts, None, 0).unwrap();
                assert!(
                    pause >= Duration::milliseconds(secs * 800)
                        && pause <= Duration::milliseconds(secs * 1200)
                );
            }
        }
        assert_eq!(pause(10, None, 0), None);
        assert_eq!(pause(10, Some(RetryAfter::Seconds(5)), 0), None);
    }

    #[test]
    fn gives_up_at_sums_remaining_pauses() {
        // The tenth attempt is the last.
        assert_eq!(gives_up_at_ms(9, 1_000), 1_000);
        assert_eq!(gives_up_at_ms(8, 1_000), 1_000 + 24 * 3_600_000);
        let all_but_one: i64 = PAUSES_SECS[1..].iter().sum();
        assert_eq!(gives_up_at_ms(1, 0), all_but_one * 1000);
    }

    #[test]
    fn pause_honours_longer_retry_after_up_to_a_day() {
        let now_ms = 1_800_000_000_500;
        for (asked, secs) in [
            (RetryAfter::Seconds(60), 60.0),
            (RetryAfter::Seconds(u64::MAX), 86_400.0),
            (RetryAfter::At(1_800_000_060), 59.5),
            (RetryAfter::At(1_800_086_400), 86_399.5),
            (RetryAfter::At(1_800_086_401), 86_400.0),
            (RetryAfter::At(u64::MAX), 86_400.0),
        ] {
            assert_eq!(
                pause(1, Some(asked), now_ms),
                Some(Duration::seconds_f64(secs)),
                "{asked:?}"
            );
        }
        for asked in [
            RetryAfter::Seconds(0),
            RetryAfter::At(1_800_000_001),
            RetryAfter::At(1_800_000_000),
            RetryAfter::At(0),
        ] {
            let pause = pause(2, Some(asked), now_ms).unwrap();
            assert!(
                (Duration::minutes(4)..=Duration::minutes(6)).contains(&pause),
                "{asked:?}"
            );
        }
    }
}
