//! What clients say of a case: OpenSSL and rustls here and now, Go as it was recorded.

use std::collections::BTreeMap;
use std::net::IpAddr;
use std::sync::Arc;

use openssl::stack::Stack;
use openssl::x509::store::X509StoreBuilder;
use openssl::x509::verify::{X509CheckFlags, X509VerifyFlags, X509VerifyParam};
use openssl::x509::{X509, X509PurposeId, X509StoreContext};
use serde::{Deserialize, Serialize};
use time::{Duration, OffsetDateTime};
use tokio_rustls::rustls::RootCertStore;
use tokio_rustls::rustls::client::WebPkiServerVerifier;
use tokio_rustls::rustls::client::danger::ServerCertVerifier as _;
use tokio_rustls::rustls::crypto::ring;
use tokio_rustls::rustls::pki_types::{CertificateDer, ServerName, UnixTime};

use super::writer::{END, NOW};

/// The last second in which every client accepts a leaf.
pub(super) const AT_THE_END: OffsetDateTime = END.saturating_sub(Duration::SECOND);

/// A case, signed: DER.
pub(super) struct Signed {
    pub(super) host: &'static str,
    pub(super) leaf: Vec<u8>,
    /// All that is sent beside the leaf.
    pub(super) others: Vec<Vec<u8>>,
    pub(super) root: Vec<u8>,
}

/// Why a client refuses; `Ok` where it accepts, now and in the leaf's last second.
pub(super) type Opinion = Result<(), String>;

pub(super) fn openssl(case: &Signed) -> Opinion {
    in_its_life(|at| by_openssl(case, at, X509VerifyFlags::empty(), X509CheckFlags::empty()))
}

/// As Python sets it up from 3.13 on.
pub(super) fn strict(case: &Signed) -> Opinion {
    let names = X509CheckFlags::NEVER_CHECK_SUBJECT;
    in_its_life(|at| by_openssl(case, at, X509VerifyFlags::X509_STRICT, names))
}

pub(super) fn rustls(case: &Signed) -> Opinion {
    in_its_life(|at| by_rustls(case, at))
}

fn in_its_life(verify: impl Fn(OffsetDateTime) -> Opinion) -> Opinion {
    verify(NOW).and_then(|()| verify(AT_THE_END))
}

fn by_openssl(
    case: &Signed,
    at: OffsetDateTime,
    flags: X509VerifyFlags,
    names: X509CheckFlags,
) -> Opinion {
    let read = |der: &[u8]| X509::from_der(der).map_err(|_| "unreadable".to_owned());
    let leaf = read(&case.leaf)?;
    let mut parameters = X509VerifyParam::new().expect("parameters");
    parameters.set_time(at.unix_timestamp());
    parameters
        .set_purpose(X509PurposeId::SSL_SERVER)
        .expect("a purpose");
    parameters.set_flags(flags).expect("flags");
    parameters.set_hostflags(names);
    // As Debian, Ubuntu, Fedora, and OpenSSL itself from 3.2 on.
    parameters.set_auth_level(2);
    match case.host.parse::<IpAddr>() {
        Ok(address) => parameters.set_ip(address).expect("an address"),
        Err(_) => parameters.set_host(case.host).expect("a name"),
    }
    let mut store = X509StoreBuilder::new().expect("a store");
    store.add_cert(read(&case.root)?).expect("a root");
    store.set_param(&parameters).expect("parameters");
    let mut others = Stack::new().expect("a stack");
    for other in &case.others {
        others.push(read(other)?).expect("a certificate");
    }
    let mut context = X509StoreContext::new().expect("a context");
    let verified = context.init(&store.build(), &leaf, &others, |context| {
        Ok((context.verify_cert()?, context.error()))
    });
    match verified {
        Ok((true, _)) => Ok(()),
        Ok((false, error)) => Err(error.error_string().to_owned()),
        Err(_) => Err("no verdict".to_owned()),
    }
}

fn by_rustls(case: &Signed, at: OffsetDateTime) -> Opinion {
    let mut roots = RootCertStore::empty();
    let root = CertificateDer::from(case.root.clone());
    roots.add(root).map_err(|error| error.to_string())?;
    let provider = Arc::new(ring::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build();
    let verifier = verifier.expect("a verifier");
    let others: Vec<_> = case
        .others
        .iter()
        .cloned()
        .map(CertificateDer::from)
        .collect();
    let host = ServerName::try_from(case.host).map_err(|_| "no name of a server".to_owned())?;
    let seconds = at.unix_timestamp().try_into().expect("after 1970");
    let at = UnixTime::since_unix_epoch(std::time::Duration::from_secs(seconds));
    let leaf = CertificateDer::from(case.leaf.clone());
    let verdict = verifier.verify_server_cert(&leaf, &others, &host, &[], at);
    verdict.map(drop).map_err(|error| error.to_string())
}

/// What `tests/agreement/record.sh` wrote.
#[derive(Deserialize)]
pub(super) struct Recorded {
    /// `go version`.
    pub(super) go: String,
    /// By the case's name.
    pub(super) cases: BTreeMap<String, RecordedCase>,
}

#[derive(Deserialize)]
pub(super) struct RecordedCase {
    /// Of the case that was judged: another one needs another recording.
    pub(super) fingerprint: String,
    /// Why it is refused; empty where it is not.
    pub(super) error: String,
}

impl RecordedCase {
    pub(super) fn opinion(&self) -> Opinion {
        if self.error.is_empty() {
            Ok(())
        } else {
            Err(self.error.clone())
        }
    }
}

/// A case as `tests/agreement/verify.go` reads it.
#[derive(Serialize)]
pub(super) struct ForGo {
    pub(super) name: String,
    pub(super) fingerprint: String,
    pub(super) host: &'static str,
    pub(super) times: [i64; 2],
    /// Base64 of DER.
    pub(super) leaf: String,
    pub(super) others: Vec<String>,
    pub(super) root: String,
}
