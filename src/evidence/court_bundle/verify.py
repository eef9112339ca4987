#!/usr/bin/env python3
"""Checks a bundle of evidence by itself: Python's standard library alone, no network, no other file.

    python3 verify.py [FOLDER] [--log-key NAME+ID+KEY]

FOLDER is the unpacked bundle, by default where this file lies. With --log-key the checkpoint must bear that key's
signature: a key that you were told in another way than by this bundle. Each fault has a number of its own; the exit
status is the smallest of those found, 0 where everything holds.

本程序独立核验证据卷包：只用 Python 标准库，不联网，不依赖其他文件。
退出码 0 表示全部成立，否则为所发现问题中最小的编号。
"""

import argparse
import base64
import hashlib
import json
import sys
from datetime import datetime, timezone
from pathlib import Path
from typing import Any, Callable, Dict, List, Optional, Tuple

Checkpoint = Tuple[int, bytes]
Told = List[Tuple[str, Dict[str, Any]]]
Point = Tuple[int, int, int, int]
Pair = Tuple[int, int]
Tagged = Tuple[int, bytes]

SHA256 = bytes.fromhex("608648016503040201")
"""Object identifier in DER."""

FAULTS = {
    10: ("FILE_MISSING", "a listed file is missing", "缺少清单所列文件"),
    11: ("TAG_FILE_CHANGED", "a file that describes the bundle was changed", "说明文件被改动"),
    12: ("FILE_NOT_LISTED", "a file is in no list", "有清单以外的文件"),
    13: ("MANIFEST_CHANGED", "the list of files was changed", "文件清单被改动"),
    14: ("VERIFIER_CHANGED", "this program was changed: get it from who made the bundle", "本程序被改动，应另行取得"),
    20: ("ORIGINAL_CHANGED", "an original was changed", "原件被改动"),
    21: ("STATEMENT_CHANGED", "a statement about evidence was changed", "证据说明被改动"),
    22: ("VERDICT_CHANGED", "a verdict was changed", "判定被改动"),
    23: ("CUSTODY_CHANGED", "custody entries were changed", "流转记录被改动"),
    24: ("LOG_CHANGED", "the checkpoint was changed", "检查点被改动"),
    25: ("KEYS_CHANGED", "keys of receipts were changed", "回执公钥被改动"),
    26: ("DOCUMENT_CHANGED", "a certificate of a device was changed", "设备证书被改动"),
    27: ("PAGE_CHANGED", "the page for readers was changed", "阅读页被改动"),
    28: ("TIME_STAMP_CHANGED", "a time stamp was changed", "时间戳被改动"),
    29: ("LOG_KEYS_CHANGED", "keys of the log were changed", "日志公钥被改动"),
    30: ("COMMITMENT_FALSE", "a phone's signature under a commitment is false", "终端签名不成立"),
    31: ("COMMITMENT_DIFFERS", "an original is not what the phone committed to", "原件与终端承诺不一致"),
    40: ("RECEIPT_FALSE", "a receipt's signature is false", "回执签名不成立"),
    41: ("RECEIPT_DIFFERS", "a receipt is about something else", "回执内容不一致"),
    50: ("ENTRY_DIFFERS", "an entry is not what stands in the log", "流转记录与日志不一致"),
    51: ("ENTRY_NOT_IN_LOG", "an entry is not in the log of the checkpoint", "流转记录不在检查点所载日志中"),
    52: ("CHECKPOINT_FALSE", "the checkpoint's signature is false", "检查点签名不成立"),
    53: ("CHECKPOINT_OF_ANOTHER", "the key you gave did not sign the checkpoint", "检查点不是由您提供的公钥签名"),
    60: ("VERDICT_NOT_IN_LOG", "a verdict is not the one that the log tells of", "判定与日志所载不一致"),
    61: ("DOCUMENT_MISSING", "a certificate that a verdict rests on is missing", "缺少判定所依据的证书"),
    70: ("TIME_STAMP_UNREADABLE", "a time stamp cannot be read", "时间戳无法读取"),
    71: ("TIME_STAMP_OF_ANOTHER", "a time stamp is over something else", "时间戳所盖的不是该检查点"),
    72: ("TIME_STAMP_OUTSIDE_LOG", "what was stamped is of another log", "时间戳所盖的检查点不属于同一日志"),
    73: ("TIME_DIFFERS", "the time stamped is not the time told", "时间戳的时间与所述不一致"),
}
CHANGED = {
    "originals": 20, "evidence": 21, "verdicts": 22, "custody": 23,
    "log": 24, "keys": 25, "documents": 26, "page.pdf": 27, "time": 28, "log/keys.json": 29,
}  # fmt: skip
"""Which fault a changed file is, by where it lies under data/."""
TAG_CHANGED = {"manifest-sha256.txt": 13, "verify.py": 14}


