"""What only the pages keep."""

from console.queries.saved_filters import SavedFilter, forget_filter, save_filter, saved_filters

__all__ = ["SavedFilter", "forget_filter", "save_filter", "saved_filters"]
