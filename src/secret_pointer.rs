//! Where a key or passphrase is that lies in Secrets Manager: a parameter points to it.
//!
//! The pointer takes the place of the value, under the name that the value would have: `private-key`, `passphrase`.
//! So it is written by who may write a bundle's secrets, with `ssm:PutParameter`. Who may only drop objects cannot make
//! the function read a secret: neither an object, nor its tags, nor its name say which one is read. What the function's
//! role may read limits the writers of pointers too.
//!
//! The parameter's type tells a pointer from a value, before anybody reads it. A pointer is a StringList, and nothing
//! else is one: a SecureString is always the secret itself, whatever its text. Sweeps list parameters by type. Both
//! types come on the same pages, without values, and the ARNs that certdrop writes (String) stay off them.

use std::fmt;

use serde::de::{Deserializer as _, IgnoredAny, MapAccess, Visitor};
use serde_json::error::Category;

use crate::fault::Fault;
use crate::secret::SecretBytes;

/// How the parameter store keeps a value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ParameterType {
    /// Encrypted.
    SecureString,
    /// In the clear.
    String,
    /// In the clear, with commas.
    StringList,
}

/// A secret in Secrets Manager, in the function's account and region: its name or its ARN.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SecretId(String);

/// A secret, and what of it is meant: `secretsmanager:NAME-OR-ARN`, or `secretsmanager:NAME-OR-ARN#MEMBER`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretPointer {
    secret: SecretId,
    /// The member of the JSON object; `None` means the secret as a whole.
    member: Option<String>,
}

/// A parameter is no pointer where it has to be one, or is one where it may not.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum WrongPointer {
    /// A StringList that is no pointer.
    Malformed,
    /// A pointer that sweeps do not find.
    WrongType,
}

/// A secret is there and does not have what the pointer says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum WrongSecret {
    /// It is not a JSON object.
    NotJson,
    /// The object has no such member.
    NoMember(String),
    /// The member is no text.
    NotText(String),
    /// It is not UTF-8.
    NotUtf8,
}

/// How a pointer begins.
const SCHEME: &str = "secretsmanager:";

/// Characters of an id at most.
///
/// Source: <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_GetSecretValue.html>
const LONGEST: usize = 2_048;

impl SecretId {
    /// Reads a name or `arn:<partition>:secretsmanager:<region>:<account>:secret:<name>`.
    ///
    /// Source: <https://docs.aws.amazon.com/secretsmanager/latest/apireference/API_CreateSecret.html> for the characters
    /// of a name. `#` is none of them, and neither is `:`.
    #[must_use]
    pub fn parse(text: &str) -> Option<Self> {
        let fields: Vec<_> = text.split(':').collect();
        let name = match fields.as_slice() {
            [name] => name,
            [
                "arn",
                partition,
                "secretsmanager",
                region,
                account,
                "secret",
                name,
            ] if ![partition, region, account].iter().any(|f| f.is_empty()) => name,
            _ => return None,
        };
        let is_of_a_name = |byte: u8| byte.is_ascii_alphanumeric() || b"/_+=.@-".contains(&byte);
        let is_name = !name.is_empty() && name.bytes().all(is_of_a_name);
        (is_name && text.len() <= LONGEST).then(|| Self(text.to_owned()))
    }

    /// As it was written.
    #[must_use]
    pub fn as_str(&self) -> &str {
        &self.0
    }
}

impl fmt::Display for SecretId {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

impl SecretPointer {
    /// The pointer that a parameter is; `None` where it is the secret itself.
    ///
    /// # Errors
    ///
    /// [`WrongPointer`] where it is meant as a pointer and cannot be followed.
    pub fn in_parameter(kind: ParameterType, value: &str) -> Result<Option<Self>, WrongPointer> {
        match (kind, value.strip_prefix(SCHEME)) {
            (ParameterType::SecureString, _) | (ParameterType::String, None) => Ok(None),
            (ParameterType::String, Some(_)) => Err(WrongPointer::WrongType),
            (ParameterType::StringList, None) => Err(WrongPointer::Malformed),
            (ParameterType::StringList, Some(rest)) => {
                Self::parse(rest).map(Some).ok_or(WrongPointer::Malformed)
            }
        }
    }

    fn parse(text: &str) -> Option<Self> {
        let (secret, member) = match text.split_once('#') {
            Some((secret, member)) => (secret, Some(member)),
            None => (text, None),
        };
        if member.is_some_and(str::is_empty) {
            return None;
        }
        Some(Self {
            secret: SecretId::parse(secret)?,
            member: member.map(str::to_owned),
        })
    }

    /// The secret.
    #[must_use]
    pub fn secret(&self) -> &SecretId {
        &self.secret
    }

