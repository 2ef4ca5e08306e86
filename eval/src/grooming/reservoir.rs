//! A fair draw of conversations from a stream whose length nobody knows, to be looked at again later.

use rand::{RngExt, SeedableRng};
use rand_pcg::Pcg64;

use crate::dataset::Chat;

/// So many conversations of each class, each with the same chance of being among them (Vitter's algorithm R).
#[derive(Debug)]
pub(crate) struct Reservoir {
    positives: Draw,
    negatives: Draw,
}

#[derive(Debug)]
struct Draw {
    room: usize,
    offered: usize,
    drawn: Vec<Chat>,
    random: Pcg64,
}

impl Reservoir {
    /// With room for `room` conversations of each class.
    pub(crate) fn new(room: usize, seed: u64) -> Self {
        let draw = |stream: u64| {
            let random = Pcg64::seed_from_u64(seed.wrapping_mul(2).wrapping_add(stream));
            Draw { room, offered: 0, drawn: Vec::new(), random }
        };
        Self { positives: draw(0), negatives: draw(1) }
    }

    /// Takes `chat` in, if it is drawn.
    pub(crate) fn offer(&mut self, chat: Chat) {
        if chat.positive { self.positives.offer(chat) } else { self.negatives.offer(chat) }
    }

    /// How many were drawn.
    pub(crate) fn n(&self) -> usize {
        self.positives.drawn.len() + self.negatives.drawn.len()
    }

    /// The positives that were drawn.
    pub(crate) fn positives(&self) -> &[Chat] {
        &self.positives.drawn
    }

    /// The negatives that were drawn.
    pub(crate) fn negatives(&self) -> &[Chat] {
        &self.negatives.drawn
    }
}

impl Draw {
    fn offer(&mut self, chat: Chat) {
        // Two pieces of one conversation are not independent: the first that is drawn stands for all.
        if self.drawn.iter().any(|drawn| drawn.shares_original(&chat)) {
            return;
        }
        self.offered += 1;
        if self.drawn.len() < self.room {
            self.drawn.push(chat);
        } else if let Some(place) = self.drawn.get_mut(self.random.random_range(0..self.offered)) {
            *place = chat;
        }
    }
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::super::testing::chat;
    use super::*;

    #[test]
    fn every_conversation_has_the_same_chance() {
        let mut drawn: HashMap<String, usize> = HashMap::new();
        for seed in 0..2000 {
            let mut reservoir = Reservoir::new(3, seed);
            (0..10).for_each(|id| reservoir.offer(chat(&id.to_string(), true, &["text"])));
            assert_eq!((reservoir.positives().len(), reservoir.negatives().len()), (3, 0));
            for chat in reservoir.positives() {
                *drawn.entry(chat.conversation_id.clone()).or_default() += 1;
            }
        }
        // Binomial(2000, 0.3): mean 600, standard deviation 20.5; four of them are 82.
        assert!(drawn.len() == 10 && drawn.values().all(|count| count.abs_diff(600) < 82), "{drawn:?}");
    }

    #[test]
    fn one_piece_of_a_conversation_is_enough() {
        let mut reservoir = Reservoir::new(5, 1);
        for id in ["a/0", "a/1", "b/0"] {
            let original = id[..1].to_owned();
            reservoir.offer(Chat { original, ..chat(id, false, &["text"]) });
        }
        let ids: Vec<_> = reservoir.negatives().iter().map(|chat| chat.conversation_id.as_str()).collect();
        assert_eq!(ids, ["a/0", "b/0"]);
    }

    #[test]
    fn two_sources_may_number_their_conversations_alike() {
        let mut reservoir = Reservoir::new(5, 1);
        for source in ["games", "school"] {
            reservoir.offer(Chat { source: source.to_owned(), ..chat("1", false, &["text"]) });
        }
        let sources: Vec<_> = reservoir.negatives().iter().map(|chat| chat.source.as_str()).collect();
        assert_eq!(sources, ["games", "school"]);
    }

    #[test]
    fn no_room_draws_nothing() {
        let mut reservoir = Reservoir::new(0, 1);
        reservoir.offer(chat("a", true, &["text"]));
        assert!(reservoir.positives().is_empty());
    }
}
