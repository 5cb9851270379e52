//! The `portcullis` binary. Everything is in the library, so that it can be tested.

use std::process::ExitCode;

fn main() -> ExitCode {
    portcullis::cli::main()
}
