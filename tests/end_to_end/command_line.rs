//! The command line tool at work: the real `certdrop`, with the permissions that docs/deploying.md
//! names for whoever runs it.

use std::path::{Path, PathBuf};
use std::process::Stdio;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};

use aws_sdk_lambda::types::{Environment, FunctionCode, Runtime};
use serde_json::{Value, json};
use time::Duration;
use tokio::io::AsyncWriteExt as _;
use tokio::process::Command;

use crate::regions::DENIED;
use certdrop_test_support::pki::{Authority, Issued, Order};
use certdrop_test_support::policy::Policy;
use certdrop_test_support::proxy::{Deed, Proxy, Refusal};
use certdrop_test_support::scene::{ADOPTION, OTHER_REGION, SECRETS, Scene, TWO_REGIONS, run};
use certdrop_test_support::stage::{ACCOUNT, REGION};

const TAKEN: Refusal = Refusal {
    status: 412,
    code: "PreconditionFailed",
};

/// So often the pipeline tries to take a lease before it gives up.
const ATTEMPTS: u32 = 8;

/// Somebody with files and a terminal.
pub(crate) struct Person<'a> {
    scene: &'a Scene,
    files: tempfile::TempDir,
    pub(crate) services: Proxy,
    pub(crate) certificates: Proxy,
    environment: Vec<(String, String)>,
}

pub(crate) struct Said {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Said {
    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.out).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }

    pub(crate) fn lines(&self) -> Vec<Value> {
        let lines = self.out.lines();
        lines
            .map(|line| serde_json::from_str(line).expect("JSON"))
            .collect()
    }
}

impl std::fmt::Debug for Said {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "exit {}\n{}\n{}", self.code, self.out, self.err)
    }
}

impl<'a> Person<'a> {
    pub(crate) async fn new(scene: &'a Scene) -> Self {
        let drops = json!({
            "Sid": "DropBundles", "Effect": "Allow",
            "Action": ["s3:PutObject", "s3:PutObjectTagging"],
            "Resource": format!("arn:aws:s3:::{}/drop/*", scene.bucket),
        });
        let own = Policy::of_template(
            &scene.bucket,
            &[
                "AllowAdoption=true".to_owned(),
                "Regions=us-east-1".to_owned(),
                format!("SecretArns={}", SECRETS.1),
            ],
            &scene.acm_endpoint,
        );
        Self::with_rights(scene, own.and(&drops)).await
    }

    /// Somebody with these permissions.
    pub(crate) async fn with_rights(scene: &'a Scene, own: Policy) -> Self {
        let own = Arc::new(own);
        let services = Proxy::before(&scene.stage.endpoint).await;
        let certificates = Proxy::before(&scene.acm_endpoint).await;
        services.enforce(Arc::clone(&own));
        certificates.enforce(own);
        let environment = [
            ("AWS_REGION", REGION),
            ("AWS_ACCESS_KEY_ID", "test"),
            ("AWS_SECRET_ACCESS_KEY", "test"),
            ("AWS_ENDPOINT_URL", &services.url),
            ("AWS_ENDPOINT_URL_ACM", &certificates.url),
            (
                "AWS_ENDPOINT_URL_RESOURCE_GROUPS_TAGGING_API",
                &certificates.url,
            ),
            // Whom the calls ask is known to the stage alone, and nobody needs leave to ask.
            ("AWS_ENDPOINT_URL_STS", &scene.stage.endpoint),
            ("AWS_ENDPOINT_URL_LAMBDA", &scene.stage.endpoint),
            ("CERTDROP_BUCKET", &scene.bucket),
            ("CERTDROP_PARAMETER_PREFIX", &format!("/{}", scene.bucket)),
        ]
        .map(|(name, value)| (name.to_owned(), value.to_owned()));
        Self {
            scene,
            files: tempfile::tempdir().expect("a folder"),
            services,
            certificates,
            environment: environment.into(),
        }
    }

