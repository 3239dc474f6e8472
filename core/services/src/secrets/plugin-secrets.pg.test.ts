import { randomUUID } from 'node:crypto'
import { sql } from '@opsflux/data'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '@opsflux/data/testing'
import { identityMigrations } from '../identity/index.ts'
import { secretMigrations } from './migrations.ts'
import { eraseSecrets, PluginSecrets } from './plugin-secrets.ts'

const pluginId = 'demo-one'
const [tenantId, otherTenant, userId] = [randomUUID(), randomUUID(), randomUUID()]
const owner = { pluginId, tenantId }
const key = 'sk-live-0123456789'
const logged: string[] = []
const log = pino({}, { write: (line: string) => void logged.push(line) })

let opened: TestDatabase
let secrets: PluginSecrets
beforeAll(async () => {
  opened = await testDatabase({ kernelMigrations: [...identityMigrations(), ...secretMigrations()] })
  const { admin } = opened.database
  secrets = new PluginSecrets({ admin, platformSecret: 'platform secret', log })
  await admin.query("insert into opsflux.tenant (id, name) values ($1, 'One'), ($2, 'Two')", [tenantId, otherTenant])
  await admin.query("insert into opsflux.user_account (id, tenant_id, email, name, role, password_hash) values ($1, $2, 'ada@example.com', 'Ada', 'admin', '')", [userId, tenantId])
  for (const id of [pluginId, 'demo-two']) {
    await admin.query(`insert into opsflux.installation (plugin_id, version, digest, source, state, manifest, changed_by) values ($1, '1.0.0', $1, 'file', 'active', $2, 'test')`,
      [id, JSON.stringify({ secrets: [{ name: 'apiKey', reason: '', required: true }] })])
  }
})
afterAll(() => opened.close())

