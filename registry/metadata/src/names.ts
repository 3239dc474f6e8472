import { pluginIdPattern } from '@opsflux/sdk'

const rolePrefix = 'publisher-'
/** Lower-case words joined by hyphens, 2 to 40 characters. */
export const publisherNamePattern = /^(?=.{2,40}$)[a-z][a-z0-9]*(-[a-z0-9]+)*$/
/** Ends with a hyphen, so that `hse-` does not cover `hsex-reports`. */
export const idPrefixPattern = /^(?=.{2,30}$)[a-z][a-z0-9]*(-[a-z0-9]+)*-$/
/** Archive roles of one publisher: with its own role they hold 20,500 releases. */
export const maxArchives = 40
/** semver.org's expression without build metadata, which does not order releases. */
const versionPattern = /^(0|[1-9]\d*)\.(0|[1-9]\d*)\.(0|[1-9]\d*)(-(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*)(\.(0|[1-9]\d*|\d*[a-zA-Z-][0-9a-zA-Z-]*))*)?$/

export function isReleaseVersion(version: string): boolean {
  return version.length <= 64 && versionPattern.test(version)
}

/** The delegated role a publisher signs. */
export function roleNameOf(publisher: string): string {
  return rolePrefix + publisher
}

/** Undefined when the role is no publisher's. */
export function publisherOfRole(role: string): string | undefined {
  const name = role.startsWith(rolePrefix) ? role.slice(rolePrefix.length) : ''
  return publisherNamePattern.test(name) ? name : undefined
}

/** Role of older releases that a publisher's role delegates to: `publisher-hse.1`, numbered from 1. A dot is in no publisher's name. */
export function archiveRoleOf(publisher: string, number: number): string {
  return `${roleNameOf(publisher)}.${number}`
}

/** Undefined when the role is no archive. */
export function publisherOfArchive(role: string): { publisher: string; number: number } | undefined {
  const [, owner = '', digits = ''] = /^(.+)\.([1-9]\d{0,2})$/.exec(role) ?? []
  const publisher = publisherOfRole(owner)
  return publisher !== undefined && Number(digits) <= maxArchives ? { publisher, number: Number(digits) } : undefined
}

/** True when a plugin id belongs to one of a publisher's prefixes. */
export function isInPrefix(id: string, prefixes: readonly string[]): boolean {
  return prefixes.some((prefix) => id.startsWith(prefix) && id.length > prefix.length)
}

/** True when two prefixes could both cover one id. */
export function overlaps(one: string, other: string): boolean {
  return one.startsWith(other) || other.startsWith(one)
}

/** The TUF path pattern of a prefix: any id that begins with it, and one file below. */
export function pathPatternOf(prefix: string): string {
  return `${prefix}*/*`
}

/** Undefined when the pattern is not of the one form used here. */
export function prefixOfPattern(pattern: string): string | undefined {
  const prefix = pattern.endsWith('*/*') ? pattern.slice(0, -3) : ''
  return idPrefixPattern.test(prefix) ? prefix : undefined
}

/** `hse-reports/hse-reports-1.2.0.tgz` */
export function targetPathOf(id: string, version: string): string {
  return `${id}/${id}-${version}.tgz`
}

/** Undefined when the path is not of the one form used here. */
export function parseTargetPath(path: string): { id: string; version: string } | undefined {
  const [id = '', file = '', ...rest] = path.split('/')
  if (rest.length > 0 || !pluginIdPattern.test(id) || !file.startsWith(`${id}-`) || !file.endsWith('.tgz')) return undefined
  const version = file.slice(id.length + 1, -'.tgz'.length)
  return isReleaseVersion(version) ? { id, version } : undefined
}

/** Where a target is served with consistent snapshots: `hse-reports/<sha256>.hse-reports-1.2.0.tgz`. */
export function servedPathOf(id: string, version: string, digest: string): string {
  return `${id}/${digest}.${id}-${version}.tgz`
}
