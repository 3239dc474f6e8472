import { OpsFluxError } from '@opsflux/sdk'
import { fromProblem } from '@opsflux/sdk/client'

type Listener = () => void
const signedOutListeners = new Set<Listener>()

/** Called when the server says that nobody is signed in any more. @returns undo */
export function onSignedOut(listener: Listener): () => void {
  signedOutListeners.add(listener)
  return () => signedOutListeners.delete(listener)
}

/** `fetch` of the shell and of plugins: a lost network becomes `not-ready`, a lost session tells the shell. */
export async function apiFetch(input: RequestInfo | URL, init?: RequestInit): Promise<Response> {
  let response: Response
  try {
    response = await fetch(input, init)
  } catch (cause) {
    throw new OpsFluxError('not-ready', 'The server does not answer. Check the connection and try again.', { cause })
  }
  if (response.status === 401 && !String(input).startsWith('/api/auth/')) for (const listener of signedOutListeners) listener()
  return response
}

async function send<T>(method: string, path: string, body?: BodyInit, type?: string): Promise<T> {
  const headers: Record<string, string> = { accept: 'application/json', ...(type ? { 'content-type': type } : {}) }
  const response = await apiFetch(path, { method, headers, ...(body === undefined ? {} : { body }) })
  if (response.status === 204) return undefined as T
  const answer: unknown = await response.json().catch(() => undefined)
  if (!response.ok) throw fromProblem(answer, response.status)
  return answer as T
}

const json = 'application/json'

/** The host's own API. Every method throws OpsFluxError with the server's code. */
export const http = {
  get: <T>(path: string) => send<T>('GET', path),
  post: <T>(path: string, body: unknown = {}) => send<T>('POST', path, JSON.stringify(body), json),
  put: <T>(path: string, body: unknown) => send<T>('PUT', path, JSON.stringify(body), json),
  delete: (path: string) => send<undefined>('DELETE', path),
  patch: <T>(path: string, body: unknown) => send<T>('PATCH', path, JSON.stringify(body), json),
  /** Sends a file as it is. */
  upload: <T>(path: string, file: Blob, type: string) => send<T>('POST', path, file, type),
}