describe('a secret', () => {
  test('is read as it was set, and states who set it when', async () => {
    await secrets.set(owner, 'apiKey', key, userId)
    expect(await secrets.read(owner, 'apiKey')).toBe(key)
    await secrets.set(owner, 'apiKey', 'ключ 🔑', userId)
    expect(await secrets.read(owner, 'apiKey')).toBe('ключ 🔑')
    expect(await secrets.states(owner)).toEqual(new Map([['apiKey', { setAt: expect.any(Date), setBy: 'Ada' }]]))
  })

  test('is of one organisation and one plugin', async () => {
    await secrets.set(owner, 'apiKey', key, userId)
    for (const other of [{ pluginId, tenantId: otherTenant }, { pluginId: 'demo-two', tenantId }]) {
      await expect(secrets.read(other, 'apiKey')).rejects.toMatchObject({ code: 'secret-missing' })
      expect((await secrets.states(other)).size).toBe(0)
    }
  })

  test('is sealed anew each time, and nothing in the database tells it', async () => {
    const row = async () => (await opened.database.admin.query<{ nonce: Buffer; sealed: Buffer }>('select * from opsflux.plugin_secret')).rows[0]
    await secrets.set(owner, 'apiKey', key, userId)
    const before = await row()
    await secrets.set(owner, 'apiKey', key, userId)
    const after = await row()
    expect(after?.nonce.equals(before?.nonce ?? Buffer.alloc(0))).toBe(false)
    expect(after?.sealed.equals(before?.sealed ?? Buffer.alloc(0))).toBe(false)
    expect(after?.sealed.includes(key)).toBe(false)
  })

  test.each<[string, string]>([
    ['moved to another organisation', `update opsflux.plugin_secret set tenant_id = '${otherTenant}'`], ['moved to another plugin', "update opsflux.plugin_secret set plugin_id = 'demo-two'"], ['given another name', "update opsflux.plugin_secret set name = 'other'"],
    ['changed in its text', 'update opsflux.plugin_secret set sealed = set_byte(sealed, 0, get_byte(sealed, 0) # 1)'], ['changed in its tag', 'update opsflux.plugin_secret set sealed = set_byte(sealed, octet_length(sealed) - 1, get_byte(sealed, octet_length(sealed) - 1) # 1)'],
    ['cut', 'update opsflux.plugin_secret set sealed = substring(sealed from 2)'], ['given another nonce', 'update opsflux.plugin_secret set nonce = set_byte(nonce, 0, get_byte(nonce, 0) # 1)'], ['said to be under another key', "update opsflux.plugin_secret set key_id = 'v2.0000000000000000'"],
  ])('that was %s in the database opens no more, says so, and tells nothing', async (_how, change) => {
    const { admin } = opened.database
    await admin.query('delete from opsflux.plugin_secret')
    await secrets.set(owner, 'apiKey', key, userId)
    await admin.query(change)
    const { rows: [row] } = await admin.query<{ plugin_id: string; tenant_id: string; name: string }>('select * from opsflux.plugin_secret')
    const error = await secrets.read({ pluginId: row?.plugin_id ?? '', tenantId: row?.tenant_id ?? '' }, row?.name ?? '').catch((reason: unknown) => reason)
    expect(error).toMatchObject({ code: 'secret-missing', message: expect.stringContaining('cannot be opened') })
    expect(`${String(error)}${JSON.stringify(error)}`).not.toContain(key)
    await admin.query('delete from opsflux.plugin_secret')
  })

  test('does not open under another platform secret, and can be set again under it', async () => {
    await secrets.set(owner, 'apiKey', key, userId)
    const other = new PluginSecrets({ admin: opened.database.admin, platformSecret: 'another', log })
    await expect(other.read(owner, 'apiKey')).rejects.toMatchObject({ code: 'secret-missing', message: expect.stringContaining('another platform secret') })
    await other.set(owner, 'apiKey', 'new', userId)
    expect(await other.read(owner, 'apiKey')).toBe('new')
    await expect(secrets.read(owner, 'apiKey')).rejects.toMatchObject({ code: 'secret-missing' })
  })

  test('that is not declared, too long, empty or no text is refused without its value', async () => {
    await expect(secrets.set(owner, 'other', key, userId)).rejects.toMatchObject({ code: 'not-found' })
    await expect(secrets.set({ pluginId: 'demo-none', tenantId }, 'apiKey', key, userId)).rejects.toMatchObject({ code: 'not-found' })
    for (const value of ['', `${key}\0`, `${key}\ud800`, key.repeat(1_000), 'é'.repeat(4_097)]) {
      const error = await secrets.set(owner, 'apiKey', value, userId).catch((reason: unknown) => reason)
      expect(error).toMatchObject({ code: 'validation-failed' })
      expect(`${String(error)}${JSON.stringify(error)}`).not.toContain(key)
    }
    await secrets.set(owner, 'apiKey', 'é'.repeat(4_096), userId)
  })

  test('is removed, alone or with all of its plugin, more than once if need be', async () => {
    await secrets.set(owner, 'apiKey', key, userId)
    await secrets.set({ pluginId, tenantId: otherTenant }, 'apiKey', key, userId)
    await secrets.set({ pluginId: 'demo-two', tenantId }, 'apiKey', key, userId)
    await secrets.remove(owner, 'apiKey', userId)
    await secrets.remove(owner, 'apiKey', userId)
    await expect(secrets.read(owner, 'apiKey')).rejects.toMatchObject({ code: 'secret-missing', message: expect.stringContaining('not set') })
    await eraseSecrets(opened.database.admin, pluginId)
    await eraseSecrets(opened.database.admin, pluginId)
    await expect(secrets.read({ pluginId, tenantId: otherTenant }, 'apiKey')).rejects.toMatchObject({ code: 'secret-missing' })
    expect(await secrets.read({ pluginId: 'demo-two', tenantId }, 'apiKey')).toBe(key)
  })

  test('is out of reach of requests, sealed as it is', async () => {
    const actor = { tenantId, userId }
    for (const statement of [sql`select sealed from opsflux.plugin_secret`, sql`delete from opsflux.plugin_secret`, sql`insert into opsflux.plugin_secret (plugin_id) values ('x')`]) {
      await expect(opened.database.transaction(actor, (transaction) => transaction.texts(statement))).rejects.toThrow(/permission denied/)
    }
  })

  test('appears in no log', () => {
    expect(logged.length).toBeGreaterThan(0)
    expect(logged.join()).not.toMatch(new RegExp(`${key}|${Buffer.from(key).toString('base64').slice(0, -2)}`))
  })
})
