//! Chains drawn at random, with one to three peculiarities each: what nobody thought of as a case.
//!
//! Go judges them only for `tests/agreement/draw.sh`. What a chain has taught becomes a case.

use std::fs;

use fastrand::Rng;

use super::cases::{Case, HOST, directory_of};
use super::clients::{ForGo, Opinion, Recorded};
use super::der::{
    IA5, PRINTABLE, UTF8, dns, email, integer, ip, octets, oid, other_name, registered_id,
    sequence, tlv, uri,
};
use super::writer::{
    AKI, ANY, BC, CLIENT, CODE, EKU, KU, Key, NC, Order, SAN, SERVER, SKI, constraints, key_id,
    names, usages,
};
use super::{Judged, Weight};

/// Where certdrop rejects though some accept, or all: docs/agreement.md lists why, as exceptions.
const REJECTED: [&str; 9] = [
    "critical-extension",
    "issuer-empty",
    "issuer-not-ca",
    "issuer-not-for-servers",
    "malformed",
    "name-not-permitted",
    "not-a-leaf",
    "refused-by-clients",
    "repeated-extension",
];

/// Where it warns though all accept: of one name of several, or of the time after the leaf's end as it is in other cases.
const WARNED_OF: [&str; 4] = [
    "chain-expires-first",
    "common-name-not-listed",
    "lifetime-too-long",
    "name-invalid",
];

/// What Go alone refuses, and certdrop says nothing of.
const GO_ALONE: [&str; 2] = ["leaf: the name uri that is none", "root: CA as 1"];

#[test]
fn of_chains_drawn_at_random_none_is_weighed_against_all_clients() {
    let number = |name, default| {
        std::env::var_os(name).map_or(default, |text| {
            let text = text.into_string().expect("it is text");
            text.parse::<u64>().expect("it is a number")
        })
    };
    let seed = number("AGREEMENT_SEED", 1);
    let drawn: Vec<_> = (0..number("AGREEMENT_CHAINS", 500))
        .map(|number| (number, chain(seed, number)))
        .collect();
    if let Some(path) = std::env::var_os("AGREEMENT_DRAWN") {
        let cases = drawn.iter().map(|(number, drawn)| ForGo {
            name: number.to_string(),
            ..super::for_go(&drawn.case)
        });
        let json = serde_json::to_string(&cases.collect::<Vec<_>>()).expect("it is JSON");
        fs::write(path, json).expect("the file is writable");
        return;
    }
    let go = std::env::var_os("AGREEMENT_GO").map(|path| {
        let json = fs::read(path).expect("tests/agreement/draw.sh writes it");
        serde_json::from_slice::<Recorded>(&json).expect("it is JSON")
    });
    let wrong: Vec<_> = drawn
        .iter()
        .filter_map(|(number, drawn)| {
            let go = go
                .as_ref()
                .map(|go| go.cases[&number.to_string()].opinion());
            let wrong = drawn.wrong(go.as_ref())?;
            Some(format!("chain {number} of seed {seed}: {wrong}"))
        })
        .collect();
    assert!(wrong.is_empty(), "{}:\n{}", wrong.len(), wrong.join("\n"));
}

/// A chain, and what is peculiar about it.
pub(super) struct Drawn {
    pub(super) case: Case,
    pub(super) peculiarities: Vec<String>,
}

impl Drawn {
    /// What certdrop says otherwise than it ought to; `go` is `None` where Go was not asked.
    fn wrong(&self, go: Option<&Opinion>) -> Option<String> {
        let mut judged = super::judge_with(&self.case, Ok(()));
        // Where Go was not asked, certdrop may be right with either.
        let either = [Ok(()), Err("not asked".to_owned())];
        let opinions = go.map_or(either.as_slice(), std::slice::from_ref);
        let is_right = opinions.iter().any(|opinion| {
            judged.go = opinion.clone();
            self.is_right(&judged)
        });
        (!is_right).then(|| {
            format!(
                "{}: {:?} {:?}\n    openssl {:?}\n    strict  {:?}\n    rustls  {:?}\n    go      {go:?}",
                self.peculiarities.join("; "),
                judged.certdrop,
                judged.codes,
                judged.openssl,
                judged.strict,
                judged.rustls,
            )
        })
    }

