import { randomUUID } from 'node:crypto'
import type pg from 'pg'
import { toProblem } from '@opsflux/process'
import { OpsFluxError, type Operation, type OperationState, type OperationStep, type Plan } from '@opsflux/sdk'
import { untilReachable } from './until-reachable.ts'

/** Told before and after every step; what it does when it throws or dies is what a crash there would do. */
export type StepObserver = (operation: Operation, step: OperationStep, phase: 'before' | 'after') => void | Promise<void>

export interface JournalParts {
  admin: pg.Pool
  hostId: string
  /** Aborted when the host stops. */
  stopping: AbortSignal
  onChange(operation: Operation): void
  onStep?: StepObserver
}

/** One operation, written down step by step as it runs. */
export class Journal {
  readonly operation: Operation
  readonly #parts: JournalParts

  private constructor(parts: JournalParts, operation: Operation) {
    this.#parts = parts
    this.operation = operation
  }

  /** @throws operation-in-progress when the plugin is being changed already, on any host */
  static async open(parts: JournalParts, plan: Plan, steps: readonly OperationStep[], startedBy: string): Promise<Journal> {
    const [id, waiting] = [randomUUID(), steps.map((step) => ({ step, state: 'waiting' as const }))]
    // Started by the database's clock, as restore points are: those of this operation are told apart by it.
    const { rows: [opened] } = await parts.admin.query<{ started_at: Date }>(
      `insert into opsflux.operation (id, plugin_id, action, state, plan, steps, started_by, host_id) values ($1, $2, $3, 'running', $4, $5, $6, $7)
       on conflict (plugin_id) where state = 'running' do nothing returning started_at`,
      [id, plan.id, plan.action, JSON.stringify(plan), JSON.stringify(waiting), startedBy, parts.hostId])
    if (!opened) throw new OpsFluxError('operation-in-progress', `${plan.name} is being changed right now. Wait until that operation has ended.`)
    const operation: Operation = { id, plan, state: 'running', steps: waiting, startedBy, startedAt: opened.started_at.toISOString() }
    const journal = new Journal(parts, operation)
    parts.onChange(operation)
    return journal
  }

  /** Runs one step, written down before and after. */
  async step<T>(name: OperationStep, work: () => Promise<T>): Promise<T> {
    const entry = this.operation.steps.find(({ step }) => step === name)
    if (!entry) throw new Error(`The operation has no step "${name}".`)
    Object.assign(entry, { state: 'running', at: new Date().toISOString() })
    await this.#write()
    try {
      await this.#parts.onStep?.(this.operation, name, 'before')
      const result = await work()
      entry.state = 'done'
      await this.#parts.onStep?.(this.operation, name, 'after')
      await this.#write()
      return result
    } catch (error) {
      entry.state = 'failed'
      throw error
    }
  }

  async end(state: Exclude<OperationState, 'running'>, error?: unknown): Promise<void> {
    this.operation.state = state
    this.operation.endedAt = new Date().toISOString()
    if (error !== undefined) this.operation.problem = toProblem(error)
    await this.#query('update opsflux.operation set state = $2, steps = $3, problem = $4, ended_at = $5 where id = $1', [
      this.operation.id, state, JSON.stringify(this.operation.steps), this.operation.problem ? JSON.stringify(this.operation.problem) : null, this.operation.endedAt,
    ])
    this.#parts.onChange(this.operation)
  }

  async #write(): Promise<void> {
    await this.#query('update opsflux.operation set steps = $2 where id = $1', [this.operation.id, JSON.stringify(this.operation.steps)])
    this.#parts.onChange(this.operation)
  }

  async #query(statement: string, values: unknown[]): Promise<void> {
    await untilReachable(this.#parts.stopping, () => this.#parts.admin.query(statement, values))
  }
}

interface OperationRow {
  id: string
  plan: Plan
  state: OperationState
  steps: Operation['steps']
  problem: Operation['problem'] | null
  started_by: string
  started_at: Date
  ended_at: Date | null
}

const columns = 'id, plan, state, steps, problem, started_by, started_at, ended_at'

/** @throws not-found */
export async function readOperation(admin: pg.Pool, id: string): Promise<Operation> {
  const { rows } = await admin.query<OperationRow>(`select ${columns} from opsflux.operation where id::text = $1`, [id])
  if (!rows[0]) throw new OpsFluxError('not-found', 'There is no such operation.')
  return toOperation(rows[0])
}

/** Newest first. */
export async function operationsOf(admin: pg.Pool, pluginId: string, limit = 10): Promise<Operation[]> {
  const { rows } = await admin.query<OperationRow>(`select ${columns} from opsflux.operation where plugin_id = $1 order by started_at desc limit $2`, [pluginId, limit])
  return rows.map(toOperation)
}

/** Those a host of that name left behind when it died. */
export async function unfinishedOperations(admin: pg.Pool, hostId: string): Promise<Operation[]> {
  const { rows } = await admin.query<OperationRow>(`select ${columns} from opsflux.operation where state = 'running' and host_id = $1`, [hostId])
  return rows.map(toOperation)
}

function toOperation(row: OperationRow): Operation {
  return {
    id: row.id, plan: row.plan, state: row.state, steps: row.steps, startedBy: row.started_by, startedAt: row.started_at.toISOString(),
    ...(row.ended_at ? { endedAt: row.ended_at.toISOString() } : {}), ...(row.problem ? { problem: row.problem } : {}),
  }
}
