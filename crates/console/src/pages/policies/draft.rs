//! A change that is written, tried out and proposed.

use axum::extract::State;
use axum::http::StatusCode;
use axum::response::Response;
use axum::routing::{MethodRouter, post};
use maud::{Markup, html};
use serde::Deserialize;
use store::PolicyFile;

use super::super::components::badge::Tone;
use super::super::components::field::{line, lines};
use super::super::components::notice::banner;
use super::super::components::text::untrusted_block;
use super::super::form::{Fields, token_field};
use super::super::page;
use super::super::shell::{self, Frame, Section};
use super::super::surface::see;
use super::outcome;
use crate::extract::Params;
use crate::routes::policies::{draft, roomy, tried};
use crate::{App, Endpoint, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Author get "/new/policy" ask, "A form for a change of the policies"),
        Endpoint {
            handler: propose_route,
            ..page!(Author post "/new/policy" propose, "Tries a change out, or proposes it, by form")
        },
    ]
}

fn propose_route() -> MethodRouter<Shared> {
    roomy(post(propose))
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct From {
    /// A version to begin with, instead of what is in force.
    from: Option<u32>,
}

async fn ask(
    State(app): State<Shared>,
    who: Principal,
    Params(From { from }): Params<From>,
) -> Result<Response, Problem> {
    let files = match from {
        Some(number) => app.store.policy_version(&who.tenant, number).await?.files,
        None => match app.store.deployed_policy(&who.tenant).await? {
            // The tests beside what is in force are only there.
            Some(version) => version.files,
            None => {
                let sources = app.instance.policy(&who.tenant).sources;
                sources
                    .into_iter()
                    .map(|source| PolicyFile { name: source.name, text: source.text })
                    .collect()
            }
        },
    };
    form(&app, &who, &files, "", html! {}).await
}

async fn form(
    app: &App,
    who: &Principal,
    files: &[PolicyFile],
    note: &str,
    said: Markup,
) -> Result<Response, Problem> {
    let new = PolicyFile { name: String::new(), text: String::new() };
    let body = html! {
        (said)
        form method="post" action="/new/policy" {
            (token_field(app, who)?)
            @for (at, file) in files.iter().chain([&new]).enumerate() {
                section.card {
                    @if file.name.is_empty() { h2 { "Another file" } }
                    (line(&format!("name-{at}"), "File", &file.name, if file.name.is_empty() { "Such as extra.cedar, or extra.test.toml with its cases. Left empty, there is none." } else { "Empty takes the file away." }))
                    (lines(&format!("text-{at}"), "Text", &file.text, "", if file.name.is_empty() { 6 } else { 18 }))
                }
            }
            section.card {
                (lines("note", "What changes, and why", note, "Whoever reviews it reads this first.", 2))
                div.row {
                    button type="submit" name="act" value="try" { "Try it out" }
                    button.primary type="submit" name="act" value="propose" { "Propose it for review" }
                    a.button href="/policies" { "Cancel" }
                }
            }
        }
    };
    Ok(shell::page(app, who, Frame::below(Section::Policies, "Propose a change"), body).await)
}

async fn propose(
    State(app): State<Shared>,
    who: Principal,
    mut fields: Fields,
) -> Result<Response, Problem> {
    let (act, note) = (fields.text("act"), fields.text("note"));
    let files = files(&mut fields);
    fields.end()?;
    let problem = match act.as_str() {
        "try" => match tried(&app, &who, &files) {
            Ok(report) => {
                let said = banner(Tone::Good, &outcome(&report));
                return form(&app, &who, &files, &note, said).await;
            }
            Err(problem) => problem,
        },
        _ => match draft(&app, &who, files.clone(), note.clone()).await {
            Ok((version, in_force)) => {
                return Ok(
                    in_force.mark(see(&format!("/policies/{}?done=proposed", version.number)))
                );
            }
            Err(problem) => problem,
        },
    };
    if problem.status() != StatusCode::UNPROCESSABLE_ENTITY {
        return Err(problem);
    }
    let said = banner(
        Tone::Bad,
        &html! { p { "It cannot be proposed like this:" } (untrusted_block(problem.detail())) },
    );
    form(&app, &who, &files, &note, said).await
}

/// Files as the form numbers them; browsers write line ends their own way. A file whose name was
/// emptied is gone.
fn files(fields: &mut Fields) -> Vec<PolicyFile> {
    let mut files = Vec::new();
    for at in 0.. {
        let Some(name) = fields.take(&format!("name-{at}")) else { break };
        let text = fields.take(&format!("text-{at}")).unwrap_or_default().replace("\r\n", "\n");
        if !name.trim().is_empty() {
            files.push(PolicyFile { name: name.trim().to_owned(), text });
        }
    }
    files
}
