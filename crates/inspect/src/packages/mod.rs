//! Names of packages: which exist, and which only look like one that does.
//!
//! A model makes names up, and somebody registers them with what they like inside. Whether a name
//! exists is asked of an operator's own list, which a [`Builder`] packs into a [`Set`]; without one the
//! list that is built in holds only the best-known names, so a name that it lacks says nothing,
//! and only a name that is almost a well-known one is told of.

mod near;
mod set;

use std::sync::LazyLock;

pub use set::{Builder, MAGIC, MAX_NAMES, Set, SetError};

/// Whose names they are.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Ecosystem {
    PyPi,
    Npm,
    Crates,
}

impl Ecosystem {
    pub const ALL: [Self; 3] = [Self::PyPi, Self::Npm, Self::Crates];

    /// As settings and commands write it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::PyPi => "pypi",
            Self::Npm => "npm",
            Self::Crates => "crates",
        }
    }

    pub fn from_name(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|ecosystem| ecosystem.name() == name)
    }

    /// A name in the one form that its registry compares: PEP 503 for PyPI, hyphens and
    /// underscores alike for crates, small letters everywhere.
    pub fn normalise(self, name: &str) -> String {
        let small = name.trim().to_ascii_lowercase();
        match self {
            Self::Npm => small,
            Self::Crates => small.replace('_', "-"),
            Self::PyPi => {
                let parts: Vec<&str> =
                    small.split(['-', '_', '.']).filter(|p| !p.is_empty()).collect();
                parts.join("-")
            }
        }
    }

    const fn number(self) -> u8 {
        match self {
            Self::PyPi => 0,
            Self::Npm => 1,
            Self::Crates => 2,
        }
    }

    /// The names that are built in.
    fn well_known(self) -> &'static WellKnown {
        &WELL_KNOWN[usize::from(self.number())]
    }
}

/// The best-known names of one ecosystem, in the registry's form and sorted.
struct WellKnown {
    names: Vec<String>,
    /// The names without their separators, sorted, each with its place among the names.
    joined: Vec<(String, usize)>,
    /// Which names have each length.
    by_length: Vec<Vec<usize>>,
}

impl WellKnown {
    fn of(ecosystem: Ecosystem, list: &str) -> Self {
        let mut names: Vec<String> =
            list.split_ascii_whitespace().map(|name| ecosystem.normalise(name)).collect();
        names.sort();
        names.dedup();
        let mut joined: Vec<_> =
            names.iter().enumerate().map(|(at, n)| (near::joined(n), at)).collect();
        joined.sort();
        let longest = names.iter().map(String::len).max().unwrap_or(0);
        let mut by_length = vec![Vec::new(); longest + 1];
        for (at, name) in names.iter().enumerate() {
            by_length[name.len()].push(at);
        }
        Self { names, joined, by_length }
    }

    fn find(&self, name: &str) -> Option<&str> {
        let at = self.names.binary_search_by(|known| known.as_str().cmp(name));
        at.ok().and_then(|at| self.names.get(at)).map(String::as_str)
    }
}

static WELL_KNOWN: LazyLock<[WellKnown; 3]> = LazyLock::new(|| {
    [
        WellKnown::of(Ecosystem::PyPi, include_str!("lists/pypi.txt")),
        WellKnown::of(Ecosystem::Npm, include_str!("lists/npm.txt")),
        WellKnown::of(Ecosystem::Crates, include_str!("lists/crates.txt")),
    ]
});

/// Modules that come with Python, or under another name than their package.
static PYTHON_MODULES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut names: Vec<_> =
        include_str!("lists/python_modules.txt").split_ascii_whitespace().collect();
    names.sort_unstable();
    names
});

static NODE_MODULES: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    let mut names: Vec<_> =
        include_str!("lists/node_modules.txt").split_ascii_whitespace().collect();
    names.sort_unstable();
    names
});

/// Whether a module needs no package of its name.
pub(crate) fn is_module(ecosystem: Ecosystem, name: &str) -> bool {
    match ecosystem {
        Ecosystem::PyPi => PYTHON_MODULES.binary_search(&name).is_ok(),
        Ecosystem::Npm => name.starts_with("node:") || NODE_MODULES.binary_search(&name).is_ok(),
        Ecosystem::Crates => matches!(name, "std" | "core" | "alloc" | "test" | "proc_macro"),
    }
}

/// What is to be said of a name.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Verdict {
    /// It is in a list, or nothing is known against it.
    Fine,
    /// The operator's list does not hold it.
    Unknown,
    /// It is almost this well-known name.
    NearMiss(&'static str),
}

/// The lists that names are held against.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    sets: [Option<Set>; 3],
}

static BUILT_IN: Known = Known { sets: [None, None, None] };

impl Known {
    /// The best-known names only.
    pub fn built_in() -> &'static Self {
        &BUILT_IN
    }

    /// With an operator's list, which stands for all names of its ecosystem.
    #[must_use]
    pub fn with(mut self, set: Set) -> Self {
        let at = usize::from(set.ecosystem().number());
        self.sets[at] = Some(set);
        self
    }

    /// Judges one name, which may be written in any form that its registry takes.
    pub fn judge(&self, ecosystem: Ecosystem, name: &str) -> Verdict {
        let name = ecosystem.normalise(name);
        let well_known = ecosystem.well_known();
        if name.len() > MAX_NAME_BYTES || well_known.find(&name).is_some() {
            return Verdict::Fine;
        }
        match &self.sets[usize::from(ecosystem.number())] {
            Some(set) if set.contains(&name) => Verdict::Fine,
            set => match near::well_known(ecosystem, &name, well_known) {
                Some(near) => Verdict::NearMiss(near),
                None if set.is_some() => Verdict::Unknown,
                None => Verdict::Fine,
            },
        }
    }
}

/// The longest name that is judged; registries take no longer ones.
pub const MAX_NAME_BYTES: usize = 214;

#[cfg(test)]
mod tests;
