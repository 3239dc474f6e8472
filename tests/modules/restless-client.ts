import type { Page } from '@opsflux/sdk'
import type { ApiClient } from '../setup/api-client.ts'

interface Incident { id: string; revision: number; description: string }

/** Writes and reads incidents without a pause until it is stopped, and remembers what it was promised. */
export class RestlessClient {
  readonly failures: unknown[] = []
  /** Description last acknowledged, by id. */
  readonly acknowledged = new Map<string, string>()
  requests = 0
  longestMs = 0
  readonly #client: ApiClient
  readonly #name: string
  #isRunning = true
  #ended: Promise<void> | undefined

  constructor(client: ApiClient, name: string) {
    this.#client = client
    this.#name = name
  }

  start(): void {
    this.#ended = this.#run()
  }

  async stop(): Promise<void> {
    this.#isRunning = false
    await this.#ended
  }

  async #run(): Promise<void> {
    for (let round = 1; this.#isRunning; round++) {
      try {
        await this.#round(round)
      } catch (error) {
        this.failures.push(error)
      }
    }
  }

  async #round(round: number): Promise<void> {
    const description = `${this.#name} ${round}`
    const created = await this.#send<Incident>('POST', '', { type: 'firstAid', actualSeverity: 'I', potentialSeverity: 'III', site: this.#name, occurredAt: '2026-03-01T08:30:00Z', description })
    this.acknowledged.set(created.id, description)
    const read = await this.#send<Incident>('GET', `/${created.id}`)
    if (read.description !== description) throw new Error(`read "${read.description}" after "${description}" was written`)
    await this.#send<Incident>('PATCH', `/${created.id}`, { description: `${description}, seen` }, read.revision)
    this.acknowledged.set(created.id, `${description}, seen`)
    const page = await this.#send<Page<Incident>>('GET', `?where[site]=${encodeURIComponent(this.#name)}&sort=-occurredAt&limit=5`)
    if (page.data.length === 0) throw new Error('the list does not show what was written')
  }

  async #send<T>(method: string, path: string, body?: unknown, revision?: number): Promise<T> {
    const start = performance.now()
    try {
      return await this.#client.send<T>(method, `/api/hse-reports/incident${path}`, body, revision === undefined ? {} : { 'if-match': `"${revision}"` })
    } finally {
      this.requests++
      this.longestMs = Math.max(this.longestMs, performance.now() - start)
    }
  }
}
