//! The baseline: recorded counts in a file of the repository.

use std::{collections::BTreeMap, path::PathBuf, process::Command};

use anyhow::Context;
use serde::{Deserialize, Serialize};

/// Kept when the file is rewritten.
const HEADER: &str = "\
# Instructions per operation of the hot paths. `make bench-instructions` fails when a count is more than 5 % higher;
# `make bench-instructions UPDATE_BASELINE=1` rewrites this file. A commit that raises a count says why in its body.
# A commit that lowers one rewrites the file too, so that the gain is kept. See README.md of the benches.

";

/// The content of the file.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Baseline {
    pub(crate) toolchain: Toolchain,
    /// Counts by path name.
    pub(crate) instructions: BTreeMap<String, u64>,
}

/// The compiler and target. Counts of different toolchains are not comparable.
#[derive(Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Toolchain {
    rustc: String,
    target: String,
}

impl Baseline {
    pub(crate) fn read() -> anyhow::Result<Self> {
        let path = path();
        let text = std::fs::read_to_string(&path).with_context(|| path.display().to_string())?;
        toml::from_str(&text).with_context(|| path.display().to_string())
    }

    pub(crate) fn write(&self) -> anyhow::Result<()> {
        let text = format!("{HEADER}{}", toml::to_string(self)?);
        let path = path();
        std::fs::write(&path, text).with_context(|| path.display().to_string())
    }
}

impl Toolchain {
    /// Reads the version of the compiler that `rust-toolchain.toml` pins.
    pub(crate) fn current() -> anyhow::Result<Self> {
        let output = Command::new("rustc")
            .arg("-vV")
            .current_dir(env!("CARGO_MANIFEST_DIR"))
            .output()
            .context("rustc")?;
        let text = String::from_utf8(output.stdout)?;
        let field = |name: &str| {
            let value = text.lines().find_map(|line| line.strip_prefix(name));
            value
                .map(str::to_owned)
                .with_context(|| format!("rustc -vV prints no {name}"))
        };
        Ok(Self {
            rustc: field("release: ")?,
            target: field("host: ")?,
        })
    }

    /// Describes how another toolchain differs.
    pub(crate) fn difference(&self, other: &Self) -> Option<String> {
        (self != other).then(|| {
            let describe = |of: &Self| format!("rustc {} for {}", of.rustc, of.target);
            format!(
                "it was counted with {}, this is {}",
                describe(self),
                describe(other)
            )
        })
    }
}

fn path() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "benches/instructions/baseline.toml"]
        .iter()
        .collect()
}
