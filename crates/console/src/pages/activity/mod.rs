//! Activity: what was done, permitted or not. The filters are the address.

mod feed;
mod list;
mod one;
mod payload;
mod person;
mod rows;
mod stream;

use model::Record;
use store::{Cursor, Filter};

use crate::routes::records::record;
use crate::{App, Endpoint, Principal, Problem};

pub(super) use feed::Feeds;
pub(super) use rows::rows;
pub(super) use stream::MAX_VIEWERS;

pub(super) fn endpoints() -> Vec<Endpoint> {
    let mut all = list::endpoints();
    all.extend(stream::endpoints());
    all.extend(one::endpoints());
    all.extend(payload::endpoints());
    all.extend(person::endpoints());
    all
}

/// The newest records that a filter finds.
pub(super) async fn newest(
    app: &App,
    who: &Principal,
    filter: Filter,
    most: usize,
) -> Result<Vec<Record>, Problem> {
    Ok(found(app, who, filter, None, most).await?.0)
}

/// A page of what a filter finds, and where the next begins.
async fn found(
    app: &App,
    who: &Principal,
    filter: Filter,
    after: Option<Cursor>,
    most: usize,
) -> Result<(Vec<Record>, Option<Cursor>), Problem> {
    app.instance.catch_up(&who.tenant).await;
    let page = app.store.search(&who.tenant, filter, after, most).await?;
    let mut rows = Vec::with_capacity(page.hits.len());
    for hit in page.hits {
        rows.push(record(app, &who.tenant, &hit).await?);
    }
    Ok((rows, page.next))
}
