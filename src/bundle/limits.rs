//! How much a bundle may ask of the function, and why no honest one asks for more.

/// Bytes of one dropped file. ACM takes 2 MiB of chain at most; a key store adds little to that.
pub const PART_BYTES: usize = 4 * 1024 * 1024;

/// Certificates in one bundle. The longest public chains have five, a delivery with several roots
/// and cross-signs a dozen; a whole trust store is no bundle.
pub const CERTIFICATES: usize = 100;

/// Private keys in one bundle, damaged and closed ones included: each is computed with, a P-521 key
/// for a millisecond, and each may be compared with each certificate.
pub const KEYS: usize = 16;

/// Bits of an RSA modulus whose key is checked. The check grows with more than the square, ACM
/// takes 4,096 bits at most, and 16,384 are the most that OpenSSL works with.
pub const RSA_BITS: usize = 16_384;

/// Findings of one kind in a bundle. Nobody mends more at once, and the summary of a file that is
/// nothing but damage must not be larger than the file.
pub const FINDINGS: usize = 50;

/// Iterations of key derivation in all of one bundle. Exports have 2,048 (OpenSSL) to 100,000 (some
/// CAs) for each of three uses; a million take well under a second.
pub const KDF_ITERATIONS: u64 = 2_000_000;

/// Memory of scrypt. OpenSSL's default takes 16 MiB.
pub const SCRYPT_BYTES: u64 = 32 * 1024 * 1024;

/// Bytes of a Kubernetes manifest. Kubernetes itself keeps no secret of more than 1 MiB:
/// <https://kubernetes.io/docs/concepts/configuration/secret/#restriction-data-size>
pub const MANIFEST_BYTES: usize = 1024 * 1024;

/// Archives inside each other: a tar in a gzip in a CA's zip.
pub const ARCHIVES_NESTED: usize = 3;

/// Files in an archive. CAs send a dozen.
pub const ARCHIVE_FILES: usize = 200;

/// Bytes of all files of a bundle's archives, unpacked.
pub const EXPANDED_BYTES: usize = 8 * 1024 * 1024;

/// Characters of a file's name in an archive that are shown.
pub const NAME_SHOWN: usize = 100;
