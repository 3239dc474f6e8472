import { readdir, readFile, rm, stat, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Ceremony, done, json, opsflux, refused, statusOf, travel } from './testing.ts'

afterEach(() => {
  vi.useRealTimers()
  vi.unstubAllEnvs()
})

describe('a holder’s key', () => {
  test('is for its holder alone, and never overwritten', async () => {
    await using scene = await Ceremony.prepare(['amber'])
    if (process.platform !== 'win32') expect((await stat(scene.privateKey('amber'))).mode & 0o777).toBe(0o600)
    expect(await opsflux('registry', 'key', '--name', 'amber', '--out', scene.path('amber'))).toMatchObject(refused('conflict', 'not overwritten'))
  })

  test('is encrypted with a passphrase, which opens it from a file or the environment and from nowhere else', async () => {
    await using scene = await Ceremony.begin()
    const [file, wrong] = [scene.path('passphrase'), scene.path('wrong')]
    await writeFile(file, 'six words that nobody else knows\n')
    await writeFile(wrong, 'another passphrase\n')
    await done('registry', 'key', '--name', 'dune', '--out', scene.path('dune'), '--passphrase-file', file)
    expect(await readFile(scene.privateKey('dune'), 'utf8')).toContain('BEGIN ENCRYPTED PRIVATE KEY')
    await done('registry', 'init', '--home', scene.home, '--root-key', scene.publicKey('amber'), '--root-key', scene.publicKey('dune'))
    const sign = ['registry', 'root', 'sign', scene.draft, '--key', scene.privateKey('dune')]
    expect(await opsflux(...sign)).toMatchObject(refused('invalid-request', '--passphrase-file'))
    expect(await opsflux(...sign, '--passphrase-file', wrong)).toMatchObject(refused('invalid-request', 'does not open'))
    expect(await opsflux(...sign, '--passphrase-file', file)).toMatchObject({ code: 0 })
    vi.stubEnv('OPSFLUX_PASSPHRASE', 'six words that nobody else knows')
    expect(await opsflux(...sign)).toMatchObject({ code: 0 })
    expect(await opsflux(...sign, '--passphrase', 'six words that nobody else knows')).toMatchObject(refused('invalid-request'))
  })

  test('is refused a passphrase that protects nothing', async () => {
    await using scene = await Ceremony.prepare([])
    vi.stubEnv('OPSFLUX_PASSPHRASE', 'short')
    expect(await opsflux('registry', 'key', '--name', 'amber', '--out', scene.place)).toMatchObject(refused('invalid-request', 'passphrase'))
    expect(await readdir(scene.place)).toEqual([])
  })
})

describe('the first root', () => {
  test('two of three holders sign, each a copy of its own, and hosts pin it', async () => {
    await using scene = await Ceremony.begin()
    expect((await statusOf(scene.home)).isReady).toBe(false)
    await expect(scene.serve()).rejects.toMatchObject({ code: 'not-ready' })
    const copies = await Promise.all([scene.sign(['amber']), scene.sign(['coral'])])
    expect(await scene.apply(...copies)).toMatchObject({ code: 0, out: expect.stringContaining('root.json') })
    const host = await scene.host(await scene.serve())
    await host.refresh()
    expect(await host.releases()).toEqual([])
    expect(await readdir(join(scene.home, 'keys'))).toEqual(['snapshot.pem', 'targets.pem', 'timestamp.pem'])
    const { roles, due } = await statusOf(scene.home)
    expect([due, roles.find(({ role }) => role === 'root')]).toEqual([[], expect.objectContaining({ version: 1, keysHere: 0, threshold: 2 })])
  })

  test.each([[['amber']], [[]]])('is not in force with the signatures of %j', async (holders) => {
    await using scene = await Ceremony.begin()
    expect(await scene.apply(await scene.sign(holders))).toMatchObject(refused('untrusted-release', 'signatures of 2'))
    expect(await readdir(scene.home)).toEqual(['keys', 'root.draft.json'])
  })

  test('one holder who signs twice counts once', async () => {
    await using scene = await Ceremony.begin()
    expect(await scene.apply(await scene.sign(['amber', 'amber']), await scene.sign(['amber']))).toMatchObject(refused('untrusted-release'))
  })

  test.each([
    ['one key given twice', ['amber', 'amber'], []], ['a threshold of more than there are keys', ['amber', 'blue'], ['--threshold', '3']],
    ['no threshold at all', ['amber', 'blue'], ['--threshold', '0']], ['fifty years', ['amber', 'blue'], ['--days', '18250']], ['no number', ['amber', 'blue'], ['--days', '1e3']],
  ])('is not drafted with %s', async (_, holders, more) => {
    await using scene = await Ceremony.prepare(['amber', 'blue'])
    expect(await opsflux('registry', 'init', '--home', scene.home, ...holders.flatMap((name) => ['--root-key', scene.publicKey(name)]), ...more)).toMatchObject(refused('invalid-request'))
  })

  test('is not drafted with a private key, nor over a root that is there', async () => {
    await using scene = await Ceremony.beginAndApply()
    const init = (key: string): Promise<object> => opsflux('registry', 'init', '--home', scene.home, '--root-key', key, '--threshold', '1')
    expect(await init(scene.privateKey('amber'))).toMatchObject(refused('invalid-request', 'private'))
    expect(await init(scene.publicKey('amber'))).toMatchObject(refused('conflict'))
  })
})

