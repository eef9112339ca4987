// Uploads a file with the unmodified tus-js-client and prints what the server said, as one line of JSON.
// With `abortAfter` the transfer is aborted once that many bytes were accepted, and resumed at the last of `endpoints`.
import { readFileSync } from 'node:fs'
import * as tus from 'tus-js-client'

const wanted = JSON.parse(process.argv[2])
const file = readFileSync(wanted.file)
const told = { requests: [] }

function upload(more) {
  return new Promise((resolve, reject) => {
    const running = new tus.Upload(file, {
      headers: { Authorization: `Bearer ${wanted.token}` },
      metadata: { evidence_id: wanted.evidenceId, filename: '现场 1.jpg' },
      chunkSize: wanted.chunkSize ?? Infinity,
      uploadDataDuringCreation: wanted.uploadDataDuringCreation ?? false,
      overridePatchMethod: wanted.overridePatchMethod ?? false,
      retryDelays: null,
      onAfterResponse(request, response) {
        told.requests.push([request.getMethod(), response.getStatus(), response.getHeader('Upload-Offset') ?? null])
        told.outcome = response.getHeader('Plumbline-Outcome') ?? null
        told.receipt = response.getHeader('Plumbline-Receipt') ?? null
      },
      onChunkComplete(_, accepted) {
        if (more.abortAfter && accepted >= more.abortAfter) running.abort().then(() => resolve(running.url))
      },
      onError: reject,
      onSuccess: () => resolve(running.url),
      ...more,
    })
    running.start()
  })
}

const [first, last = first] = wanted.endpoints
let url = await upload({ endpoint: first, abortAfter: wanted.abortAfter })
if (wanted.abortAfter) url = await upload({ uploadUrl: url.replace(new URL(first).origin, new URL(last).origin) })
console.log(JSON.stringify({ ...told, path: new URL(url).pathname }))
