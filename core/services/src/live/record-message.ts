import type { Row } from '@opsflux/data'
import type { RecordChange } from '@opsflux/sdk'

/** On which hosts tell each other of changed records. */
export const liveChannel = 'opsflux_live'

/** A change on its way to the hosts: what each of them needs to decide who may hear of it, and no contents. */
export interface TellableChange extends RecordChange {
  tenant: string
  /** The fields that say whose the record is. */
  scope: Row
}

// PostgreSQL, NOTIFY: shorter than 8,000 bytes.
const maxBytes = 7_900

/** As few messages as they fit in. */
export function toMessages(changes: readonly TellableChange[]): string[] {
  const messages: string[] = []
  let parts: string[] = []
  let bytes = 2
  for (const change of changes) {
    const part = JSON.stringify(change)
    const partBytes = Buffer.byteLength(part) + 1
    if (bytes + partBytes > maxBytes && parts.length > 0) {
      messages.push(`[${parts.join(',')}]`)
      parts = []
      bytes = 2
    }
    parts.push(part)
    bytes += partBytes
  }
  if (parts.length > 0) messages.push(`[${parts.join(',')}]`)
  return messages
}

/** Written by a host of this platform, perhaps of another release: what cannot be read is left out. */
export function fromMessage(message: string): TellableChange[] {
  try {
    const changes: unknown = JSON.parse(message)
    return Array.isArray(changes) ? (changes as TellableChange[]) : []
  } catch {
    return []
  }
}
