"""What a browser session remembers; the only file that names st.session_state.

The draft is written to the workspace when a person changes it, one setting at a time, so that a
reload, a second tab or a restart of the app goes on where the person was.
"""

from __future__ import annotations

from typing import Any
from urllib.parse import urlencode

import streamlit as st

from core import draft as drafts
from core.draft import Draft


def draft() -> Draft:
    """The run being put together, as last saved by any tab."""
    return drafts.load()


def change(**parts: Any) -> None:
    """Change parts of the draft: data, model, train; raises SpecError, StorageError."""
    drafts.change(**parts)


def follow(key: str, current: Any) -> None:
    """Let a widget show `current`, at first and whenever it changes elsewhere (another tab, Back).

    What the person does to the widget in between stays.
    """
    if key not in st.session_state or value(f"{key} shown") != current:
        st.session_state[key] = current
    keep(f"{key} shown", current)


def value(key: str, default: Any = None) -> Any:
    """A widget's value, or what was kept under `key`."""
    return st.session_state.get(key, default)


def keep(key: str, content: Any) -> None:
    """Keep something for this session."""
    st.session_state[key] = content


def address(name: str) -> str:
    """A part of the page's address, such as ?run=; empty where it is not there."""
    return str(st.query_params.get(name, ""))


def arrived(name: str) -> str:
    """The address's part where it is new: a link was followed, or Back pressed. Else empty."""
    now = address(name)
    new = now if now != value(f"?{name}", "") else ""
    keep(f"?{name}", now)
    return new


def go(name: str, content: str) -> None:
    """Write a part of the address after the person's own choice."""
    st.query_params[name] = content
    keep(f"?{name}", content)


def leave(name: str) -> None:
    """Take a part out of the address."""
    st.query_params.pop(name, None)
    keep(f"?{name}", "")


def link(name: str, content: str) -> str:
    """The whole address of this page with a part of it changed, to copy."""
    page = str(st.context.url or "").partition("?")[0]
    return f"{page}?{urlencode({name: content})}"
