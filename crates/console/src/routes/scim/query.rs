//! Finding resources (RFC 7644, section 3.4): by what names them where a filter allows it, otherwise by
//! looking at each, a batch at a time. Orders that an index holds are those of the batches; for any other,
//! where each stands is kept until all were looked at, and no more of it.

use axum::extract::State;
use axum::http::StatusCode;
use scim::{Document, Filter, Order, Rank, Resource, ScimError, Selection};
use serde::Deserialize;
use serde_json::Value;
use store::{ListedBy, Listing, Lookup, Provisioned, StoredGroup};

use super::answer::{Answered, Body, Refused, Root, json_of};
use super::documents;
use crate::extract::Params;
use crate::{App, Principal, Shared};

/// Resources in one answer.
pub(super) const MAX_RESULTS: usize = 1_000;
/// Resources in an answer where nobody asked for a number.
const USUAL: usize = 100;
/// Members in one answer with several groups; the page then ends early.
const MAX_MEMBERS_SHOWN: usize = 2 * scim::MAX_MEMBERS;
/// Resources that are looked at at once.
const BATCH: usize = 500;

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

#[derive(Clone, Copy)]
enum Sort {
    Users,
    Groups,
}

impl Sort {
    fn resource(self) -> &'static Resource {
        match self {
            Self::Users => &scim::USER,
            Self::Groups => &scim::GROUP,
        }
    }

    /// What takes a query of its own to know.
    fn costly(self) -> &'static str {
        match self {
            Self::Users => "groups",
            Self::Groups => "members",
        }
    }

    /// The attribute by whose value one can be found at once, whatever its capitals.
    fn name(self) -> &'static str {
        match self {
            Self::Users => "userName",
            Self::Groups => "displayName",
        }
    }
}

/// A page that fills as resources are found.
struct Page<'q> {
    selection: &'q Selection,
    skip: usize,
    room: usize,
    total: usize,
    members: usize,
    found: Vec<Value>,
}

impl Page<'_> {
    fn is_full(&self) -> bool {
        self.found.len() >= self.room || self.members >= MAX_MEMBERS_SHOWN
    }

    /// Counts a resource that fits, and shows it where it falls into the page.
    fn add(&mut self, sort: Sort, document: Document) {
        self.total += 1;
        if self.total > self.skip && !self.is_full() {
            let shown = self.selection.apply(sort.resource(), document);
            self.members += shown.get("members").and_then(Value::as_array).map_or(0, Vec::len);
            self.found.push(Value::Object(shown));
        }
    }
}

async fn find(app: &App, who: &Principal, root: &str, sorts: &[Sort], asked: &Asked) -> Answered {
    let start = number(asked.start_index.as_deref(), "startIndex", 1, 1)?;
    let room = number(asked.count.as_deref(), "count", USUAL, 0)?.min(MAX_RESULTS);
    let selection = &asked.selection()?;
    let order = asked.order(sorts)?;
    let found = Vec::new();
    let mut page = Page { selection, skip: start - 1, room, total: 0, members: 0, found };
    let mut ranked = Ranked::default();
    for sort in sorts {
        let filter = asked.filter.as_deref().map(|text| Filter::parse(sort.resource(), text));
        let source = Source {
            app,
            who,
            root,
            sort: *sort,
            filter: filter.transpose()?,
            order: order.as_ref(),
        };
        match source.listing(sorts) {
            Some(listing) => source.fill(listing, &mut page).await?,
            None => source.rank(&mut ranked).await?,
        }
    }
    if let Some(order) = &order {
        ranked.fill(order, (app, who, root), &mut page).await?;
    }
    let Page { found, total, .. } = page;
    Ok(json_of(StatusCode::OK, &scim::schema::list(found, total, start)))
}

/// Where resources of one kind come from.
struct Source<'q> {
    app: &'q App,
    who: &'q Principal,
    root: &'q str,
    sort: Sort,
    filter: Option<Filter>,
    order: Option<&'q Order>,
}

