//! The requests of the service's model that are answered here, member for member.
//!
//! Source: `acm/2015-12-08/service-2.json` and `resourcegroupstaggingapi/2017-01-26/service-2.json`
//! of botocore 1.44.8; a test compares each shape with the installed model.

use super::patterns::{
    ANYTHING, ARN_PATTERN, CERTIFICATE_ARN_PATTERN, DOMAIN_NAME_PATTERN, LATIN_1, PCA_ARN_PATTERN,
    SERIAL_NUMBER, TAG, WORD,
};
use super::shape::Presence::{Optional, Required};
use super::shape::{Member, Pattern, Presence, Shape};

/// The shape of an operation's input; `None` for an operation that is not answered.
#[must_use]
pub fn request_of(operation: &str) -> Option<&'static Shape> {
    Some(match operation {
        "ImportCertificate" => &IMPORT,
        "DescribeCertificate"
        | "GetCertificate"
        | "DeleteCertificate"
        | "RenewCertificate"
        | "ListTagsForCertificate" => &ARN_ONLY,
        "ListCertificates" => &LIST,
        "SearchCertificates" => &SEARCH,
        "AddTagsToCertificate" | "RemoveTagsFromCertificate" => &ARN_AND_TAGS,
        "RequestCertificate" => &REQUEST,
        "ListCertificateDomainValidations" => &LIST_VALIDATIONS,
        "ResendValidationEmail" => &RESEND,
        "UpdateCertificateOptions" => &UPDATE_OPTIONS,
        "ExportCertificate" => &EXPORT,
        "RevokeCertificate" => &REVOKE,
        "GetAccountConfiguration" => &Shape::Structure(&[]),
        "PutAccountConfiguration" => &PUT_CONFIGURATION,
        "TagResource" => &TAG_RESOURCE,
        "UntagResource" => &UNTAG_RESOURCE,
        "ListTagsForResource" => &RESOURCE_ONLY,
        "GetResources" => &GET_RESOURCES,
        "TagResources" => &TAG_RESOURCES,
        "UntagResources" => &UNTAG_RESOURCES,
        _ => return None,
    })
}

/// A member of a structure.
pub(super) const fn member(
    name: &'static str,
    presence: Presence,
    shape: &'static Shape,
) -> Member {
    Member {
        name,
        presence,
        shape,
    }
}

const fn list(of: &'static Shape, min: usize, max: usize) -> Shape {
    Shape::List { of, min, max }
}

/// A text of so many characters.
pub(super) const fn text(min: usize, max: usize, pattern: Option<&'static Pattern>) -> Shape {
    Shape::Text { min, max, pattern }
}

/// Where the model sets no bound.
pub const UNBOUNDED: usize = usize::MAX;

static IMPORT: Shape = Shape::Structure(&[
    member("CertificateArn", Optional, &ARN),
    member(
        "Certificate",
        Required,
        &Shape::Blob {
            min: 1,
            max: 32_768,
        },
    ),
    // The prose of the API reference says 5,120, the model 8,192; no key that ACM takes is longer
    // than 3,300.
    member("PrivateKey", Required, &Shape::Blob { min: 1, max: 8_192 }),
    member(
        "CertificateChain",
        Optional,
        &Shape::Blob {
            min: 1,
            max: 2_097_152,
        },
    ),
    member("Tags", Optional, &TAGS),
]);

static ARN_ONLY: Shape = Shape::Structure(&[member("CertificateArn", Required, &ARN)]);

static ARN_AND_TAGS: Shape = Shape::Structure(&[
    member("CertificateArn", Required, &ARN),
    member("Tags", Required, &TAGS),
]);

static LIST: Shape = Shape::Structure(&[
    member(
        "CertificateStatuses",
        Optional,
        &list(&STATUS, 0, UNBOUNDED),
    ),
    member(
        "CertificateKeyPairOrigins",
        Optional,
        &list(&KEY_PAIR_ORIGIN, 1, 3),
    ),
    member("RootHierarchyTypes", Optional, &list(&ROOT_HIERARCHY, 1, 5)),
    member(
        "Includes",
        Optional,
        &Shape::Structure(&[
            member(
                "extendedKeyUsage",
                Optional,
                &list(&EXTENDED_KEY_USAGE, 0, UNBOUNDED),
            ),
            member("keyUsage", Optional, &list(&KEY_USAGE, 0, UNBOUNDED)),
            member("keyTypes", Optional, &list(&KEY_ALGORITHM, 0, UNBOUNDED)),
            member("exportOption", Optional, &SWITCH),
            member("managedBy", Optional, &MANAGED_BY),
        ]),
    ),
    member("NextToken", Optional, &NEXT_TOKEN),
    member("MaxItems", Optional, &Shape::Integer { min: 1, max: 1_000 }),
    member("SortBy", Optional, &Shape::OneOf(&["CREATED_AT"])),
    member("SortOrder", Optional, &SORT_ORDER),
]);

