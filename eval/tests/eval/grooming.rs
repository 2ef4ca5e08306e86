//! `ward-eval grooming` as a user runs it, with the bundle that ships, on conversations made here.

use std::ffi::OsStr;
use std::fs;
use std::path::Path;
use std::process::Output;

use serde_json::{Value, json};

use crate::program::{assert_ran, project, report, run, samples};

fn grooming(folder: &Path, chats: &[Value], rest: &[&str]) -> Output {
    let (data, out) = (folder.join("chats.jsonl"), folder.join("out"));
    let lines: Vec<_> = chats.iter().map(Value::to_string).collect();
    fs::write(&data, lines.join("\n")).unwrap();
    let mut arguments: Vec<&OsStr> =
        vec!["grooming".as_ref(), "--data".as_ref(), data.as_ref(), "--out".as_ref(), out.as_ref()];
    arguments.extend(rest.iter().map(AsRef::<OsStr>::as_ref));
    run(&arguments)
}

/// Without a label.
fn benign(id: &str) -> Value {
    json!({ "conversation_id": id, "source": "school", "messages": [
        { "speaker": "A", "text": "did you finish the worksheet for tomorrow" },
        { "speaker": "B", "text": "nearly, the last two questions are hard" },
        { "speaker": "A", "text": "" },
        { "speaker": "A", "text": "then let us look at them together before class" },
    ] })
}

/// The first example, which shows the pattern, labelled so, but not its messages.
fn pattern() -> Value {
    let text = fs::read_to_string(project().join("examples/chat.jsonl")).unwrap();
    let example: Value = serde_json::from_str(text.lines().next().unwrap()).unwrap();
    let unlabelled = |message: &Value| json!({ "speaker": message["speaker"], "text": message["text"] });
    let messages: Vec<_> = example["messages"].as_array().unwrap().iter().map(unlabelled).collect();
    json!({ "conversation_id": "p", "source": "example", "label": 1, "messages": messages })
}

#[test]
fn every_conversation_is_judged() {
    let folder = tempfile::tempdir().unwrap();
    assert_ran(&grooming(folder.path(), &[benign("a"), pattern(), benign("b")], &["--label", "0"]));
    let (report, samples) = (report(folder.path()), samples(folder.path()));
    assert_eq!((&report["conversation"]["n_pos"], &report["conversation"]["n_neg"]), (&json!(1), &json!(2)));
    assert_eq!(report["conversation"]["roc_auc"], json!(1.0));
    // Of each benign conversation three messages can be scored.
    assert_eq!((&report["message"]["n_pos"], &report["message"]["n_neg"]), (&json!(0), &json!(6)));
    assert_eq!(report["message"]["n_refused"], json!(2));
    assert_eq!(report["by_source"][1]["source"], "school");
    let ids: Vec<_> = samples.iter().map(|sample| sample["conversation_id"].as_str().unwrap()).collect();
    assert_eq!(ids, ["a", "p", "b"]);
    assert_eq!((&samples[1]["label"], &samples[0]["first_alert"]), (&json!(1), &Value::Null));
    // Nothing of what was written leaves the data.
    assert!(!fs::read_to_string(folder.path().join("out/samples.jsonl")).unwrap().contains("worksheet"));
}

#[test]
fn a_label_is_never_assumed() {
    let folder = tempfile::tempdir().unwrap();
    let run = grooming(folder.path(), &[benign("a")], &[]);
    assert_eq!(run.status.code(), Some(2));
    assert!(String::from_utf8_lossy(&run.stderr).contains("give --label 0"));
    assert!(!folder.path().join("out/report.json").exists());
}

/// Six conversations of the pattern and nine harmless ones, three pieces of each original.
fn many() -> Vec<Value> {
    let named = |mut chat: Value, id: String, label: u8| {
        chat["conversation_id"] = json!(id);
        chat["label"] = json!(label);
        chat
    };
    let patterns = (0..6).map(|n| named(pattern(), format!("example/{n}/0"), 1));
    let harmless = (0..9).map(|n| named(benign(""), format!("school/{}/{}", n / 3, n % 3), 0));
    patterns.chain(harmless).collect()
}

#[test]
fn spoiled_text_is_measured_on_both_classes() {
    let folder = tempfile::tempdir().unwrap();
    assert_ran(&grooming(folder.path(), &many(), &["--robustness", "4", "--seed", "3"]));
    let report = report(folder.path());
    let robustness = &report["robustness"];
    // Of the harmless ones there are three originals, and each is drawn at most once.
    assert_eq!((&robustness["n_pos"], &robustness["n_neg"]), (&json!(4), &json!(3)));
    assert_eq!(
        (&robustness["seed"], &robustness["recall"], &robustness["fpr"]),
        (&json!(3), &json!(1.0), &json!(0.0))
    );
    let names: Vec<_> =
        robustness["by_perturbation"].as_array().unwrap().iter().map(|one| &one["perturbation"]).collect();
    assert_eq!(
        names,
        ["leet", "homoglyph", "zero_width", "spacing", "repeats", "typos", "emoji", "split", "dilution"]
    );
    // Invisible characters are normalised away: nothing changes, and the interval says how little that proves.
    let zero_width = &robustness["by_perturbation"][2];
    assert_eq!((&zero_width["recall_change"], &zero_width["fpr_change"]), (&json!(0.0), &json!(0.0)));
    assert!(zero_width["recall_change_interval"]["low"].as_f64().unwrap() < -0.1);
}

