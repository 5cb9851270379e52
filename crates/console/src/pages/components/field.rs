//! Fields of forms, each with its label and what to write there; and lists of what is so.

use maud::{Markup, html};

/// One line of text.
pub(crate) fn line(name: &str, label: &str, value: &str, help: &str) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            input #(name) name=(name) value=(value) autocomplete="off" aria-describedby=[(!help.is_empty()).then(|| format!("{name}-help"))];
            @if !help.is_empty() { p.help id=(format!("{name}-help")) { (help) } }
        }
    }
}

/// Several lines of text.
pub(crate) fn lines(name: &str, label: &str, value: &str, help: &str, rows: u32) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            // A newline right after the tag is dropped by browsers; this one is ours to lose.
            textarea #(name) name=(name) rows=(rows) spellcheck="false" aria-describedby=[(!help.is_empty()).then(|| format!("{name}-help"))] { "\n" (value) }
            @if !help.is_empty() { p.help id=(format!("{name}-help")) { (help) } }
        }
    }
}

/// One of several values: value and what it is called.
pub(crate) fn choice(name: &str, label: &str, value: &str, options: &[(&str, &str)]) -> Markup {
    html! {
        div.field {
            label for=(name) { (label) }
            select #(name) name=(name) {
                @for (option, called) in options { option value=(option) selected[*option == value] { (called) } }
            }
        }
    }
}

/// What is so, by name. Rows of which nothing is known say so.
pub(crate) fn facts(rows: &[(&str, Markup)]) -> Markup {
    html! {
        dl.facts {
            @for (name, value) in rows {
                div { dt { (name) } dd { @if value.0.is_empty() { span.muted { "none" } } @else { (value) } } }
            }
        }
    }
}
