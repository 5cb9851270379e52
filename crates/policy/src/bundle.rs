//! Compiled policies that answer questions.

use std::sync::Arc;

use cedar_policy::{AuthorizationError, Authorizer, Decision, Response};
use model::{Digest, Effect, PolicyId};

use crate::compile::{About, Compiled, compile};
use crate::grants::GrantIndex;
use crate::key::Key;
use crate::memo::Memo;
use crate::request::Asking;
use crate::vocabulary::Vocabulary;
use crate::{Diagnostic, Grants, Question, Source, Verdict, reason};

/// Most patterns in all grants and zones together. Those of an agent's roles are tried one by
/// one when a question is asked for the first time.
pub const MAX_PATTERNS: usize = 100_000;

/// Digits of a version that records of decisions have.
const VERSION_DIGITS: usize = 12;

/// Policies that passed every check, and the grants that they stand on. Immutable: another
/// bundle takes its place when either changes. Without a policy it denies everything.
#[derive(Debug)]
pub struct Bundle {
    vocabulary: Arc<Vocabulary>,
    compiled: Arc<Compiled>,
    grants: GrantIndex,
    version: Digest,
    /// The beginning of the version, as records of decisions have it.
    short_version: String,
    memo: Memo,
}

impl Bundle {
    /// Checks and compiles policies.
    ///
    /// # Errors
    /// Everything that is wrong, sorted by file and line. A bundle with an error does not exist.
    pub fn compile(sources: &[Source], grants: &Grants) -> Result<Self, Vec<Diagnostic>> {
        let nowhere =
            |message: String| vec![Diagnostic::at(&Source::new("schema", ""), 0, message)];
        let vocabulary = Vocabulary::new().map_err(nowhere)?;
        let compiled = compile(sources, &vocabulary)?;
        Self::new(Arc::new(vocabulary), Arc::new(compiled), grants, version(sources))
    }

    /// The built-in pack.
    ///
    /// # Errors
    /// As [`Bundle::compile`]; of the pack itself, a test of this crate says that it compiles.
    pub fn baseline(grants: &Grants) -> Result<Self, Vec<Diagnostic>> {
        Self::compile(&crate::baseline_sources(), grants)
    }

    /// The same policies on other grants.
    ///
    /// # Errors
    /// Too many grants.
    pub fn with_grants(&self, grants: &Grants) -> Result<Self, Vec<Diagnostic>> {
        let (vocabulary, compiled) = (Arc::clone(&self.vocabulary), Arc::clone(&self.compiled));
        Self::new(vocabulary, compiled, grants, self.version)
    }

    pub(crate) fn new(
        vocabulary: Arc<Vocabulary>,
        compiled: Arc<Compiled>,
        grants: &Grants,
        version: Digest,
    ) -> Result<Self, Vec<Diagnostic>> {
        let patterns = grants.patterns();
        if patterns > MAX_PATTERNS {
            let message =
                format!("grants have at most {MAX_PATTERNS} patterns; here are {patterns}");
            let place = Source::new("configuration", "");
            let problem = Diagnostic::at(&place, 0, message);
            return Err(vec![problem.help("use patterns such as \"gpt-*\" in place of names")]);
        }
        let [a, b, c, d, e, f, g, h, ..] = version.0;
        let memo = Memo::new(u64::from_le_bytes([a, b, c, d, e, f, g, h]));
        let mut short_version = version.to_string();
        short_version.truncate(VERSION_DIGITS);
        let grants = GrantIndex::new(grants);
        Ok(Self { vocabulary, compiled, grants, version, short_version, memo })
    }

    /// The digest of the sources' names and texts, in their order.
    pub fn version(&self) -> &Digest {
        &self.version
    }

    pub(crate) fn short_version(&self) -> &str {
        &self.short_version
    }

    /// The policies' ids and descriptions, sorted by id.
    pub fn policies(&self) -> Vec<(&PolicyId, &str)> {
        let about = self.compiled.about.values();
        let mut policies: Vec<_> = about.map(|a| (&a.id, a.description.as_str())).collect();
        policies.sort();
        policies
    }

