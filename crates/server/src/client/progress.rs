//! A progress line on the terminal while a command waits. Without a terminal on stderr nothing is shown.

use std::{
    io::{IsTerminal, Write},
    time::Duration,
};

use tokio::time::Instant;

const TICK: Duration = Duration::from_secs(1);

/// The progress line, which is cleared on drop.
#[derive(Debug)]
pub(super) struct Progress {
    is_shown: bool,
    started: Instant,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            is_shown: std::io::stderr().is_terminal(),
            started: Instant::now(),
        }
    }

    /// Shows the line while a future runs.
    pub(super) async fn during<T>(&self, label: &str, future: impl Future<Output = T>) -> T {
        let mut ticks = tokio::time::interval(TICK);
        tokio::pin!(future);
        loop {
            tokio::select! {
                output = &mut future => return output,
                _ = ticks.tick() => self.write(&format!("{label}, {} s", self.started.elapsed().as_secs())),
            }
        }
    }

    fn write(&self, line: &str) {
        if self.is_shown {
            // A closed terminal is no reason to fail.
            let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.write("");
    }
}
