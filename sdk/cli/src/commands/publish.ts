import { mkdtemp, rm, stat } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { openPackage, publishRelease } from '@opsflux/registry-client'
import { OpsFluxError } from '@opsflux/sdk'
import { signPackage } from '../archive/sign-package.ts'
import { buildPackage } from '../build/build-package.ts'
import { passphraseOption, readKey, valueOf, type Command } from '../command.ts'
import { otherKeyOption, signingOptions } from './publisher-options.ts'

export const publish: Command = {
  summary: 'signs a release and uploads it to a registry',
  argument: '<package or folder>',
  options: {
    registry: { value: '<url>', help: 'address of the registry', required: true },
    key: { value: '<file>', help: 'private key of the publisher', required: true },
    overlay: { value: '<folder>', help: 'as for build; only with a folder' },
    'other-key': otherKeyOption,
    'passphrase-file': passphraseOption,
  },
  async run(source, values, given) {
    const privateKeyPem = await readKey(valueOf(values, 'key'), values['passphrase-file'])
    const place = await mkdtemp(join(tmpdir(), 'opsflux-publish-'))
    try {
      const packagePath = await signedPackage(source, values.overlay, privateKeyPem, place)
      const { manifest } = await openPackage(packagePath)
      const { id, version, digest, published } = await publishRelease({ ...await signingOptions(values, given, manifest.publisher), packagePath })
      return { result: { id, version, digest, published }, lines: [published ? `${id} ${version} is published` : `${id} ${version} was published before, with the same content`, `sha256:${digest}`] }
    } finally {
      await rm(place, { recursive: true, force: true })
    }
  },
}

/** The path of the signed package; the file that was given is never changed. */
async function signedPackage(source: string, overlay: string | undefined, privateKeyPem: string, place: string): Promise<string> {
  const found = await stat(source).catch((cause: unknown) => {
    throw new OpsFluxError('invalid-request', `There is nothing at "${source}". Give a package or the folder of a plugin.`, { cause })
  })
  if (found.isDirectory()) return (await buildPackage({ folder: source, out: place, privateKeyPem, ...(overlay === undefined ? {} : { overlay }) })).path
  if (overlay !== undefined) throw new OpsFluxError('invalid-request', 'An overlay is laid over sources; a package is finished. Give the folder of the plugin.')
  const { signature, manifest } = await openPackage(source)
  if (signature) return source
  const signed = join(place, basename(source))
  await signPackage(source, privateKeyPem, manifest.publisher, signed)
  return signed
}
