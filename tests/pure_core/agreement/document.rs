//! docs/agreement.md: the exceptions with their reasons, and the counts.

use std::fmt::Write as _;
use std::fs;

use super::{Judged, Opinion, Weight, full_name};

const DOCUMENT: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/docs/agreement.md");
/// What stands before the tables is written by hand.
const BEGIN: &str = "<!-- from tests/pure_core/agreement: UPDATE_DOCS=1 cargo test --test pure_core agreement -->\n";

/// Cases in which certdrop weighs otherwise than the clients, each with its reason.
pub(super) const EXCEPTIONS: [(&str, &str); 31] = [
    (
        "name constraints: domain names: wildcard wider than excluded",
        "OpenSSL alone accepts it. Go and rustls refuse it, because the wildcard covers an excluded name.",
    ),
    (
        "name constraints: addresses: a mask with a gap",
        "OpenSSL alone accepts it. RFC 5280, section 4.2.1.10 wants a mask as RFC 4632 defines it.",
    ),
    (
        "name constraints: other names: permitted: another directory name",
        OTHER_NAMES,
    ),
    (
        "name constraints: other names: excluded: the directory name",
        OTHER_NAMES,
    ),
    (
        "name constraints: other names: permitted: another mail",
        OTHER_NAMES,
    ),
    (
        "name constraints: other names: permitted: another URI",
        OTHER_NAMES,
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
        "A warning (`common-name-not-listed`) about a name that clients do not look at, though its owner may rely on it.",
    ),
    ("names of the leaf: an address as a domain name", ONE_NAME),
    ("names of the leaf: wildcard in the second label", ONLY_NAME),
    ("names of the leaf: a dot at the end", ONLY_NAME),
    ("names of the leaf: a zero octet", ONE_NAME),
    ("names of the leaf: a blank", ONE_NAME),
    ("names of the leaf: a label of 64 characters", ONE_NAME),
    (
        "names of the leaf: an address of five octets beside",
        ODD_NAMES,
    ),
    ("names of the leaf: a mail beyond ASCII beside", ODD_NAMES),
    ("names of the leaf: a URI that is none beside", ODD_NAMES),
    (
        "validity: intermediate ends a day before the leaf",
        "A warning (`chain-expires-first`): it works until then, and the CA's next intermediate can be dropped before.",
    ),
];

const ROOT: &str =
    "OpenSSL and Go refuse it. rustls takes of a root its name, key and name constraints alone.";
const REPEATED: &str = "OpenSSL and Go refuse it, and RFC 5280 forbids it.";
const OTHER_NAMES: &str = "Names of this kind are left to rustls, which compares none of them and refuses all; so the chain that others accept and the one that they refuse get the same warning.";
const ODD_NAMES: &str = "Go alone refuses it, for a kind of name that no TLS server has.";
const ONLY_NAME: &str = "A warning (`name-invalid`): OpenSSL and Go compare a name that is no domain name letter by letter, so that one who asks for just these letters is served.";
const ONE_NAME: &str =
    "The warning is about one name, which no client can ask for. The others are matched.";

/// Those of them that a client refuses and certdrop says nothing of.
pub(super) const ACCEPTED_WITHOUT_A_WORD: [&str; 3] = [
    "names of the leaf: an address of five octets beside",
    "names of the leaf: a mail beyond ASCII beside",
    "names of the leaf: a URI that is none beside",
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
