//! Credentials of databases, warehouses, search and queues.

use super::pattern::{
    ALNUM, DIGIT, HEX, LOWER_NUM, STD64, STD64_PAD, URL64, UUID, between, exactly, open, text,
};
use super::{Declaration, keyed, token};
use crate::validators::is_mixed;

pub(super) const ALL: &[Declaration] = &[
    token!(
        mongodb_service_secret,
        "MongoDB Atlas service account secrets",
        ["mdb_sa_sk_"],
        [exactly(&URL64, 40)],
        "MongoDB Atlas: service accounts"
    ),
    keyed!(
        mongodb_private_key,
        "MongoDB Atlas private keys",
        ["mongodb", "atlas"],
        UUID,
        "MongoDB Atlas: programmatic access"
    ),
    token!(
        cockroach_key,
        "CockroachDB Cloud keys",
        ["CCDB1_"],
        [exactly(&ALNUM, 22), text("_"), exactly(&ALNUM, 40)],
        "CockroachDB Cloud: service accounts"
    ),
    token!(
        astra_token,
        "DataStax Astra tokens",
        ["AstraCS:"],
        [exactly(&ALNUM, 24), text(":"), exactly(&HEX, 64)],
        "DataStax Astra: application tokens"
    ),
    token!(
        aiven_password,
        "Aiven service passwords",
        ["AVNS_"],
        [exactly(&URL64, 19)],
        "Aiven: service users"
    ),
    token!(
        aiven_token,
        "Aiven tokens",
        ["aivenv1"],
        [open(&STD64, 60, 600)],
        "Aiven: authentication tokens"
    ),
    token!(
        clickhouse_cloud_key,
        "ClickHouse Cloud secrets",
        ["4b1d"],
        [exactly(&ALNUM, 38)],
        "ClickHouse Cloud: API keys"
    )
    .check(is_mixed),
    token!(fauna_key, "Fauna keys", ["fnA"], [between(&URL64, 37, 60)], "Fauna: keys")
        .check(is_mixed),
    token!(xata_key, "Xata keys", ["xau_"], [between(&ALNUM, 26, 40)], "Xata: API keys"),
    keyed!(
        confluent_secret,
        "Confluent secrets",
        ["confluent", "sasl", "kafka"],
        [exactly(&STD64, 64)],
        "Confluent Cloud: API keys"
    )
    .check(is_mixed),
    token!(
        confluent_signed_secret,
        "Confluent secrets of the newer form",
        ["cflt"],
        [exactly(&STD64, 60)],
        "Confluent Cloud: API keys"
    ),
    token!(
        appwrite_key,
        "Appwrite keys",
        ["standard_"],
        [exactly(&HEX, 256)],
        "Appwrite: API keys"
    ),
    token!(
        materialize_password,
        "Materialize app passwords",
        ["mzp_"],
        [exactly(&HEX, 64)],
        "Materialize: app passwords"
    ),
    token!(
        tinybird_token,
        "Tinybird tokens",
        ["p.eyJ"],
        [between(&URL64, 60, 200), text("."), exactly(&URL64, 43)],
        "Tinybird: tokens"
    ),
    token!(
        snowflake_token,
        "Snowflake session tokens",
        ["ver:1-hint:", "ver:2-hint:", "ver:3-hint:"],
        [between(&DIGIT, 4, 18), text("-"), open(&STD64, 100, 1200)],
        "Snowflake: SQL API"
    ),
    token!(
        dbt_token,
        "dbt Cloud tokens",
        ["dbtu_", "dbtc_"],
        [between(&URL64, 40, 48)],
        "dbt Cloud: tokens"
    ),
    keyed!(
        influxdb_token,
        "InfluxDB tokens",
        ["influx"],
        [exactly(&URL64, 86), text("==")],
        "InfluxDB: tokens"
    ),
    keyed!(
        elastic_key,
        "Elasticsearch keys",
        ["elastic", "apikey", "es_api"],
        [between(&STD64, 58, 60), text("==")],
        "Elasticsearch: API keys"
    ),
    token!(
        elastic_cloud_key,
        "Elastic Cloud keys",
        ["essu_"],
        [between(&STD64_PAD, 60, 120)],
        "Elastic Cloud: API keys"
    ),
    keyed!(algolia_key, "Algolia keys", ["algolia"], [exactly(&HEX, 32)], "Algolia: API keys"),
    keyed!(
        meilisearch_key,
        "Meilisearch keys",
        ["meilisearch", "meili"],
        [exactly(&HEX, 64)],
        "Meilisearch: API keys"
    ),
    keyed!(
        typesense_key,
        "Typesense keys",
        ["typesense"],
        [exactly(&ALNUM, 32)],
        "Typesense: API keys"
    )
    .check(is_mixed),
    keyed!(
        redis_cloud_key,
        "Redis Cloud keys",
        ["redis"],
        [between(&LOWER_NUM, 48, 52)],
        "Redis Cloud: API keys"
    )
    .check(|value| value.iter().any(|b| *b > b'f')),
    keyed!(
        upstash_token,
        "Upstash tokens",
        ["upstash"],
        [between(&STD64, 50, 64)],
        "Upstash: REST API"
    )
    .check(is_mixed),
    keyed!(
        amplitude_key,
        "Amplitude keys",
        ["amplitude"],
        [exactly(&HEX, 32)],
        "Amplitude: API keys"
    ),
    keyed!(
        mixpanel_secret,
        "Mixpanel secrets",
        ["mixpanel"],
        [exactly(&HEX, 32)],
        "Mixpanel: project secrets"
    ),
    keyed!(
        segment_write_key,
        "Segment write keys",
        ["segment"],
        [exactly(&ALNUM, 32)],
        "Segment: write keys"
    )
    .check(is_mixed),
    token!(
        segment_public_token,
        "Segment public API tokens",
        ["sgp_"],
        [exactly(&ALNUM, 64)],
        "Segment: public API"
    ),
    keyed!(
        rudderstack_key,
        "RudderStack write keys",
        ["rudder"],
        [exactly(&ALNUM, 27)],
        "RudderStack: write keys"
    )
    .check(is_mixed),
    token!(
        statsig_secret,
        "Statsig secrets",
        ["secret-"],
        [between(&ALNUM, 42, 46)],
        "Statsig: API keys"
    )
    .check(is_mixed),
    token!(
        configcat_key,
        "ConfigCat SDK keys",
        ["configcat-sdk-1/"],
        [exactly(&URL64, 22), text("/"), exactly(&URL64, 22)],
        "ConfigCat: SDK keys"
    ),
    token!(
        flagsmith_key,
        "Flagsmith server keys",
        ["ser."],
        [exactly(&ALNUM, 22)],
        "Flagsmith: server keys"
    )
    .check(is_mixed),
    keyed!(
        optimizely_token,
        "Optimizely tokens",
        ["optimizely"],
        [exactly(&URL64, 54)],
        "Optimizely: personal access tokens"
    )
    .check(is_mixed),
    keyed!(
        stream_secret,
        "Stream secrets",
        ["getstream", "stream_secret", "stream_api"],
        [exactly(&LOWER_NUM, 64)],
        "Stream: API keys"
    )
    .check(|value| value.iter().any(|b| *b > b'f')),
    keyed!(
        fernet_key,
        "Fernet keys, as of Airflow",
        ["fernet"],
        [exactly(&URL64, 43), text("=")],
        "Fernet specification"
    ),
    keyed!(
        rails_master_key,
        "Rails master keys",
        ["master.key", "master_key", "rails"],
        [exactly(&HEX, 32)],
        "Rails: encrypted credentials"
    ),
    keyed!(
        secret_key_base,
        "Rails' secret_key_base",
        ["secret_key_base"],
        [exactly(&HEX, 128)],
        "Rails: securing applications"
    ),
    token!(
        laravel_key,
        "Laravel application keys",
        ["base64:"],
        [exactly(&STD64, 43), text("=")],
        "Laravel: encryption"
    )
    .keywords(&["app_key", "laravel", "encryption"]),
    keyed!(
        symfony_secret,
        "Symfony application secrets",
        ["app_secret"],
        [exactly(&HEX, 32)],
        "Symfony: framework.secret"
    ),
    keyed!(
        nextauth_secret,
        "NextAuth secrets",
        ["nextauth_secret", "auth_secret"],
        [exactly(&STD64, 43), text("=")],
        "Auth.js: deployment"
    ),
];
