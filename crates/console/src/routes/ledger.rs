//! A tenant's log in the form of C2SP tlog-tiles: checkpoints, verifier key and hash tiles for
//! everybody, bundles of records for who may read records.

use axum::extract::State;
use axum::http::header;
use axum::response::{IntoResponse, Response};
use model::TenantId;

use super::{Endpoint, endpoint};
use crate::extract::Place;
use crate::{LogFile, Principal, Problem, Shared};

pub(super) fn endpoints() -> Vec<Endpoint> {
    vec![
        endpoint!(Public get "/ledger/{tenant}/checkpoint" checkpoint, "The log's latest signed checkpoint"),
        endpoint!(Public get "/ledger/{tenant}/vkey" verifier_key, "The key that verifies its checkpoints"),
        endpoint!(Public get "/ledger/{tenant}/checkpoints" checkpoints, "The checkpoints that the log signed before"),
        endpoint!(Public get "/ledger/{tenant}/cosigned" cosigned, "The checkpoints that witnesses cosigned"),
        endpoint!(Public get "/ledger/{tenant}/dropped" dropped, "How far retention dropped the log, signed"),
        endpoint!(Public get "/ledger/{tenant}/tile/{*tile}" tile, "A tile of the log's hashes"),
        endpoint!(Read get "/ledger/{tenant}/tile/entries/{*bundle}" entries, "A bundle of the log's records"),
    ]
}

async fn checkpoint(
    State(app): State<Shared>,
    Place(tenant): Place<TenantId>,
) -> Result<Response, Problem> {
    file(&app, tenant, LogFile::Checkpoint, "text/plain; charset=utf-8", "no-cache").await
}

async fn verifier_key(
    State(app): State<Shared>,
    Place(tenant): Place<TenantId>,
) -> Result<Response, Problem> {
    file(&app, tenant, LogFile::VerifierKey, "text/plain; charset=utf-8", "no-cache").await
}

async fn checkpoints(
    State(app): State<Shared>,
    Place(tenant): Place<TenantId>,
) -> Result<Response, Problem> {
    file(&app, tenant, LogFile::Checkpoints, "text/plain; charset=utf-8", "no-cache").await
}

async fn dropped(
    State(app): State<Shared>,
    Place(tenant): Place<TenantId>,
) -> Result<Response, Problem> {
    file(&app, tenant, LogFile::Dropped, "text/plain; charset=utf-8", "no-cache").await
}

async fn cosigned(
    State(app): State<Shared>,
    Place(tenant): Place<TenantId>,
) -> Result<Response, Problem> {
    file(&app, tenant, LogFile::Cosigned, "text/plain; charset=utf-8", "no-cache").await
}

/// Records of the reader's own tenant; of another's there is nothing, not even a refusal.
async fn entries(
    State(app): State<Shared>,
    principal: Principal,
    Place((tenant, bundle)): Place<(TenantId, String)>,
) -> Result<Response, Problem> {
    if principal.tenant != tenant || !is_bundle(&bundle) {
        return Err(Problem::not_found("bundle"));
    }
    let keep = "private, no-store";
    file(&app, tenant, LogFile::Entries(bundle), "application/octet-stream", keep).await
}

/// Tiles never change. Entry bundles hold records, and have an endpoint of their own.
async fn tile(
    State(app): State<Shared>,
    Place((tenant, tile)): Place<(TenantId, String)>,
) -> Result<Response, Problem> {
    if !is_hash_tile(&tile) {
        return Err(Problem::not_found("tile"));
    }
    let forever = "public, max-age=31536000, immutable";
    file(&app, tenant, LogFile::Tile(tile), "application/octet-stream", forever).await
}

async fn file(
    app: &Shared,
    tenant: TenantId,
    file: LogFile,
    kind: &'static str,
    keep: &'static str,
) -> Result<Response, Problem> {
    let bytes = app.journal.file(tenant, file).await;
    let bytes = bytes.ok_or_else(|| Problem::not_found("file of that log"))?;
    Ok(([(header::CONTENT_TYPE, kind), (header::CACHE_CONTROL, keep)], bytes).into_response())
}

/// `<L>/<N>[.p/<W>]` as in C2SP tlog-tiles: a level up to 63, groups of three digits of which
/// all but the last begin with `x`, a width from 1 to 255. No other spelling of a path passes.
fn is_hash_tile(path: &str) -> bool {
    let Some((level, rest)) = path.split_once('/') else { return false };
    plain_number(level, 63) && is_bundle(rest)
}

/// The same without the level.
fn is_bundle(rest: &str) -> bool {
    let (number, width) = match rest.split_once(".p/") {
        Some((number, width)) => (number, Some(width)),
        None => (rest, None),
    };
    let mut groups = number.rsplit('/');
    let last = groups.next().is_some_and(is_group);
    let before = groups.clone().count() <= 6
        && groups.all(|group| group.strip_prefix('x').is_some_and(is_group));
    last && before && width.is_none_or(|w| plain_number(w, 255) && w != "0")
}

fn is_group(text: &str) -> bool {
    text.len() == 3 && text.bytes().all(|b| b.is_ascii_digit())
}

fn plain_number(text: &str, most: u32) -> bool {
    let digits = text.len() <= 3 && text.bytes().all(|b| b.is_ascii_digit());
    digits && (text == "0" || !text.starts_with('0')) && text.parse().is_ok_and(|n: u32| n <= most)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_hash_tiles_are_tiles() {
        for good in ["0/000", "0/000.p/1", "63/x001/x234/067", "1/x001/234.p/255"] {
            assert!(is_hash_tile(good), "{good}");
        }
        for good in ["000", "000.p/1", "x001/x234/067", "x001/234.p/255"] {
            assert!(is_bundle(good), "{good}");
        }
        for bad in ["", "0/000", "../000", "000.p/256", "000/", "x001", "000.p/1/2"] {
            assert!(!is_bundle(bad), "{bad}");
        }
        for bad in [
            "",
            "0",
            "0/",
            "0/0",
            "0/0000",
            "entries/000",
            "00/000",
            "64/000",
            "0/000.p/0",
            "0/000.p/256",
            "0/000.p/",
            "0/001/234",
            "0/x001",
            "0/../000",
            "0/x001/x002/",
            "-1/000",
            "0/000.p/01",
            "0//000",
            "0/000/..",
            "0/x00a/000",
            "entries/x001/234.p/5",
        ] {
            assert!(!is_hash_tile(bad), "{bad}");
        }
    }
}
