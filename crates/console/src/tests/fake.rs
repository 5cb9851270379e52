//! An app on a fresh store, whose journal and instance remember what they were asked.

use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use axum::Router;
use axum::body::Body;
use axum::http::{HeaderMap, Request, StatusCode, header};
use http_body_util::BodyExt;
use hyper::service::Service;
use hyper_util::service::TowerToHyperService;
use identity::sign_on::{LoggedOut, SignedOn};
use model::{
    AgentName, CertificateSubject, DataSubject, Month, Record, TenantId, Timestamp, UserName,
};
use serde_json::{Value, json};
use store::{Batch, Entry, NewToken, Scope, Store};

use crate::{
    App, Asker, Check, Custody, DeclaredCertificate, DeclaredCredentials, DeclaredKey, Drafted,
    ErasedKey, Failure, IndexState, Instance, Journal, KeyLevel, LabelledSession, LogFile,
    PayloadPlace, PayloadView, Peer, PolicyReport, PolicySource, PolicyView, ProviderView,
    PublicKeyView, Redemption, ServerView, SignOn, SignOnPlaces, SignOnTerms, Task,
};

/// What happened, in order.
#[derive(Default)]
pub(crate) struct Seen {
    pub(crate) events: Mutex<Vec<String>>,
    pub(crate) records: Mutex<Vec<Record>>,
    pub(crate) journal_broken: AtomicBool,
    pub(crate) not_ready: AtomicBool,
    /// What an access review does with what is undecided at its deadline.
    pub(crate) revokes_undecided: AtomicBool,
    /// What the identity provider says of whoever comes next.
    pub(crate) claims: Mutex<Option<Value>>,
    /// A tenant that has no identity provider.
    pub(crate) apart: Mutex<Option<TenantId>>,
}

impl Seen {
    fn note(&self, event: String) {
        self.events.lock().unwrap().push(event);
    }

    pub(crate) fn take_events(&self) -> Vec<String> {
        std::mem::take(&mut self.events.lock().unwrap())
    }

    pub(crate) fn last_record(&self) -> Record {
        self.records.lock().unwrap().last().cloned().unwrap()
    }
}

struct FakeJournal(Arc<Seen>, Store);

impl Journal for FakeJournal {
    fn record(&self, record: Record) -> Task<'_, Result<(), Failure>> {
        Box::pin(async move {
            if self.0.journal_broken.load(Ordering::SeqCst) {
                return Err(Failure("the disk is full".to_owned()));
            }
            let act = record.detail.get("act").cloned().unwrap_or_default();
            // The store must have the change before the log tells of it.
            let revision = self.1.load_control(&TenantId::main()).await.unwrap().revision;
            self.0.note(format!("record {} {act} at revision {revision}", record.kind.as_str()));
            self.0.records.lock().unwrap().push(record);
            Ok(())
        })
    }

    fn read(&self, _: TenantId, _: String, position: u64) -> Task<'_, Result<Vec<u8>, Failure>> {
        let record = self.0.records.lock().unwrap().get(position as usize).cloned();
        let bytes = record.map(|record| record.encode().unwrap());
        Box::pin(async move { bytes.ok_or_else(|| Failure("nothing is there".to_owned())) })
    }

    fn prove(&self, _: TenantId, log: String, at: u64) -> Task<'_, Result<Value, Failure>> {
        Box::pin(async move { Ok(json!({"log": log, "leaf_index": at})) })
    }

    fn file(&self, tenant: TenantId, file: LogFile) -> Task<'_, Option<Vec<u8>>> {
        let ours = tenant == TenantId::main();
        Box::pin(async move { ours.then(|| format!("{file:?}").into_bytes()) })
    }
}

/// An identity provider whose tokens are read as the real one's, by a key that nobody signs with.
struct FakeProvider(Arc<Seen>);

impl SignOn for FakeProvider {
    fn terms(&self, tenant: &TenantId) -> Option<SignOnTerms> {
        if self.0.apart.lock().unwrap().as_ref() == Some(tenant) {
            return None;
        }
        // Each tenant's has a name of its own.
        let host = if *tenant == TenantId::main() { "login" } else { tenant.as_str() };
        Some(SignOnTerms {
            label: "Log in at Example".to_owned(),
            issuer: format!("https://{host}.example.com"),
            client: "portcullis".to_owned(),
            scopes: "openid email".to_owned(),
            groups_claim: "groups".to_owned(),
            directory_claim: Some("oid".to_owned()),
            creates: true,
            name_claim: "email".to_owned(),
            acr: vec!["phr".to_owned()],
            amr: vec!["mfa".to_owned()],
        })
    }

