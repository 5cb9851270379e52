//! Users as a list shows them.

use std::cmp::Ordering;

use model::{TenantId, UserName};

use super::{Fresh, at, main};
use crate::{
    FactorKind, NewFactor, NewGrant, NewUser, Store, UserChange, UserLine, UserListing, UserOrder,
    UserStanding,
};

async fn add(store: &Store, tenant: &TenantId, number: i64) -> UserName {
    let name =
        UserName::new(&format!("{}-{number}", ["Ann", "bob", "cat"][number as usize % 3])).unwrap();
    let new = NewUser {
        uid: format!("{tenant}{number}"),
        name: name.clone(),
        display: None,
        email: None,
    };
    let grant = |role: &str| NewGrant {
        role: role.to_owned(),
        starts: None,
        ends: None,
        hours: None,
        reason: String::new(),
        granted_by: String::new(),
    };
    let grants =
        ["responder", "auditor"].into_iter().take(number as usize % 4 % 3).map(grant).collect();
    store.add_user(tenant, new, grants, at(100 - number)).await.unwrap();
    for factor in 0..number % 5 % 3 {
        let factor = NewFactor {
            id: format!("{tenant}{number}.{factor}"),
            kind: FactorKind::Totp,
            label: String::new(),
            secret: None,
            credential: None,
            data: None,
            counter: None,
        };
        store.add_factor(tenant, &name, factor, at(1)).await.unwrap();
    }
    if number % 7 == 0 {
        let gone = UserChange { active: Some(false), ..UserChange::default() };
        store.update_user(tenant, &name, gone, None, at(200)).await.unwrap();
    }
    name
}

fn key(by: UserOrder, one: &UserLine, other: &UserLine) -> Ordering {
    let standing = |line: &UserLine| line.standing.as_str();
    let order = match by {
        UserOrder::Name => Ordering::Equal,
        UserOrder::Standing => standing(one).cmp(standing(other)),
        UserOrder::Roles => one.roles.cmp(&other.roles),
        UserOrder::Factors => one.factors.cmp(&other.factors),
        UserOrder::Updated => one.updated.cmp(&other.updated),
    };
    order.then_with(|| one.name.cmp(&other.name))
}

/// What a part holds is what a look at all of them finds, in every order, for every text.
pub(super) async fn lines_come_in_parts_in_every_order(fresh: Fresh) {
    let store = fresh.store;
    let other = TenantId::new("other").unwrap();
    store.add_tenant(&other).await.unwrap();
    add(&store, &other, 1).await;
    for number in 0..23 {
        add(&store, &main(), number).await;
    }
    let all = store.user_lines(&main(), UserListing::default(), (0, 100)).await.unwrap();
    for line in &all {
        let user = store.user(&main(), &line.name).await.unwrap();
        let roles: Vec<&str> = user.grants.iter().map(|grant| &*grant.role).collect();
        assert_eq!((line.factors, &*line.roles), (user.factors, &*roles.join(" ")));
        assert_eq!(line.standing, UserStanding::of(user.active, user.factors));
    }
    let orders = [
        UserOrder::Name,
        UserOrder::Standing,
        UserOrder::Roles,
        UserOrder::Factors,
        UserOrder::Updated,
    ];
    for text in ["", "ANN", "-1", "audit", "ACTIVE", "inv", "disabled", "nobody", "%", "'"] {
        let wanted = text.to_lowercase();
        let fits = |line: &&UserLine| {
            [line.name.as_str(), &line.roles, line.standing.as_str()]
                .iter()
                .any(|cell| cell.to_lowercase().contains(&wanted))
        };
        let fitting: Vec<UserLine> = all.iter().filter(fits).cloned().collect();
        let counts = store.count_user_lines(&main(), text).await.unwrap();
        assert_eq!(counts, (fitting.len(), 23), "{text}");
        for (by, is_descending) in orders.into_iter().flat_map(|by| [(by, false), (by, true)]) {
            let mut expected = fitting.clone();
            expected.sort_by(|one, other| key(by, one, other));
            if is_descending {
                expected.reverse();
            }
            let mut found = Vec::new();
            for skip in (0..24).step_by(5) {
                let listing = UserListing { text: text.to_owned(), by, is_descending };
                found.extend(store.user_lines(&main(), listing, (skip, 5)).await.unwrap());
            }
            assert_eq!(found, expected, "{text} {by:?} {is_descending}");
        }
    }
}
