//! `[inspect]`: what is looked for in the traffic, and what is done about it.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::time::Duration;

use model::Severity;

use crate::config::actions::Actions;
use crate::config::declare::{choice, section};
use crate::config::types::{BaseUrl, Share};

section! {
    /// What is looked for in the traffic, and what is done about it.
    Inspect {
        /// Whether payloads are inspected at all. Switched off, nothing is found, masked or
        /// blocked; identity, policy, limits and records stay as they are.
        enabled: bool = true;
        /// What happens to a request or an answer that cannot be inspected: over a limit,
        /// undecodable, or of an unknown encoding. Either way it is recorded.
        uninspectable: Uninspectable = "refuse";
        /// What happens to a value that a detector finds: `allow` records it, `mark` also puts
        /// a label on the record, `tokenise` sends a placeholder that becomes the value again
        /// in the answer, `mask-format` stars out its letters and digits, `mask` replaces it, `block` refuses the action. By kind, such as `secret.github_token`, or by
        /// family, such as `secret`; the kind wins. One word is for both directions.
        actions: Actions = {}, example { secret = "mask", own.word = { request = "block", answer = "allow" } };
        /// The same for what goes to the tools of MCP servers and what they return, where it differs.
        /// Personal data passes there and is recorded, unless `actions` or this says otherwise: a tool that is
        /// handed a mask in place of an account does the wrong thing.
        tool_actions: Actions = {}, example { pii = "mask", secret = "block" };
        /// Words and phrases of your own: project names, customers, code words.
        words: Words;
        /// Which judges read whole texts.
        judges: Judges;
        /// A classifier of your own, in a process beside the gate.
        classifier: Option<Classifier>;
        /// Values that you planted and nobody should ever send, such as a key that opens
        /// nothing. A sighting is critical and, unless said otherwise for `canary.token`, blocks.
        canaries: Vec<String> = [];
        /// Formats of your own.
        detectors: Vec<OwnDetector>;
        /// Records of your own, by exact match: customers, accounts, up to ten million in a set.
        records: Vec<Records>;
        /// Lists of the packages that there are, which code in answers is held against.
        packages: Vec<Packages>;
    }
}

section! {
    /// A set of records of your own, which `portcullis inspect records build` makes from a list
    /// of values. It holds keyed fingerprints; the values themselves are kept nowhere.
    Records {
        /// What findings call it.
        name: String = "own_record", example "customers";
        /// The kind under which actions and policies know it: `own.` and a name.
        kind: String = "own.record", example "own.customer";
        /// The file of the set.
        file: PathBuf, example "customers.set";
        /// How bad a finding is.
        severity: FindingSeverity = "high";
    }
}

section! {
    /// A list of the names of an ecosystem's packages, which `portcullis inspect packages build`
    /// makes from plain lists. A package that code asks for and the list lacks is a finding.
    Packages {
        /// The file of the list, which says itself whose names it holds.
        file: PathBuf, example "pypi.set";
    }
}

section! {
    /// A format of your own, such as the numbers of your badges.
    OwnDetector {
        /// What findings call it.
        name: String, example "acme_badge";
        /// The kind under which actions and policies know it: `own.` and a name.
        kind: String, example "own.badge";
        /// What it finds, in words.
        finds: Option<String>, example "badge numbers";
        /// How bad a finding is.
        severity: FindingSeverity = "high";
        /// Texts in quotation marks, and classes of characters with how many of them there are.
        pattern: String, example "\"ACME-\" [0-9A-F]{16}";
        /// If any: one of these must stand shortly before the value.
        keywords: Vec<String> = [], example ["badge"];
        /// Texts in which it must find something. They are tried whenever the configuration is read.
        examples: Vec<String> = [], example ["badge ACME-4F09C2E71B83D65A"];
        /// Texts in which it must find nothing.
        near_misses: Vec<String> = [], example ["badge ACME-0123"];
    }
}

choice! {
    /// How bad a finding is.
    FindingSeverity, "\"info\", \"low\", \"medium\", \"high\" or \"critical\"" {
        Info = "info",
        Low = "low",
        Medium = "medium",
        High = "high",
        Critical = "critical",
    }
}

