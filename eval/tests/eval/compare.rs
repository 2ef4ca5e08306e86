//! Comparing two runs as a user does, on reports and samples made here.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use quick_xml::events::Event;
use quick_xml::{Reader, XmlVersion};
use serde_json::{Value, json};

use crate::program::{project, ward_eval};

fn compare(arguments: &[&OsStr]) -> Output {
    ward_eval().arg("compare").args(arguments).output().unwrap()
}

fn write(path: &Path, text: &str) -> PathBuf {
    fs::create_dir_all(path.parent().unwrap()).unwrap();
    fs::write(path, text).unwrap();
    path.to_path_buf()
}

/// A report with its samples beside it.
fn run(folder: &Path, kind: &str, figures: &Value, samples: &[Value]) -> PathBuf {
    let mut report = json!({ "kind": kind, "provenance": { "data": [] } });
    report.as_object_mut().unwrap().extend(figures.as_object().unwrap().clone());
    let lines: Vec<_> = samples.iter().map(Value::to_string).collect();
    write(&folder.join("samples.jsonl"), &lines.join("\n"));
    write(&folder.join("report.json"), &report.to_string())
}

/// 200 photos of 100 people, whose estimates are `shift` years too high, and half of them 3 years more.
fn photos(shift: f64) -> Vec<Value> {
    let photo = |number: u32| {
        let (age, more) = (f64::from(13 + number % 50), f64::from(number % 2) * 3.0);
        json!({
            "file": format!("{number}.jpg"), "age": age, "subject": format!("person {}", number / 2),
            "groups": { "sex": (number % 4 / 2).to_string() },
            "age_years": age + shift + more, "low": age - 4.0, "high": age + 10.0,
        })
    };
    (0..200).map(photo).collect()
}

fn json_of(folder: &Path, a: &Path, b: &Path) -> (Value, String) {
    let file = folder.join("compare.json");
    let ended = compare(&[a.as_ref(), b.as_ref(), "--json".as_ref(), file.as_ref()]);
    assert!(ended.status.success(), "{}", String::from_utf8_lossy(&ended.stderr));
    (serde_json::from_slice(&fs::read(file).unwrap()).unwrap(), String::from_utf8(ended.stdout).unwrap())
}

fn change<'a>(compared: &'a Value, key: &str) -> &'a Value {
    let changes = compared["changes"].as_array().unwrap();
    changes.iter().find(|change| change["key"] == key).unwrap()
}

#[test]
fn differences_are_paired_over_all_and_over_slices() {
    let folder = tempfile::tempdir().unwrap();
    let a = run(&folder.path().join("a"), "age", &json!({}), &photos(2.0));
    let b = run(&folder.path().join("b"), "age", &json!({}), &photos(1.0));
    let (compared, shown) = json_of(folder.path(), &a, &b);
    // Every photo is estimated one year lower: so is the MAE, and without any doubt, though errors differ by 3 years.
    for key in ["overall.mae", "overall.bias", "by_group.sex/1.mae", "by_age_band.25-40.mae"] {
        let change = change(&compared, key);
        assert!((change["difference"].as_f64().unwrap() + 1.0).abs() < 1e-5, "{change}");
        let interval = &change["difference_interval"];
        assert!((interval["low"].as_f64().unwrap() - interval["high"].as_f64().unwrap()).abs() < 1e-5);
    }
    assert_eq!(change(&compared, "overall.mae")["n"], 200);
    // 20 of the 200 are 13 to 17: too few to say.
    assert_eq!(change(&compared, "overall.minor_pass_rate.18")["n"], 20);
    assert_eq!(change(&compared, "overall.minor_pass_rate.18")["difference"], Value::Null);
    assert!(shown.contains("better") && shown.contains("insufficient"), "{shown}");
}

#[test]
fn only_what_both_runs_saw_is_compared_and_the_truth_must_agree() {
    let folder = tempfile::tempdir().unwrap();
    let a = run(&folder.path().join("a"), "age", &json!({}), &photos(2.0)[..150]);
    let b = run(&folder.path().join("b"), "age", &json!({}), &photos(1.0)[50..]);
    let (compared, shown) = json_of(folder.path(), &a, &b);
    assert_eq!(change(&compared, "overall.mae")["n"], 100);
    assert!(shown.contains("the 100 samples that are in both runs"), "{shown}");
    assert!(shown.contains("Left out: 50 that are in A only, 50 that are in B only."), "{shown}");
    assert_eq!(compared["samples"], json!({ "in_both": 100, "only_in_a": 50, "only_in_b": 50 }));
    let mut other = photos(1.0);
    other[7]["age"] = json!(99.0);
    let b = run(&folder.path().join("b"), "age", &json!({}), &other);
    let ended = compare(&[a.as_ref(), b.as_ref()]);
    assert_eq!(ended.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("7.jpg is labelled 20 in A and 99 in B"));
}

