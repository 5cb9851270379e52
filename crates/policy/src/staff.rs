//! What people, admin tokens and the operator may do with the installation itself: the same
//! engine as for agents, with a small schema of its own (`policies/console`).

use std::collections::HashMap;
use std::collections::HashSet;
use std::str::FromStr;

use cedar_policy::{
    Authorizer, Context, Decision, Entities, Entity, EntityTypeName, EntityUid, Policy, PolicySet,
    Request, RestrictedExpression as Value, Schema, ValidationMode, Validator,
};
use model::PolicyId;

use crate::lexer::statements;
use crate::vocabulary::uid;
use crate::{Diagnostic, Source};

/// The words that policies of the console may use.
pub const STAFF_SCHEMA: &str = include_str!("../../../policies/console/console.cedarschema");

const BUILT_IN: [(&str, &str); 3] = [
    ("console/roles.cedar", include_str!("../../../policies/console/roles.cedar")),
    ("console/programs.cedar", include_str!("../../../policies/console/programs.cedar")),
    ("console/separation.cedar", include_str!("../../../policies/console/separation.cedar")),
];

/// The policies of the console that come with the program.
pub fn staff_sources() -> Vec<Source> {
    BUILT_IN.iter().map(|(name, text)| Source::new(*name, *text)).collect()
}

/// Who wants to do something.
#[derive(Clone, Copy, Debug)]
pub enum Staff<'a> {
    Operator,
    Token { name: &'a str, scope: &'a str },
    User { name: &'a str, roles: &'a [&'a str] },
}

/// What it would be done to, as far as that is known.
#[derive(Clone, Debug, Default)]
pub struct Thing {
    pub kind: &'static str,
    pub name: Option<String>,
    pub owner: Option<String>,
    pub author: Option<String>,
    pub needed: Option<u8>,
    pub is_quarantined: Option<bool>,
    /// Whether nobody decided on it in time.
    pub is_escalated: Option<bool>,
}

/// What came of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StaffVerdict {
    pub is_permitted: bool,
    /// Those that decided, sorted.
    pub policies: Vec<PolicyId>,
    /// Of a denial: what the policies that forbid are for.
    pub reason: String,
}

/// Policies of the console that passed every check.
pub struct StaffBundle {
    words: Words,
    policies: PolicySet,
    /// By id.
    about: HashMap<String, String>,
}

struct Words {
    schema: Schema,
    operator: EntityTypeName,
    token: EntityTypeName,
    user: EntityTypeName,
    role: EntityTypeName,
    thing: EntityTypeName,
    action: EntityTypeName,
    actions: Vec<Entity>,
}

impl std::fmt::Debug for StaffBundle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "StaffBundle({} policies)", self.about.len())
    }
}

impl Words {
    fn new() -> Result<Self, String> {
        let (schema, _) =
            Schema::from_cedarschema_str(STAFF_SCHEMA).map_err(|error| error.to_string())?;
        let name = |name: &str| EntityTypeName::from_str(name).map_err(|error| error.to_string());
        let entities = schema.action_entities().map_err(|error| error.to_string())?;
        let actions = entities.iter().cloned().collect();
        Ok(Self {
            operator: name("Operator")?,
            token: name("Token")?,
            user: name("User")?,
            role: name("Role")?,
            thing: name("Thing")?,
            action: name("Action")?,
            schema,
            actions,
        })
    }
}

impl StaffBundle {
    /// The policies that come with the program.
    ///
    /// # Errors
    /// As [`StaffBundle::compile`]; a test of this crate says that there are none.
    pub fn built_in() -> Result<Self, Vec<Diagnostic>> {
        Self::compile(&staff_sources())
    }

