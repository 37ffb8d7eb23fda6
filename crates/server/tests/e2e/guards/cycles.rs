//! Import cycles between the files of a crate. An edge goes from a file to the file that defines what it imports; re-exports
//! are followed. A child that imports from its ancestors makes no edge, so a cycle needs a detour.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs,
    path::Path,
    sync::LazyLock,
};

use regex::Regex;

use super::root;

static INLINE_TESTS: LazyLock<Regex> = LazyLock::new(|| pattern(r"#\[cfg\(test\)\]\s*mod \w+ \{"));
static COMMENT: LazyLock<Regex> = LazyLock::new(|| pattern("//.*"));
static USE: LazyLock<Regex> = LazyLock::new(|| pattern(r"(pub(?:\([^)]*\))? )?\buse ([^;]+);"));
static INLINE_PATH: LazyLock<Regex> = LazyLock::new(|| pattern(r"\bcrate::([a-z_0-9]+(?:::\w+)*)"));

fn pattern(text: &str) -> Regex {
    Regex::new(text).expect("a pattern")
}

/// The path of a module below its crate; the crate root is empty.
type Module = Vec<String>;

/// The sources of one crate, without its tests.
#[derive(Default)]
struct Sources(BTreeMap<Module, String>);

struct Imports {
    paths: BTreeSet<Module>,
    /// Re-exported names, with the path of each.
    exports: BTreeMap<String, Module>,
}

impl Sources {
    fn read(src: &Path) -> Self {
        let mut sources = Self::default();
        let mut pending = vec![src.to_path_buf()];
        while let Some(path) = pending.pop() {
            if path.is_dir() {
                pending.extend(
                    fs::read_dir(&path)
                        .expect("a directory")
                        .map(|e| e.expect("an entry").path()),
                );
            } else if path.extension().is_some_and(|extension| extension == "rs") {
                let relative = path.strip_prefix(src).expect("below src").with_extension("");
                let module: Module = relative
                    .iter()
                    .map(|part| part.to_string_lossy().into_owned())
                    .collect();
                sources.add(module, &fs::read_to_string(&path).expect("a source"));
            }
        }
        sources
    }

    fn add(&mut self, mut module: Module, text: &str) {
        if module.iter().any(|part| part == "tests") {
            return;
        }
        if module == ["lib"] || module == ["main"] {
            module.clear();
        }
        let end = INLINE_TESTS.find(text).map_or(text.len(), |found| found.start());
        self.0
            .insert(module, COMMENT.replace_all(&text[..end], "").into_owned());
    }

    /// Returns a path of a `use` in a module as a path below the crate; `None` for other crates.
    fn absolute(&self, module: &Module, path: &[String]) -> Option<Module> {
        let (mut base, mut rest) = (module.clone(), path);
        match path.first()?.as_str() {
            "crate" => return Some(path[1..].to_vec()),
            "self" => rest = &path[1..],
            "super" => {
                while rest.first().is_some_and(|part| part == "super") {
                    base.pop();
                    rest = &rest[1..];
                }
            }
            first => {
                base.push(first.to_owned());
                let is_child = self.0.contains_key(&base);
                base.pop();
                if !is_child {
                    return None;
                }
            }
        }
        base.extend(rest.iter().cloned());
        Some(base)
    }

    fn imports(&self, module: &Module, text: &str) -> Imports {
        let (mut paths, mut exports) = (BTreeSet::new(), BTreeMap::new());
        for found in USE.captures_iter(text) {
            for path in expand(&found[2]) {
                let Some(path) = self.absolute(module, &path) else {
                    continue;
                };
                if let (Some(_), Some(name)) = (found.get(1), path.last()) {
                    exports.insert(name.clone(), path.clone());
                }
                paths.insert(path);
            }
        }
        let code = USE.replace_all(text, "");
        paths.extend(INLINE_PATH.captures_iter(&code).map(|found| parts(&found[1])));
        Imports { paths, exports }
    }

    /// Returns each module with the modules that define what it imports.
    fn edges(&self) -> BTreeMap<&Module, BTreeSet<&Module>> {
        let imports: BTreeMap<&Module, Imports> = self
            .0
            .iter()
            .map(|(module, text)| (module, self.imports(module, text)))
            .collect();
        let targets = |module: &Module, imported: &Imports| {
            let defined = imported
                .paths
                .iter()
                .filter_map(|path| self.definition(path, &imports, 0));
            defined.filter(|target| !module.starts_with(target)).collect()
        };
        imports
            .iter()
            .map(|(module, imported)| (*module, targets(module, imported)))
            .collect()
    }

