import { afterAll, beforeAll, expect, test } from 'vitest'
import type { Operation, OperationStep } from '@opsflux/sdk'
import { ApiClient } from '../setup/api-client.ts'
import { password, TestPlatform } from '../setup/platform.ts'
import { addUser } from '../setup/users.ts'
import { RestlessClient } from './restless-client.ts'

let platform: TestPlatform
let onStep: (operation: Operation, step: OperationStep, phase: 'before' | 'after') => void | Promise<void> = () => {}

beforeAll(async () => { platform = await TestPlatform.start({ onStep: (...step) => onStep(...step) }) }, 120_000)
afterAll(() => platform?.stop())

test('no request fails while its module is installed, updated and rolled back, and no acknowledged write is lost (CORE-16.3, CORE-16.6)', async () => {
  const admin = await platform.signIn()
  const { admin: pool } = platform.parts.database.database
  const users = ['first@example.org', 'second@example.org']
  for (const email of users) await addUser(pool, { email, role: 'user' })
  const clients = [admin, await platform.signIn(), ...(await Promise.all(users.map((email) => ApiClient.signIn(platform.host.url, email, password))))]
    .map((client, n) => new RestlessClient(client, `Platform ${n}`))

  onStep = async (operation, step, phase) => {
    if (operation.plan.action !== 'install' || step !== 'pause' || phase !== 'after') return
    for (const client of clients) client.start()
    // Answered after theirs have reached the host: they wait now.
    await fetch(`${platform.host.url}/health/ready`)
  }
  expect(await admin.change({ action: 'install', id: 'hse-reports', version: '1.0.0' })).toMatchObject({ state: 'succeeded' })
  for (let turn = 0; turn < 4; turn++) {
    expect(await admin.change({ action: 'update', id: 'hse-reports', version: '1.2.0' })).toMatchObject({ state: 'succeeded' })
    expect(await admin.change({ action: 'rollback', id: 'hse-reports', version: '1.0.0' })).toMatchObject({ state: 'succeeded' })
  }
  await Promise.all(clients.map((client) => client.stop()))

  expect(clients.flatMap((client) => client.failures)).toEqual([])
  const { rows } = await pool.query<{ id: string; description: string }>('select id, description from p_hse_reports.incident')
  const acknowledged = new Map(clients.flatMap((client) => [...client.acknowledged]))
  expect(new Map(rows.map((row) => [row.id, row.description]))).toEqual(acknowledged)
  for (const client of clients) expect(client.acknowledged.size).toBeGreaterThan(0)
  const requests = clients.reduce((sum, client) => sum + client.requests, 0)
  const longestMs = Math.max(...clients.map((client) => client.longestMs))
  console.info(`${requests} requests during 9 changes, none failed; the longest took ${Math.round(longestMs)} ms`)
}, 120_000)
