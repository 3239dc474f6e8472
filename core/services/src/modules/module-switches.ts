import type { Notifications } from '@opsflux/data'

export interface ModuleSwitchesParts {
  notifications: Pick<Notifications, 'isConnected' | 'on' | 'onReconnected'>
  /** Plugins that the tenant has switched off. */
  read(tenantId: string): Promise<readonly string[]>
  /** An installation or a switch of this plugin was changed, on this host or another. */
  onChanged(pluginId: string): void
}

/** Told by triggers, with the id of the plugin. */
const channel = 'opsflux_modules'

/**
 * Plugins switched off, by tenant: kept in memory for as long as every change is told, read each time while this host cannot hear.
 * A change made on another host counts within a second.
 */
export class ModuleSwitches {
  readonly #parts: ModuleSwitchesParts
  readonly #kept = new Map<string, Promise<ReadonlySet<string>>>()
  readonly #undo: (() => void)[]

  constructor(parts: ModuleSwitchesParts) {
    const { notifications, onChanged } = parts
    this.#parts = parts
    this.#undo = [
      notifications.on(channel, (payload) => {
        this.forget()
        onChanged((JSON.parse(payload) as { id: string }).id)
      }),
      notifications.onReconnected(() => this.forget()),
    ]
  }

  offFor(tenantId: string): Promise<ReadonlySet<string>> {
    if (!this.#parts.notifications.isConnected) return this.#read(tenantId)
    return this.#kept.get(tenantId) ?? this.#keep(tenantId, this.#read(tenantId))
  }

  /** Whoever asks from now on is answered what is read from now on. */
  forget(): void {
    this.#kept.clear()
  }

  stop(): void {
    for (const undo of this.#undo) undo()
  }

  async #read(tenantId: string): Promise<ReadonlySet<string>> {
    return new Set(await this.#parts.read(tenantId))
  }

  #keep(tenantId: string, read: Promise<ReadonlySet<string>>): Promise<ReadonlySet<string>> {
    this.#kept.set(tenantId, read)
    read.catch(() => { if (this.#kept.get(tenantId) === read) this.#kept.delete(tenantId) })
    return read
  }
}
