//! The regular expressions of the service's model, each with our reading of it.

use super::shape::Pattern;

/// An ARN of ACM.
pub(super) static ARN_PATTERN: Pattern = Pattern {
    text: r"arn:[\w+=/,.@-]+:acm:[\w+=/,.@-]*:[0-9]+:[\w+=,.@-]+(/[\w+=,.@-]+)*",
    matches: |text| is_arn(text, "acm"),
};
/// An ARN of a certificate.
pub(super) static CERTIFICATE_ARN_PATTERN: Pattern = Pattern {
    text: r"arn:[\w+=/,.@-]+:acm:[\w+=/,.@-]*:[0-9]+:certificate/[\w+=,.@-]+.*",
    matches: |text| {
        is_arn(text, "acm")
            && text
                .splitn(6, ':')
                .last()
                .is_some_and(|resource| resource.starts_with("certificate/"))
    },
};
/// An ARN of AWS Private CA.
pub(super) static PCA_ARN_PATTERN: Pattern = Pattern {
    text: r"arn:[\w+=/,.@-]+:acm-pca:[\w+=/,.@-]*:[0-9]+:[\w+=,.@-]+(/[\w+=,.@-]+)*",
    matches: |text| is_arn(text, "acm-pca"),
};
/// Keys and values of tags.
pub(super) static TAG: Pattern = Pattern {
    text: r"([\p{L}\p{Z}\p{N}_.:/=+\-@]*)",
    // `char::is_numeric` is the general category N. `is_alphabetic` takes in some marks beside the
    // category L, which only matters to scripts with combining vowels.
    matches: |text| {
        text.chars().all(|c| {
            c.is_alphabetic()
                || c.is_numeric()
                || "_.:/=+-@".contains(c)
                || (c.is_whitespace() && !c.is_control())
        })
    },
};
/// A serial number of 2 to 20 octets.
pub(super) static SERIAL_NUMBER: Pattern = Pattern {
    text: "[0-9a-f]{2}(:[0-9a-f]{2}){1,19}",
    matches: |text| {
        (2..=20).contains(&text.split(':').count())
            && text.split(':').all(|byte| {
                byte.len() == 2 && byte.chars().all(|c| matches!(c, '0'..='9' | 'a'..='f'))
            })
    },
};
/// A host name of two labels or more, or a wildcard.
pub(super) static DOMAIN_NAME_PATTERN: Pattern = Pattern {
    text: r"(\*\.)?(((?!-)[A-Za-z0-9-]{0,62}[A-Za-z0-9])\.)+((?!-)[A-Za-z0-9-]{1,62}[A-Za-z0-9])",
    matches: |text| {
        let name = text.strip_prefix("*.").unwrap_or(text);
        let mut labels = name.rsplit('.');
        labels
            .next()
            .is_some_and(|top| top.len() >= 2 && is_label(top))
            && labels.clone().next().is_some()
            && labels.all(is_label)
    },
};
/// Letters, digits and underscores.
pub(super) static WORD: Pattern = Pattern {
    text: r"\w+",
    matches: |text| !text.is_empty() && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_'),
};
/// Names of sessions.
pub(super) static SESSION_NAME: Pattern = Pattern {
    text: r"[\w+=,.@-]*",
    matches: |text| text.chars().all(|c| is_word(c, "+=,.@-")),
};
/// External IDs of roles.
pub(super) static EXTERNAL_ID: Pattern = Pattern {
    text: r"[\w+=,.@:\/-]*",
    matches: |text| text.chars().all(|c| is_word(c, "+=,.@:/-")),
};
/// What XML may contain, and not nothing.
pub(super) static UNICODE: Pattern = Pattern {
    text: r"[\u0009\u000A\u000D\u0020-\u007E\u0085\u00A0-\uD7FF\uE000-\uFFFD\u10000-\u10FFFF]+",
    matches: |text| {
        !text.is_empty()
            && text.chars().all(|c| {
                matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{7e}' | '\u{85}' | '\u{a0}'..)
                    && !matches!(c, '\u{fffe}' | '\u{ffff}')
            })
    },
};
/// Tokens of pages.
pub(super) static LATIN_1: Pattern = Pattern {
    text: r"[\u0009\u000A\u000D\u0020-\u00FF]*",
    matches: |text| {
        text.chars()
            .all(|c| matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{ff}'))
    },
};
/// Anything.
pub(super) static ANYTHING: Pattern = Pattern {
    text: r"[\s\S]*",
    matches: |_| true,
};

fn is_arn(text: &str, service: &str) -> bool {
    let part = |part: &str, others: &str| part.chars().all(|c| is_word(c, others));
    match *text.splitn(6, ':').collect::<Vec<_>>() {
        ["arn", partition, named, region, account, resource] => {
            named == service
                && !partition.is_empty()
                && part(partition, "+=/,.@-")
                && part(region, "+=/,.@-")
                && !account.is_empty()
                && account.chars().all(|c| c.is_ascii_digit())
                && resource
                    .split('/')
                    .all(|piece| !piece.is_empty() && part(piece, "+=,.@-"))
        }
        _ => false,
    }
}

/// `\w`, or one of `others`.
fn is_word(c: char, others: &str) -> bool {
    c.is_ascii_alphanumeric() || c == '_' || others.contains(c)
}

fn is_label(label: &str) -> bool {
    (1..=63).contains(&label.len())
        && !label.starts_with('-')
        && !label.ends_with('-')
        && label.chars().all(|c| c.is_ascii_alphanumeric() || c == '-')
}
