//! Archives: zip, tar and gzip, as CAs send them and people make them.

use std::borrow::Cow;
use std::io::{Cursor, Read};

use flate2::read::MultiGzDecoder;
use zeroize::Zeroizing;
use zip::{CompressionMethod, ZipArchive};

use super::encryption::NotDecrypted;
use super::text::shown;
use super::{Reading, format, limits};
use crate::finding::{self, Finding};

/// Adds what the files in the archive hold. Answers whether `bytes` are one.
pub(super) fn read(bytes: &[u8], place: &str, reading: &mut Reading<'_>) -> bool {
    if let Some(kind) = other_kind(bytes) {
        reading.closed_store(unknown(kind, place));
        return true;
    }
    let read = match bytes {
        [b'P', b'K', 0x03, 0x04, ..] => zip,
        [0x1F, 0x8B, ..] => gzip,
        _ if bytes.get(257..262) == Some(b"ustar") => tar,
        _ => return false,
    };
    if reading.archives_open >= limits::ARCHIVES_NESTED {
        let message = "The archive lies too deep in other archives.";
        reading.damage(Finding::new(&finding::TOO_LARGE, place, message));
        return true;
    }
    reading.archives_open += 1;
    read(bytes, place, reading);
    reading.archives_open -= 1;
    true
}

/// Archives that nobody delivers certificates in, but people pack them.
fn other_kind(bytes: &[u8]) -> Option<&'static str> {
    const KINDS: [(&[u8], &str); 5] = [
        (b"BZh", "bzip2"),
        (b"\xFD7zXZ\0", "xz"),
        (b"\x28\xB5\x2F\xFD", "Zstandard"),
        (b"7z\xBC\xAF\x27\x1C", "7z"),
        (b"Rar!\x1A\x07", "RAR"),
    ];
    let mut kinds = KINDS.iter();
    kinds.find_map(|(mark, kind)| bytes.starts_with(mark).then_some(*kind))
}

fn unknown(kind: &str, place: &str) -> Finding {
    let message = format!("It is packed with {kind}, which certdrop does not unpack.");
    Finding::new(&finding::UNSUPPORTED_FORMAT, place, message)
        .with_remedy("Unpack it and drop the files, or pack them as zip or tar.gz.")
}

fn zip(bytes: &[u8], place: &str, reading: &mut Reading<'_>) {
    let Ok(mut archive) = ZipArchive::new(Cursor::new(bytes)) else {
        reading.malformed(place, "The zip archive is damaged.");
        return;
    };
    if archive.len() > limits::ARCHIVE_FILES {
        too_many_files(place, reading);
        return;
    }
    for index in 0..archive.len() {
        let Ok(raw) = archive.by_index_raw(index) else {
            continue;
        };
        let name = raw
            .name()
            .map_or_else(|_| format!("file {}", index + 1), Cow::into_owned);
        let (is_encrypted, is_file) = (raw.encrypted(), raw.is_file());
        let method = raw.compression();
        drop(raw);
        if !is_file || is_clutter(&name) {
            continue;
        }
        let place = format!("{place}/{}", shown(&name));
        if is_encrypted {
            encrypted(&mut archive, index, &place, reading);
            continue;
        }
        if !matches!(
            method,
            CompressionMethod::Stored | CompressionMethod::Deflated
        ) {
            reading.closed_store(unknown(&method.to_string(), &place));
            continue;
        }
        match archive.by_index(index) {
            Ok(file) => member(file, &place, reading),
            Err(_) => reading.malformed(&place, "This file of the archive cannot be unpacked."),
        }
    }
}

/// What AES in a zip takes, whatever the file is: <https://www.winzip.com/en/support/aes-encryption/>.
const ZIP_AES_ITERATIONS: u64 = 1_000;

/// A file of a zip by a passphrase: the old way of zip, or AES.
fn encrypted(
    archive: &mut ZipArchive<Cursor<&[u8]>>,
    index: usize,
    place: &str,
    reading: &mut Reading<'_>,
) {
    for passphrase in reading.passphrases {
        if let Err(failure) = reading.cost.spend(ZIP_AES_ITERATIONS) {
            reading.failed(failure, "The file", place);
            return;
        }
        // A wrong passphrase fits once in 256 times; then the file's checksum tells.
        let unpacked = archive
            .by_index_decrypt(index, passphrase.expose().as_bytes())
            .ok()
            .and_then(|file| unpack(file, &mut reading.expanded));
        if let Some(bytes) = unpacked {
            reading.recognised();
            unpacked_member(&bytes, place, reading);
            return;
        }
    }
    reading.bundle.closed_store = true;
    reading.failed(NotDecrypted::WrongPassphrase, "The file", place);
}

/// A compressed tar, or a single compressed file.
fn gzip(bytes: &[u8], place: &str, reading: &mut Reading<'_>) {
    member(MultiGzDecoder::new(bytes), place, reading);
}

fn tar(bytes: &[u8], place: &str, reading: &mut Reading<'_>) {
    let mut archive = tar::Archive::new(bytes);
    let Ok(entries) = archive.entries() else {
        reading.malformed(place, "The tar archive is damaged.");
        return;
    };
    for (count, entry) in entries.enumerate() {
        let Ok(entry) = entry else {
            reading.malformed(place, "The tar archive is damaged.");
            return;
        };
        if count >= limits::ARCHIVE_FILES {
            too_many_files(place, reading);
            return;
        }
        let name = String::from_utf8_lossy(&entry.path_bytes()).into_owned();
        if entry.header().entry_type().is_file() && !is_clutter(&name) {
            member(entry, &format!("{place}/{}", shown(&name)), reading);
        }
    }
}

/// Unpacks one file and reads it by its content.
fn member(file: impl Read, place: &str, reading: &mut Reading<'_>) {
    match unpack(file, &mut reading.expanded) {
        Some(bytes) => unpacked_member(&bytes, place, reading),
        None => reading.malformed(place, "This file of the archive cannot be unpacked."),
    }
}

/// The content of `file`, but no more than a byte over the bundle's limit. `None` where it is damaged:
/// what was unpacked until then counts too.
fn unpack(file: impl Read, expanded: &mut usize) -> Option<Zeroizing<Vec<u8>>> {
    let left = limits::EXPANDED_BYTES.saturating_sub(*expanded);
    let limit = u64::try_from(left).unwrap_or(u64::MAX).saturating_add(1);
    let mut bytes = Zeroizing::new(Vec::new());
    let end = file.take(limit).read_to_end(&mut bytes);
    *expanded = expanded.saturating_add(bytes.len());
    end.ok().map(|_| bytes)
}

fn unpacked_member(bytes: &[u8], place: &str, reading: &mut Reading<'_>) {
    if reading.expanded > limits::EXPANDED_BYTES {
        let message = format!(
            "Unpacked, the bundle has more than {} bytes.",
            limits::EXPANDED_BYTES
        );
        reading.damage(Finding::new(&finding::TOO_LARGE, place, message));
        return;
    }
    format::read(bytes, place, reading);
}

fn too_many_files(place: &str, reading: &mut Reading<'_>) {
    let message = format!("The archive has more than {} files.", limits::ARCHIVE_FILES);
    reading.damage(Finding::new(&finding::TOO_LARGE, place, message));
}

/// What macOS and others leave beside the files that people mean.
fn is_clutter(name: &str) -> bool {
    let file = name.rsplit('/').next().unwrap_or(name);
    name.starts_with("__MACOSX/")
        || file.starts_with("._")
        || file == ".DS_Store"
        || file == "Thumbs.db"
}
