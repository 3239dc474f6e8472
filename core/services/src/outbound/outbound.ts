import { isOpsFluxError, OpsFluxError, type CapabilityName, type HttpRequest, type HttpResponse, type SecretEntry } from '@opsflux/sdk'
import { Blanking } from './blanking.ts'
import { exchange, isRedirect, type Answer } from './exchange.ts'
import { describeFailure, egressRefused, fetchFailed } from './failures.ts'
import { covers, hostOf, type RemoteHost } from './host-name.ts'
import { PrivateHosts } from './private-hosts.ts'
import { isOnPremiseAddress, isPublicAddress, ownAddresses } from './public-address.ts'
import { readRequest, type OutgoingRequest } from './read-request.ts'
import { redirected } from './redirect.ts'
import { RequestSlots } from './request-slots.ts'
import { resolveHost, type ResolveHost } from './resolve-host.ts'
import { fillSecrets, undeclared } from './secret-headers.ts'
import type { WaitBudget } from './wait-budget.ts'

/** For whom a request is sent. */
export interface OutboundCaller {
  pluginId: string
  tenantId: string
  userId: string
  /** As its release declares them. */
  secrets: readonly SecretEntry[]
  /** Where waiting costs others something: what all requests of the caller may take together. */
  budget?: WaitBudget | undefined
  /** Aborted when nobody waits for the answer any more. */
  signal?: AbortSignal
}

export interface OutboundParts {
  rights: {
    /** Patterns of the hosts granted now. */
    hostsFor(caller: Pick<OutboundCaller, 'pluginId' | 'tenantId'>): Promise<readonly string[]>
    refused(refusal: Pick<OutboundCaller, 'pluginId' | 'tenantId' | 'userId'> & { capability: CapabilityName; detail: string }): void
  }
  secrets: { read(owner: Pick<OutboundCaller, 'pluginId' | 'tenantId'>, name: string): Promise<string> }
  privateHosts?: PrivateHosts
  /** Instead of the name servers; for tests. */
  resolve?: ResolveHost
  /** Certificates trusted beside the system's; for tests. */
  ca?: string
}

const maxMs = 10_000
const maxRedirects = 3

/** What plugins reach of the world outside: requests to the hosts they were granted, and the secrets that go with them. */
export class Outbound {
  readonly #parts: OutboundParts
  readonly #privateHosts: PrivateHosts
  readonly #slots = new RequestSlots()
  readonly #running = new Set<AbortController>()
  #isStopped = false

  constructor(parts: OutboundParts) {
    this.#parts = parts
    this.#privateHosts = parts.privateHosts ?? new PrivateHosts()
  }

