//! Waiting for a state that another task or process brings about.

use std::{
    fmt::Debug,
    time::{Duration, Instant},
};

/// Far longer than anything takes on a busy machine: a test that reaches it has failed.
const TIMEOUT: Duration = Duration::from_secs(30);
/// Short beside what the states cost that tests wait for.
const PAUSE: Duration = Duration::from_millis(5);

/// What a probe of [`eventually`] returns.
pub trait Observation {
    /// What the awaited state holds.
    type Value;

    /// Returns the value of the awaited state, or a description of the present one.
    ///
    /// # Errors
    /// The description, while the awaited state is not reached.
    fn into_value(self) -> Result<Self::Value, String>;
}

impl Observation for bool {
    type Value = ();

    fn into_value(self) -> Result<(), String> {
        self.then_some(()).ok_or_else(|| "false".to_owned())
    }
}

impl<T> Observation for Option<T> {
    type Value = T;

    fn into_value(self) -> Result<T, String> {
        self.ok_or_else(|| "None".to_owned())
    }
}

impl<T, E: Debug> Observation for Result<T, E> {
    type Value = T;

    fn into_value(self) -> Result<T, String> {
        self.map_err(|error| format!("{error:?}"))
    }
}

/// Probes until the awaited state is reached, and returns its value: `true`, `Some` or `Ok`.
///
/// Return `Result` where the present state explains a failure: the panic shows its last error.
///
/// # Panics
/// After 30 seconds, with `what` and the last observation.
pub async fn eventually<O: Observation>(what: &str, probe: impl AsyncFnMut() -> O) -> O::Value {
    eventually_within(what, TIMEOUT, probe).await
}

/// Does the same as [`eventually`] with a time-out that the test is about.
///
/// # Panics
/// After the time-out, with `what` and the last observation.
pub async fn eventually_within<O: Observation>(
    what: &str,
    timeout: Duration,
    mut probe: impl AsyncFnMut() -> O,
) -> O::Value {
    let started = Instant::now();
    loop {
        match probe().await.into_value() {
            Ok(value) => return value,
            Err(last) => assert!(
                started.elapsed() < timeout,
                "{what}: not within {timeout:?}, last: {last}"
            ),
        }
        tokio::time::sleep(PAUSE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[tokio::test]
    async fn eventually_returns_the_value_of_the_first_success() {
        let mut left = 3;
        let value = eventually("counted down", async || {
            left -= 1;
            if left == 0 { Ok("done") } else { Err(left) }
        })
        .await;
        assert_eq!((value, left), ("done", 0));
    }

    #[tokio::test]
    #[should_panic(expected = "a state: not within 20ms, last: \"still 7\"")]
    async fn eventually_after_the_timeout_shows_the_last_state() {
        let timeout = Duration::from_millis(20);
        eventually_within("a state", timeout, async || Err::<(), _>("still 7")).await;
    }
}
