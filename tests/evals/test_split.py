"""The calibration split: which labelled cases may be used."""

import pytest

from support.eval_sets import numbered, write_cases
from triage_agent.errors import InputError, SettingsError
from triage_agent.evals.cases import load_problems, read_cases
from triage_agent.evals.split import choose_split
from triage_agent.files import folder
from triage_agent.models.llm.prompt import load_prompt
from triage_agent.settings import Backend
from triage_agent.types import Label

B = Label.BUILD
EXAMPLES = folder("prompts") / "training" / "examples.jsonl"


class TestSplit:
    """Which cases may be used."""

    def test_the_usual_one_is_a_sample_of_the_examples_in_proportion_to_the_labels(self):
        split = choose_split(None, 300, Backend.LLM, load_prompt("guide"))
        examples = {case.id: case.label for case in read_cases(EXAMPLES)}
        labels, all_labels = [case.label for case in split.cases], list(examples.values())
        labelled = len(examples) - all_labels.count(None)
        assert len(split.cases) == 300
        assert labels.count(B) == pytest.approx(300 * all_labels.count(B) / labelled, abs=2)
        assert all(examples[case.id] is case.label for case in split.cases)
        assert split.unlabelled == all_labels.count(None)
        assert split.fitted_on.file == "examples.jsonl"
        assert split == choose_split(None, 300, Backend.LLM, load_prompt("guide"))

    def test_ones_own_names_of_labels_are_read(self, tmp_path):
        names = {"build-software": "app", "automate-process": "bot"}
        rows = [[one, text, names[label]] for one, text, label in numbered(60)]
        path = write_cases(tmp_path / "own.csv", rows)
        meant = {"app": B, "bot": Label.AUTOMATE}
        split = choose_split(path, 60, Backend.LLM, labels=meant)
        assert [case.label for case in split.cases].count(B) == 30

    def test_texts_that_stand_in_the_prompt_are_left_out_however_they_are_wrapped(self, tmp_path):
        words = [case.text.split() for case in read_cases(EXAMPLES) if case.label]
        shown = [text for text in words if len(text) > 20][:6]
        path = tmp_path / "mine.md"
        wrapped = "\n\n".join("Text: " + "\n".join(text).upper() for text in shown)
        path.write_text(f"# System\n\n{wrapped}\n\n# User\n\n{{problem}}", encoding="utf-8")
        split = choose_split(None, 5_000, Backend.LLM, load_prompt(str(path)))
        assert split.seen >= len(shown) == 6
        told = {" ".join(case.text.split()) for case in split.cases}
        assert not told & {" ".join(text) for text in shown}

    @pytest.mark.parametrize(
        ("backend", "prompt", "says"),
        [
            pytest.param(Backend.EMBEDDED, None, "was trained on", id="embedded"),
            pytest.param(Backend.CASCADE, "guide", "of the cascade was trained on", id="cascade"),
            pytest.param(Backend.LLM, "guide-neighbours", "shows texts of", id="neighbours"),
        ],
    )
    def test_a_model_that_knows_the_examples_needs_others(self, tmp_path, backend, prompt, says):
        prompt = prompt and load_prompt(prompt)
        with pytest.raises(SettingsError, match=f"{says}.*--cases"):
            choose_split(None, 300, backend, prompt)
        own = write_cases(tmp_path / "own.csv", numbered(60))
        assert len(choose_split(own, 300, backend, prompt).cases) == 60

    def test_the_examples_may_not_come_in_by_another_door(self, tmp_path):
        known = [[c.id, c.text, c.label] for c in read_cases(EXAMPLES) if c.label][:70]
        own = write_cases(tmp_path / "own.csv", [*known, *numbered(50)])
        split = choose_split(own, 300, Backend.EMBEDDED)
        assert (len(split.cases), split.seen) == (50, 70)
        assert {case.id[0] for case in split.cases} == {"n"}

    def test_the_fixed_set_is_refused_for_its_figures_would_be_spoilt(self, tmp_path):
        fixed = next(case for case in load_problems() if case.label)
        rows = [*numbered(60), ["mine", fixed.text.upper() + "!", fixed.label]]
        with pytest.raises(InputError, match=r"1 of its cases .*'mine'.*problems\.jsonl"):
            choose_split(write_cases(tmp_path / "own.csv", rows), 300, Backend.LLM)

    @pytest.mark.parametrize(
        ("labelled", "limit", "kept"),
        [
            pytest.param(50, 300, 50, id="just enough"),
            pytest.param(60, 50, 50, id="limited"),
            pytest.param(49, 300, None, id="one too few"),
            pytest.param(60, 49, None, id="limited too much"),
        ],
    )
    def test_cases_without_a_label_are_left_out_before_they_are_counted(
        self, tmp_path, labelled, limit, kept
    ):
        rows = [*numbered(labelled), ["x", "Something or other", ""]]
        path = write_cases(tmp_path / "own.csv", rows)
        if kept:
            split = choose_split(path, limit, Backend.LLM)
            assert (len(split.cases), split.unlabelled) == (kept, 1)
        else:
            with pytest.raises(InputError, match=r"at least 50.*without a label 1"):
                choose_split(path, limit, Backend.LLM)
