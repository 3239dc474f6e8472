import { io, type Socket } from 'socket.io-client'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import type { Operation, Page, Session } from '@opsflux/sdk'
import { ApiClient, codeOf } from '../setup/api-client.ts'
import { password, TestPlatform } from '../setup/platform.ts'
import { addTenant, addUser } from '../setup/users.ts'
import { rawRequest } from './raw-request.ts'

const incident = { type: 'firstAid', actualSeverity: 'I', potentialSeverity: 'III', site: 'Platform A', occurredAt: '2026-03-01T08:30:00Z', description: 'Slipped on deck A' }

let platform: TestPlatform
let admin: ApiClient
const sockets: Socket[] = []

beforeAll(async () => {
  platform = await TestPlatform.start()
  admin = await platform.signIn()
  expect(await admin.change({ action: 'install', id: 'hse-reports', version: '1.0.0' })).toMatchObject({ state: 'succeeded' })
}, 120_000)
afterEach(() => { for (const socket of sockets.splice(0)) socket.disconnect() })
afterAll(() => platform?.stop())

const pool = () => platform.parts.database.database.admin
const signIn = (email: string, secret = password) => ApiClient.signIn(platform.host.url, email, secret)
const json = { 'content-type': 'application/json' }

async function newUser(email: string, role: 'admin' | 'user' = 'user', tenantId?: string): Promise<ApiClient> {
  await addUser(pool(), { email, role, ...(tenantId ? { tenantId } : {}) })
  return signIn(email)
}

function socketOf(cookie: string, headers: Record<string, string> = {}): Socket {
  const socket = io(platform.host.url, { transports: ['websocket'], reconnection: false, extraHeaders: { cookie, ...headers } })
  sockets.push(socket)
  return socket
}

/** `connect`, or why not. */
function outcomeOf(socket: Socket): Promise<string> {
  return new Promise((resolve) => { socket.once('connect', () => resolve('connect')).once('connect_error', (error) => resolve(error.message)) })
}

describe('a request that another site\'s page sends', () => {
  test.each(['https://evil.example', 'null', 'http://127.0.0.1.evil.example', 'http://[', '//', 'file://', 'javascript:alert(1)'])('with the origin %s changes nothing', async (origin) => {
    const { rows: [before] } = await pool().query('select count(*)::int from p_hse_reports.incident')
    for (const [method, path] of [['POST', '/api/hse-reports/incident'], ['POST', '/api/auth/sign-in'], ['POST', '/api/auth/sign-out'], ['PATCH', '/api/me'], ['POST', '/api/modules/plans'], ['DELETE', '/api/hse-reports/incident/x']] as const) {
      const answer = await rawRequest(platform.host.url, method, path, { headers: { ...json, cookie: admin.cookie, origin }, body: JSON.stringify(incident) })
      expect({ method, path, status: answer.status, code: /"code":"([^"]+)"/.exec(answer.text)?.[1] }).toEqual({ method, path, status: 403, code: 'forbidden' })
    }
    expect((await pool().query('select count(*)::int from p_hse_reports.incident')).rows[0]).toEqual(before)
    await admin.get('/api/session')
  })

  test.each(['https://evil.example', 'null', 'http://['])('with the origin %s opens no socket, and the host stays up', async (origin) => {
    expect(await outcomeOf(socketOf(admin.cookie, { origin }))).not.toBe('connect')
    const polling = await rawRequest(platform.host.url, 'GET', '/socket.io/?EIO=4&transport=polling', { headers: { cookie: admin.cookie, origin } })
    expect(polling.status).toBe(403)
    expect((await fetch(`${platform.host.url}/health/ready`)).status).toBe(200)
  })
})

