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
}

const mebibyte = 1024 * 1024

export const packageLimits: Readonly<PackageLimits> = {
  packedBytes: maxPackageBytes,
  unpackedBytes: 48 * mebibyte,
  entries: 5_000,
  pathBytes: 240,
  depth: 16,
  manifestBytes: 256 * 1024,
  pluginManifestBytes: 2 * mebibyte,
}
