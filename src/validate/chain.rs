//! The path from the leaf to a root, by name and signature (RFC 5280, section 6; RFC 4158).

mod path;

use std::collections::HashMap;

use time::OffsetDateTime;

use super::Served;
use super::signature::{self, SignatureFault};
use crate::certificate::{Certificate, public_key_from_info_content};
use crate::finding::Finding;
use path::{End, Path, SignatureProblem};

/// Signatures checked for one bundle. Five same-named issuers on each of five levels need 25; the
/// worst RSA key needs 1 ms for one.
const SIGNATURE_CHECKS: usize = 60;

/// Certificates looked at for one bundle while searching: bounds the paths through a mesh of
/// cross-signed CAs, whose number grows exponentially (CVE-2018-16875).
const STEPS: usize = 1_000;

/// Builds the best chain for `leaf`, one of `certificates`: one that is complete and valid at `now`
/// before one that is not, then the shortest. The findings are about the chain as such.
pub(super) fn build(
    certificates: &[Certificate],
    leaf: &Certificate,
    now: OffsetDateTime,
) -> (Served, Vec<Finding>) {
    build_below(certificates, leaf, now, has_public_issuer)
}

/// As [`build`], with `has_public_issuer` to tell what is signed by a root that clients have.
fn build_below(
    certificates: &[Certificate],
    leaf: &Certificate,
    now: OffsetDateTime,
    has_public_issuer: fn(&Certificate) -> bool,
) -> (Served, Vec<Finding>) {
    let mut search = Search {
        certificates,
        now,
        has_public_issuer,
        checked: HashMap::new(),
        steps: 0,
        best: Path {
            members: vec![leaf],
            end: End::LeafAlone,
        },
    };
    search.extend(&mut vec![leaf]);
    let path = search.best;
    let mut above: Vec<_> = path.members.iter().skip(1).copied().cloned().collect();
    let root = match path.end {
        End::Root => above.pop(),
        _ => None,
    };
    let served = Served {
        leaf: leaf.clone(),
        intermediates: above,
        root,
    };
    (served, path.findings())
}

struct Search<'a> {
    certificates: &'a [Certificate],
    now: OffsetDateTime,
    has_public_issuer: fn(&Certificate) -> bool,
    /// Signatures that were checked, by the addresses of the signed one and the signer.
    checked: HashMap<[*const Certificate; 2], Result<(), SignatureProblem>>,
    steps: usize,
    best: Path<'a>,
}

impl<'a> Search<'a> {
    /// Tries all ways up from the last of `members`.
    fn extend(&mut self, members: &mut Vec<&'a Certificate>) {
        let Some(&last) = members.last() else { return };
        self.steps += 1;
        // No finding: the best path so far counts, and the rules judge that one.
        if self.steps > STEPS {
            return;
        }
        let mut problems = Vec::new();
        let mut extended = false;
        for issuer in self.issuers_by_name(last) {
            match self.verify(last, issuer) {
                // Self-signed, so nothing is above it. Whether clients trust it is another question: ACM takes
                // private CAs too.
                Ok(()) if std::ptr::eq(issuer, last) => {
                    self.offer(members, End::Root);
                    extended = true;
                }
                // No certificate twice in a path (RFC 4158, section 2.4.1): CAs that sign each other make circles.
                Ok(()) if !members.iter().any(|member| std::ptr::eq(*member, issuer)) => {
                    members.push(issuer);
                    self.extend(members);
                    members.pop();
                    extended = true;
                }
                Ok(()) => {}
                Err(problem) => problems.push(problem),
            }
        }
        if !extended {
            let end = self.end_of(members, problems.into_iter().min());
            self.offer(members, end);
        } else if members.len() > 1
            && self.best.is_defective(self.now)
            && (self.has_public_issuer)(last)
        {
            // What continues is an old cross-sign of a root that clients have.
            self.offer(members, End::PublicRoot);
        }
    }

