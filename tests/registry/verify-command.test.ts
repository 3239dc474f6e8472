import { execFile } from 'node:child_process'
import { mkdtemp, readdir, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { startRegistry, type Registry } from '@opsflux/registry-repository'
import { generateKeyPair } from '@opsflux/registry-metadata'
import pino from 'pino'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { makeRepository, Packages } from './scene.ts'

const bin = fileURLToPath(new URL('../../sdk/cli/bin/opsflux.mjs', import.meta.url))
let packages: Packages
let repository: Awaited<ReturnType<typeof makeRepository>>
let registry: Registry
let place: string

beforeAll(async () => {
  packages = await Packages.make()
  repository = await makeRepository(packages.key)
  registry = await startRegistry({ home: repository.home, port: 0, bind: '127.0.0.1', log: pino({ level: 'silent' }) })
  place = await mkdtemp(join(tmpdir(), 'opsflux-verify-command-'))
})
afterAll(async () => {
  await registry.stop()
  await rm(place, { recursive: true, force: true })
  await repository[Symbol.asyncDispose]()
  await packages[Symbol.asyncDispose]()
})

async function verify(path: string, ...more: string[]): Promise<{ code: number; out: string; error: string }> {
  const args = [bin, 'verify', path, '--registry', registry.url, '--root', join(repository.home, 'root.json'), ...more]
  return promisify(execFile)(process.execPath, args, { env: { PATH: process.env.PATH, TMPDIR: place } }).then(
    ({ stdout, stderr }) => ({ code: 0, out: stdout, error: stderr }),
    (failed: { code: number; stdout: string; stderr: string }) => ({ code: failed.code, out: failed.stdout, error: failed.stderr }))
}

describe('opsflux verify, asking a registry', () => {
  test('accepts what the publisher of the id signed, published or not, and leaves nothing of its own behind', async () => {
    const { path } = await packages.build('1.0.0')
    expect(await verify(path)).toMatchObject({ code: 0, error: '', out: expect.stringContaining('signed by hello, who owns this id') })
    expect(await readdir(place)).toEqual([])
  })

  test.each([
    ['a stranger', generateKeyPair().privateKeyPem, 'hello-notes', 'untrusted-release'], ['nobody', null, 'hello-notes', 'package-refused (signature-missing)'],
    ['its publisher, under an id of another', undefined, 'other-notes', 'untrusted-release'],
  ])('refuses what was signed by %s, and unpacks nothing', async (_, privateKeyPem, id, refusal) => {
    const { path } = await packages.build('1.0.1', { id, ...(privateKeyPem === undefined ? {} : { privateKeyPem }) })
    expect(await verify(path, '--unpack', join(place, 'unpacked'))).toMatchObject({ code: 1, out: '', error: expect.stringContaining(refusal) })
    expect(await readdir(place)).toEqual([])
  })
})
