//! The bucket: dropped objects, their tags, summaries and leases.

use std::collections::BTreeMap;
use std::time::Duration;

use aws_sdk_s3::Client;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{Tag, Tagging};
use aws_types::SdkConfig;
use time::OffsetDateTime;
use tracing::debug;

use super::fault::{Failure, Meaning};
use crate::bundle::limits;
use crate::config::Config;
use crate::fault::Fault;
use crate::inventory::Listed;
use crate::lease::Lease;
use crate::secret::SecretBytes;

/// The one bucket that certdrop works in. Every call names the owner that is expected.
#[derive(Clone)]
pub struct Bucket {
    client: Client,
    name: String,
    owner: String,
}

/// An object as it was read.
pub struct Object {
    /// Decoded.
    pub key: String,
    /// The version that was read; absent in buckets without versions.
    pub version_id: Option<String>,
    /// Changes with the content.
    pub etag: String,
    /// Little more than the limit where the object has more than that.
    pub bytes: SecretBytes,
}

/// A lease that this worker holds.
#[derive(Clone, Debug)]
pub struct HeldLease {
    key: String,
    etag: String,
    lease: Lease,
}

impl HeldLease {
    /// What it says.
    #[must_use]
    pub fn lease(&self) -> &Lease {
        &self.lease
    }
}

/// The tags of an object.
pub type Tags = BTreeMap<String, String>;

impl Bucket {
    pub(super) fn new(sdk: &SdkConfig, config: &Config) -> Self {
        let s3 = aws_sdk_s3::config::Builder::from(sdk)
            // Other S3 servers rarely answer at a host name for each bucket.
            .force_path_style(sdk.endpoint_url().is_some())
            .build();
        Self {
            client: Client::from_conf(s3),
            name: config.bucket.clone(),
            owner: config.bucket_owner.clone(),
        }
    }

    /// The bucket's name.
    #[must_use]
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Reads an object, the newest version if none is named; `None` if it is gone.
    ///
    /// # Errors
    ///
    /// [`Fault`] where S3 cannot be asked.
    pub async fn get(&self, key: &str, version_id: Option<&str>) -> Result<Option<Object>, Fault> {
        self.get_up_to(limits::PART_BYTES, key, version_id).await
    }

    /// The same for an object that may have so many bytes.
    ///
    /// # Errors
    ///
    /// [`Fault`] where S3 cannot be asked.
    pub async fn get_up_to(
        &self,
        limit: usize,
        key: &str,
        version_id: Option<&str>,
    ) -> Result<Option<Object>, Fault> {
        debug!(key, version_id, "s3:GetObject");
        let call = self
            .client
            .get_object()
            .bucket(&self.name)
            .expected_bucket_owner(&self.owner)
            .key(key)
            .set_version_id(version_id.map(str::to_owned));
        let answer = match call.send().await {
            Ok(answer) => answer,
            Err(error) => {
                let failure = Failure::new("s3:GetObject", key, &error);
                return match failure.meaning() {
                    Meaning::Absent => Ok(None),
                    _ => Err(failure.into()),
                };
            }
        };
        Ok(Some(Object {
            key: key.to_owned(),
            version_id: answer.version_id.or_else(|| version_id.map(str::to_owned)),
            etag: answer.e_tag.unwrap_or_default(),
            bytes: read_capped(answer.body, answer.content_length, limit, key).await?,
        }))
    }

    /// The tags of an object, none if it is gone.
    ///
    /// # Errors
    ///
    /// [`Fault`] where S3 cannot be asked.
    pub async fn tags(&self, key: &str, version_id: Option<&str>) -> Result<Tags, Fault> {
        debug!(key, version_id, "s3:GetObjectTagging");
        let call = self
            .client
            .get_object_tagging()
            .bucket(&self.name)
            .expected_bucket_owner(&self.owner)
            .key(key)
            .set_version_id(version_id.map(str::to_owned));
        match call.send().await {
            Ok(answer) => Ok(answer
                .tag_set
                .into_iter()
                .map(|tag| (tag.key, tag.value))
                .collect()),
            Err(error) => {
                let failure = Failure::new("s3:GetObjectTagging", key, &error);
                match failure.meaning() {
                    Meaning::Absent => Ok(Tags::new()),
                    _ => Err(failure.into()),
                }
            }
        }
    }

