"""What agency reads and writes. Days are Beijing civil days, instants UTC; spans are half-open."""

from agency.queries.actors import actor_behind, actor_called, actors_behind, reach
from agency.queries.people import add_credential, add_person, credential_standing, end_grant, grant, person
from agency.queries.sign_in import (
    account,
    add_attempt,
    add_token,
    attempt_succeeded,
    close_account,
    enrol_phone,
    failure_in_the_way,
    lock_attempts,
    open_account,
    revoke_phone,
    revoke_token,
    revoke_tokens_of,
    signatory,
)
from agency.queries.units import add_unit, ancestors, change_unit, subtree, tree, units_by_id

__all__ = [
    "account",
    "actor_behind",
    "actor_called",
    "actors_behind",
    "add_attempt",
    "add_credential",
    "add_person",
    "add_token",
    "add_unit",
    "ancestors",
    "attempt_succeeded",
    "change_unit",
    "close_account",
    "credential_standing",
    "end_grant",
    "enrol_phone",
    "failure_in_the_way",
    "grant",
    "lock_attempts",
    "open_account",
    "person",
    "reach",
    "revoke_phone",
    "revoke_token",
    "revoke_tokens_of",
    "signatory",
    "subtree",
    "tree",
    "units_by_id",
]