impl Source<'_> {
    /// How the store lists them in the order that is asked for; nothing where it does not know that order.
    fn listing(&self, sorts: &[Sort]) -> Option<Listing> {
        let filter = self.filter.as_ref();
        let active = filter.and_then(|filter| filter.wanted_bool("active")).map(|(is, _)| is);
        let plain = Listing { active, ..Listing::default() };
        let Some(order) = self.order else { return Some(plain) };
        // Of two kinds, neither comes before the other.
        if !matches!((self.sort, sorts), (Sort::Users, [_])) {
            return None;
        }
        let by = match order.looks_at(self.sort.resource())? {
            ("userName", None) => ListedBy::Name,
            ("externalId", None) => ListedBy::External,
            ("meta", Some("lastModified")) => ListedBy::Updated,
            _ => return None,
        };
        Some(Listing { by, is_descending: order.is_descending(), ..plain })
    }

    async fn fill(&self, listing: Listing, page: &mut Page<'_>) -> Result<(), Refused> {
        match &self.filter {
            None => self.all(listing, page).await,
            // Who may log in always has `active`, so that those are all who fit.
            Some(filter) if filter.wanted_bool("active") == Some((true, true)) => {
                self.all(listing, page).await
            }
            Some(filter) => self.fitting(filter, listing, page).await,
        }
    }

    /// All of them: only those on the page are looked at.
    async fn all(&self, listing: Listing, page: &mut Page<'_>) -> Result<(), Refused> {
        let (store, tenant) = (&self.app.store, &self.who.tenant);
        let count = match self.sort {
            Sort::Users => store.count_provisioned(tenant, listing.active).await?,
            Sort::Groups => store.count_groups(tenant).await?,
        };
        let end = page.total + count;
        let first = page.skip.saturating_sub(page.total).min(count);
        page.total += first;
        let with_costly = page.selection.shows(self.sort.resource(), self.sort.costly());
        let mut at = first;
        while at < count && !page.is_full() {
            let wanted = BATCH.min(page.room - page.found.len());
            let batch = self.batch(listing, (at, wanted), with_costly).await?;
            if batch.is_empty() {
                break;
            }
            at += batch.len();
            for one in batch {
                if page.is_full() {
                    break;
                }
                page.add(self.sort, self.document(one, with_costly).await?);
            }
        }
        page.total = end;
        Ok(())
    }

    async fn fitting(
        &self,
        filter: &Filter,
        listing: Listing,
        page: &mut Page<'_>,
    ) -> Result<(), Refused> {
        let (resource, costly) = (self.sort.resource(), self.sort.costly());
        let with_costly = filter.mentions(costly) || page.selection.shows(resource, costly);
        let mut found = Vec::new();
        if let Some(lookup) = self.lookup() {
            for one in self.looked_up(lookup).await? {
                found.extend(self.fits(one, with_costly).await?);
            }
            self.put_in_order(&mut found);
            for document in found {
                page.add(self.sort, document);
            }
            return Ok(());
        }
        let mut at = 0;
        loop {
            let batch = self.batch(listing, (at, BATCH), with_costly).await?;
            if batch.is_empty() {
                return Ok(());
            }
            at += batch.len();
            for one in batch {
                if let Some(document) = self.fits(one, with_costly).await? {
                    page.add(self.sort, document);
                }
            }
        }
    }

    fn put_in_order(&self, found: &mut [Document]) {
        if let Some(order) = self.order {
            let rank = |document: &Document| order.rank(self.sort.resource(), document);
            found.sort_by(|one, other| order.compare(&rank(one), &rank(other)));
        }
    }

    /// Where each that fits stands.
    async fn rank(&self, ranked: &mut Ranked) -> Result<(), Refused> {
        let Some(order) = self.order else { return Ok(()) };
        let (resource, costly) = (self.sort.resource(), self.sort.costly());
        let is_by_costly = order.looks_at(resource).is_some_and(|(name, _)| name == costly);
        let is_chosen_by = self.filter.as_ref().is_some_and(|filter| filter.mentions(costly));
        let with_costly = is_by_costly || is_chosen_by;
        let (mut at, mut is_last) = (0, false);
        while !is_last {
            let batch = match self.lookup() {
                Some(lookup) => self.looked_up(lookup).await?,
                None => self.batch(Listing::default(), (at, BATCH), with_costly).await?,
            };
            at += batch.len();
            is_last = batch.is_empty() || self.lookup().is_some();
            for one in batch {
                let uid = one.uid().to_owned();
                if let Some(document) = self.fits(one, with_costly).await? {
                    ranked.0.push((order.rank(resource, &document), self.sort, uid));
                }
            }
        }
        Ok(())
    }

    /// A resource as it is shown, if it is one that is looked for.
    async fn fits(&self, one: One, with_costly: bool) -> Result<Option<Document>, Refused> {
        let document = self.document(one, with_costly).await?;
        let fits = self.filter.as_ref().is_none_or(|filter| filter.is_met_by(&document));
        Ok(fits.then_some(document))
    }

    fn lookup(&self) -> Option<Lookup> {
        let filter = self.filter.as_ref()?;
        let wanted = |name: &str| filter.wanted(name).map(str::to_owned);
        let by_id = wanted("id").map(Lookup::Uid);
        let by_name = || wanted(self.sort.name()).filter(|name| name.is_ascii());
        by_id
            .or_else(|| by_name().map(Lookup::Name))
            .or_else(|| wanted("externalId").map(Lookup::External))
    }

    async fn looked_up(&self, lookup: Lookup) -> Result<Vec<One>, Refused> {
        let (store, tenant) = (&self.app.store, &self.who.tenant);
        Ok(match self.sort {
            Sort::Users => {
                let found = store.find_provisioned(tenant, lookup, true).await?;
                found.into_iter().map(One::User).collect()
            }
            Sort::Groups => {
                let found = store.find_groups(tenant, lookup).await?;
                found.into_iter().map(One::Group).collect()
            }
        })
    }

    async fn batch(
        &self,
        listing: Listing,
        (skip, limit): (usize, usize),
        with_costly: bool,
    ) -> Result<Vec<One>, Refused> {
        let (store, tenant) = (&self.app.store, &self.who.tenant);
        Ok(match self.sort {
            Sort::Users => {
                let part = (skip, limit);
                let found = store.list_provisioned(tenant, listing, part, with_costly).await?;
                found.into_iter().map(One::User).collect()
            }
            Sort::Groups => {
                let found = store.list_groups(tenant, skip, limit).await?;
                found.into_iter().map(One::Group).collect()
            }
        })
    }

    async fn document(&self, one: One, with_members: bool) -> Result<Document, Refused> {
        match one {
            One::User(user) => documents::of_user(self.root, &user),
            One::Group(group) => {
                let members = match with_members {
                    true => {
                        let tenant = &self.who.tenant;
                        Some(self.app.store.group_members(tenant, &group.uid).await?)
                    }
                    false => None,
                };
                Ok(documents::of_group(self.root, &group, members.as_deref()))
            }
        }
    }
}

