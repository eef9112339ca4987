"""案卷评查: case files drawn by lot are reviewed by a sheet that is data, and what was found is mended."""
