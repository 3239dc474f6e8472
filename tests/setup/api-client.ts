import { isOpsFluxError, type Operation, type Plan, type ChangeRequest } from '@opsflux/sdk'
import { fromProblem } from '@opsflux/sdk/client'

/** A signed-in client of a host's public API, as a program would be one. */
export class ApiClient {
  readonly #url: string
  cookie = ''

  constructor(url: string) {
    this.#url = url
  }

  /** Signs in; a one-time password is replaced by `password`. */
  static async signIn(url: string, email: string, password: string, next?: string): Promise<ApiClient> {
    const client = new ApiClient(url)
    await client.send('POST', '/api/auth/sign-in', { email, password })
    if (next) await client.send('POST', '/api/auth/password', { current: password, next })
    return client
  }

  async send<T>(method: string, path: string, body?: unknown, headers: Record<string, string> = {}): Promise<T> {
    const isBytes = body instanceof Uint8Array
    const response = await fetch(this.#url + path, {
      method,
      headers: { origin: this.#url, cookie: this.cookie, ...(body === undefined ? {} : { 'content-type': isBytes ? 'application/gzip' : 'application/json' }), ...headers },
      ...(body === undefined ? {} : { body: isBytes ? new Uint8Array(body) : JSON.stringify(body) }),
    })
    const cookie = response.headers.getSetCookie().find((text) => text.startsWith('opsflux_session='))
    if (cookie) this.cookie = cookie.split(';')[0] ?? ''
    if (response.status === 204) return undefined as T
    const answer: unknown = await response.json()
    if (!response.ok) throw fromProblem(answer, response.status)
    return answer as T
  }

  get<T>(path: string): Promise<T> { return this.send('GET', path) }
  post<T>(path: string, body: unknown = {}): Promise<T> { return this.send('POST', path, body) }

  /** Plans and applies a change, and answers the ended operation. */
  async change(request: ChangeRequest): Promise<Operation> {
    const plan = await this.post<Plan>('/api/modules/plans', request)
    const { id } = await this.post<Operation>('/api/modules/operations', { planHash: plan.hash })
    return this.ended(id)
  }

  async ended(operationId: string): Promise<Operation> {
    for (;;) {
      const operation = await this.get<Operation>(`/api/modules/operations/${operationId}`)
      if (operation.state !== 'running') return operation
      await new Promise((resolve) => { setTimeout(resolve, 20) })
    }
  }
}

/** The code of the error a call ends with; undefined when it succeeds. */
export async function codeOf(call: Promise<unknown>): Promise<string | undefined> {
  try {
    await call
    return undefined
  } catch (error) {
    if (isOpsFluxError(error)) return error.code
    throw error
  }
}
