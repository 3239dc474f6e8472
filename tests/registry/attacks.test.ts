import { rm } from 'node:fs/promises'
import { join } from 'node:path'
import { gzipSync } from 'node:zlib'
import type { RegistryClient } from '@opsflux/registry-client'
import {
  buildPublisher, buildRelease, buildTargets, encodeMetadata, generateKeyPair, parseTargets, publicKeyOf, secondsAfter, signMetadata, type AnyMetadata, type KeyPair,
} from '@opsflux/registry-metadata'
import type { ErrorCode } from '@opsflux/sdk'
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test, vi } from 'vitest'
import { AttackScene, inADay, type Files } from './attack-scene.ts'
import { Packages } from './scene.ts'
import type { Served } from './tampering-registry.ts'

const day = 86_400
const stranger = generateKeyPair()
let packages: Packages
let scene: AttackScene
let host: RegistryClient
let before: Record<string, string>

beforeAll(async () => {
  packages = await Packages.make()
  const [first, second] = [await packages.build('1.0.0'), await packages.build('1.1.0')]
  scene = await AttackScene.start(packages, first.path, second.path)
}, 60_000)
afterAll(async () => {
  await scene[Symbol.asyncDispose]()
  await packages[Symbol.asyncDispose]()
})
beforeEach(async () => {
  host = await scene.host()
  await host.refresh()
  before = await scene.trustState()
})
afterEach(async () => {
  vi.useRealTimers()
  scene.honest()
  for (const name of ['host', 'newcomer']) await rm(join(scene.place, name), { recursive: true, force: true })
})

const travel = (seconds: number): void => { vi.useFakeTimers({ toFake: ['Date'], now: secondsAfter(new Date(), seconds) }) }
const versions = async (client: RegistryClient): Promise<string[]> => (await client.releases()).map(({ version }) => version)
const refused = (code: ErrorCode, message = /./): object => ({ code, message: expect.stringMatching(message) })

/** What the host had, it has; nothing of the attack was kept; and with the registry as it is, old and new hosts go on. */
async function unharmed(): Promise<void> {
  expect(await versions(host)).toEqual(['1.0.0', '1.1.0'])
  expect(await scene.trustState()).toEqual(before)
  await goesOn()
}

async function goesOn(): Promise<void> {
  scene.honest()
  await host.refresh()
  for (const client of [host, await scene.host(), await scene.host('newcomer')]) {
    await client.refresh()
    expect(await versions(client)).toEqual(['1.0.0', '1.1.0'])
    expect(client.status()).toMatchObject({ reachable: true })
  }
}

/** The host and one that has never read anything both refuse. */
async function bothRefuse(code: ErrorCode | RegExp, message = /./): Promise<void> {
  for (const client of [host, await scene.host('newcomer')]) {
    await expect(client.refresh()).rejects.toMatchObject({ code: code instanceof RegExp ? expect.stringMatching(code) : code, message: expect.stringMatching(message) })
    expect(client.status().problem).toMatchObject({ message: expect.stringMatching(message) })
  }
}

const metadataFiles = ['timestamp.json', '.snapshot.json', '.targets.json', '.publisher-hello.json']
const tampered = (part: string, change: (served: Served) => Served | Promise<Served>): void => {
  scene.proxy.tamper = (path, served) => (path.includes(part) ? change(served) : served)
}

describe.each(metadataFiles)('one bit turned anywhere in %s', (part) => {
  test('is refused', async () => {
    const [, genuine] = scene.file(part)
    const wrong: string[] = []
    const seen = new Set<string>()
    for (let at = 0; at < genuine.length; at += 11) {
      tampered(part, (served) => ({ ...served, bytes: Buffer.from(served.bytes.map((byte, index) => (index === at ? byte ^ (1 << (at % 8)) : byte))) }))
      const client = await scene.host('newcomer')
      const outcome = await client.refresh().then(() => client.release('hello-notes', '1.1.0')).then(() => 'taken', (error: { code: string }) => error.code)
      seen.add(outcome)
      if (outcome !== 'untrusted-release') wrong.push(`${at}: ${outcome}`)
      await rm(join(scene.place, 'newcomer'), { recursive: true, force: true })
    }
    expect([wrong, [...seen]]).toEqual([[], ['untrusted-release']])
    await goesOn()
  }, 60_000)
})