    pub(crate) fn file(&self, name: &str, content: &str) -> PathBuf {
        self.scene.mind(content);
        let path = self.files.path().join(name);
        std::fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
        std::fs::write(&path, content).expect("a file");
        path
    }

    pub(crate) fn with(mut self, name: &str, value: &str) -> Self {
        self.environment.push((name.to_owned(), value.to_owned()));
        self
    }

    pub(crate) fn without(mut self, prefix: &str) -> Self {
        self.environment
            .retain(|(name, _)| !name.starts_with(prefix));
        self
    }

    pub(crate) async fn says(&self, arguments: &[&str]) -> Said {
        self.says_fed(arguments, "").await
    }

    pub(crate) async fn says_fed(&self, arguments: &[&str], input: &str) -> Said {
        let mut child = Command::new(env!("CARGO_BIN_EXE_certdrop"))
            .args(arguments)
            .current_dir(self.files.path())
            .env_clear()
            .env("HOME", self.files.path())
            .env("AWS_EC2_METADATA_DISABLED", "true")
            .envs(self.environment.iter().cloned())
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .kill_on_drop(true)
            .spawn()
            .expect("certdrop starts");
        let mut stdin = child.stdin.take().expect("an input");
        stdin.write_all(input.as_bytes()).await.expect("it is read");
        drop(stdin);
        let output = child.wait_with_output().await.expect("certdrop ends");
        let said = Said {
            code: output.status.code().expect("an exit code"),
            out: String::from_utf8(output.stdout).expect("text"),
            err: String::from_utf8(output.stderr).expect("text"),
        };
        self.scene.hear(&format!("{said:?}"));
        said
    }
}

fn shown(path: &Path) -> &str {
    path.to_str().expect("a path")
}

pub(crate) fn issue(name: &str, days_ago: i64) -> Issued {
    Authority::new().issue(&Order::new(name, Duration::days(days_ago)))
}

/// A bundle with the private key of another certificate, and a good one.
pub(crate) fn bad_and_good(person: &Person<'_>) {
    let (bad, other) = (issue("bad.example.com", 1), issue("bad.example.com", 1));
    let mismatch = other.key.clone() + &bad.certificate + &bad.chain;
    person.file("bad.example.com.pem", &mismatch);
    person.file(
        "good.example.com.pem",
        &issue("good.example.com", 1).bundle(),
    );
}

#[test]
fn a_bundle_is_imported_and_its_renewal_replaces_it() {
    run(async |scene| {
        let person = Person::new(scene).await;
        let (first, renewed) = (issue("cli.example.com", 3), issue("cli.example.com", 2));
        person.file("cli.example.com.pem", &first.bundle());
        let said = person.says(&["import", "cli.example.com.pem"]).await;
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(said.err, "", "no progress where there is no terminal");
        let arns = scene.certificates_of_bundle("cli.example.com").await;
        assert_eq!(arns.len(), 1);
        for shown in [
            "ACM has a new certificate.",
            &arns[0],
            "drop/cli.example.com.pem",
        ] {
            assert!(said.out.contains(shown), "{shown} is not in {said:?}");
        }
        assert!(!said.out.contains('\u{1b}'), "no colours in a file");

        // Another format and another file, under the same name.
        let path = person.file("new/renewed.cer", &renewed.bundle());
        let arguments = [
            "import",
            "--json",
            "--name",
            "cli.example.com",
            shown(&path),
        ];
        let said = person.says(&arguments).await;
        assert_eq!(said.code, 0, "{said:?}");
        let summary = said.json();
        assert_eq!(summary["outcome"], "replaced");
        assert_eq!(summary["object"]["key"], "drop/cli.example.com.cer");
        assert_eq!(summary["certificate_arn"], arns[0]);
        assert_eq!(scene.serial(&arns[0]).await, renewed.serial);

        let again = person.says(&arguments).await;
        assert_eq!(
            (again.code, &again.json()["outcome"]),
            (0, &json!("unchanged"))
        );
    });
}

