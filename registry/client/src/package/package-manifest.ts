import { pluginIdPattern, type FieldError, type PackageManifest, type PackageSignature } from '@opsflux/sdk'
import { isReleaseVersion, publisherNamePattern } from '@opsflux/registry-metadata'
import semver from 'semver'
import { readJson, refuseProblems } from './canonical-json.ts'
import { pathFault } from './entry-path.ts'
import { packageLimits } from './limits.ts'
import { list, oneOf, problemsOf, record, text, wholeNumber, type Shape } from './shape.ts'

/** A version written as semver 2.0.0 has it, without build metadata: it would not tell releases apart. */
export const version: Shape = (value, path, report) => {
  if (typeof value !== 'string' || !isReleaseVersion(value)) report(path, 'must be a semver version such as 1.2.0')
}

export const versionRange: Shape = (value, path, report) => {
  if (typeof value !== 'string' || value.trim() === '' || value.length > 100 || semver.validRange(value) === null) report(path, 'must be a semver range such as ^1.0.0')
}

export const pluginId = text({ max: 40, pattern: pluginIdPattern, form: 'must be lower-case words joined by hyphens, 3 to 40 characters' })
export const publisher = text({ max: 40, pattern: publisherNamePattern, form: 'must be lower-case words joined by hyphens, 2 to 40 characters' })

const filePath: Shape = (value, path, report) => {
  if (typeof value !== 'string') return report(path, 'must be a path')
  if (value === 'manifest.json' || value === 'manifest.sig') return report(path, 'cannot list itself')
  if (pathFault(value, packageLimits)) report(path, 'is not a path that can stand in a package')
}

const listedFile = record({ path: filePath, size: wholeNumber(0, packageLimits.unpackedBytes), sha256: text({ pattern: /^[0-9a-f]{64}$/, form: 'must be a SHA-256 in lower-case hexadecimal' }) })
const manifest = record({ formatVersion: oneOf([1]), id: pluginId, version, publisher, sdk: versionRange, files: list(listedFile, { min: 1, max: packageLimits.entries }) })
const signature = record({ keyid: text({ pattern: /^[0-9a-f]{64}$/, form: 'must be a key id' }), sig: text({ pattern: /^[0-9a-f]{128}$/, form: 'must be an Ed25519 signature in lower-case hexadecimal' }) })

/** Reads `manifest.json`. @throws package-refused */
export function readPackageManifest(bytes: Buffer): PackageManifest {
  const value = readJson(bytes, 'manifest.json', 'manifest-invalid')
  refuseProblems(problemsOf(value, manifest), 'manifest.json', 'manifest-invalid')
  const known = value as PackageManifest
  refuseProblems(orderProblems(known), 'manifest.json', 'manifest-invalid')
  return known
}

/** Reads `manifest.sig`; whether it is genuine is another question. @throws package-refused */
export function readPackageSignature(bytes: Buffer): PackageSignature {
  const value = readJson(bytes, 'manifest.sig', 'signature-invalid')
  refuseProblems(problemsOf(value, signature), 'manifest.sig', 'signature-invalid')
  return value as PackageSignature
}

/** Compares by UTF-16 code units, as `sort()` does, whatever the language of the machine. */
export function byPath(left: { path: string }, right: { path: string }): number {
  return left.path < right.path ? -1 : left.path > right.path ? 1 : 0
}

function orderProblems({ files }: PackageManifest): FieldError[] {
  const at = files.findIndex((file, index) => index > 0 && byPath(files[index - 1] ?? file, file) >= 0)
  return at < 0 ? [] : [{ path: `/files/${at}`, code: 'invalid', message: 'is not in the order of paths, or is there twice' }]
}