test('one bit turned anywhere in a package is refused, and nothing of it is kept', async () => {
  const release = await host.release('hello-notes', '1.1.0') ?? expect.unreachable()
  const [, genuine] = scene.file('1.1.0.tgz')
  for (let at = 0; at < genuine.length; at += Math.ceil(genuine.length / 60)) {
    tampered('/targets/', (served) => ({ ...served, bytes: Buffer.from(served.bytes.map((byte, index) => (index === at ? byte ^ (1 << (at % 8)) : byte))) }))
    await expect(host.download(release)).rejects.toMatchObject({ code: 'untrusted-release' })
  }
  await unharmed()
})

describe('what comes over the wire', () => {
  const json = (change: (value: { signatures: unknown[]; signed: Record<string, unknown> }) => unknown) => (served: Served): Served => ({ status: 200, bytes: Buffer.from(JSON.stringify(change(JSON.parse(served.bytes.toString())))) })
  const bomb = gzipSync(Buffer.alloc(100_000_000))
  const instead = (text: string) => (served: Served): Served => ({ ...served, bytes: Buffer.from(text) })
  const attacks: [string, ErrorCode | RegExp, (served: Served) => Served][] = [
    ['never begins', 'registry-unreachable', (served) => ({ ...served, pace: 'silent' })],
    ['is reset', 'registry-unreachable', (served) => ({ ...served, pace: 'reset' })],
    ['is cut off', 'registry-unreachable', (served) => ({ ...served, pace: 'cut' })],
    ['comes byte by byte', 'registry-unreachable', (served) => ({ ...served, pace: 'trickle' })],
    ['never ends', 'registry-unreachable', (served) => ({ ...served, pace: 'endless' })],
    ['is shorter than it says', 'registry-unreachable', (served) => ({ ...served, headers: { 'content-length': String(served.bytes.length + 10) } })],
    ['is longer than it says', /untrusted-release|registry-unreachable/, (served) => ({ ...served, headers: { 'content-length': String(served.bytes.length - 10) } })],
    ['is gone', 'registry-unreachable', () => ({ status: 404, bytes: Buffer.alloc(0) })],
    ['is a fault', 'registry-unreachable', () => ({ status: 500, bytes: Buffer.alloc(0) })],
    ['leads to the same host', 'registry-unreachable', () => ({ status: 302, bytes: Buffer.alloc(0), headers: { location: '/metadata/1.root.json' } })],
    ['leads to another host', 'registry-unreachable', (served) => ({ status: 301, bytes: served.bytes, headers: { location: 'http://localhost:1/' } })],
    ['leads to a file', 'registry-unreachable', (served) => ({ status: 308, bytes: served.bytes, headers: { location: 'file:///etc/passwd' } })],
    ['is compressed', 'registry-unreachable', (served) => ({ status: 200, bytes: gzipSync(served.bytes), headers: { 'content-encoding': 'gzip' } })],
    ['is a bomb', 'registry-unreachable', () => ({ status: 200, bytes: bomb, headers: { 'content-encoding': 'gzip' } })],
    ['has immense headers', 'registry-unreachable', (served) => ({ ...served, headers: { 'x-long': 'x'.repeat(60_000) } })],
    ['is a page', 'untrusted-release', instead('<html>Sign in to the network</html>')],
    ['is empty', 'untrusted-release', instead('')],
    ['is nested deeply', 'untrusted-release', instead(`{"signed":${'['.repeat(7_000)}${']'.repeat(7_000)}}`)],
    ['has many parts', /untrusted-release|registry-unreachable/, instead(`[${'0,'.repeat(500_000)}0]`)],
    ['has no signatures', 'untrusted-release', json((value) => ({ ...value, signatures: [] }))],
    ['has its signatures twice', 'untrusted-release', json((value) => ({ ...value, signatures: [...value.signatures, ...value.signatures] }))],
    ['has a key twice', 'untrusted-release', (served) => ({ ...served, bytes: Buffer.from(served.bytes.toString().replace('"signed":', '"signed":{},"signed":')) })],
    ['has a prototype', 'untrusted-release', (served) => ({ ...served, bytes: Buffer.from(served.bytes.toString().replace('"signed":{', '"signed":{"__proto__":{"x":1},')) })],
    ['is of another version', 'untrusted-release', json((value) => ({ ...value, signed: { ...value.signed, version: Number(value.signed['version']) + 1 } }))],
    ['never expires', 'untrusted-release', json((value) => ({ ...value, signed: { ...value.signed, expires: '9999-12-31T23:59:59Z' } }))],
  ]
  describe.each(['timestamp.json', '.snapshot.json', '.targets.json', '.publisher-hello.json'])('as %s', (part) => {
    test.each(attacks)('%s', async (_, code, change) => {
      tampered(part, change)
      const newcomer = await scene.host('newcomer')
      // One publisher's fault is that publisher's alone, except for a network that breaks off.
      const read = newcomer.refresh().then(() => newcomer.release('hello-notes', '1.1.0'))
      await expect(read).rejects.toMatchObject({ code: code instanceof RegExp ? expect.stringMatching(code) : code, message: expect.stringMatching(/^The .*(registry|metadata).*(again|registry|runs it)\.$/s) })
      await unharmed()
    })
  })

  test.each(attacks.filter(([name]) => !['is gone', 'is of another version', 'never expires', 'has many parts'].includes(name)))('as the next root: %s', async (_, code, change) => {
    tampered('/2.root.json', () => change({ status: 200, bytes: scene.root(scene.rootKeys) }))
    await bothRefuse(code)
    await unharmed()
  })
})

