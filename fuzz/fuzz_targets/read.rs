//! The readers of all formats, with a passphrase that opens what the corpus holds.
#![no_main]

use certdrop::bundle::{Part, read};
use certdrop::secret::{Passphrase, SecretBytes};
use libfuzzer_sys::fuzz_target;

fuzz_target!(|bytes: &[u8]| {
    let part = Part {
        name: "fuzz".to_owned(),
        bytes: SecretBytes::new(bytes.to_vec()),
    };
    let bundle = read(&[part], &[Passphrase::new("hunter2".to_owned())]);
    // Whatever was read can be written again.
    for key in &bundle.keys {
        assert!(!key.expose_pkcs8_der().is_empty());
    }
});
