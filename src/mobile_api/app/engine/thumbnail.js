// A small JPEG of a picture, or of how a film begins, for the desk to look at until the original is there. It is never evidence.

const MOST_BYTES = 12_000; // a second and a half on 64 kbit/s
const LONGEST_SIDE = 240;
const QUALITIES = [0.75, 0.6, 0.45, 0.3, 0.15];
const PATIENCE_MS = 5000;

/** Under which the store keeps it until it was sent. */
export const nameOf = (id) => `thumbnail ${id}`;

/** Its bytes, or null: what this browser cannot decode, or not soon, has none. */
export function made(original) {
  const late = new Promise((resolve) => setTimeout(resolve, PATIENCE_MS, null));
  return Promise.race([drawn(original).catch(() => null), late]);
}

async function drawn(original) {
  const bitmap = await (original.type.startsWith("video/") ? beginningOf(original) : createImageBitmap(original)); // upright
  const scale = Math.min(1, LONGEST_SIDE / Math.max(bitmap.width, bitmap.height));
  const size = [bitmap.width, bitmap.height].map((side) => Math.max(1, Math.round(side * scale)));
  const canvas = aCanvas(...size);
  const context = canvas.getContext("2d");
  context.fillStyle = "#fff"; // behind what is transparent
  context.fillRect(0, 0, ...size);
  context.imageSmoothingQuality = "high";
  context.drawImage(bitmap, 0, 0, ...size);
  bitmap.close();
  for (const quality of QUALITIES) {
    const jpeg = await written(canvas, quality);
    if (jpeg?.type === "image/jpeg" && jpeg.size <= MOST_BYTES) return jpeg.arrayBuffer();
  }
  return null;
}

/** The first frame of a film, where this browser plays it. */
async function beginningOf(film) {
  const src = URL.createObjectURL(film);
  const video = Object.assign(document.createElement("video"), { muted: true, playsInline: true, preload: "auto" });
  try {
    await new Promise((resolve, reject) => Object.assign(video, { onloadeddata: resolve, onerror: reject, src }));
    return await createImageBitmap(video);
  } finally {
    video.removeAttribute("src");
    URL.revokeObjectURL(src);
  }
}

function aCanvas(width, height) {
  return globalThis.OffscreenCanvas ? new OffscreenCanvas(width, height) : Object.assign(document.createElement("canvas"), { width, height });
}

function written(canvas, quality) {
  if (canvas.convertToBlob) return canvas.convertToBlob({ type: "image/jpeg", quality });
  return new Promise((resolve) => canvas.toBlob(resolve, "image/jpeg", quality));
}
