//! The kinds of value that are our own: sizes, money, addresses of APIs, patterns of names.

use std::str::FromStr;

use hyper::Uri;
use ledger::note::{KeyKind, NoteError, VerifierKey};
use toml::de::DeValue;

use super::declare::{Shape, Written};
use super::reader::{Node, Reader};
use super::value::{Value, texts};

/// A number of bytes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct ByteSize(pub u64);

impl Value for ByteSize {
    const SHAPE: Shape = Shape::Scalar {
        expects: "a size such as \"64KiB\", \"32MiB\" or a number of bytes",
        written: Written::Both,
    };

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let size = match node.value {
            Some(DeValue::Integer(number)) => number.as_str().parse().ok(),
            Some(DeValue::String(text)) => bytes(text),
            _ => {
                reader.wrong_type(node, &Self::SHAPE);
                return None;
            }
        };
        let size = size.filter(|size| *size > 0);
        if size.is_none() {
            reader.invalid(node, &format!("takes {}", Self::SHAPE.expects()));
        }
        size.map(Self)
    }
}

/// Reads `512`, `64KiB`, `32MiB`, `1GiB`, and the decimal `KB`, `MB`, `GB`.
fn bytes(text: &str) -> Option<u64> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let factor = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 1,
        "kib" => 1 << 10,
        "mib" => 1 << 20,
        "gib" => 1 << 30,
        "kb" => 1000,
        "mb" => 1_000_000,
        "gb" => 1_000_000_000,
        _ => return None,
    };
    number.checked_mul(factor)
}

/// A number as it is written, whole or not.
fn number(node: &Node<'_>, reader: &mut Reader<'_>, shape: &Shape) -> Option<String> {
    match node.value {
        Some(DeValue::Integer(number)) => Some(number.to_string()),
        Some(DeValue::Float(number)) => Some(number.to_string()),
        _ => {
            reader.wrong_type(node, shape);
            None
        }
    }
}

/// US dollars, not negative.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Dollars(pub f64);

impl Value for Dollars {
    const SHAPE: Shape =
        Shape::Scalar { expects: "an amount of US dollars such as 2.50", written: Written::Bare };

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = number(node, reader, &Self::SHAPE)?;
        let amount: Option<f64> = text.replace('_', "").parse().ok();
        let amount = amount.filter(|amount| amount.is_finite() && *amount >= 0.0);
        if amount.is_none() {
            reader.invalid(node, &format!("takes an amount from 0 up; {text} is not"));
        }
        amount.map(Self)
    }
}

/// A number from 0 to 1.
#[derive(Clone, Copy, Debug, PartialEq, PartialOrd)]
pub struct Share(pub f64);

impl Value for Share {
    const SHAPE: Shape =
        Shape::Scalar { expects: "a number from 0 to 1 such as 0.5", written: Written::Bare };

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = number(node, reader, &Self::SHAPE)?;
        let share = text.parse().ok().filter(|share| (0.0..=1.0).contains(share));
        if share.is_none() {
            reader.invalid(node, &format!("takes {}; {text} is not", Self::SHAPE.expects()));
        }
        share.map(Self)
    }
}

/// The address of an API: scheme, host, optional port and path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct BaseUrl(pub Uri);

/// Why a text is no such address.
#[derive(Debug, thiserror::Error)]
pub enum BaseUrlError {
    #[error("an address looks like https://api.example.com/path; {0:?} does not")]
    Form(String),
    #[error("the address must begin with https:// or http://")]
    Scheme,
    #[error("the address must hold no name or password; use `api_key`")]
    Credentials,
    #[error("the address must end before any ? or #")]
    Query,
}

impl FromStr for BaseUrl {
    type Err = BaseUrlError;

    fn from_str(text: &str) -> Result<Self, BaseUrlError> {
        if text.contains('@') {
            return Err(BaseUrlError::Credentials);
        }
        if text.contains(['?', '#']) {
            return Err(BaseUrlError::Query);
        }
        let form = || BaseUrlError::Form(model::clip(text, 80).to_owned());
        let uri: Uri = text.parse().map_err(|_| form())?;
        match uri.scheme_str() {
            Some("https" | "http") => {}
            _ => return Err(BaseUrlError::Scheme),
        }
        match uri.host() {
            None | Some("") => Err(form()),
            Some(_) => Ok(Self(uri)),
        }
    }
}

impl std::fmt::Display for BaseUrl {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.0.to_string().trim_end_matches('/'))
    }
}

impl BaseUrl {
    /// Whether the name or number of the host is this machine's own.
    pub fn is_loopback(&self) -> bool {
        is_loopback(self.0.host().unwrap_or_default().trim_matches(['[', ']']))
    }
}

/// A name with `*` for any run of characters.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Pattern(pub String);

/// Why a text is no pattern.
#[derive(Debug, thiserror::Error)]
#[error("a pattern is a name without blanks in which * stands for anything, such as \"gpt-*\"")]
pub struct PatternError;

impl FromStr for Pattern {
    type Err = PatternError;

    fn from_str(text: &str) -> Result<Self, PatternError> {
        let fits = !text.is_empty() && text.len() <= 256;
        let plain = text.bytes().all(|b| b.is_ascii_graphic());
        if fits && plain { Ok(Self(text.to_owned())) } else { Err(PatternError) }
    }
}

/// What belongs to an MCP server, by name or pattern: `server/name`, or `*` for everything.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scoped(pub policy::Scoped);

impl FromStr for Scoped {
    type Err = policy::ScopedError;

