//! Which passes report anything: settled once, when the detectors are compiled, so that no piece of a
//! stream asks it of every detector.

use super::figures::Wanted;
use super::{Detector, Direction, Level, Rules};

/// The passes of one direction and one level.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Passes {
    pub(crate) tokens: bool,
    pub(crate) figures: Wanted,
    /// Addresses of machines.
    pub(crate) hosts: bool,
    /// Lines of machine readable zones.
    pub(crate) lines: bool,
    /// Phrases of wallets.
    pub(crate) phrases: bool,
    /// Mail, and passwords in URLs.
    pub(crate) addresses: bool,
    pub(crate) armour: bool,
    pub(crate) smuggled: bool,
    pub(crate) assigned: bool,
}

impl Passes {
    /// Of each direction and level.
    pub(super) fn by_level(
        detectors: &[Detector],
        rules: &Rules,
        tokens: &[u16],
        identifiers: &[u16],
    ) -> [[Self; Level::COUNT]; 2] {
        [Direction::Request, Direction::Answer].map(|direction| {
            Level::EACH.map(|level| {
                let reports = |list: &[u16]| {
                    let mut known =
                        list.iter().filter_map(|rule| detectors.get(usize::from(*rule)));
                    known.any(|detector| level.includes(detector.action(direction)))
                };
                Self::new(rules, reports, (tokens, identifiers))
            })
        })
    }

    fn new(
        rules: &Rules,
        reports: impl Fn(&[u16]) -> bool,
        (tokens, identifiers): (&[u16], &[u16]),
    ) -> Self {
        Self {
            tokens: reports(tokens),
            figures: Wanted {
                cards: reports(&[rules.card]),
                accounts: reports(&[rules.iban]),
                phones: reports(&[rules.phone]),
                places: reports(&[rules.coordinates]),
                identifiers: reports(identifiers),
            },
            hosts: reports(&[rules.ip, rules.ip_private, rules.mac]),
            lines: reports(&[rules.machine_readable]),
            phrases: reports(&[rules.mnemonic]),
            addresses: reports(&[rules.mail, rules.author_mail, rules.url]),
            armour: reports(&[rules.armour]),
            smuggled: reports(&rules.smuggled),
            assigned: reports(&rules.assigned.all()),
        }
    }
}
