import { OpsFluxError } from '@opsflux/sdk'

/** Keeps one user from filling disk and network with uploads that never end. */
export class UploadPlaces {
  readonly #max: number
  readonly #taken = new Map<string, number>()

  constructor(max: number) {
    this.#max = max
  }

  /** @throws too-many-requests when the user has as many uploads under way already */
  async take<T>(userId: string, work: () => Promise<T>): Promise<T> {
    const taken = this.#taken.get(userId) ?? 0
    if (taken >= this.#max) throw new OpsFluxError('too-many-requests', `You are sending ${this.#max} files already. Send this one when one of them has ended.`)
    this.#taken.set(userId, taken + 1)
    try {
      return await work()
    } finally {
      const left = (this.#taken.get(userId) ?? 1) - 1
      if (left > 0) this.#taken.set(userId, left)
      else this.#taken.delete(userId)
    }
  }
}
