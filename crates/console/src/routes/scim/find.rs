//! Finding resources: the store finds people by what a filter asks, in the order that is asked for. What it does
//! not keep by value is looked for in each document, a batch at a time, and so is everything about groups but
//! who is in them, of which there are few. Then of each that fits, where it stands is kept, and no more of it.

use scim::{Compared, Comparison, Condition, Document, Filter, Order, Rank, Resource, Selection};
use serde_json::Value;
use store::{Listing, Lookup, Position, Provisioned, StoredGroup};

use super::answer::Refused;
use super::documents;
use super::whom::{Meant, listed_by};
use crate::{App, Principal};

/// Members in one answer with several groups; the page then ends early.
const MAX_MEMBERS_SHOWN: usize = 2 * scim::MAX_MEMBERS;
/// Resources that are looked at at once.
const BATCH: usize = 500;

#[derive(Clone, Copy)]
pub(super) enum Sort {
    Users,
    Groups,
}

impl Sort {
    pub(super) fn resource(self) -> &'static Resource {
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
}

/// A page that fills as resources are found.
pub(super) struct Page<'q> {
    selection: &'q Selection,
    skip: usize,
    room: usize,
    total: usize,
    members: usize,
    found: Vec<Value>,
}

impl<'q> Page<'q> {
    pub(super) fn new(selection: &'q Selection, skip: usize, room: usize) -> Self {
        Self { selection, skip, room, total: 0, members: 0, found: Vec::new() }
    }

    /// What is on it, and how many there are in all.
    pub(super) fn done(self) -> (Vec<Value>, usize) {
        (self.found, self.total)
    }

    fn is_full(&self) -> bool {
        self.found.len() >= self.room || self.members >= MAX_MEMBERS_SHOWN
    }

    /// Whether what is found next falls into it.
    fn wants_next(&self) -> bool {
        self.total >= self.skip && !self.is_full()
    }

    fn show(&mut self, sort: Sort, document: Document) {
        let shown = self.selection.apply(sort.resource(), document);
        self.members += shown.get("members").and_then(Value::as_array).map_or(0, Vec::len);
        self.found.push(Value::Object(shown));
    }
}

/// Where resources of one kind come from.
pub(super) struct Source<'q> {
    pub(super) app: &'q App,
    pub(super) who: &'q Principal,
    pub(super) root: &'q str,
    pub(super) sort: Sort,
    pub(super) filter: Option<Filter>,
    pub(super) order: Option<&'q Order>,
}

