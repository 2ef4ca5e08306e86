//! Who wrote, who is known to show the pattern, and who was flagged: for data that name authors (PAN12).

use std::collections::HashMap;

use super::hash::hash;
use super::walk::Walk;
use crate::dataset::Chat;

/// Every author so far, over all conversations.
#[derive(Debug, Default)]
pub(crate) struct Authors(HashMap<u64, Author>);

/// What is known of one author.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(crate) struct Author {
    /// Named by the data as showing the pattern.
    pub(crate) positive: bool,
    /// In ALERT themselves at some message of some conversation.
    pub(crate) flagged: bool,
}

impl Authors {
    /// Adds those who wrote in `chat`.
    pub(crate) fn add(&mut self, chat: &Chat, walk: &Walk) {
        for message in &chat.messages {
            self.0.entry(hash(&message.author)).or_default();
        }
        for positive in &chat.positive_authors {
            self.0.entry(hash(positive)).or_default().positive = true;
        }
        for flagged in &walk.alerted_authors {
            self.0.entry(hash(flagged)).or_default().flagged = true;
        }
    }

    /// In no order.
    pub(crate) fn all(&self) -> impl Iterator<Item = Author> {
        self.0.values().copied()
    }

    /// These, under any names.
    #[cfg(test)]
    pub(crate) fn testing(authors: &[Author]) -> Self {
        Self((0..).zip(authors.iter().copied()).collect())
    }
}

#[cfg(test)]
mod tests {
    use super::super::testing::{chat, risk_model, score};
    use super::super::walk::observations;
    use super::*;

    #[test]
    fn one_flag_in_any_conversation_is_enough() {
        let mut authors = Authors::default();
        let model = risk_model();
        let mut first = chat("a", true, &["text"; 20]);
        first.positive_authors = vec!["A".to_owned()];
        // A writes the messages at even places, and only they show anything.
        let shown: Vec<_> =
            (0..20).map(|place| Some(score(if place % 2 == 0 { 0.99 } else { 0.01 }))).collect();
        let quiet = vec![Some(score(0.01)); 20];
        authors.add(&first, &Walk::of(&model, &observations(&first, &shown)));
        authors.add(&first, &Walk::of(&model, &observations(&first, &quiet)));
        let mut found: Vec<_> = authors.all().map(|author| (author.positive, author.flagged)).collect();
        found.sort_unstable();
        assert_eq!(found, [(false, false), (true, true)]);
    }
}
