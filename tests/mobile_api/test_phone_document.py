"""docs/api/phone.md says what the code does: every address, type, member, problem and limit, and its bytes are real."""

import json
import re
import subprocess
import sys
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path
from typing import Any, get_args

import msgspec
import pytest
from msgspec import NODEFAULT, inspect

from agency.http import Me
from device_registry.annual_report.problems import CreditCodeUnfit
from device_registry.model import Reason
from evidence.capture_time import DRIFT_PPM
from evidence.commitment import WIDEST_CAPTURE
from evidence.hand_in import CHALLENGE_HOLDS, HOURS
from evidence.model import MAX_FACTS_BYTES, Facts, Place, Readings
from evidence.model import State as EvidenceState
from evidence.offers import MOST_OFFERED, Again
from evidence.signing import receipt_of_bytes, receipt_of_commitment
from evidence.thumbnail import MAX_BYTES
from foundation.clock import SystemClock
from foundation.http import MAX_JSON_BYTES
from foundation.problem import known
from inspection import problems as operations_refused
from inspection.documents.http import InspectionDocument
from inspection.model import MAX_OPERATION_BYTES, MOST_OPERATIONS, Document, Inspection, SignedOperation, Told, What
from inspection.model import State as InspectionState
from inspection.pulling import MOST_CHANGES
from inspection.reference import NoPenalty, Reference, ReferencePerson
from inspection.rules.guard import NEVER_WAIVED, Code
from mobile_api import http, inspections, offers
from mobile_api.standing_list import Why
from mobile_api.tus import CHECKSUM_BYTES
from plumbline.app import create_app
from plumbline.http_protocol import LimitedHttpTools
from plumbline.settings import Settings
from tests.mobile_api.app.conftest import City, city  # noqa: F401 - a fixture
from tests.mobile_api.test_vectors import vectors

FOLDER = Path(__file__).parents[2] / "docs/api"
PAGE = (FOLDER / "phone.md").read_text("utf-8")
NAMED = {name.rstrip("!") for name in re.findall(r"`([^`\n]+)`", PAGE)}
"""Whatever stands in backticks."""
TYPES: tuple[type[What], ...] = get_args(Told)


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Any]:
    """The OpenAPI document of the phone's addresses."""
    app = create_app(Settings(data=tmp_path_factory.mktemp("described")), SystemClock())
    paths: dict[str, Any] = app.openapi_schema.to_schema()["paths"]
    return {path: item for path, item in paths.items() if path.startswith("/mobile/v1")}


def test_every_address_is_named_with_its_method(described: dict[str, Any]) -> None:
    there = {f"{method.upper()} {path}" for path, item in described.items() for method in item}
    named = {name for name in NAMED if re.fullmatch(r"[A-Z]+ /mobile/v1/\S+", name) and "?" not in name}
    assert named == there


def test_every_problem_that_a_phone_can_meet_has_its_treatment(described: dict[str, Any]) -> None:
    there = {
        example["value"]["type"].removeprefix("/problems/")
        for item in described.values()
        for operation in item.values()
        for answer in operation["responses"].values()
        for content in answer.get("content", {}).values()
        for example in (content.get("examples") or {}).values()
        if isinstance(example.get("value"), dict) and "type" in example["value"]
    }
    table = PAGE[PAGE.index("| answer | what to do |") :].partition("\n\n")[0]
    treated = set(re.findall(r"`([a-z-]+)`", table))
    assert len(there) > 25
    assert there <= treated
    assert treated - {"receipt", "reasons"} <= known().keys()


def test_every_problem_of_a_single_operation_is_named() -> None:
    section = PAGE[PAGE.index("`id` is null where") :].partition("\n\n")[0]
    told_of = {vector["problem"] for vector in vectors("operations") if "problem" in vector}
    of_the_slice = {
        operations_refused.OperationNotSigned, operations_refused.OperationConflicts,
        operations_refused.OperationTimeReversed, operations_refused.NotYourInspection, CreditCodeUnfit,
    }  # fmt: skip
    assert told_of | {problem.slug for problem in of_the_slice} <= set(re.findall(r"`([a-z-]+)`", section))