describe('going back', () => {
  test('all of it, to what was true once: a host that saw more refuses, and keeps what it has', async () => {
    scene.serve(scene.old)
    await expect(host.refresh()).rejects.toMatchObject(refused('untrusted-release', /timestamp .*back in time/))
    await unharmed()
  })

  test.each(['.snapshot.json', '.targets.json', '.publisher-hello.json'])('one file of before in the place of %s is refused', async (part) => {
    const bytes = part === '.targets.json' ? scene.file('1.targets.json', new Map([...scene.old].concat([['/metadata/1.targets.json', Buffer.from('{}')]])))[1] : scene.file(part, scene.old)[1]
    tampered(part, (served) => ({ ...served, bytes }))
    const newcomer = await scene.host('newcomer')
    await expect(newcomer.refresh().then(() => newcomer.release('hello-notes', '1.1.0'))).rejects.toMatchObject(refused('untrusted-release'))
    await unharmed()
  })

  test('the new timestamp with the snapshot of before, and the other way round', async () => {
    const [timestamp, snapshot] = [scene.file('timestamp.json'), scene.file('.snapshot.json')]
    const [oldTimestamp, oldSnapshot] = [scene.file('timestamp.json', scene.old), scene.file('.snapshot.json', scene.old)]
    for (const files of [new Map([timestamp, [snapshot[0], oldSnapshot[1]]]), new Map([oldTimestamp, [oldSnapshot[0], snapshot[1]]])]) {
      scene.serve(files)
      await expect((await scene.host('newcomer')).refresh()).rejects.toMatchObject(refused('untrusted-release'))
    }
    await unharmed()
  })

  test('with the clock set back as well', async () => {
    travel(-300 * day)
    scene.serve(scene.old)
    await expect(host.refresh()).rejects.toMatchObject(refused('untrusted-release', /back in time/))
    scene.honest()
    await host.refresh()
    vi.useRealTimers()
    await goesOn()
  })
})

