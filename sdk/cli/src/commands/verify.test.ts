import { execFileSync } from 'node:child_process'
import { cp, mkdir, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { openPackage } from '@opsflux/registry-client'
import { generateKeyPair } from '@opsflux/registry-metadata'
import type { Json } from '@opsflux/sdk'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { manifestOf, signatureOf, writePackage } from '../archive/pack.ts'
import { buildPackage } from '../build/build-package.ts'
import { run } from '../main.ts'

const hello = fileURLToPath(new URL('../../../../tests/fixtures/hello', import.meta.url))
const key = generateKeyPair()
let folder: string
let unsigned: string
let signed: string
let publicKey: string
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), 'opsflux-verify-test-'))
  unsigned = (await buildPackage({ folder: hello, out: join(folder, 'unsigned') })).path
  signed = (await buildPackage({ folder: hello, out: join(folder, 'signed'), privateKeyPem: key.privateKeyPem })).path
  publicKey = join(folder, 'hello.public.pem')
  await writeFile(publicKey, key.publicKeyPem)
})
afterAll(() => rm(folder, { recursive: true }))

async function verify(...args: string[]): Promise<{ code: number; out: string; error: string }> {
  const [out, error]: [string[], string[]] = [[], []]
  const code = await run(['verify', ...args], { out: (text) => out.push(text), error: (text) => error.push(text) })
  return { code, out: out.join('\n'), error: error.join('\n') }
}

/** The good package with some files replaced, listed and signed as its publisher would. */
async function altered(change: (files: Map<string, Buffer>) => void, privateKeyPem = key.privateKeyPem): Promise<string> {
  const opened = await openPackage(signed)
  const files = new Map(opened.entries.filter((path) => !path.startsWith('manifest.')).map((path) => [path, opened.read(path)]))
  change(files)
  const manifest = manifestOf(opened.plugin, files)
  const path = join(folder, 'altered.tgz')
  await writePackage(path, files.set('manifest.json', manifest).set('manifest.sig', signatureOf(manifest, privateKeyPem)))
  return path
}

const edited = (edit: (plugin: Record<string, Json>) => void) => (files: Map<string, Buffer>): void => {
  const plugin = JSON.parse(files.get('plugin.json')?.toString() ?? '') as Record<string, Json>
  edit(plugin)
  files.set('plugin.json', Buffer.from(`${JSON.stringify(plugin, undefined, 2)}\n`))
}