impl From<FindingSeverity> for Severity {
    fn from(severity: FindingSeverity) -> Self {
        match severity {
            FindingSeverity::Info => Self::Info,
            FindingSeverity::Low => Self::Low,
            FindingSeverity::Medium => Self::Medium,
            FindingSeverity::High => Self::High,
            FindingSeverity::Critical => Self::Critical,
        }
    }
}

impl OwnDetector {
    fn settings(&self) -> inspect::OwnDetector {
        inspect::OwnDetector {
            name: self.name.clone(),
            kind: self.kind.clone(),
            finds: self.finds.clone().unwrap_or_default(),
            severity: self.severity.into(),
            confidence: OWN_CONFIDENCE,
            pattern: self.pattern.clone(),
            keywords: self.keywords.clone(),
            examples: self.examples.clone(),
            near_misses: self.near_misses.clone(),
        }
    }
}

/// The family of data about people.
const PERSONAL: &str = "pii";

/// How sure a format of the operator's own is taken to be.
const OWN_CONFIDENCE: f64 = 0.95;

section! {
    /// Words and phrases of your own: project names, customers, code words. What happens to
    /// them is the action of the kind `own.word`.
    Words {
        /// The words.
        list: Vec<String> = [], example ["Project Nightjar"];
        /// Whether `Apollo` is also found as `APOLLO`.
        ignore_case: bool = true;
        /// Whether `cat` is left alone in `catalogue`.
        whole_word: bool = true;
    }
}

section! {
    /// Judges read whole texts for what they mean, where detectors of formats look for values. What
    /// they find is recorded; `inspect.actions` says what else happens, by kind.
    Judges {
        /// Instructions to the model in what a person says or a tool returns.
        injection: bool = true;
        /// Help towards weapons and malicious software.
        harm: bool = true;
        /// Dangerous code in what a model writes.
        code: bool = true;
        /// Names of people, places and organisations. Slower than the rest, and less sure.
        names: bool = false;
        /// What has the form of a credential and cannot be one, such as the keys of manuals, in what
        /// an agent sends: `secret.lookalike`. Useful where nothing of that form may go out.
        lookalikes: bool = false;
    }
}

section! {
    /// A classifier of your own for planted instructions, in a process beside the gate: a model in
    /// ONNX or any other form. It is asked about the passages of a request of which the judge of
    /// injection is unsure, and can make findings of them. Without an answer a request is dealt
    /// with as `uninspectable` says.
    Classifier {
        /// Where passages are posted to. It must be on this machine.
        url: BaseUrl, example "http://127.0.0.1:8090/classify";
        /// How long a request waits for it.
        timeout: Duration = "300ms";
        /// The score, from 0 to 1, from which a passage counts as an instruction.
        threshold: Share = 0.5;
    }
}

choice! {
    /// What happens to what cannot be inspected.
    Uninspectable, "\"refuse\" or \"pass\"" {
        Refuse = "refuse",
        Pass = "pass",
    }
}

impl Inspect {
    /// What happens to values on their way to tools and back.
    pub fn tool_actions(&self) -> BTreeMap<String, inspect::Actions> {
        let passes = Some(inspect::Action::Allow);
        let personal = inspect::Actions { request: passes, answer: passes };
        let mut actions = BTreeMap::from([(PERSONAL.to_owned(), personal)]);
        actions.extend(self.actions.0.clone());
        actions.extend(self.tool_actions.0.clone());
        actions
    }

    /// What the engine is compiled from, but for what stands in files.
    pub fn settings(&self) -> inspect::Settings {
        let words = inspect::Words {
            list: self.words.list.clone(),
            ignore_case: self.words.ignore_case,
            whole_word: self.words.whole_word,
        };
        let Judges { injection, harm, code, names, lookalikes } = self.judges;
        let judges = inspect::Judges { injection, harm, code, names, lookalikes };
        inspect::Settings {
            actions: self.actions.0.clone(),
            words,
            judges,
            canaries: self.canaries.clone(),
            detectors: self.detectors.iter().map(OwnDetector::settings).collect(),
            ..inspect::Settings::default()
        }
    }
}
