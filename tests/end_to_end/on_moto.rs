//! The same against an ACM that others wrote. It takes what ACM refuses and shows serial numbers in
//! decimal, so it is asked only for what it does as ACM does.

use time::Duration;

use certdrop_test_support::pki::{Authority, Order};
use certdrop_test_support::scene::run_on_moto;

#[test]
fn moto_takes_an_import_with_its_tags() {
    run_on_moto(async |scene| {
        let issued = Authority::new().issue(&Order::new("import.moto.example.com", Duration::DAY));
        let summary = scene
            .drop_bundle("drop/import.moto.example.com.pem", &issued.bundle())
            .await;
        assert_eq!(summary["outcome"], "imported");
        let named = scene
            .certificates_of_bundle("import.moto.example.com")
            .await;
        assert_eq!(
            named,
            [summary["certificate_arn"].as_str().expect("an ARN")]
        );
    });
}

#[test]
fn moto_takes_a_replace_under_the_first_arn() {
    run_on_moto(async |scene| {
        let authority = Authority::new();
        let first = authority.issue(&Order::new("replace.moto.example.com", 2 * Duration::DAY));
        let renewed = authority.issue(&Order::new("replace.moto.example.com", Duration::DAY));
        let key = "drop/replace.moto.example.com.pem";
        let imported = scene.drop_bundle(key, &first.bundle()).await;
        // moto loses a certificate's tags when it is replaced, so the object's tag has to do.
        let arn = imported["certificate_arn"].as_str().expect("an ARN");
        let replaced = scene.drop_bundle(key, &renewed.bundle()).await;
        assert_eq!(replaced["outcome"], "replaced");
        assert_eq!(replaced["certificate_arn"], arn);
        let serial = renewed.serial.replace(':', "");
        let decimal = u128::from_str_radix(&serial, 16)
            .expect("hexadecimal")
            .to_string();
        assert_eq!(scene.serial(arn).await, decimal);
    });
}

#[test]
fn moto_describes_what_it_has() {
    run_on_moto(async |scene| {
        let issued =
            Authority::new().issue(&Order::new("describe.moto.example.com", Duration::DAY));
        let summary = scene
            .drop_bundle("drop/describe.moto.example.com.pem", &issued.bundle())
            .await;
        let described = &summary["certificate"];
        assert_eq!(described["DomainName"], "describe.moto.example.com");
        assert_eq!(described["KeyAlgorithm"], "EC_prime256v1");
        assert!(
            described["NotAfter"]
                .as_str()
                .is_some_and(|end| end.ends_with('Z')),
            "{described}"
        );
    });
}
