//! `ward index`: a platform's own examples.

use std::collections::BTreeSet;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anyhow::{Context as _, ensure};
use clap::{Args, Subcommand};
use models::grooming::{
    GroomingManifest, Index, IndexSlot, Meanings, MessageInput, MessageScorer, Prepare, Prepared, Screening,
    TextLimits, Tokens,
};
use models::{Bundle, InputError, Stage as _};
use service::{Config, config};

use super::{print, progress};

/// Messages embedded at a time.
const BATCH: usize = 64;

/// A platform's own examples, which raise the risk of messages like them.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Command,
}

#[derive(Debug, Subcommand)]
enum Command {
    /// Embed examples into a folder for `[grooming] index`; their text is not kept
    Build(Build),
}

#[derive(Debug, Args)]
struct Build {
    /// Messages of the pattern to look for, one a line
    #[arg(long, value_name = "FILE")]
    positives: PathBuf,
    /// Messages in like words that are harmless, one a line
    #[arg(long, value_name = "FILE")]
    negatives: PathBuf,
    /// The folder to write; a running server that uses it takes the new examples up
    #[arg(long, value_name = "DIR")]
    out: PathBuf,
}

pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let Command::Build(build) = &arguments.command;
    let config = Config::load(file)?;
    let bundle = Bundle::<GroomingManifest>::open(&config.grooming.bundle)?;
    let mut encoder = Encoder::open(&config, &bundle)?;
    let [positives, negatives] = [&build.positives, &build.negatives].map(|path| encoder.encode(path));
    let (positives, negatives) = (positives?, negatives?);
    let examples = positives.len() + negatives.len();
    ensure!(
        examples <= Index::MOST_EXAMPLES,
        "{examples} examples are more than the {} that an index holds: leave out those that say the same",
        Index::MOST_EXAMPLES
    );
    let index = Index::new(encoder.meanings(&positives)?, encoder.meanings(&negatives)?);
    index.write(&build.out, &bundle).with_context(|| format!("cannot write {}", build.out.display()))?;
    report(&build.out, &index, &positives)?;
    Ok(ExitCode::SUCCESS)
}

/// What was built, where it helps and where not.
fn report(folder: &Path, index: &Index, positives: &[Tokens]) -> std::io::Result<()> {
    let (all, negatives) = index.examples();
    print(format!("{}: {all} positive and {negatives} negative examples", folder.display()))?;
    let kept_back = positives.iter().filter(|example| !example.passes_screen).count();
    if kept_back > 0 {
        print(format!(
            "With `screen = true` under [grooming], the first stage keeps {kept_back} of the {all} positive examples from \
             the model even word for word, and more of what is like them: use `screen = false`."
        ))?;
    }
    // A path in ward.toml is relative to that file, which may lie anywhere.
    let folder = std::path::absolute(folder)?;
    print(format!("Use it with `index = \"{}\"` under [grooming] in ward.toml.", folder.display()))
}

/// From lines to embeddings.
struct Encoder {
    prepare: Prepare,
    scorer: MessageScorer,
}

impl Encoder {
    fn open(config: &Config, bundle: &Bundle<GroomingManifest>) -> anyhow::Result<Self> {
        let limits = TextLimits { max_text_bytes: config.grooming.max_text_bytes.get() };
        Ok(Self {
            prepare: Prepare::open(bundle, limits, Screening::Off)?,
            scorer: MessageScorer::open(bundle, config::cores(), IndexSlot::default())?,
        })
    }

    /// The tokens of each line; empty lines and repeated ones are left out.
    fn encode(&mut self, path: &Path) -> anyhow::Result<Vec<Tokens>> {
        let text =
            std::fs::read_to_string(path).with_context(|| format!("cannot read {}", path.display()))?;
        let (mut tokens, mut known) = (Vec::new(), BTreeSet::new());
        for (number, line) in (1..).zip(text.lines()) {
            let input = MessageInput { author: String::new(), text: line.to_owned(), context: Vec::new() };
            let prepared = self.prepare.run(vec![input])?.into_iter().next();
            match prepared {
                Some(Ok(Prepared::Tokens(read))) if known.insert(read.ids().to_vec()) => tokens.push(read),
                Some(Err(InputError::TextEmpty)) | Some(Ok(_)) | None => {}
                Some(Err(refusal)) => {
                    return Err(refusal).with_context(|| format!("{}, line {number}", path.display()));
                }
            }
        }
        Ok(tokens)
    }

    fn meanings(&mut self, tokens: &[Tokens]) -> anyhow::Result<Meanings> {
        let mut meanings = Meanings::default();
        for batch in tokens.chunks(BATCH) {
            meanings.extend(self.scorer.meanings(batch)?);
            progress("examples", meanings.len(), tokens.len());
        }
        Ok(meanings)
    }
}
