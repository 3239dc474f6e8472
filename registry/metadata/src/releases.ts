import type { TargetFile } from '@tufjs/models'
import { parseExpiry } from './dates.ts'
import type { ReleaseEntry } from './build.ts'
import { parseTargetPath } from './names.ts'

/** Larger packages are refused by registry and client alike. */
export const maxPackageBytes = 20 * 1024 * 1024

/** Reads a target as a release; a sentence on what is wrong with it when it is none. */
export function readRelease(target: TargetFile): ReleaseEntry | string {
  const named = parseTargetPath(target.path)
  if (!named) return `its path ${JSON.stringify(target.path.slice(0, 120))} is not of the form <id>/<id>-<version>.tgz`
  const { id, version, sdk, publishedAt } = target.custom
  const date = parseExpiry(publishedAt)
  const digest = target.hashes.sha256
  if (id !== named.id || version !== named.version) return 'its id or version differs from its path'
  if (typeof sdk !== 'string' || sdk.length > 200) return 'it does not say for which SDK versions it is'
  if (!date) return 'it does not say when it was published'
  if (Object.keys(target.hashes).length !== 1 || !digest || !/^[0-9a-f]{64}$/.test(digest)) return 'it does not carry exactly one SHA-256 digest'
  if (!Number.isSafeInteger(target.length) || target.length < 1 || target.length > maxPackageBytes) return `its size is not between 1 and ${maxPackageBytes} bytes`
  return { id: named.id, version: named.version, sdk, digest, size: target.length, publishedAt: date }
}
