"""The reports: self-contained, escaped, honest in their roundings."""

import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.report.plots import bounds, histogram
from certification.report.view import outward
from tests.certification.fixture import Inputs, read

HOSTILE = "</script><script>alert(1)</script> & <b>\"'"


@pytest.fixture(scope="module")
def page(tmp_path_factory: pytest.TempPathFactory) -> str:
    return (Inputs().write(tmp_path_factory.mktemp("page")).path / "index.html").read_text()


@given(st.floats(allow_nan=False, allow_infinity=False, min_value=-1e290, max_value=1e290))
def test_bounds_are_never_rounded_inwards(value: float) -> None:
    assert Decimal(outward(value, up=True)) >= Decimal(value) or abs(value) < 1e-300
    assert Decimal(outward(value, up=False)) <= Decimal(value) or abs(value) < 1e-300


def test_page_fetches_nothing(page: str) -> None:
    assert not re.search(r"(src|href)=\"(https?:|//)", page)
    assert "@import" not in page and "url(" not in page


def test_page_says_what_is_shown_and_by_which_means(page: str) -> None:
    text = re.sub(r"<[^>]+>", " ", page)
    for part in (
        "37 of 37 requirements are shown",
        "PROVED-IEEE",
        "No claim and no campaign is open",
        "p99.9",
    ):
        assert part in text
    assert "certified" not in text.lower() and "compliant" not in text.lower()


def test_page_names_no_place_on_the_machine(page: str, tmp_path: Path) -> None:
    assert "/tmp" not in page and str(Path.home()) + "/" not in page


def test_hostile_text_stays_text(tmp_path: Path) -> None:
    inputs = Inputs()
    inputs.claim("FINITE").update(statement=HOSTILE, assumptions=[HOSTILE])
    inputs.project["name"] = HOSTILE
    pack = inputs.write(tmp_path).path
    page = (pack / "index.html").read_text()
    assert "<script>alert" not in page
    assert read(pack, "manifest.json")["project"] == HOSTILE


def test_open_claim_stands_on_page_one(tmp_path: Path) -> None:
    inputs = Inputs()
    inputs.open("GUARD-SLEW", "bitwuzla gave up")
    pack = inputs.write(tmp_path).path
    first = (pack / "index.html").read_text().split('<section id="requirements"')[0]
    assert "GUARD-SLEW" in first and "bitwuzla gave up" in first and "36 of 37" in first


def test_pdf_is_an_archive_document_with_the_data_inside(tmp_path: Path) -> None:
    data = (Inputs().write(tmp_path).path / "evidence.pdf").read_bytes()
    assert data.startswith(b"%PDF-1.7")
    assert b"evidence.json" in data


@pytest.mark.parametrize("bins", [[], [[1.0, 0]], [[0, 5]]])
def test_plots_of_nothing_are_nothing(bins: list[list[float]]) -> None:
    assert histogram(bins, [], "us", "t") == ""
    assert bounds([], "t") == ""


@given(
    st.lists(st.tuples(st.floats(1e-3, 1e9), st.integers(0, 10**9)), min_size=1, max_size=40),
    st.lists(st.floats(1e-3, 1e9), max_size=5),
)
def test_histogram_draws_any_data(bins: list[tuple[float, int]], times: list[float]) -> None:
    svg = histogram(sorted(bins), [(f"m{i}", time) for i, time in enumerate(times)], "us", "t")
    assert "nan" not in svg and "inf" not in svg
    assert all(float(number) >= -0.01 for number in re.findall(r'(?:width|height)="(-?[\d.]+)"', svg))


def test_data_of_page_one_is_json(page: str) -> None:
    data = re.search(r'id="page-one">(.*?)</script>', page, re.DOTALL)
    assert data and json.loads(data.group(1))["status"] == 0
