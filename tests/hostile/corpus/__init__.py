"""What a hostile template, archive, body or parameter looks like: each with a name, grouped by kind."""

from __future__ import annotations

from collections.abc import Iterator

from tests.hostile.corpus.archives import ARCHIVES
from tests.hostile.corpus.cases import Case, Document
from tests.hostile.corpus.forms import FORMS
from tests.hostile.corpus.heads import HEADS
from tests.hostile.corpus.json_texts import JSON_TEXTS
from tests.hostile.corpus.parameters import PARAMETERS
from tests.hostile.corpus.values import VALUES
from tests.hostile.corpus.yaml_texts import YAML_TEXTS

DOCUMENTS: tuple[Document, ...] = (*YAML_TEXTS, *JSON_TEXTS, *ARCHIVES)
"""Templates as files, without a request around them."""

CASES: tuple[Case, ...] = (
    *(document.case() for document in DOCUMENTS),
    *VALUES,
    *FORMS,
    *PARAMETERS,
    *HEADS,
)


def by_kind() -> Iterator[tuple[str, list[Case]]]:
    """Each kind with its cases, in order."""
    for kind in dict.fromkeys(case.kind for case in CASES):
        yield kind, [case for case in CASES if case.kind == kind]
