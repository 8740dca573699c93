r"""Keys of services: in the shapes that vendors gave them, and long random words after "token".

The vendors' shapes are the prefixes that they document. detect-secrets, whose named rules are kept
up by others, stands beside them in the tests and not in the program: whatever those rules describe
must be found here too. In the program it would find nothing more, loads `requests` (95 ms), and
some of its patterns are not bounded.
"""

import re
from collections.abc import Iterator

from triage_agent.privacy.scanning import Span, scan

KEY_WORD = r"(?:pass(?:word|wd|code|phrase)|pwd|secret|token|(?:api|access|auth|private)[ _-]?key)"
LOGIN = r"(?i)\b[a-z][a-z0-9+.-]{1,15}://([^\s/]{1,200})@"
PARAMETER = rf"""(?xi: [?&;\#] (?:[\w-]{{0,30}}(?:{KEY_WORD}|sig(?:nature)?|credential)
    | auth | code | key | jwt | session) = ([^\s&\#]++) )"""
WEBHOOK = r"""(?xi)(?: hooks?\.(?:slack|zapier|(?:\w+\.)?make)\.com/ | /api/webhooks/
    | \.webhook\.office\.com/ | chat\.googleapis\.com/v1/spaces/
    | api\.softlayer\.com/soap/v[\d.]+/ )([^\s<>"']++)"""
URL = r"""(?i)\b[a-z][a-z0-9+.-]{1,15}://[^\s<>"']++"""

# What only one vendor's keys begin with.
PREFIXED = r"""(?x)(?<![A-Za-z0-9])(?:
      gh[opsur]_ | github_pat_ | gl(?:pat|dt|ft|soat|rt|cbt|imt|ptt|agent|oas|ffct)- | GR1348941
    | xox[a-z](?:\.xox[a-z])?- | xapp- | whsec_ | [rs]k_(?:live|test|prod)_ | rzp_(?:live|test)_
    | shp[a-z]{2}_ | sq0[a-z]{3}- | EAA(?=[\w-]{30}) | access_token\$(?:production|sandbox)\$
    | access-(?:production|sandbox|development)-(?=[0-9a-f]{8}-) | (?:live|test)_(?=[A-Za-z0-9]{28})
    | AIza | GOCSPX- | ya29\. | 1//0(?=[\w-]{20}) | SG\. | key-(?=[0-9a-f]{32}) | x(?:keys|smtps)ib-
    | npm_ | pypi- | rubygems_ | dckr_[op]at_ | oy2(?=[a-z0-9]{40}) | PMAK- | CFPAT- | figd_ | tfp_
    | hf_(?=\w{10}) | r8_(?=\w{20}) | gsk_ | xai- | pplx- | pcsk_ | lsv2_[a-z]{2}_ | nvapi-
    | lp_live_
    | ntn_ | secret_(?=[A-Za-z0-9]{32}) | pat(?=[A-Za-z0-9]{14}\.[0-9a-f]{20}) | rpa_(?=\w{30})
    | lin_(?:api|oauth)_ | pat-(?=[a-z]{2}\d-) | shippo_(?:live|test)_ | re_(?=\w{8}_\w{16})
    | ATATT3 | ATCTT3 | ATBB(?=\w{24}) | ATTA(?=[0-9a-f]{40}) | pk_\d{6,10}_ | duffel_(?:live|test)_
    | sb_(?:secret|publishable)_ | sbp_ | HRKU- | do[opr]_v1_ | nfp_ | vc[pkira]_(?=\w{20}) | rnd_
    | pscale_[a-z]+_ | napi_ | dapi(?=[0-9a-f]{32}) | hv[bsr]\.(?=[\w-]{20}) | dp\.[a-z]{2,5}\.
    | NRAK- | NRI[IJQ]- | NRJS- | sntry[a-z]_ | glsa_ | glc_ | ph[cx]_ | bkua_ | CCI[PA]AT_ | sgp_
    | fm[12]_ | fo1_ | ops_eyJ | pul- | AGE-SECRET-KEY-1 | FLWSECK(?:_TEST)?- | EZ[AT]K(?=\w{40})
    | sl\.(?=[\w-]{40}) | dG9rO(?=\w{30}) )[\w.$~+/=:-]{10,}"""