    fn is_right(&self, judged: &Judged) -> bool {
        let are_all = |codes: &[&str]| {
            judged
                .codes
                .iter()
                .all(|code| codes.contains(&code.as_str()))
        };
        let is_any = |codes: &[&str]| {
            judged
                .codes
                .iter()
                .any(|code| codes.contains(&code.as_str()))
        };
        let is_of_go = |words: &String| GO_ALONE.iter().any(|known| words.starts_with(known));
        match (judged.expected(), judged.certdrop) {
            (Weight::Silent, Weight::Warned) => are_all(&WARNED_OF),
            (Weight::Silent | Weight::Warned, Weight::Rejected) => is_any(&REJECTED),
            (Weight::Warned | Weight::Rejected, Weight::Silent) => {
                self.peculiarities.iter().any(is_of_go)
                    && [&judged.openssl, &judged.strict, &judged.rustls]
                        .iter()
                        .all(|opinion| opinion.is_ok())
            }
            // Each may refuse for a reason of its own, of which no other does.
            (Weight::Rejected, Weight::Warned) => {
                self.peculiarities.len() > 1
                    || is_any(&["no-server-auth", "common-name-not-listed"])
            }
            (expected, is) => expected == is,
        }
    }
}

/// The chain number `number` of those of `seed`: always the same.
pub(super) fn chain(seed: u64, number: u64) -> Drawn {
    let mut random = Rng::with_seed(seed.wrapping_mul(1_000_003).wrapping_add(number));
    let intermediates = random.u8(1..=2);
    let between = (1..=intermediates).map(Order::intermediate);
    let chain = std::iter::once(Order::leaf())
        .chain(between)
        .chain([Order::root()])
        .collect();
    let mut drawing = Drawing {
        random,
        chain,
        words: Vec::new(),
    };
    for _ in 0..drawing.random.u8(1..=3) {
        let peculiarity = drawing.one_of(&PECULIARITIES);
        peculiarity(&mut drawing);
    }
    Drawn {
        case: Case {
            kind: "drawn",
            name: "at random",
            host: HOST,
            chain: drawing.chain,
            others: Vec::new(),
        },
        peculiarities: drawing.words,
    }
}

const PECULIARITIES: [fn(&mut Drawing); 16] = [
    Drawing::name_constraints,
    Drawing::name_constraints,
    Drawing::alternative_name,
    Drawing::alternative_name,
    Drawing::subject,
    Drawing::extended_usages,
    Drawing::usages,
    Drawing::basic_constraints,
    Drawing::self_issued,
    Drawing::critical,
    Drawing::repeated,
    Drawing::serial,
    Drawing::validity,
    Drawing::unnamed_authority,
    Drawing::key_identifiers,
    Drawing::odd_content,
];

struct Drawing {
    random: Rng,
    chain: Vec<Order>,
    words: Vec<String>,
}

