import { isOpsFluxError, OpsFluxError, type ErrorCode, type Problem } from '../errors.ts'
import type { Json } from '../json.ts'

export interface SendOptions {
  body?: unknown
  /** Of the record that was read. */
  revision?: number
  /** Sent with a key of its own, the same at every try: whatever it does is done once. */
  keyed?: boolean
}
export type Send = (method: 'GET' | 'POST' | 'PATCH' | 'DELETE', path: string, options?: SendOptions) => Promise<unknown>

/** Waits before the second and the third try. */
const pauses = [300, 1_500]

/**
 * Sends JSON and answers JSON; errors carry the server's code.
 * What was not answered, or answered with `not-ready`, is sent up to two times again where that can do nothing twice: when it reads, or has a key.
 * @param wait for so many milliseconds
 */
export function senderTo(base: string, fetcher: typeof fetch, wait: (milliseconds: number) => Promise<void> = pause): Send {
  return async (method, path, { body, revision, keyed = false } = {}) => {
    const headers: Record<string, string> = { accept: 'application/json' }
    if (body !== undefined) headers['content-type'] = 'application/json'
    if (revision !== undefined) headers['if-match'] = `"${revision}"`
    if (keyed) headers['idempotency-key'] = newKey()
    const request = { method, headers, ...(body === undefined ? {} : { body: JSON.stringify(body) }) }
    const remaining = method === 'GET' || keyed ? [...pauses] : []
    for (;;) {
      try {
        return await answerOf(await fetcher(base + path, request))
      } catch (error) {
        const milliseconds = isPassing(error) ? remaining.shift() : undefined
        if (milliseconds === undefined) throw error
        await wait(milliseconds)
      }
    }
  }
}

async function answerOf(response: Response): Promise<unknown> {
  if (response.status === 204) return undefined
  // An answer that breaks off is none: `json` throws a TypeError as well.
  if (response.ok) return response.json()
  throw fromProblem(await response.json().catch(() => undefined), response.status)
}

/** `fetch` throws a TypeError when there was no answer. */
const isPassing = (error: unknown): boolean => error instanceof TypeError || (isOpsFluxError(error) && error.code === 'not-ready')

// crypto.randomUUID is only there for pages that came over HTTPS.
const newKey = (): string => [...crypto.getRandomValues(new Uint8Array(16))].map((byte) => byte.toString(16).padStart(2, '0')).join('')

const pause = (milliseconds: number): Promise<void> => new Promise((resolve) => { setTimeout(resolve, milliseconds) })

/** Turns an error answer of the host into an error that carries its code. */
export function fromProblem(answer: unknown, status: number): OpsFluxError {
  const problem = answer as Partial<Problem> | undefined
  if (typeof problem?.code !== 'string') return new OpsFluxError(status === 503 ? 'not-ready' : 'internal', `The server answered ${status}.`)
  return new OpsFluxError(problem.code as ErrorCode, problem.detail ?? problem.title ?? problem.code, { data: { errors: (problem.errors ?? []) as unknown as Json } })
}
