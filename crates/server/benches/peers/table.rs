//! The table that a run prints, as Markdown.

use std::fmt;

use crate::rounds::{Sample, Series};

/// The target of a value.
#[derive(Debug, Clone, Copy)]
pub(crate) enum Target {
    AtLeast(f64),
    AtMost(f64),
    /// Not checked, because the machine is as noisy as this.
    Noisy(f64),
    /// Printed without a target.
    None,
}

/// The noise above which targets are not checked.
const MAX_NOISE: f64 = 0.1;

impl Target {
    /// The target on a machine with so much [noise](Series::noise).
    fn with_noise(self, noise: f64) -> Self {
        match noise <= MAX_NOISE {
            true => self,
            false => Self::Noisy(noise),
        }
    }
}

impl fmt::Display for Target {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::AtLeast(value) => write!(f, "≥ {value}"),
            Self::AtMost(value) => write!(f, "≤ {value}"),
            Self::Noisy(noise) => write!(f, "not checked: noise of {:.0} %", noise * 100.0),
            Self::None => f.write_str("–"),
        }
    }
}

/// Rows, in the order in which they were measured.
#[derive(Debug, Default)]
pub(crate) struct Table(Vec<[String; 6]>);

impl Table {
    /// A rate compared with a peer's; higher is better.
    pub(crate) fn rate(&mut self, what: &str, ours: &Series, theirs: &Series, target: Target) {
        let cell = |series: &Series| {
            let (rate, p50, p99) = (
                series.median(|s| s.per_second),
                series.median(|s| s.p50_ms),
                series.median(|s| s.p99_ms),
            );
            let latency = if p99 > 0.0 {
                format!(", p50 {p50:.2}, p99 {p99:.2} ms")
            } else {
                String::new()
            };
            format!("{}/s{latency}", thousands(rate))
        };
        let cpu = |series: &Series| series.median(|s| s.cpu_micros);
        let ratio = ours.ratio(theirs, |s| s.per_second);
        let cpu = format!("{:.1} / {:.1}", cpu(ours), cpu(theirs));
        let peer = format!("{} ({})", theirs.name, cell(theirs));
        self.push(what, [&cell(ours), &peer], ratio, target, ours.noise, &cpu);
    }

    /// A time compared with a peer's; lower is better.
    pub(crate) fn time(
        &mut self,
        what: &str,
        ours: &Series,
        theirs: &Series,
        of: fn(&Sample) -> f64,
        target: Target,
    ) {
        let cell = |series: &Series| format!("{:.2} ms", series.median(of));
        let peer = format!("{} ({})", theirs.name, cell(theirs));
        let ratio = ours.ratio(theirs, of);
        self.push(what, [&cell(ours), &peer], ratio, target, ours.noise, "");
    }

    /// A value compared with a limit in the same unit.
    pub(crate) fn limit(&mut self, what: &str, value: f64, unit: &str, target: Target) {
        let ours = format!("{value:.1} {unit}");
        self.0.push([
            what.to_owned(),
            ours,
            String::new(),
            String::new(),
            format_target(value, target, unit),
            String::new(),
        ]);
    }

    fn push(
        &mut self,
        what: &str,
        [ours, peer]: [&str; 2],
        ratio: f64,
        target: Target,
        noise: f64,
        cpu: &str,
    ) {
        let target = format_target(ratio, target.with_noise(noise), "");
        let ratio = format!("{ratio:.2} (noise {:.0} %)", noise * 100.0);
        self.0
            .push([what, ours, peer, &ratio, &target, cpu].map(str::to_owned));
    }
}

fn format_target(value: f64, target: Target, unit: &str) -> String {
    let word = match target {
        Target::AtLeast(least) if value >= least => "met",
        Target::AtMost(most) if value <= most => "met",
        Target::AtLeast(_) | Target::AtMost(_) => "**missed**",
        Target::Noisy(_) | Target::None => return target.to_string(),
    };
    let unit = if unit.is_empty() {
        String::new()
    } else {
        format!(" {unit}")
    };
    format!("{target}{unit} {word}")
}

fn thousands(value: f64) -> String {
    let digits = format!("{value:.0}");
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "| what | Mayfly | peer | ratio | target | CPU µs an operation, Mayfly / peer |"
        )?;
        writeln!(f, "|---|---|---|---|---|---|")?;
        for row in &self.0 {
            writeln!(f, "| {} |", row.join(" | "))?;
        }
        Ok(())
    }
}
