import type { EntityTransaction, HookCaller, HookOutcome } from '@opsflux/data'
import { OpsFluxError, type Json } from '@opsflux/sdk'
import type { HookChains } from '../hooks/index.ts'
import type { PluginRelease } from '../modules/index.ts'
import type { TakingPart } from './taking-part.ts'

type Values = { [field: string]: Json }

export interface HookCallerParts {
  /** Whose entities they are. */
  owner: PluginRelease
  taking: TakingPart
  chainsOf(pluginId: string): HookChains
  /** Runs one hook in the plugin's sandbox; `transaction` serves its `db` calls. */
  run(release: PluginRelease, hook: { ownerId: string; entity: string; event: string }, input: Json, transaction: EntityTransaction): Promise<Json>
}

/** Runs the before-hooks of all plugins on one plugin's entities, each on what the one before it answered. */
export class ChainedHooks implements HookCaller {
  readonly #parts: HookCallerParts
  readonly #chains: HookChains

  constructor(parts: HookCallerParts) {
    this.#parts = parts
    this.#chains = parts.chainsOf(parts.owner.pluginId)
  }

  wants(entity: string, event: string): boolean {
    return this.#chains.size > 0 && this.#releasesFor(entity, event).length > 0
  }

  /** Answers the values to go on with; of an event that can only be refused, its payload. @throws refused-by-module, and what else keeps a hook from answering */
  async call(entity: string, event: string, payload: Json, transaction: EntityTransaction): Promise<HookOutcome> {
    const step = stepOf(event, payload)
    const changedBy: Record<string, string> = {}
    const plugins: string[] = []
    for (const release of this.#releasesFor(entity, event)) {
      const input = step.input()
      if (input === undefined) break
      const answer = await this.#run(release, entity, event, input, transaction)
      const problem = step.take(answer)
      if (problem !== undefined) throw new OpsFluxError('plugin-failed', `${event} of ${entity} in ${release.pluginId} ${problem}.`)
      for (const field of step.changed()) changedBy[field] = release.pluginId
      plugins.push(release.pluginId)
    }
    return { answer: step.answer(), changedBy, plugins }
  }

  async #run(release: PluginRelease, entity: string, event: string, input: Json, transaction: EntityTransaction): Promise<Json> {
    const { owner, run } = this.#parts
    const own = release === owner ? transaction : transaction.beside(release.entities, new ChainedHooks({ ...this.#parts, owner: release }))
    return run(release, { ownerId: owner.pluginId, entity, event }, input, own)
  }

  #releasesFor(entity: string, event: string): PluginRelease[] {
    return (this.#chains.get(`${entity}.${event}`) ?? []).flatMap((id) => this.#parts.taking.get(id) ?? [])
  }
}

/** How one kind of event goes from hook to hook. */
interface Step {
  /** For the next hook; undefined when there is nothing to ask any more. */
  input(): Json | undefined
  /** Answers what is wrong with a hook's answer. */
  take(answer: Json): string | undefined
  /** Fields that the last answer gave another value. */
  changed(): string[]
  answer(): Json
}

function stepOf(event: string, payload: Json): Step {
  if (event === 'beforeCreate') return changing(objectOf(payload), (values) => values)
  if (event === 'beforeUpdate') return changing(objectOf(objectOf(payload)['changes']), (changes) => ({ ...objectOf(payload), changes }))
  if (event.startsWith('beforeChange.')) return fieldStep(event.slice('beforeChange.'.length), objectOf(payload))
  return { input: () => payload, take: () => undefined, changed: () => [], answer: () => payload }
}

function changing(first: Values, inputOf: (values: Values) => Json, merge = (_before: Values, answer: Values): Values => answer): Step {
  let before = first
  let values = first
  return {
    input: () => inputOf(values),
    take: (answer) => {
      if (!isValues(answer)) return 'must answer the values to go on with'
      before = values
      values = merge(before, answer)
      return undefined
    },
    changed: () => [...new Set([...Object.keys(before), ...Object.keys(values)])].filter((field) => JSON.stringify(before[field]) !== JSON.stringify(values[field])),
    answer: () => values,
  }
}

/** A hook of a field answers further changes, or nothing. Once one has given the field its old value back there is nothing to ask the others. */
function fieldStep(field: string, payload: Values): Step {
  const { from = null } = payload
  const step = changing(objectOf(payload['changes']), (changes) => ({ ...payload, to: changes[field] ?? null, changes }), (before, answer) => ({ ...before, ...answer }))
  return {
    ...step,
    input: () => (JSON.stringify(objectOf(step.answer())[field] ?? null) === JSON.stringify(from) ? undefined : step.input()),
    take: (answer) => step.take(answer ?? {}),
  }
}

const isValues = (value: Json | undefined): value is Values => typeof value === 'object' && value !== null && !Array.isArray(value)

function objectOf(value: Json | undefined): Values {
  return isValues(value) ? value : {}
}