it('refuses a package made for another SDK, as an install does', async () => {
  const source = join(folder, 'of-tomorrow')
  await cp(hello, source, { recursive: true })
  const declaration = join(source, 'plugin.ts')
  await writeFile(declaration, (await readFile(declaration, 'utf8')).replace(/sdk: '[^']+'/, "sdk: '^99.0.0'"))
  const { path } = await buildPackage({ folder: source, out: join(folder, 'of-tomorrow-built'), privateKeyPem: key.privateKeyPem })
  expect(await verify(path, '--unpack', join(folder, 'never'))).toMatchObject({ code: 1, out: '', error: expect.stringMatching(/plan-impossible[\s\S]*SDK \^99\.0\.0/) })
  expect(await readdir(folder)).not.toContain('never')
})

describe('opsflux verify', () => {
  it('says plainly what was not checked, and that this is not wrong in itself', async () => {
    expect(await verify(signed)).toMatchObject({ code: 0, out: expect.stringContaining('warning: its signature was not checked') })
    const checked = await verify(signed, '--key', publicKey)
    expect(checked).toMatchObject({ code: 0, out: expect.stringContaining('which is right') })
    expect(checked.out).not.toContain('warning')
    expect(JSON.parse((await verify(signed, '--json')).out)).toMatchObject({ signatureChecked: false, warnings: [expect.any(String)] })
  })

  it('refuses a package that is not signed, as an install does, and one not signed with the key that is given', async () => {
    expect(await verify(unsigned)).toMatchObject({ code: 1, out: '', error: expect.stringContaining('signature-missing') })
    expect(await verify(unsigned, '--key', publicKey)).toMatchObject({ code: 1, error: expect.stringContaining('signature-missing') })
    expect(await verify(await altered(() => undefined, generateKeyPair().privateKeyPem), '--key', publicKey)).toMatchObject({ code: 1, error: expect.stringContaining('signature-wrong') })
  })

  it('takes an address and its root together only, and fails when the registry cannot be asked', async () => {
    expect(await verify(signed, '--registry', 'http://127.0.0.1:9')).toMatchObject({ code: 2, error: expect.stringContaining('--root') })
    expect(await verify(signed, '--registry', 'http://127.0.0.1:9', '--root', join(folder, 'absent.json'))).toMatchObject({ code: 2, error: expect.stringContaining('root.json') })
  })

  it('names all that is wrong with a plugin.json', async () => {
    const path = await altered(edited((plugin) => Object.assign(plugin, { name: '', summary: 7, icon: '../x', category: '', sdk: 'new' })))
    const { code, error } = await verify(path)
    expect(code).toBe(1)
    for (const wrong of ['/name', '/summary', '/icon', '/category', '/sdk']) expect(error).toMatch(new RegExp(`^ {2}${wrong} \\S`, 'm'))
  })

  it('judges class names and migrations as an install does', async () => {
    const classes = await altered(edited((plugin) => { (plugin.client as { classes: string[] }).classes.push('bg-[url(x)]') }))
    expect(await verify(classes)).toMatchObject({ code: 1, error: expect.stringContaining('/client/classes/') })
    const migration = await altered((files) => files.set('migrations/0001-init.up.sql', Buffer.from("create table note (tenant_id uuid not null);\nselect pg_notify('x', '')")))
    const { code, error } = await verify(migration)
    expect(code).toBe(1)
    expect(error).toMatch(/migration-forbidden[\s\S]*migrations\/0001-init\.up\.sql" \(statement 2\) is refused: the function pg_notify/)
  })

  it('gives a clear error, without waiting, for what is no package', async () => {
    const pipe = join(folder, 'pipe')
    execFileSync('mkfifo', [pipe])
    const empty = join(folder, 'empty.tgz')
    await writeFile(empty, '')
    expect(await verify(pipe)).toMatchObject({ code: 1, error: expect.stringContaining('not-a-file') })
    expect(await verify('/dev/zero')).toMatchObject({ code: 1, error: expect.stringContaining('not-a-file') })
    expect(await verify(folder)).toMatchObject({ code: 1, error: expect.stringContaining('is a folder') })
    expect(await verify(empty)).toMatchObject({ code: 1, error: expect.stringContaining('is empty') })
    expect(await verify(join(folder, 'absent.tgz'))).toMatchObject({ code: 2, error: expect.stringContaining('nothing at') })
  })
})

describe('opsflux verify --unpack', () => {
  it('writes the files to a folder that is not there, or empty', async () => {
    const opened = await openPackage(signed)
    await mkdir(join(folder, 'out', 'empty'), { recursive: true })
    for (const target of [join(folder, 'out', 'new', 'deeper'), join(folder, 'out', 'empty')]) {
      expect(await verify(signed, '--unpack', target)).toMatchObject({ code: 0, out: expect.stringContaining(`unpacked to ${target}`) })
      for (const path of opened.entries) expect(await readFile(join(target, path))).toEqual(opened.read(path))
    }
  })

  it('never writes over anything, nor through a link', async () => {
    const place = await mkdtemp(join(folder, 'taken-'))
    await writeFile(join(place, 'mine.txt'), 'mine')
    await symlink(place, join(folder, 'link'))
    for (const target of [place, join(folder, 'link'), join(place, 'mine.txt')]) expect(await verify(signed, '--unpack', target)).toMatchObject({ code: 1, error: expect.stringContaining('conflict') })
    expect(await readdir(place)).toEqual(['mine.txt'])
    expect(await verify(signed, '--unpack', join(place, 'mine.txt', 'below'))).toMatchObject({ code: 1, error: expect.stringMatching(/conflict[\s\S]*cannot be written/) })
  })

  it('leaves nothing of a package that is refused', async () => {
    const place = await mkdtemp(join(folder, 'refused-'))
    const path = await altered(edited((plugin) => Object.assign(plugin, { id: 'other-notes' })))
    expect(await verify(path, '--unpack', join(place, 'a', 'b'))).toMatchObject({ code: 1 })
    expect(await verify(unsigned, '--key', publicKey, '--unpack', join(place, 'a', 'b'))).toMatchObject({ code: 1 })
    expect(await readdir(place)).toEqual([])
  })
})
