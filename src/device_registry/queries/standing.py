"""What the registry says of a device over a capture interval, and what that rests on."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from asyncpg import Range

from device_registry.model import (
    Device,
    InForce,
    Interval,
    SiteVersion,
    Standing,
)
from device_registry.queries.device import DEVICE, DEVICE_COLUMNS, device_by_tag, device_of
from device_registry.queries.facts import facts_of, facts_of_all
from device_registry.rules import RULE_VERSION, History, in_standing, standing
from foundation.civil import day_of
from foundation.database import Connection


async def standing_of(db: Connection, tag: str, captured: Interval) -> Standing | None:
    """The standing of the device with that tag; None: no such device."""
    return (await standings_of(db, [(tag, captured)])).get((tag, captured))


async def standings_of(db: Connection, asked: Sequence[tuple[str, Interval]]) -> dict[tuple[str, Interval], Standing]:
    """The standing of each device over its interval; tags that no device has are left out.

    One round trip for all where one kept period of either sort contains the whole interval. Only where none does (not
    in standing, or across two adjoining periods) are the facts loaded, and they decide.
    """
    rows = await db.fetch(
        f"""
        select {DEVICE},
               array(select row (certificate.id, certificate.channel, certificate.certificate_no,
                                 certificate.verified_on, certificate.valid_until)
                       from verified_period
                       join verification_certificate as certificate
                         on certificate.id = any(verified_period.certificates)
                      where verified_period.device_id = device.id and verified_period.span @> asked.captured),
               exists (select from service_period
                        where service_period.device_id = device.id and service_period.span @> asked.captured),
               case when not device.verification_needed then (
                    select id
                      from written_conclusion
                     where device_id = device.id and requirement = device.requirement and concluded_on <= asked.day
                       and not exists (select from correction where superseded_id = written_conclusion.id)
                     order by concluded_on desc, id desc
                     limit 1) end,
               asked.number
          from unnest($1::text[], $2::tstzrange[], $3::date[]) with ordinality as asked (tag, captured, day, number)
          join device on device.tag = asked.tag
          join device_kind on device_kind.code = device.kind
        """,  # noqa: S608 - a constant
        [tag for tag, _ in asked],
        [Range(captured.earliest, captured.latest, upper_inc=True) for _, captured in asked],
        [day_of(captured.earliest) for _, captured in asked],
    )
    standings = {}
    unclear: list[tuple[tuple[str, Interval], Device]] = []
    for row in rows:
        device = device_of(row)
        certificates, served, conclusion_id, number = row[DEVICE_COLUMNS:]
        key = asked[number - 1]
        if served and device.verification_needed and certificates:
            by_channel = {found.channel: found for found in (InForce(*certificate) for certificate in certificates)}
            in_order = [by_channel[channel] for channel in device.channels or ("",)]
            standings[key] = in_standing(device, key[1], in_order, None)
        elif served and conclusion_id:
            standings[key] = in_standing(device, key[1], (), conclusion_id)
        else:
            unclear.append((key, device))
    if unclear:
        facts = await facts_of_all(db, {device.id for _, device in unclear})
        standings |= {key: standing(device, facts[device.id], key[1]) for key, device in unclear}
    return standings


async def standing_as_known(db: Connection, tag: str, captured: Interval, known_at: datetime) -> Standing | None:
    """The standing over an interval as this register would have answered at `known_at`; None: it knew no such device.

    From the facts alone: the kept periods say what is known now.
    """
    device = await device_by_tag(db, tag)
    if device is None or device.registered_at > known_at:
        return None
    facts = await facts_of(db, device.id, known_at=known_at)
    unit_id = await db.fetchval(
        """
        select unit_id
          from device_holding
         where device_id = $1
           and known_from <= $2
         order by lower(span) desc nulls last
         limit 1
        """,
        device.id,
        known_at,
    )
    return standing(msgspec.structs.replace(device, unit_id=unit_id), facts, captured)


async def site_in_force(db: Connection, device_id: UUID, at: datetime) -> SiteVersion | None:
    """The version of its site that the device was in service with at the instant, or last before it."""
    facts = await facts_of(db, device_id)
    history = History(facts)
    version_id = history.at(at).site_version_id
    return history.siting.versions.get(version_id) if version_id else None


async def hold_standing(db: Connection, tag: str) -> None:
    """Facts about the device wait until the transaction ends, so that they are heard after it and not beside it."""
    await db.execute("select from device where tag = $1 for share", tag)


async def snapshot(db: Connection, standing: Standing, captured: Interval) -> dict[str, Any]:
    """What a judgement rested on, as JSON that needs nothing else to be understood: for a verdict's inputs."""
    row = await db.fetchrow(
        """
        select coalesce((
               select jsonb_agg(jsonb_build_object(
                          'id', id, 'channel', channel, 'certificate_no', certificate_no, 'issuing_body', issuing_body,
                          'regulation', regulation, 'occasion', occasion, 'verified_on', verified_on,
                          'valid_until', valid_until, 'document_sha256', encode(document_sha256, 'hex'),
                          'known_from', known_from) order by verified_on, channel, id)
                 from verification_certificate
                where id = any ($2)), '[]') as certificates,
               (select jsonb_build_object(
                          'id', id, 'requirement', requirement, 'document_no', document_no, 'conclusion', conclusion,
                          'concluded_on', concluded_on, 'known_from', known_from)
                  from written_conclusion
                 where id = $3) as conclusion,
               coalesce((
               select jsonb_agg(jsonb_build_object(
                          'begins', lower(span), 'ends', upper(span), 'certificates', certificates) order by span)
                 from verified_period
                where device_id = $1 and span && $4), '[]') as verified_periods,
               coalesce((
               select jsonb_agg(jsonb_build_object('begins', lower(span), 'ends', upper(span)) order by span)
                 from service_period
                where device_id = $1 and span && $4), '[]') as service_periods,
               (select jsonb_build_object('version', to_jsonb(site_version),
                          'reviews', (select coalesce(jsonb_agg(to_jsonb(review) order by id), '[]')
                                        from review where site_version_id = site_version.id
                                         and not exists (select from correction where superseded_id = review.id)),
                          'announcements', (select coalesce(jsonb_agg(to_jsonb(announcement) order by id), '[]')
                                              from announcement where site_version_id = site_version.id
                                               and not exists (
                                                   select from correction where superseded_id = announcement.id)))
                  from site_version
                 where site_version.id = (
                       select site_version_id
                         from service_event
                        where device_id = $1 and change = 'PUT_IN_SERVICE' and occurred_at <= lower($4::tstzrange)
                          and not exists (select from correction where superseded_id = service_event.id)
                        order by occurred_at desc
                        limit 1)) as site
        """,
        standing.device.id,
        [certificate.id for certificate in standing.certificates],
        standing.conclusion_id,
        Range(captured.earliest, captured.latest, upper_inc=True),
    )
    assert row is not None
    rule_inputs = dict(row) | {
        "device": standing.device,
        "captured": captured,
        "outcome": standing.outcome,
        "reasons": standing.reasons,
        "verified_that_day": standing.verified_that_day,
        "cautions": standing.cautions,
        "rule_version": RULE_VERSION,
    }
    frozen: dict[str, Any] = msgspec.json.decode(msgspec.json.encode(rule_inputs))
    return frozen
