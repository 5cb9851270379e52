//! What is wrong with a configuration, where, and what to write instead.

use std::fmt;
use std::ops::Range;
use std::sync::Arc;

use super::conceal;
use crate::visible::visible;

/// Where a value came from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Origin {
    /// Bytes of the configuration file.
    File(Range<usize>),
    /// A variable of the environment, by name.
    Environment(Arc<str>),
    /// Nobody wrote it.
    Default,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Severity {
    Error,
    Warning,
}

/// One thing that is wrong.
#[derive(Clone, Debug)]
pub struct Diagnostic {
    pub severity: Severity,
    pub origin: Origin,
    /// One sentence: what is wrong.
    pub message: String,
    /// One sentence: what to do.
    pub help: Option<String>,
}

/// The text that the diagnostics point into.
#[derive(Clone, Debug, Default)]
pub struct SourceText {
    /// As a person would name it: the path that was given.
    pub name: String,
    pub text: String,
}

/// A place in a text, counted from one as editors do; columns count characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Place {
    pub line: usize,
    pub column: usize,
}

impl SourceText {
    pub fn place(&self, at: usize) -> Place {
        let at = floor(&self.text, at);
        let before = &self.text[..at];
        let line_start = before.rfind('\n').map_or(0, |newline| newline + 1);
        Place {
            line: before.matches('\n').count() + 1,
            column: before[line_start..].chars().count() + 1,
        }
    }

    /// The line around `at`, and where it begins.
    fn line(&self, at: usize) -> (usize, &str) {
        let at = floor(&self.text, at);
        let start = self.text[..at].rfind('\n').map_or(0, |newline| newline + 1);
        let end = self.text[at..].find('\n').map_or(self.text.len(), |newline| at + newline);
        (start, self.text[start..end].trim_end_matches('\r'))
    }
}

fn floor(text: &str, at: usize) -> usize {
    let mut at = at.min(text.len());
    while !text.is_char_boundary(at) {
        at -= 1;
    }
    at
}

impl Diagnostic {
    pub fn error(origin: Origin, message: impl Into<String>) -> Self {
        Self { severity: Severity::Error, origin, message: message.into(), help: None }
    }

    pub fn warning(origin: Origin, message: impl Into<String>) -> Self {
        Self { severity: Severity::Warning, ..Self::error(origin, message) }
    }

    #[must_use]
    pub fn help(mut self, help: impl Into<String>) -> Self {
        self.help = Some(help.into());
        self
    }

    /// The text for a terminal: message, place, the line with a caret, help.
    pub fn render<'a>(&'a self, source: &'a SourceText) -> Rendered<'a> {
        Rendered { diagnostic: self, source }
    }

    /// For `--json`.
    pub fn to_json(&self, source: &SourceText) -> serde_json::Value {
        let place = match &self.origin {
            Origin::File(range) => Some(source.place(range.start)),
            _ => None,
        };
        let variable = match &self.origin {
            Origin::Environment(name) => Some(name.to_string()),
            _ => None,
        };
        serde_json::json!({
            "severity": self.severity.as_str(),
            "message": self.message,
            "help": self.help,
            "file": place.map(|_| &source.name),
            "line": place.map(|p| p.line),
            "column": place.map(|p| p.column),
            "variable": variable,
        })
    }
}

impl Severity {
    pub fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
        }
    }
}

/// See [`Diagnostic::render`].
pub struct Rendered<'a> {
    diagnostic: &'a Diagnostic,
    source: &'a SourceText,
}

impl fmt::Display for Rendered<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Diagnostic { severity, origin, message, help } = self.diagnostic;
        writeln!(f, "{}: {}", severity.as_str(), visible(message))?;
        match origin {
            Origin::File(range) => excerpt(f, self.source, range)?,
            Origin::Environment(name) => writeln!(f, "  --> environment variable {name}")?,
            Origin::Default => {}
        }
        match help {
            Some(help) => writeln!(f, "   = help: {}", visible(help)),
            None => Ok(()),
        }
    }
}

fn excerpt(f: &mut fmt::Formatter<'_>, source: &SourceText, range: &Range<usize>) -> fmt::Result {
    let place = source.place(range.start);
    let (start, line) = source.line(range.start);
    let shown = conceal::line(line, range.start - start..range.end.saturating_sub(start));
    let number = place.line.to_string();
    let margin = " ".repeat(number.len());
    writeln!(f, "{margin} --> {}:{}:{}", visible(&source.name), place.line, place.column)?;
    writeln!(f, "{margin} |")?;
    writeln!(f, "{number} | {}", shown.text)?;
    writeln!(f, "{margin} | {}{}", " ".repeat(shown.indent), "^".repeat(shown.width.max(1)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn places_count_from_one_and_in_characters() {
        let source = SourceText { name: "f".into(), text: "a\nbé = 1\n".into() };
        assert_eq!(source.place(0), Place { line: 1, column: 1 });
        assert_eq!(source.place(6), Place { line: 2, column: 4 });
        assert_eq!(source.place(999), Place { line: 3, column: 1 });
    }
}
