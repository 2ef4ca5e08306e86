"""Sets the bundle side by side with simpler methods, on the same conversations and the same examples, and prints a table.

    python baselines.py --data DIR --bundle ../../bundles/grooming

- Sentinel's method (Roblox, open source; ours from its description): each message scores log(mean e^(cosine to the 5 nearest positive
  examples) / mean e^(cosine to the 5 nearest negative ones)), 0 below 0.1; an author is the skewness of these scores, 0 under ten
  messages. Tuned: the highest score, the mean of the three highest, the 90th percentile. On all-MiniLM-L6-v2, which it recommends.
- TF-IDF of words and pairs with a logistic regression, on all that an author says.
- A keyword list (`eval/src/grooming/keywords.txt`): different phrases that an author uses.

A conversation is its most suspect author. Every threshold is set on the test conversations themselves, the same for all: 2 % of the
hard negatives and 1 in 1,000 real benign chats at most. That is kind to the baselines: ours ships with a threshold set beforehand.
"""

from __future__ import annotations

import argparse
import random
import sys
import tomllib
from collections.abc import Callable
from pathlib import Path

import numpy as np
import torch
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.linear_model import LogisticRegression
from sklearn.metrics import roc_auc_score

sys.path.append(str(Path(__file__).resolve().parents[1]))
import build
from calibrate import from_manifest
from conversation import Conversation
from encode import Encoder
from fit_risk import RiskFit, first_out, prefixes
from half import half
from net import SentenceNet, load_sentence_net
from risk import Scale
from score import Scored, Scorer

KEYWORDS = Path(__file__).parents[3] / "eval" / "src" / "grooming" / "keywords.txt"
SEED = 11
# As Sentinel recommends: thousands of positive examples, five negative ones for each; 5 neighbours, scores from 0.1 on.
POSITIVE_EXAMPLES, NEGATIVES_EACH, NEIGHBOURS, LEAST_SCORE, LEAST_MESSAGES = 3000, 5, 5, 0.1, 10
TRAINING, BATCH = 1500, 128
HARD_RATE, REAL_RATE = 0.02, 0.001

Method = Callable[[Conversation], float]


