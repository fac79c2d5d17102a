//! Pages of certificates that stay right while certificates come and go.

use std::sync::Arc;

use base64::Engine as _;
use base64::prelude::BASE64_URL_SAFE_NO_PAD;

use super::refusal::Refusal;
use super::stored::Stored;

/// One page, and the token of the next one if there is more.
pub(super) struct Page {
    /// The certificates on it.
    pub certificates: Vec<Arc<Stored>>,
    /// `None` on the last page.
    pub next_token: Option<String>,
}

/// Cuts the page after `token` out of `certificates`, which are in the order of the answer.
///
/// The token names the last certificate of the page before; where that one is gone meanwhile, its
/// number of place is used.
///
/// # Errors
///
/// `ValidationException` for a token that was never given out.
pub(super) fn cut(
    certificates: &[Arc<Stored>],
    token: Option<&str>,
    length: usize,
) -> Result<Page, Refusal> {
    let start = match token {
        Some(token) => after(certificates, token)?,
        None => 0,
    };
    let end = start.saturating_add(length).min(certificates.len());
    let page = certificates.get(start..end).unwrap_or_default().to_vec();
    let next_token = page
        .last()
        .filter(|_| end < certificates.len())
        .map(|last| BASE64_URL_SAFE_NO_PAD.encode(format!("{end} {}", last.arn)));
    Ok(Page {
        certificates: page,
        next_token,
    })
}

fn after(certificates: &[Arc<Stored>], token: &str) -> Result<usize, Refusal> {
    let invalid = || Refusal::validation("The provided token is not valid.");
    let decoded = BASE64_URL_SAFE_NO_PAD
        .decode(token)
        .map_err(|_| invalid())?;
    let text = String::from_utf8(decoded).map_err(|_| invalid())?;
    let (place, arn) = text.split_once(' ').ok_or_else(invalid)?;
    let place: usize = place.parse().map_err(|_| invalid())?;
    let found = certificates
        .iter()
        .position(|certificate| certificate.arn == arn);
    Ok(found.map_or_else(
        || place.saturating_sub(1).min(certificates.len()),
        |last| last + 1,
    ))
}
