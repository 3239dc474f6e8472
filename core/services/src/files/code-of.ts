import { isOpsFluxError } from '@opsflux/sdk'

/** For tests: the code of the error a call ends with; undefined when it succeeds. */
export async function codeOf(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call
    return undefined
  } catch (error) {
    if (isOpsFluxError(error)) return error.code
    throw error
  }
}