    fn definition<'s>(
        &'s self,
        path: &Module,
        imports: &BTreeMap<&Module, Imports>,
        depth: u32,
    ) -> Option<&'s Module> {
        let (module, _) = (0..=path.len())
            .rev()
            .find_map(|end| self.0.get_key_value(&path[..end]))?;
        let exported = path
            .get(module.len())
            .and_then(|name| imports[module].exports.get(name));
        match exported {
            Some(exported) if exported != path && depth < 5 => self.definition(exported, imports, depth + 1),
            _ => Some(module),
        }
    }

    /// Returns the modules that reach themselves.
    fn cyclic(&self) -> BTreeSet<String> {
        let edges = self.edges();
        let reaches_itself = |start: &&Module| {
            let (mut pending, mut seen) = (vec![*start], BTreeSet::new());
            while let Some(module) = pending.pop() {
                for next in &edges[module] {
                    if next == start {
                        return true;
                    }
                    if seen.insert(*next) {
                        pending.push(next);
                    }
                }
            }
            false
        };
        edges
            .keys()
            .filter(|module| reaches_itself(module))
            .map(|module| module.join("::"))
            .collect()
    }
}

fn parts(path: &str) -> Module {
    path.split("::")
        .map(|part| part.trim().to_owned())
        .filter(|part| !part.is_empty())
        .collect()
}

/// Returns every path of a tree such as `a::{b, c::{d, e as f}}`.
fn expand(tree: &str) -> Vec<Module> {
    let tree = tree.trim();
    let Some(open) = tree.find('{') else {
        return vec![parts(tree.split(" as ").next().unwrap_or_default())];
    };
    let Some(close) = tree.rfind('}').filter(|close| *close > open) else {
        return Vec::new();
    };
    let prefix = parts(&tree[..open]);
    let (mut depth, mut from, mut items) = (0, open + 1, Vec::new());
    for (at, byte) in tree[..close].bytes().enumerate().skip(open + 1) {
        match byte {
            b'{' => depth += 1,
            b'}' => depth -= 1,
            b',' if depth == 0 => {
                items.push(&tree[from..at]);
                from = at + 1;
            }
            _ => {}
        }
    }
    items.push(&tree[from..close]);
    let paths = items
        .into_iter()
        .filter(|item| !item.trim().is_empty())
        .flat_map(expand);
    paths
        .map(|path| prefix.iter().cloned().chain(path).collect())
        .collect()
}

#[test]
fn crates_have_no_import_cycles() {
    let crates = fs::read_dir(root().join("crates")).expect("crates");
    for entry in crates {
        let src = entry.expect("an entry").path().join("src");
        let sources = Sources::read(&src);
        assert!(!sources.0.is_empty(), "{} has no sources", src.display());
        let cyclic = sources.cyclic();
        assert!(
            cyclic.is_empty(),
            "{}: {cyclic:?} import each other",
            src.display()
        );
    }
}

#[test]
fn import_cycles_are_found() {
    let cyclic = |files: &[(&str, &str)]| {
        let mut sources = Sources::default();
        for (module, text) in files {
            sources.add(parts(module), text);
        }
        sources.cyclic().into_iter().collect::<Vec<_>>().join(" ")
    };
    let table = [
        (
            "siblings",
            &[
                ("lib", ""),
                ("a", "use crate::b::B;"),
                ("b", "use super::a::{self, A};"),
            ][..],
            "a b",
        ),
        (
            "by a path in code",
            &[
                ("lib", ""),
                ("a", "use crate::b::B;"),
                ("b", "fn f() { crate::a::f() }"),
            ],
            "a b",
        ),
        (
            "by a re-export",
            &[
                ("lib", ""),
                ("a", "use crate::b::B;"),
                ("b", "pub(crate) use c::B;"),
                ("b::c", "use crate::a::A;"),
            ],
            "a b::c",
        ),
        (
            "from a child by a detour",
            &[
                ("lib", ""),
                ("a", "use b::B;"),
                ("a::b", "use crate::c::C;"),
                ("c", "use crate::a::A;"),
            ],
            "a a::b c",
        ),
        (
            "from a child to its parent",
            &[
                ("lib", "use a::A;"),
                ("a", "use b::B;"),
                ("a::b", "use super::A;"),
            ],
            "",
        ),
        (
            "in a test",
            &[
                ("lib", ""),
                ("a", "use crate::b::B;"),
                ("b", "#[cfg(test)]\nmod tests { use crate::a::A; }"),
            ],
            "",
        ),
    ];
    for (case, files, expected) in table {
        assert_eq!(cyclic(files), expected, "{case}");
    }
}
