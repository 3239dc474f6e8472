import { randomUUID } from 'node:crypto'
import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { Notifications } from '@opsflux/data'
import { testDatabase, type TestDatabase } from '@opsflux/data/testing'
import { identityMigrations } from '../identity/migrations.ts'
import { Installations } from './installations.ts'
import { moduleMigrations } from './migrations.ts'
import { ModuleSwitches } from './module-switches.ts'

interface Host { notifications: Notifications; installations: Installations; switches: ModuleSwitches; reads: string[]; heard: string[] }

const id = 'hse-reports'
const tenantId = randomUUID()
let own: TestDatabase
let hosts: Host[]
beforeAll(async () => {
  own = await testDatabase({ kernelMigrations: [...identityMigrations(), ...moduleMigrations()] })
  await own.database.admin.query("insert into opsflux.tenant (id, name) values ($1, 'A')", [tenantId])
  await own.database.admin.query("insert into opsflux.installation (plugin_id, version, digest, source, state, manifest, changed_by) values ($1, '1.0.0', '', 'registry', 'active', '{}', '')", [id])
})
afterAll(() => own?.close())
beforeEach(async () => {
  await own.database.admin.query('delete from opsflux.installation_tenant')
  hosts = [await startHost(), await startHost()]
})
afterEach(async () => {
  for (const { notifications, switches } of hosts) {
    switches.stop()
    await notifications.close()
  }
})

async function startHost(): Promise<Host> {
  const notifications = await Notifications.start(own.database.roleUrl('opsflux_app'))
  const installations = new Installations(own.database.admin)
  const [reads, heard]: [string[], string[]] = [[], []]
  const read = (tenant: string): Promise<string[]> => {
    reads.push(tenant)
    return installations.disabledFor(tenant)
  }
  const switches = new ModuleSwitches({ notifications, read, onChanged: (pluginId) => heard.push(pluginId) })
  await expect.poll(() => notifications.isConnected, { interval: 5, timeout: 10_000 }).toBe(true)
  return { notifications, installations, switches, reads, heard }
}
const off = async ({ switches }: Host): Promise<string[]> => [...await switches.offFor(tenantId)]

test('a switch turned on one host counts on the other, which asks the database once for each change', async () => {
  const [first, second] = hosts as [Host, Host]
  expect([await off(second), await off(second)]).toEqual([[], []])
  expect(second.reads).toHaveLength(1)
  await first.installations.setEnabled(id, tenantId, false)
  await expect.poll(() => off(second)).toEqual([id])
  await first.installations.setEnabled(id, tenantId, true)
  await expect.poll(() => off(second)).toEqual([])
  expect(second.reads).toHaveLength(3)
})

test('every host is told of a change of grants and of state, of what one organisation takes back, and of an installation that goes', async () => {
  const [, second] = hosts as [Host, Host]
  const changes = [
    "update opsflux.installation set granted = '[]'", "update opsflux.installation set state = 'stopped'",
    `insert into opsflux.installation_tenant (plugin_id, tenant_id, enabled) values ('${id}', '${tenantId}', true)`, 'delete from opsflux.installation_tenant',
    `insert into opsflux.installation (plugin_id, version, digest, source, state, manifest, changed_by) values ('other', '1.0.0', '', 'registry', 'active', '{}', '')`, "delete from opsflux.installation where plugin_id = 'other'",
  ]
  for (const change of changes) await own.database.admin.query(change)
  await expect.poll(() => second.heard).toEqual([id, id, id, id, 'other', 'other'])
})

test('a host that hears nothing asks the database each time, and trusts nothing from before once it hears again', async () => {
  const [first, second] = hosts as [Host, Host]
  expect(await off(second)).toEqual([])
  await second.notifications.close()
  await first.installations.setEnabled(id, tenantId, false)
  expect([await off(second), await off(second)]).toEqual([[id], [id]])
  expect(second.reads).toHaveLength(3)
  await own.database.admin.query("select pg_terminate_backend(pid) from pg_stat_activity where application_name = 'opsflux-notifications' and datname = current_database()")
  await first.installations.setEnabled(id, tenantId, true)
  await expect.poll(() => first.notifications.isConnected, { interval: 5, timeout: 10_000 }).toBe(false)
  await expect.poll(() => first.notifications.isConnected, { interval: 5, timeout: 10_000 }).toBe(true)
  expect(await off(first)).toEqual([])
})

test('a read that fails is not remembered', async () => {
  const [first] = hosts as [Host]
  let isDown = true
  const switches = new ModuleSwitches({ notifications: first.notifications, onChanged: () => undefined, read: () => (isDown ? Promise.reject(new Error('down')) : Promise.resolve([id])) })
  await expect.poll(() => first.notifications.isConnected, { interval: 5, timeout: 10_000 }).toBe(true)
  await expect(switches.offFor(tenantId)).rejects.toThrow('down')
  isDown = false
  expect([...await switches.offFor(tenantId)]).toEqual([id])
  switches.stop()
})
