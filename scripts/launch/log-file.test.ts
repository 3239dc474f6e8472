import { mkdtempSync, readdirSync, readFileSync, rmSync, statSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterEach, beforeEach, describe, expect, test } from 'vitest'
import { LogFile } from './log-file.ts'

describe('the log of a process', () => {
  let folder: string
  let log: LogFile
  const lines = (): unknown[] => readFileSync(log.path, 'utf8').trim().split('\n').map((line) => JSON.parse(line))

  beforeEach(() => {
    folder = mkdtempSync(join(tmpdir(), 'opsflux-logs-'))
    log = new LogFile(folder, 'host')
  })

  afterEach(() => rmSync(folder, { recursive: true }))

  test('is lines of JSON, however the output comes in pieces', () => {
    log.take('{"level":30,"msg":"ser')
    log.take('ving"}\nwords\n')
    log.close()
    expect(lines()).toMatchObject([{ level: 30, msg: 'serving' }, { process: 'host', msg: 'words' }])
  })

  test('is closed once, and what comes later is left out', () => {
    log.take('the last')
    log.close()
    log.take('too late\n')
    expect(lines()).toMatchObject([{ msg: 'the last' }])
  })

  test('is set aside by size, and the oldest is dropped', () => {
    const line = `{"msg":"${'x'.repeat(1024 * 1024)}"}\n`
    for (let count = 0; count < 60; count += 1) log.take(line)
    log.close()
    expect(readdirSync(folder).toSorted()).toEqual(['host.1.log', 'host.2.log', 'host.3.log', 'host.4.log', 'host.log'])
    for (const name of readdirSync(folder)) expect(statSync(join(folder, name)).size).toBeLessThanOrEqual(10 * 1024 * 1024)
  })

  test('tells the errors that the process logged, else its last lines', () => {
    log.take('node: bad option\n')
    expect(log.reason()).toContain('node: bad option')
    log.take('{"level":60,"msg":"the host did not start","err":{"message":"no database"}}\n')
    expect(log.reason()).toBe('the host did not start: no database')
    log.close()
  })
})
