"""The key of the receipts: made once, for its owner alone, and the same ever after."""

import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from evidence.signing import Signer


def test_the_key_is_made_once_readable_by_its_owner_alone(tmp_path: Path) -> None:
    path = tmp_path / "new folder" / "key.pem"
    first, again = Signer.load_or_create(path), Signer.load_or_create(path)
    assert first.key_id == again.key_id
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert "d" not in first.public_key()


def test_processes_that_start_at_once_end_up_with_one_key(tmp_path: Path) -> None:
    with ThreadPoolExecutor(8) as threads:
        keys = list(threads.map(Signer.load_or_create, [tmp_path / "key.pem"] * 8))
    assert len({key.key_id for key in keys}) == 1


def test_a_file_with_another_kind_of_key_is_refused_by_name(tmp_path: Path) -> None:
    path = tmp_path / "key.pem"
    path.write_bytes(generate_private_key(SECP256R1()).private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption()))
    with pytest.raises(TypeError, match="Ed25519"):
        Signer.load_or_create(path)
