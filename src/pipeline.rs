//! The story of one bundle, from the drop to the summary.

mod due;
mod fetch;
mod import;
mod leased;
mod lookup;
mod publish;
mod records;
mod secrets;
mod tagging;
mod target;
mod turn;

use std::collections::BTreeMap;
use std::sync::Arc;

use time::OffsetDateTime;
use tracing::{Instrument as _, info_span};

use crate::arn::CertificateArn;
use crate::aws::Aws;
use crate::bundle::{self, Bundle};
use crate::clock;
use crate::config::Config;
use crate::event::WorkItem;
use crate::fault::Fault;
use crate::finding::{self, Finding};
use crate::news::News;
use crate::summary::{Outcome, Summary, TargetOutcome};
use crate::target::{NotAllowed, TargetName, Targets};
use crate::validate::{Policy, ValidatedBundle, Verdict, validate};
use fetch::Fetched;
use leased::Leased;
use records::Records;
pub use secrets::Secrets;

/// One call of the function, and the world that it works in.
#[derive(Clone, Copy)]
pub struct Invocation<'a> {
    /// The services.
    pub aws: &'a Aws,
    /// The settings.
    pub config: &'a Config,
    /// The instant that every rule is judged at.
    pub now: OffsetDateTime,
    /// When the platform ends the function.
    pub deadline: OffsetDateTime,
    /// The targets, where the caller has read them; else they are read with each bundle.
    pub targets: Option<&'a Arc<Targets>>,
    /// Targets that are known not to answer now, and why: nobody waits for them once more.
    pub down: &'a BTreeMap<TargetName, Fault>,
    /// Lambda's id of this call.
    pub request_id: &'a str,
    /// Takes the news.
    pub news: &'a (dyn Fn(News<'_>) + Sync),
}

impl Invocation<'_> {
    /// The targets as they are declared.
    ///
    /// # Errors
    ///
    /// [`Fault`] where they cannot be read, or are wrong.
    pub async fn targets(self) -> Result<Arc<Targets>, Fault> {
        match self.targets {
            Some(targets) => Ok(Arc::clone(targets)),
            None => self.aws.declared.read(&self.aws.bucket).await,
        }
    }
}

/// Every target answers, as far as is known.
pub const NOWHERE_DOWN: &BTreeMap<TargetName, Fault> = &BTreeMap::new();

/// Does all that one dropped bundle needs, in every target. Safe to call again at any time, with any result.
///
/// # Errors
///
/// Any [`Fault`] means that the work is unfinished and has to be run again; where only some targets are
/// unfinished, the others are, and a summary was published. A bad bundle is an `Ok` with
/// [`Outcome::Rejected`]: running it again would not help.
pub async fn process(item: &WorkItem, world: Invocation<'_>) -> Result<Summary, Fault> {
    // The innermost span is the one that a line of the log carries.
    let span = info_span!("bundle", request_id = world.request_id, bundle = %item.bundle);
    process_one(item, world).instrument(span).await
}

async fn process_one(item: &WorkItem, world: Invocation<'_>) -> Result<Summary, Fault> {
    let began = clock::wall();
    let (lease, fetched, targets) = tokio::join!(
        Box::pin(Leased::take(item, world)),
        Box::pin(fetch::fetch(item, world)),
        Box::pin(world.targets()),
    );
    let result = match (lease, targets) {
        (Ok(lease), Ok(targets)) => process_leased(item, fetched, lease, &targets, world).await,
        (Ok(lease), Err(fault)) => lease.give_up(fault).await,
        (Err(fault), _) => Err(fault),
    };
    publish::tell(&result, clock::wall() - began, world);
    let Done {
        summary,
        unfinished,
        untagged,
    } = result?;
    match unfinished.or(untagged) {
        Some(fault) => Err(fault),
        None => Ok(summary),
    }
}

/// What is to be told of a bundle, and the fault of a target that is to be tried again.
struct Done {
    summary: Summary,
    unfinished: Option<Fault>,
    /// A certificate's tags alone are to be tried again.
    untagged: Option<Fault>,
}

/// How often a folder is fetched again because its files changed between the fetch and the lease.
const FETCHES: usize = 3;

