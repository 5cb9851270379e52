//! `[payloads]`: what is kept of requests and answers.

use crate::config::declare::{choice, section};
use crate::config::types::{ByteSize, Pattern};

section! {
    /// What is kept of requests and answers. It is sealed under a key of the person's or the
    /// agent's whose data it is, so that it can be erased; the log refers to it.
    Payloads {
        /// What is kept where no rule says otherwise: nothing (`off`), what leaves the gate
        /// (`redacted`), or everything as it came (`full`), which may hold secrets.
        keep: Keep = "off";
        /// Bytes that are kept of one request or answer. What is longer is cut off, and its record
        /// says so.
        max_bytes: ByteSize = "4MiB";
        /// What happens where a payload is to be kept and cannot be: `refuse` holds the answer back,
        /// `pass` lets it go. The record says why either way.
        on_failure: OnFailure = "refuse";
        /// The first rule that fits decides.
        rule: Vec<KeepRule>;
    }
}

section! {
    /// What is kept of some calls. A rule fits where all fits that it names.
    KeepRule {
        /// The provider, by name or pattern.
        provider: Option<Pattern>, example "openai";
        /// The agent, by name or pattern.
        agent: Option<Pattern>, example "support-*";
        /// A label that the request has, or a family of labels: `pii` is true of `pii.email`. Kinds of
        /// findings become labels by the action `mark`.
        label: Option<String>, example "pii";
        /// What is kept of them.
        keep: Keep, example "redacted";
    }
}

choice! {
    /// How much is kept.
    Keep, "\"off\", \"redacted\" or \"full\"" {
        Off = "off",
        Redacted = "redacted",
        Full = "full",
    }
}

choice! {
    /// What happens where a payload cannot be kept.
    OnFailure, "\"refuse\" or \"pass\"" {
        Refuse = "refuse",
        Pass = "pass",
    }
}
