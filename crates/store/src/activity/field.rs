//! What can be searched by: every field of a record, by the name that it has there.

use crate::{Result, StoreError};

/// How a field's values stand in the index.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Form {
    /// A text that comes again and again: counted, matched by its beginning.
    Term,
    /// A number, as it is.
    Code,
    /// A number of a wide range; the index counts it in units of this many to one.
    Amount { scale: u32 },
    /// A text that hardly ever comes twice.
    Print,
    /// The record's own id.
    Id,
}

/// Declares the fields: name in queries, number in the database, form.
macro_rules! fields {
    ($($(#[$about:meta])* $field:ident = $number:literal, $name:literal, $form:expr;)+) => {
        /// A field of a record. The numbers stand in databases and never change.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        pub enum Field { $($(#[$about])* $field = $number,)+ }

        impl Field {
            pub const ALL: &'static [Self] = &[$(Self::$field),+];

            /// What queries call it.
            pub fn name(self) -> &'static str {
                match self { $(Self::$field => $name,)+ }
            }

            pub fn form(self) -> Form {
                match self { $(Self::$field => $form,)+ }
            }
        }
    };
}

fields! {
    /// `llm.call`, `admin.change`, …
    Kind = 1, "kind", Form::Term;
    Effect = 2, "effect", Form::Term;
    Status = 3, "status", Form::Term;
    Agent = 4, "agent", Form::Term;
    /// On whose behalf.
    User = 5, "user", Form::Term;
    /// An agent between the person and the action.
    Chain = 6, "chain", Form::Term;
    Session = 7, "session", Form::Term;
    Zone = 8, "zone", Form::Term;
    /// The whole name, such as `openai/gpt-4o`.
    Resource = 9, "resource", Form::Term;
    /// `model`, `provider`, `agent`, …
    ResourceType = 10, "type", Form::Term;
    Provider = 11, "provider", Form::Term;
    /// A policy that decided.
    Policy = 12, "policy", Form::Term;
    Obligation = 13, "obligation", Form::Term;
    /// A kind of finding, such as `secret.github_token`.
    Finding = 14, "finding", Form::Term;
    /// A family of findings, such as `secret`.
    Family = 15, "family", Form::Term;
    Severity = 16, "severity", Form::Term;
    Detector = 17, "detector", Form::Term;
    /// Side and place of a finding, such as `request:messages[0].content`.
    Where = 18, "where", Form::Term;
    Label = 19, "label", Form::Term;
    /// The client's address without its port.
    Address = 20, "address", Form::Term;
    /// Such as `key:0a1b2c3d`.
    Credential = 21, "credential", Form::Term;
    UserAgent = 22, "user_agent", Form::Term;
    /// What a kind adds of its own: `detail.act` is the member `act`.
    Detail = 23, "detail", Form::Term;
    /// Words of the reason, the resource and the detail.
    Text = 24, "text", Form::Term;
    HttpStatus = 25, "http_status", Form::Code;
    InputTokens = 26, "input_tokens", Form::Amount { scale: 1 };
    OutputTokens = 27, "output_tokens", Form::Amount { scale: 1 };
    CostUsd = 28, "cost_usd", Form::Amount { scale: 1_000_000 };
    BytesIn = 29, "bytes_in", Form::Amount { scale: 1 };
    BytesOut = 30, "bytes_out", Form::Amount { scale: 1 };
    UpstreamMs = 31, "upstream_ms", Form::Amount { scale: 1_000 };
    AddedMs = 32, "added_ms", Form::Amount { scale: 1_000 };
    /// The trace that it belongs to.
    Trace = 33, "trace", Form::Print;
    /// SHA-256 of what the agent sent.
    Request = 34, "request", Form::Print;
    /// SHA-256 of what the agent was sent.
    Response = 35, "response", Form::Print;
    Id = 36, "id", Form::Id;
    /// Of a credential: the same wherever it is seen again.
    Fingerprint = 37, "fingerprint", Form::Term;
}

impl Field {
    /// The field of this name.
    ///
    /// # Errors
    /// [`StoreError::Query`] with the names that there are.
    pub fn named(name: &str) -> Result<Self> {
        let found = Self::ALL.iter().find(|field| field.name() == name);
        found.copied().ok_or_else(|| {
            let names: Vec<&str> = Self::ALL.iter().map(|field| field.name()).collect();
            StoreError::Query(format!(
                "there is no field {name:?}; put a text with a colon in quotation marks, or name one of: {}",
                names.join(", ")
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_numbers_are_each_ones_own() {
        let mut seen = std::collections::BTreeSet::new();
        for field in Field::ALL {
            assert!(
                seen.insert(field.name().to_owned()) && seen.insert((*field as i64).to_string())
            );
            assert_eq!(Field::named(field.name()).ok(), Some(*field));
        }
        assert!(Field::named("kindd").unwrap_err().to_string().contains("kind, effect"));
    }
}
