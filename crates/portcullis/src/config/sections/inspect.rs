//! `[inspect]`: what is looked for in the traffic, and what is done about it.

use crate::config::actions::Actions;
use crate::config::declare::{choice, section};

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
        /// in the answer, `mask` replaces it, `block` refuses the action. By kind, such as `secret.github_token`, or by
        /// family, such as `secret`; the kind wins. One word is for both directions.
        actions: Actions = {}, example { secret = "mask", own.word = { request = "block", answer = "allow" } };
        /// Words and phrases of your own: project names, customers, code words.
        words: Words;
        /// Which judges read whole texts.
        judges: Judges;
    }
}

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
    /// What the engine is compiled from.
    pub fn settings(&self) -> inspect::Settings {
        let words = inspect::Words {
            list: self.words.list.clone(),
            ignore_case: self.words.ignore_case,
            whole_word: self.words.whole_word,
        };
        let Judges { injection, harm, code, names } = self.judges;
        let judges = inspect::Judges { injection, harm, code, names };
        inspect::Settings {
            actions: self.actions.0.clone(),
            words,
            judges,
            ..inspect::Settings::default()
        }
    }
}
