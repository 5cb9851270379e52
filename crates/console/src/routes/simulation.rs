//! A draft of policies, tried on recorded traffic.
//!
//! One request looks at a bounded piece of it, the newest first, and says where to go on. Nothing is
//! kept and nothing changes.

use std::collections::HashMap;
use std::time::Duration;

use axum::Json;
use axum::extract::State;
use axum::response::{IntoResponse, Response};
use axum::routing::MethodRouter;
use model::{Agent, AgentName, Record, TenantId, Timestamp};
use policy::replay::{Comparison, Simulation};
use serde::Deserialize;
use serde_json::json;
use store::{Cursor, Filter, PolicyFile, StoreError};
use tokio::time::Instant;

use super::policies::{check_files, roomy};
use super::records::record;
use super::{Endpoint, endpoint};
use crate::extract::Body;
use crate::{App, Drafted, Failure, PolicySource, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![Endpoint {
        handler: simulate_route,
        ..endpoint!(Author post "/api/v1/policies/simulate" simulate, "What a draft would have decided otherwise, from recorded traffic, a piece at a time")
    }]
}

/// What policies decide on.
const TRAFFIC: &str = "kind:llm.*,mcp.*";

/// How far back, unless it is said.
pub(crate) const WEEK: &str = "7d";

/// Hits that are asked of the index at once.
const PAGE: usize = 500;

/// How much one request looks at, whichever ends first.
#[derive(Clone, Copy)]
pub(crate) struct Bounds {
    pub(crate) records: usize,
    pub(crate) time: Duration,
}

/// A program asks again for the next piece.
const PIECE: Bounds = Bounds { records: 10_000, time: Duration::from_secs(5) };

/// From when on, and where the piece before ended.
pub(crate) struct Reach {
    pub(crate) since: Timestamp,
    pub(crate) after: Option<Cursor>,
}

/// One piece.
pub(crate) struct Piece {
    pub(crate) simulation: Simulation,
    /// Where the next begins.
    pub(crate) next: Option<Cursor>,
    /// Who answers for an agent and what it is for was taken as it is now.
    pub(crate) assumes_owners: bool,
    pub(crate) in_force: String,
    pub(crate) draft: String,
}

fn simulate_route() -> MethodRouter<Shared> {
    roomy(axum::routing::post(simulate))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Request {
    /// The draft: `*.cedar` files.
    #[serde(default)]
    files: Vec<PolicyFile>,
    /// Or a version that was proposed.
    version: Option<u32>,
    /// A moment, or a span before now.
    since: Option<String>,
    /// What the piece before gave.
    cursor: Option<String>,
}

async fn simulate(
    State(app): State<Shared>,
    who: Principal,
    Body(request): Body<Request>,
) -> Result<Response, Problem> {
    let files = match (request.version, request.files) {
        (Some(number), files) if files.is_empty() => {
            app.store.policy_version(&who.tenant, number).await?.files
        }
        (None, files) if !files.is_empty() => files,
        _ => return Err(Problem::bad_request("name `files` or a `version`, one of them")),
    };
    let since = request.since.as_deref().unwrap_or(WEEK);
    let since = store::moment(since, (app.clock)())?;
    let after = request.cursor.as_deref().map(str::parse::<Cursor>).transpose()?;
    let drafted = drafted(&app, &who.tenant, &files)?;
    let piece = replay(&app, &who.tenant, &drafted, Reach { since, after }, PIECE).await?;
    Ok(Json(json!({
        "simulation": piece.simulation,
        "since": since,
        "next_cursor": piece.next.map(|cursor| cursor.to_string()),
        "in_force": piece.in_force,
        "draft": piece.draft,
        "owners_and_purposes_as_now": piece.assumes_owners,
        "behind": app.instance.index(&who.tenant).behind(),
    }))
    .into_response())
}

/// Compiles a draft beside the policies in force, under the roles and zones of now.
pub(crate) fn drafted(
    app: &App,
    tenant: &TenantId,
    files: &[PolicyFile],
) -> Result<Drafted, Problem> {
    check_files(files)?;
    let source =
        |file: &PolicyFile| PolicySource { name: file.name.clone(), text: file.text.clone() };
    let sources: Vec<PolicySource> = files.iter().map(source).collect();
    let drafted = app.instance.draft_policies(tenant, &sources);
    drafted.map_err(|Failure(why)| super::policies::unfit(why))
}

/// Looks at a piece of what was recorded.
pub(crate) async fn replay(
    app: &App,
    tenant: &TenantId,
    drafted: &Drafted,
    reach: Reach,
    bounds: Bounds,
) -> Result<Piece, Problem> {
    let comparison = Comparison { in_force: &drafted.in_force, draft: &drafted.draft };
    let assumes_owners = comparison.reads_what_is_not_recorded();
    let mut agents = Agents { known: HashMap::new(), matter: assumes_owners };
    let mut filter = Filter { since: Some(reach.since), ..Filter::default() };
    filter.narrow(TRAFFIC, (app.clock)())?;
    app.instance.catch_up(tenant).await;
    let (mut simulation, mut after, mut seen) = (Simulation::default(), reach.after, 0);
    let until = Instant::now() + bounds.time;
    loop {
        let page = PAGE.min(bounds.records - seen);
        let page = app.store.search(tenant, filter.clone(), after, page).await?;
        for hit in &page.hits {
            let record = record(app, tenant, hit).await?;
            let agent = agents.of(app, &record).await?;
            simulation.add(record.time, comparison.replay(&record, agent.as_ref()));
        }
        seen += page.hits.len();
        after = page.next;
        if after.is_none() || seen >= bounds.records || Instant::now() >= until {
            break;
        }
    }
    Ok(Piece {
        simulation,
        next: after,
        assumes_owners,
        in_force: drafted.in_force.version().to_string(),
        draft: drafted.draft.version().to_string(),
    })
}

/// Agents as they are now, each looked up once.
struct Agents {
    known: HashMap<AgentName, Option<Agent>>,
    /// Whether any policy reads what only they know.
    matter: bool,
}

impl Agents {
    async fn of(&mut self, app: &App, record: &Record) -> Result<Option<Agent>, Problem> {
        let Some(name) = record.agent.as_ref().filter(|_| self.matter) else { return Ok(None) };
        if let Some(known) = self.known.get(name) {
            return Ok(known.clone());
        }
        let found = match app.store.agent(&record.tenant, name).await {
            Ok(stored) => Some(stored.agent),
            Err(StoreError::NotFound { .. }) => None,
            Err(error) => return Err(error.into()),
        };
        self.known.insert(name.clone(), found.clone());
        Ok(found)
    }
}
