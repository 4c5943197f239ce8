"""Markdown as GitHub's own renderer shows it: foreign texts stand there literally, and the page fits."""

import html
import re

import cmarkgfm
import pytest
from cmarkgfm.cmark import Options
from hypothesis import example, given, settings
from hypothesis import strategies as st

from mmsbatch.reports.markdown import (
    Rank,
    Section,
    cell_code,
    code,
    code_block,
    count_bytes,
    count_characters,
    fit,
    table,
)

settings.register_profile("unhurried", deadline=None)
settings.load_profile("unhurried")

_texts = st.text(st.characters(exclude_categories=["Cs", "Cc"]), max_size=30)
_pieces = st.sampled_from(
    [
        "`",
        "``",
        "```",
        "|",
        "\\",
        "\\|",
        "<b>",
        "&amp;",
        "@someone",
        "#12",
        "www.example.com",
        "<!-- x -->",
        "~~~",
        "*",
        "$",
    ]
)
_lines = st.lists(_texts | _pieces, max_size=6).map("".join)


def show(text):
    """Render as GitHub does, with tags left in: what a sanitizer would take out must not be there at all."""
    return cmarkgfm.github_flavored_markdown_to_html(text, options=Options.CMARK_OPT_UNSAFE)


def escaped(text):
    return html.escape(text).replace("&#x27;", "'")


@given(_lines)
def test_code_within_a_line_is_literal(text):
    line = " ".join(text.split())
    shown = f"<code>{escaped(line)}</code>" if line else "–"
    assert show(f"x {code(text)} y") == f"<p>x {shown} y</p>\n"


@given(_lines)
def test_code_in_a_cell_is_literal(text):
    line = " ".join(text.split()).replace("\\|", "\\¦")
    shown = f"<code>{escaped(line)}</code>" if line else "–"
    assert show(table(["a", "b"], [["1", cell_code(text)]])).count(f"<td>{shown}</td>") == 1


@given(st.lists(_lines, min_size=1, max_size=4).map("\n".join))
@example("a\n```\n@someone\n````")
def test_a_block_of_code_is_literal(text):
    assert show(f"{code_block(text)}\n\nend") == (
        f'<pre lang="text"><code>{escaped(text)}\n</code></pre>\n<p>end</p>\n'
    )


PAGE = [
    Section(Rank.VERDICT, "verdict"),
    Section(Rank.HEADING, "first"),
    Section(Rank.SAMPLES, "x" * 100),
    Section(Rank.HEADING, "second"),
    Section(Rank.SAMPLES, "y" * 100),
    Section(Rank.WARNINGS, "z" * 100),
]


@pytest.mark.parametrize(
    ("limit", "shown"),
    [
        (1000, ["verdict", "first", "x", "second", "y", "z"]),
        (320, ["verdict", "first", "x", "second", "z", "*1 parts"]),
        (220, ["verdict", "first", "second", "z", "*2 parts"]),
        (120, ["verdict", "first", "second", "*3 parts"]),
        (88, ["verdict", "first", "*4 parts"]),
        (0, ["verdict", "*5 parts"]),
    ],
)
def test_what_does_not_fit_is_left_out_by_rank_and_never_the_verdict(limit, shown):
    page = fit(PAGE, limit, len)
    assert [re.match(r"\*\d parts|verdict|first|second|.", part)[0] for part in page.split("\n\n")] == shown
    assert limit < 88 or len(page) <= limit


@given(st.lists(st.builds(Section, st.sampled_from(Rank), st.text(max_size=50)), max_size=12), st.integers(150, 500))
def test_a_page_is_within_its_limit_but_for_the_verdict(sections, limit):
    page = fit(sections, limit, count_bytes)
    verdict = "\n\n".join(section.text for section in sections if section.rank is Rank.VERDICT)
    assert count_bytes(page) <= max(limit, count_bytes(verdict) + 100)


def test_sizes_are_those_of_the_hosts():
    assert (count_characters("é😀"), count_bytes("é😀")) == (3, 6)
