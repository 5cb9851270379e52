//! From sources to policies that are known to be sound.
//!
//! A policy that errors while it is evaluated is skipped by Cedar, a `forbid` too. So nothing is
//! let through that could: types and optional attributes are checked strictly against the
//! schema, entities are followed no further than they are supplied, and what can fail on
//! values of the right type (see [`crate::inputs`]) is refused.

use std::collections::{HashMap, HashSet};
use std::ops::Range;

use cedar_policy::{Effect, EntityUid, Policy, PolicySet, Schema, ValidationMode, Validator};
use model::PolicyId;

use crate::diagnose::{causes, diagnostic, nearest};
use crate::inputs::{Fallible, Inputs, read};
use crate::lexer::{Statement, statements};
use crate::vocabulary::Vocabulary;
use crate::{Action, Diagnostic, Source};

/// Most sources in a bundle.
pub const MAX_SOURCES: usize = 256;
/// Most policies in a bundle. Cedar tries each of them, at 1 to 2 µs.
pub const MAX_POLICIES: usize = 1_000;
/// Longest `@description`, in bytes: it is quoted to agents and in records.
pub const MAX_DESCRIPTION: usize = 400;
/// What `@obligation` may ask for, separated by commas.
pub const OBLIGATIONS: &[&str] =
    &["approve", "flag", "four_eyes", "redact", "redact_answer", "step_up"];

/// How far policies may follow entities: `resource.provider.name`. All that lies within is
/// supplied with every question.
const MAX_DEREFERENCE: u32 = 2;
const ANNOTATIONS: [&str; 4] = ["id", "description", "obligation", "approve"];

/// What is known of a policy besides its text.
#[derive(Clone, Debug)]
pub(crate) struct About {
    pub(crate) id: PolicyId,
    pub(crate) description: String,
    /// Sorted.
    pub(crate) obligations: Vec<String>,
}

#[derive(Debug, Default)]
pub(crate) struct Compiled {
    /// For each action, the policies that can apply to it.
    pub(crate) policies: [PolicySet; Action::ALL.len()],
    pub(crate) about: HashMap<String, About>,
    pub(crate) inputs: Inputs,
    pub(crate) named: Named,
}

/// The grants and zones that policies name, besides those of whoever asks.
#[derive(Debug, Default)]
pub(crate) struct Named {
    pub(crate) grants: HashSet<String>,
    pub(crate) zones: HashSet<String>,
}

impl Named {
    fn add(&mut self, policy: &Policy) {
        for literal in policy.entity_literals() {
            let names = match literal.type_name().basename() {
                "Grant" => &mut self.grants,
                "Zone" => &mut self.zones,
                _ => continue,
            };
            names.insert(literal.id().unescaped().to_owned());
        }
    }
}

pub(crate) fn compile(
    sources: &[Source],
    vocabulary: &Vocabulary,
) -> Result<Compiled, Vec<Diagnostic>> {
    let mut compiler = Compiler::default();
    if sources.len() > MAX_SOURCES {
        let message =
            format!("a bundle has at most {MAX_SOURCES} files; here are {}", sources.len());
        let anywhere = Source::new("policies", "");
        return Err(vec![Diagnostic::at(&anywhere, 0, message)]);
    }
    for source in sources {
        for statement in statements(source, &mut compiler.problems) {
            compiler.add(source, &statement);
        }
    }
    compiler.validate(vocabulary);
    compiler.finish(vocabulary)
}