describe('standing still', () => {
  test('is noticed when the timestamp runs out, and ends when the registry is heard again', async () => {
    scene.serve(scene.current)
    travel(2 * day)
    await host.refresh()
    travel(4 * day)
    await expect(host.refresh()).rejects.toMatchObject(refused('metadata-expired', /timestamp metadata .* Check the clock/))
    await expect(host.releases()).rejects.toMatchObject(refused('metadata-expired'))
    expect(host.status()).toMatchObject({ problem: refused('metadata-expired') })
    const restarted = await scene.host()
    await expect(restarted.releases()).rejects.toMatchObject(refused('metadata-expired'))
    expect(restarted.status().expires?.getTime()).toBeLessThan(Date.now())
    // What the registry signs every few days.
    scene.serve(scene.forge({}))
    await host.refresh()
    expect(await versions(host)).toEqual(['1.0.0', '1.1.0'])
    expect(host.status().problem).toBeUndefined()
  })
})

/** A role as the publisher would sign it. */
const publisherRole = (version: number, key: KeyPair, expires = inADay(), extra: string[] = []): { version: number; bytes: Buffer } => {
  const genuine = parseTargets(scene.file('.publisher-hello.json')[1]).signed
  const added = extra.map((release) => buildRelease({ id: 'hello-notes', version: release, sdk: '^1.0.0', digest: 'a'.repeat(64), size: 10, publishedAt: new Date() }))
  return { version, bytes: signed(buildPublisher({ version, expires, releases: [...Object.values(genuine.targets), ...added] }), key.privateKeyPem) }
}
const signed = (metadata: AnyMetadata, ...keys: string[]): Buffer => encodeMetadata(signMetadata(metadata, keys))
const targetsRole = (by: string, helloKey: KeyPair, { version = 9, expires = inADay() } = {}): { version: number; bytes: Buffer } => (
  { version, bytes: signed(buildTargets({ version, expires, publishers: [{ name: 'hello', prefixes: ['hello-'], publicKeys: [helloKey.publicKeyPem] }] }), by) })

