import { once } from 'node:events'
import { connect } from 'node:net'
import { afterAll, beforeAll, expect, test } from 'vitest'
import { TestPlatform } from '../setup/platform.ts'

let platform: TestPlatform
beforeAll(async () => { platform = await TestPlatform.start() }, 120_000)
afterAll(() => platform?.stop())

test('a host stops though clients never end their requests', async () => {
  const { cookie } = await platform.signIn()
  const { hostname, port, host, origin } = new URL(platform.host.url)
  const clients = await Promise.all(['GET /api/modules HTTP/1.1\r\nhost: x\r\n', `POST /api/modules/files HTTP/1.1\r\nhost: ${host}\r\norigin: ${origin}\r\ncookie: ${cookie}\r\ncontent-length: 1000000\r\n\r\nslow`].map(async (begin) => {
    const client = connect(Number(port), hostname).on('error', () => undefined)
    await once(client, 'connect')
    client.write(begin)
    return client
  }))
  expect((await fetch(`${platform.host.url}/health/ready`)).status).toBe(200)
  const ended = clients.map((client) => once(client, 'close'))
  await platform.restart()
  await Promise.all(ended)
  expect((await fetch(`${platform.host.url}/health/ready`)).status).toBe(200)
}, 60_000)
