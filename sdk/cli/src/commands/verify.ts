import { lstat, mkdtemp, readFile, rm } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join, resolve } from 'node:path'
import { checkSignature, openPackage, RegistryClient, type OpenedPackage } from '@opsflux/registry-client'
import { keyIdOf } from '@opsflux/registry-metadata'
import { OpsFluxError, sdkVersion } from '@opsflux/sdk'
import semver from 'semver'
import { unpackInto } from '../archive/unpack-into.ts'
import { readKey, type Command, type Values } from '../command.ts'

export const verify: Command = {
  summary: 'tells whether a package would be installed, and what is wrong with it',
  argument: '<package>',
  options: {
    key: { value: '<file>', help: 'public key of the publisher: the package must be signed with it' },
    registry: { value: '<url>', help: 'address of a registry: the package must be of the publisher that owns its id there, and not revoked' },
    root: { value: '<file>', help: 'root.json of that registry, as this platform trusts it' },
    unpack: { value: '<folder>', help: 'writes the files there when all is well; it must be empty or not exist' },
  },
  async run(path, values) {
    if ((values.registry === undefined) !== (values.root === undefined)) throw new OpsFluxError('invalid-request', 'The options --registry and --root go together: an address says nothing about whom to trust.')
    await mustBeFile(path)
    const opened = await openPackage(path)
    if (!opened.signature) throw new OpsFluxError('package-refused', `The package is not signed: no platform installs it like this. Its publisher signs it with "opsflux sign".`, { data: { reason: 'signature-missing', entry: 'manifest.sig' } })
    if (!semver.satisfies(sdkVersion, opened.plugin.sdk)) throw new OpsFluxError('plan-impossible', `The package needs SDK ${opened.plugin.sdk}; this one is ${sdkVersion}. Verify it with the release of OpsFlux that is to install it.`)
    const checks = await checkPublisher(opened, values)
    const unpacked = values.unpack === undefined ? undefined : resolve(values.unpack)
    if (unpacked !== undefined) await unpackInto(opened, unpacked)
    const { plugin: { id, version, publisher }, digest, entries, signature } = opened
    const warnings = checks.length > 0 ? [] : ['its signature was not checked: give --key, or --registry and --root']
    return {
      result: { id, version, publisher, digest, files: entries.length, keyid: signature?.keyid ?? null, signatureChecked: checks.length > 0, warnings, unpacked: unpacked ?? null },
      lines: [
        `${id} ${version} of ${publisher}: well-formed, ${entries.length} files`, `sha256:${digest}`, ...checks, ...warnings.map((warning) => `warning: ${warning}`),
        ...(unpacked === undefined ? [] : [`unpacked to ${unpacked}`]),
      ],
    }
  },
}

/** Nothing is waited for: a pipe without a writer would keep a reader for ever. */
async function mustBeFile(path: string): Promise<void> {
  const found = await lstat(path).catch((cause: unknown) => {
    throw new OpsFluxError('invalid-request', `There is nothing at "${path}" that can be read. Give the path of a package.`, { cause })
  })
  if (found.isDirectory()) throw new OpsFluxError('package-refused', `"${path}" is a folder, not a package. Give the .tgz file.`, { data: { reason: 'not-a-file' } })
  if (found.isFile() && found.size === 0) throw new OpsFluxError('package-refused', `"${path}" is empty. Get the package again from its publisher.`, { data: { reason: 'not-gzip' } })
}

/** What was proven about who signed the package, in words; empty when nothing was asked. @throws package-refused, untrusted-release, release-revoked … */
async function checkPublisher(opened: OpenedPackage, { key, registry, root }: Values): Promise<string[]> {
  const checks: string[] = []
  if (key !== undefined) {
    const publicKey = await readKey(key)
    const { keyid } = checkSignature(opened, [{ keyid: keyIdOf(publicKey), publicKey }])
    checks.push(`signed with ${keyid}, which is right`)
  }
  if (registry === undefined || root === undefined) return checks
  const cacheDir = await mkdtemp(join(tmpdir(), 'opsflux-verify-'))
  try {
    const rootBytes = await readFile(root).catch((cause: unknown) => {
      throw new OpsFluxError('invalid-request', `The root metadata "${root}" cannot be read. Give the root.json of the registry.`, { cause })
    })
    const { publisher } = await new RegistryClient({ url: registry, root: rootBytes, cacheDir }).verifyPackage(opened)
    return [...checks, `signed by ${publisher}, who owns this id at ${registry}`]
  } finally {
    await rm(cacheDir, { recursive: true, force: true })
  }
}
