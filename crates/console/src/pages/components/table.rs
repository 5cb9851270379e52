//! Tables: every one sorts, filters, has pages and leaves as CSV. How it is asked for is in the
//! address, so a table can be sent to a colleague.

use std::cmp::Ordering;

use axum::response::Response;
use maud::{Markup, html};
use model::Timestamp;
use serde::Deserialize;

use super::super::shell::url;
use super::csv;
use super::text::untrusted;
use super::time::moment;

/// Rows on one page of a table.
pub(crate) const ROWS: usize = 50;

/// How a table is asked for; all of it may be absent.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Ask {
    /// A column; with `-` before it, the greatest first.
    pub(crate) sort: Option<String>,
    /// Only rows of which a cell holds this text.
    pub(crate) filter: Option<String>,
    /// From 1.
    pub(crate) page: Option<usize>,
    /// `csv`, or nothing.
    pub(crate) format: Option<String>,
    /// What was just done.
    pub(crate) done: Option<String>,
}

impl Ask {
    fn is_csv(&self) -> bool {
        self.format.as_deref() == Some("csv")
    }

    /// The column by which rows are put in order, and whether the greatest come first.
    pub(crate) fn order(&self) -> (&str, bool) {
        let by = self.sort.as_deref().unwrap_or_default();
        by.strip_prefix('-').map_or((by, false), |key| (key, true))
    }

    fn page(&self, found: usize) -> usize {
        self.page.unwrap_or(1).clamp(1, found.div_ceil(ROWS).max(1))
    }

    /// Of so many rows, how many come before those that are asked for, and how many these are at most.
    pub(crate) fn part(&self, found: usize) -> (usize, usize) {
        if self.is_csv() { (0, found) } else { ((self.page(found) - 1) * ROWS, ROWS) }
    }
}

/// What a cell holds, to sort, to filter and to export by.
#[derive(Clone, Debug, PartialEq, PartialOrd)]
pub(crate) enum Value {
    None,
    Number(f64),
    Time(Timestamp),
    Text(String),
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Self::Text(text.to_owned())
    }
}

impl Value {
    fn plain(&self) -> String {
        match self {
            Self::None => String::new(),
            Self::Number(number) => number.to_string(),
            Self::Time(at) => at.to_string(),
            Self::Text(text) => text.clone(),
        }
    }

    /// Numbers are ours and stay numbers there.
    fn csv(&self) -> String {
        match self {
            Self::Number(number) => number.to_string(),
            other => csv::cell(&other.plain()),
        }
    }

    fn is_number(&self) -> bool {
        matches!(self, Self::Number(_))
    }
}

type Cell<'a, T> = Box<dyn Fn(&T) -> Markup + Send + Sync + 'a>;

/// One column.
pub(crate) struct Column<'a, T> {
    key: &'static str,
    title: &'static str,
    value: Box<dyn Fn(&T) -> Value + Send + Sync + 'a>,
    cell: Option<Cell<'a, T>>,
}

impl<'a, T> Column<'a, T> {
    pub(crate) fn new(
        key: &'static str,
        title: &'static str,
        value: impl Fn(&T) -> Value + Send + Sync + 'a,
    ) -> Self {
        Self { key, title, value: Box::new(value), cell: None }
    }

    /// Shown otherwise than as the text of its value.
    pub(crate) fn shown(mut self, cell: impl Fn(&T) -> Markup + Send + Sync + 'a) -> Self {
        self.cell = Some(Box::new(cell));
        self
    }
}

/// A table.
pub(crate) struct Table<'a, T> {
    /// Names the region and the file; small letters.
    pub(crate) name: &'static str,
    /// What the rows are, for whoever hears the page.
    pub(crate) caption: &'static str,
    /// Where it is shown.
    pub(crate) path: String,
    /// What besides the table the address says.
    pub(crate) keep: Vec<(&'static str, String)>,
    pub(crate) columns: Vec<Column<'a, T>>,
    pub(crate) rows: Vec<T>,
    /// Shown where there is no row at all.
    pub(crate) empty: Markup,
}

