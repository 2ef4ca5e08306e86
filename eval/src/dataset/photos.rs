//! A CSV of photos: `file,age[,subject,sex,ethnicity,group...,split]`. Other columns are left alone.

use std::collections::HashSet;
use std::ops::RangeInclusive;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use anyhow::{Context, Result, bail};
use csv::StringRecord;

use super::open;

/// Columns that group the photos when the user names none.
const USUAL_GROUPS: [&str; 2] = ["sex", "ethnicity"];

/// Further such columns begin with this.
const GROUP_PREFIX: &str = "group";

/// Ages of people, years. Anything else in the column is a mistake.
const POSSIBLE_AGES: RangeInclusive<f64> = 0.0..=120.0;

/// Which photos, and by what they are grouped.
#[derive(Debug)]
pub(crate) struct Photos<'a> {
    /// The CSV.
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

/// Reads the rows that are asked for, in the order of the file.
///
/// # Errors
/// When the file or a column is missing, when an age is no age, or when no row is left.
pub(crate) fn read(wanted: &Photos<'_>) -> Result<Vec<Photo>> {
    let manifest = wanted.manifest.display();
    let mut reader = csv::Reader::from_reader(open(wanted.manifest)?);
    let header = reader.headers().with_context(|| format!("{manifest} has no header row"))?.clone();
    let columns = Columns::find(&header, wanted).with_context(|| format!("in the header of {manifest}"))?;
    let (mut photos, mut texts) = (Vec::new(), Texts::default());
    for row in reader.records() {
        let row = row.with_context(|| format!("in {manifest}"))?;
        if columns.selects(&row, wanted.split) {
            let line = row.position().map_or(0, csv::Position::line);
            photos.push(columns.photo(&row, &mut texts).with_context(|| format!("{manifest}, line {line}"))?);
        }
    }
    if photos.is_empty() {
        bail!(
            "{manifest} has no rows{}",
            wanted.split.map_or_else(String::new, |split| format!(" of split {split}"))
        );
    }
    Ok(photos)
}

/// Where in a row things stand.
struct Columns {
    file: usize,
    age: usize,
    subject: Option<usize>,
    split: Option<usize>,
    groups: Vec<(Arc<str>, usize)>,
}

/// Each text once, however many photos bear it.
#[derive(Default)]
struct Texts(HashSet<Arc<str>>);

impl Texts {
    fn shared(&mut self, text: &str) -> Arc<str> {
        if let Some(known) = self.0.get(text) {
            return Arc::clone(known);
        }
        let text: Arc<str> = text.into();
        self.0.insert(Arc::clone(&text));
        text
    }
}

impl Columns {
    fn find(header: &StringRecord, wanted: &Photos<'_>) -> Result<Self> {
        let place = |name: &str| {
            header
                .iter()
                .position(|column| column == name)
                .with_context(|| format!("there is no column `{name}`"))
        };
        let usual = |column: &str| USUAL_GROUPS.contains(&column) || column.starts_with(GROUP_PREFIX);
        let groups: Vec<String> = match wanted.group_by {
            [] => header.iter().filter(|column| usual(column)).map(str::to_owned).collect(),
            named => named.to_vec(),
        };
        Ok(Self {
            file: place("file")?,
            age: place("age")?,
            subject: place("subject").ok(),
            split: match wanted.split {
                Some(_) => Some(place("split")?),
                None => place("split").ok(),
            },
            groups: groups
                .into_iter()
                .map(|name| Ok((name.as_str().into(), place(&name)?)))
                .collect::<Result<_>>()?,
        })
    }

    fn selects(&self, row: &StringRecord, split: Option<&str>) -> bool {
        split.is_none() || self.split.and_then(|column| row.get(column)) == split
    }

    fn photo(&self, row: &StringRecord, texts: &mut Texts) -> Result<Photo> {
        // The reader refuses rows of another length than the header's.
        let age = row[self.age].trim();
        let years = age.parse().ok().filter(|years| POSSIBLE_AGES.contains(years));
        let mut text =
            |place: usize| Some(&row[place]).filter(|text| !text.is_empty()).map(|text| texts.shared(text));
        let (subject, split) = (self.subject.and_then(&mut text), self.split.and_then(&mut text));
        let membership = |(column, place): &(Arc<str>, usize)| {
            Some(Membership { column: Arc::clone(column), value: text(*place)? })
        };
        Ok(Photo {
            file: PathBuf::from(&row[self.file]),
            age: years.with_context(|| format!("`{age}` is not an age in years"))?,
            subject,
            split,
            groups: self.groups.iter().filter_map(membership).collect(),
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const CSV: &str = "file,shard,age,sex,split,group_device\n\
                       a.jpg,0,17,1,val,phone\n\
                       b.jpg,0,40.5,0,train,phone\n\
                       c.jpg,1,9,0,val,tablet\n";

    fn read_text(text: &str, split: Option<&str>, group_by: &[String]) -> Result<Vec<Photo>> {
        let folder = tempfile::tempdir().unwrap();
        let manifest = folder.path().join("photos.csv");
        std::fs::write(&manifest, text).unwrap();
        read(&Photos { manifest: &manifest, split, group_by })
    }

    #[test]
    fn a_split_with_its_usual_groups() {
        let photos = read_text(CSV, Some("val"), &[]).unwrap();
        assert_eq!(photos.iter().map(|photo| photo.age).collect::<Vec<_>>(), vec![17.0, 9.0]);
        let groups: Vec<_> = photos[0].groups.iter().map(|group| (&*group.column, &*group.value)).collect();
        assert_eq!(groups, vec![("sex", "1"), ("group_device", "phone")]);
    }

    #[test]
    fn named_groups_replace_the_usual_ones() {
        let photos = read_text(CSV, None, &["shard".to_owned()]).unwrap();
        assert_eq!(photos.len(), 3);
        assert_eq!(photos[2].groups, vec![Membership { column: "shard".into(), value: "1".into() }]);
    }

    #[test]
    fn what_is_wrong_is_said_with_its_line() {
        let error = read_text("file,age\na.jpg,20\nb.jpg,old\n", None, &[]).unwrap_err();
        let message = format!("{error:#}");
        assert!(message.ends_with("photos.csv, line 3: `old` is not an age in years"), "{message}");
        assert!(read_text("file,age\na.jpg,-1\n", None, &[]).is_err());
        assert!(read_text("name,age\na.jpg,20\n", None, &[]).is_err());
        assert!(read_text(CSV, Some("test"), &[]).is_err());
    }
}
