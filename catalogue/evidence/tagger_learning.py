"""The tagger of queries learnt anew from public data: weights, their card and their licence, the same bytes each time."""

from __future__ import annotations

import hashlib
import json
import shutil
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pycrfsuite

from relevance.facts import fold
from relevance.lexicon import Lexicon
from relevance.tagging import FOLDER, WEIGHTS, features

CARD = FOLDER / "card.json"
LICENCES = (
    "bltlab-query-ner.MIT.txt",
    "amazon-science-esci-data.Apache-2.0.txt",
    "amazon-science-esci-data.NOTICE.txt",
)
# Chosen by five folds within the train part.
SETTINGS: Mapping[str, float | bool] = {
    "c1": 0.15,
    "c2": 0.05,
    "max_iterations": 100,
    "feature.possible_transitions": True,
}


def learn(data: Path, into: Path = FOLDER) -> dict[str, Any]:
    """`data` holds queryner/train.jsonl and licences/. Writes weights, card and licences; returns the card."""
    into.mkdir(exist_ok=True)
    source = data / "queryner" / "train.jsonl"
    weights = into / WEIGHTS.name
    queries = _train(source, weights)
    for name in LICENCES:
        shutil.copyfile(data / "licences" / name, into / name)
    card = _card(source, weights, queries)
    (into / CARD.name).write_text(json.dumps(card, indent=2) + "\n", encoding="utf-8")
    return card


def _train(source: Path, weights: Path) -> int:
    lexicon = Lexicon.shipped()
    trainer = pycrfsuite.Trainer(algorithm="lbfgs", params=dict(SETTINGS), verbose=False)
    rows = [json.loads(line) for line in source.read_text(encoding="utf-8").splitlines()]
    for row in rows:
        trainer.append(features([fold(word) or "_" for word in row["tokens"]], lexicon), row["tags"])
    trainer.train(str(weights))
    return len(rows)


def _card(source: Path, weights: Path, queries: int) -> dict[str, Any]:
    return {
        "name": "spans of English shopping queries, 17 types",
        "weights": {"file": weights.name, "bytes": weights.stat().st_size, "sha256": _sha256(weights)},
        "learnt_from": {
            "what": "QueryNER (bltlab/query-ner), train part; queries of the Shopping Queries Dataset (amazon-science/esci-data)",
            "queries": queries,
            "sha256": _sha256(source),
        },
        "licences": {"QueryNER": "MIT", "Shopping Queries Dataset": "Apache-2.0", "texts": list(LICENCES)},
        "settings": dict(SETTINGS),
        "made_by": "python manage.py learn_tagger --data DIR",
    }


def _sha256(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
