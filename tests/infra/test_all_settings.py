"""The table "All settings" of docs/deploy.md, against infra/stage: each setting, its default and what it may be."""

import json
import re
from collections.abc import Iterator, Mapping
from typing import Any, Literal, get_args, get_origin

import pytest
from annotated_types import Ge, Gt, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from infra.stage.stage import Stage
from tests.infra.synthesis import ROOT

DOCUMENT = ROOT / "docs" / "deploy.md"


def settings(model: type[BaseModel], table: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting of a table of cdk.json, `kafka.volume_gb`; one that several kinds have, several times."""
    for name, field in model.model_fields.items():
        tables = [one for one in parts(field) if isinstance(one, type) and issubclass(one, BaseModel)]
        for one in tables:
            yield from settings(one, f"{table}{name}.")
        if not tables:
            yield f"{table}{name}", field


def parts(one: Any) -> Iterator[Any]:
    """What a field is made of: types, choices and limits."""
    if isinstance(one, FieldInfo):
        yield from (part for inner in (one.annotation, *one.metadata) for part in parts(inner))
    elif get_origin(one) is Literal or not get_args(one):
        yield one
    else:
        yield from (part for inner in get_args(one) for part in parts(inner))


def default(field: FieldInfo) -> str:
    if field.is_required():
        return "required"
    value = field.get_default(call_default_factory=True)
    return "none" if value is None else f"`{json.dumps(value)}`"


def limits(*fields: FieldInfo) -> list[str]:
    """What must be said of what a setting may be: `10 to 300`, `1 or more`, each of its choices."""
    every = [part for field in fields for part in parts(field)]
    least, most, above = (
        [getattr(one, name) for one in every if isinstance(one, kind)]
        for kind, name in ((Ge, "ge"), (Le, "le"), (Gt, "gt"))
    )
    said = [f"{least[0]} to {most[0]}" if most else f"{least[0]} or more"] if least else []
    said += [f"above {one}" for one in above]
    return said + [f"`{choice}`" for one in every if get_origin(one) is Literal for choice in get_args(one)]


SETTINGS: dict[str, list[FieldInfo]] = {}
for name, field in settings(Stage):
    SETTINGS.setdefault(name, []).append(field)
# That is the key of the stage's table.
del SETTINGS["name"]


@pytest.fixture(scope="module")
def rows() -> Mapping[str, list[str]]:
    """The rest of each line of the table, by the setting's name."""
    (section,) = re.findall(r"^## All settings$(.*?)^## ", DOCUMENT.read_text(), re.DOTALL | re.MULTILINE)
    found = re.findall(r"^\| `([\w.]+)` \| (.*) \|$", section, re.MULTILINE)
    names = [name for name, _ in found]
    assert len(names) == len(set(names)), "one is there twice"
    return {name: rest.split(" | ", 2) for name, rest in found}


def test_every_setting_is_in_the_table_and_nothing_else(rows: Mapping[str, list[str]]) -> None:
    assert sorted(rows) == sorted(SETTINGS)


def test_the_table_tells_a_settings_default_and_what_it_may_be(rows: Mapping[str, list[str]]) -> None:
    for name, fields in SETTINGS.items():
        told, may_be, _ = rows[name]
        assert {told} == {default(field) for field in fields}, name
        for said in limits(*fields):
            assert said in may_be.replace(",", ""), name


def test_limits_are_found_wherever_they_stand() -> None:
    assert limits(*SETTINGS["heartbeat_seconds"]) == ["10 to 300"]
    assert limits(*SETTINGS["reserved.api"]) == ["1 or more"]
    assert limits(*SETTINGS["rates.chat_per_second"]) == ["above 0"]
    assert limits(*SETTINGS["network.flow_logs"]) == ["`rejected`", "`all`"]
    assert limits(*SETTINGS["cache.kind"]) == ["`serverless`", "`existing`"]