/// 80 conversations of each label; the model alerts at message `at` on the positives whose number is below `caught`.
fn conversations(caught: u32, at: u32) -> Vec<Value> {
    let conversation = |number: u32| {
        let positive = number.is_multiple_of(2);
        let alerted = positive && number / 2 < caught;
        json!({
            "conversation_id": format!("made/{number}"), "source": if positive { "made" } else { "games" },
            "label": u8::from(positive), "state": "NONE", "risk": if alerted { 0.9 } else { 0.001 * f64::from(number % 7) },
            "first_alert": alerted.then_some(at),
        })
    };
    (0..160).map(conversation).collect()
}

#[test]
fn conversations_are_compared_by_alerts_areas_and_latency() {
    let folder = tempfile::tempdir().unwrap();
    let a = run(&folder.path().join("a"), "grooming", &json!({}), &conversations(40, 9));
    let b = run(&folder.path().join("b"), "grooming", &json!({}), &conversations(60, 6));
    let (compared, _) = json_of(folder.path(), &a, &b);
    let recall = change(&compared, "conversation.recall");
    assert_eq!((&recall["a"], &recall["b"]), (&json!(0.5), &json!(0.75)));
    // A quarter of 80 changed: the difference's standard error is √(0.25 × 0.75 / 80) = 0.048, hence 0.25 ± 0.095.
    let interval = &recall["difference_interval"];
    assert!((interval["low"].as_f64().unwrap() - 0.155).abs() < 0.03, "{recall}");
    assert!((interval["high"].as_f64().unwrap() - 0.345).abs() < 0.03, "{recall}");
    assert_eq!(change(&compared, "early.median_latency")["difference"], json!(-3.0));
    assert!(change(&compared, "conversation.roc_auc")["difference_interval"]["low"].as_f64().unwrap() > 0.0);
    assert_eq!(change(&compared, "by_source.games.fpr")["difference"], json!(0.0));
}

/// The exit code, what was printed, and the JUnit file.
fn judge(folder: &Path, gate: &str) -> (Option<i32>, String, String) {
    let a = run(&folder.join("a"), "age", &json!({ "overall": { "mae": 6.0, "bias": null } }), &photos(2.0));
    let b = run(&folder.join("b"), "age", &json!({ "overall": { "mae": 5.5, "bias": null } }), &photos(1.0));
    let (gate, junit) = (write(&folder.join("gate.toml"), gate), folder.join("junit.xml"));
    let ended = compare(&[
        a.as_ref(),
        b.as_ref(),
        "--gate".as_ref(),
        gate.as_ref(),
        "--junit".as_ref(),
        junit.as_ref(),
    ]);
    let xml = fs::read_to_string(junit).unwrap_or_default();
    (ended.status.code(), String::from_utf8(ended.stdout).unwrap(), xml)
}

