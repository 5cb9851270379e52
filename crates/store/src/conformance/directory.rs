//! People and groups of whom a directory tells, and those whom identity providers know.

use model::{TenantId, UserName};

use super::{Fresh, at, main};
use crate::{
    GroupChange, GroupLabel, Leaving, ListedBy, Listing, Lookup, NewUser, Position, Profile,
    ProvisionedChange, Store, StoreError, StoredLink, StoredSession, Told, Whom,
};

fn user(name: &str) -> UserName {
    UserName::new(name).unwrap()
}

fn profile(name: &str) -> Profile {
    Profile {
        name: user(name),
        display: Some(format!("{name} itself")),
        email: None,
        external_id: Some(format!("ext-{}", name.to_ascii_lowercase())),
        more: "{\"active\":true}".to_owned(),
    }
}

fn group(name: &str, added: &[&str], removed: &[&str]) -> GroupChange {
    let texts = |texts: &[&str]| texts.iter().map(|text| (*text).to_owned()).collect();
    let label = GroupLabel { name: name.to_owned(), external_id: None };
    GroupChange { label, added: texts(added), removed: texts(removed) }
}

async fn tell(store: &Store, tenant: &TenantId, uid: &str, name: &str) {
    store.add_provisioned(tenant, uid.into(), profile(name), true, at(1)).await.unwrap();
}

async fn other(store: &Store) -> TenantId {
    let other = TenantId::new("other").unwrap();
    store.add_tenant(&other).await.unwrap();
    other
}

pub(super) async fn a_directory_finds_those_alone_of_whom_it_told(fresh: Fresh) {
    let store = fresh.store;
    let other = other(&store).await;
    tell(&store, &main(), "u1", "Ann").await;
    tell(&store, &other, "u2", "ann").await;
    let here = NewUser { uid: "u3".into(), name: user("bob"), display: None, email: None };
    store.add_user(&main(), here, Vec::new(), at(1)).await.unwrap();
    let uids = async |lookup: Lookup| -> Vec<String> {
        let found = store.find_provisioned(&main(), lookup, false).await.unwrap();
        found.into_iter().map(|one| one.uid).collect()
    };
    assert_eq!(uids(Lookup::Name("aNN".into())).await, ["u1"]);
    assert_eq!(uids(Lookup::External("ext-ann".into())).await, ["u1"]);
    assert_eq!(uids(Lookup::Uid("u1".into())).await, ["u1"]);
    // Whoever was made here, and whoever is another tenant's, is not there.
    for lookup in [Lookup::Uid("u3".into()), Lookup::Name("bob".into()), Lookup::Uid("u2".into())] {
        assert!(uids(lookup).await.is_empty());
    }
    assert_eq!(store.count_provisioned(&main(), Whom::Everybody).await.unwrap(), 1);
    // A name that differs by capitals alone is taken, also by somebody who was made here.
    for name in ["ANN", "Bob"] {
        let twice = store.add_provisioned(&main(), "u9".into(), profile(name), true, at(1)).await;
        assert!(matches!(twice, Err(StoreError::Exists { .. })), "{name}");
    }
}

pub(super) async fn a_directory_lists_in_the_order_of_telling(fresh: Fresh) {
    let store = fresh.store;
    for number in 0..7 {
        tell(&store, &main(), &format!("u{number}"), &format!("name-{}", 9 - number)).await;
    }
    let mut seen = Vec::new();
    for skip in (0..9).step_by(3) {
        let page =
            store.list_provisioned(&main(), Listing::default(), (skip, 3), false).await.unwrap();
        seen.extend(page.into_iter().map(|one| one.uid));
    }
    assert_eq!(seen, ["u0", "u1", "u2", "u3", "u4", "u5", "u6"]);
    // In the other orders, and by who may log in.
    let gone = ProvisionedChange {
        profile: Profile { external_id: None, ..profile("NAME-6") },
        active: false,
        hand_over_to: None,
        by: "the directory".into(),
    };
    store.change_provisioned(&main(), "u3", gone, None, at(9)).await.unwrap();
    let listed = async |active: Option<bool>, by, is_descending| {
        let whom = active.map_or(Whom::Everybody, Whom::Active);
        let listing = Listing { whom, by, is_descending };
        let page = store.list_provisioned(&main(), listing, (0, 3), false).await.unwrap();
        page.into_iter().map(|one| one.uid).collect::<Vec<_>>().join(" ")
    };
    assert_eq!(listed(None, ListedBy::Told(Told::Name), false).await, "u6 u5 u4");
    assert_eq!(listed(None, ListedBy::Told(Told::Name), true).await, "u0 u1 u2");
    assert_eq!(listed(None, ListedBy::Updated, true).await, "u3 u6 u5");
    assert_eq!(listed(None, ListedBy::Told(Told::External), true).await, "u3 u0 u1");
    assert_eq!(listed(Some(false), ListedBy::Told(Told::External), false).await, "u3");
    assert_eq!(listed(Some(true), ListedBy::Added, true).await, "u6 u5 u4");
    for (whom, count) in [(Whom::Everybody, 7), (Whom::Active(true), 6), (Whom::Active(false), 1)] {
        assert_eq!(store.count_provisioned(&main(), whom).await.unwrap(), count);
    }
    // Nobody is passed over where somebody goes while a list is read.
    let (first, position) = store
        .next_provisioned(&main(), Whom::Everybody, (Position::default(), 2), false)
        .await
        .unwrap();
    assert_eq!(first.last().map(|one| one.uid.as_str()), Some("u1"));
    let leaving = Leaving { user: user("name-8"), hand_over_to: None, by: "hr".into() };
    store.remove_user(&main(), leaving, None, at(10)).await.unwrap();
    let (next, _) =
        store.next_provisioned(&main(), Whom::Everybody, (position, 2), false).await.unwrap();
    assert_eq!(next.into_iter().map(|one| one.uid).collect::<Vec<_>>(), ["u2", "u3"]);
}