class Findings:
    """All that holds, and every fault with what it is about."""

    def __init__(self) -> None:
        self.faults: List[Tuple[int, str]] = []
        self.held: List[str] = []

    def fault(self, number: int, what: str) -> None:
        self.faults.append((number, what))

    def holds(self, what: str) -> None:
        self.held.append(what)


def main() -> int:
    asked = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    asked.add_argument("folder", nargs="?", default=Path(__file__).resolve().parent, type=Path)
    asked.add_argument("--log-key")
    given = asked.parse_args()
    found = verified(given.folder, given.log_key)
    for line in found.held:
        print("✓ " + line)
    for number, what in sorted(found.faults):
        name, english, chinese = FAULTS[number]
        print(f"✗ {number} {name}: {chinese} / {english}: {what}")
    print("全部成立。Everything holds." if not found.faults else "不成立。It does not hold.")
    return min((number for number, _ in found.faults), default=0)


def verified(folder: Path, log_key: Optional[str] = None) -> Findings:
    """All that holds, and all that does not."""
    found = Findings()
    _check_bag(folder, found)
    data = folder / "data"
    checkpoint = _checked(found, 24, _check_checkpoint, data / "log", log_key, found)
    if (data / "time").is_dir() and checkpoint:
        _checked(found, 70, _check_time, data / "time", checkpoint, found)
    receipt_keys = _checked(found, 25, _receipt_keys, data / "keys" / "receipt-keys.json") or {}
    for statement in sorted((data / "evidence").glob("*.json")):
        _checked(found, 21, _check_evidence, data, statement, checkpoint, receipt_keys, found)
    return found


