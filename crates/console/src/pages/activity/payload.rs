//! What was kept of a record's request or response, with the places marked where something was
//! found. Whoever opens it leaves a record, as through the API.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::{IntoResponse, Response};
use maud::{Markup, html};
use model::{Finding, Record, RecordId};
use serde_json::Value;

use super::super::components::badge::severity;
use super::super::components::field::facts;
use super::super::components::text::{digest, untrusted, untrusted_block, untrusted_short};
use super::super::page;
use super::super::shell::{self, Frame, Section};
use super::super::surface::step_up;
use crate::change::with_record;
use crate::custody::{PayloadPart, PayloadView};
use crate::extract::Place;
use crate::routes::{payloads, records};
use crate::{Endpoint, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Payload get "/activity/{record}/payload/{part}" show, "What was kept of its request or response; leaves a record"),
    ]
}

/// Lines of a document that are shown.
const MAX_LINES: usize = 4_000;

/// Bytes of one value that are shown.
const MAX_VALUE: usize = 16 * 1024;

/// Levels of a document that are shown one by one.
const MAX_DEPTH: usize = 32;

/// On a record's page: what was kept, for whoever may open it.
pub(super) fn kept(record: &Record) -> Markup {
    let parts = [
        ("Request", "request", record.payload.request.as_ref()),
        ("Response", "response", record.payload.response.as_ref()),
    ];
    let fact = |(title, part, kept): (&'static str, &str, Option<&model::PayloadRef>)| {
        let shown = html! {
            @if let Some(kept) = kept {
                @if kept.reference.is_some() {
                    a href=(format!("/activity/{}/payload/{part}", record.id)) { "Open" } " (leaves a record) "
                } @else { "not kept, " }
                "SHA-256 " (digest(&kept.sha256.to_string()))
            }
        };
        (title, shown)
    };
    facts(&parts.map(fact))
}

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Place((id, part)): Place<(RecordId, PayloadPart)>,
) -> Result<Response, Problem> {
    let name = part.as_str();
    if let Some(first) = step_up(&who, &format!("/activity/{id}/payload/{name}")) {
        return Ok(first);
    }
    let hit = records::one(&app, &who, id).await?;
    let record = records::record(&app, &who.tenant, &hit).await?;
    let opened = payloads::open(&app, &who, &record, part).await?;
    let body = html! {
        section.card {
            h2 { "The " (name) " of " a href=(format!("/activity/{id}")) { (id) } }
            @match &opened.view {
                Some(view) => (content(view, &found(&record, part))),
                None => p { "Its key was destroyed, so nobody can read it any more." },
            }
        }
    };
    let frame = Frame::below(Section::Activity, name);
    let page = shell::page(&app, &who, frame, body).await;
    let status = if opened.view.is_some() { StatusCode::OK } else { StatusCode::GONE };
    Ok(with_record((status, page).into_response(), opened.record))
}

/// What was found on one side, without the side in the name of the place.
fn found(record: &Record, part: PayloadPart) -> Vec<(&str, &Finding)> {
    let side = match part {
        PayloadPart::Request => "request:",
        PayloadPart::Response => "answer:",
    };
    let findings = record.findings.iter();
    findings.filter_map(|finding| Some((finding.location.strip_prefix(side)?, finding))).collect()
}

fn content(view: &PayloadView, found: &[(&str, &Finding)]) -> Markup {
    html! {
        @if view.is_truncated { p { "More came than was kept: this is the beginning." } }
        @match std::str::from_utf8(&view.bytes) {
            Ok(text) if view.coding.is_empty() => (text_of(text, found)),
            _ => p { (view.bytes.len()) " bytes " @if !view.coding.is_empty() { "in " (untrusted(&view.coding)) } " that are no text; the API gives them as they are." },
        }
    }
}

