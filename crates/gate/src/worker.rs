//! One worker's handler: from a request to the room that answers it.

use std::sync::Arc;

use bytes::Bytes;
use http::header::{HOST, WWW_AUTHENTICATE};
use http::{HeaderValue, Request, Response, StatusCode};
use http_body_util::Full;
use hyper::body::Incoming;
use model::{Effect, Kind, Status};

use crate::action::Action;
use crate::answer::AnswerBody;
use crate::gate::Gate;
use crate::net::clock::Clock;
use crate::net::listen;
use crate::net::peer::Peer;
use crate::net::upstream::Pool;
use crate::route::{Route, is_for_a_proxy, route};
use crate::{llm, mcp, oauth};

const UNAUTHORIZED: StatusCode = StatusCode::UNAUTHORIZED;

/// Answers that say how to get in.
const TURNED_AWAY: [StatusCode; 2] = [UNAUTHORIZED, StatusCode::FORBIDDEN];

/// Serves requests on one thread, with upstream connections of its own.
#[derive(Clone)]
pub struct Worker {
    pub gate: Arc<Gate>,
    pub pool: Pool<Full<Bytes>>,
    pub clock: Clock,
}

impl Worker {
    /// Must be called on the worker's thread, in its runtime.
    pub fn new(gate: Arc<Gate>, worker: &listen::Worker) -> Self {
        // One wake of the log's writer for all that this thread appends while it has work to do.
        let runs = worker.runs.clone();
        tokio::spawn(ledger::gather_while(move || runs.so_far()));
        Self { gate, pool: Pool::new(worker.clock.clone()), clock: worker.clock.clone() }
    }
}

impl listen::Handler for Worker {
    type Body = AnswerBody;

    async fn call(&self, peer: &Arc<Peer>, request: Request<Incoming>) -> Response<AnswerBody> {
        let path = request.uri().path().to_owned();
        let route = if is_for_a_proxy(&request) { Route::Proxy } else { route(&path) };
        match route {
            Route::Health => text(StatusCode::OK, "ok\n"),
            Route::Ready => self.ready(),
            Route::Token => oauth::serve(self, peer, request).await,
            Route::Authorization => oauth::refuse_authorization(self, peer, request).await,
            Route::WellKnown => {
                let snapshot = self.gate.snapshot();
                oauth::document(&snapshot, peer, request.headers(), &path)
            }
            Route::AllMcp | Route::Mcp { .. } => {
                let host = request.headers().get(HOST).cloned();
                let mut answer = match route {
                    Route::Mcp { server } => mcp::serve(self, peer, request, server).await,
                    _ => mcp::serve_all(self, peer, request).await,
                };
                if TURNED_AWAY.contains(&answer.status())
                    && let Some(challenge) = self.challenge(peer, host, &path)
                {
                    point_out(&mut answer, &challenge);
                }
                answer
            }
            route => llm::serve(self, peer, request, route).await,
        }
    }

    fn refused(&self, peer: &Arc<Peer>, why: listen::Refused) {
        self.record_refusal(peer, why);
    }
}

impl Worker {
    /// Where a client of tools that is turned away finds out how to get in. Clients of model APIs
    /// have their key from elsewhere and ask no such thing.
    fn challenge(
        &self,
        peer: &Peer,
        host: Option<HeaderValue>,
        path: &str,
    ) -> Option<oauth::Challenge> {
        let headers = host.into_iter().map(|host| (HOST, host)).collect();
        oauth::challenge(&self.gate.snapshot(), peer, &headers, path)
    }

    /// What the network layer answered by itself is an action that was tried, so it is recorded.
    fn record_refusal(&self, peer: &Peer, why: listen::Refused) {
        let mut action = Action::begin(&self.gate, Kind::HTTP_REQUEST);
        action.record().client.address = peer.address.to_string();
        let (status, outcome) = match why {
            listen::Refused::Panicked => (500, Status::Failed),
            _ => (400, Status::Refused),
        };
        action.record().http_status = Some(status);
        action.decide(
            Effect::Deny,
            "the request is not valid HTTP, or was read in more than one way",
        );
        action.note("refused", format!("{why:?}"));
        action.finish_unwaited(outcome);
    }

    /// Ready as long as actions can be recorded.
    fn ready(&self) -> Response<AnswerBody> {
        if self.gate.is_draining() {
            return text(StatusCode::SERVICE_UNAVAILABLE, "stopping\n");
        }
        match self.gate.log.health() {
            ledger::Health::Running => text(StatusCode::OK, "ready\n"),
            _ => text(StatusCode::SERVICE_UNAVAILABLE, "the activity log cannot be written\n"),
        }
    }
}

/// Says where to look: to whoever is turned away, and to whoever lacks a scope.
fn point_out(answer: &mut Response<AnswerBody>, challenge: &oauth::Challenge) {
    let lacks = answer.headers().get(WWW_AUTHENTICATE).and_then(|value| value.to_str().ok());
    let value = match answer.status() {
        UNAUTHORIZED => challenge.alone(),
        StatusCode::FORBIDDEN => lacks.and_then(|lacks| challenge.after(lacks)),
        _ => None,
    };
    if let Some(value) = value {
        answer.headers_mut().insert(WWW_AUTHENTICATE, value);
    }
}

fn text(status: StatusCode, text: &'static str) -> Response<AnswerBody> {
    let mut response = Response::new(AnswerBody::from(Bytes::from_static(text.as_bytes())));
    *response.status_mut() = status;
    response
}