impl<T> Table<'_, T> {
    /// The table as it was asked for, of rows that are all at hand; `Err` is the file to save.
    pub(crate) fn answer(mut self, ask: &Ask) -> Result<Markup, Box<Response>> {
        let all = self.rows.len();
        if let Some(wanted) =
            ask.filter.as_deref().map(str::to_lowercase).filter(|text| !text.is_empty())
        {
            let columns = &self.columns;
            let meets = |row: &T| {
                columns
                    .iter()
                    .any(|column| (column.value)(row).plain().to_lowercase().contains(&wanted))
            };
            self.rows.retain(meets);
        }
        self.sort(ask.order());
        let found = self.rows.len();
        let (skip, limit) = ask.part(found);
        self.rows = self.rows.into_iter().skip(skip).take(limit).collect();
        self.answer_part(ask, (found, all))
    }

    /// The same where the rows were filtered and put in order elsewhere, and only those of [`Ask::part`] are
    /// at hand.
    pub(crate) fn answer_part(
        self,
        ask: &Ask,
        (found, all): (usize, usize),
    ) -> Result<Markup, Box<Response>> {
        match ask.is_csv() {
            true => Err(Box::new(csv::download(self.name, self.csv()))),
            false => Ok(self.render(ask, (found, all))),
        }
    }

    fn sort(&mut self, (key, is_down): (&str, bool)) {
        let Some(column) = self.columns.iter().find(|column| column.key == key) else { return };
        let mut rows: Vec<(Value, T)> = std::mem::take(&mut self.rows)
            .into_iter()
            .map(|row| ((column.value)(&row), row))
            .collect();
        rows.sort_by(|(a, _), (b, _)| {
            let order = a.partial_cmp(b).unwrap_or(Ordering::Equal);
            if is_down { order.reverse() } else { order }
        });
        self.rows = rows.into_iter().map(|(_, row)| row).collect();
    }

    fn csv(&self) -> String {
        let line = |cells: Vec<String>| cells.join(",") + "\r\n";
        let mut text = line(self.columns.iter().map(|column| csv::cell(column.title)).collect());
        for row in &self.rows {
            text += &line(self.columns.iter().map(|column| (column.value)(row).csv()).collect());
        }
        text
    }

    fn url(&self, ask: &Ask, over: &[(&'static str, &str)]) -> String {
        let mut query: Vec<(&str, &str)> =
            self.keep.iter().map(|(name, value)| (*name, value.as_str())).collect();
        let given = [("sort", ask.sort.as_deref()), ("filter", ask.filter.as_deref())];
        for (name, value) in given {
            if !over.iter().any(|(other, _)| *other == name) {
                query.push((name, value.unwrap_or_default()));
            }
        }
        query.extend(over);
        url(&self.path, &query)
    }

    fn render(&self, ask: &Ask, (found, all): (usize, usize)) -> Markup {
        if all == 0 {
            return html! { (self.empty) };
        }
        let id = format!("table-{}", self.name);
        let (page, pages) = (ask.page(found), found.div_ceil(ROWS).max(1));
        html! {
            div.table-region #(id) {
                (self.tools(ask, &id, found, all))
                div.scroll {
                    table {
                        caption.sr { (self.caption) }
                        thead { tr { @for column in &self.columns { (self.head(column, ask, &id)) } } }
                        tbody {
                            @for row in &self.rows { tr { @for column in &self.columns { (cell(column, row)) } } }
                            @if found == 0 { tr.nothing { td colspan=(self.columns.len()) { "Nothing here matches the filter." } } }
                        }
                    }
                }
                @if pages > 1 { (self.pager(ask, &id, page, pages)) }
            }
        }
    }

    fn tools(&self, ask: &Ask, id: &str, found: usize, all: usize) -> Markup {
        let filter = ask.filter.as_deref().unwrap_or_default();
        html! {
            form.tools method="get" action=(self.path) data-swap=(id) role="search" aria-label=(format!("Filter {}", self.caption)) {
                @for (name, value) in &self.keep { input type="hidden" name=(name) value=(value); }
                (self.sorter(ask, id))
                label.sr for=(format!("{id}-filter")) { "Filter" }
                input.filter id=(format!("{id}-filter")) type="search" name="filter" value=(filter) placeholder="Filter" autocomplete="off";
                button type="submit" { "Filter" }
                span.muted { @if found == all { (all) } @else { (found) " of " (all) } }
                a.csv href=(self.url(ask, &[("format", "csv")])) { "CSV" }
            }
        }
    }

    /// The same as the headings, for screens on which there is no room for them; elsewhere it is not shown and
    /// keeps the order while the filter changes.
    fn sorter(&self, ask: &Ask, id: &str) -> Markup {
        let sorted = ask.sort.as_deref().unwrap_or_default();
        let choice = |value: &str, text: &str| {
            html! { option value=(value) selected[value == sorted] { (text) } }
        };
        html! {
            select.sorter id=(format!("{id}-sort")) name="sort" aria-label=(format!("Order of {}", self.caption)) {
                (choice("", "As it comes"))
                @for column in &self.columns {
                    (choice(column.key, &format!("{} ↑", column.title)))
                    (choice(&format!("-{}", column.key), &format!("{} ↓", column.title)))
                }
            }
        }
    }

    fn head(&self, column: &Column<'_, T>, ask: &Ask, id: &str) -> Markup {
        let sorted = ask.sort.as_deref().unwrap_or_default();
        let (down, is_up) = (format!("-{}", column.key), sorted == column.key);
        let is_down = sorted == down;
        let state = if is_up {
            Some("ascending")
        } else if is_down {
            Some("descending")
        } else {
            None
        };
        let next = if is_up { down.as_str() } else { column.key };
        let is_number = self.rows.first().is_some_and(|row| (column.value)(row).is_number());
        html! {
            th scope="col" aria-sort=[state] class=[is_number.then_some("number")] {
                a href=(self.url(ask, &[("sort", next)])) data-swap=(id) {
                    (column.title)
                    @if is_up { span aria-hidden="true" { " ↑" } } @else if is_down { span aria-hidden="true" { " ↓" } }
                }
            }
        }
    }

    fn pager(&self, ask: &Ask, id: &str, page: usize, pages: usize) -> Markup {
        let to = |page: usize| self.url(ask, &[("page", &page.to_string())]);
        html! {
            nav.pager aria-label=(format!("Pages of {}", self.caption)) {
                @if page > 1 { a href=(to(page - 1)) data-swap=(id) rel="prev" { "Previous" } }
                span { "Page " (page) " of " (pages) }
                @if page < pages { a href=(to(page + 1)) data-swap=(id) rel="next" { "Next" } }
            }
        }
    }
}

