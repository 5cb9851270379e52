//! Positions of exports.

use model::TenantId;

use super::{Fresh, main};

pub(super) async fn each_export_has_a_position_of_its_own(fresh: Fresh) {
    let (store, other) = (fresh.store, TenantId::new("other").unwrap());
    store.add_tenant(&other).await.unwrap();
    let position = async |tenant: &TenantId, name: &str| {
        store.export_position(tenant, "main", name).await.unwrap()
    };
    assert_eq!(position(&main(), "siem").await, None);
    store.save_export(&main(), "main", "siem", 7).await.unwrap();
    store.save_export(&main(), "main", "file", 3).await.unwrap();
    store.save_export(&main(), "main", "siem", 9).await.unwrap();
    assert_eq!(position(&main(), "siem").await, Some(9));
    assert_eq!(position(&main(), "file").await, Some(3));
    assert_eq!(position(&other, "siem").await, None);
    assert_eq!(store.export_position(&main(), "second", "siem").await.unwrap(), None);
}
