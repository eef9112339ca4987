"""Draws the sample of a case-file review again: `python case_file_review.py review.json`, with nothing but Python.

review.json is what /public/v1/case-file-reviews/<id> answers once it is drawn. docs/case-file-review.md explains it.
"""

import hashlib
import hmac
import json
import sys

told = json.load(open(sys.argv[1], encoding="utf-8"))
terms, frame, result = told["review"]["terms"], told["frame"], told["result"]


def digest(document):
    text = json.dumps(document, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
    return hashlib.sha256(text.encode()).hexdigest()


seed = bytes.fromhex(result["seed"])
assert digest(terms) == told["review"]["terms_sha256"] == frame["terms_sha256"], "the terms are not those committed to"
assert digest(frame) == result["frame_sha256"], "the frame is not the one drawn from"
assert hashlib.sha256(seed).hexdigest() == told["review"]["commitment"], "the seed is not the one committed to"


def key(what):
    return hmac.new(seed, f"{digest(terms)}\n{result['beacon']}\n{what}".encode(), "sha256").hexdigest()


barred = {(one["case"], one["reviewer"]) for one in frame["barred"]}
drawn = []
for unit in sorted(terms["units"]):
    cases = [one["case"] for one in frame["files"] if one["unit"] == unit]
    number = terms["number"] if terms["number"] is not None else -(-len(cases) * terms["share"] // 100)
    for case in sorted(cases, key=lambda case: key(f"file {case}"))[:number]:
        free = [one for one in frame["reviewers"] if (case, one) not in barred]
        ranked = sorted(free, key=lambda one: key(f"reviewer {case} {one}"))
        drawn.append({"case": case, "unit": unit, "reviewers": ranked[: terms["reviewers_each"]]})
print("the same sample" if drawn == result["files"] else "ANOTHER SAMPLE")
sys.exit(drawn != result["files"])
