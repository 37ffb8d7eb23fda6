//! Finds the pages of the site and reads their code blocks.

use std::{collections::BTreeSet, fs, path::Path};

use crate::root;

/// Directories without pages: those of `exclude_patterns` in `docs/site/conf.py`.
const NOT_WALKED: [&str; 5] = ["target", "data", "node_modules", "dist", "secrets"];

/// A fenced code block with the HTML comments around it, which readers do not see.
#[derive(Debug, Default, PartialEq, Eq)]
pub(crate) struct Block {
    /// The line of the opening fence, from 1.
    pub(crate) line: usize,
    /// The language of the fence; empty if it has none.
    pub(crate) language: String,
    pub(crate) code: String,
    /// `<!-- before: … -->` above the block: code that runs first, such as the variables that readers have.
    pub(crate) before: String,
    /// `<!-- after: … -->` below the block: code that checks its result.
    pub(crate) after: String,
    /// `<!-- not run: … -->` above the block: why no test can run it.
    pub(crate) not_run: Option<String>,
}

/// Returns the paths of all pages below the root of the repository, in order.
pub(crate) fn all() -> BTreeSet<String> {
    let root = root();
    let mut found = BTreeSet::new();
    let mut directories = vec![root.clone()];
    while let Some(directory) = directories.pop() {
        for entry in fs::read_dir(directory).expect("a directory") {
            let path = entry.expect("an entry").path();
            let name = path.file_name().unwrap_or_default().to_string_lossy();
            if path.is_dir() {
                if !name.starts_with('.') && !NOT_WALKED.contains(&&*name) {
                    directories.push(path);
                }
            } else if name.ends_with(".md") {
                let relative = path.strip_prefix(&root).expect("a path below the root");
                found.insert(relative.display().to_string());
            }
        }
    }
    found
}

/// Returns the code blocks of a page, in order.
pub(crate) fn blocks(page: &str) -> Vec<Block> {
    let text =
        fs::read_to_string(root().join(Path::new(page))).unwrap_or_else(|error| panic!("{page}: {error}"));
    parse(&text)
}

/// Returns the code blocks of a Markdown text.
pub(crate) fn parse(text: &str) -> Vec<Block> {
    let mut blocks: Vec<Block> = Vec::new();
    let mut pending = Block::default();
    let mut is_after_block = false;
    let mut lines = text.lines().enumerate();
    while let Some((number, line)) = lines.next() {
        let trimmed = line.trim_start();
        if let Some(info) = trimmed.strip_prefix("```") {
            let indent = line.len() - trimmed.len();
            let end = "`".repeat(3 + info.len() - info.trim_start_matches('`').len());
            let body = lines
                .by_ref()
                .map(|(_, line)| line)
                .take_while(|line| line.trim() != end);
            let code = body.map(|line| format!("{}\n", line.get(indent..).unwrap_or_default()));
            blocks.push(Block {
                line: number + 1,
                language: info.trim_start_matches('`').trim().to_owned(),
                code: code.collect(),
                ..std::mem::take(&mut pending)
            });
            is_after_block = true;
        } else if let Some(start) = trimmed.strip_prefix("<!--") {
            let comment = comment(start, &mut lines.by_ref().map(|(_, line)| line));
            if let Some(code) = comment.strip_prefix("before:") {
                pending.before = code.trim_start_matches(' ').to_owned() + "\n";
            } else if let Some(reason) = comment.strip_prefix("not run:") {
                pending.not_run = Some(reason.trim().to_owned());
            } else if let Some(code) = comment.strip_prefix("after:") {
                assert!(is_after_block, "line {}: no block is above `after:`", number + 1);
                let block = blocks.last_mut().expect("a block");
                block.after = code.trim_start_matches(' ').to_owned() + "\n";
            }
        } else if !line.trim().is_empty() {
            assert_eq!(
                pending,
                Block::default(),
                "line {}: no block follows a comment",
                number + 1
            );
            is_after_block = false;
        }
    }
    assert_eq!(pending, Block::default(), "no block follows the last comment");
    blocks
}

/// Returns the text of a comment, of which `start` is the rest of the first line.
fn comment<'a>(start: &str, lines: &mut impl Iterator<Item = &'a str>) -> String {
    let mut text = start.to_owned();
    while !text.contains("-->") {
        let line = lines.next().expect("the comment ends");
        text = format!("{text}\n{line}");
    }
    let (text, _) = text.split_once("-->").expect("its end");
    text.trim().to_owned()
}

/// Returns the inline code of a Markdown text.
pub(crate) fn prose_code(text: &str) -> impl Iterator<Item = &str> {
    text.lines().flat_map(|line| line.split('`').skip(1).step_by(2))
}

#[test]
fn parse_reads_blocks_with_their_comments() {
    let text = "# A\n\n<!-- before: x=1\ny=2 -->\n\n```sh\necho $x\n```\n<!-- after:\ntrue\n-->\n\n<!-- other -->\n\
                1. <b>\n   ```toml\n   a = 1\n   ```\n\n<!-- not run: needs\na cluster -->\n````md\n```sh\n````\n";
    let block = |line, language: &str, code: &str| Block {
        line,
        language: language.to_owned(),
        code: code.to_owned(),
        ..Block::default()
    };
    let expected = [
        Block {
            before: "x=1\ny=2\n".to_owned(),
            after: "\ntrue\n".to_owned(),
            ..block(6, "sh", "echo $x\n")
        },
        block(15, "toml", "a = 1\n"),
        Block {
            not_run: Some("needs\na cluster".to_owned()),
            ..block(21, "md", "```sh\n")
        },
    ];
    assert_eq!(parse(text), expected);
}

#[test]
#[should_panic(expected = "no block follows a comment")]
fn parse_of_comment_without_block_fails() {
    let _ = parse("<!-- not run: needs a cluster -->\nText.\n\n```sh\ntrue\n```\n");
}
