"""Keys of vendors, held against a rule set that others keep up: detect-secrets' named rules.

Not against its rules of entropy, which fire on every long word, nor against those that take an
address on the internet for a secret, or any word after "key".
"""

import importlib
import pkgutil
import re

import detect_secrets.plugins
import pytest
from detect_secrets.plugins.base import RegexBasedDetector
from hypothesis import HealthCheck, assume, given, settings
from hypothesis import strategies as st

from triage_agent.privacy import mask, redact

NOT_NAMED = {"base", "high_entropy_strings", "keyword", "ip_public", "private_key"}
# Capital words ("APARTMENT") are what it finds, too; ours needs a digit and 33 characters.
LOOSE = {("artifactory", 1)}
DIFFERENT = 10  # characters that differ in a key; one of zeros is none


def rules():
    for plugin in pkgutil.iter_modules(detect_secrets.plugins.__path__):
        if plugin.name in NOT_NAMED:
            continue
        module = importlib.import_module(f"detect_secrets.plugins.{plugin.name}")
        for found in vars(module).values():
            own = isinstance(found, type) and found.__module__ == module.__name__
            if own and issubclass(found, RegexBasedDetector):
                for number, rule in enumerate(found.denylist):
                    if (plugin.name, number) not in LOOSE:
                        yield pytest.param(rule, id=f"{plugin.name} {number}")


@pytest.mark.parametrize("rule", rules())
@settings(max_examples=40, derandomize=True, deadline=None, suppress_health_check=list(HealthCheck))
@given(data=st.data())
def test_whatever_a_kept_rule_finds_is_hidden(rule, data):
    plain = re.compile(rule.pattern, rule.flags & ~re.UNICODE | re.ASCII)
    text = f"we put {data.draw(st.from_regex(plain))} there"
    assume(text.isascii() and text.isprintable())
    redacted, masked = redact(text).text, mask(text)
    for match in rule.finditer(text):
        value = match[match.lastindex or 0]
        alone = not re.search(r"\w$", text[: match.start()]) and not re.match(
            r"\w", text[match.end() :]
        )
        if alone and len(set(value)) >= DIFFERENT:
            assert value not in redacted
            assert value not in masked
