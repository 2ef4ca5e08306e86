//! The third step, pure: what the messages of one conversation add up to, in their order, author by author.
//!
//! Causal and incremental: an assessment after a message depends on that message and those before it, and on nothing
//! else. The state of a conversation is bounded whatever its length, so one can be kept for each chat of a stream.

use std::collections::{HashMap, VecDeque};
use std::sync::Arc;

use super::evidence::AuthorEvidence;
use super::manifest::LanguageSettings;
use super::parameters::{KnownAges, RiskParameters};
use super::{
    Abstention, AgeGroup, Assessment, AuthorAssessment, GroomingManifest, MessageScore, RiskState, WordCount,
};

/// Authors kept for each conversation. When one more speaks, the one with the least risk is forgotten.
const MAX_AUTHORS: usize = 64;
/// People addressed that are kept for each author, and how much of the most addressed one's share names another.
const MAX_TOWARD: usize = 8;
const TOWARD_SHARE: f64 = 0.25;
const SECONDS_PER_DAY: f64 = 86_400.0;

/// The conversation's risk, from the manifest's `[risk]` and `[language]`. Cheap to clone.
#[derive(Debug, Clone)]
pub struct RiskModel(Arc<Settings>);

#[derive(Debug)]
struct Settings {
    risk: RiskParameters,
    language: LanguageSettings,
}

/// The next message of a conversation, scored.
#[derive(Debug, Clone)]
pub struct Observation {
    /// Named by evidence and by `first_alert_message_id`.
    pub message_id: String,
    /// Who wrote it.
    pub author_id: String,
    /// Seconds since any fixed moment; where it is known, old evidence fades with time too.
    pub sent_at: Option<f64>,
    /// From the message model.
    pub score: MessageScore,
}

/// One conversation so far.
#[derive(Debug, Clone)]
pub struct ConversationRisk {
    model: RiskModel,
    age_groups: HashMap<String, AgeGroup>,
    /// The one who spoke last stands last.
    authors: VecDeque<Author>,
    words: WordCount,
    last_sent_at: Option<f64>,
    first_alert: Option<String>,
}

#[derive(Debug, Clone)]
struct Author {
    id: String,
    evidence: AuthorEvidence,
    risk: f64,
    state: RiskState,
    /// Logits shown toward others, and those shown before anybody else had spoken.
    toward: Vec<(String, f64)>,
    unaddressed: f64,
}

impl RiskModel {
    /// The model that the manifest describes.
    #[must_use]
    pub fn new(manifest: &GroomingManifest) -> Self {
        Self(Arc::new(Settings { risk: manifest.risk, language: manifest.language.clone() }))
    }

    /// An empty conversation. `age_groups`: what the platform knows of its authors; it shifts the prior only.
    #[must_use]
    pub fn conversation(&self, age_groups: HashMap<String, AgeGroup>) -> ConversationRisk {
        ConversationRisk {
            model: self.clone(),
            age_groups,
            authors: VecDeque::new(),
            words: WordCount::default(),
            last_sent_at: None,
            first_alert: None,
        }
    }
}

impl ConversationRisk {
    /// Takes in the next message.
    pub fn observe(&mut self, observation: &Observation) {
        let fading = self.fading(observation.sent_at);
        self.authors.iter_mut().for_each(|author| author.evidence.fade(fading));
        self.words = self.words.plus(observation.score.words);
        self.bring_forward(&observation.author_id);
        self.answer_unaddressed();
        self.add(observation);
        self.update_states(&observation.message_id);
    }

    /// What the messages so far add up to.
    #[must_use]
    pub fn assessment(&self) -> Assessment {
        let abstained = self.abstention();
        let mut authors: Vec<&Author> = self.authors.iter().collect();
        authors.sort_by(|left, right| right.risk.total_cmp(&left.risk));
        let Some(leading) = authors.first().filter(|_| abstained.is_none()) else {
            return Assessment::none(abstained, self.first_alert.clone());
        };
        Assessment {
            risk: leading.risk as f32,
            state: self.authors.iter().map(|author| author.state).max().unwrap_or_default(),
            evidence: leading.evidence.shares(leading.evidence.lift(&self.model.0.risk)),
            stages: leading.evidence.stages(),
            by_author: authors.into_iter().map(Author::assessment).collect(),
            first_alert_message_id: self.first_alert.clone(),
            abstained,
        }
    }

    /// The most urgent of the authors' states: that of [`Self::assessment`], without the cost of the rest.
    #[must_use]
    pub fn state(&self) -> RiskState {
        self.authors.iter().map(|author| author.state).max().unwrap_or_default()
    }

    /// The authors who are in `state` themselves.
    pub fn authors_in(&self, state: RiskState) -> impl Iterator<Item = &str> {
        self.authors.iter().filter(move |author| author.state == state).map(|author| author.id.as_str())
    }

    /// Why the messages so far allow no judgement, if they allow none. A state that was reached is not taken back by text that
    /// would not have been judged.
    #[must_use]
    pub fn abstention(&self) -> Option<Abstention> {
        let judged = self.state() > RiskState::None;
        Abstention::of(self.words, &self.model.0.language).filter(|_| !judged)
    }

