//! The comparison that a run prints, as Markdown.

use std::fmt;

use crate::{baseline::Baseline, callgrind::Count};

/// How much higher than the baseline a count may be. Counts of equal code differ by less than a tenth of it.
const BOUND: f64 = 1.05;

/// A row for each path.
#[derive(Debug)]
pub(crate) struct Table(Vec<Row>);

#[derive(Debug)]
struct Row {
    name: &'static str,
    old: Option<u64>,
    new: u64,
}

impl Row {
    #[expect(clippy::cast_precision_loss, reason = "counts are far below 2^52")]
    fn ratio(&self) -> Option<f64> {
        self.old.map(|old| self.new as f64 / old as f64)
    }

    /// A path without a baseline is out of bounds: otherwise a new path would never get one.
    fn is_within_bound(&self) -> bool {
        self.ratio().is_some_and(|ratio| ratio <= BOUND)
    }
}

impl Table {
    pub(crate) fn new(counts: &[Count], baseline: &Baseline) -> Self {
        let rows = counts.iter().map(|count| Row {
            name: count.name,
            old: baseline.instructions.get(count.name).copied(),
            new: count.instructions,
        });
        Self(rows.collect())
    }

    pub(crate) fn is_within_bounds(&self) -> bool {
        self.0.iter().all(Row::is_within_bound)
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(f, "| path | baseline | now | ratio |")?;
        writeln!(f, "|---|---:|---:|---:|")?;
        for row in &self.0 {
            let old = row.old.map_or_else(|| "–".to_owned(), thousands);
            let ratio = row
                .ratio()
                .map_or_else(|| "–".to_owned(), |ratio| format!("{ratio:.3}"));
            let mark = if row.is_within_bound() {
                ""
            } else {
                " **above the bound**"
            };
            writeln!(
                f,
                "| {} | {old} | {} | {ratio}{mark} |",
                row.name,
                thousands(row.new)
            )?;
        }
        Ok(())
    }
}

fn thousands(count: u64) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (index, digit) in digits.char_indices() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    text
}