#[test]
fn a_folder_and_standard_input_are_bundles_too() {
    run(async |scene| {
        let person = Person::new(scene).await;
        let folder = issue("folder.example.com", 1);
        let chain = folder.certificate.clone() + &folder.chain;
        person.file("live/folder.example.com/fullchain.pem", &chain);
        person.file("live/folder.example.com/privkey.pem", &folder.key);
        let piped = issue("piped.example.com", 1).bundle();
        scene.mind(&piped);
        let said = person.says(&["import", "live/folder.example.com"]).await;
        assert_eq!(said.code, 0, "{said:?}");
        let keys = scene.keys("drop/").await;
        assert_eq!(
            keys,
            [
                "drop/folder.example.com/fullchain.pem",
                "drop/folder.example.com/privkey.pem"
            ]
        );
        let arguments = ["import", "--name", "piped.example.com", "-"];
        let said = person.says_fed(&arguments, &piped).await;
        assert_eq!(said.code, 0, "{said:?}");
        for bundle in ["folder.example.com", "piped.example.com"] {
            assert_eq!(
                scene.certificates_of_bundle(bundle).await.len(),
                1,
                "{bundle}"
            );
        }
    });
}

#[test]
fn a_key_in_secrets_manager_is_used_from_here_too() {
    run(async |scene| {
        let person = Person::new(scene).await;
        let (first, renewed) = (
            issue("pointed.example.com", 2),
            issue("pointed.example.com", 1),
        );
        scene.keep_secret("tls", &first.key, &[&first.key]).await;
        scene.point("/pointed.example.com/private-key", "tls").await;
        let chain = first.certificate.clone() + &first.chain;
        person.file("pointed.example.com.crt", &chain);
        let said = person.says(&["import", "pointed.example.com.crt"]).await;
        assert_eq!(said.code, 0, "{said:?}");
        let arns = scene.certificates_of_bundle("pointed.example.com").await;
        assert_eq!(scene.serial(&arns[0]).await, first.serial);

        let chain = renewed.certificate.clone() + &renewed.chain;
        scene.put("drop/pointed.example.com.crt", &chain).await;
        scene
            .keep_secret("tls", &renewed.key, &[&renewed.key])
            .await;
        let said = person.says(&["sweep"]).await;
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(scene.serial(&arns[0]).await, renewed.serial);

        // Nothing that the bucket has is of the key.
        let missing = scene.secrets_manager.delete_secret();
        let missing = missing.secret_id(scene.secret_name("tls"));
        missing.send().await.expect("it is to be deleted");
        let said = person.says(&["import", "pointed.example.com.crt"]).await;
        assert_eq!(said.code, 2, "{said:?}");
        let parameter = scene.parameter_name("/pointed.example.com/private-key");
        assert!(said.err.contains(&parameter), "{said:?}");
    });
}

#[test]
fn a_rejected_bundle_is_never_uploaded_and_the_others_go_on() {
    run(async |scene| {
        let person = Person::new(scene).await;
        bad_and_good(&person);
        let said = person.says(&["import", "bad.example.com.pem"]).await;
        assert_eq!(said.code, 1, "{said:?}");
        for shown in ["rejected", "key-mismatch", "Nothing was uploaded."] {
            assert!(said.out.contains(shown), "{shown} is not in {said:?}");
        }
        assert!(scene.keys("drop/").await.is_empty());

        let said = person
            .says(&[
                "import",
                "--json",
                "bad.example.com.pem",
                "good.example.com.pem",
            ])
            .await;
        assert_eq!(said.code, 1, "{said:?}");
        let lines = said.lines();
        assert_eq!(lines[0]["outcome"], "rejected");
        assert_eq!(lines[0]["is_uploaded"], false);
        assert_eq!(lines[0]["findings"][0]["code"], "key-mismatch");
        assert_eq!(lines[1]["outcome"], "imported");
        assert_eq!(scene.keys("drop/").await, ["drop/good.example.com.pem"]);
    });
}

