// Reads a QR code where the browser can; typing is always there.

import { say } from "../engine/words.js";
import { button, el } from "./dom.js";

export const canScan = () => "BarcodeDetector" in window && Boolean(navigator.mediaDevices?.getUserMedia);

/** A button that fills the input with what the camera reads; where it cannot, a sentence says so. */
export function scanner(input, found = () => {}) {
  if (!canScan()) return el("p", { className: "hint" }, say("app.scan.type-it"));
  const place = el("div", { className: "scanner" });
  place.append(button(say("app.scan.do"), () => read(place, input, found), { tone: "second" }));
  return place;
}

async function read(place, input, found) {
  let stream;
  const video = el("video", { playsInline: true, muted: true, "aria-label": say("app.scan.do") });
  try {
    stream = await navigator.mediaDevices.getUserMedia({ video: { facingMode: "environment" } });
    video.srcObject = stream;
    place.append(video);
    await video.play();
    const detector = new BarcodeDetector({ formats: ["qr_code"] });
    const until = Date.now() + 30_000;
    while (video.isConnected && Date.now() < until) {
      const [code] = await detector.detect(video);
      if (code) {
        input.value = code.rawValue;
        input.dataset.manner = "QR";
        return found(code.rawValue);
      }
      await new Promise((resolve) => setTimeout(resolve, 200));
    }
  } catch (error) {
    place.append(el("p", { className: "hint", role: "alert" }, say(error.name === "NotAllowedError" ? "app.scan.denied" : "app.scan.failed")));
  } finally {
    stream?.getTracks().forEach((track) => track.stop());
    video.remove();
  }
}

/** Why there was no place when it was last asked for: "denied" or "unknown". */
export let noPlace = "unknown";

/** Where the phone is, or null with why: {place, why}. Never keeps anybody waiting for long. */
export function whereAmI() {
  return new Promise((resolve) => {
    if (!navigator.geolocation) return resolve({ place: null, why: "unknown" });
    const found = ({ coords }) => resolve({ place: {
      longitude: coords.longitude, latitude: coords.latitude, datum: "WGS84", accuracy_metres: Math.round(coords.accuracy),
    } });
    const not = ({ code }) => {
      noPlace = code === 1 ? "denied" : "unknown";
      resolve({ place: null, why: noPlace });
    };
    navigator.geolocation.getCurrentPosition(found, not, { enableHighAccuracy: true, timeout: 8000, maximumAge: 60_000 });
    setTimeout(() => resolve({ place: null, why: "unknown" }), 9000);
  });
}
