//! Cuts code into tokens, so that comments are gone and strings are known to be strings.
//!
//! One loop for all languages, steered by a [`Syntax`]. It forgives: what it cannot read it takes for
//! a mark, and a string that is not closed ends with its line.

use super::Language;

/// What a token is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// A name or a keyword.
    Word,
    Number,
    /// A string of fixed content.
    Text,
    /// A string with values put in by the language itself.
    Template,
    /// A string that is run as a command.
    Command,
    Mark(u8),
    /// The end of a line.
    Line,
}

#[derive(Clone, Copy, Debug)]
pub(super) struct Token<'a> {
    pub(super) kind: Kind,
    /// Where it begins in the code.
    pub(super) at: usize,
    /// As written; of strings what is between the quotes.
    pub(super) text: &'a str,
}

impl Token<'_> {
    pub(super) fn is(&self, mark: u8) -> bool {
        self.kind == Kind::Mark(mark)
    }

    pub(super) fn is_string(&self) -> bool {
        matches!(self.kind, Kind::Text | Kind::Template)
    }
}

/// What differs between languages.
struct Syntax {
    hash_comments: bool,
    slash_comments: bool,
    triple_quotes: bool,
    /// What a string between backticks is.
    backtick: Option<Kind>,
    /// How a value is put into a double-quoted string.
    hole: Option<&'static str>,
    /// Strings may run over lines.
    long_strings: bool,
    /// `'x'` is a character and `'a` a lifetime.
    lifetimes: bool,
    regexes: bool,
    dollar_words: bool,
}

const C_LIKE: Syntax = Syntax {
    hash_comments: false,
    slash_comments: true,
    triple_quotes: false,
    backtick: None,
    hole: None,
    long_strings: false,
    lifetimes: false,
    regexes: false,
    dollar_words: false,
};

impl Syntax {
    fn of(language: Language) -> Self {
        match language {
            Language::Python => {
                Self { hash_comments: true, slash_comments: false, triple_quotes: true, ..C_LIKE }
            }
            Language::JavaScript => {
                Self { backtick: Some(Kind::Template), regexes: true, dollar_words: true, ..C_LIKE }
            }
            Language::Go => Self { backtick: Some(Kind::Text), ..C_LIKE },
            Language::Rust => Self { long_strings: true, lifetimes: true, ..C_LIKE },
            Language::Java => Self { triple_quotes: true, ..C_LIKE },
            Language::Php => Self {
                hash_comments: true,
                backtick: Some(Kind::Command),
                hole: Some("$"),
                long_strings: true,
                dollar_words: true,
                ..C_LIKE
            },
            Language::Ruby => Self {
                hash_comments: true,
                slash_comments: false,
                backtick: Some(Kind::Command),
                hole: Some("#{"),
                long_strings: true,
                regexes: true,
                ..C_LIKE
            },
            Language::Config => {
                Self { hash_comments: true, slash_comments: false, hole: Some("${"), ..C_LIKE }
            }
            _ => C_LIKE,
        }
    }
}

/// The tokens of a piece of code, without comments and blanks.
pub(super) fn tokens(code: &str, language: Language) -> Vec<Token<'_>> {
    let tokens = Vec::with_capacity(code.len() / 5);
    let mut lexer =
        Lexer { code, bytes: code.as_bytes(), at: 0, syntax: Syntax::of(language), tokens };
    while lexer.at < code.len() {
        lexer.step();
    }
    lexer.tokens
}

struct Lexer<'a> {
    code: &'a str,
    bytes: &'a [u8],
    at: usize,
    syntax: Syntax,
    tokens: Vec<Token<'a>>,
}

impl<'a> Lexer<'a> {
    fn peek(&self, ahead: usize) -> u8 {
        self.bytes.get(self.at + ahead).copied().unwrap_or(0)
    }

    fn push(&mut self, kind: Kind, at: usize, text: &'a str) {
        self.tokens.push(Token { kind, at, text });
    }

