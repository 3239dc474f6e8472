import { isUtf8 } from 'node:buffer'
import { fileTypeFromBuffer } from 'file-type'

/** Texts have no magic number: of them, and of nothing else, the sender is believed which it is. */
const texts: ReadonlySet<string> = new Set(['text/plain', 'text/csv', 'text/markdown', 'application/json'])

/** Told from the first bytes of a file; `declared` is what its sender says. */
export async function mediaTypeOf(head: Buffer, declared: string): Promise<string> {
  // Throws for some of what is cut off in the middle.
  const found = await fileTypeFromBuffer(head).catch(() => undefined)
  if (found) return found.mime
  if (!isText(head)) return 'application/octet-stream'
  const [type = ''] = declared.toLowerCase().split(';')
  return texts.has(type.trim()) ? type.trim() : 'text/plain'
}

const textControls: ReadonlySet<number> = new Set(Buffer.from('\t\n\f\r\x1b'))

// Up to three bytes of a character may be cut off.
function isText(head: Buffer): boolean {
  return !head.some((byte) => byte < 0x20 && !textControls.has(byte)) && [0, 1, 2, 3].some((cut) => isUtf8(head.subarray(0, head.length - cut)))
}

/** Shown in the browser itself. Everything else is only ever downloaded: as HTML, SVG or script it would run here. */
export function isShown(type: string): boolean {
  return ['image/png', 'image/jpeg', 'image/gif', 'image/webp', 'image/avif', 'application/pdf'].includes(type)
}
