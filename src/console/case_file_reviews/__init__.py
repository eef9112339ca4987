"""Pages of the review of case files: campaigns and their draw, the sheet, orders to rectify."""

from console.case_file_reviews import campaigns, files, orders, public

ROUTES = [*campaigns.ROUTES, *files.ROUTES, *orders.ROUTES]
PUBLIC_ROUTES = public.ROUTES

__all__ = ["PUBLIC_ROUTES", "ROUTES"]
