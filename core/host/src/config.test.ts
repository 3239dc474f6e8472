import { expect, test } from 'vitest'
import { readConfig } from './config.ts'

const least = { DATABASE_URL: 'postgresql://x', OPSFLUX_HOME: 'home', OPSFLUX_REGISTRY_URL: 'http://x', OPSFLUX_REGISTRY_ROOT: 'root.json', OPSFLUX_SECRET_FILE: 'secret' }

test('names on-premise hosts as they are given, and none by itself', () => {
  expect(readConfig(least).privateHosts).toBeUndefined()
  expect(readConfig({ ...least, OPSFLUX_PRIVATE_HOSTS: 'erp.internal:8443, 10.0.0.5' }).privateHosts).toBe('erp.internal:8443, 10.0.0.5')
})

test('does not start with on-premise hosts that cannot be read', () => {
  expect(() => readConfig({ ...least, OPSFLUX_PRIVATE_HOSTS: 'https://erp.internal' })).toThrow(expect.objectContaining({ code: 'invalid-request', message: expect.stringContaining('OPSFLUX_PRIVATE_HOSTS') }))
})
