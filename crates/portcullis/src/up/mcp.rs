//! MCP servers from the configuration, and what the store remembers of their tools.

use std::sync::Arc;

use anyhow::Context;
use gate::mcp::pin::{Offer, Pin, PinMode, Why};
use gate::mcp::pins::{Keeper, Pins};
use gate::mcp::seal::Seal;
use gate::mcp::server::{Condition, FlowRule, Remote, Server, ToolRule, Transport};
use gate::mcp::stdio::{Launch, Launcher};
use gate::mcp::tool::Definition;
use gate::net::upstream::Timeouts;
use gate::snapshot::Uninspectable;
use http::HeaderValue;
use http::header::{AUTHORIZATION, HeaderName};
use model::{Confidentiality, Digest, Integrity, Scopes, Secret, Standing, TenantId, ToolEffect};
use store::{Store, StoredOffer, StoredTool};

use super::core::now;
use super::providers::sizes;
use super::snapshot::Settings;
use super::targets::Reach;
use crate::config::sections::{self, mcp};

/// Connections to a server that are kept open for the next request.
const IDLE_CONNECTIONS: usize = 64;

/// What outlives a snapshot.
pub(super) struct Tools {
    pub(super) seal: Arc<Seal>,
    pub(super) pins: Arc<Pins>,
}

impl Tools {
    pub(super) async fn open(
        root: &Secret,
        store: &Store,
        tenant: &TenantId,
    ) -> anyhow::Result<Self> {
        let seal = Seal::new(root, tenant).context("the key of MCP sessions")?;
        let kept = store.list_tools(tenant).await?.into_iter().filter_map(pin_of).collect();
        let pins = Pins::new(kept, keeper(store.clone(), tenant.clone()));
        Ok(Self { seal: Arc::new(seal), pins: Arc::new(pins) })
    }

    /// What people have decided meanwhile.
    pub(super) async fn take_up(&self, store: &Store, tenant: &TenantId) -> anyhow::Result<()> {
        let kept = store.list_tools(tenant).await?;
        self.pins.take_up(kept.into_iter().filter_map(pin_of).collect());
        Ok(())
    }
}

fn keeper(store: Store, tenant: TenantId) -> Keeper {
    Arc::new(move |pin| {
        let (store, tenant) = (store.clone(), tenant.clone());
        Box::pin(async move {
            let written = store.write_tool(&tenant, row_of(pin)).await;
            let written = written.map_err(|error| error.to_string())?;
            pin_of(written).ok_or_else(|| "the store holds a tool that cannot be read".to_owned())
        })
    })
}

fn row_of(pin: Pin) -> StoredTool {
    let offered = pin.offered.map(|offer| StoredOffer {
        description: offer.definition.canonical,
        why: offer.why.as_str().to_owned(),
        findings: offer.findings,
        agent: offer.agent,
        differs: offer.differs,
        rejected: offer.is_rejected,
    });
    StoredTool {
        server: pin.server,
        name: pin.tool,
        revision: pin.revision,
        accepted: pin.accepted.map(|accepted| accepted.canonical),
        offered,
        who: String::new(),
        changed: now(),
    }
}

/// A row that cannot be read is no pin: the tool is then new, and its row refuses to be written over.
fn pin_of(row: StoredTool) -> Option<Pin> {
    let offered = match row.offered {
        None => None,
        Some(offer) => Some(Offer {
            definition: Definition::kept(&row.name, &offer.description)?,
            why: Why::of(&offer.why)?,
            findings: offer.findings,
            agent: offer.agent,
            differs: offer.differs,
            is_rejected: offer.rejected,
        }),
    };
    let accepted = match row.accepted {
        None => None,
        Some(text) => Some(Definition::kept(&row.name, &text)?),
    };
    Some(Pin { server: row.server, tool: row.name, revision: row.revision, accepted, offered })
}

impl Settings {
    pub(super) fn server(
        &mut self,
        server: &sections::Mcp,
        before: Option<&Self>,
    ) -> anyhow::Result<Server> {
        let transport = match &server.url {
            Some(url) => Transport::Http(self.remote(server, &url.0, before)?),
            None => Transport::Stdio(self.launcher(server, before)?),
        };
        Ok(Server {
            name: server.name.clone(),
            transport,
            rules: server.tool.iter().map(rule).collect::<anyhow::Result<_>>()?,
            believes_annotations: server.annotations == mcp::Annotations::Seed,
            pin: match server.pin {
                mcp::Pin::FirstSight => PinMode::FirstSight,
                mcp::Pin::Review => PinMode::Review,
            },
            standing: Standing::Active,
            fails: server.fail.log.gate(),
            needs_person: server.person == sections::Person::Required,
            uninspectable: match server.uninspectable {
                sections::Uninspectable::Refuse => Uninspectable::Refuse,
                sections::Uninspectable::Pass => Uninspectable::Pass,
            },
            limits: sizes(&self.config.gate),
        })
    }
}

