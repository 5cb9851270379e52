//! `[archive]`: how the place of `[data] archive` is reached.

use std::path::PathBuf;
use std::time::Duration;

use crate::config::credential::Credential;
use crate::config::declare::section;
use crate::config::types::BaseUrl;

section! {
    /// How the archive of the logs is written, which `[data] archive` names. The gate never waits for
    /// it. What retention drops from a log goes from its archive too.
    Archive {
        /// How often what is new is copied.
        every: Duration = "5m";
        /// How often everything that is there already is held against the log again, besides the first
        /// time after a start.
        check_every: Duration = "1d";
        /// Where an S3-compatible store is; a bucket is then part of the path. Left out, AWS.
        endpoint: Option<BaseUrl>, example "https://s3.example.com";
        /// The region that requests are signed for.
        region: String = "us-east-1", example "eu-central-1";
        /// The id of the key that requests are signed with.
        access_key: Option<Credential>, example { env = "AWS_ACCESS_KEY_ID" };
        /// The key itself.
        secret_key: Option<Credential>, example { env = "AWS_SECRET_ACCESS_KEY" };
        /// Of temporary credentials, their token.
        session_token: Option<Credential>, example { env = "AWS_SESSION_TOKEN" };
        /// Authorities, PEM, that sign its certificate, instead of those of the system.
        ca: Option<PathBuf>, example "tls/internal-ca.pem";
        /// Sends records in clear to an address that is not this machine's own.
        plaintext: bool = false;
    }
}
