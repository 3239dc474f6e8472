import type { ResolvedServices, ServiceRef, ServiceRefs } from '@opsflux/sdk'

/** How one service starts and stops in a host process. */
export interface Provider<T = unknown, N extends ServiceRefs = ServiceRefs> {
  ref: ServiceRef<T>
  needs: N
  /** Runs once per host, after everything in `needs`. */
  start(needs: ResolvedServices<N>): T | Promise<T>
  stop?(running: T): void | Promise<void>
}
/** A provider whose types were checked where it was written. */
export type AnyProvider = Provider<never, ServiceRefs> | Provider<unknown, ServiceRefs>

/** The only thing a service's `index.ts` exports. */
export function provide<T, const N extends ServiceRefs>(ref: ServiceRef<T>, provider: Omit<Provider<NoInfer<T>, N>, 'ref'>): AnyProvider {
  return { ref, ...provider } as unknown as AnyProvider
}

/** The running services of one host process, started in the order their needs ask for. */
export class Services {
  readonly #running = new Map<string, { provider: Provider; service: unknown }>()

  /** Starts every provider after the ones it needs; when one fails, stops those already running. */
  static async start(providers: readonly AnyProvider[]): Promise<Services> {
    const services = new Services()
    try {
      for (const provider of inStartOrder(providers as readonly Provider[])) {
        const needs = Object.fromEntries(Object.entries(provider.needs).map(([name, ref]) => [name, services.get(ref)]))
        services.#running.set(provider.ref.id, { provider, service: await provider.start(needs) })
      }
    } catch (error) {
      await services.stop()
      throw error
    }
    return services
  }

  get<T>(ref: ServiceRef<T>): T {
    const entry = this.#running.get(ref.id)
    if (!entry) throw new Error(`Service '${ref.id}' is not running.`)
    return entry.service as T
  }

  /** Stops in reverse start order; every service gets its turn even when one fails. */
  async stop(): Promise<void> {
    const failures: unknown[] = []
    for (const { provider, service } of [...this.#running.values()].toReversed()) {
      try {
        await provider.stop?.(service)
      } catch (error) {
        failures.push(error)
      }
    }
    this.#running.clear()
    if (failures.length > 0) throw new AggregateError(failures, 'Some services did not stop cleanly.')
  }
}

function inStartOrder(providers: readonly Provider[]): Provider[] {
  const byId = new Map(providers.map((provider) => [provider.ref.id, provider]))
  const order = new Set<Provider>()
  const visit = (id: string, path: readonly string[]): void => {
    if (path.includes(id)) throw new Error(`Services need each other in a circle: ${[...path, id].join(' → ')}`)
    const provider = byId.get(id)
    if (!provider) throw new Error(`No provider for service '${id}', needed by '${path.at(-1)}'.`)
    for (const ref of Object.values(provider.needs)) visit(ref.id, [...path, id])
    order.add(provider)
  }
  for (const id of byId.keys()) visit(id, [])
  return [...order]
}
