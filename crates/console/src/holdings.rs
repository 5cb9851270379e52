//! What everybody may do, and when they last did: what an access review looks at.
//!
//! That something was used is told by the log, through its index. Looking leaves no record there, so of
//! people and tokens it also says when they were last seen.

use std::time::Duration;

use model::{AgentName, TenantId, Timestamp, UserName};
use store::{
    AccessKind, BY_GROUP, Clause, Field, Filter, NewReviewItem, Scope, StoredAgent, StoredGrant,
    StoredUser, WhichElevations,
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
    let look = Look { app, tenant, now };
    let mut items = look.roles().await?;
    items.extend(look.tokens().await?);
    items.extend(look.agents().await?);
    items.extend(look.glass().await?);
    Ok(items)
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

struct Look<'a> {
    app: &'a App,
    tenant: &'a TenantId,
    now: Timestamp,
}

impl Look<'_> {
    async fn roles(&self) -> Result<Vec<NewReviewItem>, Problem> {
        let (mut items, mut after) = (Vec::new(), None::<UserName>);
        loop {
            let users = self.app.store.list_users(self.tenant, after, BATCH).await?;
            let Some(last) = users.last() else { return Ok(items) };
            after = Some(last.name.clone());
            for user in &users {
                let granted: Vec<Granted> =
                    user.grants.iter().map(Granted::of).chain(self.by_groups(user)).collect();
                if granted.is_empty() {
                    continue;
                }
                let seen = self.seen(user).await?;
                for one in granted {
                    items.push(self.role(user, one, seen).await?);
                }
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

    async fn role(
        &self,
        user: &StoredUser,
        granted: Granted,
        seen: Option<Timestamp>,
    ) -> Result<NewReviewItem, Problem> {
        // A change names who made it, and the policy that let them: each role has one of its own.
        let by_role = vec![
            Clause::is(Field::Detail, format!("who=user:{}", user.name)),
            Clause::is(Field::Policy, granted.role.replace('_', "-")),
        ];
        Ok(NewReviewItem {
            kind: AccessKind::Role,
            holder: user.name.to_string(),
            held: granted.role,
            owner: Some(user.name.to_string()),
            terms: granted.terms,
            granted_by: granted.by,
            granted: granted.since,
            ends: granted.ends,
            last_used: self.last(by_role).await?,
            last_seen: seen,
            used: String::new(),
        })
    }

    /// When a user was last let in.
    async fn seen(&self, user: &StoredUser) -> Result<Option<Timestamp>, Problem> {
        let let_in = vec![
            Clause::is(Field::Kind, "auth.attempt"),
            Clause::is(Field::Resource, user.name.to_string()),
            Clause::is(Field::Effect, "permit"),
        ];
        let logged_in = self.last(let_in).await?;
        let sessions = self.app.store.sessions(self.tenant, &user.name).await?;
        Ok(sessions.iter().map(|session| session.seen).chain(logged_in).max())
    }

    async fn tokens(&self) -> Result<Vec<NewReviewItem>, Problem> {
        let mut items = Vec::new();
        for token in self.app.store.list_tokens(self.tenant).await? {
            let by_token = vec![Clause::is(Field::Credential, format!("token:{}", token.name))];
            let held = match token.scope {
                Scope::Read => "read",
                Scope::Write => "write",
                Scope::Payload => "payload",
                Scope::Provision => "provision",
            };
            items.push(NewReviewItem {
                kind: AccessKind::Token,
                held: held.to_owned(),
                owner: token.owner.as_ref().map(ToString::to_string),
                terms: String::new(),
                granted_by: token.owner.map_or_else(String::new, |owner| format!("user:{owner}")),
                granted: token.created,
                ends: token.expires,
                last_used: self.last(by_token).await?,
                last_seen: self.app.store.token_used(token.hash).await?,
                used: String::new(),
                holder: token.name,
            });
        }
        Ok(items)
    }

    async fn agents(&self) -> Result<Vec<NewReviewItem>, Problem> {
        let (mut items, mut after) = (Vec::new(), None::<AgentName>);
        loop {
            let agents = self.app.store.list_agents(self.tenant, None, after, BATCH).await?;
            let Some(last) = agents.last() else { return Ok(items) };
            after = Some(last.agent.name.clone());
            for agent in &agents {
                let item = self.agent(agent).await?;
                items.extend(self.keys(agent, item.last_used).await?);
                items.push(item);
            }
        }
    }

    async fn agent(&self, stored: &StoredAgent) -> Result<NewReviewItem, Problem> {
        let agent = &stored.agent;
        let last = self.last(vec![Clause::is(Field::Agent, agent.name.to_string())]).await?;
        let used = match last {
            Some(_) => self.used(&agent.name).await?,
            None => String::new(),
        };
        let roles: Vec<&str> = agent.roles.iter().map(|role| role.as_str()).collect();
        let owner = agent.owner.clone();
        Ok(NewReviewItem {
            kind: AccessKind::Agent,
            holder: agent.name.to_string(),
            held: roles.join(" "),
            granted_by: owner.clone().map_or_else(String::new, |owner| format!("owner {owner}")),
            owner,
            terms: format!("zone {}, {}", agent.zone, agent.standing.as_str()),
            granted: stored.created,
            ends: None,
            last_used: last,
            last_seen: last,
            used,
        })
    }

    /// The models and tools that an agent reached, the most frequent first.
    async fn used(&self, agent: &AgentName) -> Result<String, Problem> {
        let filter = Filter {
            agent: Some(agent.clone()),
            since: Some(self.now.minus(SPAN)),
            ..Filter::default()
        };
        let top = self.app.store.top(self.tenant, filter, Field::Resource, MOST).await?;
        let mut words: Vec<String> =
            top.values.iter().map(|tally| format!("{} ×{}", tally.value, tally.count)).collect();
        let more = top.distinct.saturating_sub(words.len() as u64);
        if more > 0 {
            words.push(format!("and {more} more"));
        }
        Ok(words.join(", "))
    }

    async fn keys(
        &self,
        stored: &StoredAgent,
        agent_used: Option<Timestamp>,
    ) -> Result<Vec<NewReviewItem>, Problem> {
        let name = &stored.agent.name;
        let mut items = Vec::new();
        for key in self.app.store.list_keys(self.tenant, name).await? {
            let held = key.hash.to_string();
            // Of an agent that never did anything no key was used.
            let last_used = match agent_used {
                Some(_) => {
                    let digits = held.get(..8).unwrap_or(&held);
                    let by_key = vec![
                        Clause::is(Field::Credential, format!("key:{digits}")),
                        Clause::is(Field::Agent, name.to_string()),
                    ];
                    self.last(by_key).await?
                }
                None => None,
            };
            items.push(NewReviewItem {
                kind: AccessKind::Key,
                holder: name.to_string(),
                held,
                owner: stored.agent.owner.clone(),
                terms: key.label,
                granted_by: String::new(),
                granted: key.created,
                ends: key.expires,
                last_used,
                last_seen: last_used,
                used: String::new(),
            });
        }
        Ok(items)
    }

    async fn glass(&self) -> Result<Vec<NewReviewItem>, Problem> {
        let which = WhichElevations::Unreviewed;
        let taken = self.app.store.elevations(self.tenant, which, MAX_GLASS, self.now).await?;
        let over = taken.into_iter().filter(|one| one.ends <= self.now);
        Ok(over
            .map(|one| NewReviewItem {
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
            })
            .collect())
    }

    /// When something last happened.
    async fn last(&self, clauses: Vec<Clause>) -> Result<Option<Timestamp>, Problem> {
        let filter = Filter { clauses, ..Filter::default() };
        let page = self.app.store.search(self.tenant, filter, None, 1).await?;
        Ok(page.hits.first().map(|hit| hit.time))
    }
}
