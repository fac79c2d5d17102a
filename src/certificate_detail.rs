//! What ACM says of one of its certificates, kept whole.
//!
//! The answer is kept as the service wrote it, under its own names, so that a member that ACM
//! adds tomorrow is in tomorrow's summaries without a change here.

use std::collections::BTreeSet;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value};
use time::OffsetDateTime;
use time::format_description::well_known::Rfc3339;

use crate::certificate::{Certificate, SerialNumber};
use crate::validate::reimport::{Previous, Usages};

/// CertificateDetail of ACM, with dates as RFC 3339 and enumerations as ACM's model spells them.
///
/// Source: <https://docs.aws.amazon.com/acm/latest/APIReference/API_CertificateDetail.html>
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct CertificateDetail(Map<String, Value>);

/// Members that hold an instant, as seconds since 1970 in ACM's answer.
const INSTANTS: [&str; 7] = [
    "CreatedAt",
    "IssuedAt",
    "ImportedAt",
    "RevokedAt",
    "NotBefore",
    "NotAfter",
    "UpdatedAt",
];

impl CertificateDetail {
    /// Takes the member `Certificate` of DescribeCertificate's answer.
    #[must_use]
    pub fn from_answer(mut members: Map<String, Value>) -> Self {
        spell_instants(&mut members);
        // The live service writes `RSA-2048`, its model `RSA_2048`.
        if let Some(Value::String(algorithm)) = members.get_mut("KeyAlgorithm") {
            *algorithm = algorithm.replace('-', "_");
        }
        Self(members)
    }

    /// It is `leaf` that ACM has: the same serial number and the same validity.
    #[must_use]
    pub fn shows(&self, leaf: &Certificate) -> bool {
        self.serial().as_ref() == Some(&leaf.serial)
            && self.not_after() == Some(leaf.not_after)
            && self
                .not_before()
                .is_none_or(|begin| begin == leaf.not_before)
    }

    /// `None` where ACM does not tell.
    #[must_use]
    pub fn serial(&self) -> Option<SerialNumber> {
        SerialNumber::from_hexadecimal(self.text("Serial")?)
    }

    /// First instant of validity.
    #[must_use]
    pub fn not_before(&self) -> Option<OffsetDateTime> {
        self.instant("NotBefore")
    }

    /// Last instant of validity.
    #[must_use]
    pub fn not_after(&self) -> Option<OffsetDateTime> {
        self.instant("NotAfter")
    }

    /// When the certificate first came to ACM.
    #[must_use]
    pub fn created_at(&self) -> Option<OffsetDateTime> {
        self.instant("CreatedAt")
    }

    /// ARNs of the resources that use the certificate.
    #[must_use]
    pub fn in_use_by(&self) -> Vec<&str> {
        self.list("InUseBy").filter_map(Value::as_str).collect()
    }

    /// The names that clients look for, or the one that ACM shows in its lists.
    #[must_use]
    pub fn names(&self) -> Vec<&str> {
        let mut names: Vec<_> = self
            .list("SubjectAlternativeNames")
            .filter_map(Value::as_str)
            .collect();
        if names.is_empty() {
            names.extend(self.text("DomainName"));
        }
        names
    }

    /// Who signed, as ACM writes it.
    #[must_use]
    pub fn issuer(&self) -> Option<&str> {
        self.text("Issuer")
    }

    /// Kind and size of the key, by the names of ACM's model: `RSA_2048`.
    #[must_use]
    pub fn key_algorithm(&self) -> Option<&str> {
        self.text("KeyAlgorithm")
    }

    /// The same for the rules of re-import.
    #[must_use]
    pub fn as_previous(&self) -> Previous {
        Previous {
            is_imported: self.text("Type").is_none_or(|kind| kind == "IMPORTED"),
            key_algorithm: self.key_algorithm().map(str::to_owned),
            key_usages: self.usages("KeyUsages", "Name", "ANY"),
            extended_key_usages: self.usages("ExtendedKeyUsages", "OID", "NONE"),
        }
    }

    /// `unrestricted` is the name by which ACM shows an absent extension (inferred).
    fn usages(&self, member: &str, by: &str, unrestricted: &str) -> Usages {
        if !self.0.contains_key(member) {
            return Usages::Unknown;
        }
        let of =
            |usage: &Value, name: &str| usage.get(name).and_then(Value::as_str).map(str::to_owned);
        if self
            .list(member)
            .any(|usage| of(usage, "Name").as_deref() == Some(unrestricted))
        {
            return Usages::Unrestricted;
        }
        let listed: Option<BTreeSet<_>> = self.list(member).map(|usage| of(usage, by)).collect();
        match listed {
            Some(listed) if !listed.is_empty() => Usages::Only(listed),
            // An empty list, or a usage without its identifier, tells nothing for sure.
            _ => Usages::Unknown,
        }
    }