/// Where resources stand that no index has in order: what they are put in order by, and which they are.
#[derive(Default)]
struct Ranked(Vec<(Rank, Sort, String)>);

impl Ranked {
    /// Reads those that fall into the page.
    async fn fill(
        mut self,
        order: &Order,
        (app, who, root): (&App, &Principal, &str),
        page: &mut Page<'_>,
    ) -> Result<(), Refused> {
        self.0.sort_by(|(one, ..), (other, ..)| order.compare(one, other));
        let end = page.total + self.0.len();
        page.total += page.skip.min(self.0.len());
        for (_, sort, uid) in self.0.into_iter().skip(page.skip) {
            if page.is_full() {
                break;
            }
            let source = Source { app, who, root, sort, filter: None, order: None };
            let with_costly = page.selection.shows(sort.resource(), sort.costly());
            // Who is gone meanwhile is not shown.
            for one in source.looked_up(Lookup::Uid(uid)).await? {
                page.add(sort, source.document(one, with_costly).await?);
            }
        }
        page.total = end;
        Ok(())
    }
}

enum One {
    User(Provisioned),
    Group(StoredGroup),
}

impl One {
    fn uid(&self) -> &str {
        match self {
            Self::User(user) => &user.uid,
            Self::Group(group) => &group.uid,
        }
    }
}