    fn step(&mut self) {
        let byte = self.peek(0);
        match byte {
            b'\n' => self.line(),
            b' ' | b'\t' | b'\r' => self.at += 1,
            b'\\' if self.peek(1) == b'\n' => self.at += 2,
            b'#' if self.syntax.hash_comments => self.skip_line(),
            b'/' if self.syntax.slash_comments && self.peek(1) == b'/' => self.skip_line(),
            b'/' if self.syntax.slash_comments && self.peek(1) == b'*' => self.skip_comment(),
            b'/' if self.syntax.regexes && self.is_regex() => self.skip_regex(),
            b'"' | b'\'' | b'`' => self.quote(byte, ""),
            b'0'..=b'9' => self.number(),
            b'$' if self.syntax.dollar_words => self.word(),
            b'_' | b'a'..=b'z' | b'A'..=b'Z' | 0x80.. => self.word(),
            _ => {
                self.push(Kind::Mark(byte), self.at, &self.code[self.at..self.at + 1]);
                self.at += 1;
            }
        }
    }

    fn line(&mut self) {
        if self.tokens.last().is_some_and(|last| last.kind != Kind::Line) {
            self.push(Kind::Line, self.at, "\n");
        }
        self.at += 1;
    }

    fn skip_line(&mut self) {
        let rest = &self.bytes[self.at..];
        self.at += memchr::memchr(b'\n', rest).unwrap_or(rest.len());
    }

    fn skip_comment(&mut self) {
        let rest = &self.bytes[self.at + 2..];
        let end = memchr::memmem::find(rest, b"*/").map_or(rest.len(), |end| end + 2);
        self.at += 2 + end;
    }

    fn number(&mut self) {
        let from = self.at;
        while matches!(self.peek(0), b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | b'_') {
            self.at += 1;
        }
        self.push(Kind::Number, from, &self.code[from..self.at]);
    }

    /// A name; or the prefix of a string, as in `rb"…"`, `f'…'`, `r#"…"#`.
    fn word(&mut self) {
        let from = self.at;
        self.at += 1;
        while matches!(self.peek(0), b'_' | b'0'..=b'9' | b'a'..=b'z' | b'A'..=b'Z' | 0x80..)
            || (self.peek(0) == b'$' && self.syntax.dollar_words)
        {
            self.at += 1;
        }
        let word = &self.code[from..self.at];
        let opens = matches!(self.peek(0), b'"' | b'\'');
        let is_prefix = word.len() <= 2 && word.bytes().all(|b| b"rRbBfFuUcC".contains(&b));
        if self.syntax.lifetimes
            && is_prefix
            && word.contains('r')
            && matches!(self.peek(0), b'"' | b'#')
        {
            return self.raw_string(from);
        }
        if opens && is_prefix && !self.syntax.regexes && !self.syntax.dollar_words {
            return self.quote(self.peek(0), word);
        }
        self.push(Kind::Word, from, word);
    }

    /// Rust's `r##"…"##`.
    fn raw_string(&mut self, from: usize) {
        let hashes = self.bytes[self.at..].iter().take_while(|b| **b == b'#').count();
        if self.peek(hashes) != b'"' {
            return self.push(Kind::Word, from, &self.code[from..self.at]);
        }
        let inner = self.at + hashes + 1;
        let close = format!("\"{}", "#".repeat(hashes.min(MAX_HASHES)));
        let length = self.code[inner..].find(&close).unwrap_or(self.code.len() - inner);
        self.push(Kind::Text, from, &self.code[inner..inner + length]);
        self.at = (inner + length + close.len()).min(self.code.len());
    }