describe('the session', () => {
  test('is a cookie that scripts cannot read and other sites cannot use (CORE-01.3)', async () => {
    const answer = await rawRequest(platform.host.url, 'POST', '/api/auth/sign-in', { headers: json, body: JSON.stringify({ email: platform.parts.config.adminEmail, password }) })
    const [cookie = ''] = answer.headers['set-cookie'] ?? []
    const [pair = '', ...flags] = cookie.split('; ').map((part) => part.toLowerCase())
    expect(pair).toMatch(/^opsflux_session=[\w-]{43}$/)
    expect(flags).toEqual(expect.arrayContaining(['path=/', 'httponly', 'samesite=lax']))
    expect(flags.some((flag) => flag.startsWith('expires='))).toBe(true)
    expect(answer.headers['cache-control']).toBe('no-store')
    const { rows } = await pool().query('select token_sha256 from opsflux.user_session')
    expect(JSON.stringify(rows)).not.toContain(pair.split('=')[1])
  })

  test('ends at once when it is closed: its cookie, and its open page', async () => {
    const user = await newUser('dora@example.org')
    const [mine, others] = [socketOf(user.cookie), socketOf(admin.cookie)]
    expect(await Promise.all([mine, others].map(outcomeOf))).toEqual(['connect', 'connect'])
    const { cookie } = user
    const dropped = new Promise((resolve) => { mine.once('disconnect', resolve) })
    await user.post('/api/auth/sign-out')
    await dropped
    user.cookie = cookie
    expect(await codeOf(user.get('/api/session'))).toBe('not-signed-in')
    expect(await codeOf(user.post('/api/hse-reports/incident', incident))).toBe('not-signed-in')
    expect(await outcomeOf(socketOf(cookie))).toBe('not-signed-in')
    expect(others.connected).toBe(true)
  })

  test('a new password closes the other sessions of the user, not this one', async () => {
    const [here, there] = [await newUser('emil@example.org'), await signIn('emil@example.org')]
    await here.post('/api/auth/password', { current: password, next: 'a brand new pass phrase' })
    expect(await codeOf(there.get('/api/session'))).toBe('not-signed-in')
    expect((await here.get<Session>('/api/session')).user.email).toBe('emil@example.org')
    expect(await codeOf(signIn('emil@example.org'))).toBe('sign-in-failed')
    await signIn('emil@example.org', 'a brand new pass phrase')
  })

  test.each(['opsflux_session=', 'opsflux_session=x', 'opsflux_session=%', 'opsflux_session=%00', `opsflux_session=${'a'.repeat(5_000)}`, 'opsflux_session="', '=; opsflux_session'])('is not opened by the cookie %s', async (cookie) => {
    const answer = await rawRequest(platform.host.url, 'GET', '/api/session', { headers: { cookie } })
    expect(answer.status).toBe(401)
    expect(await outcomeOf(socketOf(cookie))).not.toBe('connect')
  })

  test('opened with a one-time password can only replace it', async () => {
    await newUser('fay@example.org')
    await pool().query("update opsflux.user_account set must_change_password = true where email = 'fay@example.org'")
    const user = await signIn('fay@example.org')
    expect((await user.get<Session>('/api/session')).user.mustChangePassword).toBe(true)
    for (const path of ['/api/users', '/api/hse-reports/incident', '/api/modules']) expect(await codeOf(user.get(path))).toBe('password-change-required')
    expect(await codeOf(user.send('PATCH', '/api/me', { locale: 'fr' }))).toBe('password-change-required')
    expect(await outcomeOf(socketOf(user.cookie))).toBe('not-signed-in')
    expect(await codeOf(user.post('/api/auth/password', { current: password, next: password }))).toBe('validation-failed')
    expect(await codeOf(user.post('/api/auth/password', { current: password, next: 'short' }))).toBe('validation-failed')
    expect(await codeOf(user.post('/api/auth/password', { current: 'wrong', next: 'a brand new pass phrase' }))).toBe('sign-in-failed')
    await user.post('/api/auth/password', { current: password, next: 'a brand new pass phrase' })
    await user.get('/api/users')
  })
})

