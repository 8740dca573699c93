"""What a model thought aloud, told apart from its answer."""

import re

from triage_agent.models.llm.json_objects import objects_in

# How models and servers mark the beginning and the end of thinking where it comes with the answer.
TAGS = r"(?:think|thinking|thought|reasoning|reflection|seed:think)"
MARK = re.compile(
    rf"(?P<open><{TAGS}\s*>|\[THINK\]|◁think▷|<\|START_THINKING\|>|<\|(?:begin|start)_of_thought\|>"
    r"|<\|inner_prefix\|>"
    r"|<\|channel\|>\s*(?:analysis|commentary(?!\s+to=))(?:<\|message\|>)?"  # gpt-oss
    r"|<\|channel>\s*thought\s*)"  # Gemma 4
    rf"|</\s*{TAGS}\s*>|\[/THINK\]|◁/think▷|<\|END_THINKING\|>|<\|end_of_thought\|>"
    r"|<\|inner_suffix\|>"
    r"|<\|channel\|>\s*(?:final|commentary\s+to=[\w.]+\s*)(?:<\|constrain\|>\w+)?(?:<\|message\|>)?"
    r"|assistantfinal(?=\s*[{`])"
    r"|<channel\|>",
    re.IGNORECASE,
)


# One of them is in every mark; nearly no reply has any, and the pattern takes as long as the rest.
SIGNS = ("<", "◁", "[THINK]", "[/THINK]", "assistantfinal")


def without_thinking(text: str) -> tuple[str, str]:
    """Return what is answer in a text, and what is thinking.

    Thinking without a beginning (many servers put that into the question) starts with the text;
    without an end, it ends with it. A mark in a string of a JSON object is a quotation.

    >>> without_thinking('Maybe {"a": 1}? </think>{"a": 2}')
    ('{"a": 2}', 'Maybe {"a": 1}? ')
    >>> without_thinking("<think>It is not over")
    ('', 'It is not over')
    """
    if not any(sign in text for sign in SIGNS):
        return text, ""
    marks = list(MARK.finditer(text))
    objects = objects_in(text) if marks else []
    answer, thinking, done, thinks = list[str](), list[str](), 0, False
    for mark in marks:
        if any(one.start < mark.start() < one.end for one in objects):
            continue
        if mark["open"] is None and not thinks:  # all before it was thinking
            thinking += answer
            answer.clear()
            thinks = True
        (thinking if thinks else answer).append(text[done : mark.start()])
        done, thinks = mark.end(), mark["open"] is not None
    (thinking if thinks else answer).append(text[done:])
    return "".join(answer), "".join(thinking)
