"""`/desk/evidence`: search, one piece of evidence with all that is known of it, and the content review."""

from console.evidence import exports, item, review, search, supervision

ROUTES = [*search.ROUTES, *item.ROUTES, *review.ROUTES, *exports.ROUTES, *supervision.ROUTES]
