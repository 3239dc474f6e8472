import type { Readable } from 'node:stream'
import type { Context } from 'koa'
import type { StoredFile } from '@opsflux/sdk'
import { byteRangeOf, type ByteRange } from './byte-range.ts'
import { isShown } from './media-type.ts'

/** Answers the content of a file so that nothing in it can act as a page of this site. */
export async function sendContent(context: Context, file: StoredFile, open: (range?: ByteRange) => Promise<Readable>): Promise<void> {
  setHeaders(context, file)
  context.status = 200
  if (context.fresh) {
    context.status = 304
    context.body = null
    return
  }
  const range = wantedRange(context, file)
  if (range === 'unsatisfiable') return refuseRange(context, file)
  if (range !== 'whole') {
    context.status = 206
    context.set('content-range', `bytes ${range.start}-${range.end}/${file.bytes}`)
  }
  const type = context.response.get('content-type')
  context.body = await open(range === 'whole' ? undefined : range)
  context.set('content-type', type)
  context.length = range === 'whole' ? file.bytes : range.end - range.start + 1
}

function setHeaders(context: Context, file: StoredFile): void {
  const shown = isShown(file.type)
  context.attachment(file.name, { type: shown && context.query['download'] === undefined ? 'inline' : 'attachment' })
  context.set({
    'content-type': shown ? file.type : 'application/octet-stream',
    'content-security-policy': "sandbox; default-src 'none'; style-src 'unsafe-inline'",
    'cross-origin-resource-policy': 'same-origin',
    'x-content-type-options': 'nosniff',
    'accept-ranges': 'bytes',
    // Kept by the browser and asked for each time: rights may end.
    'cache-control': 'private, no-cache',
    etag: `"${file.sha256}"`,
  })
  // Sizes and ranges are those of the file.
  context['compress'] = false
}

// RFC 9110 §13.1.5: a range of what has changed since is answered with the whole.
function wantedRange(context: Context, file: StoredFile): ByteRange | 'whole' | 'unsatisfiable' {
  const ifRange = context.get('if-range')
  if (context.method !== 'GET' || (ifRange !== '' && ifRange !== `"${file.sha256}"`)) return 'whole'
  return byteRangeOf(context.get('range'), file.bytes)
}

function refuseRange(context: Context, file: StoredFile): void {
  context.status = 416
  context.set('content-range', `bytes */${file.bytes}`)
  context.remove('content-disposition')
  context.body = ''
}
