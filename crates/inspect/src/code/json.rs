//! Code in the arguments of a tool: members named `command`, `code`, `sql` and their like.

use super::{Found, Language, MAX_FINDINGS, check_argument, check_code};
use crate::json::{Kind, Limits, Reader, decode};
use crate::packages::Known;

/// The longest JSON text that is looked into.
const MAX_BYTES: usize = 1024 * 1024;

/// Names of members whose string may be code of any language.
const CARRIERS: &[&str] = &["code", "script", "source", "source_code", "program", "query", "input"];

/// Findings in the members of a JSON text that carry code; each covers its whole string.
pub(super) fn check(text: &str, known: &Known, found: &mut Vec<Found>) {
    if text.len() > MAX_BYTES {
        return;
    }
    let mut reader = Reader::new(text.as_bytes(), &Limits::default());
    let mut name = "";
    while let Ok(Some(token)) = reader.next() {
        match token.kind {
            Kind::Key => name = &text[token.range],
            Kind::String if !name.is_empty() && found.len() < MAX_FINDINGS => {
                let hint = Language::from_argument(name);
                if hint.is_none() && !CARRIERS.contains(&name) {
                    continue;
                }
                let decoded = decode(&text.as_bytes()[token.range.clone()]);
                let code = String::from_utf8_lossy(&decoded.text);
                let hint = hint.or_else(|| Language::recognise(&code)).or_else(|| sql(&code));
                let first = found.len();
                check_code(&code, hint, known, found);
                found.extend(check_argument(name, &code));
                found[first..].iter_mut().for_each(|new| new.range = token.range.clone());
            }
            _ => {}
        }
    }
}

/// A query may be of one line, which is too little to recognise a language by.
fn sql(code: &str) -> Option<Language> {
    let verb = code.split_whitespace().next()?.to_ascii_lowercase();
    let is_sql =
        matches!(verb.as_str(), "select" | "insert" | "update" | "delete" | "drop" | "truncate");
    is_sql.then_some(Language::Sql)
}
