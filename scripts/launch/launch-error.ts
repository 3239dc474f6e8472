/** A reason not to start that a person can act on: the message says what, why and the next step. */
export class LaunchError extends Error {
  constructor(message: string, options: { cause?: unknown } = {}) {
    super(message, options)
    this.name = 'LaunchError'
  }
}