describe('a wrong password', () => {
  test('is told in the same words as an unknown e-mail address', async () => {
    await newUser('gina@example.org')
    const answers = await Promise.all(['gina@example.org', 'nobody@example.org'].map((email) =>
      rawRequest(platform.host.url, 'POST', '/api/auth/sign-in', { headers: json, body: JSON.stringify({ email, password: 'wrong' }) })))
    expect(answers.map(({ status, text }) => ({ status, text }))).toEqual([{ status: 401, text: answers[1]?.text }, { status: 401, text: answers[1]?.text }])
  })

  test('five times in a row locks the account, also for the right one (CORE-01.4.4)', async () => {
    const user = await newUser('hugo@example.org')
    for (let n = 0; n < 5; n++) expect(await codeOf(signIn('hugo@example.org', 'wrong'))).toBe('sign-in-failed')
    expect(await codeOf(signIn('hugo@example.org'))).toBe('too-many-requests')
    expect(await codeOf(signIn('HUGO@example.org'))).toBe('too-many-requests')
    // Who is signed in already stays so: locking others out must not throw them out.
    await user.get('/api/session')
    await pool().query("update opsflux.user_account set locked_until = now() - interval '1 second' where email = 'hugo@example.org'")
    await signIn('hugo@example.org')
  })

  test('many at once are all counted', async () => {
    await newUser('ida@example.org')
    const codes = await Promise.all(Array.from({ length: 12 }, () => codeOf(signIn('ida@example.org', 'wrong'))))
    expect(codes).toContain('sign-in-failed')
    expect(await codeOf(signIn('ida@example.org'))).toBe('too-many-requests')
  })

  test('of the current password locks as well: a session left open does not open the account', async () => {
    const user = await newUser('jan@example.org')
    for (let n = 0; n < 5; n++) expect(await codeOf(user.post('/api/auth/password', { current: `wrong ${n}`, next: 'a brand new pass phrase' }))).toBe('sign-in-failed')
    expect(await codeOf(user.post('/api/auth/password', { current: password, next: 'a brand new pass phrase' }))).toBe('too-many-requests')
  })
})

describe('another tenant', () => {
  test('sees and changes nothing of the first one\'s records', async () => {
    const mine = await admin.post<{ id: string; revision: number }>('/api/hse-reports/incident', incident)
    const stranger = await newUser('kai@b.example', 'admin', await addTenant(pool(), 'B'))
    const path = `/api/hse-reports/incident/${mine.id}`
    expect(await stranger.get<Page<unknown>>('/api/hse-reports/incident?count=true')).toMatchObject({ data: [], total: 0 })
    expect(await stranger.get<Page<unknown>>(`/api/hse-reports/incident?where[id]=${mine.id}`)).toMatchObject({ data: [] })
    expect(await codeOf(stranger.get(path))).toBe('not-found')
    expect(await codeOf(stranger.send('PATCH', path, { site: 'Mine' }, { 'if-match': '"1"' }))).toBe('not-found')
    expect(await codeOf(stranger.send('DELETE', path, undefined, { 'if-match': '"1"' }))).toBe('not-found')
    expect(await codeOf(stranger.send('POST', `${path}/transitions/submit`, undefined, { 'if-match': '"1"' }))).toBe('not-found')
    expect(await stranger.post('/api/hse-reports/incident/aggregate', { groupBy: ['site'] })).toEqual([])
    expect((await stranger.get<{ data: { name: string }[] }>('/api/users')).data.map((user) => user.name)).toEqual(['kai'])
    expect(await admin.get(path)).toMatchObject({ site: 'Platform A', revision: 1 })
  })

  test('has modules switched on and off for itself', async () => {
    const stranger = await newUser('lea@b.example', 'admin', await addTenant(pool(), 'C'))
    expect(await stranger.change({ action: 'disable', id: 'hse-reports' })).toMatchObject({ state: 'succeeded' })
    expect(await codeOf(stranger.get('/api/hse-reports/incident'))).toBe('module-disabled')
    expect((await stranger.get<Session>('/api/session')).plugins).toEqual([])
    await admin.get('/api/hse-reports/incident')
  })

  test('hears of operations only who manages modules', async () => {
    const stranger = await newUser('max@b.example', 'user', await addTenant(pool(), 'D'))
    const [theirs, own] = [socketOf(stranger.cookie), socketOf(admin.cookie)]
    await Promise.all([theirs, own].map(outcomeOf))
    const heard: string[] = []
    theirs.onAny((event: string) => heard.push(event))
    const told: Operation[] = []
    own.on('operation.changed', (operation: Operation) => told.push(operation))
    const operation = await admin.change({ action: 'disable', id: 'hse-reports' })
    await admin.change({ action: 'enable', id: 'hse-reports' })
    await expect.poll(() => told.some(({ id, state }) => id === operation.id && state === 'succeeded')).toBe(true)
    await expect.poll(() => heard.length).toBeGreaterThan(0)
    expect(new Set(heard)).toEqual(new Set(['modules.changed']))
    expect(await codeOf(stranger.get(`/api/modules/operations/${operation.id}`))).toBe('forbidden')
  })
})
