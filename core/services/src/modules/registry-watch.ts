import type { Logger } from 'pino'
import type { RegistryClient } from '@opsflux/registry-client'
import { isOpsFluxError, OpsFluxError, type RegistryStatus } from '@opsflux/sdk'
import type { RegistryRecord, RevokedRelease } from './registry-record.ts'

export interface RegistryWatchOptions {
  registry: Pick<RegistryClient, 'latest' | 'refresh' | 'revocations' | 'status'>
  record: RegistryRecord
  /** Between two looks at the registry; a tenth more or less, so that hosts do not ask all at once. */
  everySeconds: number
  log: Logger
  now: () => Date
  /** The registry's word was verified again and written down. */
  onRefreshed(): void
}

const dayMs = 86_400_000
const firstWithinMs = 2_000

/** Keeps what the registry says current, for as long as the host runs, and says how current it is. */
export class RegistryWatch {
  readonly #options: RegistryWatchOptions
  #running: Promise<void> | undefined
  #next: Promise<void> | undefined
  #timer: NodeJS.Timeout | undefined
  #isStopped = false
  #hasAsked = false
  /** What was logged last, so that hours of the same trouble are one line. */
  #told = 'ok ok'

  constructor(options: RegistryWatchOptions) {
    this.#options = options
  }

  /** The first look follows soon; nothing waits for it. */
  start(): void {
    this.#schedule(firstWithinMs * Math.random())
  }

  /** A look under way ends by itself, without consequences. */
  stop(): void {
    this.#isStopped = true
    clearTimeout(this.#timer)
  }

  /**
   * Looks now. One look at a time: one that has begun may have missed what was published since, so whoever asks meanwhile
   * shares the next. @throws registry-unreachable, metadata-expired, untrusted-release
   */
  refresh(): Promise<void> {
    if (!this.#running) {
      this.#running = this.#refresh().finally(() => { this.#running = undefined })
      return this.#running
    }
    this.#next ??= this.#lookAfter(this.#running)
    return this.#next
  }

  async #lookAfter(running: Promise<void>): Promise<void> {
    await running.catch(() => undefined)
    this.#next = undefined
    await this.refresh()
  }

  async status(): Promise<RegistryStatus> {
    const { registry, record, now } = this.#options
    // After a restart without the registry, what was written down is all there is.
    const known = { ...(await record.read()), ...registry.status() }
    const { checkedAt, expires } = known
    const expiredMs = expires ? now().getTime() - expires.getTime() : 0
    return {
      reachable: known.reachable || !this.#hasAsked,
      ...(checkedAt ? { checkedAt: checkedAt.toISOString() } : {}),
      ...(expires && expiredMs > 0 ? { expiredSince: expires.toISOString() } : {}),
      level: expiredMs >= 7 * dayMs ? 'alarm' : expiredMs >= 2 * dayMs ? 'warning' : 'ok',
    }
  }

  /** Nothing is installed or updated by metadata that has run out: it may hide what is newer. @throws metadata-expired */
  async assertCurrent(): Promise<void> {
    const { expiredSince } = await this.status()
    if (!expiredSince) return
    throw new OpsFluxError('metadata-expired', `The registry's metadata ran out on ${expiredSince.slice(0, 10)} and may hide newer releases. What is installed keeps running. Check the clock of this server, or tell whoever runs the registry.`)
  }

  /** Looks now, for a change that needs the newest. @throws metadata-expired, registry-unreachable, untrusted-release */
  async assertFresh(): Promise<void> {
    await this.refresh().catch(async (error: unknown) => {
      // Out of reach and out of date: the second is what must be put right.
      if (isOpsFluxError(error) && error.code === 'registry-unreachable') await this.assertCurrent()
      throw error
    })
    await this.assertCurrent()
  }

  async #refresh(): Promise<void> {
    const { registry, record, now, onRefreshed } = this.#options
    try {
      await registry.refresh().finally(() => { this.#hasAsked = true })
      if (this.#isStopped) return
      const revocations = await this.#heard()
      const { checkedAt = now(), expires } = registry.status()
      await record.write({ checkedAt, expires }, revocations)
    } catch (error) {
      if (this.#isStopped) throw error
      // Without the database there is nothing to compare with, and more to worry about.
      await this.#tell(error).catch(() => undefined)
      throw error
    }
    onRefreshed()
    await this.#tell(undefined)
  }

  /** What is revoked now. A publisher whose metadata cannot be used lifts nothing by that. */
  async #heard(): Promise<RevokedRelease[]> {
    const { registry, record } = this.#options
    const listed = await registry.revocations()
    const gone = (await record.revoked()).filter((before) => !listed.some(({ id, version, digest, by }) => before.id === id && before.version === version && before.digest === digest && before.by === by))
    const unheard = await Promise.all(gone.map((before) => (before.by === 'publisher' ? registry.latest(before.id).then(() => false, () => true) : false)))
    return [...listed, ...gone.filter((_, at) => unheard[at])]
  }

  #schedule(delayMs: number): void {
    if (this.#isStopped) return
    this.#timer = setTimeout(() => {
      void this.refresh().catch(() => undefined).finally(() => this.#schedule(this.#options.everySeconds * 1000 * (0.9 + 0.2 * Math.random())))
    }, delayMs).unref()
  }

  async #tell(error: unknown): Promise<void> {
    const { log } = this.#options
    const { level } = await this.status()
    const told = `${level} ${error === undefined ? 'ok' : isOpsFluxError(error) ? error.code : 'internal'}`
    if (told === this.#told) return
    this.#told = told
    if (error !== undefined) log[level === 'alarm' ? 'error' : 'warn']({ err: error, registry: level }, 'the registry cannot be relied on')
    else if (level !== 'ok') log[level === 'alarm' ? 'error' : 'warn']({ registry: level }, 'the metadata of the registry has run out')
    else log.info('the registry can be relied on')
  }
}
