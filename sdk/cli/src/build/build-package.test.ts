import { cp, mkdir, readdir, rename, symlink, utimes, writeFile } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { checkSignature, openPackage } from '@opsflux/registry-client'
import { generateKeyPair } from '@opsflux/registry-metadata'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { signPackage } from '../archive/sign-package.ts'
import { copyOfHello, type PluginCopy } from '../testing.ts'
import { buildPackage, type BuildOptions } from './build-package.ts'

let hello: PluginCopy
beforeEach(async () => {
  hello = await copyOfHello()
})
afterEach(() => hello[Symbol.asyncDispose]())

const build = (options: Partial<BuildOptions> = {}) => buildPackage({ folder: hello.path, out: hello.out, ...options })
const built = async (options: Partial<BuildOptions> = {}) => openPackage((await build(options)).path)

describe('the same sources give the same package', () => {
  it('from another folder, at another time, checked out with other line ends and file order', async () => {
    const first = await build()
    await using other = await copyOfHello()
    await utimes(join(other.path, 'plugin.ts'), new Date(1e12), new Date(1e12))
    for (const file of ['entities.ts', 'README.md', 'migrations/0001-init.up.sql', 'client/greetings-page.vue']) await other.edit(file, (text) => text.replaceAll('\n', '\r\n'))
    await rename(join(other.path, 'locales'), join(other.path, 'before'))
    await mkdir(join(other.path, 'locales'))
    for (const name of (await readdir(join(other.path, 'before'))).toReversed()) await rename(join(other.path, 'before', name), join(other.path, 'locales', name))
    await other.remove('before')
    await other.write('node_modules/.cache/x', 'left out')
    const second = await buildPackage({ folder: other.path, out: other.out })
    expect(second.digest).toBe(first.digest)
    expect(second.path).not.toBe(first.path)
  })

  it('in another workspace', async () => {
    const first = await build()
    const workspace = join(hello.path, '..', 'some', 'other', 'workspace')
    await mkdir(join(workspace, 'plugins'), { recursive: true })
    await symlink(fileURLToPath(new URL('../../../../node_modules', import.meta.url)), join(workspace, 'node_modules'), 'junction')
    await cp(hello.path, join(workspace, 'plugins', 'hello'), { recursive: true })
    expect((await build({ folder: join(workspace, 'plugins', 'hello') })).digest).toBe(first.digest)
    expect(await readdir(join(workspace, '.cache', 'build'))).toEqual([])
  })

  it('at the same moment', async () => {
    const digests = (await Promise.all([1, 2, 3].map((at) => build({ out: `${hello.out}-${at}` })))).map((one) => one.digest)
    expect(new Set(digests).size).toBe(1)
  })

  it('signed at once or afterwards', async () => {
    const { privateKeyPem, publicKeyPem, keyid } = generateKeyPair()
    const once = await build({ privateKeyPem })
    const unsigned = await build({ out: `${hello.out}-unsigned` })
    expect(unsigned.digest).not.toBe(once.digest)
    expect(await signPackage(unsigned.path, privateKeyPem, 'hello')).toBe(once.digest)
    expect(await signPackage(unsigned.path, privateKeyPem, 'hello')).toBe(once.digest)
    expect(checkSignature(await openPackage(unsigned.path), [{ keyid, publicKey: publicKeyPem }]).keyid).toBe(keyid)
    await expect(signPackage(unsigned.path, privateKeyPem, 'other')).rejects.toMatchObject({ code: 'invalid-request' })
  })
})