@pytest.mark.parametrize("what", TYPES, ids=lambda what: str(what.__struct_config__.tag))
def test_each_type_of_operation_has_its_row_with_all_it_tells(what: type[What]) -> None:
    tag = what.__struct_config__.tag
    [(members, key)] = re.findall(rf"^\| `{tag}` \| (.*) \| (.*) \|$", PAGE, re.MULTILINE)
    names = {
        f"{field.name}{'!' if field.default is NODEFAULT and field.default_factory is NODEFAULT else ''}"
        for field in msgspec.structs.fields(what)
    }
    assert set(re.findall(r"`([a-z_0-9]+!?)`", members)) == names
    assert set(re.findall(r"`([A-Z_]+)`", members)) == set(_choices(what))
    assert key.startswith(f"`{what.KEY}`")


def _choices(struct: type[Any]) -> Iterable[str]:
    """The words that its members may be."""
    for _, kind in _members(struct):
        if isinstance(kind, inspect.LiteralType):
            yield from map(str, kind.values)
        elif isinstance(kind, inspect.EnumType):
            yield from kind.cls.__members__


def _members(struct: type[Any]) -> Iterable[tuple[str, inspect.Type]]:
    """What each may be: several times where it may be several."""
    described = inspect.type_info(struct)
    assert isinstance(described, inspect.StructType)
    for field in described.fields:
        for kind in field.type.types if isinstance(field.type, inspect.UnionType) else [field.type]:
            yield field.name, kind.type if isinstance(kind, inspect.Metadata) else kind


@pytest.mark.parametrize(
    "struct",
    [
        SignedOperation, Readings, Facts, Place, Inspection, Reference, NoPenalty, ReferencePerson, Me, Why,
        InspectionDocument, http.EvidenceOnPhone, http.EvidencePage, http.DeviceStanding, http.PhoneSignedIn,
        http.CommitmentReceived, inspections.Changes, inspections.OperationAnswered,
        offers.OffersCalled, offers.HeldReceipt, offers.HeldReceipts, offers.WantedAgain, offers.OffersAnswered,
    ],
    ids=lambda struct: struct.__name__,
)  # fmt: skip
def test_every_member_is_named(struct: type[msgspec.Struct]) -> None:
    said = NAMED | set(re.findall(r'"(\w+)"', PAGE))
    assert set(struct.__struct_fields__) <= said


def test_both_receipts_are_shown_whole() -> None:
    facts = msgspec.convert(vectors("evidence")["facts"], Facts)
    for made in (
        receipt_of_commitment(facts, facts.evidence_id, facts.captured_latest),
        receipt_of_bytes(facts.evidence_id, b"", 1, "HELD", facts.captured_latest, facts.captured_latest),
    ):
        [shown] = re.findall(rf'`({{"receipt":"{made["receipt"]}"[^`]*)`', PAGE)
        assert set(re.findall(r'"(\w+)"', shown)) - {made["receipt"]} == made.keys()


def test_every_code_that_a_phone_may_be_told_is_named() -> None:
    for codes in (Again, Code, Reason, EvidenceState, InspectionState):
        assert {code.value for code in codes} <= NAMED
    assert set(re.findall(r"`([A-Z_]+)`\*", PAGE)) == set(NEVER_WAIVED)


