//! The network layer and nothing else: a proxy to one upstream, to measure the floor of the gate.
//!
//! `cargo run --release -p portcullis-gate --example bare_proxy -- 127.0.0.1:4199 127.0.0.1:9100`

use std::error::Error;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

use gate::net::hop::strip_hop_by_hop;
use gate::net::listen::{Handler, Listener, Options, serve};
use gate::net::peer::Peer;
use gate::net::upstream::{Pool, Target, TargetSettings, UpstreamBody};
use http::{Request, Response, StatusCode};
use http_body_util::{Either, Empty};
use hyper::body::Incoming;

#[derive(Clone)]
struct Proxy {
    pool: Pool<Incoming>,
    target: Arc<Target>,
}

impl Handler for Proxy {
    type Body = Either<UpstreamBody<Incoming>, Empty<bytes::Bytes>>;

    async fn call(&self, _: &Arc<Peer>, mut request: Request<Incoming>) -> Response<Self::Body> {
        strip_hop_by_hop(request.headers_mut());
        match self.pool.send(&self.target, request).await {
            Ok(mut response) => {
                strip_hop_by_hop(response.headers_mut());
                response.map(Either::Left)
            }
            Err(_) => {
                let mut response = Response::new(Either::Right(Empty::new()));
                *response.status_mut() = StatusCode::BAD_GATEWAY;
                response
            }
        }
    }
}

fn main() -> Result<(), Box<dyn Error>> {
    let mut arguments = std::env::args().skip(1);
    let listen: SocketAddr =
        arguments.next().ok_or("first argument: address to listen on")?.parse()?;
    let upstream: SocketAddr =
        arguments.next().ok_or("second argument: upstream's address")?.parse()?;
    let workers = arguments.next().map_or(Ok(1), |workers| workers.parse())?;
    let settings = TargetSettings::plain(&upstream.ip().to_string(), upstream.port());
    let target = Arc::new(Target::new(settings)?);
    let options = Options { workers, ..Options::default() };
    let running = serve(vec![Listener::bind(listen, None)?], options, move |worker| Proxy {
        pool: Pool::new(worker.clock.clone()),
        target: target.clone(),
    })?;
    let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
    runtime.block_on(async {
        tokio::signal::ctrl_c().await?;
        running.shutdown(Duration::from_secs(5)).await;
        Ok(())
    })
}