/// A value, and what it is called.
type Named = (&'static str, Vec<u8>);

impl Drawing {
    fn one_of<T: Clone>(&mut self, choices: &[T]) -> T {
        choices[self.random.usize(..choices.len())].clone()
    }

    /// Any certificate of the chain.
    fn any(&mut self) -> usize {
        self.random.usize(..self.chain.len())
    }

    /// Any but the leaf.
    fn authority(&mut self) -> usize {
        self.random.usize(1..self.chain.len())
    }

    fn change(&mut self, place: usize, words: &str, change: impl FnOnce(Order) -> Order) {
        let whose = match place {
            0 => "leaf".to_owned(),
            _ if place + 1 == self.chain.len() => "root".to_owned(),
            _ => format!("CA {place}"),
        };
        self.words.push(format!("{whose}: {words}"));
        let order = self.chain[place].clone();
        self.chain[place] = change(order);
    }

    fn name_constraints(&mut self) {
        let place = self.authority();
        let (mut words, mut lists) = (Vec::new(), [Vec::new(), Vec::new()]);
        for _ in 0..self.random.u8(1..=2) {
            let (name, base) = self.one_of(&constrained());
            let list = self.random.usize(..2);
            words.push(format!("{} {name}", ["permitted", "excluded"][list]));
            lists[list].push(base);
        }
        let is_critical = self.random.u8(..4) > 0;
        if !is_critical {
            words.push("not critical".to_owned());
        }
        let [permitted, excluded] = lists;
        self.change(place, &words.join(", "), |order| {
            order.with(NC, is_critical, names(&permitted, &excluded))
        });
    }

    /// One beside the name that clients look for, or also without it.
    fn alternative_name(&mut self) {
        let (words, name) = self.one_of(&alternative());
        self.change(0, &format!("the name {words}"), |mut order| {
            if let Some(list) = order.extensions.iter_mut().find(|one| one.oid == SAN) {
                let content = list.value.split_off(2);
                list.value = tlv(0x30, &[content, name].concat());
            }
            order
        });
    }

    fn subject(&mut self) {
        let (words, subject) = self.one_of(&subjects());
        let is_alone = self.random.u8(..4) == 0;
        let words = format!(
            "subject {words}{}",
            if is_alone { ", no names" } else { "" }
        );
        self.change(0, &words, |mut order| {
            order.subject = subject;
            if is_alone { order.without(SAN) } else { order }
        });
    }

    fn extended_usages(&mut self) {
        let place = self.any();
        let all = [SERVER, CLIENT, CODE, ANY, "1.2.3.4"];
        let listed: Vec<_> = all.into_iter().filter(|_| self.random.bool()).collect();
        let is_critical = self.random.bool();
        let words = format!("extended usages {listed:?}, critical {is_critical}");
        self.change(place, &words, |order| {
            order.with(EKU, is_critical, usages(&listed))
        });
    }

    fn usages(&mut self) {
        let place = self.any();
        let bits = self.random.u8(..);
        let unused = u8::try_from(bits.trailing_zeros()).expect("at most 8") % 8;
        self.change(place, &format!("key usage {bits:08b}"), |order| {
            order.with(KU, true, tlv(0x03, &[unused, bits]))
        });
    }

    fn basic_constraints(&mut self) {
        let place = self.any();
        let length = self.random.u8(..3);
        let (words, content) = self.one_of(&[
            ("CA, limited", constraints(Some(length))),
            ("CA", constraints(None)),
            ("no CA", sequence(&[])),
            ("no CA, limited", sequence(&[integer(length)])),
            ("CA, limited to -1", constraints(Some(0xff))),
            (
                "CA, limited to 256",
                sequence(&[vec![0x01, 0x01, 0xff], tlv(0x02, &[1, 0])]),
            ),
            ("CA as 1", sequence(&[vec![0x01, 0x01, 0x01]])),
        ]);
        let is_critical = self.random.u8(..4) > 0;
        let words = format!("{words} {length}, critical {is_critical}");
        self.change(place, &words, |order| order.with(BC, is_critical, content));
    }

    /// A CA's new key, vouched for by the old one.
    fn self_issued(&mut self) {
        let place = self.authority();
        let number = 230 + u8::try_from(self.chain.len()).expect("not that long");
        let mut twin = self.chain[place].clone().with_key(Key::P256(number));
        twin.serial = vec![number / 2];
        self.words
            .push(format!("one more of the name of CA {place}"));
        self.chain.insert(place, twin);
    }

    fn critical(&mut self) {
        let place = self.any();
        let policies = || sequence(&[sequence(&[oid("2.23.140.1.2.1")])]);
        let point = tlv(0xa0, &tlv(0xa0, &uri("http://crl.example.com/a.crl")));
        let (oid, content) = self.one_of(&[
            ("1.2.3.4.5", octets(b"x")),
            ("2.5.29.32", policies()),
            ("2.5.29.31", sequence(&[sequence(&[point])])),
            ("2.5.29.36", sequence(&[tlv(0x80, &[0])])),
            ("2.5.29.54", integer(1)),
            ("2.5.29.9", sequence(&[])),
            ("2.5.29.16", sequence(&[])),
            ("2.16.840.1.113730.1.1", tlv(0x03, &[6, 0x40])),
            ("2.16.840.1.113730.1.13", tlv(0x16, b"comment")),
            ("1.3.6.1.5.5.7.48.1.5", tlv(0x05, &[])),
            ("1.3.6.1.5.5.7.1.14", sequence(&[])),
        ]);
        self.change(place, &format!("critical {oid}"), |order| {
            order.with(oid, true, content)
        });
    }

    fn repeated(&mut self) {
        let place = self.any();
        let order = &self.chain[place];
        let number = self.random.usize(..order.extensions.len());
        let twice = order.extensions[number].clone();
        let words = format!("{} twice", twice.oid);
        self.change(place, &words, |order| {
            order.with_another(twice.oid, twice.value)
        });
    }

    fn serial(&mut self) {
        let place = self.any();
        let (words, serial) = self.one_of(&[
            ("0", vec![0]),
            ("-1", vec![0xff]),
            ("of 20 octets", vec![0x7f; 20]),
            (
                "of 20 octets and a zero",
                [vec![0], vec![0xff; 20]].concat(),
            ),
            ("of 40 octets", vec![0x11; 40]),
            ("with a zero in front", vec![0, 1]),
            ("empty", vec![]),
        ]);
        self.change(place, &format!("serial number {words}"), |mut order| {
            order.serial = serial;
            order
        });
    }

    fn validity(&mut self) {
        let place = self.any();
        let (words, begin, end) = self.one_of(&[
            (
                "generalized before 2050",
                (0x18, "20260801000000Z"),
                (0x18, "20270201000000Z"),
            ),
            (
                "generalized beginning",
                (0x18, "20260801000000Z"),
                (0x17, "270201000000Z"),
            ),
            ("no seconds", (0x17, "2608010000Z"), (0x17, "2702010000Z")),
            (
                "no seconds at the end",
                (0x17, "260801000000Z"),
                (0x17, "2702010000Z"),
            ),
            (
                "an offset",
                (0x17, "260801000000+0000"),
                (0x17, "270201000000+0100"),
            ),
            (
                "fractions",
                (0x18, "20260801000000.5Z"),
                (0x18, "20270201000000.5Z"),
            ),
            ("no zone", (0x17, "260801000000"), (0x17, "270201000000")),
            (
                "a second of 60",
                (0x17, "260801000060Z"),
                (0x17, "270201000000Z"),
            ),
            (
                "31 February",
                (0x17, "260231000000Z"),
                (0x17, "270201000000Z"),
            ),
            (
                "until 9999",
                (0x17, "260801000000Z"),
                (0x18, "99991231235959Z"),
            ),
            (
                "until 2060",
                (0x17, "260801000000Z"),
                (0x18, "20600101000000Z"),
            ),
            (
                "since 1950",
                (0x17, "500101000000Z"),
                (0x17, "270201000000Z"),
            ),
            (
                "since 1900",
                (0x18, "19000101000000Z"),
                (0x17, "270201000000Z"),
            ),
            (
                "until 1949 or 2049",
                (0x17, "260801000000Z"),
                (0x17, "491231235959Z"),
            ),
            (
                "end before the beginning",
                (0x17, "280801000000Z"),
                (0x17, "270201000000Z"),
            ),
        ]);
        let moment = |(tag, text): (u8, &str)| tlv(tag, text.as_bytes());
        let validity = sequence(&[moment(begin), moment(end)]);
        self.change(place, &format!("validity: {words}"), |mut order| {
            order.validity = Some(validity);
            order
        });
    }

    fn unnamed_authority(&mut self) {
        let place = self.authority();
        self.change(place, "empty subject", |mut order| {
            order.subject = sequence(&[]);
            order
        });
    }

    fn key_identifiers(&mut self) {
        let place = self.any();
        let serial = || sequence(&[tlv(0x80, &[1]), tlv(0x82, &[7])]);
        let (words, oid, content) = self.one_of(&[
            ("other authority key", AKI, Some(key_id(b"other"))),
            ("authority without key", AKI, Some(sequence(&[]))),
            ("authority serial number alone", AKI, Some(serial())),
            ("other subject key", SKI, Some(octets(b"other"))),
            ("empty subject key", SKI, Some(octets(b""))),
            ("no subject key", SKI, None),
        ]);
        let is_critical = self.random.u8(..8) == 0;
        let words = format!("{words}, critical {is_critical}");
        self.change(place, &words, |order| match content {
            Some(content) => order.with(oid, is_critical, content),
            None => order.without(oid),
        });
    }

    /// Extensions whose content is not what their definition says.
    fn odd_content(&mut self) {
        let place = self.any();
        let mut trailing = sequence(&[dns(HOST)]);
        trailing.push(0);
        let (words, oid, content) = self.one_of(&[
            ("names and a zero octet", SAN, trailing),
            ("empty extended usages", EKU, sequence(&[])),
            ("empty key usage", KU, tlv(0x03, &[0])),
            ("empty name constraints", NC, sequence(&[])),
            (
                "name constraints with an empty list",
                NC,
                sequence(&[tlv(0xa0, &[])]),
            ),
            (
                "information access of garbage",
                "1.3.6.1.5.5.7.1.1",
                octets(b"x"),
            ),
            ("distribution points of garbage", "2.5.29.31", octets(b"x")),
            ("empty distribution points", "2.5.29.31", sequence(&[])),
            ("policies of garbage", "2.5.29.32", octets(b"x")),
            ("empty policies", "2.5.29.32", sequence(&[])),
            ("policy constraints of garbage", "2.5.29.36", octets(b"x")),
            ("issuer's names of garbage", "2.5.29.18", octets(b"x")),
            (
                "timestamps of garbage",
                "1.3.6.1.4.1.11129.2.4.2",
                octets(b"x"),
            ),
            ("subject key of another type", SKI, integer(5)),
            ("empty content", "2.5.29.32", vec![]),
            (
                "netscape type of garbage",
                "2.16.840.1.113730.1.1",
                octets(b"x"),
            ),
        ]);
        self.change(place, words, |order| order.with(oid, false, content));
    }
}

/// What name constraints are about.
fn constrained() -> Vec<Named> {
    let network = |address: [u8; 4], mask: [u8; 4]| ip(&[address, mask].concat());
    let mut six = [0; 32];
    (six[0], six[16]) = (0xfd, 0xff);
    let base = |words, base| (words, base);
    vec![
        base("dns example.com", dns("example.com")),
        base("dns www.example.com", dns(HOST)),
        base("dns .example.com", dns(".example.com")),
        base("dns example.org", dns("example.org")),
        base("dns (all)", dns("")),
        base("dns com", dns("com")),
        base("dns .", dns(".")),
        base("dns *.example.com", dns("*.example.com")),
        base("dns example.com.", dns("example.com.")),
        base("dns a_b.example.com", dns("a_b.example.com")),
        base("dns exämple.com", dns("exämple.com")),
        base("ip 10/8", network([10, 0, 0, 0], [255, 0, 0, 0])),
        base("ip 192.168/16", network([192, 168, 0, 0], [255, 255, 0, 0])),
        base("ip 10.1/8", network([10, 1, 0, 0], [255, 0, 0, 0])),
        base("ip fd/8", ip(&six)),
        base("ip of five octets", ip(&[10, 0, 0, 0, 8])),
        base("ip of no octets", ip(&[])),
        base("ip with a gap", network([10, 0, 0, 3], [255, 0, 0, 255])),
        base("mail example.com", email("example.com")),
        base("mail .example.com", email(".example.com")),
        base("mail me@example.com", email("me@example.com")),
        base("mail example.org", email("example.org")),
        base("mail (all)", email("")),
        base("mail exämple.org", email("exämple.org")),
        base("uri example.com", uri("example.com")),
        base("uri .example.com", uri(".example.com")),
        base("uri example.org", uri("example.org")),
        base("uri with a scheme", uri("https://example.com/")),
        base("directory own", directory_of("Example Trust")),
        base("directory other", directory_of("Other")),
        base("directory (all)", tlv(0xa4, &sequence(&[]))),
        base("registered ID", registered_id()),
        base("other name", other_name()),
        base("X.400", tlv(0xa3, &sequence(&[]))),
        base("EDI", tlv(0xa5, &tlv(0xa1, &tlv(UTF8, b"party")))),
    ]
}

fn alternative() -> Vec<Named> {
    let name = |words, name| (words, name);
    vec![
        name("*.example.com", dns("*.example.com")),
        name("*.*.example.com", dns("*.*.example.com")),
        name("*b.example.com", dns("*b.example.com")),
        name("b*.example.com", dns("b*.example.com")),
        name("a.*.example.com", dns("a.*.example.com")),
        name("*", dns("*")),
        name("*.", dns("*.")),
        name("*.com", dns("*.com")),
        name("b.example.com.", dns("b.example.com.")),
        name(".example.com", dns(".example.com")),
        name("a..example.com", dns("a..example.com")),
        name("a_b.example.com", dns("a_b.example.com")),
        name("_a.example.com", dns("_a.example.com")),
        name("-a.example.com", dns("-a.example.com")),
        name("a-.example.com", dns("a-.example.com")),
        name("localhost", dns("localhost")),
        name("(empty)", dns("")),
        name("bücher.example.com", dns("bücher.example.com")),
        name(
            "xn--bcher-kva.example.com",
            dns("xn--bcher-kva.example.com"),
        ),
        name("of Latin-1", tlv(0x82, b"b\xfccher.example.com")),
        name("10.1.2.3 as dns", dns("10.1.2.3")),
        name("1.2.3 as dns", dns("1.2.3")),
        name("www.example.org", dns("www.example.org")),
        name("a/b.example.com", dns("a/b.example.com")),
        name("a:443", dns("a.example.com:443")),
        name("10.1.2.3", ip(&[10, 1, 2, 3])),
        name(
            "fd00::1",
            ip(&[0xfd, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1]),
        ),
        name("of 15 octets", ip(&[0xfd; 15])),
        name("of 17 octets", ip(&[0xfd; 17])),
        name("of no octets", ip(&[])),
        name(
            "::ffff:10.1.2.3",
            ip(&[0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff, 10, 1, 2, 3]),
        ),
        name("mail me@example.com", email("me@example.com")),
        name("mail me@example.org", email("me@example.org")),
        name("mail without @", email("me")),
        name("mail (empty)", email("")),
        name("mail é", email("mé@example.com")),
        name("uri", uri("https://www.example.com/")),
        name("uri of an address", uri("https://10.1.2.3/")),
        name("uri without host", uri("urn:a:b")),
        name("uri of .org", uri("https://www.example.org/")),
        name("uri that is none", uri("https://[")),
        name("uri é", uri("https://é.example.com/")),
        name("directory own", directory_of("Example Trust")),
        name("directory other", directory_of("Other")),
        name("registered ID", registered_id()),
        name("other name", other_name()),
        name("X.400", tlv(0xa3, &sequence(&[]))),
        name("EDI", tlv(0xa5, &tlv(0xa1, &tlv(UTF8, b"party")))),
        name("of an unknown kind", tlv(0x89, b"x")),
    ]
}

fn subjects() -> Vec<Named> {
    const ORGANIZATION: &str = "2.5.4.10";
    const COMMON: &str = "2.5.4.3";
    const MAIL: &str = "1.2.840.113549.1.9.1";
    let attribute = |kind, tag, value: &[u8]| tlv(0x31, &sequence(&[oid(kind), tlv(tag, value)]));
    let own = || attribute(ORGANIZATION, UTF8, b"Example Trust");
    let common = |tag, value: &[u8]| sequence(&[own(), attribute(COMMON, tag, value)]);
    let mail = |tag, value: &[u8]| {
        let host = attribute(COMMON, UTF8, HOST.as_bytes());
        sequence(&[own(), host, attribute(MAIL, tag, value)])
    };
    vec![
        ("empty", sequence(&[])),
        ("with mail of .com", mail(IA5, b"me@example.com")),
        ("with mail of .org", mail(IA5, b"me@example.org")),
        ("with mail as UTF-8", mail(UTF8, b"me@example.org")),
        (
            "with mail beyond ASCII",
            mail(IA5, "mé@example.org".as_bytes()),
        ),
        ("with mail that is none", mail(IA5, b"me")),
        ("www.example.org", common(UTF8, b"www.example.org")),
        ("mail.example.com", common(PRINTABLE, b"mail.example.com")),
        (
            "a.example.com of IA5 beyond ASCII",
            common(IA5, "é.example.com".as_bytes()),
        ),
        ("10.1.2.3", common(UTF8, b"10.1.2.3")),
        ("a person", common(UTF8, b"Jane Doe")),
        ("*.example.org", common(UTF8, b"*.example.org")),
        ("a word", common(UTF8, b"server")),
        ("Latin-1", common(0x14, b"b\xfccher.example.org")),
        ("BMP", common(0x1e, b"\0a\0.\0b")),
        ("BMP of odd length", common(0x1e, b"\0a\0")),
        (
            "PrintableString with @ and *",
            common(PRINTABLE, b"*@example.com"),
        ),
        ("UTF-8 that is none", common(UTF8, b"\xff\xfe.example.org")),
        ("universal string", common(0x1c, b"\0\0\0a\0\0\0.\0\0\0b")),
        ("numeric string", common(0x12, b"123")),
        ("zero octet", common(UTF8, b"www.example.org\0")),
        (
            "two common names",
            sequence(&[
                attribute(COMMON, UTF8, b"www.example.org"),
                attribute(COMMON, UTF8, HOST.as_bytes()),
            ]),
        ),
        (
            "own domain, other organization",
            sequence(&[
                attribute(ORGANIZATION, UTF8, b"Other"),
                attribute(COMMON, UTF8, HOST.as_bytes()),
            ]),
        ),
    ]
}
