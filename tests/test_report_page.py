"""The page that ward-eval writes, opened in a real browser: every plot is there, legible, light and dark."""

import json
import re
import shutil
import subprocess
import tempfile
import unittest
from pathlib import Path

import ward
import cargo
import chromium

# As many as a complete report draws, at least.
PLOTS = {"age": 10, "grooming": 7}

# The contrast that WCAG 2.2 asks for: of text (1.4.3), and of what has to be told from the page (1.4.11).
TEXT_CONTRAST = 4.5
SHAPE_CONTRAST = 3.0

# Every figure with its drawing's size, its texts and its shapes, as they are laid out.
MEASURE = """
const box = element => { const { left, top, right, bottom } = element.getBoundingClientRect();
                         return { left, top, right, bottom }; };
const own = getComputedStyle(document.body);
probe.dark = matchMedia("(prefers-color-scheme: dark)").matches;
probe.page = own.backgroundColor;
probe.ink = own.color;
probe.overflow = document.documentElement.scrollWidth - document.documentElement.clientWidth;
probe.loaded = performance.getEntriesByType("resource").map(entry => entry.name);
probe.figures = [...document.querySelectorAll("figure")].map(figure => {
  const svg = figure.querySelector(":scope > svg");
  const shapes = svg ? [...svg.querySelectorAll("circle, polyline, polygon, rect")] : [];
  return {
    title: figure.querySelector("h3").textContent, caption: figure.querySelector("figcaption").textContent,
    empty: figure.querySelector(".empty") !== null, label: svg && svg.getAttribute("aria-label"), box: svg && box(svg),
    texts: svg ? [...svg.querySelectorAll("text")].map(text => (
      { text: text.textContent.trim(), box: box(text), colour: getComputedStyle(text).fill })) : [],
    shapes: shapes.map(shape => ({ box: box(shape), fill: getComputedStyle(shape).fill,
                                   stroke: getComputedStyle(shape).stroke, drawn: shape.getAttribute("stroke") })),
  };
});
"""


def setUpModule():
    chromium.find()


def contrast(one, other):
    """Of two CSS colours, as WCAG defines it: 1 to 21."""
    lighter, darker = sorted(map(luminance, (one, other)), reverse=True)
    return (lighter + 0.05) / (darker + 0.05)


def luminance(colour):
    channels = [int(channel) / 255 for channel in re.findall(r"\d+", colour)[:3]]
    red, green, blue = (c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4 for c in channels)
    return 0.2126 * red + 0.7152 * green + 0.0722 * blue


def data_shapes(figure):
    """The shapes that are neither axis nor grid, which have colours of their own."""
    return [shape for shape in figure["shapes"] if shape["drawn"] not in ("#E3E6EA", "#2B333D")]


def overlap(one, other):
    """Whether two boxes share more than the pixel that rounding may give them."""
    return (min(one["right"], other["right"]) - max(one["left"], other["left"]) > 1
            and min(one["bottom"], other["bottom"]) - max(one["top"], other["top"]) > 1)


def inside(box, outer):
    return (box["left"] >= outer["left"] - 1 and box["right"] <= outer["right"] + 1
            and box["top"] >= outer["top"] - 1 and box["bottom"] <= outer["bottom"] + 1)


