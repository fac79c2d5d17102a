//! Files on their way into the bucket: which bundle they are, and under which keys.

use std::fs;
use std::path::{Path, PathBuf};
use std::slice;

use anyhow::{Context as _, Result, bail};
use certdrop::aws::s3::Tags;
use certdrop::bundle::{self, Part};
use certdrop::bundle_name::{BundleName, Packing};
use certdrop::event::DroppedObject;
use certdrop::fault::Fault;
use certdrop::pipeline::Invocation;

use crate::{bundle_files, progress};

/// A bundle that is read and not yet uploaded. Has no `Debug`: it holds the private key.
pub(crate) struct Upload {
    /// As the user gave it.
    pub(crate) path: PathBuf,
    pub(crate) bundle: BundleName,
    pub(crate) packing: Packing,
    /// In the order in which they are uploaded.
    pub(crate) parts: Vec<Part>,
    /// Where each of the parts will lie below the drop prefix.
    pub(crate) keys: Vec<String>,
}

impl Upload {
    /// Puts all parts into the bucket, with these tags; the object that stands for them, which is the last one.
    ///
    /// # Errors
    ///
    /// [`Fault`] where S3 does not take one of them.
    pub(crate) async fn put(
        &self,
        tags: &Tags,
        world: Invocation<'_>,
    ) -> Result<DroppedObject, Fault> {
        let mut dropped = None;
        for (key, part) in self.keys.iter().zip(&self.parts) {
            let key = format!("{}{key}", world.config.drop_prefix);
            progress::say(&format!("{} is uploaded to {key}", self.bundle));
            let version_id = world
                .aws
                .bucket
                .drop_object(&key, &part.bytes, tags)
                .await?;
            dropped = Some(DroppedObject {
                key,
                version_id,
                packing: self.packing,
            });
        }
        dropped.ok_or_else(|| Fault::internal("a bundle without parts"))
    }
}

/// Reads all bundles. `name` is what the only one is called, if not as its file.
///
/// # Errors
///
/// Where something cannot be read, or has no name that it could have in the bucket.
pub(crate) fn read_all(paths: &[PathBuf], name: Option<&str>) -> Result<Vec<Upload>> {
    let mut uploads: Vec<Upload> = Vec::new();
    for path in paths {
        let upload = read(path, name)?;
        if let Some(other) = uploads.iter().find(|other| other.bundle == upload.bundle) {
            bail!(
                "{} and {} are both the bundle `{}`; give one of them",
                other.path.display(),
                path.display(),
                upload.bundle
            );
        }
        uploads.push(upload);
    }
    Ok(uploads)
}

fn read(path: &Path, name: Option<&str>) -> Result<Upload> {
    let (called, packing) = called(path, name)?;
    let bundle = match packing {
        Packing::File => BundleName::from_key(&called, "").map(|(bundle, _)| bundle),
        Packing::Folder => BundleName::new(&called),
    };
    let bundle = bundle.filter(|bundle| name.is_none_or(|name| bundle.as_str() == name));
    let bundle = bundle.with_context(|| {
        let name = name.unwrap_or(&called);
        format!(
            "`{name}` cannot be the name of a bundle; give one with `--name` that has no `/`, does not begin with `.` and has no ending such as `.pem`"
        )
    })?;
    let mut parts = bundle_files::parts(path)?;
    // The function looks at a folder after each file. With the old key, or none, it keeps what ACM has, so that nothing
    // is imported before all files are there.
    parts.sort_by_key(may_hold_key);
    let keys = match packing {
        Packing::File => vec![called],
        Packing::Folder => parts
            .iter()
            .map(|part| format!("{bundle}/{}", part.name))
            .collect(),
    };
    Ok(Upload {
        path: path.to_owned(),
        bundle,
        packing,
        parts,
        keys,
    })
}

/// Whether a private key is in it, opened or not.
fn may_hold_key(part: &Part) -> bool {
    let read = bundle::read(slice::from_ref(part), &[]);
    !read.keys.is_empty() || !read.closed.is_empty()
}

