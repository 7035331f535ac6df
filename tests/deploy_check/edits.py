"""The edits of a stage: one for each setting that a stage can have, out of the settings' own types.

A new setting is found by itself. If no value can be made up for it, or it goes only with others, `TOGETHER` says with
what; a setting that has no edit fails the check.
"""

import copy
import re
import types
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Literal, Union, get_args, get_origin

from annotated_types import Ge, Gt, Le
from pydantic import BaseModel
from pydantic.fields import FieldInfo

from infra.stage.stage import Stage, StageError
from tests.deploy_check.left_out import EDITS

Json = dict[str, Any]

# What a setting takes beside it, or a value that its type does not tell.
TOGETHER: Mapping[str, Json] = {
    "archive.table": {"archive": {"keep": True, "generation": 1}},
    "edge.domain": {"edge": {"distribution": True}},
    "edge.key": {"edge": {"distribution": True, "only": True}},
    "edge.only": {"edge": {"distribution": True}},
    "edge.page": {"edge": {"distribution": True}},
    "edge.web_acl_arn": {"edge": {"distribution": True}},
    "edge.websocket_domain": {
        "edge": {"distribution": False, "only": False, "page": False, "domain": None, "web_acl_arn": None}
    },
    "gallery": {"edge": {"distribution": True}},
    "cache.kind": {"kafka": {"brokers": 2}},
    "kafka.brokers": {"network": {"availability_zones": ["us-east-1a", "us-east-1b", "us-east-1c"]}},
    "network.availability_zones": {"kafka": {"brokers": 2}},
    "network.existing": {"kafka": {"brokers": 2}},
    "network.endpoints": {
        "kafka": {"brokers": 2},
        "network": {
            "egress": "ipv6",
            "existing": {
                "vpc_id": "vpc-0a1b2c3d",
                "availability_zones": ["us-east-1a", "us-east-1b"],
                "private_subnet_ids": ["subnet-0a1b2c3d", "subnet-1a1b2c3d"],
            },
        },
    },
    "token_secret_kms_key_arn": {
        "token_secret_arn": "arn:aws:secretsmanager:eu-central-1:111122223333:secret:rooms-0a1B2c"
    },
}
# Another value, where the example may be the stage's own.
OTHERS: Mapping[str, tuple[Any, ...]] = {"kafka.broker_type": ("kafka.m7g.large", "kafka.m7g.xlarge")}
# Their example in an error's text; one that is a choice lists its choices.
EXAMPLE, CHOICES = re.compile(r"must be like '([^']+)'"), re.compile(r"must be one of (.+), not ")
# An error that tells what to do about it.
LEAVE_OUT = re.compile(r"^ *([\w.]+): .*leave it out$", re.MULTILINE)
IN_ITS_VPC = "name that in network.existing"
TRIES = 4


@dataclass(frozen=True)
class Edit:
    """`stage` is the whole table of the stage with the setting changed."""

    name: str
    stage: Json


def edits(base: Json) -> tuple[list[Edit], list[str]]:
    """An edit for each setting of the table `base`, and the settings for which there is none. The numbers of one table
    are one edit: a stack that takes one of them takes the others."""
    found: list[Edit] = []
    missing = []
    numbers: dict[str, Json] = {}
    for name, field in settings(Stage, base):
        made = next((table for table in _candidates(name, field, base) if table is not None), None)
        if made is None:
            missing.append(name)
        elif _is_number(_at(made, name.split("."))):
            group = name.partition(".")[0]
            together = _valid(_with(numbers.get(group, base), name.split("."), _at(made, name.split("."))), name)
            numbers[group] = together or numbers.get(group, made)
        else:
            found.append(Edit(name, made))
    return [*found, *(Edit(f"the numbers of {group}", table) for group, table in numbers.items())], missing


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def settings(model: type[BaseModel], table: Any, prefix: str = "") -> Iterator[tuple[str, FieldInfo]]:
    """Every setting, by its name; a table that the stage does not have is one setting, and so is a kind of another."""
    for name, field in model.model_fields.items():
        value = table.get(name) if isinstance(table, Mapping) else None
        models = [one for one in _models(field.annotation) if _fits(one, value)]
        if len(models) > 1 or (value is None and models and not field.is_required() and field.default is None):
            yield f"{prefix}{name}", field
        elif models:
            if len(_models(field.annotation)) > 1:
                yield f"{prefix}{name}.kind", field
            yield from settings(models[0], value or {}, f"{prefix}{name}.")
        elif f"{prefix}{name}" not in ("name", *EDITS) and name != "kind":
            yield f"{prefix}{name}", field


def _models(annotation: Any) -> list[type[BaseModel]]:
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return [annotation]
    return [model for one in get_args(annotation) for model in _models(one)]


def _fits(model: type[BaseModel], value: Any) -> bool:
    """Whether a table is of this kind; one without a kind is of any."""
    kind = model.model_fields.get("kind")
    return kind is None or not isinstance(value, Mapping) or value.get("kind") in get_args(kind.annotation)


def _candidates(name: str, field: FieldInfo, base: Json) -> Iterator[Json | None]:
    path = name.split(".")
    current = _at(base, path)
    if path[-1] == "kind" and isinstance(_at(base, path[:-1]), Mapping):
        own = _at(base, path[:-1])
        others = [one for one in _models(field.annotation) if not _fits(one, own)]
        held = _merged(base, TOGETHER.get(name, {}))
        yield from (_valid(_with(held, path[:-1], build(one, own)), name) for one in others)
        return
    now = field.default if current is None and not field.is_required() else current
    for value in OTHERS.get(name) or _values(field, now):
        if value != now:
            yield _valid(_with(_merged(base, TOGETHER.get(name, {})), path, value), name)