    fn from_str(text: &str) -> Result<Self, policy::ScopedError> {
        policy::Scoped::new(text).map(Self)
    }
}

/// The name of a header that configuration may set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeaderName(pub http::HeaderName);

/// Why a text is no such name.
#[derive(Debug, thiserror::Error)]
pub enum HeaderNameError {
    #[error("a header's name is made of letters, digits and '-'")]
    Form,
    #[error("the gate sets this header itself")]
    Reserved,
}

impl FromStr for HeaderName {
    type Err = HeaderNameError;

    fn from_str(text: &str) -> Result<Self, HeaderNameError> {
        let name: http::HeaderName = text.parse().map_err(|_| HeaderNameError::Form)?;
        if gate::mcp::link::is_reserved(&name) {
            Err(HeaderNameError::Reserved)
        } else {
            Ok(Self(name))
        }
    }
}

/// The name of an export: it stands in metrics and in the state.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExportName(pub String);

/// Why a text is no such name.
#[derive(Debug, thiserror::Error)]
#[error("the name of an export has 1 to 40 small letters, digits and -")]
pub struct ExportNameError;

impl FromStr for ExportName {
    type Err = ExportNameError;

    fn from_str(text: &str) -> Result<Self, ExportNameError> {
        let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        let fits = (1..=40).contains(&text.len());
        if plain && fits { Ok(Self(text.to_owned())) } else { Err(ExportNameError) }
    }
}

/// A host and its port.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HostPort {
    /// A name, or a number without brackets.
    pub host: String,
    pub port: u16,
}

/// Why a text is no such address.
#[derive(Debug, thiserror::Error)]
#[error("an address looks like logs.example.com:6514")]
pub struct HostPortError;

impl FromStr for HostPort {
    type Err = HostPortError;

    fn from_str(text: &str) -> Result<Self, HostPortError> {
        let (host, port) = text.rsplit_once(':').ok_or(HostPortError)?;
        let host = match host.strip_prefix('[') {
            Some(rest) => rest.strip_suffix(']').ok_or(HostPortError)?,
            None if host.contains(':') => return Err(HostPortError),
            None => host,
        };
        let plain = host.bytes().all(|b| b.is_ascii_alphanumeric() || b".-_:".contains(&b));
        let port = port.parse().ok().filter(|port| *port > 0).ok_or(HostPortError)?;
        if host.is_empty() || !plain {
            return Err(HostPortError);
        }
        Ok(Self { host: host.to_owned(), port })
    }
}

impl HostPort {
    /// Whether the name or number of the host is this machine's own.
    pub fn is_loopback(&self) -> bool {
        is_loopback(&self.host)
    }
}

fn is_loopback(host: &str) -> bool {
    host == "localhost" || host.parse().is_ok_and(|ip: std::net::IpAddr| ip.is_loopback())
}

/// The key that a witness's cosignatures are checked with.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WitnessKey(pub VerifierKey);

/// Why a text is no such key.
#[derive(Debug, thiserror::Error)]
pub enum WitnessKeyError {
    #[error("{0}")]
    Form(#[from] NoteError),
    #[error("this is the key of a log; a witness's begins with B after the second +")]
    Kind,
}

impl FromStr for WitnessKey {
    type Err = WitnessKeyError;

    fn from_str(text: &str) -> Result<Self, WitnessKeyError> {
        let key: VerifierKey = text.parse()?;
        if key.kind() == KeyKind::Witness { Ok(Self(key)) } else { Err(WitnessKeyError::Kind) }
    }
}

texts! {
    WitnessKey: "a verifier key such as \"witness.example.com/w1+01234567+B…\"";
    ExportName: "a name of small letters, digits and -, such as \"siem\"";
    HostPort: "an address such as \"logs.example.com:6514\"";
    BaseUrl: "an address such as \"https://api.example.com\"";
    Pattern: "a name or a pattern such as \"gpt-*\"";
    Scoped: "a server and a name or pattern such as \"files/read_*\"";
    HeaderName: "the name of a header such as \"x-api-key\"";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_in_their_units() {
        for (text, expected) in [
            ("512", Some(512)),
            ("64KiB", Some(65_536)),
            ("2 MB", Some(2_000_000)),
            ("1TiB", None),
            ("x", None),
        ] {
            assert_eq!(bytes(text), expected, "{text}");
        }
        assert_eq!(bytes("99999999999GiB"), None);
    }

    #[test]
    fn a_host_and_its_port_are_told_apart() {
        let read = |text: &str| text.parse::<HostPort>().ok().map(|at| (at.host, at.port));
        assert_eq!(read("logs.example.com:6514"), Some(("logs.example.com".to_owned(), 6514)));
        assert_eq!(read("[::1]:601"), Some(("::1".to_owned(), 601)));
        for bad in ["", "logs", "logs:", "logs:0", "logs:70000", ":1", "::1:5", "[::1:5", "a b:1"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn an_address_holds_no_more_than_where_the_api_is() {
        for bad in [
            "",
            "api.example.com",
            "ftp://a",
            "https://",
            "https://u:p@a",
            "https://a/?k=v",
            "https://a/#f",
        ] {
            assert!(bad.parse::<BaseUrl>().is_err(), "{bad}");
        }
        for good in ["https://api.example.com", "http://127.0.0.1:9/v1", "http://[::1]:9"] {
            assert_eq!(
                good.parse::<BaseUrl>().map(|url| url.to_string()).ok().as_deref(),
                Some(good)
            );
        }
    }
}
