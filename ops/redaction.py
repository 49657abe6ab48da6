"""Keeps secrets out of a report, also those that nobody marked.

The engine hides what the program marked secret. Everything else is plain in a preview: a token in a container's environment, a
password in a connection string, a key somebody pasted. Whatever a report shows goes through `shown` or `shown_text`, which hide

1. by name: what belongs to a property or key called password, token and the like;
2. by format: tokens, keys and connection strings of services that give them a form (the patterns of detect-secrets, and ours);
3. by chance: long runs of characters that look drawn at random.

It hides too much rather than too little: what it hides wrongly, the state still shows to those who may read it. What cannot be
told from ordinary words, such as a password of one word under an innocent name, it does not find.
"""

import json
import math
import re
from collections import Counter
from collections.abc import Mapping
from enum import Enum
from typing import Any

from detect_secrets.plugins.artifactory import ArtifactoryDetector
from detect_secrets.plugins.aws import AWSKeyDetector
from detect_secrets.plugins.azure_storage_key import AzureStorageKeyDetector
from detect_secrets.plugins.basic_auth import BasicAuthDetector
from detect_secrets.plugins.discord import DiscordBotTokenDetector
from detect_secrets.plugins.github_token import GitHubTokenDetector
from detect_secrets.plugins.jwt import JwtTokenDetector
from detect_secrets.plugins.mailchimp import MailchimpDetector
from detect_secrets.plugins.npm import NpmDetector
from detect_secrets.plugins.private_key import PrivateKeyDetector
from detect_secrets.plugins.sendgrid import SendGridDetector
from detect_secrets.plugins.slack import SlackDetector
from detect_secrets.plugins.square_oauth import SquareOAuthDetector
from detect_secrets.plugins.stripe import StripeDetector
from detect_secrets.plugins.twilio import TwilioKeyDetector

HIDDEN = "[hidden]"
# Bits for each character. detect-secrets takes 3.0 for hexadecimal and 4.5 for Base64, which short runs do not reach even if they
# are random: at most the logarithm of their length. So the limit follows that, and is lower: words are told apart before. Of 60,000
# tokens of each kind that Python's `secrets` makes, these limits missed 1 in 20,000 of 32 bytes and 1 in 200 of 18.
HEXADECIMAL_ENTROPY_BITS = 2.5
ENTROPY_OF_POSSIBLE_PERCENT = 70
SHORTEST_RANDOM_CHARACTERS = 20

DETECTORS = (
    ArtifactoryDetector, AWSKeyDetector, AzureStorageKeyDetector, BasicAuthDetector, DiscordBotTokenDetector, GitHubTokenDetector,
    JwtTokenDetector, MailchimpDetector, NpmDetector, PrivateKeyDetector, SendGridDetector, SlackDetector, SquareOAuthDetector,
    StripeDetector, TwilioKeyDetector,
)  # fmt: skip
FORMATS = (
    # Whole, with everything between its lines, or as far as it goes.
    re.compile(r"-----BEGIN [A-Z0-9 ]*PRIVATE KEY( BLOCK)?-----.*?(-----END [A-Z0-9 ]*-----|\Z)", re.DOTALL),
    *(pattern for detector in DETECTORS for pattern in detector.denylist),
    re.compile(r"\bgithub_pat_\w{20,}|\bglpat-[\w-]{20,}"),
    # PostgreSQL's verifiers (documentation, "pg_authid"): whoever has one can log in as, or crack, its user.
    re.compile(r"SCRAM-SHA-256\$\d+:[^\s\"']+|\bmd5[0-9a-f]{32}\b"),
)
_SECRET_WORD = r"(?:pass(?:word|wd|phrase)?|pwd|secret|token|api[_-]?key|private[_-]?key|access[_-]?key|credentials?|auth(?:orization)?|salt|verifier|signature|dsn|connection[_-]?string|cookie)"  # noqa: S105 - words, no secret
_NAME = re.compile(rf"(?:^|[_\-.\[/]|(?<=[a-z0-9])){_SECRET_WORD}s?(?:\d|[_\-.\]]|value|string|text|$)", re.IGNORECASE)  # fmt: skip
_ARN = re.compile(r"arn:aws[\w-]*:[\w:/.*+=,@-]+")
# `password=...`, `"token": "..."` and `Authorization: Bearer ...` inside of a text: the name, and what may be its value. An ARN
# has colons of its own.
_ASSIGNED = re.compile(
    rf"{_ARN.pattern}|(?<![\w.-])([\w.-]++)[\"']?\s*[=:]\s*(?:bearer\s+|basic\s+)?", re.IGNORECASE
)
_VALUE = re.compile(r"\"[^\"]*\"|'[^']*'|[^\s,;&\"']+")
# Names that hold one of those words and yet no secret.
_ABOUT_A_SECRET = re.compile(
    r"(arns?|ids?|names?|prefix|lengths?|days|seconds|hours|enabled|required|types?|method|mode|modes|version|versions|stages?|kms|policy|rotation|url|path|expiry|expires|rules?|recovery|management|authentication|encryption)$",
    re.IGNORECASE,
)
# Long, random to look at, and public: resource names, digests, UUIDs, AWS's ids, addresses, times.
_PUBLIC = re.compile(
    r"""arn:aws[\w-]*:[\w:/.*+=,@-]+ | urn:pulumi:\S+ | \bsha(?:256|512):[0-9a-f]{64,128}\b
    | \b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b
    | \b[a-z]{1,12}-[0-9a-f]{8,17}\b | \b(?:db|cluster)-[A-Z0-9]{20,32}\b
    | (?<![\w.-])[\w-]+(?:\.[\w-]+)*\.(?:amazonaws\.com|internal|local)\b | \b\d{4}-\d\d-\d\dT[\d:.]+Z?\b""",
    re.VERBOSE,
)
_PUBLIC_NAME = re.compile(r"(hash|digest|etag|fingerprint|checksum|version_?id|zone_?id)$", re.IGNORECASE)
_RUN = re.compile(rf"[A-Za-z0-9+/=_-]{{{SHORTEST_RANDOM_CHARACTERS},}}")
_HEXADECIMAL = re.compile(r"[0-9a-fA-F]+")
# What a person may have written between separators: words joined by capitals (`backupRetentionPeriod`, `AmazonECSTaskRole`) with a
# number at their end; a number; what is too short to be drawn at random, in one case.
_WORD = re.compile(
    r"(?:[a-z]{2,})?(?:[A-Z][a-z]+|[A-Z]{2,6}(?![a-z]))*\d{0,4}|\d{1,12}|[a-z0-9]{1,8}|[A-Z0-9]{1,8}|[A-Za-z]{1,8}"
)
_SEPARATORS = re.compile(r"[_/=-]")


