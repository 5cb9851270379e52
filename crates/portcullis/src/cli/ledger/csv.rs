//! Records as comma-separated values (RFC 4180), for tables.

use serde_json::Value;

use crate::cli::table::cell;

/// Heading, and where its value stands in a record.
const COLUMNS: [(&str, &str); 26] = [
    ("time", "/time"),
    ("id", "/id"),
    ("kind", "/kind"),
    ("agent", "/agent"),
    ("on_behalf_of", "/on_behalf_of"),
    ("chain", "/chain"),
    ("session", "/session"),
    ("zone", "/zone"),
    ("resource_type", "/resource/type"),
    ("resource", "/resource/name"),
    ("effect", "/decision/effect"),
    ("policies", "/decision/policies"),
    ("reason", "/decision/reason"),
    ("status", "/status"),
    ("http_status", "/http_status"),
    ("findings", "/findings"),
    ("labels", "/labels"),
    ("input_tokens", "/usage/input_tokens"),
    ("output_tokens", "/usage/output_tokens"),
    ("cost_usd", "/usage/cost_usd"),
    ("bytes_in", "/usage/bytes_in"),
    ("bytes_out", "/usage/bytes_out"),
    ("address", "/client/address"),
    ("credential", "/client/credential"),
    ("trace", "/trace"),
    ("detail", "/detail"),
];

/// The line of headings. Lines end as RFC 4180 has it, and the output adds the line feed.
pub(super) fn heading() -> String {
    COLUMNS.map(|(heading, _)| heading).join(",") + "\r"
}

pub(super) fn line(record: &Value) -> String {
    let fields = COLUMNS.map(|(_, place)| field(&text(record.pointer(place))));
    fields.join(",") + "\r"
}

fn text(value: Option<&Value>) -> String {
    match value {
        None | Some(Value::Null) => String::new(),
        Some(Value::Array(items)) => items.iter().map(item).collect::<Vec<_>>().join("; "),
        Some(Value::Object(members)) => {
            let pair = |(name, value): (&String, &Value)| format!("{name}={}", cell(value));
            members.iter().map(pair).collect::<Vec<_>>().join("; ")
        }
        Some(Value::String(text)) => text.clone(),
        Some(other) => other.to_string(),
    }
}

/// Of a finding, its kind.
fn item(value: &Value) -> String {
    cell(value.get("kind").unwrap_or(value))
}

/// Quoted where it has to be. What a spreadsheet would take for a formula gets an apostrophe, which
/// makes it a text: records hold what strangers sent.
fn field(text: &str) -> String {
    let is_number = text.parse::<f64>().is_ok();
    let is_formula = !is_number
        && text
            .trim_start()
            .starts_with(['=', '+', '-', '@', '\u{ff1d}', '\u{ff0b}', '\u{ff0d}', '\u{ff20}'])
        || text.starts_with(['\t', '\r', '\n']);
    let guard = if is_formula { "'" } else { "" };
    if is_formula || text.contains(['"', ',', ';', '\t', '\r', '\n']) {
        format!("\"{guard}{}\"", text.replace('"', "\"\""))
    } else {
        text.to_owned()
    }
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn a_record_is_a_line_of_as_many_fields_as_headings() {
        let record = json!({
            "time": "2026-11-26T12:00:00.000000Z", "kind": "llm.call", "agent": "bot",
            "decision": {"effect": "deny", "policies": ["a", "b"], "reason": "no \"model\", none"},
            "findings": [{"kind": "secret.github_token"}, {"kind": "pii.iban"}],
            "usage": {"cost_usd": 1e-7}, "detail": {"act": "x", "who": "ann"},
        });
        let line = line(&record);
        assert!(line.starts_with("2026-11-26T12:00:00.000000Z,,llm.call,bot,"), "{line}");
        assert!(line.contains("\"a; b\",\"no \"\"model\"\", none\""), "{line}");
        assert!(line.contains("\"secret.github_token; pii.iban\""), "{line}");
        assert!(line.ends_with("\"act=x; who=ann\"\r") && line.contains(",1e-7,"), "{line}");
        assert_eq!(heading().split(',').count(), COLUMNS.len());
    }

    #[test]
    fn nothing_reaches_a_spreadsheet_as_a_formula() {
        for (bad, shown) in [
            ("=1+1", "\"'=1+1\""),
            ("+cmd|' /C calc'!A0", "\"'+cmd|' /C calc'!A0\""),
            ("  @SUM(A1)", "\"'  @SUM(A1)\""),
            ("-1+2", "\"'-1+2\""),
            ("\u{ff1d}1", "\"'\u{ff1d}1\""),
            ("\tx", "\"'\tx\""),
        ] {
            assert_eq!(field(bad), shown, "{bad:?}");
        }
        // A number stays a number, and a text without a sign stays as it is.
        assert_eq!((field("-1.5"), field("a=1")), ("-1.5".to_owned(), "a=1".to_owned()));
    }
}
