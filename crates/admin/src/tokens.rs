//! The tokens of operators.

use std::{fs, path::Path};

use aws_lc_rs::{
    constant_time,
    digest::{self, SHA256},
};
use mayfly_runtime::config::ConfigError;

/// The key of the configuration that names the file.
const KEY: &str = "admin.token_file";
/// The shortest token.
const MIN_TOKEN_BYTES: usize = 32;
/// The longest name of a token.
const MAX_NAME_BYTES: usize = 64;

/// The tokens of a file, hashed.
pub struct Tokens(Vec<Token>);

struct Token {
    name: String,
    sha256: [u8; 32],
}

impl std::fmt::Debug for Tokens {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.0.iter().map(|token| &token.name);
        f.debug_list().entries(names).finish()
    }
}

impl Tokens {
    /// Reads a file with a token on each line, after its name and a space. `#` begins a comment.
    ///
    /// # Errors
    /// When the file cannot be read, has no token, or a line is malformed. The error contains no token.
    pub fn read(path: &Path) -> Result<Self, ConfigError> {
        let problem = |problem: &str| ConfigError::new(KEY, format!("{}: {problem}", path.display()));
        let text = fs::read_to_string(path).map_err(|error| problem(&error.to_string()))?;
        let lines = text.lines().map(str::trim);
        let lines = lines.filter(|line| !line.is_empty() && !line.starts_with('#'));
        let mut tokens: Vec<Token> = Vec::new();
        for line in lines {
            let token = parse(line)
                .ok_or_else(|| problem("a line is a name, a space, and a token of at least 32 characters"))?;
            if tokens.iter().any(|other| other.name == token.name) {
                return Err(problem("a name is there twice"));
            }
            tokens.push(token);
        }
        match tokens.is_empty() {
            true => Err(problem("has no token")),
            false => Ok(Self(tokens)),
        }
    }

    /// Returns the name of a token. The time does not depend on which tokens there are.
    pub(crate) fn name_of(&self, token: &str) -> Option<&str> {
        let sha256 = hash(token);
        let mut found = None;
        for known in &self.0 {
            if constant_time::verify_slices_are_equal(&known.sha256, &sha256).is_ok() {
                found = Some(known.name.as_str());
            }
        }
        found
    }
}

fn parse(line: &str) -> Option<Token> {
    let (name, token) = line.split_once(' ')?;
    let token = token.trim();
    let is_name = |c: char| c.is_ascii_alphanumeric() || "._-".contains(c);
    let is_token = token.len() >= MIN_TOKEN_BYTES && token.chars().all(|c| c.is_ascii_graphic());
    (is_token && name.len() <= MAX_NAME_BYTES && name.chars().all(is_name)).then(|| Token {
        name: name.to_owned(),
        sha256: hash(token),
    })
}

fn hash(token: &str) -> [u8; 32] {
    let mut hash = [0; 32];
    hash.copy_from_slice(digest::digest(&SHA256, token.as_bytes()).as_ref());
    hash
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<Tokens, String> {
        let file = tempfile::NamedTempFile::new().unwrap();
        fs::write(file.path(), text).unwrap();
        Tokens::read(file.path()).map_err(|error| error.to_string())
    }

    #[test]
    fn tokens_of_a_file_have_names() {
        let (ann, bob) = ("a".repeat(32), "b".repeat(40));
        let tokens = read(&format!("# operators\nann {ann}\n\n  bob   {bob}\n")).unwrap();
        assert_eq!(tokens.name_of(&ann), Some("ann"));
        assert_eq!(tokens.name_of(&bob), Some("bob"));
        for wrong in ["", "ann", &ann[..31], &"c".repeat(32), &format!("ann {ann}")] {
            assert_eq!(tokens.name_of(wrong), None, "{wrong}");
        }
        assert_eq!(format!("{tokens:?}"), "[\"ann\", \"bob\"]");
    }

    #[test]
    fn malformed_token_file_is_refused_without_its_text() {
        let token = "s".repeat(32);
        for text in [
            String::new(),
            "# nothing\n".to_owned(),
            token.clone(),
            format!("ann {}", &token[1..]),
            format!("a/b {token}"),
            format!("ann {token}\nann {token}x"),
        ] {
            let error = read(&text).unwrap_err();
            assert!(error.starts_with("admin.token_file: "), "{error}");
            assert!(!error.contains("sss"), "{error}");
        }
        assert!(Tokens::read(Path::new("/nowhere")).is_err());
    }
}