static SEARCH: Shape = Shape::Structure(&[
    member("FilterStatement", Optional, &FILTER_STATEMENT),
    member("MaxResults", Optional, &Shape::Integer { min: 1, max: 500 }),
    member("NextToken", Optional, &NEXT_TOKEN),
    member(
        "SortBy",
        Optional,
        &Shape::OneOf(&[
            "CREATED_AT",
            "NOT_AFTER",
            "STATUS",
            "RENEWAL_STATUS",
            "EXPORTED",
            "IN_USE",
            "NOT_BEFORE",
            "KEY_ALGORITHM",
            "TYPE",
            "CERTIFICATE_ARN",
            "COMMON_NAME",
            "REVOKED_AT",
            "RENEWAL_ELIGIBILITY",
            "ISSUED_AT",
            "MANAGED_BY",
            "EXPORT_OPTION",
            "VALIDATION_METHOD",
            "IMPORTED_AT",
            "ACME_ENDPOINT_ARN",
            "ACME_ACCOUNT_ID",
            "CERTIFICATE_KEY_PAIR_ORIGIN",
        ]),
    ),
    member("SortOrder", Optional, &SORT_ORDER),
]);

static FILTER_STATEMENT: Shape = Shape::Union(&[
    member("And", Optional, &FILTER_STATEMENTS),
    member("Or", Optional, &FILTER_STATEMENTS),
    member("Not", Optional, &FILTER_STATEMENT),
    member("Filter", Optional, &FILTER),
]);
static FILTER_STATEMENTS: Shape = list(&FILTER_STATEMENT, 1, 15);

static FILTER: Shape = Shape::Union(&[
    member("CertificateArn", Optional, &ARN),
    member("X509AttributeFilter", Optional, &X509_ATTRIBUTE_FILTER),
    member("AcmCertificateMetadataFilter", Optional, &METADATA_FILTER),
]);

static X509_ATTRIBUTE_FILTER: Shape = Shape::Union(&[
    member(
        "Subject",
        Optional,
        &Shape::Union(&[member("CommonName", Optional, &TEXT_FILTER)]),
    ),
    member(
        "SubjectAlternativeName",
        Optional,
        &Shape::Union(&[member("DnsName", Optional, &TEXT_FILTER)]),
    ),
    member("ExtendedKeyUsage", Optional, &EXTENDED_KEY_USAGE),
    member("KeyUsage", Optional, &KEY_USAGE),
    member("KeyAlgorithm", Optional, &KEY_ALGORITHM),
    member("SerialNumber", Optional, &text(2, 59, Some(&SERIAL_NUMBER))),
    member("NotAfter", Optional, &TIMESTAMP_RANGE),
    member("NotBefore", Optional, &TIMESTAMP_RANGE),
]);

static METADATA_FILTER: Shape = Shape::Union(&[
    member("Status", Optional, &STATUS),
    member(
        "RenewalStatus",
        Optional,
        &Shape::OneOf(&[
            "PENDING_AUTO_RENEWAL",
            "PENDING_VALIDATION",
            "SUCCESS",
            "FAILED",
        ]),
    ),
    member(
        "Type",
        Optional,
        &Shape::OneOf(&["IMPORTED", "AMAZON_ISSUED", "PRIVATE"]),
    ),
    member("InUse", Optional, &Shape::Boolean),
    member("Exported", Optional, &Shape::Boolean),
    member("ExportOption", Optional, &SWITCH),
    member("ManagedBy", Optional, &MANAGED_BY),
    member("ValidationMethod", Optional, &VALIDATION_METHOD),
    member("CertificateKeyPairOrigin", Optional, &KEY_PAIR_ORIGIN),
    member("AcmeEndpointArn", Optional, &ARN),
    member("AcmeAccountId", Optional, &text(36, 36, None)),
    member("RootHierarchyType", Optional, &ROOT_HIERARCHY),
]);

static TEXT_FILTER: Shape = Shape::Structure(&[
    member("Value", Required, &text(1, 256, None)),
    member(
        "ComparisonOperator",
        Required,
        &Shape::OneOf(&["CONTAINS", "EQUALS"]),
    ),
]);

static TIMESTAMP_RANGE: Shape = Shape::Structure(&[
    member("Start", Optional, &Shape::Timestamp),
    member("End", Optional, &Shape::Timestamp),
]);

