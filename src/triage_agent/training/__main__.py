"""The training command; `python -m triage_agent.training --help` says what it does."""

import argparse
from pathlib import Path

from triage_agent.files import folder
from triage_agent.models import WEIGHTS


def main() -> None:
    """Run the step that the command line names."""
    parser = argparse.ArgumentParser(prog="python -m triage_agent.training", description=__doc__)
    parser.add_argument("step", choices=["encoder", "heads", "neighbours", "flags"])
    parser.add_argument("--examples", type=Path, metavar="FILE")
    parser.add_argument("--weights", type=Path, default=WEIGHTS, metavar="FOLDER")
    options = parser.parse_args()
    name = "red_flag_examples.jsonl" if options.step == "flags" else "examples.jsonl"
    options.examples = options.examples or folder("prompts") / "training" / name
    if options.step == "encoder":  # imported here: it needs torch, which the other steps do not
        from triage_agent.training.encoder import make_encoder

        make_encoder(options.weights)
    elif options.step == "neighbours":
        from triage_agent.training.neighbours import make_neighbours

        make_neighbours(options.examples, options.weights)
    elif options.step == "flags":
        from triage_agent.training.flags import make_flags

        make_flags(options.examples, options.weights)
    else:
        from triage_agent.training.heads import make_heads

        make_heads(options.examples, options.weights)


if __name__ == "__main__":
    main()
