import type { Notifications } from '@opsflux/data'
import type { CustomField } from '@opsflux/sdk'

export type FieldLoader = (tenantId: string, pluginId: string, entity: string) => Promise<CustomField[]>

interface Entry {
  fields: readonly CustomField[]
  text: string
  isFresh: boolean
}

/**
 * The fields of every entity and tenant in memory. Every change is told to all hosts by the database; while a host cannot hear it, it
 * reads them again each time.
 */
export class FieldCache {
  readonly #notifications: Pick<Notifications, 'isConnected' | 'on' | 'onReconnected'>
  readonly #load: FieldLoader
  readonly #entries = new Map<string, Entry>()
  readonly #undo: (() => void)[]
  /** What is read while something changes may be what was before. */
  #changes = 0

  constructor(notifications: Pick<Notifications, 'isConnected' | 'on' | 'onReconnected'>, load: FieldLoader) {
    this.#notifications = notifications
    this.#load = load
    this.#undo = [notifications.on('opsflux_custom_fields', (key) => this.#forget(key)), notifications.onReconnected(() => this.#forgetAll())]
  }

  /** In their order, without deleted ones. The same array as long as nothing changed. */
  async of(tenantId: string, pluginId: string, entity: string): Promise<readonly CustomField[]> {
    const key = `${tenantId} ${pluginId} ${entity}`
    const entry = this.#entries.get(key)
    return entry?.isFresh && this.#notifications.isConnected ? entry.fields : this.#read(key, () => this.#load(tenantId, pluginId, entity))
  }

  /** For changes of this host, which would hear of them a moment later. */
  forget(tenantId: string, pluginId: string, entity: string): void {
    this.#forget(`${tenantId} ${pluginId} ${entity}`)
  }

  stop(): void {
    for (const undo of this.#undo) undo()
  }

  async #read(key: string, load: () => Promise<CustomField[]>): Promise<readonly CustomField[]> {
    const changes = this.#changes
    const wasConnected = this.#notifications.isConnected
    const fields = await load()
    const text = JSON.stringify(fields)
    const known = this.#entries.get(key)
    const kept = known?.text === text ? known.fields : fields
    this.#entries.set(key, { fields: kept, text, isFresh: wasConnected && changes === this.#changes })
    return kept
  }

  #forget(key: string): void {
    this.#changes++
    const entry = this.#entries.get(key)
    if (entry) entry.isFresh = false
  }

  #forgetAll(): void {
    this.#changes++
    for (const entry of this.#entries.values()) entry.isFresh = false
  }
}
