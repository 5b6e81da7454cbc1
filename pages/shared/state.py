"""What a browser session remembers; the only file that names st.session_state.

The draft is written to the workspace with every change, so that a reload, a second tab or a restart
of the app goes on where the person was.
"""

from __future__ import annotations

from typing import Any

import streamlit as st

from core import draft as drafts
from core.draft import Draft


def draft() -> Draft:
    """The run being put together, as last saved by any tab."""
    return drafts.load()


def change_draft(**parts: Any) -> None:
    """Replace parts of the draft: data, model or train; raises SpecError, StorageError."""
    drafts.save(drafts.load().changed(**parts))


def begin(key: str, value: Any) -> None:
    """Give a widget its first value on this page; what the person does to it stays."""
    if key not in st.session_state:
        st.session_state[key] = value


def forget(*keys: str) -> None:
    """Let widgets start from the draft again."""
    for key in keys:
        st.session_state.pop(key, None)


def value(key: str, default: Any = None) -> Any:
    """A widget's value, or what was kept under `key`."""
    return st.session_state.get(key, default)


def keep(key: str, content: Any) -> None:
    """Keep something for this session."""
    st.session_state[key] = content


def address(name: str) -> str:
    """A part of the page's address, such as ?run=; empty where it is not there."""
    return str(st.query_params.get(name, ""))
