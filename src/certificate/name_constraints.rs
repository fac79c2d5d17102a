//! For which names a CA may issue (RFC 5280, section 4.2.1.10).

use std::net::IpAddr;

use x509_parser::extensions::{GeneralName, NameConstraints as Parsed};

use super::name::DistinguishedName;

/// The two lists of an extension `nameConstraints`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NameConstraints {
    /// Where there are bases of a kind, names of that kind must be within one of them.
    pub permitted: Vec<Base>,
    /// No name may be within one of them.
    pub excluded: Vec<Base>,
}

/// The top of a permitted or excluded subtree of names.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Base {
    /// `dNSName`, as written in the certificate.
    Domain(String),
    /// `iPAddress`: an address and a mask of as many octets.
    Network(Network),
    /// `rfc822Name`: an address, a host, or a domain with a dot in front.
    Mail(String),
    /// `uniformResourceIdentifier`: a host, or a domain with a dot in front.
    Uri(String),
    /// `directoryName`.
    Directory(DistinguishedName),
    /// A kind of name that clients do not compare: `otherName`, `registeredID` and such.
    Other,
}

/// The octets of an `iPAddress` in name constraints.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Network(Vec<u8>);

impl NameConstraints {
    pub(super) fn from_parsed(constraints: &Parsed<'_>) -> Self {
        let bases = |list: &Option<Vec<_>>| {
            let subtrees = list.iter().flatten();
            subtrees
                .map(|subtree: &x509_parser::extensions::GeneralSubtree<'_>| {
                    Base::from_parsed(&subtree.base)
                })
                .collect()
        };
        Self {
            permitted: bases(&constraints.permitted_subtrees),
            excluded: bases(&constraints.excluded_subtrees),
        }
    }

    /// All bases, of both lists.
    pub fn bases(&self) -> impl Iterator<Item = &Base> {
        self.permitted.iter().chain(&self.excluded)
    }

    /// Every client compares names of all the kinds that are constrained.
    #[must_use]
    pub fn are_of_servers_alone(&self) -> bool {
        self.bases()
            .all(|base| matches!(base, Base::Domain(_) | Base::Network(_)))
    }
}

impl Base {
    fn from_parsed(name: &GeneralName<'_>) -> Self {
        match name {
            GeneralName::DNSName(name) => Self::Domain((*name).to_owned()),
            GeneralName::IPAddress(octets) => Self::Network(Network(octets.to_vec())),
            GeneralName::RFC822Name(mail) => Self::Mail((*mail).to_owned()),
            GeneralName::URI(uri) => Self::Uri((*uri).to_owned()),
            GeneralName::DirectoryName(name) => {
                Self::Directory(DistinguishedName::from_parsed(name))
            }
            _ => Self::Other,
        }
    }
}

impl Network {
    /// Address and mask have 4 or 16 octets, and the mask is a prefix, as RFC 4632 defines it.
    #[must_use]
    pub fn is_well_formed(&self) -> bool {
        let (_, mask) = self.parts();
        let ones = mask.iter().map(|octet| octet.leading_ones()).sum::<u32>();
        let set = mask.iter().map(|octet| octet.count_ones()).sum::<u32>();
        let prefix = mask.iter().skip_while(|octet| **octet == 0xff);
        matches!(self.0.len(), 8 | 32) && ones == set && prefix.skip(1).all(|octet| *octet == 0)
    }

    /// The address is of the network's version and within it.
    #[must_use]
    pub fn contains(&self, address: IpAddr) -> bool {
        let octets = match address {
            IpAddr::V4(address) => address.octets().to_vec(),
            IpAddr::V6(address) => address.octets().to_vec(),
        };
        let (network, mask) = self.parts();
        octets.len() == network.len()
            && octets
                .iter()
                .zip(network)
                .zip(mask)
                .all(|((own, network), mask)| own & mask == network & mask)
    }

    fn parts(&self) -> (&[u8], &[u8]) {
        self.0.split_at(self.0.len() / 2)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_mask_is_a_prefix() {
        for (mask, expected) in [
            ([0, 0, 0, 0], true),
            ([0xff, 0, 0, 0], true),
            ([0xff, 0xfe, 0, 0], true),
            ([0xff, 0xff, 0xff, 0xff], true),
            ([0xff, 0, 0xff, 0], false),
            ([0xff, 0x0f, 0, 0], false),
            ([0xfe, 0xfe, 0, 0], false),
            ([0, 0, 0, 1], false),
        ] {
            let network = Network([[10, 0, 0, 0], mask].concat());
            assert_eq!(network.is_well_formed(), expected, "{mask:?}");
        }
        assert!(!Network(vec![10, 0, 0, 0, 8]).is_well_formed());
        assert!(!Network(Vec::new()).is_well_formed());
    }

    #[test]
    fn an_address_is_within_a_network_of_its_version() {
        let ten = Network(vec![10, 0, 0, 0, 0xff, 0, 0, 0]);
        for (address, expected) in [("10.1.2.3", true), ("11.1.2.3", false), ("a00::", false)] {
            let address = address.parse().expect("an address");
            assert_eq!(ten.contains(address), expected, "{address}");
        }
    }
}
