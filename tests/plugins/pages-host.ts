import { mkdtemp, readFile, rm } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { buildPackage } from '@opsflux/cli'
import { EntityEngine, handleEntityRequest, PluginSchemas, uuidV7, type Actor, type EntityResponse, type EntityTransaction, type HookCaller } from '@opsflux/data'
import { testDatabase } from '@opsflux/data/testing'
import { renderIndex, type ShellManifest } from '@opsflux/host/index-html'
import { Stylesheets } from '@opsflux/host/stylesheet'
import { openPackage } from '@opsflux/registry-client'
import { isOpsFluxError, OpsFluxError, type Json, type Session } from '@opsflux/sdk'
import { text } from 'node:stream/consumers'
import { loadRelease, messageOf } from '../../core/services/src/modules/plugin-release.ts'
import { readRouteInput } from '../../core/services/src/plugin-api/route-input.ts'

/** The pages of hse-reports with a real database, its real server code in its sandbox and the built shell around them. */
export async function pagesHost(dist: string) {
  const place = await mkdtemp(join(tmpdir(), 'opsflux-pages-'))
  const { path: packagePath } = await buildPackage({ folder: join(import.meta.dirname, '../../plugins/hse-reports'), out: place })
  const opened = await openPackage(packagePath)
  const folder = join(place, 'module')
  await opened.unpackTo(folder)
  const release = await loadRelease({ folder, digest: opened.digest })

  const test = await testDatabase()
  const schemas = new PluginSchemas(test.database)
  const up = opened.plugin.migrations.map(({ id }) => ({ id, upSql: opened.text(`migrations/${id}.up.sql`), downSql: opened.text(`migrations/${id}.down.sql`) }))
  await schemas.change({ pluginId: 'hse-reports', down: [], up }, await schemas.stage('hse-reports', {}))

  const tenantId = uuidV7()
  await test.database.admin.query("insert into opsflux.tenant (id, name) values ($1, 'Acme Energy')", [tenantId])
  const state = { locale: 'en', permissions: ['*'], userId: uuidV7(), tenantId, failing: undefined as OpsFluxError | undefined }
  const engine = new EntityEngine(test.database, { lookups: { user: async () => new Map([[state.userId, 'Ada Admin']]) } })
  const actor = (): Actor => ({ tenantId: state.tenantId, userId: state.userId, locale: state.locale, permissions: state.permissions })
  const info = () => ({ user: { id: state.userId, locale: state.locale }, tenant: { id: state.tenantId }, now: new Date().toISOString(), granted: ['users.read'] as const })
  const inside = (transaction: EntityTransaction) => ({
    pluginId: 'hse-reports', transaction, log: () => {}, fetch: () => Promise.reject(new Error('It asks for no capability.')), secret: () => Promise.reject(new Error('It declares no secret.')),
  })
  const hooks: HookCaller = {
    wants: (entity, event) => release.entities.entity(entity).hooks.has(event),
    call: async (entity, event, payload, transaction) => ({ answer: await release.sandbox?.call(`hook:${entity}.${event}`, payload, info(), inside(transaction)) ?? null, changedBy: {}, plugins: ['hse-reports'] }),
  }

  async function moduleApi(method: string, address: URL, headers: Record<string, string | undefined>, body: Json | undefined): Promise<EntityResponse> {
    if (state.failing) throw state.failing
    const path = address.pathname.split('/').slice(3).map(decodeURIComponent)
    const route = opened.plugin.routes.find((candidate) => candidate.path === `/${path.join('/')}`)
    if (!route) return handleEntityRequest({ engine, release: release.entities, hooks }, actor(), { method, path, query: address.search, headers, body })
    const input = readRouteInput(route, Object.fromEntries(address.searchParams), body ?? {})
    const result = await engine.run(release.entities, actor(), hooks, async (transaction) => await release.sandbox?.call(`route:${route.name}`, input, info(), inside(transaction)) ?? null)
    return { status: 200, headers: {}, text: JSON.stringify(result) }
  }

  const html = await readFile(join(dist, 'index.html'), 'utf8')
  const shell = JSON.parse(await readFile(join(dist, 'shell-manifest.json'), 'utf8')) as ShellManifest
  const sheets = new Stylesheets(dist)
  const client = opened.plugin.client ?? { entry: '', css: [], integrity: {}, classes: [] }
  const assets = '/assets/modules/hse-reports/0/'
  const integrity = Object.fromEntries(Object.entries(client.integrity).map(([file, hash]) => [assets + file, hash]))

  async function session(): Promise<Session> {
    const messages = messageOf(release, state.locale)
    return {
      user: { id: state.userId, email: 'ada@example.org', name: 'Ada Admin', locale: state.locale, mustChangePassword: false },
      tenant: { id: state.tenantId, name: 'Acme Energy' }, permissions: state.permissions,
      menus: opened.plugin.menus.map(({ id, icon, label, page }) => ({ id, icon, pluginId: 'hse-reports', label: messages[label] ?? label, to: `/x/hse-reports${page}` })),
      plugins: [{
        id: 'hse-reports', version: opened.plugin.version, name: messages['module.name'] ?? '', entry: assets + client.entry, css: client.css.map((file) => assets + file), integrity, messages,
        routes: Object.fromEntries(opened.plugin.routes.map(({ name, method, path: at }) => [name, { method, path: at }])),
      }],
      stylesheet: (await sheets.for(client.classes)).url,
    }
  }

  async function answer(method: string, address: URL, headers: Record<string, string | undefined>, sent: string): Promise<{ status: number; headers?: Record<string, string>; body?: string | Buffer }> {
    const { pathname } = address
    const json = (body: unknown, status = 200) => ({ status, headers: { 'content-type': 'application/json' }, body: JSON.stringify(body) })
    if (pathname === '/api/session') return json(await session())
    if (pathname === '/api/users') return json({ data: [{ id: state.userId, name: 'Ada Admin' }] })
    if (pathname.startsWith('/api/hse-reports/')) {
      const given = await moduleApi(method, address, headers, sent === '' ? undefined : JSON.parse(sent) as Json)
      return given.text === undefined ? { status: given.status } : { status: given.status, body: given.text, headers: { ...given.headers, 'content-type': 'application/json' } }
    }
    if (pathname.startsWith(assets)) return { status: 200, headers: { 'content-type': pathname.endsWith('.css') ? 'text/css' : 'text/javascript' }, body: opened.read(pathname.slice(assets.length)) }
    const file = sheets.get(pathname) ?? (pathname.startsWith('/assets/') ? await readFile(join(dist, pathname)).catch(() => undefined) : undefined)
    if (file !== undefined) return { status: 200, headers: { 'content-type': pathname.endsWith('.css') ? 'text/css' : pathname.endsWith('.js') ? 'text/javascript' : 'font/woff2' }, body: file }
    if (pathname.startsWith('/assets/') || pathname.startsWith('/socket.io/')) return { status: 404 }
    const page = renderIndex(shell, html, { integrity, stylesheet: (await sheets.for(client.classes)).url })
    return { status: 200, headers: { 'content-type': 'text/html', 'content-security-policy': page.csp }, body: page.html }
  }

  const server = createServer((request, response) => {
    const address = new URL(request.url ?? '/', 'http://localhost')
    void text(request).then((sent) => answer(request.method ?? 'GET', address, request.headers as Record<string, string | undefined>, sent)).catch((error: unknown) => {
      const problem = isOpsFluxError(error) ? new OpsFluxError(error.code, error.message, { data: error.data }).toProblem() : { status: 500, code: 'internal', title: 'Error', detail: String(error) }
      return { status: problem.status, headers: { 'content-type': 'application/problem+json' }, body: JSON.stringify(problem) }
    }).then((given) => response.writeHead(given.status, given.headers).end(given.body))
  })
  await new Promise<void>((listening) => { server.listen(0, '127.0.0.1', listening) })

  return {
    url: `http://127.0.0.1:${(server.address() as AddressInfo).port}`,
    state,
    /** Enters a record as the current user. */
    create: (entity: string, input: { [field: string]: Json }) => engine.run(release.entities, actor(), hooks, (transaction) => transaction.create(entity, input)),
    async [Symbol.asyncDispose]() {
      server.closeAllConnections()
      server.close()
      await release.stop()
      await test.close()
      await rm(place, { recursive: true, force: true })
    },
  }
}
