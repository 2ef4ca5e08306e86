//! Other people's networks: the manifest alone says how they are fed and read. The toys are made by `toys/make.py`.

use std::fs;
use std::num::NonZeroUsize;
use std::path::Path;

use models::age::{AgeManifest, Crop, Detection, Detector, Estimator, ImageLimits, Photo};
use models::{Bundle, LoadError, Stage};
use sha2::{Digest as _, Sha256};

use crate::pictures::ASTRONAUT;

/// What every manifest below has in common.
const REST: &str = r"
[crop]
size = 16
scale = 1.0

[calibration]
temperature = 1.0
coverage = 0.9
interval_mass = { at = [0], value = [0.9] }

[answer]
thresholds = [18]
max_interval_years = 60.0

[quality]
min_size_pixels = 32.0
min_visible_share = 0.7
min_sharpness = 0.01
min_brightness = 0.1
max_brightness = 0.93
max_turn = 0.8
";

/// One picture at a time, rows first, blue first; the age is the second output, a share of a century.
const AGES: &str = r#"
[input]
name = "data"
layout = "nhwc"
colours = "bgr"
std = [255, 255, 255]

[output]
name = "age"
reads = { kind = "years", unit_years = 100, spread_years = 5 }
"#;

/// Shares of three bins of years.
const BINS: &str = r#"
[output]
name = "groups"
reads = { kind = "probabilities", bins = [[0, 12], [13, 17], [18, 60]] }
"#;

/// A bundle of the toy `name` with these tables of the manifest.
fn bundle(name: &str, tables: &str) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let model =
        fs::read(Path::new(env!("CARGO_MANIFEST_DIR")).join(format!("tests/age/toys/{name}.onnx"))).unwrap();
    let sha256: String = Sha256::digest(&model).iter().map(|byte| format!("{byte:02x}")).collect();
    let header = format!(
        "[bundle]\nkind = \"age\"\nname = \"{name}\"\nversion = \"1\"\n\n[files]\n\"model.onnx\" = \"{sha256}\"\n"
    );
    fs::write(folder.path().join("model.onnx"), model).unwrap();
    fs::write(folder.path().join("manifest.toml"), [&header, tables, REST].concat()).unwrap();
    folder
}

fn open(folder: &tempfile::TempDir) -> Result<Estimator, LoadError> {
    Estimator::open(&Bundle::<AgeManifest>::open(folder.path())?, NonZeroUsize::MIN)
}

fn refusal(name: &str, tables: &str) -> String {
    let error = open(&bundle(name, tables)).unwrap_err();
    let source = std::error::Error::source(&error).map(ToString::to_string);
    format!("{error}: {}", source.unwrap_or_default())
}

/// A crop of one colour.
fn plain(colour: [u8; 3]) -> Crop {
    Crop { size: 16, rgb: colour.repeat(256) }
}

#[test]
fn a_network_that_answers_an_age_beside_other_things() {
    let mut estimator = open(&bundle("ages", AGES)).unwrap();
    let crops = vec![plain([200, 100, 51]), plain([0, 0, 102])];
    let estimates = estimator.run(crops).unwrap();
    // Blue, first as the manifest orders, of 255, of a century.
    assert!((estimates[0].age_years - 20.0).abs() < 0.05 && (estimates[1].age_years - 40.0).abs() < 0.05);
    // Two standard deviations above 30 lies the middle of the second face's distribution.
    assert!((estimates[1].probability_over(30) - 0.977).abs() < 0.01);
    let width = estimates[1].interval.high - estimates[1].interval.low;
    assert!((width - 2.0 * 1.645 * 5.0).abs() < 0.2, "the middle 90 % of a normal distribution: {width}");
}

#[test]
fn a_network_that_answers_bins() {
    let mut estimator = open(&bundle("bins", BINS)).unwrap();
    let estimates = estimator.run(vec![plain([20, 20, 160])]).unwrap();
    assert!((estimates[0].probability_over(13) - 0.9).abs() < 1e-3);
    assert!((estimates[0].probability_over(18) - 0.8).abs() < 1e-3);
    assert!((estimates[0].age_years - (0.1 * 6.0 + 0.1 * 15.0 + 0.8 * 39.0)).abs() < 0.01);
}

