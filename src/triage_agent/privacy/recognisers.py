r"""All recognisers in the order in which they look: what one took, the next ones miss.

Not recognised, and therefore sent:

- Personal names. Only a trained model recognises them well, and those of spaCy (and so of
  presidio), GLiNER, flair and stanza cannot be installed as a dependency: they are downloaded from
  elsewhere; names-dataset rests on a leak. In a trial spaCy's small English model missed Raj, Ana
  and priya, took Jira and Notion for people, and needed 31 ms a text and 350 MB.
- Postal addresses, and numbers spelled with letters (1-800-FLOWERS).
- Phone numbers that begin with neither + nor 0, are not North American, follow no word such as
  "call" or "mobile", and stand in a text that does not show their country.
- Passwords that nothing introduces, or that read as a sentence ("the password is the dog's name").

Every pattern is a plain string, which `re` compiles at its first use: each start of the program
imports this module. Possessive and bounded repetitions keep the time proportional to the length.
If a pattern has groups, the one that matched is what is hidden.
"""

from functools import partial

from triage_agent.privacy import addresses, keys, numbers, passwords, phones
from triage_agent.privacy.scanning import Recognisers, scan

# As phone, card and account numbers are written; nine digits or more in all.
LONG_NUMBER = rf"{phones.START}(?<!\d\.)\+?\(?\d(?:{phones.GAP}\d){{8,}}(?!\w)"

# What a text must hold for a kind to be in it at all: most hold none, and are done soon.
MARKS = {
    "LOGIN": ("://",),
    "URL": ("://",),
}
SIX_DIGITS = r"\d(?:\W{0,4}\d){5}"  # of the numbers, unless they are short and introduced

SECRETS: Recognisers = (
    ("KEY", keys.shaped_keys),
    ("EMAIL", addresses.encoded_emails),
    ("EMAIL", addresses.emails),
    ("EMAIL", addresses.spoken_emails),
    ("KEY", passwords.passwords),
    ("KEY", keys.long_keys),
    ("ACCOUNT", numbers.accounts),
    ("ACCOUNT", numbers.papers),
    ("ACCOUNT", numbers.security_codes),
    ("ACCOUNT", numbers.ibans),
    ("ACCOUNT", numbers.personal_numbers),
    ("PHONE", phones.spoken_phones),
    ("PHONE", phones.claimed_phones),
)
RECOGNISERS: Recognisers = (
    ("URL", keys.urls_with_secrets),
    *SECRETS,
    ("CARD", numbers.cards),
    ("", numbers.harmless),
    ("PHONE", phones.phones),
    ("PHONE", phones.introduced_phones),
    ("PHONE", phones.national_phones),
)
MASKED: Recognisers = (
    ("LOGIN", partial(scan, keys.LOGIN)),
    ("KEY", partial(scan, keys.WEBHOOK)),
    *SECRETS,
    ("ACCOUNT", partial(scan, LONG_NUMBER)),
    ("CARD", numbers.cards),
    ("PHONE", phones.all_phones),
    ("PHONE", phones.introduced_phones),
    ("PHONE", phones.national_phones),
)
# Those that find nothing in a text without six digits.
DIGITS = {
    numbers.accounts,
    numbers.cards,
    numbers.harmless,
    phones.phones,
    phones.all_phones,
    phones.introduced_phones,
    phones.national_phones,
    phones.claimed_phones,
}
