//! The program as a user runs it, against a small server of the same protocol on a port of its own.

#![allow(clippy::unwrap_used)] // Clippy knows tests by #[test]; helpers of an integration test have none.

mod peer;

use std::path::Path;
use std::process::Output;
use std::sync::Arc;

use peer::Peer;
use serde_json::Value;
use tokio::net::TcpListener;
use tokio::process::Command;

/// A folder to write into, and the server to call.
struct Bench {
    folder: tempfile::TempDir,
    peer: Arc<Peer>,
    addr: String,
}

impl Bench {
    async fn new() -> Self {
        let (peer, addr) = peer::serve().await;
        Self { folder: tempfile::tempdir().unwrap(), peer, addr: format!("http://{addr}") }
    }

    fn file(&self, name: &str, text: &str) -> String {
        let file = self.folder.path().join(name);
        std::fs::write(&file, text).unwrap();
        file.to_str().unwrap().to_owned()
    }

    /// Runs the program with these words and answers how it ended, and its JSON where there is one.
    async fn run(&self, target: &str, words: &str) -> (Output, Value) {
        let out = self.folder.path().join("out.json");
        let mut command = Command::new(env!("CARGO_BIN_EXE_ward-loadtest"));
        command.arg(target).args(["--addr", &self.addr, "--warm-up", "0s", "--json"]).arg(&out);
        let run = command.args(words.split(' ')).output().await.unwrap();
        (run, json(&out))
    }

    /// The same, of a run that must end well.
    async fn figures(&self, target: &str, words: &str) -> Value {
        let (run, figures) = self.run(target, words).await;
        assert!(run.status.success(), "{}", said(&run));
        figures
    }
}

fn json(file: &Path) -> Value {
    std::fs::read(file).map_or(Value::Null, |text| serde_json::from_slice(&text).unwrap())
}

fn said(run: &Output) -> String {
    [&run.stdout, &run.stderr].map(|text| String::from_utf8_lossy(text).into_owned()).concat()
}

fn number(value: &Value) -> f64 {
    value.as_f64().unwrap_or(f64::NAN)
}

#[tokio::test(flavor = "multi_thread")]
async fn an_open_loop_on_photos_in_turn() {
    let bench = Bench::new().await;
    let (one, two) = (bench.file("one", "photo of 20"), bench.file("two", "photo of 30"));
    let words = format!("--image {one} {two} --rate 50 --arrival constant --duration 400ms");
    let figures = bench.figures("age", &words).await;
    assert_eq!((&figures["calls"], &figures["offered_rate"]), (&20.into(), &50.0.into()));
    assert_eq!((&figures["errors"], &figures["score_mismatches"]), (&serde_json::json!({}), &0.into()));
    assert_eq!(figures["scores_compared"], 20);
    assert!(number(&figures["goodput"]) > 0.0 && number(&figures["latency_ms"]["p999"]) > 0.0);
    assert_eq!(figures["model"]["name"], "peer");
}

#[tokio::test(flavor = "multi_thread")]
async fn a_closed_loop_counts_refusals_by_code() {
    let bench = Bench::new().await;
    let texts = bench.file("texts.txt", "hello\n\nrefuse\nreject\n");
    let words = format!("--texts {texts} --concurrency 3 --duration 200ms");
    let (run, figures) = bench.run("grooming", &words).await;
    assert!(run.status.success(), "{}", said(&run));
    let count = |code: &str| figures["errors"][code].as_u64().unwrap();
    assert!(count("INVALID_ARGUMENT") > 0 && count("RESOURCE_EXHAUSTED") > 0, "{figures}");
    let share = number(&figures["in_time"]) / number(&figures["calls"]);
    assert!((share - 1.0 / 3.0).abs() < 0.1, "{figures}");
    assert!(said(&run).contains("INVALID_ARGUMENT"));
}