    fn text(&self, member: &str) -> Option<&str> {
        self.0.get(member)?.as_str()
    }

    fn instant(&self, member: &str) -> Option<OffsetDateTime> {
        OffsetDateTime::parse(self.text(member)?, &Rfc3339).ok()
    }

    fn list(&self, member: &str) -> impl Iterator<Item = &Value> {
        self.0
            .get(member)
            .and_then(Value::as_array)
            .into_iter()
            .flatten()
    }
}

fn spell_instants(members: &mut Map<String, Value>) {
    for (name, value) in members.iter_mut() {
        match value {
            Value::Object(inner) => spell_instants(inner),
            Value::Number(seconds) if INSTANTS.contains(&name.as_str()) => {
                if let Some(text) = seconds.as_f64().and_then(rfc3339) {
                    *value = Value::String(text);
                }
            }
            _ => {}
        }
    }
}

/// Milliseconds are dropped: certificates know seconds only.
fn rfc3339(seconds: f64) -> Option<String> {
    #[expect(
        clippy::cast_possible_truncation,
        reason = "dates fit i64 by far; `as` saturates"
    )]
    let whole = seconds.floor() as i64;
    OffsetDateTime::from_unix_timestamp(whole)
        .ok()?
        .format(&Rfc3339)
        .ok()
}

#[cfg(test)]
mod tests {
    use super::*;
    use serde_json::json;

    fn detail(answer: Value) -> CertificateDetail {
        let Value::Object(members) = answer else {
            panic!("not an object");
        };
        CertificateDetail::from_answer(members)
    }

    #[test]
    fn an_answer_is_kept_whole_with_dates_and_names_spelt_out() {
        let detail = detail(json!({
            "Serial": "07:71:71:f4", "NotAfter": 1_800_000_000, "CreatedAt": 1_700_000_000.25,
            "KeyAlgorithm": "EC-prime256v1", "Type": "IMPORTED", "Novelty": {"UpdatedAt": 0, "Count": 7},
            "InUseBy": ["arn:aws:elasticloadbalancing:x"],
        }));
        let shown = serde_json::to_value(&detail).expect("it is JSON");
        assert_eq!(shown["NotAfter"], "2027-01-15T08:00:00Z");
        assert_eq!(shown["CreatedAt"], "2023-11-14T22:13:20Z");
        assert_eq!(shown["KeyAlgorithm"], "EC_prime256v1");
        assert_eq!(
            shown["Novelty"],
            json!({"UpdatedAt": "1970-01-01T00:00:00Z", "Count": 7})
        );
        assert_eq!(
            detail.serial().map(|serial| serial.to_string()).as_deref(),
            Some("07:71:71:f4")
        );
        assert_eq!(detail.in_use_by(), ["arn:aws:elasticloadbalancing:x"]);
    }

    #[test]
    fn absent_extensions_are_told_from_untold_ones() {
        let told = detail(json!({
            "KeyUsages": [{"Name": "ANY"}], "ExtendedKeyUsages": [{"Name": "NONE"}],
        }))
        .as_previous();
        assert_eq!(told.key_usages, Usages::Unrestricted);
        assert_eq!(told.extended_key_usages, Usages::Unrestricted);
        let untold = detail(json!({"ExtendedKeyUsages": [{"Name": "CUSTOM"}]})).as_previous();
        assert_eq!(untold.key_usages, Usages::Unknown);
        assert_eq!(untold.extended_key_usages, Usages::Unknown);
        let listed = detail(json!({
            "KeyUsages": [{"Name": "DIGITAL_SIGNATURE"}],
            "ExtendedKeyUsages": [{"Name": "TLS_WEB_SERVER_AUTHENTICATION", "OID": "1.3.6.1.5.5.7.3.1"}],
        }))
        .as_previous();
        assert_eq!(
            listed.key_usages,
            Usages::Only(BTreeSet::from(["DIGITAL_SIGNATURE".to_owned()]))
        );
        assert_eq!(
            listed.extended_key_usages,
            Usages::Only(BTreeSet::from(["1.3.6.1.5.5.7.3.1".to_owned()]))
        );
    }
}
