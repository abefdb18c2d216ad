"""The reports: self-contained, escaped, honest in their roundings."""

import html
import json
import re
from decimal import Decimal
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from certification.evidence import NO_ATTACK
from certification.report.view import outward
from certification.requirements import load
from tests.certification.fixture import Inputs, project_tables, read

OWN = len(load().requirements)  # of Seawall itself

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
        f"1 of 1 requirements of cart are shown; {OWN} of {OWN} requirements of Seawall itself are shown",
        "PROVED-IEEE",
        "No claim and no campaign is open",
        "p99.9",
    ):
        assert part in text
    assert "certified" not in text.lower() and "compliant" not in text.lower()


def test_page_says_that_a_source_is_a_placeholder(tmp_path: Path) -> None:
    inputs = Inputs()
    inputs.project["inputs"][1]["source"] = "replace: the load cell's datasheet"
    packed = inputs.write(tmp_path)
    text = re.sub(r"\s+", " ", re.sub(r"<[^>]+>", " ", (packed.path / "index.html").read_text()))
    assert packed.status == 3 and packed.summary["unsourced"] == ["input force"]
    assert "not shown input force" in text and "its source is still a placeholder" in text


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
    assert (
        "GUARD-SLEW" in first
        and "bitwuzla gave up" in first
        and f"{OWN - 1} of {OWN} requirements of Seawall itself are shown, 1 not shown" in first
    )


def test_pdf_is_an_archive_document_with_the_data_inside(tmp_path: Path) -> None:
    data = (Inputs().write(tmp_path).path / "evidence.pdf").read_bytes()
    assert data.startswith(b"%PDF-1.7")
    assert b"evidence.json" in data


def test_data_of_page_one_is_json(page: str) -> None:
    data = re.search(r'id="page-one">(.*?)</script>', page, re.DOTALL)
    assert data and json.loads(data.group(1))["status"] == 0


def first_page(pack: Path) -> str:
    """Page one, as text in one line."""
    first = (pack / "index.html").read_text().split('<section id="requirements"')[0]
    return " ".join(re.sub(r"<[^>]+>", " ", first).split())


def test_a_skipped_test_is_skipped_and_leaves_nothing_open(tmp_path: Path) -> None:
    inputs = Inputs()
    inputs.outcomes = {inputs.tests[0]: "skipped"}
    pack = inputs.write(tmp_path).path
    assert read(pack, "evidence.json")["outcomes"][0] == {
        "name": "Tests of the project", "passed": 1, "failed": 0, "skipped": 1, "total": 2,
    }  # fmt: skip
    assert "Tests of the project 1 1 2" in first_page(pack)
    counts = read(pack, "evidence.json")["counts"]
    assert not any(row["words"]["OPEN"] for row in counts) and "Tests" not in {row["name"] for row in counts}
    assert "No claim and no campaign is open" in first_page(pack)


def test_a_requirement_says_how_many_of_its_tests_were_skipped(tmp_path: Path) -> None:
    """One test that ran shows it, and the reader sees beside the word that the others did not run."""
    inputs = Inputs()
    inputs.outcomes = {inputs.tests[0]: "skipped"}
    pack = inputs.write(tmp_path).path
    assert "CART-1 : 1 of 2 tests skipped." in first_page(pack)
    row = re.search(r'<tr id="req-CART-1">.*?</tr>', (pack / "index.html").read_text(), re.DOTALL)
    assert row and "1 of 2 tests skipped" in row[0].split("</td>")[0]


def test_a_requirement_that_is_shown_with_late_steps_says_so(tmp_path: Path) -> None:
    """Its own text may say that no step is late: the number stands beside the word, and on page one."""
    inputs = Inputs()
    data = project_tables()
    data["requirement"][0] |= {"text": "No step takes longer than 1 ms.", "campaigns": ["HIL-TIMING"]}
    inputs.declare(data)
    pack = inputs.write(tmp_path).path
    row = re.search(r'<tr id="req-CART-1">.*?</tr>', (pack / "index.html").read_text(), re.DOTALL)
    assert row and "with 3 late steps" in row[0].split("</td>")[0]
    assert "HIL-TIMING: 3 of 1,200,000 steps of the kernel took longer" in row[0]
    said = "as [timing] late_per_million allows, there are shown: CART-1 , SW-TIMING-1 ."
    assert said in first_page(pack)


