//! Where a value comes from, as far as one text tells.

use std::collections::HashMap;

use super::Language;
use super::lexer::{Kind, Token};

/// How far a value may be trusted; the worse, the greater.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Value {
    /// Written in the code.
    Fixed,
    /// A name that says nothing: a parameter, a field.
    Given,
    /// A string put together from others.
    Made,
    /// Comes from outside: a request, the command line, a person, a model.
    Input,
}

/// How many tokens of one assignment are looked at.
const MAX_ASSIGNED: usize = 64;

/// What is known of the variables in one block: their last assignment, in the order of the text.
pub(super) struct Values<'a> {
    variables: HashMap<&'a str, Value>,
    language: Language,
}

impl<'a> Values<'a> {
    pub(super) fn of(tokens: &[Token<'a>], language: Language) -> Self {
        let mut values = Self { variables: HashMap::new(), language };
        for (at, token) in tokens.iter().enumerate() {
            if let Some(from) = assignment(tokens, at) {
                let most = (from + MAX_ASSIGNED).min(tokens.len());
                let length = statement(&tokens[from..most]);
                let value = values.of_expression(&tokens[from..from + length]);
                let known = values.variables.entry(token.text).or_insert(value);
                *known = (*known).max(value);
            }
        }
        values
    }

    /// What an expression is made of.
    pub(super) fn of_expression(&self, tokens: &[Token]) -> Value {
        let mut worst = Value::Fixed;
        let mut has_text = false;
        let mut has_operator = false;
        for (at, token) in tokens.iter().enumerate() {
            match token.kind {
                Kind::Template => worst = worst.max(self.of_template(token.text)),
                Kind::Text => has_text = true,
                Kind::Mark(b'+' | b'%') => has_operator = true,
                Kind::Mark(b'.') if self.language == Language::Php => has_operator = true,
                Kind::Word => {
                    has_operator |= is_formatter(token.text);
                    worst = worst.max(self.of_word(tokens, at));
                }
                _ => {}
            }
        }
        match worst {
            Value::Given if has_text && has_operator => Value::Made,
            worst => worst,
        }
    }

    fn of_word(&self, tokens: &[Token], at: usize) -> Value {
        let word = tokens[at].text;
        if is_source(tokens, at, self.language) {
            return Value::Input;
        }
        if is_constant(word) || is_formatter(word) || is_member(tokens, at) {
            return Value::Fixed;
        }
        self.variables.get(word).copied().unwrap_or(Value::Given)
    }

    /// A template is at least put together; its holes may name what comes from outside.
    fn of_template(&self, text: &str) -> Value {
        let words = text.split(|c: char| !(c.is_alphanumeric() || c == '_' || c == '$'));
        let is_input = words.filter(|word| !word.is_empty()).any(|word| {
            let word = word.trim_start_matches('$');
            PHP_SOURCES.iter().any(|source| source[1..] == *word)
                || SOURCES_IN_TEMPLATES.contains(&word)
                || self.variables.get(word) == Some(&Value::Input)
        });
        if is_input { Value::Input } else { Value::Made }
    }
}

/// Where the assigned expression begins, if the token at `at` is a variable that is assigned to.
fn assignment(tokens: &[Token], at: usize) -> Option<usize> {
    if tokens[at].kind != Kind::Word || is_member(tokens, at) {
        return None;
    }
    let is = |ahead: usize, mark| tokens.get(at + ahead).is_some_and(|t| t.is(mark));
    let skip = usize::from(is(1, b':') || is(1, b'+') || is(1, b'.'));
    let equals = at + 1 + skip;
    let is_assigned = tokens.get(equals).is_some_and(|t| t.is(b'='));
    let compares = tokens.get(equals + 1).is_some_and(|t| t.is(b'=') || t.is(b'>'));
    (is_assigned && !compares).then_some(equals + 1)
}

/// How many tokens belong to the statement that begins here.
fn statement(tokens: &[Token]) -> usize {
    let mut depth = 0_usize;
    for (at, token) in tokens.iter().enumerate() {
        match token.kind {
            Kind::Mark(b'(' | b'[' | b'{') => depth += 1,
            Kind::Mark(b')' | b']' | b'}') if depth == 0 => return at,
            Kind::Mark(b')' | b']' | b'}') => depth -= 1,
            Kind::Mark(b';' | b',') | Kind::Line if depth == 0 => return at,
            // Another variable's assignment: `a = b = c`.
            Kind::Mark(b'=') if depth == 0 && is_plain_equals(tokens, at) => return at,
            _ => {}
        }
    }
    tokens.len()
}

/// Whether the `=` at `at` is not part of a comparison or an arrow.
fn is_plain_equals(tokens: &[Token], at: usize) -> bool {
    let is = |at: Option<usize>, marks: &[u8]| {
        let token = at.and_then(|at| tokens.get(at));
        token.is_some_and(|t| marks.iter().any(|mark| t.is(*mark)))
    };
    !is(Some(at + 1), b"=>~") && !is(at.checked_sub(1), b"=!<>")
}

/// `FOO_BAR`, `None`, `true`: nothing that comes from outside.
fn is_constant(word: &str) -> bool {
    let is_upper = word.len() > 1 && !word.bytes().any(|b| b.is_ascii_lowercase() || b == b'$');
    is_upper
        || matches!(word, "True" | "False" | "None" | "true" | "false" | "null" | "nil" | "new")
}

pub(super) fn is_formatter(word: &str) -> bool {
    matches!(
        word,
        "format" | "Format" | "Sprintf" | "sprintf" | "concat" | "join" | "Concat" | "printf"
    )
}

/// Whether a dot stands before a name: it is a field or method of something that is judged itself.
fn is_member(tokens: &[Token], at: usize) -> bool {
    at > 0 && matches!(tokens[at - 1].kind, Kind::Mark(b'.'))
}

const PHP_SOURCES: &[&str] = &["$_GET", "$_POST", "$_REQUEST", "$_COOKIE", "$_FILES", "$argv"];

/// Names that inside a template stand for what comes from outside.
const SOURCES_IN_TEMPLATES: &[&str] =
    &["req", "request", "argv", "params", "user_input", "userInput"];

/// Names that are input whatever follows, or with one of some members.
fn is_source(tokens: &[Token], at: usize, language: Language) -> bool {
    let word = tokens[at].text;
    let is = |ahead: usize, mark| tokens.get(at + ahead).is_some_and(|t| t.is(mark));
    let member = if is(1, b'.') { tokens.get(at + 2).map_or("", |t| t.text) } else { "" };
    let owner = if is_member(tokens, at) && at > 1 { tokens[at - 2].text } else { "" };
    match language {
        Language::Php => PHP_SOURCES.contains(&word),
        Language::Python => {
            (matches!(word, "input" | "raw_input") && is(1, b'(') && owner.is_empty())
                || (owner == "sys" && word == "argv")
                || (word == "request" && PYTHON_REQUEST.contains(&member))
                || matches!(word, "user_input" | "llm_output")
        }
        Language::JavaScript => {
            (matches!(word, "req" | "request")
                && matches!(member, "body" | "query" | "params" | "headers" | "cookies" | "url"))
                || (word == "process" && member == "argv")
                || (word == "location" && matches!(member, "hash" | "search" | "href"))
                || (word == "event" && member == "data")
                || matches!(word, "URLSearchParams" | "userInput" | "searchParams")
                || (word == "prompt" && is(1, b'(') && owner.is_empty())
        }
        Language::Ruby => matches!(word, "params" | "gets" | "ARGV"),
        Language::Go => {
            matches!(word, "FormValue" | "PostFormValue" | "QueryParam")
                || (owner == "os" && word == "Args")
                || (matches!(word, "Query" | "Param") && owner == "c" && is(1, b'('))
        }
        Language::Java => {
            matches!(word, "getParameter" | "getHeader" | "getQueryString" | "nextLine")
        }
        Language::CSharp => {
            (word == "Request" && matches!(member, "Query" | "Form" | "QueryString" | "Params"))
                || (word == "ReadLine" && owner == "Console")
        }
        Language::Rust => owner.is_empty() && matches!(word, "read_line" | "args") && is(1, b'('),
        _ => false,
    }
}

const PYTHON_REQUEST: &[&str] = &[
    "args",
    "form",
    "json",
    "data",
    "values",
    "cookies",
    "headers",
    "get_json",
    "GET",
    "POST",
    "body",
    "query_params",
    "files",
    "get_data",
];
