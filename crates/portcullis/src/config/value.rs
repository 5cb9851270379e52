//! How values are read: numbers, texts, names, durations, lists.

use std::net::SocketAddr;
use std::num::{NonZeroU32, NonZeroU64};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::Duration;

use model::{
    AgentName, CertificateSerial, CertificateSubject, ProviderName, RoleName, ServerName,
    SigningKeyId, TenantId, UserName, ZoneName,
};
use toml::de::DeValue;

use super::declare::{Shape, Written};
use super::diagnostic::Origin;
use super::reader::{Node, Reader};

/// What can stand behind a key.
pub trait Value: Sized {
    const SHAPE: Shape;
    const OPTIONAL: bool = false;

    /// Reads it, or reports what is wrong and gives nothing.
    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self>;

    /// What it is when nobody wrote it and there is no default; `node` is the table around it.
    fn absent(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        reader.missing(node);
        None
    }
}

impl<T: Value> Value for Option<T> {
    const SHAPE: Shape = T::SHAPE;
    const OPTIONAL: bool = true;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        T::read(node, reader).map(Some)
    }

    fn absent(_: &Node<'_>, _: &mut Reader<'_>) -> Option<Self> {
        Some(None)
    }
}

impl<T: Value> Value for Vec<T> {
    const SHAPE: Shape = Shape::List(&T::SHAPE);
    const OPTIONAL: bool = true;

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let written = match node.value {
            None => &[],
            Some(DeValue::Array(items)) => &**items,
            Some(_) => {
                reader.wrong_type(node, &Self::SHAPE);
                return None;
            }
        };
        let origin = |span| match &node.origin {
            Origin::File(_) => Origin::File(span),
            other => other.clone(),
        };
        let mut items = Vec::new();
        for (place, item) in written.iter().enumerate() {
            let node = Node { value: Some(item.get_ref()), origin: origin(item.span()) };
            items.push(reader.item(place, &node));
        }
        // Entries that only the environment speaks of come after those of the file.
        while let Some(origin) = reader.item_of_environment(items.len()) {
            items.push(reader.item(items.len(), &Node { value: None, origin }));
        }
        items.into_iter().collect()
    }

    fn absent(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        Self::read(&node.emptied(), reader)
    }
}

impl Value for bool {
    const SHAPE: Shape = Shape::Scalar { expects: "true or false", written: Written::Bare };

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let value = node.value.and_then(DeValue::as_bool);
        if value.is_none() {
            reader.wrong_type(node, &Self::SHAPE);
        }
        value
    }
}

/// An integer in the range `least..=most`; `shape` says so to people.
fn integer(
    node: &Node<'_>,
    reader: &mut Reader<'_>,
    shape: &Shape,
    range: std::ops::RangeInclusive<u64>,
) -> Option<u64> {
    let Some(written) = node.value.and_then(DeValue::as_integer) else {
        reader.wrong_type(node, shape);
        return None;
    };
    let value = i128::from_str_radix(written.as_str(), written.radix()).ok();
    let value = value.and_then(|value| u64::try_from(value).ok());
    let value = value.filter(|value| range.contains(value));
    if value.is_none() {
        reader.invalid(node, &format!("takes {}; {written} is not", shape.expects()));
    }
    value
}

macro_rules! integers {
    ($($type:ty: $least:expr, $most:expr, $expects:literal;)*) => {$(
        impl Value for $type {
            const SHAPE: Shape = Shape::Scalar { expects: $expects, written: Written::Bare };

            fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
                let value = integer(node, reader, &Self::SHAPE, $least..=$most)?;
                <$type>::try_from(value).ok()
            }
        }
    )*};
}

integers! {
    u16: 0, u64::from(u16::MAX), "a whole number from 0 to 65535";
    u32: 0, u64::from(u32::MAX), "a whole number from 0 to 4294967295";
    u64: 0, i64::MAX as u64, "a whole number from 0 up";
}

