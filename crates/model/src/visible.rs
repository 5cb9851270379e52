//! Text from outside, made fit to be shown to a person (invariant 8): a terminal gets it through
//! [`visible`], a page through the component that stands on [`is_hidden`].

use std::borrow::Cow;
use std::fmt::Write;

/// Makes control, bidirectional, invisible and private characters visible as `\u{…}`.
///
/// An agent, a provider or a file chooses such text; a terminal must not obey it, and a reader
/// must not be shown another order of characters than the one that is there.
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.chars().any(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut out = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match c {
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            c if is_hidden(c) => {
                // Writing to a string cannot fail.
                let _ = write!(out, "\\u{{{:x}}}", c as u32);
            }
            c => out.push(c),
        }
    }
    Cow::Owned(out)
}

/// Whether a character shows nothing of its own, or moves its neighbours.
///
/// Categories Cc, Zl, Zp, and what of Cf, Co and the unassigned has no shape of its own or moves
/// its neighbours (Unicode 16, `DerivedGeneralCategory` and `Default_Ignorable_Code_Point`).
pub fn is_hidden(c: char) -> bool {
    c.is_control()
        || matches!(c,
            '\u{ad}' | '\u{34f}' | '\u{61c}' | '\u{115f}' | '\u{1160}' | '\u{17b4}' | '\u{17b5}'
            | '\u{180b}'..='\u{180f}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}'
            | '\u{2060}'..='\u{206f}' | '\u{3164}' | '\u{e000}'..='\u{f8ff}'
            | '\u{fe00}'..='\u{fe0f}' | '\u{feff}' | '\u{ffa0}' | '\u{fff0}'..='\u{fffb}'
            | '\u{1bca0}'..='\u{1bca3}' | '\u{1d173}'..='\u{1d17a}' | '\u{e0000}'..='\u{e0fff}'
            | '\u{f0000}'..='\u{10ffff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_terminal_would_obey_is_written_out() {
        for (text, expected) in [
            ("plain – ünïcode 漢字", "plain – ünïcode 漢字"),
            ("a\u{1b}[2Jb", "a\\u{1b}[2Jb"),
            ("evil\u{202e}txt", "evil\\u{202e}txt"),
            ("tag\u{e0041}", "tag\\u{e0041}"),
            ("two\nlines\r\t", "two\\nlines\\r\\t"),
            ("\u{9b}31m", "\\u{9b}31m"),
            ("zero\u{200b}width", "zero\\u{200b}width"),
        ] {
            assert_eq!(visible(text), expected);
        }
    }
}
