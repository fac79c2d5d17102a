//! What ACM takes and TLS clients refuse.

use serde_json::Value;
use time::Duration;

use certdrop_test_support::pki::{Authority, Issued, Order};
use certdrop_test_support::scene::{run, run_with};

const IMPORT: (&str, &str) = ("CERTDROP_ON_REFUSED_BY_CLIENTS", "import");
const TAG: &str = "certdrop:on-refused-by-clients";

/// ACM does not look at name constraints; every client does.
fn refused_by_clients(name: &str) -> Issued {
    Authority::constrained_to("example.org").issue(&Order::new(name, Duration::DAY))
}

/// Severity and judge of the finding with this code.
fn weight<'a>(summary: &'a Value, code: &str) -> Option<(&'a str, &'a str)> {
    let mut findings = summary["findings"].as_array()?.iter();
    let finding = findings.find(|finding| finding["code"] == code)?;
    Some((finding["severity"].as_str()?, finding["judge"].as_str()?))
}

#[test]
fn what_clients_refuse_is_rejected_until_the_object_s_tag_accepts_it() {
    run(async |scene| {
        let key = "drop/overruled.example.com.pem";
        let bundle = refused_by_clients("overruled.example.com").bundle();
        let rejected = scene.drop_bundle(key, &bundle).await;
        assert_eq!(rejected["outcome"], "rejected");
        assert_eq!(
            weight(&rejected, "name-not-permitted"),
            Some(("error", "clients"))
        );
        assert_eq!(weight(&rejected, "accepted-against-clients"), None);

        let version = scene.put(key, &bundle).await;
        scene.tag_object(key, &[(TAG, "import")]).await;
        let imported = scene.summary(&scene.created(key, &version)).await;
        assert_eq!(imported["outcome"], "imported");
        assert_eq!(
            weight(&imported, "name-not-permitted"),
            Some(("warning", "clients"))
        );
        assert_eq!(
            weight(&imported, "accepted-against-clients"),
            Some(("warning", "clients"))
        );
        assert_eq!(scene.object_tags(key).await[TAG], "import");
    });
}

#[test]
fn the_setting_accepts_what_clients_refuse_unless_the_tag_rejects_it() {
    run_with(&[IMPORT], async |scene| {
        let key = "drop/accepted.example.com.pem";
        let bundle = refused_by_clients("accepted.example.com").bundle();
        let version = scene.put(key, &bundle).await;
        scene.tag_object(key, &[(TAG, "reject")]).await;
        let rejected = scene.summary(&scene.created(key, &version)).await;
        assert_eq!(rejected["outcome"], "rejected");

        let imported = scene.drop_bundle(key, &bundle).await;
        assert_eq!(imported["outcome"], "imported");
        assert_eq!(
            weight(&imported, "accepted-against-clients"),
            Some(("warning", "clients"))
        );
    });
}

#[test]
fn a_folder_waits_for_its_intermediate_whatever_the_setting() {
    run_with(&[IMPORT], async |scene| {
        let issued = Authority::new().issue(&Order::new("waits.example.com", Duration::DAY));
        scene
            .put("drop/waits.example.com/privkey.pem", &issued.key)
            .await;
        let certificate = "drop/waits.example.com/cert.pem";
        let waiting = scene.drop_bundle(certificate, &issued.certificate).await;
        assert_eq!(waiting["outcome"], "waiting");
        assert_eq!(weight(&waiting, "accepted-against-clients"), None);
        let chain = "drop/waits.example.com/chain.pem";
        let imported = scene.drop_bundle(chain, &issued.chain).await;
        assert_eq!(imported["outcome"], "imported");
        assert_eq!(weight(&imported, "accepted-against-clients"), None);
    });
}
