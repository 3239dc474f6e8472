import { OpsFluxError, type Json } from '@opsflux/sdk'
import { isObject } from './conditions.ts'
import type { HookOutcome, Row } from './entity-transaction.ts'
import type { ReleaseEntity } from './release-entities.ts'
import type { Values, Writing } from './writing.ts'

export interface Hooked {
  values: Values
  changedBy: Record<string, string>
  plugins: string[]
}

/** Lets the hooks of a creation (without a record) or an update change the values, then those of each field that gets another value. */
export async function throughHooks({ hooks }: Writing, entity: ReleaseEntity, values: Values, record?: Row): Promise<Hooked> {
  const hooked: Hooked = { values, changedBy: {}, plugins: [] }
  const event = record ? 'beforeUpdate' : 'beforeCreate'
  if (hooks.wants(entity.name, event)) {
    note(hooked, await hooks.call(entity, event, record ? { record, changes: values } : values))
  }
  for (const field of entity.columns.keys()) {
    const name = `beforeChange.${field}`
    const [from, to] = [record?.[field] ?? null, hooked.values[field] ?? null]
    if (!hooks.wants(entity.name, name) || !Object.hasOwn(hooked.values, field) || JSON.stringify(from) === JSON.stringify(to)) continue
    note(hooked, await hooks.call(entity, name, { ...(record ? { record } : {}), from, to, changes: hooked.values }))
  }
  return hooked
}

/** Of an event that hooks can only refuse. */
export async function askHooks({ hooks }: Writing, entity: ReleaseEntity, event: string, payload: Json): Promise<string[]> {
  return hooks.wants(entity.name, event) ? [...(await hooks.call(entity, event, payload)).plugins] : []
}

function note(hooked: Hooked, { answer, changedBy, plugins }: HookOutcome): void {
  if (!isObject(answer)) throw new OpsFluxError('plugin-failed', `A hook of ${plugins.join(', ')} must answer the values to go on with.`)
  hooked.values = answer
  Object.assign(hooked.changedBy, changedBy)
  hooked.plugins.push(...plugins.filter((plugin) => !hooked.plugins.includes(plugin)))
}
