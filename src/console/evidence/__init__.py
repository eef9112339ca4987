"""`/desk/evidence`: search, one piece of evidence with all that is known of it, and the content review."""

from console.evidence import access, custody, exports, item, review, search, supervision

ROUTES = [
    *search.ROUTES,
    *item.ROUTES,
    *access.ROUTES,
    *custody.ROUTES,
    *review.ROUTES,
    *exports.ROUTES,
    *supervision.ROUTES,
]