    fn quote(&mut self, quote: u8, prefix: &str) {
        let from = self.at - prefix.len();
        if quote == b'\'' && self.syntax.lifetimes && !self.is_character() {
            self.at += 1;
            return;
        }
        if quote == b'`' && self.syntax.backtick.is_none() {
            self.at += 1;
            return;
        }
        let triple = self.syntax.triple_quotes && self.peek(1) == quote && self.peek(2) == quote;
        let width = if triple { 3 } else { 1 };
        let inner = self.at + width;
        let is_verbatim = from > 0 && self.bytes[from - 1] == b'@';
        let is_raw = is_verbatim || prefix.contains(['r', 'R']);
        let long = triple || quote == b'`' || self.syntax.long_strings;
        let end = self.closing(inner, quote, width, is_raw, long);
        let text = &self.code[inner..end];
        self.push(self.kind_of(quote, prefix, from, text), from, text);
        let is_closed = self.bytes.get(end) == Some(&quote);
        self.at = if is_closed { end + width } else { end };
    }

    /// Where the string ends whose content begins at `at`: at its quote, or where it must.
    fn closing(&self, mut at: usize, quote: u8, width: usize, is_raw: bool, long: bool) -> usize {
        let mut depth = 0_usize;
        while let Some(&byte) = self.bytes.get(at) {
            match byte {
                b'\\' if !is_raw => at += 1,
                b'\n' if !long => return at,
                b'{' if quote == b'`' && (depth > 0 || self.bytes[at - 1] == b'$') => depth += 1,
                b'}' if quote == b'`' => depth = depth.saturating_sub(1),
                _ if byte == quote && depth == 0 => {
                    let is_end = width == 1 || self.bytes[at..].starts_with(&[quote; 3]);
                    if is_end {
                        return at;
                    }
                }
                _ => {}
            }
            at += 1;
        }
        self.code.len()
    }

    fn kind_of(&self, quote: u8, prefix: &str, from: usize, text: &str) -> Kind {
        if quote == b'`' {
            return match self.syntax.backtick {
                Some(Kind::Template) if !text.contains("${") => Kind::Text,
                Some(kind) => kind,
                None => Kind::Text,
            };
        }
        let is_c_sharp = self.tokens.last().is_some_and(|t| t.is(b'$') && t.at + 1 == from);
        let is_f = prefix.contains(['f', 'F']) || is_c_sharp;
        let has_hole = |hole: &str| text.contains(hole);
        match self.syntax.hole {
            _ if is_f && has_hole("{") => Kind::Template,
            Some(hole) if quote == b'"' && has_hole(hole) => Kind::Template,
            _ => Kind::Text,
        }
    }

    fn is_character(&self) -> bool {
        if self.peek(1) == b'\\' {
            return true;
        }
        let next = self.code[self.at + 1..].chars().next().map_or(0, char::len_utf8);
        self.peek(1 + next) == b'\''
    }

    /// A slash divides after a value and opens a regular expression elsewhere.
    fn is_regex(&self) -> bool {
        match self.tokens.last() {
            None => true,
            Some(last) => match last.kind {
                Kind::Mark(mark) => !matches!(mark, b')' | b']' | b'}'),
                Kind::Word => matches!(
                    last.text,
                    "return" | "typeof" | "case" | "in" | "of" | "if" | "unless" | "when"
                ),
                Kind::Line => true,
                _ => false,
            },
        }
    }

    fn skip_regex(&mut self) {
        let mut at = self.at + 1;
        let mut in_class = false;
        let most = self.at + MAX_REGEX_BYTES;
        while let Some(&byte) = self.bytes.get(at).filter(|_| at < most) {
            match byte {
                b'\\' => at += 1,
                b'[' => in_class = true,
                b']' => in_class = false,
                b'\n' => break,
                b'/' if !in_class => {
                    self.push(Kind::Number, self.at, &self.code[self.at..=at]);
                    self.at = at + 1;
                    return;
                }
                _ => {}
            }
            at += 1;
        }
        self.push(Kind::Mark(b'/'), self.at, &self.code[self.at..self.at + 1]);
        self.at += 1;
    }
}

/// The longest regular expression; what is longer is taken for a division.
const MAX_REGEX_BYTES: usize = 256;

/// How many hashes of a raw string are told apart.
const MAX_HASHES: usize = 255;
