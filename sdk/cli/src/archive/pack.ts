import { hash, randomBytes } from 'node:crypto'
import { mkdir, rename, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { byPath, writeJson } from '@opsflux/registry-client'
import { keyIdOf, publicKeyOf, signBytes } from '@opsflux/registry-metadata'
import type { PackageManifest, PackageSignature, PluginManifest } from '@opsflux/sdk'
import { gzip } from './gzip.ts'
import { writeTar } from './tar-writer.ts'

/** `manifest.json` for these files. */
export function manifestOf(plugin: PluginManifest, files: ReadonlyMap<string, Buffer>): Buffer {
  const listed = [...files].map(([path, bytes]) => ({ path, size: bytes.length, sha256: hash('sha256', bytes, 'hex') }))
  const { id, version, publisher, sdk } = plugin
  return writeJson({ formatVersion: 1, id, version, publisher, sdk, files: listed.toSorted(byPath) } satisfies PackageManifest)
}

/** `manifest.sig` for the bytes of `manifest.json`. Ed25519 takes no chance: the same key gives the same signature. */
export function signatureOf(manifestBytes: Uint8Array, privateKeyPem: string): Buffer {
  return writeJson({ keyid: keyIdOf(publicKeyOf(privateKeyPem)), sig: signBytes(privateKeyPem, manifestBytes) } satisfies PackageSignature)
}

/** Writes the package in one step. @returns its digest: SHA-256, hexadecimal */
export async function writePackage(path: string, files: ReadonlyMap<string, Buffer>): Promise<string> {
  const sorted = [...files].toSorted(([left], [right]) => byPath({ path: left }, { path: right }))
  const packed = gzip(writeTar(sorted))
  await mkdir(dirname(path), { recursive: true })
  const temporary = `${path}.tmp-${randomBytes(6).toString('hex')}`
  await writeFile(temporary, packed)
  await rename(temporary, path)
  return hash('sha256', packed, 'hex')
}
