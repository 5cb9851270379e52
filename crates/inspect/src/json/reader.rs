//! The pull tokenizer.

use std::ops::Range;

use super::{
    error::{Error, Problem},
    escape::unit,
    keys::Keys,
    scan::{number_end, plain_end},
};

/// How much of a text is accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Limits {
    /// Arrays and objects inside each other.
    pub max_depth: usize,
    /// Tokens as [`Reader::next`] gives them.
    pub max_tokens: usize,
    /// Members of one object; only counted where keys must be unique.
    pub max_members: usize,
    /// Whether a repeated key is refused.
    pub unique_keys: bool,
}

impl Default for Limits {
    /// Generous for bodies of model APIs: an answer with two thousand embeddings passes.
    fn default() -> Self {
        Self { max_depth: 128, max_tokens: 4_000_000, max_members: 100_000, unique_keys: true }
    }
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    ObjectStart,
    ObjectEnd,
    ArrayStart,
    ArrayEnd,
    Key,
    String,
    Number,
    True,
    False,
    Null,
}

/// One token of the text.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Token {
    pub kind: Kind,
    /// Where it stands; for keys and strings the content, without the quotes.
    pub range: Range<usize>,
    /// Whether the content holds escapes.
    pub escaped: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Expect {
    Value,
    ValueOrEnd,
    KeyOrEnd,
    CommaOrEnd,
    Nothing,
}

/// An open array or object.
struct Frame {
    object: bool,
    /// From [`Keys::open`].
    keys: usize,
}

/// Gives the tokens of one text in order.
pub struct Reader<'a> {
    text: &'a [u8],
    at: usize,
    limits: Limits,
    tokens: usize,
    expect: Expect,
    open: Vec<Frame>,
    keys: Keys<'a>,
    checked: bool,
}

impl<'a> Reader<'a> {
    /// The text is looked at first when the first token is asked for.
    pub fn new(text: &'a [u8], limits: &Limits) -> Self {
        Self {
            text,
            at: 0,
            limits: *limits,
            tokens: 0,
            expect: Expect::Value,
            open: Vec::with_capacity(16),
            keys: Keys::default(),
            checked: false,
        }
    }

    /// The next token; none after the end of the value, once nothing but white space follows.
    ///
    /// After an error the reader stays where it is; asking again gives an error again.
    #[expect(clippy::should_implement_trait, reason = "fallible, as pull parsers are")]
    #[inline]
    pub fn next(&mut self) -> Result<Option<Token>, Error> {
        match self.advance() {
            Ok(token) => Ok(token),
            Err((offset, problem)) => Err(Error::at(self.text, offset, problem)),
        }
    }

    fn advance(&mut self) -> Result<Option<Token>, (usize, Problem)> {
        if !self.checked {
            self.check()?;
        }
        let mut byte = self.skip_space();
        if self.expect == Expect::CommaOrEnd {
            match byte {
                Some(b',') => {
                    self.at += 1;
                    byte = self.skip_space();
                    if self.in_object() {
                        return self.key(byte).map(Some);
                    }
                }
                Some(b'}') if self.in_object() => return self.close(Kind::ObjectEnd).map(Some),
                Some(b']') if !self.in_object() => return self.close(Kind::ArrayEnd).map(Some),
                None => return self.fail(Problem::UnexpectedEnd),
                Some(_) if self.in_object() => return self.fail(Problem::ExpectedCommaOrBrace),
                Some(_) => return self.fail(Problem::ExpectedCommaOrBracket),
            }
        } else if self.expect == Expect::KeyOrEnd {
            return match byte {
                Some(b'}') => self.close(Kind::ObjectEnd).map(Some),
                _ => self.key(byte).map(Some),
            };
        } else if self.expect == Expect::Nothing {
            return match byte {
                None => Ok(None),
                Some(_) => self.fail(Problem::TrailingBytes),
            };
        } else if self.expect == Expect::ValueOrEnd && byte == Some(b']') {
            return self.close(Kind::ArrayEnd).map(Some);
        }
        self.value(byte).map(Some)
    }

    fn check(&mut self) -> Result<(), (usize, Problem)> {
        if self.text.starts_with(b"\xef\xbb\xbf") {
            return self.fail(Problem::ByteOrderMark);
        }
        if let Err(error) = std::str::from_utf8(self.text) {
            return Err((error.valid_up_to(), Problem::NotUtf8));
        }
        self.checked = true;
        Ok(())
    }

    #[inline]
    fn skip_space(&mut self) -> Option<u8> {
        loop {
            match self.text.get(self.at) {
                Some(b' ' | b'\n' | b'\r' | b'\t') => self.at += 1,
                byte => return byte.copied(),
            }
        }
    }

    #[inline]
    fn in_object(&self) -> bool {
        self.open.last().is_some_and(|frame| frame.object)
    }

    fn fail<T>(&self, problem: Problem) -> Result<T, (usize, Problem)> {
        Err((self.at, problem))
    }

