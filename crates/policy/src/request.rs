//! A question in Cedar's terms: the entities it stands on and the request itself.
//!
//! Entities and context are built to fit the schema and are not checked against it again on
//! every call; a test holds them against it. Attributes that no policy reads are left out.

use std::collections::{HashMap, HashSet};

use cedar_policy::{Context, Entities, Entity, EntityUid, Request, RestrictedExpression as Value};

use crate::compile::Named;
use crate::grants::{Asked, EVERYONE, GrantIndex};
use crate::inputs::{Inputs, Precision};
use crate::time::CivilTime;
use crate::vocabulary::{Vocabulary, uid};
use crate::{Question, Resource};

/// Cedar could not take the question; the decision is then a denial.
#[derive(Debug, thiserror::Error)]
#[error("the question could not be put to the policies")]
pub(crate) struct Unaskable;

pub(crate) struct Asking<'a> {
    pub(crate) vocabulary: &'a Vocabulary,
    pub(crate) grants: &'a GrantIndex,
    pub(crate) inputs: Inputs,
    pub(crate) named: &'a Named,
    pub(crate) question: &'a Question<'a>,
}

impl Asking<'_> {
    pub(crate) fn build(&self) -> Result<(Request, Entities), Unaskable> {
        let words = self.vocabulary;
        let agent = self.agent()?;
        let (resource, provider) = self.resource()?;
        let action = words.action(self.question.action).ok_or(Unaskable)?.clone();
        let context = Context::from_pairs(self.context()).map_err(|_| Unaskable)?;
        let (principal, target) = (agent.uid(), resource.uid());
        let request = Request::new(principal, action.uid(), target, context, None);
        let entities = [agent, resource, action].into_iter().chain(provider);
        let entities = Entities::from_entities(entities, None).map_err(|_| Unaskable)?;
        Ok((request.map_err(|_| Unaskable)?, entities))
    }

    fn agent(&self) -> Result<Entity, Unaskable> {
        let (words, agent) = (self.vocabulary, self.question.agent);
        let held = agent.roles.iter().map(model::RoleName::as_str).chain([EVERYONE]);
        let held: HashSet<&str> = held.collect();
        let known = held.iter().filter(|role| self.grants.knows(role));
        let grants = known.map(|role| Value::new_entity_uid(uid(&words.grant, role)));
        let mut attributes = HashMap::from([
            ("name".to_owned(), text(agent.name.as_str())),
            ("tenant".to_owned(), entity(uid(&words.tenant, agent.tenant.as_str()))),
            ("zone".to_owned(), entity(uid(&words.zone, agent.zone.as_str()))),
            ("standing".to_owned(), entity(uid(&words.standing, agent.standing.as_str()))),
            ("grants".to_owned(), Value::new_set(grants)),
        ]);
        if self.inputs.roles {
            let roles = agent.roles.iter().map(|role| text(role.as_str()));
            attributes.insert("roles".to_owned(), Value::new_set(roles));
        }
        let owner = agent.owner.as_deref().filter(|_| self.inputs.owner);
        attributes.extend(owner.map(|owner| ("owner".to_owned(), text(owner))));
        let purpose = agent.purpose.as_deref().filter(|_| self.inputs.purpose);
        attributes.extend(purpose.map(|purpose| ("purpose".to_owned(), text(purpose))));
        let roles = held.iter().map(|role| uid(&words.role, role)).collect();
        let principal = uid(&words.agent, agent.name.as_str());
        Entity::new(principal, attributes, roles).map_err(|_| Unaskable)
    }

    /// The resource, and its provider or server where that is another entity.
    fn resource(&self) -> Result<(Entity, Option<Entity>), Unaskable> {
        let (words, asked) = (self.vocabulary, self.question.resource);
        if !asked.fits(self.question.action) {
            return Err(Unaskable);
        }
        let owner = asked.owner();
        let (kind, of) = match asked {
            Resource::Provider(_) | Resource::Model { .. } => (&words.provider, "provider"),
            _ => (&words.server, "server"),
        };
        let owner_uid = uid(kind, owner);
        let mut parents = self.covering();
        let named = |name: &str| HashMap::from([("name".to_owned(), text(name))]);
        let attributes = named(owner);
        let Some(name) = asked.name() else {
            let resource = Entity::new(owner_uid, attributes, parents);
            return Ok((resource.map_err(|_| Unaskable)?, None));
        };
        let mut of_item = named(name);
        of_item.insert(of.to_owned(), entity(owner_uid.clone()));
        of_item.extend(self.classification());
        parents.insert(owner_uid.clone());
        let kind = match asked {
            Resource::Tool { .. } => &words.tool,
            Resource::Resource { .. } => &words.resource,
            Resource::Prompt { .. } => &words.prompt,
            _ => &words.model,
        };
        let item = uid(kind, &format!("{owner}/{name}"));
        let item = Entity::new(item, of_item, parents).map_err(|_| Unaskable)?;
        let owner = Entity::new(owner_uid, attributes, HashSet::new());
        Ok((item, Some(owner.map_err(|_| Unaskable)?)))
    }

    /// What is known of a tool; nothing of anything else.
    fn classification(&self) -> impl Iterator<Item = (String, Value)> {
        let words = self.vocabulary;
        let class = match self.question.resource {
            Resource::Tool { class, .. } => Some(class),
            _ => None,
        };
        class.into_iter().flat_map(|class| {
            [
                ("effect".to_owned(), entity(uid(&words.tool_effect, class.effect.as_str()))),
                ("integrity".to_owned(), entity(uid(&words.integrity, class.integrity.as_str()))),
                (
                    "confidentiality".to_owned(),
                    entity(uid(&words.confidentiality, class.confidentiality.as_str())),
                ),
            ]
        })
    }

    /// The grants and zones that cover the resource, as far as a policy can tell: those of the
    /// agent's own roles and zone, and those that policies name.
    fn covering(&self) -> HashSet<EntityUid> {
        let (words, question) = (self.vocabulary, self.question);
        let asked = Asked {
            action: question.action,
            resource: question.resource,
            endpoint: question.context.endpoint,
        };
        let held = question.agent.roles.iter().map(model::RoleName::as_str).chain([EVERYONE]);
        let roles: HashSet<&str> =
            held.chain(self.named.grants.iter().map(String::as_str)).collect();
        let own = question.agent.zone.as_str();
        let zones = self.named.zones.iter().map(String::as_str).chain([own]);
        let roles = roles.into_iter().filter(|role| self.grants.covers(role, &asked));
        let zones = zones.filter(|zone| self.grants.reaches(zone, &asked));
        let grants = roles.map(|role| uid(&words.grant, role));
        grants.chain(zones.map(|zone| uid(&words.zone, zone))).collect()
    }

    fn context(&self) -> Vec<(String, Value)> {
        let (context, inputs) = (&self.question.context, self.inputs);
        let delegation = &context.delegation;
        let mut pairs = Vec::with_capacity(8);
        let mut put = |name: &str, value| pairs.push((name.to_owned(), value));
        if inputs.time > Precision::Never {
            put("time", time(context.time));
        }
        if inputs.endpoint {
            put("endpoint", text(context.endpoint));
        }
        if inputs.stream {
            put("stream", Value::new_bool(context.stream));
        }
        if let Some(tokens) = context.max_output_tokens.filter(|_| inputs.max_output_tokens) {
            put("max_output_tokens", Value::new_long(i64::try_from(tokens).unwrap_or(i64::MAX)));
        }
        if inputs.findings {
            put("findings", texts(context.findings.iter().copied()));
            put("finding_families", texts(context.findings.iter().map(|kind| family(kind))));
        }
        if inputs.labels {
            put("labels", texts(context.labels.iter().copied()));
        }
        if inputs.origins {
            put("origins", texts(context.origins.iter().copied()));
        }
        if inputs.chain {
            put("chain", texts(delegation.chain.iter().copied()));
            put("depth", Value::new_long(delegation.chain.len() as i64));
        }
        if inputs.scopes {
            put("scopes", texts(delegation.scopes.iter().copied()));
        }
        if inputs.tier {
            put("tier", text(delegation.tier.as_str()));
        }
        if let Some(user) = self.question.on_behalf_of.filter(|_| inputs.on_behalf_of) {
            put("on_behalf_of", entity(uid(&self.vocabulary.user, user.as_str())));
        }
        pairs
    }
}

fn time(time: model::Timestamp) -> Value {
    let time = CivilTime::new(time);
    let fields = [
        ("year", time.year),
        ("month", time.month),
        ("day", time.day),
        ("hour", time.hour),
        ("minute", time.minute),
        ("weekday", time.weekday),
        ("minute_of_week", time.minute_of_week),
        ("epoch_seconds", time.epoch_seconds),
    ];
    let fields = fields.map(|(name, value)| (name.to_owned(), Value::new_long(value)));
    // The names are distinct, so the record cannot fail; an empty one would fail closed.
    Value::new_record(fields).unwrap_or_else(|_| Value::new_bool(false))
}

/// The part of a finding's kind before the dot.
fn family(kind: &str) -> &str {
    kind.split_once('.').map_or(kind, |(family, _)| family)
}

fn text(value: &str) -> Value {
    Value::new_string(value.to_owned())
}

fn texts<'a>(values: impl Iterator<Item = &'a str>) -> Value {
    Value::new_set(values.map(text))
}

fn entity(uid: EntityUid) -> Value {
    Value::new_entity_uid(uid)
}
