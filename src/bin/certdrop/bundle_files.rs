//! Files become the parts of a bundle: a file is one, a folder is one, `-` is standard input.

use std::fs;
use std::io::Read as _;
use std::path::{Path, PathBuf};

use anyhow::{Context as _, Result, bail};
use certdrop::bundle::Part;
use certdrop::bundle::limits::PART_BYTES;
use certdrop::secret::{Passphrase, SecretBytes};

/// The parts of the bundle at `path`. Of a folder all files but hidden ones, in the order of their
/// names, without folders below it.
///
/// # Errors
///
/// Where something cannot be read, or a folder is empty.
pub(crate) fn parts(path: &Path) -> Result<Vec<Part>> {
    if path == Path::new("-") {
        return Ok(vec![part(
            "standard input".to_owned(),
            std::io::stdin().lock(),
        )?]);
    }
    let kind = fs::metadata(path).with_context(|| format!("cannot read {}", path.display()))?;
    if !kind.is_dir() {
        return Ok(vec![file(path)?]);
    }
    let parts = files(path)?
        .iter()
        .map(|path| file(path))
        .collect::<Result<Vec<_>>>()?;
    if parts.is_empty() {
        bail!("{} holds no files", path.display());
    }
    Ok(parts)
}

/// One file as a part, known by its name.
///
/// # Errors
///
/// Where it cannot be read.
pub(crate) fn file(path: &Path) -> Result<Part> {
    let name = path
        .file_name()
        .unwrap_or(path.as_os_str())
        .to_string_lossy()
        .into_owned();
    let opened = fs::File::open(path).with_context(|| format!("cannot read {}", path.display()))?;
    part(name, opened)
}

/// The first line of the file at `path`.
///
/// # Errors
///
/// Where it cannot be read, or is no UTF-8.
pub(crate) fn passphrase(path: &Path) -> Result<Passphrase> {
    let part = file(path)?;
    let text = std::str::from_utf8(part.bytes.expose())
        .map_err(|_| anyhow::anyhow!("the passphrase in {} is not UTF-8", path.display()))?;
    let line = text.split('\n').next().unwrap_or_default();
    Ok(Passphrase::new(
        line.strip_suffix('\r').unwrap_or(line).to_owned(),
    ))
}

fn files(folder: &Path) -> Result<Vec<PathBuf>> {
    let unreadable = || format!("cannot read {}", folder.display());
    let mut files = Vec::new();
    for entry in fs::read_dir(folder).with_context(unreadable)? {
        let path = entry.with_context(unreadable)?.path();
        let hidden = path
            .file_name()
            .is_some_and(|name| name.to_string_lossy().starts_with('.'));
        if hidden {
            continue;
        }
        // Through links too: certbot's `live` folder holds nothing else. One that leads nowhere is a
        // part that is missing.
        let kind =
            fs::metadata(&path).with_context(|| format!("cannot read {}", path.display()))?;
        if kind.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn part(name: String, source: impl std::io::Read) -> Result<Part> {
    let mut bytes = Vec::new();
    let limit = u64::try_from(PART_BYTES)
        .unwrap_or(u64::MAX)
        .saturating_add(1);
    let read = source.take(limit).read_to_end(&mut bytes);
    let bytes = SecretBytes::new(bytes);
    read.with_context(|| format!("cannot read {name}"))?;
    Ok(Part { name, bytes })
}
