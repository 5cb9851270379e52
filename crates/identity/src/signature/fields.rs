//! `Signature-Input` and `Signature`, which are dictionaries of structured fields (RFC 9651).

use base64::Engine as _;
use base64::engine::general_purpose::STANDARD;
use model::Timestamp;

use super::SignatureError;

/// Bytes of either field.
const MAX_FIELD: usize = 8 * 1024;
/// Components that a signature covers.
const MAX_COMPONENTS: usize = 64;

/// What a signature says of itself.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Input<'f> {
    pub label: &'f str,
    /// In the order that they are signed in.
    pub components: Vec<String>,
    /// The list with its parameters, as it stands in the field: it is itself signed.
    pub parameters: &'f str,
    pub created: Option<Timestamp>,
    pub expires: Option<Timestamp>,
    pub nonce: Option<String>,
    pub key_id: Option<String>,
    pub algorithm: Option<String>,
}

/// The signatures that a `Signature-Input` announces.
pub fn inputs(field: &str) -> Result<Vec<Input<'_>>, SignatureError> {
    let mut reader = Reader::new(field)?;
    let mut found: Vec<Input<'_>> = Vec::new();
    loop {
        let input = reader.input()?;
        if found.iter().any(|known| known.label == input.label) {
            return Err(SignatureError::Form);
        }
        found.push(input);
        if !reader.goes_on()? {
            return Ok(found);
        }
    }
}

/// The bytes of the signature with this label, which must be the only one.
pub fn signature_of(field: &str, label: &str) -> Result<Vec<u8>, SignatureError> {
    let mut reader = Reader::new(field)?;
    let found = reader.key()?;
    reader.expect(b'=')?;
    let bytes = reader.bytes()?;
    if reader.goes_on()? {
        return Err(SignatureError::Several);
    }
    if found == label { Ok(bytes) } else { Err(SignatureError::Form) }
}

/// A value of a parameter.
enum Value {
    Text(String),
    Number(i64),
}

struct Reader<'f> {
    text: &'f str,
    at: usize,
}

impl<'f> Reader<'f> {
    fn new(text: &'f str) -> Result<Self, SignatureError> {
        let plain = text.is_ascii() && text.len() <= MAX_FIELD;
        if plain { Ok(Self { text, at: 0 }) } else { Err(SignatureError::Form) }
    }

    fn peek(&self) -> Option<u8> {
        self.text.as_bytes().get(self.at).copied()
    }

    fn take(&mut self, wanted: u8) -> bool {
        let found = self.peek() == Some(wanted);
        self.at += usize::from(found);
        found
    }

    fn expect(&mut self, wanted: u8) -> Result<(), SignatureError> {
        if self.take(wanted) { Ok(()) } else { Err(SignatureError::Form) }
    }

    fn while_matches(&mut self, fits: impl Fn(u8) -> bool) -> &'f str {
        let from = self.at;
        while self.peek().is_some_and(&fits) {
            self.at += 1;
        }
        self.text.get(from..self.at).unwrap_or_default()
    }

    /// After a member: whether another follows.
    fn goes_on(&mut self) -> Result<bool, SignatureError> {
        self.while_matches(|b| b == b' ' || b == b'\t');
        if self.peek().is_none() {
            return Ok(false);
        }
        self.expect(b',')?;
        self.while_matches(|b| b == b' ' || b == b'\t');
        Ok(true)
    }

    fn key(&mut self) -> Result<&'f str, SignatureError> {
        let begins = self.peek().is_some_and(|b| b.is_ascii_lowercase() || b == b'*');
        let key = self.while_matches(|b| {
            b.is_ascii_lowercase() || b.is_ascii_digit() || b"_-.*".contains(&b)
        });
        if begins { Ok(key) } else { Err(SignatureError::Form) }
    }

    fn input(&mut self) -> Result<Input<'f>, SignatureError> {
        let label = self.key()?;
        self.expect(b'=')?;
        let from = self.at;
        let components = self.components()?;
        let mut input = Input {
            label,
            components,
            parameters: "",
            created: None,
            expires: None,
            nonce: None,
            key_id: None,
            algorithm: None,
        };
        self.parameters(&mut input)?;
        input.parameters = self.text.get(from..self.at).unwrap_or_default();
        Ok(input)
    }

    fn components(&mut self) -> Result<Vec<String>, SignatureError> {
        self.expect(b'(')?;
        let mut components: Vec<String> = Vec::new();
        loop {
            self.while_matches(|b| b == b' ');
            if self.take(b')') {
                return Ok(components);
            }
            let name = self.string()?;
            if self.peek() == Some(b';') {
                return Err(SignatureError::Component(format!("{name} with parameters")));
            }
            let is_plain = !name.bytes().any(|b| b.is_ascii_uppercase());
            if !is_plain || components.contains(&name) || components.len() == MAX_COMPONENTS {
                return Err(SignatureError::Form);
            }
            components.push(name);
        }
    }

    fn parameters(&mut self, input: &mut Input<'f>) -> Result<(), SignatureError> {
        let mut seen: Vec<&str> = Vec::new();
        while self.take(b';') {
            self.while_matches(|b| b == b' ');
            let name = self.key()?;
            self.expect(b'=')?;
            let value = self.value()?;
            if seen.contains(&name) {
                return Err(SignatureError::Form);
            }
            seen.push(name);
            match (name, value) {
                ("created", Value::Number(second)) => input.created = Some(time(second)?),
                ("expires", Value::Number(second)) => input.expires = Some(time(second)?),
                ("nonce", Value::Text(text)) => input.nonce = Some(text),
                ("keyid", Value::Text(text)) => input.key_id = Some(text),
                ("alg", Value::Text(text)) => input.algorithm = Some(text),
                ("tag", Value::Text(_)) => {}
                _ => return Err(SignatureError::Form),
            }
        }
        Ok(())
    }

    fn value(&mut self) -> Result<Value, SignatureError> {
        if self.peek() == Some(b'"') {
            return self.string().map(Value::Text);
        }
        let digits = self.while_matches(|b| b.is_ascii_digit() || b == b'-');
        digits.parse().map(Value::Number).map_err(|_| SignatureError::Form)
    }

    fn string(&mut self) -> Result<String, SignatureError> {
        self.expect(b'"')?;
        let mut text = String::new();
        loop {
            let byte = self.peek().ok_or(SignatureError::Form)?;
            self.at += 1;
            match byte {
                b'"' => return Ok(text),
                b'\\' => {
                    let escaped = self.peek().filter(|b| b"\"\\".contains(b));
                    text.push(char::from(escaped.ok_or(SignatureError::Form)?));
                    self.at += 1;
                }
                0x20..=0x7e => text.push(char::from(byte)),
                _ => return Err(SignatureError::Form),
            }
        }
    }

    fn bytes(&mut self) -> Result<Vec<u8>, SignatureError> {
        self.expect(b':')?;
        let text = self.while_matches(|b| b != b':');
        self.expect(b':')?;
        STANDARD.decode(text).map_err(|_| SignatureError::Form)
    }
}

fn time(second: i64) -> Result<Timestamp, SignatureError> {
    const LATEST: i64 = 253_402_300_800;
    let fits = (0..LATEST).contains(&second);
    if fits { Ok(Timestamp::from_micros(second * 1_000_000)) } else { Err(SignatureError::Form) }
}
