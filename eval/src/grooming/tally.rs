//! What is kept of everything that was judged: all figures come from it. It grows by a few bytes a conversation.

use anyhow::{Result, ensure};
use models::grooming::GroomingManifest;

use super::authors::Authors;
use super::cascade::CascadeTally;
use super::figures::StageTimes;
use super::messages::MessageTally;
use super::record::Records;
use super::reservoir::Reservoir;
use super::robustness::Alerted;
use super::stages::Judgement;
use crate::dataset::Chat;

/// All that was judged so far.
#[derive(Debug)]
pub(crate) struct Tally {
    manifest: GroomingManifest,
    /// The conversations.
    pub(crate) records: Records,
    /// The messages.
    pub(crate) messages: MessageTally,
    /// The same by the first stage of the cascade.
    pub(crate) cascade: CascadeTally,
    /// The authors, where the data say who of them shows the pattern.
    pub(crate) authors: Option<Authors>,
    /// What each stage took.
    pub(crate) times: StageTimes,
    /// Drawn for the robustness table.
    pub(crate) drawn: Reservoir,
    /// What became of the drawn ones.
    pub(crate) alerted: Option<Alerted>,
}

/// Whether the data name the authors who show the pattern.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum AuthorTruth {
    /// They do.
    Named,
    /// The truth is about conversations.
    Unknown,
}

impl Tally {
    /// Of nothing yet.
    ///
    /// # Errors
    /// When nothing can be timed.
    pub(crate) fn new(manifest: GroomingManifest, truth: AuthorTruth, drawn: Reservoir) -> Result<Self> {
        Ok(Self {
            manifest,
            records: Records::default(),
            messages: MessageTally::default(),
            cascade: CascadeTally::default(),
            authors: (truth == AuthorTruth::Named).then(Authors::default),
            times: StageTimes::new()?,
            drawn,
            alerted: None,
        })
    }

    /// Adds one conversation.
    pub(crate) fn add(&mut self, chat: Chat, judgement: &Judgement) {
        self.records.add(&chat, judgement);
        self.messages.add(&self.manifest, &chat.messages, &judgement.looked.scores);
        self.cascade.add(&self.manifest, &chat, &judgement.looked);
        if let Some(authors) = &mut self.authors {
            authors.add(&chat, &judgement.walk);
        }
        self.drawn.offer(chat);
    }

    /// Whether the model has a first stage at all.
    pub(crate) fn has_screen(&self) -> bool {
        self.manifest.has_screen()
    }

    /// How many so far.
    pub(crate) fn n(&self) -> usize {
        self.records.all().len()
    }

    /// Whether there is anything to report.
    ///
    /// # Errors
    /// When there is not: a wrong split must not look like a perfect model.
    pub(crate) fn check(&self) -> Result<()> {
        ensure!(
            self.n() > 0,
            "there are no conversations in the data, or none of the split that was asked for"
        );
        Ok(())
    }
}
