import { guestLimits } from './child-program.ts'
import { completeLimits } from './limits.ts'
import type { SandboxLimits } from './limits.ts'

/** The limits that hold now, and which of them the child has been told. */
export class CurrentLimits {
  #given: Partial<SandboxLimits>
  #value: SandboxLimits
  #told = ''

  constructor(given: Partial<SandboxLimits>) {
    this.#given = given
    this.#value = completeLimits(given)
  }

  get value(): SandboxLimits {
    return this.#value
  }

  /** @throws RangeError */
  change(limits: Partial<SandboxLimits>): void {
    const given = { ...this.#given, ...limits }
    this.#value = completeLimits(given)
    this.#given = given
  }

  /** A child has been started with them. */
  started(): void {
    this.#told = this.#guestText
  }

  /** What the child has to be told; undefined when it knows. */
  tell(): string | undefined {
    if (this.#told === this.#guestText) return undefined
    this.#told = this.#guestText
    return this.#told
  }

  get #guestText(): string {
    return JSON.stringify(guestLimits(this.#value))
  }
}