static REQUEST: Shape = Shape::Structure(&[
    member("DomainName", Required, &DOMAIN_NAME),
    member("ValidationMethod", Optional, &VALIDATION_METHOD),
    member(
        "SubjectAlternativeNames",
        Optional,
        &list(&DOMAIN_NAME, 1, 100),
    ),
    member("IdempotencyToken", Optional, &text(1, 32, Some(&WORD))),
    member(
        "DomainValidationOptions",
        Optional,
        &list(
            &Shape::Structure(&[
                member("DomainName", Required, &DOMAIN_NAME),
                member("ValidationDomain", Required, &DOMAIN_NAME),
            ]),
            1,
            100,
        ),
    ),
    member("Options", Optional, &OPTIONS),
    member(
        "CertificateAuthorityArn",
        Optional,
        &text(20, 2_048, Some(&PCA_ARN_PATTERN)),
    ),
    member("Tags", Optional, &TAGS),
    member("KeyAlgorithm", Optional, &KEY_ALGORITHM),
    member("ManagedBy", Optional, &MANAGED_BY),
    member(
        "CertificateUsage",
        Optional,
        &Shape::OneOf(&["CLIENT_AND_SERVER_AUTH", "CLIENT_AUTH_ONLY"]),
    ),
    member("RootHierarchyType", Optional, &ROOT_HIERARCHY),
]);

static OPTIONS: Shape = Shape::Structure(&[
    member(
        "CertificateTransparencyLoggingPreference",
        Optional,
        &SWITCH,
    ),
    member("Export", Optional, &SWITCH),
    member("ValidationMethod", Optional, &VALIDATION_METHOD),
]);

static LIST_VALIDATIONS: Shape = Shape::Structure(&[
    member("CertificateArn", Required, &CERTIFICATE_ARN),
    member("NextToken", Optional, &NEXT_TOKEN),
    member("MaxItems", Optional, &Shape::Integer { min: 1, max: 1_000 }),
]);

static RESEND: Shape = Shape::Structure(&[
    member("CertificateArn", Required, &ARN),
    member("Domain", Required, &DOMAIN_NAME),
    member("ValidationDomain", Required, &DOMAIN_NAME),
]);

static UPDATE_OPTIONS: Shape = Shape::Structure(&[
    member("CertificateArn", Required, &ARN),
    member("Options", Required, &OPTIONS),
]);

static EXPORT: Shape = Shape::Structure(&[
    member("CertificateArn", Required, &ARN),
    member("Passphrase", Required, &Shape::Blob { min: 4, max: 128 }),
]);

static REVOKE: Shape = Shape::Structure(&[
    member("CertificateArn", Required, &ARN),
    member(
        "RevocationReason",
        Required,
        &Shape::OneOf(&[
            "UNSPECIFIED",
            "KEY_COMPROMISE",
            "CA_COMPROMISE",
            "AFFILIATION_CHANGED",
            "SUPERCEDED",
            "SUPERSEDED",
            "CESSATION_OF_OPERATION",
            "CERTIFICATE_HOLD",
            "REMOVE_FROM_CRL",
            "PRIVILEGE_WITHDRAWN",
            "A_A_COMPROMISE",
        ]),
    ),
]);

static PUT_CONFIGURATION: Shape = Shape::Structure(&[
    member(
        "ExpiryEvents",
        Optional,
        &Shape::Structure(&[member(
            "DaysBeforeExpiry",
            Optional,
            &Shape::Integer {
                min: 1,
                max: i64::MAX,
            },
        )]),
    ),
    member("IdempotencyToken", Required, &text(1, 32, Some(&WORD))),
]);

static RESOURCE_ONLY: Shape = Shape::Structure(&[member("ResourceArn", Required, &ARN)]);

static TAG_RESOURCE: Shape = Shape::Structure(&[
    member("ResourceArn", Required, &ARN),
    member("Tags", Required, &TAGS),
]);

static UNTAG_RESOURCE: Shape = Shape::Structure(&[
    member("ResourceArn", Required, &ARN),
    member("TagKeys", Required, &list(&text(1, 128, Some(&TAG)), 1, 50)),
]);