impl Compiled {
    /// Adds a policy to the sets of the actions that it can apply to.
    pub(crate) fn slice(&mut self, policy: &Policy, schema: &Schema) -> Result<(), String> {
        let environments: Vec<_> = policy.get_valid_request_envs(schema).collect();
        for (action, set) in Action::ALL.iter().zip(&mut self.policies) {
            let is_action = |uid: &EntityUid| uid.id().unescaped() == action.as_str();
            if environments.iter().any(|environment| is_action(environment.action())) {
                set.add(policy.clone()).map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }
}

#[derive(Default)]
struct Compiler<'a> {
    set: PolicySet,
    about: HashMap<String, About>,
    places: HashMap<String, (&'a Source, Range<usize>)>,
    inputs: Inputs,
    problems: Vec<Diagnostic>,
}

impl<'a> Compiler<'a> {
    fn add(&mut self, source: &'a Source, statement: &Statement) {
        let range = &statement.range;
        let policy = match parsed(source, statement) {
            Ok((_, policy)) => policy,
            Err(problems) => return self.problems.extend(problems),
        };
        let at = |message: String| Diagnostic::at(source, range.start, message);
        self.check_evaluation(source, statement, &policy);
        match self.describe(&policy, &at) {
            Ok(about) => self.keep(source, range.clone(), &policy, about, &at),
            Err(problem) => self.problems.push(*problem),
        }
    }

    fn keep(
        &mut self,
        source: &'a Source,
        range: Range<usize>,
        policy: &Policy,
        about: About,
        at: &impl Fn(String) -> Diagnostic,
    ) {
        let id = about.id.to_string();
        if let Some((other, place)) = self.places.get(&id) {
            let first = Diagnostic::at(other, place.start, "");
            let message =
                format!("the id {id:?} is already taken at {}:{}", first.file, first.line);
            return self.problems.push(at(message).help("give each policy its own @id"));
        }
        if self.places.len() >= MAX_POLICIES {
            let message = format!("a bundle has at most {MAX_POLICIES} policies");
            return self
                .problems
                .push(at(message).help("state grants in [[role]], not as policies"));
        }
        if let Err(error) = self.set.add(policy.new_id(cedar_policy::PolicyId::new(&id))) {
            return self.problems.push(at(error.to_string()));
        }
        self.places.insert(id.clone(), (source, range));
        self.about.insert(id, about);
    }

    /// Refuses what could fail while it is evaluated; notes what the policy reads.
    fn check_evaluation(&mut self, source: &Source, statement: &Statement, policy: &Policy) {
        let problem = match policy.to_pst().map(|policy| read(&policy)) {
            Ok(Ok(inputs)) => {
                self.inputs = self.inputs.and(inputs);
                return;
            }
            Ok(Err(Fallible::Arithmetic)) => {
                let at = statement.arithmetic.unwrap_or(statement.range.start);
                Diagnostic::at(source, at, "arithmetic can overflow, and a policy must not fail")
                    .help("compare with a number that is written out")
            }
            Ok(Err(Fallible::Extension)) => {
                let message = "extension functions and tags are not part of the schema";
                Diagnostic::at(source, statement.range.start, message)
                    .help("use the attributes that the schema names")
            }
            Err(error) => Diagnostic::at(source, statement.range.start, error.to_string()),
        };
        self.problems.push(problem);
    }

    fn describe(
        &self,
        policy: &Policy,
        at: &impl Fn(String) -> Diagnostic,
    ) -> Result<About, Box<Diagnostic>> {
        let id = annotation(policy, "id", at)?;
        let wrong = |error: model::IdError| at(format!("@id: {error}"));
        let id = PolicyId::new(id).map_err(wrong)?;
        let description = annotation(policy, "description", at)?.trim();
        if description.is_empty() || description.len() > MAX_DESCRIPTION {
            let message = format!("@description has 1 to {MAX_DESCRIPTION} bytes");
            return Err(at(message).help("say in one sentence what the policy is for").into());
        }
        let obligations = obligations(policy, at)?;
        Ok(About { id, description: description.to_owned(), obligations })
    }

    fn validate(&mut self, vocabulary: &Vocabulary) {
        let validator = Validator::new(vocabulary.schema.clone());
        let strict = ValidationMode::Strict;
        let result = validator.validate_with_level(&self.set, strict, MAX_DEREFERENCE);
        let errors = result.validation_errors().map(|e| (e.policy_id(), e as _));
        // A warning is a policy that can never apply, or text that looks like other text.
        let warnings = result.validation_warnings().map(|w| (w.policy_id(), w as _));
        let all: Vec<(_, &dyn miette::Diagnostic)> = errors.chain(warnings).collect();
        for (id, (source, range)) in &self.places {
            let own = all.iter().filter(|(policy, _)| AsRef::<str>::as_ref(*policy) == id.as_str());
            let own = own.map(|(_, error)| diagnostic(source, range, *error)).collect();
            let start = Diagnostic::at(source, range.start, "");
            self.problems.extend(causes((start.line, start.column), own));
        }
    }

    fn finish(mut self, vocabulary: &Vocabulary) -> Result<Compiled, Vec<Diagnostic>> {
        if !self.problems.is_empty() {
            self.problems.sort();
            self.problems.dedup();
            return Err(self.problems);
        }
        let mut compiled =
            Compiled { about: self.about, inputs: self.inputs, ..Compiled::default() };
        for policy in self.set.policies() {
            compiled.named.add(policy);
            compiled.slice(policy, &vocabulary.schema).map_err(|message| {
                vec![Diagnostic::at(&Source::new("policies", ""), 0, message)]
            })?;
        }
        Ok(compiled)
    }
}

/// A statement as text and as a policy.
pub(crate) fn parsed<'a>(
    source: &'a Source,
    statement: &Statement,
) -> Result<(&'a str, Policy), Vec<Diagnostic>> {
    let range = &statement.range;
    let text = source.text.get(range.clone()).unwrap_or_default();
    match Policy::parse(None, text) {
        Ok(policy) => Ok((text, policy)),
        Err(errors) => Err(errors.iter().map(|error| diagnostic(source, range, error)).collect()),
    }
}

fn annotation<'a>(
    policy: &'a Policy,
    name: &str,
    at: &impl Fn(String) -> Diagnostic,
) -> Result<&'a str, Box<Diagnostic>> {
    if let Some(value) = policy.annotation(name) {
        return Ok(value);
    }
    let unknown = policy.annotations().map(|(key, _)| key).filter(|k| !ANNOTATIONS.contains(k));
    let slip = unknown.into_iter().find(|key| nearest(key, &ANNOTATIONS) == Some(name));
    let help = match slip {
        Some(slip) => format!("did you mean @{name} where it says @{slip}?"),
        None => format!("write @{name}(\"…\") before permit or forbid"),
    };
    Err(at(format!("this policy has no @{name}")).help(help).into())
}

pub(crate) fn obligations(
    policy: &Policy,
    at: &impl Fn(String) -> Diagnostic,
) -> Result<Vec<String>, Box<Diagnostic>> {
    let listed = policy.annotation("obligation").map(|list| list.split(','));
    let listed = listed.into_iter().flatten().map(str::trim);
    let approve = policy.annotation("approve").map(|_| "approve");
    let mut obligations: Vec<String> = listed.chain(approve).map(str::to_owned).collect();
    obligations.sort();
    obligations.dedup();
    if let Some(unknown) = obligations.iter().find(|o| !OBLIGATIONS.contains(&o.as_str())) {
        let known = OBLIGATIONS.join(", ");
        let help = nearest(unknown, OBLIGATIONS)
            .map_or(format!("there are {known}"), |near| format!("did you mean {near:?}?"));
        return Err(at(format!("the obligation {unknown:?} is not known")).help(help).into());
    }
    if policy.effect() == Effect::Forbid && !obligations.is_empty() {
        let problem = at("an obligation binds a permit; this policy forbids".to_owned());
        return Err(problem.help("move it to the policy that permits").into());
    }
    Ok(obligations)
}