def test_the_limits_are_those_of_the_code() -> None:
    [longest] = [meta.max_length for meta in Document.__annotations__["content"].__metadata__]
    section = PAGE[PAGE.index("## Limits") : PAGE.index("Texts, in characters")]
    rows = dict(re.findall(r"^\| ([^|]+) \| ([^|]+) \|$", section, re.MULTILINE))
    numbers = {}
    for what, most in rows.items():
        if found := re.match(r"[\d,]+", most):
            numbers[what] = int(found[0].replace(",", ""))
    assert numbers == {
        "a JSON body": MAX_JSON_BYTES,
        "operations in a push": MOST_OPERATIONS,
        "an operation's JWS": MAX_OPERATION_BYTES,
        "`replaces`": 500,
        "`DOCUMENT.content`": longest,
        "the payload of a commitment": MAX_FACTS_BYTES,
        "a thumbnail": MAX_BYTES,
        "a file": Settings(data=FOLDER).max_upload_bytes >> 30,
        "inspections in a pull": MOST_CHANGES,
        "evidence on a page": http.MOST_ON_A_PAGE,
        "receipts in an offer": MOST_OFFERED,
        "a request's headers": LimitedHttpTools.most_unseen_bytes >> 10,
        "`items`, `standing_reasons`": 50,
    }
    assert DRIFT_PPM == 100
    assert (WIDEST_CAPTURE.days, CHALLENGE_HOLDS.seconds // 60, HOURS) == (2, 5, 24)
    assert Settings(data=FOLDER).upload_expires_hours == 14 * 24
    assert Settings(data=FOLDER).sign_in_hours == 12
    assert CHECKSUM_BYTES.keys() <= NAMED


def test_each_text_has_the_length_of_the_code() -> None:
    section = PAGE[PAGE.index("Texts, in characters") : PAGE.index("`value` is a decimal")]
    rows = re.findall(r"^\| ([\d,]+) \| (.+) \|$", section, re.MULTILINE)
    said = {int(most.replace(",", "")): set(re.findall(r"`([a-z_]+)`", members)) for most, members in rows}
    told: dict[int, set[str]] = defaultdict(set)
    structs: list[type[Any]] = [*TYPES, Facts]
    for struct in structs:
        for name, kind in _members(struct):
            kind = kind.item_type if isinstance(kind, inspect.ListType) else kind  # noqa: PLW2901
            if isinstance(kind, inspect.StrType) and kind.max_length and name != "content":
                told[kind.max_length].add(name)
    assert said == told


def test_the_bytes_that_are_shown_are_those_of_the_vectors() -> None:
    """All of the page's JWS and JSON that are whole; an ellipsis stands for what is left out."""
    files = FOLDER.parents[1] / "tests/mobile_api/vectors"
    written = "".join(path.read_text("utf-8") for path in files.glob("*.json"))
    jws = re.findall(r"^eyJ[\w-]+\.[\w-]+\.[\w-]+$", PAGE, re.MULTILINE)
    assert jws
    assert all(one in written for one in jws)
    payloads = [vector.get("payload") for vector in vectors("operations")]
    [shown] = re.findall(r'^{"id":.*"what":.*}}$', PAGE, re.MULTILINE)
    assert json.loads(shown) in payloads
    evidence = vectors("evidence")
    assert f"Upload-Metadata: {evidence['upload_metadata']}" in PAGE
    assert f"the {evidence['facts']['size']} bytes of file" in PAGE
    assert {path.name for path in files.glob("*.json")} <= NAMED


def test_every_link_leads_somewhere() -> None:
    headings = re.findall(r"^#+ (.*)$", PAGE, re.MULTILINE)
    anchors = {"#" + re.sub(r"[^\w -]", "", heading.lower()).replace(" ", "-") for heading in headings}
    for target in re.findall(r"\]\(([^)]+)\)", PAGE):
        assert target in anchors or (FOLDER / target).exists(), target


def test_the_least_client_carries_out_an_inspection(city: City, tmp_path: Path) -> None:  # noqa: F811
    photograph = FOLDER.parents[1] / "tests/mobile_api/vectors/photograph.jpg"
    given = [city.url, "officer-a", city.passwords["officer-a"], "officer-b", city.passwords["officer-b"], photograph]
    command = [sys.executable, "-I", str(FOLDER / "minimal_phone.py"), *map(str, given)]
    done = subprocess.run(command, check=False, capture_output=True, text=True, timeout=120, cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert "receipt 2 holds: the photograph may be wiped" in done.stdout
    assert "missing:" not in done.stdout
