//! Tests through the whole service, with a journal and an instance made of memory.

mod access;
mod agents;
mod authorisation;
mod browser;
mod connect;
mod containments;
mod credentials;
mod doors;
mod fake;
mod login;
mod names;
mod pages;
mod passkeys;
mod payloads;
mod records;
mod reviews;
mod scim;
mod scim_find;
mod shape;
mod sso;
mod tenants;
mod tenants_people;
mod users;
