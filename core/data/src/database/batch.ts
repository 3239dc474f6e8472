import type pg from 'pg'
import type { Statement } from './sql.ts'

/** The columns of a row by position, in PostgreSQL's text format. */
export type TextRow = (string | null)[]

/** What node-postgres has and its types do not say: the protocol's messages. Exact version pinned. */
interface Connection {
  stream: { cork(): void; uncork(): void }
  parse(message: { text: string; name: string }): void
  bind(message: { statement: string; values: unknown[]; valueMapper: (value: unknown) => unknown }): void
  execute(message: object): void
  close(message: { type: 'S'; name: string }): void
  sync(): void
}

/** Prepared statements of one connection, named by their text; the one not used for longest makes room. A plan takes some 50 kB of the server. */
const maxPrepared = 200

interface Prepared {
  /** Names by text, the longest unused first. */
  names: Map<string, string>
  given: number
}
const preparedOn = new WeakMap<Connection, Prepared>()

/**
 * Statements that go out together, prepared, with one Sync at their end: one round trip, and one transaction unless they hold a `begin`.
 * When one fails, none after it runs.
 */
export class Batch {
  readonly #statements: readonly Statement[]
  readonly #results: TextRow[][]
  readonly #settled = Promise.withResolvers<TextRow[][]>()
  #prepared: Prepared | undefined
  #at = 0

  private constructor(statements: readonly Statement[]) {
    this.#statements = statements
    this.#results = statements.map(() => [])
  }

  /** Answers the rows of each statement. */
  static run(client: pg.ClientBase, statements: readonly Statement[]): Promise<TextRow[][]> {
    const batch = new Batch(statements)
    client.query(batch as unknown as pg.Submittable)
    return batch.#settled.promise
  }

  submit(connection: Connection): null {
    const prepared = preparedOn.get(connection) ?? { names: new Map<string, string>(), given: 0 }
    preparedOn.set(connection, prepared)
    this.#prepared = prepared
    connection.stream.cork()
    try {
      for (const { text, values } of this.#statements) {
        connection.bind({ statement: prepare(connection, prepared, text), values, valueMapper: toText })
        connection.execute({})
      }
      connection.sync()
    } finally {
      connection.stream.uncork()
    }
    return null
  }

  handleDataRow({ fields }: { fields: TextRow }): void {
    this.#results[this.#at]?.push(fields)
  }

  handleCommandComplete(): void {
    this.#at++
  }

  handleEmptyQuery(): void {
    this.#at++
  }

  // From the one that failed on it is not known which were parsed: they are parsed again under other names.
  handleError(error: unknown, connection: Connection): void {
    for (const { text } of this.#statements.slice(this.#at)) if (this.#prepared) forget(connection, this.#prepared, text)
    this.#settled.reject(error)
  }

  handleReadyForQuery(): void {
    this.#settled.resolve(this.#results)
  }
}

function prepare(connection: Connection, prepared: Prepared, text: string): string {
  const { names } = prepared
  const known = names.get(text)
  const name = known ?? `o${prepared.given++}`
  if (known === undefined) {
    connection.parse({ text, name })
    const [oldest] = names.size >= maxPrepared ? names.keys() : []
    if (oldest !== undefined) forget(connection, prepared, oldest)
  } else names.delete(text)
  names.set(text, name)
  return name
}

// Closing a statement that was never parsed is no error (PostgreSQL 54.2.3).
function forget(connection: Connection, { names }: Prepared, text: string): void {
  const name = names.get(text)
  if (name === undefined) return
  names.delete(text)
  connection.close({ type: 'S', name })
}

function toText(value: unknown): string | null {
  if (value === null || value === undefined) return null
  if (Array.isArray(value)) return `{${value.map((item) => (item === null ? 'NULL' : `"${String(toText(item)).replace(/[\\"]/g, '\\$&')}"`)).join(',')}}`
  return typeof value === 'object' ? JSON.stringify(value) : String(value)
}