    /// Bytes of memory that it takes beyond its own size, roughly: the callers' ids make most of them.
    #[must_use]
    pub fn bytes(&self) -> usize {
        let groups = self.age_groups.keys().map(|id| size_of::<(String, AgeGroup)>() + id.len());
        let authors = self.authors.iter().map(Author::bytes);
        groups.chain(authors).sum::<usize>() + self.first_alert.as_ref().map_or(0, String::len)
    }

    /// What is left of old evidence when one more message arrives. Clocks that run backwards count as standing still until they
    /// have caught up.
    fn fading(&mut self, sent_at: Option<f64>) -> f64 {
        let risk = &self.model.0.risk;
        let sent_at = sent_at.filter(|seconds| seconds.is_finite());
        let days =
            sent_at.zip(self.last_sent_at).map_or(0.0, |(now, last)| (now - last).max(0.0) / SECONDS_PER_DAY);
        self.last_sent_at = sent_at.into_iter().chain(self.last_sent_at).reduce(f64::max);
        0.5_f64.powf(1.0 / risk.half_life_messages + days / risk.half_life_days)
    }

    /// Makes the author the last of the list, new or known.
    fn bring_forward(&mut self, id: &str) {
        let known = self.authors.iter().position(|author| author.id == id);
        let author = known.and_then(|index| self.authors.remove(index)).unwrap_or_else(|| Author::new(id));
        if self.authors.len() == MAX_AUTHORS {
            let risks = self.authors.iter().map(|author| author.risk).enumerate();
            let least = risks.min_by(|left, right| left.1.total_cmp(&right.1));
            least.and_then(|(index, _)| self.authors.remove(index));
        }
        self.authors.push_back(author);
    }

    /// Whoever spoke into the empty room was speaking to the next one who spoke.
    fn answer_unaddressed(&mut self) {
        let Some(speaker) = self.authors.back().map(|author| author.id.clone()) else { return };
        for author in self.authors.iter_mut().filter(|author| author.id != speaker) {
            let lift = std::mem::take(&mut author.unaddressed);
            author.address(&speaker, lift);
        }
    }

    fn add(&mut self, observation: &Observation) {
        let addressed = self.authors.iter().rev().nth(1).map(|author| author.id.clone());
        let Some(speaker) = self.authors.back_mut() else { return };
        let lift = speaker.evidence.add(&observation.message_id, &observation.score, &self.model.0.risk);
        match addressed {
            Some(other) => speaker.address(&other, lift),
            None => speaker.unaddressed += lift,
        }
    }

    fn update_states(&mut self, message_id: &str) {
        let judged = self.abstention().is_none();
        let groups: Vec<_> =
            self.authors.iter().map(|author| self.age_groups.get(&author.id).copied()).collect();
        let count = |group| groups.iter().filter(|&&of| of == Some(group)).count();
        let known = KnownAges { minors: count(AgeGroup::Minor), adults: count(AgeGroup::Adult) };
        let risk = &self.model.0.risk;
        for (author, &group) in self.authors.iter_mut().zip(&groups) {
            let logit = risk.intercept + risk.age_groups.prior(group, known) + author.evidence.lift(risk);
            author.risk = 1.0 / (1.0 + (-logit).exp());
            author.state = if judged { risk.state(author.risk, author.state) } else { RiskState::None };
        }
        let alert = self.authors.iter().any(|author| author.state == RiskState::Alert);
        if alert && self.first_alert.is_none() {
            self.first_alert = Some(message_id.to_owned());
        }
    }
}

impl Author {
    fn new(id: &str) -> Self {
        Self {
            id: id.to_owned(),
            evidence: AuthorEvidence::default(),
            risk: 0.0,
            state: RiskState::None,
            toward: Vec::new(),
            unaddressed: 0.0,
        }
    }

    fn address(&mut self, other: &str, lift: f64) {
        if lift <= 0.0 {
            return;
        }
        match self.toward.iter_mut().find(|(id, _)| id == other) {
            Some((_, shown)) => *shown += lift,
            None => self.toward.push((other.to_owned(), lift)),
        }
        self.toward.sort_by(|left, right| right.1.total_cmp(&left.1));
        self.toward.truncate(MAX_TOWARD);
    }

    fn bytes(&self) -> usize {
        let toward = self.toward.iter().map(|(id, _)| size_of::<(String, f64)>() + id.len());
        size_of::<Self>() + self.id.len() + self.evidence.bytes() + toward.sum::<usize>()
    }

    fn assessment(&self) -> AuthorAssessment {
        let most = self.toward.first().map_or(0.0, |(_, shown)| *shown);
        let named = self.toward.iter().filter(|(_, shown)| *shown >= TOWARD_SHARE * most);
        AuthorAssessment {
            author_id: self.id.clone(),
            toward: named.map(|(id, _)| id.clone()).collect(),
            risk: self.risk as f32,
            state: self.state,
        }
    }
}
