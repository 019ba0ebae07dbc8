"""Takes secrets out of what is logged or shown: values under telling names, credentials inside texts."""

import re
from collections.abc import Mapping

REDACTED = "[redacted]"

_SECRET_WORDS = frozenset(
    {"password", "passwd", "passphrase", "pwd", "secret", "secrets", "token", "tokens", "key", "keys", "apikey"}
    | {"authorization", "cookie", "cookies", "credential", "credentials", "sessionid"}
)
_HUMP = re.compile(r"(?<=[a-z0-9])(?=[A-Z])")
_NOT_WORD = re.compile(r"[^a-z0-9]+")
# Too much is taken rather than too little: up to the last @ of a word, and the whole word after a telling name.
_IN_URL = re.compile(r"(://[^\s/@:]*):[^\s\"'<>]*@")
_NAMED = re.compile(
    r"(?i)((?:password|passwd|passphrase|secret|token|api_?key|authorization|cookie)[\w-]{0,40}[\"']?\s{0,5}[=:]\s{0,5})"
    r"(?:(?:bearer|basic)\s+)?(?:\"[^\"]*\"|'[^']*'|[^\s\"']+)"
)
_BEARER = re.compile(r"(?i)\b(bearer\s+)[\w.~+/=-]+")


def redacted_text(text: str) -> str:
    """The text without the passwords of addresses and without what follows `password=` and its like.

    >>> redacted_text("no answer from postgresql://ada:s3cr3t@db/buttress, token: abc")
    'no answer from postgresql://ada:[redacted]@db/buttress, token: [redacted]'
    """
    text = _IN_URL.sub(rf"\1:{REDACTED}@", text)
    return _BEARER.sub(rf"\1{REDACTED}", _NAMED.sub(rf"\1{REDACTED}", text))


def is_secret_name(name: str) -> bool:
    """Whether one word of the name tells of a secret, in snake, kebab or camel case.

    >>> is_secret_name("apiKey"), is_secret_name("Set-Cookie"), is_secret_name("monkeys")
    (True, True, False)
    """
    return not _SECRET_WORDS.isdisjoint(_NOT_WORD.split(_HUMP.sub("_", name).lower()))


def redacted(value: object) -> object:
    """The value with every secret inside it replaced, at any depth; what is no plain value becomes its text.

    >>> redacted({"user": "ada", "auth": [{"session_token": "abc"}]})
    {'user': 'ada', 'auth': [{'session_token': '[redacted]'}]}
    """
    if value is None or isinstance(value, bool | int | float):
        return value
    if isinstance(value, Mapping):
        return {str(k): REDACTED if is_secret_name(str(k)) else redacted(v) for k, v in value.items()}
    if isinstance(value, list | tuple | set | frozenset):
        return [redacted(each) for each in value]
    return redacted_text(str(value))
