//! For whom a record's agent acted, by name: for whoever may know, and it leaves a record.

use axum::extract::State;
use axum::response::{IntoResponse, Response};
use maud::html;
use model::RecordId;

use super::super::components::text::untrusted;
use super::super::page;
use super::super::shell::{self, Frame, Section};
use super::super::surface::step_up;
use crate::change::with_record;
use crate::extract::Place;
use crate::routes::records;
use crate::{Endpoint, Principal, Problem, Shared, names};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Names get "/activity/{record}/person" show, "For whom its agent acted, by name; leaves a record"),
    ]
}

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Place(id): Place<RecordId>,
) -> Result<Response, Problem> {
    if let Some(first) = step_up(&who, &format!("/activity/{id}/person")) {
        return Ok(first);
    }
    let hit = records::one(&app, &who, id).await?;
    let record = records::record(&app, &who.tenant, &hit).await?;
    let pseudonym = record.on_behalf_of.ok_or_else(|| Problem::not_found("person"))?;
    let (name, told) = names::resolve(&app, &who, &pseudonym).await?;
    let body = html! {
        section.card {
            h2 { "For whom " a href=(format!("/activity/{id}")) { (id) } " was done" }
            p { (untrusted(pseudonym.as_str())) " is " b { (untrusted(name.as_str())) } "." }
        }
    };
    let frame = Frame::below(Section::Activity, "person");
    Ok(with_record(shell::page(&app, &who, frame, body).await.into_response(), told))
}
