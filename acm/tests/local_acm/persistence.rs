//! What is on disk, and that a kill at any time loses nothing that was answered.

use std::os::unix::fs::PermissionsExt as _;
use std::path::Path;
use std::process::Command;
use std::sync::mpsc;
use std::time::Duration;

use certdrop_acm::Options;
use certdrop_test_support::outside::tool;
use serde_json::{Value, json};

use super::pki::{Authority, Issued, Order};
use super::server::{Acm, Program, import_request, run};

fn kept_in(folder: &Path) -> Acm {
    Acm::with(Options {
        data: Some(folder.to_owned()),
        ..Options::default()
    })
}

#[test]
fn everything_is_there_after_a_restart_but_the_key() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("made/when/missing");
    let authority = Authority::new();
    let issued = authority.issue(&Order::default());
    let mut acm = kept_in(&data);
    let mut request = import_request(&issued);
    request["Tags"] = json!([{"Key": "a", "Value": "b"}]);
    let answer = acm.call("ImportCertificate", request).unwrap();
    let arn = answer["CertificateArn"].as_str().unwrap().to_owned();
    acm.service
        .set_in_use_by(&arn, vec!["arn:x".to_owned()])
        .unwrap();
    let deleted = acm.import(&issued);
    acm.call("DeleteCertificate", json!({"CertificateArn": deleted}))
        .unwrap();
    let request = json!({"DomainName": "d.example.com"});
    let requested = acm.call("RequestCertificate", request).unwrap();
    let ask = |acm: &mut Acm| -> Vec<Value> {
        let on = json!({"CertificateArn": arn});
        [
            ("DescribeCertificate", on.clone()),
            ("GetCertificate", on.clone()),
            ("ListTagsForCertificate", on),
            ("DescribeCertificate", requested.clone()),
            ("SearchCertificates", json!({})),
        ]
        .into_iter()
        .map(|(operation, request)| acm.call(operation, request).unwrap())
        .collect()
    };
    let before = ask(&mut acm);
    drop(acm);
    assert_eq!(ask(&mut kept_in(&data)), before);

    let folder_mode = std::fs::metadata(&data).unwrap().permissions().mode();
    assert_eq!(folder_mode & 0o777, 0o700);
    let secret: String = issued.key.lines().nth(1).unwrap().to_owned();
    for entry in std::fs::read_dir(&data).unwrap() {
        let entry = entry.unwrap();
        assert_eq!(
            entry.metadata().unwrap().permissions().mode() & 0o777,
            0o600
        );
        let text = std::fs::read_to_string(entry.path()).unwrap();
        assert!(!text.contains("PRIVATE KEY") && !text.contains(&secret));
    }
}

#[test]
fn a_damaged_file_stops_the_start_and_is_named() {
    let folder = tempfile::tempdir().unwrap();
    kept_in(folder.path()).import(&Authority::new().issue(&Order::default()));
    let file = std::fs::read_dir(folder.path())
        .unwrap()
        .next()
        .unwrap()
        .unwrap()
        .path();
    std::fs::write(&file, "{}").unwrap();
    let output = Command::new(env!("CARGO_BIN_EXE_certdrop-acm"))
        .args(["--port", "0", "--data"])
        .arg(folder.path())
        .output()
        .unwrap();
    assert!(!output.status.success());
    let error = String::from_utf8(output.stderr).unwrap();
    assert!(error.contains(file.to_str().unwrap()), "{error}");
}

/// A client re-imports as fast as it can and reports each answer; the server is killed in between,
/// at another moment each time. What the client was told must be there after the restart.
#[test]
fn kill_9_at_any_time_loses_nothing_that_was_answered() {
    let folder = tempfile::tempdir().unwrap();
    let data = folder.path().join("data");
    let data = data.to_str().unwrap();
    let authority = Authority::new();
    let versions: Vec<Issued> = (0..4).map(|_| authority.issue(&Order::default())).collect();
    for (which, issued) in versions.iter().enumerate() {
        for (part, pem) in [
            ("certificate", &issued.certificate),
            ("key", &issued.key),
            ("chain", &issued.chain),
        ] {
            let path = folder.path().join(format!("{which}-{part}.pem"));
            std::fs::write(path, pem).unwrap();
        }
    }
    tool("aws/bin/python");
    let script = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/local_acm/hammer.py");
    let mut arns: Vec<String> = Vec::new();
    for round in 0..8_u64 {
        let mut program = Program::start(&["--data", data]);
        let endpoint = program.endpoint.clone();
        let path = folder.path().to_str().unwrap().to_owned();
        let (done, finished) = mpsc::channel();
        std::thread::spawn(move || {
            let _ = done.send(run("aws/bin/python", &[script, &path], &endpoint));
        });
        wait_for_calls(&program.endpoint, 9 + 7 * round);
        program.kill();
        let output = finished
            .recv_timeout(Duration::from_mins(1))
            .unwrap()
            .unwrap();

        // Lines: ARN and serial, `deleted` for a certificate that is gone.
        let told: Vec<(&str, &str)> = output
            .lines()
            .map(|line| line.split_once(' ').unwrap())
            .collect();
        assert!(told.len() >= 3, "round {round}: {output}");
        let mut acm = kept_in(Path::new(data));
        for (position, (arn, serial)) in told.iter().enumerate() {
            if told[position + 1..].iter().any(|(later, _)| later == arn) {
                continue;
            }
            let request = json!({"CertificateArn": arn});
            let found = acm.call("DescribeCertificate", request);
            // The call that the kill cut off may have taken effect on the last one told of.
            let is_last = position + 1 == told.len();
            match found {
                Ok(_) if *serial == "deleted" => panic!("round {round}: {arn} is back"),
                Ok(answer) if !is_last => {
                    assert_eq!(
                        answer["Certificate"]["Serial"],
                        json!(serial),
                        "round {round}"
                    );
                    arns.push((*arn).to_owned());
                }
                Ok(_) => {}
                Err(refusal) => {
                    assert!(
                        *serial == "deleted" || is_last,
                        "round {round}: {refusal:?}"
                    );
                }
            }
        }
        for arn in &arns {
            acm.describe(arn);
        }
    }
    assert!(arns.len() > 8);
}

/// Waits until the log of the program has `count` calls.
fn wait_for_calls(endpoint: &str, count: u64) {
    let deadline = std::time::Instant::now() + Duration::from_mins(1);
    loop {
        let log = super::server::get(endpoint, "/_certdrop/log");
        if log.as_array().is_some_and(|log| log.len() as u64 >= count) {
            return;
        }
        assert!(std::time::Instant::now() < deadline, "only {log}");
    }
}
