//! What a record keeps of the question that its action was, so that other policies can be asked it
//! afterwards.
//!
//! Most of a question stands in the record anyhow: the agent, the person, the chain, the zone, what
//! was acted on, the origins. [`Bundle::asked`] writes down the rest in one line; [`Asked::read`]
//! reads it back. What a question has by default is left out. The line is bounded: what does not fit
//! is not cut but left out whole, and the record says so.

use std::fmt::Write;
use std::str::FromStr;

use model::{
    Agent, Classification, Confidentiality, Integrity, ProviderName, Record, RoleName, ServerName,
    Standing, Tier, Timestamp, ToolEffect, UserName, ZoneName,
};

use crate::time::minute;
use crate::{Action, Bundle, Context, Delegation, Question, Resource};

/// The member of a record's detail that holds the line.
pub const ASKED: &str = "asked";

/// Longest line, in bytes.
pub const MAX_ASKED: usize = 2_048;

/// The form of the line. Another form has another number.
const FORM: &str = "1";

/// The member of the detail that holds the origins of arguments, with blanks between them.
const ORIGINS: &str = "origins";

/// The line was too long, and is not there.
const CUT: &str = "cut";

/// What was acted on is named in the record otherwise than in the question: masked, or cut.
const UNNAMED: &str = "unnamed";

const MICROS_A_MINUTE: i64 = 60_000_000;

/// Why a record cannot be put to other policies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Unasked {
    /// No policy was asked: the action was refused before, or is of a kind that policies do not
    /// decide on; or its record is of a program that did not keep the question.
    Never,
    /// The question was not kept whole.
    Incomplete,
}

/// A question as it was kept.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Asked {
    /// The beginning of the version of the policies that were asked.
    pub version: String,
    action: Action,
    time: Timestamp,
    agent: Agent,
    on_behalf_of: Option<UserName>,
    owner: String,
    name: String,
    class: Classification,
    endpoint: String,
    stream: bool,
    max_output_tokens: Option<u64>,
    findings: Vec<String>,
    labels: Vec<String>,
    origins: Vec<String>,
    chain: Vec<String>,
    scopes: Vec<String>,
    tier: Tier,
}

impl Bundle {
    /// The line for the record of an action. `shown` is how the record names what was acted on.
    pub fn asked(&self, question: &Question<'_>, shown: &str) -> String {
        let version = self.short_version();
        let action = question.action.as_str();
        let mut line = Line(format!("{FORM} {version} {action}"));
        line.question(question, shown);
        match line.0.len() {
            0..=MAX_ASKED => line.0,
            _ => format!("{FORM} {version} {action} {CUT}"),
        }
    }
}

/// A line in the making.
struct Line(String);

impl Line {
    fn question(&mut self, question: &Question<'_>, shown: &str) {
        let (agent, context) = (question.agent, &question.context);
        self.put("at", [&*minute(context.time).to_string()]);
        self.put("roles", agent.roles.iter().map(RoleName::as_str));
        if !agent.standing.is_active() {
            self.put("standing", [agent.standing.as_str()]);
        }
        self.resource(question.resource, shown);
        self.put("endpoint", [context.endpoint]);
        if context.stream {
            self.mark("stream");
        }
        if let Some(tokens) = context.max_output_tokens {
            self.put("max", [&*tokens.to_string()]);
        }
        self.put("findings", context.findings.iter().copied());
        self.put("labels", context.labels.iter().copied());
        self.put("scopes", context.delegation.scopes.iter().copied());
        if context.delegation.tier != Tier::default() {
            self.put("tier", [context.delegation.tier.as_str()]);
        }
    }

    /// The name itself is never written: where the record does not say it, it may be a secret.
    fn resource(&mut self, resource: Resource<'_>, shown: &str) {
        if let Resource::Tool { class, .. } = resource {
            let Classification { effect, integrity, confidentiality } = class;
            self.put("class", [effect.as_str(), integrity.as_str(), confidentiality.as_str()]);
        }
        let owner = resource.owner();
        let rest = shown.strip_prefix(owner);
        let is_plain = match resource.name() {
            None | Some("") => rest == Some(""),
            Some(name) => rest.and_then(|rest| rest.strip_prefix('/')) == Some(name),
        };
        let is_nameless = resource.name().is_none_or(str::is_empty);
        if !is_plain && !is_nameless {
            self.mark(UNNAMED);
        }
        if !is_plain || owner.contains('/') {
            self.put("owner", [owner]);
        }
    }

