"""How often what occurs, counted in real lists or, where none was at hand, chosen; each table says which.

Counted: the list of 3,350 fixed radars of France of 2018 (data.gouv.fr), and 103 certificates of 23 speed meters of Rio
de Janeiro (INMETRO), which were picked for their edge cases and give shapes rather than rates. Quoted: what public
projects state about the 34,043 fixed meters of Brazil of September 2026. Weights need not add up to one.
"""

from typing import NamedTuple

from device_registry.model import Mounting, ServiceChange, State

SITED_SHARE = 0.72
"""Devices that need a site; the others are held in the hand. Chosen."""


class Sort(NamedTuple):
    """A kind of device as it occurs: how it is mounted, what it watches, and how often it occurs."""

    kind: str
    mounting: Mounting
    watches: str
    weight: float


SITED = (
    Sort("SPEED_RADAR_FIXED", Mounting.FIXED, "超速行驶", 0.5952 + 0.1218),  # Radar fixe, Radar discriminant
    Sort("RED_LIGHT", Mounting.FIXED, "闯红灯", 0.2075 + 0.0233),  # Radar feu rouge, Passage à Niveau
    Sort("SPEED_SECTION", Mounting.FIXED, "区间超速", 0.0307),  # Radar Vitesse Moyenne
    Sort("SPEED_RADAR_MOBILE", Mounting.MOBILE, "超速行驶", 0.0215),  # Itinéraire
    Sort("WEIGH_DYNAMIC", Mounting.FIXED, "超限运输", 0.03),  # chosen
)
"""France, by type."""
HELD = (
    Sort("SOUND_LEVEL", Mounting.HANDHELD, "", 0.45),
    Sort("ALCOHOL_BREATH", Mounting.HANDHELD, "", 0.25),
    Sort("SPEED_LASER", Mounting.HANDHELD, "", 0.15),
    Sort("GAS_MULTI", Mounting.HANDHELD, "", 0.08),
    Sort("BODY_CAM", Mounting.HANDHELD, "", 0.07),
)
"""Chosen."""
MAKERS = {"合成厂家甲": 0.6756, "合成厂家乙": 0.1354, "合成厂家丙": 0.1326, "合成厂家丁": 0.0350, "合成厂家戊": 0.0214}
"""France: the shares of its makers over all types, under names of nobody."""
AGES = {
    0: 0.0087, 1: 0.0263, 2: 0.0472, 3: 0.0167, 4: 0.0370, 5: 0.0710, 6: 0.0997, 7: 0.1519, 8: 0.1087, 9: 0.0824,
    10: 0.0925, 11: 0.0704, 12: 0.0472, 13: 0.1096, 14: 0.0209, 15: 0.0099,
}  # fmt: skip
"""France: years since a device was installed, by its year of installation."""
SPEED_LIMITS = {80: 0.3215, 70: 0.1221, 50: 0.0899, 90: 0.0881, 110: 0.0851, 120: 0.0388, 30: 0.0006, None: 0.254}
"""France, km/h; None: not stated. Its 130 is no limit here and stands as 120."""
UNIT_SIZES = (1, 22, 31, 42, 52, 82)
"""France: devices of a department, at the quantiles 0, .25, .5, .75, .9 and 1."""
SAME_PLACE = 0.00209
"""France: devices that stand where another stands."""
VALIDITY_DAYS = {364: 77, 365: 23}
"""Rio: days from a verification to its last valid day, where the interval is a year."""
AFTER_REPAIR = 13 / 101
"""Rio: of the certificates with a kind of verification, those after a repair."""
SAME_SERIAL_NO = 2 / 22
"""Rio: serial numbers that stand for two devices."""


class Metrology(NamedTuple):
    weight: float
    verified_days_ago: tuple[int, int]
    """The last verification, for an interval of a year."""
    failed: bool = False
    voided: bool = False


VERIFIED = {
    "valid": Metrology(0.503, (1, 363)),  # Brazil: 17,118 of 34,043 valid and approved
    "overdue": Metrology(0.407, (367, 900)),
    "failed": Metrology(0.02, (30, 363), failed=True),  # Rio: 2 of 103
    "voided": Metrology(0.02, (30, 363), voided=True),
    "never": Metrology(0.05, (1, 363)),
}
"""Where the instrument stands today; what has no source here is chosen."""
GAP = 0.1
"""Of the valid ones, those that were overdue once and had to be released. Chosen."""

STATES: dict[State, float] = {
    State.IN_SERVICE: 0.86,
    State.SUSPENDED: 0.03,
    State.RECTIFYING: 0.02,
    State.RETIRED: 0.03,
    State.PROPOSED: 0.01,
    State.LEGAL_REVIEW: 0.005,
    State.TECHNICAL_REVIEW: 0.005,
    State.APPROVED: 0.01,
    State.ANNOUNCED: 0.01,
    State.REJECTED: 0.01,
    State.WITHDRAWN: 0.01,
}
"""Chosen. A device in service whose verification has lapsed is suspended by itself."""
BEFORE_SERVICE = (
    State.PROPOSED, State.LEGAL_REVIEW, State.TECHNICAL_REVIEW, State.APPROVED, State.ANNOUNCED, State.REJECTED,
    State.WITHDRAWN,
)  # fmt: skip
STEPS: dict[State, tuple[ServiceChange, ...]] = {
    State.SUSPENDED: (ServiceChange.SUSPENDED,),
    State.RECTIFYING: (ServiceChange.SUSPENDED, ServiceChange.RECTIFYING),
    State.RETIRED: (ServiceChange.SUSPENDED, ServiceChange.RETIRED),
}
"""What was done, a few days apart and lately, with a device that had been in service."""
