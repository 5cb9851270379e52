//! What is asked of all resources of a kind (RFC 7644, section 3.4).

use axum::extract::State;
use axum::http::StatusCode;
use scim::{Filter, Order, ScimError, Selection};
use serde::Deserialize;
use serde_json::Value;

use super::answer::{Answered, Body, Refused, Root, json_of};
use super::find::{Page, Ranked, Sort, Source};
use crate::extract::Params;
use crate::{App, Principal, Shared};

/// Resources in one answer.
pub(super) const MAX_RESULTS: usize = 1_000;
/// Resources in an answer where nobody asked for a number.
const USUAL: usize = 100;

/// What a query asks for. Parameters that are not known are passed over.
#[derive(Default, Deserialize)]
#[serde(rename_all = "camelCase")]
pub(super) struct Asked {
    filter: Option<String>,
    start_index: Option<String>,
    count: Option<String>,
    attributes: Option<String>,
    excluded_attributes: Option<String>,
    sort_by: Option<String>,
    sort_order: Option<String>,
}

impl Asked {
    pub(super) fn selection(&self) -> Result<Selection, ScimError> {
        Selection::parse(self.attributes.as_deref(), self.excluded_attributes.as_deref())
    }

    fn order(&self, sorts: &[Sort]) -> Result<Option<Order>, ScimError> {
        let resources: Vec<_> = sorts.iter().map(|sort| sort.resource()).collect();
        Order::parse(&resources, self.sort_by.as_deref(), self.sort_order.as_deref())
    }

    /// From the body of a search (RFC 7644, section 3.4.3).
    fn of_body(body: &Value) -> Result<Self, Refused> {
        let text = |name: &str| match body.get(name) {
            None | Some(Value::Null) => Ok(None),
            Some(Value::String(text)) => Ok(Some(text.clone())),
            Some(Value::Number(number)) => Ok(Some(number.to_string())),
            Some(Value::Array(names)) => {
                let names: Option<Vec<&str>> = names.iter().map(Value::as_str).collect();
                names.map(|names| Some(names.join(","))).ok_or_else(|| wrong(name))
            }
            Some(_) => Err(wrong(name)),
        };
        Ok(Self {
            filter: text("filter")?,
            start_index: text("startIndex")?,
            count: text("count")?,
            attributes: text("attributes")?,
            excluded_attributes: text("excludedAttributes")?,
            sort_by: text("sortBy")?,
            sort_order: text("sortOrder")?,
        })
    }
}

fn wrong(name: &str) -> Refused {
    ScimError::new(scim::Kind::InvalidValue, format!("`{name}` holds what cannot stand there"))
        .into()
}

/// What is not a positive number means the least that can be meant (RFC 7644, section 3.4.2.4).
fn number(text: Option<&str>, name: &str, usual: usize, least: usize) -> Result<usize, Refused> {
    let Some(text) = text else { return Ok(usual) };
    let number: i64 = text.trim().parse().map_err(|_| wrong(name))?;
    Ok(usize::try_from(number).unwrap_or(least).max(least))
}

pub(super) async fn list_users(
    State(app): State<Shared>,
    who: Principal,
    Root(root): Root,
    Params(asked): Params<Asked>,
) -> Answered {
    find(&app, &who, &root, &[Sort::Users], &asked).await
}

pub(super) async fn list_groups(
    State(app): State<Shared>,
    who: Principal,
    Root(root): Root,
    Params(asked): Params<Asked>,
) -> Answered {
    find(&app, &who, &root, &[Sort::Groups], &asked).await
}

pub(super) async fn search_users(
    State(app): State<Shared>,
    who: Principal,
    Root(root): Root,
    Body(body): Body,
) -> Answered {
    find(&app, &who, &root, &[Sort::Users], &Asked::of_body(&body)?).await
}

pub(super) async fn search_groups(
    State(app): State<Shared>,
    who: Principal,
    Root(root): Root,
    Body(body): Body,
) -> Answered {
    find(&app, &who, &root, &[Sort::Groups], &Asked::of_body(&body)?).await
}

pub(super) async fn search_all(
    State(app): State<Shared>,
    who: Principal,
    Root(root): Root,
    Body(body): Body,
) -> Answered {
    find(&app, &who, &root, &[Sort::Users, Sort::Groups], &Asked::of_body(&body)?).await
}

async fn find(app: &App, who: &Principal, root: &str, sorts: &[Sort], asked: &Asked) -> Answered {
    let start = number(asked.start_index.as_deref(), "startIndex", 1, 1)?;
    let room = number(asked.count.as_deref(), "count", USUAL, 0)?.min(MAX_RESULTS);
    let selection = asked.selection()?;
    let order = asked.order(sorts)?;
    let mut page = Page::new(&selection, start - 1, room);
    let mut ranked = Ranked::default();
    // Of two kinds, neither comes before the other.
    let is_mixed = order.is_some() && sorts.len() > 1;
    for sort in sorts {
        let filter = asked.filter.as_deref().map(|text| Filter::parse(sort.resource(), text));
        let filter = filter.transpose()?;
        let source = Source { app, who, root, sort: *sort, filter, order: order.as_ref() };
        source.find(is_mixed, &mut page, &mut ranked).await?;
    }
    if let Some(order) = &order {
        ranked.fill(order, (app, who, root), &mut page).await?;
    }
    let (found, total) = page.done();
    Ok(json_of(StatusCode::OK, &scim::schema::list(found, total, start)))
}