def main() -> None:
    parser = argparse.ArgumentParser(description="The bundle beside simpler methods.")
    parser.add_argument("--data", type=Path, required=True, help="folder of the benign chats (*.jsonl.gz)")
    parser.add_argument("--bundle", type=Path, required=True)
    arguments = parser.parse_args()
    torch.set_num_threads(2)
    scorer = Scorer(arguments.bundle / "model.onnx", Encoder())
    sets = build.score(scorer, arguments.data)
    training = build.synthetic("train", arguments.data, TRAINING) + build.real_chats("train", arguments.data, TRAINING // 9)
    methods = sentinel(training) | {"TF-IDF + logistic regression": tfidf(training), "keyword list": keywords()}
    manifest = tomllib.loads((arguments.bundle / "manifest.toml").read_text(encoding="utf-8"))
    real = [one.chat for one in sets.real]
    print("| method | generator | ROC-AUC, hard negatives | recall at 2 % of hard negatives, 1 in 1,000 real |")
    print("|---|---|---|---|")
    for name, scored in (("first", sets.test), ("second", sets.second)):
        print(_row("Ward", name, _ours(scored, manifest), _ours(sets.real, manifest), scored))
        for title, method in methods.items():
            scores = np.array([method(one.chat) for one in scored])
            print(_row(title, name, scores, np.array([method(chat) for chat in real]), scored))


def sentinel(training: list[Conversation]) -> dict[str, Method]:
    """The default and the tuned aggregations."""
    rng, encode = random.Random(SEED), SentenceEncoder(load_sentence_net(), Encoder())
    risky = [m.text for chat in training for m in chat.messages if m.risk]
    harmless = [m.text for chat in training if not chat.label for m in chat.messages]
    positives = encode(rng.sample(risky, min(len(risky), POSITIVE_EXAMPLES)))
    negatives = encode(rng.sample(harmless, min(len(harmless), NEGATIVES_EACH * len(positives))))

    def contrastive(chat: Conversation) -> np.ndarray:
        meanings = encode([message.text for message in chat.messages])
        ratio = _nearest(meanings, positives) / _nearest(meanings, negatives)
        scores = np.log(np.maximum(ratio, 1.0))
        return np.where(scores >= LEAST_SCORE, scores, 0.0)

    aggregations = {
        "Sentinel, default (skewness)": _skewness,
        "Sentinel, highest": np.max,
        "Sentinel, mean of three": lambda scores: np.sort(scores)[-3:].sum() / 3,
        "Sentinel, 90th percentile": lambda scores: np.quantile(scores, 0.9),
    }
    known: dict[str, np.ndarray] = {}

    def method(aggregate: Callable[[np.ndarray], float]) -> Method:
        def score(chat: Conversation) -> float:
            key = f"{chat.source} {chat.conversation_id}"
            if key not in known:
                known[key] = contrastive(chat)
            return _worst_author(chat, lambda chosen: float(aggregate(known[key][chosen])))

        return score

    return {name: method(aggregate) for name, aggregate in aggregations.items()}


class SentenceEncoder:
    """all-MiniLM-L6-v2 on normalised texts, embeddings of length 1."""

    def __init__(self, net: SentenceNet, encoder: Encoder):
        self.net, self.encoder = net, encoder

    def __call__(self, texts: list[str]) -> np.ndarray:
        ids = [self.encoder.encode(self.encoder.pieces(text), []).ids for text in texts]
        order = sorted(range(len(ids)), key=lambda index: len(ids[index]))
        found = np.zeros((len(ids), 384), dtype=np.float32)
        for start in range(0, len(order), BATCH):
            rows = order[start : start + BATCH]
            longest = max(len(ids[row]) for row in rows)
            padded = torch.tensor([ids[row] + [0] * (longest - len(ids[row])) for row in rows])
            mask = torch.tensor([[1.0] * len(ids[row]) + [0.0] * (longest - len(ids[row])) for row in rows])
            with torch.no_grad(), half():
                found[rows] = torch.nn.functional.normalize(self.net(padded, mask).float(), dim=1).numpy()
        return found


def tfidf(training: list[Conversation]) -> Method:
    """Learns on whole authors: those of positive conversations who say something risky against all others."""
    texts, labels = [], []
    for chat in training:
        for author in {message.speaker for message in chat.messages}:
            own = [message for message in chat.messages if message.speaker == author]
            texts.append(" ".join(message.text for message in own))
            labels.append(any(message.risk for message in own))
    vectorizer = TfidfVectorizer(ngram_range=(1, 2), min_df=2, sublinear_tf=True)
    model = LogisticRegression(C=10, max_iter=1000, class_weight="balanced").fit(vectorizer.fit_transform(texts), labels)

    def score(chat: Conversation) -> float:
        authors = sorted({message.speaker for message in chat.messages})
        said = [" ".join(m.text for m in chat.messages if m.speaker == author) for author in authors]
        return float(model.decision_function(vectorizer.transform(said)).max())

    return score


def keywords() -> Method:
    """How many different phrases the most suspect author uses."""
    lines = KEYWORDS.read_text(encoding="utf-8").splitlines()
    phrases = [f" {line.strip()} " for line in lines if line.strip() and not line.startswith("#")]

    def score(chat: Conversation) -> float:
        texts = [" " + " ".join(_words(message.text)) + " " for message in chat.messages]
        return _worst_author(chat, lambda chosen: sum(any(p in texts[i] for i in np.flatnonzero(chosen)) for p in phrases))

    return score


def _ours(scored: list[Scored], manifest: dict) -> np.ndarray:
    risk = manifest["risk"]
    scale = Scale(**{key: risk[key] for key in ("floor", "ceiling", "half_life_messages", "half_life_days")})
    weights = np.array([risk[term] for term in ("pattern", "escalation", "diversity")])
    fitted = RiskFit(scale, risk["intercept"], weights, risk["watch"]["enter"], risk["alert"]["enter"])
    return fitted.peaks(prefixes(scored, from_manifest(manifest), scale))


def _row(method: str, generator: str, scores: np.ndarray, real: np.ndarray, scored: list[Scored]) -> str:
    labels = np.array([one.chat.label for one in scored])
    threshold = max(first_out(scores[labels == 0], HARD_RATE), first_out(real, REAL_RATE))
    recall = (scores[labels == 1] > threshold).mean()
    return f"| {method} | {generator} | {roc_auc_score(labels, scores):.3f} | {100 * recall:.1f} % |"


def _worst_author(chat: Conversation, score: Callable[[np.ndarray], float]) -> float:
    speakers = np.array([message.speaker for message in chat.messages])
    return max(score(speakers == speaker) for speaker in set(speakers))


def _nearest(meanings: np.ndarray, examples: np.ndarray) -> np.ndarray:
    cosines = meanings @ examples.T
    return np.exp(np.partition(cosines, -NEIGHBOURS, axis=1)[:, -NEIGHBOURS:]).mean(1)


def _skewness(scores: np.ndarray) -> float:
    if len(scores) < LEAST_MESSAGES or scores.std() == 0:
        return 0.0
    return float((scores.mean() - np.median(scores)) / scores.std())


def _words(text: str) -> list[str]:
    return "".join(c if c.isalnum() or c == "'" else " " for c in text.lower()).split()


if __name__ == "__main__":
    main()
