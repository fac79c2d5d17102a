//! The cases: chains of the kinds in which clients, and so certdrop, may differ.

use time::Duration;

use super::der::{
    IA5, PRINTABLE, UTF8, directory, dns, email, integer, ip, name, name_in, octets, oid,
    other_name, registered_id, sequence, tlv, uri,
};
use super::writer::{
    AKI, ANY, BC, CLIENT, CODE, Digest, EKU, END, KU, Key, NC, NOW, Order, SAN, SERVER,
    SIGN_CERTIFICATES, SIGN_CRLS, SKI, constraints, key_id, names, usages,
};

/// A chain, and whom a client looks for.
pub(super) struct Case {
    pub(super) kind: &'static str,
    pub(super) name: &'static str,
    pub(super) host: &'static str,
    /// The leaf first, the root last; each is signed by the next, the root by itself.
    pub(super) chain: Vec<Order>,
    /// What else lies in the bundle, and by whom it is signed.
    pub(super) others: Vec<(Order, Order)>,
}

pub(super) const HOST: &str = "www.example.com";

/// Adds cases of one kind.
struct Kind<'a> {
    kind: &'static str,
    cases: &'a mut Vec<Case>,
}

impl Kind<'_> {
    fn add(&mut self, name: &'static str, chain: Vec<Order>) -> &mut Case {
        self.cases.push(Case {
            kind: self.kind,
            name,
            host: HOST,
            chain,
            others: Vec::new(),
        });
        self.cases.last_mut().expect("just added")
    }

    fn leaf(&mut self, name: &'static str, change: impl FnOnce(Order) -> Order) -> &mut Case {
        self.add(name, vec![change(leaf()), intermediate(), root()])
    }

    fn intermediate(
        &mut self,
        name: &'static str,
        change: impl FnOnce(Order) -> Order,
    ) -> &mut Case {
        self.add(name, vec![leaf(), change(intermediate()), root()])
    }

    fn root(&mut self, name: &'static str, change: impl FnOnce(Order) -> Order) -> &mut Case {
        self.add(name, vec![leaf(), intermediate(), change(root())])
    }

    /// The intermediate constrains names, the leaf has other ones than usual.
    fn constrained(&mut self, name: &'static str, list: Vec<u8>, sans: &[Vec<u8>]) -> &mut Case {
        let leaf = leaf().with(SAN, false, sequence(sans));
        self.add(
            name,
            vec![leaf, intermediate().with(NC, true, list), root()],
        )
    }
}

fn leaf() -> Order {
    Order::leaf()
}

fn intermediate() -> Order {
    Order::intermediate(1)
}

fn root() -> Order {
    Order::root()
}

fn with_names(sans: &[Vec<u8>]) -> impl FnOnce(Order) -> Order {
    let list = sequence(sans);
    move |order| order.with(SAN, false, list)
}

/// A chain of so many intermediates.
fn long(intermediates: u8) -> Vec<Order> {
    let between = (1..=intermediates).map(Order::intermediate);
    std::iter::once(leaf())
        .chain(between)
        .chain([root()])
        .collect()
}

pub(super) fn all() -> Vec<Case> {
    let mut cases = Vec::new();
    let mut of = |kind, add: fn(&mut Kind<'_>)| {
        add(&mut Kind {
            kind,
            cases: &mut cases,
        });
    };
    of("nothing odd", plain);
    of("name constraints: domain names", domain_constraints);
    of(
        "name constraints: domain names",
        domain_constraints_of_several,
    );
    of("name constraints: addresses", address_constraints);
    of("name constraints: other names", other_constraints);
    of("name constraints: other names", uncompared_constraints);
    of("name constraints: other names", names_in_the_subject);
    of("name constraints: several", nested_constraints);
    of("extended key usages", extended_usages);
    of("critical extensions", critical);
    of("repeated extensions", repeated);
    of("basic constraints and path lengths", path_lengths);
    of("key usages", key_usages);
    of("key identifiers", key_identifiers);
    of("names of the leaf", leaf_names);
    of("names of issuers", issuer_names);
    of("self-issued and cross-signed", crossed);
    of("validity", validity);
    of("validity", long_and_odd_validity);
    of("keys", keys);
    of("encoding", encoding);
    cases
}

fn plain(kind: &mut Kind<'_>) {
    kind.add("one intermediate", long(1));
    kind.add("no intermediate", long(0));
    kind.add("two intermediates", long(2));
    kind.add("six intermediates", long(6));
    kind.leaf("leaf without extended key usage", |leaf| leaf.without(EKU));
    kind.leaf("leaf without key usage", |leaf| leaf.without(KU));
    kind.leaf("leaf without basic constraints", |leaf| leaf.without(BC));
    kind.leaf("leaf without subject key identifier", |leaf| {
        leaf.without(SKI)
    });
    kind.leaf("leaf with an extension that nobody knows", |leaf| {
        leaf.with("1.2.3.4.5", false, octets(b"x"))
    });
    kind.leaf(
        "wildcard",
        with_names(&[dns("*.example.com"), dns("www.example.com")]),
    );
    kind.leaf(
        "an address beside the name",
        with_names(&[dns(HOST), ip(&[10, 1, 2, 3])]),
    );
    kind.leaf("certificate policies", |leaf| {
        leaf.with(
            "2.5.29.32",
            false,
            sequence(&[sequence(&[oid("2.23.140.1.2.1")])]),
        )
    });
}

