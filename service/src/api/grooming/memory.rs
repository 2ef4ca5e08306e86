//! A memory with two bounds, a number of things and a number of bytes: beyond either, what was not asked for the longest is
//! forgotten. It knows how large things are, and nothing else of them.

use lru::LruCache;

/// Something that takes memory.
pub(super) trait Weighed {
    /// So many bytes, roughly.
    fn bytes(&self) -> usize;
}

/// Both bounds. The thing that was asked for last is kept whatever they say.
#[derive(Debug, Clone, Copy)]
pub(super) struct Room {
    pub(super) things: usize,
    pub(super) bytes: usize,
}

/// Things by their ids.
pub(super) struct Memory<T> {
    /// It grows with what is in it: one with a bound of its own makes room for all at once.
    kept: LruCache<String, Kept<T>>,
    bytes: usize,
    room: Room,
}

struct Kept<T> {
    thing: T,
    /// Of its id and of itself, as they are counted in the sum.
    bytes: usize,
}

impl<T: Weighed> Memory<T> {
    pub(super) fn new(room: Room) -> Self {
        Self { kept: LruCache::unbounded(), bytes: 0, room }
    }

    /// Changes the thing of this id; `None` when there is none, or none any more.
    pub(super) fn change<R>(&mut self, id: &str, change: impl FnOnce(&mut T) -> R) -> Option<R> {
        let kept = self.kept.get_mut(id)?;
        let done = change(&mut kept.thing);
        let bytes = id.len() + kept.thing.bytes();
        self.bytes = self.bytes - std::mem::replace(&mut kept.bytes, bytes) + bytes;
        self.forget();
        Some(done)
    }

    /// Begins the thing of this id unless there is one.
    pub(super) fn begin<E>(&mut self, id: &str, begin: impl FnOnce() -> Result<T, E>) -> Result<(), E> {
        if !self.kept.contains(id) {
            self.kept.put(id.to_owned(), Kept { thing: begin()?, bytes: 0 });
        }
        Ok(())
    }

    fn forget(&mut self) {
        while self.kept.len() > 1 && (self.kept.len() > self.room.things || self.bytes > self.room.bytes) {
            self.bytes -= self.kept.pop_lru().map_or(0, |(_, kept)| kept.bytes);
        }
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;

    use super::*;

    impl Weighed for String {
        fn bytes(&self) -> usize {
            self.len()
        }
    }

    /// Remembers so many bytes under an id of one byte.
    fn remember(memory: &mut Memory<String>, id: &str, bytes: usize) {
        let Ok(()) = memory.begin(id, || Ok::<_, Infallible>(String::new()));
        memory.change(id, |text| *text = "x".repeat(bytes)).expect("it has just begun");
    }

    fn known(memory: &Memory<String>, ids: [&str; 3]) -> [bool; 3] {
        ids.map(|id| memory.kept.contains(id))
    }

    #[test]
    fn beyond_its_bytes_the_one_silent_for_longest_is_forgotten() {
        let mut memory = Memory::new(Room { things: 100, bytes: 30 });
        ["a", "b", "c"].into_iter().for_each(|id| remember(&mut memory, id, 9));
        assert_eq!((known(&memory, ["a", "b", "c"]), memory.bytes), ([true; 3], 30));
        // It grows by one byte, and is not the one silent for longest any more.
        remember(&mut memory, "a", 10);
        assert_eq!((known(&memory, ["a", "b", "c"]), memory.bytes), ([true, false, true], 21));
        remember(&mut memory, "d", 1000);
        assert_eq!((known(&memory, ["a", "c", "d"]), memory.bytes), ([false, false, true], 1001));
        remember(&mut memory, "d", 3);
        assert_eq!((memory.kept.len(), memory.bytes), (1, 4), "what shrinks gives its room back");
    }

    #[test]
    fn beyond_its_number_the_one_silent_for_longest_is_forgotten() {
        let mut memory = Memory::new(Room { things: 2, bytes: usize::MAX });
        ["a", "b", "a", "c"].into_iter().for_each(|id| remember(&mut memory, id, 1));
        assert_eq!((known(&memory, ["a", "b", "c"]), memory.bytes), ([true, false, true], 4));
        assert_eq!(memory.change("b", |_| ()), None);
    }
}
