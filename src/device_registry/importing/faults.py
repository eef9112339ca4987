"""What is wrong with the cells of a row: all of it, not the first."""

from collections.abc import Callable, Mapping
from typing import TypeVar

import msgspec

from device_registry.importing.cells import Unclear
from device_registry.importing.table import Cell
from foundation.problem import Problem, Spoken

Meant = TypeVar("Meant")


class Fault(msgspec.Struct, frozen=True):
    """Why a row is refused: the field, and the words, open for the reader's language."""

    field: str
    why: Spoken


class Reader:
    """Reads the cells of one row and gathers every fault instead of stopping at the first."""

    def __init__(self, cells: Mapping[str, Cell]) -> None:
        self._cells = cells
        self.faults: list[Fault] = []

    def read(self, field: str, as_: Callable[[Cell | None], Meant], *, required: bool = False) -> Meant | None:
        """The meaning of the cell; None where it is faulty, or where `as_` finds it empty."""
        try:
            meant = as_(self._cells.get(field))
        except Unclear as unclear:
            self.fault(field, unclear.why)
            return None
        if required and (meant is None or meant == ""):
            self.fault(field, Spoken("import.cell.missing"))
        return meant

    def fault(self, field: str, why: Spoken) -> None:
        self.faults.append(Fault(field, why))

    def refuse(self, problem: Problem) -> None:
        """What would be refused if the row came alone."""
        self.faults.append(fault_of(problem))


def fault_of(problem: Problem) -> Fault:
    """The problem's detail sentence beside its field."""
    return Fault(problem.field or "", Spoken(f"problem.{problem.slug}.detail", **problem.values))
