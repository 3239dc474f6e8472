import { createHash } from 'node:crypto'

// The numbers systemd keeps for services with a user of their own: nobody else has files or processes there.
const firstUser = 61_184
const userCount = 4336

/** Outside of what plugins get: what the measures are tried with. */
export const triedUser = firstUser + userCount

/**
 * A user of its own for each plugin, so that one plugin's child cannot signal or trace another's. The same number in every
 * process for as long as no two plugins of it want the same; then the later one gets the next that is free.
 */
export class PluginUsers {
  #users = new Map<string, number>()
  #taken = new Set<number>()

  /** The same at every call. @throws RangeError when there is none left */
  userOf(pluginId: string): number {
    const known = this.#users.get(pluginId)
    if (known !== undefined) return known
    if (this.#taken.size >= userCount) throw new RangeError(`more than ${userCount} modules: no user is left for ${pluginId}`)
    let place = createHash('sha256').update(pluginId).digest().readUInt32LE(0) % userCount
    while (this.#taken.has(firstUser + place)) place = (place + 1) % userCount
    this.#users.set(pluginId, firstUser + place)
    this.#taken.add(firstUser + place)
    return firstUser + place
  }
}
