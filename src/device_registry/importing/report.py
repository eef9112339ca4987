"""What became of every row of a file."""

from collections.abc import Callable, Mapping
from enum import StrEnum
from typing import Any, TypeVar

import msgspec

from device_registry.importing.cells import Unclear
from device_registry.importing.table import Cell
from device_registry.problems import ImportRefused
from foundation.problem import Problem, Spoken
from foundation.words import Language

Meant = TypeVar("Meant")


class RowOutcome(StrEnum):
    ACCEPTED = "ACCEPTED"
    REFUSED = "REFUSED"


class Fault(msgspec.Struct, frozen=True):
    """Why a row is refused: the field, and the words, open for the reader's language."""

    field: str
    why: Spoken


class RowReport(msgspec.Struct, frozen=True):
    """`number` is the one a spreadsheet shows. A row without faults is accepted."""

    number: int
    faults: tuple[Fault, ...] = ()

    @property
    def outcome(self) -> RowOutcome:
        return RowOutcome.REFUSED if self.faults else RowOutcome.ACCEPTED


class Report(msgspec.Struct, frozen=True):
    """All rows of one file. `written` is false for a dry run, and wherever a single row was refused."""

    rows: tuple[RowReport, ...]
    written: bool = False

    @property
    def refused(self) -> int:
        return sum(bool(row.faults) for row in self.rows)

    def spoken(self, language: Language) -> dict[str, Any]:
        """The report as JSON in a language."""
        return {"written": self.written, **self._told(lambda why: why(language))}

    def problem(self) -> ImportRefused:
        """For a file that was not written because of its refused rows."""
        return ImportRefused(refused=self.refused, total=len(self.rows), members=self._told(lambda why: why))

    def _told(self, told: Callable[[Spoken], object]) -> dict[str, Any]:
        return {
            "accepted": len(self.rows) - self.refused,
            "refused": self.refused,
            "rows": [
                {
                    "number": row.number,
                    "outcome": row.outcome,
                    "faults": [{"field": fault.field, "reason": told(fault.why)} for fault in row.faults],
                }
                for row in self.rows
            ],
        }


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
        self.fault(problem.field or "", _Detail(problem))


class _Detail(Spoken):
    """The detail sentence of a problem."""

    def __init__(self, problem: Problem) -> None:
        super().__init__("")
        self._problem = problem

    def __call__(self, language: Language) -> str:
        return str(self._problem.spoken(language)["detail"])
