//! Where the parts of a bundle may lie.

use std::io::Write as _;
use std::process::{Command, Stdio};

use serde_json::json;
use time::Duration;

use certdrop_test_support::pki::{Authority, Issued, Order};
use certdrop_test_support::scene::run;

fn issue(name: &str) -> Issued {
    Authority::new().issue(&Order::new(name, Duration::DAY))
}

#[test]
fn the_private_key_may_lie_in_a_parameter() {
    run(async |scene| {
        let issued = issue("parameter.example.com");
        let certificates = format!("{}{}", issued.chain, issued.certificate);
        let key = "drop/parameter.example.com.pem";
        let lonely = scene.drop_bundle(key, &certificates).await;
        assert_eq!(lonely["outcome"], "rejected");
        assert_eq!(lonely["findings"][0]["code"], "no-private-key");

        scene
            .put_secret("/parameter.example.com/private-key", &issued.key)
            .await;
        let summary = scene
            .summary(&json!({"bundle": "parameter.example.com"}))
            .await;
        assert_eq!(summary["outcome"], "imported");
        assert_ne!(
            summary["content_id"], lonely["content_id"],
            "a secret is part of the content"
        );
    });
}

#[test]
fn the_passphrase_comes_from_the_bundle_s_parameter_or_from_the_common_one() {
    run(async |scene| {
        let issued = issue("encrypted.example.com");
        let encrypted = Issued {
            key: encrypt(&issued.key, "correct horse battery staple"),
            ..issued
        };
        let key = "drop/encrypted.example.com.pem";
        let without = scene.drop_bundle(key, &encrypted.bundle()).await;
        assert_eq!(without["findings"][0]["code"], "key-encrypted");
        let remedy = without["findings"][0]["remedy"].as_str().expect("a remedy");
        let parameter = scene.parameter_name("/encrypted.example.com/passphrase");
        assert!(remedy.contains(&parameter), "{remedy}");

        let own = "/encrypted.example.com/passphrase";
        scene.put_secret(own, "not this one, by far").await;
        let wrong = scene.drop_bundle(key, &encrypted.bundle()).await;
        assert_eq!(wrong["findings"][0]["code"], "wrong-passphrase");

        scene
            .put_secret("/passphrase", "correct horse battery staple")
            .await;
        let common = scene.drop_bundle(key, &encrypted.bundle()).await;
        assert_eq!(common["outcome"], "imported");

        scene.put_secret(own, "correct horse battery staple").await;
        let own = scene.drop_bundle(key, &encrypted.bundle()).await;
        assert_eq!(own["outcome"], "unchanged");
    });
}

#[test]
fn keys_with_blanks_plus_signs_and_letters_beyond_ascii_are_found() {
    run(async |scene| {
        for name in [
            "a+b c.pem",
            "bücher.example.pem",
            "*.example.org.pem",
            "100%.pem",
        ] {
            let issued = issue("strange.example.com");
            let summary = scene
                .drop_bundle(&format!("drop/{name}"), &issued.bundle())
                .await;
            assert_eq!(summary["outcome"], "imported", "{name}: {summary}");
            assert_eq!(summary["bundle"], name.trim_end_matches(".pem"));
        }
    });
}

#[test]
fn a_folder_waits_until_its_parts_fit() {
    run(async |scene| {
        let authority = Authority::new();
        let first = authority.issue(&Order::new("folder.example.com", 2 * Duration::DAY));
        let renewed = authority.issue(&Order::new("folder.example.com", Duration::DAY));
        let file = |name: &str| format!("drop/folder.example.com/{name}");
        let fullchain = |issued: &Issued| format!("{}{}", issued.certificate, issued.chain);

        let waiting = scene
            .drop_bundle(&file("fullchain.pem"), &fullchain(&first))
            .await;
        assert_eq!(waiting["outcome"], "waiting");
        let imported = scene.drop_bundle(&file("privkey.pem"), &first.key).await;
        assert_eq!(imported["outcome"], "imported");

        let waiting = scene
            .drop_bundle(&file("fullchain.pem"), &fullchain(&renewed))
            .await;
        assert_eq!(
            waiting["outcome"], "waiting",
            "the key is still the old one"
        );
        let arn = imported["certificate_arn"].as_str().expect("an ARN");
        assert_eq!(scene.serial(arn).await, first.serial);
        let replaced = scene.drop_bundle(&file("privkey.pem"), &renewed.key).await;
        assert_eq!(replaced["outcome"], "replaced");
        assert_eq!(scene.serial(arn).await, renewed.serial);
    });
}

pub(crate) fn encrypt(key: &str, passphrase: &str) -> String {
    let mut openssl = Command::new("openssl")
        .args(["pkcs8", "-topk8", "-passout", &format!("pass:{passphrase}")])
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("openssl is installed");
    let mut input = openssl.stdin.take().expect("its input");
    input.write_all(key.as_bytes()).expect("it reads");
    drop(input);
    let output = openssl.wait_with_output().expect("it ends");
    assert!(output.status.success());
    String::from_utf8(output.stdout).expect("PEM is text")
}
