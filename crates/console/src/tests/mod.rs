//! Tests through the whole service, with a journal and an instance made of memory.

mod agents;
mod authorisation;
mod containments;
mod doors;
mod fake;
mod pages;
mod payloads;
mod records;
mod shape;
