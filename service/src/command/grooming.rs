//! `ward grooming`: the served pipeline, in process, on a file of conversations.

use std::collections::HashMap;
use std::io::{BufRead, BufReader, Read, Write as _};
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use anstyle::{AnsiColor, Style};
use anyhow::Context as _;
use clap::Args;
use models::grooming::{
    Assessment, GroomingManifest, Index, IndexSlot, MessageScorer, Observation, Prepare, Prepared, RiskModel,
    RiskState, TextLimits, Turn, messages_in_context,
};
use models::{Bundle, InputError, Stage};
use serde::{Deserialize, Serialize};
use service::Config;

use super::print;

/// Assess conversations. A risk is a reason for a human reviewer to look, never proof.
#[derive(Debug, Args)]
pub(crate) struct Arguments {
    /// Conversations as JSON lines, {"conversation_id", "messages": [{"speaker", "text"}]}; `-` for standard input
    #[arg(value_name = "FILE")]
    file: PathBuf,
    /// One JSON object a line instead of text
    #[arg(long)]
    json: bool,
}

#[derive(Deserialize)]
struct Conversation {
    conversation_id: String,
    messages: Vec<Message>,
}

#[derive(Deserialize)]
struct Message {
    /// Without one, messages are numbered from 1.
    message_id: Option<String>,
    speaker: String,
    text: String,
    /// Seconds since the Unix epoch.
    sent_at: Option<f64>,
}

pub(crate) fn run(file: Option<&Path>, arguments: &Arguments) -> anyhow::Result<ExitCode> {
    let mut pipeline = Pipeline::open(&Config::load(file)?)?;
    for (at, line) in open(&arguments.file)?.lines().enumerate() {
        let line = line.context("cannot read the conversations")?;
        if line.trim().is_empty() {
            continue;
        }
        let conversation: Conversation =
            serde_json::from_str(&line).map_err(without_content).with_context(|| {
                format!("line {} is not a conversation: see `ward grooming --help` for its form", at + 1)
            })?;
        let id = conversation.conversation_id.clone();
        let assessment = pipeline.assess(conversation).with_context(|| format!("line {}", at + 1))?;
        if arguments.json {
            print(serde_json::to_string(&Report::new(id, &assessment))?)?;
        } else {
            print_assessment(&id, &assessment)?;
        }
    }
    Ok(ExitCode::SUCCESS)
}

fn open(file: &Path) -> anyhow::Result<Box<dyn BufRead>> {
    if file == Path::new("-") {
        return Ok(Box::new(BufReader::new(std::io::stdin())));
    }
    let opened = std::fs::File::open(file).with_context(|| format!("cannot read {}", file.display()))?;
    let read: Box<dyn Read> = Box::new(opened);
    Ok(Box::new(BufReader::new(read)))
}

/// serde's own message may quote what it read: only the place is kept.
#[allow(clippy::needless_pass_by_value)] // the signature of map_err
fn without_content(error: serde_json::Error) -> anyhow::Error {
    anyhow::anyhow!("the JSON does not fit at column {}", error.column())
}

struct Pipeline {
    prepare: Prepare,
    scorer: MessageScorer,
    risk_model: RiskModel,
    context_turns: usize,
}

impl Pipeline {
    fn open(config: &Config) -> anyhow::Result<Self> {
        let bundle = Bundle::<GroomingManifest>::open(&config.grooming.bundle)?;
        let folder = config.grooming.index.as_deref();
        let index = folder.map(|folder| Index::open(folder, &bundle)).transpose()?;
        let index = index.map(IndexSlot::new).unwrap_or_default();
        let limits = TextLimits { max_text_bytes: config.grooming.max_text_bytes.get() };
        Ok(Self {
            prepare: Prepare::open(&bundle, limits, config.grooming.screening())?,
            scorer: MessageScorer::open(&bundle, service::config::cores(), index)?,
            risk_model: RiskModel::new(&bundle.manifest),
            context_turns: bundle.manifest.context_turns(),
        })
    }