#[test]
fn secrets_in_the_parameter_store_are_used_and_stay_there() {
    run(async |scene| {
        let person = Person::new(scene).await;
        let issued = issue("apart.example.com", 1);
        scene
            .put_secret("/apart.example.com/private-key", &issued.key)
            .await;
        let certificates = issued.certificate.clone() + &issued.chain;
        person.file("apart.example.com.pem", &certificates);
        let said = person.says(&["import", "apart.example.com.pem"]).await;
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(scene.read("drop/apart.example.com.pem").await, certificates);
    });
}

#[test]
fn adopting_and_forcing_are_said_by_options() {
    run(async |scene| {
        let person = Person::new(scene).await;
        let (newer, older) = (issue("hand.example.com", 1), issue("hand.example.com", 2));
        let arn = scene.import_by_hand(&newer).await;
        person.file("hand.example.com.pem", &older.bundle());

        let arguments = ["import", "--adopt", &arn, "hand.example.com.pem"];
        let said = person.says(&arguments).await;
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.err.contains("AllowAdoption=true"), "{said:?}");
        assert!(scene.keys("drop/").await.is_empty());

        let person = person.with(ADOPTION.0, ADOPTION.1);
        let said = person.says(&arguments).await;
        assert_eq!(said.code, 1, "{said:?}");
        assert!(
            said.out.contains("is older than the one in ACM"),
            "{said:?}"
        );
        assert!(said.out.contains("`--force`"), "{said:?}");
        assert_eq!(scene.serial(&arn).await, newer.serial);

        let forced = [
            "import",
            "--json",
            "--adopt",
            &arn,
            "--force",
            "hand.example.com.pem",
        ];
        let said = person.says(&forced).await;
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(said.json()["outcome"], "replaced");
        assert_eq!(said.json()["certificate_arn"], arn);
        assert_eq!(scene.serial(&arn).await, older.serial);
        let tags = scene.object_tags("drop/hand.example.com.pem").await;
        assert!(
            !tags.contains_key("certdrop:force"),
            "a force is used up: {tags:?}"
        );
    });
}

#[test]
fn where_the_function_is_faster_its_work_is_taken_for_done() {
    run(async |scene| {
        let person = Person::new(scene).await;
        person.file(
            "race.example.com.pem",
            &issue("race.example.com", 1).bundle(),
        );
        // The lease is another's for longer than one attempt of the pipeline waits for it.
        let is_open = Arc::new(AtomicBool::new(false));
        let (open, attempts) = (Arc::clone(&is_open), AtomicU32::new(0));
        person.services.set_rule(move |call| {
            if call.operation != "s3:PutObject" || !call.path.contains("leases/") {
                return Deed::Pass;
            }
            let attempt = attempts.fetch_add(1, Ordering::Relaxed);
            if open.load(Ordering::Relaxed) && attempt > ATTEMPTS {
                Deed::Pass
            } else {
                Deed::Refuse(TAKEN)
            }
        });
        let function = async {
            let deadline = std::time::Instant::now() + std::time::Duration::from_secs(30);
            while scene.keys("drop/").await.is_empty() {
                assert!(std::time::Instant::now() < deadline, "nothing is uploaded");
                tokio::task::yield_now().await;
            }
            let event = json!({"bundle": "race.example.com"});
            assert_eq!(scene.summary(&event).await["outcome"], "imported");
            is_open.store(true, Ordering::Relaxed);
        };
        let (said, ()) = tokio::join!(person.says(&["import", "race.example.com.pem"]), function);
        assert_eq!(said.code, 0, "{said:?}");
        assert!(
            said.out
                .contains("the deployed function, started by the same upload, was faster"),
            "{said:?}"
        );
        assert_eq!(
            scene.certificates_of_bundle("race.example.com").await.len(),
            1
        );
    });
}

