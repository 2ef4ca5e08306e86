//! `ward models`

use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::Args;
use models::age::{AgeManifest, DetectorManifest};
use models::grooming::GroomingManifest;
use models::{Bundle, Identity, LoadError, Manifest};
use serde::Serialize;
use service::Config;

use super::{print, table};

/// List the models with their sha256.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// One JSON object a line instead of a table
    #[arg(long)]
    json: bool,
}

#[derive(Serialize)]
struct Row {
    kind: &'static str,
    name: String,
    version: String,
    sha256: String,
    folder: PathBuf,
}

pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let config = Config::load(file)?;
    let rows = [
        row::<DetectorManifest>(&config.age.detector)?,
        row::<AgeManifest>(&config.age.bundle)?,
        row::<GroomingManifest>(&config.grooming.bundle)?,
    ];
    if arguments.json {
        for row in &rows {
            print(serde_json::to_string(row)?)?;
        }
        return Ok(ExitCode::SUCCESS);
    }
    let mut table = table(&["kind", "name", "version", "sha256", "folder"]);
    for Row { kind, name, version, sha256, folder } in rows {
        table.add_row([kind.to_owned(), name, version, sha256, folder.display().to_string()]);
    }
    print(table)?;
    Ok(ExitCode::SUCCESS)
}

fn row<M: Manifest>(folder: &Path) -> Result<Row, LoadError> {
    let bundle = Bundle::<M>::open(folder)?;
    let Identity { name, version, sha256 } = bundle.identity().clone();
    Ok(Row { kind: M::KIND, name, version, sha256, folder: folder.to_path_buf() })
}
