//! What holds for every question.

use std::str::FromStr;

use cedar_policy::{Authorizer, Entities, Request};
use model::{
    Agent, AgentName, Classification, Effect, ProviderName, RoleName, ServerName, Standing,
    TenantId, Tier, Timestamp, UserName, ZoneName,
};
use proptest::prelude::*;
use proptest::sample::select;

use super::{bundle, grant, policy, resource_for};
use crate::compile::Named;
use crate::grants::GrantIndex;
use crate::inputs::Inputs;
use crate::request::Asking;
use crate::vocabulary::Vocabulary;
use crate::{Action, Bundle, Context, Delegation, Grants, Question, ZoneReach, baseline_sources};

#[derive(Clone, Debug)]
pub(crate) struct Asked {
    agent: Agent,
    user: Option<UserName>,
    action: Action,
    provider: ProviderName,
    server: ServerName,
    class: Classification,
    model: Option<String>,
    time: i64,
    stream: bool,
    tokens: Option<u64>,
    pub(crate) texts: Vec<String>,
    endpoint: String,
}

impl Asked {
    pub(crate) fn with<T>(&self, ask: impl FnOnce(&Question<'_>) -> T) -> T {
        let texts: Vec<&str> = self.texts.iter().map(String::as_str).collect();
        ask(&Question {
            agent: &self.agent,
            on_behalf_of: self.user.as_ref(),
            action: self.action,
            resource: resource_for(
                self.action,
                &self.provider,
                &self.server,
                self.model.as_deref().unwrap_or_default(),
                self.class,
            ),
            context: Context {
                time: Timestamp::from_micros(self.time),
                stream: self.stream,
                max_output_tokens: self.tokens,
                findings: &texts,
                labels: &texts,
                delegation: Delegation {
                    chain: &texts,
                    scopes: &texts,
                    tier: if self.stream { Tier::SubAgent } else { Tier::Api },
                },
                origins: &texts,
                endpoint: &self.endpoint,
            },
        })
    }
}

fn name<T: FromStr<Err = model::IdError> + std::fmt::Debug>() -> impl Strategy<Value = T> {
    let names = prop_oneof![
        select(vec![
            "support",
            "platform",
            "office-hours",
            "everyone",
            "quarantine",
            "test",
            "openai"
        ])
        .prop_map(str::to_owned),
        "[a-z0-9][a-zA-Z0-9@:./_-]{0,20}",
    ];
    names.prop_map(|name| name.parse().unwrap())
}

fn agents() -> impl Strategy<Value = Agent> {
    let standing = select(vec![
        Standing::Active,
        Standing::Active,
        Standing::Suspended,
        Standing::Quarantined,
    ]);
    let roles = prop::collection::vec(name::<RoleName>(), 0..4);
    (name::<AgentName>(), roles, name::<ZoneName>(), standing, any::<Option<String>>()).prop_map(
        |(name, roles, zone, standing, text)| Agent {
            tenant: TenantId::main(),
            name,
            owner: text.clone(),
            purpose: text,
            roles,
            zone,
            standing,
            tier: None,
        },
    )
}

pub(crate) fn questions() -> impl Strategy<Value = Asked> {
    let model = prop_oneof![
        Just(None),
        select(vec!["gpt-4o", "small"]).prop_map(|m| Some(m.to_owned())),
        any::<String>().prop_map(Some),
    ];
    let texts = prop::collection::vec(
        prop_oneof![Just("secret.private_key".to_owned()), any::<String>()],
        0..4,
    );
    let who = (agents(), prop::option::of(name::<UserName>()), select(Action::ALL.to_vec()));
    let class = (
        select(model::ToolEffect::ALL),
        select(model::Integrity::ALL),
        select(model::Confidentiality::ALL),
    );
    let class = class.prop_map(|(effect, integrity, confidentiality)| Classification {
        effect,
        integrity,
        confidentiality,
    });
    let owner = (name::<ProviderName>(), name::<ServerName>(), class);
    let what = (owner, model, any::<String>());
    let how = (any::<i64>(), any::<bool>(), any::<Option<u64>>(), texts);
    (who, what, how).prop_map(
        |((agent, user, action), (owner, model, endpoint), (time, stream, tokens, texts))| {
            let (provider, server, class) = owner;
            Asked {
                agent,
                user,
                action,
                provider,
                server,
                class,
                model,
                time,
                stream,
                tokens,
                texts,
                endpoint,
            }
        },
    )
}

fn grants() -> Grants {
    let zone = ZoneReach {
        zone: ZoneName::new("test").unwrap(),
        providers: vec!["openai".parse().unwrap()],
        models: vec!["*".parse().unwrap()],
        servers: vec!["files".parse().unwrap()],
    };
    let roles =
        vec![grant("support", &["openai"], &["gpt-*"]), grant("everyone", &["*"], &["small"])];
    Grants { roles, zones: vec![zone] }
}

fn baseline() -> Bundle {
    Bundle::baseline(&grants()).unwrap()
}

/// Reads every input, and forbids what `condition` says.
fn with_forbid(condition: &str) -> Bundle {
    let forbid =
        policy("added", &format!("forbid (principal, action, resource) when {{ {condition} }};"));
    let mut sources = baseline_sources();
    sources.push(crate::Source::new("added.cedar", forbid));
    Bundle::compile(&sources, &grants()).unwrap()
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 128, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_question_fails_and_the_memo_changes_nothing(asked in questions()) {
        thread_local!(static BUNDLE: Bundle = baseline());
        BUNDLE.with(|bundle| asked.with(|question| {
            let fresh = bundle.evaluate(question);
            prop_assert!(!fresh.reason.contains("could not be"), "{}", fresh.reason);
            prop_assert_eq!(&*bundle.decide(question), &fresh);
            prop_assert_eq!(&*bundle.decide(question), &fresh);
            Ok(())
        }))?;
    }

    #[test]
    fn a_memo_that_has_seen_much_still_answers_as_if_it_had_not(
        first in questions(), second in questions(),
    ) {
        thread_local!(static BUNDLE: Bundle = with_forbid("context has max_output_tokens && context.max_output_tokens > 7 && context.stream"));
        // The second question differs from the first in one thing at a time.
        let near = [
            Asked { agent: second.agent.clone(), ..first.clone() },
            Asked { action: second.action, ..first.clone() },
            Asked { class: second.class, ..first.clone() },
            Asked { server: second.server.clone(), ..first.clone() },
            Asked { model: second.model.clone(), ..first.clone() },
            Asked { stream: second.stream, ..first.clone() },
            Asked { tokens: second.tokens, ..first.clone() },
            Asked { texts: second.texts.clone(), ..first.clone() },
            Asked { endpoint: second.endpoint.clone(), ..first.clone() },
            Asked { time: second.time, ..first.clone() },
            first,
        ];
        BUNDLE.with(|bundle| {
            for asked in &near {
                asked.with(|question| {
                    prop_assert_eq!(&*bundle.decide(question), &bundle.evaluate(question));
                    Ok(())
                })?;
            }
            Ok::<(), TestCaseError>(())
        })?;
    }

    #[test]
    fn a_forbid_always_wins_and_never_permits_more(asked in questions()) {
        thread_local! {
            static BEFORE: Bundle = baseline();
            static AFTER: Bundle = with_forbid("context.stream");
            static PERMITS: Bundle = bundle(&(policy("p", "permit (principal, action, resource);")
                + &policy("f", "forbid (principal, action, resource) when { context.stream };")));
        }
        asked.with(|question| {
            let before = BEFORE.with(|bundle| bundle.decide(question).effect);
            let after = AFTER.with(|bundle| bundle.decide(question).effect);
            prop_assert!(after == before || after == Effect::Deny);
            let with_permit = PERMITS.with(|bundle| bundle.decide(question).effect);
            prop_assert_eq!(with_permit == Effect::Deny, asked.stream);
            prop_assert!(!asked.stream || after == Effect::Deny);
            Ok::<(), TestCaseError>(())
        })?;
    }

    /// Validation promises nothing for entities that do not fit the schema; these do.
    #[test]
    fn what_is_built_fits_the_schema(asked in questions()) {
        thread_local!(static WORDS: (Vocabulary, GrantIndex) = (Vocabulary::new().unwrap(), GrantIndex::new(&grants())));
        WORDS.with(|(vocabulary, grants)| asked.with(|question| {
            let named = Named::default();
            let asking = Asking { vocabulary, grants, inputs: Inputs::ALL, named: &named, question };
            let (request, entities) = asking.build().unwrap();
            let uid = |uid: Option<&cedar_policy::EntityUid>| uid.unwrap().clone();
            let context = request.context().unwrap().clone();
            let (principal, action, resource) =
                (uid(request.principal()), uid(request.action()), uid(request.resource()));
            let checked = Request::new(principal, action, resource, context, Some(&vocabulary.schema));
            prop_assert!(checked.is_ok(), "{checked:?}");
            let checked = Entities::from_entities(entities, Some(&vocabulary.schema));
            prop_assert!(checked.is_ok(), "{checked:?}");
            Ok(())
        }))?;
    }

    /// Leaving out what no policy reads changes no verdict.
    #[test]
    fn lean_entities_decide_as_full_ones(asked in questions()) {
        thread_local!(static BUNDLES: (Bundle, Bundle) = {
            let plain = baseline();
            let reads_all = with_forbid("context != context");
            (plain, reads_all)
        });
        BUNDLES.with(|(lean, full)| asked.with(|question| {
            prop_assert_eq!(lean.evaluate(question), full.evaluate(question));
            Ok(())
        }))?;
    }
}

/// The authorizer is stateless: one line that fails when Cedar's default ever stops being deny.
#[test]
fn cedar_denies_by_default() {
    let vocabulary = Vocabulary::new().unwrap();
    let index = GrantIndex::new(&grants());
    let (agent, provider) = (super::agent("a", &[]), super::provider("p"));
    let question = super::call(&agent, &provider, "m");
    let named = Named::default();
    let asking = Asking {
        vocabulary: &vocabulary,
        grants: &index,
        inputs: Inputs::ALL,
        named: &named,
        question: &question,
    };
    let (request, entities) = asking.build().unwrap();
    let response =
        Authorizer::new().is_authorized(&request, &cedar_policy::PolicySet::new(), &entities);
    assert_eq!(response.decision(), cedar_policy::Decision::Deny);
}
