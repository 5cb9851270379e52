//! `[[tenant]]`: who else this instance serves.

use std::num::NonZeroU32;
use std::path::PathBuf;

use model::TenantId;

use crate::config::declare::section;
use crate::config::types::Pattern;

section! {
    /// A tenant: agents, people, keys, policies, limits, tools and a log of its own, apart from every
    /// other's. What stands in this file itself is of the tenant `main`, the platform's own.
    Tenant {
        /// Its name, which is also that of its log: at most 64 of `a-z`, `0-9` and `-`.
        name: TenantId, example "acme";
        /// The file with its configuration: the sections of this file that are not of the process
        /// (`instance`, `gate`, `console`, `data`, `archive`, `ledger`, `telemetry`, `metrics`, `tenant`). Paths in it begin at its
        /// folder. Whoever may write it can have the gate start programs (`[[mcp]] command`) and read
        /// files, so keep it with the operator.
        file: PathBuf, example "tenants/acme.toml";
        /// Actions of it that may be under way at once. Left out, an equal part of `[gate.limits]
        /// in_flight`, so that no tenant takes the place of another.
        in_flight: Option<NonZeroU32>, example 200;
        /// Names of client certificates that its administrators may give to its agents while the gate
        /// runs, by pattern. Without one, none: whoever signs the certificates signs them for all.
        certificates: Vec<Pattern> = [], example ["spiffe://example.com/acme/*"];
    }
}
