//! Lists: what an agent sees is what it may use, and what it sees of that is pinned.

use std::collections::HashMap;

use bytes::Bytes;
use model::{Digest, Effect, Kind, Resource as RecordResource, Status, clip};
use policy::{Action, Resource};
use serde_json::{Map, Value};

use super::era::Era;
use super::message::{Id, Message};
use super::method::Method;
use super::pin::{Pin, PinMode, Seen, Why};
use super::serve::{Call, Talk};
use super::sort::Sort;
use super::tool::{BadTool, Definition};
use crate::refusal::Refusal;

/// Entries of one list. What comes after is left out.
const MAX_ENTRIES: usize = 5_000;

/// What became of a list's entries.
#[derive(Default)]
struct Kept {
    entries: Vec<Value>,
    hidden: usize,
    held: usize,
    bad: usize,
    /// Resources that were seen for the first time.
    pinned: usize,
}

/// The member of a result that holds the list.
pub(super) fn named(method: Method) -> Option<&'static str> {
    Some(match method {
        Method::ListTools => "tools",
        Method::ListResources => "resources",
        Method::ListTemplates => "resourceTemplates",
        Method::ListPrompts => "prompts",
        _ => return None,
    })
}

impl Call {
    /// A list as the agent may see it.
    pub(super) async fn filtered(
        &mut self,
        talk: &Talk,
        method: Method,
        id: &Id,
        mut result: Map<String, Value>,
        data: Bytes,
    ) -> Result<Bytes, Refusal> {
        let Some(name) = named(method) else { return Ok(data) };
        let entries = match result.remove(name) {
            Some(Value::Array(entries)) => entries,
            _ => return Err(Refusal::ServerGarbage("its list is none")),
        };
        let count = entries.len();
        let kept = match method {
            Method::ListTools => self.tools(talk, entries).await?,
            _ => self.others(talk, method, entries).await?,
        };
        let notes = [
            ("listed", count),
            ("hidden", kept.hidden),
            ("held", kept.held),
            ("bad", kept.bad),
            ("pinned", kept.pinned),
        ];
        for (name, count) in notes.into_iter().filter(|(_, count)| *count > 0) {
            self.base.action.note(name, count.to_string());
        }
        if kept.entries.len() == count {
            return Ok(data);
        }
        result.insert(name.to_owned(), Value::Array(kept.entries));
        Ok(Message::Result { id: id.clone(), result }.write().into())
    }

    /// The tools of a list that the gate asked for itself, pinned and filtered.
    pub(super) async fn observe_tools(
        &mut self,
        talk: &Talk,
        result: &Map<String, Value>,
    ) -> Result<Vec<Value>, Refusal> {
        let entries = result.get("tools").and_then(Value::as_array).cloned();
        let entries = entries.ok_or(Refusal::ServerGarbage("its list is none"))?;
        self.tools(talk, entries).await.map(|kept| kept.entries)
    }

    async fn tools(&mut self, talk: &Talk, entries: Vec<Value>) -> Result<Kept, Refusal> {
        let mut kept = Kept::default();
        let read: Vec<_> = entries.iter().take(MAX_ENTRIES).map(Definition::read).collect();
        kept.bad += entries.len() - read.len();
        let mut count: HashMap<&str, usize> = HashMap::new();
        for definition in read.iter().flatten() {
            *count.entry(definition.name.as_str()).or_default() += 1;
        }
        for (entry, definition) in entries.iter().zip(&read) {
            let definition = match definition {
                Ok(definition) if count.get(definition.name.as_str()) == Some(&1) => definition,
                Ok(definition) => {
                    self.bad_tool(talk, &definition.name, BadTool::Twice, &mut kept);
                    continue;
                }
                Err(why) => {
                    let name = entry.get("name").and_then(Value::as_str).unwrap_or_default();
                    self.bad_tool(talk, name, *why, &mut kept);
                    continue;
                }
            };
            if self.era == Era::Modern && definition.mirrored().is_err() {
                self.bad_tool(talk, &definition.name, BadTool::Header, &mut kept);
            } else if !self.observe(talk, Sort::Tool, definition, &mut kept).await? {
                kept.held += 1;
            } else if self.may_call(talk, &definition.name) {
                kept.entries.push(entry.clone());
            } else {
                kept.hidden += 1;
            }
        }
        Ok(kept)
    }

    fn bad_tool(&mut self, talk: &Talk, name: &str, why: BadTool, kept: &mut Kept) {
        kept.bad += 1;
        tracing::warn!(server = %talk.server.name, name = %clip(name, 128).escape_debug(), %why, "an entry is left out of a list");
    }