    /// What is meant of the secret's `value`: all of it, or the text of one member.
    ///
    /// # Errors
    ///
    /// [`WrongSecret`] where the secret has no such member.
    pub fn select(&self, value: &SecretBytes) -> Result<SecretBytes, WrongSecret> {
        match &self.member {
            None => Ok(SecretBytes::new(value.expose().to_vec())),
            Some(name) => member(value.expose(), name),
        }
    }
}

fn member(json: &[u8], name: &str) -> Result<SecretBytes, WrongSecret> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let read = (&mut reader).deserialize_map(Seek(name));
    let read = read.and_then(|found| reader.end().map(|()| found));
    // The error itself may quote the secret.
    match read {
        Ok(found) => found.ok_or_else(|| WrongSecret::NoMember(name.to_owned())),
        Err(error) if error.classify() == Category::Data && is_object(json) => {
            Err(WrongSecret::NotText(name.to_owned()))
        }
        Err(_) => Err(WrongSecret::NotJson),
    }
}

fn is_object(json: &[u8]) -> bool {
    json.trim_ascii_start().starts_with(b"{")
}

/// Reads one member and skips the others, so that none of them lies about in memory.
struct Seek<'a>(&'a str);

impl<'de> Visitor<'de> for Seek<'_> {
    type Value = Option<SecretBytes>;

    fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("an object")
    }

    fn visit_map<A: MapAccess<'de>>(self, mut map: A) -> Result<Self::Value, A::Error> {
        let mut found = None;
        while let Some(name) = map.next_key::<String>()? {
            if name == self.0 {
                found = Some(SecretBytes::new(map.next_value::<String>()?.into_bytes()));
            } else {
                map.next_value::<IgnoredAny>()?;
            }
        }
        Ok(found)
    }
}

impl WrongPointer {
    /// The fault of a bundle with such a `parameter`. Its value is not quoted: it may be a key that was stored under the
    /// wrong type.
    #[must_use]
    pub fn fault(self, parameter: &str) -> Fault {
        let (problem, remedy) = match self {
            Self::Malformed => (
                "is a StringList, but does not point to a secret",
                "write it as `secretsmanager:NAME` or `secretsmanager:NAME#MEMBER`, with the name or the ARN of a secret in Secrets Manager; or delete it, and store the secret itself as a SecureString",
            ),
            Self::WrongType => (
                "points to a secret, but is a String",
                "delete it, and store the same value with the type StringList",
            ),
        };
        Fault::set_up(format!("the parameter {parameter} {problem}"), remedy)
    }
}

impl WrongSecret {
    /// The fault of a bundle whose `parameter` points to this `secret`.
    #[must_use]
    pub fn fault(&self, secret: &SecretId, parameter: &str) -> Fault {
        Fault::set_up(
            format!("the secret {secret}, to which the parameter {parameter} points, {self}"),
            "correct the secret, or the parameter",
        )
    }
}