async fn process_leased(
    item: &WorkItem,
    mut fetched: Result<Option<Fetched>, Fault>,
    mut lease: Leased<'_>,
    declared: &Targets,
    world: Invocation<'_>,
) -> Result<Done, Fault> {
    let fence = lease.fence().clone();
    for _ in 0..FETCHES {
        let found = match fetched {
            Ok(Some(found)) => found,
            Ok(None) => {
                lease.release().await;
                return Ok(publish::gone(item, world));
            }
            Err(fault) => return lease.give_up(fault).await,
        };
        let (targets, not_allowed) = found.targets(declared);
        let (wanted_tags, tag_findings) = found.wanted_tags(world);
        let records = Records::of(&found, &fence, world, (declared, targets), wanted_tags);
        // Boxed: nested futures of SDK calls grow large, and their types too deep to compile.
        match lease
            .while_held(Box::pin(work(&records, not_allowed, tag_findings)))
            .await
        {
            Ok(done) => return Box::pin(publish::publish(&records, done, lease)).await,
            Err(_) if records.show_other_parts() => {}
            Err(fault) => return lease.give_up(fault).await,
        }
        fetched = Box::pin(fetch::fetch(item, world)).await;
    }
    let fault = Fault::transient("files of the folder were uploaded during the work");
    lease.give_up(fault).await
}

/// From the fetched parts to what became of them in every target, under the bundle's lease.
async fn work(
    records: &Records<'_>,
    not_allowed: Option<NotAllowed>,
    tag_findings: Vec<Finding>,
) -> Result<Done, Fault> {
    let (fetched, world) = (records.fetched, records.world);
    let (mut verdict, mut findings) = judge(fetched, world);
    findings.extend(tag_findings);
    if let Some(not_allowed) = not_allowed {
        let finding = Finding::new(
            &finding::TARGET_NOT_ALLOWED,
            &fetched.bundle,
            not_allowed.to_string(),
        );
        findings.push(finding);
        verdict = Err(Outcome::Rejected);
    }
    let served = match &verdict {
        Ok(valid) => {
            records.check_adoptions()?;
            target::each(records, async |here| here.serve(valid).await).await
        }
        Err(outcome) => {
            target::each(records, async |here| {
                let live = here.live_certificate().await?;
                Ok(TargetOutcome::kept(*outcome, Vec::new(), live.as_ref()))
            })
            .await
        }
    };
    let unfinished = target::unfinished(&served).cloned();
    if let Some(fault) = &unfinished
        && served.iter().all(|(_, result)| result.is_err())
    {
        return Err(fault.clone());
    }
    let left_out = records.left_out();
    findings.extend(left_out.iter().map(left_behind));
    let home = world.config.home();
    let heading = fetched.heading(home.as_ref(), world);
    let mut summary = heading.summary(findings, &served);
    summary.left_out = left_out;
    summary.tag_settings = world.config.tags.id();
    Ok(Done {
        summary,
        unfinished,
        untagged: target::untagged(&served).cloned(),
    })
}

fn left_behind((target, arn): (&TargetName, &CertificateArn)) -> Finding {
    let message = format!(
        "The bundle no longer goes to {target}. Its certificate {arn} stays there and is not renewed."
    );
    Finding::new(&finding::TARGET_REMOVED, target, message)
}

/// Reads and validates: a bundle that may be imported, or what becomes of it else; and what was found.
fn judge(
    fetched: &Fetched,
    world: Invocation<'_>,
) -> (Result<ValidatedBundle, Outcome>, Vec<Finding>) {
    let bundle: Bundle = bundle::read(&fetched.parts, &fetched.passphrases);
    let policy = Policy {
        now: world.now,
        expiry_warning: world.config.expiry_warning,
        include_root: world.config.include_root,
        on_refused_by_clients: fetched.on_refused_by_clients(world),
    };
    let (verdict, findings) = match validate(bundle, &policy) {
        // A folder's intermediate may still come: without it nothing is imported, whoever accepts that.
        Verdict::Accepted(_, mut warnings) if fetched.awaits_intermediates(&warnings) => {
            warnings.retain(|finding| finding.code != finding::ACCEPTED_AGAINST_CLIENTS.code);
            (Err(Outcome::Waiting), warnings)
        }
        Verdict::Accepted(valid, warnings) => (Ok(valid), warnings),
        Verdict::Rejected(rejected) if fetched.may_be_unfinished(&rejected.findings) => {
            (Err(Outcome::Waiting), rejected.findings)
        }
        Verdict::Rejected(rejected) => (Err(Outcome::Rejected), rejected.findings),
    };
    let parameters = world.config.parameters_of(&fetched.bundle);
    let findings = findings.into_iter();
    let findings = findings.map(|finding| finding.with_parameters_at(&parameters));
    (verdict, findings.collect())
}