  /** {@link Http.fetch} of the SDK, for one caller; the capability itself was looked at before. */
  async fetch(caller: OutboundCaller, address: string, request: HttpRequest = {}): Promise<HttpResponse> {
    const outgoing = readRequest(address, request)
    const timeoutMs = Math.min(request.timeoutMs ?? maxMs, caller.budget?.leftMs ?? maxMs)
    const from = performance.now()
    const late = fetchFailed(timeoutMs > 0 ? `${outgoing.url.hostname} did not answer within ${timeoutMs} ms.` : 'This call has waited for other servers as long as it may.')
    if (timeoutMs <= 0) throw late
    if (caller.signal?.aborted) throw fetchFailed('The call that sent it has ended.')
    if (this.#isStopped) throw stopping()
    const running = new AbortController()
    const { signal } = running
    const timer = setTimeout(() => running.abort(late), timeoutMs)
    this.#running.add(running)
    const leftAlone = (): void => running.abort(fetchFailed('The call that sent it has ended.'))
    caller.signal?.addEventListener('abort', leftAlone)
    try {
      const leave = await this.#slots.enter(caller.pluginId, signal)
      try {
        return await this.#follow(caller, outgoing, request.responseType ?? 'text', signal)
      } finally {
        leave()
      }
    } finally {
      clearTimeout(timer)
      this.#running.delete(running)
      caller.signal?.removeEventListener('abort', leftAlone)
      caller.budget?.spend(performance.now() - from)
    }
  }

  /** The value of a secret the caller's release declares. @throws plugin-failed, secret-missing */
  async secret(caller: OutboundCaller, name: string): Promise<string> {
    declared(caller, name)
    return this.#parts.secrets.read(caller, name)
  }

  /** Ends every request under way. */
  stop(): void {
    this.#isStopped = true
    for (const running of this.#running) running.abort(stopping())
  }

  async #follow(caller: OutboundCaller, first: OutgoingRequest, responseType: 'text' | 'base64', signal: AbortSignal): Promise<HttpResponse> {
    // Before any secret is looked at: whether it may go there at all.
    await within(signal, this.#assertGranted(caller, first.url))
    const filled = await within(signal, fillSecrets(first.headers, (name) => this.#reveal(caller, name, first.url)))
    const blanking = new Blanking(filled.values)
    let request: OutgoingRequest = { ...first, headers: filled.headers }
    try {
      for (let redirects = 0; ; redirects++) {
        const answer = await this.#send(request, signal)
        if (!isRedirect(answer)) return responseOf(answer, request.url, responseType, blanking)
        if (redirects === maxRedirects) throw fetchFailed(`${first.url.hostname} redirects more than ${maxRedirects} times.`)
        request = redirected(request, answer, filled.carrying)
        await within(signal, this.#assertGranted(caller, request.url, blanking))
      }
    } catch (error) {
      if (isOpsFluxError(error) && error.code === 'egress-refused') this.#tellRefused(caller, blanking.text(request.url.host))
      throw blanked(error, blanking)
    }
  }

  /** @param blanking of what a redirect may have put into the name */
  async #assertGranted(caller: OutboundCaller, url: URL, blanking?: Blanking): Promise<void> {
    const host = hostOf(url)
    const granted = await this.#parts.rights.hostsFor(caller)
    if (!granted.some((pattern) => covers(pattern, host, url.protocol))) throw this.#denied(caller, blanking?.text(url.host) ?? url.host, `requests to ${url.host}, which was not granted. An administrator can grant it in Modules.`)
  }

  #denied(caller: OutboundCaller, detail: string, what: string): OpsFluxError {
    this.#tellRefused(caller, detail)
    return new OpsFluxError('capability-denied', `http.fetch may not send ${what}`)
  }

  #tellRefused({ pluginId, tenantId, userId }: OutboundCaller, detail: string): void {
    this.#parts.rights.refused({ pluginId, tenantId, userId, capability: 'http.fetch', detail })
  }

  async #reveal(caller: OutboundCaller, name: string, url: URL): Promise<string> {
    const { hosts } = declared(caller, name)
    const host = hostOf(url)
    if (hosts && !hosts.some((pattern) => covers(pattern, host, url.protocol))) throw this.#denied(caller, url.host, `the secret "${name}" to ${url.host}: it is declared for other hosts.`)
    return this.#parts.secrets.read(caller, name)
  }

  async #send(request: OutgoingRequest, signal: AbortSignal): Promise<Answer> {
    const host = hostOf(request.url)
    const addresses = await this.#judge(host, request.url.protocol, signal)
    return exchange({ ...request, host, addresses, ca: this.#parts.ca, signal })
  }

  /** The addresses to connect to: every one the name leads to, each of which may be reached. @throws egress-refused, fetch-failed */
  async #judge(host: RemoteHost, protocol: string, signal: AbortSignal): Promise<string[]> {
    const onPremise = this.#privateHosts.has(host)
    if (!onPremise && host.isAddress) throw egressRefused(`${host.name} is an address: a module sends requests to names only, but for hosts in OPSFLUX_PRIVATE_HOSTS.`)
    if (!onPremise && protocol !== 'https:') throw egressRefused(`Requests to ${host.name} must use https://. Only hosts in OPSFLUX_PRIVATE_HOSTS may be spoken to without.`)
    if (host.isAddress) return [host.name]
    const resolve = this.#parts.resolve ?? resolveHost
    const addresses = await within(signal, resolve(host.name, { onPremise, signal })).catch((error: unknown) => {
      signal.throwIfAborted()
      throw describeFailure(host.name, error)
    })
    if (addresses.length === 0) throw fetchFailed(`${host.name} leads to no address.`)
    const own = ownAddresses()
    if (!addresses.every((address) => (onPremise ? isOnPremiseAddress(address) : isPublicAddress(address, own)))) throw egressRefused(`${host.name} leads to an address that is not public. Only hosts in OPSFLUX_PRIVATE_HOSTS may.`)
    return addresses
  }
}

const stopping = (): OpsFluxError => fetchFailed('The server is stopping.')

function declared({ secrets }: OutboundCaller, name: string): SecretEntry {
  const secret = secrets.find((candidate) => candidate.name === name)
  if (!secret) throw undeclared(name)
  return secret
}

function responseOf({ status, headers, body }: Answer, url: URL, responseType: 'text' | 'base64', blanking: Blanking): HttpResponse {
  const shown = blanking.isNeeded ? Buffer.from(blanking.bytes(body.toString('latin1')), 'latin1') : body
  return {
    status,
    // RFC 9110 §5.5: a value is bytes, read as latin1.
    headers: Object.fromEntries([...headers].map(([name, value]) => [blanking.bytes(name), blanking.bytes(value)])),
    body: shown.toString(responseType === 'base64' ? 'base64' : 'utf8'),
    url: blanking.text(url.href),
  }
}

/** The same error, without what a remote server may have had it say. */
function blanked(error: unknown, blanking: Blanking): unknown {
  if (!blanking.isNeeded || !(error instanceof OpsFluxError)) return error
  return new OpsFluxError(error.code, blanking.text(error.message))
}

/** @throws the signal's reason, when it comes first */
async function within<T>(signal: AbortSignal, work: Promise<T>): Promise<T> {
  signal.throwIfAborted()
  let abort: (() => void) | undefined
  const aborted = new Promise<never>((_resolve, reject) => {
    abort = () => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
  })
  try {
    return await Promise.race([work, aborted])
  } finally {
    if (abort) signal.removeEventListener('abort', abort)
  }
}
