//! The corpus of PAN 2012, "Sexual Predator Identification" (Inches and Crestani, CLEF 2012): conversations as XML,
//! and a list of the authors who are known to groom.
//!
//! `<conversations><conversation id><message line><author/><time/><text/></message>…`. A conversation is positive when
//! one of its authors is on the list; which of its messages belong to the pattern nobody says. The time is a time of
//! day without a day, and is left alone.

use std::collections::HashSet;
use std::path::Path;
use std::sync::Arc;

use anyhow::{Context, Result, anyhow, bail, ensure};
use indicatif::ProgressBar;
use quick_xml::XmlVersion;
use quick_xml::escape::resolve_predefined_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use super::chat_row::{ChatRow, MessageRow};
use super::lines::Lines;
use super::rows::{Located, Location, text};

/// The authors who are known to groom.
pub(crate) type Truth = Arc<HashSet<String>>;

/// The name of the source.
const SOURCE: &str = "pan12";

/// Reads a list of authors, one id a line.
///
/// # Errors
/// When it cannot be read, or names nobody: then every conversation would be negative.
pub(crate) fn truth(file: &Path) -> Result<Truth> {
    let ids = std::fs::read_to_string(file).with_context(|| format!("cannot read {}", file.display()))?;
    let ids = ids.trim_start_matches('\u{feff}').lines().map(str::trim).filter(|id| !id.is_empty());
    let authors: HashSet<String> = ids.map(str::to_owned).collect();
    ensure!(
        !authors.is_empty(),
        "{} names no author: give the list that belongs to the corpus",
        file.display()
    );
    Ok(Arc::new(authors))
}

/// The conversations of a file. One that lacks something is an error in its place; broken XML ends the file.
///
/// # Errors
/// When it cannot be opened.
pub(super) fn rows(
    file: &Path,
    truth: Truth,
    progress: &ProgressBar,
) -> Result<impl Iterator<Item = Located<ChatRow>> + Send + use<>> {
    let lines = Lines::of(text(file, progress)?);
    let mut corpus =
        Corpus { reader: Reader::from_reader(lines), buffer: Vec::new(), truth, root: Root::Before };
    let (file, mut ended): (Arc<Path>, bool) = (file.into(), false);
    Ok(std::iter::from_fn(move || {
        let next = if ended { Ok(None) } else { corpus.next_conversation() };
        ended = !matches!(next, Ok(Some(_)));
        match next {
            Ok(next) => {
                next.map(|(line, content)| Located { location: Location::line(&file, line), content })
            }
            Err(error) => {
                Some(Located { location: Location::line(&file, corpus.line()), content: Err(error) })
            }
        }
    }))
}

/// A corpus that is being read.
struct Corpus {
    reader: Reader<Lines>,
    buffer: Vec<u8>,
    truth: Truth,
    root: Root,
}

/// Where the reader is in the file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Root {
    Before,
    Inside,
    After,
}

/// A conversation that is being read. What it lacks is said when it is whole.
struct Draft {
    id: Result<String>,
    messages: Result<Vec<MessageRow>>,
}

impl Corpus {
    fn line(&self) -> u64 {
        self.reader.get_ref().line()
    }