def _checked(found: Findings, number: int, check: Callable[..., Any], *values: Any) -> Any:
    """What the check gives; a file that cannot even be read is that fault."""
    try:
        return check(*values)
    except (OSError, ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        found.fault(number, f"{type(error).__name__}: {error}")
        return None


def _check_bag(folder: Path, found: Findings) -> None:
    """BagIt 1.0 (RFC 8493): every file is listed, and every listed file has its digest."""
    listed: Dict[str, str] = {}
    for manifest in ("manifest-sha256.txt", "tagmanifest-sha256.txt"):
        try:
            lines = (folder / manifest).read_text("utf-8").splitlines()
        except (OSError, ValueError):
            found.fault(10, manifest)
            continue
        for line in lines:
            digest, _, name = line.partition("  ")
            listed[name] = digest
    for name, digest in listed.items():
        path = folder / name
        if ".." in Path(name).parts or Path(name).is_absolute() or not path.is_file():
            found.fault(10, name)
        elif _sha256(path) != digest:
            found.fault(_changed(name), name)
    for path in folder.rglob("*"):
        name = path.relative_to(folder).as_posix()
        if path.is_file() and name not in listed and name != "tagmanifest-sha256.txt" and "__pycache__" not in name:
            found.fault(12, name)
    found.holds(f"{len(listed)} 个文件 files")


def _changed(name: str) -> int:
    top, _, below = name.partition("/")
    if top != "data":
        return TAG_CHANGED.get(name, 11)
    return CHANGED.get(below) or CHANGED.get(below.partition("/")[0], 11)


def _check_checkpoint(log: Path, log_key: Optional[str], found: Findings) -> Checkpoint:
    """(size, root) of the checkpoint, once a key in the bundle, and the one that was asked for, signed it."""
    note = (log / "checkpoint.txt").read_text("utf-8")
    text, _, lines = note.rpartition("\n\n")
    text += "\n"
    origin, size, root = text.split("\n")[:3]
    signatures: Dict[Tuple[str, bytes], bytes] = {}
    for line in lines.splitlines():
        _, name, encoded = line.split(" ")
        blob = base64.b64decode(encoded)
        signatures[name, blob[:4]] = blob[4:]
    keys = json.loads((log / "keys.json").read_text("utf-8"))["keys"]
    held = [key for key in keys if _signed_by(key, origin, text, signatures)]
    if not held:
        found.fault(52, origin)
    if log_key and not _signed_by(log_key, origin, text, signatures):
        found.fault(53, log_key)
    found.holds(f"检查点 checkpoint {origin} {size} {root}")
    for key in held:
        found.holds(f"日志公钥 log key {key}")
    return int(size), base64.b64decode(root)


def _signed_by(key: str, origin: str, text: str, signatures: Dict[Tuple[str, bytes], bytes]) -> bool:
    name, id_, encoded = key.split("+", 2)
    kind, public = base64.b64decode(encoded)[0], base64.b64decode(encoded)[1:]
    if kind != 1 or name != origin or hashlib.sha256(name.encode() + b"\n\x01" + public).hexdigest()[:8] != id_:
        return False
    blob = signatures.get((name, bytes.fromhex(id_)))
    return blob is not None and ed25519_holds(public, text.encode(), blob)


def _check_time(folder: Path, checkpoint: Checkpoint, found: Findings) -> None:
    """What was stamped, when, and that it is the log of the checkpoint. The signature is left to openssl."""
    told = json.loads((folder / "token.json").read_text("utf-8"))
    stamped = (folder / "stamped.txt").read_bytes()
    _, size, root = stamped.decode("utf-8").split("\n")[:3]
    imprint, at = _time_stamped((folder / "token.tsr").read_bytes())
    if imprint != hashlib.sha256(stamped).digest():
        found.fault(71, "stamped.txt")
    if at != datetime.fromisoformat(told["at"]):
        found.fault(73, "{} {}".format(at.isoformat(), told["at"]))
    proof = [base64.b64decode(one) for one in told["consistency"]]
    one, other = sorted(((int(size), base64.b64decode(root)), checkpoint))
    if not _consistent(one, other, proof):
        found.fault(72, size)
    found.holds("时间戳 time stamp {} {}: {}".format(at.isoformat(), told["authority"], size))
    found.holds(
        "时间戳签名请以此命令核验 the signature of the time stamp is checked by: openssl ts -verify "
        "-data data/time/stamped.txt -in data/time/token.tsr -CAfile data/time/authority.pem "
        "-attime {}".format(int(at.timestamp()))
    )


def _time_stamped(answer: bytes) -> Tuple[bytes, datetime]:
    """SHA-256 of what was stamped, and when: out of a TimeStampResp (RFC 3161, 2.4.2). Raises ValueError."""
    status, token = _inside(answer, 0x30)[:2]
    if int.from_bytes(_inside(_whole(status), 0x30)[0][1], "big") > 1:
        raise ValueError("the authority refused")
    signed = _inside(_whole(_inside(_whole(token), 0x30)[1]), 0xA0)[0]
    content = _inside(_whole(_inside(_whole(signed), 0x30)[2]), 0x30)
    tag, octets = _inside(_whole(content[1]), 0xA0)[0]
    if tag == 0x24:  # in pieces, as BER may
        octets = b"".join(piece for _, piece in _tagged(octets))
    information = _inside(octets, 0x30)
    algorithm, (_, imprint) = _inside(_whole(information[2]), 0x30)
    if _inside(_whole(algorithm), 0x30)[0][1] != SHA256:
        raise ValueError("not SHA-256")
    text = information[4][1].decode("ascii").rstrip("Z")
    whole, _, fraction = text.partition(".")
    at = datetime.strptime(whole, "%Y%m%d%H%M%S").replace(tzinfo=timezone.utc)
    return imprint, at.replace(microsecond=int((fraction or "0").ljust(6, "0")[:6]))


def _inside(der: bytes, tag: int) -> List[Tagged]:
    """What a value of that tag holds."""
    ((found, content),) = _tagged(der)
    if found != tag:
        raise ValueError(f"tag {found} is not {tag}")
    return _tagged(content)


def _tagged(der: bytes) -> List[Tagged]:
    """Values one after the other, in DER: tags of one byte, lengths that are told."""
    values: List[Tagged] = []
    at = 0
    while at < len(der):
        tag, length, at = der[at], der[at + 1], at + 2
        if length & 0x80:
            count = length & 0x7F
            length, at = int.from_bytes(der[at : at + count], "big"), at + count
            if not count:
                raise ValueError("no length")
        if at + length > len(der):
            raise ValueError("cut off")
        values.append((tag, der[at : at + length]))
        at += length
    return values


def _whole(value: Tagged) -> bytes:
    """The value with its tag and length again."""
    tag, content = value
    size = len(content)
    if size < 0x80:
        return bytes([tag, size]) + content
    length = size.to_bytes((size.bit_length() + 7) // 8, "big")
    return bytes([tag, 0x80 | len(length)]) + length + content


def _receipt_keys(path: Path) -> Dict[str, bytes]:
    keys = json.loads(path.read_text("utf-8"))["keys"]
    return {key["kid"]: _unpadded(key["x"]) for key in keys}


def _check_evidence(
    data: Path, statement: Path, checkpoint: Optional[Checkpoint], receipt_keys: Dict[str, bytes], found: Findings
) -> None:
    told = json.loads(statement.read_text("utf-8"))
    evidence_id = told["evidence_id"]
    header, facts = _jws(told["commitment"])
    if not p256_holds(told["phone_key"], *_signed(told["commitment"])) or header["kid"] != told["phone_id"]:
        found.fault(30, evidence_id)
    digest = facts["sha256"]
    if told["original"] is not None:
        original = data / told["original"]
        if not original.is_file() or _sha256(original) != digest or original.stat().st_size != facts["size"]:
            found.fault(31, evidence_id)
    if facts["evidence_id"] != evidence_id:
        found.fault(31, evidence_id)
    for kind, receipt in sorted(told["receipts"].items()):
        header, said = _jws(receipt)
        public = receipt_keys.get(header["kid"])
        if public is None or not ed25519_holds(public, *_signed(receipt)):
            found.fault(40, f"{evidence_id} {kind}")
        elif (said["receipt"], said["evidence_id"], said["sha256"]) != (kind, evidence_id, digest):
            found.fault(41, f"{evidence_id} {kind}")
    events = _check_custody(data / told["custody"], evidence_id, checkpoint, found)
    _check_verdicts(data, told, events, found)
    found.holds(
        "证据 evidence {}: {} 条流转记录 entries, {} 次判定 verdicts".format(
            evidence_id, len(events), len(told["verdicts"])
        )
    )


def _check_custody(path: Path, evidence_id: str, checkpoint: Optional[Checkpoint], found: Findings) -> Told:
    """The details of each entry, where they were not erased, once it is found under the checkpoint."""
    events: Told = []
    for entry in json.loads(path.read_text("utf-8")):
        lines = entry["leaf"].split("\n")
        if lines[0] != "plumbline-custody/v1" or lines[4] != evidence_id or len(lines) != 9:
            found.fault(50, "{} {}".format(evidence_id, entry["index"]))
            continue
        for line, opening in zip(lines[5:8], (entry["actor"], entry["phone"], entry["details"])):
            if opening["salt"] is not None:
                salted = base64.b64decode(opening["salt"]) + opening["value"].encode()
                if hashlib.sha256(salted).hexdigest() != line:
                    found.fault(50, "{} {}".format(evidence_id, entry["index"]))
        proof = [base64.b64decode(one) for one in entry["proof"]]
        if checkpoint and not _included(entry["leaf"].encode(), entry["index"], proof, *checkpoint):
            found.fault(51, "{} {}".format(evidence_id, entry["index"]))
        events.append((lines[3], json.loads(entry["details"]["value"] or "{}")))
    return events


def _check_verdicts(data: Path, told: Dict[str, Any], events: Told, found: Findings) -> None:
    logged = {
        details.get("sha256") for event, details in events if event.startswith("evidence:") and "ordinal" in details
    }
    for path in told["verdicts"]:
        text = (data / path).read_bytes()
        if hashlib.sha256(text).hexdigest() not in logged:
            found.fault(60, path)
        _, _, inputs, _ = json.loads(text)
        device = inputs.get("device") or {}
        for certificate in device.get("certificates", ()):
            digest = certificate.get("document_sha256")
            if digest and not any((data / "documents").glob(digest + ".*")):
                found.fault(61, f"{path} {digest}")


def _included(leaf: bytes, index: int, proof: List[bytes], size: int, root: bytes) -> bool:
    """RFC 9162, 2.1.3.2."""
    node, at, last = hashlib.sha256(b"\x00" + leaf).digest(), index, size - 1
    if not 0 <= index < size:
        return False
    for one in proof:
        if last == 0:
            return False
        if at % 2 or at == last:
            node = hashlib.sha256(b"\x01" + one + node).digest()
            while at % 2 == 0 and at:
                at, last = at >> 1, last >> 1
        else:
            node = hashlib.sha256(b"\x01" + node + one).digest()
        at, last = at >> 1, last >> 1
    return last == 0 and node == root


def _consistent(earlier: Checkpoint, later: Checkpoint, proof: List[bytes]) -> bool:
    """That the later log begins with the earlier: RFC 9162, 2.1.4.2."""
    (first, root), (second, other) = earlier, later
    if first == second:
        return root == other and not proof
    path = proof if first & (first - 1) else [root, *proof]
    if not path or not 0 < first < second:
        return False
    at, last = first - 1, second - 1
    while at & 1:
        at, last = at >> 1, last >> 1
    old = new = path[0]
    for one in path[1:]:
        if last == 0:
            return False
        if at & 1 or at == last:
            old = hashlib.sha256(b"\x01" + one + old).digest()
            new = hashlib.sha256(b"\x01" + one + new).digest()
            while at and not at & 1:
                at, last = at >> 1, last >> 1
        else:
            new = hashlib.sha256(b"\x01" + new + one).digest()
        at, last = at >> 1, last >> 1
    return last == 0 and (old, new) == (root, other)


def _sha256(path: Path) -> str:
    digest = hashlib.sha256()
    with path.open("rb") as file:
        for chunk in iter(lambda: file.read(1 << 20), b""):
            digest.update(chunk)
    return digest.hexdigest()


def _unpadded(text: str) -> bytes:
    return base64.urlsafe_b64decode(text + "=" * (-len(text) % 4))


def _jws(compact: str) -> Tuple[Dict[str, Any], Dict[str, Any]]:
    header, payload, _ = compact.split(".")
    return json.loads(_unpadded(header)), json.loads(_unpadded(payload))


def _signed(compact: str) -> Tuple[bytes, bytes]:
    signed, _, signature = compact.rpartition(".")
    return signed.encode(), _unpadded(signature)


# Ed25519 (RFC 8032, 5.1.7), in whole numbers: slow, and public keys and messages alone come here.
P = 2**255 - 19
L = 2**252 + 27742317777372353535851937790883648493
D = -121665 * pow(121666, P - 2, P) % P


def ed25519_holds(public: bytes, message: bytes, signature: bytes) -> bool:
    """Whether the holder of the key signed the message."""
    if len(signature) != 64 or len(public) != 32:
        return False
    key, point = _decompressed(public), _decompressed(signature[:32])
    s = int.from_bytes(signature[32:], "little")
    if key is None or point is None or s >= L:
        return False
    k = int.from_bytes(hashlib.sha512(signature[:32] + public + message).digest(), "little") % L
    return _same(_times(s, _base()), _plus(point, _times(k, key)))


def _base() -> Point:
    y = 4 * pow(5, P - 2, P) % P
    base = _decompressed(y.to_bytes(32, "little"))
    assert base is not None
    return base


def _decompressed(encoded: bytes) -> Optional[Point]:
    y = int.from_bytes(encoded, "little")
    sign, y = y >> 255, y & (2**255 - 1)
    if y >= P:
        return None
    square = (y * y - 1) * pow(D * y * y + 1, P - 2, P) % P
    x = pow(square, (P + 3) // 8, P)
    if (x * x - square) % P:
        x = x * pow(2, (P - 1) // 4, P) % P
    if (x * x - square) % P or (x == 0 and sign):
        return None
    if x % 2 != sign:
        x = P - x
    return x, y, 1, x * y % P


def _plus(one: Point, other: Point) -> Point:
    a = (one[1] - one[0]) * (other[1] - other[0]) % P
    b = (one[1] + one[0]) * (other[1] + other[0]) % P
    c, d = 2 * one[3] * other[3] * D % P, 2 * one[2] * other[2] % P
    e, f, g, h = b - a, d - c, d + c, b + a
    return e * f % P, g * h % P, f * g % P, e * h % P


def _times(number: int, point: Point) -> Point:
    total = (0, 1, 1, 0)
    while number:
        if number & 1:
            total = _plus(total, point)
        point, number = _plus(point, point), number >> 1
    return total


def _same(one: Point, other: Point) -> bool:
    return not ((one[0] * other[2] - other[0] * one[2]) % P or (one[1] * other[2] - other[1] * one[2]) % P)


# ECDSA over P-256 with SHA-256 (FIPS 186-5), as JWS "ES256" writes it (RFC 7518, 3.4).
Q = 2**256 - 2**224 + 2**192 + 2**96 - 1
N = 0xFFFFFFFF00000000FFFFFFFFFFFFFFFFBCE6FAADA7179E84F3B9CAC2FC632551
B = 0x5AC635D8AA3A93E7B3EBBD55769886BC651D06B0CC53B0F63BCE3C3E27D2604B
G = (
    0x6B17D1F2E12C4247F8BCE6E563A440F277037D812DEB33A0F4A13945D898C296,
    0x4FE342E2FE1A7F9B8EE7EB4A7C0F9E162BCE33576B315ECECBB6406837BF51F5,
)


def p256_holds(key: Dict[str, str], message: bytes, signature: bytes) -> bool:
    """Whether the holder of the key (JWK) signed the message."""
    if key.get("crv") != "P-256" or len(signature) != 64:
        return False
    public = int.from_bytes(_unpadded(key["x"]), "big"), int.from_bytes(_unpadded(key["y"]), "big")
    if (public[1] ** 2 - public[0] ** 3 + 3 * public[0] - B) % Q:
        return False
    r, s = int.from_bytes(signature[:32], "big"), int.from_bytes(signature[32:], "big")
    if not (0 < r < N and 0 < s < N):
        return False
    digest, inverse = int.from_bytes(hashlib.sha256(message).digest(), "big"), pow(s, N - 2, N)
    point = _add(_multiply(digest * inverse % N, G), _multiply(r * inverse % N, public))
    return point is not None and point[0] % N == r


def _add(one: Optional[Pair], other: Optional[Pair]) -> Optional[Pair]:
    if one is None or other is None:
        return one or other
    if one[0] == other[0]:
        if (one[1] + other[1]) % Q == 0:
            return None
        slope = (3 * one[0] * one[0] - 3) * pow(2 * one[1], Q - 2, Q) % Q
    else:
        slope = (other[1] - one[1]) * pow(other[0] - one[0], Q - 2, Q) % Q
    x = (slope * slope - one[0] - other[0]) % Q
    return x, (slope * (one[0] - x) - one[1]) % Q


def _multiply(number: int, point: Pair) -> Optional[Pair]:
    total: Optional[Pair] = None
    doubled: Optional[Pair] = point
    while number:
        if number & 1:
            total = _add(total, doubled)
        doubled, number = _add(doubled, doubled), number >> 1
    return total


if __name__ == "__main__":
    sys.exit(main())
