//! Tables as CSV (RFC 4180), for programs that calculate: what begins like a formula is made text.

use axum::http::header;
use axum::response::{IntoResponse, Response};

/// Every cell is quoted. A cell that a spreadsheet would take for a formula gets an apostrophe
/// before it, which spreadsheets hide and which makes it text.
pub(crate) fn cell(text: &str) -> String {
    let is_formula =
        text.starts_with(['=', '+', '-', '@', '\t', '\r', '\n', '＝', '＋', '－', '＠']);
    let mark = if is_formula { "'" } else { "" };
    format!("\"{mark}{}\"", text.replace('"', "\"\""))
}

/// A file to save. `name` is ours.
pub(crate) fn download(name: &str, text: String) -> Response {
    let disposition = format!("attachment; filename=\"{name}.csv\"");
    let kind = "text/csv; charset=utf-8; header=present";
    ([(header::CONTENT_TYPE, kind), (header::CONTENT_DISPOSITION, &disposition)], text)
        .into_response()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_cell_is_a_formula_or_ends_early() {
        assert_eq!(cell("plain"), "\"plain\"");
        assert_eq!(cell("=1+1"), "\"'=1+1\"");
        assert_eq!(cell("\t=1"), "\"'\t=1\"");
        assert_eq!(cell("a\",\"=b"), "\"a\"\",\"\"=b\"");
        for start in ["=", "+", "-", "@", "＝"] {
            assert!(cell(&format!("{start}cmd|x")).starts_with("\"'"), "{start}");
        }
    }
}