    fn next_event(&mut self) -> Result<Event<'static>> {
        self.buffer.clear();
        let event = self.reader.read_event_into(&mut self.buffer).map_err(broken)?;
        match (&event, self.root) {
            (Event::Eof, Root::Before) => bail!("the file holds no <conversations>"),
            (Event::Eof, Root::Inside) => bail!("the file ends before </conversations>: fetch it again"),
            _ => Ok(event.into_owned()),
        }
    }

    /// The next conversation with the line that it begins on.
    fn next_conversation(&mut self) -> Result<Option<(u64, Result<ChatRow>)>> {
        loop {
            match self.next_event()? {
                Event::Start(tag) if self.root != Root::Inside => self.enter(&tag)?,
                Event::Empty(tag) if self.root != Root::Inside => {
                    self.enter(&tag)?;
                    self.root = Root::After;
                }
                Event::Start(tag) if is(&tag, "conversation") => {
                    let (line, id) = (self.line(), attribute(&tag, "id"));
                    let draft = Draft { id, messages: self.messages()? };
                    return Ok(Some((line, draft.finish(&self.truth))));
                }
                Event::Empty(tag) if is(&tag, "conversation") => {
                    let draft = Draft { id: attribute(&tag, "id"), messages: Ok(Vec::new()) };
                    return Ok(Some((self.line(), draft.finish(&self.truth))));
                }
                Event::Start(tag) => self.skip(&tag)?,
                Event::End(_) => self.root = Root::After,
                Event::Eof => return Ok(None),
                _ => {}
            }
        }
    }

    fn enter(&mut self, tag: &BytesStart<'_>) -> Result<()> {
        let name = tag.name();
        ensure!(
            is(tag, "conversations"),
            "this is no PAN12 corpus: it holds <{}>, not <conversations>",
            name.as_ref()
        );
        self.root = Root::Inside;
        Ok(())
    }

    /// The messages up to the conversation's end. The inner error is one of the data, not of the XML.
    fn messages(&mut self) -> Result<Result<Vec<MessageRow>>> {
        let mut messages = Vec::new();
        loop {
            match self.next_event()? {
                Event::Start(tag) if is(&tag, "message") => messages.push(self.message(&tag)?),
                Event::Empty(tag) if is(&tag, "message") => messages.push(Err(no_author(&tag))),
                Event::Start(tag) => self.skip(&tag)?,
                Event::End(_) => return Ok(messages.into_iter().collect()),
                _ => {}
            }
        }
    }

    fn message(&mut self, message: &BytesStart<'_>) -> Result<Result<MessageRow>> {
        let (mut author, mut text) = (None, String::new());
        loop {
            match self.next_event()? {
                Event::Start(tag) if is(&tag, "author") => author = Some(self.content()?),
                Event::Start(tag) if is(&tag, "text") => text = self.content()?,
                Event::Start(tag) => self.skip(&tag)?,
                Event::End(_) => break,
                _ => {}
            }
        }
        let author = author.map(|author| author.trim().to_owned()).filter(|author| !author.is_empty());
        let row =
            author.map(|speaker| MessageRow { speaker, text, sent_at: None, signals: None, risk: None });
        Ok(row.ok_or_else(|| no_author(message)))
    }

    /// The text up to the end of the element that was just begun.
    fn content(&mut self) -> Result<String> {
        let mut content = String::new();
        loop {
            match self.next_event()? {
                Event::Text(text) => content.push_str(&text.xml10_content()),
                Event::CData(text) => content.push_str(&text.xml10_content()),
                Event::GeneralRef(reference) => resolve(&reference, &mut content)?,
                Event::Start(tag) => self.skip(&tag)?,
                Event::End(_) => return Ok(content),
                _ => {}
            }
        }
    }

    fn skip(&mut self, tag: &BytesStart<'_>) -> Result<()> {
        let end = tag.to_end().into_owned();
        self.buffer.clear();
        self.reader.read_to_end_into(end.name(), &mut self.buffer).map_err(broken)?;
        Ok(())
    }
}

impl Draft {
    fn finish(self, truth: &Truth) -> Result<ChatRow> {
        let (conversation_id, messages) = (self.id.context("a conversation has no id")?, self.messages?);
        let authors: HashSet<&String> = messages.iter().map(|message| &message.speaker).collect();
        let mut positive_authors: Vec<String> =
            authors.into_iter().filter(|&author| truth.contains(author)).cloned().collect();
        positive_authors.sort_unstable();
        Ok(ChatRow {
            // Nothing was cut.
            original_id: Some(conversation_id.clone()),
            conversation_id,
            source: Some(SOURCE.to_owned()),
            split: None,
            slice: None,
            label: Some(if positive_authors.is_empty() { 0.0 } else { 1.0 }),
            messages,
            positive_authors,
        })
    }
}

fn is(tag: &BytesStart<'_>, name: &str) -> bool {
    tag.name().as_ref() == name
}

fn attribute(tag: &BytesStart<'_>, name: &str) -> Result<String> {
    let attribute =
        tag.try_get_attribute(name)?.with_context(|| format!("there is no attribute `{name}`"))?;
    let value = attribute.normalized_value(XmlVersion::Implicit1_0)?;
    ensure!(!value.trim().is_empty(), "the attribute `{name}` is empty");
    Ok(value.trim().to_owned())
}

/// The error says its source itself.
fn broken(error: quick_xml::Error) -> anyhow::Error {
    anyhow!("this is not well-formed XML: {error}")
}

fn no_author(message: &BytesStart<'_>) -> anyhow::Error {
    let line = attribute(message, "line").map_or_else(|_| String::new(), |line| format!(" {line}"));
    anyhow!("message{line} has no author")
}

