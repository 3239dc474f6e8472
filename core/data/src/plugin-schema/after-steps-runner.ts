import { isOpsFluxError } from '@opsflux/sdk'
import pg from 'pg'
import type { Database } from '../database/database.ts'
import { hasSqlState } from '../database/roles.ts'
import { AfterQueue, type TakenStep } from './after-queue.ts'
import { waitingSteps, type AfterStepState } from './after-steps.ts'
import { ownerOf, schemaOf } from './names.ts'
import { asOwner } from './owner-connection.ts'
import { performStep } from './perform-step.ts'
import { shortened } from './run-migrations.ts'
import { tryStepLock } from './step-lock.ts'

export interface AfterStepsOptions {
  /** Between two looks for steps that another host has left, or that are to be tried again. Default 5. */
  everySeconds?: number
  /** Before a step that failed is tried again; four times as long each time. Default 5. */
  retrySeconds?: number
  /** The last step of a plugin is done, or one was given up with `problem`. */
  onSettled?(pluginId: string, problem: string | undefined): void
  /** The database did not answer, or the like: it is tried again at the next look. */
  onTrouble?(error: unknown): void
}

/** A step is begun so many times before it is given up: once, and three times again. */
const attemptLimit = 4
/** Plugins whose steps one host runs at once. */
const pluginsAtOnce = 2
/** Until the next look where another session has the plugin's lock: that of a killed host lasts a second or so. */
const busySeconds = 1

/** A host that dies is noticed in the middle of a statement, which then ends: the next host must not wait for it. */
const sessionSettings = { client_connection_check_interval: "'1s'" }

interface Session {
  client: pg.Client
  pid: number
  isEnded: boolean
}

/** 57P01: the session was ended by a change of the plugin, by `stop`, or with the server. */
const isEnding = (error: unknown): boolean => hasSqlState(error, '57P01')

/** Runs what migrations leave to be done after the commit. Of all hosts one works on a plugin at a time; what it leaves another takes up. */
export class AfterSteps {
  readonly #database: Database
  readonly #queue: AfterQueue
  readonly #options: AfterStepsOptions
  readonly #running = new Map<string, Promise<void>>()
  /** Sessions that work, to be ended when the host stops. */
  readonly #sessions = new Map<string, Session>()
  #timer: NodeJS.Timeout | undefined
  #looking: Promise<void> | undefined
  #isAsked = false
  #isStopped = true

  constructor(database: Database, options: AfterStepsOptions = {}) {
    this.#database = database
    this.#queue = new AfterQueue(database.admin)
    this.#options = options
  }

  /** Takes up what is left to be done, now and whenever there is something. */
  start(): void {
    this.#isStopped = false
    this.wake()
  }

  /** Ends what runs here; it goes on at the next start, or on another host. */
  async stop(): Promise<void> {
    this.#isStopped = true
    clearTimeout(this.#timer)
    await this.#looking
    for (const [pluginId, { pid }] of this.#sessions) {
      await this.#asOwner(pluginId, (client) => client.query('select pg_terminate_backend($1)', [pid])).catch((error: unknown) => this.#options.onTrouble?.(error))
    }
    await Promise.all(this.#running.values())
  }

  /** Looks for work at once: a change was made. */
  wake(): void {
    this.#isAsked = true
    if (this.#isStopped || this.#looking) return
    this.#looking = this.#look().finally(() => {
      this.#looking = undefined
      if (this.#isAsked) this.wake()
    })
  }

  /** Tries again what was given up. Answers whether there was anything. */
  async retry(pluginId: string): Promise<boolean> {
    const isAny = await this.#queue.retry(pluginId)
    if (isAny) this.wake()
    return isAny
  }

  /** What is not done, in the order in which it runs. */
  waiting(pluginId: string): Promise<AfterStepState[]> {
    return waitingSteps(this.#database.admin, pluginId)
  }

  async #look(): Promise<void> {
    while (this.#isAsked && !this.#isStopped) {
      this.#isAsked = false
      const plugins = await this.#queue.pluginsDue().catch((error: unknown) => this.#trouble(error))
      for (const pluginId of plugins ?? []) this.#begin(pluginId)
    }
    this.#lookAgainIn(this.#everySeconds)
  }

  get #everySeconds(): number {
    return this.#options.everySeconds ?? 5
  }

  #lookAgainIn(seconds: number): void {
    clearTimeout(this.#timer)
    if (!this.#isStopped) this.#timer = setTimeout(() => this.wake(), seconds * 1000).unref()
  }

  #begin(pluginId: string): void {
    if (this.#running.has(pluginId) || this.#running.size >= pluginsAtOnce || this.#isStopped) return
    const run = this.#runAll(pluginId).catch((error: unknown) => { this.#trouble(error) }).then((next) => {
      this.#running.delete(pluginId)
      if (next === 'wait') this.#lookAgainIn(Math.min(busySeconds, this.#everySeconds))
      else if (next === 'go-on') this.wake()
    })
    this.#running.set(pluginId, run)
  }