    /// Checks and compiles policies.
    ///
    /// # Errors
    /// Everything that is wrong, by file and line.
    pub fn compile(sources: &[Source]) -> Result<Self, Vec<Diagnostic>> {
        let nowhere =
            |message: String| vec![Diagnostic::at(&Source::new("schema", ""), 0, message)];
        let words = Words::new().map_err(nowhere)?;
        let mut bundle = Self { words, policies: PolicySet::new(), about: HashMap::new() };
        let mut problems = Vec::new();
        for source in sources {
            for statement in statements(source, &mut problems) {
                let text = source.text.get(statement.range.clone()).unwrap_or_default();
                if let Err(message) = bundle.add(text) {
                    problems.push(Diagnostic::at(source, statement.range.start, message));
                }
            }
        }
        problems.extend(bundle.validate());
        if problems.is_empty() { Ok(bundle) } else { Err(problems) }
    }

    fn add(&mut self, text: &str) -> Result<(), String> {
        let policy = Policy::parse(None, text).map_err(|error| error.to_string())?;
        let annotation = |name: &str| {
            policy.annotation(name).ok_or_else(|| format!("this policy has no @{name}"))
        };
        let id = PolicyId::new(annotation("id")?).map_err(|error| error.to_string())?.to_string();
        let description = annotation("description")?.to_owned();
        if self.about.insert(id.clone(), description).is_some() {
            return Err(format!("the id {id:?} is taken already"));
        }
        let named = policy.new_id(cedar_policy::PolicyId::new(&id));
        self.policies.add(named).map_err(|error| error.to_string())
    }

    fn validate(&self) -> Vec<Diagnostic> {
        let validator = Validator::new(self.words.schema.clone());
        let result = validator.validate(&self.policies, ValidationMode::Strict);
        let errors = result.validation_errors().map(ToString::to_string);
        let warnings = result.validation_warnings().map(ToString::to_string);
        let place = Source::new("console", "");
        errors.chain(warnings).map(|message| Diagnostic::at(&place, 0, message)).collect()
    }

    /// The policies' ids and what they are for, sorted by id.
    pub fn policies(&self) -> Vec<(&str, &str)> {
        let mut all: Vec<_> = self.about.iter().map(|(id, about)| (&**id, &**about)).collect();
        all.sort_unstable();
        all
    }

    /// Decides whether an action of [`STAFF_SCHEMA`] may be done. Denies where nothing permits,
    /// where a policy forbids, and where anything could not be evaluated.
    pub fn decide(
        &self,
        who: Staff<'_>,
        action: &str,
        thing: &Thing,
        is_fresh: bool,
    ) -> StaffVerdict {
        let Some((request, entities)) = self.request(who, action, thing, is_fresh) else {
            return deny(Vec::new(), "the question could not be put to the policies".to_owned());
        };
        let response = Authorizer::new().is_authorized(&request, &self.policies, &entities);
        let ids = response.diagnostics().reason().map(|id| AsRef::<str>::as_ref(id).to_owned());
        let mut ids: Vec<String> = ids.collect();
        ids.sort_unstable();
        let policies = ids.iter().filter_map(|id| PolicyId::new(id).ok()).collect();
        if response.diagnostics().errors().next().is_some() {
            return deny(policies, "a policy could not be evaluated".to_owned());
        }
        match response.decision() {
            Decision::Allow => StaffVerdict { is_permitted: true, policies, reason: String::new() },
            Decision::Deny if ids.is_empty() => {
                deny(policies, format!("no policy permits {action} here"))
            }
            Decision::Deny => {
                let about = ids.iter().filter_map(|id| self.about.get(id)).cloned();
                deny(policies, about.collect::<Vec<_>>().join("; "))
            }
        }
    }

    fn request(
        &self,
        who: Staff<'_>,
        action: &str,
        thing: &Thing,
        is_fresh: bool,
    ) -> Option<(Request, Entities)> {
        let words = &self.words;
        let principal = self.principal(who)?;
        let resource = resource(words, thing)?;
        let action = uid(&words.action, action);
        // An action that the schema lacks is permitted by nothing, whatever a policy says.
        words.actions.iter().find(|known| known.uid() == action)?;
        let fresh = [("is_fresh".to_owned(), Value::new_bool(is_fresh))];
        let context = Context::from_pairs(fresh).ok()?;
        let (from, to) = (principal.uid(), resource.uid());
        let request = Request::new(from, action, to, context, Some(&words.schema)).ok()?;
        let all = [principal, resource].into_iter().chain(words.actions.iter().cloned());
        Some((request, Entities::from_entities(all, None).ok()?))
    }

