//! `portcullis ledger search`: records, or what they come to.

use model::Timestamp;
use serde_json::{Value, json};

use crate::cli::session::{Session, encode};
use crate::cli::table::Table;
use crate::cli::{Exit, Output, Result};

/// What to look for: conditions of the query language, and flags that are short for some of them.
#[derive(Debug, clap::Args)]
pub(super) struct Search {
    /// Conditions that must all hold: FIELD:VALUE, several values with commas, * at the end of
    /// one, - before what must not hold (a query that begins with it stands behind --), numbers as
    /// FIELD:>5 or FIELD:2..5, words of the reason, the resource or the detail
    #[arg(value_name = "QUERY")]
    query: Vec<String>,
    #[arg(long)]
    agent: Option<String>,
    /// On whose behalf
    #[arg(long)]
    user: Option<String>,
    /// Such as llm.call or admin.change
    #[arg(long)]
    kind: Option<String>,
    /// permit, redact, hold or deny
    #[arg(long)]
    effect: Option<String>,
    /// begun, ok, refused, failed, cancelled, cut or interrupted
    #[arg(long)]
    status: Option<String>,
    #[arg(long)]
    provider: Option<String>,
    /// Such as openai/gpt-4o
    #[arg(long)]
    resource: Option<String>,
    #[arg(long)]
    session: Option<String>,
    /// A kind of finding such as secret.github_token, or a family such as secret
    #[arg(long)]
    finding: Option<String>,
    /// The first moment, such as 2026-11-23T14:00:00Z, or a span before now such as 7d
    #[arg(long)]
    since: Option<String>,
    /// The first moment after
    #[arg(long)]
    until: Option<String>,
    /// How many at most [default: 50; all for an export]
    #[arg(long)]
    pub(super) limit: Option<usize>,
}

/// Records on one page of the answer.
const PAGE: usize = 200;

impl Search {
    /// The filters by their names, in words.
    pub(super) fn about(&self) -> String {
        let words: Vec<String> =
            self.given().iter().map(|(name, value)| format!("{name} {value}")).collect();
        let limit = self.limit.map(|limit| format!(", the newest {limit}")).unwrap_or_default();
        match words.is_empty() {
            true => format!("all records{limit}"),
            false => format!("records with {}{limit}", words.join(", ")),
        }
    }

    /// The list of records, in pages.
    pub(super) fn path(&self, limit: usize) -> String {
        self.path_of("/api/v1/records", &[("limit", limit.min(PAGE).to_string())])
    }

