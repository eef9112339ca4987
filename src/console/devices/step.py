"""What a small form of the device page is: what it asks, who may send it, when it is offered, and what it does.

No rule stands here: a step that is offered may still be refused, and then the use case says why.
"""

from collections.abc import Awaitable, Callable, Mapping
from typing import Any, NamedTuple
from uuid import UUID

import msgspec

from agency.model import Role
from console.devices.device_file import DeviceFile
from device_registry.life_cycle import Desk
from foundation.civil import BEIJING, day_of


class Field(NamedTuple):
    """One input. `kind` is a macro of parts/fields.html; `words` the catalogue's prefix for `values`."""

    name: str
    kind: str = "text"
    required: bool = False
    words: str = ""
    values: tuple[str, ...] = ()


class By(NamedTuple):
    """Who takes a step."""

    desk: Desk
    supervisor: bool


Take = Callable[[By, UUID, Any], Awaitable[UUID]]
"""Does the step with what was read; gives the id of the fact."""


class Step(NamedTuple):
    """Words: `page.step.<key>.title` and `.hint`; of its fields `page.field.<name>`."""

    key: str
    roles: tuple[Role, ...]
    read: type[msgspec.Struct]
    fields: tuple[Field, ...]
    take: Take
    offered: Callable[[DeviceFile], bool]
    fixed: Mapping[str, str] = {}
    """What the form does not ask because the step says it."""
    initial: Callable[[DeviceFile], dict[str, Any]] = lambda _: {}
    forward: bool = False
    """Whether it leads on in the life of a device: such a step is offered first among others."""
    about: str = ""
    """`proposal` or `announced`: which version of the site the form is about and shows."""


def today_in(name: str) -> Callable[[DeviceFile], dict[str, Any]]:
    return lambda file: {name: day_of(file.now)}


def this_moment_in(name: str) -> Callable[[DeviceFile], dict[str, Any]]:
    return lambda file: {name: file.now.astimezone(BEIJING).strftime("%Y-%m-%dT%H:%M")}


def values_of(kind: Any) -> tuple[str, ...]:
    return tuple(str(value) for value in kind)


CHANNEL = Field("channel", "channel")
REMARK = Field("remark", "area")
SCAN = Field("document_sha256", "file")
DOCUMENT = Field("document_no", required=True)
YES_NO = ("true", "false")
MANAGERS = (Role.DEVICE_MANAGER,)
