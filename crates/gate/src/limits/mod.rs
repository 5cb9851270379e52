//! Limits: requests, tokens, spend and calls in flight, counted where every action passes.
//!
//! A limit is hard. Before a call goes out it reserves what it may use; a call whose
//! reservation would cross a limit is refused, so parallel calls cannot overshoot together.
//! When the answer is in, the reservation is replaced by what was really used. A refused
//! call counts for nothing.
//!
//! Windows are fixed and aligned to the epoch (an hour's window begins on the hour), so that
//! what a person reads in the log adds up to what was counted here. A counter of an older
//! window reads as empty and is forgotten when room is needed.

mod counters;
#[cfg(test)]
mod tests;

use std::sync::Arc;
use std::time::Duration;

use model::{TenantId, Tier, Timestamp};
use policy::Pattern;

use self::counters::Counter;
pub use self::counters::{Counters, Reservation, Saved};

/// Whose use a limit counts together.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Per {
    Tenant,
    /// The person on whose behalf, through whatever agents.
    Person,
    Agent,
    Provider,
    /// Each MCP server.
    Server,
    /// Each tool of each server.
    Tool,
}

/// One limit of the configuration. `None` means unlimited.
#[derive(Clone, Debug, PartialEq)]
pub struct Limit {
    /// Unique in its tenant; refusals name it.
    pub name: Arc<str>,
    pub per: Per,
    /// Only this agent, person, provider, server or tool; otherwise each has its own count.
    pub only: Option<Arc<str>>,
    /// Not these.
    pub except: Vec<Arc<str>>,
    /// Only calls of this tier.
    pub tier: Option<Tier>,
    /// Only calls of these tools, as `server/tool`.
    pub tool: Option<Pattern>,
    pub window: Duration,
    pub requests: Option<u64>,
    /// Input and output tokens together.
    pub tokens: Option<u64>,
    /// Millionths of a US dollar.
    pub spend: Option<u64>,
    /// Calls in flight at once; needs no window.
    pub concurrency: Option<u64>,
    /// Bytes of request and answer bodies together.
    pub bytes: Option<u64>,
}

/// What a call uses, or may use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Amount {
    pub tokens: u64,
    /// Millionths of a US dollar.
    pub spend: u64,
    pub bytes: u64,
}

/// Who calls what: the subjects that limits count by.
pub struct Caller<'a> {
    pub tenant: &'a TenantId,
    pub agent: &'a str,
    pub person: Option<&'a str>,
    /// What is kept calls that person.
    pub shown: Option<&'a str>,
    pub tier: Tier,
    pub place: Place<'a>,
    /// The tool, as `server/tool`.
    pub tool: Option<&'a str>,
}

/// Where the call goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place<'a> {
    Provider(&'a str),
    Server(&'a str),
}

/// The limit that a call would have crossed.
#[derive(Clone, Debug, PartialEq)]
pub struct Exceeded {
    pub limit: Arc<str>,
    /// `requests`, `tokens`, `spend`, `concurrency` or `bytes`.
    pub quantity: &'static str,
    pub allowed: u64,
    pub used: u64,
    /// What this call would have added.
    pub asked: u64,
    /// Until the window ends; a second where only other calls are in the way.
    pub retry_after: Duration,
}

impl Limit {
    fn subject(&self, caller: &Caller<'_>) -> Option<Arc<str>> {
        if self.tier.is_some_and(|tier| tier != caller.tier) {
            return None;
        }
        if let Some(tools) = &self.tool
            && !caller.tool.is_some_and(|tool| tools.matches(tool))
        {
            return None;
        }
        let subject = match (self.per, caller.place) {
            (Per::Tenant, _) => return Some(Arc::from("")),
            (Per::Person, _) => caller.person?,
            (Per::Agent, _) => caller.agent,
            (Per::Tool, _) => caller.tool?,
            (Per::Provider, Place::Provider(name)) | (Per::Server, Place::Server(name)) => name,
            (Per::Provider | Per::Server, _) => return None,
        };
        match &self.only {
            _ if self.except.iter().any(|one| **one == *subject) => None,
            Some(only) if **only != *subject => None,
            // Counted by what records say, which is what the counters are made from again.
            _ if self.per == Per::Person => caller.shown.map(Into::into),
            Some(only) => Some(only.clone()),
            None => Some(subject.into()),
        }
    }

    /// Whether it counts anything over time: calls at once are forgotten with the calls.
    pub fn counts(&self) -> bool {
        [self.requests, self.tokens, self.spend, self.bytes].iter().any(Option::is_some)
    }

    /// When the window ends that a time lies in.
    pub fn ends(&self, time: Timestamp) -> Timestamp {
        window_end(time, self.window)
    }

    fn check(&self, counter: &Counter, amount: Amount, now: Timestamp) -> Result<(), Exceeded> {
        let wait = self.remaining(now);
        let rows = [
            ("requests", self.requests, counter.requests, 0, 1),
            ("tokens", self.tokens, counter.used.tokens, counter.reserved.tokens, amount.tokens),
            ("spend", self.spend, counter.used.spend, counter.reserved.spend, amount.spend),
            ("bytes", self.bytes, counter.used.bytes, counter.reserved.bytes, amount.bytes),
            ("concurrency", self.concurrency, 0, counter.in_flight, 1),
        ];
        for (quantity, allowed, used, reserved, asked) in rows {
            let Some(allowed) = allowed else { continue };
            if used.saturating_add(reserved).saturating_add(asked) > allowed {
                // If it would fit without the calls in flight, it may fit as soon as they end.
                let soon = used.saturating_add(asked) <= allowed;
                let wait = if soon { Duration::from_secs(1).min(wait) } else { wait };
                return Err(self.exceeded(
                    quantity,
                    allowed,
                    used.saturating_add(reserved),
                    asked,
                    wait,
                ));
            }
        }
        Ok(())
    }

    fn remaining(&self, now: Timestamp) -> Duration {
        self.ends(now).since(now)
    }

    fn exceeded(
        &self,
        quantity: &'static str,
        allowed: u64,
        used: u64,
        asked: u64,
        wait: Duration,
    ) -> Exceeded {
        Exceeded { limit: self.name.clone(), quantity, allowed, used, asked, retry_after: wait }
    }
}

fn window_end(now: Timestamp, window: Duration) -> Timestamp {
    let window = i64::try_from(window.as_micros()).unwrap_or(i64::MAX).max(1);
    Timestamp::from_micros(now.micros().div_euclid(window).saturating_add(1).saturating_mul(window))
}

impl Amount {
    fn add(&mut self, other: Self) {
        self.tokens = self.tokens.saturating_add(other.tokens);
        self.spend = self.spend.saturating_add(other.spend);
        self.bytes = self.bytes.saturating_add(other.bytes);
    }
}
