//! Leases in the bucket, by conditional writes.
//!
//! Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html>

use tracing::debug;

use super::fault::{Failure, Meaning};
use super::fence::Fence;
use super::s3::Bucket;
use crate::clock;
use crate::fault::Fault;
use crate::lease::{Lease, Term};

/// A lease that this worker holds.
#[derive(Debug)]
pub struct HeldLease {
    key: String,
    etag: String,
    fence: Fence,
}

impl HeldLease {
    /// What all calls that change something under this lease pass.
    #[must_use]
    pub fn fence(&self) -> &Fence {
        &self.fence
    }
}

impl Bucket {
    /// Takes the lease at `key` for `term`; `None` where another worker has it.
    ///
    /// # Errors
    ///
    /// [`Fault`] where S3 cannot be asked.
    pub async fn take_lease(
        &self,
        key: &str,
        lease: &Lease,
        term: Term,
    ) -> Result<Option<HeldLease>, Fault> {
        let held = |etag| HeldLease {
            key: key.to_owned(),
            etag,
            fence: Fence::new(term),
        };
        // Written before anything is read: where nobody has it, the lease costs one call.
        if let Some(etag) = self.put_lease(key, lease, None).await? {
            return Ok(Some(held(etag)));
        }
        let Some(there) = self.get(key, None).await? else {
            // Released since the write. The caller waits for a lease anyway, and tries again.
            return Ok(None);
        };
        match serde_json::from_slice::<Lease>(there.bytes.expose()) {
            // Our own write whose answer was lost: the SDK sent it again and found it there.
            Ok(other) if other == *lease => Ok(Some(held(there.etag))),
            Ok(other) if !other.is_free(clock::wall()) => Ok(None),
            // Expired, or no lease at all: nobody else can be working by it. If two workers find it so, the
            // ETag lets one of them replace it.
            Ok(_) | Err(_) => {
                let etag = self.replace_lease(key, lease, there.etag).await?;
                Ok(etag.map(held))
            }
        }
    }

    /// Makes `held` last for `term`.
    ///
    /// # Errors
    ///
    /// [`Kind::Transient`](crate::fault::Kind::Transient) where another worker has taken it over.
    pub async fn extend_lease(
        &self,
        held: &mut HeldLease,
        lease: &Lease,
        term: Term,
    ) -> Result<(), Fault> {
        let etag = self
            .replace_lease(&held.key, lease, held.etag.clone())
            .await?;
        held.etag =
            etag.ok_or_else(|| Fault::transient(format!("the lease {} was lost", held.key)))?;
        // After the write: no call may pass by a term that other workers cannot read in the bucket.
        held.fence.extend(term);
        Ok(())
    }

    /// Gives the lease back, unless it was taken over.
    ///
    /// # Errors
    ///
    /// [`Fault`] where S3 cannot be asked; the lease then ends by itself.
    pub async fn release_lease(&self, held: HeldLease) -> Result<(), Fault> {
        debug!(key = held.key, "s3:DeleteObject");
        let call = self
            .client
            .delete_object()
            .bucket(&self.name)
            .expected_bucket_owner(&self.owner)
            .key(&held.key)
            // Without the ETag a late call would delete the lease of the worker that took it over.
            .if_match(held.etag);
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let failure = Failure::new("s3:DeleteObject", held.key, &error);
                match failure.meaning() {
                    Meaning::Precondition | Meaning::Absent => Ok(()),
                    _ => Err(failure.into()),
                }
            }
        }
    }

    /// Writes `lease` in place of the one that has this ETag: the new ETag, or `None` where that one is no
    /// longer there.
    async fn replace_lease(
        &self,
        key: &str,
        lease: &Lease,
        etag: String,
    ) -> Result<Option<String>, Fault> {
        if let Some(etag) = self.put_lease(key, lease, Some(etag)).await? {
            return Ok(Some(etag));
        }
        // Our own write whose answer was lost looks like somebody else's.
        let there = self.get(key, None).await?;
        let ours = there.filter(|there| {
            serde_json::from_slice::<Lease>(there.bytes.expose()).is_ok_and(|other| other == *lease)
        });
        Ok(ours.map(|there| there.etag))
    }

    /// Writes the lease if nobody has (`replaces` is `None`) or if it still is the one of that ETag.
    async fn put_lease(
        &self,
        key: &str,
        lease: &Lease,
        replaces: Option<String>,
    ) -> Result<Option<String>, Fault> {
        let json = serde_json::to_vec(lease)
            .map_err(|_| Fault::internal("a lease could not be written as JSON"))?;
        Ok(self.put_instead(key, json, replaces).await?)
    }
}
