//! Policies and rules as a solver takes them: whether a rule can be broken by any call at all.
//!
//! A rule is written as a `forbid`: no call that it matches may pass unattended. A call passes
//! unattended where something permits it, nothing forbids it, and no permit that matches asks for a
//! person. So permits that ask are turned into forbids, and the rule into a permit of what it names:
//! the rule holds if and only if no call is permitted by both sets.

use cedar_policy::{
    Authorizer, Decision, Effect, Entities, Policy, PolicySet, Request, RequestEnv, Schema,
};
use model::PolicyId;
use serde::Serialize;
use serde_json::{Value, json};

use crate::compile::{obligations, parsed};
use crate::lexer::statements;
use crate::vocabulary::Vocabulary;
use crate::{Bundle, Diagnostic, Grants, Source};

/// What of an obligation's call does not pass without somebody acting.
const ATTENDED: [&str; 3] = ["approve", "four_eyes", "step_up"];

/// The name under which the rules of the built-in pack are reported.
const RULES: &str = "rules/baseline.cedar";

/// What the built-in pack promises.
pub fn baseline_rules() -> Vec<Source> {
    vec![Source::new(RULES, include_str!("../../../policies/rules/baseline.cedar"))]
}

/// Policies and the rules that they are to keep.
#[derive(Debug)]
pub struct Provable {
    pub schema: Schema,
    /// Permits exactly what passes with nobody asked.
    pub unattended: PolicySet,
    pub rules: Vec<Rule>,
}

/// One rule.
#[derive(Debug)]
pub struct Rule {
    pub id: PolicyId,
    pub description: String,
    /// Permits exactly what the rule says must not pass unattended.
    pub named: PolicySet,
}

/// What of policies and a rule can apply to one kind of call.
#[derive(Debug)]
pub struct About {
    pub unattended: PolicySet,
    pub named: PolicySet,
}

/// A call that breaks a rule.
#[derive(Clone, Debug, Serialize)]
pub struct Counterexample {
    pub principal: String,
    pub action: String,
    pub resource: String,
    pub context: Value,
    pub entities: Value,
    /// The policies that let it pass.
    pub permitted_by: Vec<String>,
}

impl Provable {
    /// Each kind of call that a rule is about, with what can apply to it: what cannot need not be
    /// understood there.
    pub fn kinds(&self, rule: &Rule) -> Vec<(RequestEnv, About)> {
        let environments =
            rule.named.policies().flat_map(|p| p.get_valid_request_envs(&self.schema));
        let about = |kind: &RequestEnv| About {
            unattended: applicable(&self.unattended, kind, &self.schema),
            named: applicable(&rule.named, kind, &self.schema),
        };
        environments.map(|kind| (kind.clone(), about(&kind))).collect()
    }

    /// A call that a solver names, put to the policies: nothing where it breaks no rule after all.
    pub fn broken_by(
        &self,
        rule: &Rule,
        call: &Request,
        entities: &Entities,
    ) -> Option<Counterexample> {
        let ask = |policies| Authorizer::new().is_authorized(call, policies, entities);
        let passes = ask(&self.unattended);
        let breaks = |decision| decision == Decision::Allow;
        if !breaks(passes.decision()) || !breaks(ask(&rule.named).decision()) {
            return None;
        }
        let uid = |uid: Option<&cedar_policy::EntityUid>| {
            uid.map(ToString::to_string).unwrap_or_default()
        };
        let context = call.context().and_then(|context| context.to_json_value().ok());
        Some(Counterexample {
            principal: uid(call.principal()),
            action: uid(call.action()),
            resource: uid(call.resource()),
            context: context.unwrap_or_default(),
            entities: entities.to_json_value().unwrap_or_default(),
            permitted_by: passes.diagnostics().reason().map(ToString::to_string).collect(),
        })
    }

