import type { PluginHost } from '@opsflux/kernel'
import { isOpsFluxError } from '@opsflux/sdk'
import type { PluginRelease } from '../modules/index.ts'

/** The releases whose code may run in one request, by plugin. None of them is changed until it has ended. */
export type TakingPart = ReadonlyMap<string, PluginRelease>

/**
 * Runs work with a plugin's release and those of the others that take part, as far as they serve. All enter in one order, so that
 * requests and changes of several plugins at once do not wait for each other in a circle; and before any has begun, because a change of
 * a plugin waits for the transactions that have used its tables.
 * @throws not-found, plugin-stopped when the plugin itself does not serve
 */
export function takingPart<T>(host: PluginHost<PluginRelease>, pluginId: string, others: readonly string[], work: (release: PluginRelease, taking: TakingPart) => Promise<T>): Promise<T> {
  const taking = new Map<string, PluginRelease>()
  const enter = ([id, ...rest]: readonly string[]): Promise<T> => {
    if (id === undefined) return withOwn(taking, pluginId, work)
    const entered = (release: PluginRelease | undefined): Promise<T> => {
      if (release) taking.set(id, release)
      return enter(rest)
    }
    return id === pluginId ? host.use(id, entered) : useIfServing(host, id, entered)
  }
  return enter([pluginId, ...others].toSorted())
}

function withOwn<T>(taking: TakingPart, pluginId: string, work: (release: PluginRelease, taking: TakingPart) => Promise<T>): Promise<T> {
  const release = taking.get(pluginId)
  if (!release) throw new Error('It was entered before.')
  return work(release, taking)
}

/** A module that does not serve has no say in what others write: one that fails, or was blocked, must not stop them. */
async function useIfServing<T>(host: PluginHost<PluginRelease>, id: string, work: (release: PluginRelease | undefined) => Promise<T>): Promise<T> {
  if (!host.current(id)) return work(undefined)
  let hasEntered = false
  try {
    return await host.use(id, (release) => {
      hasEntered = true
      return work(release)
    })
  } catch (error) {
    if (hasEntered || !isOpsFluxError(error) || (error.code !== 'not-found' && error.code !== 'plugin-stopped')) throw error
  }
  return work(undefined)
}