#[test]
fn a_sweep_works_on_what_no_event_told_of() {
    run(async |scene| {
        let person = Person::new(scene).await;
        let issued = issue("missed.example.com", 1);
        scene
            .put("drop/missed.example.com.pem", &issued.bundle())
            .await;

        let said = person.says(&["sweep", "--dry-run"]).await;
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(
            said.out,
            "1 bundle, 1 to be worked on\n  missed.example.com  new or changed\n"
        );
        assert!(
            scene
                .certificates_for("missed.example.com")
                .await
                .is_empty()
        );
        assert!(
            scene.keys("summaries/").await.is_empty(),
            "nothing is written"
        );

        let said = person.says(&["sweep"]).await;
        assert_eq!(said.code, 0, "{said:?}");
        assert_eq!(said.err, "", "no progress where there is no terminal");
        assert!(
            said.out
                .contains("missed.example.com  new or changed            imported"),
            "{said:?}"
        );
        assert_eq!(
            scene
                .certificates_of_bundle("missed.example.com")
                .await
                .len(),
            1
        );
        assert_eq!(scene.keys("summaries/status.html").await.len(), 1);

        let said = person.says(&["sweep", "--json"]).await;
        assert_eq!(
            (said.code, &said.json()["unchanged"]),
            (0, &json!(1)),
            "{said:?}"
        );

        scene.put_unminded("drop/rubbish.pem", "rubbish").await;
        let said = person.says(&["sweep"]).await;
        assert_eq!(said.code, 1, "{said:?}");
        let log = person.with("RUST_LOG", "trace").says(&["sweep"]).await;
        assert!(log.err.contains("s3:ListObjectsV2"), "{log:?}");
    });
}

#[test]
fn a_sweep_ends_with_1_for_as_long_as_a_bundle_stands_rejected() {
    run(async |scene| {
        let person = Person::new(scene).await;
        let issued = issue("mended.example.com", 1);
        let key = "drop/mended.example.com.pem";
        let rejected = scene.drop_bundle(key, "rubbish").await;
        let code = rejected["findings"][0]["code"].as_str().expect("a code");
        let told = format!("\nRejected\n  mended.example.com: {code}\n");
        for arguments in [&["sweep"][..], &["sweep"], &["sweep", "--dry-run"]] {
            let said = person.says(arguments).await;
            assert_eq!(said.code, 1, "{arguments:?} {said:?}");
            assert!(said.out.contains("1 bundle, nothing to do"), "{said:?}");
            assert!(said.out.contains(&told), "{arguments:?} {said:?}");
        }
        let report = person.says(&["sweep", "--json"]).await.json();
        assert_eq!(report["rejected"], json!({"mended.example.com": [code]}));

        scene.put(key, &issued.bundle()).await;
        let said = person.says(&["sweep", "--dry-run"]).await;
        assert_eq!(said.code, 0, "what is new was not judged yet: {said:?}");
        let said = person.says(&["sweep"]).await;
        assert_eq!(said.code, 0, "{said:?}");
        assert!(!said.out.contains("Rejected"), "{said:?}");
    });
}

