//! The function for arm64, which is what template.yaml deploys. `make arm64` builds it and has it driven.

use serde_json::json;
use time::Duration;

use certdrop_test_support::pki::{Authority, Order};
use certdrop_test_support::scene::run;

/// `EM_AARCH64`: ELF for the Arm 64-bit Architecture, section 5.2.
const AARCH64: u16 = 183;

#[test]
#[ignore = "make arm64 runs it, with the bootstrap for arm64 in CERTDROP_BOOTSTRAP"]
fn a_bundle_is_imported_renewed_and_swept_by_the_function_for_arm64() {
    run(async |scene| {
        let machine = scene.function.machine();
        assert_eq!(machine, AARCH64, "the bootstrap is for another processor");
        println!("the bootstrap's ELF machine is {machine}, AArch64");

        let authority = Authority::new();
        let first = authority.issue(&Order::new("arm.example.com", 2 * Duration::DAY));
        let renewed = authority.issue(&Order::new("arm.example.com", Duration::DAY));
        let key = "drop/arm.example.com.pem";

        let imported = scene.drop_bundle(key, &first.bundle()).await;
        assert_eq!(imported["outcome"], "imported", "{imported}");
        let arn = imported["certificate_arn"].as_str().expect("an ARN");
        let serial = scene.serial(arn).await;
        assert_eq!(serial, first.serial);
        println!("a first drop: imported, {arn}, serial {serial}");

        let replaced = scene.drop_bundle(key, &renewed.bundle()).await;
        assert_eq!(replaced["outcome"], "replaced", "{replaced}");
        assert_eq!(replaced["certificate_arn"], arn);
        let serial = scene.serial(arn).await;
        assert_eq!(serial, renewed.serial);
        assert_eq!(scene.certificates_for("arm.example.com").await, [arn]);
        println!("its renewal: replaced, {arn}, serial {serial}");

        let sweep = scene.invoke(&json!({"sweep": {}})).await;
        let report = sweep.expect("the function succeeds");
        println!("a sweep: {report}");
        assert_eq!(report["bundles"], 1);
        assert_eq!(report["unchanged"], 1);
        for nothing in ["worked_on", "unfinished", "without_bundle"] {
            assert_eq!(report[nothing], json!({}), "{nothing}");
        }
    });
}
