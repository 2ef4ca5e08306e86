//! One row of a manifest of photos, before anything is checked.

use std::ops::RangeInclusive;
use std::path::PathBuf;

use anyhow::{Context, Result, bail};
use serde::Deserialize;
use serde_json::{Map, Value};

/// Ages of people, years. Anything else in the column is a mistake.
const POSSIBLE_AGES: RangeInclusive<f64> = 0.0..=120.0;

/// The row's values by column. A column that is absent, null or empty text says nothing.
#[derive(Debug, Clone, PartialEq, Deserialize)]
#[serde(transparent)]
pub(crate) struct PhotoRow(Map<String, Value>);

impl PhotoRow {
    /// Where the photo is, relative to the folder of images.
    ///
    /// # Errors
    /// When the row does not say.
    pub(crate) fn file(&self) -> Result<PathBuf> {
        Ok(self.text("file")?.context("there is no `file`")?.into())
    }

    /// Years.
    ///
    /// # Errors
    /// When the row does not say, or names what is no age of people.
    pub(crate) fn age(&self) -> Result<f64> {
        let age = self.text("age")?.context("there is no `age`")?;
        let years = age.trim().parse().ok().filter(|years| POSSIBLE_AGES.contains(years));
        years.with_context(|| format!("`{}` is not an age in years", age.trim()))
    }

    /// What stands in `column`, numbers as they are usually written: 1 for 1.0.
    ///
    /// # Errors
    /// When it is a list or an object.
    pub(crate) fn text(&self, column: &str) -> Result<Option<String>> {
        Ok(match self.0.get(column) {
            None | Some(Value::Null) => None,
            Some(Value::String(text)) => Some(text.clone()).filter(|text| !text.is_empty()),
            // A whole number as it stands: past 2^53 the nearest float may be another one's, too.
            Some(Value::Number(number)) => {
                let fraction = number.as_f64().filter(|_| number.is_f64());
                Some(fraction.map_or_else(|| number.to_string(), |x| x.to_string()))
            }
            Some(Value::Bool(truth)) => Some(truth.to_string()),
            Some(Value::Array(_) | Value::Object(_)) => bail!("`{column}` is neither text nor a number"),
        })
    }

    /// Every column of the row.
    pub(crate) fn columns(&self) -> impl Iterator<Item = &str> {
        self.0.keys().map(String::as_str)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(text: &str) -> PhotoRow {
        serde_json::from_str(text).unwrap()
    }

    #[test]
    fn numbers_are_one_text_in_every_layout() {
        let row = row(
            r#"{"a":1,"b":1.0,"c":"1","d":40.5,"e":null,"f":"","g":true,"h":[1],"i":1234567890123456789}"#,
        );
        let text = |column| row.text(column).unwrap();
        assert_eq!(
            ["a", "b", "c", "d", "g"].map(|column| text(column).unwrap()),
            ["1", "1", "1", "40.5", "true"]
        );
        assert_eq!(["e", "f", "z"].map(text), [None, None, None]);
        assert_eq!(text("i").unwrap(), "1234567890123456789");
        assert!(row.text("h").is_err());
    }

    #[test]
    fn an_age_is_0_to_120_years() {
        let age = |age: &str| row(&format!(r#"{{"age":{age}}}"#)).age().map_err(|error| error.to_string());
        assert_eq!((age("17"), age("\" 40.5 \""), age("120")), (Ok(17.0), Ok(40.5), Ok(120.0)));
        assert_eq!(age("-1"), Err("`-1` is not an age in years".to_owned()));
        assert_eq!(age("\"NaN\""), Err("`NaN` is not an age in years".to_owned()));
        assert_eq!(age("null"), Err("there is no `age`".to_owned()));
    }
}