    fn path_of(&self, path: &str, more: &[(&'static str, String)]) -> String {
        let given = self.given();
        let all = given.iter().chain(more);
        let pairs: Vec<String> =
            all.map(|(name, value)| format!("{name}={}", encode(value))).collect();
        format!("{path}?{}", pairs.join("&"))
    }

    fn given(&self) -> Vec<(&'static str, String)> {
        let query = (!self.query.is_empty()).then(|| self.query.join(" "));
        let all = [
            ("q", &query),
            ("agent", &self.agent),
            ("user", &self.user),
            ("kind", &self.kind),
            ("effect", &self.effect),
            ("status", &self.status),
            ("provider", &self.provider),
            ("resource", &self.resource),
            ("session", &self.session),
            ("finding", &self.finding),
            ("since", &self.since),
            ("until", &self.until),
        ];
        all.into_iter().filter_map(|(name, value)| Some((name, value.clone()?))).collect()
    }
}

#[derive(Debug, clap::Args)]
pub(in crate::cli) struct Arguments {
    #[command(flatten)]
    search: Search,
    /// Only how many there are
    #[arg(long, conflicts_with_all = ["top", "histogram"])]
    count: bool,
    /// The most frequent values of a field, such as agent, finding or detail
    #[arg(long, value_name = "FIELD")]
    top: Option<String>,
    /// How many there are in each span of time: a day in sixty, or what --since, --until and
    /// --step say
    #[arg(long, conflicts_with = "top")]
    histogram: bool,
    /// With --histogram: how wide a span is, such as 1h
    #[arg(long, value_name = "SPAN", requires = "histogram")]
    step: Option<String>,
}

pub(super) fn run(arguments: &Arguments, session: &Session<'_>, output: &mut Output) -> Result {
    let search = &arguments.search;
    if let Some(field) = &arguments.top {
        let mut more = vec![("field", field.clone())];
        more.extend(search.limit.map(|limit| ("limit", limit.to_string())));
        return top(&session.read(&search.path_of("/api/v1/records/top", &more))?, output);
    }
    if arguments.histogram {
        let step: Vec<_> = arguments.step.iter().map(|step| ("step", step.clone())).collect();
        let path = search.path_of("/api/v1/records/histogram", &step);
        return histogram(&session.read(&path)?, output);
    }
    if arguments.count {
        let more = [("limit", "1".to_owned()), ("count", "true".to_owned())];
        return count(&session.read(&search.path_of("/api/v1/records", &more))?, output);
    }
    records(search, session, output)
}

/// Says where the answer is of less than the log.
fn note_behind(answer: &Value, output: &mut Output) {
    if let Some(behind) = answer["behind"].as_u64().filter(|behind| *behind > 0) {
        output.note(format_args!("the newest {behind} records are not in the index yet"));
    }
}

fn count(answer: &Value, output: &mut Output) -> Result {
    note_behind(answer, output);
    match output.json {
        true => output.value(&answer["count"])?,
        false => output.line(&answer["count"]["value"])?,
    }
    Ok(Exit::Done)
}

fn top(answer: &Value, output: &mut Output) -> Result {
    note_behind(answer, output);
    if output.json {
        output.value(answer)?;
        return Ok(Exit::Done);
    }
    let rows = answer["values"].as_array().cloned().unwrap_or_default();
    let field = answer["field"].as_str().unwrap_or_default();
    output.table(&Table::of(&rows, &[(field, "value"), ("count", "count")]))?;
    let distinct = answer["distinct"].as_u64().unwrap_or(0);
    if distinct > rows.len() as u64 {
        output.note(format_args!("{} of {distinct} values", rows.len()));
    }
    Ok(Exit::Done)
}

/// The longest bar, in characters.
const BAR: u64 = 40;

fn histogram(answer: &Value, output: &mut Output) -> Result {
    note_behind(answer, output);
    if output.json {
        output.value(answer)?;
        return Ok(Exit::Done);
    }
    let counts = answer["counts"].as_array().cloned().unwrap_or_default();
    let counts: Vec<u64> = counts.iter().filter_map(Value::as_u64).collect();
    let most = counts.iter().copied().max().unwrap_or(0).max(1);
    let from: Timestamp = answer["from"].as_str().unwrap_or_default().parse().unwrap_or_default();
    let step = std::time::Duration::from_secs_f64(answer["step_s"].as_f64().unwrap_or(1.0));
    let mut table = Table::new(&["from", "count", ""]);
    for (place, count) in (0..).zip(&counts) {
        let bar = "#".repeat((count * BAR).div_ceil(most) as usize);
        table.row([from.plus(step * place).to_string(), count.to_string(), bar]);
    }
    output.table(&table)?;
    Ok(Exit::Done)
}

fn records(search: &Search, session: &Session<'_>, output: &mut Output) -> Result {
    let limit = search.limit.unwrap_or(50);
    let records = session.list(&search.path(limit), "records", limit)?;
    if output.json {
        output.value(&Value::Array(records))?;
        return Ok(Exit::Done);
    }
    if records.is_empty() {
        output.note("no record meets this");
        return Ok(Exit::Done);
    }
    let row = |item: &Value| {
        let record = &item["record"];
        json!({
            "time": record["time"], "agent": record["agent"], "kind": record["kind"],
            "effect": record["decision"]["effect"], "status": record["status"],
            "resource": record["resource"]["name"], "id": record["id"],
        })
    };
    let rows: Vec<Value> = records.iter().map(row).collect();
    let columns = ["time", "agent", "kind", "effect", "status", "resource", "id"];
    output.table(&Table::of(&rows, &columns.map(|name| (name, name))))?;
    Ok(Exit::Done)
}
