//! Where the console is, as browsers and programs see it.

use axum::http::{HeaderMap, header};

use crate::{App, Problem};

/// Scheme and name under which people reach the console: as configured, or as it was called, which is
/// one of ours (see [`guard`](crate::guard)).
pub(crate) fn origin(app: &App, headers: &HeaderMap) -> Result<String, Problem> {
    if let Some(url) = &app.public_url {
        return Ok(url.clone());
    }
    let host = headers.get(header::HOST).and_then(|host| host.to_str().ok());
    let host = host.ok_or_else(|| Problem::bad_request("the request says no host"))?;
    let scheme = if app.login.secure { "https" } else { "http" };
    Ok(format!("{scheme}://{}", host.to_ascii_lowercase()))
}
