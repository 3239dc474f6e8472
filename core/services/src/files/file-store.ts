import type { Readable } from 'node:stream'

/** Where the content of files is kept, by tenant and sha-256. The database says what is to be here: a store knows no files, only contents. */
export interface FileStore {
  /**
   * Takes an upload in; until it is kept it is no content. Leaves `source` whole, and nothing of its own behind when it fails.
   * @throws payload-too-large beyond `maxBytes`, not-ready when the store is full
   */
  receive(tenantId: string, source: Readable, maxBytes: number): Promise<ReceivedContent>
  /** @param range first and last byte. @throws not-ready when it is not here */
  open(tenantId: string, sha256: string, range?: { start: number; end: number }): Promise<Readable>
  /** Removing what is not here is no error. */
  remove(tenantId: string, sha256: string): Promise<void>
  /** Every content there is. */
  contents(): AsyncIterable<{ tenantId: string; sha256: string }>
  /** Removes uploads that a killed host left, older than `hours`. */
  sweepUnfinished(hours: number): Promise<void>
}

export interface ReceivedContent {
  sha256: string
  bytes: number
  /** The first bytes: what tells the media type. */
  head: Buffer
  /** Makes it content, for good even when the machine loses power now. Again, and of a content already here, is fine. */
  keep(): Promise<void>
  /** Lets go of it unless it was kept. */
  discard(): Promise<void>
}
