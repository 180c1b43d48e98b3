"""HTTP headers as a mapping, in either direction."""

from collections.abc import Iterable


def fold_headers(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Names in lower case; repeated ones joined by comma (RFC 9110 §5.3)."""
    headers: dict[str, str] = {}
    for name, value in pairs:
        key = name.lower()
        headers[key] = f"{headers[key]}, {value}" if key in headers else value
    return headers