#[tokio::test(flavor = "multi_thread")]
async fn batches_are_full_and_every_message_is_compared() {
    let bench = Bench::new().await;
    let texts = bench.file("texts.txt", "one\ntwo\nthree\n");
    let words = format!("--texts {texts} --batch 4 --concurrency 2 --duration 200ms");
    let figures = bench.figures("grooming", &words).await;
    let (calls, compared) = (number(&figures["calls"]), number(&figures["scores_compared"]));
    // A caller may begin just as the time is up: what it gets is compared, but its call is not counted.
    assert!([0.0, 4.0, 8.0].contains(&(compared - calls * 4.0)), "{figures}");
    assert_eq!(figures["score_mismatches"], 0);
    assert!((number(&figures["items_per_second"]) / number(&figures["throughput"]) - 4.0).abs() < 1e-9);
}

#[tokio::test(flavor = "multi_thread")]
async fn a_score_that_changes_under_load_fails_the_run() {
    let bench = Bench::new().await;
    let texts = bench.file("texts.txt", "steady\nwavering\n");
    let (run, figures) =
        bench.run("grooming", &format!("--texts {texts} --concurrency 1 --duration 200ms")).await;
    assert_eq!(run.status.code(), Some(1));
    let half = number(&figures["scores_compared"]) / 2.0;
    assert!((number(&figures["score_mismatches"]) - half).abs() <= 1.0, "{figures}");
    assert!(said(&run).contains("not those that their inputs got alone"), "{}", said(&run));
}

