import type { SandboxHandlers } from './handlers.ts'

interface Checker { resolve(handlers: SandboxHandlers): void; reject(error: unknown): void }

/** Those who ask which handlers the module has, and the answer while a child knows it. */
export class HandlerChecks {
  #known: SandboxHandlers | undefined
  #checkers: Checker[] = []

  get isWaiting(): boolean {
    return this.#checkers.length > 0
  }

  /** `want` starts what will answer. */
  ask(want: () => void): Promise<SandboxHandlers> {
    return new Promise((resolve, reject) => {
      if (this.#known) resolve(this.#known)
      else {
        this.#checkers.push({ resolve, reject })
        want()
      }
    })
  }

  answer(handlers: SandboxHandlers): void {
    this.#known = handlers
    for (const checker of this.#checkers.splice(0)) checker.resolve(handlers)
  }

  refuse(error: unknown): void {
    for (const checker of this.#checkers.splice(0)) checker.reject(error)
  }

  forget(): void {
    this.#known = undefined
  }
}
