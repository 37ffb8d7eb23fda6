//! The documentation site: it builds without a warning, and every code block on it runs or is validated.

#![expect(
    clippy::expect_used,
    clippy::panic,
    clippy::disallowed_methods,
    reason = "a test panics when its set-up fails, and starts the programs of the pages"
)]

mod built;
mod pages;
mod reference;
mod snippets;

use std::path::{Path, PathBuf};

/// The root of the repository.
fn root() -> PathBuf {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    path.canonicalize().expect("the repository")
}

/// A directory under `target/` that is removed at the end of the test.
struct WorkDir(PathBuf);

impl WorkDir {
    /// Creates an empty directory. Tests that run at the same time need different names.
    fn create(name: &str) -> Self {
        let path = Path::new(env!("CARGO_TARGET_TMPDIR")).join(format!("site-{name}-{}", std::process::id()));
        std::fs::create_dir_all(&path).expect("a directory");
        Self(path)
    }
}

impl Drop for WorkDir {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}