    /// Takes note of a description; whether what it describes may be used at all.
    async fn observe(
        &mut self,
        talk: &Talk,
        sort: Sort,
        definition: &Definition,
        kept: &mut Kept,
    ) -> Result<bool, Refusal> {
        let server = &talk.server;
        let before = talk.mcp.pins.find(&server.name, &definition.name);
        let is_accepted =
            |known: &Pin| known.accepted.as_ref().is_some_and(|d| d.hash == definition.hash);
        let findings = match (&before, &self.base.engine) {
            (Some(known), _) if is_accepted(&known.pin) => Vec::new(),
            (_, Some(engine)) => definition.poison(engine),
            (_, None) => Vec::new(),
        };
        let seen = Seen {
            server: &server.name,
            agent: &talk.who.agent.name,
            definition,
            findings: &findings,
            mode: server.pin,
        };
        let observed = talk.mcp.pins.observe(&seen).await.map_err(|error| {
            tracing::error!(%error, "a tool's pin could not be written");
            Refusal::VaultDown
        })?;
        let pin = &observed.known.pin;
        // A server may have thousands of resources: those that nothing speaks against are counted.
        let is_counted = matches!(sort, Sort::Resource | Sort::Template) && pin.offered.is_none();
        match observed.has_changed {
            true if is_counted => kept.pinned += 1,
            true => self.record_pin(sort, pin, definition.hash).await?,
            false => {}
        }
        Ok(observed.known.pin.is_usable())
    }

    /// A record of what something was found to be.
    async fn record_pin(&mut self, sort: Sort, pin: &Pin, seen: Digest) -> Result<(), Refusal> {
        let mut aside = self.aside(Kind::MCP_PIN);
        let name = format!("{}/{}", pin.server, pin.tool);
        aside.record().resource = Some(RecordResource { name, kind: sort.recorded().into() });
        aside.note("description", seen.to_string());
        if let Some(accepted) = &pin.accepted {
            aside.note("accepted", accepted.hash.to_string());
        }
        match &pin.offered {
            None => aside.decide(Effect::Permit, "what its server says of it is pinned"),
            Some(offer) => {
                aside.note("why", offer.why.as_str());
                aside.note("findings", offer.findings.join(", "));
                aside.decide(Effect::Hold, pin.held_because().unwrap_or_default());
            }
        }
        aside.finish(Status::Ok).await.map(drop).map_err(|_| Refusal::LogDown)
    }

    fn may_call(&self, talk: &Talk, tool: &str) -> bool {
        let server = &talk.server;
        let known = talk.mcp.pins.find(&server.name, tool);
        let class = server.classify(tool, known.as_deref());
        let resource = Resource::Tool { server: &server.name, name: tool, class };
        let method = Method::CallTool.as_str();
        let verdict = self.if_used(&talk.who, Action::CallTool, resource, method);
        verdict.effect != Effect::Deny
    }

    /// The resources, templates or prompts of a list that the gate asked for itself, filtered.
    pub(super) async fn observe_others(
        &mut self,
        talk: &Talk,
        method: Method,
        result: &mut Map<String, Value>,
    ) -> Result<Vec<Value>, Refusal> {
        let entries = named(method).and_then(|name| result.remove(name));
        match entries {
            Some(Value::Array(entries)) => Ok(self.others(talk, method, entries).await?.entries),
            _ => Err(Refusal::ServerGarbage("its list is none")),
        }
    }

    /// Resources, templates and prompts.
    async fn others(
        &mut self,
        talk: &Talk,
        method: Method,
        entries: Vec<Value>,
    ) -> Result<Kept, Refusal> {
        let mut kept = Kept::default();
        let sort = Sort::listed(method).unwrap_or(Sort::Resource);
        kept.bad += entries.len().saturating_sub(MAX_ENTRIES);
        for entry in entries.into_iter().take(MAX_ENTRIES) {
            let definition = match Definition::of(sort, &entry) {
                Ok(definition) if self.has_room(talk, &definition.name) => definition,
                found => {
                    let name = entry.get(sort.member()).and_then(Value::as_str);
                    let why = found.err().unwrap_or(BadTool::TooMany);
                    self.bad_tool(talk, name.unwrap_or_default(), why, &mut kept);
                    continue;
                }
            };
            if !self.may_use(talk, method, &entry) {
                kept.hidden += 1;
            } else if self.observe(talk, sort, &definition, &mut kept).await? {
                kept.entries.push(entry);
            } else {
                kept.held += 1;
            }
        }
        Ok(kept)
    }

