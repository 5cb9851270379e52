//! `[[provider]]`: model APIs.

use std::num::NonZeroU32;
use std::path::PathBuf;
use std::time::Duration;

use model::ProviderName;

use crate::config::credential::Credential;
use crate::config::declare::{choice, section};
use crate::config::types::{BaseUrl, Pattern};

use super::{Fail, Person, Uninspectable};

section! {
    /// A model API.
    Provider {
        /// Its name, which is also its path: agents reach it at `/llm/NAME/`.
        name: ProviderName, example "openai";
        /// Which API it speaks.
        kind: ProviderKind, example "openai";
        /// Where it is. Left out, where the makers of that kind serve it.
        base_url: Option<BaseUrl>, example "https://api.openai.com";
        /// The key that the gate presents to it. Agents never see it.
        api_key: Option<Credential>, example { env = "OPENAI_API_KEY" };
        /// The models that are its own: a call to `/v1/` goes to the first provider that names
        /// the model. It does not permit anything; roles do.
        models: Vec<Pattern> = [], example ["gpt-*", "o*"];
        /// Authorities, PEM, that sign its certificate, instead of those of the system.
        ca: Option<PathBuf>, example "tls/internal-ca.pem";
        /// Connections to it that are kept open for the next request.
        idle_connections: NonZeroU32 = 64;
        /// Whether a call must say for which person it is.
        person: Person = "optional";
        /// What becomes of calls where a part of the gate fails.
        fail: Fail;
        /// What happens to what cannot be inspected. Left out, as `[inspect] uninspectable` says.
        uninspectable: Option<Uninspectable>, example "refuse";
        /// How long the gate waits for it.
        timeouts: ProviderTimeouts;
    }
}

choice! {
    /// An API that the gate speaks.
    ProviderKind, "\"openai\" or \"anthropic\"" {
        OpenAi = "openai",
        Anthropic = "anthropic",
    }
}

impl Provider {
    /// Where it is, given or usual.
    pub fn address(&self) -> String {
        match (&self.base_url, self.kind) {
            (Some(url), _) => url.to_string(),
            (None, ProviderKind::OpenAi) => "https://api.openai.com".to_owned(),
            (None, ProviderKind::Anthropic) => "https://api.anthropic.com".to_owned(),
        }
    }
}

section! {
    /// How long the gate waits for a provider.
    ProviderTimeouts {
        /// For a connection, with its TLS.
        connect: Duration = "5s";
        /// From the request sent to the first byte of the answer.
        first_byte: Duration = "5m";
        /// Between two pieces of an answer.
        idle: Duration = "2m";
        /// For the whole answer.
        total: Duration = "30m";
    }
}
