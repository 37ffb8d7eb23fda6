//! A line on the terminal that says for how long something is waited for. Where stderr is no terminal there is none.

use std::{
    io::{IsTerminal, Write},
    time::Duration,
};

use tokio::time::Instant;

const TICK: Duration = Duration::from_secs(1);

/// The line. It goes when this does.
#[derive(Debug)]
pub(super) struct Progress {
    is_shown: bool,
    began: Instant,
}

impl Progress {
    pub(super) fn new() -> Self {
        Self {
            is_shown: std::io::stderr().is_terminal(),
            began: Instant::now(),
        }
    }

    /// Waits for a future under the line.
    pub(super) async fn during<T>(&self, what: &str, future: impl Future<Output = T>) -> T {
        let mut ticks = tokio::time::interval(TICK);
        tokio::pin!(future);
        loop {
            tokio::select! {
                output = &mut future => return output,
                _ = ticks.tick() => self.write(&format!("{what}, {} s", self.began.elapsed().as_secs())),
            }
        }
    }

    fn write(&self, line: &str) {
        if self.is_shown {
            // A terminal that is gone needs no line.
            let _ = write!(std::io::stderr(), "\r\x1b[K{line}");
        }
    }
}

impl Drop for Progress {
    fn drop(&mut self) {
        self.write("");
    }
}
