"""The operator API for people: one page, readable offline, derived from the rows."""

import base64
import hashlib
from collections.abc import Iterator, Sequence
from html import escape
from typing import Any

from voltroam.operator.openapi import given_by, refusals, taken_by
from voltroam.operator.operation import Operation

STYLE = """
:root { color-scheme: light dark; --line: #8884; --soft: #8882; --strong: #0b6bcb; }
@media (prefers-color-scheme: dark) { :root { --strong: #6db3ff; } }
body { font: 16px/1.5 system-ui, sans-serif; max-width: 60rem; margin: 0 auto; padding: 1rem; }
h1 { font-size: 1.6rem; } h2 { margin-top: 2.5rem; border-bottom: 1px solid var(--line); }
code { font: 0.9em ui-monospace, monospace; background: var(--soft); padding: 0 .3em;
  border-radius: .2em; overflow-wrap: anywhere; }
details { border: 1px solid var(--line); border-radius: .4rem; margin: .5rem 0;
  padding: .4rem .8rem; }
summary { cursor: pointer; }
summary code { background: none; }
.method { color: var(--strong); font-weight: 700; }
.scope { float: right; opacity: .75; font-size: .85em; }
dt { font-weight: 600; margin-top: .5rem; } dd { margin-left: 1rem; }
nav a { margin-right: .8rem; } a { color: var(--strong); }
"""
_HASH = base64.b64encode(hashlib.sha256(STYLE.encode()).digest()).decode()
PAGE_POLICY = f"default-src 'none'; style-src 'sha256-{_HASH}'; frame-ancestors 'none'"


def page(operations: Sequence[Operation[Any]]) -> str:
    """The whole page; its one link to the API is relative, so it works below any prefix."""
    return "\n".join(_lines(operations))


def _lines(operations: Sequence[Operation[Any]]) -> Iterator[str]:
    tags = tuple(dict.fromkeys(one.tag for one in operations))
    yield '<!doctype html><html lang="en"><head><meta charset="utf-8">'
    yield '<meta name="viewport" content="width=device-width, initial-scale=1">'
    yield f"<title>voltroam operator API</title><style>{STYLE}</style></head><body><main>"
    yield "<h1>voltroam operator API</h1>"
    yield "<p>For the company's own people and systems: REST below <code>/operator/v1</code>."
    yield 'The machine-readable form is <a href="v1/openapi.json">openapi.json</a> (OpenAPI 3.1)'
    yield ". Make a key with <code>voltroam key create NAME --scope read</code> and send it as"
    yield "<code>Authorization: Bearer voltroam_…</code>. Errors are <code>problem+json</code>;"
    yield "lists go on with <code>?cursor=</code> and the <code>next</code> of the page before;"
    yield "a POST with an <code>Idempotency-Key</code> is done once.</p><nav>"
    for tag in tags:
        yield f'<a href="#{escape(tag)}">{escape(tag)}</a>'
    yield "</nav>"
    for tag in tags:
        yield f'<h2 id="{escape(tag)}">{escape(tag)}</h2>'
        for one in operations:
            if one.tag == tag:
                yield from _operation(one)
    yield "</main></body></html>"


def _operation(one: Operation[Any]) -> Iterator[str]:
    yield f'<details><summary><span class="scope">{escape(one.scope)}</span>'
    yield f'<code><span class="method">{one.method}</span> {escape(one.path)}</code>'
    yield f"&ensp;{escape(one.summary)}</summary><dl>"
    fields = (*one.query.__struct_fields__, *one.headers)
    if fields:
        yield f"<dt>Query</dt><dd>{', '.join(_code(name) for name in fields)}</dd>"
    body, answer = taken_by(one), given_by(one)
    if body is not None:
        yield f"<dt>Body</dt><dd>{_code(name_of(body))}</dd>"
    yield f"<dt>Answer</dt><dd>{_code(_answer(one)) if answer else 'no content'}</dd>"
    codes = ", ".join(f"{code} {escape(text)}" for code, text in refusals(one).items())
    yield f"<dt>Errors</dt><dd>{codes}</dd></dl></details>"


def _answer(one: Operation[Any]) -> str:
    return one.media if one.is_stream else name_of(given_by(one))


def name_of(shape: Any) -> str:
    """A type's name for people: `Page[Location]`."""
    inner = getattr(shape, "__args__", ())
    name = getattr(shape, "__name__", str(shape))
    if not inner:
        return "object" if name == "dict" else str(name)
    if name == "dict":
        return "object"
    return f"{name}[{', '.join(name_of(one) for one in inner)}]"


def _code(text: str) -> str:
    return f"<code>{escape(text)}</code>"
