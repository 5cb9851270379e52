//! What a client's certificate says its holder is (RFC 5280): its SPIFFE id, subject, serial.
//!
//! The certificate was verified by the TLS layer before it comes here; this reads it and trusts
//! nothing of its lengths all the same.

/// Nested elements that are looked into.
const MAX_ELEMENTS: usize = 512;

const SEQUENCE: u8 = 0x30;
const SET: u8 = 0x31;
const INTEGER: u8 = 0x02;
const OBJECT_ID: u8 = 0x06;
const OCTETS: u8 = 0x04;
const VERSION: u8 = 0xa0;
const EXTENSIONS: u8 = 0xa3;
/// `uniformResourceIdentifier` of a general name.
const URI: u8 = 0x86;

/// 2.5.29.17
const ALTERNATIVE_NAMES: &[u8] = &[0x55, 0x1d, 0x11];
/// 2.5.4.3
const COMMON_NAME: &[u8] = &[0x55, 0x04, 0x03];

/// What a certificate says its holder is.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Certificate {
    /// In lower-case hexadecimal, without zeros before it.
    pub serial: String,
    /// The common name of its subject, if it has exactly one.
    pub common_name: Option<String>,
    /// The addresses among its alternative names.
    pub uris: Vec<String>,
}

impl Certificate {
    /// Reads a certificate in DER; `None` where it is none.
    pub fn parse(der: &[u8]) -> Option<Self> {
        let outer = Reader::new(der).take(SEQUENCE)?;
        let mut fields = Reader::new(Reader::new(outer).take(SEQUENCE)?);
        fields.skip_if(VERSION)?;
        let serial = fields.take(INTEGER)?;
        // Algorithm, issuer and validity stand before the subject; its key after it.
        for _ in 0..3 {
            fields.next()?;
        }
        let subject = fields.take(SEQUENCE)?;
        fields.next()?;
        let uris = match fields.find(EXTENSIONS) {
            Some(extensions) => uris(Reader::new(extensions).take(SEQUENCE)?)?,
            None => Vec::new(),
        };
        let first = serial.iter().position(|byte| *byte != 0).unwrap_or(serial.len());
        let hex = serial.get(first..)?.iter().map(|byte| format!("{byte:02x}"));
        let serial: String = hex.collect();
        let serial = serial.trim_start_matches('0').to_owned();
        Some(Self { serial, common_name: common_name(subject)?, uris })
    }

    /// The one SPIFFE id (SPIFFE X.509-SVID, section 2); none where there are several.
    pub fn spiffe_id(&self) -> Option<&str> {
        match self.uris.as_slice() {
            [one] if one.starts_with("spiffe://") => Some(one),
            _ => None,
        }
    }
}

fn common_name(subject: &[u8]) -> Option<Option<String>> {
    let mut names = Reader::new(subject);
    let mut found = None;
    let mut count = 0;
    while let Some(set) = names.next_or_end()? {
        let mut attribute = Reader::new(Reader::new(of(set, SET)?).take(SEQUENCE)?);
        if attribute.take(OBJECT_ID)? == COMMON_NAME {
            let (_, text) = attribute.next()?;
            found = String::from_utf8(text.to_vec()).ok();
            count += 1;
        }
    }
    Some(found.filter(|_| count == 1))
}

fn uris(extensions: &[u8]) -> Option<Vec<String>> {
    let mut extensions = Reader::new(extensions);
    while let Some(extension) = extensions.next_or_end()? {
        let mut extension = Reader::new(of(extension, SEQUENCE)?);
        if extension.take(OBJECT_ID)? != ALTERNATIVE_NAMES {
            continue;
        }
        let value = extension.find(OCTETS)?;
        let mut names = Reader::new(Reader::new(value).take(SEQUENCE)?);
        let mut uris = Vec::new();
        while let Some((tag, name)) = names.next_or_end()? {
            if tag == URI {
                uris.push(String::from_utf8(name.to_vec()).ok()?);
            }
        }
        return Some(uris);
    }
    Some(Vec::new())
}

fn of(element: (u8, &[u8]), tag: u8) -> Option<&[u8]> {
    (element.0 == tag).then_some(element.1)
}

