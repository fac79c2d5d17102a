//! Version, issuer, extensions, sizes, and what else stands in the bundle.

use time::OffsetDateTime;

use crate::certificate::Certificate;
use crate::finding::{self, Finding};
use crate::validate::Served;

/// Characters of an OCSP address (ACM User Guide, prerequisites for importing certificates).
const OCSP_URL_CHARACTERS: usize = 1_000;

/// Bytes of PEM that `Certificate` of ImportCertificate takes.
///
/// Source: <https://docs.aws.amazon.com/acm/latest/APIReference/API_ImportCertificate.html>
const CERTIFICATE_PEM_BYTES: usize = 32_768;

/// Bytes of PEM that `CertificateChain` of ImportCertificate takes. Source: as above.
const CHAIN_PEM_BYTES: usize = 2_097_152;

pub(super) fn findings(served: &Served, strangers: usize, now: OffsetDateTime) -> Vec<Finding> {
    let leaf = &served.leaf;
    [
        version(leaf),
        issuer(leaf),
        ocsp_url(leaf),
        sizes(served),
        self_signed(leaf),
        root(served, now),
        left_over(served, strangers),
    ]
    .into_iter()
    .flatten()
    .chain(odd_numbers_and_texts(served))
    .collect()
}

/// What keeps Go from reading a certificate, and OpenSSL too where it is no DER.
fn odd_numbers_and_texts(served: &Served) -> impl Iterator<Item = Finding> {
    let all = served.without_root().chain(&served.root);
    all.flat_map(|certificate| {
        let departures = [
            (
                certificate.has_negative_serial,
                "Its serial number is negative, which Go refuses.",
            ),
            (
                certificate.has_malformed_serial,
                "Its serial number has no octet or more than it needs, which OpenSSL and Go refuse.",
            ),
            (
                certificate.subject.has_malformed_text,
                "Its subject has a text with other characters than its string type allows, which Go refuses, and for some types OpenSSL.",
            ),
        ];
        let departures = departures.into_iter().filter(|(departs, _)| *departs);
        let rule = &finding::REFUSED_BY_SOME_CLIENTS;
        departures.map(move |(_, message)| Finding::new(rule, &certificate.subject, message))
    })
}

fn version(leaf: &Certificate) -> Option<Finding> {
    (leaf.version != 3).then(|| {
        let message = format!("It is an X.509 version {} certificate.", leaf.version);
        Finding::new(&finding::NOT_V3, &leaf.subject, message)
    })
}

fn issuer(leaf: &Certificate) -> Option<Finding> {
    leaf.issuer.is_empty().then(|| {
        Finding::new(
            &finding::ISSUER_EMPTY,
            &leaf.subject,
            "Its issuer is empty.",
        )
    })
}

fn ocsp_url(leaf: &Certificate) -> Option<Finding> {
    let longest = leaf.ocsp_urls.iter().map(|url| url.chars().count()).max()?;
    (longest > OCSP_URL_CHARACTERS).then(|| {
        let message =
            format!("Its OCSP address has {longest} characters; ACM takes {OCSP_URL_CHARACTERS}.");
        Finding::new(&finding::OCSP_URL_TOO_LONG, &leaf.subject, message)
    })
}

fn sizes(served: &Served) -> Option<Finding> {
    let leaf = pem_bytes(&served.leaf);
    let chain: usize = served.authorities().map(pem_bytes).sum();
    let (what, size, limit) = if leaf > CERTIFICATE_PEM_BYTES {
        ("certificate", leaf, CERTIFICATE_PEM_BYTES)
    } else if chain > CHAIN_PEM_BYTES {
        ("chain", chain, CHAIN_PEM_BYTES)
    } else {
        return None;
    };
    let message = format!("The {what} has {size} bytes as PEM; ACM takes {limit}.");
    Some(Finding::new(
        &finding::CERTIFICATE_TOO_LARGE,
        &served.leaf.subject,
        message,
    ))
}

/// Base64 in lines of 64 characters, with the BEGIN and END lines of CERTIFICATE.
fn pem_bytes(certificate: &Certificate) -> usize {
    let digits = certificate.der().len().div_ceil(3) * 4;
    digits + digits.div_ceil(64) + "-----BEGIN CERTIFICATE-----\n-----END CERTIFICATE-----\n".len()
}

