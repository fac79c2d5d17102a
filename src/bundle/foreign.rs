//! Files that people have beside or instead of a bundle, and that certdrop does not read: told by
//! their first bytes, so that the verdict says how to convert them.

use super::Reading;
use crate::finding::{self, Finding};

/// What a key of PuTTY begins with.
pub(super) const PUTTY: &str = "PuTTY-User-Key-File-";

/// Adds what there is to say about `text`. Answers whether it is of a kind that we know by name.
pub(super) fn read(text: &str, place: &str, reading: &mut Reading<'_>) -> bool {
    let start = text.trim_start();
    if start.starts_with(PUTTY) {
        reading.closed(
            Finding::new(&finding::KEY_UNSUPPORTED, place, "It is a private key of PuTTY.").with_remedy(
                "If the certificate was made for this key, convert it: `puttygen FILE -O private-openssh -o key.pem`.",
            ),
        );
        return true;
    }
    let is_sealed = |line: &str| line.trim_end() == "kind: SealedSecret";
    if text.lines().any(is_sealed) || text.contains("\"kind\":\"SealedSecret\"") {
        reading.closed_store(
            Finding::new(
                &finding::UNSUPPORTED_FORMAT,
                place,
                "It is a SealedSecret, which only its cluster can open.",
            )
            .with_remedy("Drop the secret that it became: `kubectl get secret NAME -o yaml`."),
        );
        return true;
    }
    if text.lines().any(|line| line.trim_end() == "kind: Secret") {
        let message = "It should be a Kubernetes secret, but is no valid YAML.";
        reading.closed_store(Finding::new(&finding::MALFORMED, place, message));
        return true;
    }
    false
}

/// The same for `bytes` that are a key store of Bouncy Castle: its version, and 20 bytes of salt.
pub(super) fn bouncy_castle(bytes: &[u8], place: &str, reading: &mut Reading<'_>) -> bool {
    let is_bks = matches!(bytes, [0, 0, 0, 1 | 2, 0, 0, 0, 20, ..]);
    if is_bks {
        reading.closed_store(
            Finding::new(&finding::UNSUPPORTED_FORMAT, place, "It is a key store of Bouncy Castle (BKS).")
                .with_remedy(
                    "Convert it: `keytool -importkeystore -srckeystore OLD -srcstoretype BKS -destkeystore NEW.p12 -deststoretype PKCS12`, with Bouncy Castle as `-provider`.",
                ),
        );
    }
    is_bks
}
