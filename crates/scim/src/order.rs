//! Putting resources in order (RFC 7644, section 3.4.2.3).

use std::cmp::Ordering;

use model::Timestamp;
use serde_json::Value;

use crate::error::Result;
use crate::path::{Named, Path, named};
use crate::read::is_primary;
use crate::schema::Kind;
use crate::{Document, Resource, ScimError};

/// By what resources are put in order, and which way. Each kind of resource that is looked for has what is
/// named, or lacks it.
#[derive(Debug)]
pub struct Order {
    by: Vec<(&'static str, Path)>,
    is_descending: bool,
}

/// Where a resource stands. What it lacks comes after everything.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Rank {
    Boolean(bool),
    Moment(Timestamp),
    Text(String),
    Nothing,
}

impl Order {
    /// Reads the two parameters of a query; without the first there is no order.
    ///
    /// # Errors
    /// `invalidValue` where none of the resources has what is named, or it has no order.
    pub fn parse(
        resources: &[&'static Resource],
        by: Option<&str>,
        way: Option<&str>,
    ) -> Result<Option<Self>> {
        let is_descending = match way {
            None => false,
            Some(way) if way.eq_ignore_ascii_case("ascending") => false,
            Some(way) if way.eq_ignore_ascii_case("descending") => true,
            Some(_) => return Err(ScimError::value("`sortOrder` is ascending or descending")),
        };
        let Some(by) = by.map(str::trim).filter(|by| !by.is_empty()) else { return Ok(None) };
        let (mut paths, mut is_known) = (Vec::new(), false);
        for resource in resources {
            match named(resource, by) {
                Named::Known(path) if path.compared().kind == Kind::Complex => {
                    let detail = format!("`sortBy`: name a part of `{}`", path.attribute.name);
                    return Err(ScimError::value(detail));
                }
                Named::Known(path) => paths.push((resource.name, path)),
                Named::NotKept => is_known = true,
                Named::Nothing => {}
            }
        }
        if paths.is_empty() && !is_known {
            return Err(ScimError::value("`sortBy` names no attribute of these resources"));
        }
        Ok(Some(Self { by: paths, is_descending }))
    }

    pub fn is_descending(&self) -> bool {
        self.is_descending
    }

    /// What is looked at of one kind of resource: the attribute, and the part of it.
    pub fn looks_at(&self, resource: &Resource) -> Option<(&'static str, Option<&'static str>)> {
        let path = self.path(resource)?;
        Some((path.attribute.name, path.part.map(|part| part.name)))
    }

    fn path(&self, resource: &Resource) -> Option<Path> {
        self.by.iter().find(|(name, _)| *name == resource.name).map(|(_, path)| *path)
    }

    /// Where a resource stands: of several values by the primary one, or by the first.
    pub fn rank(&self, resource: &Resource, document: &Document) -> Rank {
        let value = || {
            let path = self.path(resource)?;
            let whole = document.get(path.attribute.name)?;
            let one = match whole {
                Value::Array(values) => {
                    values.iter().find(|value| is_primary(value)).or_else(|| values.first())?
                }
                one => one,
            };
            let compared = path.compared();
            let is_whole = std::ptr::eq(compared, path.attribute);
            rank(
                compared.kind,
                compared.is_case_exact,
                if is_whole { one } else { one.get(compared.name)? },
            )
        };
        value().unwrap_or(Rank::Nothing)
    }

    /// The order of two ranks.
    pub fn compare(&self, one: &Rank, other: &Rank) -> Ordering {
        let order = one.cmp(other);
        if self.is_descending { order.reverse() } else { order }
    }
}

fn rank(kind: Kind, is_exact: bool, value: &Value) -> Option<Rank> {
    match (kind, value) {
        (_, Value::Bool(is)) => Some(Rank::Boolean(*is)),
        (Kind::Moment, Value::String(text)) => text.parse().ok().map(Rank::Moment),
        (_, Value::String(text)) if is_exact => Some(Rank::Text(text.clone())),
        (_, Value::String(text)) => Some(Rank::Text(text.to_lowercase())),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;
    use crate::{GROUP, USER};

    fn document(value: Value) -> Document {
        value.as_object().cloned().unwrap_or_default()
    }

    fn order(by: &str, way: &str) -> Order {
        Order::parse(&[&USER], Some(by), Some(way)).unwrap().unwrap()
    }

    fn sorted(by: &str, way: &str, documents: &[Value]) -> Vec<String> {
        let order = order(by, way);
        let mut all: Vec<(Rank, String)> = documents
            .iter()
            .map(|one| (order.rank(&USER, &document(one.clone())), one["id"].to_string()))
            .collect();
        all.sort_by(|(a, _), (b, _)| order.compare(a, b));
        all.into_iter().map(|(_, id)| id).collect()
    }

    #[test]
    fn capitals_do_not_count_and_what_is_lacking_comes_last_or_first() {
        let people = [
            json!({"id": 1, "userName": "bob", "name": {"familyName": "Ash"}}),
            json!({"id": 2, "userName": "Ann"}),
            json!({"id": 3, "userName": "cat", "name": {"familyName": "aalto"}}),
        ];
        assert_eq!(sorted("userName", "ascending", &people), ["2", "1", "3"]);
        assert_eq!(sorted("USERNAME", "descending", &people), ["3", "1", "2"]);
        assert_eq!(sorted("name.familyName", "ascending", &people), ["3", "1", "2"]);
        assert_eq!(sorted("name.familyName", "descending", &people), ["2", "1", "3"]);
    }

    #[test]
    fn of_several_values_the_primary_one_counts_and_else_the_first() {
        let people = [
            json!({"id": 1, "emails": [{"value": "z@x"}, {"value": "a@x", "primary": true}]}),
            json!({"id": 2, "emails": [{"value": "m@x"}, {"value": "b@x"}]}),
            json!({"id": 3, "emails": []}),
        ];
        for by in ["emails", "emails.value"] {
            assert_eq!(sorted(by, "ascending", &people), ["1", "2", "3"], "{by}");
        }
    }

    #[test]
    fn moments_are_compared_as_moments() {
        let people = [
            json!({"id": 1, "meta": {"created": "2026-01-01T01:30:00+02:00"}}),
            json!({"id": 2, "meta": {"created": "2025-12-31T23:29:00Z"}}),
        ];
        assert_eq!(sorted("meta.created", "ascending", &people), ["2", "1"]);
    }

    #[test]
    fn what_has_no_order_is_refused() {
        let parse = |by: &str, way: &str| Order::parse(&[&USER], Some(by), Some(way));
        for (by, way) in [
            ("nonsense", "ascending"),
            ("name", "ascending"),
            ("meta", "ascending"),
            ("name.nonsense", "ascending"),
            ("userName", "up"),
            ("userName; DROP TABLE users", "ascending"),
        ] {
            assert!(parse(by, way).is_err(), "{by} {way}");
        }
        // What the standard has and we do not keep has no value; without `sortBy`, `sortOrder` says nothing.
        assert!(parse("title", "ascending").unwrap().is_some());
        assert!(Order::parse(&[&USER], None, Some("descending")).unwrap().is_none());
        let both = Order::parse(&[&USER, &GROUP], Some("userName"), None).unwrap().unwrap();
        assert_eq!(both.rank(&GROUP, &document(json!({"displayName": "x"}))), Rank::Nothing);
    }

    proptest! {
        #[test]
        fn one_way_is_the_other_backwards(names in proptest::collection::vec("[a-cA-C]{0,3}", 0..12)) {
            let order = |way: &str| order("displayName", way);
            let ranks: Vec<Rank> = names
                .iter()
                .map(|name| order("ascending").rank(&USER, &document(json!({"displayName": name}))))
                .collect();
            for one in &ranks {
                for other in &ranks {
                    let (up, down) = (order("ascending"), order("descending"));
                    prop_assert_eq!(up.compare(one, other), down.compare(other, one));
                    prop_assert!(*one <= Rank::Nothing);
                }
            }
        }
    }
}
