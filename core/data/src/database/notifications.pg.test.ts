import { afterAll, afterEach, beforeAll, beforeEach, expect, test } from 'vitest'
import { testDatabase, type TestDatabase } from '../testing.ts'
import { Notifications } from './notifications.ts'

let db: TestDatabase
let notifications: Notifications
beforeAll(async () => { db = await testDatabase() })
afterAll(() => db.close())
beforeEach(async () => { notifications = await Notifications.start(db.database.roleUrl('opsflux_app')) })
afterEach(() => notifications.close())

const notify = (channel: string, payload: string) => db.database.admin.query('select pg_notify($1, $2)', [channel, payload])
async function connected(isConnected: boolean): Promise<void> {
  await expect.poll(() => notifications.isConnected, { timeout: 10_000, interval: 5 }).toBe(isConnected)
}
async function backend(): Promise<number> {
  const { rows } = await db.database.admin.query<{ pid: number }>("select pid from pg_stat_activity where application_name = 'opsflux-notifications' and datname = current_database()")
  return rows[0]?.pid ?? 0
}

test('hears its channels and no others, until a listener is taken back', async () => {
  const heard: string[] = []
  const forget = notifications.on('opsflux one', (payload) => heard.push(`one ${payload}`))
  notifications.on('opsflux_two', (payload) => heard.push(`two ${payload}`))
  await connected(true)
  await notify('opsflux one', 'a')
  await notify('opsflux_three', 'b')
  await notify('opsflux_two', 'c')
  await expect.poll(() => heard).toEqual(['one a', 'two c'])
  forget()
  await notify('opsflux one', 'd')
  await notify('opsflux_two', 'e')
  await expect.poll(() => heard).toEqual(['one a', 'two c', 'two e'])
})

test('says that it hears nothing from the call that adds a channel until the database listens', async () => {
  await connected(true)
  notifications.on('opsflux_late', () => undefined)
  expect(notifications.isConnected).toBe(false)
  await connected(true)
})

test('connects again when the connection is lost, tells so before it can be trusted, and hears again', async () => {
  const heard: string[] = []
  let wasTrusted: boolean | undefined
  notifications.on('opsflux_one', (payload) => heard.push(payload))
  notifications.onReconnected(() => { wasTrusted = notifications.isConnected })
  await connected(true)
  await db.database.admin.query('select pg_terminate_backend($1)', [await backend()])
  await expect.poll(() => wasTrusted, { interval: 5 }).toBe(false)
  await connected(true)
  await notify('opsflux_one', 'again')
  await expect.poll(() => heard).toEqual(['again'])
})

test('is not trusted while the server is silent, though the connection seems open', async () => {
  await connected(true)
  const pid = await backend()
  process.kill(pid, 'SIGSTOP')
  try {
    await connected(false)
  } finally {
    process.kill(pid, 'SIGCONT')
  }
  await connected(true)
})

test('starts without a database', async () => {
  const lost = await Notifications.start('postgres://nobody:x@127.0.0.1:1/nothing')
  expect(lost.isConnected).toBe(false)
  await lost.close()
})