    #[inline]
    fn token(
        &mut self,
        kind: Kind,
        range: Range<usize>,
        escaped: bool,
    ) -> Result<Token, (usize, Problem)> {
        self.tokens += 1;
        if self.tokens > self.limits.max_tokens {
            return Err((range.start, Problem::TooManyTokens));
        }
        Ok(Token { kind, range, escaped })
    }

    #[inline]
    fn value(&mut self, byte: Option<u8>) -> Result<Token, (usize, Problem)> {
        match byte {
            Some(b'"') => {
                let (range, escaped) = self.string()?;
                self.after_value();
                self.token(Kind::String, range, escaped)
            }
            Some(b'{') => self.open(Kind::ObjectStart, Expect::KeyOrEnd),
            Some(b'[') => self.open(Kind::ArrayStart, Expect::ValueOrEnd),
            Some(b'-' | b'0'..=b'9') => self.number(),
            Some(b't') => self.literal(b"true", Kind::True),
            Some(b'f') => self.literal(b"false", Kind::False),
            Some(b'n') => self.literal(b"null", Kind::Null),
            Some(_) => self.fail(Problem::ExpectedValue),
            None => self.fail(Problem::UnexpectedEnd),
        }
    }

    #[inline]
    fn after_value(&mut self) {
        self.expect = if self.open.is_empty() { Expect::Nothing } else { Expect::CommaOrEnd };
    }

    fn open(&mut self, kind: Kind, expect: Expect) -> Result<Token, (usize, Problem)> {
        if self.open.len() >= self.limits.max_depth {
            return self.fail(Problem::TooDeep);
        }
        let object = kind == Kind::ObjectStart;
        self.open.push(Frame { object, keys: self.keys.open() });
        self.expect = expect;
        self.at += 1;
        self.token(kind, self.at - 1..self.at, false)
    }

    fn close(&mut self, kind: Kind) -> Result<Token, (usize, Problem)> {
        if let Some(frame) = self.open.pop()
            && frame.object
        {
            self.keys.close(frame.keys);
        }
        self.after_value();
        self.at += 1;
        self.token(kind, self.at - 1..self.at, false)
    }

    fn key(&mut self, byte: Option<u8>) -> Result<Token, (usize, Problem)> {
        match byte {
            Some(b'"') => {}
            Some(_) => return self.fail(Problem::ExpectedKey),
            None => return self.fail(Problem::UnexpectedEnd),
        }
        let (range, escaped) = self.string()?;
        if self.limits.unique_keys {
            let first = self.open.last().map_or(0, |frame| frame.keys);
            self.keys
                .insert(
                    first,
                    self.text,
                    (range.start, range.end, escaped),
                    self.limits.max_members,
                )
                .map_err(|problem| (range.start, problem))?;
        }
        match self.skip_space() {
            Some(b':') => self.at += 1,
            Some(_) => return self.fail(Problem::ExpectedColon),
            None => return self.fail(Problem::UnexpectedEnd),
        }
        self.expect = Expect::Value;
        self.token(Kind::Key, range, escaped)
    }

    /// Steps over the string that starts here; gives its content.
    #[inline]
    fn string(&mut self) -> Result<(Range<usize>, bool), (usize, Problem)> {
        let start = self.at + 1;
        let mut escaped = false;
        let mut at = start;
        loop {
            at = plain_end(self.text, at);
            match self.text.get(at) {
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok((start..at, escaped));
                }
                Some(b'\\') => {
                    escaped = true;
                    at += escape_length(self.text, at)?;
                }
                Some(_) => return Err((at, Problem::ControlCharacter)),
                None => return Err((at, Problem::UnexpectedEnd)),
            }
        }
    }

    fn number(&mut self) -> Result<Token, (usize, Problem)> {
        let start = self.at;
        match number_end(self.text, start) {
            Ok(end) => self.at = end,
            Err(at) if at >= self.text.len() => return Err((at, Problem::UnexpectedEnd)),
            Err(at) => return Err((at, Problem::BadNumber)),
        }
        self.after_value();
        self.token(Kind::Number, start..self.at, false)
    }

    fn literal(&mut self, word: &[u8], kind: Kind) -> Result<Token, (usize, Problem)> {
        let rest = self.text.get(self.at..).unwrap_or_default();
        if !rest.starts_with(word) {
            return self.fail(Problem::ExpectedValue);
        }
        let start = self.at;
        self.at += word.len();
        self.after_value();
        self.token(kind, start..self.at, false)
    }
}

/// The length of the valid escape at `at` (RFC 8259, section 7).
#[inline]
fn escape_length(text: &[u8], at: usize) -> Result<usize, (usize, Problem)> {
    match text.get(at + 1) {
        Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => Ok(2),
        Some(b'u') if text.get(at..).and_then(unit).is_some() => Ok(6),
        Some(_) => Err((at, Problem::BadEscape)),
        None => Err((at, Problem::UnexpectedEnd)),
    }
}
