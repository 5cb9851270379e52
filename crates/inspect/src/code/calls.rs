//! Calls: who is called with what.

use super::lexer::{Kind, Token};

/// How many tokens of a call's arguments are looked at.
const MAX_ARGUMENT_TOKENS: usize = 128;

/// How many names of a path such as `a.b.c` are read.
const MAX_PATH: usize = 4;

/// One call: `path.name(arguments)`, a macro, a constructor, or a Ruby command without brackets.
#[derive(Debug)]
pub(super) struct Call<'a> {
    /// Names before the one that is called, the nearest first.
    pub(super) path: Vec<&'a str>,
    pub(super) arguments: &'a [Token<'a>],
    /// Where the call begins and ends in the code.
    pub(super) at: usize,
    pub(super) end: usize,
}

/// The tokens with each bracket's partner, so that a call's end is known at once.
pub(super) struct Calls<'a> {
    tokens: &'a [Token<'a>],
    partners: Vec<u32>,
}

impl<'a> Calls<'a> {
    pub(super) fn of(tokens: &'a [Token<'a>]) -> Self {
        let mut partners = vec![0; tokens.len()];
        let mut open = Vec::new();
        for (at, token) in tokens.iter().enumerate() {
            match token.kind {
                Kind::Mark(b'(' | b'[' | b'{') => open.push(at),
                Kind::Mark(b')' | b']' | b'}') => {
                    if let Some(from) = open.pop() {
                        partners[from] = at as u32;
                    }
                }
                _ => {}
            }
        }
        Self { tokens, partners }
    }

    pub(super) fn tokens(&self) -> &'a [Token<'a>] {
        self.tokens
    }

    /// The call whose name is the token at `at`, if it is one.
    pub(super) fn at(&self, at: usize) -> Option<Call<'a>> {
        self.tokens.get(at).filter(|t| t.kind == Kind::Word)?;
        let open = at + 1 + usize::from(self.tokens.get(at + 1).is_some_and(|t| t.is(b'!')));
        let next = self.tokens.get(open)?;
        let (from, to) = if next.is(b'(') {
            let close = self.partners[open] as usize;
            (open + 1, if close > open { close } else { self.line_end(open) })
        } else {
            (open, self.line_end(open))
        };
        let to = to.min(from + MAX_ARGUMENT_TOKENS).min(self.tokens.len());
        let last = self.tokens.get(to).filter(|t| t.is(b')')).or(self.tokens.get(to.max(1) - 1))?;
        let end = last.at + last.text.len();
        let (path, first) = self.path(at);
        let arguments = self.tokens.get(from..to)?;
        Some(Call { path, arguments, at: self.tokens[first].at, end })
    }

    /// Whether a bracket follows the name, or the exclamation mark of a macro and a bracket.
    pub(super) fn is_bracketed(&self, at: usize) -> bool {
        let is = |ahead: usize, mark| self.tokens.get(at + ahead).is_some_and(|t| t.is(mark));
        is(1, b'(') || (is(1, b'!') && is(2, b'('))
    }

    /// Whether the bracket behind the name at `at` belongs to the head of a method: `name(…) {`.
    pub(super) fn is_method_head(&self, at: usize) -> bool {
        let close = self.partners.get(at + 1).map_or(0, |close| *close as usize);
        close > at && self.tokens.get(close + 1).is_some_and(|t| t.is(b'{'))
    }

    fn line_end(&self, from: usize) -> usize {
        let rest = self.tokens[from..].iter().take(MAX_ARGUMENT_TOKENS);
        from + rest.take_while(|t| t.kind != Kind::Line).count()
    }

    /// The names before the one at `at`, and the place of the first of them.
    fn path(&self, at: usize) -> (Vec<&'a str>, usize) {
        let mut path = Vec::new();
        let mut first = at;
        while path.len() < MAX_PATH {
            let before = &self.tokens[..first];
            let dots = joint(before);
            if dots == 0 {
                break;
            }
            match before[..before.len() - dots].last() {
                Some(word) if word.kind == Kind::Word => {
                    path.push(word.text);
                    first -= dots + 1;
                }
                _ => {
                    path.push("");
                    break;
                }
            }
        }
        (path, first)
    }
}

/// How many of the last tokens join the names of a path: `.`, `::`, `->`, `?.`.
fn joint(tokens: &[Token]) -> usize {
    match tokens {
        [.., a, b] if a.is(b':') && b.is(b':') => 2,
        [.., a, b] if a.is(b'-') && b.is(b'>') => 2,
        [.., a, b] if a.is(b'?') && b.is(b'.') => 2,
        [.., b] if b.is(b'.') => 1,
        _ => 0,
    }
}

impl<'a> Call<'a> {
    /// The tokens of the argument with this number, from 0.
    pub(super) fn argument(&self, number: usize) -> &'a [Token<'a>] {
        let mut depth = 0_usize;
        let parts = self.arguments.split(|token| {
            match token.kind {
                Kind::Mark(b'(' | b'[' | b'{') => depth += 1,
                Kind::Mark(b')' | b']' | b'}') => depth = depth.saturating_sub(1),
                Kind::Mark(b',') => return depth == 0,
                _ => {}
            }
            false
        });
        parts.into_iter().nth(number).unwrap_or_default()
    }

    /// Whether a word or the content of a string among the arguments is one of these.
    pub(super) fn mentions(&self, words: &[&str]) -> bool {
        self.arguments.iter().any(|t| words.contains(&t.text))
    }

    /// Whether `name=value` (or `name: value`, `name => value`) stands among the arguments.
    pub(super) fn has_setting(&self, name: &str, values: &[&str]) -> bool {
        let mut at = 0;
        while let Some(token) = self.arguments.get(at) {
            let marks = |t: &&Token| matches!(t.kind, Kind::Mark(b'=' | b':' | b'>'));
            let gap = self.arguments[at + 1..].iter().take_while(marks).count();
            let value = self.arguments.get(at + 1 + gap);
            if token.text == name && gap > 0 && value.is_some_and(|v| values.contains(&v.text)) {
                return true;
            }
            at += 1;
        }
        false
    }
}
