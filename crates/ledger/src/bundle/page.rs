//! The page for people: what the bundle holds, without a script and with nothing to load.

use std::fmt::Write;

use model::Digest;
use serde_json::Value;

use super::{Content, record_file};
use crate::cosignature;
use crate::note::{Checkpoint, parts};

const HEAD: &str = "<!doctype html>
<html lang=\"en\">
<head>
<meta charset=\"utf-8\">
<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; style-src 'unsafe-inline'\">
<title>Evidence from an activity log</title>
<style>
body { font: 15px/1.5 sans-serif; max-width: 60em; margin: 2em auto; padding: 0 1em; }
table { border-collapse: collapse; } td, th { border: 1px solid #999; padding: .2em .6em; text-align: left; }
pre { background: #f3f3f3; padding: .8em; white-space: pre-wrap; overflow-wrap: anywhere; }
</style>
</head>
<body>
";

/// Members of a record that the overview shows, where they are texts.
const COLUMNS: [&str; 5] = ["time", "kind", "agent", "status", "id"];

/// Writing to a string cannot fail, so results are let go.
pub(super) fn render(content: &Content) -> String {
    let mut page = HEAD.to_owned();
    heading(&mut page, content);
    overview(&mut page, content);
    how_to_check(&mut page);
    for policy in &content.policies {
        let hash = Digest::of(policy.text.as_bytes());
        let (name, text) = (escape(&policy.name), escape_lines(&policy.text));
        let _ = write!(page, "<h3>Policy {name}</h3>\n<p>SHA-256 {hash}</p>\n<pre>{text}</pre>\n");
    }
    for item in &content.items {
        let file = record_file(item.index);
        let text = match serde_json::from_slice::<Value>(&item.record) {
            Ok(value) => format!("{value:#}"),
            Err(_) => String::from_utf8_lossy(&item.record).into_owned(),
        };
        let (index, text) = (item.index, escape_lines(&text));
        let _ = write!(page, "<h3>Record {index}</h3>\n<p>{file}</p>\n<pre>{text}</pre>\n");
    }
    page.push_str("</body>\n</html>\n");
    page
}

fn heading(page: &mut String, content: &Content) {
    let text = parts(content.checkpoint.as_bytes()).map_or("", |(text, _)| text);
    let _ = write!(
        page,
        "<h1>Evidence from an activity log</h1>\n<p>{}</p>\n<p>Made: {}. Holds {} records.</p>\n",
        escape(&content.about),
        escape(&content.made),
        content.items.len()
    );
    if let Ok(head) = Checkpoint::parse(text) {
        let _ = write!(
            page,
            "<p>The log <b>{}</b> had {} records when its operator signed this state of it. \
             Root of the log: {}.</p>\n<p>Key of the log: {}</p>\n",
            escape(&head.origin),
            head.size,
            head.root,
            escape(&content.vkey.to_string())
        );
    }
    for witness in &content.witnesses {
        let name = escape(&witness.to_string());
        let said = match cosignature::verify(content.checkpoint.as_bytes(), witness) {
            Ok(time) => format!("cosigned this state of the log, {time} seconds after 1970-01-01"),
            Err(_) => "did not cosign this state of the log".to_owned(),
        };
        let _ = writeln!(page, "<p>Witness {name}: {said}.</p>");
    }
}

fn overview(page: &mut String, content: &Content) {
    page.push_str("<h2>Records</h2>\n<table>\n<tr><th>number</th>");
    for column in COLUMNS {
        let _ = write!(page, "<th>{column}</th>");
    }
    page.push_str("</tr>\n");
    for item in &content.items {
        let value: Value = serde_json::from_slice(&item.record).unwrap_or_default();
        let _ = write!(page, "<tr><td>{}</td>", item.index);
        for column in COLUMNS {
            let _ = write!(page, "<td>{}</td>", escape(value[column].as_str().unwrap_or("")));
        }
        page.push_str("</tr>\n");
    }
    page.push_str("</table>\n");
}

fn how_to_check(page: &mut String) {
    page.push_str(
        "<h2>What this shows, and what it does not</h2>\n\
         <p>Each record stands in this file byte for byte as it stands in the log, with the proof \
         that it is in the log that was signed. Whoever changes a record, a proof or this page is \
         found out by the check:</p>\n\
         <pre>portcullis ledger verify FILE --vkey KEY</pre>\n\
         <p>Take the key from somebody else than the one who gave you this file. The check does not \
         show that these are all the records there are, when the file was made, or that what was \
         recorded was true at the time.</p>\n\
         <h2>In full</h2>\n",
    );
}

/// Text for HTML. Characters that control a terminal or turn the text around are shown by number.
fn escape(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c if is_deceptive(c) => {
                let _ = write!(out, "\\u{{{:x}}}", u32::from(c));
            }
            c => out.push(c),
        }
    }
    out
}

fn escape_lines(text: &str) -> String {
    text.split('\n').map(escape).collect::<Vec<_>>().join("\n")
}

/// Control characters, zero-width and bidirectional ones, and the invisible tags.
fn is_deceptive(c: char) -> bool {
    c.is_control()
        || matches!(c, '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}')
        || matches!(c, '\u{2060}'..='\u{206f}' | '\u{feff}' | '\u{fff9}'..='\u{fffb}' | '\u{e0000}'..='\u{e0fff}')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_in_a_record_becomes_markup_or_hides() {
        let hostile = "</pre><script>alert('x')</script> \"&\" a\u{202e}b\u{200b}\u{1b}[1m";
        let shown = escape_lines(hostile);
        assert!(!shown.contains('<') && !shown.contains('\u{202e}') && !shown.contains('\u{1b}'));
        assert!(shown.contains("\\u{202e}") && shown.contains("&lt;script&gt;"), "{shown}");
        assert_eq!(escape_lines("a\nb"), "a\nb");
    }
}
