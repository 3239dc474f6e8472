import { hash } from 'node:crypto'
import { createServer, type Server, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import type { MetaFile, TargetFile } from '@tufjs/models'
import {
  archiveRoleOf, buildPublisher, buildRelease, buildRoot, buildSnapshot, buildTargets, buildTimestamp, describeFile, encodeMetadata, generateKeyPair, publicKeyOf, roleNameOf,
  secondsAfter, servedPathOf, signBytes, signMetadata, type AnyMetadata, type Delegation, type KeyPair, type Revocation, type TopLevelRole,
} from '@opsflux/registry-metadata'
import { writeJson } from './package/canonical-json.ts'
import { entriesOf, goodFiles, manifestFor, plainPlugin, tar, zip } from './package/testing.ts'

export type Keys = Record<TopLevelRole, KeyPair>
export const makeKeys = (): Keys => ({ root: generateKeyPair(), targets: generateKeyPair(), snapshot: generateKeyPair(), timestamp: generateKeyPair() })

export interface TestPublisher {
  name: string
  prefixes: string[]
  key: KeyPair
  /** Its role; absent when it has published nothing. */
  role?: TestRole & { revoked?: Revocation[]; archives?: TestArchive[]; archiveCount?: number }
}

interface TestRole { version: number; expires?: Date; releases: TargetFile[]; signedBy?: KeyPair; listed?: boolean }
/** `role` is what it says it is, when that is a lie; null when it says nothing. */
export type TestArchive = TestRole & { role?: string | null }

/** What a registry says: every part can be made to lie. */
export interface Content {
  keys: Keys
  targets: number
  snapshot: number
  timestamp: number
  expires: Partial<Record<TopLevelRole, Date>>
  signedBy: Partial<Keys>
  publishers: TestPublisher[]
  revoked?: Revocation[]
  /** Files of roles instead of those above, as the snapshot describes them. */
  files?: Record<string, [MetaFile, Buffer]>
}

const delegationOf = ({ name, prefixes, key }: TestPublisher): Delegation => ({ name, prefixes, publicKeys: [key.publicKeyPem] })

/** Role name, version and bytes of a publisher's role and its archives. */
function rolesOf(publisher: TestPublisher): [string, number, Buffer][] {
  const { name, key, role } = publisher
  if (!role || role.listed === false) return []
  const { version, expires = later(), releases, revoked = [], archives = [], archiveCount = archives.length } = role
  const signed = (metadata: AnyMetadata, { signedBy = key }: TestRole): Buffer => encodeMetadata(signMetadata(metadata, [signedBy.privateKeyPem]))
  const main = buildPublisher({ version, expires, releases, revoked, archives: { publisher: delegationOf(publisher), count: archiveCount } })
  return [[roleNameOf(name), version, signed(main, role)], ...archives.flatMap((archive, at): [string, number, Buffer][] => {
    const own = archiveRoleOf(name, at + 1)
    const says = archive.role === null ? {} : { role: archive.role ?? own }
    return archive.listed === false ? [] : [[own, archive.version, signed(buildPublisher({ version: archive.version, expires: archive.expires ?? later(), releases: archive.releases, ...says }), archive)]]
  })]
}

const later = (): Date => secondsAfter(new Date(), 86_400)

/** A registry of plain files, so that tests can put there what no honest one would. */
export class TestRegistry implements AsyncDisposable {
  readonly files = new Map<string, Buffer>()
  /** Answers instead of the files where it returns true. */
  intercept: (path: string, response: ServerResponse) => boolean = () => false
  #server: Server | undefined
  #port = 0

  get url(): string {
    return `http://127.0.0.1:${this.#port}`
  }

  /** Begins to serve, after a stop at the same address. */
  async start(): Promise<void> {
    const server = createServer((request, response) => {
      const path = request.url ?? ''
      if (this.intercept(path, response)) return
      const file = this.files.get(path)
      response.writeHead(file ? 200 : 404).end(file)
    })
    await new Promise<void>((resolve) => { server.listen(this.#port, '127.0.0.1', resolve) })
    this.#port = (server.address() as AddressInfo).port
    this.#server = server
  }

  async stop(): Promise<void> {
    const server = this.#server
    this.#server = undefined
    server?.closeAllConnections()
    if (server) await new Promise((resolve) => { server.close(resolve) })
  }

  async [Symbol.asyncDispose](): Promise<void> {
    await this.stop()
  }

  /** Signs and offers all of it but the root. */
  offer(content: Content): void {
    const sign = (role: TopLevelRole, metadata: AnyMetadata): Buffer => encodeMetadata(signMetadata(metadata, [(content.signedBy[role] ?? content.keys[role]).privateKeyPem]))
    const expires = (role: TopLevelRole): Date => content.expires[role] ?? later()
    const files = content.publishers.flatMap(rolesOf)
    const publishers = content.publishers.map(delegationOf)
    files.push(['targets', content.targets, sign('targets', buildTargets({ version: content.targets, expires: expires('targets'), publishers, ...(content.revoked ? { revoked: content.revoked } : {}) }))])
    const others = Object.entries(content.files ?? {})
    const described = { ...Object.fromEntries(files.map(([role, version, bytes]) => [role, describeFile(version, bytes)])), ...Object.fromEntries(others.map(([role, [file]]) => [role, file])) }
    for (const [role, [{ version }, bytes]] of others) files.push([role, version, bytes])
    const snapshot = sign('snapshot', buildSnapshot({ version: content.snapshot, expires: expires('snapshot'), files: described }))
    files.push(['snapshot', content.snapshot, snapshot])
    for (const [role, version, bytes] of files) this.files.set(`/metadata/${version}.${role}.json`, bytes)
    this.files.set('/metadata/timestamp.json', sign('timestamp', buildTimestamp({ version: content.timestamp, expires: expires('timestamp'), snapshot: describeFile(content.snapshot, snapshot) })))
  }

  /** Offers a package and answers how its publisher lists it. */
  addPackage(bytes: Buffer, { id = 'hello-notes', version = '1.0.0' } = {}): TargetFile {
    const digest = hash('sha256', bytes, 'hex')
    this.files.set(`/targets/${servedPathOf(id, version, digest)}`, bytes)
    return buildRelease({ id, version, sdk: '^1.0.0', digest, size: bytes.length, publishedAt: new Date() })
  }
}

/** The root at a version, signed with the root keys given, its own by default. */
export function rootOf(keys: Keys, { version = 1, expires = secondsAfter(new Date(), 365 * 86_400), signedBy = [keys.root] }: { version?: number; expires?: Date; signedBy?: KeyPair[] } = {}): Buffer {
  const role = (name: TopLevelRole): { publicKeys: string[] } => ({ publicKeys: [publicKeyOf(keys[name].privateKeyPem)] })
  const root = buildRoot({ version, expires, keys: { root: role('root'), targets: role('targets'), snapshot: role('snapshot'), timestamp: role('timestamp') } })
  return encodeMetadata(signMetadata(root, signedBy.map((key) => key.privateKeyPem)))
}

/** A package of the plugin `id`, signed; `publisher` is what it says of itself. */
export function signedPackage(key: KeyPair, { id = 'hello-notes', version = '1.0.0', publisher = 'hello' } = {}): Buffer {
  const files = goodFiles({ ...plainPlugin, id, version, publisher }).set('CHANGELOG.md', Buffer.from(`## ${version}\n`))
  const manifest = writeJson({ ...manifestFor(files), id, version, publisher })
  const signature = writeJson({ keyid: key.keyid, sig: signBytes(key.privateKeyPem, manifest) })
  return zip(tar(entriesOf(files, manifest).concat({ path: 'manifest.sig', bytes: signature })))
}
