"""Pages through Streamlit's AppTest: the real scripts, without a browser."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

ROOT = Path(__file__).resolve().parents[2]
OpenPage = Callable[..., AppTest]


@pytest.fixture
def open_page(home: Path) -> OpenPage:
    """Open a page by its file, with parts of the address, and fail on any uncaught exception."""

    def start(page: str = "streamlit_app.py", **query: str) -> AppTest:
        app = AppTest.from_file(str(ROOT / "streamlit_app.py"), default_timeout=30)
        if page != "streamlit_app.py":
            app = app.switch_page(page)
        for name, value in query.items():
            app.query_params[name] = value
        app.run()
        assert not app.exception, [item.value for item in app.exception]
        return app

    return start


def errors(app: AppTest) -> str:
    """The text of all error boxes."""
    return "\n".join(item.value for item in app.error)