class Page:
    """What every report's page must be; `write` makes one in a folder."""

    kind = None

    @classmethod
    def setUpClass(cls):
        cls.folder = tempfile.TemporaryDirectory()
        cls.addClassCleanup(cls.folder.cleanup)
        folder = Path(cls.folder.name)
        words = [cargo.program("ward-eval", "debug"), cls.kind, *cls.write(folder), "--out", folder / "out"]
        run = subprocess.run(words, cwd=ward.PROJECT, stdout=subprocess.PIPE, stderr=subprocess.PIPE, encoding="utf-8")
        if run.returncode != 0:
            raise RuntimeError(run.stderr)
        cls.page = folder / "out" / "report.html"
        cls.seen = {scheme: chromium.ask(cls.page, MEASURE, scheme) for scheme in ("light", "dark")}

    def drawings(self):
        """Every plot that has data, in either look, with the page that it is on."""
        return [(probe, figure) for probe, _ in self.seen.values() for figure in probe["figures"] if not figure["empty"]]

    def test_it_needs_nothing_else(self):
        text = self.page.read_text(encoding="utf-8")
        self.assertNotIn("<script", text)
        self.assertNotIn("http", text)
        for probe, _ in self.seen.values():
            self.assertEqual(probe["loaded"], [])

    def test_nothing_goes_wrong(self):
        for probe, console in self.seen.values():
            self.assertEqual((probe["errors"], console), ([], []))

    def test_every_plot_is_drawn(self):
        for probe, _ in self.seen.values():
            titles = [figure["title"] for figure in probe["figures"]]
            self.assertGreaterEqual(len(titles), PLOTS[self.kind], titles)
        for _, figure in self.drawings():
            box = figure["box"]
            self.assertGreater(box["right"] - box["left"], 200, figure["title"])
            self.assertGreater(box["bottom"] - box["top"], 50, figure["title"])
            texts = {text["text"] for text in figure["texts"]}
            self.assertTrue(data_shapes(figure) or "insufficient" in texts, figure["title"])
            self.assertTrue(all(inside(shape["box"], box) for shape in figure["shapes"]), figure["title"])
            self.assertEqual(figure["label"], figure["title"])
            self.assertTrue(figure["caption"], figure["title"])

    def test_labels_are_whole_and_apart(self):
        for _, figure in self.drawings():
            self.assertGreaterEqual(len(figure["texts"]), 4, figure["title"])
            for place, text in enumerate(figure["texts"]):
                self.assertTrue(inside(text["box"], figure["box"]), (figure["title"], text))
                for other in figure["texts"][:place]:
                    self.assertFalse(overlap(text["box"], other["box"]), (figure["title"], text["text"], other["text"]))

    def test_everything_stands_out_from_the_page(self):
        for scheme, (probe, _) in self.seen.items():
            self.assertEqual((probe["dark"], luminance(probe["page"]) < 0.5), (scheme == "dark", scheme == "dark"))
            self.assertGreaterEqual(contrast(probe["ink"], probe["page"]), TEXT_CONTRAST)
        for probe, figure in self.drawings():
            for text in figure["texts"]:
                self.assertGreaterEqual(contrast(text["colour"], probe["page"]), TEXT_CONTRAST, text)
            for shape in data_shapes(figure):
                for colour in {shape["fill"], shape["stroke"]} - {"none"}:
                    self.assertGreaterEqual(contrast(colour, probe["page"]), SHAPE_CONTRAST, (figure["title"], shape))

    def test_a_narrow_window_cuts_nothing_off(self):
        probe, _ = chromium.ask(self.page, MEASURE, width=600)
        self.assertLessEqual(probe["overflow"], 0)

    def test_it_can_be_printed(self):
        printed = Path(self.folder.name) / "page.pdf"
        chromium.open_page(self.page, f"--print-to-pdf={printed}", "--no-pdf-header-footer")
        self.assertTrue(printed.read_bytes().startswith(b"%PDF"))


class AgePage(Page, unittest.TestCase):
    kind = "age"

    @staticmethod
    def write(folder):
        """One portrait again and again, with ages made up so that every band and either sex has some."""
        shutil.copy(ward.PHOTO, folder / "portrait.jpg")
        rows = [f"portrait.jpg,{8 + n},s{n % 30},{n % 2}" for n in range(40)]
        (folder / "photos.csv").write_text("\n".join(["file,age,subject,sex", *rows]) + "\n", encoding="utf-8")
        return ["--manifest", folder / "photos.csv", "--images", folder, "--robustness", "3"]


class GroomingPage(Page, unittest.TestCase):
    kind = "grooming"

    @staticmethod
    def write(folder):
        """The examples again and again, so that there are enough of either label for every figure."""
        examples = (ward.PROJECT / "examples" / "chat.jsonl").read_text(encoding="utf-8").splitlines()
        chats = [dict(json.loads(example), conversation_id=f"{n}") for n in range(35) for example in examples]
        (folder / "chats.jsonl").write_text("\n".join(map(json.dumps, chats)) + "\n", encoding="utf-8")
        # Judging again what was spoiled takes the longest.
        return ["--data", folder / "chats.jsonl", "--robustness", "3"]


if __name__ == "__main__":
    unittest.main()
