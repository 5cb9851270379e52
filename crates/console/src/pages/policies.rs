//! Policies: the text in force.

use axum::extract::State;
use axum::response::Response;
use maud::html;

use super::components::text::{digest, untrusted, untrusted_block};
use super::page;
use super::shell::{self, Frame, Section};
use crate::{Endpoint, PolicySource, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![page!(Read get "/policies" show, "The policies in force")]
}

async fn show(State(app): State<Shared>, who: Principal) -> Result<Response, Problem> {
    let policy = app.instance.policy(&who.tenant);
    let body = html! {
        p { "In force: version " (digest(&policy.version)) }
        @for source in &policy.sources { section.card { h2 { (untrusted(&source.name)) } (untrusted_block(&source.text)) } }
    };
    Ok(shell::page(&app, &who, Frame::of(Section::Policies), body).await)
}

/// The text of a policy among the files in force: from its annotations to the end of its statement.
pub(super) fn text_of<'a>(sources: &'a [PolicySource], id: &str) -> Option<&'a str> {
    let mark = format!("@id(\"{id}\")");
    sources.iter().find_map(|source| {
        let at = source.text.find(&mark)?;
        // What stands between the statement before and this one: its comment and annotations.
        let start = source.text.get(..at)?.rfind(";\n").map_or(0, |end| end + 2);
        let end = source.text.get(at..)?.find("};").map(|end| at + end + 2);
        let end = end.or_else(|| source.text.get(at..)?.find(';').map(|end| at + end + 1));
        source.text.get(start..end.unwrap_or(source.text.len())).map(str::trim)
    })
}
