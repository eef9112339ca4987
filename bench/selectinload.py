"""The yardstick of a page of inspections: the same tables and the same answer, as SQLAlchemy and pydantic make it.

Written as their manuals advise: the asyncio extension on asyncpg, relationships declared once and loaded by
`selectinload`, models with `from_attributes`, one `model_dump_json` for the whole answer. It asks nobody who they are,
and knows nothing of phones that were revoked, nor whether what was wished for has arrived.
"""

import os
import sys
from datetime import date, datetime
from typing import Annotated, Any
from uuid import UUID

from litestar import Litestar, Response, get
from litestar.params import FromPath
from pydantic import BaseModel, BeforeValidator, ConfigDict, Field
from sqlalchemy import ForeignKey, select
from sqlalchemy.dialects.postgresql import ARRAY, JSONB
from sqlalchemy.ext.asyncio import async_sessionmaker, create_async_engine
from sqlalchemy.orm import DeclarativeBase, Mapped, mapped_column, relationship, selectinload
from sqlalchemy.types import DateTime, Text, Uuid

from foundation.reach import EVERYTHING
from plumbline import serve
from plumbline import settings as known_settings
from plumbline.settings import Settings


class Base(DeclarativeBase):
    type_annotation_map = {  # noqa: RUF012
        list[str]: ARRAY(Text),
        list[UUID]: ARRAY(Uuid),
        dict[str, Any]: JSONB,
        datetime: DateTime(timezone=True),
    }


class OperationRow(Base):
    __tablename__ = "inspection_operation"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    inspection_id: Mapped[UUID] = mapped_column(ForeignKey("inspection.id"))
    author_id: Mapped[UUID]
    phone_id: Mapped[UUID]
    replaces: Mapped[list[UUID]]
    told_earliest: Mapped[datetime]
    told_latest: Mapped[datetime]
    what: Mapped[dict[str, Any]]


class OfficerRow(Base):
    __tablename__ = "inspection_officer"
    inspection_id: Mapped[UUID] = mapped_column(ForeignKey("inspection.id"), primary_key=True)
    person_id: Mapped[UUID] = mapped_column(primary_key=True)


class ApprovalRow(Base):
    __tablename__ = "inspection_approval"
    inspection_id: Mapped[UUID] = mapped_column(ForeignKey("inspection.id"), primary_key=True)
    approved_at: Mapped[datetime]
    number: Mapped[str | None]


class CurrentRow(Base):
    __tablename__ = "inspection_current"
    inspection_id: Mapped[UUID] = mapped_column(ForeignKey("inspection.id"), primary_key=True)
    state: Mapped[str]


class WishRow(Base):
    __tablename__ = "evidence_wish"
    inspection_id: Mapped[UUID] = mapped_column(ForeignKey("inspection.id"), primary_key=True)
    evidence_id: Mapped[UUID] = mapped_column(primary_key=True)
    asked_at: Mapped[datetime]


class ChangeRow(Base):
    __tablename__ = "officer_change"
    person_id: Mapped[UUID] = mapped_column(primary_key=True)
    inspection_id: Mapped[UUID] = mapped_column(ForeignKey("inspection.id"), primary_key=True)
    position: Mapped[int]
    inspection: Mapped["InspectionRow"] = relationship()


class InspectionRow(Base):
    __tablename__ = "inspection"
    id: Mapped[UUID] = mapped_column(primary_key=True)
    unit_id: Mapped[UUID]
    source: Mapped[str]
    title: Mapped[str]
    due_on: Mapped[date | None]
    uscc: Mapped[str]
    enterprise_name: Mapped[str]
    enterprise_address: Mapped[str]
    items: Mapped[list[str]]
    checklist: Mapped[str]
    joint_id: Mapped[UUID | None]
    people: Mapped[list[OfficerRow]] = relationship(order_by=OfficerRow.person_id)
    approval: Mapped[ApprovalRow | None] = relationship()
    current: Mapped[CurrentRow] = relationship()
    wishes: Mapped[list[WishRow]] = relationship(order_by=[WishRow.asked_at, WishRow.evidence_id])
    operations: Mapped[list[OperationRow]] = relationship(order_by=OperationRow.id)

    @property
    def enterprise(self) -> dict[str, str]:
        return {"uscc": self.uscc, "name": self.enterprise_name, "address": self.enterprise_address}

    @property
    def officers(self) -> list[UUID]:
        return [one.person_id for one in self.people]

    @property
    def approved_at(self) -> datetime | None:
        return self.approval.approved_at if self.approval else None

    @property
    def approval_no(self) -> str | None:
        return self.approval.number if self.approval else None

    @property
    def state(self) -> str:
        return self.current.state

    @property
    def wanted(self) -> list[UUID]:
        return [one.evidence_id for one in self.wishes]


class Shown(BaseModel):
    model_config = ConfigDict(from_attributes=True, populate_by_name=True)


class Operation(Shown):
    id: UUID
    author: UUID = Field(validation_alias="author_id")
    phone: UUID = Field(validation_alias="phone_id")
    replaces: Annotated[list[UUID], BeforeValidator(sorted)]
    earliest: datetime = Field(validation_alias="told_earliest")
    latest: datetime = Field(validation_alias="told_latest")
    what: dict[str, Any]


class Enterprise(Shown):
    uscc: str
    name: str
    address: str


class Inspection(Shown):
    id: UUID
    unit_id: UUID
    source: str
    title: str
    due_on: date | None
    enterprise: Enterprise
    items: list[str]
    checklist: str
    officers: list[UUID]
    approved_at: datetime | None
    approval_no: str | None
    joint_id: UUID | None
    state: str
    wanted: list[UUID]
    operations: list[Operation]


class Page(Shown):
    cursor: str
    more: bool
    inspections: list[Inspection]
    gone: list[UUID]


def create_app(settings: Settings) -> Litestar:
    url = settings.database_url.replace("postgresql://", "postgresql+asyncpg://")
    everything = {
        "server_settings": {"plumbline.reach": EVERYTHING}
    }  # it asks for a person's own, as ours does for phones
    engine = create_async_engine(url, pool_size=settings.database_connections, connect_args=everything)
    sessions = async_sessionmaker(engine, expire_on_commit=False)

    @get("/changes/{person_id:uuid}")
    async def changes(person_id: FromPath[UUID], after: int, most: int) -> Response[str]:
        loaded = selectinload(ChangeRow.inspection)
        asked = (
            select(ChangeRow)
            .where(ChangeRow.person_id == person_id, ChangeRow.position > after)
            .order_by(ChangeRow.position)
            .limit(most)
            .options(
                loaded.selectinload(InspectionRow.people),
                loaded.selectinload(InspectionRow.approval),
                loaded.selectinload(InspectionRow.current),
                loaded.selectinload(InspectionRow.wishes),
                loaded.selectinload(InspectionRow.operations),
            )
        )
        async with sessions() as session:
            told = (await session.scalars(asked)).all()
        page = Page(
            cursor=str(told[-1].position if told else after),
            more=False,
            inspections=[Inspection.model_validate(one.inspection) for one in told],
            gone=[],
        )
        return Response(page.model_dump_json(), media_type="application/json")

    @get("/health")
    async def health() -> str:
        return "alive"

    return Litestar([changes, health], on_shutdown=[engine.dispose], openapi_config=None)


async def main() -> int:
    settings = known_settings.load(os.environ)
    listening, taken = serve.listen(settings.host, settings.port)
    assert not taken
    with listening:
        await serve.serve(create_app(settings), listening)
    return 0


if __name__ == "__main__":
    sys.exit(serve.run_until_signal(main()))
