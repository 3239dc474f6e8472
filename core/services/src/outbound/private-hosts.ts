import { OpsFluxError } from '@opsflux/sdk'
import { readPattern, type RemoteHost } from './host-name.ts'

/**
 * The on-premise hosts that plugins may be granted (`OPSFLUX_PRIVATE_HOSTS`): names or addresses, which may lead to private
 * addresses and be spoken to over HTTP. Without a port, every port of the host.
 */
export class PrivateHosts {
  readonly #ports = new Map<string, Set<number> | 'every'>()

  /** @param setting `host[:port]`, comma separated. @throws invalid-request naming what is no host */
  constructor(setting = '') {
    for (const text of setting.split(',').map((part) => part.trim()).filter((part) => part !== '')) this.#add(text)
  }

  has({ name, port }: Pick<RemoteHost, 'name' | 'port'>): boolean {
    const ports = this.#ports.get(name)
    return ports === 'every' || ports?.has(port) === true
  }

  /** Whether a grant may name it: `host`, or `host:port`, of one that was declared. */
  covers(pattern: string): boolean {
    const read = readPattern(pattern)
    if (!read || read.wildcard) return false
    // Without a port a grant means the default port of either scheme.
    return read.port === undefined ? [443, 80].some((port) => this.has({ name: read.name, port })) : this.has({ name: read.name, port: read.port })
  }

  #add(text: string): void {
    const read = readPattern(text)
    if (!read || read.wildcard || read.name === '' || read.port === 0 || (read.port ?? 1) > 65_535) {
      throw new OpsFluxError('invalid-request', `OPSFLUX_PRIVATE_HOSTS must list hosts as name or name:port, separated by commas; "${text}" is none.`)
    }
    const ports = this.#ports.get(read.name)
    if (read.port === undefined || ports === 'every') this.#ports.set(read.name, 'every')
    else this.#ports.set(read.name, new Set([...(ports ?? []), read.port]))
  }
}
