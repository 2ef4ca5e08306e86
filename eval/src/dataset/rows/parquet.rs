//! Parquet, column chunk by column chunk: only the columns that are wanted are read.

use std::fs::File;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;
use parquet::basic::{ConvertedType, LogicalType, Type as Physical};
use parquet::file::reader::{FileReader, SerializedFileReader};
use parquet::record::Row;
use parquet::schema::types::Type;
use serde::de::DeserializeOwned;

use super::{Located, Location, Rows, Source};

/// Opens a Parquet file.
///
/// # Errors
/// When it is none, or a wanted column holds times that cannot be told from plain numbers, or bytes that cannot be told from text.
pub(super) fn open<T: DeserializeOwned + Send + 'static>(
    source: &Source<'_>,
    wanted: &dyn Fn(&str) -> bool,
) -> Result<Rows<T>> {
    let reader = SerializedFileReader::new(File::open(source.file)?)?;
    let schema = reader.metadata().file_metadata().schema_descr().root_schema().clone();
    let columns = schema.get_fields().iter().map(|field| field.name().to_owned()).collect();
    let fields: Vec<_> = schema.get_fields().iter().filter(|field| wanted(field.name())).cloned().collect();
    fields.iter().try_for_each(|field| check_values(field))?;
    let projection = Type::group_type_builder(schema.name()).with_fields(fields).build()?;
    let mut meter = Meter::new(source, reader.metadata().file_metadata().num_rows())?;
    let rows = reader.into_iter().project(Some(projection))?;
    let (file, mut number, mut ended): (Arc<Path>, _, _) = (source.file.into(), 0, false);
    let rows = rows.map_while(move |row| {
        if ended {
            return None;
        }
        number += 1;
        ended = row.is_err();
        meter.tell(number);
        Some(Located { location: Location::row(&file, number), content: parse(row) })
    });
    Ok(Rows { columns: Some(columns), rows: Box::new(rows) })
}

fn parse<T: DeserializeOwned>(row: parquet::errors::Result<Row>) -> Result<T> {
    let row = row.context("cannot read on")?;
    Ok(serde_json::from_value(row.to_json_value())?)
}

/// The record reader takes a time of nanoseconds, or without a zone, for a plain number, and makes base64 of bytes.
fn check_values(field: &Type) -> Result<()> {
    if field.is_group() {
        return field.get_fields().iter().try_for_each(|field| check_values(field));
    }
    let info = field.get_basic_info();
    let is_plain = info.converted_type() == ConvertedType::NONE && info.logical_type_ref().is_none();
    let are_bytes =
        matches!(field.get_physical_type(), Physical::BYTE_ARRAY | Physical::FIXED_LEN_BYTE_ARRAY);
    ensure!(
        !(is_plain && are_bytes),
        "`{}` holds bytes and not text: write it as a column of strings",
        field.name()
    );
    let time = matches!(info.logical_type_ref(), Some(LogicalType::Timestamp(_)));
    ensure!(
        !time || info.converted_type() != ConvertedType::NONE,
        "the times in `{}` are nanoseconds or have no zone: write them as UTC in microseconds, or as seconds",
        field.name()
    );
    Ok(())
}

/// Tells of the bytes of the rows that were read, as if all rows were alike.
struct Meter {
    progress: ProgressBar,
    bytes: u64,
    rows: u64,
    told: u64,
}

impl Meter {
    fn new(source: &Source<'_>, rows: i64) -> Result<Self> {
        let bytes = source.file.metadata()?.len();
        Ok(Self { progress: source.progress.clone(), bytes, rows: u64::try_from(rows)?.max(1), told: 0 })
    }

    fn tell(&mut self, rows: u64) {
        let due = (self.bytes as f64 * (rows as f64 / self.rows as f64)) as u64;
        self.progress.inc(due.saturating_sub(self.told));
        self.told = due.max(self.told);
    }
}

#[cfg(test)]
mod tests {
    use std::path::PathBuf;

    use serde_json::{Map, Value, json};

    use super::super::Layout;
    use super::*;

    type Object = Map<String, Value>;

    /// A file that pandas or pyarrow wrote: tests/data/make_parquet.py.
    fn open_data(name: &str, wanted: &dyn Fn(&str) -> bool) -> Result<Rows<Object>> {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data").join(name);
        Rows::open(&Source { file: &file, layout: Layout::Parquet, progress: &ProgressBar::hidden() }, wanted)
    }

    #[test]
    fn only_wanted_columns_are_read() {
        let rows = open_data("photos.snappy.parquet", &|column| column != "image").unwrap();
        assert!(rows.columns.as_ref().unwrap().contains(&"image".to_owned()));
        let rows: Vec<Object> = rows.map(|row| row.into_result().unwrap()).collect();
        let first = json!({ "file": "a.jpg", "age": 17, "sex": 1.0, "subject": "s1", "split": "val",
            "group_device": "phone" });
        assert_eq!(Value::Object(rows[0].clone()), first);
        assert_eq!((&rows[2]["sex"], rows.len()), (&Value::Null, 3));
    }

    #[test]
    fn lists_of_structs_are_objects() {
        let rows = open_data("chats.zstd.parquet", &|column| column == "messages").unwrap();
        let rows: Vec<Object> = rows.map(|row| row.into_result().unwrap()).collect();
        let second = json!({ "speaker": "B", "text": "the forecast says sun \u{2600}",
            "sent_at": "2026-05-01 15:30:20.000000 +00:00", "signals": null, "risk": null });
        assert_eq!(rows[0]["messages"][1], second);
        assert_eq!((&rows[1]["messages"], &rows[2]["messages"][1]["signals"]), (&json!([]), &json!([])));
    }

    #[test]
    fn times_are_never_taken_for_numbers() {
        let error = open_data("nanoseconds.parquet", &|column| column == "messages").err().unwrap();
        assert!(format!("{error:#}").contains("the times in `sent_at` are nanoseconds or have no zone"));
        assert!(open_data("nanoseconds.parquet", &|column| column == "conversation_id").is_ok());
    }

    #[test]
    fn bytes_are_never_taken_for_text() {
        let error = open_data("photos.snappy.parquet", &|column| column == "image").err().unwrap();
        assert!(format!("{error:#}").contains("holds bytes and not text"), "{error:#}");
    }

    #[test]
    fn rows_are_counted_over_row_groups_and_bytes_told() {
        let file = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/data/chats.zstd.parquet");
        let progress = ProgressBar::hidden();
        let source = Source { file: &file, layout: Layout::Parquet, progress: &progress };
        let rows = open::<Object>(&source, &|column| column == "split").unwrap();
        let places: Vec<String> = rows.map(|row| row.location.to_string()).collect();
        assert!(places[2].ends_with("chats.zstd.parquet, row 3"), "{places:?}");
        assert_eq!(progress.position(), file.metadata().unwrap().len());
    }

    #[test]
    fn a_file_that_is_none_is_said() {
        let folder = tempfile::tempdir().unwrap();
        let file = folder.path().join("a.parquet");
        std::fs::write(&file, "file,age\n").unwrap();
        let source = Source { file: &file, layout: Layout::Parquet, progress: &ProgressBar::hidden() };
        assert!(Rows::<Object>::open(&source, &|_| true).is_err());
    }
}