    /// Certificates with the name of `child`'s issuer, those whose key identifier the child names
    /// first. `child` itself is among them where it is self-issued.
    fn issuers_by_name(&self, child: &Certificate) -> Vec<&'a Certificate> {
        let named = |candidate: &&Certificate| candidate.subject == child.issuer;
        let mut found: Vec<_> = self.certificates.iter().filter(named).collect();
        // Identifiers are hints (RFC 5280, section 4.2.1.1): they order, the signature decides.
        found.sort_by_key(|candidate| {
            child.authority_key_id.is_some() && child.authority_key_id != candidate.subject_key_id
        });
        found
    }

    fn verify(
        &mut self,
        child: &Certificate,
        issuer: &Certificate,
    ) -> Result<(), SignatureProblem> {
        let pair = [std::ptr::from_ref(child), std::ptr::from_ref(issuer)];
        // In a mesh the same pair is on many paths. It is verified once, and counted once.
        if let Some(known) = self.checked.get(&pair) {
            return known.clone();
        }
        if self.checked.len() >= SIGNATURE_CHECKS {
            return Err(SignatureProblem::TooManyChecks);
        }
        let result = signature::verify(child, &issuer.public_key).map_err(|fault| match fault {
            SignatureFault::Unsupported(name) => SignatureProblem::Unsupported(name),
            SignatureFault::Invalid => SignatureProblem::Invalid {
                issuer_serial: issuer.serial.to_string(),
                // Unless the child means this very key, by its identifier.
                issuer_may_be_another: issuer.is_self_issued()
                    && (child.authority_key_id.is_none()
                        || child.authority_key_id != issuer.subject_key_id),
            },
        });
        self.checked.insert(pair, result.clone());
        result
    }

    /// How a path ends that nothing in the bundle continues; `problem` is why the certificates with
    /// the right name do not.
    fn end_of(&self, members: &[&Certificate], problem: Option<SignatureProblem>) -> End {
        let [_, authorities @ ..] = members else {
            return End::LeafAlone;
        };
        match (problem, authorities.last()) {
            // A root of the right name and the wrong key is a stranger, as if it were not there.
            (
                Some(SignatureProblem::Invalid {
                    issuer_may_be_another: true,
                    ..
                })
                | None,
                Some(top),
            ) => {
                if (self.has_public_issuer)(top) {
                    End::PublicRoot
                } else {
                    End::UnknownIssuer
                }
            }
            (Some(problem), _) => End::Unsigned(problem),
            (None, None) => End::LeafAlone,
        }
    }

    fn offer(&mut self, members: &[&'a Certificate], end: End) {
        let path = Path {
            members: members.to_vec(),
            end,
        };
        // Of equals the first stays, whose issuers are those that the key identifiers name.
        if path.rank(self.now) < self.best.rank(self.now) {
            self.best = path;
        }
    }
}

/// `top` is signed by a root of Mozilla's list, by name and signature: itself one, or below one.
pub(super) fn has_public_issuer(top: &Certificate) -> bool {
    webpki_roots::TLS_SERVER_ROOTS
        .iter()
        .filter(|root| top.issuer.has_content(&root.subject))
        // Anybody can make a CA of that name. Only the root's key verifies the signature.
        .filter_map(|root| public_key_from_info_content(&root.subject_public_key_info).ok())
        .any(|key| signature::verify(top, &key).is_ok())
}

