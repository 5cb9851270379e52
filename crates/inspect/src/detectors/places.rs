//! Where credentials turn up: texts around a value, for tests and measurements.

/// A kind of text in which a value stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Place {
    /// A line of an environment file.
    Environment,
    Yaml,
    /// The answer of a tool: a JSON body whose text holds the value.
    ToolAnswer,
    /// A command that somebody typed.
    Shell,
    /// A line of a log.
    Log,
    /// An attribute of a span in OpenTelemetry's JSON.
    Trace,
    /// The query of a URL, percent-encoded.
    Url,
}

impl Place {
    pub const ALL: [Self; 7] = [
        Self::Environment,
        Self::Yaml,
        Self::ToolAnswer,
        Self::Shell,
        Self::Log,
        Self::Trace,
        Self::Url,
    ];

    /// Whether its text is JSON as a whole.
    pub fn is_json(self) -> bool {
        matches!(self, Self::ToolAnswer | Self::Trace)
    }

    /// A text of this kind that holds the value, named by the word that is its context.
    pub fn text(self, word: &str, value: &str) -> String {
        let escaped = || String::from_utf8_lossy(&crate::json::encode(value)).into_owned();
        match self {
            Self::Environment => format!("# {word}\nPORT=8080\n{}={value}\n", constant(word)),
            Self::Yaml => format!("service:\n  name: worker\n  {word}: {value}\n  retries: 3\n"),
            Self::ToolAnswer => format!(
                r#"{{"role":"tool","tool_call_id":"call_7","content":"read settings:\n{word} = {}\ndone"}}"#,
                escaped()
            ),
            Self::Shell => format!("  412  deploy --region eu --{word} {value} --verbose\n"),
            Self::Log => format!("2025-02-03T10:11:12Z WARN worker[31]: {word} {value} rejected\n"),
            Self::Trace => format!(
                r#"{{"name":"call","attributes":[{{"key":"{word}","value":{{"stringValue":"{word}={}"}}}}]}}"#,
                escaped()
            ),
            Self::Url => format!(
                "GET https://api.internal/v2/list?page=2&{word}={} HTTP/1.1\n",
                percent_encoded(value)
            ),
        }
    }
}

/// As an environment variable would be called.
fn constant(word: &str) -> String {
    word.to_uppercase().replace([' ', '-', '.', ':', '"'], "_")
}

fn percent_encoded(value: &str) -> String {
    let encoded = |byte: u8| {
        let is_plain = byte.is_ascii_alphanumeric() || b"-._~".contains(&byte);
        if is_plain { char::from(byte).to_string() } else { format!("%{byte:02X}") }
    };
    value.bytes().map(encoded).collect()
}
