//! The console's own files, part of the program: one stylesheet, its scripts, one mark. Their names
//! carry their hash, so a browser may keep them for ever.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::{IntoResponse, Response};
use maud::{Markup, PreEscaped};
use model::{Digest, clip};

use super::page;
use crate::extract::Place;
use crate::{Endpoint, Problem};

/// Digits of the hash in a name.
const DIGITS: usize = 16;

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Asset {
    Style,
    Script,
    /// For the pages that ask for passkeys.
    Passkeys,
    /// For the page that verifies the log.
    Log,
    Icon,
}

struct File {
    asset: Asset,
    path: String,
    kind: &'static str,
    text: &'static str,
}

static FILES: LazyLock<[File; 5]> = LazyLock::new(|| {
    let file = |asset, name: &str, extension: &str, kind, text: &'static str| {
        let hash = Digest::of(text.as_bytes()).to_string();
        let path = format!("/assets/{name}.{}.{extension}", clip(&hash, DIGITS));
        File { asset, path, kind, text }
    };
    [
        file(
            Asset::Style,
            "console",
            "css",
            "text/css; charset=utf-8",
            include_str!("assets/console.css"),
        ),
        file(
            Asset::Script,
            "console",
            "js",
            "text/javascript; charset=utf-8",
            include_str!("assets/console.js"),
        ),
        file(
            Asset::Passkeys,
            "passkeys",
            "js",
            "text/javascript; charset=utf-8",
            include_str!("assets/passkeys.js"),
        ),
        file(
            Asset::Log,
            "log",
            "js",
            "text/javascript; charset=utf-8",
            include_str!("assets/log.js"),
        ),
        file(Asset::Icon, "icon", "svg", "image/svg+xml", include_str!("assets/icon.svg")),
    ]
});

impl Asset {
    /// Under which name it is served.
    pub(super) fn path(self) -> &'static str {
        FILES.iter().find(|file| file.asset == self).map_or("", |file| &file.path)
    }
}

/// The mark, to stand in a page.
pub(super) fn mark() -> Markup {
    PreEscaped(include_str!("assets/icon.svg").to_owned())
}

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![page!(Public get "/assets/{file}" show, "The stylesheet, the scripts and the mark")]
}

async fn show(Place(name): Place<String>) -> Result<Response, Problem> {
    let path = format!("/assets/{name}");
    let file = FILES.iter().find(|file| file.path == path);
    let file = file.ok_or_else(|| Problem::not_found("file"))?;
    let keep = "public, max-age=31536000, immutable";
    Ok(([(header::CONTENT_TYPE, file.kind), (header::CACHE_CONTROL, keep)], file.text)
        .into_response())
}