#[test]
fn what_does_not_match_is_named() {
    let size = refusal("bins", &format!("{BINS}\n[input]\nlayout = \"nhwc\"\n"));
    assert!(
        size.contains("takes [?, 3, 16, 16] as `input`, but its manifest describes [?, 16, 16, 3]"),
        "{size}"
    );
    let name = refusal("bins", &BINS.replace("groups", "ages"));
    assert!(
        name.contains("output `ages` must be F32 of rank 2, but the model has none of that name"),
        "{name}"
    );
    let columns = refusal("bins", &BINS.replace("[13, 17], ", "[13, 15], [16, 17], "));
    assert!(columns.contains("answers 3 values for each input where its manifest reads 4"), "{columns}");
    let bins = refusal("bins", &BINS.replace("[13, 17]", "[12, 17]"));
    assert!(bins.contains("`output.reads.bins` must be bins [first, last]"), "{bins}");
    let spread = refusal("ages", &AGES.replace("spread_years = 5", "spread_years = 0"));
    assert!(spread.contains("`output.reads.spread_years` must be between 0.5 and 50"), "{spread}");
    let kind = refusal("ages", &AGES.replace("\"years\"", "\"centuries\""));
    assert!(
        kind.contains("unknown variant `centuries`, expected one of `logits`, `probabilities`, `years`"),
        "{kind}"
    );
}

/// What is said of the toy's manifest with `value` in the place of the key's own.
fn refusal_of_value(key: &str, value: &str) -> String {
    let folder = bundle("bins", BINS);
    let file = folder.path().join("manifest.toml");
    let text = fs::read_to_string(&file).unwrap();
    let line = text.lines().find(|line| line.starts_with(&format!("{key} = "))).unwrap().to_owned();
    fs::write(&file, text.replace(&line, &format!("{key} = {value}"))).unwrap();
    open(&folder).unwrap_err().to_string()
}

#[test]
fn limits_of_quality_that_no_face_could_miss_are_refused() {
    for (key, values) in [
        ("min_size_pixels", ["-1.0", "nan", "inf"]),
        ("min_visible_share", ["-0.1", "nan", "1.1"]),
        ("min_sharpness", ["-0.1", "nan", "inf"]),
        ("min_brightness", ["-0.1", "nan", "1.1"]),
        ("max_brightness", ["0.1", "nan", "1.1"]),
        ("max_turn", ["-0.1", "nan", "inf"]),
    ] {
        for value in values {
            let said = refusal_of_value(key, value);
            assert!(said.contains(&format!("`quality.{key}` must be ")), "{key} = {value}: {said}");
        }
    }
}

#[test]
fn a_calibration_must_be_of_finite_numbers() {
    let over = |slope: &str, offset: &str| {
        let knots = "at = [10, 20], value";
        refusal_of_value(
            "temperature",
            &format!("1.0\nover = {{ slope = {{ {knots} = {slope} }}, offset = {{ {knots} = {offset} }} }}"),
        )
    };
    for (said, key) in [
        (over("[1, inf]", "[0, 0]"), "calibration.over.slope"),
        (over("[1, 1]", "[nan, 0]"), "calibration.over.offset"),
        (
            refusal_of_value("interval_mass", "{ at = [-inf, inf], value = [0.9, 0.9] }"),
            "calibration.interval_mass",
        ),
    ] {
        assert!(said.contains(&format!("`{key}` must be finite knots in order")), "{said}");
    }
    let unit = refusal("ages", &AGES.replace("unit_years = 100", "unit_years = inf"));
    assert!(unit.contains("`output.reads.unit_years` must be a number above 0"), "{unit}");
}

/// `WARD_YUNET=FILE cargo test -p models --test age -- --ignored official` on the file that the `YuNet` project publishes
/// with free height and width, named by `WARD_YUNET`.
#[test]
#[ignore = "needs the official YuNet file, which is not ours to ship"]
#[allow(clippy::disallowed_methods, reason = "the file is the caller's")]
fn the_official_yunet_file_runs_unchanged() {
    let file = std::env::var("WARD_YUNET").unwrap();
    let shipped = Path::new(env!("CARGO_MANIFEST_DIR")).join("bundles/detector");
    let folder = tempfile::tempdir().unwrap();
    let model = fs::read(file).unwrap();
    let sha256: String = Sha256::digest(&model).iter().map(|byte| format!("{byte:02x}")).collect();
    let manifest = fs::read_to_string(shipped.join("manifest.toml")).unwrap();
    let ours = manifest.split("\"model.onnx\" = \"").nth(1).unwrap()[..64].to_owned();
    fs::write(folder.path().join("model.onnx"), model).unwrap();
    fs::write(folder.path().join("manifest.toml"), manifest.replace(&ours, &sha256)).unwrap();
    let photo = Photo::decode(ASTRONAUT, ImageLimits { max_pixels: 1_000_000 }).unwrap();
    let found = |folder: &Path| -> Vec<Detection> {
        Detector::open(&Bundle::open(folder).unwrap(), NonZeroUsize::MIN).unwrap().detect(&photo).unwrap()
    };
    let (theirs, ours) = (found(folder.path()), found(&shipped));
    assert_eq!((theirs.len(), ours.len()), (1, 1));
    assert!(theirs[0].bounds.overlap(&ours[0].bounds) > 0.7);
}
