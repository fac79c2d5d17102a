//! Certificates and configurations on disk: a file each, that is there whole or not at all.

use std::collections::HashMap;
use std::fs::{self, DirBuilder, File, OpenOptions};
use std::io::{self, Write as _};
use std::os::unix::fs::{DirBuilderExt as _, OpenOptionsExt as _};
use std::path::{Path, PathBuf};

use serde::Serialize;
use serde::de::DeserializeOwned;

use super::account::{Account, Place};
use super::configuration::Configuration;
use super::stored::Stored;

/// What a folder has.
#[derive(Default)]
pub(super) struct Kept {
    /// All certificates.
    pub certificates: Vec<Stored>,
    /// Configurations by account and region.
    pub configurations: HashMap<Place, Configuration>,
}

/// A folder with a file for each certificate, readable by its owner alone.
///
/// A change is written beside the old file, flushed to the disk, and renamed over it; then the
/// folder is flushed. A process that is killed at any moment leaves the old or the new file.
pub(super) struct Disk {
    folder: PathBuf,
}

impl Disk {
    /// Opens `folder`, makes it if need be, and reads all that is in it. A configuration that names no
    /// account was written when there was one only: it is that of `default`.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be made or read, or one of its files is damaged.
    pub(super) fn open(folder: &Path, default: &Account) -> io::Result<(Self, Kept)> {
        DirBuilder::new()
            .recursive(true)
            .mode(0o700)
            .create(folder)?;
        let mut kept = Kept::default();
        for entry in fs::read_dir(folder)? {
            let path = entry?.path();
            match path.extension().and_then(|extension| extension.to_str()) {
                Some("json") => kept.certificates.push(read(&path)?),
                Some("account") => {
                    let place = place_of(&path, default);
                    let named = folder.join(file_of(&place));
                    if path != named {
                        fs::rename(&path, &named)?;
                    }
                    kept.configurations.insert(place, read(&named)?);
                }
                // Left over from a process that was killed while it wrote.
                Some("new") => fs::remove_file(&path)?,
                _ => {}
            }
        }
        let disk = Self {
            folder: folder.to_owned(),
        };
        Ok((disk, kept))
    }

    /// Writes `certificate`; it is on the disk when this returns.
    ///
    /// # Errors
    ///
    /// Where the disk is full or gone. The old state is there still.
    pub(super) fn save(&self, certificate: &Stored) -> io::Result<()> {
        self.write(&self.path_of(&certificate.arn), certificate)
    }

    /// Writes the configuration of `place`; it is on the disk when this returns.
    ///
    /// # Errors
    ///
    /// Where the disk is full or gone. The old state is there still.
    pub(super) fn save_configuration(
        &self,
        place: &Place,
        configuration: &Configuration,
    ) -> io::Result<()> {
        self.write(&self.folder.join(file_of(place)), configuration)
    }

    fn write(&self, path: &Path, content: &impl Serialize) -> io::Result<()> {
        let new = path.with_extension("new");
        let mut file = OpenOptions::new()
            .write(true)
            .create(true)
            .truncate(true)
            .mode(0o600)
            .open(&new)?;
        file.write_all(&serde_json::to_vec_pretty(content)?)?;
        file.sync_all()?;
        fs::rename(&new, path)?;
        self.flush()
    }

    /// Removes the certificate `arn`, if it is there.
    ///
    /// # Errors
    ///
    /// Where the folder cannot be written.
    pub(super) fn remove(&self, arn: &str) -> io::Result<()> {
        match fs::remove_file(self.path_of(arn)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
            _ => self.flush(),
        }
    }

    fn flush(&self) -> io::Result<()> {
        File::open(&self.folder)?.sync_all()
    }

    /// `us-east-1 0b1c….json`: the ARN is ours, so that no part of it can leave the folder.
    fn path_of(&self, arn: &str) -> PathBuf {
        let region = arn.split(':').nth(3).unwrap_or_default();
        let id = arn.rsplit('/').next().unwrap_or_default();
        self.folder.join(format!("{region}.{id}.json"))
    }
}

/// `123456789012.us-east-1.account`.
fn file_of(place: &Place) -> String {
    format!("{}.{}.account", place.account, place.region)
}

/// What [`file_of`] has named, or the region alone.
fn place_of(path: &Path, default: &Account) -> Place {
    let stem = path.file_stem().and_then(|stem| stem.to_str());
    let stem = stem.unwrap_or_default();
    let named = stem
        .split_once('.')
        .and_then(|(account, region)| Some((account.parse().ok()?, region)));
    let (account, region) = named.unwrap_or_else(|| (default.clone(), stem));
    Place {
        account,
        region: region.to_owned(),
    }
}

fn read<T: DeserializeOwned>(path: &Path) -> io::Result<T> {
    serde_json::from_slice(&fs::read(path)?).map_err(|error| {
        let message = format!("{} is damaged: {error}", path.display());
        io::Error::new(io::ErrorKind::InvalidData, message)
    })
}
