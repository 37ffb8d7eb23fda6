//! Contenders in turns, A/B/A/B: what else the machine does then falls on all of them, and a ratio survives it.

/// What one contender did in one round.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sample {
    pub(crate) per_second: f64,
    /// CPU of the server's processes for one operation, in microseconds.
    pub(crate) cpu_micros: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

/// One of those that are compared.
pub(crate) struct Contender<'a> {
    name: &'static str,
    measure: Box<dyn FnMut() -> anyhow::Result<Sample> + 'a>,
}

impl<'a> Contender<'a> {
    pub(crate) fn new(name: &'static str, measure: impl FnMut() -> anyhow::Result<Sample> + 'a) -> Self {
        Self {
            name,
            measure: Box::new(measure),
        }
    }
}

/// One contender's rounds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Series {
    pub(crate) name: &'static str,
    samples: Vec<Sample>,
}

impl Series {
    pub(crate) fn median(&self, of: fn(&Sample) -> f64) -> f64 {
        median(self.samples.iter().map(of).collect())
    }

    /// The median of the ratios of rounds, each taken from neighbours in time.
    pub(crate) fn ratio(&self, peer: &Self, of: fn(&Sample) -> f64) -> f64 {
        let pairs = self.samples.iter().zip(&peer.samples);
        median(pairs.map(|(ours, theirs)| of(ours) / of(theirs)).collect())
    }
}

/// Measures each contender once a round.
pub(crate) fn run<const N: usize>(
    rounds: usize,
    mut contenders: [Contender<'_>; N],
) -> anyhow::Result<[Series; N]> {
    let mut series = std::array::from_fn(|index| Series {
        name: contenders[index].name,
        samples: Vec::new(),
    });
    for round in 1..=rounds {
        for (contender, series) in contenders.iter_mut().zip(&mut series) {
            let sample = (contender.measure)()?;
            let Sample { per_second, cpu_micros, p50_ms, p99_ms } = sample;
            eprintln!(
                "  {round}  {:<34} {per_second:>9.0}/s {cpu_micros:>8.1} µs CPU  p50 {p50_ms:.2} ms  p99 {p99_ms:.2} ms",
                contender.name
            );
            series.samples.push(sample);
        }
    }
    Ok(series)
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
