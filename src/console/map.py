"""A map that needs no other host: points with their datum, and an operator's tiles where there are some."""

from collections.abc import Iterable
from typing import NamedTuple, Protocol, runtime_checkable

import msgspec

from device_registry.model import Datum, Place

TRUE_TO_MAP = (Datum.WGS84, Datum.CGCS2000)
"""Less than a metre apart. The others are shifted by up to 700 m on purpose, and nothing here moves them back."""


@runtime_checkable
class MapSettings(Protocol):
    """What a map needs of the settings."""

    @property
    def map_tiles_url(self) -> str: ...

    @property
    def map_tiles_origin(self) -> str: ...


class Point(NamedTuple):
    name: str
    address: str
    place: Place
    in_force: bool
    href: str = ""
    """Where a click on it leads."""


class Map(msgspec.Struct, frozen=True):
    """For `static/map.js`. `points`: JSON of what is drawn; empty: there is nothing to draw."""

    points: str
    tiles: str
    shifted: bool
    """Whether a point is in a shifted datum, which the page then says."""
    count: int


def map_of(places: Iterable[Point], settings: MapSettings) -> Map:
    points = [
        {
            "name": point.name,
            "address": point.address,
            "longitude": point.place.longitude,
            "latitude": point.place.latitude,
            "datum": point.place.datum,
            "shifted": point.place.datum not in TRUE_TO_MAP,
            "inForce": point.in_force,
            "href": point.href,
        }
        for point in places
    ]
    return Map(
        msgspec.json.encode(points).decode(),
        settings.map_tiles_url,
        any(point["shifted"] for point in points),
        len(points),
    )
