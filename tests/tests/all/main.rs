//! The integration tests, one module a capability, over the real program. See `portcullis_tests`.

mod mock;
