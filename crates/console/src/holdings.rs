//! What everybody may do, and when they last did: what an access review looks at.
//!
//! That something was used is told by the log, through its index. Looking leaves no record there, so of
//! people and tokens it also says when they were last seen. All that is asked of the log is gathered first
//! and asked in one way through the index: a question for each agent takes half a minute of ten thousand.

use std::time::Duration;

use model::{AgentName, TenantId, Timestamp, UserName};
use store::{
    AccessKind, BY_GROUP, Field, NewReviewItem, Scope, StoredAgent, StoredGrant, StoredKey,
    StoredUser, Top, Uses, WhichElevations,
};

use crate::{App, Problem};

/// Users and agents that are read at a time.
const BATCH: usize = 1_000;

/// How far it is looked back for what something was used for.
const SPAN: Duration = Duration::from_secs(92 * 24 * 60 * 60);

/// Things that it was used for, the most frequent first.
const MOST: usize = 8;

/// Roles that were taken and that nobody signed off.
const MAX_GLASS: usize = 1_000;

/// Everything that somebody or something may do now.
pub(crate) async fn gather(
    app: &App,
    tenant: &TenantId,
    now: Timestamp,
) -> Result<Vec<NewReviewItem>, Problem> {
    // What was used a moment ago counts.
    app.instance.catch_up(tenant).await;
    let uses = app.store.uses_of_agents(tenant, now.minus(SPAN), MOST).await?;
    let mut look = Look { app, tenant, now, uses, items: Vec::new(), asked: Vec::new() };
    look.roles().await?;
    look.tokens().await?;
    look.agents().await?;
    look.glass().await?;
    look.answer().await
}

/// A role, and where it comes from.
struct Granted {
    role: String,
    terms: String,
    by: String,
    since: Timestamp,
    ends: Option<Timestamp>,
}

impl Granted {
    fn of(grant: &StoredGrant) -> Self {
        let reason = Some(grant.reason.clone()).filter(|reason| !reason.is_empty());
        let terms: Vec<String> = grant.hours.clone().into_iter().chain(reason).collect();
        Self {
            role: grant.role.clone(),
            terms: terms.join("; "),
            by: grant.granted_by.clone(),
            since: grant.created,
            ends: grant.ends,
        }
    }
}

/// What the log is asked of an item.
#[derive(Clone, Copy)]
enum Asks {
    Used,
    Seen,
}

struct Asked {
    item: usize,
    asks: Asks,
    /// The values that an action has which answers it.
    values: Vec<(Field, String)>,
}

struct Look<'a> {
    app: &'a App,
    tenant: &'a TenantId,
    now: Timestamp,
    uses: Uses,
    items: Vec<NewReviewItem>,
    asked: Vec<Asked>,
}

