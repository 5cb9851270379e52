//! Material as tools hand it over: prose in mails, pages, documents, tickets, chats and code, with
//! or without something planted in it.

use super::dice::Dice;
use super::grammar::Grammar;
use super::records;

/// Stand around what was planted until its place is known: private use, so no text has them.
pub(super) const OPEN: char = '\u{e000}';
pub(super) const CLOSE: char = '\u{e001}';

/// Makes material; `planted`, if any, is put in once.
pub(crate) struct Press<'g> {
    pub(crate) grammar: &'g Grammar,
    pub(crate) dice: Dice,
    pub(crate) planted: Option<String>,
}

type Form = fn(&mut Press<'_>) -> String;

/// The kinds of material, by name.
pub(crate) const FORMS: [(&str, Form); 28] = [
    ("messages", records::messages),
    ("short", short),
    ("answer", answer),
    ("wide-table", records::wide_table),
    ("mail", mail),
    ("mail-yaml", records::mails),
    ("mail-json", records::mail_json),
    ("calendar", records::calendar),
    ("json", records::json),
    ("python", records::python),
    ("bank", records::bank),
    ("csv", records::csv),
    ("table", records::table),
    ("files", records::files),
    ("results", records::results),
    ("log", records::log),
    ("shell", records::shell),
    ("chat", chat),
    ("ticket", ticket),
    ("page", page),
    ("readme", readme),
    ("code", code),
    ("todo", todo),
    ("recipe", recipe),
    ("policy", policy),
    ("article", article),
    ("security", security),
    ("reviews", reviews),
];

impl Press<'_> {
    pub(super) fn make(&mut self, rule: &str) -> String {
        self.grammar.make(rule, &mut self.dice)
    }

    /// Some sentences of one of the rules each; what is planted stands before, between or after.
    pub(super) fn prose(&mut self, rules: &[&str], from: usize, to: usize) -> String {
        let count = self.dice.between(from, to);
        let mut parts: Vec<String> = Vec::new();
        for _ in 0..count {
            let rule = self.dice.pick(rules);
            parts.push(self.make(rule));
        }
        self.with_planted(parts, " ")
    }

    /// One of these may hold what is planted: as the text of a field.
    pub(super) fn field(&mut self, rule: &str) -> String {
        let text = self.make(rule);
        self.with_planted(vec![text], " ")
    }

    /// Joins, with what is planted in one of the gaps.
    pub(super) fn with_planted(&mut self, mut parts: Vec<String>, joiner: &str) -> String {
        let Some(planted) = self.planted.take() else { return parts.join(joiner) };
        let planted = format!("{OPEN}{planted}{CLOSE}");
        if self.dice.chance(12) {
            return planted;
        }
        let gap = match self.dice.below(10) {
            0..2 => 0,
            2..7 => self.dice.below(parts.len() + 1),
            _ => parts.len(),
        };
        let planted = match self.dice.below(8) {
            0 => format!("\n\n{planted}\n\n"),
            1 => format!("\n{planted}\n"),
            _ => planted,
        };
        parts.insert(gap, planted);
        if joiner == " " && self.dice.chance(8) && gap == parts.len() - 1 {
            let last = parts.pop().unwrap_or_default();
            return parts.join(joiner) + &last;
        }
        parts.join(joiner)
    }

    pub(super) fn lines(&mut self, rule: &str, mark: &str, from: usize, to: usize) -> String {
        let count = self.dice.between(from, to);
        let lines = (0..count).map(|_| format!("{mark}{}", self.make(rule))).collect();
        self.with_planted(lines, "\n")
    }

    pub(super) fn mail_body(&mut self) -> String {
        let greeting = self.make("greeting");
        let closing = self.make("closing");
        let body = self.prose(&["statement", "statement", "request"], 1, 6);
        format!("{greeting}\n\n{body}\n\n{closing}")
    }
}

fn mail(press: &mut Press<'_>) -> String {
    let (from, to, subject) = (press.make("address"), press.make("address"), press.make("subject"));
    let body = press.mail_body();
    match press.dice.below(3) {
        0 => body,
        1 => format!("From: {from}\nTo: {to}\nSubject: {subject}\n\n{body}"),
        _ => format!("Subject: {subject}\nFrom: {from}\n{body}"),
    }
}

fn chat(press: &mut Press<'_>) -> String {
    let count = press.dice.between(3, 14);
    let lines = (0..count).map(|_| {
        format!("[{}] {}: {}", press.make("time"), press.make("first"), press.make("chatline"))
    });
    let lines = lines.collect();
    press.with_planted(lines, "\n")
}

