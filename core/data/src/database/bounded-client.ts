import pg from 'pg'

const mebibyte = 1024 * 1024
/** Far above 200 records of honest size. */
const requestBytes = 32 * mebibyte
/** Of a plugin's own SQL nothing is asked but whether it worked. */
const ownerBytes = 4 * mebibyte

/**
 * Gives up a connection whose answer to one query grows beyond `bytes`. A migration chooses the values and messages of errors that
 * PostgreSQL sends back, up to a gigabyte each: node-postgres would collect them, and throws out of reach above 512 MB.
 */
export class BoundedClient extends pg.Client {
  readonly #bytes: number
  #received = 0

  constructor(config: pg.ClientConfig = {}, bytes = requestBytes) {
    super(config)
    this.#bytes = bytes
    this.connection.on('readyForQuery', () => { this.#received = 0 })
    // Signed in: by now it is the stream that lasts, also where TLS took the place of the first.
    this.connection.once('readyForQuery', () => this.#watch())
  }

  static forOwner(config: pg.ClientConfig): BoundedClient {
    return new BoundedClient(config, ownerBytes)
  }

  #watch(): void {
    const { stream } = this.connection
    stream.prependListener('data', (chunk: Buffer) => {
      this.#received += chunk.length
      if (this.#received > this.#bytes) stream.destroy(new Error(`the answer of the database is larger than ${this.#bytes / mebibyte} MiB`))
    })
  }
}
