import { join, resolve } from 'node:path'
import { describe, expect, test } from 'vitest'
import { readSettings } from './settings.ts'

describe('settings of npm start', () => {
  test('without variables: port 3000 and its neighbours, data in the checkout, this machine only, embedded PostgreSQL', () => {
    expect(readSettings({}, '/checkout')).toEqual({ home: join('/checkout', '.opsflux'), bind: '127.0.0.1', ports: { web: 3000, registry: 3001, marketplace: 3002, database: 3003 } })
  })

  test('the other ports follow the web port, unless they have one of their own', () => {
    expect(readSettings({ OPSFLUX_PORT: '8000', OPSFLUX_DATABASE_PORT: '5432' }, '/checkout').ports).toEqual({ web: 8000, registry: 8001, marketplace: 8002, database: 5432 })
  })

  test('a relative data folder is one below the current folder; an empty variable is none', () => {
    expect(readSettings({ OPSFLUX_HOME: 'data', DATABASE_URL: '', OPSFLUX_BIND: '', OPSFLUX_PORT: '' }, '/checkout')).toMatchObject({ home: resolve('data'), bind: '127.0.0.1', ports: { web: 3000 } })
  })

  test.each(['0', '65536', '3000.5', 'http', '-1'])('refuses the port %j by the name of its variable', (text) => {
    expect(() => readSettings({ OPSFLUX_REGISTRY_PORT: text }, '/checkout')).toThrow(/OPSFLUX_REGISTRY_PORT is ".*": it must be a port number/)
  })

  test('refuses one port for two purposes', () => {
    expect(() => readSettings({ OPSFLUX_PORT: '4000', OPSFLUX_MARKETPLACE_PORT: '4000' }, '/checkout')).toThrow(/Port 4000 is asked for twice: set OPSFLUX_PORT and OPSFLUX_MARKETPLACE_PORT/)
  })
})
