//! Measures contenders in turns, A/B/A/B: other load affects all of them, so ratios stay comparable.

use std::time::Duration;

/// The result of one contender in one round.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Sample {
    pub(crate) per_second: f64,
    /// CPU of the server's processes for one operation, in microseconds.
    pub(crate) cpu_micros: f64,
    pub(crate) p50_ms: f64,
    pub(crate) p99_ms: f64,
}

impl Sample {
    /// Computes a sample from a number of operations and their time.
    pub(crate) fn of(operations: usize, elapsed: Duration, cpu_seconds: f64) -> Self {
        Self {
            per_second: operations as f64 / elapsed.as_secs_f64(),
            cpu_micros: cpu_seconds * 1e6 / operations as f64,
            ..Self::default()
        }
    }
}

/// A measured program.
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

    fn sample(&mut self, round: usize) -> anyhow::Result<Sample> {
        let sample = (self.measure)()?;
        let (rate, cpu) = (sample.per_second, sample.cpu_micros);
        eprintln!(
            "  {round}  {:<34} {rate:>9.0}/s {cpu:>8.1} µs CPU each",
            self.name
        );
        Ok(sample)
    }
}

/// One contender's rounds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Series {
    pub(crate) name: &'static str,
    samples: Vec<Sample>,
    /// How far the rate of a contender differed from that of the same one, measured twice in each round: 0 without noise.
    pub(crate) noise: f64,
}

impl Series {
    pub(crate) fn median(&self, of: fn(&Sample) -> f64) -> f64 {
        median(self.samples.iter().map(of).collect())
    }

    /// The median of the ratios of adjacent measurements.
    pub(crate) fn ratio(&self, peer: &Self, of: fn(&Sample) -> f64) -> f64 {
        let pairs = self.samples.iter().zip(&peer.samples);
        median(pairs.map(|(ours, theirs)| of(ours) / of(theirs)).collect())
    }
}

/// Measures each contender once a round, and the last one twice, for the noise.
pub(crate) fn run<const N: usize>(
    rounds: usize,
    mut contenders: [Contender<'_>; N],
) -> anyhow::Result<[Series; N]> {
    let mut series = std::array::from_fn(|index| Series {
        name: contenders[index].name,
        samples: Vec::new(),
        noise: 0.0,
    });
    let mut again = Series::default();
    for round in 1..=rounds {
        for (contender, series) in contenders.iter_mut().zip(&mut series) {
            series.samples.push(contender.sample(round)?);
        }
        if let Some(last) = contenders.last_mut() {
            again.samples.push(last.sample(round)?);
        }
    }
    let noise = series.last().map_or(0.0, |last| {
        (again.ratio(last, |sample| sample.per_second) - 1.0).abs()
    });
    for series in &mut series {
        series.noise = noise;
    }
    Ok(series)
}

pub(crate) fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values.get(values.len() / 2).copied().unwrap_or(f64::NAN)
}
