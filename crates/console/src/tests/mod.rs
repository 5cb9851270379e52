//! Tests through the whole service.
