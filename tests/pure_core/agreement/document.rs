//! docs/agreement.md: the exceptions with their reasons, and the counts.

use std::fmt::Write as _;
use std::fs;

use super::{Judged, Opinion, Weight, full_name};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/agreement.md");
/// What stands before the tables is written by hand.
const BEGIN: &str = "<!-- from tests/pure_core/agreement: UPDATE_DOCS=1 cargo test --test pure_core agreement -->\n";

/// Cases in which certdrop weighs otherwise than the clients, each with its reason.
pub(super) const EXCEPTIONS: [(&str, &str); 34] = [
    (
        "name constraints: domain names: wildcard wider than excluded",
        "OpenSSL alone accepts it. Go and rustls refuse it, because the wildcard covers an excluded name.",
    ),
    (
        "name constraints: addresses: a mask with a gap",
        "OpenSSL alone accepts it. RFC 5280, section 4.2.1.10 wants a mask as RFC 4632 defines it.",
    ),
    (
        "extended key usages: leaf: clients alone",
        "A warning (`no-server-auth`): the certificate may serve another purpose than TLS servers.",
    ),
    ("critical extensions: unknown, in the root", ROOT),
    (
        "repeated extensions: subject key identifier, in the leaf",
        REPEATED,
    ),
    (
        "repeated extensions: authority key identifier, in the leaf",
        REPEATED,
    ),
    (
        "repeated extensions: subject key identifier, in the intermediate",
        REPEATED,
    ),
    (
        "repeated extensions: subject key identifier, in the root",
        REPEATED,
    ),
    (
        "basic constraints and path lengths: root: 0, one below",
        ROOT,
    ),
    (
        "basic constraints and path lengths: root: 1, two below",
        ROOT,
    ),
    (
        "basic constraints and path lengths: root: no basic constraints",
        "Go and strict OpenSSL refuse it, and RFC 5280, section 6.1.4 (k) forbids it. rustls takes of a root its name, key and name constraints alone.",
    ),
    ("basic constraints and path lengths: root: no CA", ROOT),
    (
        "basic constraints and path lengths: the leaf is a CA",
        "Rejected for another reason (`not-a-leaf`): the private key in the bundle is a CA's, which should not leave it.",
    ),
    (
        "basic constraints and path lengths: the leaf is of version 1",
        "Rejected for another reason (`not-v3`): ACM's guide asks for version 3.",
    ),
    (
        "key usages: intermediate: signs no certificates",
        "OpenSSL and Go refuse it. rustls does not look at key usages.",
    ),
    ("key usages: root: signs no certificates", ROOT),
    (
        "names of the leaf: common name not among the names",
        COMMON_NAME,
    ),
    ("names of the leaf: an address as a domain name", ONE_NAME),
    ("names of the leaf: wildcard in the second label", ONLY_NAME),
    ("names of the leaf: a dot at the end", ONLY_NAME),
    ("names of the leaf: a zero octet", ONE_NAME),
    ("names of the leaf: a blank", ONE_NAME),
    ("names of the leaf: a label of 64 characters", ONE_NAME),
    (
        "names of the leaf: a URI that is none beside",
        "Go alone refuses it, for a kind of name that no TLS server has. certdrop reads no URIs.",
    ),
    (
        "encoding: root: a truth value of 1",
        "Go alone refuses it: DER writes what is true as 255. rustls refuses it in other certificates, which certdrop tells.",
    ),
    (
        "names of issuers: an intermediate without a name",
        "Rejected for another reason (`issuer-empty`): ACM's guide asks for an issuer.",
    ),
    (
        "validity: longer than browsers take",
        "A warning (`lifetime-too-long`) about a rule of browsers for public CAs, which no library has.",
    ),
    (
        "validity: without seconds",
        "Go alone accepts it. RFC 5280, section 4.1.2.5 wants seconds.",
    ),
    (
        "keys: leaf: signed over SHA-1",
        "A warning (`weak-signature`): OpenSSL before 3 and others of its time still accept it.",
    ),
    ("encoding: access information that is none", UNREADABLE),
    ("encoding: a Netscape type that is none", UNREADABLE),
    (
        "name constraints: other names: permitted domain, in the common name alone",
        COMMON_NAME,
    ),
    (
        "name constraints: other names: permitted domain, the common name is of another",
        COMMON_NAME,
    ),
    (
        "validity: intermediate ends a day before the leaf",
        "A warning (`chain-expires-first`): it works until then, and the CA's next intermediate can be dropped before.",
    ),
];

const ROOT: &str =
    "OpenSSL and Go refuse it. rustls takes of a root its name, key and name constraints alone.";
