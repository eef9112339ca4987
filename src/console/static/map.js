// Sites on a map that needs nothing from elsewhere: a graticule and a scale; an operator's tiles, where there are some.
const { L } = window;
const STEPS = [10, 5, 2, 1, 0.5, 0.2, 0.1, 0.05, 0.02, 0.01, 0.005, 0.002, 0.001, 0.0005, 0.0002];
const LINES = 6;

function graticule(map, layer) {
  layer.clearLayers();
  const bounds = map.getBounds();
  const width = bounds.getEast() - bounds.getWest();
  const step = STEPS.findLast((one) => width / one <= LINES * 2) ?? STEPS[0];
  const digits = Math.max(0, -Math.floor(Math.log10(step)));
  const style = { className: "graticule", interactive: false };
  const label = (at, text, side) =>
    L.marker(at, { interactive: false, keyboard: false, icon: L.divIcon({ className: `degree ${side}`, html: text, iconSize: null }) });
  for (let x = Math.ceil(bounds.getWest() / step) * step; x < bounds.getEast(); x += step) {
    layer.addLayer(L.polyline([[bounds.getSouth(), x], [bounds.getNorth(), x]], style));
    layer.addLayer(label([bounds.getNorth(), x], `${x.toFixed(digits)}°`, "top"));
  }
  for (let y = Math.ceil(bounds.getSouth() / step) * step; y < bounds.getNorth(); y += step) {
    layer.addLayer(L.polyline([[y, bounds.getWest()], [y, bounds.getEast()]], style));
    layer.addLayer(label([y, bounds.getWest()], `${y.toFixed(digits)}°`, "left"));
  }
}

for (const element of document.querySelectorAll(".map[data-points]")) {
  const points = JSON.parse(element.dataset.points);
  const map = L.map(element, { zoomAnimation: false, fadeAnimation: false, attributionControl: false, zoomControl: false, maxZoom: 19 });
  const at = points.map((point) => [point.latitude, point.longitude]);
  map.fitBounds(L.latLngBounds(at).pad(0.3), { maxZoom: 15 });
  if (element.dataset.tiles) L.tileLayer(element.dataset.tiles, { maxZoom: 19 }).addTo(map);
  const lines = L.layerGroup().addTo(map);
  map.on("moveend", () => graticule(map, lines));
  graticule(map, lines);
  L.control.zoom({ position: "topright" }).addTo(map);
  L.control.scale({ imperial: false }).addTo(map);
  points.forEach((point, number) => {
    const words = document.createElement("span");
    words.textContent = `${point.name} ${point.address} (${point.datum})`;
    const kind = [point.inForce ? "in-force" : "earlier", point.shifted ? "shifted" : ""].join(" ");
    const marker = L.circleMarker(at[number], { radius: point.inForce ? 9 : 7, className: `site ${kind}` });
    marker.bindTooltip(words, { permanent: points.length <= 3, direction: "right", offset: [10, 0] }).addTo(map);
    if (point.href) marker.on("click", () => { location.href = point.href; });
  });
}
