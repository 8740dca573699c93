import pytest

from triage_agent.models.llm.thinking import without_thinking

ANSWER = '{"a": 1}'
MARKS = {
    "think": ("<think>", "</think>"),
    "thinking, with blanks": ("<thinking >", "</ thinking>"),
    "thought": ("<thought>", "</thought>"),
    "capitals": ("<THINK>", "</THINK>"),
    "Seed": ("<seed:think>", "</seed:think>"),
    "Magistral": ("[THINK]", "[/THINK]"),
    "Kimi": ("◁think▷", "◁/think▷"),
    "Command": ("<|START_THINKING|>", "<|END_THINKING|>"),
    "Sky": ("<|begin_of_thought|>", "<|end_of_thought|>"),
    "gpt-oss": (
        "<|channel|>analysis<|message|>",
        "<|end|><|start|>assistant<|channel|>final<|message|>",
    ),
    "gpt-oss, calling": (
        "<|channel|>analysis<|message|>",
        "<|channel|>commentary to=functions.a<|constrain|>json<|message|>",
    ),
    "Gemma": ("<|channel>thought\n", "<channel|>"),
}
marks = pytest.mark.parametrize(("begin", "end"), MARKS.values(), ids=MARKS.keys())


@marks
def test_thinking_is_told_apart_by_every_kind_of_mark(begin, end):
    answer, thinking = without_thinking(f"{begin}Maybe {{}}?{end}{ANSWER}")
    assert answer == ANSWER
    assert thinking.startswith("Maybe {}?")


@marks
def test_thinking_without_a_beginning_starts_with_the_text(begin, end):
    del begin
    assert without_thinking(f'Maybe {{"a": 2}}?{end}{ANSWER}')[0] == ANSWER


@marks
def test_thinking_without_an_end_ends_with_the_text(begin, end):
    del end
    assert without_thinking(f"{begin}Maybe {ANSWER}")[0] == ""
    assert without_thinking(f"{ANSWER}{begin}Or maybe")[0] == ANSWER


@pytest.mark.parametrize(
    ("text", "answer"),
    [
        ("<think>a</think>b<think>c</think>d", "bd"),
        ("<think>a <think>b</think> c</think>d", "d"),
        ("<think>the text says </think> and so on</think>d", "d"),
        ("analysisIt is plain.assistantfinal{}", "{}"),
        ("<think></think>d", "d"),
        ("no mark", "no mark"),
    ],
)
def test_what_lies_outside_all_thinking_is_the_answer(text, answer):
    assert without_thinking(text)[0] == answer


@pytest.mark.parametrize("mark", ["</think>", "<think>", "[/THINK]", "<|channel|>final"])
def test_a_mark_that_the_answer_quotes_is_no_mark(mark):
    text = f'```json\n{{"evidence": ["we write {mark} in our posts"]}}\n```'
    assert without_thinking(text) == (text, "")
