//! `[[retention]]`: how long what is kept.

use std::time::Duration;

use crate::config::declare::{choice, section};

section! {
    /// How long something is kept. It is let go once a day, and by `portcullis ledger retain --now`. The
    /// first rule that fits decides; what none fits is kept for ever, and so is what is held
    /// (`portcullis ledger hold`).
    Retention {
        /// What is let go: the keys to payloads, a month at a time, or records, from the beginning of
        /// the log and a segment at a time.
        what: Retained, example "records";
        /// Only records of this kind.
        kind: Option<String>, example "llm.call";
        /// Only what has this label. A rule for payloads names the label as it is to be kept from
        /// now on; a payload that was kept before the rule stood here has none.
        label: Option<String>, example "pii";
        /// How long, from the end of the month of a payload and from the time of a record.
        keep: Duration, example "180d";
    }
}

choice! {
    /// What is let go.
    Retained, "\"payloads\" or \"records\"" {
        Payloads = "payloads",
        Records = "records",
    }
}
