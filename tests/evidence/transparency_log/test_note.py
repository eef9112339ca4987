"""Notes and checkpoints as C2SP has them: published ones verify, and no other text under the same signature."""

import base64

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey

from evidence.transparency_log.model import Checkpoint
from evidence.transparency_log.rules import note
from evidence.transparency_log.rules.note import Note, NoteRefused, VerifierKey

PUBLISHED_KEY = "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
PUBLISHED = (
    "If you think cryptography is the answer to your problem,\n"
    "then you don't know what your problem is.\n"
    "\n"
    "— PeterNeumann x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM=\n"
)
"""The example of the note format's own documentation."""
KEY = Ed25519PrivateKey.from_private_bytes(bytes(range(32)))
ORIGIN = "plumbline/custody/example"
CHECKPOINT = Checkpoint(ORIGIN, 20852163, bytes(range(32)))


def signed(text: str = note.checkpoint_text(CHECKPOINT)) -> Note:
    return Note(text, (note.sign(text, ORIGIN, KEY),))


def test_a_published_note_verifies() -> None:
    parsed, key = Note.parse(PUBLISHED), VerifierKey.parse(PUBLISHED_KEY)
    assert parsed.signed_by(key) is not None
    assert str(parsed) == PUBLISHED
    assert str(key) == PUBLISHED_KEY


def test_another_text_under_the_same_signature_is_refused() -> None:
    with pytest.raises(NoteRefused, match="false"):
        Note.parse(PUBLISHED.replace("problem", "question", 1)).signed_by(VerifierKey.parse(PUBLISHED_KEY))


def test_a_note_without_the_key_is_not_signed_by_it() -> None:
    assert signed().signed_by(VerifierKey.parse(PUBLISHED_KEY)) is None


def test_a_checkpoint_comes_back_as_it_was_signed() -> None:
    parsed = Note.parse(str(signed()))
    assert parsed.signed_by(note.public_key(ORIGIN, KEY)) is not None
    assert note.checkpoint_in(parsed.text) == CHECKPOINT


def test_further_lines_of_a_checkpoint_are_allowed() -> None:
    assert note.checkpoint_in(note.checkpoint_text(CHECKPOINT) + "an extension\n") == CHECKPOINT


def test_a_key_of_the_same_name_and_another_id_is_another_key() -> None:
    other = Ed25519PrivateKey.from_private_bytes(bytes(32))
    assert signed().signed_by(note.public_key(ORIGIN, other)) is None


def test_a_cosignature_names_its_second_and_holds_for_that_alone() -> None:
    text = note.checkpoint_text(CHECKPOINT)
    cosignature = note.cosign(text, "witness.example", KEY, 1_765_000_000)
    witness = note.public_key("witness.example", KEY, note.COSIGNATURE)
    found = Note.parse(str(signed()) + str(cosignature)).signed_by(witness)
    assert found is not None
    assert note.cosigned_at(found) == 1_765_000_000
    later = cosignature._replace(blob=(1_765_000_001).to_bytes(8, "big") + cosignature.blob[8:])
    with pytest.raises(NoteRefused, match="false"):
        Note(text, (later,)).signed_by(witness)


def test_a_witness_key_and_a_log_key_of_the_same_bytes_differ() -> None:
    assert note.public_key(ORIGIN, KEY).id != note.public_key(ORIGIN, KEY, note.COSIGNATURE).id


@pytest.mark.parametrize(
    "text",
    [
        "",
        "no signature\n",
        "text\n\n",
        "text\n\n— name\n",
        "text\n\n- name AAAAAAAA\n",
        "text\n\n— name !!!!\n",
        "text\n\n— na+me AAAAAAAAAAA=\n",
        "text\n\n— name AAAA\n",
        "text\n\n— name AAAAAAAAAAA=",
    ],
)
def test_what_is_no_note_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        Note.parse(text)


ROOT = base64.b64encode(bytes(32)).decode()


@pytest.mark.parametrize(
    "text",
    ["", "origin\n", f"origin\n01\n{ROOT}\n", f"origin\n-1\n{ROOT}\n", f"origin\n٣\n{ROOT}\n", f"\n1\n{ROOT}\n",
     "origin\n1\nAAAA\n", "origin\n1\n~\n", f"origin\nx\n{ROOT}\n", f"origin\n\n{ROOT}\n",
     f"origin\n{'9' * 5000}\n{ROOT}\n"],
)  # fmt: skip
def test_what_is_no_checkpoint_is_refused(text: str) -> None:
    with pytest.raises(NoteRefused):
        note.checkpoint_in(text)


@pytest.mark.parametrize(
    "key",
    ["", "a+b", "a+00000000+AA==", PUBLISHED_KEY.replace("c7", "c8"), PUBLISHED_KEY.replace("Peter", "P "),
     PUBLISHED_KEY + "AAAA", "name+00000000+", "+00000000+AQ=="],
)  # fmt: skip
def test_what_is_no_verifier_key_is_refused(key: str) -> None:
    with pytest.raises(NoteRefused):
        VerifierKey.parse(key)
