import pg from 'pg'

type Listener = (payload: string) => void

/** Between two heartbeats, and how old the last answered one may be: what is missed is noticed within a second. */
const beatMs = 250
const maxBeatAgeMs = 900
/** Who has not answered by then is given up. */
const silenceMs = 5_000
const firstDelayMs = 50
const maxDelayMs = 2_000

/**
 * What the database tells this host (NOTIFY), over one connection that is made again whenever it is lost.
 * A cache that goes by it is only right while {@link isConnected}, and is emptied by {@link onReconnected}: what was told in between is gone.
 */
export class Notifications {
  readonly #url: string
  readonly #listeners = new Map<string, Set<Listener>>()
  readonly #reconnected = new Set<() => void>()
  readonly #heart: NodeJS.Timeout
  #client: pg.Client | undefined
  /** One statement after the other. */
  #turn: Promise<unknown> = Promise.resolve()
  /** LISTEN statements on their way. */
  #pending = 0
  #beatAt = -Infinity
  #sentAt: number | undefined
  #delayMs = firstDelayMs
  #retry: NodeJS.Timeout | undefined
  #isClosed = false

  private constructor(url: string) {
    this.#url = url
    this.#heart = setInterval(() => this.#beat(), beatMs).unref()
  }

  /** Answers after the first attempt; where that fails, others follow. */
  static async start(url: string): Promise<Notifications> {
    const notifications = new Notifications(url)
    await notifications.#connect()
    return notifications
  }

  /** Whether everything told up to a second ago has been heard. */
  get isConnected(): boolean {
    return this.#client !== undefined && this.#pending === 0 && performance.now() - this.#beatAt < maxBeatAgeMs
  }

  /** Calls `listener` with the payload of each notification on the channel; the answer takes it back. Not connected until it is in force. */
  on(channel: string, listener: Listener): () => void {
    const listeners = this.#listeners.get(channel) ?? new Set()
    if (!this.#listeners.has(channel)) void this.#listen([channel])
    this.#listeners.set(channel, listeners.add(listener))
    return () => void listeners.delete(listener)
  }

  /** Calls `listener` each time the connection is there again, before anything is trusted; the answer takes it back. */
  onReconnected(listener: () => void): () => void {
    this.#reconnected.add(listener)
    return () => void this.#reconnected.delete(listener)
  }

  async close(): Promise<void> {
    this.#isClosed = true
    clearInterval(this.#heart)
    clearTimeout(this.#retry)
    await this.#client?.end().catch(() => undefined)
    this.#client = undefined
  }

  async #connect(): Promise<void> {
    const client = new pg.Client({ connectionString: this.#url, connectionTimeoutMillis: silenceMs, keepAlive: true, application_name: 'opsflux-notifications' })
    client.on('error', () => this.#lose(client)).on('end', () => this.#lose(client))
    client.on('notification', ({ channel, payload = '' }) => this.#tell(client, channel, payload))
    try {
      await client.connect()
      if (this.#isClosed) return await client.end()
      this.#client = client
      this.#turn = Promise.resolve()
      this.#beatAt = -Infinity
      this.#sentAt = undefined
      await this.#listen([...this.#listeners.keys()])
      for (const listener of this.#reconnected) listener()
      this.#delayMs = firstDelayMs
      await this.#beat()
    } catch {
      this.#client ??= client
      this.#lose(client)
    }
  }

  /** What a listener could not take has not been told: as after a lost connection, nothing is trusted until all is read again. */
  #tell(client: pg.Client, channel: string, payload: string): void {
    try {
      for (const listener of this.#listeners.get(channel) ?? []) listener(payload)
    } catch {
      this.#lose(client)
    }
  }

  /** Where it fails the connection does too, and the next one begins with all channels. */
  async #listen(channels: readonly string[]): Promise<void> {
    const client = this.#client
    if (!client || channels.length === 0) return
    this.#pending++
    try {
      await this.#run(client, channels.map((channel) => `listen ${pg.escapeIdentifier(channel)}`).join('; '))
    } catch {
      this.#lose(client)
    } finally {
      this.#pending--
    }
  }

  // PostgreSQL sends what was notified before it answers a statement: an answer proves that all before its sending was heard.
  async #beat(): Promise<void> {
    const client = this.#client
    if (!client) return
    if (this.#sentAt !== undefined) return performance.now() - this.#sentAt > silenceMs ? this.#lose(client) : undefined
    const sentAt = performance.now()
    this.#sentAt = sentAt
    try {
      await this.#run(client, 'select')
      if (this.#client === client) this.#beatAt = sentAt
    } catch {
      this.#lose(client)
    } finally {
      if (this.#client === client) this.#sentAt = undefined
    }
  }

  #run(client: pg.Client, text: string): Promise<unknown> {
    const answer = this.#turn.then(() => client.query(text))
    this.#turn = answer.catch(() => undefined)
    return answer
  }

  #lose(client: pg.Client): void {
    if (this.#client !== client) return
    this.#client = undefined
    // The server may be out of reach: its goodbye is not waited for.
    client.connection.stream.destroy()
    if (this.#isClosed) return
    clearTimeout(this.#retry)
    this.#retry = setTimeout(() => void this.#connect(), this.#delayMs).unref()
    this.#delayMs = Math.min(this.#delayMs * 2, maxDelayMs)
  }
}
