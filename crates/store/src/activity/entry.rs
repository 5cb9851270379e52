//! What of a record goes into the index.

use std::collections::BTreeSet;

use model::{Digest, Effect, Record, RecordId, Status, Timestamp, clip};

use super::Field;

/// Words of one record that are indexed; the rest of a longer text is not.
const MAX_WORDS: usize = 256;
/// Longer words are cut, in bytes.
const MAX_WORD: usize = 48;
/// Texts up to this many bytes stand in the index as they are.
const MAX_TEXT: usize = 200;

/// The member of the detail that is there for replaying alone: it is another in nearly every record,
/// and what it says is found under other fields.
const UNSEARCHED: &str = "asked";

/// A record, as the index takes it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Entry {
    /// Where the record stands in its log.
    pub position: u64,
    pub id: RecordId,
    pub time: Timestamp,
    pub kind: String,
    pub effect: Effect,
    pub status: Status,
    pub agent: Option<String>,
    pub resource: Option<String>,
    /// What its other fields say, each once.
    pub(crate) terms: BTreeSet<(Field, String)>,
    pub(crate) http_status: Option<u16>,
    /// What the action used, in the units of the index; what it did not use is not there.
    pub(crate) amounts: Vec<(Field, u64)>,
    pub(crate) prints: Vec<(Field, Print)>,
}

/// Six bytes of a hash.
pub(crate) type Print = [u8; 6];

/// What stands in the index for a value that hardly ever comes twice. Two values of one print are
/// found together: who made them so on purpose shows a record too many, and hides none.
pub(crate) fn print_of(value: &str) -> Print {
    let hash = Digest::of(value.to_ascii_lowercase().as_bytes()).0;
    hash.first_chunk().copied().unwrap_or_default()
}

/// A text as the index holds it: long ones by their beginning and their hash.
pub(crate) fn term_text(text: &str) -> String {
    if text.len() <= MAX_TEXT {
        return text.to_owned();
    }
    let hash = Digest::of(text.as_bytes()).to_string();
    format!("{}…{}", clip(text, MAX_TEXT - 40), clip(&hash, 16))
}

/// The words of a text: runs of letters and digits, in small letters.
pub(crate) fn words(text: &str) -> impl Iterator<Item = String> {
    let runs = text.split(|c: char| !c.is_alphanumeric()).filter(|run| !run.is_empty());
    runs.map(|run| clip(&run.to_lowercase(), MAX_WORD).to_owned())
}

/// A number in the units of the index; what is none, or below zero, is zero.
pub(crate) fn scaled(value: f64, scale: u32) -> u64 {
    (value * f64::from(scale)).round() as u64
}

impl Entry {
    /// The value of a field that has one; nothing reads as the empty text.
    pub(crate) fn only(&self, field: Field) -> String {
        let found = self.terms.iter().find(|(one, _)| *one == field);
        found.map_or_else(String::new, |(_, text)| text.clone())
    }

    pub fn of(position: u64, record: &Record) -> Self {
        Self {
            position,
            id: record.id,
            time: record.time,
            kind: record.kind.as_str().to_owned(),
            effect: record.decision.effect,
            status: record.status,
            agent: record.agent.as_ref().map(ToString::to_string),
            resource: record.resource.as_ref().map(|resource| term_text(&resource.name)),
            terms: Terms::of(record),
            http_status: record.http_status,
            amounts: amounts(&record.usage),
            prints: prints(record),
        }
    }
}

fn amounts(usage: &model::Usage) -> Vec<(Field, u64)> {
    let all = [
        (Field::AddedMs, scaled(usage.added_ms, 1_000)),
        (Field::BytesIn, usage.bytes_in),
        (Field::BytesOut, usage.bytes_out),
        (Field::CostUsd, scaled(usage.cost_usd, 1_000_000)),
        (Field::InputTokens, usage.input_tokens),
        (Field::OutputTokens, usage.output_tokens),
        (Field::UpstreamMs, scaled(usage.upstream_ms, 1_000)),
    ];
    all.into_iter().filter(|(_, amount)| *amount > 0).collect()
}

