//! `[gate]`: the data plane.

use std::net::SocketAddr;
use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use crate::config::declare::section;
use crate::config::types::ByteSize;

section! {
    /// The data plane: where agents connect.
    Gate {
        /// Address and port that agents connect to. An address that other machines can reach
        /// needs `[gate.tls]`, or `plaintext = true` said aloud.
        listen: SocketAddr = "127.0.0.1:4100";
        /// Threads that serve connections; 0 takes one for each core.
        workers: u16 = 0, example 4;
        /// Accepts connections without TLS on an address that other machines can reach: for a
        /// gate behind something that ends TLS. Keys then cross that stretch in clear.
        plaintext: bool = false;
        /// Web pages that may call MCP servers through the gate, as in the `Origin` header. Those of
        /// the machine itself always may; others are refused, so that no page reaches the gate by a
        /// name of its own.
        origins: Vec<String> = [], example ["https://inspector.example.com"];
        /// Serves TLS instead of clear text.
        tls: Option<Tls>;
        /// Bounds on what a connection may ask of the gate.
        limits: GateLimits;
        /// How long the gate waits for agents. Providers have their own.
        timeouts: GateTimeouts;
    }
}

section! {
    /// TLS of a listener. The files are read again at every reload.
    Tls {
        /// The certificate and its chain, PEM.
        certificate: PathBuf, example "tls/server.pem";
        /// The certificate's private key, PEM.
        key: PathBuf, example "tls/server.key";
        /// Authorities, PEM. Given, a client must present a certificate that one of them signed.
        client_ca: Option<PathBuf>, example "tls/clients.pem";
        /// Lets clients without a certificate in all the same: those that show one are recognised
        /// by it. For the gate alone.
        client_optional: bool = false;
    }
}

section! {
    /// Bounds on what a connection may ask of the gate.
    GateLimits {
        /// The largest request body. A larger one is refused with 413.
        request_body: ByteSize = "32MiB";
        /// The largest answer that is not streamed. A larger one is refused with 502.
        answer_body: ByteSize = "64MiB";
        /// All headers of a request together.
        header_bytes: ByteSize = "64KiB";
        /// Open connections. Beyond them, new ones wait to be accepted.
        connections: NonZeroU32 = 20000;
        /// Requests and streams under way. Beyond them, a request is refused with 503.
        in_flight: NonZeroU32 = 20000;
        /// Output tokens to reserve where a call does not say how many it wants at most.
        output_tokens: NonZeroU32 = 1024;
    }
}

section! {
    /// How long the gate waits for agents.
    GateTimeouts {
        /// From a connection's first byte to the end of the request's headers.
        headers: Duration = "10s";
        /// From the headers to the end of the request's body.
        body: Duration = "60s";
        /// How long a connection may lie idle between requests.
        idle: Duration = "5m";
        /// How long open requests may go on after SIGTERM.
        drain: Duration = "30s";
    }
}