    fn places(&self, _: &TenantId) -> Task<'_, Result<SignOnPlaces, Failure>> {
        let authorization = "https://login.example.com/authorize?tenant=1".to_owned();
        Box::pin(async { Ok(SignOnPlaces { authorization, names_itself: true }) })
    }

    fn redeem(
        &self,
        tenant: &TenantId,
        redemption: Redemption,
    ) -> Task<'_, Result<SignedOn, Failure>> {
        let claims = self.0.claims.lock().unwrap().clone();
        let codes = format!("code {} for {tenant}", redemption.code.expose());
        self.0.note(codes);
        Box::pin(async move {
            let claims = claims.ok_or_else(|| Failure("invalid_grant".to_owned()))?;
            let claims = serde_json::from_value(claims).unwrap();
            SignedOn::of(claims).map_err(|error| Failure(error.to_string()))
        })
    }

    fn logged_out(&self, _: &TenantId, token: String) -> Task<'_, Result<LoggedOut, Failure>> {
        let words: Vec<String> = token.split(' ').map(str::to_owned).collect();
        Box::pin(async move {
            let [id, kind, name] = words.as_slice() else {
                return Err(Failure("the token is not signed".to_owned()));
            };
            let of = |wanted: &str| (kind == wanted).then(|| name.clone());
            let expires = Timestamp::from_micros(i64::MAX);
            Ok(LoggedOut { id: id.clone(), subject: of("sub"), session: of("sid"), expires })
        })
    }
}

/// A password that is in every list.
pub(crate) const LEAKED: &str = "correct horse battery staple";

struct FakeInstance(Arc<Seen>);

impl Instance for FakeInstance {
    fn name(&self) -> String {
        "portcullis".to_owned()
    }

    fn group_roles(&self, _: &TenantId, group: &str) -> Vec<people::Role> {
        match group {
            "Security" => vec![people::Role::SecurityOfficer],
            "Administrators" => vec![people::Role::PlatformAdministrator],
            _ => Vec::new(),
        }
    }

    fn heir(&self, _: &TenantId) -> Option<UserName> {
        "heir".parse().ok()
    }

    fn is_leaked(&self, hash: &str) -> Result<bool, Failure> {
        Ok(hash == people::password::leak_hash(&model::Secret::new(LEAKED.to_owned())))
    }

    fn elevation(&self, _: &TenantId) -> people::Elevation {
        let break_glass = vec![people::Role::SecurityOfficer];
        people::Elevation { break_glass, ..people::Elevation::default() }
    }

    fn travel(&self, _: &TenantId) -> people::Travel {
        let at = |name: &str, last: u128, latitude, longitude| people::travel::Network {
            name: name.to_owned(),
            ranges: vec![(0xffff_7f00_0000 + last, 128)],
            latitude,
            longitude,
        };
        let networks = vec![at("berlin", 1, 52.52, 13.40), at("sydney", 2, -33.87, 151.21)];
        people::Travel { networks, asks_again: true, ..people::Travel::default() }
    }

    fn review(&self, _: &TenantId) -> people::Review {
        let escalates = !self.0.revokes_undecided.load(Ordering::SeqCst);
        people::Review { escalates, ..people::Review::default() }
    }

    fn clear_labels(&self, session: &LabelledSession) -> Option<Vec<String>> {
        (session.agent.as_str() == "bot").then(|| vec!["untrusted".to_owned()])
    }

    fn tenants(&self) -> Vec<TenantId> {
        ["main", "other"].map(|name| name.parse().unwrap()).to_vec()
    }

    fn approval_validity(&self, _: &TenantId) -> Duration {
        Duration::from_secs(3600)
    }

