//! THE way in which text from outside reaches a page (invariant 8).
//!
//! Markup is escaped by `maud`. Here characters that show nothing of their own, or change the order
//! of their neighbours, are written out and marked; the text stands in an element that keeps its
//! direction to itself; and it is cut at a length.

use maud::{Markup, Render, html};
use model::{clip, is_hidden};

/// A text within a line is cut here, in bytes.
const MAX_LINE: usize = 2_048;

/// A text of its own is cut here, in bytes.
const MAX_BLOCK: usize = 256 * 1024;

/// Text from outside, within a line.
pub(crate) fn untrusted(text: &str) -> Markup {
    html! { bdi.outside { (pieces(text, MAX_LINE, false)) } }
}

/// Text from outside with its own lines.
pub(crate) fn untrusted_block(text: &str) -> Markup {
    html! { pre.outside tabindex="0" { bdi { (pieces(text, MAX_BLOCK, true)) } } }
}

/// What is too long to be read in a list, cut sooner.
pub(crate) fn untrusted_short(text: &str, max: usize) -> Markup {
    html! { bdi.outside { (pieces(text, max, false)) } }
}

/// A digest or an id: its beginning, and the whole of it for whoever asks.
pub(crate) fn digest(text: &str) -> Markup {
    html! { code.digest title=(model::visible(text)) { (model::visible(clip(text, 12))) } }
}

enum Piece<'a> {
    Plain(&'a str),
    Hidden(char),
}

impl Render for Piece<'_> {
    fn render(&self) -> Markup {
        match self {
            Self::Plain(text) => html! { (text) },
            Self::Hidden(c) => html! { span.hidden-character { (model::visible(&c.to_string())) } },
        }
    }
}

fn pieces(text: &str, max: usize, keeps_lines: bool) -> Markup {
    let shown = clip(text, max);
    let left = text.len() - shown.len();
    let is_marked = |c: char| is_hidden(c) && !(keeps_lines && matches!(c, '\n' | '\t'));
    html! {
        @for piece in split(shown, is_marked) { (piece) }
        @if left > 0 { span.cut { " … " (left) " more bytes" } }
    }
}

fn split(text: &str, is_marked: impl Fn(char) -> bool) -> Vec<Piece<'_>> {
    let mut pieces = Vec::new();
    let mut rest = text;
    while let Some((at, c)) = rest.char_indices().find(|(_, c)| is_marked(*c)) {
        let (before, after) = rest.split_at(at);
        if !before.is_empty() {
            pieces.push(Piece::Plain(before));
        }
        pieces.push(Piece::Hidden(c));
        rest = after.get(c.len_utf8()..).unwrap_or_default();
    }
    if !rest.is_empty() {
        pieces.push(Piece::Plain(rest));
    }
    pieces
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_text_and_hidden_characters_are_seen() {
        let shown = untrusted("<b onx='y'>\u{202e}txt\u{200b}\n").into_string();
        assert!(!shown.contains("<b onx"), "{shown}");
        assert!(!shown.contains(['\u{202e}', '\u{200b}', '\n']), "{shown}");
        assert!(shown.contains(r#"<span class="hidden-character">\u{202e}</span>txt"#), "{shown}");
    }

    #[test]
    fn a_block_keeps_its_lines_and_nothing_else() {
        let shown = untrusted_block("a\n\tb\r\u{1b}[2J").into_string();
        assert!(shown.contains("a\n\tb") && !shown.contains(['\r', '\u{1b}']), "{shown}");
    }

    #[test]
    fn a_long_text_is_cut_and_says_so() {
        let shown = untrusted(&"é".repeat(5_000)).into_string();
        assert!(shown.len() < 3_000 && shown.contains("more bytes"), "{}", shown.len());
    }

    proptest::proptest! {
        #[test]
        fn no_text_puts_an_element_or_a_hidden_character_into_a_page(text in "\\PC*|[\\x00-\\x7f]{0,40}|\\p{Cf}{1,5}<script>") {
            for shown in [untrusted(&text), untrusted_short(&text, 20), digest(&text)] {
                let shown = shown.into_string();
                proptest::prop_assert!(!shown.chars().any(is_hidden));
                let bare = shown.replace("<bdi class=\"outside\">", "").replace("</bdi>", "").replace("<span class=\"hidden-character\">", "").replace("<span class=\"cut\">", "").replace("</span>", "");
                let bare = match bare.strip_prefix("<code class=\"digest\" title=\"") { Some(rest) => rest.replacen("\">", "", 1).replace("</code>", ""), None => bare };
                proptest::prop_assert!(!bare.contains(['<', '>']), "{bare}");
            }
        }
    }
}