fn resolve(reference: &BytesRef<'_>, text: &mut String) -> Result<()> {
    match reference.resolve_char_ref()? {
        Some(character) => text.push(character),
        None => match resolve_predefined_entity(reference) {
            Some(known) => text.push_str(known),
            None => bail!("&{}; is not an entity that XML knows", &**reference),
        },
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    const WEATHER: &str = r#"<?xml version="1.0" encoding="UTF-8"?>
<!-- made up -->
<conversations>
  <conversation id="c1">
    <message line="1"><author>a1</author><time>03:20</time><text>rain &amp; wind today &lt;3 &#x263A;</text></message>
    <message line="2"><author> a2 </author><time>03:21</time><text/></message>
    <message line="3"><author>a1</author><time>03:22</time><text></text></message>
  </conversation>
  <conversation id="c2">
    <message line="1"><author>a3</author><time>10:00</time><text><![CDATA[3 < 4 & 4 < 5?]]></text><mood>fine</mood></message>
    <message line="2"><author>a4</author><time>10:01</time><text>two
lines</text></message>
  </conversation>
  <conversation id="c3"/>
</conversations>
"#;

    fn read(xml: &str, ids: &str) -> Vec<Result<ChatRow>> {
        let folder = tempfile::tempdir().unwrap();
        let (corpus, list) = (folder.path().join("corpus.xml"), folder.path().join("ids.txt"));
        std::fs::write(&corpus, xml).unwrap();
        std::fs::write(&list, ids).unwrap();
        let rows = rows(&corpus, truth(&list).unwrap(), &ProgressBar::hidden()).unwrap();
        rows.map(Located::into_result).collect()
    }

    fn said(rows: &[Result<ChatRow>]) -> String {
        format!("{:#}", rows.last().unwrap().as_ref().unwrap_err())
    }

    #[test]
    fn a_listed_author_makes_a_conversation_positive() {
        let rows = read(WEATHER, "a9\r\n\r\n  a2 \r\na1\r\n");
        let rows: Vec<_> = rows.into_iter().map(Result::unwrap).collect();
        assert_eq!(rows.iter().map(|row| row.label).collect::<Vec<_>>(), [Some(1.0), Some(0.0), Some(0.0)]);
        assert_eq!(rows[0].positive_authors, ["a1", "a2"]);
        assert_eq!((rows[0].conversation_id.as_str(), rows[0].original()), ("c1", "c1"));
        assert_eq!(rows[2].messages.len(), 0);
    }

    #[test]
    fn text_is_what_was_written() {
        let rows = read(WEATHER, "a1");
        let texts = |row: usize| -> Vec<String> {
            let row = rows[row].as_ref().unwrap();
            row.messages.iter().map(|message| message.text.clone()).collect()
        };
        assert_eq!(texts(0), ["rain & wind today <3 \u{263a}", "", ""]);
        assert_eq!(texts(1), ["3 < 4 & 4 < 5?", "two\nlines"]);
    }

    #[test]
    fn what_a_conversation_lacks_does_not_end_the_file() {
        let xml = WEATHER.replace("<author> a2 </author>", "").replace(" id=\"c3\"", "");
        let rows = read(&xml, "a1");
        let message = format!("{:#}", rows[0].as_ref().unwrap_err());
        assert!(message.ends_with("corpus.xml, line 4: message 2 has no author"), "{message}");
        assert!(rows[1].is_ok());
        assert!(said(&rows).contains("corpus.xml, line 14: a conversation has no id"), "{}", said(&rows));
    }

    #[test]
    fn broken_xml_says_where() {
        let rows = read(&WEATHER.replace("</text><mood>", "</txt><mood>"), "a1");
        assert!(said(&rows).contains("corpus.xml, line 10: this is not well-formed XML"), "{}", said(&rows));
        assert_eq!(rows.len(), 2);
        let rows = read(&WEATHER.replace("&amp;", "&nbsp;"), "a1");
        assert!(said(&rows).ends_with("line 5: &nbsp; is not an entity that XML knows"), "{}", said(&rows));
        let half = WEATHER.split_once("  <conversation id=\"c3\"").unwrap().0;
        assert!(said(&read(half, "a1")).contains("line 14: the file ends before </conversations>"));
        assert!(
            said(&read("<authors><a/></authors>", "a1")).contains("it holds <authors>, not <conversations>")
        );
        assert!(said(&read("", "a1")).contains("the file holds no <conversations>"));
    }

    #[test]
    fn a_list_of_nobody_is_no_list() {
        let folder = tempfile::tempdir().unwrap();
        let list = folder.path().join("ids.txt");
        std::fs::write(&list, "\r\n\n").unwrap();
        assert!(
            truth(&list)
                .unwrap_err()
                .to_string()
                .ends_with("ids.txt names no author: give the list that belongs to the corpus")
        );
    }
}