#[cfg(test)]
mod tests {
    use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};
    use time::Duration;
    use time::macros::datetime;

    use super::*;

    const NOW: OffsetDateTime = datetime!(2026-12-01 00:00 UTC);

    fn parameters(name: &str, end: OffsetDateTime, is_ca: bool) -> CertificateParams {
        let mut parameters = CertificateParams::default();
        parameters.distinguished_name.push(DnType::CommonName, name);
        parameters.not_before = NOW - Duration::days(900);
        parameters.not_after = end;
        if is_ca {
            parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        }
        parameters
    }

    /// A certificate named `name` for `key`, by the authority `issuer` with `issuer_key`.
    fn signed(
        name: &str,
        key: &KeyPair,
        issuer: &str,
        issuer_key: &KeyPair,
        end: OffsetDateTime,
    ) -> Certificate {
        let issuer = parameters(issuer, end, true);
        let issuer = Issuer::from_params(&issuer, issuer_key);
        let signed = parameters(name, end, name != "leaf").signed_by(key, &issuer);
        Certificate::from_der(signed.expect("signed").der()).expect("a certificate")
    }

    /// Let's Encrypt's chains of 2021 ended in such a cross-sign, and it expired before the leaves did.
    #[test]
    fn an_expired_cross_sign_of_a_public_root_is_left_out() {
        let [leaf, lower, root, older] = [(); 4].map(|()| KeyPair::generate().expect("a key"));
        let end = NOW + Duration::days(60);
        let certificates = [
            signed("leaf", &leaf, "lower", &lower, end),
            signed("lower", &lower, "root", &root, end),
            signed("root", &root, "older", &older, NOW - Duration::days(1)),
        ];
        let public = |top: &Certificate| top.issuer.common_name() == Some("root");
        let (served, findings) = build_below(&certificates, &certificates[0], NOW, public);
        assert!(findings.is_empty(), "{findings:?}");
        assert_eq!(served.intermediates, certificates[1..2]);

        let (served, _) = build_below(&certificates, &certificates[0], NOW, |_| false);
        assert_eq!(
            served.intermediates,
            certificates[1..3],
            "nothing else to end at"
        );
    }

    #[test]
    fn a_leaf_is_not_sent_alone_though_a_public_root_signed_it() {
        let [leaf, root, older] = [(); 3].map(|()| KeyPair::generate().expect("a key"));
        let end = NOW + Duration::days(60);
        let certificates = [
            signed("leaf", &leaf, "root", &root, end),
            signed("root", &root, "older", &older, NOW - Duration::days(1)),
        ];
        let public = |top: &Certificate| top.issuer.common_name() == Some("root");
        let (served, _) = build_below(&certificates, &certificates[0], NOW, public);
        assert_eq!(served.intermediates, certificates[1..2]);
    }

    /// CVE-2018-16875: two certificates of each CA are 2^14 paths up.
    #[test]
    fn a_mesh_of_cas_is_given_up_on_after_a_thousand_steps() {
        let end = NOW + Duration::days(60);
        let keys: Vec<_> = (0..=14)
            .map(|_| KeyPair::generate().expect("a key"))
            .collect();
        let mut certificates = Vec::new();
        for level in 1..=14 {
            let (name, issuer) = (format!("{}", level - 1), format!("{level}"));
            let name = if level == 1 { "leaf" } else { &name };
            for days in [0, 1] {
                let end = end + Duration::days(days);
                let certificate = signed(name, &keys[level - 1], &issuer, &keys[level], end);
                certificates.push(certificate);
            }
        }
        let leaf = &certificates[0];
        let mut search = Search {
            certificates: &certificates,
            now: NOW,
            has_public_issuer: |_| false,
            checked: HashMap::new(),
            steps: 0,
            best: Path {
                members: vec![leaf],
                end: End::LeafAlone,
            },
        };
        search.extend(&mut vec![leaf]);
        // What was begun ends: a step more for each level.
        assert!(
            (STEPS..STEPS + 20).contains(&search.steps),
            "{}",
            search.steps
        );
        assert_eq!(search.best.members.len(), 14, "and there is a chain");
    }

    /// Source: <https://letsencrypt.org/certificates/>
    const ISRG_ROOT_X2: &str = "MIICGzCCAaGgAwIBAgIQQdKd0XLq7qeAwSxs6S+HUjAKBggqhkjOPQQDAzBPMQsw\
        CQYDVQQGEwJVUzEpMCcGA1UEChMgSW50ZXJuZXQgU2VjdXJpdHkgUmVzZWFyY2gg\
        R3JvdXAxFTATBgNVBAMTDElTUkcgUm9vdCBYMjAeFw0yMDA5MDQwMDAwMDBaFw00\
        MDA5MTcxNjAwMDBaME8xCzAJBgNVBAYTAlVTMSkwJwYDVQQKEyBJbnRlcm5ldCBT\
        ZWN1cml0eSBSZXNlYXJjaCBHcm91cDEVMBMGA1UEAxMMSVNSRyBSb290IFgyMHYw\
        EAYHKoZIzj0CAQYFK4EEACIDYgAEzZvVn4CDCuwJSvMWSj5cz3es3mcFDR0HttwW\
        +1qLFNvicWDEukWVEYmO6gbf9yoWHKS5xcUy4APgHoIYOIvXRdgKam7mAHf7AlF9\
        ItgKbppbd9/w+kHsOdx1ymgHDB/qo0IwQDAOBgNVHQ8BAf8EBAMCAQYwDwYDVR0T\
        AQH/BAUwAwEB/zAdBgNVHQ4EFgQUfEKWrt5LSDv6kviejM9ti6lyN5UwCgYIKoZI\
        zj0EAwMDaAAwZQIwe3lORlCEwkSHRhtFcP9Ymd70/aTSVaYgLXTWNLxBo1BfASdW\
        tL4ndQavEi51mI38AjEAi/V3bNTIZargCyzuFJ0nN6T5U6VR5CmD1/iQMVtCnwr1\
        /q4AaOeMSQ+2b1tbFfLn";

    #[test]
    fn a_public_root_is_known_by_its_key_and_not_by_its_name() {
        use base64::Engine as _;
        let der = base64::engine::general_purpose::STANDARD.decode(ISRG_ROOT_X2);
        let root = Certificate::from_der(&der.expect("base64")).expect("a certificate");
        assert!(has_public_issuer(&root));

        let key = KeyPair::generate().expect("a key");
        let mut forged = CertificateParams::default();
        forged.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        let mut name = rcgen::DistinguishedName::new();
        for (kind, value) in [
            (DnType::CountryName, "US"),
            (DnType::OrganizationName, "Internet Security Research Group"),
            (DnType::CommonName, "ISRG Root X2"),
        ] {
            let value = value.to_owned().try_into().expect("printable");
            name.push(kind, rcgen::DnValue::PrintableString(value));
        }
        forged.distinguished_name = name;
        let forged = forged.self_signed(&key).expect("signed");
        let forged = Certificate::from_der(forged.der()).expect("a certificate");
        assert_eq!(forged.subject, root.subject, "the name is the same");
        assert!(!has_public_issuer(&forged));
    }
}
