//! An attempt to prove who one is: counted before it is looked at, and recorded with its outcome.
//!
//! Counting first is what keeps a thousand guesses that come at once from being looked at before
//! the first of them counts.

use model::{
    Client, Decision, Digest, Effect, Kind, Record, RecordId, Resource, Status, TenantId,
    Timestamp, UserName,
};
use people::lockout;
use store::Counted;

use super::session::IMPOSSIBLE_TRAVEL;
use crate::routes::access::alarm;
use crate::{App, Problem, change};

/// One attempt of somebody to log in as `name`.
pub(crate) struct Attempt<'a> {
    pub(crate) app: &'a App,
    pub(crate) tenant: TenantId,
    pub(crate) name: UserName,
    pub(crate) client: Client,
    /// Such as `password` or `totp`.
    pub(crate) factor: &'static str,
    /// Under what its failures are counted, besides the address.
    account: String,
}

/// How it ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Outcome {
    Right,
    Wrong,
    /// There is nobody of this name.
    Nobody,
    /// Nothing was looked at: too many failed before.
    TooMany,
    /// The account has no second factor yet.
    NoFactor,
}

impl Outcome {
    fn reason(self) -> &'static str {
        match self {
            Self::Right => "the factor was right",
            Self::Wrong => "the factor was wrong, or was used before",
            Self::Nobody => "there is no such account",
            Self::TooMany => "too many attempts failed before",
            Self::NoFactor => "the account has no second factor",
        }
    }
}

impl<'a> Attempt<'a> {
    pub(crate) fn new(
        app: &'a App,
        tenant: TenantId,
        name: UserName,
        client: Client,
        factor: &'static str,
    ) -> Self {
        let account = format!("account:{tenant}/{name}");
        Self { app, tenant, name, client, factor, account }
    }

    /// At a tenant that there is not: counted like any other, so that nobody finds out by trying, and
    /// told of in the platform's log.
    pub(crate) fn nowhere(
        app: &'a App,
        tenant: &str,
        name: UserName,
        client: Client,
        factor: &'static str,
    ) -> Self {
        let account = format!("account:{}/{name}", Digest::of(tenant.as_bytes()));
        Self { app, tenant: TenantId::main(), name, client, factor, account }
    }

    fn account(&self) -> String {
        self.account.clone()
    }

    fn address(&self) -> String {
        address(&self.client)
    }

    /// Counts the attempt. Where one has to wait first: until when.
    pub(crate) async fn begin(&self) -> Result<Option<Timestamp>, Problem> {
        let counted = vec![
            Counted { subject: self.account(), free: lockout::FREE_OF_ACCOUNT },
            Counted { subject: self.address(), free: lockout::FREE_OF_ADDRESS },
        ];
        count(self.app, counted).await
    }

    /// Records how it ended; what was right takes the count back.
    pub(crate) async fn end(
        &self,
        outcome: Outcome,
        detail: &[(&'static str, String)],
    ) -> Result<RecordId, Problem> {
        if outcome == Outcome::Right {
            self.app.store.forget_failures(&self.account()).await?;
            self.app.store.uncount_failure(&self.address()).await?;
        }
        self.record(outcome, detail).await
    }

    /// Records a first factor that was right. The count stays until the second is right too.
    pub(crate) async fn pass(&self, detail: &[(&'static str, String)]) -> Result<(), Problem> {
        self.app.store.uncount_failure(&self.account()).await?;
        self.app.store.uncount_failure(&self.address()).await?;
        self.record(Outcome::Right, detail).await.map(drop)
    }

    /// Records an attempt that was right and is not counted.
    pub(crate) async fn note(&self, detail: &[(&'static str, String)]) -> Result<(), Problem> {
        self.record(Outcome::Right, detail).await.map(drop)
    }

    async fn record(
        &self,
        outcome: Outcome,
        detail: &[(&'static str, String)],
    ) -> Result<RecordId, Problem> {
        let now = (self.app.clock)();
        let random = change::random_id(self.app).ok_or_else(change::no_randomness)?;
        let id = RecordId::new(now, random);
        let is_right = outcome == Outcome::Right;
        let effect = if is_right { Effect::Permit } else { Effect::Deny };
        let decision = Decision { effect, reason: outcome.reason().into(), ..Decision::default() };
        let mut record = Record::new(id, now, self.tenant.clone(), Kind::AUTH_ATTEMPT, decision);
        record.status = if is_right { Status::Ok } else { Status::Refused };
        record.client = self.client.clone();
        record.detail.insert("factor".into(), self.factor.to_owned());
        // Who mistakes the field types a password as a name: only names that exist are told.
        if outcome != Outcome::Nobody {
            let name = self.name.to_string();
            record.resource = Some(Resource { name, kind: "user".into() });
        }
        if detail.iter().any(|(name, _)| *name == IMPOSSIBLE_TRAVEL) {
            record.findings.push(alarm("access.impossible_travel"));
        }
        for (name, text) in detail {
            let text = model::clip(text, change::MAX_DETAIL).to_owned();
            record.detail.insert((*name).into(), text);
        }
        self.app.journal.record(record).await?;
        Ok(id)
    }
}

async fn count(app: &App, counted: Vec<Counted>) -> Result<Option<Timestamp>, Problem> {
    let now = (app.clock)();
    let forget = now.minus(lockout::FORGOTTEN);
    Ok(app.store.begin_attempt(counted, now, forget, lockout::until).await?)
}

/// Counts what an address guesses at that is nobody's account. Where it has to wait first: until when.
pub(crate) async fn count_address(
    app: &App,
    client: &Client,
) -> Result<Option<Timestamp>, Problem> {
    count(app, vec![Counted { subject: address(client), free: lockout::FREE_OF_ADDRESS }]).await
}

/// Takes the count back, of what was no guess.
pub(crate) async fn uncount_address(app: &App, client: &Client) -> Result<(), Problem> {
    Ok(app.store.uncount_failure(&address(client)).await?)
}

fn address(client: &Client) -> String {
    format!("address:{}", network(&client.address))
}

/// What of an address counts as one: without the port, and of IPv6 the network of a household.
fn network(address: &str) -> String {
    match address.parse::<std::net::SocketAddr>() {
        Ok(std::net::SocketAddr::V4(address)) => address.ip().to_string(),
        Ok(std::net::SocketAddr::V6(address)) => {
            let [a, b, c, d, ..] = address.ip().segments();
            format!("{a:x}:{b:x}:{c:x}:{d:x}::/64")
        }
        Err(_) => address.to_owned(),
    }
}
