//! Lists of results: lines with tabs for programs; on a terminal, aligned columns under a head, in colour unless `NO_COLOR` is set.

use std::io::IsTerminal;

use anstream::{AutoStream, ColorChoice};
use anstyle::{AnsiColor, Style};
use serde_json::Value;
use unicode_width::UnicodeWidthStr;

use super::text::clean;

const HEAD: Style = Style::new().bold();
const GOOD: Style = AnsiColor::Green.on_default();
const WAITING: Style = AnsiColor::Yellow.on_default();
const BAD: Style = AnsiColor::Red.on_default();
/// Between columns of a terminal.
const GAP: usize = 2;

/// Who reads the output.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reader {
    Program,
    Person { has_colour: bool },
}

impl Reader {
    fn of_stdout() -> Self {
        let stdout = std::io::stdout();
        match stdout.is_terminal() {
            false => Self::Program,
            true => Self::Person {
                has_colour: AutoStream::choice(&stdout) != ColorChoice::Never,
            },
        }
    }
}

/// Formats rows, whose cells are in the order of the columns.
pub(super) fn table(columns: &[&str], rows: &[Vec<String>]) -> String {
    render(columns, rows, Reader::of_stdout())
}

/// Formats a row for each object, with the values of the columns.
pub(super) fn objects(columns: &[&str], objects: &[Value]) -> String {
    let row = |object: &Value| columns.iter().map(|name| cell(&object[*name])).collect();
    let rows: Vec<Vec<String>> = objects.iter().map(row).collect();
    table(columns, &rows)
}

/// Returns a value as a cell; `-` for null, commas between the items of a list.
pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) => clean(text),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(","),
        other => other.to_string(),
    }
}

fn render(columns: &[&str], rows: &[Vec<String>], reader: Reader) -> String {
    let Reader::Person { has_colour } = reader else {
        return rows.iter().map(|row| row.join("\t") + "\n").collect();
    };
    if rows.is_empty() {
        return String::new();
    }
    let head: Vec<String> = columns
        .iter()
        .map(|name| name.to_uppercase().replace('_', " "))
        .collect();
    let width = |index: usize| {
        let cells = std::iter::once(&head).chain(rows);
        let widths = cells.map(|row| row.get(index).map_or(0, |cell| cell.width()));
        widths.max().unwrap_or_default()
    };
    let widths: Vec<usize> = (0..columns.len()).map(width).collect();
    let line = |row: &[String], style: &dyn Fn(&str) -> Style| {
        let mut line = String::new();
        for (index, cell) in row.iter().enumerate() {
            let style = if has_colour { style(cell) } else { Style::new() };
            line.push_str(&format!("{style}{cell}{style:#}"));
            if index + 1 < row.len() {
                line.push_str(&" ".repeat(widths[index] - cell.width() + GAP));
            }
        }
        line + "\n"
    };
    let mut text = line(&head, &|_| HEAD);
    text.extend(rows.iter().map(|row| line(row, &style_of)));
    text
}

/// Returns the colour of words that say how something is.
fn style_of(cell: &str) -> Style {
    match cell {
        "unread" => HEAD,
        "active" | "verified" => GOOD,
        "pending" | "paused" => WAITING,
        "failed" | "suspended" => BAD,
        _ => Style::new(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    fn rows() -> Vec<Vec<String>> {
        [["1", "漢字", "failed"], ["22", "b", "x"]]
            .map(|row| row.map(str::to_owned).to_vec())
            .to_vec()
    }

    #[test]
    fn table_for_programs_has_tabs_and_no_head() {
        let columns = ["id", "name", "state"];
        let text = render(&columns, &rows(), Reader::Program);
        assert_eq!(text, "1\t漢字\tfailed\n22\tb\tx\n");
    }

    #[test]
    fn table_for_people_is_aligned_and_coloured() {
        let columns = ["id", "the_name", "state"];
        let plain = render(&columns, &rows(), Reader::Person { has_colour: false });
        assert_eq!(
            plain,
            "ID  THE NAME  STATE\n1   漢字      failed\n22  b         x\n"
        );
        let coloured = render(&columns, &rows(), Reader::Person { has_colour: true });
        assert!(coloured.starts_with("\x1b[1mID\x1b[0m  "), "{coloured:?}");
        assert!(coloured.contains("\x1b[31mfailed\x1b[0m\n"), "{coloured:?}");
        let empty = render(&columns, &[], Reader::Person { has_colour: true });
        assert_eq!(empty, "");
    }

    #[test]
    fn cell_has_no_control_characters() {
        assert_eq!(cell(&json!("a\u{1b}[2J\nb")), "a[2J b");
        assert_eq!(cell(&json!(["a", "b"])), "a,b");
        assert_eq!(cell(&json!(null)), "-");
        assert_eq!(cell(&json!(2)), "2");
    }
}
