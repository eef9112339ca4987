"""Many requests for one address: by `wrk` where it is installed, else by a small client in a process of its own."""

import asyncio
import shutil
import statistics
import sys
import tempfile
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from time import perf_counter
from typing import cast
from urllib.parse import urlsplit

import httptools
import msgspec
import uvloop

ROOT = Path(__file__).parent.parent
WRK_SCRIPT = """\
local authorizations = {%s}
local requests, number = {}, 0
init = function(arguments)
  for index, authorization in ipairs(authorizations) do
    requests[index] = wrk.format(nil, nil, {["Authorization"] = authorization})
  end
end
request = function()
  number = number %% #requests + 1
  return requests[number]
end
done = function(summary, latency, requests)
  local errors = summary.errors
  io.write(string.format(
    'REPORT {"requests": %%d, "seconds": %%f, "p50": %%f, "p95": %%f, "failed": %%d}\\n', summary.requests,
    summary.duration / 1e6, latency:percentile(50) / 1e6, latency:percentile(95) / 1e6,
    errors.status + errors.connect + errors.read + errors.write + errors.timeout))
end
"""


class Report(msgspec.Struct, frozen=True):
    """Times in seconds."""

    requests: int
    seconds: float
    p50: float
    p95: float
    failed: int


def client() -> str:
    return "wrk" if shutil.which("wrk") else "own client"


async def load(url: str, connections: int, seconds: float, authorizations: list[str]) -> Report:
    """Keeps as many requests under way as there are connections; these take turns at who they are from.

    Raises RuntimeError if any is not answered 200.
    """
    with tempfile.NamedTemporaryFile("w", suffix=".lua") as script:
        script.write(WRK_SCRIPT % ", ".join(f'"{authorization}"' for authorization in authorizations))
        script.flush()
        if wrk := shutil.which("wrk"):
            # wrk knows whole seconds only
            command = [wrk, "-t1", f"-c{connections}", f"-d{max(1, round(seconds))}s", "-s", script.name, url]
        else:
            command = [sys.executable, "-m", "bench.load", url, str(connections), str(seconds), *authorizations]
        process = await asyncio.create_subprocess_exec(
            *command, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT, cwd=ROOT
        )
        output, _ = await process.communicate()
    line = next((one for one in output.decode().splitlines() if one.startswith("REPORT ")), None)
    if line is None:
        raise RuntimeError(output.decode())
    report = msgspec.json.decode(line.removeprefix("REPORT "), type=Report)
    if report.failed or not report.requests:
        raise RuntimeError(f"{url}: {report.failed} of {report.requests} requests failed")
    return report


class _Connection(asyncio.Protocol):
    """One request after the other, the next as soon as the last is answered."""

    def __init__(self, request: bytes, latencies: list[float], failed: list[int]) -> None:
        self._request, self._latencies, self._failed = request, latencies, failed
        self._parser = httptools.HttpResponseParser(self)

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast("asyncio.Transport", transport)  # uvloop's is one in all but name
        self._send()

    def data_received(self, data: bytes) -> None:
        self._parser.feed_data(data)

    def on_message_complete(self) -> None:
        """Called by the parser."""
        self._latencies.append(perf_counter() - self._began)
        if self._parser.get_status_code() != 200:
            self._failed.append(self._parser.get_status_code())
        self._send()

    def _send(self) -> None:
        self._began = perf_counter()
        self._transport.write(self._request)


async def _own_client(url: str, connections: int, seconds: float, authorizations: list[str]) -> Report:
    place = urlsplit(url)
    assert place.hostname
    assert place.port
    host, port = place.hostname, place.port
    path = place.path + (f"?{place.query}" if place.query else "")
    requests = [
        f"GET {path} HTTP/1.1\r\nHost: {place.netloc}\r\nAuthorization: {authorization}\r\n\r\n".encode()
        for authorization in authorizations
    ]
    latencies: list[float] = []
    failed: list[int] = []
    loop = asyncio.get_running_loop()
    began = perf_counter()
    for request in islice(cycle(requests), connections):
        await loop.create_connection(partial(_Connection, request, latencies, failed), host, port)
    await asyncio.sleep(seconds)
    answered, took = latencies[:], perf_counter() - began
    cuts = statistics.quantiles(answered, n=20) if len(answered) > 1 else [0.0] * 19
    return Report(len(answered), took, cuts[9], cuts[18], len(failed))


if __name__ == "__main__":
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as runner:
        report = runner.run(_own_client(sys.argv[1], int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]))
    print("REPORT", msgspec.json.encode(report).decode())
