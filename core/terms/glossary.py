"""All terms that can be explained where they stand."""

from __future__ import annotations

from core.errors import NotFoundError
from core.terms import judging, network, training
from core.terms.term import Term

TERMS: tuple[Term, ...] = (*training.TERMS, *judging.TERMS, *network.TERMS)
_NAMED = {term.name: term for term in TERMS}


def find(name: str) -> Term:
    """The term of that name; raises NotFoundError."""
    try:
        return _NAMED[name]
    except KeyError:
        raise NotFoundError(
            f"The term {name} is not explained yet",
            expected="one of " + ", ".join(sorted(_NAMED)),
            received=repr(name),
            remedy="Add it to core/terms, or take another one",
        ) from None
