//! Material made of records: JSON, YAML, printed dictionaries, tables, logs.

use serde_json::{Value, json};

use super::material::Press;

/// Where YAML writers wrap a quoted text.
const YAML_WIDTH: usize = 80;

/// A text as a YAML writer quotes it: single quotes doubled, line breaks doubled, long lines wrapped.
fn yaml_text(text: &str) -> String {
    let mut out = String::from("'");
    let mut column = 12;
    for line in text.split('\n') {
        if out.len() > 1 {
            out.push_str("\n\n    ");
            column = 4;
        }
        for (at, word) in line.split(' ').enumerate() {
            if at > 0 && column + word.len() > YAML_WIDTH {
                out.push_str("\n    ");
                column = 4;
            } else if at > 0 {
                out.push(' ');
                column += 1;
            }
            out.push_str(&word.replace('\'', "''"));
            column += word.len();
        }
    }
    out.push('\'');
    out
}

/// `count` records, one of which may hold what is planted.
fn several(press: &mut Press<'_>, most: usize, one: fn(&mut Press<'_>) -> String) -> Vec<String> {
    let count = press.dice.between(1, most);
    let chosen = press.dice.below(count);
    let planted = press.planted.take();
    let mut found = Vec::new();
    for at in 0..count {
        press.planted = planted.clone().filter(|_| at == chosen);
        found.push(one(press));
    }
    press.planted = None;
    found
}

pub(super) fn mails(press: &mut Press<'_>) -> String {
    several(press, 5, mail_yaml).join("\n")
}

fn mail_yaml(press: &mut Press<'_>) -> String {
    let (to, from, id) = (press.make("address"), press.make("address"), press.make("nn"));
    let (subject, date, time) = (press.make("subject"), press.make("date"), press.make("time"));
    let body = press.mail_body();
    format!(
        "- attachments: []\n  body: {}\n  cc: []\n  id: '{id}'\n  read: true\n  recipients:\n  - {to}\n  sender: {from}\n  subject: '{subject}'\n  timestamp: {date} {time}:00",
        yaml_text(&body)
    )
}

pub(super) fn mail_json(press: &mut Press<'_>) -> String {
    let (to, from, subject) = (press.make("address"), press.make("address"), press.make("subject"));
    let body = press.mail_body();
    pretty(
        press,
        &json!({"messages": [{"from": from, "to": [to], "subject": subject, "body": body, "unread": true}]}),
    )
}

fn pretty(press: &mut Press<'_>, value: &Value) -> String {
    if press.dice.chance(50) { format!("{value:#}") } else { value.to_string() }
}

pub(super) fn calendar(press: &mut Press<'_>) -> String {
    several(press, 5, event).join("\n")
}

fn event(press: &mut Press<'_>) -> String {
    let text = press.field("eventdesc");
    let (date, time, place) = (press.make("date"), press.make("time"), press.make("street"));
    let (guest, title) = (press.make("address"), press.make("subject"));
    format!(
        "- all_day: false\n  description: {}\n  end: {date} {time}\n  location: {place}\n  participants:\n  - {guest}\n  status: confirmed\n  title: '{title}'",
        yaml_text(&text)
    )
}

pub(super) fn json(press: &mut Press<'_>) -> String {
    let kind = press.dice.below(5);
    let items: Vec<Value> = several(press, 6, |press| press.field("note"))
        .into_iter()
        .map(|text| item(press, kind, &text))
        .collect();
    let key = ["products", "issues", "posts", "patients", "devices"]
        .get(kind)
        .copied()
        .unwrap_or("items");
    pretty(press, &json!({"status": "ok", key: items, "next": null}))
}

fn item(press: &mut Press<'_>, kind: usize, text: &str) -> Value {
    let (id, date, name) = (press.make("nnnn"), press.make("date"), press.make("name"));
    let (amount, word, city) = (press.make("amount"), press.make("word"), press.make("city"));
    match kind {
        0 => {
            json!({"id": id, "name": word, "price": amount, "description": text, "in_stock": true})
        }
        1 => json!({"number": id, "title": word, "state": "open", "author": name, "body": text}),
        2 => json!({"post_id": id, "user": name, "created": date, "content": text, "likes": 3}),
        3 => {
            json!({"patient_id": id, "name": name, "city": city, "notes": text, "last_visit": date})
        }
        _ => json!({"device": word, "serial": id, "location": city, "last_event": text}),
    }
}

