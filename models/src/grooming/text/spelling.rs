//! Words that are disguised, stretched or mistyped: digits for letters, a space after each letter, one letter many times, slips.

use super::dictionary::{Dictionary, LONGEST};
use super::glyphs::Glyph;

/// Digits and signs that stand for letters.
const LETTERS: [(char, char); 9] = [
    ('4', 'a'),
    ('@', 'a'),
    ('3', 'e'),
    ('1', 'i'),
    ('!', 'i'),
    ('0', 'o'),
    ('5', 's'),
    ('$', 's'),
    ('7', 't'),
];
/// What follows a number and makes it a quantity, not a disguise.
const UNITS: [&str; 15] =
    ["st", "nd", "rd", "th", "am", "pm", "s", "k", "m", "h", "d", "x", "v", "yo", "yrs"];
/// So many single letters in a row are a spaced word, or several; fewer are one only if they make a word of [`SHORT_WORDS`].
const LEAST_SPACED: usize = 3;
/// The shortest words. What looks like a number is one of them only where other words are disguised, too.
const SHORT_WORDS: [&str; 30] = [
    "am", "an", "and", "as", "at", "be", "by", "do", "go", "he", "hi", "if", "im", "in", "is", "it", "me",
    "my", "no", "of", "oh", "ok", "on", "or", "so", "to", "up", "ur", "us", "we",
];
/// Signs that stand for a whole word where other words are disguised, too.
const WORDS_OF_ONE_SIGN: [(char, char); 2] = [('1', 'i'), ('4', 'a')];
/// From so many letters on, a word that no dictionary has is read as letters where other words are disguised, too.
const LEAST_UNKNOWN: usize = 4;
/// Letters that stand for a word by themselves; several in a row are one word only if it is among the commonest.
const WORDS_OF_ONE_LETTER: &str = "aiurknycbox";
const COMMONEST: u32 = 1_500;
/// So many of a letter in a row are a stretched one: English has no three.
const STRETCHED: usize = 3;
/// So many of a sign are kept.
const SIGNS_KEPT: usize = 3;

/// Reads words like `h0w` as the words that they stand for. Numbers, quantities and names such as `ps5` stay, unless another word
/// of the text is disguised beyond doubt: then `15` is `is`.
pub(super) fn digits_to_letters(glyphs: &mut [Glyph], words: &Dictionary) {
    let is_disguised = |word: &&[Glyph]| undisguised(word_without_calls(word), words).is_some();
    if words.is_empty()
        || !glyphs.split(|glyph| !is_word_part(glyph.character)).any(|word| is_disguised(&word))
    {
        return;
    }
    for word in glyphs.split_mut(|glyph| !is_word_part(glyph.character)) {
        let end = word_without_calls(word).len();
        let word = &mut word[..end];
        if let Some(letters) = undisguised(word, words).or_else(|| undisguised_among_others(word)) {
            word.iter_mut().zip(letters).for_each(|(glyph, letter)| glyph.character = letter);
        }
    }
}

/// Joins letters that stand alone, one space apart, to the word or words that they make.
pub(super) fn close_up(glyphs: &mut Vec<Glyph>, words: &Dictionary) {
    let mut kept = Vec::with_capacity(glyphs.len());
    let mut rest = &glyphs[..];
    while !rest.is_empty() {
        let run = if is_joined(kept.last()) { 0 } else { letters_apart(rest) };
        let (run, after) = rest.split_at(run.max(1));
        let (plain, spaced) = run.split_at(start_of_spaced(run, words));
        kept.extend_from_slice(plain);
        join(spaced, words, &mut kept);
        rest = after;
    }
    *glyphs = kept;
}

/// Appends every second glyph of `spaced`; of the spaces between them, those that part two words.
fn join(spaced: &[Glyph], words: &Dictionary, kept: &mut Vec<Glyph>) {
    let letters: Vec<char> =
        spaced.iter().step_by(2).map(|glyph| glyph.character.to_ascii_lowercase()).collect();
    let starts = words.cuts(&letters);
    for (at, letter) in spaced.iter().step_by(2).enumerate() {
        if at > 0 && starts.contains(&at) {
            kept.push(spaced[2 * at - 1].clone());
        }
        kept.push(letter.clone());
    }
}

/// Reads words that no dictionary has as the common word of which they are a slip of the finger.
pub(super) fn correct(glyphs: &mut Vec<Glyph>, words: &Dictionary) {
    let mut kept = Vec::with_capacity(glyphs.len());
    for run in glyphs.chunk_by(|left, right| is_in_word(left) == is_in_word(right)) {
        let letters: Vec<char> = run.iter().map(|glyph| glyph.character.to_ascii_lowercase()).collect();
        match words.corrected(&letters) {
            // Nobody can say which letter came from which: each came from the whole word.
            Some(letters) => {
                let source = run[0].source.start..run[run.len() - 1].source.end;
                kept.extend(letters.into_iter().map(|character| Glyph { character, source: source.clone() }));
            }
            None => kept.extend_from_slice(run),
        }
    }
    *glyphs = kept;
}