    /// Decides, or remembers having decided. Denies where nothing permits, where a policy
    /// forbids, and where a policy could not be evaluated.
    pub fn decide(&self, question: &Question<'_>) -> Arc<Verdict> {
        let Some(key) = Key::new(question, self.compiled.inputs) else {
            return Arc::new(self.evaluate(question));
        };
        if let Some(verdict) = self.memo.get(&key) {
            return verdict;
        }
        let verdict = Arc::new(self.evaluate(question));
        self.memo.put(&key, &verdict);
        verdict
    }

    /// As [`Bundle::decide`], without remembering.
    pub fn evaluate(&self, question: &Question<'_>) -> Verdict {
        let asking = Asking {
            vocabulary: &self.vocabulary,
            grants: &self.grants,
            inputs: self.compiled.inputs,
            named: &self.compiled.named,
            question,
        };
        let Ok((request, entities)) = asking.build() else {
            return deny(Vec::new(), reason::failed("every policy"));
        };
        let Some(policies) = self.compiled.policies.get(question.action.index()) else {
            return deny(Vec::new(), reason::not_permitted(question));
        };
        self.verdict(question, &Authorizer::new().is_authorized(&request, policies, &entities))
    }

    fn verdict(&self, question: &Question<'_>, response: &Response) -> Verdict {
        // Cedar skips what fails, a forbid too. Compilation leaves nothing that can; should
        // something fail all the same, the action is denied.
        if let Some(AuthorizationError::PolicyEvaluationError(error)) =
            response.diagnostics().errors().next()
        {
            let id: &str = error.policy_id().as_ref();
            return deny(PolicyId::new(id).into_iter().collect(), reason::failed(id));
        }
        let mut about: Vec<&About> = response
            .diagnostics()
            .reason()
            .filter_map(|id| self.compiled.about.get(AsRef::<str>::as_ref(id)))
            .collect();
        about.sort_by(|a, b| a.id.cmp(&b.id));
        let policies = about.iter().map(|about| about.id.clone()).collect();
        match response.decision() {
            Decision::Allow => permit(policies, &about),
            Decision::Deny if about.is_empty() => deny(policies, reason::not_permitted(question)),
            Decision::Deny => deny(policies, reason::forbidden(&about)),
        }
    }

    /// Whether a policy reads who answers for an agent, or what it is for.
    pub(crate) fn reads_who_and_why(&self) -> bool {
        self.compiled.inputs.owner || self.compiled.inputs.purpose
    }

    #[cfg(test)]
    pub(crate) fn remembered(&self) -> usize {
        self.memo.len()
    }
}

fn permit(policies: Vec<PolicyId>, about: &[&About]) -> Verdict {
    let mut obligations: Vec<String> =
        about.iter().flat_map(|about| about.obligations.iter().cloned()).collect();
    obligations.sort();
    obligations.dedup();
    let needs_approval = obligations.iter().any(|one| one == "approve" || one == "four_eyes");
    let (effect, reason) = if needs_approval {
        (Effect::Hold, reason::held(about))
    } else {
        (Effect::Permit, reason::permitted(about))
    };
    Verdict { effect, policies, reason, obligations }
}

fn deny(policies: Vec<PolicyId>, reason: String) -> Verdict {
    Verdict { effect: Effect::Deny, policies, reason, obligations: Vec::new() }
}

fn version(sources: &[Source]) -> Digest {
    let lengths: Vec<[u8; 8]> = sources
        .iter()
        .flat_map(|source| [source.name.len(), source.text.len()])
        .map(|length| (length as u64).to_le_bytes())
        .collect();
    let texts = sources.iter().flat_map(|source| [source.name.as_bytes(), source.text.as_bytes()]);
    let parts: Vec<&[u8]> =
        lengths.iter().zip(texts).flat_map(|(length, text)| [&length[..], text]).collect();
    Digest::of_parts(&parts)
}