    fn has_room(&self, talk: &Talk, name: &str) -> bool {
        let (pins, server) = (&talk.mcp.pins, &talk.server.name);
        pins.find(server, name).is_some() || pins.has_room(server, name)
    }

    /// Whether a resource is what was agreed, or is given by templates that are; nothing where nobody has
    /// said anything of it.
    fn covered(&self, talk: &Talk, uri: &str) -> Option<Result<(), Refusal>> {
        let (pins, server) = (&talk.mcp.pins, &talk.server.name);
        let held = |sort: Sort, because| Err(Refusal::PinHeld(sort.as_str(), because));
        if let Some(known) = pins.find(server, &Sort::Resource.name(uri)) {
            let because = known.pin.held_because();
            return Some(because.map_or(Ok(()), |because| held(Sort::Resource, because)));
        }
        let giving = pins.giving(server, uri);
        let because = giving.iter().find_map(|known| known.pin.held_because());
        let is_given = !giving.is_empty();
        is_given.then(|| because.map_or(Ok(()), |because| held(Sort::Template, because)))
    }

    /// Whether news of a resource may be heard as far as its description goes.
    pub(super) fn check_covered(&self, talk: &Talk, uri: &str) -> Result<(), Refusal> {
        let held = || Err(Refusal::PinHeld(Sort::Resource.as_str(), Why::New.held()));
        let unlisted = || if talk.server.pin == PinMode::Review { held() } else { Ok(()) };
        self.covered(talk, uri).unwrap_or_else(unlisted)
    }

    /// Whether a resource may be read as far as its description goes. One that nobody has listed is looked
    /// for at its server; one that the server does not list either is pinned by its address when it is
    /// there, or waits for a person, as configuration says.
    pub(super) async fn check_resource(&mut self, talk: &Talk, uri: &str) -> Result<(), Refusal> {
        if let Some(covered) = self.covered(talk, uri) {
            return covered;
        }
        if talk.mcp.pins.is_unasked(&talk.server.name, self.base.action.gate.now()) {
            for method in [Method::ListTemplates, Method::ListResources] {
                Box::pin(self.entries_of(talk, method)).await?;
            }
        }
        let covered = self.covered(talk, uri);
        self.check_covered(talk, uri)?;
        let name = Sort::Resource.name(uri);
        if covered.is_none() && !self.has_room(talk, &name) {
            let why =
                "nobody has listed it, and no more such resources of its server are remembered";
            return Err(Refusal::PinHeld(Sort::Resource.as_str(), why));
        }
        Ok(())
    }

    /// A resource was read that nobody has listed: from here on it is known by its address.
    pub(super) async fn pin_read(&mut self, talk: &Talk, uri: &str) -> Result<(), Refusal> {
        if self.covered(talk, uri).is_some() {
            return Ok(());
        }
        let Ok(definition) = Definition::unlisted(uri) else { return Ok(()) };
        let mut kept = Kept::default();
        self.base.action.note("unlisted", "pinned by its address");
        self.observe(talk, Sort::Resource, &definition, &mut kept).await.map(drop)
    }

    /// Whether a prompt or a resource is what was agreed. What nobody has listed nobody has read about;
    /// under review, a prompt has to be accepted before it is used.
    pub(super) fn check_pinned(&self, talk: &Talk, sort: Sort, own: &str) -> Result<(), Refusal> {
        let server = &talk.server;
        let known = talk.mcp.pins.find(&server.name, &sort.name(own));
        let because = match &known {
            Some(known) => known.pin.held_because(),
            None if sort == Sort::Prompt && server.pin == PinMode::Review => Some(Why::New.held()),
            None => None,
        };
        because.map_or(Ok(()), |because| Err(Refusal::PinHeld(sort.as_str(), because)))
    }

    fn may_use(&self, talk: &Talk, method: Method, entry: &Value) -> bool {
        let text = |name: &str| entry.get(name).and_then(Value::as_str);
        let server = &talk.server.name;
        let (name, method, action) = match method {
            Method::ListResources => (text("uri"), Method::ReadResource, Action::ReadResource),
            Method::ListTemplates => {
                (text("uriTemplate"), Method::ReadResource, Action::ReadResource)
            }
            _ => (text("name"), Method::GetPrompt, Action::GetPrompt),
        };
        let Some(name) = name else { return false };
        let resource = match action {
            Action::ReadResource => Resource::Resource { server, uri: name },
            _ => Resource::Prompt { server, name },
        };
        self.if_used(&talk.who, action, resource, method.as_str()).effect != Effect::Deny
    }
}