impl fmt::Display for WrongSecret {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NotJson => f.write_str("is not a JSON object"),
            Self::NoMember(name) => write!(f, "has no member `{name}`"),
            Self::NotText(name) => write!(f, "has a member `{name}` that is not a text"),
            Self::NotUtf8 => f.write_str("is not UTF-8, as a passphrase has to be"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use ParameterType::{SecureString, String as Plain, StringList};

    const ARN: &str = "arn:aws:secretsmanager:eu-central-1:123456789012:secret:prod/tls-AbCdEf";
    const PEM: &str =
        "-----BEGIN PRIVATE KEY-----\nMC4CAQAwBQYDK2VwBCIEIA==\n-----END PRIVATE KEY-----\n";

    fn pointer(secret: &str, member: Option<&str>) -> SecretPointer {
        SecretPointer {
            secret: SecretId(secret.to_owned()),
            member: member.map(str::to_owned),
        }
    }

    #[test]
    fn a_pointer_is_never_taken_for_a_secret_nor_a_secret_for_a_pointer() {
        let malformed = || Err(WrongPointer::Malformed);
        let too_long = format!("secretsmanager:{}", "a".repeat(LONGEST + 1));
        let whole_arn = format!("secretsmanager:{ARN}");
        let member_of_arn = format!("secretsmanager:{ARN}#tls.key");
        for (kind, value, expected) in [
            (
                StringList,
                "secretsmanager:prod/tls",
                Ok(Some(pointer("prod/tls", None))),
            ),
            (
                StringList,
                "secretsmanager:prod/tls#tls.key",
                Ok(Some(pointer("prod/tls", Some("tls.key")))),
            ),
            (
                StringList,
                "secretsmanager:a#b#c, d",
                Ok(Some(pointer("a", Some("b#c, d")))),
            ),
            (StringList, &whole_arn, Ok(Some(pointer(ARN, None)))),
            (
                StringList,
                &member_of_arn,
                Ok(Some(pointer(ARN, Some("tls.key")))),
            ),
            (StringList, "secretsmanager:", malformed()),
            (StringList, "secretsmanager:#key", malformed()),
            (StringList, "secretsmanager:prod/tls#", malformed()),
            (StringList, "secretsmanager:prod,tls", malformed()),
            (StringList, "secretsmanager:prod/tls\n", malformed()),
            (StringList, "secretsmanager: prod/tls", malformed()),
            (
                StringList,
                "secretsmanager:arn:aws:ssm:eu-central-1:123456789012:secret:a",
                malformed(),
            ),
            (
                StringList,
                "secretsmanager:arn:aws:secretsmanager:eu-central-1::secret:a",
                malformed(),
            ),
            (
                StringList,
                "secretsmanager:arn:aws:secretsmanager:eu-central-1:123456789012:secret:",
                malformed(),
            ),
            (StringList, &too_long, malformed()),
            (StringList, "prod/tls", malformed()),
            (StringList, PEM, malformed()),
            (StringList, "", malformed()),
            (
                Plain,
                "secretsmanager:prod/tls",
                Err(WrongPointer::WrongType),
            ),
            (Plain, PEM, Ok(None)),
            (Plain, "a passphrase", Ok(None)),
            (SecureString, PEM, Ok(None)),
            // A passphrase may be any text.
            (SecureString, "secretsmanager:prod/tls", Ok(None)),
        ] {
            let found = SecretPointer::in_parameter(kind, value);
            assert_eq!(found, expected, "{kind:?} {value}");
        }
    }

    fn selected(pointer: &str, secret: &[u8]) -> Result<Vec<u8>, WrongSecret> {
        let pointer = SecretPointer::in_parameter(StringList, pointer)
            .expect("a pointer")
            .expect("a pointer");
        let found = pointer.select(&SecretBytes::new(secret.to_vec()))?;
        Ok(found.expose().to_vec())
    }

    #[test]
    fn a_secret_is_taken_whole_or_by_one_member_of_its_json() {
        let no = |name: &str| WrongSecret::NoMember(name.to_owned());
        let not_text = |name: &str| WrongSecret::NotText(name.to_owned());
        let (whole, key) = ("secretsmanager:a", "secretsmanager:a#key");
        for (pointer, secret, expected) in [
            (whole, PEM, Ok(PEM)),
            (whole, "{\"key\": \"k\"}", Ok("{\"key\": \"k\"}")),
            (whole, "", Ok("")),
            (key, "{\"key\": \"k\", \"other\": [1, {}]}", Ok("k")),
            (
                key,
                " {\"other\": null, \"key\": \"a\\nb\\u00fc\"} ",
                Ok("a\nb\u{fc}"),
            ),
            (key, "{\"key\": \"\"}", Ok("")),
            (key, "{\"other\": \"k\"}", Err(no("key"))),
            (key, "{\"Key\": \"k\"}", Err(no("key"))),
            (key, "{\"other\": {\"key\": \"k\"}}", Err(no("key"))),
            (key, "{\"key\": 1}", Err(not_text("key"))),
            (key, "{\"key\": null}", Err(not_text("key"))),
            (key, "{\"key\": {\"key\": \"k\"}}", Err(not_text("key"))),
            (key, "[\"key\", \"k\"]", Err(WrongSecret::NotJson)),
            (key, "\"key\"", Err(WrongSecret::NotJson)),
            (key, "{\"key\": \"k\"", Err(WrongSecret::NotJson)),
            (key, "{\"key\": \"k\"} {}", Err(WrongSecret::NotJson)),
            (key, PEM, Err(WrongSecret::NotJson)),
            (key, "", Err(WrongSecret::NotJson)),
        ] {
            let expected = expected.map(|text| text.as_bytes().to_vec());
            let found = selected(pointer, secret.as_bytes());
            assert_eq!(found, expected, "{pointer} of {secret}");
        }
        let der = [0x30, 0x82, 0xff, 0x00];
        assert_eq!(selected(whole, &der), Ok(der.to_vec()));
        assert_eq!(selected(key, &der), Err(WrongSecret::NotJson));
    }

    #[test]
    fn faults_say_where_the_pointer_is_and_nothing_of_the_secret() {
        let parameter = "/certdrop/www.example.com/private-key";
        let secret = SecretId::parse("prod/tls").expect("an id");
        for (fault, expected) in [
            (
                WrongPointer::Malformed.fault(parameter),
                "the parameter /certdrop/www.example.com/private-key is a StringList, but does not point to a secret; write it as `secretsmanager:NAME` or `secretsmanager:NAME#MEMBER`, with the name or the ARN of a secret in Secrets Manager; or delete it, and store the secret itself as a SecureString",
            ),
            (
                WrongPointer::WrongType.fault(parameter),
                "the parameter /certdrop/www.example.com/private-key points to a secret, but is a String; delete it, and store the same value with the type StringList",
            ),
            (
                WrongSecret::NoMember("tls.key".to_owned()).fault(&secret, parameter),
                "the secret prod/tls, to which the parameter /certdrop/www.example.com/private-key points, has no member `tls.key`; correct the secret, or the parameter",
            ),
        ] {
            assert_eq!(fault.kind().as_str(), "SetUp");
            assert_eq!(fault.to_string(), expected);
        }
    }
}
