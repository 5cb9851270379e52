//! The list of records: filters, pages, CSV.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use model::{Record, Timestamp};
use serde::Deserialize;
use store::{Cursor, Filter};

use super::super::components::csv;
use super::super::components::notice::empty;
use super::super::page;
use super::super::shell::{self, Frame, Section, url};
use super::{found, rows};
use crate::extract::Params;
use crate::{Endpoint, Principal, Problem, Shared, names};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![page!(Read get "/activity" list, "Records that meet the filters, the newest first")]
}

/// Records on one page.
const ROWS: usize = 50;

/// Records of one CSV file; narrow the filter for others.
const MAX_FILE: usize = 1_000;

/// The filters, as they stand in the address.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(deny_unknown_fields)]
pub(super) struct Ask {
    /// A query such as `effect:deny agent:bot "text"`.
    #[serde(default)]
    pub(super) q: String,
    #[serde(default)]
    pub(super) since: String,
    #[serde(default)]
    pub(super) until: String,
    #[serde(default)]
    pub(super) cursor: String,
    #[serde(default)]
    pub(super) format: String,
}

impl Ask {
    pub(super) fn filter(&self, now: Timestamp) -> Result<Filter, Problem> {
        let moment = |text: &str| (!text.is_empty()).then(|| store::moment(text, now)).transpose();
        let mut filter = Filter {
            since: moment(&self.since)?,
            until: moment(&self.until)?,
            ..Filter::default()
        };
        filter.narrow(&self.q, now)?;
        Ok(filter)
    }

    /// A page that ends at the present.
    fn is_live(&self) -> bool {
        self.until.is_empty() && self.cursor.is_empty()
    }

    fn url(&self, q: &str, more: &[(&str, &str)]) -> String {
        let mut query = vec![("q", q), ("since", &self.since), ("until", &self.until)];
        query.extend(more);
        url("/activity", &query)
    }
}

/// What is asked for most, one click away.
const QUICK: [(&str, &str); 6] = [
    ("Everything", ""),
    ("Refused", "effect:deny"),
    ("Held", "effect:hold"),
    ("Redacted", "effect:redact"),
    ("Severe findings", "severity:high,critical"),
    ("Changes", "kind:admin.change"),
];

async fn list(
    State(app): State<Shared>,
    who: Principal,
    Params(ask): Params<Ask>,
) -> Result<Response, Problem> {
    let mut filter = ask.filter((app.clock)())?;
    names::in_search(&app, &who, &mut filter).await?;
    let after = (!ask.cursor.is_empty()).then(|| ask.cursor.parse::<Cursor>()).transpose()?;
    let is_file = ask.format == "csv";
    let most = if is_file { MAX_FILE } else { ROWS };
    let (found, next) = found(&app, &who, filter, after, most).await?;
    if is_file {
        return Ok(csv::download("activity", file(&found)));
    }
    let body = html! {
        div.card #activity {
            (tools(&ask))
            @if ask.is_live() { (live(&ask)) }
            @if found.is_empty() && !ask.is_live() { (nothing(&ask)) }
            @else { (rows(&found)) @if found.is_empty() { (nothing(&ask)) } }
            nav.pager aria-label="Pages of records" {
                @if after.is_some() { a href=(ask.url(&ask.q, &[])) data-swap="activity" { "Newest" } }
                @if let Some(next) = next { a href=(ask.url(&ask.q, &[("cursor", &next.to_string())])) data-swap="activity" rel="next" { "Older" } }
            }
        }
    };
    Ok(shell::page(&app, &who, Frame::of(Section::Activity), body).await)
}

fn tools(ask: &Ask) -> Markup {
    html! {
        form.tools method="get" action="/activity" data-swap="activity" role="search" aria-label="Filter activity" {
            label.sr for="q" { "Query" }
            input.filter.wide #q type="search" name="q" value=(ask.q) placeholder="agent:bot effect:deny \"words\"" autocomplete="off" spellcheck="false" aria-describedby="q-help";
            label.sr for="since" { "Since" }
            input.short #since name="since" value=(ask.since) placeholder="since, 24h" autocomplete="off";
            label.sr for="until" { "Until" }
            input.short #until name="until" value=(ask.until) placeholder="until" autocomplete="off";
            button type="submit" { "Search" }
            a.csv href=(ask.url(&ask.q, &[("format", "csv")])) { "CSV" }
        }
        p.sr #q-help { "Fields such as agent, effect, kind, finding, severity, user, session and resource; words in quotation marks." }
        ul.quick aria-label="Filters asked for most" { @for (name, q) in QUICK {
            li { a href=(ask.url(q, &[])) data-swap="activity" aria-current=[(q == ask.q.trim()).then_some("true")] { (name) } }
        } }
    }
}

/// What the script needs to add what happens now; without it, a reload shows the same.
fn live(ask: &Ask) -> Markup {
    html! {
        div.live data-live=(url("/activity/stream", &[("q", &ask.q), ("since", &ask.since)])) hidden {
            button type="button" aria-pressed="false" { "Pause" }
            span.state role="status" { "Live" }
            span.muted.left-out {}
        }
    }
}

fn nothing(ask: &Ask) -> Markup {
    let is_narrowed = !(ask.q.is_empty() && ask.since.is_empty() && ask.until.is_empty());
    if is_narrowed {
        return empty(
            "No record meets these filters",
            &html! { p { a href="/activity" { "Show everything" } } },
        );
    }
    empty(
        "Nothing was recorded yet",
        &html! { p { "Every action of every agent appears here, permitted or refused, as soon as it happens." } },
    )
}

fn file(found: &[Record]) -> String {
    let mut text = "\"id\",\"time\",\"kind\",\"effect\",\"status\",\"agent\",\"on_behalf_of\",\"resource\",\"findings\",\"reason\",\"session\",\"address\"\r\n".to_owned();
    for record in found {
        let findings: Vec<&str> = record.findings.iter().map(|finding| &*finding.kind).collect();
        let cells = [
            record.id.to_string(),
            record.time.to_string(),
            record.kind.as_str().to_owned(),
            record.decision.effect.as_str().to_owned(),
            record.status.as_str().to_owned(),
            record.agent.as_ref().map(ToString::to_string).unwrap_or_default(),
            record.on_behalf_of.as_ref().map(ToString::to_string).unwrap_or_default(),
            record.resource.as_ref().map(|resource| resource.name.clone()).unwrap_or_default(),
            findings.join(" "),
            record.decision.reason.to_string(),
            record.session.as_ref().map(ToString::to_string).unwrap_or_default(),
            record.client.address.clone(),
        ];
        text += &(cells.map(|cell| csv::cell(&cell)).join(",") + "\r\n");
    }
    text
}