const REPEATED: &str = "OpenSSL and Go refuse it, and RFC 5280 forbids it.";
const COMMON_NAME: &str = "A warning (`common-name-not-listed`) about a name that clients do not look at, as browsers' rules want it listed: its owner may rely on it.";
const UNREADABLE: &str = "One client alone refuses it. An extension that ACM or a client reads before all else must be readable (`malformed`).";
const ONLY_NAME: &str = "A warning (`name-invalid`): OpenSSL and Go compare a name that is no domain name letter by letter, so that one who asks for just these letters is served.";
const ONE_NAME: &str =
    "The warning is about one name, which no client can ask for. The others are matched.";

/// Those of them that a client refuses and certdrop says nothing of.
pub(super) const ACCEPTED_WITHOUT_A_WORD: [&str; 2] = [
    "names of the leaf: a URI that is none beside",
    "encoding: root: a truth value of 1",
];

/// Compares the tables with `judged`, or writes them with `UPDATE_DOCS`.
pub(super) fn compare_or_update(judged: &[Judged], go: &str) {
    let text = fs::read_to_string(DOCUMENT).expect("docs/agreement.md is there");
    let (by_hand, tables) = text
        .split_once(BEGIN)
        .expect("the mark stands before the tables");
    let expected = tables_of(judged, go);
    if std::env::var_os("UPDATE_DOCS").is_some() {
        fs::write(DOCUMENT, format!("{by_hand}{BEGIN}{expected}"))
            .expect("the document is writable");
        return;
    }
    assert_eq!(
        tables, expected,
        "run UPDATE_DOCS=1 cargo test --test pure_core agreement"
    );
}

fn tables_of(judged: &[Judged], go: &str) -> String {
    let mut text = String::new();
    let count = |which: &dyn Fn(&Judged) -> bool| judged.iter().filter(|one| which(one)).count();
    let _ = write!(
        text,
        "\n## Counts\n\n{} chains, judged by OpenSSL, OpenSSL in strict mode, rustls, and Go ({go}).\n\n\
         | clients | chains | rejected | accepted with a warning | accepted without a word |\n|---|---|---|---|---|\n",
        judged.len()
    );
    for (label, expected) in [
        ("all refuse", Weight::Rejected),
        ("some refuse", Weight::Warned),
        ("none refuses", Weight::Silent),
    ] {
        let of = |weight| count(&|one| one.expected() == expected && one.certdrop == weight);
        let _ = writeln!(
            text,
            "| {label} | {} | {} | {} | {} |",
            count(&|one| one.expected() == expected),
            of(Weight::Rejected),
            of(Weight::Warned),
            of(Weight::Silent)
        );
    }
    let _ = write!(
        text,
        "\n| kind | chains | all refuse | some refuse | none refuses | certdrop agrees |\n|---|---|---|---|---|---|\n"
    );
    let mut kinds: Vec<_> = judged.iter().map(|one| one.kind).collect();
    kinds.dedup();
    for kind in kinds {
        let of = |expected| count(&|one| one.kind == kind && one.expected() == expected);
        let _ = writeln!(
            text,
            "| {kind} | {} | {} | {} | {} | {} |",
            count(&|one| one.kind == kind),
            of(Weight::Rejected),
            of(Weight::Warned),
            of(Weight::Silent),
            count(&|one| one.kind == kind && one.expected() == one.certdrop)
        );
    }
    let is_disagreement = |one: &Judged| one.is_refused() == (one.certdrop == Weight::Silent);
    for (heading, listed) in [
        ("Exceptions: other words than the clients'", true),
        (
            "Weighed otherwise: rejected though some accept, or accepted with a warning though all refuse",
            false,
        ),
    ] {
        let _ = write!(
            text,
            "\n## {heading}\n\n| chain | OpenSSL | strict | rustls | Go | certdrop | why |\n|---|---|---|---|---|---|---|\n"
        );
        for (name, reason) in EXCEPTIONS {
            let one = judged
                .iter()
                .find(|one| full_name(one.kind, one.name) == name);
            let one = one.expect("an exception is a case");
            if is_disagreement(one) == listed {
                let _ = writeln!(text, "{}", row(one, reason));
            }
        }
    }
    text
}

fn row(one: &Judged, reason: &str) -> String {
    format!(
        "| {} | {} | {} | {} | {} | {} | {reason} |",
        full_name(one.kind, one.name),
        said(&one.openssl),
        said(&one.strict),
        said(&one.rustls),
        said(&one.go),
        match one.certdrop {
            Weight::Silent => "accepts",
            Weight::Warned => "warns",
            Weight::Rejected => "rejects",
        }
    )
}

fn said(opinion: &Opinion) -> &'static str {
    match opinion {
        Ok(()) => "accepts",
        Err(_) => "refuses",
    }
}
