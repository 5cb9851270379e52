//! Credentials of hosting, networks, clusters and secret stores, beyond the large clouds' own.

use model::Severity;

use super::pattern::{
    ALNUM, BASE32, DIGIT, HEX, LOWER_NUM, STD64, UPPER_NUM, URL64, UUID, between, exactly, open,
    text,
};
use super::{Declaration, bare, keyed, token};
use crate::validators::is_mixed;

/// The signatures that Microsoft puts into keys of 88 characters, at the place of the 77th.
fn has_long_signature(value: &[u8]) -> bool {
    let signature = value.get(76..80).unwrap_or_default();
    [b"+ASt", b"ACDb", b"+ABa", b"+AMC"].iter().any(|known| *known == signature)
}

/// The same for keys of 44 characters, at the place of the 34th.
fn has_short_signature(value: &[u8]) -> bool {
    let signature = value.get(33..37).unwrap_or_default();
    [b"AIoT", b"+ASb", b"+AEh", b"+ARm"].iter().any(|known| *known == signature)
}

/// The same for keys of 52 characters, at the place of the 43rd.
fn has_plain_signature(value: &[u8]) -> bool {
    let signature = value.get(42..46).unwrap_or_default();
    [b"AzSe", b"AzCa", b"AzFu", b"+ACR"].iter().any(|known| *known == signature)
}

fn signed(seed: u64, class: &super::Class, at: usize, signature: &str, length: usize) -> String {
    let mut dice = super::example::Dice::new(seed);
    format!("{}{signature}{}", dice.run(class, at), dice.run(class, length - at - signature.len()))
}

