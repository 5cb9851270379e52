//! Model APIs as the configuration declares them.

use anyhow::Context;
use gate::net::upstream::Timeouts;
use gate::snapshot::{Price, Provider, ProviderKind, Sizes, Uninspectable};
use http::HeaderValue;
use http::header::{AUTHORIZATION, HeaderName};
use model::Standing;

use super::snapshot::Settings;
use super::targets::Reach;
use crate::config::{Config, sections};
use crate::policies;

impl Settings {
    pub(super) fn provider(
        &mut self,
        provider: &sections::Provider,
        before: Option<&Self>,
    ) -> anyhow::Result<Provider> {
        let address = provider.address();
        let uri: http::Uri = address.parse()?;
        let times = &provider.timeouts;
        let reach = Reach {
            uri: &uri,
            ca: provider.ca.as_ref(),
            timeouts: Timeouts {
                connect: times.connect,
                first_byte: times.first_byte,
                idle: times.idle,
                total: times.total,
            },
            max_idle: provider.idle_connections.get() as usize,
        };
        let target = self.target(&reach, before)?;
        Ok(Provider {
            name: provider.name.clone(),
            kind: kind_of(provider.kind),
            target,
            base_path: uri.path().trim_end_matches('/').to_owned(),
            credential: credential(provider)?,
            models: policies::patterns(&provider.models)?,
            prices: prices(&self.config, provider)?,
            standing: Standing::Active,
            fails: provider.fail.log.gate(),
            uninspectable: match provider.uninspectable.unwrap_or(self.config.inspect.uninspectable)
            {
                sections::Uninspectable::Refuse => Uninspectable::Refuse,
                sections::Uninspectable::Pass => Uninspectable::Pass,
            },
            needs_person: provider.person == sections::Person::Required,
            limits: sizes(&self.config.gate),
        })
    }
}

fn kind_of(kind: sections::ProviderKind) -> ProviderKind {
    match kind {
        sections::ProviderKind::OpenAi => ProviderKind::OpenAi,
        sections::ProviderKind::Anthropic => ProviderKind::Anthropic,
    }
}

/// The provider's key, in the header that its API reads it from.
fn credential(provider: &sections::Provider) -> anyhow::Result<Option<(HeaderName, HeaderValue)>> {
    let Some(secret) = provider.api_key.as_ref().and_then(|key| key.secret.as_ref()) else {
        return Ok(None);
    };
    let (name, text) = match provider.kind {
        sections::ProviderKind::OpenAi => (AUTHORIZATION, format!("Bearer {}", secret.expose())),
        sections::ProviderKind::Anthropic => {
            (HeaderName::from_static("x-api-key"), secret.expose().to_owned())
        }
    };
    let mut value = HeaderValue::from_str(&text)
        .ok()
        .context("`api_key` holds characters that no header may hold")?;
    value.set_sensitive(true);
    Ok(Some((name, value)))
}

fn prices(config: &Config, provider: &sections::Provider) -> anyhow::Result<Vec<Price>> {
    let mine = config
        .price
        .iter()
        .filter(|price| price.provider.as_ref().is_none_or(|name| *name == provider.name));
    mine.map(|price| {
        let model = policy::Pattern::new(&price.model.0)?;
        Ok(Price { model, input: price.input_per_million.0, output: price.output_per_million.0 })
    })
    .collect()
}

pub(super) fn sizes(gate: &sections::Gate) -> Sizes {
    let bytes =
        |size: crate::config::types::ByteSize| usize::try_from(size.0).unwrap_or(usize::MAX);
    Sizes {
        request_bytes: bytes(gate.limits.request_body),
        answer_bytes: bytes(gate.limits.answer_body),
        request_time: gate.timeouts.body,
        output_tokens: u64::from(gate.limits.output_tokens.get()),
    }
}