/// Three and more of a letter become one, or two where that makes the commoner word; more than three of a sign three; digits stay.
pub(super) fn shorten_repeats(glyphs: &mut Vec<Glyph>, words: &Dictionary) {
    let mut kept = Vec::with_capacity(glyphs.len());
    for word in
        glyphs.chunk_by(|left, right| left.character.is_alphabetic() == right.character.is_alphabetic())
    {
        let ways = [1, 2].map(|letters| shortened(word, letters));
        let place = |way: &Vec<Glyph>| {
            let letters: Vec<char> = way.iter().map(|glyph| glyph.character).collect();
            words.place(&lower_case(&letters)).unwrap_or(u32::MAX)
        };
        kept.extend(ways.into_iter().min_by_key(place).unwrap_or_default());
    }
    *glyphs = kept;
}

/// Of what is repeated so many letters are kept.
fn shortened(word: &[Glyph], letters: usize) -> Vec<Glyph> {
    let runs = word.chunk_by(|left, right| left.character.eq_ignore_ascii_case(&right.character));
    let kept = runs.flat_map(|run| {
        let length = match run[0].character {
            _ if run.len() < STRETCHED => run.len(),
            character if character.is_numeric() => run.len(),
            character if character.is_alphabetic() => letters,
            _ => run.len().min(SIGNS_KEPT),
        };
        &run[..length]
    });
    kept.cloned().collect()
}

/// The letters that the characters of a word stand for, when they make a known word.
fn undisguised(word: &[Glyph], words: &Dictionary) -> Option<Vec<char>> {
    let letters = read_as_letters(word).filter(|_| !is_quantity(word))?;
    let read = lower_case(&letters);
    let is_word = if word.len() > 2 { words.is_common(&read) } else { SHORT_WORDS.contains(&read.as_str()) };
    is_word.then_some(letters)
}

/// The same where another word is disguised beyond doubt: numbers may be short words, and names are read as well.
fn undisguised_among_others(word: &[Glyph]) -> Option<Vec<char>> {
    if let [glyph] = word {
        let word = WORDS_OF_ONE_SIGN.iter().find(|&&(sign, _)| sign == glyph.character);
        return word.map(|&(_, letter)| vec![letter]);
    }
    let letters = read_as_letters(word)?;
    let is_name = word.len() >= LEAST_UNKNOWN
        && !is_quantity(word)
        && letters.iter().all(|letter| letter.is_alphabetic());
    (is_name || SHORT_WORDS.contains(&lower_case(&letters).as_str())).then_some(letters)
}

/// None: nothing in it stands for a letter, or it is somebody's name after an @.
fn read_as_letters(word: &[Glyph]) -> Option<Vec<char>> {
    if word.first().is_some_and(|glyph| glyph.character == '@') {
        return None;
    }
    let letter =
        |character: char| LETTERS.iter().find(|&&(sign, _)| sign == character).map(|&(_, letter)| letter);
    let disguised = word.iter().any(|glyph| letter(glyph.character).is_some());
    disguised.then(|| word.iter().map(|glyph| letter(glyph.character).unwrap_or(glyph.character)).collect())
}

fn lower_case(letters: &[char]) -> String {
    letters.iter().collect::<String>().to_lowercase()
}

/// Without the exclamation marks at its end.
fn word_without_calls(word: &[Glyph]) -> &[Glyph] {
    let end = word.iter().rposition(|glyph| glyph.character != '!').map_or(0, |last| last + 1);
    &word[..end]
}

/// Whether it is a number, perhaps with a unit.
fn is_quantity(word: &[Glyph]) -> bool {
    let unit = word.iter().position(|glyph| !glyph.character.is_ascii_digit() && glyph.character != '$');
    let unit: String = word[unit.unwrap_or(word.len())..].iter().map(|glyph| glyph.character).collect();
    unit.len() < word.len() && (unit.is_empty() || UNITS.contains(&unit.to_lowercase().as_str()))
}

fn is_word_part(character: char) -> bool {
    character.is_alphanumeric() || LETTERS.iter().any(|&(sign, _)| sign == character)
}

/// Whether what follows this glyph belongs to the same word.
fn is_joined(glyph: Option<&Glyph>) -> bool {
    glyph.is_some_and(|glyph| is_word_part(glyph.character) || matches!(glyph.character, '\'' | '-'))
}