describe('a root that replaces holders', () => {
  const change = (scene: Ceremony, ...more: string[]): Promise<string> => done('registry', 'root', 'draft', '--home', scene.home, ...more)

  test('says in words what it changes, before it is signed', async () => {
    await using scene = await Ceremony.beginAndApply()
    await scene.join('dune')
    const words = await change(scene, '--remove-key', 'amber', '--add-key', scene.publicKey('dune'), '--days', '365')
    expect(words).toMatch(/Root 2, to follow root 1[\s\S]*\+ dune .*added\n.*- amber .*removed/)
    expect(await done('registry', 'root', 'show', scene.draft)).toContain('2 more of the keys in force now, and 2 more of the keys it brings')
  })

  test('a lost key is replaced by the other two', async () => {
    await using scene = await Ceremony.beginAndApply()
    const host = await scene.host(await scene.serve())
    await host.refresh()
    await rm(scene.path('coral'), { recursive: true })
    await scene.join('dune')
    await change(scene, '--remove-key', 'coral', '--add-key', scene.publicKey('dune'))
    await scene.signAndApply(['amber', 'blue'])
    await host.refresh()
    await change(scene)
    await scene.signAndApply(['dune', 'amber'])
    await host.refresh()
  })

  test('hosts that slept through three of them catch up, with nobody left of the first holders', async () => {
    await using scene = await Ceremony.beginAndApply()
    const registry = await scene.serve()
    const [awake, asleep] = [await scene.host(registry), await scene.host(registry)]
    await awake.refresh()
    await asleep.refresh()
    await scene.join('dune', 'ebony', 'fern')
    for (const [old, next, signers] of [['amber', 'dune', ['blue', 'coral']], ['blue', 'ebony', ['blue', 'coral', 'dune']], ['coral', 'fern', ['coral', 'dune', 'ebony']]] as const) {
      await change(scene, '--remove-key', old, '--add-key', scene.publicKey(next))
      await scene.signAndApply(signers)
      await awake.refresh()
    }
    await asleep.refresh()
    await (await scene.host(registry)).refresh()
    expect((await json<{ rootKeys: { name: string }[] }>('registry', 'root', 'show', join(scene.home, 'metadata/4.root.json'))).rootKeys.map(({ name }) => name)).toEqual(['dune', 'ebony', 'fern'])
  })

  test.each([
    ['one holder', ['amber'], 'in force now'], ['the new holders alone', ['dune', 'ebony'], 'in force now'], ['the old holders alone', ['amber', 'blue'], 'that it brings'],
    ['one old and one new', ['amber', 'dune'], 'in force now'],
  ])('is refused with the signatures of %s', async (_, signers, words) => {
    await using scene = await Ceremony.beginAndApply()
    await scene.join('dune', 'ebony')
    await change(scene, '--remove-key', 'amber', '--remove-key', 'blue', '--add-key', scene.publicKey('dune'), '--add-key', scene.publicKey('ebony'))
    expect(await scene.apply(await scene.sign(signers))).toMatchObject(refused('untrusted-release', words))
    expect(await readdir(join(scene.home, 'metadata'))).not.toContain('2.root.json')
  })

  test.each([
    ['its threshold', (text: string) => text.replace(/"threshold": 2(?![\s\S]*"threshold": 2)/, '"threshold": 1')],
    ['its date', (text: string) => text.replaceAll(/"expires": "20(\d\d)/g, (_, year: string) => `"expires": "20${Number(year) + 1}`)],
    ['a holder’s name', (text: string) => text.replaceAll('"coral"', '"cobalt"')],
    ['its version', (text: string) => text.replaceAll('"version": 2', '"version": 3')],
    ['a signature', (text: string) => text.replaceAll(/(?<="sig": ")./g, (digit) => (digit === '0' ? '1' : '0'))],
  ])('is refused when %s was changed after it was signed', async (_, tamper) => {
    await using scene = await Ceremony.beginAndApply()
    await change(scene, '--days', '100')
    const signed = await scene.sign(['amber', 'blue'])
    await scene.edit(signed, tamper)
    const answer = await scene.apply(signed)
    expect([answer.code, answer.error]).toEqual([1, expect.stringMatching(/untrusted-release|conflict/)])
    expect(await readdir(join(scene.home, 'metadata'))).not.toContain('2.root.json')
  })

  test('roots come in order, once each, and only the last draft', async () => {
    await using scene = await Ceremony.beginAndApply()
    await change(scene, '--days', '500')
    const second = await scene.sign(['amber', 'blue'])
    await change(scene, '--days', '600')
    expect(await scene.apply(second), 'not the last draft').toMatchObject(refused('conflict', 'drafted here last'))
    await scene.signAndApply(['amber', 'blue'])
    expect(await scene.apply(second), 'another root 2').toMatchObject(refused('conflict', 'only root 3 can follow'))
    await change(scene)
    const third = await scene.sign(['amber', 'blue'])
    await rm(join(scene.home, 'metadata/2.root.json'))
    expect(await scene.apply(third), 'before root 2').toMatchObject(refused('conflict', 'only root 2 can follow'))
  })

  test('an expired one is refused', async () => {
    await using scene = await Ceremony.beginAndApply()
    await change(scene, '--days', '1')
    const signed = await scene.sign(['amber', 'blue'])
    travel(2)
    expect(await scene.apply(signed)).toMatchObject(refused('untrusted-release', 'expired'))
  })

  test('holders are warned of a draft that does not come from the root they kept', async () => {
    await using scene = await Ceremony.beginAndApply()
    await using forged = await Ceremony.beginAndApply()
    await scene.join('dune')
    await change(forged)
    await change(scene, '--add-key', scene.publicKey('dune'))
    const pinned = ['--pinned', join(scene.home, 'root.json')]
    expect(await opsflux('registry', 'root', 'sign', forged.draft, '--key', forged.privateKey('amber'), ...pinned)).toMatchObject(refused('untrusted-release', 'line of roots'))
    expect(await opsflux('registry', 'root', 'sign', scene.draft, '--key', scene.privateKey('amber'), ...pinned)).toMatchObject({ code: 0 })
    const { fingerprint } = await json<{ fingerprint: string }>('registry', 'root', 'show', scene.draft)
    expect(await opsflux('registry', 'root', 'sign', scene.draft, '--key', scene.privateKey('blue'), '--fingerprint', fingerprint.slice(0, 16))).toMatchObject({ code: 0 })
    expect(await opsflux('registry', 'root', 'sign', scene.draft, '--key', scene.privateKey('blue'), '--fingerprint', '0'.repeat(16))).toMatchObject(refused('untrusted-release'))
  })

  test('a stranger’s signature is not taken, nor is a file that is no draft', async () => {
    await using scene = await Ceremony.beginAndApply()
    await scene.join('mallory')
    await change(scene)
    expect(await opsflux('registry', 'root', 'sign', scene.draft, '--key', scene.privateKey('mallory'))).toMatchObject(refused('invalid-request', 'no root key'))
    expect(await opsflux('registry', 'root', 'sign', join(scene.home, 'root.json'), '--key', scene.privateKey('amber'))).toMatchObject(refused('invalid-request', 'no draft'))
    expect(await opsflux('registry', 'root', 'draft', '--home', scene.home, '--remove-key', 'mallory')).toMatchObject(refused('invalid-request', 'amber, blue, coral'))
  })
})

test('every command of the group helps', async () => {
  const words = async (path: string[]): Promise<void> => {
    const { code, out } = await opsflux(...path, '--help')
    expect([code, out]).toEqual([0, expect.stringContaining(`Usage: opsflux ${path.join(' ')}`)])
    if (!out.includes('<command>')) return
    for (const [, word = ''] of out.matchAll(/^ {2}(\w+) /gm)) await words([...path, word])
  }
  await words(['registry'])
})
