//! Keys and passphrases in Secrets Manager, to which parameters point.

use aws_sdk_ssm::types::ParameterType;
use base64::Engine as _;
use base64::prelude::BASE64_STANDARD;
use serde_json::{Value, json};
use time::Duration;

use crate::fetch::encrypt;
use certdrop_test_support::pki::{Authority, Issued, Order};
use certdrop_test_support::proxy::{Deed, Refusal};
use certdrop_test_support::scene::{SECRETS, Scene, run, run_with};

const BUSY: Refusal = Refusal {
    status: 400,
    code: "ThrottlingException",
};

fn issue(name: &str) -> Issued {
    Authority::new().issue(&Order::new(name, Duration::DAY))
}

fn without_key(issued: &Issued) -> String {
    format!("{}{}", issued.certificate, issued.chain)
}

async fn sweep(scene: &Scene) -> Value {
    scene
        .invoke(&json!({"sweep": {}}))
        .await
        .expect("the function succeeds")
}

/// How often the function made calls whose names begin so.
fn calls(scene: &Scene, operation: &str) -> usize {
    let calls = scene.services.calls();
    calls
        .iter()
        .filter(|call| call.operation.starts_with(operation))
        .count()
}

#[test]
fn a_private_key_may_be_a_secret_or_a_member_of_one_or_binary() {
    run_with(&[SECRETS], async |scene| {
        let issued = ["pem", "member", "binary", "arn"].map(|name| (name, issue(name)));
        for (name, issued) in &issued {
            let key = issued.key.as_str();
            let parameter = format!("/{name}/private-key");
            match *name {
                "member" => {
                    let secret = json!({"tls.key": key, "tls.crt": issued.certificate});
                    scene
                        .keep_secret(name, &secret.to_string(), &[key, &key.replace('\n', "\\n")])
                        .await;
                    scene.point(&parameter, "member#tls.key").await;
                }
                "binary" => {
                    scene.mind(key);
                    let base64: String = key.lines().filter(|line| !line.contains("--")).collect();
                    let der = BASE64_STANDARD.decode(base64).expect("base64");
                    let create = scene.secrets_manager.create_secret();
                    create
                        .name(scene.secret_name(name))
                        .secret_binary(aws_sdk_secretsmanager::primitives::Blob::new(der))
                        .send()
                        .await
                        .expect("a secret");
                    scene.point(&parameter, name).await;
                }
                "arn" => {
                    scene.keep_secret(name, key, &[key]).await;
                    let described = scene.secrets_manager.describe_secret();
                    let described = described.secret_id(scene.secret_name(name)).send().await;
                    let arn = described.expect("a secret").arn.expect("its ARN");
                    let pointer = format!("secretsmanager:{arn}");
                    scene
                        .put_parameter(&parameter, &pointer, ParameterType::StringList)
                        .await;
                }
                _ => {
                    scene.keep_secret(name, key, &[key]).await;
                    scene.point(&parameter, name).await;
                }
            }
            let summary = scene
                .drop_bundle(&format!("drop/{name}.crt"), &without_key(issued))
                .await;
            assert_eq!(summary["outcome"], "imported", "{name}: {summary}");
            let arn = summary["certificate_arn"].as_str().expect("an ARN");
            assert_eq!(scene.serial(arn).await, issued.serial, "{name}");
        }
        assert_eq!(sweep(scene).await["unchanged"], 4, "all is as it was left");
    });
}

#[test]
fn a_key_and_its_passphrase_come_from_one_reading_of_one_secret() {
    run_with(&[SECRETS], async |scene| {
        let passphrase = "correct horse battery staple";
        let issued = issue("both.example.com");
        let key = encrypt(&issued.key, passphrase);
        let secret = json!({"key": key, "passphrase": passphrase}).to_string();
        scene
            .keep_secret("both", &secret, &[&key, passphrase])
            .await;
        scene
            .point("/both.example.com/private-key", "both#key")
            .await;
        scene
            .point("/both.example.com/passphrase", "both#passphrase")
            .await;
        let summary = scene
            .drop_bundle("drop/both.example.com.crt", &without_key(&issued))
            .await;
        assert_eq!(summary["outcome"], "imported", "{summary}");
        assert_eq!(calls(scene, "secretsmanager:GetSecretValue"), 1);

        let common = issue("common.example.com");
        let encrypted = encrypt(&common.key, passphrase);
        scene.point("/passphrase", "both#passphrase").await;
        let summary = scene
            .drop_bundle(
                "drop/common.example.com.pem",
                &format!("{encrypted}{}", without_key(&common)),
            )
            .await;
        assert_eq!(summary["outcome"], "imported", "{summary}");
    });
}

