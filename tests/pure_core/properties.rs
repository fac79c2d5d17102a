//! What holds for every bundle, whatever its order and whatever else lies in it.

use std::fs;
use std::process::Command;
use std::sync::LazyLock;

use certdrop::bundle::{Part, read};
use certdrop::secret::SecretBytes;
use certdrop::validate::{
    IncludeRoot, OnRefusedByClients, Policy, ValidatedBundle, Verdict, validate,
};
use certdrop_test_support::outside;
use proptest::prelude::*;
use rcgen::{
    BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair, PKCS_ECDSA_P256_SHA256,
    PKCS_ECDSA_P384_SHA384, SignatureAlgorithm,
};
use time::{Duration, OffsetDateTime};

/// One PKI: the leaf's key, and PEM of leaf, two intermediates and root.
struct Pki {
    key: String,
    chain: [String; 4],
}

fn pki(name: &str, algorithm: &'static SignatureAlgorithm) -> Pki {
    let key = || KeyPair::generate_for(algorithm).expect("a key");
    let mut signer: Option<Issuer<'static, KeyPair>> = None;
    let mut made = Vec::new();
    for level in ["root", "upper", "lower"] {
        let (parameters, key) = (authority(&format!("{name} {level}")), key());
        let certificate = match &signer {
            None => parameters.self_signed(&key),
            Some(signer) => parameters.signed_by(&key, signer),
        };
        made.push(certificate.expect("signed").pem());
        signer = Some(Issuer::new(parameters, key));
    }
    let key = key();
    let mut parameters = CertificateParams::new([format!("{name}.example.com")]).expect("a name");
    validity(&mut parameters);
    parameters.use_authority_key_identifier_extension = true;
    let leaf = parameters
        .signed_by(&key, &signer.expect("three levels"))
        .expect("signed");
    let [root, upper, lower] = made.try_into().expect("three levels");
    Pki {
        key: key.serialize_pem(),
        chain: [leaf.pem(), lower, upper, root],
    }
}

fn authority(name: &str) -> CertificateParams {
    let mut parameters = CertificateParams::default();
    validity(&mut parameters);
    parameters.distinguished_name.push(DnType::CommonName, name);
    parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    parameters
}

fn validity(parameters: &mut CertificateParams) {
    parameters.not_before = now() - Duration::days(1);
    parameters.not_after = now() + Duration::days(80);
}

fn now() -> OffsetDateTime {
    static NOW: LazyLock<OffsetDateTime> = LazyLock::new(|| {
        // `openssl verify` goes by the clock.
        let now = outside::now();
        now.replace_nanosecond(0).expect("whole seconds")
    });
    *NOW
}

static OURS: LazyLock<[Pki; 2]> = LazyLock::new(|| {
    [
        pki("ours", &PKCS_ECDSA_P256_SHA256),
        pki("ours", &PKCS_ECDSA_P384_SHA384),
    ]
});
static STRANGERS: LazyLock<Pki> = LazyLock::new(|| pki("theirs", &PKCS_ECDSA_P256_SHA256));

fn judged(blocks: &[String]) -> Option<ValidatedBundle> {
    let part = Part {
        name: "bundle.pem".to_owned(),
        bytes: SecretBytes::new(blocks.concat().into_bytes()),
    };
    let policy = Policy {
        now: now(),
        expiry_warning: Duration::days(30),
        include_root: IncludeRoot::Never,
        on_refused_by_clients: OnRefusedByClients::Reject,
    };
    match validate(read(&[part], &[]), &policy) {
        Verdict::Accepted(valid, _) => Some(valid),
        Verdict::Rejected(_) => None,
    }
}

/// Blocks of one bundle with duplicates and strangers, in any order.
fn soup() -> impl Strategy<Value = (usize, Vec<String>)> {
    let picks = (
        0..2_usize,
        prop::collection::vec(0..4_usize, 0..4),
        prop::collection::vec(0..4_usize, 0..4),
        prop::collection::vec(0..4_usize, 0..4),
        any::<bool>(),
    );
    picks
        .prop_map(|(which, again, strange, alike, with_root)| {
            let ours = &OURS[which];
            let mut blocks = vec![ours.key.clone()];
            blocks.extend(ours.chain[..3].iter().cloned());
            blocks.extend(with_root.then(|| ours.chain[3].clone()));
            blocks.extend(again.into_iter().map(|index| ours.chain[index].clone()));
            blocks.extend(
                strange
                    .into_iter()
                    .map(|index| STRANGERS.chain[index].clone()),
            );
            // The same names with other keys.
            let theirs = &OURS[1 - which].chain;
            blocks.extend(alike.into_iter().map(|index| theirs[index].clone()));
            (which, blocks)
        })
        .prop_flat_map(|(which, blocks)| (Just(which), Just(blocks).prop_shuffle()))
}

proptest! {
    #[test]
    fn order_duplicates_and_strangers_change_nothing((which, blocks) in soup()) {
        let plain = [vec![OURS[which].key.clone()], OURS[which].chain[..3].to_vec()].concat();
        let plain = judged(&plain).expect("the plain bundle is accepted");
        let mixed = judged(&blocks).expect("the mixed bundle is accepted");
        prop_assert_eq!(mixed.certificate_pem(), plain.certificate_pem());
        prop_assert_eq!(mixed.chain_pem(), plain.chain_pem());
        prop_assert!(*mixed.private_key_pem() == *plain.private_key_pem());
    }
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(24))]

    #[test]
    fn what_acm_is_sent_passes_openssl((_, blocks) in soup()) {
        let sent = judged(&blocks).expect("the bundle is accepted");
        let folder = tempfile::tempdir().expect("a folder");
        let write = |name: &str, text: &str| fs::write(folder.path().join(name), text).expect("it is writable");
        write("leaf.pem", &sent.certificate_pem());
        write("chain.pem", &sent.chain_pem().expect("a chain"));
        write("key.pem", &sent.private_key_pem());
        let openssl = |arguments: &[&str]| {
            let output = Command::new("openssl").args(arguments).current_dir(folder.path()).output();
            output.expect("openssl is needed by this test: apt-get install openssl")
        };
        // The last of the chain is the anchor, whatever it is: the chain proves all below it.
        let verified = openssl(&["verify", "-partial_chain", "-trusted", "chain.pem", "leaf.pem"]);
        prop_assert!(verified.status.success(), "{}", String::from_utf8_lossy(&verified.stderr));
        let of_key = openssl(&["pkey", "-in", "key.pem", "-pubout"]);
        let of_leaf = openssl(&["x509", "-in", "leaf.pem", "-noout", "-pubkey"]);
        prop_assert!(of_key.status.success());
        prop_assert_eq!(of_key.stdout, of_leaf.stdout);
    }
}
