//! Journeys that nobody makes: two log-ins of one person in networks so far apart that the time between
//! them is too short.
//!
//! Where a network is stands in the configuration. An address in none of them says nothing: a table of
//! all addresses is wrong too often to hold anything against somebody.

use std::time::Duration;

/// A network, and where it is.
#[derive(Clone, Debug, PartialEq)]
pub struct Network {
    pub name: String,
    /// First address and bits; IPv4 in the place that IPv6 has for it (RFC 4291, section 2.5.5.2).
    pub ranges: Vec<(u128, u8)>,
    /// In degrees.
    pub latitude: f64,
    pub longitude: f64,
}

/// The networks that are known, and how fast people are.
#[derive(Clone, Debug, PartialEq)]
pub struct Travel {
    pub networks: Vec<Network>,
    /// Kilometres an hour.
    pub fastest: f64,
    /// Whether what cannot be undone asks anew for a second factor after such a journey.
    pub asks_again: bool,
}

impl Default for Travel {
    fn default() -> Self {
        Self { networks: Vec::new(), fastest: 1_000.0, asks_again: false }
    }
}

/// Kilometres.
const EARTH_RADIUS: f64 = 6_371.0;

/// Networks are large and their exits move: so far apart is no journey.
const NEAR: f64 = 100.0;

impl Network {
    fn bits(&self, address: u128) -> Option<u8> {
        let holds = |range: &&(u128, u8)| is_within(address, **range);
        self.ranges.iter().filter(holds).map(|(_, bits)| *bits).max()
    }
}

fn is_within(address: u128, (first, bits): (u128, u8)) -> bool {
    let rest = 128_u32.saturating_sub(u32::from(bits));
    // All of them, where there is no bit to compare.
    let high = |address: u128| address.checked_shr(rest).unwrap_or(0);
    high(address) == high(first)
}

impl Travel {
    /// The network that an address is in: of several, the smallest.
    pub fn network(&self, address: u128) -> Option<&Network> {
        let found = self.networks.iter().filter_map(|one| Some((one.bits(address)?, one)));
        found.max_by_key(|(bits, _)| *bits).map(|(_, one)| one)
    }

    /// How far apart two networks are, in kilometres, where nobody gets from one to the other in that
    /// time.
    pub fn impossible(&self, from: &str, to: &str, span: Duration) -> Option<f64> {
        let named = |name: &str| self.networks.iter().find(|one| one.name == name);
        let far = distance(named(from)?, named(to)?);
        let reach = NEAR + self.fastest * span.as_secs_f64() / 3_600.0;
        (far > reach).then_some(far)
    }
}

/// Along the surface (the haversine formula), in kilometres.
fn distance(a: &Network, b: &Network) -> f64 {
    let (a_lat, b_lat) = (a.latitude.to_radians(), b.latitude.to_radians());
    let half = |from: f64, to: f64| ((to - from) / 2.0).sin().powi(2);
    let turned = half(a.longitude.to_radians(), b.longitude.to_radians());
    let chord = half(a_lat, b_lat) + a_lat.cos() * b_lat.cos() * turned;
    2.0 * EARTH_RADIUS * chord.clamp(0.0, 1.0).sqrt().asin()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn network(name: &str, latitude: f64, longitude: f64) -> Network {
        Network { name: name.to_owned(), ranges: vec![], latitude, longitude }
    }

    fn travel() -> Travel {
        let networks = vec![
            network("berlin", 52.52, 13.40),
            network("potsdam", 52.40, 13.06),
            network("sydney", -33.87, 151.21),
        ];
        Travel { networks, ..Travel::default() }
    }

    #[test]
    fn nobody_is_in_berlin_and_an_hour_later_in_sydney() {
        let travel = travel();
        let hours = |hours: u64| Duration::from_secs(hours * 3_600);
        let far = travel.impossible("berlin", "sydney", hours(1)).unwrap();
        assert!((16_000.0..16_200.0).contains(&far), "{far}");
        assert_eq!(travel.impossible("berlin", "sydney", hours(17)), None);
        assert_eq!(travel.impossible("berlin", "potsdam", Duration::ZERO), None);
        assert_eq!(travel.impossible("berlin", "berlin", Duration::ZERO), None);
        assert_eq!(travel.impossible("berlin", "nowhere", Duration::ZERO), None);
    }

    #[test]
    fn the_smallest_network_is_the_one() {
        let at = |name: &str, range| Network { ranges: vec![range], ..network(name, 0.0, 0.0) };
        let networks = vec![
            at("all", (0, 0)),
            at("site", (0xffff_0a00_0000, 104)),
            at("room", (0xffff_0a01_0200, 120)),
        ];
        let travel = Travel { networks, ..Travel::default() };
        let name = |address| travel.network(address).unwrap().name.clone();
        assert_eq!(name(0xffff_0a01_0203), "room");
        assert_eq!(name(0xffff_0a01_0303), "site");
        assert_eq!(name(u128::MAX), "all");
        assert!(Travel::default().network(1).is_none());
    }

    proptest! {
        #[test]
        fn a_way_is_as_long_back_and_no_longer_than_half_round(
            a in (-90.0..90.0_f64, -180.0..180.0_f64), b in (-90.0..90.0_f64, -180.0..180.0_f64),
        ) {
            let (a, b) = (network("a", a.0, a.1), network("b", b.0, b.1));
            let far = distance(&a, &b);
            prop_assert!((far - distance(&b, &a)).abs() < 1e-6);
            prop_assert!((0.0..=20_016.0).contains(&far), "{far}");
        }

        #[test]
        fn an_address_is_in_its_own_range(address: u128, bits in 0_u8..=128) {
            prop_assert!(is_within(address, (address, bits)));
        }
    }
}
