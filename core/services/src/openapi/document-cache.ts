import { createHash } from 'node:crypto'

/** A document as it is sent. */
export interface StoredDocument {
  text: string
  etag: string
}

/** Documents by everything that is in them; those used last are kept. */
export class DocumentCache {
  readonly #kept = new Map<string, StoredDocument>()
  readonly #size: number

  /** @param size documents kept; one of ten entities takes some 200 KB */
  constructor(size = 50) {
    this.#size = size
  }

  /** @param key all that decides what the document says */
  get(key: unknown, make: () => unknown): StoredDocument {
    const name = sha256(JSON.stringify(key))
    const document = this.#kept.get(name) ?? stored(make())
    this.#kept.delete(name)
    this.#kept.set(name, document)
    const [oldest] = this.#kept.keys()
    if (this.#kept.size > this.#size && oldest !== undefined) this.#kept.delete(oldest)
    return document
  }
}

function stored(document: unknown): StoredDocument {
  const text = JSON.stringify(document)
  return { text, etag: `"${sha256(text).slice(0, 32)}"` }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