impl Look<'_> {
    fn add(&mut self, item: NewReviewItem, asked: Vec<(Asks, Vec<(Field, String)>)>) {
        let at = self.items.len();
        let asked = asked.into_iter().map(|(asks, values)| Asked { item: at, asks, values });
        self.asked.extend(asked);
        self.items.push(item);
    }

    /// Asks the log, and writes what it says into the items.
    async fn answer(self) -> Result<Vec<NewReviewItem>, Problem> {
        let Self { app, tenant, mut items, asked, .. } = self;
        let (places, questions): (Vec<_>, Vec<_>) =
            asked.into_iter().map(|one| ((one.item, one.asks), one.values)).unzip();
        let answers = app.store.last_of_each(tenant, questions).await?;
        for ((item, asks), last) in places.into_iter().zip(answers) {
            let Some(item) = items.get_mut(item) else { continue };
            match asks {
                Asks::Used => item.last_used = last,
                Asks::Seen => item.last_seen = item.last_seen.max(last),
            }
        }
        Ok(items)
    }

    async fn roles(&mut self) -> Result<(), Problem> {
        let mut after = None::<UserName>;
        loop {
            let users = self.app.store.list_users(self.tenant, after, BATCH).await?;
            let names: Vec<UserName> = users.iter().map(|user| user.name.clone()).collect();
            let Some(last) = names.last().cloned() else { return Ok(()) };
            after = Some(last);
            let seen = self.app.store.users_seen(self.tenant, names).await?;
            for (user, seen) in users.iter().zip(seen) {
                let granted: Vec<Granted> =
                    user.grants.iter().map(Granted::of).chain(self.by_groups(user)).collect();
                granted.into_iter().for_each(|one| self.role(user, one, seen));
            }
        }
    }

    /// What a user holds because a directory or an identity provider has them in a group, and the
    /// configuration says what that gives.
    fn by_groups<'u>(&'u self, user: &'u StoredUser) -> impl Iterator<Item = Granted> + 'u {
        let told = user.groups.iter().map(|group| &group.name);
        let said = user.links.iter().flat_map(|link| &link.groups);
        told.chain(said).flat_map(move |group| {
            let roles = self.app.instance.group_roles(self.tenant, group).into_iter();
            roles.map(move |role| Granted {
                role: role.as_str().to_owned(),
                terms: String::new(),
                by: format!("{BY_GROUP}{group}"),
                since: user.created,
                ends: None,
            })
        })
    }

    fn role(&mut self, user: &StoredUser, granted: Granted, seen: Option<Timestamp>) {
        // A change names who made it, and the policy that let them: each role has one of its own.
        let by_role = vec![
            (Field::Policy, granted.role.replace('_', "-")),
            (Field::Detail, format!("who=user:{}", user.name)),
        ];
        let let_in = vec![
            (Field::Kind, "auth.attempt".to_owned()),
            (Field::Effect, "permit".to_owned()),
            (Field::Resource, user.name.to_string()),
        ];
        let item = NewReviewItem {
            kind: AccessKind::Role,
            holder: user.name.to_string(),
            held: granted.role,
            owner: Some(user.name.to_string()),
            terms: granted.terms,
            granted_by: granted.by,
            granted: granted.since,
            ends: granted.ends,
            last_used: None,
            last_seen: seen,
            used: String::new(),
        };
        self.add(item, vec![(Asks::Used, by_role), (Asks::Seen, let_in)]);
    }

    async fn tokens(&mut self) -> Result<(), Problem> {
        for token in self.app.store.list_tokens(self.tenant).await? {
            let by_token = vec![(Field::Credential, format!("token:{}", token.name))];
            let held = match token.scope {
                Scope::Read => "read",
                Scope::Write => "write",
                Scope::Payload => "payload",
                Scope::Provision => "provision",
            };
            let item = NewReviewItem {
                kind: AccessKind::Token,
                held: held.to_owned(),
                owner: token.owner.as_ref().map(ToString::to_string),
                terms: String::new(),
                granted_by: token.owner.map_or_else(String::new, |owner| format!("user:{owner}")),
                granted: token.created,
                ends: token.expires,
                last_used: None,
                last_seen: self.app.store.token_used(token.hash).await?,
                used: String::new(),
                holder: token.name,
            };
            self.add(item, vec![(Asks::Used, by_token)]);
        }
        Ok(())
    }

    async fn agents(&mut self) -> Result<(), Problem> {
        let mut after = None::<AgentName>;
        loop {
            let agents = self.app.store.list_agents(self.tenant, None, after, BATCH).await?;
            let names: Vec<AgentName> = agents.iter().map(|one| one.agent.name.clone()).collect();
            let Some(last) = names.last().cloned() else { return Ok(()) };
            after = Some(last);
            let keys = self.app.store.keys_of(self.tenant, names).await?;
            for (agent, keys) in agents.iter().zip(keys) {
                keys.into_iter().for_each(|key| self.key(agent, key));
                self.agent(agent);
            }
        }
    }

    fn agent(&mut self, stored: &StoredAgent) {
        let agent = &stored.agent;
        let roles: Vec<&str> = agent.roles.iter().map(|role| role.as_str()).collect();
        let owner = agent.owner.clone();
        let item = NewReviewItem {
            kind: AccessKind::Agent,
            holder: agent.name.to_string(),
            held: roles.join(" "),
            granted_by: owner.clone().map_or_else(String::new, |owner| format!("owner {owner}")),
            owner,
            terms: format!("zone {}, {}", agent.zone, agent.standing.as_str()),
            granted: stored.created,
            ends: None,
            last_used: None,
            last_seen: None,
            used: self.used(&agent.name),
        };
        let by_agent = vec![(Field::Agent, agent.name.to_string())];
        self.add(item, vec![(Asks::Used, by_agent.clone()), (Asks::Seen, by_agent)]);
    }

    /// The models and tools that an agent reached, the most frequent first.
    fn used(&self, agent: &AgentName) -> String {
        let Some(top) = self.uses.by_agent.get(agent.as_str()) else { return String::new() };
        let words = in_words(top);
        match self.uses.since > self.now.minus(SPAN) {
            true => format!("{words} (since {})", self.uses.since),
            false => words,
        }
    }

    fn key(&mut self, stored: &StoredAgent, key: StoredKey) {
        let name = &stored.agent.name;
        let held = key.hash.to_string();
        let digits = held.get(..8).unwrap_or(&held);
        let by_key =
            vec![(Field::Credential, format!("key:{digits}")), (Field::Agent, name.to_string())];
        let item = NewReviewItem {
            kind: AccessKind::Key,
            holder: name.to_string(),
            held,
            owner: stored.agent.owner.clone(),
            terms: key.label,
            granted_by: String::new(),
            granted: key.created,
            ends: key.expires,
            last_used: None,
            last_seen: None,
            used: String::new(),
        };
        self.add(item, vec![(Asks::Used, by_key.clone()), (Asks::Seen, by_key)]);
    }

    async fn glass(&mut self) -> Result<(), Problem> {
        let which = WhichElevations::Unreviewed;
        let taken = self.app.store.elevations(self.tenant, which, MAX_GLASS, self.now).await?;
        let over = taken.into_iter().filter(|one| one.ends <= self.now);
        self.items.extend(over.map(|one| NewReviewItem {
            kind: AccessKind::BrokenGlass,
            holder: one.user.to_string(),
            held: one.id,
            owner: Some(one.user.to_string()),
            terms: format!("{}: {}", one.role, one.reason),
            granted_by: "by breaking glass".to_owned(),
            granted: one.created,
            ends: Some(one.ends),
            last_used: None,
            last_seen: None,
            used: String::new(),
        }));
        Ok(())
    }
}

fn in_words(top: &Top) -> String {
    let mut words: Vec<String> =
        top.values.iter().map(|tally| format!("{} ×{}", tally.value, tally.count)).collect();
    let more = top.distinct.saturating_sub(words.len() as u64);
    if more > 0 {
        words.push(format!("and {more} more"));
    }
    words.join(", ")
}