macro_rules! positive_integers {
    ($($type:ty: $inner:ty, $expects:literal;)*) => {$(
        impl Value for $type {
            const SHAPE: Shape = Shape::Scalar { expects: $expects, written: Written::Bare };

            fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
                let value = integer(node, reader, &Self::SHAPE, 1..=u64::from(<$inner>::MAX))?;
                <$inner>::try_from(value).ok().and_then(<$type>::new)
            }
        }
    )*};
}

positive_integers! {
    NonZeroU32: u32, "a whole number from 1 to 4294967295";
    NonZeroU64: u64, "a whole number from 1 up";
}

/// Reads a text by its `FromStr`; the error's text says what is wrong with it.
pub fn parsed<T: FromStr<Err: std::fmt::Display>>(
    node: &Node<'_>,
    reader: &mut Reader<'_>,
    shape: &Shape,
) -> Option<T> {
    let text = reader.text(node, shape)?;
    match text.parse() {
        Ok(value) => Some(value),
        Err(error) => {
            reader.invalid(node, &format!("is not right: {error}"));
            None
        }
    }
}

macro_rules! texts {
    ($($type:ty: $expects:literal;)*) => {$(
        impl $crate::config::value::Value for $type {
            const SHAPE: $crate::config::declare::Shape = $crate::config::declare::Shape::Scalar {
                expects: $expects,
                written: $crate::config::declare::Written::Text,
            };

            fn read(
                node: &$crate::config::reader::Node<'_>,
                reader: &mut $crate::config::reader::Reader<'_>,
            ) -> Option<Self> {
                $crate::config::value::parsed(node, reader, &Self::SHAPE)
            }
        }
    )*};
}
pub(crate) use texts;

texts! {
    String: "a text";
    AgentName: "an agent's name";
    ProviderName: "a provider's name";
    TenantId: "a tenant's name";
    UserName: "a person's name";
    ServerName: "a server's name";
    RoleName: "a role's name";
    ZoneName: "a zone's name";
    SigningKeyId: "the id of a signing key";
    CertificateSubject: "\"spiffe://…\" or \"CN=…\"";
    CertificateSerial: "a serial number in hexadecimal";
}

impl Value for SocketAddr {
    const SHAPE: Shape = Shape::Scalar { expects: "an address and a port", written: Written::Text };

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node, &Self::SHAPE)?;
        let local = text.strip_prefix("localhost:").map(|port| format!("127.0.0.1:{port}"));
        let address = local.as_deref().unwrap_or(text).parse().ok();
        if address.is_none() {
            reader.invalid(node, &format!("takes an address and a port; {text:?} is not")).help =
                Some("write, for example, \"127.0.0.1:4100\", or \"0.0.0.0:4100\" for all interfaces".into());
        }
        address
    }
}

impl Value for PathBuf {
    const SHAPE: Shape = Shape::Scalar { expects: "a path", written: Written::Text };

    /// A relative path of the file begins at the file's folder; any other at the working folder.
    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node, &Self::SHAPE)?;
        if text.is_empty() {
            reader.invalid(node, "takes a path; this one is empty");
            return None;
        }
        match node.origin {
            Origin::File(_) => Some(reader.folder.join(text)),
            _ => Some(Self::from(text)),
        }
    }
}

impl Value for Duration {
    const SHAPE: Shape = Shape::Scalar {
        expects: "a span of time such as \"250ms\", \"30s\", \"5m\", \"1h\" or \"30d\"",
        written: Written::Text,
    };

    fn read(node: &Node<'_>, reader: &mut Reader<'_>) -> Option<Self> {
        let text = reader.text(node, &Self::SHAPE)?;
        let span = duration(text).filter(|span| !span.is_zero());
        if span.is_none() {
            reader.invalid(node, &format!("takes {}; {text:?} is not", Self::SHAPE.expects()));
        }
        span
    }
}

/// Reads `250ms`, `30s`, `5m`, `1h`, `30d`.
pub fn duration(text: &str) -> Option<Duration> {
    let digits = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let number: u64 = number.parse().ok()?;
    let seconds = match unit.trim_start() {
        "ms" => return Some(Duration::from_millis(number)),
        "s" => 1,
        "m" => 60,
        "h" => 3600,
        "d" => 86_400,
        _ => return None,
    };
    number.checked_mul(seconds).map(Duration::from_secs)
}
