"""Photos of one's own, class by class: from the camera or from files."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from core import words
from core.data.collection import LEAST, Collection
from core.data.decode import SUFFIXES
from core.errors import AppError, ImageError
from pages.shared import frame, images, state
from pages.transferring import camera

_SHOWN = 5  # photos of a class
_SIDE = 48  # pixels of one
_FIRST = ("Class 1", "Class 2")


def draw() -> Collection:
    """Draw the classes, each with its photos and the ways to add some."""
    own = Collection()
    for name, photos in classes(own).items():
        with st.container(border=True):
            _title(own, name, photos)
            _photos(name, photos)
            _adding(own, name, photos)
    with st.container(horizontal=True):
        if st.button("Add a class", icon=":material/add:"):
            _begin(own)
            own.add_class(_free(own))
            st.rerun()
        if any(own.classes.values()) and st.button("Start over", icon=":material/delete:"):
            confirm(own)
    return own


def classes(own: Collection) -> dict[str, list[Path]]:
    """The classes with their photos; two to begin with, which are not kept before they have any."""
    return own.classes or {name: [] for name in _FIRST}


def _begin(own: Collection) -> None:
    """Keep the first classes, now that something is done with one of them."""
    for name in () if own.classes else _FIRST:
        own.add_class(name)


def missing(own: Collection) -> str:
    """What is to be done before there is something to learn; empty where nothing is."""
    for name, photos in classes(own).items():
        if (lacking := LEAST - len(photos)) > 0:
            return f"Add {words.several(lacking, 'more photo' if photos else 'photo')} to {name}."
    return (
        "" if len(classes(own)) > 1 else "Add a second class: there is nothing to tell apart yet."
    )


def _title(own: Collection, name: str, photos: list[Path]) -> None:
    key = f"class-{name}"
    row = st.container(horizontal=True, vertical_alignment="bottom")
    row.text_input(
        "Class",
        name,
        key=key,
        max_chars=60,
        label_visibility="collapsed",
        on_change=lambda: _rename(own, name, str(state.value(key) or "")),
    )
    if row.button(
        "",
        icon=":material/delete:",
        key=f"remove-{name}",
        help=f"Delete {name} with its photos",
        disabled=len(classes(own)) <= 2,
    ):
        if photos:
            confirm_class(own, name, len(photos))
        else:
            own.remove_class(name)
            st.rerun()
    if problem := state.value(f"problem-{name}"):
        st.caption(f":red[{frame.plain(problem)}]")


def _rename(own: Collection, old: str, new: str) -> None:
    try:
        _begin(own)
        own.rename(old, new)
        state.keep(f"problem-{old}", "")
    except AppError as error:
        state.keep(f"problem-{old}", f"{error.what}: expected {error.expected}.")


def _photos(name: str, photos: list[Path]) -> None:
    st.caption(words.several(len(photos), "photo"))
    if photos:
        with st.container(horizontal=True, gap="xsmall"):
            for path in photos[-_SHOWN:]:
                st.image(_small(str(path)), width=_SIDE, alt=f"A photo of {name}")


@st.cache_data(max_entries=200, show_spinner=False)
def _small(path: str) -> bytes:
    """A photo's thumbnail; its name tells its content, so it never changes."""
    return images.thumbnail(Path(path).read_bytes(), 2 * _SIDE)


def _adding(own: Collection, name: str, photos: list[Path]) -> None:
    with st.container(horizontal=True, vertical_alignment="top"):
        with st.popover("Camera", icon=":material/videocam:", width="content"):
            camera.record(f"camera-{name}", lambda shots: _keep(own, name, shots))
        with st.popover("Upload", icon=":material/upload:", width="content"):
            turn = state.value(f"uploads-{name}", 0)
            uploads = st.file_uploader(
                f"Photos of {frame.plain(name)}",
                type=sorted(suffix[1:] for suffix in SUFFIXES),
                accept_multiple_files=True,
                key=f"upload-{name}-{turn}",
                max_upload_size=50,
            )
            if uploads:
                _keep(own, name, [upload.getvalue() for upload in uploads])
                state.keep(f"uploads-{name}", turn + 1)  # an empty uploader, ready for more
                st.rerun()
        if photos and st.button(
            "", icon=":material/undo:", key=f"undo-{name}", help="Remove the latest photo"
        ):
            own.remove(name)
            st.rerun()
    if problem := state.value(f"unread-{name}"):
        st.caption(f":red[{frame.plain(problem)}]")


def _keep(own: Collection, name: str, photos: list[bytes]) -> None:
    unread = []
    try:
        _begin(own)
        for photo in photos:
            try:
                own.add(name, photo)
            except ImageError as error:
                unread.append(error.received)
    except AppError as error:  # the disk is full, or the folder cannot be written
        state.keep(f"unread-{name}", f"{error.what}. {error.remedy}.")
        return
    count = words.several(len(unread), "photo")
    told = f"{count} could not be read: {unread[0]}" if unread else ""
    state.keep(f"unread-{name}", told)


@st.dialog("Delete this class?")
def confirm_class(own: Collection, name: str, count: int) -> None:
    """Ask once, naming what will go."""
    photos = words.several(count, "photo")
    st.markdown(f"**{frame.plain(name)}** with its {photos} will be deleted for good.")
    with st.container(horizontal=True):
        if st.button("Cancel"):
            st.rerun()
        if st.button("Delete", type="primary", icon=":material/delete_forever:"):
            own.remove_class(name)
            st.rerun()


@st.dialog("Start over?")
def confirm(own: Collection) -> None:
    """Ask once, naming what will go."""
    count = words.several(sum(map(len, own.classes.values())), "photo")
    st.markdown(f"{count} in {len(own.classes)} classes will be deleted for good.")
    with st.container(horizontal=True):
        if st.button("Cancel"):
            st.rerun()
        if st.button("Delete", type="primary", icon=":material/delete_forever:"):
            own.clear()
            st.rerun()


def _free(own: Collection) -> str:
    taken = {name.casefold() for name in own.classes}
    return next(name for n in range(1, 10**6) if (name := f"Class {n}").casefold() not in taken)
