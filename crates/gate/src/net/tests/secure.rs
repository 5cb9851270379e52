//! TLS on both sides, with certificates made here.

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use rustls_pki_types::{CertificateDer, PrivateKeyDer};

use super::super::tls::{ClientCertificates, ClientSettings, ClientTls, Identity, ServerSettings};
use super::super::upstream::Http2;
use super::*;

struct Authority(CertifiedIssuer<'static, KeyPair>);

impl Authority {
    fn new() -> Self {
        let mut params = CertificateParams::new(Vec::new()).unwrap();
        params.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        Self(CertifiedIssuer::self_signed(params, KeyPair::generate().unwrap()).unwrap())
    }

    fn certificate(&self) -> CertificateDer<'static> {
        self.0.der().clone()
    }

    fn issue(&self, name: &str) -> Identity {
        let key = KeyPair::generate().unwrap();
        let params = CertificateParams::new(vec![name.to_owned()]).unwrap();
        let certificate = params.signed_by(&key, &self.0).unwrap();
        let key = PrivateKeyDer::try_from(key.serialize_der()).unwrap();
        Identity::new(vec![certificate.der().clone()], key)
    }

    fn server(&self) -> ServerSettings {
        ServerSettings::new(self.issue("127.0.0.1"))
    }
}

fn caller(
    address: SocketAddr,
    trusted: &Authority,
    identity: Option<Identity>,
    http2: Http2,
) -> Caller {
    let authorities = vec![trusted.certificate()];
    let settings = ClientSettings { trusts_public_authorities: false, authorities, identity };
    let tls = Some(ClientTls::new(settings).unwrap());
    Caller::new(TargetSettings { tls, http2, ..settings_for(address) })
}

#[tokio::test]
async fn both_versions_are_negotiated() {
    let authority = Authority::new();
    let tls = Arc::new(ServerTls::new(authority.server()).unwrap());
    let running = echo(one_worker(), Some(tls));
    let address = running.addresses()[0];
    let second = caller(address, &authority, None, Http2::Negotiated);
    assert_eq!(within(second.ask("abc")).await.unwrap(), "POST /path HTTP/2.0 3");
    let first = caller(address, &authority, None, Http2::Off);
    assert_eq!(within(first.ask("abc")).await.unwrap(), "POST /path HTTP/1.1 3");
    assert_eq!(within(first.ask("abcd")).await.unwrap(), "POST /path HTTP/1.1 4");
    assert_eq!(running.open_connections(), 2);
}

#[tokio::test]
async fn a_stranger_is_not_trusted() {
    let authority = Authority::new();
    let tls = Arc::new(ServerTls::new(authority.server()).unwrap());
    let running = echo(one_worker(), Some(tls));
    let stranger = caller(running.addresses()[0], &Authority::new(), None, Http2::Negotiated);
    let error = within(stranger.ask("abc")).await.unwrap_err();
    assert!(matches!(error, UpstreamError::Tls(_)), "{error:?}");
}

#[tokio::test]
async fn a_required_client_certificate_is_verified_and_shown_to_the_handler() {
    let (servers, clients) = (Authority::new(), Authority::new());
    let client_certificates = ClientCertificates::Required(vec![clients.certificate()]);
    let settings = ServerSettings { client_certificates, ..servers.server() };
    let tls = Arc::new(ServerTls::new(settings).unwrap());
    let running = serving(one_worker(), Some(tls), |peer, _| async move {
        Response::new(text(format!("{} {}", peer.is_tls, peer.certificates.len())))
    });
    let address = running.addresses()[0];
    for http2 in [Http2::Off, Http2::Negotiated] {
        let known = caller(address, &servers, Some(clients.issue("agent")), http2);
        assert_eq!(within(known.ask("abc")).await.unwrap(), "true 1");
        let anonymous = caller(address, &servers, None, http2);
        within(anonymous.ask("abc")).await.unwrap_err();
        let forged = caller(address, &servers, Some(servers.issue("agent")), http2);
        within(forged.ask("abc")).await.unwrap_err();
    }
}

#[tokio::test]
async fn a_reload_takes_effect_without_a_restart_and_a_bad_one_changes_nothing() {
    let (old, new) = (Authority::new(), Authority::new());
    let tls = Arc::new(ServerTls::new(old.server()).unwrap());
    let running = echo(one_worker(), Some(tls.clone()));
    let address = running.addresses()[0];
    let trusts_old = caller(address, &old, None, Http2::Off);
    assert!(within(trusts_old.ask("abc")).await.is_ok());
    let mismatched = Identity::from_pem(b"no certificate", b"no key");
    assert!(mismatched.is_err());
    let no_chain = ServerSettings::new(Identity::new(
        Vec::new(),
        PrivateKeyDer::try_from(KeyPair::generate().unwrap().serialize_der()).unwrap(),
    ));
    assert!(tls.reload(no_chain).is_err());
    assert!(within(caller(address, &old, None, Http2::Off).ask("abc")).await.is_ok());
    tls.reload(new.server()).unwrap();
    assert!(within(caller(address, &new, None, Http2::Off).ask("abc")).await.is_ok());
    assert!(within(caller(address, &old, None, Http2::Off).ask("abc")).await.is_err());
    // A connection from before the reload lives on.
    assert!(within(trusts_old.ask("abc")).await.is_ok());
}
