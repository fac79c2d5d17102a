//! Sessions of roles, and the credentials that stand for one.

use base64::Engine as _;
use base64::prelude::{BASE64_STANDARD, BASE64_URL_SAFE_NO_PAD};
use ring::digest;
use ring::rand::{SecureRandom as _, SystemRandom};
use serde::{Deserialize, Serialize};
use time::OffsetDateTime;

use super::refusal::Refusal;
use super::roles::RoleArn;

/// A role that somebody has assumed.
///
/// All of it is in the session token, as at AWS, so that it outlives a restart and needs no memory.
/// Nothing keeps a client from writing such a token itself: signatures are not verified either.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Session {
    /// The access key that goes with the token.
    pub access_key: String,
    /// The role.
    pub role: RoleArn,
    /// Its `RoleSessionName`.
    pub name: String,
    /// When it ends.
    #[serde(with = "time::serde::rfc3339")]
    pub ends_at: OffsetDateTime,
}

impl Session {
    /// A session with an access key that has not been there before.
    ///
    /// # Errors
    ///
    /// Where the system has no random numbers.
    pub(super) fn start(
        role: RoleArn,
        name: String,
        ends_at: OffsetDateTime,
    ) -> Result<Self, Refusal> {
        Ok(Self {
            access_key: identifier(TEMPORARY, &random::<16>()?),
            role,
            name,
            ends_at,
        })
    }

    /// The session that `token` stands for.
    pub(super) fn of(token: &str) -> Option<Self> {
        let json = BASE64_URL_SAFE_NO_PAD.decode(token).ok()?;
        serde_json::from_slice(&json).ok()
    }

    /// Its token.
    pub(super) fn token(&self) -> String {
        // The members are texts: they can be written.
        BASE64_URL_SAFE_NO_PAD.encode(serde_json::to_vec(self).unwrap_or_default())
    }

    /// Its ARN.
    pub(super) fn arn(&self) -> String {
        self.role.of_session(&self.name)
    }

    /// `AROA...:name`.
    pub(super) fn id(&self) -> String {
        format!(
            "{}:{}",
            identifier_of("AROA", &self.role.to_string()),
            self.name
        )
    }
}

/// What access keys of sessions begin with.
///
/// Source: IAM User Guide, "IAM identifiers", "Understanding unique ID prefixes".
pub(super) const TEMPORARY: &str = "ASIA";

/// A secret access key. It is not kept and opens nothing, as signatures are not verified.
///
/// # Errors
///
/// Where the system has no random numbers.
pub(super) fn secret_key() -> Result<String, Refusal> {
    Ok(BASE64_STANDARD.encode(random::<30>()?))
}

/// The unique ID of `name`: always the same.
pub(super) fn identifier_of(prefix: &str, name: &str) -> String {
    identifier(
        prefix,
        digest::digest(&digest::SHA256, name.as_bytes()).as_ref(),
    )
}

/// `prefix` and sixteen letters and digits of base 32.
fn identifier(prefix: &str, bytes: &[u8]) -> String {
    let letter = |byte: u8| {
        char::from(match byte % 32 {
            digit @ 26..=31 => b'2' + digit - 26,
            letter => b'A' + letter,
        })
    };
    let letters = bytes.iter().take(16).map(|byte| letter(*byte));
    prefix.chars().chain(letters).collect()
}

fn random<const LENGTH: usize>() -> Result<[u8; LENGTH], Refusal> {
    let mut bytes = [0_u8; LENGTH];
    SystemRandom::new()
        .fill(&mut bytes)
        .map_err(|_| Refusal::internal("the system has no random numbers"))?;
    Ok(bytes)
}
