//! What pages are put together from.

pub(crate) mod badge;
pub(crate) mod chart;
pub(crate) mod csv;
pub(crate) mod field;
pub(crate) mod notice;
pub(crate) mod table;
pub(crate) mod text;
pub(crate) mod time;
