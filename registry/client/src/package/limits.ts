import { migrationLimits } from '@opsflux/migrations'
import { maxPackageBytes } from '@opsflux/registry-metadata'

/** What a package may weigh. Every limit is checked while reading: nothing is unpacked first. */
export interface PackageLimits {
  /** Bytes of the `.tgz`. */
  packedBytes: number
  /** Bytes of the archive inside, headers and padding counted. */
  unpackedBytes: number
  /** Files and folders. */
  entries: number
  /** UTF-8 bytes of one path. */
  pathBytes: number
  /** Names in one path. */
  depth: number
  /** Bytes of `manifest.json`, and of `manifest.sig`. */
  manifestBytes: number
  /** Bytes of `plugin.json`, which carries the class names of the screens. */
  pluginManifestBytes: number
  /** Bytes of one file of messages. */
  localeBytes: number
  /** Bytes of `icon.svg`. */
  iconBytes: number
  /** Bytes of one migration. */
  migrationBytes: number
}

const mebibyte = 1024 * 1024

/** Bytes that one file may have: what is read as text has a limit of its own. */
export function mostBytesOf(path: string, limits: PackageLimits): number {
  if (path === 'manifest.json' || path === 'manifest.sig') return limits.manifestBytes
  if (path === 'plugin.json') return limits.pluginManifestBytes
  if (path === 'icon.svg') return limits.iconBytes
  if (path.startsWith('locales/')) return limits.localeBytes
  return path.startsWith('migrations/') ? limits.migrationBytes : limits.unpackedBytes
}

export const packageLimits: Readonly<PackageLimits> = {
  packedBytes: maxPackageBytes,
  unpackedBytes: 48 * mebibyte,
  entries: 5_000,
  pathBytes: 240,
  depth: 16,
  manifestBytes: 256 * 1024,
  pluginManifestBytes: 2 * mebibyte,
  localeBytes: mebibyte,
  iconBytes: 256 * 1024,
  migrationBytes: migrationLimits.bytes,
}