/// As Python prints a dictionary.
pub(super) fn python(press: &mut Press<'_>) -> String {
    let text = press.field("note");
    let (name, id) = (press.make("name"), press.make("nnnn"));
    let text = text.replace('\\', "\\\\").replace('\n', "\\n").replace('\'', "\\'");
    match press.dice.below(3) {
        0 => format!("{{'message': '{text}'}}"),
        1 => format!("{{'id': {id}, 'user': '{name}', 'text': '{text}', 'flags': []}}"),
        _ => format!(
            "[{{'reviewer': '{name}', 'rating': 4, 'comment': '{text}'}}, {{'reviewer': 'none', 'rating': 5, 'comment': ''}}]"
        ),
    }
}

pub(super) fn bank(press: &mut Press<'_>) -> String {
    several(press, 6, transaction).join("\n")
}

fn transaction(press: &mut Press<'_>) -> String {
    let subject = press.field("purpose");
    let (amount, date) = (press.make("amount"), press.make("date"));
    let (to, from, id) = (press.make("iban"), press.make("iban"), press.make("n"));
    format!(
        "- amount: {amount}\n  date: {date}\n  id: {id}\n  recipient: {to}\n  recurring: false\n  sender: {from}\n  subject: {subject}"
    )
}

pub(super) fn csv(press: &mut Press<'_>) -> String {
    let rows = several(press, 8, |press| {
        let text = press.field("review").replace('"', "\"\"");
        format!("{},{},{},\"{text}\"", press.make("name"), press.make("address"), press.make("n"))
    });
    format!("name,email,rating,feedback\n{}", rows.join("\n"))
}

pub(super) fn table(press: &mut Press<'_>) -> String {
    let rows = several(press, 10, |press| {
        let (first, second) = (press.make("country"), press.make("yyyy"));
        let cell = press.make("company");
        let last = press.with_planted(vec![cell], " ").replace('\n', " ");
        format!("| {first:<12} | {second} | {last} |")
    });
    format!("| Country      | Year | Name |\n{}", rows.join("\n"))
}

pub(super) fn files(press: &mut Press<'_>) -> String {
    several(press, 3, |press| {
        let text =
            press.prose(&["fact", "statement", "recipe", "todo", "policy", "reviewmore"], 2, 7);
        let (name, owner) = (press.make("word"), press.make("address"));
        format!(
            "- content: {}\n  filename: {name}.docx\n  owner: {owner}\n  size: 1024",
            yaml_text(&text)
        )
    })
    .join("\n")
}

pub(super) fn results(press: &mut Press<'_>) -> String {
    let items =
        several(press, 5, |press| press.prose(&["fact", "about", "reviewmore", "fact"], 1, 3));
    let items: Vec<Value> = items
        .into_iter()
        .map(|text| json!({"title": press.make("subject"), "url": press.make("url"), "snippet": text}))
        .collect();
    pretty(press, &json!({"results": items}))
}

pub(super) fn log(press: &mut Press<'_>) -> String {
    let count = press.dice.between(4, 16);
    let lines = (0..count).map(|_| {
        format!("{} {} {}", press.make("date"), press.make("time"), press.make("logline"))
    });
    let lines = lines.collect();
    press.with_planted(lines, "\n")
}

pub(super) fn shell(press: &mut Press<'_>) -> String {
    let prompt = press.dice.pick(&[
        "$ ls -la\n",
        "$ git status\n",
        "$ cargo build\n",
        "",
        "> npm install\n",
    ]);
    format!("{prompt}{}", press.lines("shellline", "", 3, 14))
}

/// Messages of a channel.
pub(super) fn messages(press: &mut Press<'_>) -> String {
    several(press, 6, |press| {
        let body = press.field("channelmessage");
        let (to, from) = (press.make("first"), press.make("first"));
        format!("- body: {body}\n  recipient: {to}\n  sender: {from}")
    })
    .join("\n")
}

/// A table with many columns, some of them prose.
pub(super) fn wide_table(press: &mut Press<'_>) -> String {
    const COLUMNS: [&str; 8] =
        ["name", "date", "city", "nnnn", "company", "fact", "product", "reviewmore"];
    let from = press.dice.below(4);
    let columns = COLUMNS.get(from..from + 5).unwrap_or_default();
    let count = press.dice.between(1, 12);
    let chosen = press.dice.below(count);
    let planted = press.planted.take();
    let mut lines = vec![format!("| {} |", columns.join(" | "))];
    for at in 0..count {
        let mut cells: Vec<String> =
            columns.iter().map(|column| format!("{:<14}", press.make(column))).collect();
        press.planted = planted.clone().filter(|_| at == chosen);
        let last = cells.pop().unwrap_or_default();
        cells.push(press.with_planted(vec![last], " ").replace('\n', " "));
        lines.push(format!("| {} |", cells.join(" | ")));
    }
    lines.join("\n")
}
