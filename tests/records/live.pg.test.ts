import { cp } from 'node:fs/promises'
import { join } from 'node:path'
import pino from 'pino'
import { io, type Socket } from 'socket.io-client'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { startHost, type Host } from '@opsflux/host'
import type { ClientEvents, RecordChange, ServerEvents, Session, WatchAnswer, Watched } from '@opsflux/sdk'
import { ApiClient, codeOf } from '../setup/api-client.ts'
import { password, TestPlatform } from '../setup/platform.ts'
import { addTenant, addUser } from '../setup/users.ts'

type Live = Socket<ServerEvents, ClientEvents>
const incident = { type: 'firstAid', actualSeverity: 'I', potentialSeverity: 'III', site: 'Platform 1', occurredAt: '2026-03-01T08:30:00Z', description: 'Slipped on deck' }
const watched: Watched = { plugin: 'hse-reports', entity: 'incident' }

let platform: TestPlatform
let second: Host
let admin: ApiClient
const sockets: Live[] = []

beforeAll(async () => {
  platform = await TestPlatform.start()
  admin = await platform.signIn()
  expect(await admin.change({ action: 'install', id: 'hse-reports', version: '1.2.0' })).toMatchObject({ state: 'succeeded' })
  const { config } = platform.parts
  const home = `${config.home}-second`
  await cp(join(config.home, 'modules'), join(home, 'modules'), { recursive: true })
  second = await startHost({ ...config, home }, { log: pino({ level: 'silent' }) })
}, 120_000)
afterAll(async () => {
  for (const socket of sockets) socket.disconnect()
  await second?.stop()
  await platform?.stop()
})

async function connect(host: Host, client: ApiClient): Promise<Live> {
  const socket: Live = io(host.url, { transports: ['websocket'], extraHeaders: { cookie: client.cookie, origin: host.url } })
  sockets.push(socket)
  await new Promise<void>((resolve, reject) => { socket.on('connect', resolve).on('connect_error', reject) })
  return socket
}
const watch = (socket: Live): Promise<WatchAnswer> => new Promise((resolve) => { socket.emit('watch', watched, resolve) })
function heardOn(socket: Live): RecordChange[] {
  const heard: RecordChange[] = []
  socket.on('record.changed', (change) => { heard.push(change) })
  return heard
}

test('a change is told open pages of those who may see it, on every host, and no others', async () => {
  const elsewhere = await addTenant(platform.parts.database.database.admin, 'Elsewhere')
  await addUser(platform.parts.database.database.admin, { email: 'other@opsflux.local', role: 'admin', tenantId: elsewhere })
  const stranger = await ApiClient.signIn(platform.host.url, 'other@opsflux.local', password)
  const pages = await Promise.all([connect(platform.host, admin), connect(second, admin), connect(platform.host, stranger)])
  for (const page of pages) expect(await watch(page)).toEqual({})
  const [here = [], there = [], strange] = pages.map((page) => heardOn(page))
  const { id } = await admin.post<{ id: string }>('/api/hse-reports/incident', incident)
  for (const heard of [here, there]) await expect.poll(() => heard, { timeout: 10_000 }).toEqual([expect.objectContaining({ ...watched, id, action: 'create', revision: 1 })])
  expect(strange).toEqual([])
})

test('who may not see any, or is not signed in, watches nothing', async () => {
  await addUser(platform.parts.database.database.admin, { email: 'guest@opsflux.local', role: 'guest' })
  const guest = await ApiClient.signIn(platform.host.url, 'guest@opsflux.local', password)
  expect(await watch(await connect(platform.host, guest))).toMatchObject({ problem: { code: 'forbidden' } })
  await expect(connect(platform.host, new ApiClient(platform.host.url))).rejects.toThrow('not-signed-in')
})

test('a module switched off on one host is off on the other, with every permission in it, until it is on again', async () => {
  await addUser(platform.parts.database.database.admin, { email: 'user@opsflux.local', role: 'user' })
  const there = await ApiClient.signIn(second.url, 'user@opsflux.local', password)
  const [read, session] = [() => codeOf(there.get('/api/hse-reports/incident')), () => there.get<Session>('/api/session')]
  const before = await session()
  expect([before.permissions, before.menus.length > 0, await read()]).toEqual([expect.arrayContaining(['hse-reports.view.all']), true, undefined])
  await admin.change({ action: 'disable', id: 'hse-reports' })
  await expect.poll(session).toMatchObject({ permissions: [], menus: [], plugins: [] })
  expect(await read()).toBe('module-disabled')
  await admin.change({ action: 'enable', id: 'hse-reports' })
  await expect.poll(session).toEqual(before)
  expect(await read()).toBeUndefined()
})
