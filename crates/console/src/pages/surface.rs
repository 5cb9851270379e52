//! What holds for every page and for nothing else: a problem is shown as a page, and a form that
//! another site sends is refused.

use axum::extract::{Request, State};
use axum::http::{StatusCode, header};
use axum::middleware::Next;
use axum::response::{IntoResponse, Response};

use super::shell::{self, url};
use crate::authorise::{self, Sender, Within};
use crate::problem::Told;
use crate::{Principal, Problem, Shared};

pub(crate) async fn surface(State(app): State<Shared>, request: Request, next: Next) -> Response {
    // A script reads problems as programs do.
    let accepts = request.headers().get(header::ACCEPT).map(|value| value.as_bytes());
    let is_script = accepts == Some(b"application/json");
    let sender = authorise::sender(&app, request.uri(), request.headers());
    if !authorise::is_safe(request.method()) && sender == Sender::Elsewhere {
        let detail = "this form was sent from another site; open the page here and send it again";
        return shell::problem(&app, None, &Problem::new(StatusCode::FORBIDDEN, detail)).await;
    }
    let response = next.run(request).await;
    match response.extensions().get::<Told>().cloned() {
        Some(Told(problem)) if !is_script => {
            let within = response.extensions().get::<Within>().map(|Within(tenant)| tenant);
            let mut page = shell::problem(&app, within, &problem).await;
            for name in ["portcullis-record", "www-authenticate"] {
                if let Some(value) = response.headers().get(name) {
                    page.headers_mut().insert(name, value.clone());
                }
            }
            page
        }
        _ => response,
    }
}

/// Where a form goes when it is done: the page, in its new state.
pub(crate) fn see(path: &str) -> Response {
    // A path of ours: every name in it was written by `shell::segment`.
    (StatusCode::SEE_OTHER, [(header::LOCATION, path.to_owned())]).into_response()
}

/// The same after an act of the API: the record that tells of it is named in both answers.
pub(crate) fn then(done: &Response, path: &str) -> Response {
    let mut response = see(path);
    for name in ["portcullis-record", "portcullis-in-force-us"] {
        if let Some(value) = done.headers().get(name) {
            response.headers_mut().insert(name, value.clone());
        }
    }
    response
}

/// What cannot be undone asks a person for a second factor that was shown just now: on the way there,
/// and back to the page from which it is asked for.
pub(crate) fn step_up(who: &Principal, way: &str) -> Option<Response> {
    let is_stale = who.user().is_some() && !who.is_fresh();
    is_stale.then(|| see(&url("/verify", &[("next", way)])))
}
