"""The annual report at the desk: a unit's reports, one from draft to receipt, the receiver's inbox, roll-ups."""

from console.annual_reports import comparing, listing, report, roll_ups, steps

ROUTES = [*listing.ROUTES, *report.ROUTES, *steps.ROUTES, *comparing.ROUTES, *roll_ups.ROUTES]