#[test]
fn the_status_shows_what_needs_somebody_and_changes_nothing() {
    run(async |scene| {
        let person = Person::new(scene).await;
        let said = person.says(&["status", "--check"]).await;
        assert_eq!(said.code, 0, "{said:?}");
        assert!(said.out.contains("No bundle yet."), "{said:?}");

        let (well, bad) = (issue("well.example.com", 1), issue("bad.example.com", 1));
        person.file("well.example.com.pem", &well.bundle());
        person.says(&["import", "well.example.com.pem"]).await;
        let spoilt = format!("{}{}{}", well.key, bad.certificate, bad.chain);
        scene.drop_bundle("drop/bad.example.com.pem", &spoilt).await;
        scene.put("drop/open.example.com.pem", &bad.bundle()).await;

        let person = Person::new(scene).await;
        let said = person.says(&["status"]).await;
        assert_eq!(said.code, 0, "{said:?}");
        // As docs/deploying.md has it.
        let looks = [
            "s3:ListObjectsV2",
            "s3:GetObject",
            "ssm:DescribeParameters",
            "acm:SearchCertificates",
        ];
        for call in [person.services.calls(), person.certificates.calls()].concat() {
            assert!(looks.contains(&call.operation.as_str()), "{call:?}");
        }
        let rows: Vec<_> = said
            .out
            .lines()
            .filter(|line| line.contains(".example.com "))
            .collect();
        assert_eq!(rows.len(), 3, "{said:?}");
        assert!(
            rows[0].starts_with("✗ bad.example.com   rejected"),
            "{said:?}"
        );
        assert!(said.out.contains("→ "), "what to do: {said:?}");
        assert!(
            rows[1].starts_with("· open.example.com  not looked at yet"),
            "{said:?}"
        );
        assert!(
            rows[2].starts_with("✓ well.example.com  imported"),
            "{said:?}"
        );
        assert!(
            rows[2].ends_with(&format!("88 days    {REGION}")),
            "{said:?}"
        );
        assert!(said.out.contains("There was no sweep yet."), "{said:?}");
        assert!(
            scene.keys("summaries/index.json").await.is_empty(),
            "nothing is written"
        );
        assert!(scene.certificates_for("bad.example.com").await.is_empty());

        assert_eq!(person.says(&["status", "--check"]).await.code, 1);
        person.says(&["sweep"]).await;
        let status = person.says(&["status", "--json"]).await.json();
        assert!(status["swept_at"].is_string(), "{status}");
        assert_eq!(status["rows"][0]["bundle"], "bad.example.com");
        assert_eq!(status["rows"][0]["state"], "rejected");
        assert_eq!(status["rows"][1]["state"], "imported", "{status}");
        assert_eq!(status["rows"][2]["certificates"][0]["days_left"], 88);
        assert_eq!(status.get("skipped"), None, "{status}");

        let deeper = "drop/well.example.com/old/cert.pem";
        scene.put_unminded(deeper, &well.certificate).await;
        let status = person.says(&["status", "--json"]).await.json();
        assert_eq!(
            status["skipped"],
            json!({"count": 1, "objects": [{"key": deeper, "reason": "too-deep"}]})
        );
        for command in ["status", "sweep"] {
            let said = person.says(&[command]).await;
            assert!(said.out.contains(deeper), "{said:?}");
        }
    });
}

#[test]
fn every_region_is_worked_on_and_one_that_cannot_be_listed_is_named() {
    run(async |scene| {
        let (setting, regions) = TWO_REGIONS;
        let person = Person::new(scene).await.with(setting, regions);
        let issued = issue("two.example.com", 1);
        scene
            .put("drop/two.example.com.pem", &issued.bundle())
            .await;
        person.certificates.set_rule(|call| {
            if call.region == OTHER_REGION && call.operation == "acm:SearchCertificates" {
                Deed::Refuse(DENIED)
            } else {
                Deed::Pass
            }
        });
        let said = person.says(&["sweep"]).await;
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.out.contains("us-east-1: "), "{said:?}");
        let arns = scene.certificates_of_bundle("two.example.com").await;
        assert_eq!(arns.len(), 1, "the home region is not held up");
        let said = person.says(&["status"]).await;
        assert_eq!(said.code, 2, "{said:?}");
        assert!(
            said.out.contains("us-east-1 shows last known data"),
            "{said:?}"
        );

        person.certificates.set_rule(|_| Deed::Pass);
        let said = person.says(&["sweep"]).await;
        assert_eq!(said.code, 0, "{said:?}");
        let said = person.says(&["status"]).await;
        assert_eq!(said.code, 0, "{said:?}");
        for region in [REGION, OTHER_REGION] {
            assert!(said.out.contains(region), "{said:?}");
        }
    });
}