fn cell<T>(column: &Column<'_, T>, row: &T) -> Markup {
    let value = (column.value)(row);
    let shown = match (&column.cell, &value) {
        (Some(cell), _) => cell(row),
        (None, Value::None) => html! { span.muted { "–" } },
        (None, Value::Time(at)) => moment(*at),
        (None, Value::Number(number)) => html! { (number) },
        (None, Value::Text(text)) => untrusted(text),
    };
    html! { td data-label=(column.title) class=[value.is_number().then_some("number")] { (shown) } }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn table(names: &[&'static str]) -> Table<'static, (&'static str, f64)> {
        Table {
            name: "things",
            caption: "Things",
            path: "/things".to_owned(),
            keep: vec![],
            columns: vec![
                Column::new("name", "Name", |(name, _): &(&str, f64)| Value::from(*name)),
                Column::new("size", "Size", |(_, size): &(&str, f64)| Value::Number(*size)),
            ],
            rows: names.iter().zip([3.0, 1.0, 2.0]).map(|(name, size)| (*name, size)).collect(),
            empty: html! { "none yet" },
        }
    }

    fn ask(sort: &str, filter: &str) -> Ask {
        Ask { sort: Some(sort.to_owned()), filter: Some(filter.to_owned()), ..Ask::default() }
    }

    fn order(shown: &str) -> Vec<usize> {
        let mut at: Vec<(usize, usize)> = ["bee", "cow", "ant"]
            .iter()
            .enumerate()
            .filter_map(|(n, name)| Some((shown.find(&format!(">{name}<"))?, n)))
            .collect();
        at.sort_unstable();
        at.into_iter().map(|(_, n)| n).collect()
    }

    #[test]
    fn it_sorts_by_any_column_both_ways_and_filters() {
        let shown = |sort: &str, filter: &str| {
            table(&["bee", "cow", "ant"]).answer(&ask(sort, filter)).unwrap().into_string()
        };
        assert_eq!(order(&shown("name", "")), [2, 0, 1]);
        assert_eq!(order(&shown("-name", "")), [1, 0, 2]);
        assert_eq!(order(&shown("size", "")), [1, 2, 0]);
        assert_eq!(order(&shown("nonsense", "")), [0, 1, 2]);
        assert_eq!(order(&shown("", "AN")), [2]);
        assert!(shown("", "zebra").contains("Nothing here matches"));
    }

    #[test]
    fn an_empty_table_teaches_and_a_csv_holds_no_formula() {
        assert_eq!(table(&[]).answer(&Ask::default()).unwrap().into_string(), "none yet");
        let ask = Ask { format: Some("csv".to_owned()), ..Ask::default() };
        let file = table(&["=cmd", "b\"x"]).answer(&ask).unwrap_err();
        assert_eq!(file.headers()["content-disposition"], "attachment; filename=\"things.csv\"");
    }
}
