"""The training commands; `python -m triage_agent.training --help` says what they do."""

import argparse
import json
from pathlib import Path
from typing import TYPE_CHECKING

from triage_agent.files import folder
from triage_agent.models import WEIGHTS

if TYPE_CHECKING:
    from triage_agent.training.calibrating import Fitted


def main() -> None:
    """Run the step that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m triage_agent.training", description=__doc__)
    steps = parser.add_subparsers(dest="step", required=True)
    tune = steps.add_parser("fine-tune", help="train the encoder and its heads; two hours")
    tune.add_argument("encoder", type=Path, help="folder of all-mpnet-base-v2, as published")
    tune.add_argument("--examples", type=Path, default=folder("prompts") / "training")
    tune.add_argument("--weights", type=Path, default=WEIGHTS, help="where to write (the package)")
    fit = steps.add_parser("calibrate", help="fit the thresholds on real texts; minutes")
    fit.add_argument("texts", type=Path, nargs="+", help="JSON Lines, with two readers' labels")
    fit.add_argument("--weights", type=Path, default=WEIGHTS, help="where to write (the package)")
    fit.add_argument(
        "--answers",
        type=Path,
        help="write here the answers by numbers that were fitted to the other kinds of source",
    )
    judge = steps.add_parser("split", help="train the judge of split_problems; minutes")
    judge.add_argument("--examples", type=Path, default=folder("prompts") / "training")
    judge.add_argument("--weights", type=Path, default=WEIGHTS, help="where to write (the package)")
    options = parser.parse_args()
    if options.step == "fine-tune":  # imported here: it needs torch, which nothing else does
        from triage_agent.training.fine_tuning import train

        train(options.examples, options.encoder, options.weights)
    elif options.step == "split":
        from triage_agent.training.splitting import train as train_judge

        train_judge(options.examples, options.weights)
    else:
        calibrate(options.texts, options.weights, options.answers)


def calibrate(texts: list[Path], weights: Path, answers: Path | None) -> None:
    """Fit the numbers to real texts, and write them into model.json and calibration.json."""
    from triage_agent.reports import as_row
    from triage_agent.training.calibrating import Fitter, answers_left_out, load_real_texts

    real = load_real_texts(texts)
    fitter = Fitter(weights)
    if answers:
        rows = answers_left_out(fitter, real)
        lines = [json.dumps(as_row(row), ensure_ascii=False) for row in rows]
        answers.write_text("\n".join(lines) + "\n", encoding="utf-8")
    write(fitter.fit(real), weights)


def write(fitted: "Fitted", weights: Path) -> None:
    """Write what was fitted beside the weights."""
    raw = json.loads((weights / "model.json").read_text(encoding="utf-8"))
    raw["reading"] = fitted.heads.reading.model_dump(mode="json")
    (weights / "model.json").write_text(json.dumps(raw, indent=1) + "\n", encoding="utf-8")
    from triage_agent.models import load_heads

    load_heads.cache_clear()
    calibration = fitted.calibration.model_copy(update={"model": load_heads(weights).name})
    (weights / "calibration.json").write_text(
        calibration.model_dump_json(exclude_none=False) + "\n", encoding="utf-8"
    )
    report = {
        "cascade": {
            "what": "threshold, share of all texts kept, share of these that is right; real texts",
            "texts": calibration.cases,
            "points": fitted.points,
        }
    }
    (weights / "report.json").write_text(json.dumps(report, indent=1) + "\n", encoding="utf-8")


if __name__ == "__main__":
    main()
