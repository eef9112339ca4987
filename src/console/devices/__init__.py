"""The register at the desk: its list, and the page of one device."""