describe('whoever has stolen the keys of timestamp and snapshot', () => {
  const all = async (files: Files): Promise<void> => {
    scene.serve(files)
    for (const client of [host, await scene.host('newcomer')]) {
      await client.refresh()
      await expect(client.release('hello-notes', '1.1.0')).rejects.toMatchObject(refused('untrusted-release'))
      expect(await versions(client)).not.toContain('6.6.6')
    }
  }

  test('cannot add a release: the publisher is not believed any more, and no other suffers', async () => {
    await all(scene.forge({ roles: { 'publisher-hello': publisherRole(9, stranger, inADay(), ['6.6.6']) } }))
    await all(scene.forge({ roles: { 'publisher-hello': publisherRole(9, scene.other, inADay(), ['6.6.6']) } }))
    const keys = { timestamp: scene.online.timestamp, snapshot: scene.online.snapshot }
    await all(scene.forge({ roles: { 'publisher-hello': { version: 9, bytes: signed(parsedRole(), keys.timestamp, keys.snapshot) } } }))
  })
  const parsedRole = (): AnyMetadata => parseTargets(publisherRole(9, stranger, inADay(), ['6.6.6']).bytes)

  test('cannot let another publish', async () => {
    for (const by of [stranger.privateKeyPem, scene.online.snapshot]) {
      scene.serve(scene.forge({ roles: { targets: targetsRole(by, stranger), 'publisher-hello': publisherRole(9, stranger, inADay(), ['6.6.6']) } }))
      await bothRefuse('untrusted-release', /targets/)
    }
    await unharmed()
  })

  test('cannot take a release or a publisher back', async () => {
    const bytes = scene.file('.publisher-hello.json', scene.old)[1]
    scene.serve(scene.forge({ roles: { 'publisher-hello': { version: 1, bytes } } }))
    await host.refresh()
    await expect(host.release('hello-notes', '1.1.0')).rejects.toMatchObject(refused('untrusted-release', /publisher-hello .*back in time/))
    scene.serve(scene.forge({ without: 'publisher-hello', timestamp: { version: 50 }, snapshot: { version: 50 } }))
    await host.refresh()
    await expect(host.release('hello-notes', '1.1.0')).rejects.toMatchObject(refused('untrusted-release'))
  })

  test('cannot leave the list of publishers out, or put an older one in its place', async () => {
    scene.serve(scene.forge({ without: 'targets' }))
    await bothRefuse('untrusted-release', /targets/)
    scene.serve(scene.forge({ roles: { targets: { version: 1, bytes: signed(buildTargets({ version: 1, expires: inADay(), publishers: [] }), scene.online.targets) } } }))
    await expect(host.refresh()).rejects.toMatchObject(refused('untrusted-release', /targets .*back in time/))
    await unharmed()
  })

  test('can hold hosts where they are, as long as the rest has not run out', async () => {
    scene.serve(scene.forge({ timestamp: { version: 30, expires: secondsAfter(new Date(), 1_000 * day) }, snapshot: { version: 30, expires: secondsAfter(new Date(), 1_000 * day) } }))
    await host.refresh()
    expect(await versions(host)).toEqual(['1.0.0', '1.1.0'])
    travel(400 * day)
    await expect(host.refresh()).rejects.toMatchObject(refused('metadata-expired', /targets/))
  })

  test('can push their versions up; new keys for both, in a new root, put that right', async () => {
    scene.serve(scene.forge({ timestamp: { version: 1_000_000 }, snapshot: { version: 1_000_000 } }))
    await host.refresh()
    scene.honest()
    await expect(host.refresh()).rejects.toMatchObject(refused('untrusted-release', /back in time/))
    expect(await versions(host)).toEqual(['1.0.0', '1.1.0'])
    const online = { timestamp: generateKeyPair().privateKeyPem, snapshot: generateKeyPair().privateKeyPem }
    const files = scene.forge({ signedBy: online }).set('/metadata/2.root.json', scene.root(scene.rootKeys.slice(0, 2), { online }))
    scene.serve(files)
    await host.refresh()
    expect(await versions(host)).toEqual(['1.0.0', '1.1.0'])
    scene.serve(new Map([['/metadata/2.root.json', files.get('/metadata/2.root.json') ?? Buffer.alloc(0)], ...scene.forge({ timestamp: { version: 2_000_000 } })]))
    await expect(host.refresh()).rejects.toMatchObject(refused('untrusted-release', /timestamp/))
  })

  test('cannot push up the version of a role that they cannot sign', async () => {
    scene.serve(scene.forge({ roles: { 'publisher-hello': publisherRole(1_000_000, stranger) } }))
    await host.refresh()
    const [path, bytes] = scene.file('.publisher-hello.json')
    const version = Number(/(\d+)\.publisher/.exec(path)?.[1])
    scene.serve(scene.forge({ timestamp: { version: 60 }, snapshot: { version: 60 }, roles: { 'publisher-hello': { version, bytes } } }))
    await host.refresh()
    expect(await versions(host)).toEqual(['1.0.0', '1.1.0'])
  })
})

