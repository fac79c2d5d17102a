//! SearchCertificates: the order of the answers.

use std::cmp::Ordering;

use time::OffsetDateTime;

use super::stored::Stored;

/// The sort is stable, so that equal ones stay in the order of their creation.
pub(super) fn compare(sort_by: &str, a: &Stored, b: &Stored, now: OffsetDateTime) -> Ordering {
    let not = |at: fn(&certdrop::certificate::Certificate) -> OffsetDateTime| {
        let of = |c: &Stored| c.material().map(|material| at(&material.leaf.certificate));
        of(a).cmp(&of(b))
    };
    let common_name = |c: &Stored| {
        let leaf = c
            .material()
            .map(|material| &material.leaf.certificate.subject);
        leaf.and_then(|subject| subject.common_name().map(str::to_owned))
    };
    match sort_by {
        "CREATED_AT" => (a.created_at, a.sequence).cmp(&(b.created_at, b.sequence)),
        "NOT_AFTER" => not(|certificate| certificate.not_after),
        "NOT_BEFORE" => not(|certificate| certificate.not_before),
        "IMPORTED_AT" => a.imported_at().cmp(&b.imported_at()),
        "STATUS" => a.status(now).cmp(b.status(now)),
        "IN_USE" => a.is_in_use().cmp(&b.is_in_use()),
        "KEY_ALGORITHM" => a.key_algorithm().cmp(b.key_algorithm()),
        "TYPE" => a.type_name().cmp(b.type_name()),
        "CERTIFICATE_ARN" => a.arn.cmp(&b.arn),
        "COMMON_NAME" => common_name(a).cmp(&common_name(b)),
        "VALIDATION_METHOD" => a.validation_method(now).cmp(&b.validation_method(now)),
        "ISSUED_AT" => a.issued_at().cmp(&b.issued_at()),
        "REVOKED_AT" => a.revoked_at().cmp(&b.revoked_at()),
        "EXPORTED" => a.is_exported().cmp(&b.is_exported()),
        "EXPORT_OPTION" => a.export_option().cmp(&b.export_option()),
        "RENEWAL_ELIGIBILITY" => a.renewal_eligibility(now).cmp(b.renewal_eligibility(now)),
        "CERTIFICATE_KEY_PAIR_ORIGIN" => a.key_pair_origin().cmp(b.key_pair_origin()),
        // The others are the same for all certificates that can exist here.
        _ => Ordering::Equal,
    }
}
