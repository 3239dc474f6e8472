import { pluginIdPattern, type Watched } from '@opsflux/sdk'

export interface Watch {
  plugin: string
  entity: string
  id: string | undefined
}

const entityPattern = /^[a-z][a-zA-Z0-9]{0,49}$/
const uuidPattern = /^[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}$/

export const keyOf = ({ plugin, entity }: Pick<Watch, 'plugin' | 'entity'>): string => `${plugin}/${entity}`

/** What a page says it watches; undefined when it cannot be that. */
export function readWatched(value: unknown): Watch | undefined {
  if (typeof value !== 'object' || value === null) return undefined
  const { plugin, entity, id } = value as { [Key in keyof Watched]: unknown }
  if (typeof plugin !== 'string' || !pluginIdPattern.test(plugin) || typeof entity !== 'string' || !entityPattern.test(entity)) return undefined
  if (id === undefined) return { plugin, entity, id }
  const lower = typeof id === 'string' && id.length === 36 ? id.toLowerCase() : ''
  return uuidPattern.test(lower) ? { plugin, entity, id: lower } : undefined
}

/** Who watches which records. */
export class Watches<W extends object> {
  readonly #byKey = new Map<string, Map<W, Set<string | undefined>>>()
  readonly #byOwner = new Map<W, Watch[]>()

  add(owner: W, watch: Watch): void {
    const watches = this.of(owner)
    if (watches.some((one) => isSame(one, watch))) return
    this.#byOwner.set(owner, [...watches, watch])
    const owners = this.#byKey.get(keyOf(watch)) ?? new Map<W, Set<string | undefined>>()
    this.#byKey.set(keyOf(watch), owners)
    owners.set(owner, (owners.get(owner) ?? new Set()).add(watch.id))
  }

  remove(owner: W, watch: Watch): void {
    const left = this.of(owner).filter((one) => !isSame(one, watch))
    if (left.length > 0) this.#byOwner.set(owner, left)
    else this.#byOwner.delete(owner)
    const owners = this.#byKey.get(keyOf(watch))
    const ids = owners?.get(owner)
    ids?.delete(watch.id)
    if (ids?.size === 0) owners?.delete(owner)
    if (owners?.size === 0) this.#byKey.delete(keyOf(watch))
  }

  removeAll(owner: W): void {
    for (const watch of this.of(owner)) this.remove(owner, watch)
  }

  of(owner: W): readonly Watch[] {
    return this.#byOwner.get(owner) ?? []
  }

  /** Those who watch this record or all of its entity, each once. */
  on(key: string, id: string): W[] {
    return [...this.#byKey.get(key) ?? []].filter(([, ids]) => ids.has(undefined) || ids.has(id)).map(([owner]) => owner)
  }

  owners(): W[] {
    return [...this.#byOwner.keys()]
  }
}

const isSame = (a: Watch, b: Watch): boolean => a.plugin === b.plugin && a.entity === b.entity && a.id === b.id
