//! A manifest of photos as CSV, JSON lines or Parquet: `file,age[,subject,sex,ethnicity,group...,split]`. Other
//! columns are left alone.

use std::collections::HashSet;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, ensure};
use indicatif::ProgressBar;

use super::photo_row::PhotoRow;
use super::rows::{Layout, Located, Rows, Source};

/// Columns that are not for grouping.
const PLAIN: [&str; 4] = ["file", "age", "subject", "split"];

/// Columns that group the photos when the user names none.
const USUAL_GROUPS: [&str; 2] = ["sex", "ethnicity"];

/// Further such columns begin with this.
const GROUP_PREFIX: &str = "group";

/// Which photos, and by what they are grouped.
#[derive(Debug)]
pub(crate) struct Photos<'a> {
    /// The manifest.
    pub(crate) manifest: &'a Path,
    /// Only rows of this `split`.
    pub(crate) split: Option<&'a str>,
    /// Columns to group by. Empty: `sex`, `ethnicity` and those that begin with `group`, where there are any.
    pub(crate) group_by: &'a [String],
}

/// One photo of one person of known age.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Photo {
    /// Relative to the folder of images.
    pub(crate) file: PathBuf,
    /// Years.
    pub(crate) age: f64,
    /// Who is on it, where the manifest says: photos of one subject are not independent.
    pub(crate) subject: Option<Arc<str>>,
    /// The part of the data that it belongs to, where the manifest says.
    pub(crate) split: Option<Arc<str>>,
    /// The groups that it belongs to.
    pub(crate) groups: Vec<Membership>,
}

/// One value of one grouping column, such as `sex` = `1`. All photos share the two texts.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Membership {
    /// The column.
    pub(crate) column: Arc<str>,
    /// The value.
    pub(crate) value: Arc<str>,
}

/// Each text once, however many rows bear it.
#[derive(Debug, Default)]
pub(crate) struct Texts(HashSet<Arc<str>>);

/// Reads the rows that are asked for, in the order of the file.
///
/// # Errors
/// The first thing that is wrong with the file or a row, or that no row is left.
pub(crate) fn read(wanted: &Photos<'_>) -> Result<Vec<Photo>> {
    let (mut photos, mut texts, mut columns) = (Vec::new(), Texts::default(), HashSet::new());
    for row in rows(wanted)? {
        let location = row.location.clone();
        let photo = row.content.and_then(|row| {
            columns.extend(wanted.group_by.iter().filter(|&name| row.columns().any(|column| column == name)));
            photo(&row, wanted, &mut texts)
        });
        photos.push(Located { location, content: photo }.into_result()?);
    }
    let manifest = wanted.manifest.display();
    let of_split = wanted.split.map_or_else(String::new, |split| format!(" of split {split}"));
    ensure!(!photos.is_empty(), "{manifest} has no rows{of_split}");
    for name in wanted.group_by {
        ensure!(columns.contains(name), "{manifest}: there is no column `{name}`");
    }
    Ok(photos)
}

/// The rows that are asked for, unchecked, and those that cannot be read, in the order of the file.
///
/// # Errors
/// When the file cannot be opened, or lacks a column that every photo needs.
pub(crate) fn rows<'a>(wanted: &Photos<'a>) -> Result<impl Iterator<Item = Located<PhotoRow>> + use<'a>> {
    let layout = Layout::of(wanted.manifest).unwrap_or(Layout::Csv);
    let source = Source { file: wanted.manifest, layout, progress: &ProgressBar::hidden() };
    let read = |column: &str| PLAIN.contains(&column) || groups_by(column, wanted.group_by);
    let manifest = wanted.manifest.display();
    let rows = Rows::<PhotoRow>::open(&source, &read).with_context(|| manifest.to_string())?;
    if let Some(columns) = &rows.columns {
        let needed = ["file", "age"].into_iter().chain(wanted.split.map(|_| "split"));
        for name in needed.chain(wanted.group_by.iter().map(String::as_str)) {
            let known = columns.iter().any(|column| column == name);
            ensure!(known, "{manifest}: there is no column `{name}`");
        }
    }
    let split = wanted.split;
    let selects =
        move |row: &PhotoRow| split.is_none() || row.text("split").is_ok_and(|own| own.as_deref() == split);
    Ok(rows.filter(move |row| row.content.as_ref().map_or(true, selects)))
}

impl Texts {
    /// The same text for all that ask for it.
    pub(crate) fn shared(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let text: Arc<str> = text.into();
        self.0.insert(Arc::clone(&text));
        text
    }
}