pub(super) const ALL: &[Declaration] = &[
    bare!(
        azure_signed_key,
        "Azure storage, Cosmos DB and Batch keys",
        [exactly(&STD64, 86), text("==")],
        "Microsoft: identifiable keys"
    )
    .severity(Severity::Critical)
    .keywords(&["key", "azure", "secret", "token", "code="])
    .check(has_long_signature)
    .make(|seed| signed(seed, &STD64, 76, "+ASt", 86) + "=="),
    bare!(
        azure_hub_key,
        "Azure IoT, service bus, event hub and relay keys",
        [exactly(&STD64, 43), text("=")],
        "Microsoft: identifiable keys"
    )
    .keywords(&["key", "azure", "secret", "token", "code="])
    .check(has_short_signature)
    .make(|seed| signed(seed, &STD64, 33, "+AEh", 43) + "="),
    bare!(
        azure_search_key,
        "Azure search, cache and function keys",
        [exactly(&ALNUM, 52)],
        "Microsoft: identifiable keys"
    )
    .keywords(&["key", "azure", "secret", "token", "code="])
    .check(has_plain_signature)
    .make(|seed| signed(seed, &ALNUM, 42, "AzSe", 52)),
    bare!(
        azure_ai_key,
        "Azure AI keys",
        [exactly(&ALNUM, 84)],
        "Microsoft: common annotated security keys"
    )
    .keywords(&["key", "azure", "secret", "token", "code="])
    .check(|value| value.get(52..57) == Some(b"JQQJ9"))
    .make(|seed| signed(seed, &ALNUM, 52, "JQQJ9", 84)),
    keyed!(
        azure_cognitive_key,
        "Azure AI keys of the older form",
        ["azure_openai", "cognitive", "ocp-apim", "azure openai"],
        [exactly(&HEX, 32)],
        "Azure AI services: authentication"
    ),
    keyed!(
        azure_devops_old_token,
        "Azure DevOps tokens of the older form",
        ["azure_devops", "azdo", "vsts", "devops"],
        [exactly(&LOWER_NUM, 52)],
        "Azure DevOps: personal access tokens"
    ),
    token!(
        aws_session_token,
        "AWS session tokens",
        ["FwoGZXIvYXdz", "IQoJb3JpZ2lu"],
        [open(&STD64, 100, 2000)],
        "AWS STS API reference"
    ),
    token!(
        aws_bedrock_session_key,
        "Amazon Bedrock short-term keys",
        ["bedrock-api-key-"],
        [open(&STD64, 100, 2000)],
        "Amazon Bedrock user guide: API keys"
    ),
    token!(
        aws_appsync_key,
        "AWS AppSync keys",
        ["da2-"],
        [exactly(&LOWER_NUM, 26)],
        "AWS AppSync: API keys"
    ),
    token!(
        google_hmac_id,
        "Google storage HMAC access ids",
        ["GOOG1E"],
        [exactly(&UPPER_NUM, 55)],
        "Google Cloud storage: HMAC keys"
    )
    .severity(Severity::Low),
    token!(
        firebase_server_key,
        "Firebase messaging server keys",
        ["AAAA"],
        [exactly(&URL64, 7), text(":APA91b"), exactly(&URL64, 134)],
        "Firebase: cloud messaging authorisation"
    ),
    keyed!(
        recaptcha_secret,
        "reCAPTCHA secrets",
        ["recaptcha"],
        [exactly(&URL64, 40)],
        "Google reCAPTCHA: verifying the answer"
    )
    .check(|value| value.starts_with(b"6L"))
    .make(|seed| format!("6L{}", super::example::Dice::new(seed).run(&URL64, 38))),
    token!(
        yandex_api_key,
        "Yandex Cloud keys",
        ["AQVN"],
        [between(&URL64, 35, 38)],
        "Yandex Cloud: API keys"
    ),
    token!(
        yandex_oauth_token,
        "Yandex OAuth tokens",
        ["y0_"],
        [between(&URL64, 50, 70)],
        "Yandex: OAuth tokens"
    ),
    keyed!(
        alibaba_secret,
        "Alibaba Cloud secrets",
        ["alibaba", "aliyun", "alicloud", "access_key_secret", "accesskeysecret"],
        [exactly(&ALNUM, 30)],
        "Alibaba Cloud RAM: AccessKey pairs"
    )
    .check(is_mixed),
    keyed!(
        tencent_secret_key,
        "Tencent Cloud secret keys",
        ["tencent", "qcloud", "secretkey"],
        [exactly(&ALNUM, 32)],
        "Tencent Cloud CAM: access keys"
    )
    .check(is_mixed),
    keyed!(
        huawei_secret,
        "Huawei Cloud secrets",
        ["huawei", "hwcloud", "hw_secret"],
        [exactly(&ALNUM, 40)],
        "Huawei Cloud: access keys"
    )
    .check(is_mixed),
    token!(
        baidu_key,
        "Baidu Cloud keys",
        ["bce-v3/ALTAK-"],
        [between(&ALNUM, 16, 32), text("/"), exactly(&HEX, 40)],
        "Baidu Cloud: API keys"
    ),
    token!(
        volcengine_key,
        "Volcano Engine access key ids",
        ["AKLT"],
        [between(&URL64, 40, 48)],
        "Volcano Engine: access keys"
    ),
    token!(
        backblaze_key,
        "Backblaze application keys",
        ["K001", "K002", "K003", "K004", "K005"],
        [exactly(&STD64, 27)],
        "Backblaze B2: application keys"
    )
    .check(is_mixed),
    token!(
        spaces_access_key,
        "DigitalOcean Spaces key ids",
        ["DO00", "DO801"],
        [between(&UPPER_NUM, 15, 16)],
        "DigitalOcean Spaces: access keys"
    )
    .severity(Severity::Low)
    .check(|value| value.iter().any(u8::is_ascii_digit) && value.len() == 20),
    keyed!(
        linode_token,
        "Linode tokens",
        ["linode"],
        [exactly(&HEX, 64)],
        "Linode: personal access tokens"
    ),
    keyed!(vultr_key, "Vultr keys", ["vultr"], [exactly(&UPPER_NUM, 36)], "Vultr: API"),
    keyed!(
        hetzner_token,
        "Hetzner Cloud tokens",
        ["hetzner", "hcloud"],
        [exactly(&ALNUM, 64)],
        "Hetzner Cloud: API tokens"
    )
    .check(is_mixed),
    token!(
        scaleway_access_key,
        "Scaleway access key ids",
        ["SCW"],
        [exactly(&UPPER_NUM, 17)],
        "Scaleway: API keys"
    )
    .severity(Severity::Low),
    keyed!(
        scaleway_secret_key,
        "Scaleway secret keys",
        ["scaleway", "scw_secret", "scw-secret"],
        UUID,
        "Scaleway: API keys"
    ),
    keyed!(
        ovh_secret,
        "OVH application secrets",
        ["ovh", "ovhcloud"],
        [exactly(&HEX, 32)],
        "OVHcloud: API"
    ),
    keyed!(
        ibm_cloud_key,
        "IBM Cloud keys",
        ["ibm", "bluemix", "ibmcloud"],
        [exactly(&URL64, 44)],
        "IBM Cloud: API keys"
    )
    .check(is_mixed),
    token!(
        upcloud_token,
        "UpCloud tokens",
        ["ucat_"],
        [exactly(&UPPER_NUM, 26)],
        "UpCloud: API tokens"
    ),
    token!(
        vercel_token,
        "Vercel tokens",
        ["vcp_", "vci_", "vca_", "vcr_", "vck_"],
        [between(&ALNUM, 40, 64)],
        "Vercel: token formats"
    ),
    keyed!(
        vercel_old_token,
        "Vercel tokens of the older form",
        ["vercel", "zeit"],
        [exactly(&ALNUM, 24)],
        "Vercel: access tokens"
    )
    .check(is_mixed),
    keyed!(railway_token, "Railway tokens", ["railway"], UUID, "Railway: API tokens"),
    token!(render_key, "Render keys", ["rnd_"], [exactly(&ALNUM, 32)], "Render: API keys"),
    keyed!(
        heroku_old_key,
        "Heroku keys of the older form",
        ["heroku"],
        UUID,
        "Heroku platform API reference"
    ),
    keyed!(
        netlify_old_token,
        "Netlify tokens of the older form",
        ["netlify"],
        [between(&URL64, 43, 45)],
        "Netlify API: personal access tokens"
    )
    .check(is_mixed),
    keyed!(
        cloudflare_global_key,
        "Cloudflare global API keys",
        ["cloudflare", "cf_api", "cf_key", "x-auth-key"],
        [exactly(&HEX, 37)],
        "Cloudflare API: global key"
    ),
    token!(
        cloudflare_tunnel_token,
        "Cloudflare tunnel tokens",
        ["eyJhIjoi"],
        [open(&STD64, 120, 400)],
        "Cloudflare: tunnel tokens"
    ),
    keyed!(fastly_token, "Fastly tokens", ["fastly"], [exactly(&URL64, 32)], "Fastly: API tokens")
        .check(is_mixed),
    token!(
        akamai_token,
        "Akamai tokens",
        ["akab-"],
        [exactly(&LOWER_NUM, 16), text("-"), exactly(&LOWER_NUM, 16)],
        "Akamai: EdgeGrid credentials"
    ),
    keyed!(
        bunny_key,
        "bunny.net keys",
        ["bunny"],
        [
            exactly(&HEX, 8),
            text("-"),
            exactly(&HEX, 4),
            text("-"),
            exactly(&HEX, 4),
            text("-"),
            exactly(&HEX, 4),
            text("-"),
            exactly(&HEX, 20),
            text("-"),
            exactly(&HEX, 4),
            text("-"),
            exactly(&HEX, 4)
        ],
        "bunny.net: API keys"
    ),
    token!(
        vault_old_token,
        "HashiCorp Vault tokens of the older form",
        ["s.", "b.", "r."],
        [exactly(&ALNUM, 24)],
        "HashiCorp Vault: tokens"
    )
    .keywords(&["vault", "x-vault"])
    .confidence(0.8),
    keyed!(
        vault_unseal_key,
        "HashiCorp Vault unseal keys",
        ["unseal"],
        [exactly(&STD64, 44)],
        "HashiCorp Vault: seal"
    )
    .severity(Severity::Critical)
    .check(is_mixed),
    keyed!(consul_token, "Consul tokens", ["consul"], UUID, "HashiCorp Consul: ACL tokens"),
    keyed!(nomad_token, "Nomad tokens", ["nomad"], UUID, "HashiCorp Nomad: ACL tokens"),
    keyed!(
        kubernetes_bootstrap_token,
        "Kubernetes bootstrap tokens",
        ["kubeadm", "bootstrap", "--token"],
        [exactly(&LOWER_NUM, 6), text("."), exactly(&LOWER_NUM, 16)],
        "Kubernetes: bootstrap tokens"
    )
    .check(|value| value.iter().filter(|b| b.is_ascii_digit()).count() >= 3),
    // Base64 of "-----BEGIN … PRIVATE KEY".
    token!(
        encoded_private_key,
        "private keys in base64, as in Kubernetes' client-key-data",
        [
            "LS0tLS1CRUdJTiBSU0EgUFJJVkFURSBLRV",
            "LS0tLS1CRUdJTiBQUklWQVRFIEtFW",
            "LS0tLS1CRUdJTiBFQyBQUklWQVRFIEtFW",
            "LS0tLS1CRUdJTiBPUEVOU1NIIFBSSVZBVEUgS0VZ"
        ],
        [open(&STD64, 100, 8000)],
        "RFC 7468; RFC 4648 section 4"
    )
    .severity(Severity::Critical),
    token!(
        docker_swarm_token,
        "Docker swarm join tokens",
        ["SWMTKN-1-"],
        [exactly(&LOWER_NUM, 50), text("-"), exactly(&LOWER_NUM, 25)],
        "Docker: swarm join-token"
    ),
    token!(
        docker_swarm_key,
        "Docker swarm unlock keys",
        ["SWMKEY-1-"],
        [exactly(&STD64, 43)],
        "Docker: swarm unlock-key"
    ),
    token!(
        rancher_token,
        "Rancher tokens",
        ["token-"],
        [exactly(&LOWER_NUM, 5), text(":"), exactly(&LOWER_NUM, 54)],
        "Rancher: API keys"
    ),
    token!(
        openshift_token,
        "OpenShift tokens",
        ["sha256~"],
        [exactly(&URL64, 43)],
        "OpenShift: OAuth tokens"
    ),
    token!(
        portainer_token,
        "Portainer tokens",
        ["ptr_"],
        [exactly(&STD64, 43), text("=")],
        "Portainer: API access"
    ),
    token!(
        harness_token,
        "Harness tokens",
        ["pat.", "sat."],
        [exactly(&URL64, 22), text("."), exactly(&HEX, 24), text("."), exactly(&ALNUM, 20)],
        "Harness: API keys"
    ),
    token!(
        onepassword_secret_key,
        "1Password secret keys",
        ["A3-"],
        [
            exactly(&UPPER_NUM, 6),
            text("-"),
            exactly(&UPPER_NUM, 11),
            text("-"),
            exactly(&UPPER_NUM, 5),
            text("-"),
            exactly(&UPPER_NUM, 5),
            text("-"),
            exactly(&UPPER_NUM, 5)
        ],
        "1Password: secret keys"
    )
    .severity(Severity::Critical),
    token!(
        bitwarden_token,
        "Bitwarden machine account tokens",
        ["0."],
        [
            exactly(&HEX, 8),
            text("-"),
            exactly(&HEX, 4),
            text("-"),
            exactly(&HEX, 4),
            text("-"),
            exactly(&HEX, 4),
            text("-"),
            exactly(&HEX, 12),
            text("."),
            exactly(&ALNUM, 30),
            text(":"),
            exactly(&STD64, 22),
            text("==")
        ],
        "Bitwarden: access tokens"
    ),
    token!(
        infisical_token,
        "Infisical service tokens",
        ["st."],
        [exactly(&HEX, 24), text("."), exactly(&HEX, 32), text("."), exactly(&HEX, 32)],
        "Infisical: service tokens"
    ),
    keyed!(
        wireguard_key,
        "WireGuard private and preshared keys",
        ["privatekey", "private_key", "presharedkey", "wireguard"],
        [exactly(&STD64, 43), text("=")],
        "WireGuard: quick start"
    )
    .severity(Severity::Critical),
    keyed!(
        zerotier_token,
        "ZeroTier tokens",
        ["zerotier"],
        [exactly(&ALNUM, 32)],
        "ZeroTier: API tokens"
    )
    .check(is_mixed),
    keyed!(
        ngrok_token,
        "ngrok tokens",
        ["ngrok"],
        [exactly(&ALNUM, 27), text("_"), exactly(&ALNUM, 21)],
        "ngrok: authtokens"
    ),
    keyed!(
        mullvad_account,
        "Mullvad account numbers",
        ["mullvad"],
        [exactly(&DIGIT, 16)],
        "Mullvad: account numbers"
    ),
    keyed!(
        duo_secret,
        "Duo secrets",
        ["duo_secret", "duo skey", "duosecurity", "skey"],
        [exactly(&ALNUM, 40)],
        "Duo: admin API"
    )
    .check(is_mixed),
    token!(
        duo_integration_key,
        "Duo integration keys",
        ["DI"],
        [exactly(&UPPER_NUM, 18)],
        "Duo: admin API"
    )
    .keywords(&["duo", "ikey"])
    .severity(Severity::Low)
    .confidence(0.8),
    keyed!(
        totp_seed,
        "seeds of one-time passwords",
        ["otpauth", "totp", "2fa_secret", "mfa_secret", "otp_secret"],
        [between(&BASE32, 16, 64)],
        "RFC 6238; RFC 4226"
    )
    .check(|value| value.iter().any(u8::is_ascii_digit)),
];
