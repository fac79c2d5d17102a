//! How much a bundle may ask of the function, and why no honest one asks for more.

/// Bytes of one dropped file. ACM takes 2 MiB of chain at most; a key store adds little to that.
pub const PART_BYTES: usize = 4 * 1024 * 1024;

/// Certificates in one bundle. The longest public chains have five, a delivery with several roots
/// and cross-signs a dozen; a whole trust store is no bundle.
pub const CERTIFICATES: usize = 100;

/// Private keys in one bundle. Each may be compared with each certificate.
pub const KEYS: usize = 16;