/// How many glyphs at the start are single letters with a space between them; 0 where there is none.
fn letters_apart(glyphs: &[Glyph]) -> usize {
    let is_letter = |at: usize| glyphs.get(at).is_some_and(|glyph| glyph.character.is_alphanumeric());
    // A gap wider than one space, or anything but a space, ends the run.
    let goes_on = |n: usize| n == 0 || glyphs[2 * n - 1].character == ' ';
    let is_next = |&n: &usize| is_letter(2 * n) && goes_on(n) && !is_joined(glyphs.get(2 * n + 1));
    (2 * (0..).take_while(is_next).count()).saturating_sub(1)
}

/// Where in a run of single letters those begin that make words; the end of the run if none do.
///
/// A letter that is no word by itself tells that all of the run is spaced. Where there is none, only its last letters can be a word, so the
/// cost is that of the run's length.
fn start_of_spaced(run: &[Glyph], words: &Dictionary) -> usize {
    let letters: Vec<char> =
        run.iter().step_by(2).map(|glyph| glyph.character.to_ascii_lowercase()).collect();
    let is_part = |letter: &char| letter.is_alphabetic() && !WORDS_OF_ONE_LETTER.contains(*letter);
    if letters.len() >= LEAST_SPACED && letters.iter().any(is_part) {
        return 0;
    }
    let is_word = |start: &usize| {
        let read = lower_case(&letters[*start..]);
        match letters.len() - start {
            LEAST_SPACED.. => words.place(&read).is_some_and(|place| place < COMMONEST),
            _ => SHORT_WORDS.contains(&read.as_str()),
        }
    };
    let first = letters.len().saturating_sub(LONGEST);
    (first..letters.len()).find(is_word).map_or(run.len(), |start| 2 * start)
}

/// Letters and what joins them, as in `don't`: a part of such a word is no word to correct.
fn is_in_word(glyph: &Glyph) -> bool {
    glyph.character.is_alphanumeric() || matches!(glyph.character, '\'' | '_' | '-' | '@' | '[' | ']')
}

#[cfg(test)]
mod tests {
    use super::super::{Normaliser, normalise};

    fn read(text: &str) -> String {
        let words = [
            "how", "old", "parents", "it", "is", "class", "st", "ten", "to", "so", "castle", "now", "the",
            "you", "good", "god",
        ];
        Normaliser::new(words.into_iter().map(str::to_owned).collect()).normalise(text).text
    }

    #[test]
    fn digits_inside_known_words_are_letters() {
        assert_eq!(read("H0w 0ld is it? p4r3nt$"), "How old is it? parents");
        assert_eq!(read("so!! 1t is"), "so!! it is");
    }

    #[test]
    fn numbers_quantities_and_names_stay() {
        for text in ["10 is 10", "the 1st at 7am for $5", "ps5 and mp3", "5s 50k", "2 to 3"] {
            assert_eq!(read(text), text);
        }
    }

    #[test]
    fn spaced_words_are_closed_up() {
        assert_eq!(normalise("the c a s t l e  n o w, b e l o w"), "the castle now, below");
        assert_eq!(normalise("u r a star, i c u"), "u r a star, i c u");
        assert_eq!(normalise("plan a b or c d"), "plan a b or c d");
    }

    #[test]
    fn among_disguised_words_numbers_and_names_are_disguised_too() {
        assert_eq!(read("h0w 0ld 15 b1u3f0x, 1 4sk 70"), "how old is biuefox, i 4sk to");
        assert_eq!(read("15 to 70, 1 bluef0x"), "15 to 70, 1 bluef0x");
        assert_eq!(read("h0w 0ld, @4lex f3"), "how old, @4lex f3");
    }

    #[test]
    fn several_spaced_words_are_parted_and_short_ones_closed_up() {
        assert_eq!(read("i s t h e c a s t l e o l d"), "is the castle old");
        assert_eq!(read("so i t is n o w, y o u"), "so it is now, you");
        assert_eq!(read("there's a t-shirt, i c u"), "there's a t-shirt, i c u");
    }

    #[test]
    fn letters_that_are_words_stay_apart_however_many() {
        // Read from each letter to the end of the run, this would take minutes.
        let text = ["a i 1"; 100_000].join(" ");
        assert_eq!(normalise(&text), text);
    }

    #[test]
    fn slips_of_the_finger_are_corrected() {
        assert_eq!(read("the csatle is Nwo, parnets"), "the castle is Nwo, parents");
        assert_eq!(read("x-csatle @csatle [csatle] csatle's"), "x-csatle @csatle [csatle] csatle's");
    }

    #[test]
    fn stretched_letters_are_one_and_signs_three() {
        assert_eq!(normalise("heyyyyyy!!!!! cool 1000000"), "hey!!! cool 1000000");
        assert_eq!(normalise("SOoOo good"), "SO good");
        assert_eq!(read("goooood soooo"), "good so");
    }
}
