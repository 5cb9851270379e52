//! What can go wrong on the way to an upstream and back, one variant for each thing that a caller
//! would treat differently. The sentences are for developers and name no address and no library.

use std::error::Error;
use std::io;

/// An exchange with an upstream failed.
#[derive(Debug, thiserror::Error)]
pub enum UpstreamError {
    #[error("the upstream's host name could not be resolved; check the host in the configuration")]
    Resolve(#[source] io::Error),
    #[error("no connection to the upstream could be made; check that it runs and is reachable")]
    Connect(#[source] io::Error),
    #[error("connecting to the upstream took too long; try again later")]
    ConnectTimeout,
    #[error(
        "no secure connection to the upstream could be made; check its certificate and the configured authorities"
    )]
    Tls(#[source] io::Error),
    #[error("the upstream did not begin to answer in time; try again later")]
    FirstByteTimeout,
    #[error("the upstream stopped in the middle of its answer; try again later")]
    IdleTimeout,
    #[error("the upstream's answer took longer than is allowed in total")]
    TotalTimeout,
    #[error("the upstream closed the connection before its answer was complete; try again")]
    Closed(#[source] Option<hyper::Error>),
    #[error("the upstream's answer is not valid HTTP")]
    Protocol(#[source] Option<hyper::Error>),
    #[error("the upstream's answer has more header bytes or fields than are allowed")]
    HeadersTooLarge,
    #[error("too many connections to the upstream are open; try again later")]
    TooManyConnections,
    #[error("the request's body broke off before it was sent completely")]
    RequestBody(#[source] Option<hyper::Error>),
}

impl UpstreamError {
    /// Did the upstream exceed a time that was set for it?
    pub fn is_timeout(&self) -> bool {
        use UpstreamError::{ConnectTimeout, FirstByteTimeout, IdleTimeout, TotalTimeout};
        matches!(self, ConnectTimeout | FirstByteTimeout | IdleTimeout | TotalTimeout)
    }

    /// Sorts an error of the HTTP library.
    pub(super) fn of(error: hyper::Error) -> Self {
        if error.is_parse_too_large() {
            return Self::HeadersTooLarge;
        }
        if error.is_user() {
            return Self::RequestBody(Some(error));
        }
        if error.is_parse() || is_invalid_data(&error) {
            return Self::Protocol(Some(error));
        }
        Self::Closed(Some(error))
    }
}

/// Bad framing of a body comes as an I/O error with one of two kinds.
fn is_invalid_data(error: &hyper::Error) -> bool {
    let cause = error.source().and_then(|cause| cause.downcast_ref::<io::Error>());
    let kind = cause.map(io::Error::kind);
    matches!(kind, Some(io::ErrorKind::InvalidData | io::ErrorKind::InvalidInput))
}
