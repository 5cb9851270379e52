#![no_main]

libfuzzer_sys::fuzz_target!(|bytes: &[u8]| portcullis_tests::entry::views(bytes));
