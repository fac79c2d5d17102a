//! The configuration of the account in a region: when ACM starts to warn of an expiry.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};
use serde_json::{Map, Value, json};
use time::OffsetDateTime;

use super::certificate_request::TOKEN_LIFE;
use super::refusal::Refusal;

/// What PutAccountConfiguration has set.
#[derive(Clone, Serialize, Deserialize)]
pub(super) struct Configuration {
    days_before_expiry: i64,
    /// When each token was used last; a repeated call changes nothing.
    tokens: BTreeMap<String, i64>,
}

impl Default for Configuration {
    /// Source: API reference of PutAccountConfiguration.
    fn default() -> Self {
        Self {
            days_before_expiry: 45,
            tokens: BTreeMap::new(),
        }
    }
}

impl Configuration {
    /// GetAccountConfiguration.
    pub(super) fn to_json(&self) -> Value {
        json!({"ExpiryEvents": {"DaysBeforeExpiry": self.days_before_expiry}})
    }

    /// This configuration with what `request`, which has passed the model, puts.
    ///
    /// Source: API reference of PutAccountConfiguration; moto's test
    /// `test_put_account_configuration_without_parameters`, which was verified on AWS.
    ///
    /// # Errors
    ///
    /// `ValidationException` for a request that puts nothing.
    pub(super) fn with(
        &self,
        request: &Map<String, Value>,
        now: OffsetDateTime,
    ) -> Result<Self, Refusal> {
        let events = request.get("ExpiryEvents");
        let days = events
            .and_then(|events| events.get("DaysBeforeExpiry"))
            .and_then(Value::as_i64)
            .ok_or_else(|| Refusal::validation("Configuration for events is empty."))?;
        let token = request.get("IdempotencyToken").and_then(Value::as_str);
        let token = token.unwrap_or_default();
        let now = now.unix_timestamp();
        let mut tokens = self.tokens.clone();
        tokens.retain(|_, used_at| now - *used_at < TOKEN_LIFE.whole_seconds());
        if tokens.contains_key(token) {
            return Ok(self.clone());
        }
        tokens.insert(token.to_owned(), now);
        Ok(Self {
            days_before_expiry: days,
            tokens,
        })
    }
}
