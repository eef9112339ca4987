"""Draws a published double-random drawing again: `python double_random.py drawing.json`, with nothing but Python.

drawing.json is what /public/v1/drawings/<id> answers once the result is published. docs/double-random.md explains it.
"""

import hashlib
import hmac
import json
import sys

told = json.load(open(sys.argv[1], encoding="utf-8"))
pools, result = told["pools"], told["result"]
text = json.dumps(pools, ensure_ascii=False, sort_keys=True, separators=(",", ":"))
pools_digest, seed = hashlib.sha256(text.encode()).hexdigest(), bytes.fromhex(result["seed"])
assert pools_digest == told["drawing"]["pools_sha256"], "the pools are not those that were frozen"
assert hashlib.sha256(seed).hexdigest() == told["drawing"]["commitment"], "the seed is not the one committed to"


def key(what):
    return hmac.new(seed, f"{pools_digest}\n{result['beacon']}\n{what}".encode(), "sha256").hexdigest()


def ticket(one):
    return min(key(f"enterprise {one['uscc']} {number}") for number in range(1, one["weight"] + 1))


able = set(pools["officers"]) - {one["officer"] for one in result["excluded"]}
barred = {(one["officer"], one["uscc"]) for one in pools["conflicts"]}
teams = []
for stratum, number in sorted(pools["numbers"].items()):
    candidates = [
        one
        for one in pools["enterprises"]
        if one["stratum"] == stratum
        and sum((officer, one["uscc"]) not in barred for officer in able) >= pools["team_size"]
    ]
    for one in sorted(candidates, key=ticket)[:number]:
        free = [officer for officer in able if (officer, one["uscc"]) not in barred]
        ranked = sorted(free, key=lambda officer: key(f"officer {one['uscc']} {officer}"))
        teams.append({"uscc": one["uscc"], "name": one["name"], "officers": ranked[: pools["team_size"]]})
print("the same result" if teams == result["teams"] else "ANOTHER RESULT")
sys.exit(teams != result["teams"])