impl Source<'_> {
    pub(super) async fn find(
        &self,
        is_mixed: bool,
        page: &mut Page<'_>,
        ranked: &mut Ranked,
    ) -> Result<(), Refused> {
        match self.listing() {
            Some(listing) if !is_mixed => self.listed(&listing, page).await,
            _ if self.order.is_some() => self.rank(ranked).await,
            _ => self.fitting(page).await,
        }
    }

    /// How the store lists just those that are looked for; nothing where it cannot.
    fn listing(&self) -> Option<Listing> {
        let is_descending = self.order.is_some_and(Order::is_descending);
        match self.sort {
            Sort::Users => {
                let meant = Meant::by(self.filter.as_ref());
                let by = listed_by(self.order).filter(|_| meant.is_exact)?;
                Some(Listing { whom: meant.whom, by, is_descending })
            }
            Sort::Groups if self.filter.is_none() && self.order.is_none() => {
                Some(Listing::default())
            }
            Sort::Groups => None,
        }
    }

    /// Only those on the page are looked at.
    async fn listed(&self, listing: &Listing, page: &mut Page<'_>) -> Result<(), Refused> {
        let (store, tenant) = (&self.app.store, &self.who.tenant);
        let count = match self.sort {
            Sort::Users => store.count_provisioned(tenant, listing.whom.clone()).await?,
            Sort::Groups => store.count_groups(tenant).await?,
        };
        let end = page.total + count;
        let mut at = page.skip.saturating_sub(page.total).min(count);
        page.total += at;
        while at < count && !page.is_full() {
            let wanted = BATCH.min(page.room - page.found.len());
            let batch = self.part(listing, (at, wanted), self.is_shown(page)).await?;
            if batch.is_empty() {
                break;
            }
            at += batch.len();
            for one in batch {
                if page.is_full() {
                    break;
                }
                page.show(self.sort, self.document(&one, self.is_shown(page)).await?);
            }
        }
        page.total = end;
        Ok(())
    }

    /// Whether the page shows what takes a query of its own.
    fn is_shown(&self, page: &Page<'_>) -> bool {
        page.selection.shows(self.sort.resource(), self.sort.costly())
    }

    /// Whether the filter or the order looks at it.
    fn is_looked_at(&self) -> bool {
        let (resource, costly) = (self.sort.resource(), self.sort.costly());
        let is_by = self.order.and_then(|order| order.looks_at(resource));
        is_by.is_some_and(|(name, _)| name == costly)
            || self.filter.as_ref().is_some_and(|filter| filter.mentions(costly))
    }

    /// Looks at each, and shows those that fit and fall into the page.
    async fn fitting(&self, page: &mut Page<'_>) -> Result<(), Refused> {
        let mut from = Some(Position::default());
        while let Some(position) = from {
            let batch;
            (batch, from) = self.next(position).await?;
            for one in batch {
                if self.fitting_document(&one).await?.is_none() {
                    continue;
                }
                if page.wants_next() {
                    page.show(self.sort, self.document(&one, self.is_shown(page)).await?);
                }
                page.total += 1;
            }
        }
        Ok(())
    }

    /// Where each that fits stands.
    async fn rank(&self, ranked: &mut Ranked) -> Result<(), Refused> {
        let Some(order) = self.order else { return Ok(()) };
        let mut from = Some(Position::default());
        while let Some(position) = from {
            let batch;
            (batch, from) = self.next(position).await?;
            for one in batch {
                if let Some(document) = self.fitting_document(&one).await? {
                    let rank = order.rank(self.sort.resource(), &document);
                    ranked.0.push((rank, self.sort, one.uid().to_owned()));
                }
            }
        }
        Ok(())
    }

    /// What of a resource is looked at, if it is one that is looked for.
    async fn fitting_document(&self, one: &One) -> Result<Option<Document>, Refused> {
        let document = self.document(one, self.is_looked_at()).await?;
        let fits = self.filter.as_ref().is_none_or(|filter| filter.is_met_by(&document));
        Ok(fits.then_some(document))
    }

    /// Those that may fit, from a position on, and where to go on.
    async fn next(&self, from: Position) -> Result<(Vec<One>, Option<Position>), Refused> {
        let (store, tenant) = (&self.app.store, &self.who.tenant);
        match self.sort {
            Sort::Users => {
                let whom = Meant::by(self.filter.as_ref()).whom;
                let (found, last) =
                    store.next_provisioned(tenant, whom, (from, BATCH), true).await?;
                let is_last = found.len() < BATCH;
                Ok((found.into_iter().map(One::User).collect(), (!is_last).then_some(last)))
            }
            Sort::Groups => match self.filter.as_ref().and_then(lookup) {
                Some(lookup) => Ok((self.looked_up(lookup).await?, None)),
                None => {
                    let (found, last) = store.next_groups(tenant, (from, BATCH)).await?;
                    let is_last = found.len() < BATCH;
                    Ok((found.into_iter().map(One::Group).collect(), (!is_last).then_some(last)))
                }
            },
        }
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

    async fn part(
        &self,
        listing: &Listing,
        part: (usize, usize),
        with_costly: bool,
    ) -> Result<Vec<One>, Refused> {
        let (store, tenant) = (&self.app.store, &self.who.tenant);
        Ok(match self.sort {
            Sort::Users => {
                let listing = listing.clone();
                let found = store.list_provisioned(tenant, listing, part, with_costly).await?;
                found.into_iter().map(One::User).collect()
            }
            Sort::Groups => {
                let found = store.list_groups(tenant, part).await?;
                found.into_iter().map(One::Group).collect()
            }
        })
    }

    async fn document(&self, one: &One, with_members: bool) -> Result<Document, Refused> {
        match one {
            One::User(user) => documents::of_user(self.root, user),
            One::Group(group) => {
                let members = match with_members {
                    true => {
                        let tenant = &self.who.tenant;
                        Some(self.app.store.group_members(tenant, &group.uid).await?)
                    }
                    false => None,
                };
                Ok(documents::of_group(self.root, group, members.as_deref()))
            }
        }
    }
}

/// By what the groups are found that may fit.
fn lookup(filter: &Filter) -> Option<Lookup> {
    let wanted = |name: &str| filter.wanted(name).map(str::to_owned);
    let by_name = || wanted("displayName").filter(|name| name.is_ascii()).map(Lookup::Name);
    let by_member = || member(&filter.condition()).map(Lookup::Member);
    wanted("id")
        .map(Lookup::Uid)
        .or_else(by_name)
        .or_else(|| wanted("externalId").map(Lookup::External))
        .or_else(by_member)
}

/// Who must be in a group that meets it.
fn member(condition: &Condition<'_>) -> Option<String> {
    match condition {
        Condition::Compared(place, Comparison::Equal, Compared::Text(id)) => {
            let is_member = (place.attribute, place.part) == ("members", Some("value"));
            is_member.then(|| (*id).to_owned())
        }
        Condition::OneOf("members", inner) => member_within(inner),
        Condition::All(all) => all.iter().find_map(member),
        _ => None,
    }
}

fn member_within(condition: &Condition<'_>) -> Option<String> {
    match condition {
        Condition::Compared(place, Comparison::Equal, Compared::Text(id)) => {
            (place.attribute == "value").then(|| (*id).to_owned())
        }
        Condition::All(all) => all.iter().find_map(member_within),
        _ => None,
    }
}

/// Where resources stand that the store has in no order: what they are put in order by, and which they are.
#[derive(Default)]
pub(super) struct Ranked(Vec<(Rank, Sort, String)>);

impl Ranked {
    /// Reads those that fall into the page.
    pub(super) async fn fill(
        mut self,
        order: &Order,
        (app, who, root): (&App, &Principal, &str),
        page: &mut Page<'_>,
    ) -> Result<(), Refused> {
        self.0.sort_by(|(one, ..), (other, ..)| order.compare(one, other));
        page.total += self.0.len();
        for (_, sort, uid) in self.0.into_iter().skip(page.skip) {
            if page.is_full() {
                break;
            }
            let source = Source { app, who, root, sort, filter: None, order: None };
            // Who is gone meanwhile is not shown.
            for one in source.looked_up(Lookup::Uid(uid)).await? {
                page.show(sort, source.document(&one, source.is_shown(page)).await?);
            }
        }
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
