//! The log: how far it reaches, its checkpoints and who cosigned them, and how to verify it.

use axum::extract::State;
use axum::response::Response;
use maud::{Markup, html};
use model::TenantId;

use super::assets::Asset;
use super::components::field::facts;
use super::components::notice::{command, empty};
use super::components::table::{Ask, Column, Table, Value};
use super::components::text::{digest, untrusted, untrusted_block};
use super::page;
use super::shell::{self, Frame, Section, segment, url};
use crate::extract::Params;
use crate::{App, Endpoint, LogFile, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        page!(Read get "/log" show, "The log: checkpoints, witnesses, verification, exports, retention"),
    ]
}

async fn show(
    State(app): State<Shared>,
    who: Principal,
    Params(ask): Params<Ask>,
) -> Result<Response, Problem> {
    let file = async |file| {
        let bytes = app.journal.file(who.tenant.clone(), file).await.unwrap_or_default();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    let (checkpoint, key) = (file(LogFile::Checkpoint).await, file(LogFile::VerifierKey).await);
    let (past, cosigned) = (file(LogFile::Checkpoints).await, file(LogFile::Cosigned).await);
    let dropped = file(LogFile::Dropped).await;
    let past = match checkpoints(&past).answer(&ask) {
        Ok(table) => table,
        Err(file) => return Ok(*file),
    };
    let log = format!("/ledger/{}", segment(who.tenant.as_str()));
    let body = html! {
        section.card { h2 { "Where it stands" } (standing(&app, &who.tenant, &checkpoint, &key)) }
        section.card {
            h2 { "Verify it" }
            p { "Anybody can, without trusting this page or this program: the log has the form of C2SP tlog-tiles." }
            div.row data-verify-log=(log) data-dropped=[(!dropped.is_empty()).then_some("")] {
                button type="button" data-part="checkpoint" hidden { "Check the checkpoint's signature here" }
                button type="button" data-part="all" hidden { "Verify all of it in this browser" }
                a.button href=(format!("{log}/checkpoint")) { "Checkpoint" }
                a.button href=(format!("{log}/vkey")) { "Key" }
            }
            div.verdict role="status" {}
            script src=(Asset::Log.path()) defer {}
            h3 { "All of it, on any machine" }
            (command(&format!("portcullis ledger verify https://THIS-CONSOLE{log} --vkey '{}'", key.trim())))
        }
        section.card { h2 { "Witnesses" } (witnesses(&cosigned)) }
        section.card { h2 { "Checkpoints" } (past) }
        section.card { h2 { "What was let go" } (retained(&dropped)) }
        section.card { h2 { "Archive" } (archive(&app, &who.tenant)) }
        section.card { h2 { "Exports" } (exports(&app, &who.tenant)) }
    };
    Ok(shell::page(&app, &who, Frame::of(Section::Log), body).await)
}

fn standing(app: &App, tenant: &TenantId, checkpoint: &str, key: &str) -> Markup {
    let index = app.instance.index(tenant);
    let mut lines = checkpoint.lines();
    let mut line = || untrusted(lines.next().unwrap_or_default());
    let (origin, size, root) = (line(), line(), line());
    facts(&[
        ("Name", origin),
        (
            "Records",
            html! { a href="/activity" { (index.size) } " written, " (index.indexed) " in the search index" },
        ),
        ("Latest checkpoint", html! { "over " (size) " records" }),
        ("Root hash", html! { code { (root) } }),
        ("Its key", html! { code { (untrusted(key.trim())) } }),
    ])
}

/// The notes of a file: text and signatures. Each is a text, an empty line, the lines of its
/// signatures and another empty line.
fn notes(file: &str) -> Vec<(&str, &str)> {
    let parts: Vec<&str> = file.trim_end().split("\n\n").collect();
    parts.chunks_exact(2).filter_map(|pair| Some((*pair.first()?, *pair.last()?))).collect()
}

fn witnesses(cosigned: &str) -> Markup {
    html! {
        @match notes(cosigned).last() {
            Some((text, signatures)) => { p { "The newest checkpoint that witnesses cosigned:" } (untrusted_block(&format!("{text}\n\n{signatures}"))) },
            None => (empty("No witness cosigns this log", &html! {
                p { "A witness keeps what the log once said and refuses to sign anything that contradicts it. Without one, a reader relies on checkpoints kept elsewhere." }
                (command("[[ledger.witness]]\nurl = \"https://witness.example.com\"\nkey = \"…\""))
            })),
        }
    }
}

/// Those of the past, the newest first: how many records, and the root over them.
fn checkpoints(past: &str) -> Table<'static, (u64, String)> {
    let read = |text: &str| {
        let mut lines = text.lines().skip(1);
        Some((lines.next()?.parse().ok()?, lines.next()?.to_owned()))
    };
    let rows = notes(past).into_iter().rev().filter_map(|(text, _)| read(text)).collect();
    Table {
        name: "checkpoints",
        caption: "checkpoints",
        path: "/log".to_owned(),
        keep: vec![],
        columns: vec![
            Column::new("records", "Records", |(size, _): &(u64, String)| {
                Value::Number(*size as f64)
            }),
            Column::new("root", "Root hash", |(_, root): &(u64, String)| {
                Value::from(root.as_str())
            })
            .shown(|(_, root)| digest(root)),
        ],
        rows,
        empty: html! { p.muted { "None is listed yet: one is signed after some records, and when somebody asks for a proof." } },
    }
}

fn retained(dropped: &str) -> Markup {
    html! {
        @if dropped.is_empty() { p.muted { "Nothing: the log is here from its first record." } }
        @else { p { "The beginning was let go as retention says; what is left still verifies." } (untrusted_block(dropped.trim())) }
        p { a href=(url("/activity", &[("q", "kind:data.retain,data.erase")])) { "Records of retention and erasure" } }
    }
}

fn archive(app: &App, tenant: &TenantId) -> Markup {
    let status = app.instance.status(tenant);
    let (archive, text) = (&status["archive"], |name: &str| {
        untrusted(status["archive"][name].as_str().unwrap_or_default())
    });
    html! {
        @if archive.is_null() { p.muted { "The log is copied nowhere." } } @else {
            ul.controls { li { b { (text("to")) } " " span.muted { (archive["archived"]) " archived, " (archive["behind"]) " behind" } } }
            @if archive["state"] == "failing" { p role="status" { "It fails: " (text("error")) } }
        }
    }
}

fn exports(app: &App, tenant: &TenantId) -> Markup {
    let exports = app.instance.exports(tenant);
    let exports = exports.as_array().cloned().unwrap_or_default();
    html! {
        @if exports.is_empty() { p.muted { "Records are sent nowhere else." } } @else {
            ul.controls { @for export in &exports { li { b { (untrusted(export["name"].as_str().unwrap_or_default())) } " " span.muted { (export["behind"]) " behind" } } } }
        }
        p { a href="/settings" { "Settings" } }
    }
}

#[cfg(test)]
mod tests {
    use super::notes;

    #[test]
    fn notes_are_told_apart() {
        let file = "a\n1\nx\n\n— a s1\n\na\n2\ny\n\n— a s2\n— w s3\n\n";
        assert_eq!(notes(file), [("a\n1\nx", "— a s1"), ("a\n2\ny", "— a s2\n— w s3")]);
        assert!(notes("").is_empty());
    }
}
