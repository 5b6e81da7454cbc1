"""Terms where they stand: a quiet line of words, each opening to its sentence and picture."""

from __future__ import annotations

import streamlit as st

from core.terms.glossary import find
from core.terms.pen import INK
from core.terms.term import Term

_WIDTH = 240  # pixels of the picture
# of .streamlit/config.toml: a picture cannot ask the page around it
_TEXT = {"light": "#1C2833", "dark": "#E6ECF0"}


def explain(*names: str) -> None:
    """Draw a line of terms; raises NotFoundError for one that is not explained.

    Each stands once on a page: a second one of the same name would be refused by its key.
    """
    with st.container(horizontal=True, gap="small", key=f"terms-{names[0]}"):
        for name in names:
            _draw(find(name))


def _draw(term: Term) -> None:
    with st.popover(
        f":small[{term.title}]",
        type="tertiary",
        icon=f":material/{term.icon}:",
        key=f"term-{term.name}",
    ):
        theme = st.context.theme.type or "light"
        st.image(term.picture.replace(INK, _TEXT[theme]), width=_WIDTH, alt=term.alt)
        st.markdown(f"**{term.title}**  \n{term.sentence}")