    fn principal(&self, who: Staff<'_>) -> Option<Entity> {
        let words = &self.words;
        let text = |text: &str| Value::new_string(text.to_owned());
        match who {
            Staff::Operator => {
                Entity::new(uid(&words.operator, "operator"), HashMap::new(), HashSet::new()).ok()
            }
            Staff::Token { name, scope } => {
                let attributes =
                    [("name".to_owned(), text(name)), ("scope".to_owned(), text(scope))];
                Entity::new(uid(&words.token, name), attributes.into(), HashSet::new()).ok()
            }
            Staff::User { name, roles } => {
                let roles: HashSet<EntityUid> =
                    roles.iter().map(|role| uid(&words.role, role)).collect();
                let attributes = [("name".to_owned(), text(name))];
                Entity::new(uid(&words.user, name), attributes.into(), roles).ok()
            }
        }
    }
}

fn resource(words: &Words, thing: &Thing) -> Option<Entity> {
    let text = |text: &str| Value::new_string(text.to_owned());
    let mut attributes = HashMap::from([("kind".to_owned(), text(thing.kind))]);
    let texts = [("name", &thing.name), ("owner", &thing.owner), ("author", &thing.author)];
    for (name, value) in texts {
        attributes.extend(value.as_ref().map(|value| (name.to_owned(), text(value))));
    }
    let needed = thing.needed.map(|needed| Value::new_long(i64::from(needed)));
    attributes.extend(needed.map(|needed| ("needed".to_owned(), needed)));
    let quarantined = thing.is_quarantined.map(Value::new_bool);
    attributes.extend(quarantined.map(|is| ("is_quarantined".to_owned(), is)));
    let escalated = thing.is_escalated.map(Value::new_bool);
    attributes.extend(escalated.map(|is| ("is_escalated".to_owned(), is)));
    let id = format!("{}/{}", thing.kind, thing.name.as_deref().unwrap_or_default());
    Entity::new(uid(&words.thing, &id), attributes, HashSet::new()).ok()
}