    /// Checks policies and rules as a bundle's are, and puts them into the form for a solver.
    ///
    /// # Errors
    /// Whatever is wrong with them; a rule that is a permit.
    pub fn new(policies: &[Source], rules: &[Source]) -> Result<Self, Vec<Diagnostic>> {
        let nowhere =
            |message: String| vec![Diagnostic::at(&Source::new("schema", ""), 0, message)];
        let vocabulary = Vocabulary::new().map_err(nowhere)?;
        let grants = Grants::everything_to_everyone();
        Bundle::compile(policies, &grants)?;
        let described = Bundle::compile(rules, &grants)?;
        let mut unattended = PolicySet::new();
        for (source, policy) in read(policies)? {
            let at = |message: String| Diagnostic::at(source, 0, message);
            let asks = obligations(&policy, &at).map_err(|problem| vec![*problem])?;
            let is_attended = asks.iter().any(|one| ATTENDED.contains(&one.as_str()));
            let effect = if is_attended { Effect::Forbid } else { policy.effect() };
            let policy = with_effect(&policy, effect).map_err(|error| vec![at(error)])?;
            unattended.add(policy).map_err(|error| vec![at(error.to_string())])?;
        }
        let mut all = Vec::new();
        for (source, policy) in read(rules)? {
            all.push(rule(source, &policy, &described)?);
        }
        Ok(Self { schema: vocabulary.schema, unattended, rules: all })
    }
}

fn applicable(policies: &PolicySet, kind: &RequestEnv, schema: &Schema) -> PolicySet {
    let mut set = PolicySet::new();
    for policy in policies.policies() {
        if policy.get_valid_request_envs(schema).any(|one| one == *kind) {
            // The ids are those of one set.
            let _ = set.add(policy.clone());
        }
    }
    set
}

fn rule(source: &Source, policy: &Policy, described: &Bundle) -> Result<Rule, Vec<Diagnostic>> {
    let at = |message: String| vec![Diagnostic::at(source, 0, message)];
    let id: &str = policy.id().as_ref();
    if policy.effect() == Effect::Permit {
        let problem = Diagnostic::at(source, 0, format!("the rule {id:?} is a permit"));
        let help = "write what must not pass, as a forbid";
        return Err(vec![problem.help(help)]);
    }
    let about = described.policies().into_iter().find(|(one, _)| one.as_str() == id);
    let Some((id, description)) = about else { return Err(at(format!("{id:?} is no rule"))) };
    let mut named = PolicySet::new();
    let calls = with_effect(policy, Effect::Permit).map_err(at)?;
    named.add(calls).map_err(|error| at(error.to_string()))?;
    Ok(Rule { id: id.clone(), description: description.to_owned(), named })
}

/// The policies of sources that are known to compile, each under its own id.
fn read(sources: &[Source]) -> Result<Vec<(&Source, Policy)>, Vec<Diagnostic>> {
    let (mut policies, mut problems) = (Vec::new(), Vec::new());
    for source in sources {
        for statement in statements(source, &mut problems) {
            let (_, policy) = parsed(source, &statement)?;
            let id = policy.annotation("id").unwrap_or_default().to_owned();
            policies.push((source, policy.new_id(cedar_policy::PolicyId::new(id))));
        }
    }
    if problems.is_empty() { Ok(policies) } else { Err(problems) }
}

/// The same conditions to another effect. Annotations play no part in what a solver is asked.
fn with_effect(policy: &Policy, effect: Effect) -> Result<Policy, String> {
    let mut form: Value = policy.to_json().map_err(|error| error.to_string())?;
    let word = match effect {
        Effect::Permit => "permit",
        Effect::Forbid => "forbid",
    };
    if let Some(members) = form.as_object_mut() {
        members.insert("effect".to_owned(), json!(word));
        members.remove("annotations");
    }
    Policy::from_json(Some(policy.id().clone()), form).map_err(|error| error.to_string())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::tests::policy;

    #[test]
    fn permits_that_ask_are_forbids_to_a_solver() {
        let asks = policy("asks", "@approve(\"\") permit (principal, action, resource);");
        let flags = policy("flags", "@obligation(\"flag\") permit (principal, action, resource);");
        let policies = [Source::new("p.cedar", asks + &flags)];
        let provable = Provable::new(&policies, &baseline_rules()).unwrap();
        let effect = |id: &str| {
            provable.unattended.policy(&cedar_policy::PolicyId::new(id)).map(Policy::effect)
        };
        assert_eq!(effect("asks"), Some(Effect::Forbid));
        assert_eq!(effect("flags"), Some(Effect::Permit));
        let rules = provable.rules.iter().flat_map(|rule| rule.named.policies());
        assert!(rules.into_iter().all(|policy| policy.effect() == Effect::Permit));
        assert!(provable.rules.len() >= 4);
    }

    #[test]
    fn a_rule_that_permits_is_refused() {
        let rules = [Source::new("r.cedar", policy("r", "permit (principal, action, resource);"))];
        let problems = Provable::new(&crate::baseline_sources(), &rules).unwrap_err();
        assert!(problems[0].message.contains("is a permit"), "{problems:?}");
    }
}