impl Settings {
    fn remote(
        &mut self,
        server: &sections::Mcp,
        uri: &http::Uri,
        before: Option<&Self>,
    ) -> anyhow::Result<Remote> {
        let times = &server.timeouts;
        let timeouts = Timeouts {
            connect: times.connect,
            first_byte: times.first_byte,
            idle: times.idle,
            total: times.total,
        };
        let reach = Reach { uri, ca: server.ca.as_ref(), timeouts, max_idle: IDLE_CONNECTIONS };
        let target = self.target(&reach, before)?;
        Ok(Remote { target, path: uri.path().to_owned(), headers: headers(server)? })
    }

    /// One whose command did not change keeps its processes.
    fn launcher(
        &mut self,
        server: &sections::Mcp,
        before: Option<&Self>,
    ) -> anyhow::Result<Arc<Launcher>> {
        let (program, arguments) = server.command.split_first().context("it has no `command`")?;
        let limits = &server.limits;
        let named = server.variable.iter().map(|variable| {
            let secret = variable.value.secret.clone();
            let secret = secret.with_context(|| format!("the variable {}", variable.name))?;
            Ok((variable.name.clone(), secret))
        });
        let environment = named.collect::<anyhow::Result<Vec<_>>>()?;
        let spelled =
            environment.iter().map(|(name, value)| (name, Digest::of(value.expose().as_bytes())));
        let key = format!(
            "{} {:?} {:?} {limits:?} {:?}",
            server.name,
            server.command,
            spelled.collect::<Vec<_>>(),
            server.timeouts
        );
        let kept = before.and_then(|before| before.launchers.get(&key)).cloned();
        let launcher = kept.unwrap_or_else(|| {
            let launch = Launch {
                program: program.clone(),
                arguments: arguments.to_vec(),
                environment,
                memory: limits.memory.0,
                cpu: limits.cpu,
                files: u64::from(limits.files.get()),
                processes: limits.processes.get() as usize,
                idle: limits.idle,
                patience: server.timeouts.idle,
            };
            Launcher::new(server.name.as_str(), launch)
        });
        self.launchers.insert(key, launcher.clone());
        Ok(launcher)
    }
}

/// What the gate presents to a server.
fn headers(server: &sections::Mcp) -> anyhow::Result<Vec<(HeaderName, HeaderValue)>> {
    let token = server.token.as_ref().and_then(|token| token.secret.as_ref());
    let token = token.map(|secret| (AUTHORIZATION, format!("Bearer {}", secret.expose())));
    let others = server.header.iter().filter_map(|header| {
        let secret = header.value.secret.as_ref()?;
        Some((header.name.0.clone(), secret.expose().to_owned()))
    });
    let value = |(name, text): (HeaderName, String)| {
        let value = HeaderValue::from_str(&text).ok();
        let mut value =
            value.with_context(|| format!("`{name}` holds characters that no header may hold"))?;
        value.set_sensitive(true);
        Ok((name, value))
    };
    token.into_iter().chain(others).map(value).collect()
}

fn rule(tool: &mcp::Tool) -> anyhow::Result<ToolRule> {
    Ok(ToolRule {
        tools: policy::Pattern::new(&tool.name.0)?,
        effect: tool.effect.map(|effect| match effect {
            mcp::Effect::Read => ToolEffect::Read,
            mcp::Effect::Write => ToolEffect::Write,
            mcp::Effect::External => ToolEffect::External,
            mcp::Effect::Destructive => ToolEffect::Destructive,
        }),
        integrity: tool.integrity.map(|integrity| match integrity {
            mcp::Integrity::Trusted => Integrity::Trusted,
            mcp::Integrity::Untrusted => Integrity::Untrusted,
        }),
        confidentiality: tool.confidentiality.map(|confidentiality| match confidentiality {
            mcp::Confidentiality::Public => Confidentiality::Public,
            mcp::Confidentiality::Internal => Confidentiality::Internal,
            mcp::Confidentiality::Confidential => Confidentiality::Confidential,
        }),
        scopes: Scopes::of(tool.scopes.iter().map(String::as_str))
            .context("[[mcp.tool]] scopes")?,
        flow: FlowRule {
            decisive: tool.decisive.clone(),
            object: tool.object.clone(),
            guided: tool.guided.clone(),
            cleared: tool.cleared.clone(),
            links: tool.links.clone(),
            acts_on: tool.acts_on.clone(),
            returns: tool.returns.clone(),
            trusted: tool.trusted.clone(),
            named: tool.named.clone(),
            conditions: tool
                .when
                .iter()
                .map(|when| condition(tool, when))
                .collect::<Result<_, _>>()?,
        },
    })
}

fn condition(tool: &mcp::Tool, when: &mcp::When) -> anyhow::Result<Condition> {
    let is_trusted = tool.trusted.contains(&when.member);
    if !is_trusted && tool.integrity != Some(mcp::Integrity::Trusted) {
        anyhow::bail!(
            "[[mcp.tool]] when: `{}` must be among `trusted`: whoever writes it says what is trusted",
            when.member
        );
    }
    let (member, is) = (when.member.clone(), when.is.clone());
    Ok(Condition { member, is, trusted: when.trusted.clone() })
}