    fn publish(&self, _: &TenantId) -> Task<'_, Result<Duration, Failure>> {
        self.0.note("publish".to_owned());
        Box::pin(async { Ok(Duration::from_micros(7)) })
    }

    fn reload(&self, _: &TenantId) -> Task<'_, Result<Value, Failure>> {
        Box::pin(async { Ok(json!({"changed": 0})) })
    }

    fn catch_up(&self, _: &TenantId) -> Task<'_, ()> {
        Box::pin(async {})
    }

    fn metrics(&self, _: &TenantId) -> String {
        "up 1\n".to_owned()
    }

    fn readiness(&self, _: Option<&TenantId>) -> Vec<Check> {
        let ok = !self.0.not_ready.load(Ordering::SeqCst);
        let detail = "a detail for operators".to_owned();
        vec![
            Check { name: "log".to_owned(), ok, is_needed: true, detail },
            Check {
                name: "controls".to_owned(),
                ok: false,
                is_needed: false,
                detail: String::new(),
            },
        ]
    }

    fn controls(&self) -> Value {
        json!({"state": "working", "controls": []})
    }

    fn test_controls(&self) -> Task<'_, Result<Value, Failure>> {
        Box::pin(async { Ok(json!({"state": "working", "controls": []})) })
    }

    fn status(&self, _: &TenantId) -> Value {
        json!({"version": "test"})
    }

    fn providers(&self, _: &TenantId) -> Vec<ProviderView> {
        vec![ProviderView {
            name: "openai".parse().unwrap(),
            kind: "openai".to_owned(),
            base_url: "https://api.example.com".to_owned(),
            models: vec![],
        }]
    }

    fn servers(&self, _: &TenantId) -> Vec<ServerView> {
        vec![ServerView {
            name: "files".parse().unwrap(),
            address: "https://tools.example.com/mcp".to_owned(),
            pin: "first-sight".to_owned(),
        }]
    }

    fn policy(&self, _: &TenantId) -> PolicyView {
        PolicyView { version: "0".to_owned(), sources: vec![] }
    }

    fn try_policies(&self, _: &TenantId, files: &[PolicySource]) -> Result<PolicyReport, Failure> {
        let text: String = files.iter().map(|file| file.text.as_str()).collect();
        if text.contains("broken") {
            return Err(Failure("a.cedar:1:1: it is broken".to_owned()));
        }
        let failed = text.contains("failing").then(|| "a case failed".to_owned());
        let version = model::Digest::of(text.as_bytes()).to_string();
        Ok(PolicyReport {
            version,
            passed: 3,
            failed: failed.into_iter().collect(),
            untested: vec![],
        })
    }

    fn draft_policies(&self, _: &TenantId, files: &[PolicySource]) -> Result<Drafted, Failure> {
        let compile = |sources: &[policy::Source]| {
            let grants = policy::Grants::everything_to_everyone();
            let compiled = policy::Bundle::compile(sources, &grants);
            compiled.map(Arc::new).map_err(|problems| Failure(problems[0].to_string()))
        };
        let draft = files.iter().map(|file| policy::Source::new(&*file.name, &*file.text));
        Ok(Drafted {
            in_force: compile(&policy::baseline_sources())?,
            draft: compile(&draft.collect::<Vec<_>>())?,
        })
    }

    fn are_policies_declared(&self, _: &TenantId) -> bool {
        false
    }

    fn index(&self, _: &TenantId) -> IndexState {
        IndexState { indexed: 7, size: 9 }
    }

    fn public_key(&self, pem: &str) -> Result<PublicKeyView, Failure> {
        let read = pem.strip_prefix("key ").map(|thumbprint| PublicKeyView {
            info: thumbprint.as_bytes().to_vec(),
            algorithm: "ed25519",
            thumbprint: thumbprint.to_owned(),
        });
        read.ok_or_else(|| Failure("it holds no PUBLIC KEY".to_owned()))
    }

    fn declared_credentials(&self, _: &TenantId) -> DeclaredCredentials {
        let agent: AgentName = "declared".parse().unwrap();
        let (id, algorithm) = ("configured".parse().unwrap(), "hmac-sha256");
        let subject = "CN=configured".parse().unwrap();
        DeclaredCredentials {
            signing_keys: vec![DeclaredKey { id, agent: agent.clone(), algorithm }],
            certificates: vec![DeclaredCertificate { subject, agent }],
            revoked: vec!["c0".parse().unwrap()],
        }
    }

    fn may_name(&self, _: &TenantId, subject: &CertificateSubject) -> Result<bool, Failure> {
        Ok(!subject.as_str().contains("elsewhere"))
    }

    fn exports(&self, _: &TenantId) -> Value {
        json!([{"name": "siem", "behind": 3}])
    }

    fn rebuild_index(&self, _: &TenantId) -> Task<'_, Result<(), Failure>> {
        self.0.note("rebuild".to_owned());
        Box::pin(async { Ok(()) })
    }

    fn limits(&self, _: &TenantId) -> Value {
        json!([])
    }
}

