import { networkInterfaces } from 'node:os'
import ipaddr from 'ipaddr.js'

// Beyond what the ranges of the library tell: Azure's machine agent, reachable from every machine there (168.63.129.16), and
// the second range for examples (RFC 9637).
const alsoRefused: [string, number][] = [['168.63.129.16', 32], ['3fff::', 20]]
// RFC 4291 §2.4, IANA: what is not below 2000::/3 is no global unicast address, whatever it may become.
const globalUnicast = ipaddr.IPv6.parse('2000::')

/**
 * Whether a request may be sent to the address: public unicast, and not one of this machine's own. An IPv4 address inside an
 * IPv6 one (mapped, or behind a NAT64) is judged itself. False for what is no address.
 */
export function isPublicAddress(address: string, own = ownAddresses()): boolean {
  const parsed = parse(address)
  return parsed !== undefined && isPublic(parsed) && !own.has(parsed.toString())
}

/** Whether a name that an administrator declared to be on-premise may lead there: no broadcast, no multicast, no link-local (which holds a cloud's credentials). */
export function isOnPremiseAddress(address: string): boolean {
  const parsed = parse(address)
  return parsed !== undefined && (isPublic(parsed) || ['private', 'uniqueLocal', 'loopback', 'carrierGradeNat'].includes(parsed.range()))
}

type Parsed = ipaddr.IPv4 | ipaddr.IPv6

function parse(address: string): Parsed | undefined {
  // Of the spellings of an IPv4 address only four decimal numbers: others mean different things to different programs.
  const isReadable = ipaddr.IPv4.isValidFourPartDecimal(address) || (address.includes(':') && ipaddr.IPv6.isValid(address))
  if (!isReadable || address.includes('%')) return undefined
  const parsed = ipaddr.parse(address)
  return parsed.kind() === 'ipv6' ? (embedded(parsed as ipaddr.IPv6) ?? parsed) : parsed
}

function embedded(address: ipaddr.IPv6): ipaddr.IPv4 | undefined {
  const range = address.range()
  // ::ffff:0:0/96 and, RFC 6052, 64:ff9b::/96.
  if (range !== 'ipv4Mapped' && range !== 'rfc6052') return undefined
  return ipaddr.fromByteArray(address.toByteArray().slice(12)) as ipaddr.IPv4
}

function isPublic(address: Parsed): boolean {
  if (address.range() !== 'unicast') return false
  if (alsoRefused.some(([network, bits]) => matches(address, ipaddr.parse(network), bits))) return false
  return address.kind() === 'ipv4' || matches(address, globalUnicast, 3)
}

const matches = (address: Parsed, network: Parsed, bits: number): boolean => address.kind() === network.kind() && address.match(network as never, bits)

/** Those of this machine. */
export function ownAddresses(): Set<string> {
  return new Set(Object.values(networkInterfaces()).flatMap((addresses) => (addresses ?? []).flatMap(({ address }) => parse(address)?.toString() ?? [])))
}
