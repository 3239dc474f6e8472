import { execFile } from 'node:child_process'
import { mkdtemp, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { promisify } from 'node:util'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { run } from './main.ts'

const hello = fileURLToPath(new URL('../../../tests/fixtures/hello', import.meta.url))
const bin = fileURLToPath(new URL('../bin/opsflux.mjs', import.meta.url))
let folder: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opsflux-cli-'))
})
afterAll(() => rm(folder, { recursive: true }))

async function opsflux(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const [out, error]: [string[], string[]] = [[], []]
  const code = await run(args, { out: (text) => out.push(text), error: (text) => error.push(text) })
  return { code, out: out.join('\n'), error: error.join('\n') }
}

describe('opsflux', () => {
  it('makes keys, builds, verifies and notices a changed package', async () => {
    const keys = join(folder, 'keys')
    expect(await opsflux('keygen', '--publisher', 'hello', '--out', keys)).toMatchObject({ code: 0 })
    const built = await opsflux('build', hello, '--key', join(keys, 'hello.private.pem'), '--out', folder, '--json')
    const { path, digest } = JSON.parse(built.out) as { path: string; digest: string }
    expect(path).toBe(join(folder, 'hello-notes-1.0.0.tgz'))
    const verified = await opsflux('verify', path, '--key', join(keys, 'hello.public.pem'))
    expect(verified).toMatchObject({ code: 0, out: expect.stringContaining(digest) })
    expect(verified.out).toContain('which is right')

    await opsflux('keygen', '--publisher', 'other', '--out', keys)
    expect(await opsflux('verify', path, '--key', join(keys, 'other.public.pem'))).toMatchObject({ code: 1, error: expect.stringContaining('signature-wrong') })
    const bytes = await readFile(path)
    bytes.writeUInt8(bytes.readUInt8(bytes.length / 2 | 0) ^ 1, bytes.length / 2 | 0)
    await writeFile(join(folder, 'changed.tgz'), bytes)
    const changed = await opsflux('verify', join(folder, 'changed.tgz'), '--json')
    expect(changed.code).toBe(1)
    expect(JSON.parse(changed.error)).toMatchObject({ error: { code: 'package-refused', data: { reason: expect.any(String) } } })
  })

  it('keeps the private key to its owner and never overwrites a key', async () => {
    const keys = join(folder, 'kept')
    await opsflux('keygen', '--publisher', 'hello', '--out', keys)
    const before = await readFile(join(keys, 'hello.private.pem'), 'utf8')
    if (process.platform !== 'win32') expect((await stat(join(keys, 'hello.private.pem'))).mode & 0o777).toBe(0o600)
    expect(await opsflux('keygen', '--publisher', 'hello', '--out', keys)).toMatchObject({ code: 1, error: expect.stringContaining('not overwritten') })
    expect(await readFile(join(keys, 'hello.private.pem'), 'utf8')).toBe(before)
  })

  it('signs only for the publisher the package is of', async () => {
    const keys = join(folder, 'signing')
    await opsflux('keygen', '--publisher', 'hello', '--out', keys)
    await opsflux('build', hello, '--out', keys)
    const path = join(keys, 'hello-notes-1.0.0.tgz')
    const key = join(keys, 'hello.private.pem')
    expect(await opsflux('sign', path, '--key', key, '--publisher', 'other')).toMatchObject({ code: 2 })
    expect(await opsflux('sign', path, '--key', join(keys, 'hello.public.pem'), '--publisher', 'hello')).toMatchObject({ code: 2, error: expect.stringContaining('private key') })
    expect(await opsflux('sign', path, '--key', key, '--publisher', 'hello')).toMatchObject({ code: 0 })
    expect(await opsflux('verify', path, '--key', join(keys, 'hello.public.pem'))).toMatchObject({ code: 0 })
  })

  it.each([
    [['bild'], 'There is no command "bild"'],
    [['build'], 'takes <folder>'],
    [['build', 'a', 'b'], 'takes <folder>'],
    [['build', 'a', '--kee', 'x'], '--kee'],
    [['keygen', '--out', 'x'], '--publisher is missing'],
    [['keygen', '--publisher', 'Not A Name', '--out', 'x'], 'cannot be the name of a publisher'],
    [['build', 'absent-folder'], 'no plugin folder'],
    [['build', 'absent-folder', '--key', 'absent.pem'], 'cannot be read'],
  ])('refuses %j with a next step and exit code 2', async (args, message) => {
    expect(await opsflux(...args)).toMatchObject({ code: 2, out: '', error: expect.stringContaining(message) })
  })

  it.each(['the folder', 'the package'])('leaves %s as it is when the registry does not answer', async (kind) => {
    const place = join(folder, kind)
    const key = join(place, 'hello.private.pem')
    await opsflux('keygen', '--publisher', 'hello', '--out', place)
    await opsflux('build', hello, '--out', place)
    const path = join(place, 'hello-notes-1.0.0.tgz')
    const before = await readFile(path)
    const source = kind === 'the folder' ? hello : path
    // Port 9 is "discard" (RFC 863): nothing listens there.
    expect(await opsflux('publish', source, '--registry', 'http://127.0.0.1:9', '--key', key)).toMatchObject({ code: 1, error: expect.stringContaining('registry-unreachable') })
    expect(await readFile(path)).toEqual(before)
  })

  it('publishes only what is there, an overlay only with a folder, and only with the publisher’s key', async () => {
    const place = join(folder, 'refused')
    for (const publisher of ['hello', 'other']) await opsflux('keygen', '--publisher', publisher, '--out', place)
    const [key, other] = [join(place, 'hello.private.pem'), join(place, 'other.private.pem')]
    const { path } = JSON.parse((await opsflux('build', hello, '--key', key, '--out', place, '--json')).out) as { path: string }
    const registry = ['--registry', 'http://127.0.0.1:9']
    expect(await opsflux('publish', 'absent', ...registry, '--key', key)).toMatchObject({ code: 2, error: expect.stringContaining('nothing at') })
    expect(await opsflux('publish', path, '--overlay', place, ...registry, '--key', key)).toMatchObject({ code: 2, error: expect.stringContaining('overlay') })
    expect(await opsflux('publish', path, ...registry, '--key', other)).toMatchObject({ code: 1, error: expect.stringContaining('signature-wrong') })
  })

  it('helps', async () => {
    expect(await opsflux('--help')).toMatchObject({ code: 0, out: expect.stringContaining('keygen') })
    expect(await opsflux('build', '--help')).toMatchObject({ code: 0, out: expect.stringContaining('--overlay') })
  })

  it('runs as a command', async () => {
    const { stdout } = await promisify(execFile)(process.execPath, [bin, '--help'])
    expect(stdout).toContain('Usage: opsflux')
    await expect(promisify(execFile)(process.execPath, [bin, 'verify', bin])).rejects.toMatchObject({ code: 1, stderr: expect.stringContaining('not-gzip') })
  })
})
