//! The bucket: dropped objects, their tags and summaries. Leases are in `lease.rs`.

use std::collections::BTreeMap;

use aws_sdk_s3::Client;
use aws_sdk_s3::operation::get_object::GetObjectOutput;
use aws_sdk_s3::operation::get_object::builders::GetObjectFluentBuilder;
use aws_sdk_s3::primitives::ByteStream;
use aws_sdk_s3::types::{DeleteMarkerEntry, ObjectVersion, Tag, Tagging};
use aws_types::SdkConfig;
use time::OffsetDateTime;
use tracing::debug;

use super::fault::{Failure, Meaning, absent};
use super::fence::Fence;
use crate::bundle::limits;
use crate::config::Config;
use crate::fault::Fault;
use crate::inventory::{Listed, Version};
use crate::secret::SecretBytes;

/// The one bucket that certdrop works in. Every call names the owner that is expected.
#[derive(Clone)]
pub struct Bucket {
    pub(super) client: Client,
    pub(super) name: String,
    pub(super) owner: String,
}

/// An object as it was read.
pub struct Object {
    /// Decoded.
    pub key: String,
    /// The version that was read; absent in buckets without versions.
    pub version_id: Option<String>,
    /// Changes with the content.
    pub etag: String,
    /// When it was written, in whole seconds; `None` where S3 does not say.
    pub modified_at: Option<OffsetDateTime>,
    /// Little more than the limit where the object has more than that.
    pub bytes: SecretBytes,
}

/// An object, compared with what was read of it before.
pub enum Since {
    /// It is the same.
    Same,
    /// It is another one.
    Changed(Object),
    /// It is not there.
    Gone,
}

/// The tags of an object.
pub type Tags = BTreeMap<String, String>;

impl Bucket {
    pub(super) fn new(sdk: &SdkConfig, config: &Config) -> Self {
        let s3 = aws_sdk_s3::config::Builder::from(sdk)
            // Other S3 servers rarely answer at a host name for each bucket.
            .force_path_style(sdk.endpoint_url().is_some())
            .retry_partition(super::patient("s3"))
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
        let call = self.get_object(key);
        let call = call.set_version_id(version_id.map(str::to_owned));
        let Some(answer) = absent(call.send().await, "s3:GetObject", key)? else {
            return Ok(None);
        };
        let mut object = read(answer, limit, key).await?;
        object.version_id = object.version_id.or_else(|| version_id.map(str::to_owned));
        Ok(Some(object))
    }

    /// Reads an object, unless it still is the one with this ETag.
    ///
    /// # Errors
    ///
    /// [`Fault`] where S3 cannot be asked.
    pub async fn get_since(&self, key: &str, etag: Option<&str>) -> Result<Since, Fault> {
        debug!(key, "s3:GetObject");
        let call = self.get_object(key);
        let answer = call.set_if_none_match(etag.map(str::to_owned)).send().await;
        match answer {
            Ok(answer) => Ok(Since::Changed(read(answer, limits::PART_BYTES, key).await?)),
            Err(error) => {
                let failure = Failure::new("s3:GetObject", key, &error);
                match (failure.status(), failure.meaning()) {
                    (Some(304), _) => Ok(Since::Same),
                    (_, Meaning::Absent) => Ok(Since::Gone),
                    _ => Err(failure.into()),
                }
            }
        }
    }

