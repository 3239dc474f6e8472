import { hash, randomUUID } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { rawRequest } from '../identity/raw-request.ts'
import type { ApiClient } from '../setup/api-client.ts'
import { overlayOf } from '../setup/overlays.ts'
import { TestPlatform } from '../setup/platform.ts'
import { addTenant, addUser } from '../setup/users.ts'

export interface Person {
  id: string
  tenantId: string
  cookie: string
}
export interface Answer {
  status: number
  headers: Record<string, string | string[] | undefined>
  text: string
  body: Body
}
/** What a test knows of an answer: it looks at some members, and leaves the rest alone. */
export type Body = { [member: string]: unknown }
export interface Sending {
  body?: unknown
  headers?: Record<string, string>
}

export const task = '/api/hse-guarded/task'
export const step = '/api/hse-guarded/step'

/** A platform with the module hse-guarded and two tenants that know nothing of each other. */
export class TenantScene {
  readonly platform: TestPlatform
  readonly admin: ApiClient
  readonly a: Person
  readonly b: Person

  private constructor(platform: TestPlatform, admin: ApiClient, a: Person, b: Person) {
    this.platform = platform
    this.admin = admin
    this.a = a
    this.b = b
  }

  static async start(): Promise<TenantScene> {
    const platform = await TestPlatform.start({ publish: async () => undefined })
    const [tenantA, tenantB] = [await addTenant(admins(platform), 'A'), await addTenant(admins(platform), 'B')]
    const admin = await platform.signIn()
    const scene = new TenantScene(platform, admin, await personIn(platform, tenantA, 'admin'), await personIn(platform, tenantB, 'admin'))
    for (const id of ['hse-notes', 'hse-guarded']) await scene.install(id)
    return scene
  }

  /** Installs a fixture, or updates it to a release of the same source. */
  async install(id: string, { version }: { version?: string } = {}): Promise<void> {
    const { home, registry } = this.platform.parts
    const folder = `tests/fixtures/${id}`
    const bytes = await readFile(await registry.build({ folder, ...(version === undefined ? {} : { overlay: await overlayOf(home, folder, version) }) }))
    const { fileId } = await this.admin.send<{ fileId: string }>('POST', '/api/modules/files', bytes)
    const { state, problem } = await this.admin.change({ action: version === undefined ? 'install' : 'update', id, fileId })
    if (state !== 'succeeded') throw new Error(`${id} is ${state}: ${JSON.stringify(problem)}`)
  }

  stop(): Promise<void> {
    return this.platform.stop()
  }

  person(tenantId: string, role: 'admin' | 'user' | 'guest' = 'guest'): Promise<Person> {
    return personIn(this.platform, tenantId, role)
  }

  /** A request exactly as it is written. */
  async send(who: Pick<Person, 'cookie'>, method: string, path: string, { body, headers = {} }: Sending = {}): Promise<Answer> {
    const isJson = body !== undefined && !(body instanceof Uint8Array)
    const text = body === undefined ? {} : { body: isJson ? JSON.stringify(body) : Buffer.from(body as Uint8Array) }
    const answer = await rawRequest(this.platform.host.url, method, path, { headers: { cookie: who.cookie, ...(isJson ? { 'content-type': 'application/json' } : {}), ...headers }, ...text })
    return { ...answer, body: bodyOf(answer.text) }
  }

  /** Something made, as its maker reads it. */
  async made(who: Pick<Person, 'cookie'>, path: string, body: unknown = {}): Promise<Body & { id: string }> {
    const answer = await this.send(who, 'POST', path, { body })
    if (answer.status !== 201) throw new Error(`POST ${path}: ${answer.status} ${answer.text}`)
    return { ...answer.body, id: String(answer.body['id']) }
  }

  async uploaded(who: Pick<Person, 'cookie'>, text: string): Promise<string> {
    const answer = await this.send(who, 'POST', '/api/files', { body: new TextEncoder().encode(text), headers: { 'x-file-name': 'note.txt', 'content-type': 'text/plain' } })
    return String(answer.body['id'])
  }

  /** As the administrator of the database, who sees every tenant. */
  async rows<T extends Record<string, unknown>>(statement: string, values: unknown[] = []): Promise<T[]> {
    return (await admins(this.platform).query<T>(statement, values)).rows
  }
}

const admins = (platform: TestPlatform) => platform.parts.database.database.admin

async function personIn(platform: TestPlatform, tenantId: string, role: 'admin' | 'user' | 'guest'): Promise<Person> {
  const id = await addUser(admins(platform), { email: `${randomUUID()}@example.org`, role, tenantId })
  // As signing in does, without its deliberately slow check of the password.
  const token = randomUUID()
  await platform.parts.database.database.app.query("select opsflux.open_session($1, $2, '1 hour')", [id, hash('sha256', token)])
  return { id, tenantId, cookie: `opsflux_session=${token}` }
}

function bodyOf(text: string): Body {
  try {
    const body: unknown = JSON.parse(text)
    return typeof body === 'object' && body !== null ? (body as Body) : {}
  } catch {
    return {}
  }
}