#[tokio::test(flavor = "multi_thread")]
async fn photos_on_streams_find_their_calls_in_any_order() {
    let bench = Bench::new().await;
    let (one, two) = (bench.file("one", "photo of 20"), bench.file("two", "photo of 30"));
    let words = format!("--image {one} {two} --stream --streams 2 --concurrency 8 --duration 300ms");
    let figures = bench.figures("age", &words).await;
    assert!(number(&figures["calls"]) > 20.0, "{figures}");
    assert_eq!((&figures["errors"], &figures["score_mismatches"]), (&serde_json::json!({}), &0.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_photo_that_would_end_its_stream_is_refused_before_the_load() {
    let bench = Bench::new().await;
    let (one, text) = (bench.file("one", "photo of 20"), bench.file("text", "no photo"));
    let large = bench.file("large", "too large");
    let load = "--concurrency 2 --duration 200ms";
    let (run, _) = bench.run("age", &format!("--image {one} {text} {large} --stream {load}")).await;
    assert_eq!(run.status.code(), Some(1));
    assert!(said(&run).contains(&format!("{large} ends the stream")), "{}", said(&run));
    // Without it, what is refused is an error of its own call, and no stream ends.
    let figures = bench.figures("age", &format!("--image {one} {text} --stream {load}")).await;
    assert!(number(&figures["errors"]["INVALID_ARGUMENT"]) > 0.0, "{figures}");
    assert!(!figures["warnings"].to_string().contains("streams ended"), "{figures}");
    bench.figures("age", &format!("--image {one} {large} {load}")).await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_stream_that_ends_is_opened_again_and_begins_a_conversation() {
    let bench = Bench::new().await;
    let chat = r#"{"messages":[{"speaker":"A","text":"one"},{"speaker":"A","text":"end once"},{"speaker":"A","text":"two"}]}"#;
    let texts = bench.file("chats.jsonl", chat);
    let words = format!("--texts {texts} --stream --streams 1 --concurrency 1 --duration 800ms");
    let figures = bench.figures("grooming", &words).await;
    assert!(number(&figures["errors"]["UNAVAILABLE"]) > 0.0 && figures["score_mismatches"] == 0, "{figures}");
    assert!(figures["warnings"].to_string().contains("1 streams ended"), "{figures}");
    // One stream asked alone; there "two" was answered once.
    assert!(bench.peer.streams() == 3 && bench.peer.saw("two") > 1, "{figures}");
}

#[tokio::test(flavor = "multi_thread")]
async fn conversations_on_streams_keep_their_order() {
    let bench = Bench::new().await;
    let chat = r#"{"split":"val","messages":[{"speaker":"A","text":"one"},{"speaker":"B","text":"two"}]}
{"split":"train","messages":[{"speaker":"A","text":"three"}]}
{"split":"val","messages":[{"speaker":"A","text":"four"}]}
"#;
    let texts = bench.file("chats.jsonl", chat);
    let words = format!("--texts {texts} --split val --stream --rate 200 --bulk-share 0.5 --duration 400ms");
    let figures = bench.figures("grooming", &words).await;
    assert_eq!((&figures["errors"], &figures["score_mismatches"]), (&serde_json::json!({}), &0.into()));
    assert_eq!(figures["scores_compared"], figures["calls"]);
    assert!(bench.peer.saw("three") == 0 && bench.peer.saw("two") > 1);
}

#[tokio::test(flavor = "multi_thread")]
async fn who_is_refused_tries_again_once() {
    let bench = Bench::new().await;
    let texts = bench.file("texts.txt", "second time\n");
    let words = format!("--texts {texts} --rate 50 --duration 300ms --retry-share 1");
    let figures = bench.figures("grooming", &words).await;
    // The peer refuses every other time it sees this text, for 5 ms: nobody is refused twice in a row for long.
    assert!(number(&figures["retried"]) > 0.0, "{figures}");
    assert!(bench.peer.saw("second time") as f64 >= number(&figures["calls"]) + number(&figures["retried"]));
}

#[tokio::test(flavor = "multi_thread")]
async fn priorities_are_told_and_counted_apart() {
    let bench = Bench::new().await;
    let words = "--rate 200 --duration 300ms --bulk-share 0.5";
    let figures = bench.figures("grooming", words).await;
    let calls = |priority: &str| number(&figures["by_priority"][priority]["calls"]);
    assert_eq!(calls("interactive") + calls("bulk"), number(&figures["calls"]));
    assert!(bench.peer.bulk_calls() as f64 >= calls("bulk") && calls("bulk") > 5.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn callers_cancel_at_their_deadline_or_stay() {
    let bench = Bench::new().await;
    let texts = bench.file("texts.txt", "slow\n");
    let words = format!("--texts {texts} --rate 50 --arrival constant --duration 200ms --deadline 50ms");
    let (run, figures) = bench.run("grooming", &words).await;
    assert_eq!((run.status.code(), &figures["errors"]["DEADLINE_EXCEEDED"]), (Some(1), &10.into()));
    assert!(said(&run).contains("not one call was answered"), "{}", said(&run));
    let figures = bench.figures("grooming", &format!("{words} --no-cancel")).await;
    assert_eq!((&figures["errors"], &figures["late"]), (&serde_json::json!({}), &10.into()));
    assert_eq!((&figures["in_time"], &figures["goodput"]), (&0.into(), &0.0.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn idle_connections_and_streams_are_held_open() {
    let bench = Bench::new().await;
    let words = "--concurrency 2 --duration 200ms --connections 2 --idle-connections 20 --idle-streams 30";
    let figures = bench.figures("grooming", words).await;
    assert_eq!(figures["warnings"].as_array().unwrap().iter().filter(|text| is_loss(text)).count(), 0);
    assert_eq!((bench.peer.streams(), bench.peer.connections()), (30, 23));
}

/// The machine of a test may be too busy for other warnings to mean anything.
fn is_loss(warning: &Value) -> bool {
    warning.as_str().is_some_and(|text| text.contains("closed") || text.contains("broke"))
}

#[tokio::test(flavor = "multi_thread")]
async fn a_sweep_finds_a_knee_and_compares_it() {
    let bench = Bench::new().await;
    let page = bench.folder.path().join("out.html");
    let texts = bench.file("texts.txt", "one at a time\n");
    // The peer answers such a text in 10 ms and one after the other: 100 a second at most.
    let words = format!("--texts {texts} --sweep --arrival constant --duration 300ms --deadline 60ms");
    let first = bench.figures("grooming", &format!("{words} --html {}", page.display())).await;
    let knee = number(&first["knee"]["rate"]);
    assert!((10.0..110.0).contains(&knee) && first["steps"].as_array().unwrap().len() > 2, "{first}");
    assert!(std::fs::read_to_string(&page).unwrap().matches("<svg").count() == 2);
    let baseline = bench.file("first.json", &first.to_string());
    let words = format!("--texts {texts} --rate 20 --duration 300ms --baseline {baseline}");
    let (run, second) = bench.run("grooming", &words).await;
    let ratio = &second["baseline"]["ratios"][0];
    assert!(number(&ratio["ratio"]) < 5.0 && ratio["figure"] == "offered /s", "{second}");
    assert!(said(&run).contains("against the baseline"));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_score_that_changes_before_the_first_step_of_a_sweep_fails_it() {
    let bench = Bench::new().await;
    let texts = bench.file("texts.txt", "one at a time\nwavering once\n");
    let words = format!("--texts {texts} --sweep --arrival constant --duration 150ms --deadline 60ms");
    let (run, figures) = bench.run("grooming", &words).await;
    assert_eq!((run.status.code(), &figures["score_mismatches"]), (Some(1), &1.into()), "{}", said(&run));
}

#[tokio::test(flavor = "multi_thread")]
async fn answers_after_the_end_are_answers() {
    let bench = Bench::new().await;
    let texts = bench.file("texts.txt", "slow\n");
    // The peer takes 100 ms for such a text: nothing is answered within the duration.
    let words =
        format!("--texts {texts} --rate 100 --arrival constant --duration 50ms --deadline 20ms --no-cancel");
    let figures = bench.figures("grooming", &words).await;
    assert_eq!((&figures["throughput"], &figures["late"]), (&0.0.into(), &5.into()));
}

#[tokio::test(flavor = "multi_thread")]
async fn a_file_that_cannot_be_written_is_told_before_the_load() {
    let bench = Bench::new().await;
    let page = bench.folder.path().join("none").join("out.html");
    let words = format!("--concurrency 1 --duration 100ms --html {}", page.display());
    let (run, _) = bench.run("grooming", &words).await;
    assert_eq!((run.status.code(), bench.peer.connections()), (Some(1), 0));
    assert!(said(&run).contains("name a file in a folder that exists"), "{}", said(&run));
}

#[tokio::test(flavor = "multi_thread")]
#[cfg(target_os = "linux")]
async fn a_full_disk_does_not_take_the_figures_with_it() {
    let bench = Bench::new().await;
    let (run, figures) = bench.run("grooming", "--concurrency 1 --duration 100ms --html /dev/full").await;
    assert_eq!(run.status.code(), Some(1));
    assert!(
        said(&run).contains("answered /s") && said(&run).contains("cannot write /dev/full"),
        "{}",
        said(&run)
    );
    assert!(number(&figures["calls"]) > 0.0);
}

#[tokio::test(flavor = "multi_thread")]
async fn more_callers_than_the_connections_take_make_no_sense() {
    let bench = Bench::new().await;
    let (run, _) = bench.run("grooming", "--concurrency 401 --connections 2 --duration 1s").await;
    assert_eq!((run.status.code(), bench.peer.connections()), (Some(2), 0));
    assert!(said(&run).contains("use --connections 3 or more"), "{}", said(&run));
}

#[tokio::test(flavor = "multi_thread")]
async fn nobody_there_is_one_sentence() {
    let unused = TcpListener::bind("127.0.0.1:0").await.unwrap().local_addr().unwrap();
    let bench = Bench { addr: format!("http://{unused}"), ..Bench::new().await };
    let (run, _) = bench.run("grooming", "--rate 1 --duration 1s").await;
    assert_eq!(run.status.code(), Some(1));
    assert!(said(&run).contains("is `ward serve` running there?"), "{}", said(&run));
}

#[tokio::test(flavor = "multi_thread")]
async fn only_one_kind_of_load() {
    let (run, _) = Bench::new().await.run("grooming", "--rate 1 --sweep --duration 1s").await;
    assert_eq!(run.status.code(), Some(2));
}