static GET_RESOURCES: Shape = Shape::Structure(&[
    member(
        "PaginationToken",
        Optional,
        &text(0, 2_048, Some(&ANYTHING)),
    ),
    member(
        "TagFilters",
        Optional,
        &list(
            &Shape::Structure(&[
                member("Key", Optional, &text(1, 128, Some(&ANYTHING))),
                member(
                    "Values",
                    Optional,
                    &list(&text(0, 256, Some(&ANYTHING)), 0, 20),
                ),
            ]),
            0,
            50,
        ),
    ),
    member("ResourcesPerPage", Optional, &ANY_INTEGER),
    member("TagsPerPage", Optional, &ANY_INTEGER),
    member(
        "ResourceTypeFilters",
        Optional,
        &list(&text(0, 256, Some(&ANYTHING)), 0, UNBOUNDED),
    ),
    member("IncludeComplianceDetails", Optional, &Shape::Boolean),
    member("ExcludeCompliantResources", Optional, &Shape::Boolean),
    member("ResourceARNList", Optional, &list(&RESOURCE_ARN, 1, 100)),
]);

static TAG_RESOURCES: Shape = Shape::Structure(&[
    member("ResourceARNList", Required, &list(&RESOURCE_ARN, 1, 20)),
    member(
        "Tags",
        Required,
        &Shape::Map {
            keys: &text(1, 128, Some(&ANYTHING)),
            values: &text(0, 256, Some(&ANYTHING)),
            min: 1,
            max: 50,
        },
    ),
]);

static UNTAG_RESOURCES: Shape = Shape::Structure(&[
    member("ResourceARNList", Required, &list(&RESOURCE_ARN, 1, 20)),
    member(
        "TagKeys",
        Required,
        &list(&text(1, 128, Some(&ANYTHING)), 1, 50),
    ),
]);

static ANY_INTEGER: Shape = Shape::Integer {
    min: i64::MIN,
    max: i64::MAX,
};
static RESOURCE_ARN: Shape = text(1, 1_011, Some(&ANYTHING));
static NEXT_TOKEN: Shape = text(1, 10_000, Some(&LATIN_1));
static SORT_ORDER: Shape = Shape::OneOf(&["ASCENDING", "DESCENDING"]);
static SWITCH: Shape = Shape::OneOf(&["ENABLED", "DISABLED"]);
static ROOT_HIERARCHY: Shape = Shape::OneOf(&["N2_AMAZON_MANAGED", "N2_SFG2_AMAZON_MANAGED"]);
static MANAGED_BY: Shape = Shape::OneOf(&["CLOUDFRONT"]);
static VALIDATION_METHOD: Shape = Shape::OneOf(&["EMAIL", "DNS", "HTTP"]);
static KEY_PAIR_ORIGIN: Shape = Shape::OneOf(&["AWS_MANAGED", "ACME", "CUSTOMER_PROVIDED"]);
static STATUS: Shape = Shape::OneOf(&[
    "PENDING_VALIDATION",
    "ISSUED",
    "INACTIVE",
    "EXPIRED",
    "VALIDATION_TIMED_OUT",
    "REVOKED",
    "FAILED",
]);
static KEY_ALGORITHM: Shape = Shape::OneOf(&[
    "RSA_1024",
    "RSA_2048",
    "RSA_3072",
    "RSA_4096",
    "EC_prime256v1",
    "EC_secp384r1",
    "EC_secp521r1",
]);
static KEY_USAGE: Shape = Shape::OneOf(&[
    "DIGITAL_SIGNATURE",
    "NON_REPUDIATION",
    "KEY_ENCIPHERMENT",
    "DATA_ENCIPHERMENT",
    "KEY_AGREEMENT",
    "CERTIFICATE_SIGNING",
    "CRL_SIGNING",
    "ENCIPHER_ONLY",
    "DECIPHER_ONLY",
    "ANY",
    "CUSTOM",
]);
static EXTENDED_KEY_USAGE: Shape = Shape::OneOf(&[
    "TLS_WEB_SERVER_AUTHENTICATION",
    "TLS_WEB_CLIENT_AUTHENTICATION",
    "CODE_SIGNING",
    "EMAIL_PROTECTION",
    "TIME_STAMPING",
    "OCSP_SIGNING",
    "IPSEC_END_SYSTEM",
    "IPSEC_TUNNEL",
    "IPSEC_USER",
    "ANY",
    "NONE",
    "CUSTOM",
]);

static TAGS: Shape = list(
    &Shape::Structure(&[
        member("Key", Required, &text(1, 128, Some(&TAG))),
        member("Value", Optional, &text(0, 256, Some(&TAG))),
    ]),
    1,
    50,
);

static ARN: Shape = text(20, 2_048, Some(&ARN_PATTERN));
static CERTIFICATE_ARN: Shape = text(20, 2_048, Some(&CERTIFICATE_ARN_PATTERN));
static DOMAIN_NAME: Shape = text(1, 253, Some(&DOMAIN_NAME_PATTERN));