  #runAll(pluginId: string): Promise<'wait' | 'go-on' | undefined> {
    return this.#asOwner(pluginId, async (client) => {
      if (!(await tryStepLock(client, pluginId))) return 'wait'
      try {
        return await this.#runDue(await this.#open(client, pluginId), pluginId)
      } finally {
        this.#sessions.delete(pluginId)
      }
    })
  }

  async #open(client: pg.Client, pluginId: string): Promise<Session> {
    const { rows: [own] } = await client.query<{ pid: number }>('select pg_backend_pid() as pid')
    const opened: Session = { client, pid: own?.pid ?? 0, isEnded: false }
    // Between two statements it is told here, and the next one fails for another reason.
    client.on('error', (error) => { opened.isEnded ||= isEnding(error) })
    this.#sessions.set(pluginId, opened)
    return opened
  }

  /** One after the other until there is none, or one does not work. */
  async #runDue(session: Session, pluginId: string): Promise<'wait' | 'go-on' | undefined> {
    let isAny = false
    while (!this.#isStopped) {
      const step = await this.#queue.take(pluginId)
      if (!step) break
      isAny = true
      const next = await this.#run(session, step)
      if (next) return next
    }
    if (isAny && (await this.waiting(pluginId)).length === 0) this.#options.onSettled?.(pluginId, undefined)
    // Others may have waited for one of the few places.
    return isAny ? 'go-on' : undefined
  }

  async #run(session: Session, step: TakenStep): Promise<'wait' | undefined> {
    try {
      if (step.attempts >= attemptLimit) throw new Error(`it was begun ${step.attempts} times and never came to an end`)
      await performStep({ client: session.client, schema: schemaOf(step.pluginId), step, onRows: (rows) => this.#queue.addRows(step, rows) })
      await this.#queue.finish(step)
      return undefined
    } catch (error) {
      if (session.isEnded || isEnding(error)) await this.#queue.giveBack(step)
      else await this.#note(step, error)
      return 'wait'
    }
  }

  async #note(step: TakenStep, error: unknown): Promise<void> {
    const problem = shortened(error instanceof Error ? error.message : String(error))
    const [tried, leavesNothing] = [step.attempts + 1, error instanceof pg.DatabaseError]
    // What we say ourselves is no accident: it would be said again.
    if (tried < attemptLimit && !isOpsFluxError(error)) return this.#queue.postpone(step, problem, { seconds: (this.#options.retrySeconds ?? 5) * 4 ** (tried - 1), leavesNothing })
    await this.#queue.fail(step, problem, { leavesNothing })
    this.#options.onSettled?.(step.pluginId, problem)
  }

  #asOwner<T>(pluginId: string, work: (client: pg.Client) => Promise<T>): Promise<T> {
    return asOwner(this.#database.roleUrl(ownerOf(pluginId)), schemaOf(pluginId), work, sessionSettings)
  }

  #trouble(error: unknown): undefined {
    this.#options.onTrouble?.(error)
  }
}
