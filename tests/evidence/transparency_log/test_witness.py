"""A witness signs what follows all that it has signed, and nothing else, however often it is asked and by whom."""

from pathlib import Path

import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence.custodian import Custodian
from evidence.transparency_log import proving, queries
from evidence.transparency_log.fsck import examine
from evidence.transparency_log.rules import note
from evidence.transparency_log.rules.note import Note, NoteRefused, VerifierKey
from evidence.transparency_log.rules.witnessing import NotWitnessed, Refusal, Request
from evidence.transparency_log.sequencing import integrate, introduce
from evidence.transparency_log.signing import LogSigner
from evidence.transparency_log.witness import Witness
from plumbline.witness_commands import witness as command
from tests.evidence.transparency_log.conftest import Told, as_superuser

NAME = "sifaju.wuhan.example/witness"


@pytest.fixture
async def witness(tmp_path: Path, custodian: Custodian, log_signer: LogSigner) -> Witness:
    """Of another office, which was told the log's key."""
    here = Witness(tmp_path / "elsewhere")
    here.begin(NAME)
    async with custodian.database.connection() as db:
        here.trust(log_signer.verifier_keys(await queries.origin_of(db))[0])
    return here


async def grow(custodian: Custodian, log_signer: LogSigner, told: Told, number: int) -> None:
    await introduce(custodian.database, custodian.clock, log_signer)
    await told(number)
    await integrate(custodian.database, custodian.clock, log_signer)


async def asked(custodian: Custodian, witness: Witness, old: int | None = None) -> Request:
    """As it comes out of the file."""
    async with custodian.database.connection() as db:
        seen = await queries.last_cosigned(db, witness.verifier_key()) if old is None else old
        request = await proving.for_a_witness(db, seen)
    assert request is not None
    assert Request.parse(str(request)) == request
    return Request.parse(str(request))


async def signed(custodian: Custodian, witness: Witness) -> int:
    request = await asked(custodian, witness)
    answer = Note.parse(f"{request.note}{witness.sign(request, custodian.clock)}")
    async with custodian.database.connection() as db:
        return await proving.accept_cosignature(db, answer, witness.verifier_key())


async def test_a_witness_follows_a_log_that_grows(
    custodian: Custodian, log_signer: LogSigner, told: Told, witness: Witness
) -> None:
    for number, size in ((9, 10), (300, 310), (1, 311)):
        await grow(custodian, log_signer, told, number)
        assert await signed(custodian, witness) == size
    assert await signed(custodian, witness) == 311, "the same again is no contradiction"
    async with custodian.database.connection() as db:
        published = await proving.checkpoint(db)
        await told(1)
    assert published is not None
    found = Note.parse(published).signed_by(witness.verifier_key())
    assert found is not None
    assert note.cosigned_at(found) == int(custodian.clock.now().timestamp())


async def test_the_newest_checkpoint_with_a_witness_can_be_asked_for(
    custodian: Custodian, log_signer: LogSigner, told: Told, witness: Witness
) -> None:
    await grow(custodian, log_signer, told, 4)
    async with custodian.database.connection() as db:
        assert await proving.checkpoint(db, witnessed=True) is None
    await signed(custodian, witness)
    await grow(custodian, log_signer, told, 4)
    async with custodian.database.connection() as db:
        newest, witnessed = await proving.checkpoint(db), await proving.checkpoint(db, witnessed=True)
    assert newest is not None
    assert witnessed is not None
    assert (newest.split("\n")[1], witnessed.split("\n")[1]) == ("9", "5")


async def test_a_log_that_was_rewritten_gets_no_signature(
    custodian: Custodian, log_signer: LogSigner, told: Told, witness: Witness, database_url: str
) -> None:
    await grow(custodian, log_signer, told, 9)
    await signed(custodian, witness)
    async with custodian.database.connection() as db:
        kept = await proving.checkpoint(db)
    async with as_superuser(database_url) as db:
        await db.execute("update custody_entry set details = '{}' where id = (select max(id) from custody_entry)")
        await db.execute("delete from log_checkpoint; delete from log_leaf")
        await db.execute("insert into log_pending select id from custody_entry")
    await integrate(custodian.database, custodian.clock, log_signer)
    await grow(custodian, log_signer, told, 9)
    with pytest.raises(NotWitnessed) as refused:
        witness.sign(await asked(custodian, witness), custodian.clock)
    assert (refused.value.refusal, refused.value.seen) == (Refusal.FORKED, 10)
    assert kept is not None
    keys = [witness.verifier_key()]
    report = await examine(custodian.database, custodian.store, custodian.clock, outside=[kept], keys=keys)
    assert "OUTSIDE_DIFFERS" in {one.fault for one in report.findings}, "what the witness kept shows it, too"


