//! Where things are: ranges of addresses, and points on the map.

use std::net::IpAddr;
use std::str::FromStr;

use super::value::texts;

/// Addresses that begin with the same bits, such as `192.0.2.0/24`.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AddressRange {
    /// IPv4 in the place that IPv6 has for it (RFC 4291, section 2.5.5.2).
    pub first: u128,
    /// Of 128.
    pub bits: u8,
}

/// What is wrong with a range or a place.
#[derive(Clone, Copy, Debug, thiserror::Error, PartialEq, Eq)]
#[error("{0}")]
pub struct PlaceError(&'static str);

impl FromStr for AddressRange {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        const FORM: PlaceError = PlaceError("a range looks like \"192.0.2.0/24\"");
        let (address, bits) = text.split_once('/').ok_or(FORM)?;
        let bits: u8 = bits.parse().map_err(|_| FORM)?;
        let (first, bits, most) = match address.parse::<IpAddr>().map_err(|_| FORM)? {
            IpAddr::V4(ip) => (ip.to_ipv6_mapped().to_bits(), bits.saturating_add(96), 128),
            IpAddr::V6(ip) => (ip.to_bits(), bits, 128),
        };
        if bits > most {
            return Err(PlaceError("a range of IPv4 has at most 32 bits, one of IPv6 at most 128"));
        }
        let rest = first.checked_shl(u32::from(bits)).unwrap_or(0);
        if rest != 0 {
            return Err(PlaceError("bits of the address are set that the range does not compare"));
        }
        Ok(Self { first, bits })
    }
}

/// A point on the map, in degrees: latitude and longitude.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Place {
    pub latitude: f64,
    pub longitude: f64,
}

impl FromStr for Place {
    type Err = PlaceError;

    fn from_str(text: &str) -> Result<Self, PlaceError> {
        const FORM: PlaceError = PlaceError(
            "a place looks like \"52.52, 13.40\": latitude up to 90, longitude up to 180",
        );
        let (latitude, longitude) = text.split_once(',').ok_or(FORM)?;
        let degrees = |text: &str, most: f64| {
            let number: f64 = text.trim().parse().map_err(|_| FORM)?;
            if number.abs() <= most { Ok(number) } else { Err(FORM) }
        };
        Ok(Self { latitude: degrees(latitude, 90.0)?, longitude: degrees(longitude, 180.0)? })
    }
}

texts! {
    AddressRange: "a range of addresses such as \"192.0.2.0/24\"";
    Place: "a latitude and a longitude such as \"52.52, 13.40\"";
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_read_of_both_kinds() {
        let range = |text: &str| text.parse::<AddressRange>();
        assert_eq!(range("10.0.0.0/8"), Ok(AddressRange { first: 0xffff_0a00_0000, bits: 104 }));
        assert_eq!(range("2001:db8::/32").map(|range| range.bits), Ok(32));
        assert_eq!(range("::/0"), Ok(AddressRange { first: 0, bits: 0 }));
        for wrong in
            ["", "10.0.0.0", "10.0.0.1/8", "10.0.0.0/33", "2001:db8::/129", "x/8", "10.0.0.0/-1"]
        {
            assert!(range(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn places_are_on_the_map() {
        let place = |text: &str| text.parse::<Place>();
        assert_eq!(place("-33.87,151.21"), Ok(Place { latitude: -33.87, longitude: 151.21 }));
        for wrong in ["", "52.52", "91, 0", "0, 181", "NaN, 0", "inf, 0", "a, b", "1, 2, 3"] {
            assert!(place(wrong).is_err(), "{wrong}");
        }
    }
}
