"""Changes to a training text that must not change its label, made anew each time it is read.

What people really send differs from what was written for training: typing errors, a greeting
before and a signature after, a cut end, words of the other kind beside the problem, and orders to
whoever reads it. Every text is seen as it stands at least half of the time.
"""

import random
from dataclasses import dataclass

from triage_agent.training.examples import AttackExample

TYPOS, GREETING, CUT, STUFFING, ATTACK = 0.10, 0.08, 0.08, 0.10, 0.12  # the share of the readings
MISTYPED = 0.06  # of the words of a text with typing errors
ENOUGH = 25  # words; a shorter text is not cut
SHORTEST = 0.5  # of a text that is cut
STUFFED = (3, 14)  # words of the other side that are put beside a text

BEFORE = (
    "Hi,",
    "Hello there,",
    "Hi team,",
    "Good morning,",
    "Dear Sir or Madam,",
    "Hey!",
    "To whom it may concern,",
    "Hope you're well.",
    "Thanks for getting back to me.",
    "Following up on our call:",
    "As discussed,",
    "Quick one.",
    "Hello, I found you through a friend.",
    "Good afternoon, we spoke last week.",
)
AFTER = (
    "Thanks!",
    "Thank you in advance.",
    "Best regards,\nPriya",
    "Kind regards\nTom Ellery\nManaging Director",
    "Cheers, Jo",
    "Many thanks,\nSofia\nSent from my phone",
    "Looking forward to hearing from you.",
    "Let me know what you think.",
    "Any help appreciated.",
    "Please call me back on Monday.",
    "Warm regards,\nThe office team",
    "Sincerely,\nM. Okafor",
)


@dataclass(frozen=True, slots=True)
class Reading:
    """A text as one step of the training sees it."""

    text: str
    orders: tuple[tuple[int, int], ...] = ()  # where characters give orders to the reader
    unknown: tuple[tuple[int, int], ...] = ()  # of which nobody can say whether they do


def read_anew(
    text: str, other_side: str | None, attacks: list[AttackExample], rng: random.Random
) -> Reading:
    """Return a text with at most one of the changes, and typing errors now and then.

    `other_side` is a text of the other label, whose words may be put beside this one.
    """
    if rng.random() < TYPOS:
        text = mistyped(text, rng)
    draw = rng.random()
    if draw < GREETING:
        return Reading(greeted(text, rng))
    draw -= GREETING
    if draw < CUT:
        return Reading(cut(text, rng))
    draw -= CUT
    if draw < STUFFING and other_side:
        return stuffed(text, other_side, rng)
    draw -= STUFFING
    if 0 <= draw < ATTACK and attacks:
        return attacked(text, rng.choice(attacks))
    return Reading(text)


def mistyped(text: str, rng: random.Random) -> str:
    """Return a text in which a few words have letters swapped, doubled, left out or run on."""
    words = text.split(" ")
    for index, word in enumerate(words):
        if len(word) > 3 and rng.random() < MISTYPED:
            at = rng.randrange(1, len(word) - 1)
            words[index] = rng.choice(
                (
                    word[:at] + word[at + 1] + word[at] + word[at + 2 :],
                    word[:at] + word[at + 1 :],
                    word[:at] + word[at] + word[at:],
                    word[: at + 1] + rng.choice("aeinorst") + word[at + 1 :],
                )
            )
    return " ".join(words)


def greeted(text: str, rng: random.Random) -> str:
    """Return a text with a greeting before it, a closing after it, or both."""
    between = rng.choice((" ", "\n", "\n\n"))
    parts = rng.choice(
        (
            (rng.choice(BEFORE), text),
            (text, rng.choice(AFTER)),
            (rng.choice(BEFORE), text, rng.choice(AFTER)),
        )
    )
    return between.join(parts)


def cut(text: str, rng: random.Random) -> str:
    """Return the beginning of a text that is long enough to be cut."""
    words = text.split(" ")
    if len(words) < ENOUGH:
        return text
    return " ".join(words[: round(len(words) * rng.uniform(SHORTEST, 0.95))])


def stuffed(text: str, other_side: str, rng: random.Random) -> Reading:
    """Return a text with loose words of the other side beside it."""
    words = [word.strip(".,;:!?()\"'") for word in other_side.split()]
    words = [word for word in words if len(word) > 3] or words
    chosen = rng.sample(words, min(len(words), rng.randint(*STUFFED)))
    extra = rng.choice((" ", ", ")).join(chosen)
    between = rng.choice((" ", "\n", " - ", "\n\n"))
    if rng.random() < 0.5:
        return Reading(extra + between + text, unknown=((0, len(extra)),))
    whole = text + between + extra
    return Reading(whole, unknown=((len(whole) - len(extra), len(whole)),))


def attacked(text: str, attack: AttackExample) -> Reading:
    """Return a text with orders to its reader around it."""
    start = len(attack.before)
    whole = attack.before + text + attack.after
    spans = ((0, start), (start + len(text), len(whole)))
    return Reading(whole, orders=tuple(span for span in spans if span[0] < span[1]))