fn photo(row: &PhotoRow, wanted: &Photos<'_>, texts: &mut Texts) -> Result<Photo> {
    let mut groups = Vec::new();
    for column in row.columns().filter(|column| groups_by(column, wanted.group_by)) {
        if let Some(value) = row.text(column)? {
            groups.push(Membership { column: texts.shared(column), value: texts.shared(&value) });
        }
    }
    groups.shrink_to_fit();
    Ok(Photo {
        file: row.file()?,
        age: row.age()?,
        subject: row.text("subject")?.map(|subject| texts.shared(&subject)),
        split: row.text("split")?.map(|split| texts.shared(&split)),
        groups,
    })
}

fn groups_by(column: &str, named: &[String]) -> bool {
    match named {
        [] => USUAL_GROUPS.contains(&column) || column.starts_with(GROUP_PREFIX),
        named => named.iter().any(|name| name == column),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: &str = "file,shard,age,sex,split,group_device,subject\n\
                       a.jpg,0,17,1,val,phone,s1\n\
                       b.jpg,0,40.5,0,train,phone,s2\n\
                       c.jpg,1,9,,val,tablet,s1\n";

    const JSON: &str = r#"
{"file":"a.jpg","shard":0,"age":17,"sex":1,"split":"val","group_device":"phone","subject":"s1"}
{"file":"b.jpg","shard":0,"age":40.5,"sex":0,"split":"train","group_device":"phone","subject":"s2"}
{"file":"c.jpg","shard":1,"age":9,"split":"val","group_device":"tablet","subject":"s1"}
"#;

    fn read_text(name: &str, text: &str, split: Option<&str>, group_by: &[String]) -> Result<Vec<Photo>> {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join(name);
        std::fs::write(&manifest, text).unwrap();
        read(&Photos { manifest: &manifest, split, group_by })
    }

    fn said(name: &str, text: &str, group_by: &[String]) -> String {
        format!("{:#}", read_text(name, text, Some("val"), group_by).unwrap_err())
    }

    #[test]
    fn a_split_with_its_usual_groups() {
        let photos = read_text("photos.csv", CSV, Some("val"), &[]).unwrap();
        assert_eq!(photos.iter().map(|photo| photo.age).collect::<Vec<_>>(), vec![17.0, 9.0]);
        let groups = |photo: &Photo| -> Vec<String> {
            photo.groups.iter().map(|group| format!("{} {}", group.column, group.value)).collect()
        };
        assert_eq!(groups(&photos[0]), ["group_device phone", "sex 1"]);
        // A sex that nobody gave is no group.
        assert_eq!(groups(&photos[1]), ["group_device tablet"]);
        assert!(Arc::ptr_eq(photos[0].subject.as_ref().unwrap(), photos[1].subject.as_ref().unwrap()));
        assert_eq!(photos[0].split.as_deref(), Some("val"));
    }

    #[test]
    fn every_layout_says_the_same() {
        let csv = read_text("photos.csv", CSV, None, &[]).unwrap();
        assert_eq!(csv, read_text("photos.jsonl", JSON, None, &[]).unwrap());
        assert_eq!(csv, read_text("photos", CSV, None, &[]).unwrap());
        let parquet = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/photos.snappy.parquet");
        let photos = read(&Photos { manifest: &parquet, split: None, group_by: &[] }).unwrap();
        // pandas counts whole years here.
        assert_eq!(photos.iter().map(|photo| photo.age).collect::<Vec<_>>(), [17.0, 40.0, 9.0]);
        assert_eq!((&photos[0], &photos[2]), (&csv[0], &csv[2]));
    }

    #[test]
    fn named_groups_replace_the_usual_ones() {
        for (name, text) in [("photos.csv", CSV), ("photos.jsonl", JSON)] {
            let photos = read_text(name, text, None, &["shard".to_owned()]).unwrap();
            assert_eq!(photos.len(), 3);
            assert_eq!(photos[2].groups, vec![Membership { column: "shard".into(), value: "1".into() }]);
            assert!(
                said(name, text, &["lens".to_owned()])
                    .ends_with(&format!("{name}: there is no column `lens`"))
            );
        }
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let csv = "file,age,split\na.jpg,20,val\nb.jpg,old,val\n";
        let message = said("photos.csv", csv, &[]);
        assert!(message.ends_with("photos.csv, line 3: `old` is not an age in years"), "{message}");
        let json = "{\"file\":\"a.jpg\",\"split\":\"val\"}\n";
        assert!(said("photos.jsonl", json, &[]).ends_with("photos.jsonl, line 1: there is no `age`"));
        assert!(
            said("photos.csv", "file,years,split\n", &[]).ends_with("photos.csv: there is no column `age`")
        );
        assert!(said("photos.csv", "file,age\n", &[]).ends_with("photos.csv: there is no column `split`"));
        assert!(
            said("photos.csv", "file,age,split\na.jpg,20,train\n", &[]).ends_with("has no rows of split val")
        );
    }
}