    fn assess(&mut self, conversation: Conversation) -> anyhow::Result<Assessment> {
        let turn = |message: &Message| Turn { author: message.speaker.clone(), text: message.text.clone() };
        let turns: Vec<Turn> = conversation.messages.iter().map(turn).collect();
        let prepared = self.prepare.run(messages_in_context(&turns, self.context_turns))?;
        let mut said = Vec::with_capacity(prepared.len());
        let mut tokens = Vec::with_capacity(prepared.len());
        for ((number, message), prepared) in (1..).zip(conversation.messages).zip(prepared) {
            match prepared {
                Ok(Prepared::Tokens(read)) => {
                    said.push((number, message, None));
                    tokens.push(read);
                }
                Ok(Prepared::ScreenedOut { score, .. }) => said.push((number, message, Some(score))),
                // A message without text says nothing.
                Err(InputError::TextEmpty) => {}
                Err(refusal) => return Err(refusal).with_context(|| format!("message {number}")),
            }
        }
        let mut read = self.scorer.run(tokens)?.into_iter();
        let mut risk = self.risk_model.conversation(HashMap::new());
        for (number, message, screened) in said {
            let Some(score) = screened.or_else(|| read.next()) else { break };
            let message_id = message.message_id.unwrap_or_else(|| format!("{number}"));
            let (author_id, sent_at) = (message.speaker, message.sent_at);
            risk.observe(&Observation { message_id, author_id, sent_at, score });
        }
        Ok(risk.assessment())
    }
}

#[derive(Serialize)]
struct Report {
    conversation_id: String,
    risk: f32,
    state: &'static str,
    by_author: Vec<AuthorReport>,
    first_alert_message_id: Option<String>,
    evidence: Vec<EvidenceReport>,
    stages: Vec<&'static str>,
    abstained: Option<&'static str>,
}

#[derive(Serialize)]
struct AuthorReport {
    author_id: String,
    toward: Vec<String>,
    risk: f32,
    state: &'static str,
}

#[derive(Serialize)]
struct EvidenceReport {
    message_id: String,
    signal: &'static str,
    contribution: f32,
    /// The first character of the words that show it, and the one after the last.
    span: [u32; 2],
}

impl Report {
    fn new(conversation_id: String, assessment: &Assessment) -> Self {
        let author = |author: &models::grooming::AuthorAssessment| AuthorReport {
            author_id: author.author_id.clone(),
            toward: author.toward.clone(),
            risk: author.risk,
            state: author.state.as_str(),
        };
        let evidence = |evidence: &models::grooming::Evidence| EvidenceReport {
            message_id: evidence.message_id.clone(),
            signal: evidence.signal.as_str(),
            contribution: evidence.contribution,
            span: [evidence.span.start, evidence.span.end],
        };
        Self {
            conversation_id,
            risk: assessment.risk,
            state: assessment.state.as_str(),
            by_author: assessment.by_author.iter().map(author).collect(),
            first_alert_message_id: assessment.first_alert_message_id.clone(),
            evidence: assessment.evidence.iter().map(evidence).collect(),
            stages: assessment.stages.iter().map(|stage| stage.as_str()).collect(),
            abstained: assessment.abstained.map(|abstention| abstention.as_str()),
        }
    }
}

/// A line for the conversation; for one that calls for attention, its authors and evidence below.
fn print_assessment(id: &str, assessment: &Assessment) -> anyhow::Result<()> {
    let mut out = anstream::stdout().lock();
    let style = style(assessment.state);
    let verdict = assessment.abstained.map_or(assessment.state.as_str(), |abstention| abstention.as_str());
    writeln!(out, "{style}{verdict:<6}{style:#} risk {:.2}  {id}", assessment.risk)?;
    if assessment.state == RiskState::None {
        return Ok(());
    }
    for author in assessment.by_author.iter().filter(|author| author.state != RiskState::None) {
        writeln!(out, "       {} toward {}: {:.2}", author.author_id, author.toward.join(", "), author.risk)?;
    }
    if let Some(message) = &assessment.first_alert_message_id {
        writeln!(out, "       first alert at message {message}")?;
    }
    for evidence in &assessment.evidence {
        let share = 100.0 * evidence.contribution;
        writeln!(
            out,
            "       {share:>4.0} %  {} in message {}",
            evidence.signal.as_str(),
            evidence.message_id
        )?;
    }
    Ok(())
}

fn style(state: RiskState) -> Style {
    let colour = match state {
        RiskState::None => AnsiColor::Green,
        RiskState::Watch => AnsiColor::Yellow,
        RiskState::Alert => AnsiColor::Red,
    };
    colour.on_default().bold()
}
