//! Check digits and number plans of national, tax and social insurance numbers, by region.
//!
//! Each takes the compact form: digits and capitals without separators, of a length and with its
//! letters where the declaration's written forms have them.

pub(crate) mod africa_asia;
pub(crate) mod americas;
pub(crate) mod balkans;
pub(crate) mod central_europe;
pub(crate) mod north_europe;
pub(crate) mod pacific;
pub(crate) mod south_europe;
pub(crate) mod vat;
pub(crate) mod west_europe;