#[test]
fn a_run_can_be_repeated() {
    let (first, second) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
    for (folder, threads) in [(&first, "1"), (&second, "3")] {
        assert_ran(&grooming(folder.path(), &many(), &["--robustness", "2", "--threads", threads]));
    }
    let [first, second] = [first, second].map(|folder| {
        let mut report = report(folder.path());
        report.as_object_mut().unwrap().retain(|key, _| key != "provenance" && key != "latency_us");
        (report, samples(folder.path()))
    });
    assert_eq!(first, second);
}

#[test]
fn the_report_is_that_of_its_samples() {
    let folder = tempfile::tempdir().unwrap();
    assert_ran(&grooming(folder.path(), &many(), &["--robustness", "0"]));
    let (report, samples) = (report(folder.path()), samples(folder.path()));
    let alerted = |label: u8| {
        let of_class = samples.iter().filter(|sample| sample["label"] == json!(label));
        of_class.filter(|sample| !sample["first_alert"].is_null()).count()
    };
    assert_eq!(report["conversation"]["true_alerts"], json!(alerted(1)));
    assert_eq!(report["conversation"]["false_alerts"], json!(alerted(0)));
    // Every conversation of the pattern is the same one.
    assert_eq!(report["early"]["median_latency"].as_f64(), samples[0]["first_alert"].as_f64());
    assert_eq!(
        report["early"]["sliding_window"]["median_latency"].as_f64(),
        samples[0]["window_alert"].as_f64()
    );
    assert_eq!(report["by_source"][1]["by_original"]["n"], json!(3));
    assert_eq!(report["by_source"][1]["sufficient"], json!(false));
    assert_eq!(report["robustness"], Value::Null);
    let baselines: Vec<_> = report["baselines"].as_array().unwrap().iter().map(|one| &one["name"]).collect();
    assert_eq!(baselines, ["keywords", "length", "max_message_risk", "skewness"]);
    for unit in ["conversation", "message", "early", "flicker"] {
        assert!(report[unit]["unit"].is_string(), "{unit}");
    }
}

#[test]
fn text_leaves_the_data_only_when_asked() {
    let folder = tempfile::tempdir().unwrap();
    assert_ran(&grooming(folder.path(), &[benign("a")], &["--label", "0", "--include-text"]));
    let texts = &samples(folder.path())[0]["texts"];
    assert_eq!(texts[0]["text"], "did you finish the worksheet for tomorrow");
    assert_eq!((&texts[0]["author"], &texts[2]["risk"]), (&json!("A"), &Value::Null));
    for file in ["out/report.json", "out/report.html"] {
        assert!(!fs::read_to_string(folder.path().join(file)).unwrap().contains("worksheet"), "{file}");
    }
}

/// A conversation as PAN12 writes it.
fn as_xml(chat: &Value) -> String {
    let escaped = |text: &Value| text.as_str().unwrap().replace('&', "&amp;").replace('<', "&lt;");
    let message = |(line, message): (usize, &Value)| {
        let (author, text) = (escaped(&message["speaker"]), escaped(&message["text"]));
        format!(
            "<message line=\"{line}\"><author>{author}</author><time>0{}:{:02}</time><text>{text}</text></message>",
            line / 60,
            line % 60
        )
    };
    let messages: String = (1..).zip(chat["messages"].as_array().unwrap()).map(message).collect();
    format!("<conversation id=\"{}\">{messages}</conversation>\n", chat["conversation_id"].as_str().unwrap())
}

#[test]
fn authors_are_counted_where_the_data_name_them() {
    let folder = tempfile::tempdir().unwrap();
    let path = |name: &str| folder.path().join(name);
    let chats = [pattern(), benign("one"), benign("two")];
    let conversations: String = chats.iter().map(as_xml).collect();
    fs::write(path("corpus.xml"), format!("<conversations>\n{conversations}</conversations>\n")).unwrap();
    // Who shows the pattern in the example, and somebody who wrote in none of these conversations.
    let author = chats[0]["messages"][0]["speaker"].as_str().unwrap();
    fs::write(path("authors.txt"), format!("{author}\nsomebody-else\n")).unwrap();
    let (data, truth, out) = (path("corpus.xml"), path("authors.txt"), path("out"));
    let words = ["grooming", "--format", "pan12", "--robustness", "0", "--data"].map(OsStr::new);
    let paths = [data.as_os_str(), "--truth".as_ref(), truth.as_os_str(), "--out".as_ref(), out.as_os_str()];
    assert_ran(&run(&[&words[..], &paths[..]].concat()));
    let report = report(folder.path());
    assert_eq!((&report["conversation"]["n_pos"], &report["conversation"]["n_neg"]), (&json!(1), &json!(2)));
    let found = &report["author"];
    // Two in the example; the two harmless conversations are of the same A and B.
    assert_eq!((&found["n"], &found["n_pos"], &found["n_flagged"]), (&json!(4), &json!(1), &json!(1)));
    assert_eq!(
        (&found["precision"], &found["recall"], &found["f0_5"]),
        (&json!(1.0), &json!(1.0), &json!(1.0))
    );
    assert_eq!(report["author"]["unit"], "author");
}