describe('whoever has stolen the key of targets', () => {
  test('can do nothing with it alone', async () => {
    const path = scene.file('.targets.json')[0]
    scene.serve(new Map([[path, targetsRole(scene.online.targets, stranger).bytes]]))
    await expect((await scene.host('newcomer')).refresh()).rejects.toMatchObject(refused('untrusted-release', /targets/))
    scene.serve(scene.forge({ signedBy: { timestamp: scene.online.targets, snapshot: scene.online.targets }, roles: { targets: targetsRole(scene.online.targets, stranger) } }))
    await bothRefuse('untrusted-release', /timestamp/)
    await unharmed()
  })

  test('with the online keys can name other publishers, yet not roll one back nor sign as the one of before', async () => {
    scene.serve(scene.forge({ roles: { targets: targetsRole(scene.online.targets, stranger), 'publisher-hello': publisherRole(1, stranger, inADay(), ['6.6.6']) } }))
    await host.refresh()
    await expect(host.release('hello-notes', '6.6.6')).rejects.toMatchObject(refused('untrusted-release', /back in time/))
    scene.serve(scene.forge({ timestamp: { version: 70 }, snapshot: { version: 70 }, roles: { targets: targetsRole(scene.online.targets, stranger, { version: 10 }) } }))
    await host.refresh()
    await expect(host.release('hello-notes', '1.1.0')).rejects.toMatchObject(refused('untrusted-release', /publisher-hello/))
  })

  test('loses it all with a root that names other keys', async () => {
    const online = { timestamp: generateKeyPair().privateKeyPem, snapshot: generateKeyPair().privateKeyPem, targets: generateKeyPair().privateKeyPem }
    const root: [string, Buffer] = ['/metadata/2.root.json', scene.root(scene.rootKeys.slice(1), { online })]
    scene.serve(new Map([root, ...scene.forge({ roles: { targets: targetsRole(scene.online.targets, stranger) } })]))
    await bothRefuse('untrusted-release', /timestamp/)
    scene.serve(new Map([root, ...scene.forge({ signedBy: online, roles: { targets: targetsRole(scene.online.targets, stranger) } })]))
    await bothRefuse('untrusted-release', /targets/)
    scene.serve(new Map([root, ...scene.forge({ signedBy: online, roles: { targets: targetsRole(online.targets, scene.hello) } })]))
    await host.refresh()
    expect(await versions(host)).toEqual(['1.0.0', '1.1.0'])
  })
})

describe('a root, of which two keys of three must sign,', () => {
  const fresh = [generateKeyPair(), generateKeyPair(), generateKeyPair()]
  const [one, two, three] = [0, 1, 2].map((at) => () => scene.rootKeys[at] ?? stranger) as [() => KeyPair, () => KeyPair, () => KeyPair]
  test.each<[string, () => Map<string, Buffer>]>([
    ['one has signed', () => new Map([['/metadata/2.root.json', scene.root([one()])]])],
    ['one and a stranger have signed', () => new Map([['/metadata/2.root.json', scene.root([one(), stranger])]])],
    ['the new keys alone have signed', () => new Map([['/metadata/2.root.json', scene.root(fresh, { keys: fresh })]])],
    ['one of the old and all of the new have signed', () => new Map([['/metadata/2.root.json', scene.root([two(), ...fresh], { keys: fresh })]])],
    ['the old keys alone have signed', () => new Map([['/metadata/2.root.json', scene.root(scene.rootKeys, { keys: fresh })]])],
    ['one has lowered the threshold', () => new Map([['/metadata/2.root.json', scene.root([one()], { threshold: 1 })]])],
    ['one has left the others out', () => new Map([['/metadata/2.root.json', scene.root([three()], { threshold: 1, keys: [three()] })]])],
    ['all have signed, and that skips a version', () => new Map([['/metadata/2.root.json', scene.root(scene.rootKeys, { version: 3 })]])],
    ['all have signed, and that is the same version again', () => new Map([['/metadata/2.root.json', scene.root(scene.rootKeys, { version: 1 })]])],
    ['all have signed, followed by one that a single key signed', () => new Map([['/metadata/2.root.json', scene.root(scene.rootKeys)], ['/metadata/3.root.json', scene.root([one()], { version: 3 })]])],
    ['the online keys have signed', () => new Map([['/metadata/2.root.json', scene.root([scene.online.timestamp, scene.online.snapshot, scene.online.targets].map((privateKeyPem) => ({ privateKeyPem, publicKeyPem: publicKeyOf(privateKeyPem), keyid: '' })))]])],
  ])('is not followed when %s', async (name, files) => {
    scene.serve(files())
    await bothRefuse('untrusted-release', /root/)
    if (name.includes('followed by')) return
    await unharmed()
  })

  test('that one key has signed twice is not followed', async () => {
    const value = JSON.parse(scene.root([one()]).toString()) as { signatures: { keyid: string; sig: string }[] }
    const [signature] = value.signatures
    for (const signatures of [[signature, signature], [signature, { ...signature, keyid: two().keyid }]]) {
      scene.serve(new Map([['/metadata/2.root.json', Buffer.from(JSON.stringify({ ...value, signatures }))]]))
      await bothRefuse('untrusted-release', /root/)
    }
    await unharmed()
  })

  test('whose one key stands under two ids is not followed by it', async () => {
    const value = JSON.parse(scene.root([one(), two()]).toString()) as { signed: { keys: Record<string, unknown>; roles: { root: { keyids: string[] } } } }
    const double = 'f'.repeat(64)
    value.signed.keys[double] = value.signed.keys[one().keyid]
    value.signed.roles.root.keyids.push(double)
    scene.serve(new Map([['/metadata/2.root.json', Buffer.from(JSON.stringify(value))]]))
    await bothRefuse('untrusted-release', /own id/)
    await unharmed()
  })

  test('is followed through a chain in which each was signed by the keys before it and its own', async () => {
    const files = new Map([
      ['/metadata/2.root.json', scene.root([one(), three(), ...fresh.slice(0, 2)], { keys: fresh })],
      ['/metadata/3.root.json', scene.root([...fresh.slice(1), one(), two()], { version: 3 })],
    ])
    scene.serve(files)
    for (const client of [host, await scene.host('newcomer')]) {
      await client.refresh()
      expect(await versions(client)).toEqual(['1.0.0', '1.1.0'])
    }
    scene.honest()
    await (await scene.host()).refresh()
    await rm(join(scene.place, 'host', 'metadata'), { recursive: true })
    await expect((await scene.host()).refresh()).rejects.toMatchObject(refused('untrusted-release', /root .*back in time/))
  })
})

