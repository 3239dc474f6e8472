import { createServer, type IncomingMessage, type Server } from 'node:http'
import { existsSync, readFileSync } from 'node:fs'
import type { AddressInfo } from 'node:net'
import { join } from 'node:path'
import { text } from 'node:stream/consumers'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { parse } from 'csv-parse/sync'
import { importCsv, type ImportOptions } from './import-csv.ts'
import { mapRow, readMapping, type Row } from './mapping.ts'

const folder = join(import.meta.dirname, '..')
const readText = (name: string): string => readFileSync(join(folder, name), 'utf8')
const accidents = readMapping(JSON.parse(readText('ihm-accidents.mapping.json')))
const mapping = readMapping({ fields: { site: { column: 'Place', required: true }, hours: { column: 'Hours', as: 'number' } } })

/** A server with the sign-in and the create of the public API; sites named "bad…" are refused. */
let server: Server
let url: string
let created: Record<string, unknown>[]
let refusedOrigins: number

async function answer(request: IncomingMessage): Promise<{ status: number; body?: unknown; cookie?: string }> {
  const body = JSON.parse((await text(request)) || '{}') as Record<string, unknown>
  if (request.headers.origin !== url) { refusedOrigins += 1; return { status: 403, body: { detail: 'Wrong origin.' } } }
  if (request.url === '/api/auth/sign-in') return body.password === 'right' ? { status: 200, body: { user: {} }, cookie: 'opsflux_session=abc; HttpOnly; Path=/' } : { status: 401, body: { detail: 'E-mail or password is wrong.' } }
  if (request.headers.cookie !== 'opsflux_session=abc') return { status: 401, body: { title: 'Sign in first' } }
  if (request.url === '/api/auth/sign-out') return { status: 204 }
  if (String(body.site).startsWith('bad')) return { status: 422, body: { detail: 'Some values are not accepted.', errors: [{ path: '/site', message: 'is bad' }] } }
  created.push(body)
  return { status: 201, body: { id: 'x' } }
}

beforeEach(async () => {
  created = []
  refusedOrigins = 0
  server = createServer((request, response) => {
    void answer(request).then(({ status, body, cookie }) => {
      response.writeHead(status, { 'content-type': 'application/json', ...(cookie ? { 'set-cookie': cookie } : {}) })
      response.end(body === undefined ? undefined : JSON.stringify(body))
    })
  })
  await new Promise<void>((ready) => { server.listen(0, '127.0.0.1', ready) })
  url = `http://127.0.0.1:${(server.address() as AddressInfo).port}`
})
afterEach(() => new Promise((closed) => { server.close(closed) }))

const run = (csv: string, options: Partial<ImportOptions> = {}) => importCsv({ url, email: 'a@example.org', password: 'right', plugin: 'hse-reports', entity: 'exposureHours', csv, mapping, ...options })

describe('an import', () => {
  test('signs in and sends every row with cookie and origin', async () => {
    const progress: number[] = []
    const report = await run('Place,Hours\n North ,12\n"South, west",\n', { onProgress: (done) => progress.push(done) })
    expect(report).toEqual({ rows: 2, skipped: 0, created: 2, failed: [], reached: 2 })
    expect(created).toEqual(expect.arrayContaining([{ site: 'North', hours: 12 }, { site: 'South, west' }]))
    expect([progress, refusedOrigins]).toEqual([[1, 2], 0])
  })

  test('sends nothing while a row cannot be mapped, and says which and why', async () => {
    const report = await run('Place,Hours\nNorth,12\n,3\nSouth,many\n')
    expect(report).toMatchObject({ created: 0, failed: [{ row: 2, reason: expect.stringContaining('empty') }, { row: 3, reason: expect.stringContaining('no number') }] })
    expect(created).toEqual([])
  })

  test('stops after a refused row and says where to go on', async () => {
    const rows = Array.from({ length: 50 }, (_one, at) => `${at === 1 ? 'bad' : 'good'} ${at},1`)
    const report = await run(`Place,Hours\n${rows.join('\n')}\n`, { concurrency: 1 })
    expect(report).toMatchObject({ rows: 50, created: 1, reached: 2, failed: [{ row: 2, reason: 'Some values are not accepted. site: is bad' }] })
    const rest = await run(`Place,Hours\n${rows.join('\n')}\n`, { skip: report.reached })
    expect(rest).toMatchObject({ skipped: 2, created: 48, failed: [] })
  })

  test('goes on after failed rows when asked to', async () => {
    const report = await run('Place,Hours\nbad,1\n,1\ngood,1\n', { onError: 'continue' })
    expect(report).toMatchObject({ created: 1, failed: [{ row: 1 }, { row: 2 }], reached: 3 })
  })

  test('a wrong password and a missing column end it before the first row', async () => {
    await expect(run('Place,Hours\nNorth,1\n', { password: 'wrong' })).rejects.toThrow('E-mail or password is wrong.')
    await expect(run('Site,Hours\nNorth,1\n')).rejects.toThrow('lacks the columns "Place"')
    await expect(run('Place,Hours\nNorth,1\n', { url: 'http://127.0.0.1:9' })).rejects.toThrow('does not answer')
  })
})

describe('the mapping of accidents', () => {
  const mapped = (csv: string) => (parse(csv, { columns: true, bom: true }) as Row[]).map((row) => mapRow(row, accidents))

  test('maps the sample completely', () => {
    const records = mapped(readText('sample-incidents.csv'))
    expect(records).toHaveLength(40)
    expect(records[0]).toMatchObject({ type: 'firstAid', actualSeverity: 'I', potentialSeverity: 'II', site: 'Main workshop', occurredAt: '2023-01-09T07:40:00.000Z', injured: 1 })
    expect(String(records[0]?.description)).toContain('Critical risk: Manual Tools. Sector: Services. Employment: Employee. Country_A.')
    const places = records.map(({ site, occurredAt }) => `${String(site)} ${String(occurredAt)}`)
    expect(new Set(places).size, 'several people hurt in one event share site and time').toBeLessThan(places.length)
  })

  const file = join(folder, '../../../shared/data/ihm-industrial-accidents.csv')
  test.skipIf(!existsSync(file))('maps the 425 published accidents completely (needs ../shared/data)', () => {
    const records = mapped(readFileSync(file, 'utf8'))
    expect(records).toHaveLength(425)
    const count = (type: string): number => records.filter((record) => record.type === type).length
    expect([count('firstAid'), count('medicalTreatment'), count('restrictedWork'), count('lostTime')]).toEqual([316, 40, 31, 38])
  })
})

test('the hours of the sample are mapped to months', () => {
  const hours = readMapping(JSON.parse(readText('sample-hours.mapping.json')))
  const records = (parse(readText('sample-hours.csv'), { columns: true }) as Row[]).map((row) => mapRow(row, hours))
  expect(records).toHaveLength(144)
  expect(records[0]).toMatchObject({ month: '2023-01-01', site: 'Platform A', employer: 'company' })
})

test('a mapping that does not say where a value comes from is refused', () => {
  expect(() => readMapping({ fields: { site: {} } })).toThrow('Field "site"')
  expect(() => readMapping({ fields: { at: { column: 'At', date: 'dd-MM-yyyy' } } })).toThrow('"as"')
  expect(() => mapRow({ Level: 'IX' }, readMapping({ fields: { level: { column: 'Level', values: { I: 'slight' } } } }))).toThrow('does not list')
})
