//! `[[signing_key]]`, `[[certificate]]` and `[identity.signatures]`: what agents show besides keys.

use std::path::PathBuf;
use std::time::Duration;

use model::{AgentName, CertificateSubject, SigningKeyId};

use crate::config::credential::Credential;
use crate::config::declare::section;

section! {
    /// A key that an agent signs its requests with (RFC 9421): a public key, or a shared secret.
    SigningKey {
        /// The `keyid` of its signatures.
        id: SigningKeyId, example "support-bot-2026";
        /// Whose key it is.
        agent: AgentName, example "support-bot";
        /// A file with the public key, PEM: Ed25519 or ECDSA P-256.
        public_key: Option<PathBuf>, example "keys/support-bot.pub.pem";
        /// A shared secret, for HMAC-SHA256, in place of a public key.
        secret: Option<Credential>, example { env = "SUPPORT_BOT_SECRET" };
    }
}

section! {
    /// What a signature over a request must be like.
    Signatures {
        /// What a signature must cover. The query must be covered where there is one, and a body
        /// by its `content-digest`.
        components: Vec<String> = ["@method", "@authority", "@path", "content-digest"];
        /// How long after it was made a signature is taken, at most an hour.
        max_age: Duration = "60s";
        /// How far the signer's clock may differ from ours, at most a minute.
        clock_skew: Duration = "5s";
        /// Whether each must have a `nonce`. Without one, the same request can be made once.
        nonce: bool = true;
    }
}

section! {
    /// Which agent a client certificate stands for. It must be signed by an authority of
    /// `[gate.tls] client_ca`.
    ClientCertificate {
        /// Whose certificate it is.
        agent: AgentName, example "support-bot";
        /// What it says: its SPIFFE id, or `CN=` and the common name of its subject.
        subject: CertificateSubject, example "spiffe://example.com/agents/support-bot";
    }
}