    /// Replaces all tags of an object. An object that is gone needs none.
    ///
    /// # Errors
    ///
    /// [`Fault`] where S3 does not take them.
    pub async fn put_tags(
        &self,
        key: &str,
        version_id: Option<&str>,
        tags: &Tags,
    ) -> Result<(), Fault> {
        debug!(key, version_id, "s3:PutObjectTagging");
        let tags: Result<Vec<_>, _> = tags
            .iter()
            .map(|(key, value)| Tag::builder().key(key).value(value).build())
            .collect();
        let tagging = tags.and_then(|tags| Tagging::builder().set_tag_set(Some(tags)).build());
        let call = self
            .client
            .put_object_tagging()
            .bucket(&self.name)
            .expected_bucket_owner(&self.owner)
            .key(key)
            .set_version_id(version_id.map(str::to_owned))
            .tagging(tagging.map_err(|_| Fault::internal("tags could not be built"))?);
        match call.send().await {
            Ok(_) => Ok(()),
            Err(error) => {
                let failure = Failure::new("s3:PutObjectTagging", key, &error);
                match failure.meaning() {
                    Meaning::Absent => Ok(()),
                    _ => Err(failure.into()),
                }
            }
        }
    }

    /// Everything below `prefix`, in the order of keys.
    ///
    /// # Errors
    ///
    /// [`Fault`] where S3 cannot be asked.
    pub async fn list(&self, prefix: &str) -> Result<Vec<Listed>, Fault> {
        debug!(prefix, "s3:ListObjectsV2");
        let mut pages = self
            .client
            .list_objects_v2()
            .bucket(&self.name)
            .expected_bucket_owner(&self.owner)
            .prefix(prefix)
            .into_paginator()
            .send();
        let mut listed = Vec::new();
        while let Some(page) = pages.next().await {
            let page = page.map_err(|error| Failure::new("s3:ListObjectsV2", prefix, &error))?;
            listed.extend(
                page.contents
                    .unwrap_or_default()
                    .into_iter()
                    .filter_map(|object| {
                        let modified_at = object.last_modified?.secs();
                        Some(Listed {
                            key: object.key?,
                            etag: object.e_tag?,
                            modified_at: OffsetDateTime::from_unix_timestamp(modified_at).ok()?,
                        })
                    }),
            );
        }
        Ok(listed)
    }

    /// Versions of objects whose keys begin with `prefix`, newest first for each key, as (key,
    /// version id). One page: older ones matter to nobody.
    ///
    /// # Errors
    ///
    /// [`Fault`] where S3 cannot be asked.
    pub async fn versions(&self, prefix: &str) -> Result<Vec<(String, String)>, Fault> {
        debug!(prefix, "s3:ListObjectVersions");
        let answer = self
            .client
            .list_object_versions()
            .bucket(&self.name)
            .expected_bucket_owner(&self.owner)
            .prefix(prefix)
            .send()
            .await
            .map_err(|error| Failure::new("s3:ListObjectVersions", prefix, &error))?;
        let versions = answer.versions.unwrap_or_default().into_iter();
        Ok(versions
            .filter_map(|version| Some((version.key?, version.version_id?)))
            .collect())
    }

    /// Writes a JSON document.
    ///
    /// # Errors
    ///
    /// [`Fault`] where S3 does not take it.
    pub async fn put_json(&self, key: &str, json: String) -> Result<(), Fault> {
        self.put(key, "application/json", None, json).await
    }

    /// Writes a page that a browser asks for anew each time.
    ///
    /// # Errors
    ///
    /// [`Fault`] where S3 does not take it.
    pub async fn put_page(&self, key: &str, html: String) -> Result<(), Fault> {
        let content_type = "text/html; charset=utf-8";
        self.put(key, content_type, Some("no-cache"), html).await
    }

    /// Drops an object with these tags, and tells its version: what a person's `aws s3 cp` does.
    ///
    /// # Errors
    ///
    /// [`Fault`] where S3 does not take it.
    #[cfg(feature = "cli")]
    pub async fn drop_object(
        &self,
        key: &str,
        bytes: &SecretBytes,
        tags: &Tags,
    ) -> Result<Option<String>, Fault> {
        debug!(key, "s3:PutObject");
        let encoded = |text: &str| {
            percent_encoding::utf8_percent_encode(text, percent_encoding::NON_ALPHANUMERIC)
                .to_string()
        };
        let pair =
            |(name, value): (&String, &String)| format!("{}={}", encoded(name), encoded(value));
        let tagging = tags.iter().map(pair).collect::<Vec<_>>().join("&");
        let answer = self
            .client
            .put_object()
            .bucket(&self.name)
            .expected_bucket_owner(&self.owner)
            .key(key)
            .set_tagging(Some(tagging).filter(|tagging| !tagging.is_empty()))
            .body(ByteStream::from(bytes.expose().to_vec()))
            .send()
            .await
            .map_err(|error| Failure::new("s3:PutObject", key, &error))?;
        Ok(answer.version_id)
    }

