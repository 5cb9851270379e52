//! What a filter or an order of people asks, in the words of the store: then nobody's document need be looked at.

use scim::{Compared, Comparison, Condition, Filter, Order, Place};
use store::{ListedBy, Moment, Relation, Told, Whom};

/// Those who may meet a filter, and whether all of them do.
pub(super) struct Meant {
    pub(super) whom: Whom,
    pub(super) is_exact: bool,
}

impl Meant {
    /// Where the store cannot tell, anybody may.
    const UNKNOWN: Self = Self { whom: Whom::Everybody, is_exact: false };

    fn exactly(whom: Whom) -> Self {
        Self { whom, is_exact: true }
    }

    pub(super) fn by(filter: Option<&Filter>) -> Self {
        filter.map_or(Self::exactly(Whom::Everybody), |filter| of(&filter.condition()))
    }
}

fn of(condition: &Condition<'_>) -> Meant {
    match condition {
        Condition::Never => Meant::exactly(Whom::Nobody),
        Condition::Present(place) => {
            told(*place).map_or(Meant::UNKNOWN, |told| Meant::exactly(Whom::Has(told)))
        }
        Condition::Compared(place, comparison, with) => {
            compared(*place, *comparison, with).map_or(Meant::UNKNOWN, Meant::exactly)
        }
        Condition::OneOf("emails", inner) => one_address(inner),
        Condition::OneOf("groups", inner) => match inner.as_ref() {
            Condition::Compared(Place { attribute, .. }, Comparison::Equal, Compared::Text(id))
                if *attribute == "value" =>
            {
                Meant::exactly(Whom::InGroup((*id).to_owned()))
            }
            _ => Meant::UNKNOWN,
        },
        Condition::OneOf(..) => Meant::UNKNOWN,
        // Of those who may meet the inner one, some may not: then anybody may be met by its opposite.
        Condition::Not(inner) => match of(inner) {
            Meant { whom, is_exact: true } => Meant::exactly(Whom::Not(Box::new(whom))),
            _ => Meant::UNKNOWN,
        },
        Condition::All(all) => joined(all, Whom::All),
        Condition::Any(any) => joined(any, Whom::Any),
    }
}

fn joined(conditions: &[Condition<'_>], join: fn(Vec<Whom>) -> Whom) -> Meant {
    let meant: Vec<Meant> = conditions.iter().map(of).collect();
    let is_exact = meant.iter().all(|one| one.is_exact);
    Meant { whom: join(meant.into_iter().map(|one| one.whom).collect()), is_exact }
}

fn compared(place: Place, comparison: Comparison, with: &Compared<'_>) -> Option<Whom> {
    let relation = relation(comparison);
    match (place.attribute, place.part, with) {
        ("active", None, Compared::Boolean(is)) => Some(Whom::Active(*is)),
        ("id", None, Compared::Text(text)) => Some(Whom::Uid(relation, (*text).to_owned())),
        ("groups", Some("value"), Compared::Text(id)) if relation == Relation::Equal => {
            Some(Whom::InGroup((*id).to_owned()))
        }
        ("meta", Some("created"), Compared::Moment(at)) => {
            Some(Whom::At(Moment::Added, relation, *at))
        }
        ("meta", Some("lastModified"), Compared::Moment(at)) => {
            Some(Whom::At(Moment::Updated, relation, *at))
        }
        (_, _, Compared::Text(text)) => {
            Some(Whom::Text(told(place)?, relation, (*text).to_owned()))
        }
        _ => None,
    }
}

/// What is kept by value, of the attributes that are texts.
fn told(place: Place) -> Option<Told> {
    Some(match (place.attribute, place.part) {
        ("userName", None) => Told::Name,
        ("externalId", None) => Told::External,
        ("displayName", None) => Told::Display,
        ("name", Some("formatted")) => Told::Formatted,
        ("name", Some("familyName")) => Told::Family,
        ("name", Some("givenName")) => Told::Given,
        ("name", Some("middleName")) => Told::Middle,
        ("name", Some("honorificPrefix")) => Told::Prefix,
        ("name", Some("honorificSuffix")) => Told::Suffix,
        ("emails", Some("value")) => Told::Address,
        ("emails", Some("type")) => Told::AddressKind,
        _ => return None,
    })
}

/// One address that is all of it: found by its value, if the value is among what is asked.
fn one_address(inner: &Condition<'_>) -> Meant {
    let one = std::slice::from_ref(inner);
    let terms = if let Condition::All(all) = inner { all.as_slice() } else { one };
    let Some((at, (relation, text))) =
        terms.iter().enumerate().find_map(|(at, term)| Some((at, value_of(term)?)))
    else {
        return Meant::UNKNOWN;
    };
    let others = terms.iter().enumerate().filter(|(other, _)| *other != at);
    let rest: Vec<Meant> = others.map(|(_, term)| of_address(term)).collect();
    let is_exact = rest.iter().all(|one| one.is_exact);
    let rest = Whom::All(rest.into_iter().map(|one| one.whom).collect());
    Meant { whom: Whom::Address(relation, text, Box::new(rest)), is_exact }
}

fn value_of(term: &Condition<'_>) -> Option<(Relation, String)> {
    match term {
        Condition::Compared(place, comparison, Compared::Text(text))
            if place.attribute == "value" =>
        {
            Some((relation(*comparison), (*text).to_owned()))
        }
        _ => None,
    }
}

/// The same as [`of`], of the parts of one address.
fn of_address(condition: &Condition<'_>) -> Meant {
    let told = |place: &Place| match place.attribute {
        "value" => Some(Told::Address),
        "type" => Some(Told::AddressKind),
        _ => None,
    };
    match condition {
        Condition::Present(place) => {
            told(place).map_or(Meant::UNKNOWN, |told| Meant::exactly(Whom::Has(told)))
        }
        Condition::Compared(place, comparison, Compared::Text(text)) => told(place)
            .map_or(Meant::UNKNOWN, |told| {
                Meant::exactly(Whom::Text(told, relation(*comparison), (*text).to_owned()))
            }),
        Condition::Not(inner) => match of_address(inner) {
            Meant { whom, is_exact: true } => Meant::exactly(Whom::Not(Box::new(whom))),
            _ => Meant::UNKNOWN,
        },
        _ => Meant::UNKNOWN,
    }
}

fn relation(comparison: Comparison) -> Relation {
    match comparison {
        Comparison::Equal => Relation::Equal,
        Comparison::Contains => Relation::Contains,
        Comparison::StartsWith => Relation::StartsWith,
        Comparison::EndsWith => Relation::EndsWith,
        Comparison::Greater => Relation::Greater,
        Comparison::GreaterOrEqual => Relation::GreaterOrEqual,
        Comparison::Less => Relation::Less,
        Comparison::LessOrEqual => Relation::LessOrEqual,
    }
}

/// The order that the store holds, if it does.
pub(super) fn listed_by(order: Option<&Order>) -> Option<ListedBy> {
    let Some(order) = order else { return Some(ListedBy::Added) };
    let (attribute, part) = order.looks_at(&scim::USER)?;
    Some(match (attribute, part) {
        ("id", None) => ListedBy::Uid,
        ("active", None) => ListedBy::Active,
        ("meta", Some("created")) => ListedBy::Created,
        ("meta", Some("lastModified")) => ListedBy::Updated,
        ("emails", None) => ListedBy::Told(Told::Address),
        (attribute, part) => ListedBy::Told(told(Place { attribute, part })?),
    })
}