describe('what has run out is named, and the next step', () => {
  const past = new Date('2026-01-01T00:00:00Z')
  test.each<[string, () => Map<string, Buffer>]>([
    ['root', () => new Map([['/metadata/2.root.json', scene.root(scene.rootKeys, { expires: past })]])],
    ['timestamp', () => scene.forge({ timestamp: { expires: past } })],
    ['snapshot', () => scene.forge({ snapshot: { expires: past } })],
    ['targets', () => scene.forge({ roles: { targets: targetsRole(scene.online.targets, scene.hello, { expires: past }) } })],
  ])('%s', async (role, files) => {
    scene.serve(files())
    await bothRefuse('metadata-expired', new RegExp(`The ${role} metadata of the registry has expired.*keeps running.*tell whoever runs the registry`))
    expect(await versions(host)).toEqual(['1.0.0', '1.1.0'])
  })

  test('a publisher', async () => {
    scene.serve(scene.forge({ roles: { 'publisher-hello': publisherRole(9, scene.hello, past) } }))
    await host.refresh()
    await expect(host.release('hello-notes', '1.1.0')).rejects.toMatchObject(refused('metadata-expired', /publisher-hello/))
  })
})

test('roles and paths with names of another form are passed over', async () => {
  const names = ['publisher-../../x', 'publisher-é', 'publisher-a/b', 'publisher-hello.1', '__proto__', 'constructor', '..', 'publisher-']
  const genuine = parseTargets(scene.file('.targets.json')[1]).signed.toJSON()
  const { delegations } = genuine as unknown as { delegations: { roles: object[] } }
  const roles = [...names.map((name) => ({ ...delegations.roles[0], name })), ...delegations.roles]
  const version = Number(genuine['version']) + 1
  const unsigned = Buffer.from(JSON.stringify({ signatures: [], signed: { ...genuine, version, delegations: { ...delegations, roles } } }))
  const bytes = signed(parseTargets(unsigned), scene.online.targets)
  const files = scene.forge({ roles: { targets: { version, bytes }, ...Object.fromEntries(names.filter((name) => name !== '__proto__').map((name) => [name, { version: 1, bytes: Buffer.from('{}') }])) } })
  scene.proxy.asked.length = 0
  scene.serve(files)
  await host.refresh()
  expect(await versions(host)).toEqual(['1.0.0', '1.1.0'])
  expect(scene.proxy.asked.filter((path) => !/^\/metadata\/(timestamp\.json|\d+\.(root|snapshot|targets|publisher-hello|publisher-other)\.json)$/.test(path))).toEqual([])
})