#[test]
fn a_sweep_sees_that_a_secret_was_rotated_and_replaces_the_certificate_under_its_arn() {
    run_with(&[SECRETS], async |scene| {
        let (bundle, key) = ("rotated.example.com", "drop/rotated.example.com.crt");
        let (first, renewed) = (issue(bundle), issue(bundle));
        scene.keep_secret("tls", &first.key, &[&first.key]).await;
        scene.point("/rotated.example.com/private-key", "tls").await;
        let imported = scene.drop_bundle(key, &without_key(&first)).await;
        let arn = imported["certificate_arn"].as_str().expect("an ARN");
        let early = scene.drop_bundle(key, &without_key(&renewed)).await;
        assert_eq!(early["findings"][0]["code"], "key-mismatch", "{early}");

        assert_eq!(sweep(scene).await["unchanged"], 1, "it was not rotated yet");
        scene.services.clear();
        assert_eq!(sweep(scene).await["unchanged"], 1);
        for (operation, expected) in [
            ("ssm:DescribeParameters", 1),
            ("ssm:GetParameters", 1),
            ("secretsmanager:DescribeSecret", 1),
            ("secretsmanager:GetSecretValue", 0),
        ] {
            assert_eq!(calls(scene, operation), expected, "{operation}");
        }

        scene
            .keep_secret("tls", &renewed.key, &[&renewed.key])
            .await;
        let report = sweep(scene).await;
        assert_eq!(report["outcomes"][bundle], "replaced", "{report}");
        assert_eq!(scene.serial(arn).await, renewed.serial);
        assert_eq!(scene.certificates_of_bundle(bundle).await, [arn]);
        assert_eq!(sweep(scene).await["unchanged"], 1, "and it is done");
    });
}

#[test]
fn where_nothing_points_to_a_secret_secrets_manager_is_not_asked() {
    run(async |scene| {
        let issued = issue("plain.example.com");
        scene
            .put_secret("/plain.example.com/private-key", &issued.key)
            .await;
        // Whoever drops objects says nothing of where secrets are.
        let key = "drop/plain.example.com.crt";
        let pointer = "secretsmanager:prod/database";
        scene
            .drop_bundle(key, &format!("{pointer}\n{}", without_key(&issued)))
            .await;
        scene
            .tag_object(key, &[("certdrop:private-key", pointer)])
            .await;
        scene
            .put("drop/folder.example.com/private-key", pointer)
            .await;
        sweep(scene).await;
        assert_eq!(calls(scene, "secretsmanager:"), 0);
        scene.services.clear();
        sweep(scene).await;
        assert_eq!(calls(scene, "ssm:"), 1, "the list");
    });
}

#[test]
fn whatever_is_wrong_with_a_secret_is_said_to_the_operator_and_mended_by_a_sweep() {
    run_with(&[SECRETS], async |scene| {
        let issued = issue("wrong.example.com");
        let other = issue("other.example.com");
        scene
            .put("drop/other.example.com.pem", &other.bundle())
            .await;
        let version = scene
            .put("drop/wrong.example.com.crt", &without_key(&issued))
            .await;
        let event = scene.created("drop/wrong.example.com.crt", &version);
        let path = "/wrong.example.com/private-key";
        let (parameter, secret) = (scene.parameter_name(path), scene.secret_name("tls"));
        let pointed = format!(
            "secretsmanager:GetSecretValue of the secret {secret}, to which the parameter {parameter} points, failed: "
        );

        scene.point(path, "tls#key").await;
        let (kind, missing) = scene.fault(&event).await;
        assert_eq!(kind, "SetUp");
        assert!(
            missing.starts_with(&format!("{pointed}ResourceNotFoundException: ")),
            "{missing}"
        );
        assert!(missing.ends_with("; create the secret in the account and region of the stack, or correct the parameter"), "{missing}");

        for (value, problem) in [
            (
                json!({"other": issued.key}).to_string(),
                "has no member `key`",
            ),
            (
                json!({"key": [issued.key]}).to_string(),
                "has a member `key` that is not a text",
            ),
            (issued.key.clone(), "is not a JSON object"),
        ] {
            scene.keep_secret("tls", &value, &[&issued.key]).await;
            let expected = format!(
                "the secret {secret}, to which the parameter {parameter} points, {problem}; correct the secret, or the parameter"
            );
            assert_eq!(scene.fault(&event).await, ("SetUp".to_owned(), expected));
        }

        let delete = scene.secrets_manager.delete_secret().secret_id(&secret);
        delete.send().await.expect("it is to be deleted");
        let (kind, deleted) = scene.fault(&event).await;
        assert_eq!(kind, "SetUp");
        assert!(
            deleted.contains("InvalidRequestException")
                && deleted.contains("aws secretsmanager restore-secret"),
            "{deleted}"
        );

        // A sweep that meets it says so, and does all else.
        let report = sweep(scene).await;
        assert_eq!(
            report["outcomes"]["other.example.com"], "imported",
            "{report}"
        );
        let told = report["unfinished"]["wrong.example.com"]
            .as_str()
            .expect("a fault");
        assert!(told.starts_with(&pointed), "{told}");

        let restore = scene.secrets_manager.restore_secret().secret_id(&secret);
        restore.send().await.expect("it is there again");
        let right = json!({"key": issued.key}).to_string();
        scene.keep_secret("tls", &right, &[&issued.key]).await;
        let report = sweep(scene).await;
        assert_eq!(
            report["outcomes"]["wrong.example.com"], "imported",
            "{report}"
        );
        assert_eq!(sweep(scene).await["unchanged"], 2);
    });
}