    async fn put(
        &self,
        key: &str,
        content_type: &str,
        cache_control: Option<&str>,
        text: String,
    ) -> Result<(), Fault> {
        debug!(key, "s3:PutObject");
        self.client
            .put_object()
            .bucket(&self.name)
            .expected_bucket_owner(&self.owner)
            .key(key)
            .content_type(content_type)
            .set_cache_control(cache_control.map(str::to_owned))
            .body(ByteStream::from(text.into_bytes()))
            .send()
            .await
            .map_err(|error| Failure::new("s3:PutObject", key, &error))?;
        Ok(())
    }

    /// Takes the lease at `key`, waiting a while for a worker that is about to finish.
    ///
    /// # Errors
    ///
    /// [`Fault::Transient`] where another worker keeps it.
    pub async fn take_lease(
        &self,
        key: &str,
        lease: Lease,
        now: OffsetDateTime,
    ) -> Result<HeldLease, Fault> {
        // Another delivery of the same event is done within a second or two; who still waits after
        // seven seconds is better served by a later run.
        for wait in [100, 200, 400, 800, 1_600, 1_600, 1_600] {
            if let Some(held) = self.try_lease(key, &lease, now).await? {
                return Ok(held);
            }
            tokio::time::sleep(Duration::from_millis(wait)).await;
        }
        let held = self.try_lease(key, &lease, now).await?;
        held.ok_or_else(|| Fault::Transient(format!("another worker holds the lease {key}")))
    }

    async fn try_lease(
        &self,
        key: &str,
        lease: &Lease,
        now: OffsetDateTime,
    ) -> Result<Option<HeldLease>, Fault> {
        if let Some(held) = self.put_lease(key, lease, None).await? {
            return Ok(Some(held));
        }
        let Some(there) = self.get(key, None).await? else {
            return Ok(None);
        };
        match serde_json::from_slice::<Lease>(there.bytes.expose()) {
            // Our own write whose answer was lost: the SDK sent it again and found it there.
            Ok(other) if other == *lease => Ok(Some(HeldLease {
                key: key.to_owned(),
                etag: there.etag,
                lease: other,
            })),
            Ok(other) if !other.is_free(now) => Ok(None),
            // Expired, or no lease at all: nobody else can be working by it.
            Ok(_) | Err(_) => self.put_lease(key, lease, Some(there.etag)).await,
        }
    }

    /// Writes the lease if nobody has (`replaces` is `None`) or if it still is the one of that ETag.
    async fn put_lease(
        &self,
        key: &str,
        lease: &Lease,
        replaces: Option<String>,
    ) -> Result<Option<HeldLease>, Fault> {
        debug!(key, "s3:PutObject");
        let body = serde_json::to_vec(lease)
            .map_err(|_| Fault::internal("a lease could not be written as JSON"))?;
        let call = self
            .client
            .put_object()
            .bucket(&self.name)
            .expected_bucket_owner(&self.owner)
            .key(key)
            .content_type("application/json")
            .set_if_none_match(replaces.is_none().then(|| "*".to_owned()))
            .set_if_match(replaces)
            .body(ByteStream::from(body));
        match call.send().await {
            Ok(answer) => Ok(Some(HeldLease {
                key: key.to_owned(),
                etag: answer.e_tag.unwrap_or_default(),
                lease: lease.clone(),
            })),
            Err(error) => {
                let failure = Failure::new("s3:PutObject", key, &error);
                match failure.meaning() {
                    Meaning::Precondition | Meaning::Absent => Ok(None),
                    _ => Err(failure.into()),
                }
            }
        }
    }

    /// Makes `held` end later.
    ///
    /// # Errors
    ///
    /// [`Fault::Transient`] where another worker has taken it over.
    pub async fn extend_lease(&self, held: &mut HeldLease, lease: Lease) -> Result<(), Fault> {
        let extended = self
            .put_lease(&held.key, &lease, Some(held.etag.clone()))
            .await?;
        *held =
            extended.ok_or_else(|| Fault::Transient(format!("the lease {} was lost", held.key)))?;
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
}

/// Reads no more than shows that a part is too large.
async fn read_capped(
    mut body: ByteStream,
    length: Option<i64>,
    limit: usize,
    key: &str,
) -> Result<SecretBytes, Fault> {
    // Reserved at once: growing would leave copies of a key behind.
    let expected = usize::try_from(length.unwrap_or_default()).unwrap_or_default();
    let mut bytes = Vec::with_capacity(expected.min(limit));
    while bytes.len() <= limit {
        match body.try_next().await {
            Ok(Some(chunk)) => bytes.extend_from_slice(&chunk),
            Ok(None) => break,
            Err(_) => return Err(Fault::Transient(format!("s3:GetObject of {key} broke off"))),
        }
    }
    Ok(SecretBytes::new(bytes))
}
