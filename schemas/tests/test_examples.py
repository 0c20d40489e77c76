"""Every event type has examples, and each is valid, survives a round trip and its own JSON Schema."""

from pathlib import Path

import jsonschema
import pytest
from bellwire_schemas.catalogue import CATALOGUE
from bellwire_schemas.tools.examples import Example, example_folder, read_examples
from bellwire_schemas.tools.json_schemas import schemas

FOLDER = Path(__file__).parents[1] / "examples"
EXAMPLES = list(read_examples(FOLDER))


@pytest.mark.parametrize("type_name", CATALOGUE)
def test_every_type_has_an_example(type_name: str) -> None:
    assert any(example.type == type_name for example in EXAMPLES)


def test_every_committed_example_is_read() -> None:
    committed = set(FOLDER.rglob("*.json"))
    read = {FOLDER / example_folder(example.type) / f"{example.name}.json" for example in EXAMPLES}
    assert read == committed


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.type}-{example.name}")
def test_an_example_is_valid_and_survives_a_round_trip(example: Example) -> None:
    model = CATALOGUE[example.type].model
    value = model.model_validate(example.data)
    assert model.model_validate_json(value.model_dump_json()) == value
    schema = schemas()[f"{example_folder(example.type)}.v1.json"]
    jsonschema.Draft202012Validator(schema).validate(example.data)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.type}-{example.name}")
def test_a_contract_is_frozen(example: Example) -> None:
    value = CATALOGUE[example.type].model.model_validate(example.data)
    name = next(iter(type(value).model_fields))
    with pytest.raises(ValueError, match="frozen"):
        setattr(value, name, "other")