struct FakeCustody(Arc<Seen>);

impl Custody for FakeCustody {
    fn payload(&self, place: PayloadPlace) -> Task<'_, Result<Option<PayloadView>, Failure>> {
        self.0.note(format!("payload {} {:?}", place.reference, place.part));
        let is_there = place.reference != "gone";
        let view =
            PayloadView { coding: String::new(), bytes: b"said".to_vec(), is_truncated: false };
        Box::pin(async move { Ok(is_there.then_some(view)) })
    }

    fn kept_as(&self, _: &TenantId, subject: DataSubject) -> DataSubject {
        match subject {
            DataSubject::Person(name) if name.as_str() == "pat@example.com" => {
                DataSubject::Person("psn_00".parse().unwrap())
            }
            other => other,
        }
    }

    fn shown(&self, tenant: TenantId, person: UserName) -> Task<'_, Result<UserName, Failure>> {
        let subject = self.kept_as(&tenant, DataSubject::Person(person));
        Box::pin(async move { Ok(subject.name().parse().unwrap()) })
    }

    fn name_of(&self, _: &TenantId, pseudonym: &UserName) -> Option<UserName> {
        (pseudonym.as_str() == "psn_00").then(|| "pat@example.com".parse().unwrap())
    }

    fn forget_name(&self, _: TenantId, person: UserName) -> Task<'_, Result<bool, Failure>> {
        self.0.note(format!("forget the name {person}"));
        Box::pin(async { Ok(true) })
    }

    fn erase(
        &self,
        _: TenantId,
        subject: DataSubject,
        month: Option<Month>,
    ) -> Task<'_, Result<Vec<ErasedKey>, Failure>> {
        self.0.note(format!("erase {subject} {month:?}"));
        let month = month.unwrap_or_else(|| "2026-11".parse().unwrap());
        Box::pin(async move { Ok(vec![ErasedKey { subject, month }]) })
    }

    fn forget_values(&self, _: TenantId, subject: DataSubject) -> Task<'_, Result<u64, Failure>> {
        self.0.note(format!("forget {subject}"));
        Box::pin(async { Ok(3) })
    }

    fn retain(&self, _: TenantId, who: Asker) -> Task<'_, Result<Value, Failure>> {
        self.0.note(format!("retain for {}", who.name));
        Box::pin(async { Ok(json!({"keys": 0})) })
    }

    fn rotate(&self, _: TenantId, level: KeyLevel) -> Task<'_, Result<u64, Failure>> {
        self.0.note(format!("rotate {level:?}"));
        Box::pin(async { Ok(3) })
    }
}

pub(crate) struct Fake {
    pub(crate) app: Arc<App>,
    pub(crate) router: Router,
    pub(crate) store: Store,
    pub(crate) seen: Arc<Seen>,
    pub(crate) clock: Arc<AtomicU64>,
    _folder: tempfile::TempDir,
}

pub(crate) struct Answer {
    pub(crate) status: StatusCode,
    pub(crate) headers: HeaderMap,
    pub(crate) body: Vec<u8>,
}

impl Answer {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap()
    }

    pub(crate) fn header(&self, name: &str) -> &str {
        self.headers.get(name).map_or("", |value| value.to_str().unwrap())
    }
}

