import { createHash } from 'node:crypto'
import { readFile } from 'node:fs/promises'
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { extname, join } from 'node:path'
import type { ActivePlugin, Session } from '@opsflux/sdk'
import { Server } from 'socket.io'
import { renderIndex, type ShellManifest } from '@opsflux/host/index-html'
import { Stylesheets } from '@opsflux/host/stylesheet'

const types: Record<string, string> = { '.js': 'text/javascript', '.css': 'text/css', '.svg': 'image/svg+xml', '.woff2': 'font/woff2' }

export type StubHost = Awaited<ReturnType<typeof stubHost>>

/** Serves the built shell to a browser, with a session and plugins that the test sets. */
export async function stubHost(dist: string) {
  const html = await readFile(join(dist, 'index.html'), 'utf8')
  const manifest = JSON.parse(await readFile(join(dist, 'shell-manifest.json'), 'utf8')) as ShellManifest
  const stylesheets = new Stylesheets(dist)
  const files = new Map<string, string>()
  /** Answers of the API by `GET /api/…`, and what was sent to it. */
  const answers = new Map<string, { status?: number; body: unknown }>()
  const received: { request: string; body: unknown }[] = []
  const state: { session: Session | undefined; signedOut: Session } = { session: undefined, signedOut: session() }

  const server = createServer((request, response) => void answer(request, response).catch((error: unknown) => response.writeHead(500).end(String(error))))
  const sockets = new Server(server, { serveClient: false })
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`

  async function answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    const { pathname } = new URL(request.url ?? '/', url)
    if (pathname.startsWith('/api/')) return api(request, response, pathname)
    const file = files.get(pathname) ?? stylesheets.get(pathname) ?? (pathname.startsWith('/assets/') ? await readFile(join(dist, pathname)).catch(() => undefined) : undefined)
    if (file !== undefined) return void response.writeHead(200, { 'content-type': types[extname(pathname)] ?? 'text/plain' }).end(file)
    if (pathname.startsWith('/assets/')) return void response.writeHead(404).end()
    const sheet = await stylesheets.for([])
    const integrity = Object.assign({}, ...(state.session?.plugins ?? []).map((plugin) => plugin.integrity)) as Record<string, string>
    const page = renderIndex(manifest, html, { integrity, stylesheet: sheet.url })
    response.writeHead(200, { 'content-type': 'text/html', 'content-security-policy': page.csp }).end(page.html)
  }

  async function api(request: IncomingMessage, response: ServerResponse, path: string): Promise<void> {
    let body = ''
    for await (const chunk of request) body += String(chunk)
    const send = (status: number, data?: unknown): void => void response.writeHead(status, { 'content-type': 'application/json' }).end(data === undefined ? '' : JSON.stringify(data))
    const input = body.startsWith('{') ? JSON.parse(body) as Record<string, string> : {}
    const asked = `${request.method} ${path}`
    const answered = answers.get(asked)
    if (answered) {
      received.push({ request: asked, body: input })
      return send(answered.status ?? 200, answered.body)
    }
    if (path === '/api/auth/sign-in' && input.password !== 'right') return send(401, { code: 'sign-in-failed', status: 401, title: 'x', detail: 'x' })
    if (path === '/api/auth/sign-in') state.session = state.signedOut
    if (path === '/api/auth/password' && state.session) state.session.user.mustChangePassword = false
    if (path === '/api/me' && state.session) state.session.user.locale = input.locale ?? 'en'
    if (path === '/api/auth/sign-out') {
      state.session = undefined
      return send(204)
    }
    return state.session ? send(200, state.session) : send(401, { code: 'not-signed-in', status: 401, title: 'x', detail: 'x' })
  }

  return {
    url,
    state,
    answers,
    received,
    /** Publishes one release of a plugin whose client is this source. */
    plugin(id: string, version: string, source: string, tampered = false): ActivePlugin {
      const entry = `/assets/modules/${id}/${version}-0/client/index.js`
      files.set(entry, tampered ? `${source}\n// altered` : source)
      const integrity = `sha384-${createHash('sha384').update(source).digest('base64')}`
      return { id, version, name: 'HSE reports', entry, css: [], integrity: { [entry]: integrity }, messages: { 'page.list': 'Incidents', hello: 'Hello {name}' }, routes: {} }
    },
    /** Tells the open pages that modules changed. */
    changed(): void {
      sockets.emit('modules.changed', { id: 'hse-reports' })
    },
    /** Ends the live connections, as a host does that stops. */
    drop(): void {
      sockets.disconnectSockets(true)
    },
    async close(): Promise<void> {
      await sockets.close()
      server.closeAllConnections()
    },
  }
}

export function session(): Session {
  return {
    user: { id: 'u1', email: 'admin@example.org', name: 'Ada Admin', locale: 'en', mustChangePassword: false },
    tenant: { id: 't1', name: 'Acme Energy' }, permissions: ['*'], menus: [], plugins: [],
  }
}
