//! A local AWS Certificate Manager that refuses what ACM refuses, and as much of STS as lets a client
//! change the account.
//!
//! It reads ACM's rules a second time, on purpose: it shares the certificate model with the rest of
//! certdrop but knows nothing of [`certdrop::validate`] and [`certdrop::binding`], so that one reading can
//! catch the other. Signatures and keys are judged by OpenSSL. Imported private keys are judged and
//! forgotten: they are never kept, answered or logged.
//!
//! | file | what happens there |
//! |---|---|
//! | `http`, `query` | awsJson1_1 and the query protocol on the wire; the knobs' own paths |
//! | `service` | the operations |
//! | `requests`, `patterns`, `shape` | the members that the service's model allows, and how they are checked |
//! | `material`, `pem`, `reimport`, `tags` | ACM's own rules for imports |
//! | `lifecycle`, `certificate_request`, `validation`, `issue`, `requested` | a requested certificate, from the request on |
//! | `certificate_options`, `export`, `renew`, `resend`, `revoke` | what may be done with one |
//! | `configuration`, `resource_tags` | the rest of the API |
//! | `x509_facts`, `describe`, `list`, `search`, `tagging_api`, `paging` | the answers |
//! | `view`, `unsettled` | how certificates are looked at, and what nobody knows of ACM |
//! | `account`, `caller` | whose it is, and who calls |
//! | `sts`, `roles`, `session` | roles that may be assumed, and their credentials |
//! | `stored`, `store`, `disk` | what is kept |
//! | `knobs`, `journal` | what only tests need |

mod account;
mod answer;
mod caller;
mod certificate_options;
mod certificate_request;
mod configuration;
mod describe;
mod disk;
mod export;
mod http;
mod issue;
mod journal;
mod knobs;
mod lifecycle;
mod list;
mod material;
mod paging;
mod patterns;
mod pem;
mod query;
mod refusal;
mod reimport;
mod renew;
mod requested;
mod requests;
mod resend;
mod resource_tags;
mod revoke;
mod roles;
mod search;
mod service;
mod session;
mod shape;
mod sort;
mod store;
mod stored;
mod sts;
mod tagging_api;
mod tags;
mod unsettled;
mod validation;
mod view;
mod x509_facts;

use std::io;

use tokio::net::TcpListener;

pub use account::Account;
pub use caller::Signed;
pub use describe::{MEMBERS as DETAIL_MEMBERS, Shown};
pub use knobs::{AccountKnobs, CertificateRequests, Knobs, Quota, Rate};
pub use refusal::Refusal;
pub use requested::{End, FailureReason};
pub use requests::{UNBOUNDED, request_of};
pub use roles::{Fault, Principal, Role, RoleArn};
pub use service::{Call, Options, Service};
pub use shape::{Member, Pattern, Presence, Shape};
pub use sts::ASSUME_ROLE;
pub use unsettled::{
    AbsentUsages, IpNames, IssuerName, Reading, ReservedTag, TagWithoutValue, TooManyTags,
    Unsettled,
};

/// Answers on `listener` until the process ends.
///
/// # Errors
///
/// Where the data folder cannot be used, or the listener fails.
pub async fn serve(listener: TcpListener, options: Options) -> io::Result<()> {
    let service = Service::open(options)?;
    axum::serve(listener, http::router(service)).await
}
