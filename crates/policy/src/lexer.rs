//! Cuts a source into statements and bounds them, before Cedar's own parser sees them.
//!
//! A statement per parse gives each policy's place in the file, lets one file report the errors
//! of all its policies, and keeps deep nesting away from every recursion that comes later.

use std::ops::Range;

use crate::{Diagnostic, Source};

/// Largest source, in bytes.
pub const MAX_SOURCE_BYTES: usize = 256 * 1024;
/// Most tokens in one policy. Bounds the depth of chains such as `a && b && c`.
pub const MAX_TOKENS: usize = 2_000;
/// Deepest nesting of brackets, `if` and prefix operators in one policy.
pub const MAX_NESTING: usize = 32;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Token {
    Text,
    Number,
    Word,
    Mark(u8),
}

/// The bytes of one policy, its `;` included.
#[derive(Debug, Default)]
pub(crate) struct Statement {
    pub(crate) range: Range<usize>,
    /// Where an operator stands that can overflow; see [`first_arithmetic`].
    pub(crate) arithmetic: Option<usize>,
}

/// The statements of a source; those that break a bound are left out and reported.
pub(crate) fn statements(source: &Source, problems: &mut Vec<Diagnostic>) -> Vec<Statement> {
    if source.text.len() > MAX_SOURCE_BYTES {
        let message = format!(
            "a policy file has at most {MAX_SOURCE_BYTES} bytes; this one has {}",
            source.text.len()
        );
        problems.push(Diagnostic::at(source, 0, message).help("split it into several files"));
        return Vec::new();
    }
    let tokens = match tokens(source) {
        Ok(tokens) => tokens,
        Err(problem) => {
            problems.push(*problem);
            return Vec::new();
        }
    };
    let pieces = tokens.split_inclusive(|(token, _)| *token == Token::Mark(b';'));
    let bounded = pieces.filter(|piece| match over_bound(source, piece) {
        Some(problem) => {
            problems.push(problem);
            false
        }
        None => true,
    });
    bounded.map(statement).collect()
}

fn statement(tokens: &[(Token, Range<usize>)]) -> Statement {
    let start = tokens.first().map_or(0, |(_, range)| range.start);
    let end = tokens.last().map_or(0, |(_, range)| range.end);
    Statement { range: start..end, arithmetic: first_arithmetic(tokens) }
}

fn over_bound(source: &Source, tokens: &[(Token, Range<usize>)]) -> Option<Diagnostic> {
    let start = tokens.first().map_or(0, |(_, range)| range.start);
    if tokens.len() > MAX_TOKENS {
        let message = format!("a policy has at most {MAX_TOKENS} words and marks");
        return Some(Diagnostic::at(source, start, message).help("split it into several policies"));
    }
    let at = too_deep(source, tokens)?;
    let message = format!("a policy nests at most {MAX_NESTING} deep");
    Some(Diagnostic::at(source, at, message).help("split it into several policies"))
}

/// Where nesting passes its bound. `if` never counts back: it has no end of its own.
fn too_deep(source: &Source, tokens: &[(Token, Range<usize>)]) -> Option<usize> {
    let (mut brackets, mut conditions, mut prefixes) = (0_usize, 0_usize, 0_usize);
    for (token, range) in tokens {
        let is_prefix = matches!(token, Token::Mark(b'!' | b'-'));
        prefixes = if is_prefix { prefixes + 1 } else { 0 };
        match token {
            Token::Mark(b'(' | b'[' | b'{') => brackets += 1,
            Token::Mark(b')' | b']' | b'}') => brackets = brackets.saturating_sub(1),
            Token::Word if source.text.get(range.clone()) == Some("if") => conditions += 1,
            _ => {}
        }
        if brackets + conditions + prefixes > MAX_NESTING {
            return Some(range.start);
        }
    }
    None
}

/// The first `+`, `*` or `-` that is not the sign of a number. Only these operators of the
/// language can fail at run time (by overflow) once the types are right.
fn first_arithmetic(tokens: &[(Token, Range<usize>)]) -> Option<usize> {
    let mut before = None;
    for (at, (token, range)) in tokens.iter().enumerate() {
        let next = tokens.get(at + 1).map(|(token, _)| *token);
        let is_arithmetic = match token {
            Token::Mark(b'+' | b'*') => true,
            Token::Mark(b'-') => next != Some(Token::Number) || ends_a_value(before),
            _ => false,
        };
        if is_arithmetic {
            return Some(range.start);
        }
        before = Some(*token);
    }
    None
}

fn ends_a_value(token: Option<Token>) -> bool {
    let closes = matches!(token, Some(Token::Mark(b')' | b']' | b'}')));
    closes || matches!(token, Some(Token::Text | Token::Number | Token::Word))
}

fn tokens(source: &Source) -> Result<Vec<(Token, Range<usize>)>, Box<Diagnostic>> {
    let bytes = source.text.as_bytes();
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(&byte) = bytes.get(at) {
        let rest = bytes.get(at..).unwrap_or_default();
        let (token, length) = match byte {
            b' ' | b'\t' | b'\r' | b'\n' => (None, 1),
            b'/' if rest.starts_with(b"//") => (None, run(rest, |b| b != b'\n' && b != b'\r')),
            b'"' => (Some(Token::Text), text_length(rest).ok_or_else(|| unclosed(source, at))?),
            b'0'..=b'9' => (Some(Token::Number), run(rest, |b| b.is_ascii_digit())),
            b'_' | b'a'..=b'z' | b'A'..=b'Z' => {
                (Some(Token::Word), run(rest, |b| b == b'_' || b.is_ascii_alphanumeric()))
            }
            _ => (Some(Token::Mark(byte)), 1),
        };
        tokens.extend(token.map(|token| (token, at..at + length)));
        at += length;
    }
    Ok(tokens)
}

fn run(bytes: &[u8], belongs: impl Fn(u8) -> bool) -> usize {
    bytes.iter().take_while(|b| belongs(**b)).count()
}

/// Length of a string literal with both quotes; none where the second is missing.
fn text_length(bytes: &[u8]) -> Option<usize> {
    let mut is_escaped = false;
    for (at, byte) in bytes.iter().enumerate().skip(1) {
        match byte {
            _ if is_escaped => is_escaped = false,
            b'\\' => is_escaped = true,
            b'"' => return Some(at + 1),
            _ => {}
        }
    }
    None
}

fn unclosed(source: &Source, at: usize) -> Box<Diagnostic> {
    Box::new(
        Diagnostic::at(source, at, "this text has no closing quote").help("write \" at its end"),
    )
}
