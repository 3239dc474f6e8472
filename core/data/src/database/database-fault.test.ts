import { OpsFluxError } from '@opsflux/sdk'
import pg from 'pg'
import { describe, expect, test } from 'vitest'
import { databaseFault } from './database-fault.ts'

const ofServer = (code: string): Error => Object.assign(new pg.DatabaseError('from PostgreSQL', 1, 'error'), { code })
const ofSocket = (code: string): Error => Object.assign(new Error(`connect ${code}`), { code, syscall: 'connect' })

describe('what the database could not do', () => {
  test.each([
    ofSocket('ECONNREFUSED'), ofSocket('ECONNRESET'), new Error('Connection terminated unexpectedly'), new Error('timeout exceeded when trying to connect'),
    new Error('Client has encountered a connection error and is not queryable'), ofServer('57P01'), ofServer('57P03'), ofServer('53300'), ofServer('57014'), ofServer('53100'),
  ])('is for the caller to try again: %s', (error) => {
    expect(databaseFault(error)).toMatchObject({ code: 'not-ready', status: 503, cause: error })
  })

  test.each([ofServer('23505'), ofServer('XX000'), new Error('of our own'), Object.assign(new Error('no such file'), { code: 'ENOENT', syscall: 'open' }), new OpsFluxError('conflict', 'No.'), undefined])('is told from what is our fault: %s', (error) => {
    expect(databaseFault(error)).toBe(error)
  })
})