    fn mark(&mut self, word: &str) {
        self.0.push(' ');
        self.0.push_str(word);
    }

    /// `name=a,b`; nothing where there is no value.
    fn put<'a>(&mut self, name: &str, values: impl IntoIterator<Item = &'a str>) {
        let mut values = values.into_iter();
        let Some(first) = values.next() else { return };
        let _ = write!(self.0, " {name}=");
        self.escape(first);
        for value in values {
            self.0.push(',');
            self.escape(value);
        }
    }

    /// Everything that the line itself is written with is escaped as in a URI.
    fn escape(&mut self, value: &str) {
        for byte in value.bytes() {
            match byte {
                b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'.' | b'_' | b'/' | b':' => {
                    self.0.push(char::from(byte));
                }
                _ => {
                    let _ = write!(self.0, "%{byte:02X}");
                }
            }
        }
    }
}

fn unescape(value: &str) -> Option<String> {
    let mut parts = value.split('%');
    let mut bytes = parts.next()?.as_bytes().to_vec();
    for part in parts {
        let (digits, rest) = part.split_at_checked(2)?;
        bytes.push(u8::from_str_radix(digits, 16).ok()?);
        bytes.extend_from_slice(rest.as_bytes());
    }
    String::from_utf8(bytes).ok()
}

/// The words of a line by their names.
struct Words<'a>(Vec<(&'a str, Option<&'a str>)>);

impl<'a> Words<'a> {
    fn of(rest: impl Iterator<Item = &'a str>) -> Self {
        let word = |word: &'a str| match word.split_once('=') {
            Some((name, value)) => (name, Some(value)),
            None => (word, None),
        };
        Self(rest.map(word).collect())
    }

    fn has(&self, mark: &str) -> bool {
        self.0.iter().any(|(name, value)| *name == mark && value.is_none())
    }

    fn texts(&self, wanted: &str) -> Option<Vec<String>> {
        let found = self.0.iter().find(|(name, _)| *name == wanted).and_then(|(_, value)| *value);
        found.map_or(Some(Vec::new()), |value| value.split(',').map(unescape).collect())
    }

    fn one(&self, wanted: &str) -> Option<Option<String>> {
        self.texts(wanted).map(|texts| texts.into_iter().next())
    }

    /// A value, or that which the line leaves out.
    fn parsed<T: FromStr>(&self, wanted: &str) -> Option<Option<T>> {
        match self.one(wanted)? {
            None => Some(None),
            Some(text) => text.parse().ok().map(Some),
        }
    }
}

impl Asked {
    /// The question that a record tells of. `agent` is what is known of its agent now: who answers
    /// for it and what it is for do not stand in records.
    ///
    /// # Errors
    /// No question was kept, or not all of it.
    pub fn read(record: &Record, agent: Option<&Agent>) -> Result<Self, Unasked> {
        let line = record.detail.get(ASKED).ok_or(Unasked::Never)?;
        Self::parse(line, record, agent).ok_or(Unasked::Incomplete)
    }

    fn parse(line: &str, record: &Record, known: Option<&Agent>) -> Option<Self> {
        let mut words = line.split(' ');
        let (form, version, action) = (words.next()?, words.next()?, words.next()?);
        let action = Action::ALL.into_iter().find(|one| one.as_str() == action)?;
        let words = Words::of(words);
        if form != FORM || words.has(CUT) || words.has(UNNAMED) {
            return None;
        }
        let (owner, name) = named(record, words.one("owner")?, action)?;
        let at: i64 = words.parsed("at")??;
        Some(Self {
            version: version.to_owned(),
            action,
            time: Timestamp::from_micros(at.checked_mul(MICROS_A_MINUTE)?),
            agent: agent(&words, record, known)?,
            on_behalf_of: record.on_behalf_of.clone(),
            owner,
            name,
            class: class(&words)?,
            endpoint: words.one("endpoint")?.unwrap_or_default(),
            stream: words.has("stream"),
            max_output_tokens: words.parsed("max")?,
            findings: words.texts("findings")?,
            labels: words.texts("labels")?,
            origins: origins(record),
            chain: record.chain.iter().map(ToString::to_string).collect(),
            scopes: words.texts("scopes")?,
            tier: match words.one("tier")? {
                None => Tier::default(),
                Some(text) => Tier::parse(&text)?,
            },
        })
    }