def _values(field: FieldInfo, now: Any) -> Iterator[Any]:
    """Values of a field's type, one of which is likely to be another than `now`."""
    yield from _of_type(field.annotation, field.metadata, now)


def _unfolded(metadata: Any) -> list[Any]:
    """Limits and checks, those of a Field in an Annotated too."""
    return [each for one in metadata for each in (one.metadata if isinstance(one, FieldInfo) else (one,))]


def _of_type(kind: Any, metadata: Any, now: Any) -> Iterator[Any]:
    origin, arguments = get_origin(kind), get_args(kind)
    if origin is Literal:
        yield from arguments
    elif origin in (Union, types.UnionType):
        for one in arguments:
            yield from _of_type(one, metadata, now)
    elif more := getattr(kind, "__metadata__", ()):
        yield from _of_type(arguments[0], (*metadata, *more), now)
    elif origin is tuple:
        count = _least(_unfolded(metadata))
        yield from (_distinct({"": [one] * count})[""] for one in _of_type(arguments[0], (), None))
    elif origin is not None:
        yield {"team": "rooms"}  # a table of texts
    else:
        yield from _of_class(kind, _unfolded(metadata), now)


def _of_class(kind: type, metadata: list[Any], now: Any) -> Iterator[Any]:
    if kind is bool:
        yield not now
    elif kind in (int, float):
        yield from _numbers(kind, metadata, now)
    elif kind is str:
        yield from _texts(metadata)
    elif issubclass(kind, BaseModel):
        yield _distinct(build(kind, {}))


def _least(metadata: Any) -> int:
    return max([getattr(one, "min_length", 0) or 0 for one in metadata] + [1])


def _numbers(kind: Any, metadata: Any, now: Any) -> Iterator[Any]:
    if now is not None:
        yield from (kind(now + 1), kind(now * 2), kind(now - 1), kind(now) / 2 if kind is float else kind(now // 2))
    least = [one.ge for one in metadata if isinstance(one, Ge)] + [one.gt for one in metadata if isinstance(one, Gt)]
    yield from (kind(bound + extra) for bound in least for extra in (0, 1))  # type: ignore[operator]
    yield from (kind(one.le) for one in metadata if isinstance(one, Le))


def _texts(metadata: Any) -> Iterator[str]:
    """What the type's own error gives as an example, or lists; any text if it takes any."""
    try:
        for check in (one.func for one in metadata if hasattr(one, "func")):
            check("?")
    except ValueError as error:
        if found := EXAMPLE.search(str(error)):
            yield found[1]
        if found := CHOICES.search(str(error)):
            yield from found[1].split(", ")
        return
    yield "any"
    yield "any-other"


def build(model: type[BaseModel], like: Mapping[str, Any]) -> Json:
    """A table of a model with what it must have; values of `like` are kept where the names are the same."""
    table: Json = {}
    for name, field in model.model_fields.items():
        if name in like and name != "kind":
            table[name] = like[name]
        elif field.is_required():
            table[name] = next(iter(_values(field, None)))
    allowed = model.model_fields
    return {name: value for name, value in table.items() if name in allowed}


def _valid(table: Json, name: str) -> Json | None:
    """The table, with what its errors say to leave out or to name; None if it still is invalid."""
    for _ in range(TRIES):
        try:
            Stage.of("edited", {"edited": table})
        except StageError as error:
            mended = _mended(table, str(error), name)
            if mended is None:
                return None
            table = mended
        else:
            return table
    return None


def _mended(table: Json, errors: str, name: str) -> Json | None:
    mended = copy.deepcopy(table)
    for setting in LEAVE_OUT.findall(errors):
        *tables, key = setting.split(".")
        holder = _at(mended, tables) if tables else mended
        if setting == name or not isinstance(holder, dict) or key not in holder:
            return None
        del holder[key]
    if IN_ITS_VPC in errors:
        (network,) = _models(Stage.model_fields["network"].annotation)
        (existing,) = _models(network.model_fields["existing"].annotation)
        mended["network"] = {**mended["network"], "existing": _distinct(build(existing, {}))}
    return mended if mended != table else None


def _distinct(table: Json) -> Json:
    """Lists whose members are alike, made different in their last character before the end."""
    return {
        name: [f"{one[:-1]}{chr(ord(one[-1]) + i)}" for i, one in enumerate(value)]
        if isinstance(value, list)
        else value
        for name, value in table.items()
    }


def _merged(table: Json, changes: Mapping[str, Any]) -> Json:
    merged = copy.deepcopy(table)
    for name, change in changes.items():
        old = merged.get(name)
        merged[name] = {**old, **change} if isinstance(old, dict) and isinstance(change, Mapping) else change
    return merged


def _at(table: Any, path: list[str]) -> Any:
    for name in path:
        table = table.get(name) if isinstance(table, Mapping) else None
    return table


def _with(table: Json, path: list[str], value: Any) -> Json:
    changed = copy.deepcopy(table)
    holder = changed
    for name in path[:-1]:
        holder = holder.setdefault(name, {})
    holder[path[-1]] = value
    return changed
