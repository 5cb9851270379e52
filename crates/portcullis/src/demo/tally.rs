//! Sums and lines made from activity records.

use serde::Serialize;
use serde_json::Value;

use crate::cli::Table;

/// What the records say of one agent.
#[derive(Debug, Default, PartialEq, Serialize)]
pub(super) struct Row {
    pub(super) agent: String,
    pub(super) permitted: u64,
    pub(super) redacted: u64,
    pub(super) held: u64,
    pub(super) denied: u64,
    pub(super) cut: u64,
    pub(super) tokens: u64,
    pub(super) cost_usd: f64,
}

/// Callers that nobody knows are counted under this name.
const UNKNOWN: &str = "(unknown)";
/// Reasons are cut here in a table, in characters; the record has them whole.
const MAX_REASON: usize = 38;

/// One row for each agent that called, in the order of their first calls. `records` are newest
/// first, as the admin API gives them.
pub(super) fn by_agent(records: &[Value]) -> Vec<Row> {
    let mut rows: Vec<Row> = Vec::new();
    for record in records.iter().rev().filter(|record| is_call(record)) {
        let name = record["agent"].as_str().unwrap_or(UNKNOWN);
        let place = rows.iter().position(|row| row.agent == name).unwrap_or_else(|| {
            rows.push(Row { agent: name.to_owned(), ..Row::default() });
            rows.len() - 1
        });
        if let Some(row) = rows.get_mut(place) {
            row.add(record);
        }
    }
    rows
}

fn is_call(record: &Value) -> bool {
    matches!(record["kind"].as_str(), Some("llm.call" | "mcp.call_tool" | "auth.attempt"))
}

impl Row {
    fn add(&mut self, record: &Value) {
        let place = match (record["status"].as_str(), record["decision"]["effect"].as_str()) {
            (Some("cut"), _) => &mut self.cut,
            (_, Some("permit")) => &mut self.permitted,
            (_, Some("redact")) => &mut self.redacted,
            (_, Some("hold")) => &mut self.held,
            _ => &mut self.denied,
        };
        *place += 1;
        let usage = &record["usage"];
        let number = |name: &str| usage[name].as_u64().unwrap_or_default();
        self.tokens += number("input_tokens") + number("output_tokens");
        self.cost_usd += usage["cost_usd"].as_f64().unwrap_or_default();
    }
}

/// The rows for people.
pub(super) fn table(rows: &[Row]) -> Table {
    let mut table =
        Table::new(&["agent", "permitted", "redacted", "held", "denied", "cut", "tokens", "cost"]);
    for row in rows {
        let counts = [row.permitted, row.redacted, row.held, row.denied, row.cut, row.tokens];
        let cells = counts.iter().map(ToString::to_string);
        let cost = format!("${:.6}", row.cost_usd);
        table.row([row.agent.clone()].into_iter().chain(cells).chain([cost]));
    }
    table
}

/// One record on one line: time of day, who, what came of it, what it was about, why.
pub(super) fn line(record: &Value) -> [String; 5] {
    let text = |value: &Value| value.as_str().unwrap_or("-").to_owned();
    let time = text(&record["time"]).chars().skip(11).take(8).collect();
    let who = record["agent"].as_str().map_or_else(|| principal(record), str::to_owned);
    let outcome = match record["status"].as_str() {
        Some("cut") => "cut".to_owned(),
        _ => text(&record["decision"]["effect"]),
    };
    let about = text(&record["resource"]["name"]);
    let about = about.rsplit('/').next().unwrap_or_default().to_owned();
    [time, who, outcome, about, start_of(&because(record), MAX_REASON)]
}

/// The beginning of a text.
pub(super) fn start_of(text: &str, characters: usize) -> String {
    if text.chars().count() <= characters {
        return text.to_owned();
    }
    text.chars().take(characters).chain(['…']).collect()
}

/// Who made a change, or nobody.
fn principal(record: &Value) -> String {
    let by = record["detail"]["by"].as_str().or_else(|| record["client"]["credential"].as_str());
    match by {
        Some(by) if record["kind"] == "admin.change" => by.to_owned(),
        _ => UNKNOWN.to_owned(),
    }
}

/// What was found, or the change that was made, or the reason.
fn because(record: &Value) -> String {
    let findings = record["findings"].as_array().map(Vec::as_slice).unwrap_or_default();
    let found: Vec<&str> = findings.iter().filter_map(|found| found["kind"].as_str()).collect();
    if !found.is_empty() {
        return format!("found {}", found.join(", "));
    }
    if record["kind"] == "admin.change" {
        let detail = &record["detail"];
        let parts = [&detail["act"], &detail["reason"]];
        let parts: Vec<&str> = parts.into_iter().filter_map(|part| part.as_str()).collect();
        return parts.join(": ");
    }
    let reason = record["decision"]["reason"].as_str().unwrap_or("-");
    // What follows is advice.
    reason.split([':', ';']).next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;

    #[test]
    fn records_add_up_by_agent_and_outcome() {
        let call = |agent: &str, effect: &str, status: &str| {
            json!({
                "kind": "llm.call", "agent": agent, "status": status,
                "decision": {"effect": effect}, "usage": {"input_tokens": 3, "output_tokens": 4, "cost_usd": 0.5},
            })
        };
        let records = [
            json!({"kind": "system.start", "decision": {"effect": "permit"}}),
            call("b", "deny", "refused"),
            call("a", "permit", "cut"),
            call("a", "redact", "ok"),
            call("a", "permit", "ok"),
        ];
        let rows = by_agent(&records);
        let counts: Vec<_> = rows
            .iter()
            .map(|r| (r.agent.as_str(), r.permitted, r.redacted, r.denied, r.cut))
            .collect();
        assert_eq!(counts, [("a", 1, 1, 0, 1), ("b", 0, 0, 1, 0)]);
        assert_eq!((rows[0].tokens, rows[0].cost_usd), (21, 1.5));
    }
}