/// Reads elements of DER one after another (X.690, section 8.1).
struct Reader<'d> {
    rest: &'d [u8],
    left: usize,
}

impl<'d> Reader<'d> {
    fn new(rest: &'d [u8]) -> Self {
        Self { rest, left: MAX_ELEMENTS }
    }

    fn next(&mut self) -> Option<(u8, &'d [u8])> {
        self.left = self.left.checked_sub(1)?;
        let (tag, rest) = self.rest.split_first()?;
        let (first, rest) = rest.split_first()?;
        let (length, rest) = match first {
            short @ 0..=0x7f => (usize::from(*short), rest),
            // Certificates are shorter than 16 MiB: three bytes of length are enough.
            0x81..=0x83 => {
                let (bytes, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
                let length = bytes.iter().fold(0, |length, byte| length << 8 | usize::from(*byte));
                (length, rest)
            }
            _ => return None,
        };
        let (value, rest) = rest.split_at_checked(length)?;
        self.rest = rest;
        Some((*tag, value))
    }

    /// The outer `None` is an error, the inner one the end.
    fn next_or_end(&mut self) -> Option<Option<(u8, &'d [u8])>> {
        if self.rest.is_empty() { Some(None) } else { self.next().map(Some) }
    }

    fn take(&mut self, tag: u8) -> Option<&'d [u8]> {
        of(self.next()?, tag)
    }

    fn skip_if(&mut self, tag: u8) -> Option<()> {
        if self.rest.first() == Some(&tag) {
            self.next()?;
        }
        Some(())
    }

    /// The next element with this tag, whatever stands before it.
    fn find(&mut self, tag: u8) -> Option<&'d [u8]> {
        loop {
            let (found, value) = self.next()?;
            if found == tag {
                return Some(value);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use rcgen::{CertificateParams, DnType, KeyPair, SanType, SerialNumber};

    use super::*;

    fn made(change: impl FnOnce(&mut CertificateParams)) -> Vec<u8> {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.distinguished_name = rcgen::DistinguishedName::new();
        change(&mut params);
        params.self_signed(&KeyPair::generate().unwrap()).unwrap().der().to_vec()
    }

    fn uri(text: &str) -> SanType {
        SanType::URI(text.try_into().unwrap())
    }

    #[test]
    fn a_certificate_says_who_its_holder_is() {
        let der = made(|params| {
            params.serial_number = Some(SerialNumber::from_slice(&[0x4f, 0x09, 0xc2]));
            params.distinguished_name.push(DnType::OrganizationName, "Example");
            params.distinguished_name.push(DnType::CommonName, "bot.example.com");
            params.subject_alt_names =
                vec![SanType::DnsName("x".try_into().unwrap()), uri("spiffe://example.com/bot")];
        });
        let read = Certificate::parse(&der).unwrap();
        assert_eq!(read.serial, "4f09c2");
        assert_eq!(read.common_name.as_deref(), Some("bot.example.com"));
        assert_eq!(read.spiffe_id(), Some("spiffe://example.com/bot"));
    }

    #[test]
    fn two_ids_are_none_and_so_is_another_address() {
        let of = |uris: &[&str]| {
            let der =
                made(|params| params.subject_alt_names = uris.iter().map(|u| uri(u)).collect());
            Certificate::parse(&der).unwrap().spiffe_id().map(str::to_owned)
        };
        assert_eq!(of(&["spiffe://a/b", "spiffe://a/c"]), None);
        assert_eq!(of(&["spiffe://a/b", "https://a"]), None);
        assert_eq!(of(&["https://a"]), None);
        assert_eq!(of(&[]), None);
    }

    proptest! {
        #[test]
        fn whatever_is_shown_is_read_or_refused(bytes in proptest::collection::vec(any::<u8>(), 0..200), at in 0_usize..400, with: u8) {
            let _ = Certificate::parse(&bytes);
            let mut der = made(|params| params.subject_alt_names = vec![uri("spiffe://a/b")]);
            let place = at % der.len();
            der[place] = with;
            let _ = Certificate::parse(&der);
            let _ = Certificate::parse(&der[..place]);
        }
    }
}