#[test]
fn a_gate_decides_the_exit_code() {
    let folder = tempfile::tempdir().unwrap();
    let judge = |gate: &str| judge(folder.path(), gate);
    let (code, output, xml) = judge("bounds.'overall.mae' = { max = 5.5 }");
    assert!(code == Some(0) && output.contains("gate: pass") && xml.contains(r#"failures="0""#), "{output}");
    let (code, output, xml) = judge("bounds.'overall.mae' = { max = 5 }");
    assert!(code == Some(1) && output.contains("gate: failed"), "{output}");
    assert!(xml.contains("found 5.5, must be at most 5"), "{xml}");
    let (code, output, xml) = judge("bounds.'overall.bias' = { max = 5 }");
    assert!(code == Some(3) && output.contains("gate: inconclusive") && xml.contains("<skipped"), "{output}");
    assert_eq!(judge("bounds.'overall.nothing' = { max = 5 }").0, Some(2));
}

#[test]
fn a_gate_on_changes_is_judged_by_the_paired_interval() {
    let folder = tempfile::tempdir().unwrap();
    let judge = |gate: &str| judge(folder.path(), gate).0;
    assert_eq!(judge("change.'overall.mae' = { max = -0.9 }"), Some(0));
    assert_eq!(judge("change.'by_group.sex/1.mae' = { max = -1.1 }"), Some(1));
    assert_eq!(judge("change.'overall.minor_pass_rate.18' = { max = 0 }"), Some(3));
    assert_eq!(judge("change.'overall.mea' = { max = 0 }"), Some(2));
}

#[test]
fn reports_without_samples_are_compared_without_intervals() {
    let folder = tempfile::tempdir().unwrap();
    let report = |name: &str, mae: f64| {
        let text = json!({ "kind": "age", "overall": { "mae": mae } }).to_string();
        write(&folder.path().join(name).join("report.json"), &text)
    };
    let ended = compare(&[report("a", 6.0).as_ref(), report("b", 5.5).as_ref()]);
    let shown = String::from_utf8(ended.stdout).unwrap();
    assert!(ended.status.success() && shown.contains("differences have no intervals"), "{shown}");
    assert!(shown.contains("-0.5000"), "{shown}");
}

#[test]
fn the_same_data_elsewhere_are_the_same_data() {
    let folder = tempfile::tempdir().unwrap();
    let report = |name: &str, file: &str, sha256: &str| {
        let data = json!([{ "file": file, "sha256": sha256 }]);
        let text =
            json!({ "kind": "age", "overall": { "mae": 6.0 }, "provenance": { "data": data } }).to_string();
        write(&folder.path().join(name).join("report.json"), &text)
    };
    let (a, moved, other) =
        (report("a", "x.csv", "1f"), report("b", "y.csv", "1f"), report("c", "x.csv", "2e"));
    let noted = |b: &Path| {
        let shown = String::from_utf8(compare(&[a.as_ref(), b.as_ref()]).stdout).unwrap();
        assert!(shown.contains("No figure differs."), "{shown}");
        shown.contains("of different data")
    };
    assert!(!noted(&moved) && noted(&other));
}

#[test]
fn reports_of_different_kinds_are_not_compared() {
    let folder = tempfile::tempdir().unwrap();
    let a = run(&folder.path().join("a"), "age", &json!({}), &photos(2.0));
    let b = run(&folder.path().join("b"), "grooming", &json!({}), &conversations(40, 9));
    let ended = compare(&[a.as_ref(), b.as_ref()]);
    assert_eq!(ended.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("different kinds"));
}

#[test]
fn the_verdict_is_in_every_output() {
    let folder = tempfile::tempdir().unwrap();
    let figures = json!({ "overall": { "mae": 5.5, "bias": null } });
    let report = run(&folder.path().join("a"), "age", &figures, &photos(2.0));
    let gate = write(
        &folder.path().join("my.toml"),
        "[bounds]\n'overall.mae' = { max = 6 }\n'overall.bias' = { max = 1 }\n[change]\n'overall.mae' = { max = 0 }\n",
    );
    let [json_file, junit] = ["compare.json", "junit.xml"].map(|name| folder.path().join(name));
    let options = [("--gate", &gate), ("--json", &json_file), ("--junit", &junit)];
    let options = options.into_iter().flat_map(|(name, path)| [name.as_ref(), path.as_os_str()]);
    let ended = compare(&[report.as_os_str(); 2].into_iter().chain(options).collect::<Vec<_>>());
    let shown = String::from_utf8(ended.stdout).unwrap();
    assert_eq!(ended.status.code(), Some(3), "{}", String::from_utf8_lossy(&ended.stderr));
    assert!(shown.ends_with("gate: inconclusive\n"), "{shown}");
    let compared: Value = serde_json::from_slice(&fs::read(json_file).unwrap()).unwrap();
    assert_eq!(compared["gate"]["verdict"], "inconclusive");
    // A report compared with itself has not changed at all, and that is sure.
    assert_eq!(compared["gate"]["checks"][2]["figure"], "change of overall.mae");
    assert_eq!(compared["gate"]["checks"][2]["verdict"], "pass");
    let cases = junit_cases(&fs::read_to_string(junit).unwrap());
    let expected = [
        ("overall.bias must be at most 1", "the figure is undefined: found nothing, must be at most 1"),
        ("overall.mae must be at most 6", ""),
        ("change of overall.mae must be at most 0", ""),
    ];
    assert_eq!(cases, expected.map(|(name, why)| (name.to_owned(), why.to_owned())));
}

/// Each test case of a JUnit file, with the message of what is in it.
fn junit_cases(xml: &str) -> Vec<(String, String)> {
    let (mut reader, mut cases) = (Reader::from_str(xml), Vec::<(String, String)>::new());
    loop {
        match reader.read_event().unwrap() {
            Event::Eof => return cases,
            Event::Start(element) | Event::Empty(element) => {
                let attribute = |name: &str| {
                    let found = element.try_get_attribute(name).unwrap();
                    found.map(|value| value.normalized_value(XmlVersion::Implicit1_0).unwrap().into_owned())
                };
                match element.name().as_ref() {
                    "testcase" => cases.push((attribute("name").unwrap(), String::new())),
                    "failure" | "skipped" => cases.last_mut().unwrap().1 = attribute("message").unwrap(),
                    _ => {}
                }
            }
            _ => {}
        }
    }
}

/// Runs on the portrait that ships, with the gate that ships.
fn age_with_gate(folder: &Path, gate: &Path) -> Output {
    let manifest = write(&folder.join("photos.csv"), "file,age\nastronaut.jpg,45\n");
    let (images, out) = (project().join("examples"), folder.join("out"));
    let paths = [("--manifest", manifest), ("--images", images), ("--out", out), ("--gate", gate.to_owned())];
    let mut command = ward_eval();
    command.args(["age", "--robustness", "0"]);
    command.args(paths.iter().flat_map(|(name, path)| [OsStr::new(*name), path.as_os_str()]));
    command.output().unwrap()
}

#[test]
fn the_shipped_gate_of_ages_judges_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let ended = age_with_gate(folder.path(), &project().join("eval/gates/age.toml"));
    let (shown, code) = (String::from_utf8(ended.stdout).unwrap(), ended.status.code().unwrap());
    // One photo decides little, but every key is there, and the exit code is the verdict.
    let verdict = ["pass", "failed", "", "inconclusive"][code as usize];
    assert!(code != 2 && shown.ends_with(&format!("gate: {verdict}\n")), "{code} {shown}");
    let junit = folder.path().join("out/junit.xml");
    assert_eq!(junit_cases(&fs::read_to_string(&junit).unwrap()).len(), 4);
    // A misspelt bound is no kept bound, and leaves no verdict of an earlier run behind.
    let gate = write(&folder.path().join("gate.toml"), "bounds.'overall.mea' = { max = 99 }");
    assert_eq!(age_with_gate(folder.path(), &gate).status.code(), Some(2));
    assert!(folder.path().join("out/report.json").exists() && !junit.exists());
    // A mistake in the file shows before anything is looked at.
    let gate = write(&folder.path().join("gate.toml"), "change.'overall.mae' = { max = 0 }");
    let ended = age_with_gate(folder.path(), &gate);
    assert_eq!(ended.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&ended.stderr).contains("`ward-eval compare`"));
}