fn text_of(text: &str, found: &[(&str, &Finding)]) -> Markup {
    let Ok(value) = serde_json::from_str::<Value>(text) else { return untrusted_block(text) };
    let mut lines = Lines::default();
    lines.walk(&value, &mut String::new(), "", 0);
    let kinds = |line: &Line| -> Vec<&Finding> {
        let here = found.iter().filter(|(place, _)| !line.place.is_empty() && *place == line.place);
        here.map(|(_, finding)| *finding).collect()
    };
    html! {
        pre.outside tabindex="0" {
            @for line in &lines.list {
                @let here = kinds(line);
                (" ".repeat(2 * line.depth))
                @if here.is_empty() { (untrusted_short(&line.text, MAX_VALUE)) }
                @else {
                    mark { (untrusted_short(&line.text, MAX_VALUE)) }
                    @for finding in here { " " (severity(finding.severity)) " " (untrusted(&finding.kind)) }
                }
                "\n"
            }
        }
        @if lines.is_cut { p.muted { "There is more; the API gives the whole." } }
    }
}

/// A document, a value a line.
#[derive(Default)]
struct Lines {
    list: Vec<Line>,
    is_cut: bool,
}

struct Line {
    depth: usize,
    text: String,
    /// Of a value: where it stands, as findings say it.
    place: String,
}

impl Lines {
    fn walk(&mut self, value: &Value, place: &mut String, label: &str, depth: usize) {
        if self.list.len() >= MAX_LINES {
            self.is_cut = true;
            return;
        }
        let length = place.len();
        match value {
            Value::Object(members) if depth < MAX_DEPTH && !members.is_empty() => {
                self.add(depth, format!("{label}{{"), "");
                for (name, member) in members {
                    if !place.is_empty() {
                        place.push('.');
                    }
                    place.push_str(name);
                    self.walk(
                        member,
                        place,
                        &format!("{}: ", Value::from(name.as_str())),
                        depth + 1,
                    );
                    place.truncate(length);
                }
                self.add(depth, "}".to_owned(), "");
            }
            Value::Array(items) if depth < MAX_DEPTH && !items.is_empty() => {
                self.add(depth, format!("{label}["), "");
                for (index, item) in items.iter().enumerate() {
                    place.push_str(&format!("[{index}]"));
                    self.walk(item, place, "", depth + 1);
                    place.truncate(length);
                }
                self.add(depth, "]".to_owned(), "");
            }
            _ => self.add(depth, format!("{label}{value}"), place),
        }
    }

    fn add(&mut self, depth: usize, text: String, place: &str) {
        self.list.push(Line { depth, text, place: place.to_owned() });
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use model::Severity;
    use serde_json::json;

    use super::*;

    fn finding(location: &str) -> Finding {
        Finding {
            confidence: 1.0,
            count: 1,
            detector: Arc::from("email"),
            fingerprint: None,
            kind: Arc::from("personal.email"),
            severity: Severity::Low,
            location: location.to_owned(),
        }
    }

    #[test]
    fn a_value_is_marked_where_it_was_found_and_nowhere_else() {
        let body = json!({"messages": [{"content": "one"}, {"content": "<b>two</b>"}]});
        let found = finding("request:messages[1].content");
        let shown = text_of(&body.to_string(), &[("messages[1].content", &found)]).into_string();
        assert_eq!(shown.matches("<mark>").count(), 1);
        let marked = shown.split_once("<mark>").and_then(|(_, rest)| rest.split_once("</mark>"));
        let (marked, after) = marked.unwrap();
        assert!(marked.contains("&lt;b&gt;two&lt;/b&gt;") && !marked.contains("one"));
        assert!(after.contains("personal.email"));
    }

    #[test]
    fn a_document_without_end_is_cut() {
        let deep = (0..MAX_DEPTH * 3).fold(json!("x"), |inner, _| json!([inner]));
        assert!(text_of(&deep.to_string(), &[]).into_string().len() < 100_000);
        let long = json!(vec![1; MAX_LINES * 2]);
        assert!(text_of(&long.to_string(), &[]).into_string().contains("There is more"));
        assert!(text_of("no document", &[]).into_string().contains("no document"));
    }
}
