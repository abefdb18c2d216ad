"""What the commands give fits the committed schemas, and what is wrong does not."""

import json
from pathlib import Path
from typing import Any

import pytest

import certification
from certification.audit import audit
from tests.certification.fixture import Inputs, hil_result, verify_result

jsonschema = pytest.importorskip("jsonschema")
FOLDER = Path(certification.__file__).parent / "schema"
NAMES = ("verify", "hil", "certify", "audit", "attack", "deploy", "falsify", "refusal")


def schema(name: str) -> dict[str, Any]:
    data: dict[str, Any] = json.loads((FOLDER / f"{name}-1.json").read_text())
    return data


def check(name: str, data: Any) -> None:
    jsonschema.validate(data, schema(name), cls=jsonschema.Draft202012Validator)


@pytest.mark.parametrize("name", NAMES)
def test_schemas_are_schemas(name: str) -> None:
    jsonschema.Draft202012Validator.check_schema(schema(name))


def test_results_fit(tmp_path: Path) -> None:
    packed = Inputs().write(tmp_path)
    check("verify", verify_result())
    check("hil", hil_result())
    check("certify", packed.summary)
    check("audit", audit(packed.path))


@pytest.mark.parametrize("key", ["program", "bounds", "claims"])
def test_lacking_key_does_not_fit(key: str) -> None:
    data = verify_result()
    del data[key]
    with pytest.raises(jsonschema.ValidationError):
        check("verify", data)


def test_unknown_word_does_not_fit() -> None:
    data = verify_result()
    data["claims"][0]["word"] = "CERTAIN"
    with pytest.raises(jsonschema.ValidationError):
        check("verify", data)