fn domain_constraints(kind: &mut Kind<'_>) {
    let sans = [dns(HOST)];
    kind.constrained("permitted domain", names(&[dns("example.com")], &[]), &sans);
    kind.constrained(
        "permitted: exactly the name",
        names(&[dns(HOST)], &[]),
        &sans,
    );
    kind.constrained(
        "permitted: another domain",
        names(&[dns("example.org")], &[]),
        &sans,
    );
    kind.constrained(
        "permitted: below the name",
        names(&[dns("a.www.example.com")], &[]),
        &sans,
    );
    kind.constrained(
        "permitted: one of two",
        names(&[dns("example.org"), dns("example.com")], &[]),
        &sans,
    );
    kind.constrained("permitted: all", names(&[dns("")], &[]), &sans);
    kind.constrained(
        "permitted: upper case",
        names(&[dns("EXAMPLE.COM")], &[]),
        &sans,
    );
    kind.constrained(
        "permitted: with a dot in front",
        names(&[dns(".example.com")], &[]),
        &sans,
    );
    kind.constrained(
        "permitted: a suffix that is no domain",
        names(&[dns("ample.com")], &[]),
        &sans,
    );
    kind.constrained(
        "permitted: a wildcard",
        names(&[dns("*.example.com")], &[]),
        &sans,
    );
    kind.constrained(
        "permitted: no domain name",
        names(&[dns("exa mple.com")], &[]),
        &sans,
    );
    kind.constrained(
        "excluded: the domain",
        names(&[], &[dns("example.com")]),
        &sans,
    );
    kind.constrained(
        "excluded: exactly the name",
        names(&[], &[dns(HOST)]),
        &sans,
    );
    kind.constrained(
        "excluded: another domain",
        names(&[], &[dns("example.org")]),
        &sans,
    );
    kind.constrained("excluded: all", names(&[], &[dns("")]), &sans);
    kind.constrained(
        "excluded within permitted",
        names(&[dns("example.com")], &[dns(HOST)]),
        &sans,
    );
}

fn domain_constraints_of_several(kind: &mut Kind<'_>) {
    let two = [dns(HOST), dns("www.example.org")];
    kind.constrained(
        "permitted: one name of two",
        names(&[dns("example.com")], &[]),
        &two,
    );
    kind.constrained(
        "excluded: one name of two",
        names(&[], &[dns("example.org")]),
        &two,
    );
    let wildcard = [dns("*.example.com"), dns(HOST)];
    kind.constrained(
        "wildcard within permitted",
        names(&[dns("example.com")], &[]),
        &wildcard,
    );
    kind.constrained(
        "wildcard wider than permitted",
        names(&[dns(HOST)], &[]),
        &wildcard,
    );
    kind.constrained(
        "wildcard wider than excluded",
        names(&[], &[dns("mail.example.com")]),
        &wildcard,
    );
    kind.intermediate("not critical, and the name not permitted", |ca| {
        ca.with(NC, false, names(&[dns("example.org")], &[]))
    });
    kind.intermediate("neither permitted nor excluded", |ca| {
        ca.with(NC, true, sequence(&[]))
    });
    kind.leaf("constraints in the leaf, empty", |leaf| {
        leaf.with(NC, false, sequence(&[]))
    });
    kind.leaf("constraints in the leaf", |leaf| {
        leaf.with(NC, true, names(&[dns("example.com")], &[]))
    });
}

