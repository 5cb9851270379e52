//! Limits as the configuration declares them.

use std::sync::Arc;

use gate::limits::{Limit, Per};

use crate::config::sections;

pub(super) fn limit_of(at: usize, limit: &sections::Limit) -> anyhow::Result<Limit> {
    let name = limit.name.clone().unwrap_or_else(|| format!("limit {}", at + 1));
    Ok(Limit {
        name: name.into(),
        per: match limit.per {
            sections::Per::Tenant => Per::Tenant,
            sections::Per::Person => Per::Person,
            sections::Per::Tool => Per::Tool,
            sections::Per::Agent => Per::Agent,
            sections::Per::Provider => Per::Provider,
            sections::Per::Server => Per::Server,
        },
        only: limit.only.as_deref().map(Arc::from),
        except: limit.except.iter().map(|name| Arc::from(name.as_str())).collect(),
        tier: limit.tier.map(sections::Tier::model),
        tool: limit.tool.as_ref().map(|tool| policy::Pattern::new(&tool.0)).transpose()?,
        // Only a limit of concurrency goes without, and it has no use for one.
        window: limit.window.unwrap_or(std::time::Duration::from_secs(1)),
        requests: limit.requests.map(Into::into),
        tokens: limit.tokens.map(Into::into),
        spend: limit.spend_usd.map(|dollars| (dollars.0 * 1e6).round() as u64),
        concurrency: limit.concurrency.map(|n| u64::from(n.get())),
        bytes: limit.bytes.map(|size| size.0),
    })
}
