//! Aligned tables for a terminal. Every cell passes through [`visible`].

use serde_json::Value;

use crate::visible::visible;

/// Cells are cut here, in characters.
const MAX_CELL: usize = 60;

/// Rows of cells under headings.
pub struct Table {
    rows: Vec<Vec<String>>,
}

impl Table {
    pub fn new(headings: &[&str]) -> Self {
        Self { rows: vec![headings.iter().map(|heading| heading.to_uppercase()).collect()] }
    }

    /// A table of JSON objects, a column for each `(heading, member)`.
    pub fn of(items: &[Value], columns: &[(&str, &str)]) -> Self {
        let headings: Vec<&str> = columns.iter().map(|(heading, _)| *heading).collect();
        let mut table = Self::new(&headings);
        for item in items {
            table.row(columns.iter().map(|(_, member)| cell(&item[*member])));
        }
        table
    }

    pub fn row(&mut self, cells: impl IntoIterator<Item = String>) {
        self.rows.push(cells.into_iter().map(|text| cut(&visible(&text))).collect());
    }

    /// The lines, columns two blanks apart.
    pub fn lines(&self) -> Vec<String> {
        let columns = self.rows.iter().map(Vec::len).max().unwrap_or(0);
        let width = |column: usize| {
            let cells = self.rows.iter().filter_map(|row| row.get(column));
            cells.map(|cell| cell.chars().count()).max().unwrap_or(0)
        };
        let widths: Vec<usize> = (0..columns).map(width).collect();
        self.rows.iter().map(|row| line(row, &widths)).collect()
    }
}

fn line(row: &[String], widths: &[usize]) -> String {
    let mut line = String::new();
    for (cell, width) in row.iter().zip(widths) {
        line.push_str(cell);
        line.extend(std::iter::repeat_n(' ', width - cell.chars().count() + 2));
    }
    line.trim_end().to_owned()
}

fn cut(text: &str) -> String {
    if text.chars().count() <= MAX_CELL {
        return text.to_owned();
    }
    text.chars().take(MAX_CELL - 1).chain(['…']).collect()
}

/// A JSON value as a cell: texts as they are, lists with commas, nothing as a dash.
pub(super) fn cell(value: &Value) -> String {
    match value {
        Value::Null => "-".to_owned(),
        Value::String(text) if text.is_empty() => "-".to_owned(),
        Value::String(text) => text.clone(),
        Value::Array(items) if items.is_empty() => "-".to_owned(),
        Value::Array(items) => items.iter().map(cell).collect::<Vec<_>>().join(", "),
        other => other.to_string(),
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn columns_align_and_hide_nothing() {
        let items = [
            json!({"name": "a", "roles": ["x", "y"], "owner": null}),
            json!({"name": "longer\u{202e}", "roles": [], "owner": "o\u{1b}[2J"}),
        ];
        let table = Table::of(&items, &[("name", "name"), ("roles", "roles"), ("owner", "owner")]);
        let expected = [
            "NAME            ROLES  OWNER",
            "a               x, y   -",
            "longer\\u{202e}  -      o\\u{1b}[2J",
        ];
        assert_eq!(table.lines(), expected);
    }

    #[test]
    fn a_long_cell_is_cut() {
        assert_eq!(cut(&"é".repeat(61)).chars().count(), 60);
    }
}