def names_a_secret(name: str) -> bool:
    """Whether what a property, key or variable of this name holds is a secret."""
    return bool(_NAME.search(name)) and not _ABOUT_A_SECRET.search(name)


def shown(value: Any, path: tuple[str, ...] = ()) -> Any:
    """A property as a report may show it; `path` leads to it and takes part in the decision."""
    # A member of an enumeration is a word of this program, in a value's place.
    if value is None or isinstance(value, bool | Enum):
        return value.value if isinstance(value, Enum) else value
    if isinstance(value, Mapping):
        return _shown_mapping(value, path)
    if isinstance(value, list):
        return [shown(each, path) for each in value]
    if any(names_a_secret(part.strip("[]")) for part in path):
        # Where a secret is kept is no secret, and what a container's `secrets` hold.
        return value if isinstance(value, str) and _ARN.fullmatch(value) else HIDDEN
    if isinstance(value, str):
        is_public = path and _PUBLIC_NAME.search(path[-1])
        return _without_formats(value) if is_public else shown_text(value)
    return value


def _shown_mapping(value: Mapping[str, Any], path: tuple[str, ...]) -> dict[str, Any]:
    """A mapping; in one like {name: TOKEN, value: ...} the value goes by the name beside it."""
    named = [value[key] for key in ("name", "Name", "key", "Key") if isinstance(value.get(key), str)]
    about = (*path, *named)
    return {
        shown_text(key): shown(each, (*about, key) if key in {"value", "Value"} else (*path, key))
        for key, each in value.items()
    }


def shown_text(text: str) -> str:
    """Any text, such as a message, as a report may show it."""
    if text[:1] in {"{", "["}:
        try:
            return json.dumps(shown(json.loads(text)))
        except ValueError:
            pass
    text = _without_assigned(_without_formats(text))
    pieces, end = [], 0
    for public in _PUBLIC.finditer(text):
        pieces += [_without_chance(text[end : public.start()]), public.group()]
        end = public.end()
    return "".join([*pieces, _without_chance(text[end:])])


def _without_assigned(text: str) -> str:
    pieces, end = [], 0
    for assigned in _ASSIGNED.finditer(text):
        if assigned.start() < end or not (assigned[1] and names_a_secret(assigned[1])):
            continue
        if value := _VALUE.match(text, assigned.end()):
            pieces += [text[end : assigned.end()], HIDDEN]
            end = value.end()
    return "".join([*pieces, text[end:]])


def _without_formats(text: str) -> str:
    for pattern in FORMATS:
        text = pattern.sub(HIDDEN, text)
    return text


def _without_chance(text: str) -> str:
    return _RUN.sub(lambda run: HIDDEN if _is_random(run.group()) else run.group(), text)


def _is_random(run: str) -> bool:
    """Whether a run, or what stands between two separators in it, looks drawn at random."""
    segments = _SEPARATORS.split(run)
    if all(_WORD.fullmatch(segment) for segment in segments):
        return False
    long_ones = (each for each in segments if len(each) >= SHORTEST_RANDOM_CHARACTERS)
    return any(_has_high_entropy(each) for each in (run, *long_ones))


def _has_high_entropy(text: str) -> bool:
    if _HEXADECIMAL.fullmatch(text):
        return entropy_bits(text) >= HEXADECIMAL_ENTROPY_BITS
    possible = math.log2(min(len(text), 64))
    return entropy_bits(text) * 100 >= possible * ENTROPY_OF_POSSIBLE_PERCENT


def entropy_bits(text: str) -> float:
    """Shannon's entropy of a text's characters, in bits for each."""
    return -sum(n / len(text) * math.log2(n / len(text)) for n in Counter(text).values())