describe('a package', () => {
  it('declares what plugin.ts declares', async () => {
    const { plugin } = await built()
    expect(plugin).toMatchObject({
      id: 'hello-notes', version: '1.0.0', publisher: 'hello', hooks: { greeting: ['beforeCreate'] }, migrations: [{ id: '0001-init', reversible: true }], locales: ['en', 'fr', 'es', 'pt'],
      routes: [{ name: 'count', method: 'GET', path: '/count', action: 'view', query: { language: { kind: 'string' } }, body: {} }],
    })
  })

  it('has server code that imports nothing and hands out the handlers', async () => {
    const code = (await built()).text('server/index.js')
    expect(code).not.toMatch(/^\s*import\b|import\(|require\(/m)
    const module = await import(`data:text/javascript,${encodeURIComponent(code)}`) as { default: { hooks: { greeting: { beforeCreate(input: object): object } } } }
    expect(module.default.hooks.greeting.beforeCreate({ text: ' hi ' })).toEqual({ text: 'hi' })
    expect(() => module.default.hooks.greeting.beforeCreate({ text: ' ' })).toThrow('needs words')
  })

  it('has client code that imports only what the platform shares, and none of the declarations', async () => {
    const opened = await built()
    const code = opened.entries.filter((path) => path.startsWith('client/') && path.endsWith('.js')).map((path) => opened.text(path)).join('\n')
    const imports = [...code.matchAll(/from\s*"([^"]+)"|import\("([^"]+)"\)/g)].map((match) => match[1] ?? match[2])
    expect(new Set(imports.map((name) => name?.replace(/^\.\/[\w-]+\.js$/, './chunk.js')))).toEqual(new Set(['vue', '@opsflux/sdk/client', '@opsflux/ui', './chunk.js']))
    expect(code).not.toContain('Keeps greetings')
    expect(code).not.toContain('beforeCreate')
  })

  it('names its client files by content, with integrity and the classes they use', async () => {
    const { plugin: { client }, entries } = await built()
    expect(client?.entry).toMatch(/^client\/index-[\w-]{8}\.js$/)
    expect(client?.css).toEqual([expect.stringMatching(/^client\/style-[\w-]{8}\.css$/)])
    expect(Object.keys(client?.integrity ?? {})).toEqual(entries.filter((path) => path.startsWith('client/')))
    expect(client?.classes).toEqual(expect.arrayContaining(['gap-2', 'px-3', 'text-muted-foreground']))
  })

  it('holds no path and no name of the machine', async () => {
    const opened = await built()
    for (const path of opened.entries) {
      for (const trace of [hello.path, process.cwd(), 'stage-', hostname()]) expect(opened.text(path), path).not.toContain(trace)
    }
  })

  it('lists in its SBOM what is bundled from elsewhere', async () => {
    await hello.edit('client/index.ts', (text) => `import { valid } from 'semver'\nglobalThis.dispatchEvent(new Event(String(valid('1.0.0'))))\n${text}`)
    const sbom = JSON.parse((await built()).text('sbom.json')) as { specVersion: string; components: { purl: string }[] }
    expect(sbom.specVersion).toBe('1.6')
    expect(sbom.components.map((component) => component.purl)).toEqual([expect.stringMatching(/^pkg:npm\/%40opsflux\/sdk@/), expect.stringMatching(/^pkg:npm\/semver@/)])
  })

  it('may have no client and no server', async () => {
    await hello.remove('client')
    await hello.remove('server')
    await hello.edit('plugin.ts', (text) => text.replace(/ {2}menus:.*\n/, '').replace(/ {2}hooks:.*\n/, '').replace(/ {2}routes: \{[\s\S]*?\n {2}\},\n/, ''))
    const { plugin, entries } = await built()
    expect(plugin.client ?? plugin.server).toBeUndefined()
    expect(entries).toContain('plugin.json')
  })

  it('is built from the sources as they are now', async () => {
    await build()
    await hello.edit('plugin.ts', (text) => text.replace('Keeps greetings', 'Keeps all greetings'))
    expect((await built()).plugin.summary).toBe('Keeps all greetings')
  })
})

describe('an overlay', () => {
  it('replaces, adds and removes', async () => {
    const overlay = join(hello.path, '..', 'overlay')
    await mkdir(join(overlay, 'migrations'), { recursive: true })
    await writeFile(join(overlay, 'package.json'), '{"version":"1.1.0"}')
    await writeFile(join(overlay, 'CHANGELOG.md'), '## 1.1.0\n')
    await writeFile(join(overlay, 'migrations/0002-more.up.sql'), 'alter table greeting add column more text;\n')
    await writeFile(join(overlay, 'overlay.json'), '{"remove":["icon.svg","migrations/0001-init.down.sql"]}')
    const opened = await built({ overlay })
    expect(opened.plugin).toMatchObject({ version: '1.1.0', migrations: [{ id: '0001-init', reversible: false }, { id: '0002-more', reversible: false }] })
    expect(opened.entries).not.toContain('icon.svg')
  })

  it.each(['../../outside', 'absent.sql', '.'])('cannot remove %s', async (path) => {
    const overlay = join(hello.path, '..', 'overlay')
    await mkdir(overlay)
    await writeFile(join(overlay, 'overlay.json'), JSON.stringify({ remove: [path] }))
    await expect(build({ overlay })).rejects.toMatchObject({ code: 'validation-failed' })
  })
})

describe('the build stops, says why and leaves nothing', () => {
  it.each<[string, RegExp, () => Promise<unknown>]>([
    ['a language with fewer messages', /fr lacks menu\.greetings/, () => hello.edit('locales/fr.json', (text) => text.replace(/.*menu\.greetings.*\n/, ''))],
    ['a language left out', /locales\/pt\.json is missing/, () => hello.remove('locales/pt.json')],
    ['a change log without this release', /"## 1\.0\.1"/, () => hello.write('package.json', '{"version":"1.0.1"}')],
    ['no README', /README\.md is missing/, () => hello.remove('README.md')],
    ['no version', /no version/, () => hello.write('package.json', '{}')],
    ['a wrong declaration', /\/entities\/0\/fields\/createdAt is a system column/, () => hello.edit('entities.ts', (text) => text.replace('times:', 'createdAt: field.date(),\n    times:'))],
    ['a menu without message', /menu\.absent/, () => hello.edit('plugin.ts', (text) => text.replace('menu.greetings', 'menu.absent'))],
    ['a plugin.ts that throws', /plugin\.ts cannot be evaluated: no luck/, () => hello.edit('plugin.ts', (text) => `${text}\nthrow new Error('no luck')`)],
    ['a plugin.ts that exports something else', /definePlugin/, () => hello.write('plugin.ts', 'export default 1')],
    ['a syntax error', /server\/index\.ts cannot be bundled/, () => hello.edit('server/index.ts', (text) => `${text}\n}`)],
    ['Node.js on the server', /"node:fs" is a module of Node\.js, imported by server\/index\.ts/, () => hello.edit('server/index.ts', (text) => `import 'node:fs'\n${text}`)],
    ['Node.js in the browser', /"fs" is a module of Node\.js, imported by client\/index\.ts/, () => hello.edit('client/index.ts', (text) => `import 'fs'\n${text}`)],
    ['a package nobody installed', /"left-padding", imported by client\/greetings-page\.vue, is not shared/, () => hello.edit('client/greetings-page.vue', (text) => text.replace('import {', 'import \'left-padding\'\nimport {'))],
    ['a package nobody installed on the server', /"left-padding", imported by server\/index\.ts/, () => hello.edit('server/index.ts', (text) => `import 'left-padding'\n${text}`)],
    ['a part of the platform that is not open', /"@opsflux\/kernel".*is not open to modules/, () => hello.edit('server/index.ts', (text) => `import '@opsflux/kernel'\n${text}`)],
    ['a file outside the plugin', /is outside the plugin/, () => hello.edit('server/index.ts', (text) => `import '../../../../sdk/plugin/src/json.ts'\n${text}`)],
    ['a file that is not there', /absent\.ts/, () => hello.edit('client/index.ts', (text) => `import './absent.ts'\n${text}`)],
    ['utilities of its own', /@layer utilities/, () => hello.edit('client/greetings-page.vue', (text) => text.replace('<style scoped>', '<style scoped>@layer utilities { .p-8 { padding: 1px } }'))],
    ['styles that fetch', /url\(/, () => hello.edit('client/greetings-page.vue', (text) => text.replace('<style scoped>', '<style scoped>.a { background: url(https://cdn.example/a.png) }'))],
    ['a misnamed migration', /migrations\/init\.sql/, () => hello.write('migrations/init.sql', '')],
    ['a way back without a way there', /0002-x\.up\.sql/, () => hello.write('migrations/0002-x.down.sql', '')],
    ['a link among the sources', /neither a file nor a folder/, () => symlink('/etc/hostname', join(hello.path, 'server/host.ts'))],
    ['a migration that breaks out', /0002-x\.up\.sql" \(statement 2\) is refused: the function pg_notify/, () => hello.write('migrations/0002-x.up.sql', "select 1;\nselect pg_notify('x', '')")],
    ['an icon with a script', /icon\.svg/, () => hello.write('icon.svg', '<svg onload="x()"></svg>')],
  ])('for %s', async (_case, message, change) => {
    await change()
    await expect(build()).rejects.toThrow(message)
    expect(await readdir(hello.out).catch(() => [])).toEqual([])
  })

  it('for a folder that is none', async () => {
    await expect(build({ folder: join(hello.path, 'absent') })).rejects.toMatchObject({ code: 'invalid-request' })
    await expect(build({ overlay: join(hello.path, 'absent') })).rejects.toMatchObject({ code: 'invalid-request' })
  })
})
