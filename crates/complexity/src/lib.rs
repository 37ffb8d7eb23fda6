//! For tests only: measures the CPU of a parser over growing inputs and fits the exponent.
//!
//! A parser of foreign input must cost CPU in proportion to its input. A table of [`Construct`]s is measured at the
//! [`SIZES`] and fails above [`MAX_EXPONENT`].

#![expect(clippy::print_stdout, reason = "a test prints its measurements")]

use std::time::Duration;

use rustix::time::{ClockId, clock_gettime};

/// Largest exponent of the cost in the size of the input.
pub const MAX_EXPONENT: f64 = 1.2;
/// Sizes of the inputs in bytes.
pub const SIZES: [usize; 3] = [64 << 10, 256 << 10, 1 << 20];
/// A shorter measurement says nothing about the exponent.
const MIN_MEASURABLE: Duration = Duration::from_millis(5);
/// A suspicious construct is measured so often; the minimum counts, because other programs only ever add to a time.
/// A neighbour that empties the caches for a second must not last through all of them.
const MAX_REPETITIONS: usize = 24;

/// A way to make an input of any size.
pub struct Construct {
    /// Shown when the construct fails.
    pub name: &'static str,
    /// Makes an input of about this many bytes.
    pub make: fn(usize) -> String,
}

/// Returns the CPU time of this thread: wall time on a busy machine does not measure the cost.
#[must_use]
pub fn cpu_time() -> Duration {
    let time = clock_gettime(ClockId::ThreadCPUTime);
    let seconds = u64::try_from(time.tv_sec).unwrap_or_default();
    Duration::new(seconds, u32::try_from(time.tv_nsec).unwrap_or_default())
}

/// Measures every construct and returns those that cost more than linear CPU, or more than `max_cpu` at any size.
///
/// A parser that gives up within `max_cpu` costs less for larger inputs, so its exponent is small.
#[must_use]
pub fn superlinear(
    constructs: &[Construct],
    max_cpu: Duration,
    mut parse: impl FnMut(&str),
) -> Vec<&'static str> {
    let mut failed = Vec::new();
    for construct in constructs {
        let inputs = SIZES.map(|size| (construct.make)(size));
        let mut least = [Duration::MAX; SIZES.len()];
        let (mut exponent, mut is_within) = (0.0, false);
        for _ in 0..MAX_REPETITIONS {
            for (least, input) in least.iter_mut().zip(&inputs) {
                let started = cpu_time();
                parse(input);
                *least = (*least).min(cpu_time().saturating_sub(started));
            }
            exponent = fitted_exponent(&least);
            is_within = exponent <= MAX_EXPONENT && least.iter().all(|took| *took <= max_cpu);
            if is_within {
                break;
            }
        }
        println!("{:28} {exponent:5.2} {least:?}", construct.name);
        if !is_within {
            failed.push(construct.name);
        }
    }
    failed
}

/// Fits `cost = factor * size ^ exponent` by least squares over the measurable sizes; 0 when fewer than two are.
#[expect(clippy::cast_precision_loss, reason = "sizes are below 2^52")]
fn fitted_exponent(took: &[Duration; SIZES.len()]) -> f64 {
    let points: Vec<(f64, f64)> = SIZES
        .iter()
        .zip(took)
        .filter(|(_, took)| **took >= MIN_MEASURABLE)
        .map(|(size, took)| ((*size as f64).ln(), took.as_secs_f64().ln()))
        .collect();
    if points.len() < 2 {
        return 0.0;
    }
    let count = points.len() as f64;
    let mean_x = points.iter().map(|(x, _)| x).sum::<f64>() / count;
    let mean_y = points.iter().map(|(_, y)| y).sum::<f64>() / count;
    let covariance: f64 = points.iter().map(|(x, y)| (x - mean_x) * (y - mean_y)).sum();
    let variance: f64 = points.iter().map(|(x, _)| (x - mean_x).powi(2)).sum();
    covariance / variance
}

#[cfg(test)]
mod tests {
    use super::*;

    const TABLE: [Construct; 1] = [Construct {
        name: "x",
        make: |size| "x".repeat(size),
    }];

    #[test]
    fn superlinear_quadratic_parser_is_reported() {
        let mut sum = 0_u64;
        let failed = superlinear(&TABLE, Duration::from_secs(60), |input| {
            for _ in 0..input.len() >> 16 {
                sum = input.bytes().fold(sum, |sum, byte| {
                    std::hint::black_box(sum.wrapping_add(u64::from(byte)))
                });
            }
        });
        assert_eq!(failed, ["x"]);
    }

    #[test]
    fn superlinear_linear_parser_is_not_reported() {
        let mut sum = 0_u64;
        let failed = superlinear(&TABLE, Duration::from_secs(60), |input| {
            sum = input.bytes().fold(sum, |sum, byte| {
                std::hint::black_box(sum.wrapping_add(u64::from(byte)))
            });
        });
        assert!(failed.is_empty());
    }
}
