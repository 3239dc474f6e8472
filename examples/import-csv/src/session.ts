/** A signed-in user of the public API. */
export interface Session {
  /** Sends a POST and answers its JSON. @throws Error with what the server said */
  post(path: string, body: unknown): Promise<unknown>
  signOut(): Promise<void>
}

interface Problem { title?: string; detail?: string; errors?: { path: string; message: string }[] }

/** Signs in and keeps the session cookie. @throws Error when the server refuses or cannot be reached */
export async function signIn(url: string, email: string, password: string): Promise<Session> {
  const { origin } = new URL(url)
  let cookie = ''
  const post = async (path: string, body: unknown): Promise<unknown> => {
    const headers = { 'content-type': 'application/json', accept: 'application/json', origin, ...(cookie ? { cookie } : {}) }
    const response = await fetch(origin + path, { method: 'POST', headers, body: JSON.stringify(body) }).catch((cause: unknown) => {
      throw new Error(`${origin} does not answer: is the platform running?`, { cause })
    })
    const given = response.headers.getSetCookie().map((line) => line.split(';')[0] ?? '').filter((pair) => pair !== '')
    if (given.length > 0) cookie = given.join('; ')
    const answer: unknown = response.status === 204 ? undefined : await response.json().catch(() => undefined)
    if (!response.ok) throw new Error(explain(answer as Problem | undefined, response.status))
    return answer
  }
  const session = (await post('/api/auth/sign-in', { email, password })) as { user?: { mustChangePassword?: boolean } }
  if (session.user?.mustChangePassword) throw new Error('This account has a one-time password: sign in with a browser and choose a new one first.')
  return { post, signOut: async () => void (await post('/api/auth/sign-out', {})) }
}

function explain(problem: Problem | undefined, status: number): string {
  const fields = (problem?.errors ?? []).map(({ path, message }) => `${path.slice(1)}: ${message}`)
  return [problem?.detail ?? problem?.title ?? `The server answered ${status}.`, ...fields].join(' ')
}
