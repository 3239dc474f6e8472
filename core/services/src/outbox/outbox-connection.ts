import pg from 'pg'

/** Any number: tells these from other advisory locks. */
const lockSpace = 7_072_011

/** The right to tell the changes of one plugin's records: one host has it at a time, and no longer than its connection. */
export interface Lease {
  /** @throws when the connection the lease hangs on is gone */
  query<R extends object>(text: string, values?: unknown[]): Promise<R[]>
  release(): Promise<void>
}

/** Statements of several at once go one after the other: node-postgres no longer takes them otherwise. */
class TurnTakingClient {
  readonly client: pg.Client
  #last: Promise<unknown> = Promise.resolve()

  constructor(client: pg.Client) {
    this.client = client
  }

  query<R extends object>(text: string, values: unknown[]): Promise<R[]> {
    const rows = this.#last.then(async () => (await this.client.query<R>(text, values)).rows)
    this.#last = rows.catch(() => undefined)
    return rows
  }
}

/** One connection of this host for all its dispatching; made again at the next use when it was lost. */
export class OutboxConnection {
  readonly #url: string
  #client: Promise<TurnTakingClient> | undefined
  #latest: TurnTakingClient | undefined
  #isClosed = false

  /** @param url of the administrator's role: the outbox is of all tenants */
  constructor(url: string) {
    this.#url = url
  }

  async query<R extends object>(text: string, values: unknown[] = []): Promise<R[]> {
    return (await this.#connected()).query(text, values)
  }

  /** Undefined when another host has it. Never twice for one plugin: PostgreSQL would give it to the same connection again. */
  async lease(pluginId: string): Promise<Lease | undefined> {
    const client = await this.#connected()
    const [row] = await client.query<{ locked: boolean }>('select pg_try_advisory_lock($1, hashtext($2)) as locked', [lockSpace, pluginId])
    if (row?.locked !== true) return undefined
    return {
      query: (text, values = []) => client.query(text, values),
      release: async () => { await client.query('select pg_advisory_unlock($1, hashtext($2))', [lockSpace, pluginId]) },
    }
  }

  async close(): Promise<void> {
    this.#isClosed = true
    const opened = await this.#client?.catch(() => undefined)
    await opened?.client.end().catch(() => undefined)
  }

  #connected(): Promise<TurnTakingClient> {
    if (this.#isClosed) return Promise.reject(new Error('The outbox was closed.'))
    this.#client ??= this.#connect()
    return this.#client
  }

  async #connect(): Promise<TurnTakingClient> {
    const client = new pg.Client({ connectionString: this.#url, connectionTimeoutMillis: 10_000, statement_timeout: 30_000, keepAlive: true, application_name: 'opsflux-outbox' })
    const taking = new TurnTakingClient(client)
    // One that was lost may end when the next one is in its place.
    const lose = (): void => { if (this.#latest === taking) this.#client = undefined }
    this.#latest = taking
    client.on('error', lose).on('end', lose)
    try {
      await client.connect()
    } catch (error) {
      lose()
      throw error
    }
    return taking
  }
}