def test_what_flew_on_the_makers_machine_says_so_wherever_it_counts(tmp_path: Path) -> None:
    inputs = Inputs()
    assert inputs.hil is not None
    pack = inputs.write(tmp_path / "here").path
    rows = {row["id"]: row for row in read(pack, "evidence.json")["trace"]["requirements"]}
    here = {name for name, row in rows.items() if row["where"] == "the maker's machine"}
    assert here == {"CART-1", "SW-BITS-1", "SW-TIMING-1", "SW-FAULTS-1"}
    assert "Shown on the maker's machine, not on a target" in html.unescape(first_page(pack))
    page = html.unescape((pack / "index.html").read_text())
    assert page.count("on the maker's machine</span>") == 2 * len(here) + 5  # row, trace; each campaign
    inputs.hil["target"] |= {"name": "port /dev/ttyS1", "here": False}
    other = inputs.write(tmp_path / "there").path
    assert "maker's machine" not in html.unescape(first_page(other))


def test_late_steps_stand_on_page_one_with_the_longest(tmp_path: Path) -> None:
    inputs = Inputs()
    assert inputs.hil is not None
    inputs.hil["on_target"]["kernel_ns"]["max"] = 116e6
    inputs.hil["histogram"]["on_target_ns"][4][1] -= 4
    inputs.hil["histogram"]["on_target_ns"] += [[110e6, 0], [117e6, 4]]
    inputs.hil["deadline"]["on_target"] = 4
    pack = inputs.write(tmp_path).path
    said = "7 of 1,200,000 steps of the kernel took longer than the deadline of 1,000 µs (1,000 in a million"
    assert said in first_page(pack) and "the longest 116,000 µs." in first_page(pack)
    row = re.search(r'<tr id="req-SW-TIMING-1">.*?</tr>', (pack / "index.html").read_text(), re.DOTALL)
    assert row and said in row[0] and "No more than 1,000 in a million" in row[0]


def test_the_cover_says_how_to_check_the_pack(tmp_path: Path) -> None:
    first = html.unescape(first_page(Inputs().write(tmp_path).path))
    for part in (
        "seawall audit FOLDER",
        "compare it with the one that the maker's seawall certify printed",
        "which must reach you by another way than the pack",
        "it says nothing of who made the pack",
    ):
        assert part in first


def test_the_page_names_what_made_the_pack_and_what_the_project_declares(page: str) -> None:
    text = html.unescape(re.sub(r"<[^>]+>", " ", page))
    for part in ("recovery_periods = 5", "ahead_us = 1,000", "kp = -2", "period_us = 1,000",
                 "late_per_million = 1,000", "Compiler", "Processor", "commit", "encoder data sheet, table 2",
                 "0.002 s"):  # fmt: skip
        assert part in text


def test_planted_defects_stand_in_a_table_with_their_survivors(tmp_path: Path) -> None:
    """Of nine, three were none; four of six turned a claim red."""
    page = (Inputs().write(tmp_path).path / "index.html").read_text(encoding="utf-8")
    assert "9 of 5,000 systematic defects" in page and "3 were no program" in page
    assert "of the other 6, 4 turned a claim red" in page
    assert "AS-SPECIFIED 2, FINITE 1" in page and "survived: kernel.c:1: a -&gt; b" in page


def test_a_project_in_which_no_defect_can_be_planted_says_why(tmp_path: Path) -> None:
    packed = Inputs(attack=NO_ATTACK | {"why": "FINITE is red without one"}).write(tmp_path)
    page = (packed.path / "index.html").read_text(encoding="utf-8")
    assert "No defect was planted: FINITE is red without one." in page