#[test]
fn settings_come_from_the_deployed_function_and_options_go_first() {
    run(async |scene| {
        let name = format!("{}-function", scene.bucket);
        let settings = Environment::builder()
            .variables("CERTDROP_BUCKET", &scene.bucket)
            .variables("CERTDROP_BUCKET_OWNER", ACCOUNT)
            .variables("CERTDROP_DROP_PREFIX", "inbox/")
            .variables("CERTDROP_PARAMETER_PREFIX", format!("/{}", scene.bucket))
            .variables("RUST_LOG", "trace");
        let code = FunctionCode::builder().zip_file(aws_sdk_lambda::primitives::Blob::new(
            *b"PK\x05\x06\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0\0",
        ));
        let functions = scene.stage.lambda();
        let deployed = functions
            .create_function()
            .function_name(&name)
            .runtime(Runtime::Providedal2023)
            .handler("bootstrap")
            .role(format!("arn:aws:iam::{ACCOUNT}:role/certdrop"))
            .code(code.build())
            .environment(settings.build());
        deployed.send().await.expect("a function");

        let person = Person::new(scene).await.without("CERTDROP_");
        scene
            .put_unminded(
                "inbox/one.example.com.pem",
                &issue("one.example.com", 1).bundle(),
            )
            .await;
        let said = person
            .says(&["sweep", "--dry-run", "--function", &name])
            .await;
        assert!(said.out.contains("one.example.com"), "{said:?}");
        assert_eq!(said.err, "", "the log of the function is not this tool's");

        let said = person.says(&["status", "--function", "nobody"]).await;
        assert_eq!(said.code, 2, "{said:?}");
        assert!(
            said.err.contains("there is no function `nobody`"),
            "{said:?}"
        );

        let arguments = ["status", "--function", &name, "--bucket", "not-that-one"];
        let said = person.says(&arguments).await;
        assert_eq!(said.code, 2, "{said:?}");
        assert!(said.err.contains("not-that-one"), "{said:?}");
    });
}

#[test]
fn options_go_before_the_environment_as_with_the_aws_cli() {
    run(async |scene| {
        let person = Person::new(scene).await;
        let nowhere = "http://127.0.0.1:1";
        let person = person
            .with("AWS_ENDPOINT_URL_S3", nowhere)
            .with("AWS_ENDPOINT_URL", nowhere);
        // Without a retry: nobody answers there.
        let endpoint = scene.stage.endpoint.clone();
        let arguments = [
            "status",
            "--endpoint-url",
            &endpoint,
            "--bucket",
            &scene.bucket,
        ];
        let said = person.says(&arguments).await;
        assert_eq!(said.code, 0, "{said:?}");

        person.file(
            ".aws/config",
            "[profile stage]\nregion = eu-central-1\naws_access_key_id = stage\naws_secret_access_key = stage\n",
        );
        let person = Person {
            files: person.files,
            ..Person::new(scene).await
        };
        let of_profile = person
            .without("AWS_REGION")
            .with("AWS_ACCESS_KEY_ID", "environment");
        let said = of_profile.says(&["status", "--profile", "stage"]).await;
        assert_eq!(said.code, 0, "the region is the profile's: {said:?}");
        let said = of_profile
            .says(&["status", "--profile", "nobody", "--region", REGION])
            .await;
        assert_eq!(
            said.code, 2,
            "keys of the environment do not stand in: {said:?}"
        );
        assert!(said.err.contains("nobody"), "{said:?}");
        let said = of_profile.says(&["status"]).await;
        assert!(said.err.contains("which region is meant"), "{said:?}");
    });
}
