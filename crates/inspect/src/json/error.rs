//! Why a text was refused, and where. Never what stood there: it may be a secret.

use thiserror::Error;

/// A refused text. The position points at the byte that could not be accepted.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
#[error("{problem} at line {line}, column {column} (byte {offset})")]
pub struct Error {
    pub problem: Problem,
    /// Bytes from the start of the text.
    pub offset: usize,
    /// From 1; lines end at a line feed.
    pub line: usize,
    /// From 1, in characters.
    pub column: usize,
}

/// What was wrong, in words for the developer who sent the text.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Error)]
pub enum Problem {
    #[error("the text is not valid UTF-8")]
    NotUtf8,
    #[error("the text starts with a byte order mark, remove it")]
    ByteOrderMark,
    #[error("the text ends inside a value")]
    UnexpectedEnd,
    #[error("expected a value")]
    ExpectedValue,
    #[error("expected a key in double quotes")]
    ExpectedKey,
    #[error("expected a colon after the key")]
    ExpectedColon,
    #[error("expected a comma or the end of the object")]
    ExpectedCommaOrBrace,
    #[error("expected a comma or the end of the array")]
    ExpectedCommaOrBracket,
    #[error("there is more after the end of the value")]
    TrailingBytes,
    #[error("control character in a string, write it as an escape")]
    ControlCharacter,
    #[error("unknown escape in a string")]
    BadEscape,
    #[error("malformed number")]
    BadNumber,
    #[error("a key occurs twice in one object")]
    RepeatedKey,
    #[error("nested deeper than the limit allows")]
    TooDeep,
    #[error("more members in one object than the limit allows")]
    TooManyMembers,
    #[error("more values than the limit allows")]
    TooManyTokens,
}

impl Problem {
    /// Whether a more generous limit would have accepted the text so far.
    pub fn is_limit(self) -> bool {
        matches!(
            self,
            Self::RepeatedKey | Self::TooDeep | Self::TooManyMembers | Self::TooManyTokens
        )
    }
}

impl Error {
    /// Counts lines and columns only now, so that reading stays fast.
    pub(super) fn at(text: &[u8], offset: usize, problem: Problem) -> Self {
        let before = text.get(..offset).unwrap_or(text);
        let line_start = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        let line = memchr::memchr_iter(b'\n', before).count() + 1;
        let characters = before.iter().skip(line_start).filter(|byte| **byte & 0xc0 != 0x80);
        Self { problem, offset, line, column: characters.count() + 1 }
    }
}