fn address_constraints(kind: &mut Kind<'_>) {
    let sans = [dns(HOST), ip(&[10, 1, 2, 3])];
    let of = |address: [u8; 4], mask: [u8; 4]| ip(&[address, mask].concat());
    let ten = || of([10, 0, 0, 0], [255, 0, 0, 0]);
    let other = || of([192, 168, 0, 0], [255, 255, 0, 0]);
    kind.constrained("permitted network", names(&[ten()], &[]), &sans);
    kind.constrained("permitted: another network", names(&[other()], &[]), &sans);
    kind.constrained("excluded: the network", names(&[], &[ten()]), &sans);
    kind.constrained("excluded: another network", names(&[], &[other()]), &sans);
    let none = || of([0; 4], [0; 4]);
    kind.constrained(
        "no addresses at all, the leaf has names alone",
        names(&[], &[none()]),
        &[dns(HOST)],
    );
    kind.constrained("no addresses at all", names(&[], &[none()]), &sans);
    kind.constrained(
        "permitted domain, the address is free",
        names(&[dns("example.com")], &[]),
        &sans,
    );
    kind.constrained(
        "permitted network, the name is free",
        names(&[ten()], &[]),
        &[dns(HOST)],
    );
    let v6 = |first: u8| {
        let mut bytes = [0; 32];
        bytes[0] = first;
        bytes[16] = 0xff;
        ip(&bytes)
    };
    let six = [
        dns(HOST),
        ip(&[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
    ];
    kind.constrained("permitted network of IPv6", names(&[v6(0xfd)], &[]), &six);
    kind.constrained(
        "permitted: another network of IPv6",
        names(&[v6(0x20)], &[]),
        &six,
    );
    kind.constrained(
        "permitted network of IPv4, address of IPv6",
        names(&[ten()], &[]),
        &six,
    );
    kind.constrained(
        "a network of five octets",
        names(&[ip(&[10, 0, 0, 0, 8])], &[]),
        &sans,
    );
    kind.constrained(
        "a network of five octets, the leaf has names alone",
        names(&[ip(&[10, 0, 0, 0, 8])], &[]),
        &[dns(HOST)],
    );
    kind.constrained(
        "a mask with a gap, the leaf has names alone",
        names(&[of([10, 0, 0, 3], [255, 0, 0, 255])], &[]),
        &[dns(HOST)],
    );
    kind.constrained(
        "a mask with a gap",
        names(&[of([10, 0, 0, 3], [255, 0, 0, 255])], &[]),
        &sans,
    );
}

/// The directory name of an organization.
pub(super) fn directory_of(organization: &str) -> Vec<u8> {
    let pair = sequence(&[oid("2.5.4.10"), tlv(UTF8, organization.as_bytes())]);
    directory(&sequence(&[tlv(0x31, &pair)]))
}

fn other_constraints(kind: &mut Kind<'_>) {
    let sans = [dns(HOST)];
    let organization = directory_of;
    let own = || organization("Example Trust");
    kind.constrained("permitted directory name", names(&[own()], &[]), &sans);
    kind.constrained(
        "permitted: another directory name",
        names(&[organization("Other")], &[]),
        &sans,
    );
    kind.constrained("excluded: the directory name", names(&[], &[own()]), &sans);
    kind.constrained(
        "excluded: another directory name",
        names(&[], &[organization("Other")]),
        &sans,
    );
    kind.constrained(
        "permitted directory and domain name",
        names(&[own(), dns("example.com")], &[]),
        &sans,
    );
    kind.intermediate("directory name, not critical", |ca| {
        ca.with(NC, false, names(&[own()], &[]))
    });
    kind.constrained(
        "permitted mail, the leaf has none",
        names(&[email("example.com")], &[]),
        &sans,
    );
    let mail = [dns(HOST), email("me@example.com")];
    kind.constrained("permitted mail", names(&[email("example.com")], &[]), &mail);
    kind.constrained(
        "permitted: another mail",
        names(&[email("example.org")], &[]),
        &mail,
    );
    let with_uri = [dns(HOST), uri("https://www.example.com/")];
    kind.constrained(
        "permitted URI, the leaf has none",
        names(&[uri(".example.com")], &[]),
        &sans,
    );
    kind.constrained(
        "permitted URI",
        names(&[uri(".example.com")], &[]),
        &with_uri,
    );
    kind.constrained(
        "permitted: another URI",
        names(&[uri(".example.org")], &[]),
        &with_uri,
    );
}

/// About kinds of names that hardly any client compares.
fn uncompared_constraints(kind: &mut Kind<'_>) {
    let sans = [dns(HOST)];
    for (name, base) in [
        ("permitted registered ID", registered_id()),
        ("permitted other name", other_name()),
        (
            "permitted EDI party",
            tlv(0xa5, &tlv(0xa1, &tlv(UTF8, b"party"))),
        ),
    ] {
        kind.constrained(name, names(&[base], &[]), &sans);
    }
    kind.constrained("excluded other name", names(&[], &[other_name()]), &sans);
    kind.intermediate("registered ID, not critical", |ca| {
        ca.with(NC, false, names(&[registered_id()], &[]))
    });
    kind.constrained(
        "permitted: another domain, beside a URI",
        names(&[dns("example.org"), uri("example.org")], &[]),
        &sans,
    );
    kind.constrained(
        "excluded: the domain, beside a directory name",
        names(&[], &[dns("example.com"), directory_of("Other")]),
        &sans,
    );
    kind.intermediate("another directory name, not critical", |ca| {
        ca.with(NC, false, names(&[directory_of("Other")], &[]))
    });
    kind.constrained(
        "a domain, the leaf has a mail address without @",
        names(&[dns("example.com")], &[]),
        &[dns(HOST), email("me")],
    );
    kind.constrained(
        "a domain, the leaf has a URI of an IP address",
        names(&[dns("example.com")], &[]),
        &[dns(HOST), uri("https://10.1.2.3/")],
    );
    kind.constrained(
        "excluded: a domain with a dot at the end",
        names(&[], &[dns("example.org.")]),
        &sans,
    );
    kind.constrained(
        "a mail beyond ASCII",
        names(&[], &[email("ex\u{e4}mple.org")]),
        &sans,
    );
    kind.constrained(
        "excluded: a wildcard",
        names(&[], &[dns("*.example.org")]),
        &sans,
    );
}

fn names_in_the_subject(kind: &mut Kind<'_>) {
    const MAIL: &str = "1.2.840.113549.1.9.1";
    let with_mail = |tag, address: &str| {
        let attribute =
            |kind, tag, value: &str| tlv(0x31, &sequence(&[oid(kind), tlv(tag, value.as_bytes())]));
        let mut leaf = leaf();
        leaf.subject = sequence(&[
            attribute("2.5.4.3", UTF8, HOST),
            attribute(MAIL, tag, address),
        ]);
        leaf
    };
    let below = |base: Vec<u8>, leaf| {
        let permitted = names(&[base], &[]);
        vec![leaf, intermediate().with(NC, true, permitted), root()]
    };
    let mail = || email("example.com");
    kind.add(
        "permitted mail, in the subject",
        below(mail(), with_mail(IA5, "me@example.com")),
    );
    kind.add(
        "permitted: another mail, in the subject",
        below(mail(), with_mail(IA5, "me@example.org")),
    );
    kind.add("excluded mail, in the subject", {
        let excluded = names(&[], &[mail()]);
        let leaf = with_mail(IA5, "me@example.com");
        vec![leaf, intermediate().with(NC, true, excluded), root()]
    });
    kind.add(
        "a domain, mail in the subject as UTF-8",
        below(dns("example.com"), with_mail(UTF8, "me@example.com")),
    );
    kind.add(
        "permitted mail, in the subject is none",
        below(mail(), with_mail(IA5, "me")),
    );
    let address_alone = || leaf().with(SAN, false, sequence(&[ip(&[10, 1, 2, 3])]));
    kind.add(
        "permitted domain, in the common name alone",
        below(dns("example.com"), address_alone()),
    )
    .host = "10.1.2.3";
    kind.add(
        "permitted: another domain, than in the common name alone",
        below(dns("example.org"), address_alone()),
    )
    .host = "10.1.2.3";
    kind.add("permitted domain, the common name is of another", {
        let mut leaf = leaf();
        leaf.subject = name("www.example.org");
        below(dns("example.com"), leaf)
    });
}

fn nested_constraints(kind: &mut Kind<'_>) {
    let mut nested = |name, upper: Vec<u8>, lower: Vec<u8>| {
        let chain = vec![
            leaf(),
            intermediate().with(NC, true, lower),
            Order::intermediate(2).with(NC, true, upper),
            root(),
        ];
        kind.add(name, chain);
    };
    let permit = |name| names(&[dns(name)], &[]);
    let exclude = |name| names(&[], &[dns(name)]);
    nested("narrower below", permit("example.com"), permit(HOST));
    nested("wider below", permit(HOST), permit("example.com"));
    nested(
        "another domain above",
        permit("example.org"),
        permit("example.com"),
    );
    nested(
        "another domain below",
        permit("example.com"),
        permit("example.org"),
    );
    nested(
        "excluded above",
        exclude("example.com"),
        permit("example.com"),
    );
    nested("excluded below", permit("example.com"), exclude(HOST));
    kind.root("in the root, permitted", |root| {
        root.with(NC, true, names(&[dns("example.com")], &[]))
    });
    kind.root("in the root, not permitted", |root| {
        root.with(NC, true, names(&[dns("example.org")], &[]))
    });
    kind.root("in the root, excluded", |root| {
        root.with(NC, true, names(&[], &[dns("example.com")]))
    });
}

fn extended_usages(kind: &mut Kind<'_>) {
    let with = |oids: &[&str]| {
        let value = usages(oids);
        move |order: Order| order.with(EKU, false, value)
    };
    kind.leaf("leaf: servers and clients", with(&[SERVER, CLIENT]));
    kind.leaf("leaf: clients alone", with(&[CLIENT]));
    kind.leaf("leaf: any usage alone", with(&[ANY]));
    kind.leaf("leaf: servers and any", with(&[SERVER, ANY]));
    kind.leaf("leaf: none", with(&[]));
    kind.leaf("leaf: critical", |leaf| {
        leaf.with(EKU, true, usages(&[SERVER]))
    });
    kind.intermediate("intermediate: servers", with(&[SERVER]));
    kind.intermediate("intermediate: servers and clients", with(&[SERVER, CLIENT]));
    kind.intermediate("intermediate: clients alone", with(&[CLIENT]));
    kind.intermediate("intermediate: code signing alone", with(&[CODE]));
    kind.intermediate("intermediate: any usage alone", with(&[ANY]));
    kind.add(
        "intermediate: clients alone, leaf: not listed",
        vec![leaf().without(EKU), with(&[CLIENT])(intermediate()), root()],
    );
    kind.add(
        "upper intermediate: clients alone",
        vec![
            leaf(),
            intermediate(),
            with(&[CLIENT])(Order::intermediate(2)),
            root(),
        ],
    );
    kind.add(
        "lower intermediate: wider than the upper",
        vec![
            leaf(),
            with(&[SERVER, CLIENT])(intermediate()),
            with(&[SERVER])(Order::intermediate(2)),
            root(),
        ],
    );
    kind.root("root: servers", with(&[SERVER]));
    kind.root("root: clients alone", with(&[CLIENT]));
    kind.root("root: any usage alone", with(&[ANY]));
}

fn critical(kind: &mut Kind<'_>) {
    let unknown = |order: Order| order.with("1.2.3.4.5", true, octets(b"x"));
    kind.leaf("unknown, in the leaf", unknown);
    kind.intermediate("unknown, in the intermediate", unknown);
    kind.root("unknown, in the root", unknown);
    kind.root("OCSP no check, in the root", |root| {
        root.with("1.3.6.1.5.5.7.48.1.5", true, tlv(0x05, &[]))
    });
    kind.leaf("of a certificate for logs alone", |leaf| {
        leaf.with("1.3.6.1.4.1.11129.2.4.3", true, tlv(0x05, &[]))
    });
    kind.leaf("TLS feature", |leaf| {
        leaf.with("1.3.6.1.5.5.7.1.24", true, sequence(&[integer(5)]))
    });
    let access = || {
        let url = tlv(0x86, b"http://ocsp.example.com");
        sequence(&[sequence(&[oid("1.3.6.1.5.5.7.48.1"), url])])
    };
    kind.leaf("authority information access", |leaf| {
        leaf.with("1.3.6.1.5.5.7.1.1", true, access())
    });
    kind.leaf("certificate policies", |leaf| {
        leaf.with(
            "2.5.29.32",
            true,
            sequence(&[sequence(&[oid("2.23.140.1.2.1")])]),
        )
    });
    kind.leaf("CRL distribution points", |leaf| {
        let name = tlv(0xa0, &tlv(0xa0, &uri("http://crl.example.com/a.crl")));
        leaf.with("2.5.29.31", true, sequence(&[sequence(&[name])]))
    });
    kind.leaf("alternative names", |leaf| {
        leaf.with(SAN, true, sequence(&[dns(HOST)]))
    });
    kind.leaf("issuer's alternative names", |leaf| {
        leaf.with("2.5.29.18", true, sequence(&[uri("http://ca.example.com")]))
    });
    kind.intermediate("policy constraints", |ca| {
        ca.with("2.5.29.36", true, sequence(&[tlv(0x81, &[0])]))
    });
    kind.intermediate("inhibit any policy", |ca| {
        ca.with("2.5.29.54", true, integer(0))
    });
    kind.intermediate("policy mappings", |ca| {
        let pair = sequence(&[oid("1.2.3.4"), oid("1.2.3.5")]);
        ca.with("2.5.29.33", true, sequence(&[pair]))
    });
    kind.intermediate("name constraints that permit", |ca| {
        ca.with(NC, true, names(&[dns("example.com")], &[]))
    });
    kind.leaf("key usage, not critical", |leaf| {
        leaf.with(KU, false, tlv(0x03, &[7, 0x80]))
    });
}

fn repeated(kind: &mut Kind<'_>) {
    kind.leaf("alternative names, in the leaf", |leaf| {
        leaf.with_another(SAN, sequence(&[dns(HOST)]))
    });
    kind.leaf("key usage, in the leaf", |leaf| {
        leaf.with_another(KU, tlv(0x03, &[7, 0x80]))
    });
    kind.leaf("extended key usage, in the leaf", |leaf| {
        leaf.with_another(EKU, usages(&[SERVER]))
    });
    kind.leaf("basic constraints, in the leaf", |leaf| {
        leaf.with_another(BC, sequence(&[]))
    });
    kind.leaf("subject key identifier, in the leaf", |leaf| {
        leaf.with_another(SKI, octets(b"again"))
    });
    kind.leaf("authority key identifier, in the leaf", |leaf| {
        leaf.named_key(Key::P256(101))
            .with_another(AKI, key_id(&[0x25, 101]))
    });
    kind.leaf("unknown, in the leaf", |leaf| {
        leaf.with("1.2.3.4.5", false, octets(b"x"))
            .with_another("1.2.3.4.5", octets(b"x"))
    });
    let policies = || sequence(&[sequence(&[oid("2.23.140.1.2.1")])]);
    kind.leaf("certificate policies, in the leaf", |leaf| {
        leaf.with("2.5.29.32", false, policies())
            .with_another("2.5.29.32", policies())
    });
    kind.intermediate("basic constraints, in the intermediate", |ca| {
        ca.with_another(BC, constraints(None))
    });
    kind.intermediate("key usage, in the intermediate", |ca| {
        ca.with_another(KU, tlv(0x03, &SIGN_CERTIFICATES))
    });
    kind.intermediate("name constraints, in the intermediate", |ca| {
        let permitted = || names(&[dns("example.com")], &[]);
        ca.with(NC, true, permitted()).with_another(NC, permitted())
    });
    kind.intermediate("subject key identifier, in the intermediate", |ca| {
        ca.with_another(SKI, octets(b"again"))
    });
    kind.root("subject key identifier, in the root", |root| {
        root.with_another(SKI, octets(b"again"))
    });
    kind.root("unknown, in the root", |root| {
        root.with("1.2.3.4.5", false, octets(b"x"))
            .with_another("1.2.3.4.5", octets(b"x"))
    });
}

fn path_lengths(kind: &mut Kind<'_>) {
    let limited = |length| move |order: Order| order.with(BC, true, constraints(Some(length)));
    kind.intermediate("intermediate: 0, none below", limited(0));
    kind.root("root: 1, one below", limited(1));
    kind.root("root: 0, one below", limited(0));
    kind.add("root: 0, none below", vec![leaf(), limited(0)(root())]);
    kind.add("root: 1, two below", {
        let mut chain = long(2);
        chain[3] = limited(1)(root());
        chain
    });
    kind.add("upper intermediate: 0, one below", {
        let mut chain = long(2);
        chain[2] = limited(0)(Order::intermediate(2));
        chain
    });
    kind.add("upper intermediate: 1, one below", {
        let mut chain = long(2);
        chain[2] = limited(1)(Order::intermediate(2));
        chain
    });
    kind.add("seven intermediates", long(7));
    kind.leaf("a path length in the leaf", |leaf| {
        leaf.with(BC, true, sequence(&[integer(0)]))
    });
    kind.intermediate("intermediate: no basic constraints", |ca| ca.without(BC));
    kind.intermediate("intermediate: no CA", |ca| ca.with(BC, true, sequence(&[])));
    kind.intermediate("intermediate: basic constraints not critical", |ca| {
        ca.with(BC, false, constraints(None))
    });
    kind.root("root: no basic constraints", |root| root.without(BC));
    kind.root("root: no CA", |root| root.with(BC, true, sequence(&[])));
    kind.root("root: basic constraints not critical", |root| {
        root.with(BC, false, constraints(None))
    });
    kind.root("root: version 1", |mut root| {
        root.version = None;
        root
    });
    kind.intermediate("intermediate: version 1", |mut ca| {
        ca.version = None;
        ca
    });
    kind.leaf("the leaf is a CA", |leaf| {
        leaf.with(BC, true, constraints(None))
    });
    kind.leaf("the leaf is of version 1", |mut leaf| {
        leaf.version = None;
        leaf
    });
}

fn key_usages(kind: &mut Kind<'_>) {
    let with = |bits: [u8; 2]| move |order: Order| order.with(KU, true, tlv(0x03, &bits));
    kind.intermediate("intermediate: signs no certificates", with(SIGN_CRLS));
    kind.root("root: signs no certificates", with(SIGN_CRLS));
    kind.intermediate("intermediate: none listed", |ca| ca.without(KU));
    kind.root("root: none listed", |root| root.without(KU));
    kind.leaf("leaf: also signs certificates", with([2, 0x84]));
    kind.leaf("leaf: signs certificates alone", with([2, 0x04]));
    kind.leaf("leaf: signs CRLs alone", with(SIGN_CRLS));
    kind.leaf("leaf: key encipherment alone", with([5, 0x20]));
    kind.leaf("leaf: key agreement alone", with([3, 0x08]));
    kind.leaf("leaf: no bit", |leaf| leaf.with(KU, true, tlv(0x03, &[0])));
}

fn key_identifiers(kind: &mut Kind<'_>) {
    let unnamed = |order: Order| order.with(AKI, false, sequence(&[]));
    kind.leaf("leaf: authority key identifier without a key", unnamed);
    kind.leaf("leaf: authority key identifier critical", |leaf| {
        leaf.with(AKI, true, key_id(&[0x25, 101]))
    });
    kind.leaf("leaf: authority key identifier of another key", |leaf| {
        leaf.with(AKI, false, key_id(b"other"))
    });
    kind.leaf("leaf: subject key identifier critical", |leaf| {
        leaf.with(SKI, true, octets(&[0x25, 1]))
    });
    kind.intermediate(
        "intermediate: authority key identifier without a key",
        unnamed,
    );
    kind.intermediate("intermediate: no subject key identifier", |ca| {
        ca.without(SKI)
    });
    kind.intermediate("intermediate: subject key identifier critical", |ca| {
        ca.with(SKI, true, octets(&[0x25, 101]))
    });
    kind.root("root: no subject key identifier", |root| root.without(SKI));
    kind.root("root: authority key identifier of its own key", |root| {
        root.with(AKI, false, key_id(&[0x25, 200]))
    });
    kind.root("root: authority key identifier of another key", |root| {
        root.with(AKI, false, key_id(b"other"))
    });
    kind.leaf(
        "leaf: issuer and serial number of another certificate",
        |leaf| {
            let issuer = tlv(0xa1, &directory(&name("Other")));
            leaf.with(
                AKI,
                false,
                sequence(&[tlv(0x80, &[0x25, 101]), issuer, tlv(0x82, &[7])]),
            )
        },
    );
}

fn leaf_names(kind: &mut Kind<'_>) {
    let nameless = || sequence(&[]);
    kind.leaf("empty subject, critical names", |mut leaf| {
        leaf.subject = nameless();
        leaf.with(SAN, true, sequence(&[dns(HOST)]))
    });
    kind.leaf("empty subject, names not critical", |mut leaf| {
        leaf.subject = nameless();
        leaf
    });
    kind.leaf("common name alone", |leaf| leaf.without(SAN));
    kind.leaf(
        "common name not among the names",
        with_names(&[dns("example.com")]),
    )
    .host = "example.com";
    kind.leaf("no names in the list", with_names(&[]));
    kind.leaf("address alone", |mut leaf| {
        leaf.subject = name("10.1.2.3");
        leaf.with(SAN, false, sequence(&[ip(&[10, 1, 2, 3])]))
    })
    .host = "10.1.2.3";
    kind.leaf(
        "an address as a domain name",
        with_names(&[dns("10.1.2.3"), dns(HOST)]),
    )
    .host = "10.1.2.3";
    kind.leaf(
        "wildcard of a top-level domain",
        with_names(&[dns("*.example"), dns(HOST)]),
    )
    .host = "www.example";
    kind.leaf(
        "wildcard within a label",
        with_names(&[dns("w*.example.com")]),
    );
    kind.leaf(
        "wildcard in the second label",
        with_names(&[dns("www.*.com")]),
    );
    kind.leaf("a dot at the end", with_names(&[dns("www.example.com.")]));
    kind.leaf("upper case", with_names(&[dns("WWW.Example.COM")]));
    kind.leaf(
        "an underscore",
        with_names(&[dns("a_b.example.com"), dns(HOST)]),
    )
    .host = "a_b.example.com";
    kind.leaf(
        "a hyphen in front",
        with_names(&[dns("-a.example.com"), dns(HOST)]),
    )
    .host = "-a.example.com";
    kind.leaf(
        "letters beyond ASCII",
        with_names(&[dns("bücher.example.com"), dns(HOST)]),
    );
    kind.leaf(
        "a zero octet",
        with_names(&[dns("www.example.com\0.example.org"), dns(HOST)]),
    );
    kind.leaf("a blank", with_names(&[dns(" "), dns(HOST)]));
    kind.leaf("a label of 64 characters", |leaf| {
        let long = format!("{}.example.com", "a".repeat(64));
        leaf.with(SAN, false, sequence(&[dns(&long), dns(HOST)]))
    });
    kind.leaf(
        "a directory name beside",
        with_names(&[dns(HOST), directory(&name("other"))]),
    );
    kind.leaf(
        "mail and URI beside",
        with_names(&[
            dns(HOST),
            email("me@example.com"),
            uri("https://example.com/"),
        ]),
    );
    kind.leaf(
        "an address of five octets beside",
        with_names(&[dns(HOST), ip(&[10, 1, 2, 3, 4])]),
    );
    let mapped = [0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3];
    kind.leaf(
        "an address of IPv4 as one of IPv6 beside",
        with_names(&[dns(HOST), ip(&mapped)]),
    );
    kind.leaf(
        "a name of no known kind beside",
        with_names(&[dns(HOST), tlv(0x89, b"x")]),
    );
    kind.leaf(
        "a mail beyond ASCII beside",
        with_names(&[dns(HOST), email("mé@example.com")]),
    );
    kind.leaf(
        "a URI that is none beside",
        with_names(&[dns(HOST), uri("https://[")]),
    );
}

fn issuer_names(kind: &mut Kind<'_>) {
    let issued_as = |issuer: Vec<u8>| {
        move |mut leaf: Order| {
            leaf.issuer = Some(issuer);
            leaf
        }
    };
    kind.leaf(
        "another type of string",
        issued_as(name_in(PRINTABLE, "Example Trust", "Issuing CA 1")),
    );
    kind.leaf(
        "upper case",
        issued_as(name_in(UTF8, "EXAMPLE TRUST", "Issuing CA 1")),
    );
    kind.leaf(
        "two blanks for one",
        issued_as(name_in(UTF8, "Example  Trust", "Issuing CA 1")),
    );
    kind.intermediate("an intermediate without a name", |mut ca| {
        ca.subject = sequence(&[]);
        ca
    });
    let texts: [(_, _, &[u8]); 6] = [
        ("UTF-8 that is none", UTF8, b"b\xfccher"),
        ("a PrintableString with @", PRINTABLE, b"me@example.com"),
        ("a PrintableString with *", PRINTABLE, b"*.example.com"),
        ("an IA5String beyond ASCII", IA5, b"b\xfccher"),
        ("a BMPString of odd length", 0x1e, b"\0a\0"),
        ("a T61String of Latin-1", 0x14, b"b\xfccher"),
    ];
    for (name, tag, text) in texts {
        kind.leaf(name, |mut leaf| {
            let pair = sequence(&[oid("2.5.4.10"), tlv(tag, text)]);
            leaf.subject = sequence(&[tlv(0x31, &pair)]);
            leaf
        });
    }
    kind.root("no common name", |mut root| {
        root.subject = sequence(&[]);
        root
    });
}

fn crossed(kind: &mut Kind<'_>) {
    kind.add("new key vouched for by the old, for any usage alone", {
        let new = root().with(EKU, false, usages(&[ANY]));
        let old = Order::authority("Root", Key::P256(201));
        vec![leaf(), intermediate(), new, old]
    });
    // The CA has a new key, and the old one vouches for it.
    let old = || Order::authority("Root", Key::P256(201));
    kind.add(
        "new key vouched for by the old",
        vec![leaf(), intermediate(), root(), old()],
    );
    let limited = |order: Order, length| order.with(BC, true, constraints(Some(length)));
    kind.add(
        "new key vouched for by the old, within its path length if it does not count",
        vec![leaf(), intermediate(), root(), limited(old(), 1)],
    );
    let other = || Order::authority("Other Root", Key::P256(202));
    let crossing = kind.add("cross-signed by a root that is not there", long(1));
    crossing.others.push((intermediate(), other()));
    let crossing = kind.add("cross-signed, and that one has expired", long(1));
    let mut expired = intermediate();
    expired.end = NOW - Duration::DAY;
    expired.serial = vec![9];
    crossing.others.push((expired, other()));
    let cycle = kind.add("two intermediates that vouch for each other", long(2));
    let mut back = Order::intermediate(2);
    back.serial = vec![8];
    cycle.others.push((back, intermediate()));
    let same = kind.add(
        "another certificate of the intermediate's name and key, without CA",
        long(1),
    );
    let mut twin = intermediate().with(BC, true, sequence(&[]));
    twin.serial = vec![7];
    same.others.push((twin, root()));
}

fn validity(kind: &mut Kind<'_>) {
    let until = |end| {
        move |mut order: Order| {
            order.end = end;
            order
        }
    };
    kind.intermediate("intermediate ends with the leaf", until(END));
    kind.intermediate(
        "intermediate ends a day before the leaf",
        until(END - Duration::DAY),
    );
    kind.intermediate("intermediate has expired", until(NOW - Duration::SECOND));
    kind.root("root ends with the leaf", until(END));
    kind.root(
        "root ends a day before the leaf",
        until(END - Duration::DAY),
    );
    kind.root("root has expired", until(NOW - Duration::SECOND));
    kind.leaf("leaf has expired", until(NOW - Duration::SECOND));
    kind.leaf("leaf is not valid yet", |mut leaf| {
        leaf.begin = NOW + Duration::SECOND;
        leaf
    });
    kind.intermediate("intermediate is not valid yet", |mut ca| {
        ca.begin = NOW + Duration::SECOND;
        ca
    });
}

fn long_and_odd_validity(kind: &mut Kind<'_>) {
    kind.root("root is not valid yet", |mut root| {
        root.begin = NOW + Duration::SECOND;
        root
    });
    kind.leaf("longer than browsers take", |mut leaf| {
        leaf.begin = NOW - Duration::days(500);
        leaf
    });
    for (name, begin, end) in [
        (
            "since before 1970",
            (0x17, "690101000000Z"),
            (0x17, "270201000000Z"),
        ),
        (
            "GeneralizedTime before 2050",
            (0x18, "20261101000000Z"),
            (0x18, "20270201000000Z"),
        ),
        (
            "without seconds",
            (0x17, "2611010000Z"),
            (0x17, "2702010000Z"),
        ),
        (
            "with an offset",
            (0x17, "261101000000+0000"),
            (0x17, "270201000000+0000"),
        ),
        (
            "with fractions of seconds",
            (0x18, "20261101000000.5Z"),
            (0x18, "20270201000000.5Z"),
        ),
    ] {
        let moment = |(tag, text): (u8, &str)| tlv(tag, text.as_bytes());
        let validity = || Some(sequence(&[moment(begin), moment(end)]));
        kind.leaf(name, |mut leaf| {
            leaf.validity = validity();
            leaf
        });
        if name == "with an offset" {
            kind.intermediate("intermediate: with an offset", |mut ca| {
                ca.validity = validity();
                ca
            });
        }
        if name == "without seconds" {
            kind.root("root: without seconds", |mut root| {
                root.validity = validity();
                root
            });
        }
    }
}

fn keys(kind: &mut Kind<'_>) {
    const WEAK: Key = Key::Rsa("algorithm/rsa1024.pem");
    const RSA: Key = Key::Rsa("algorithm/rsa2048.pem");
    kind.root("root: RSA 2048", |root| root.with_key(RSA));
    kind.root("root: RSA 1024", |root| root.with_key(WEAK));
    kind.root("root: P-384", |root| root.with_key(Key::P384(1)));
    kind.intermediate("intermediate: RSA 2048", |ca| ca.with_key(RSA));
    kind.intermediate("intermediate: RSA 1024", |ca| ca.with_key(WEAK));
    let over_sha1 = |mut order: Order| {
        order.digest = Digest::Sha1;
        order
    };
    kind.leaf("leaf: signed over SHA-1", over_sha1);
    kind.root("root: signed over SHA-1", over_sha1);
    kind.leaf("leaf: RSA 2048", |leaf| leaf.with_key(RSA));
    kind.leaf("leaf: RSA 1024", |leaf| leaf.with_key(WEAK));
}

fn encoding(kind: &mut Kind<'_>) {
    let numbered = |serial: &[u8]| {
        let serial = serial.to_vec();
        move |mut order: Order| {
            order.serial = serial;
            order
        }
    };
    kind.leaf("serial number 0", numbered(&[0]));
    kind.leaf("serial number below 0", numbered(&[0xff, 0x01]));
    kind.leaf("serial number of 21 octets", numbered(&[1; 21]));
    kind.root("root: serial number below 0", numbered(&[0xff, 0x01]));
    kind.leaf("serial number with a zero in front", numbered(&[0, 1]));
    kind.root(
        "root: serial number with a zero in front",
        numbered(&[0, 1]),
    );
    kind.leaf("serial number without an octet", numbered(&[]));
    let loose = || sequence(&[vec![0x01, 0x01, 0x01]]);
    kind.intermediate("intermediate: a truth value of 1", |ca| {
        ca.with(BC, true, loose())
    });
    kind.root("root: a truth value of 1", |root| {
        root.with(BC, true, loose())
    });
    for (name, oid) in [
        ("certificate policies that are none", "2.5.29.32"),
        ("policy constraints that are none", "2.5.29.36"),
        ("access information that is none", "1.3.6.1.5.5.7.1.1"),
        ("a Netscape type that is none", "2.16.840.1.113730.1.1"),
        ("timestamps that are none", "1.3.6.1.4.1.11129.2.4.2"),
    ] {
        kind.leaf(name, |leaf| leaf.with(oid, false, octets(b"x")));
    }
    kind.intermediate("intermediate: certificate policies that are none", |ca| {
        ca.with("2.5.29.32", false, octets(b"x"))
    });
    kind.leaf("a default that is written out", |leaf| {
        leaf.with(BC, true, sequence(&[vec![0x01, 0x01, 0x00]]))
    });
    kind.leaf("two algorithms for one signature", |mut leaf| {
        leaf.inner_algorithm = Some(sequence(&[oid("1.2.840.10045.4.3.3")]));
        leaf
    });
}