    /// Puts the question. `None` where the names of what was acted on are none any more.
    pub fn put<T>(&self, to: impl FnOnce(&Question<'_>) -> T) -> Option<T> {
        let (provider, server) =
            (ProviderName::new(&self.owner).ok(), ServerName::new(&self.owner).ok());
        let resource = self.resource(provider.as_ref(), server.as_ref())?;
        let lists = [&self.findings, &self.labels, &self.origins, &self.chain, &self.scopes];
        let [findings, labels, origins, chain, scopes] =
            lists.map(|texts| texts.iter().map(String::as_str).collect::<Vec<&str>>());
        Some(to(&Question {
            agent: &self.agent,
            on_behalf_of: self.on_behalf_of.as_ref(),
            action: self.action,
            resource,
            context: Context {
                time: self.time,
                stream: self.stream,
                max_output_tokens: self.max_output_tokens,
                findings: &findings,
                labels: &labels,
                delegation: Delegation { chain: &chain, scopes: &scopes, tier: self.tier },
                origins: &origins,
                endpoint: &self.endpoint,
            },
        }))
    }

    fn resource<'a>(
        &'a self,
        provider: Option<&'a ProviderName>,
        server: Option<&'a ServerName>,
    ) -> Option<Resource<'a>> {
        let name = &*self.name;
        Some(match self.action {
            Action::CallModel => Resource::Model { provider: provider?, name },
            Action::ListModels | Action::UseProvider => Resource::Provider(provider?),
            Action::CallTool => Resource::Tool { server: server?, name, class: self.class },
            Action::ReadResource => Resource::Resource { server: server?, uri: name },
            Action::GetPrompt => Resource::Prompt { server: server?, name },
            Action::UseServer | Action::Sample | Action::Elicit | Action::ListRoots => {
                Resource::Server(server?)
            }
        })
    }
}

/// What was acted on: whose it is, and its name where it has one of its own.
fn named(record: &Record, owner: Option<String>, action: Action) -> Option<(String, String)> {
    let is_item = matches!(
        action,
        Action::CallModel | Action::CallTool | Action::ReadResource | Action::GetPrompt
    );
    let shown = record.resource.as_ref().map_or("", |resource| &*resource.name);
    if !is_item {
        return Some((owner.unwrap_or_else(|| shown.to_owned()), String::new()));
    }
    let (owner, name) = match owner {
        Some(owner) => {
            let rest = shown.strip_prefix(&*owner).unwrap_or_default();
            let name = rest.strip_prefix('/').unwrap_or_default().to_owned();
            (owner, name)
        }
        None => match shown.split_once('/') {
            Some((owner, name)) => (owner.to_owned(), name.to_owned()),
            None => (shown.to_owned(), String::new()),
        },
    };
    Some((owner, name))
}

fn agent(words: &Words<'_>, record: &Record, known: Option<&Agent>) -> Option<Agent> {
    let roles = words.texts("roles")?;
    let roles: Result<Vec<RoleName>, _> = roles.iter().map(|role| RoleName::new(role)).collect();
    let standing = match words.one("standing")?.as_deref() {
        None => Standing::Active,
        Some("suspended") => Standing::Suspended,
        Some("quarantined") => Standing::Quarantined,
        Some(_) => return None,
    };
    Some(Agent {
        tenant: record.tenant.clone(),
        name: record.agent.clone()?,
        owner: known.and_then(|agent| agent.owner.clone()),
        purpose: known.and_then(|agent| agent.purpose.clone()),
        roles: roles.ok()?,
        zone: record.zone.clone().map_or_else(|| ZoneName::new("production").ok(), Some)?,
        standing,
        tier: None,
    })
}

fn class(words: &Words<'_>) -> Option<Classification> {
    let texts = words.texts("class")?;
    if texts.is_empty() {
        return Some(Classification::default());
    }
    let [effect, integrity, confidentiality] = texts.as_slice() else { return None };
    Some(Classification {
        effect: *ToolEffect::ALL.iter().find(|one| one.as_str() == effect)?,
        integrity: *Integrity::ALL.iter().find(|one| one.as_str() == integrity)?,
        confidentiality: *Confidentiality::ALL
            .iter()
            .find(|one| one.as_str() == confidentiality)?,
    })
}

fn origins(record: &Record) -> Vec<String> {
    let origins = record.detail.get(ORIGINS).map_or("", String::as_str);
    origins.split(' ').filter(|origin| !origin.is_empty()).map(str::to_owned).collect()
}
