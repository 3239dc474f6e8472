import { lookup, Resolver } from 'node:dns/promises'

/** All addresses a name leads to; none when it leads nowhere. `onPremise`: also by what this machine alone knows. */
export type ResolveHost = (name: string, options: { onPremise: boolean; signal: AbortSignal }) => Promise<string[]>

/**
 * Asks the name servers. A name of the outside is never looked up through the system's resolver: that holds one of four
 * threads for as long as a name server cares to take, and files and passwords are read on the same four.
 */
export const resolveHost: ResolveHost = async (name, { onPremise, signal }) => {
  if (onPremise) return (await lookup(name, { all: true })).map(({ address }) => address)
  const resolver = new Resolver({ timeout: 2_000, tries: 2 })
  const cancel = (): void => resolver.cancel()
  signal.addEventListener('abort', cancel)
  try {
    const found = await Promise.allSettled([resolver.resolve4(name), resolver.resolve6(name)])
    return found.flatMap((result) => (result.status === 'fulfilled' ? result.value : []))
  } finally {
    signal.removeEventListener('abort', cancel)
  }
}