fn self_signed(leaf: &Certificate) -> Option<Finding> {
    leaf.is_self_issued().then(|| {
        Finding::new(
            &finding::SELF_SIGNED,
            &leaf.subject,
            "It is signed by its own key.",
        )
    })
}

fn root(served: &Served, now: OffsetDateTime) -> Option<Finding> {
    served.root.as_ref().map(|root| {
        let message = if root.is_valid_at(now) {
            "The bundle holds this root."
        } else {
            "The bundle holds this root, which is out of its validity and so not sent."
        };
        Finding::new(&finding::ROOT_IN_BUNDLE, &root.subject, message)
    })
}

fn left_over(served: &Served, strangers: usize) -> Option<Finding> {
    (strangers > 0).then(|| {
        let message = match strangers {
            1 => "A certificate of the bundle is not part of its chain.".to_owned(),
            _ => format!("{strangers} certificates of the bundle are not part of its chain."),
        };
        Finding::new(&finding::STRANGERS_IN_BUNDLE, &served.leaf.subject, message)
    })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::validate::pem;
    use rcgen::{CertificateParams, KeyPair, SanType};

    /// With so many names, the first of them this long.
    fn certificate(names: usize, length: usize) -> Certificate {
        let list = (0..names).map(|number| {
            let length = if number == 0 { length } else { 60 };
            let name = format!("{number}.{}.example.com", "a".repeat(length));
            SanType::DnsName(name.try_into().expect("ASCII"))
        });
        let mut parameters = CertificateParams::default();
        parameters.subject_alt_names = list.collect();
        let key = KeyPair::generate().expect("a key");
        let signed = parameters.self_signed(&key).expect("signed");
        Certificate::from_der(signed.der()).expect("a certificate")
    }

    fn sent(certificate: &Certificate) -> usize {
        pem("CERTIFICATE", certificate.der()).len()
    }

    fn told(leaf: &Certificate, intermediates: Vec<Certificate>) -> Option<String> {
        let served = Served {
            leaf: leaf.clone(),
            intermediates,
            root: None,
        };
        sizes(&served).map(|finding| finding.message)
    }

    #[test]
    fn a_certificate_is_as_large_as_the_pem_that_is_sent() {
        for length in 1..=60 {
            let certificate = certificate(1, length);
            assert_eq!(pem_bytes(&certificate), sent(&certificate));
        }
    }

    #[test]
    fn a_certificate_has_at_most_32_768_bytes() {
        let mut sides = [false; 2];
        for names in 300..320 {
            let certificate = certificate(names, 60);
            let size = sent(&certificate);
            let is_too_large = size > 32_768;
            sides[usize::from(is_too_large)] = true;
            let message = format!("The certificate has {size} bytes as PEM; ACM takes 32768.");
            assert_eq!(
                told(&certificate, Vec::new()),
                is_too_large.then_some(message)
            );
        }
        assert_eq!(sides, [true, true], "both sides of the limit");
    }

    #[test]
    fn a_chain_has_at_most_2_mib() {
        let limit = 2 * 1024 * 1024;
        let leaf = certificate(1, 1);
        // Some so many of one size and so many of another are just as many bytes.
        let small: Vec<_> = (1..=60).map(|length| certificate(1, length)).collect();
        let pairs = small
            .iter()
            .flat_map(|one| small.iter().map(move |other| (one, other)));
        let mut chains = pairs.filter_map(|(one, other)| {
            let (one_size, other_size) = (sent(one), sent(other));
            let ones = (0..other_size).find(|ones| (limit - ones * one_size) % other_size == 0)?;
            let others = (limit - ones * one_size) / other_size;
            Some([vec![one.clone(); ones], vec![other.clone(); others]].concat())
        });
        let mut chain = chains.next().expect("such a chain");
        assert_eq!(told(&leaf, chain.clone()), None);
        chain.push(leaf.clone());
        let size = limit + sent(&leaf);
        let expected = format!("The chain has {size} bytes as PEM; ACM takes 2097152.");
        assert_eq!(told(&leaf, chain), Some(expected));
    }
}