/// The name that the file or folder at `path` will have in the bucket.
fn called(path: &Path, name: Option<&str>) -> Result<(String, Packing)> {
    if path == Path::new("-") {
        let name = name.context("standard input has no name; give the bundle's with `--name`")?;
        return Ok((name.to_owned(), Packing::File));
    }
    let unreadable = || format!("cannot read {}", path.display());
    let kind = fs::metadata(path).with_context(unreadable)?;
    // `.` and `..` are called something, too.
    let whole = match path.file_name() {
        Some(_) => path.to_owned(),
        None => fs::canonicalize(path).with_context(unreadable)?,
    };
    let own = whole.file_name().and_then(|own| own.to_str());
    match (name, own) {
        (Some(name), _) if kind.is_dir() => Ok((name.to_owned(), Packing::Folder)),
        // The ending tells people what it is; the bytes tell certdrop.
        (Some(name), own) => {
            let ending = own.map(ending).unwrap_or_default();
            Ok((format!("{name}{ending}"), Packing::File))
        }
        (None, Some(own)) if kind.is_dir() => Ok((own.to_owned(), Packing::Folder)),
        (None, Some(own)) if kind.is_file() => Ok((own.to_owned(), Packing::File)),
        (None, _) => bail!(
            "{} has no name that a bundle could have; give one with `--name`",
            path.display()
        ),
    }
}

/// What a file's name has behind the name of its bundle.
fn ending(file: &str) -> &str {
    let bundle = BundleName::from_key(file, "");
    bundle
        .and_then(|(bundle, _)| file.strip_prefix(bundle.as_str()))
        .unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::unix::fs::symlink;

    /// A folder with a file `www.example.com.pfx`, and a folder `live` as certbot makes them.
    fn files() -> tempfile::TempDir {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        for below in ["live", "archive"] {
            fs::create_dir(at(below)).expect("a folder");
        }
        for file in [
            "www.example.com.pfx",
            "archive/cert1.pem",
            "archive/key1.pem",
        ] {
            fs::write(at(file), "x").expect("a file");
        }
        symlink("../archive/cert1.pem", at("live/cert.pem")).expect("a link");
        symlink("../archive/key1.pem", at("live/privkey.pem")).expect("a link");
        folder
    }

    #[test]
    fn a_file_keeps_its_ending_and_a_folder_its_files() {
        let files = files();
        for (path, name, bundle, keys) in [
            (
                "www.example.com.pfx",
                None,
                "www.example.com",
                ["www.example.com.pfx"].as_slice(),
            ),
            ("www.example.com.pfx", Some("shop"), "shop", &["shop.pfx"]),
            ("live", None, "live", &["live/cert.pem", "live/privkey.pem"]),
            (
                "live/.",
                Some("shop"),
                "shop",
                &["shop/cert.pem", "shop/privkey.pem"],
            ),
            ("live/cert.pem", None, "cert", &["cert.pem"]),
        ] {
            let upload = read(&files.path().join(path), name);
            let upload = upload.unwrap_or_else(|fault| panic!("{path}: {fault:#}"));
            assert_eq!(
                (upload.bundle.as_str(), upload.keys.as_slice()),
                (
                    bundle,
                    &*keys.iter().map(ToString::to_string).collect::<Vec<_>>()
                )
            );
        }
    }

    #[test]
    fn what_has_no_name_or_cannot_be_read_is_refused() {
        let files = files();
        let at = |name: &str| files.path().join(name);
        symlink("../archive/chain1.pem", at("live/chain.pem")).expect("a link");
        fs::write(at(".hidden"), "x").expect("a file");
        for (path, name, said) in [
            ("live", None, "live/chain.pem"),
            (".hidden", None, "`.hidden` cannot be the name of a bundle"),
            ("www.example.com.pfx", Some("a/b"), "`a/b` cannot be"),
            ("www.example.com.pfx", Some("../b"), "`../b` cannot be"),
            ("live", Some("a/b"), "`a/b` cannot be"),
            ("nowhere.pem", None, "cannot read"),
        ] {
            let fault = read(&at(path), name).err();
            let fault = fault.unwrap_or_else(|| panic!("{path} {name:?} is taken"));
            assert!(format!("{fault:#}").contains(said), "{fault:#}");
        }
        let twice = [at("www.example.com.pfx"), at("www.example.com.pfx")];
        let fault = read_all(&twice, None).err().expect("one bundle twice");
        assert!(
            fault
                .to_string()
                .contains("both the bundle `www.example.com`")
        );
        // Under `--name a.pem` a file without an ending would become the bundle `a`.
        let fault = read(Path::new("/dev/null"), Some("a.pem"))
            .err()
            .expect("not its name");
        assert!(
            fault.to_string().contains("no ending such as `.pem`"),
            "{fault}"
        );
        assert!(
            read(Path::new("/dev/null"), None).is_err(),
            "no regular file"
        );
    }
}
