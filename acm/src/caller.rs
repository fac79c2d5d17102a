//! Who calls: what an access key stands for.

use super::account::Account;

/// A version 4 signature, as much of it as is looked at: it is not verified.
#[derive(Clone)]
pub struct Signed {
    /// Whose it is.
    pub access_key: String,
    /// The region in its scope.
    pub region: String,
}

/// Who calls.
pub(super) struct Caller {
    /// The account that it belongs to.
    pub account: Account,
}

impl Caller {
    /// Whoever has signed.
    ///
    /// An access key of twelve digits names its account, as it does for moto and LocalStack; any
    /// other, and none, is one of `default`.
    pub(super) fn of(signed: Option<&Signed>, default: &Account) -> Self {
        let named = signed.and_then(|signed| signed.access_key.parse().ok());
        Self {
            account: named.unwrap_or_else(|| default.clone()),
        }
    }
}