# What has no prefix, or one that is too short to go by.
SHAPED = r"""(?x)(?<![A-Za-z0-9])(?:
      (?:A3T[A-Z0-9]|A[KS]IA|ABIA|ACCA)[0-9A-Z]{16}(?![0-9A-Za-z])
    | eyJ(?:[\w=-]{1,}+\.[\w=-]{2,}+[.\w=+/-]*+ | [\w+/-]{40,}+={0,2})
    | (?:AC|SK)[0-9a-z]{32}(?![0-9A-Za-z])
    | [0-9a-z]{32}-us\d{1,2}(?!\d)
    | \d{8,10}:[\w-]{35}(?![\w-])
    | [MNO][\w-]{23,27}\.[\w-]{6}\.[\w-]{27,40}
    | [\w~.]{3}\dQ~[\w~.-]{30,36}
    | [0-2]/\d{10,20}(?:/\d{10,20})?:[0-9a-f]{32}
    | AAAA[\w-]{7}:[\w-]{60,} | [A-Za-z0-9]{14}\.atlasv1\.[\w=-]{40,} | 00D\w{12,15}![\w.]{40,}
    | AKC[a-zA-Z0-9]{10,} | AP[0-9A-F](?=[A-Za-z]*\d)[a-zA-Z0-9]{30,}
    | [ps]k\.eyJ[\w-]{20,}+(?:\.[\w-]++)? )"""
# What may hold white space, or be short.
LOOSE = rf"""(?x)
      -----BEGIN[ ][A-Z0-9 ]{{0,30}}PRIVATE[ ]KEY(?:[ ]BLOCK)?-----
      (?:(?!-----)[\s\S])*+(?:-----END[A-Z0-9 ]*+-----)?
    | \bPuTTY-User-Key-File-\d(?:(?!\n[ ]*\n)[\s\S])*+
    | \b(?i:sk|gsk|xai|hf|rk)[-_][\w*-]{{6,}}
    | \b(?i:pk|key)[-_](?=[\w*-]{{0,30}}?[\d*])[\w*-]{{6,}}
    | (?i:\bAuthorization["']?[ ]?[:=][ ]?["']?(?:\w++[ ])?+)([^\s"',;\[]{{4,}})
    | (?i:\bBearer\s{{1,3}})[^\s"',;\[]{{6,}}
    | {PARAMETER}"""
LOOSE_MARKS = (
    *("-----", "putty", "sk-", "sk_", "gsk", "xai", "hf_", "hf-", "rk-", "rk_", "pk-", "pk_"),
    *("key-", "key_", "auth", "bearer", "="),
)

WORD = r"[\w~+/.$-][\w~+/.$:=!-]{12,}+"  # long enough for a key
INTRODUCTION = r"(?i)(?:key|token|secret|credential|pass(?:word)?|pwd?)s?(?![a-z])"
NEAR = 90  # characters between the word "key" and the key
AFTER = 40  # and between the key and the word, if that comes later
TURN = r"(?=[A-Za-z]\d|\d[A-Za-z]|[a-z][A-Z])"  # where chance, and seldom a person, goes on
TURNS = 4  # of a key that is introduced
HEX = r"(?=[a-f]*\d)(?=\d*[a-f])[0-9a-f]{24,}"
ALONE = r"(?=[^a-z]*[a-z])(?=[^A-Z]*[A-Z])(?=\D*\d)[\w-]{32,}"  # of one that is not
CHARACTERS_A_TURN = 4


def shaped_keys(text: str) -> Iterator[Span]:
    """Yield what has the shape of a vendor's key, a private key, or a header's secret."""
    lower = text.lower()
    if any(mark in lower for mark in LOOSE_MARKS):
        yield from scan(LOOSE, text)


def long_keys(text: str) -> Iterator[Span]:
    """Yield what is a key by its vendor's prefix or shape, and long words that look random.

    Of the latter those that "key" or "token" stands before, and the very long ones; in a web
    address they are most often the name of a page.
    """
    for match in re.finditer(WORD, text):
        found = [span for pattern in (PREFIXED, SHAPED) for span in scan(pattern, match[0])]
        if not found and "://" not in match[0]:
            found = list(_random(match))
        for start, end in sorted(found):
            yield match.start() + start, match.start() + end


def _random(match: re.Match[str]) -> Iterator[Span]:
    """Yield the parts of a word that look random, as places in the word."""
    for part in re.finditer(r"[\w~+/.-]{16,}", match[0]):
        word = part[0].rstrip(".-/")
        turns = len(re.findall(TURN, word))
        mixed = turns >= TURNS or re.fullmatch(HEX, word)
        at = match.start() + part.start()
        before = match.string[max(0, at - NEAR) : at]
        alone = turns * CHARACTERS_A_TURN >= len(word) and re.fullmatch(ALONE, word)
        after = match.string[at + len(word) :][:AFTER]
        if alone or (mixed and re.search(INTRODUCTION, f"{before} {after}")):
            yield part.start(), part.start() + len(word)


def urls_with_secrets(text: str) -> Iterator[Span]:
    """Yield web addresses that hold a login, a secret parameter, or are a secret themselves."""
    for match in re.finditer(URL, text):
        url = match[0].rstrip(".,;:!?)]}*")
        if any(re.search(pattern, url) for pattern in (LOGIN, PARAMETER, WEBHOOK)):
            yield match.start(), match.start() + len(url)
