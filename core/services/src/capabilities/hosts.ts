import { hostPattern } from '@opsflux/sdk'

/** As hosts are kept and compared: lower case, without the port that HTTPS has anyway. */
export const normalHost = (host: string): string => host.trim().toLowerCase().replace(/:443$/, '')

/** Whether everything `host` stands for is within `pattern`: itself, or by `*.` every name below. Ports must be the same. */
export function coversHost(pattern: string, host: string): boolean {
  if (pattern === host) return true
  return pattern.startsWith('*.') && host.length > pattern.length - 1 && host.endsWith(pattern.slice(1))
}

export const isCovered = (patterns: readonly string[], host: string): boolean => patterns.some((pattern) => coversHost(pattern, host))

/** Tells whether the platform's setting (`OPSFLUX_PRIVATE_HOSTS`) allows a name or address that is not public: `host[:port]`. */
export type IsPrivateHost = (host: string) => boolean

/** Whether an admin may name it: a public name, or one that the platform's setting allows. */
export function isHost(host: string, isPrivateHost: IsPrivateHost): boolean {
  if (isPrivateHost(host)) return true
  return hostPattern.test(host) && Number(/:(\d+)$/.exec(host)?.[1] ?? 443) <= 65_535
}

/** In order, each once. */
export const hostSet = (hosts: readonly string[]): string[] => [...new Set(hosts.map(normalHost))].toSorted()
