import { createServer } from 'node:net'
import type { AddressInfo } from 'node:net'
import { once } from 'node:events'
import { expect, test } from 'vitest'
import { tellFromOutside } from './left-isolate.ts'
import { Scene } from './scene.ts'

const tries: Record<string, (port: number) => string> = {
  'connects to a port of this computer': (port) => `return await new Promise((yes) => require('node:net').connect(${port}, '127.0.0.1').on('connect', () => yes('connected')).on('error', (error) => yes(error.code)))`,
  'connects over IPv6': (port) => `return await new Promise((yes) => require('node:net').connect(${port}, '::1').on('connect', () => yes('connected')).on('error', (error) => yes(error.code)))`,
  'fetches': (port) => `return await fetch('http://127.0.0.1:${port}').then(() => 'answered', (error) => error.cause.code)`,
  'sends a datagram': () => "return await new Promise((yes) => require('node:dgram').createSocket('udp4').send('x', 53, '192.0.2.1', (error) => yes(error ? error.code : 'sent')))",
  'resolves a name': () => "return await new Promise((yes) => { const { Resolver } = require('node:dns'); const resolver = new Resolver({ timeout: 300, tries: 1 }); resolver.setServers(['192.0.2.1']); resolver.resolve4('example.com', (error) => yes(error ? error.code : 'resolved')) })",
}
for (const [name, body] of Object.entries(tries)) {
  test(`code outside of the isolate that ${name} reaches nobody, where the system can keep it in`, async ({ skip }) => {
    await using neighbour = new Scene('')
    await neighbour.expectAliveAlone()
    const [hardening] = neighbour.events.filter((event) => event.type === 'hardening')
    if (!hardening?.applied.includes('no network')) skip('this system cannot take the network away')
    let visits = 0
    const server = createServer((socket) => { visits += 1; socket.destroy() }).listen(0)
    await once(server, 'listening')
    try {
      expect(await tellFromOutside(body((server.address() as AddressInfo).port))).toMatch(/^"(E[A-Z]+)"$/)
      expect(visits).toBe(0)
    } finally {
      server.close()
    }
    await neighbour.expectAliveAlone()
  })
}