#[test]
fn a_pointer_leads_to_the_secrets_that_the_template_names_and_to_no_other() {
    run_with(&[SECRETS], async |scene| {
        let issued = issue("deputy.example.com");
        let foreign = format!("elsewhere-{}", scene.bucket);
        let create = scene.secrets_manager.create_secret().name(&foreign);
        scene.mind(&issued.key);
        create
            .secret_string(&issued.key)
            .send()
            .await
            .expect("a secret");
        let path = "/deputy.example.com/private-key";
        let pointer = format!("secretsmanager:{foreign}");
        scene
            .put_parameter(path, &pointer, ParameterType::StringList)
            .await;
        let version = scene
            .put("drop/deputy.example.com.crt", &without_key(&issued))
            .await;
        let event = scene.created("drop/deputy.example.com.crt", &version);
        let (kind, message) = scene.fault(&event).await;
        assert_eq!(kind, "SetUp");
        let parameter = scene.parameter_name(path);
        assert!(
            message.starts_with(&format!("secretsmanager:GetSecretValue of the secret {foreign}, to which the parameter {parameter} points, failed: AccessDeniedException: ")),
            "{message}"
        );
        assert!(
            message.ends_with("; allow the function's role to call secretsmanager:GetSecretValue on this secret (also the KMS key, if one of yours encrypts it): name the secret in SecretArns of the template, or correct the parameter"),
            "{message}"
        );
        assert!(
            scene
                .certificates_for("deputy.example.com")
                .await
                .is_empty()
        );
    });
}

#[test]
fn a_parameter_that_is_no_proper_pointer_is_not_used_and_not_shown() {
    run_with(&[SECRETS], async |scene| {
        let issued = issue("typed.example.com");
        scene.mind(&issued.key);
        let version = scene
            .put("drop/typed.example.com.crt", &without_key(&issued))
            .await;
        let event = scene.created("drop/typed.example.com.crt", &version);
        let path = "/typed.example.com/private-key";
        let pointer = format!("secretsmanager:{}", scene.secret_name("tls"));
        for (value, kind, problem) in [
            (
                issued.key.as_str(),
                ParameterType::StringList,
                "is a StringList, but does not point to a secret; ",
            ),
            (
                &pointer,
                ParameterType::String,
                "points to a secret, but is a String; delete it, ",
            ),
        ] {
            scene.put_parameter(path, value, kind).await;
            let (kind, message) = scene.fault(&event).await;
            assert_eq!(kind, "SetUp");
            let parameter = scene.parameter_name(path);
            let expected = format!("the parameter {parameter} {problem}");
            assert!(message.starts_with(&expected), "{message}");
            let delete = scene.ssm.delete_parameter().name(&parameter);
            delete.send().await.expect("it was there");
        }
    });
}

#[test]
fn where_secrets_manager_is_busy_the_work_is_done_later() {
    run_with(&[SECRETS], async |scene| {
        let issued = issue("busy.example.com");
        scene.keep_secret("tls", &issued.key, &[&issued.key]).await;
        scene.point("/busy.example.com/private-key", "tls").await;
        let version = scene
            .put("drop/busy.example.com.crt", &without_key(&issued))
            .await;
        let event = scene.created("drop/busy.example.com.crt", &version);
        scene
            .services
            .set_rule(|call| match call.operation.as_str() {
                "secretsmanager:GetSecretValue" => Deed::Refuse(BUSY),
                _ => Deed::Pass,
            });
        let (kind, message) = scene.fault(&event).await;
        assert_eq!(kind, "Throttled", "{message}");
        scene.services.set_rule(|_| Deed::Pass);
        let summary = scene.summary(&event).await;
        assert_eq!(summary["outcome"], "imported");
    });
}
