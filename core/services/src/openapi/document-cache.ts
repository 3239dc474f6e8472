import { createHash } from 'node:crypto'

/** A document as it is sent. */
export interface StoredDocument {
  text: string
  etag: string
}

/** Documents by everything that is in them; those used last are kept. */
export class DocumentCache {
  readonly #kept = new Map<string, StoredDocument>()
  readonly #most: number
  #characters = 0

  /** @param most characters kept in all; a document of ten entities has some 200,000 */
  constructor(most = 20_000_000) {
    this.#most = most
  }

  /** @param key all that decides what the document says */
  get(key: unknown, make: () => unknown): StoredDocument {
    const name = sha256(JSON.stringify(key))
    const document = this.#take(name) ?? stored(make())
    this.#kept.set(name, document)
    this.#characters += document.text.length
    for (const oldest of this.#kept.keys()) {
      if (this.#characters <= this.#most) break
      this.#take(oldest)
    }
    return document
  }

  #take(name: string): StoredDocument | undefined {
    const document = this.#kept.get(name)
    if (document && this.#kept.delete(name)) this.#characters -= document.text.length
    return document
  }
}

function stored(document: unknown): StoredDocument {
  const text = JSON.stringify(document)
  return { text, etag: `"${sha256(text).slice(0, 32)}"` }
}

const sha256 = (text: string): string => createHash('sha256').update(text).digest('hex')
