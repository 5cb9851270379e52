//! What a page says besides its content: that something was done, that nothing is there yet, what
//! will happen.

use maud::{Markup, html};

use super::badge::Tone;

/// Nothing is there: why, and the next step.
pub(crate) fn empty(title: &str, body: &Markup) -> Markup {
    html! { div.empty { p.title { (title) } (body) } }
}

/// A command to copy.
pub(crate) fn command(text: &str) -> Markup {
    html! { pre.command tabindex="0" { (text) } }
}

/// A sentence at the head of a page.
pub(crate) fn banner(tone: Tone, body: &Markup) -> Markup {
    html! { div class=(format!("banner {}", tone.class())) role="status" { (body) } }
}

/// What was just done, by the word that a redirection of ours left in the address. A word that is
/// not in the list says nothing, so nobody can put a sentence there.
pub(crate) fn done(word: Option<&str>, known: &[(&str, &str)]) -> Markup {
    let said = word.and_then(|word| known.iter().find(|(name, _)| *name == word));
    html! { @if let Some((_, sentence)) = said { (banner(Tone::Good, &html! { p { (sentence) } })) } }
}
