import { isIP } from 'node:net'

/** Where a request goes, as grants name it. */
export interface RemoteHost {
  /** Lower case, ASCII, without a trailing dot; an IPv6 address without its brackets. */
  name: string
  port: number
  isAddress: boolean
}

const defaultPorts: Record<string, number> = { 'https:': 443, 'http:': 80 }

/** The URL parser has written every spelling of an address as one, and every name in lower-case ASCII. */
export function hostOf(url: URL): RemoteHost {
  const name = bare(url.hostname)
  return { name, port: url.port === '' ? (defaultPorts[url.protocol] ?? 0) : Number(url.port), isAddress: isIP(name) !== 0 }
}

/** `host`, `*.host` or an address, each with or without `:port`. Undefined when it is none of them. */
export function readPattern(text: string): { wildcard: boolean; name: string; port: number | undefined } | undefined {
  const [, wildcard, host = '', port] = /^(\*\.)?(\[[\da-f:.]+\]|[^\s:@/?#\\[\]*]+)(?::(\d{1,5}))?$/i.exec(text) ?? []
  const url = URL.canParse(`http://${host}`) ? new URL(`http://${host}`) : undefined
  if (!url || host === '') return undefined
  return { wildcard: wildcard !== undefined, name: bare(url.hostname), port: port === undefined ? undefined : Number(port) }
}

/**
 * Whether a granted pattern covers the host: the same name, or a name below that of a `*.`; the port it names, or the one the
 * scheme has by default. An address is covered by nothing but itself.
 */
export function covers(pattern: string, host: RemoteHost, protocol: string): boolean {
  const read = readPattern(pattern)
  if (!read || host.port !== (read.port ?? defaultPorts[protocol])) return false
  if (!read.wildcard) return host.name === read.name
  return !host.isAddress && isIP(read.name) === 0 && host.name.endsWith(`.${read.name}`)
}

const bare = (hostname: string): string => hostname.replace(/^\[|\]$/g, '').replace(/\.$/, '')