pub(super) async fn who_is_told_to_have_left_leaves_in_one_step(fresh: Fresh) {
    let store = fresh.store;
    tell(&store, &main(), "u1", "ann").await;
    let session = StoredSession {
        hash: model::Digest::of(b"a session"),
        id: "s".into(),
        stage: "full".into(),
        created: at(1),
        seen: at(1),
        proved: None,
        factors: String::new(),
        address: String::new(),
        user_agent: String::new(),
        issuer: None,
        outside_id: None,
    };
    store.open_session(&main(), &user("ann"), session.clone(), None).await.unwrap();
    let change = |active| ProvisionedChange {
        profile: profile("ann"),
        active,
        hand_over_to: None,
        by: "token:hr".into(),
    };
    let stale = store.change_provisioned(&main(), "u1", change(false), Some(7), at(2)).await;
    assert!(stale.is_err() && store.session(session.hash).await.unwrap().is_some());
    let (gone, left) =
        store.change_provisioned(&main(), "u1", change(false), Some(1), at(2)).await.unwrap();
    assert!(!gone.active && left.is_some());
    assert!(store.session(session.hash).await.unwrap().is_none());
    // Back again, and gone again: nothing of before comes back.
    let (back, left) =
        store.change_provisioned(&main(), "u1", change(true), None, at(3)).await.unwrap();
    assert!(back.active && left.is_none());
    assert!(store.session(session.hash).await.unwrap().is_none());
    assert!(store.change_provisioned(&main(), "u2", change(true), None, at(3)).await.is_err());
}

pub(super) async fn members_come_and_go_with_their_group(fresh: Fresh) {
    let store = fresh.store;
    let other = other(&store).await;
    for (uid, name) in [("u1", "ann"), ("u2", "bob")] {
        tell(&store, &main(), uid, name).await;
    }
    tell(&store, &other, "x1", "eve").await;
    let made = store.add_group(&main(), "g1".into(), group("Staff", &["u1"], &[]), at(1)).await;
    assert_eq!(made.unwrap().version, 1);
    let groups_of = async |uid: &str| -> Vec<String> {
        let found = store.find_provisioned(&main(), Lookup::Uid(uid.into()), true).await.unwrap();
        found[0].groups.iter().map(|group| group.name.clone()).collect()
    };
    let change = group("All staff", &["u2"], &["u1"]);
    store.change_group(&main(), "g1", change, Some(1), at(2)).await.unwrap();
    assert_eq!(store.group_members(&main(), "g1").await.unwrap(), ["u2"]);
    assert!(groups_of("u1").await.is_empty());
    assert_eq!(groups_of("u2").await, ["All staff"]);
    // Neither an old version, nor somebody of another tenant, nor another tenant's group.
    let change = group("Staff", &["u1"], &[]);
    assert!(store.change_group(&main(), "g1", change.clone(), Some(1), at(3)).await.is_err());
    assert!(store.change_group(&other, "g1", change, None, at(3)).await.is_err());
    let foreign = group("All staff", &["x1"], &[]);
    let _ = store.change_group(&main(), "g1", foreign, None, at(3)).await;
    assert_eq!(store.group_members(&main(), "g1").await.unwrap(), ["u2"]);
    assert!(store.find_groups(&other, Lookup::Uid("g1".into())).await.unwrap().is_empty());
    store.remove_group(&main(), "g1", None).await.unwrap();
    assert!(groups_of("u2").await.is_empty());
    assert_eq!(store.count_groups(&main()).await.unwrap(), 0);
}

pub(super) async fn a_link_is_one_persons_until_it_is_parted(fresh: Fresh) {
    let store = fresh.store;
    let other = other(&store).await;
    for (tenant, uid, name) in
        [(main(), "u1", "ann"), (main(), "u2", "bob"), (other.clone(), "x1", "ann")]
    {
        tell(&store, &tenant, uid, name).await;
    }
    let link = |subject: &str| StoredLink {
        issuer: "https://login.example.com".into(),
        subject: subject.into(),
        groups: Vec::new(),
        seen: at(1),
    };
    store.link(&main(), &user("ann"), link("7")).await.unwrap();
    let taken = store.link(&main(), &user("bob"), link("7")).await;
    assert!(matches!(taken, Err(StoreError::Exists { .. })));
    // Tenants do not meet: the same subject is somebody else there.
    store.link(&other, &user("ann"), link("7")).await.unwrap();
    let issuer = &link("7").issuer;
    let whose = async |tenant: &TenantId| {
        store.linked(tenant, issuer, "7").await.unwrap().map(|user| user.uid)
    };
    assert!(store.unlink(&main(), &user("bob"), issuer, "7").await.is_err());
    store.unlink(&main(), &user("ann"), issuer, "7").await.unwrap();
    assert!(store.unlink(&main(), &user("ann"), issuer, "7").await.is_err());
    assert_eq!(whose(&main()).await, None);
    assert_eq!(whose(&other).await.as_deref(), Some("x1"));
    store.link(&main(), &user("bob"), link("7")).await.unwrap();
    assert_eq!(whose(&main()).await.as_deref(), Some("u2"));
}