    fn get_object(&self, key: &str) -> GetObjectFluentBuilder {
        self.client
            .get_object()
            .bucket(&self.name)
            .expected_bucket_owner(&self.owner)
            .key(key)
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
        let answer = absent(call.send().await, "s3:GetObjectTagging", key)?;
        let tags = answer.into_iter().flat_map(|answer| answer.tag_set);
        Ok(tags.map(|tag| (tag.key, tag.value)).collect())
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
        fence: &Fence,
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
            .tagging(tagging.map_err(|_| Fault::internal("tags could not be built"))?)
            .customize()
            .interceptor(fence.pass());
        absent(call.send().await, "s3:PutObjectTagging", key).map(|_| ())
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
                        Some(Listed {
                            key: object.key?,
                            etag: object.e_tag?,
                            modified_at: instant(object.last_modified?)?,
                            version_id: None,
                        })
                    }),
            );
        }
        Ok(listed)
    }

    /// All versions of objects whose keys begin with `prefix`, in no order that counts.
    ///
    /// # Errors
    ///
    /// [`Fault`] where S3 cannot be asked.
    pub async fn versions(&self, prefix: &str) -> Result<Vec<Version>, Fault> {
        let mut versions = Vec::new();
        let mut marker = (None, None);
        loop {
            debug!(prefix, "s3:ListObjectVersions");
            let call = self
                .client
                .list_object_versions()
                .bucket(&self.name)
                .expected_bucket_owner(&self.owner)
                .prefix(prefix)
                .set_key_marker(marker.0)
                .set_version_id_marker(marker.1);
            let page = call
                .send()
                .await
                .map_err(|error| Failure::new("s3:ListObjectVersions", prefix, &error))?;
            let written = page.versions.unwrap_or_default().into_iter();
            versions.extend(written.filter_map(version));
            let deleted = page.delete_markers.unwrap_or_default().into_iter();
            versions.extend(deleted.filter_map(deletion));
            marker = (page.next_key_marker, page.next_version_id_marker);
            if page.is_truncated != Some(true) || marker.0.is_none() {
                return Ok(versions);
            }
        }
    }

    /// Writes a JSON document.
    ///
    /// # Errors
    ///
    /// [`Fault`] where S3 does not take it.
    pub async fn put_json(&self, key: &str, json: String) -> Result<(), Fault> {
        self.put(key, "application/json", None, json, None).await
    }

    /// Writes the summary of a bundle whose lease is held.
    ///
    /// # Errors
    ///
    /// [`Fault`] where S3 does not take it.
    pub async fn put_summary(&self, key: &str, json: String, fence: &Fence) -> Result<(), Fault> {
        self.put(key, "application/json", None, json, Some(fence))
            .await
    }

    /// Writes a page that a browser asks for anew each time.
    ///
    /// # Errors
    ///
    /// [`Fault`] where S3 does not take it.
    pub async fn put_page(&self, key: &str, html: String) -> Result<(), Fault> {
        let content_type = "text/html; charset=utf-8";
        self.put(key, content_type, Some("no-cache"), html, None)
            .await
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

    /// Writes JSON if nothing lies at `key` (`replaces` is `None`), or if what lies there still is the one of that ETag:
    /// the new ETag, or `None` where it is another by now.
    ///
    /// Source: <https://docs.aws.amazon.com/AmazonS3/latest/userguide/conditional-requests.html>
    pub(super) async fn put_instead(
        &self,
        key: &str,
        json: Vec<u8>,
        replaces: Option<String>,
    ) -> Result<Option<String>, Failure> {
        debug!(key, "s3:PutObject");
        let call = self
            .client
            .put_object()
            .bucket(&self.name)
            .expected_bucket_owner(&self.owner)
            .key(key)
            .content_type("application/json")
            .set_if_none_match(replaces.is_none().then(|| "*".to_owned()))
            .set_if_match(replaces)
            .body(ByteStream::from(json));
        match call.send().await {
            Ok(answer) => Ok(Some(answer.e_tag.unwrap_or_default())),
            Err(error) => {
                let failure = Failure::new("s3:PutObject", key, &error);
                match failure.meaning() {
                    Meaning::Precondition | Meaning::Absent => Ok(None),
                    _ => Err(failure),
                }
            }
        }
    }

    async fn put(
        &self,
        key: &str,
        content_type: &str,
        cache_control: Option<&str>,
        text: String,
        fence: Option<&Fence>,
    ) -> Result<(), Fault> {
        debug!(key, "s3:PutObject");
        let mut call = self
            .client
            .put_object()
            .bucket(&self.name)
            .expected_bucket_owner(&self.owner)
            .key(key)
            .content_type(content_type)
            .set_cache_control(cache_control.map(str::to_owned))
            .body(ByteStream::from(text.into_bytes()))
            .customize();
        if let Some(fence) = fence {
            call = call.interceptor(fence.pass_for_news());
        }
        call.send()
            .await
            .map_err(|error| Failure::new("s3:PutObject", key, &error))?;
        Ok(())
    }
}

async fn read(answer: GetObjectOutput, limit: usize, key: &str) -> Result<Object, Fault> {
    Ok(Object {
        key: key.to_owned(),
        version_id: answer.version_id,
        etag: answer.e_tag.unwrap_or_default(),
        modified_at: answer.last_modified.and_then(instant),
        bytes: read_capped(answer.body, answer.content_length, limit, key).await?,
    })
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
            Err(_) => return Err(Fault::transient(format!("s3:GetObject of {key} broke off"))),
        }
    }
    Ok(SecretBytes::new(bytes))
}

fn version(version: ObjectVersion) -> Option<Version> {
    Some(Version {
        version_id: version.version_id?,
        modified_at: instant(version.last_modified?)?,
        is_latest: version.is_latest?,
        etag: Some(version.e_tag?),
        key: version.key?,
    })
}

fn deletion(marker: DeleteMarkerEntry) -> Option<Version> {
    Some(Version {
        version_id: marker.version_id?,
        modified_at: instant(marker.last_modified?)?,
        is_latest: marker.is_latest?,
        etag: None,
        key: marker.key?,
    })
}

fn instant(time: aws_sdk_s3::primitives::DateTime) -> Option<OffsetDateTime> {
    OffsetDateTime::from_unix_timestamp(time.secs()).ok()
}
