import { readdir, readFile, rm, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { buildSnapshot, buildTargets, buildTimestamp, describeFile, encodeMetadata, generateKeyPair, parseTimestamp, secondsAfter, signMetadata } from '@opsflux/registry-metadata'
import { addPublisher, initialiseRepository, Repository } from '@opsflux/registry-repository'
import { afterEach, describe, expect, test, vi } from 'vitest'
import { Ceremony, done, json, opsflux, refused, statusOf, travel } from './testing.ts'

afterEach(() => void vi.useRealTimers())

describe('a registry of an earlier release, whose one root key lies beside it', () => {
  test('goes over to three holders', async () => {
    await using scene = await Ceremony.prepare(['amber', 'blue', 'coral'])
    await initialiseRepository(scene.home)
    const host = await scene.host(await scene.serve())
    await host.refresh()
    expect((await statusOf(scene.home)).due).toEqual([expect.stringContaining('development')])
    const { rootKeys } = await json<{ rootKeys: { keyid: string }[] }>('registry', 'root', 'show', join(scene.home, 'root.json'))
    await done('registry', 'root', 'draft', '--home', scene.home, '--threshold', '2', '--remove-key', rootKeys[0]?.keyid ?? '', ...['amber', 'blue', 'coral'].flatMap((name) => ['--add-key', scene.publicKey(name)]))
    const signed = await scene.sign(['amber', 'coral'])
    await done('registry', 'root', 'sign', signed, '--key', join(scene.home, 'keys/root.pem'))
    expect(await scene.apply(signed)).toMatchObject({ code: 0 })
    await host.refresh()
    expect(await readdir(join(scene.home, 'keys'))).toEqual(['snapshot.pem', 'targets.pem', 'timestamp.pem'])
    expect((await statusOf(scene.home)).due).toEqual([])
  })
})

describe('an online key', () => {
  /** Offers what a thief of one key, who writes to the folder too, would: the other roles are signed as they should be. */
  async function forge(scene: Ceremony, role: string, stolen: string): Promise<void> {
    const key = async (of: string): Promise<string[]> => [of === role ? stolen : await readFile(join(scene.home, `keys/${of}.pem`), 'utf8')]
    const write = (name: string, bytes: Buffer): Promise<void> => writeFile(join(scene.home, 'metadata', name), bytes)
    const { snapshot: before, timestamp } = await new Repository(scene.home).state()
    const expires = secondsAfter(new Date(), 60)
    const meta = Object.fromEntries(Object.entries(before.signed.meta).map(([name, file]) => [name.replace('.json', ''), file]))
    if (role === 'targets') {
      const targets = encodeMetadata(signMetadata(buildTargets({ version: 99, expires, publishers: [] }), await key('targets')))
      await write('99.targets.json', targets)
      meta['targets'] = describeFile(99, targets)
    }
    const snapshot = encodeMetadata(signMetadata(buildSnapshot({ version: 99, expires, files: meta }), await key('snapshot')))
    await write('99.snapshot.json', snapshot)
    const listed = role === 'timestamp' ? timestamp.signed.snapshotMeta : describeFile(99, snapshot)
    await write('timestamp.json', encodeMetadata(signMetadata(buildTimestamp({ version: 99, expires, snapshot: listed }), await key('timestamp'))))
  }

  test.each(['timestamp', 'snapshot', 'targets'])('%s is replaced, and what the stolen one signs is refused from then on', async (role) => {
    await using scene = await Ceremony.beginAndApply()
    const registry = await scene.serve()
    const host = await scene.host(registry)
    await host.refresh()
    const keyFile = join(scene.home, `keys/${role}.pem`)
    const stolen = await readFile(keyFile, 'utf8')
    await done('registry', 'rotate', role, '--home', scene.home)
    await done('registry', 'rotate', role, '--home', scene.home)
    expect((await statusOf(scene.home)).waitingKeys).toEqual([role])
    await host.refresh()
    await scene.signAndApply(['amber', 'coral'])
    expect(await readFile(keyFile, 'utf8')).not.toBe(stolen)
    expect(await readdir(join(scene.home, 'keys'))).toEqual(['snapshot.pem', 'targets.pem', 'timestamp.pem'])
    await host.refresh()
    await (await scene.host(registry)).refresh()
    await forge(scene, role, stolen)
    await expect(host.refresh()).rejects.toMatchObject({ code: 'untrusted-release' })
    await expect((await scene.host(registry)).refresh()).rejects.toMatchObject({ code: 'untrusted-release' })
    expect(await opsflux('registry', 'renew', '--home', scene.home), 'nor does the registry build on it').toMatchObject(refused('not-ready', 'backup'))
  })

  test('what a thief numbered far ahead is forgotten with the key (TUF 5.3.11)', async () => {
    await using scene = await Ceremony.beginAndApply()
    const host = await scene.host(await scene.serve())
    const file = join(scene.home, 'metadata/timestamp.json')
    const genuine = await readFile(file)
    const stolen = await readFile(join(scene.home, 'keys/timestamp.pem'), 'utf8')
    const { snapshotMeta } = parseTimestamp(genuine).signed
    await writeFile(file, encodeMetadata(signMetadata(buildTimestamp({ version: 1_000_000, expires: secondsAfter(new Date(), 86_400), snapshot: snapshotMeta }), [stolen])))
    await host.refresh()
    await writeFile(file, genuine)
    await expect(host.refresh()).rejects.toMatchObject({ code: 'untrusted-release' })
    await done('registry', 'rotate', 'timestamp', '--home', scene.home)
    await scene.signAndApply(['amber', 'blue'])
    await host.refresh()
  })

  test('that is lost is replaced too', async () => {
    await using scene = await Ceremony.beginAndApply()
    const host = await scene.host(await scene.serve())
    await rm(join(scene.home, 'keys/timestamp.pem'))
    expect(await opsflux('registry', 'publisher', 'add', '--home', scene.home, '--name', 'hello', '--prefix', 'hello-', '--key', scene.publicKey('amber'))).toMatchObject(refused('not-ready', 'rotate timestamp'))
    await done('registry', 'rotate', 'timestamp', '--home', scene.home)
    await scene.signAndApply(['amber', 'blue'])
    await host.refresh()
    expect((await statusOf(scene.home)).due).toEqual([])
  })

  test('that waits is thrown away when asked, and two that wait come into force together', async () => {
    await using scene = await Ceremony.beginAndApply()
    await done('registry', 'rotate', 'snapshot', '--home', scene.home)
    const waiting = join(scene.home, 'keys/snapshot.next.pem')
    const first = await readFile(waiting, 'utf8')
    await done('registry', 'rotate', 'snapshot', '--home', scene.home, '--anew')
    expect(await readFile(waiting, 'utf8')).not.toBe(first)
    await done('registry', 'rotate', 'timestamp', '--home', scene.home)
    const { roles } = await statusOf(scene.home)
    await scene.signAndApply(['amber', 'blue'])
    await (await scene.host(await scene.serve())).refresh()
    expect(roles.map(({ role }) => role)).toEqual(['root', 'targets', 'snapshot', 'timestamp'])
    expect((await statusOf(scene.home)).waitingKeys).toEqual([])
  })

  test('a root that trusts a key which is not here is refused, because nobody could sign with it', async () => {
    await using scene = await Ceremony.beginAndApply()
    await done('registry', 'rotate', 'timestamp', '--home', scene.home)
    const signed = await scene.sign(['amber', 'blue'])
    await rm(join(scene.home, 'keys/timestamp.next.pem'))
    expect(await scene.apply(signed)).toMatchObject(refused('not-ready', 'is not here'))
    await (await scene.host(await scene.serve())).refresh()
  })

  test.each([['root'], ['../x'], ['publisher-hello']])('there is none of %s to rotate', async (role) => {
    await using scene = await Ceremony.beginAndApply()
    expect(await opsflux('registry', 'rotate', role, '--home', scene.home)).toMatchObject(refused('invalid-request'))
  })
})

describe('a targets key that is kept elsewhere', () => {
  test('is brought for every change, so whoever holds the registry’s machine adds no publisher', async () => {
    await using scene = await Ceremony.prepare(['amber', 'blue', 'coral', 'targets', 'hello'])
    await done('registry', 'init', '--home', scene.home, ...['amber', 'blue', 'coral'].flatMap((name) => ['--root-key', scene.publicKey(name)]), '--targets-public-key', scene.publicKey('targets'))
    const signed = await scene.sign(['amber', 'blue'])
    expect(await scene.apply(signed)).toMatchObject(refused('not-ready', '--targets-key'))
    const key = ['--targets-key', scene.privateKey('targets')]
    await done('registry', 'root', 'apply', signed, '--home', scene.home, ...key)
    expect(await readdir(join(scene.home, 'keys'))).toEqual(['snapshot.pem', 'timestamp.pem'])
    const add = ['registry', 'publisher', 'add', '--home', scene.home, '--name', 'hello', '--prefix', 'hello-', '--key', scene.publicKey('hello')]
    expect(await opsflux(...add)).toMatchObject(refused('not-ready', '--targets-key'))
    expect(await opsflux(...add, '--targets-key', scene.privateKey('amber')), 'another key').toMatchObject(refused('not-ready'))
    await done(...add, ...key)
    await (await scene.host(await scene.serve())).refresh()

    travel(200)
    expect((await statusOf(scene.home)).due).toContainEqual(expect.stringContaining('with --targets-key'))
    expect(await json('registry', 'renew', '--home', scene.home)).toEqual({ renewed: ['snapshot', 'timestamp'], waiting: ['targets'] })
    expect(await json('registry', 'renew', '--home', scene.home, ...key)).toEqual({ renewed: ['targets'], waiting: [] })
  })

  test('one that lay beside the registry moves away, and back', async () => {
    await using scene = await Ceremony.beginAndApply()
    const host = await scene.host(await scene.serve())
    await scene.join('vault')
    await done('registry', 'rotate', 'targets', '--home', scene.home, '--targets-public-key', scene.publicKey('vault'))
    await scene.signAndApply(['amber', 'blue'], '--targets-key', scene.privateKey('vault'))
    await host.refresh()
    expect(await readdir(join(scene.home, 'keys'))).toEqual(['snapshot.pem', 'timestamp.pem'])
    await done('registry', 'rotate', 'targets', '--home', scene.home)
    await scene.signAndApply(['amber', 'blue'], '--targets-key', scene.privateKey('vault'))
    await host.refresh()
    expect(await readdir(join(scene.home, 'keys'))).toEqual(['snapshot.pem', 'targets.pem', 'timestamp.pem'])
  })
})

describe('time', () => {
  test('from half of the root’s life on status warns; the registry stays ready and serves', async () => {
    await using scene = await Ceremony.beginAndApply()
    expect((await statusOf(scene.home)).due).toEqual([])
    travel(366)
    const registry = await scene.serve()
    expect((await statusOf(scene.home)).due).toEqual([expect.stringContaining('The root holds until')])
    expect((await fetch(`${registry.url}/health/ready`)).status).toBe(200)
    await (await scene.host(registry)).refresh()
    await done('registry', 'root', 'draft', '--home', scene.home)
    await scene.signAndApply(['blue', 'coral'])
    expect((await statusOf(scene.home)).due).toEqual([])
    await (await scene.host(registry)).refresh()
  })

  test('a root made for less is due from half of that on', async () => {
    await using scene = await Ceremony.begin('--days', '100')
    await scene.signAndApply(['amber', 'blue'])
    travel(49)
    expect((await statusOf(scene.home)).due.filter((line) => line.startsWith('The root'))).toEqual([])
    travel(2)
    expect((await statusOf(scene.home)).due.filter((line) => line.startsWith('The root'))).toHaveLength(1)
  })
})

describe('the folder', () => {
  test('two who change it at once both get their way, or are told', async () => {
    await using scene = await Ceremony.beginAndApply()
    const names = ['one', 'two', 'three', 'four']
    const answers = await Promise.all([
      ...names.map((name) => opsflux('registry', 'publisher', 'add', '--home', scene.home, '--name', name, '--prefix', `${name}-`, '--key', scene.publicKey('amber'))),
      opsflux('registry', 'rotate', 'timestamp', '--home', scene.home), opsflux('registry', 'rotate', 'timestamp', '--home', scene.home), opsflux('registry', 'rotate', 'snapshot', '--home', scene.home),
    ])
    expect(answers.map(({ code }) => code)).toEqual(answers.map(() => 0))
    const signed = await scene.sign(['amber', 'blue'])
    const applied = await Promise.all([scene.apply(signed), scene.apply(signed)])
    expect(applied.map(({ out }) => out.split('.')[0]).toSorted()).toEqual(['Root 2 is in force', 'Root 2 was in force already; nothing is left to be done'])
    await (await scene.host(await scene.serve())).refresh()
    expect((await json<{ publishers: { name: string }[] }>('registry', 'publisher', 'list', '--home', scene.home)).publishers.map(({ name }) => name).toSorted()).toEqual(names.toSorted())
  })

  test.each(['timestamp', 'snapshot'])('%s metadata that somebody else put there is never signed on top of', async (role) => {
    await using scene = await Ceremony.beginAndApply()
    const metadata = (name: string): string => join(scene.home, 'metadata', name)
    const stranger = generateKeyPair().privateKeyPem
    const bytes = await readFile(metadata('1.snapshot.json'))
    const snapshot = role === 'snapshot' ? Buffer.from(bytes.toString().replace('"targets.json"', '"targets.json" ')) : bytes
    await writeFile(metadata('1.snapshot.json'), snapshot)
    await writeFile(metadata('timestamp.json'), encodeMetadata(signMetadata(buildTimestamp({ version: 2, expires: secondsAfter(new Date(), 60), snapshot: describeFile(1, snapshot) }), [stranger])))
    await expect(addPublisher(scene.home, { name: 'hello', prefixes: ['hello-'], publicKeyPem: generateKeyPair().publicKeyPem })).rejects.toMatchObject({ code: 'not-ready', message: expect.stringContaining('backup') })
    expect((await readdir(join(scene.home, 'metadata'))).filter((name) => name.startsWith('2.'))).toEqual([])
  })
})
