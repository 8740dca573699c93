"""Keys of vendors, held against a rule set that others keep up: detect-secrets' named rules.

Not against its rules of entropy, which fire on every long word, nor against those that take an
address on the internet for a secret, or any word after "key".
"""

import importlib
import pkgutil
import random
import re
import string
from re import _constants as op
from re import _parser

import detect_secrets.plugins
import pytest
from detect_secrets.plugins.base import RegexBasedDetector

from triage_agent.privacy import mask, redact

NOT_NAMED = {"base", "high_entropy_strings", "keyword", "ip_public", "private_key"}
# What they find is words, too: "APARTMENT", or any 24 small letters after "pass".
LOOSE = {("artifactory", 1), ("cloudant", 1)}
KEYS = 25  # made up for each rule
SHORTEST = 9  # a key; the rules would take `eyJa.b` for one
MOST_REPEATS = 30  # where a rule does not say
CLASSES = {
    op.CATEGORY_DIGIT: string.digits,
    op.CATEGORY_WORD: string.ascii_letters + string.digits,
    op.CATEGORY_SPACE: " ",
    op.CATEGORY_NOT_WORD: " ",
}


def rules():
    """Return the named rules, with their names."""
    named = []
    for plugin in pkgutil.iter_modules(detect_secrets.plugins.__path__):
        module = importlib.import_module(f"detect_secrets.plugins.{plugin.name}")
        for found in vars(module).values():
            own = isinstance(found, type) and found.__module__ == module.__name__
            if plugin.name not in NOT_NAMED and own and issubclass(found, RegexBasedDetector):
                for number, rule in enumerate(found.denylist):
                    if (plugin.name, number) not in LOOSE:
                        named.append(pytest.param(rule, id=f"{plugin.name} {number}"))
    return named


def made(parts, chance):
    """Return a text that a parsed pattern matches, its characters drawn by chance."""
    return "".join(made_of(code, value, chance) for code, value in parts)


def made_of(code, value, chance):
    if code is op.LITERAL:
        return chr(value)
    if code is op.ANY:
        return "."
    if code is op.IN:
        return chance.choice(members(value))
    if code is op.BRANCH:
        return made(chance.choice(value[1]), chance)
    if code is op.SUBPATTERN:
        return made(value[-1], chance)
    if code in {op.MAX_REPEAT, op.MIN_REPEAT}:
        low, high, inner = value
        high = high if high is not op.MAXREPEAT else max(low, MOST_REPEATS)
        return "".join(made(inner, chance) for _ in range(chance.randint(low, min(high, 90))))
    return ""  # an anchor, or what only looks around


def members(parts):
    """Return the characters of a set."""
    found = ""
    for code, value in parts:
        if code is op.LITERAL:
            found += chr(value)
        elif code is op.RANGE:
            found += "".join(map(chr, range(value[0], value[1] + 1)))
        elif code is op.CATEGORY:
            found += CLASSES[value]
        elif code is op.NEGATE:
            return string.ascii_lowercase
    return found


@pytest.mark.parametrize("rule", rules())
def test_whatever_a_kept_rule_finds_is_hidden(rule):
    chance = random.Random(rule.pattern)
    parsed = _parser.parse(rule.pattern, rule.flags & re.VERBOSE)
    values = []
    for _ in range(KEYS):
        scheme = "https" if rule.pattern.startswith(":") else ""
        text = f"we put {scheme}{made(parsed, chance)} there"
        for match in rule.finditer(text):
            named = match[match.lastindex or 0]  # of the vendor's prefix, if that is the group
            value = named if len(named) >= SHORTEST else match[0]
            value = value.removesuffix(" there").strip()
            if len(value) >= SHORTEST:
                values.append(value)
                assert value not in redact(text).text
                assert value not in mask(text)
    assert values