impl Fake {
    pub(crate) fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        let store = Store::open(&folder.path().join("state.db")).unwrap();
        let (seen, clock) = (Arc::new(Seen::default()), Arc::new(AtomicU64::new(1_000)));
        let (counter, seconds) = (AtomicU64::new(1), Arc::clone(&clock));
        let app = App {
            store: store.clone(),
            journal: Box::new(FakeJournal(Arc::clone(&seen), store.clone())),
            instance: Box::new(FakeInstance(Arc::clone(&seen))),
            custody: Box::new(FakeCustody(Arc::clone(&seen))),
            clock: Box::new(move || {
                Timestamp::from_micros(seconds.load(Ordering::SeqCst) as i64 * 1_000_000)
            }),
            random: Box::new(move || {
                let number = counter.fetch_add(1, Ordering::SeqCst);
                Some(model::Digest::of(&number.to_be_bytes()).0)
            }),
            hosts: vec!["console.example.com".to_owned()],
            sign_on: Box::new(FakeProvider(Arc::clone(&seen))),
            public_url: None,
            idempotency: crate::Idempotency::default(),
            staff: policy::StaffBundle::built_in().unwrap(),
            login: crate::Login::new([7; 32], false, Default::default()).unwrap(),
            pages: crate::Pages::default(),
        };
        let app = Arc::new(app);
        Self { router: crate::router(app.clone()), app, store, seen, clock, _folder: folder }
    }

    /// A token that is in the store.
    pub(crate) async fn token(&self, scope: Scope, expires: Option<Timestamp>) -> String {
        let (token, hash) = crate::new_token([scope as u8 + 1; 32]);
        let new = NewToken { hash, name: format!("{scope:?}"), scope, owner: None, expires };
        self.store.add_token(&TenantId::main(), new, Timestamp::default()).await.unwrap();
        token.expose().to_owned()
    }

    pub(crate) async fn send(&self, request: Request<Body>) -> Answer {
        let service = TowerToHyperService::new(self.router.clone());
        let response = service.call(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let kind = parts.headers.get("content-type").map(|kind| kind.as_bytes());
        // What is live does not end.
        let body = match kind {
            Some(b"text/event-stream") => Vec::new(),
            _ => body.collect().await.unwrap().to_bytes().to_vec(),
        };
        Answer { status: parts.status, headers: parts.headers, body }
    }

    /// As the operator at the socket.
    pub(crate) async fn operator(&self, method: &str, path: &str, body: Value) -> Answer {
        self.send(request(method, path, body, &[])).await
    }

    /// What a page of ours puts into its forms for whoever shows this credential.
    pub(crate) fn form_token(&self, credential: &str) -> String {
        let token = crate::pages::form::token(&self.app, &TenantId::main(), credential);
        token.unwrap().to_string()
    }

    /// A page, as the operator at the socket sees it.
    pub(crate) async fn page(&self, path: &str) -> Answer {
        self.operator("GET", path, Value::Null).await
    }

    /// A form of a page, as the operator at the socket sends it.
    pub(crate) async fn submit(&self, path: &str, fields: &[(&str, &str)]) -> Answer {
        let token = self.form_token("uid:1000");
        let fields = [fields, &[("form_token", token.as_str())]].concat();
        self.send(form(path, &fields, &[])).await
    }

    pub(crate) async fn index(&self) {
        let records = self.seen.records.lock().unwrap().clone();
        let entries = (0..).zip(&records).map(|(at, record)| Entry::of(at, record)).collect();
        let (tenant, log) = (TenantId::main(), "main".to_owned());
        self.store.index(Batch { tenant, log, entries, counters: None }).await.unwrap();
    }
}

/// A request from the socket; `Value::Null` is no body.
pub(crate) fn request(
    method: &str,
    path: &str,
    body: Value,
    headers: &[(&str, &str)],
) -> Request<Body> {
    let mut builder = Request::builder().method(method).uri(path);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    let body = match body {
        Value::Null => Body::empty(),
        value => {
            builder = builder.header(header::CONTENT_TYPE, "application/json");
            Body::from(value.to_string())
        }
    };
    builder.extension(Peer::Socket { uid: 1000 }).body(body).unwrap()
}

/// A form from the socket.
pub(crate) fn form(path: &str, fields: &[(&str, &str)], headers: &[(&str, &str)]) -> Request<Body> {
    let mut builder = Request::builder().method("POST").uri(path);
    for (name, value) in headers {
        builder = builder.header(*name, *value);
    }
    let encode =
        |text: &str| -> String { text.bytes().map(|byte| format!("%{byte:02X}")).collect() };
    let pairs: Vec<String> =
        fields.iter().map(|(name, value)| format!("{}={}", encode(name), encode(value))).collect();
    builder
        .header(header::CONTENT_TYPE, "application/x-www-form-urlencoded")
        .extension(Peer::Socket { uid: 1000 })
        .body(Body::from(pairs.join("&")))
        .unwrap()
}

/// The same over TCP.
pub(crate) fn over_tcp(request: Request<Body>) -> Request<Body> {
    from_address(request, [127, 0, 0, 1])
}

pub(crate) fn from_address(mut request: Request<Body>, address: [u8; 4]) -> Request<Body> {
    let address = std::net::SocketAddr::from((address, 5));
    request.extensions_mut().insert(Peer::Tcp(address));
    request.headers_mut().entry(header::HOST).or_insert("localhost:4180".parse().unwrap());
    request
}