#[test]
fn the_shipped_gate_of_grooming_judges_a_run() {
    let folder = tempfile::tempdir().unwrap();
    let chat = |id: u32, label: u32| {
        let message = json!({ "speaker": "A", "text": "is the lamp still for sale" });
        json!({ "conversation_id": format!("shop/{id}"), "source": "shop", "label": label, "messages": [message] })
    };
    let data = write(&folder.path().join("chats.jsonl"), &format!("{}\n{}\n", chat(1, 0), chat(2, 1)));
    let (gate, out) = (project().join("eval/gates/grooming.toml"), folder.path().join("out"));
    let mut command = ward_eval();
    command.args(["grooming", "--robustness", "0"]);
    let paths = [("--data", &data), ("--out", &out), ("--gate", &gate)];
    command.args(paths.iter().flat_map(|(name, path)| [OsStr::new(*name), path.as_os_str()]));
    let ended = command.output().unwrap();
    let (shown, code) = (String::from_utf8(ended.stdout).unwrap(), ended.status.code().unwrap());
    let verdict = ["pass", "failed", "", "inconclusive"][code as usize];
    assert!(code != 2 && shown.ends_with(&format!("gate: {verdict}\n")), "{code} {shown}");
    assert_eq!(junit_cases(&fs::read_to_string(out.join("junit.xml")).unwrap()).len(), 4);
}
