//! Keeps secrets out of quoted source lines (invariant 7).
//!
//! A configuration file should hold no secret, but an error message is often about a file
//! that is not yet as it should be. What could be a secret is left out of the line before it
//! is shown, and the caret is moved to where its target now stands.

use std::ops::Range;

use crate::visible::visible;

/// A line that may be shown, and where to put the caret, in characters.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Shown {
    pub(super) text: String,
    pub(super) indent: usize,
    pub(super) width: usize,
}

/// Lines are cut here, in bytes.
const MAX_LINE: usize = 160;
/// A run of this many key-like characters, with a digit in it, is left out wherever it stands.
const KEY_LIKE: usize = 20;
const TELLING: [&str; 6] = ["key", "secret", "token", "password", "credential", "authorization"];

/// Prepares `line` for people; `caret` is the range of bytes to point at.
pub(super) fn line(line: &str, caret: Range<usize>) -> Shown {
    let line = model::clip(line, MAX_LINE);
    let mut text = String::new();
    let (mut start, mut end) = (None, None);
    let mut at = 0;
    for hidden in hidden(line).into_iter().chain(std::iter::once(line.len()..line.len())) {
        for (offset, c) in line[at..hidden.start].char_indices() {
            note(&mut start, &mut end, &caret, at + offset, &text);
            text.push_str(&visible(c.encode_utf8(&mut [0; 4])));
        }
        note(&mut start, &mut end, &caret, hidden.start, &text);
        if !hidden.is_empty() {
            text.push('…');
        }
        at = hidden.end;
    }
    note(&mut start, &mut end, &caret, line.len(), &text);
    let total = text.chars().count();
    let indent = start.unwrap_or(total);
    Shown { text, indent, width: end.unwrap_or(total).saturating_sub(indent) }
}

/// Where the output stands when the input reaches the caret's two ends.
fn note(
    start: &mut Option<usize>,
    end: &mut Option<usize>,
    caret: &Range<usize>,
    at: usize,
    text: &str,
) {
    if at >= caret.start && start.is_none() {
        *start = Some(text.chars().count());
    }
    if at >= caret.end && end.is_none() {
        *end = Some(text.chars().count());
    }
}

/// The parts of a line that could be secret, in order and apart.
fn hidden(line: &str) -> Vec<Range<usize>> {
    let Some(equals) = line.find('=') else { return key_like(line) };
    let name = line[..equals].to_ascii_lowercase();
    let telling = TELLING.iter().any(|word| name.contains(word));
    let value = line[equals + 1..].trim_start();
    if !telling || value.starts_with('{') || value.is_empty() {
        return key_like(line);
    }
    let from = line.len() - value.len();
    let quote = value.starts_with(['"', '\'']);
    let from = from + usize::from(quote);
    let to = line[from..].rfind(['"', '\'']).map_or(line.len(), |end| from + end);
    Vec::from_iter(std::iter::once(from..to))
}

fn key_like(line: &str) -> Vec<Range<usize>> {
    let of_key = |c: char| c.is_ascii_alphanumeric() || matches!(c, '-' | '_' | '+');
    let mut runs = Vec::new();
    let mut at = 0;
    while at < line.len() {
        let rest = &line[at..];
        let run = rest.find(|c| !of_key(c)).unwrap_or(rest.len());
        let text = &rest[..run];
        if run >= KEY_LIKE && text.bytes().any(|b| b.is_ascii_digit()) {
            runs.push(at..at + run);
        }
        at += run + rest[run..].chars().next().map_or(0, char::len_utf8);
    }
    runs
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str, caret: Range<usize>) -> (String, String) {
        let shown = line(text, caret);
        (shown.text, format!("{}{}", " ".repeat(shown.indent), "^".repeat(shown.width)))
    }

    #[test]
    fn the_caret_points_at_what_is_left() {
        assert_eq!(shown("workers = 4", 10..11), ("workers = 4".into(), "          ^".into()));
        let clear = "api_key = \"hunter2\" # old";
        assert_eq!(shown(clear, 10..19), ("api_key = \"…\" # old".into(), "          ^^^".into()));
        assert_eq!(shown(clear, 0..7).1, "^^^^^^^");
    }

    #[test]
    fn what_looks_like_a_key_is_left_out_under_any_name() {
        let value = format!("zz{}{}", "-abcdefgh", "1234567890");
        for text in [
            format!("apikye = \"{value}\""),
            value.clone(),
            format!("x = [\"{value}\", 'é{value}"),
            format!("password = '{value}"),
            format!("my_token = {value}"),
        ] {
            let shown = line(&text, 0..3).text;
            assert!(!shown.contains("12345"), "{shown}");
            assert!(shown.contains('…'), "{shown}");
        }
    }

    #[test]
    fn a_place_of_a_secret_is_shown() {
        let text = "api_key = { env = \"OPENAI_API_KEY\" }";
        assert_eq!(line(text, 0..1).text, text);
    }

    #[test]
    fn a_tab_or_an_escape_does_not_move_the_caret() {
        let (text, caret) = shown("\tx = \u{1b}1", 1..2);
        assert_eq!((text.as_str(), caret.as_str()), ("\\tx = \\u{1b}1", "  ^"));
    }
}