fn prints(record: &Record) -> Vec<(Field, Print)> {
    let hash = |payload: &Option<model::PayloadRef>| {
        payload.as_ref().map(|payload| print_of(&payload.sha256.to_string()))
    };
    let all = [
        (Field::Trace, record.trace.as_deref().map(print_of)),
        (Field::Request, hash(&record.payload.request)),
        (Field::Response, hash(&record.payload.response)),
    ];
    all.into_iter().filter_map(|(field, print)| Some((field, print?))).collect()
}

/// Gathers what the fields of a record say.
#[derive(Default)]
struct Terms(BTreeSet<(Field, String)>);

impl Terms {
    fn of(record: &Record) -> BTreeSet<(Field, String)> {
        let mut terms = Self::default();
        terms.add(Field::Kind, record.kind.as_str());
        terms.add(Field::Effect, record.decision.effect.as_str());
        terms.add(Field::Status, record.status.as_str());
        terms.add_all(Field::Agent, record.agent.as_ref().map(|name| name.as_str()));
        terms.add_all(Field::User, record.on_behalf_of.as_ref().map(|name| name.as_str()));
        terms.add_all(Field::Chain, record.chain.iter().map(|name| name.as_str()));
        terms.add_all(Field::Session, record.session.as_ref().map(|name| name.as_str()));
        terms.add_all(Field::Zone, record.zone.as_ref().map(|name| name.as_str()));
        terms.add_all(Field::Policy, record.decision.policies.iter().map(|id| id.as_str()));
        terms.add_all(Field::Obligation, record.decision.obligations.iter().map(String::as_str));
        terms.add_all(Field::Label, record.labels.iter().map(String::as_str));
        terms.add_resource(record);
        terms.add_findings(record);
        terms.add_client(record);
        terms.add_words(record);
        terms.0
    }

    fn add(&mut self, field: Field, text: &str) {
        if !text.is_empty() {
            self.0.insert((field, term_text(text)));
        }
    }

    fn add_all<'a>(&mut self, field: Field, texts: impl IntoIterator<Item = &'a str>) {
        texts.into_iter().for_each(|text| self.add(field, text));
    }

    fn add_resource(&mut self, record: &Record) {
        let Some(resource) = &record.resource else { return };
        self.add(Field::Resource, &resource.name);
        self.add(Field::ResourceType, &resource.kind);
        match &*resource.kind {
            "provider" => self.add(Field::Provider, &resource.name),
            "model" => {
                let provider = resource.name.split_once('/').map(|(provider, _)| provider);
                self.add_all(Field::Provider, provider);
            }
            _ => {}
        }
    }

    fn add_findings(&mut self, record: &Record) {
        for finding in &record.findings {
            self.add(Field::Finding, &finding.kind);
            self.add_all(Field::Family, finding.kind.split('.').next());
            self.add(Field::Severity, finding.severity.as_str());
            self.add(Field::Detector, &finding.detector);
            self.add(Field::Where, &finding.location);
            self.add_all(Field::Fingerprint, finding.fingerprint.as_deref());
        }
    }

    fn add_client(&mut self, record: &Record) {
        let address = &record.client.address;
        let host = address.parse::<std::net::SocketAddr>().map(|address| address.ip().to_string());
        self.add(Field::Address, host.as_deref().unwrap_or(address));
        self.add(Field::Credential, &record.client.credential);
        self.add(Field::UserAgent, &record.client.user_agent);
    }

    fn add_words(&mut self, record: &Record) {
        let detail = || record.detail.iter().filter(|(name, _)| *name != UNSEARCHED);
        for (name, value) in detail() {
            self.add(Field::Detail, &format!("{name}={value}"));
        }
        let resource = record.resource.as_ref().map(|resource| resource.name.as_str());
        let texts = [Some(&*record.decision.reason), resource];
        let texts = texts.into_iter().flatten().chain(detail().map(|(_, value)| &**value));
        for word in texts.flat_map(words).take(MAX_WORDS) {
            self.0.insert((Field::Text, word));
        }
    }
}