async def test_a_log_that_was_cut_gets_no_signature(
    custodian: Custodian, log_signer: LogSigner, told: Told, witness: Witness
) -> None:
    await grow(custodian, log_signer, told, 4)
    earlier = await asked(custodian, witness)
    await grow(custodian, log_signer, told, 4)
    await signed(custodian, witness)
    with pytest.raises(NotWitnessed) as refused:
        witness.sign(earlier, custodian.clock)
    assert refused.value.refusal is Refusal.SHRUNK


async def test_a_proof_from_elsewhere_is_asked_for_again(
    custodian: Custodian, log_signer: LogSigner, told: Told, witness: Witness
) -> None:
    await grow(custodian, log_signer, told, 4)
    await signed(custodian, witness)
    await grow(custodian, log_signer, told, 4)
    with pytest.raises(NotWitnessed) as refused:
        witness.sign(await asked(custodian, witness, old=3), custodian.clock)
    assert (refused.value.refusal, refused.value.seen) == (Refusal.OTHER_SIZE, 5)


async def test_a_checkpoint_that_the_log_did_not_sign_gets_no_signature(
    custodian: Custodian, log_signer: LogSigner, told: Told, witness: Witness, tmp_path: Path
) -> None:
    await grow(custodian, log_signer, told, 4)
    request = await asked(custodian, witness)
    own = note.sign(request.note.text, request.note.text.split("\n")[0], Ed25519PrivateKey.generate())
    false = request.note.signatures[0]._replace(blob=bytes(64))
    for signature in (own, false):
        with pytest.raises(NotWitnessed) as refused:
            witness.sign(request._replace(note=Note(request.note.text, (signature,))), custodian.clock)
        assert refused.value.refusal is Refusal.NOT_SIGNED
    stranger = Witness(tmp_path / "stranger")
    stranger.begin("stranger")
    with pytest.raises(NotWitnessed):
        stranger.sign(request, custodian.clock)


async def test_what_no_witness_signed_is_not_kept(
    custodian: Custodian, log_signer: LogSigner, told: Told, witness: Witness
) -> None:
    await grow(custodian, log_signer, told, 4)
    request = await asked(custodian, witness)
    cosignature = witness.sign(request, custodian.clock)
    other = request.note.text.replace("\n5\n", "\n4\n")
    log_key = log_signer.verifier_keys(request.note.text.split("\n")[0])[0]
    async with custodian.database.connection() as db:
        for answer, key in (
            (request.note, witness.verifier_key()),
            (Note(other, (cosignature,)), witness.verifier_key()),
            (Note(request.note.text, (cosignature._replace(blob=bytes(72)),)), witness.verifier_key()),
            (request.note, log_key),
        ):
            with pytest.raises(NoteRefused):
                await proving.accept_cosignature(db, answer, key)


@pytest.mark.parametrize(
    "text",
    ["", "old 3\n", "old x\n\nnote", "old 03\n\nnote", "new 3\n\nnote", "old 3\nAAAA\n\nnote", "old 3\n~\n\nnote",
     "old 0\n" + "A" * 43 + "=\n" * 64 + "\nnote", "old 0\n\nno note"],
)  # fmt: skip
def test_what_is_no_request_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        Request.parse(text)


async def test_the_commands_do_it_with_files(
    custodian: Custodian, log_signer: LogSigner, told: Told, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PLUMBLINE_DATA", str(tmp_path / "office"))
    run = CliRunner()
    assert run.invoke(command, ["sign", "x"]).exit_code == 1
    begun = run.invoke(command, ["begin", NAME])
    assert begun.exit_code == 0
    assert run.invoke(command, ["begin", NAME]).exit_code == 1
    await grow(custodian, log_signer, told, 4)
    async with custodian.database.connection() as db:
        assert run.invoke(command, ["trust", (await queries.verifier_keys(db))[0]]).exit_code == 0
        asked = await proving.for_a_witness(db, 0)
    file = tmp_path / "usb"
    file.write_text(str(asked))
    assert run.invoke(command, ["sign", str(file)]).exit_code == 0
    here = Witness(tmp_path / "office")
    assert Note.parse(file.read_text()).signed_by(here.verifier_key())
    file.write_text(str(asked))
    again = run.invoke(command, ["sign", str(file), "--language", "en"])
    assert again.exit_code == 1
    assert "--old 5" in again.output
    assert VerifierKey.parse(str(here.verifier_key())).kind == note.COSIGNATURE
    assert (tmp_path / "office" / "witness.json").stat().st_mode & 0o077 == 0