fn deny(policies: Vec<PolicyId>, reason: String) -> StaffVerdict {
    StaffVerdict { is_permitted: false, policies, reason }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn bundle() -> StaffBundle {
        StaffBundle::built_in().unwrap()
    }

    fn agent(owner: &str, is_quarantined: bool) -> Thing {
        Thing {
            kind: "agent",
            name: Some("bot".to_owned()),
            owner: Some(owner.to_owned()),
            is_quarantined: Some(is_quarantined),
            ..Thing::default()
        }
    }

    fn ann<'a>(roles: &'a [&'a str]) -> Staff<'a> {
        Staff::User { name: "ann", roles }
    }

    #[test]
    fn whoever_holds_nothing_may_do_nothing() {
        let bundle = bundle();
        for action in bundle.words.actions.iter().map(|action| action.uid()) {
            let action = action.id().unescaped().to_owned();
            let is_everybodys = matches!(&*action, "own_account" | "request_access");
            let verdict = bundle.decide(ann(&[]), &action, &Thing::default(), true);
            assert_eq!(verdict.is_permitted, is_everybodys, "{action}");
            let verdict = bundle.decide(ann(&["employee"]), &action, &Thing::default(), true);
            assert_eq!(verdict.is_permitted, is_everybodys, "{action}");
        }
        let unknown = bundle.decide(Staff::Operator, "anything", &Thing::default(), true);
        assert!(!unknown.is_permitted);
    }

    #[test]
    fn an_owner_looks_after_their_own_and_frees_nothing_from_quarantine() {
        let bundle = bundle();
        let may = |action: &str, thing: &Thing| {
            bundle.decide(ann(&["agent_owner"]), action, thing, true).is_permitted
        };
        assert!(may("contain", &agent("ann", false)));
        assert!(!may("contain", &agent("bob", false)));
        assert!(may("resume", &agent("ann", false)));
        assert!(!may("resume", &agent("ann", true)));
        assert!(!may("approve", &agent("ann", false)));
    }

    #[test]
    fn what_is_grave_needs_a_fresh_factor_of_people() {
        let bundle = bundle();
        let may = |action: &str, thing: &Thing, fresh| {
            bundle.decide(ann(&["responder"]), action, thing, fresh).is_permitted
        };
        assert!(!may("approve", &Thing::default(), false));
        assert!(may("approve", &Thing::default(), true));
        assert!(may("resume", &agent("bob", false), false));
        assert!(!may("resume", &agent("bob", true), false));
        assert!(may("resume", &agent("bob", true), true));
        let token = Staff::Token { name: "ci", scope: "write" };
        assert!(bundle.decide(token, "approve", &Thing::default(), false).is_permitted);
    }

    #[test]
    fn duties_stay_apart() {
        let bundle = bundle();
        let own = Thing { kind: "policy", author: Some("ann".to_owned()), ..Thing::default() };
        let both = ["policy_author", "policy_approver"];
        let verdict = bundle.decide(ann(&both), "deploy_policy", &own, true);
        assert!(!verdict.is_permitted);
        assert_eq!(verdict.policies[0].as_str(), "author-is-not-approver");
        let other = Thing { author: Some("bob".to_owned()), ..own };
        assert!(bundle.decide(ann(&both), "deploy_policy", &other, true).is_permitted);
        let call = |needed| Thing {
            kind: "approval",
            owner: Some("ann".to_owned()),
            needed: Some(needed),
            ..Thing::default()
        };
        let responder = ann(&["responder"]);
        assert!(bundle.decide(responder, "approve", &call(1), true).is_permitted);
        assert!(!bundle.decide(responder, "approve", &call(2), true).is_permitted);
        let me = Thing { kind: "user", name: Some("ann".to_owned()), ..Thing::default() };
        let administrator = ann(&["platform_administrator"]);
        assert!(!bundle.decide(administrator, "manage_people", &me, true).is_permitted);
    }

    #[test]
    fn nobody_decides_on_their_own_access_and_no_token_on_any() {
        let bundle = bundle();
        let of = |owner: &str| Thing {
            kind: "elevation",
            owner: Some(owner.to_owned()),
            ..Thing::default()
        };
        for role in ["platform_administrator", "security_officer"] {
            for action in ["decide_access", "review_access"] {
                let may = |owner, fresh| {
                    bundle.decide(ann(&[role]), action, &of(owner), fresh).is_permitted
                };
                assert!(may("bob", true) && !may("bob", false) && !may("ann", true), "{role}");
            }
        }
        let late = Thing { is_escalated: Some(true), ..of("bob") };
        let may = |role, thing: &Thing| {
            bundle.decide(ann(&[role]), "review_access", thing, true).is_permitted
        };
        assert!(may("security_officer", &late) && !may("platform_administrator", &late));
        let token = Staff::Token { name: "ci", scope: "write" };
        for action in ["break_glass", "decide_access", "review_access"] {
            assert!(!bundle.decide(token, action, &of("bob"), true).is_permitted, "{action}");
        }
        let ends = |owner: &str, roles: &[&str]| {
            bundle.decide(ann(roles), "end_access", &of(owner), false).is_permitted
        };
        assert!(ends("ann", &[]) && !ends("bob", &[]) && ends("bob", &["security_officer"]));
        assert!(!bundle.decide(ann(&["employee"]), "break_glass", &of("ann"), true).is_permitted);
    }

    #[test]
    fn policies_that_cannot_hold_are_refused() {
        let compile = |text: &str| StaffBundle::compile(&[Source::new("a.cedar", text)]);
        let head = "@id(\"a\") @description(\"b\") ";
        assert!(compile(&format!("{head}permit (principal, action, resource);")).is_ok());
        for wrong in [
            "permit (principal, action, resource);".to_owned(),
            format!("{head}permit (principal, action == Action::\"fly\", resource);"),
            format!(
                "{head}permit (principal is User, action, resource) when {{ resource.owner == \"x\" }};"
            ),
            format!("{head}permit (principal, action, resource"),
        ] {
            assert!(compile(&wrong).is_err(), "{wrong}");
        }
    }
}