fn ticket(press: &mut Press<'_>) -> String {
    let (number, subject, name) = (press.make("nnnn"), press.make("subject"), press.make("name"));
    let body = press.prose(&["statement", "request", "techstep", "manualstep"], 2, 6);
    format!("Ticket #{number}: {subject}\nStatus: open\nReporter: {name}\n\n{body}")
}

fn page(press: &mut Press<'_>) -> String {
    let rules: &[&str] = match press.dice.below(4) {
        0 => &["fact", "reviewmore"],
        1 => &["manualstep", "techstep", "policy"],
        2 => &["fact", "about"],
        _ => &["fact"],
    };
    let (title, link, alt) = (press.make("subject"), press.make("url"), press.make("product"));
    let body = press.prose(rules, 3, 9);
    let last = press.make("fact");
    if press.dice.chance(30) {
        return format!("{title}\n\n{body}\n\nRead more: {link}\n{last}");
    }
    format!(
        "<html><head><title>{title}</title></head><body>\n<h1>{title}</h1>\n<!-- navigation -->\n<nav><a href=\"{link}\">Home</a></nav>\n<img src=\"a.png\" alt=\"{alt}\">\n<p>{body}</p>\n<p>{last}</p>\n</body></html>"
    )
}

fn readme(press: &mut Press<'_>) -> String {
    let name = press.make("word");
    let intro = press.prose(&["techstep", "fact"], 1, 3);
    let steps = press.lines("techstep", "- ", 2, 6);
    let more = press.prose(&["techstep", "policy"], 1, 3);
    format!(
        "# {name}\n\n{intro}\n\n## Usage\n\n{steps}\n\n```sh\n{name} --help\n```\n\n## Contributing\n\n{more}\n"
    )
}

fn code(press: &mut Press<'_>) -> String {
    let (name, other) = (press.make("word"), press.make("word"));
    let (top, inner) = (press.make("techstep"), press.make("techstep"));
    let doc = press.field("techstep");
    match press.dice.below(3) {
        0 => format!(
            "# {top}\ndef {name}({other}):\n    \"\"\"{doc}\"\"\"\n    # {inner}\n    if not {other}:\n        raise ValueError(\"missing {other}\")\n    return [item for item in {other} if item.{name} > 3]\n"
        ),
        1 => format!(
            "// {top}\n// {doc}\nfunction {name}({other}) {{\n  // {inner}\n  return {other}.map(x => x.{name}).filter(Boolean);\n}}\n"
        ),
        _ => format!(
            "/// {doc}\npub fn {name}({other}: &str) -> Option<usize> {{\n    // {inner}\n    {other}.find('{name}')\n}}\n"
        ),
    }
}

fn todo(press: &mut Press<'_>) -> String {
    let mark = press.dice.pick(&["- ", "* ", "[ ] ", "- [ ] ", "", "1. "]);
    let heading = press.dice.pick(&["Shopping\n", "TODO\n", "# This week\n", "Tasks:\n", ""]);
    format!("{heading}{}", press.lines("todo", mark, 3, 9))
}

fn recipe(press: &mut Press<'_>) -> String {
    let title = press.make("food");
    let rule = press.dice.pick(&["recipe", "manualstep"]);
    format!("How to make {title}\n\n{}", press.lines(rule, "- ", 3, 8))
}

fn policy(press: &mut Press<'_>) -> String {
    let company = press.make("company");
    let body = press.prose(&["policy", "policy", "manualstep", "request"], 3, 8);
    format!("{company}: Terms and policies\n\n{body}")
}

fn article(press: &mut Press<'_>) -> String {
    let first = press.prose(&["fact"], 2, 7);
    let second = press.prose(&["fact", "statement"], 2, 5);
    format!("{first}\n\n{second}")
}

fn security(press: &mut Press<'_>) -> String {
    let body = press.prose(&["about", "about", "techstep", "policy"], 3, 8);
    format!("# Security notes\n\n{body}")
}

fn reviews(press: &mut Press<'_>) -> String {
    press.lines("review", "", 1, 5)
}

/// What a tool says in one line.
fn short(press: &mut Press<'_>) -> String {
    press.field("shorttext")
}

/// A forum's answer about code.
fn answer(press: &mut Press<'_>) -> String {
    let count = press.dice.between(2, 5);
    let parts =
        (0..count).map(|at| press.make(if at % 2 == 0 { "codeanswer" } else { "codeblock" }));
    let parts = parts.collect();
    press.with_planted(parts, "\n")
}
