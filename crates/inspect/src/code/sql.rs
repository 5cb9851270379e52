//! SQL: strings of it that values are put into, and scripts that destroy.

use super::lexer::{Kind, Token};
use super::values::{Value, Values, is_formatter};
use super::{DESTRUCTIVE_COMMAND, Found, Language, SQL_FROM_STRING};

const BUILT: &str = "a value is put into the text of a query instead of beside it";
const DESTROYS: &str = "destroys what cannot be brought back";

/// How many tokens behind a string may hold what is put into it.
const MAX_TAIL: usize = 24;

/// How many holes of one string are looked at.
const MAX_HOLES: usize = 32;

/// How long the beginning of a statement may be that its second keyword is looked for in.
const HEAD_BYTES: usize = 400;

/// Strings of SQL with values put in where a value belongs.
pub(super) fn check(tokens: &[Token], values: &Values, language: Language, found: &mut Vec<Found>) {
    for (at, token) in tokens.iter().enumerate() {
        if !token.is_string() || !is_statement(token.text) {
            continue;
        }
        let tail = &tokens[at + 1..tokens.len().min(at + 1 + MAX_TAIL)];
        let head = &tokens[..at];
        if let Some(value) = put_in(token, head, tail, values, language) {
            let range = token.at..token.at + token.text.len() + 2;
            let confidence = if value == Value::Input { 0.95 } else { 0.8 };
            found.push(Found { kind: SQL_FROM_STRING, range, confidence, why: BUILT });
        }
    }
}

fn starts(text: &str, keyword: &str) -> bool {
    let rest = text.get(keyword.len()..).unwrap_or_default();
    text.get(..keyword.len()).is_some_and(|start| start.eq_ignore_ascii_case(keyword))
        && rest.starts_with(char::is_whitespace)
}

/// Whether a string is a statement: its verb, and the keyword that the verb needs.
fn is_statement(text: &str) -> bool {
    let text = text.trim_start();
    let head = text[..text.floor_char_boundary(HEAD_BYTES.min(text.len()))].to_ascii_lowercase();
    let needs = |word: &str| head.split(|c: char| !c.is_alphanumeric()).any(|part| part == word);
    (starts(text, "select") && needs("from"))
        || (starts(text, "insert") && needs("into"))
        || (starts(text, "update") && needs("set"))
        || (starts(text, "delete") && needs("from"))
}

/// What is put into a statement, at a place where a value belongs.
fn put_in(
    token: &Token,
    head: &[Token],
    tail: &[Token],
    values: &Values,
    language: Language,
) -> Option<Value> {
    if token.kind == Kind::Template {
        let hole = match language {
            Language::JavaScript => "${",
            Language::Ruby => "#{",
            Language::Php => "$",
            _ => "{",
        };
        // A tag before the template, as in sql`…`, hands the values on apart.
        let is_tagged = language == Language::JavaScript
            && head.last().is_some_and(|t| t.kind == Kind::Word && t.at + t.text.len() == token.at);
        let is_put = !is_tagged && has_value_hole(token.text, hole);
        return is_put.then(|| values.of_expression(std::slice::from_ref(token)));
    }
    let first = tail.first()?;
    let joins = first.is(b'+') || (language == Language::Php && first.is(b'.'));
    let next = tail.get(1)?;
    let rest = &tail[..end_of_argument(tail)];
    if joins {
        let is_value = next.kind == Kind::Word && is_value_place(token.text);
        let value = values.of_expression(rest);
        return (is_value && value >= Value::Given).then_some(value.max(Value::Made));
    }
    let is_percent = language == Language::Python && first.is(b'%');
    let is_method = first.is(b'.') && next.text == "format";
    let formats = head.iter().rev().take(2).any(|t| t.kind == Kind::Word && is_formatter(t.text))
        || matches!(head, [.., name, bang, _] if bang.is(b'!') && is_formatter(name.text));
    let hole = if is_percent || matches!(language, Language::Go | Language::Java | Language::Php) {
        "%"
    } else {
        "{"
    };
    let is_put = (is_percent || is_method || formats) && has_value_hole(token.text, hole);
    let value = values.of_expression(rest);
    (is_put && value >= Value::Given).then_some(value.max(Value::Made))
}

fn end_of_argument(tail: &[Token]) -> usize {
    let mut depth = 0_i32;
    for (at, token) in tail.iter().enumerate() {
        match token.kind {
            Kind::Mark(b'(' | b'[' | b'{') => depth += 1,
            Kind::Mark(b')' | b']' | b'}') => depth -= 1,
            Kind::Mark(b';') => return at,
            Kind::Line if depth <= 0 => return at,
            _ => {}
        }
        if depth < 0 {
            return at;
        }
    }
    tail.len()
}

fn has_value_hole(text: &str, hole: &str) -> bool {
    text.match_indices(hole).take(MAX_HOLES).any(|(at, _)| {
        let inside = &text[at..text.ceil_char_boundary((at + 40).min(text.len()))];
        let is_list = ["?", "placeholder", "Placeholder", "join", "%%", "{{"]
            .iter()
            .any(|p| inside.contains(p));
        is_value_place(&text[..at]) && !is_list
    })
}

/// Whether what follows this beginning of a statement is a value and not a name.
fn is_value_place(before: &str) -> bool {
    let before = before.trim_end();
    let quoted = before.ends_with(['\'', '"', '%']);
    let before = before.trim_end_matches(['\'', '"', '%', '(']).trim_end();
    let last = before.rsplit(|c: char| !c.is_alphanumeric()).next().unwrap_or_default();
    let takes = ["like", "in", "values", "between", "ilike", "limit", "offset"];
    before.ends_with(['=', '<', '>'])
        || takes.iter().any(|word| last.eq_ignore_ascii_case(word))
        || (quoted && before.ends_with(','))
}

/// A script: what is dropped, or deleted without a condition.
pub(super) fn check_script(code: &str, found: &mut Vec<Found>) {
    let mut at = 0;
    for statement in code.split_inclusive(';') {
        let start = at;
        at += statement.len();
        let body = uncommented(statement);
        let words: Vec<String> = body
            .split_whitespace()
            .take(64)
            .map(|word| word.trim_end_matches(';').to_ascii_lowercase())
            .collect();
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        let destroys = match words.as_slice() {
            ["drop", "database" | "schema", ..] => true,
            ["delete", "from", rest @ ..] => {
                !rest.contains(&"where") && !rest.contains(&"using") && rest.len() < 60
            }
            ["update", _, "set", rest @ ..] => {
                !rest.contains(&"where") && !rest.contains(&"from") && rest.len() < 60
            }
            _ => false,
        };
        if destroys {
            let skip = statement.len() - statement.trim_start().len();
            let range = start + skip..start + statement.trim_end().len().max(skip);
            let is_drop = words.first() == Some(&"drop");
            let confidence = if is_drop { 0.9 } else { 0.7 };
            found.push(Found { kind: DESTRUCTIVE_COMMAND, range, confidence, why: DESTROYS });
        }
    }
}

fn uncommented(statement: &str) -> String {
    let lines = statement.lines().map(|line| line.split("--").next().unwrap_or_default());
    lines.collect::<Vec<_>>().join(" ")
}
